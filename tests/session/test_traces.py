"""What a session leaves behind: no task, no thread, no object, no words in the log; and what it has while it lives."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, AgentSession, CascadingPipeline, JobContext, MemoryRoom, RoomOptions, function_tool
from fsm_agents.chat.message import ToolCall
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, ScriptedCaller
from tests.session.scene import GUARD, scene

pytestmark = pytest.mark.anyio


class Clerk(Agent):
    """Has a tool."""

    @function_tool
    async def look_up(self, name: str) -> str:
        """Look somebody up.

        Args:
            name: Whom.
        """
        return f"canary-result of {name}"


async def converse() -> list[weakref.ref[Any]]:
    """A whole conversation: greeting, turn, tool, barge-in, leave, return, wake-up, close. What could stay behind, weakly."""
    call = ToolCall("1", "look_up", '{"name": "canary-argument"}')
    llm = FakeLLM([["I look.", call], "canary-answer is a long answer to that.", "canary-answer again."])
    stt = FakeSTT([f"canary-caller {number}" for number in range(9)], interim=True)
    async with scene(Clerk(), stt=stt, llm=llm, wake_up=3) as s:
        s.session.on_wake_up = lambda: s.session.say("canary-prompt")
        s.session.say("canary-greeting", interruptible=False)
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: len(s.llm.asked) == 2)
        await s.turn()
        await s.session.leave()
        await s.come_back()
        await anyio.sleep_until(anyio.current_time() + 5)
        return [
            weakref.ref(each) for each in (s, s.session, s.session.agent, s.session.host, s.session.mouth, s.session.ear, s.room)
        ]


async def test_nothing_holds_a_session_that_is_over() -> None:
    """No registry, no cycle through a task, no timer."""
    left = await converse()
    await anyio.sleep_until(
        anyio.current_time() + 60
    )  # asyncio keeps the context of a cancelled timer until it would have been due
    gc.collect()
    assert [ref() for ref in left] == [None] * 7


async def test_a_session_has_no_thread_and_at_most_five_tasks() -> None:
    """Its own, its timers, its room (and that one's player); the fifth is the reply while there is one."""
    threads, tasks = threading.active_count(), len(anyio.get_running_tasks())
    async with scene() as s:
        await s.soon(lambda: s.room._heard is not None)
        await anyio.sleep_until(1)
        assert len(anyio.get_running_tasks()) - tasks <= 4
        s.session.say("A long text that is spoken for a while.")
        await s.label("speaking")
        assert len(anyio.get_running_tasks()) - tasks <= 5
        assert threading.active_count() == threads


async def test_no_words_of_anybody_are_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """At the default level: neither the caller's, nor the agent's, nor a tool's."""
    caplog.set_level(logging.INFO)
    await converse()
    async with scene(stt=FakeSTT(["canary-caller"]), llm=FakeLLM(["canary-answer"], pause=0.5)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        s.session.interrupt()  # the question is discarded
        await s.session.close()
        s.session.say("canary-refused")
    assert caplog.records
    assert "canary" not in caplog.text


async def test_no_words_are_in_what_is_shown_of_the_objects() -> None:
    """``repr`` ends in logs sooner or later."""
    async with scene(stt=FakeSTT(["canary-caller"]), llm=FakeLLM(["canary-answer"])) as s:
        handle = s.session.say("canary-say")
        await s.caller.wait(GUARD)
        await s.turn()
        shown = " ".join(map(repr, (s.session, s.session.agent, s.session.history, handle, s.session.host, s.session.mouth)))
    assert "canary" not in shown


async def test_hundreds_of_steps_later_memory_is_bounded() -> None:
    """What is remembered of segments, says and timers does not grow with the call."""
    async with scene(stt=FakeSTT()) as s:
        for number in range(20):
            await s.session.say(f"Say {number}.")
        await s.caller.wait(GUARD)
        for _ in range(12):
            await s.turn(0.1)
        await s.label("listening")
        talk = s.session._talk
        assert talk.overdue == ()
        assert len(s.session.handles) == 0
        assert len(s.session._driver.timers._heap) < 50


async def test_fifty_sessions_at_once_do_not_mix() -> None:
    """Each in a job of its own, in one loop; each hears its own words."""
    wrong: list[str] = []

    async def call(number: int) -> None:
        room = MemoryRoom(paced=True)
        async with JobContext(RoomOptions(room=room)) as ctx:
            await ctx.connect()
            pipeline = CascadingPipeline(FakeSTT([f"I am {number}"]), FakeLLM([f"Hello {number}."]), FakeTTS(), FakeVAD())
            session = AgentSession(Agent(), pipeline)
            await session.start()
            caller = ScriptedCaller(room)
            await caller.wait(GUARD)
            await caller.speak(0.2)
            await caller.wait(1.4)
            said = [getattr(item, "text", "") for item in session.history.items]
            if said != [f"I am {number}", f"Hello {number}."]:
                wrong.append(f"{number}: {said}")

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(call, number)
    assert wrong == []
