"""A session whose three stages are OpenAI's, against the loopback provider: a turn with a tool, and how it ends when they fail."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
import pytest

from fsm_agents.chat.message import ChatMessage, ToolCall, ToolResult
from fsm_agents.chat.tool import function_tool
from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.pipelines.base import TurnOptions
from fsm_agents.pipelines.cascade import CascadingPipeline
from fsm_agents.plugins.openai import OpenAILLM, OpenAISTT, OpenAITTS
from fsm_agents.rooms.memory import MemoryRoom
from fsm_agents.session.agent import Agent
from fsm_agents.session.session import AgentSession
from fsm_agents.testing.fakes import FakeVAD, ScriptedCaller
from fsm_agents.testing.provider import ProviderServer

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]


@function_tool
def price(size: str) -> str:
    """The price of a pizza."""
    return {"large": "twelve euros"}[size]


def session_of(options: dict[str, Any], room: MemoryRoom) -> AgentSession:
    stages: Any = (OpenAISTT(**options), OpenAILLM(**options), OpenAITTS(**options), FakeVAD())
    pipeline = CascadingPipeline(*stages, turn=TurnOptions(hangover=0.05, endpoint=0.05, transcript=20.0))
    return AgentSession(Agent(instructions="Sell pizza.", tools=[price]), pipeline, room=room)


async def test_a_turn_with_a_tool(server: ProviderServer, stages: Any) -> None:
    server.reset(
        {
            "transcripts": ["What is a large one?"],
            "answers": [
                {"calls": [{"name": "price", "arguments": {"size": "large"}}]},
                {"when": "twelve", "text": "It is twelve euros."},
            ],
        }
    )
    room = MemoryRoom()
    async with session_of(stages.options, room) as session:
        answered = anyio.Event()
        heard: list[Any] = []

        def watch(_time: int, _step: object) -> None:
            heard[:] = session.history.items
            if isinstance(heard[-1:][0] if heard else None, ChatMessage) and heard[-1].role == "assistant":
                answered.set()

        session.watch(watch)
        caller = ScriptedCaller(room)
        await caller.speak(0.5)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(caller.wait, 50)
            await answered.wait()
            tasks.cancel_scope.cancel()
    user, call, result, assistant = session.history.items
    assert (user, assistant) == (ChatMessage("user", "What is a large one?"), ChatMessage("assistant", "It is twelve euros."))
    assert isinstance(call, ToolCall)
    assert result == ToolResult(call.id, "price", "twelve euros")
    assert session.close_reason == "closed by the host"
    assert [asked["status"] for asked in server.requests() if asked["method"] == "POST"] == [200] * 4


async def test_without_a_key_the_start_says_so(server: ProviderServer) -> None:
    with pytest.raises(MisuseError, match="OpenAISTT \\(whisper-1\\) has no API key"):
        async with session_of({"base_url": server.base_url}, MemoryRoom()):
            pass


async def test_with_a_wrong_key_the_start_fails_and_says_why(server: ProviderServer) -> None:
    """With the line of the first stage, though all three were asked at once."""
    server.reset({"key": "another"})
    session = session_of({"base_url": server.base_url, "api_key": "mine"}, MemoryRoom())
    with pytest.raises(ProviderError, match=r"^OpenAISTT \(whisper-1\): http://127.0.0.1.* refused the API key \(401\)"):
        async with session:
            pass
    assert session.close_reason.startswith("error: OpenAISTT (whisper-1): http://127.0.0.1")


async def test_a_session_whose_uploads_all_fail_closes(server: ProviderServer, stages: Any) -> None:
    """A deaf agent must not keep a caller: after the third segment without an answer it is over."""
    server.misbehave("/v1/audio/transcriptions", "500", times=None)
    room, reason = MemoryRoom(), ""
    async with session_of(stages.options, room) as session, anyio.create_task_group() as tasks:

        async def speak() -> None:
            caller = ScriptedCaller(room)
            with suppress(MisuseError):  # nobody listens any more
                while True:
                    await caller.speak(0.3)
                    await caller.wait(0.4)

        tasks.start_soon(speak)
        reason = await session.wait_closed()
        tasks.cancel_scope.cancel()
    assert "failed (500)" in reason
    assert len(server.requests("/v1/audio/transcriptions")) >= 3  # others were under way
