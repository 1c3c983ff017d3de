"""All timers of a session in one task: on time, in order, none after its state was left, none after the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Arm
from fsm_agents.machines import events as on
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.machines.talk import Talk
from fsm_agents.runtime.timers import Timers, micros

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def running(timers: Timers) -> AsyncIterator[None]:
    """The task of these timers."""
    async with anyio.create_task_group() as group:
        group.start_soon(timers.run)
        await anyio.lowlevel.checkpoint()
        yield
        group.cancel_scope.cancel()


def arm(timers: Timers, talk: Talk, name: str, seconds: float, machine: str = "caller") -> None:
    """Arm a timer by hand."""
    timers.arm(Arm(machine, name, round(seconds * 1_000_000), talk.cell(machine).epoch))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12))
async def test_timers_fire_on_time_and_equal_ones_in_the_order_they_were_armed(delays: list[int]) -> None:
    """Whatever the order of arming."""
    talk, fired = new_talk(), list[tuple[float, str]]()
    timers = Timers(talk, lambda due: fired.append((anyio.current_time(), due.timer)))
    begun = anyio.current_time()
    async with running(timers):
        for number, delay in enumerate(delays):
            arm(timers, talk, str(number), delay / 10)
        await anyio.sleep_until(begun + 6)
    expected = sorted((delay / 10, number) for number, delay in enumerate(delays))
    assert [name for _, name in fired] == [str(number) for _, number in expected]
    assert [at - begun for at, _ in fired] == pytest.approx([delay for delay, _ in expected])


async def test_an_earlier_timer_wakes_earlier() -> None:
    """The task that sleeps until the first one is moved, not doubled."""
    talk, fired = new_talk(), list[float]()
    timers = Timers(talk, lambda _due: fired.append(anyio.current_time()))
    async with running(timers):
        arm(timers, talk, "late", 5)
        await anyio.sleep_until(1)
        arm(timers, talk, "early", 1)
        await anyio.sleep_until(7)
    assert fired == [2, 5]


async def test_a_timer_of_a_state_that_was_left_does_not_fire() -> None:
    """And is not counted."""
    talk, fired = new_talk(), list[Any]()
    timers = Timers(talk, fired.append)
    async with running(timers):
        arm(timers, talk, "endpoint", 1)
        assert len(timers) == 1
        CONVERSATION.step(talk, on.StartAsked())  # the caller is quiet now, and no longer absent
        assert len(timers) == 0
        await anyio.sleep_until(3)
    assert fired == []


async def test_an_event_of_the_same_instant_goes_before_a_timer() -> None:
    """Who queued at time t beats what is due at t: the timer is stale then."""
    talk, fired = new_talk(), list[Any]()
    timers = Timers(talk, fired.append)

    async def someone() -> None:
        await anyio.sleep_until(1)
        CONVERSATION.step(talk, on.StartAsked())

    async with anyio.create_task_group() as group:
        group.start_soon(timers.run)
        await anyio.lowlevel.checkpoint()
        arm(timers, talk, "endpoint", 1)
        group.start_soon(someone)
        await anyio.sleep_until(2)
        group.cancel_scope.cancel()
    assert fired == []


async def test_a_timer_may_arm_another_one() -> None:
    """From inside its own firing."""
    talk, fired = new_talk(), list[float]()

    def again(due: Due) -> None:
        fired.append(anyio.current_time())
        if len(fired) < 4:
            arm(timers, talk, due.timer, 0.5)

    timers = Timers(talk, again)
    async with running(timers):
        arm(timers, talk, "wake_up", 1)
        await anyio.sleep_until(10)
    assert fired == pytest.approx([1, 1.5, 2, 2.5])


async def test_a_thousand_stale_timers_are_not_kept() -> None:
    """A long call arms millions."""
    talk = new_talk()
    timers = Timers(talk, lambda _due: None)
    async with running(timers):
        for _ in range(1000):
            arm(timers, talk, "turn_limit", 30)
            talk.cell("caller").epoch += 1
        assert len(timers._heap) < 200
        assert len(timers) == 0


async def test_time_is_whole_microseconds() -> None:
    """Sums of floats drift apart; these do not."""
    for tick in range(1, 200):
        await anyio.sleep_until(tick * 0.02)
        assert micros() == tick * 20_000
