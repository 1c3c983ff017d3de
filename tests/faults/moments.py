"""The moments of a call in which a fault can strike: each brings a call there, has the fault armed, and goes on until all is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from fsm_agents import function_tool
from fsm_agents.chat.tool import FunctionTool
from tests.faults.calls import Call

__all__ = ["MOMENTS", "SCRIPT", "Waiting"]

LONG = "Once there was a voice that spoke for a long time, and nobody knew when it would come to its end, so they spoke too."
SCRIPT: dict[str, Any] = {
    "answers": [{"when": "story", "text": LONG}, {"when": "look", "calls": [{"name": "look_up", "arguments": {}}]}],
}
COUGH, BARGE = 4, 60
"""Frames: shorter, and longer, than what ends the agent's speech."""

Arm = Callable[[], None]
Way = Callable[[Call, Arm, bool], Awaitable[None]]


class Waiting:
    """A tool that returns when it may."""

    def __init__(self) -> None:
        self.begun, self.may_return = anyio.Event(), anyio.Event()

    def tool(self) -> FunctionTool:
        """The tool, as the model sees it."""

        @function_tool
        async def look_up() -> str:
            """Look something up."""
            self.begun.set()
            await self.may_return.wait()
            return "found"

        return look_up


async def first_turn(call: Call, arm: Arm, speaks: bool) -> None:
    """The caller's first words."""
    arm()
    await call.turn()


async def later_turn(call: Call, arm: Arm, speaks: bool) -> None:
    """After a turn that was answered."""
    await call.turn()
    arm()
    await call.turn()


async def held(call: Call, arm: Arm, speaks: bool) -> None:
    """The caller makes a sound over the agent, too short to end its speech."""
    await _story(call)
    arm()
    await call.turn(COUGH)


async def after_barge_in(call: Call, arm: Arm, speaks: bool) -> None:
    """The caller ended the agent's speech, and goes on speaking."""
    await _story(call)
    over = call.over()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call.speak, BARGE)
        await call.until(lambda: call.session.label == "hearing")
        arm()
    await call.until(lambda: call.over() > over and call.quiet)


async def tool_round(call: Call, arm: Arm, speaks: bool) -> None:
    """A tool is at work; the caller may say something meanwhile."""
    waiting: Waiting = call.hooks["tool"]
    over = call.over()
    await call.speak()
    await waiting.begun.wait()
    arm()
    if speaks:
        await call.speak()
        await call.until(lambda: call.session.label == "acting")
    waiting.may_return.set()
    await call.until(lambda: call.over() > over and call.quiet)


async def inside_a_say(call: Call, arm: Arm, speaks: bool) -> None:
    """Something the program says."""
    await _say(call, arm, speaks)
    await call.until(lambda: call.quiet)


async def greeting(call: Call, arm: Arm, speaks: bool) -> None:
    """``on_enter`` greets: see ``cells.py``, it runs before the rest of the call."""
    await call.until(lambda: call.quiet)


async def closing(call: Call, arm: Arm, speaks: bool) -> None:
    """``on_exit`` says goodbye."""
    call.hooks["on_exit"] = lambda: _say(call, arm, speaks)
    await call.session.close("enough")


async def wake_up(call: Call, arm: Arm, speaks: bool) -> None:
    """The caller was silent for long, and is asked whether they are there."""
    woken = anyio.Event()

    async def hook() -> None:
        await _say(call, arm, speaks)
        woken.set()

    call.hooks["on_wake_up"] = hook
    await call.until(lambda: False) if call.closed else await woken.wait()
    await call.until(lambda: call.quiet)


async def greet(call: Call, arm: Arm, speaks: bool) -> None:
    """What ``on_enter`` does."""
    await _say(call, arm, speaks)


async def _story(call: Call) -> None:
    """A turn that is answered at length: return when the answer sounds."""
    await call.speak()
    await call.sounding()


async def _say(call: Call, arm: Arm, speaks: bool) -> None:
    """Say something: with a fault in its own making, or with one that waits for the words which the caller says over it."""
    if not speaks:
        arm()
        await call.session.say("A few words.")
        return
    handle = call.session.say(LONG)
    await call.sounding()
    arm()
    await call.speak(BARGE)
    await handle


MOMENTS: dict[str, Way] = {
    "first turn": first_turn,
    "later turn": later_turn,
    "barge-in held": held,
    "after a barge-in": after_barge_in,
    "tool round": tool_round,
    "inside a say": inside_a_say,
    "greeting": greeting,
    "closing": closing,
    "wake-up": wake_up,
}
