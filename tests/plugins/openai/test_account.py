"""Keys and servers: what is missing or wrong is one clear line before anything is said, and a key is never shown."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import traceback
from typing import Any

import anyio
import pytest

from fsm_agents.chat.history import ChatContext
from fsm_agents.errors import MisuseError
from fsm_agents.plugins.openai import OpenAILLM, OpenAIProviderError, OpenAISTT, OpenAITTS
from fsm_agents.testing.provider import ProviderServer

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]

Stage = type[OpenAISTT] | type[OpenAILLM] | type[OpenAITTS]
each = pytest.mark.parametrize("stage", [OpenAISTT, OpenAILLM, OpenAITTS])
CANARY = "canary-3f9a71c2-do-not-show"


@each
def test_a_missing_key_is_told_when_it_is_needed(stage: Stage) -> None:
    """Not when the stage is named: the environment may be read later."""
    made = stage()
    with pytest.raises(
        MisuseError, match=rf"{stage.__name__} \([\w.-]+\) has no API key: set OPENAI_API_KEY, or give api_key=…$"
    ):
        made.check()


def test_speech_to_text_without_a_key_does_not_open() -> None:
    with pytest.raises(MisuseError, match="has no API key"):
        OpenAISTT().open(lambda _transcript: None)


@each
async def test_the_environment_names_key_and_server(
    server: ProviderServer, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    made = stage()
    monkeypatch.setenv("OPENAI_API_KEY", f" {server.key}\n")
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    await made.warm_up()
    await made.aclose()
    assert [asked["path"] for asked in server.requests()] == [f"/v1/models/{made.model}"]


def test_a_wrong_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:8000")
    with pytest.raises(MisuseError, match="OPENAI_BASE_URL is no address"):
        OpenAILLM().check()


def test_a_key_that_was_copied_with_something_else_is_refused() -> None:
    """The HTTP client would show all of it in its own message."""
    with pytest.raises(MisuseError, match="characters that no key has") as raised:
        OpenAILLM(api_key=f"{CANARY}\nx").check()
    assert CANARY not in str(raised.value)


def test_a_password_in_an_address_is_refused() -> None:
    with pytest.raises(MisuseError, match="has a user or a password in it") as raised:
        OpenAILLM(base_url=f"https://me:{CANARY}@example.com/v1")
    assert CANARY not in str(raised.value)


@each
async def test_a_key_that_is_refused_is_told_at_the_start(server: ProviderServer, stage: Stage) -> None:
    server.reset({"key": "another"})
    made = stage(api_key=CANARY, base_url=server.base_url)
    with pytest.raises(OpenAIProviderError, match="refused the API key") as raised:
        await made.warm_up()
    await made.aclose()
    assert (raised.value.kind, raised.value.retryable) == ("key", False)


@each
async def test_an_unknown_model_is_told_at_the_start(server: ProviderServer, stage: Stage) -> None:
    made = stage("no-such-model", api_key=server.key, base_url=server.base_url)
    with pytest.raises(OpenAIProviderError, match="no-such-model"):
        await made.warm_up()
    await made.aclose()


@each
async def test_an_unreachable_server_is_told_at_the_start(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    made = stage(api_key="x", base_url=f"http://127.0.0.1:{port}/v1")
    with pytest.raises(OpenAIProviderError, match=rf"http://127.0.0.1:{port}/v1 cannot be reached") as raised:
        await made.warm_up()
    await made.aclose()
    assert raised.value.kind == "unreachable"


@pytest.mark.parametrize("fault", ["405", "500", "429", "slow", "wrong_type", "empty"])
async def test_a_server_that_cannot_say_is_taken_at_its_word(server: ProviderServer, fault: str) -> None:
    """Many servers list no models, and one that is busy now may not be later."""
    server.misbehave("/v1/models/{model:path}", fault, seconds=2)
    llm = OpenAILLM("gpt-4", api_key=server.key, base_url=server.base_url, timeout=0.5)
    await llm.warm_up()
    await llm.aclose()
    assert server.requests()[0]["fault"] == fault


async def test_the_question_is_asked_once(server: ProviderServer) -> None:
    llm = OpenAILLM(api_key=server.key, base_url=server.base_url)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(llm.warm_up)
    await llm.aclose()
    assert len(server.requests()) == 1


@each
async def test_a_key_is_shown_nowhere(server: ProviderServer, stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Not in objects, lines, tracebacks or logs of any level, although the server repeats it in what it says."""
    caplog.set_level(logging.DEBUG)
    made: Any = stage(api_key=CANARY, base_url=server.base_url, max_retries=0)
    shown = [repr(made), repr(vars(made)), repr(vars(made._account if hasattr(made, "_account") else made.account))]
    for fault in ("400", "401", "403", "404", "429", "500", "half", "malformed", "wrong_type"):
        server.misbehave(PATHS[stage], fault)
        try:
            await use(made)
        except OpenAIProviderError as failure:
            shown += [str(failure), repr(failure), "".join(traceback.format_exception(failure))]
    await made.aclose()
    assert len(shown) > 3 * 8
    shown += [record.getMessage() for record in caplog.records] + [caplog.text]
    assert [text for text in shown if CANARY in text] == []


PATHS = {OpenAISTT: "/v1/audio/transcriptions", OpenAILLM: "/v1/chat/completions", OpenAITTS: "/v1/audio/speech"}


async def use(stage: Any) -> None:
    """One request."""
    if isinstance(stage, OpenAILLM):
        _ = [chunk async for chunk in stage.chat(ChatContext(), [])]
    elif isinstance(stage, OpenAITTS):
        _ = [chunk async for chunk in stage.synthesize("Hello.")]
    else:
        stream: Any = stage.open(lambda _transcript: None)
        stream.begin(1)
        stream.push(bytes(32000))
        _ = [transcript async for transcript in stream._once(stream._open)]


def test_naming_a_stage_imports_no_client() -> None:
    code = (
        "import sys; from fsm_agents.plugins.openai import OpenAILLM, OpenAISTT, OpenAITTS; OpenAISTT(); OpenAILLM(); OpenAITTS()\n"
        "print(*{'openai', 'httpx2', 'pydantic', 'numpy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
