"""The wake-up: counted from the end of what sounds, again and again, never while anybody does anything, never two hooks at once."""

from __future__ import annotations

import anyio
import pytest

from fsm_agents import Agent, function_tool
from fsm_agents.chat.message import ToolCall
from fsm_agents.machines import effects as do
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, Scene, VoiceTTS, scene

pytestmark = pytest.mark.anyio


def ring(s: Scene) -> list[float]:
    """Have the wake-up noted: when it rang."""
    rung: list[float] = []
    s.session.on_wake_up = lambda: rung.append(anyio.current_time())
    return rung


async def test_it_counts_from_the_end_of_each_reply() -> None:
    """Not from its synthesis, nor from the caller's words."""
    async with scene(wake_up=3, llm=FakeLLM(["One two three four five six seven eight nine ten."])) as s:
        rung = ring(s)
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("speaking")
        await s.label("listening")
        ended = anyio.current_time()
        await s.until(lambda: rung)
    assert rung[0] == pytest.approx(ended + 3)


async def test_it_does_not_ring_while_the_caller_speaks_or_is_awaited() -> None:
    """Also not while the last words are still on their way."""
    async with scene(wake_up=1.5, stt=FakeSTT(delay=1.5)) as s:
        rung = ring(s)
        await s.caller.wait(GUARD)
        await s.caller.speak(3)
        await s.caller.wait(0.8)
        await s.label("thinking", "speaking")
        assert rung == []


async def test_it_does_not_ring_while_the_model_thinks_or_a_tool_runs() -> None:
    """However long that takes."""

    class Slow(Agent):
        @function_tool
        async def wait(self) -> str:
            """Wait."""
            await anyio.sleep_until(anyio.current_time() + 10)
            return "done"

    async with scene(Slow(), wake_up=1, llm=FakeLLM([["Wait.", ToolCall("1", "wait", "{}")], "Done."], pause=0.5)) as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(0.4)
        await s.caller.wait(0.6)
        assert s.session.label == "thinking"
        rung = ring(s)
        await s.until(lambda: "Done." in s.heard())
        assert rung == []
        await s.label("listening")
        await s.until(lambda: rung)


async def test_it_does_not_ring_while_a_tool_of_a_cut_reply_still_runs() -> None:
    """The agent is at work, though nobody waits for it any more."""

    class Slow(Agent):
        @function_tool
        async def wait(self) -> str:
            """Wait."""
            await anyio.sleep_until(10)
            return "done"

    async with scene(Slow(), wake_up=2, llm=FakeLLM([[ToolCall("1", "wait", "{}")], "Done."])) as s:
        rung = ring(s)
        await s.caller.wait(GUARD)
        await s.turn()
        s.session.interrupt()
        assert s.session.label == "listening"
        await anyio.sleep_until(14)
    assert rung
    assert rung[0] > 10


async def test_a_hook_that_takes_long_is_not_run_twice_at_once() -> None:
    """It is asked for again when it has returned, and the silence is as long again."""
    lines: list[tuple[str, float]] = []
    async with scene(wake_up=2) as s:

        async def hook() -> None:
            lines.append(("begin", anyio.current_time()))
            await anyio.sleep_until(anyio.current_time() + 5)
            lines.append(("end", anyio.current_time()))

        s.session.on_wake_up = hook
        await anyio.sleep_until(9)
    assert lines == [("begin", 2), ("end", 7), ("begin", 8)]


async def test_what_the_hook_says_restarts_the_silence() -> None:
    """Each prompt is followed by a whole silence."""
    async with scene(wake_up=2) as s:

        async def hook() -> None:
            await s.session.say("Hello?")

        s.session.on_wake_up = hook
        await anyio.sleep_until(7)
    assert s.when(do.CallWakeUp) == [2, pytest.approx(4.36), pytest.approx(6.72)]


async def test_a_sound_of_the_caller_restarts_the_silence() -> None:
    """Also one without words."""
    async with scene(wake_up=2, stt=FakeSTT([""])) as s:
        rung = ring(s)
        await anyio.sleep_until(1)
        await s.caller.wait(GUARD)
        await s.caller.speak(0.2)
        await s.caller.wait(0.4)
        await s.label("listening")
        quiet = anyio.current_time()
        await s.until(lambda: rung)
    assert rung[0] == pytest.approx(quiet + 2, abs=0.35)
    assert s.said("user") == []


async def test_it_does_not_ring_during_on_enter() -> None:
    """The agent is busy; it rings after a silence that follows."""

    class Busy(Agent):
        async def on_enter(self) -> None:
            await anyio.sleep_until(5.5)

    async with scene(Busy(), wake_up=2) as s:
        rung = ring(s)
        await anyio.sleep_until(9)
    assert rung[0] > 5.5


async def test_it_does_not_ring_after_close() -> None:
    """Nor during the closing."""

    class Slow(Agent):
        async def on_exit(self) -> None:
            await anyio.sleep_until(anyio.current_time() + 3)

    async with scene(Slow(), wake_up=1) as s:
        rung = ring(s)
        await anyio.sleep_until(0.5)
        await s.session.close()
        await anyio.sleep_until(60)
    assert rung == []


async def test_without_a_wake_up_time_it_never_rings() -> None:
    """Even if there is a hook."""
    async with scene() as s:
        rung = ring(s)
        await anyio.sleep_until(3600)
    assert rung == []


async def test_an_uninterruptible_say_delays_it_too() -> None:
    """Until it has sounded."""
    async with scene(wake_up=1, tts=VoiceTTS(per_character=0.5)) as s:
        rung = ring(s)
        await s.session.say("Ten chars.", interruptible=False)
        assert rung == []
        await s.until(lambda: rung)
    assert rung[0] == pytest.approx(6)


async def test_it_rings_within_a_tick_of_its_time_after_an_hour() -> None:
    """Nothing drifts."""
    async with scene(wake_up=600) as s:
        rung = ring(s)
        await anyio.sleep_until(3 * 3600 + 1)
    assert rung == [600.0 * number for number in range(1, 19)]
