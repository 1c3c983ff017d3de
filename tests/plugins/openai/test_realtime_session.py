"""A whole session with OpenAIRealtime against the loopback provider: a real socket, a real process, and every way it misbehaves."""

from __future__ import annotations

import logging
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, AgentSession, AudioFrame, MemoryRoom, TurnOptions, function_tool
from fsm_agents.chat.message import ChatMessage, ToolResult
from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.machines import events as on
from fsm_agents.machines.properties import SAFETY
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.pipelines.realtime import RealTimePipeline
from fsm_agents.plugins.openai.realtime import OpenAIRealtime
from fsm_agents.testing.provider import ProviderServer

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]

PATH = "/v1/realtime"
RESPONSE = f"{PATH}#response"
SPEECH = AudioFrame(struct.pack("<h", 8000) * 320, 16000)
SILENCE = AudioFrame(bytes(640), 16000)
LONG = "One two three four five six seven eight nine ten eleven twelve."


class Caller:
    """A session in a memory room, and the caller in it."""

    def __init__(self, session: AgentSession, room: MemoryRoom) -> None:
        self.session, self.room = session, room
        self.labels: list[str] = []
        self.events: list[Any] = []
        self.wrong: list[str] = []
        self._news = anyio.Event()
        session.watch(self._watch)

    def _watch(self, _at: int, step: Any) -> None:
        self.labels.append(self.session.label)
        self.events.append(step.event)
        self.wrong += [found for check in SAFETY if (found := check(self.session._talk))]
        self._news.set()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for something; asked again after each step."""
        while not holds():
            self._news = anyio.Event()
            await self._news.wait()

    def speak(self, seconds: float = 0.6) -> None:
        """Say something, as fast as it goes."""
        for _ in range(round(seconds * 50)):
            self.room.push(SPEECH)
        for _ in range(30):
            self.room.push(SILENCE)

    def said(self, role: str = "assistant") -> list[str]:
        """What history has of one side."""
        return [item.text for item in self.session.history.items if isinstance(item, ChatMessage) and item.role == role]

    async def turn(self) -> None:
        """A turn, to the end of its reply."""
        ends = self._ends()
        self.speak()
        await self.until(lambda: self._ends() > ends and self.session.label == "listening")

    def _ends(self) -> int:
        return sum(isinstance(event, on.ReplyPlayed) for event in self.events)


@asynccontextmanager
async def call(
    server: ProviderServer, agent: Agent | None = None, *, turn: TurnOptions | None = None, paced: bool = False, **options: Any
) -> AsyncIterator[Caller]:
    """A session that has started; safe at every rest."""
    model = OpenAIRealtime(**{"base_url": server.base_url, "api_key": server.key, **options})
    room = MemoryRoom(paced=paced, sink=lambda _frame: None)
    session = AgentSession(agent or Agent("Be brief."), RealTimePipeline(model=model, turn=turn), room=room)
    caller = Caller(session, room)
    async with session:
        yield caller
    assert caller.wrong == []


def said(server: ProviderServer, kind: str) -> list[dict[str, Any]]:
    """The client events of one type that the server got, over all connections."""
    return [asked["body"] for asked in server.requests(PATH) if asked["method"] == "WS" and asked["body"]["type"] == kind]


class Greeter(Agent):
    """Greets, as the first program does."""

    async def on_enter(self) -> None:
        await self.session.say("Hello! How can I help you today?")


async def test_the_first_program(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Model, pipeline, agent, session; key and server from the environment: it greets, hears and answers."""
    server.reset({"transcripts": ["what time is it", "thank you"], "answers": ["It is ten.", "You are welcome."]})
    monkeypatch.setenv("OPENAI_API_KEY", server.key)
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    model = OpenAIRealtime(model="gpt-4o-realtime-preview")
    room = MemoryRoom()
    session = AgentSession(
        agent=Greeter("You are a helpful meeting assistant."), pipeline=RealTimePipeline(model=model), room=room
    )
    caller = Caller(session, room)
    async with session:
        await caller.turn()
        await caller.turn()
        await caller.until(lambda: caller.said("user") == ["what time is it", "thank you"])
        assert caller.said() == ["Hello! How can I help you today?", "It is ten.", "You are welcome."]
    assert {"listening", "hearing", "thinking", "speaking"} <= set(caller.labels)
    assert caller.wrong == []
    assert len(room.played) > 100


async def test_a_tool(server: ProviderServer) -> None:
    """The model calls it, the session runs it, the model answers the result."""

    def order(size: str) -> str:
        """Order a pizza."""
        return f"one {size} pizza"

    server.reset({"answers": [{"calls": [{"name": "order", "arguments": {"size": "large"}}]}]})
    async with call(server, Agent("x", tools=[function_tool(order)])) as caller:
        await caller.turn()
        assert caller.said() == ["It returned: one large pizza"]
        assert [item.output for item in caller.session.history.items if isinstance(item, ToolResult)] == ["one large pizza"]


