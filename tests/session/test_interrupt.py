"""``interrupt()``: the host ends what the agent says; what it did not answer is given up, and nothing stays behind."""

from __future__ import annotations

import pytest

from fsm_agents import Agent, function_tool
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.machines import effects as do
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, scene

pytestmark = pytest.mark.anyio


async def test_it_ends_the_reply_at_once() -> None:
    """No frame follows; the session listens."""
    async with scene() as s:
        handle = s.session.say("One two three four five six.")
        await s.until(lambda: len(s.frames) == 30)
        s.session.interrupt()
        assert s.session.label == "listening"
        assert handle.interrupted
        await s.caller.wait(1)
    assert len(s.frames) == 30


async def test_it_does_not_end_what_cannot_be_interrupted_unless_forced() -> None:
    """Force does."""
    async with scene() as s:
        handle = s.session.say("One two three four five six.", interruptible=False)
        await s.until(lambda: len(s.frames) == 20)
        s.session.interrupt()
        assert s.session.label == "speaking"
        await s.until(lambda: len(s.frames) == 30)
        s.session.interrupt(force=True)
        assert s.session.label == "listening"
    assert handle.heard == "One two"
    assert len(s.frames) == 30


async def test_while_it_thinks_the_question_is_discarded_with_a_reason() -> None:
    """It is not begun again by itself."""
    async with scene(llm=FakeLLM(["The answer."], pause=1)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        s.session.interrupt()
        await s.caller.wait(3)
        assert s.session.label == "listening"
    assert s.did(do.Discard) == [do.Discard("words 1", "the host interrupted the reply")]
    assert not s.frames


async def test_while_nobody_speaks_it_means_nothing() -> None:
    """Nor before, nor after."""
    async with scene() as s:
        s.session.interrupt(force=True)
        assert s.session.label == "listening"
        await s.session.leave()
        s.session.interrupt()
        await s.session.close()
        s.session.interrupt()


async def test_while_the_caller_talks_over_it_the_caller_keeps_the_floor() -> None:
    """And is answered."""
    async with scene(stt=FakeSTT(["one", "two"]), llm=FakeLLM(["One two three four five six seven.", "Yes?"])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: len(s.frames) > 30)
        await s.caller.speak(0.2)
        assert s.session.label == "holding"
        s.session.interrupt()
        assert s.session.label == "hearing"
        await s.turn(0.3)
        await s.label("listening")
    assert s.heard() == ["One two three four five six seven.", "Yes?"]
    assert s.said("user") == ["one", "two"]


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_tool_goes_on_to_its_end_and_its_result_is_kept(kind: str) -> None:
    """A cut ends the speaking, never a side effect."""
    done: list[str] = []

    class Clerk(Agent):
        @function_tool
        async def book_async(self) -> str:
            """Book."""
            self.session.interrupt()
            done.append("booked")
            return "booked"

        @function_tool
        def book_sync(self) -> str:
            """Book."""
            self.session.interrupt()
            done.append("booked")
            return "booked"

    call = ToolCall("1", f"book_{kind}", "{}")
    async with scene(Clerk(), llm=FakeLLM([["I book it now.", call], "Never said.", "As you wish."])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: done)
        await s.label("listening")
        await s.turn()
        await s.until(lambda: s.session.label == "listening" and len(s.llm.asked) == 2)
    assert ToolResult("1", f"book_{kind}", "booked") in s.session.history.items
    assert done == ["booked"]
