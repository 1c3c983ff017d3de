"""At the edges of a session: a pipeline for two, rooms that are none, a room that was left, strays in tools and stages, a torn-out task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest

from fsm_agents import (
    Agent,
    AgentSession,
    CascadingPipeline,
    ConversationFlow,
    JobContext,
    MemoryRoom,
    MisuseError,
    RoomOptions,
    function_tool,
)
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.rooms.base import Listener, Speaker
from fsm_agents.session.own import LEAVE_LIMIT
from fsm_agents.stages.base import STTStream, Transcript
from fsm_agents.testing.clock import backend_options
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD
from tests.session.sabotage import Saboteur
from tests.session.scene import GUARD, VoiceTTS, scene

pytestmark = pytest.mark.anyio


def pipeline() -> CascadingPipeline:
    """A pipeline of scripted stages."""
    return CascadingPipeline(FakeSTT(), FakeLLM(), FakeTTS(), FakeVAD())


async def test_a_pipeline_serves_one_session() -> None:
    """The end of the first would close the stages of the second."""
    shared = pipeline()
    first = AgentSession(Agent(), shared, room=MemoryRoom())
    with pytest.raises(MisuseError, match="make one pipeline for each session"):
        AgentSession(Agent(), shared, room=MemoryRoom())
    async with first:
        assert first.state == "running"
    with pytest.raises(MisuseError, match="make one pipeline for each session"):
        AgentSession(Agent(), shared)


async def test_a_refused_session_does_not_keep_its_pipeline() -> None:
    """Put right, the same pipeline can be used."""
    shared = pipeline()
    for wrong in ({"wake_up": -1}, {"conversation_flow": 5}, {"room": 5}):
        with pytest.raises(MisuseError):
            AgentSession(Agent(), shared, **wrong)  # type: ignore[arg-type]
    assert AgentSession(Agent(), shared).pipeline is shared


@pytest.mark.parametrize("room", ["memory", 5, MemoryRoom, FakeSTT()])
async def test_a_room_is_a_room(room: Any) -> None:
    """And what would do is named."""
    with pytest.raises(MisuseError, match=r"AgentSession\(room=.*give a room"):
        AgentSession(Agent(), pipeline(), room=room)


@pytest.mark.parametrize("reason", [404, None, b"bye"])
async def test_a_reason_is_text(reason: Any) -> None:
    """Anything else kept the session from ever being closed."""
    async with scene() as s:
        with pytest.raises(MisuseError, match="give the reason as text"):
            await s.session.close(reason)
        assert s.session.state == "running"


async def test_expected_phrases_are_a_list() -> None:
    """A text would be a list of letters."""
    async with scene() as s:
        with pytest.raises(MisuseError, match="give a list of phrases"):
            s.session.expect("yes please")


async def test_a_session_inside_itself_is_refused_and_goes_on() -> None:
    """A second ``async with`` of the same session is a second start."""
    session = AgentSession(Agent(), pipeline(), room=MemoryRoom())
    async with session:
        with pytest.raises(MisuseError, match="starts once"):
            async with session:
                raise AssertionError
        assert session.state == "running"
    with pytest.raises(MisuseError, match="'closed'"):
        async with session:
            raise AssertionError


async def test_a_session_that_is_made_after_the_room_was_left_is_not_connected() -> None:
    """Until the job has joined again; also if the session that left is closed by then."""
    async with JobContext(RoomOptions(room=MemoryRoom())) as ctx:
        await ctx.connect()
        first = AgentSession(Agent(), pipeline())
        await first.start()
        await first.leave()
        second = AgentSession(Agent(), pipeline())
        assert second.state == "created"
        await first.close()
        third = AgentSession(Agent(), pipeline())
        assert third.state == "created"
        await ctx.connect()
        assert (second.state, third.state) == ("connected", "connected")
        assert AgentSession(Agent(), pipeline()).state == "connected"


async def test_closing_a_session_is_not_leaving_the_room() -> None:
    """The next one of the job is in it."""
    async with JobContext(RoomOptions(room=MemoryRoom())) as ctx:
        await ctx.connect()
        first = AgentSession(Agent(), pipeline())
        await first.start()
        await first.close()
        assert AgentSession(Agent(), pipeline()).state == "connected"


@pytest.mark.parametrize("how", ["hangs", "swallows", "shields"])
async def test_leaving_is_bounded_too(how: str) -> None:
    """Whatever the room does about being cancelled."""
    async with scene(**Saboteur("room.run", how).parts()) as s:
        await anyio.sleep_until(1)
        await s.session.leave()
        assert anyio.current_time() - 1 <= 2 * LEAVE_LIMIT
        assert s.session.state == "left"


async def test_a_process_with_llm_of_ones_own_is_closed_with_its_answer() -> None:
    """Though somebody still holds it: it is not left to the collector of garbage, which would close it when nobody does."""
    closed: list[str] = []
    held: list[AsyncIterator[str]] = []

    class Polite(ConversationFlow):
        async def process_with_llm(self) -> AsyncIterator[str]:
            try:
                yield "Well, "
                async for text in super().process_with_llm():
                    yield text
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()
                closed.append("closed")

        async def run(self, transcript: str) -> AsyncIterator[str]:
            held.append(self.process_with_llm())
            async for text in held[-1]:
                yield text

    slow = VoiceTTS(pause=0.2)  # the answer is cut while its words are spoken: what made them waits where it gave the last one
    async with scene(flow=Polite(), llm=FakeLLM(["One two three. Four five six."]), tts=slow) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("speaking")
        s.session.interrupt()
        await s.soon(lambda: closed)
        await s.turn()
        await s.label("speaking")
        await s.label("listening")
    assert closed == ["closed", "closed"]


# --- what only asyncio lets happen: the cancellation of somebody else's task comes out of `await task` -----------------------------------

on_asyncio = pytest.mark.parametrize("anyio_backend", [("asyncio", backend_options("asyncio"))], ids=["asyncio"])


class Astray:
    """Goes astray at one place, once."""

    def __init__(self, place: str) -> None:
        self.place = place

    async def at(self, place: str) -> None:
        """Await a task that was cancelled."""
        if place == self.place:
            self.place = ""
            task = asyncio.ensure_future(asyncio.Event().wait())
            task.cancel()
            await task


class _Agent(Agent):
    def __init__(self, astray: Astray) -> None:
        super().__init__()
        self.astray = astray

    @function_tool
    async def look_up(self) -> str:
        """Look something up."""
        await self.astray.at("tool")
        return "found"


class _Flow(ConversationFlow):
    def __init__(self, astray: Astray) -> None:
        super().__init__()
        self.astray = astray

    async def on_turn_start(self, transcript: str) -> None:
        await self.astray.at("on_turn_start")

    async def run(self, transcript: str) -> AsyncIterator[str]:
        await self.astray.at("run")
        async for text in self.process_with_llm():
            yield text


class _Room(MemoryRoom):
    def __init__(self, astray: Astray) -> None:
        super().__init__(paced=True)
        self.astray = astray

    async def run(self, heard: Listener, speaker: Speaker) -> None:
        await anyio.sleep_until(1)
        await self.astray.at("room")
        await super().run(heard, speaker)


class _STT(FakeSTT):
    def __init__(self, astray: Astray) -> None:
        super().__init__()
        self.astray = astray

    def open(self, heard: Callable[[Transcript], None]) -> STTStream:
        stream: Any = super().open(heard)
        stream.run = lambda: self.astray.at("STT")
        return stream  # type: ignore[no-any-return]


@on_asyncio
@pytest.mark.parametrize("place", ["tool", "on_turn_start", "run", "STT", "room"])
async def test_a_stray_cancellation_is_a_failure_of_where_it_came_from(place: str) -> None:
    """It does not end the session's tasks one and all: the reply is apologised for, speech-to-text begins anew, the call ends named."""
    astray = Astray(place)
    llm = FakeLLM([[ToolCall("1", "look_up", "{}")], "Fine.", "Very well."])
    async with scene(_Agent(astray), _Flow(astray), llm=llm, room=_Room(astray), stt=_STT(astray)) as s:
        await anyio.sleep_until(1.5)
        with suppress(MisuseError):  # the room may be gone
            await s.turn()
            await s.turn()
        await anyio.sleep_until(20)
        if place == "room":
            assert await s.session.wait_closed() == "error: room awaited a task that was cancelled"
        else:
            assert (s.session.state, s.session.label) == ("running", "listening")
            assert (APOLOGY in s.heard()) == (place in ("on_turn_start", "run"))
            calls = [item for item in s.session.history.items if isinstance(item, ToolCall)]
            results = [item for item in s.session.history.items if isinstance(item, ToolResult)]
            assert [call.id for call in calls] == [result.id for result in results] != []
        asked = anyio.current_time()
        await s.session.close()
        assert anyio.current_time() == asked