async def test_a_barge_in(server: ProviderServer) -> None:
    """The model is told what was heard, to the sample, and never more than it made."""
    server.reset({"transcripts": ["count", "stop it"], "answers": [LONG, "Yes?"]})
    async with call(server, paced=True, turn=TurnOptions(final_ends_turn=True, barge_in=0.2)) as caller:
        caller.speak()
        await caller.until(lambda: caller.session.label == "speaking")
        with anyio.move_on_after(0.5):
            await caller.until(lambda: caller.session.label != "speaking")
        for _ in range(30):
            caller.room.push(SPEECH)
        await caller.until(lambda: caller.session.label == "hearing")
        for _ in range(30):
            caller.room.push(SILENCE)
        await caller.until(lambda: "Yes?" in caller.said())
        assert LONG.startswith(caller.said()[0])
        assert 0 < len(caller.said()[0]) < 20
    (cut,) = said(server, "conversation.item.truncate")
    assert 300 < cut["audio_end_ms"] < 1500
    assert cut["audio_end_ms"] % 20 == 0


FAULTS = {
    "slow": "apology", "stall": "apology", "half": "apology", "drop": "answer", "malformed": "answer", "truncated": "apology",
    "duplicated": "answer", "late": "answer", "reordered": "answer", "error_event": "apology",
}  # fmt: skip
"""What becomes of a turn whose response goes wrong in this way: it is answered all the same, or the caller is told."""


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_response_that_goes_wrong(server: ProviderServer, fault: str) -> None:
    """One defined outcome for each fault; the next turn is answered, and nothing is stuck."""
    server.reset({"answers": ["The first answer.", "The first answer.", "The first answer."]})
    server.misbehave(RESPONSE, fault, after=8, seconds=5)
    async with call(server, turn=TurnOptions(final_ends_turn=True, dead_air=0.8)) as caller:
        await caller.turn()
        assert (caller.said()[-1] == APOLOGY) is (FAULTS[fault] == "apology"), caller.said()
        await caller.turn()
        assert caller.said()[-1] == "The first answer."
        assert len(caller.said("user")) == 2


async def test_a_wrong_key(server: ProviderServer, caplog: pytest.LogCaptureFixture) -> None:
    """The start fails with one clear line, at once, and the key is in no log and in no reason."""
    caplog.set_level(logging.DEBUG)
    server.misbehave(PATH, "401", times=None)
    with pytest.raises(ProviderError, match=r"^OpenAIRealtime gpt-4o-realtime-preview: ") as refused:
        async with call(server, api_key="sk-canary-0123456789"):
            pass
    reason = str(refused.value)
    assert "refused the API key (401); check api_key=… or OPENAI_API_KEY" in reason
    assert "canary" not in caplog.text + reason
    assert len([asked for asked in server.requests(PATH) if asked["method"] == "GET"]) == 1


async def test_a_missing_key(server: ProviderServer) -> None:
    """It is known at start(), which says what to set."""
    room = MemoryRoom()
    session = AgentSession(Agent("x"), RealTimePipeline(OpenAIRealtime()), room=room)
    with pytest.raises(MisuseError, match="set OPENAI_API_KEY"):
        async with session:
            pass
    assert session.close_reason.startswith("error: ")
    assert server.requests(PATH) == []


async def test_a_connection_that_breaks_is_restored(server: ProviderServer) -> None:
    """The conversation stands on the new connection, in order, in the server's own words."""
    server.reset(
        {"transcripts": ["what time is it", "and now", "thank you"], "answers": ["It is ten.", "Lost.", "Here I am.", "Bye."]}
    )
    async with call(server, turn=TurnOptions(final_ends_turn=True, dead_air=5)) as caller:
        await caller.turn()
        await caller.until(lambda: caller.said("user") == ["what time is it"])
        server.misbehave(RESPONSE, "drop")
        await caller.turn()
        assert caller.said() == ["It is ten.", "Here I am."]
        await caller.turn()
        assert caller.said()[-1] == "Bye."
    assert len([asked for asked in server.requests(PATH) if asked["method"] == "GET"]) == 2
    told = [event["item"]["content"][0]["text"] for event in said(server, "conversation.item.create")]
    assert told[:2] == ["what time is it", "It is ten."]


async def test_a_slow_handshake_keeps_the_greeting(server: ProviderServer) -> None:
    """What on_enter says is said when there is a connection; the first try may fail."""
    server.misbehave(PATH, "500")
    async with call(server, Greeter("x")) as caller:
        await caller.until(lambda: caller.said() == ["Hello! How can I help you today?"])


async def test_closing_leaves_no_connection(server: ProviderServer) -> None:
    """In the middle of an answer, and the server knows."""
    server.reset({"answers": [LONG], "pause": 0.05})
    async with call(server) as caller:
        caller.speak()
        await caller.until(lambda: caller.session.label == "speaking")
    assert [asked["ended"] for asked in server.requests(PATH, idle=True) if asked["method"] == "GET"] == ["left"]
