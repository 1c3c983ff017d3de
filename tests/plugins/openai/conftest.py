"""One loopback provider for all tests of this folder, clean for each, and the stages that ask it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import anyio
import pytest

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ChatMessage
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.errors import FSMAgentsError
from fsm_agents.plugins.openai import OpenAILLM, OpenAISTT, OpenAITTS
from fsm_agents.plugins.openai.stt_stream import DEAF_AFTER
from fsm_agents.stages.base import Transcript
from fsm_agents.testing.provider import ProviderServer, provider_process


@pytest.fixture(scope="session")
def _running() -> Iterator[ProviderServer]:
    with provider_process() as server:
        yield server


@pytest.fixture
def server(_running: ProviderServer) -> ProviderServer:
    """A provider that has heard nothing yet and behaves."""
    _running.reset({})
    return _running


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


class Stages:
    """What the tests ask the provider with: each call makes a stage, uses it once, and closes it.

    Args:
        server: Whom to ask.
        options: For every stage: ``timeout``, ``stall``, ``max_retries``.
    """

    def __init__(self, server: ProviderServer, **options: Any) -> None:
        self.options: dict[str, Any] = {"base_url": server.base_url, "api_key": server.key, **options}

    async def ask(self, text: str = "one two three", tools: Sequence[FunctionTool] = (), **options: Any) -> list[Any]:
        """The chunks of a model's answer to a caller's words."""
        llm = OpenAILLM(**{**self.options, **options})
        try:
            return [chunk async for chunk in llm.chat(ChatContext("Be brief.", [ChatMessage("user", text)]), tools)]
        finally:
            await llm.aclose()

    async def speak(self, text: str = "one two three", **options: Any) -> bytes:
        """The sound of a text."""
        tts = OpenAITTS(**{**self.options, **options})
        try:
            return b"".join([chunk.pcm async for chunk in tts.synthesize(text)])
        finally:
            await tts.aclose()

    async def hear(self, *sounds: bytes, phrases: Sequence[str] = (), **options: Any) -> list[Transcript]:
        """All that is heard of segments 1, 2 …, until each has its final transcript; what ``run()`` raises is raised."""
        stt = OpenAISTT(**{**self.options, **options})
        heard: list[Transcript] = []
        all_final = anyio.Event()

        def note(transcript: Transcript) -> None:
            heard.append(transcript)
            lost = sum(one.lost for one in heard)
            if sum(one.final for one in heard) == len(sounds) and lost < DEAF_AFTER:  # else run() is about to raise
                all_final.set()

        stream = stt.open(note)
        stream.expect(phrases)
        for number, sound in enumerate(sounds, 1):
            stream.begin(number)
            stream.push(sound)
            stream.finish(number)
        failures: list[Exception] = []

        async def run() -> None:
            try:
                await stream.run()
            except FSMAgentsError as failure:
                failures.append(failure)
                all_final.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await all_final.wait()
            tasks.cancel_scope.cancel()
        await stt.aclose()
        if failures:
            raise failures[0]
        return heard


@pytest.fixture
def stages(server: ProviderServer) -> Stages:
    """Stages that ask the loopback provider, with patience."""
    return Stages(server, timeout=20.0, stall=20.0, max_retries=0)
