"""Leaving and coming back: the session is kept, nobody is heard, nobody is spoken to, and everything works again after the return."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import pytest

from fsm_agents import Agent, ConversationFlow, JobContext, MemoryRoom, MisuseError, RoomOptions, function_tool
from fsm_agents.chat.message import ToolCall
from fsm_agents.machines import effects as do
from fsm_agents.rooms.base import Listener, Speaker
from fsm_agents.testing.fakes import SPEECH, FakeLLM, FakeSTT, FakeVAD
from tests.session.scene import GUARD, VoiceTTS, scene

pytestmark = pytest.mark.anyio


async def test_leave_and_come_back_again_and_again() -> None:
    """History is kept; each time the caller is heard and answered."""
    async with scene() as s:
        await s.caller.wait(GUARD)
        for _ in range(3):
            await s.turn()
            await s.label("speaking")
            await s.label("listening")
            await s.session.leave()
            assert (s.session.state, s.session.label, s.room._heard) == ("left", "away", None)
            await s.come_back()
            assert (s.session.state, s.session.label) == ("running", "listening")
    assert s.said("user") == ["words 1", "words 2", "words 3"]
    assert s.said() == ["Very well."] * 3


async def test_coming_back_at_once_is_no_race() -> None:
    """``leave()`` returns when the room is left for good: the old connection does not take the new one with it."""

    class Slow(MemoryRoom):
        async def run(self, heard: Listener, speaker: Speaker) -> None:
            try:
                await super().run(heard, speaker)
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep_until(anyio.current_time() + 0.3)
                self._heard = None

    async with scene(room=Slow(paced=True)) as s:
        await s.session.leave()
        await s.come_back()
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("listening")
    assert s.said("user") == ["words 1"]


async def test_leave_while_speaking_cuts_the_sound_and_gives_up_what_is_owed() -> None:
    """Handles are over, with what was heard; words that nobody will answer are discarded with a reason."""
    async with scene(llm=FakeLLM(["One two three four five six."])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: s.frames)
        handle = s.session.say("And another thing.")
        await s.caller.speak(0.4)
        frames = len(s.frames)
        await s.session.leave()
        assert handle.done()
        await anyio.sleep_until(10)
        assert len(s.frames) == frames
        assert s.session.label == "away"


async def test_a_caller_who_is_being_heard_at_the_leave_is_discarded_with_a_reason() -> None:
    """Nothing is lost without a trace, and nothing of it leaks into the time after the return."""
    async with scene(stt=FakeSTT(["going", "back again"], delay=0.5)) as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(0.4)
        await s.caller.wait(0.4)
        assert s.session.label == "endpointing"
        await s.session.leave()
        await s.come_back()
        await s.caller.wait(0.5)
        await s.turn()
        await s.caller.wait(1)
        await s.label("listening")
    assert "back again" in " ".join(s.said("user"))


async def test_leave_twice_and_leave_by_many() -> None:
    """Everyone returns when the room is left."""
    async with scene() as s:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(s.session.leave)
        await s.session.leave()
        assert s.session.state == "left"
    assert len(s.did(do.LeaveRoom)) == 1


async def test_leave_before_the_start_and_after_the_end_means_nothing() -> None:
    """It is no error either."""
    async with scene() as s:
        await s.session.close()
        await s.session.leave()
        assert s.session.state == "closed"


async def test_close_after_leave_runs_on_exit_and_closes_the_stages() -> None:
    """Leaving is not closing: the hook comes now."""
    lines: list[str] = []

    class Last(Agent):
        async def on_exit(self) -> None:
            lines.append("exit")

    class Closing(VoiceTTS):
        async def aclose(self) -> None:
            lines.append("closed")

    async with scene(Last(), tts=Closing()) as s:
        await s.session.leave()
        assert lines == []
        await s.session.close()
    assert lines == ["exit", "closed"]


@pytest.mark.parametrize("place", ["on_enter", "on_wake_up", "run", "tool"])
async def test_leave_from_inside(place: str) -> None:
    """It does not wait for itself."""

    class Leaver(Agent):
        async def at(self, here: str) -> None:
            if here == place:
                await self.session.leave()

        async def on_enter(self) -> None:
            await self.at("on_enter")

        @function_tool
        async def go(self) -> str:
            """Go."""
            await self.at("tool")
            return "gone"

    class Flow(ConversationFlow):
        async def run(self, transcript: str) -> AsyncIterator[str]:
            await agent.at("run")
            async for text in self.process_with_llm():
                yield text

    agent = Leaver()
    async with scene(agent, Flow(), llm=FakeLLM([[ToolCall("1", "go", "{}")], "Bye."]), wake_up=2) as s:
        s.session.on_wake_up = lambda: agent.at("on_wake_up")
        if place != "on_enter":
            with suppress(MisuseError):  # the room is left in the middle
                await s.caller.wait(GUARD)
                await s.turn(0.3)
        await s.until(lambda: s.session.state == "left")
        assert s.session.label == "away"
        await anyio.sleep_until(60)
        assert s.session.state == "left"


async def test_a_room_that_answers_cancellation_by_returning_is_left_and_not_ended() -> None:
    """Some do; the caller has not hung up."""

    class Returning(MemoryRoom):
        async def run(self, heard: Listener, speaker: Speaker) -> None:
            try:
                await super().run(heard, speaker)
            except anyio.get_cancelled_exc_class():
                return

    async with scene(room=Returning(paced=True)) as s:
        await s.session.leave()
        await anyio.sleep_until(5)
        assert s.session.state == "left"


async def test_connect_of_the_job_returns_to_the_room() -> None:
    """The way back that users have."""
    from fsm_agents import AgentSession, CascadingPipeline

    room = MemoryRoom(paced=True)
    async with JobContext(RoomOptions(room=room)) as ctx:
        await ctx.connect()
        session = AgentSession(Agent(), CascadingPipeline(FakeSTT(), FakeLLM(), VoiceTTS(), FakeVAD()))
        await session.start()
        async with anyio.create_task_group() as group:  # at the same time: connect waits for the leave
            group.start_soon(session.leave)
            while session.state != "left":
                await anyio.lowlevel.checkpoint()
            await ctx.connect()
        assert session.state == "running"
        while room._heard is None:
            await anyio.lowlevel.checkpoint()
        for _ in range(20):
            room.push(SPEECH)
        assert session.label == "hearing"


async def test_the_wake_up_does_not_ring_while_away_and_does_afterwards() -> None:
    """It counts from the return."""
    async with scene(wake_up=2) as s:
        s.session.on_wake_up = lambda: None
        await anyio.sleep_until(1)
        await s.session.leave()
        await anyio.sleep_until(9)
        await s.come_back()
        await anyio.sleep_until(12)
    assert s.when(do.CallWakeUp) == [11]
