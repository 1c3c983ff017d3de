"""Cancellations that are nobody's: a hook awaits a task of its own that somebody cancelled, and the error passes by the hook.

Only asyncio lets that happen: its ``CancelledError`` comes out of ``await task``. Without care it would pass for a cancellation of ours, the
session's tasks would end one and all, and nobody would be left to close it. On trio a cancellation never leaves the scope it belongs to.
"""

from __future__ import annotations

import asyncio

import anyio
import pytest

from fsm_agents import Agent, AgentSession, CascadingPipeline, ConversationFlow, MemoryRoom, MisuseError
from fsm_agents.testing.clock import backend_options
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD
from tests.session.scene import GUARD, scene

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", [("asyncio", backend_options("asyncio"))], ids=["asyncio"]),
]


async def stray() -> None:
    """Await a task that was cancelled."""
    task = asyncio.ensure_future(asyncio.Event().wait())
    task.cancel()
    await task


class Flow(ConversationFlow):
    """Its last hook goes astray."""

    async def on_turn_end(self) -> None:
        await stray()


class Leaver(Agent):
    """Its last hook goes astray."""

    async def on_exit(self) -> None:
        await stray()


async def test_in_on_enter_it_keeps_the_session_from_starting() -> None:
    """``start()`` raises, as with any other error, and does not wait for ever."""

    class Greeter(Agent):
        async def on_enter(self) -> None:
            await stray()

    session = AgentSession(Greeter(), CascadingPipeline(FakeSTT(), FakeLLM(), FakeTTS(), FakeVAD()), room=MemoryRoom())
    with pytest.raises(MisuseError, match="on_enter awaited a task that was cancelled"):
        async with session:
            raise AssertionError
    assert session.state == "closed"
    assert session.close_reason.startswith("error: on_enter: MisuseError")


async def test_in_on_wake_up_it_closes_the_session_with_a_reason() -> None:
    """As what else it raises."""
    async with scene(wake_up=1) as s:
        s.session.on_wake_up = stray
        assert (await s.session.wait_closed()).startswith("error: on_wake_up: MisuseError: on_wake_up awaited a task")


async def test_in_on_exit_and_on_turn_end_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The conversation goes on, and closes at once when it is asked to."""
    async with scene(Leaver(), Flow()) as s:
        await s.caller.wait(GUARD)
        for _ in range(2):
            await s.turn()
            await s.label("speaking")
            await s.label("listening")
            await s.caller.wait(0.1)  # the hook of a turn runs when its reply is over
        asked = anyio.current_time()
        await s.session.close("enough")
        assert (s.session.close_reason, anyio.current_time()) == ("enough", asked)
    assert caplog.text.count("on_turn_end awaited a task that was cancelled") == 2
    assert caplog.text.count("on_exit awaited a task that was cancelled") == 1


async def test_a_cancellation_of_ours_still_ends_a_hook(caplog: pytest.LogCaptureFixture) -> None:
    """It is not taken for a stray one: a wake-up that hangs is cancelled by the close, and is no error."""
    seen: list[str] = []

    async def hang() -> None:
        try:
            await anyio.sleep_forever()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async with scene(wake_up=1) as s:
        s.session.on_wake_up = hang
        await anyio.sleep_until(2)
        await s.session.close("enough")
        assert s.session.close_reason == "enough"
    assert seen == ["cancelled"]
    assert "awaited a task that was cancelled" not in caplog.text
