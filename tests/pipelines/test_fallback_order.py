"""Who is asked: in order, left out after a failure, back when cooled down; out for good what can never work."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.machines.link import Link
from fsm_agents.pipelines.fallback_link import LEFT_OUT, LONGER
from fsm_agents.pipelines.fallback_llm import FallbackLLM
from fsm_agents.pipelines.fallback_members import Members
from fsm_agents.stages.base import LLM
from tests.pipelines.fallback_parts import Model, at

pytestmark = pytest.mark.anyio

BUSY = ProviderError("busy", retryable=True)


def members(*names: str) -> Members[Any]:
    """Some that are never really asked."""
    return Members("FallbackLLM", [Model(name) for name in names], LLM, LEFT_OUT)


def order(some: Members[Any]) -> list[str]:
    """Whom to ask now."""
    return [member.stage.model for member in some.in_turn()]


async def test_the_preferred_one_is_asked_first() -> None:
    assert order(members("a", "b", "c")) == ["a", "b", "c"]


async def test_one_that_failed_is_left_out_until_it_has_cooled_down() -> None:
    """Then it has its place again."""
    some = members("a", "b")
    a, b = some.all
    a.ask()
    some.failed(a, BUSY)
    assert next(iter(some.in_turn())) is b
    await at(LEFT_OUT - 0.001)
    assert not a.ready
    await at(LEFT_OUT)
    assert order(some) == ["a", "b"]


async def test_each_failure_before_it_is_steady_leaves_it_out_for_twice_as_long() -> None:
    """60, 120, 240 and 480 s; what works for a moment in between is not forgiven for that."""
    some = members("a", "b")
    a = some.all[0]
    rests = []
    now = 0.0
    for _ in range(4):
        a.ask()
        some.serve(a)
        some.failed(a, BUSY)
        rests.append(a.rest)
        now += a.rest
        await at(now)
    assert rests == [LEFT_OUT, 2 * LEFT_OUT, 4 * LEFT_OUT, LONGER * LEFT_OUT]


async def test_thirty_seconds_of_work_are_forgiveness() -> None:
    """The next failure is a first one."""
    some = members("a", "b")
    a = some.all[0]
    for start in (0.0, 100.0):
        await at(start)
        a.ask()
        some.serve(a)
        await at(start + 31)
        some.failed(a, BUSY)
        assert a.rest == LEFT_OUT
        await at(start + 31 + LEFT_OUT)


async def test_the_timers_are_those_of_the_table_however_late_somebody_looks() -> None:
    """Steadiness counts from when it worked, not from when it was asked again."""
    some = members("a", "b")
    a = some.all[0]
    a.ask()
    some.failed(a, ProviderError("never again"))
    assert a.state is Link.COOLING
    await at(10 * LONGER * LEFT_OUT)
    assert a.state is Link.DOWN


async def test_of_several_requests_at_a_time_one_failure_counts() -> None:
    """And a request that worked meanwhile does not bring it back."""
    some = members("a", "b")
    a = some.all[0]
    a.ask()
    a.ask()
    some.failed(a, BUSY)
    some.failed(a, BUSY)
    some.serve(a)
    assert (a.state, a.rest) == (Link.WAITING, LEFT_OUT)


async def test_if_all_are_left_out_they_are_asked_all_the_same() -> None:
    """The one that worked last first; and it is back if it works."""
    some = members("a", "b", "c")
    for second, member in enumerate((some.all[2], some.all[1])):
        await at(second)
        member.ask()
        some.serve(member)
    for member in some.all:
        some.failed(member, BUSY) if member.ready and member.state is Link.UP else member.ask()
    some.failed(some.all[0], BUSY)
    assert not any(member.ready for member in some.all)
    asked = some.in_turn()
    assert next(asked).stage.model == "b"
    assert some.all[1].state is Link.DIALING
    some.serve(some.all[1])
    assert some.all[1].state is Link.UP


def test_what_can_never_work_is_out_at_once_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits, and no loop is needed to say so."""
    some = Members("FallbackLLM", [Model("a", can="misuse"), Model("b")], LLM, LEFT_OUT)
    some.check()
    some.check()
    assert [member.out for member in some.all] == [True, False]
    assert [record.getMessage() for record in caplog.records] == ["FallbackLLM: left out for good: Model (a): a has no key"]


def test_if_none_can_work_the_first_says_why() -> None:
    some = Members("FallbackLLM", [Model("a", can="misuse"), Model("b", can="misuse")], LLM, LEFT_OUT)
    with pytest.raises(MisuseError, match=r"^a has no key$"):
        some.check()


async def test_a_key_that_is_refused_at_the_start_is_out() -> None:
    """One that is only busy is left out for a while; one without the question is taken at its word."""
    some = Members("F", [Model("a", warms="key"), Model("b", warms="busy"), Model("c", warms="hang"), Model("d")], LLM, LEFT_OUT)
    await some.warm_up()
    assert [member.state for member in some.all] == [Link.CLOSED, Link.WAITING, Link.WAITING, Link.UP]


async def test_if_none_gets_ready_the_first_says_why() -> None:
    some = Members("F", [Model("a", warms="busy"), Model("b", warms="key")], LLM, LEFT_OUT)
    with pytest.raises(ProviderError, match="a is busy"):
        await some.warm_up()


async def test_what_is_out_is_not_asked_again_in_this_session() -> None:
    """After ``aclose`` it begins anew, and all were closed."""
    some = Members("F", [Model("a", can="misuse"), Model("b")], LLM, LEFT_OUT)
    some.check()
    await at(10 * LONGER * LEFT_OUT)
    assert order(some) == ["b"]
    await some.aclose()
    assert [member.stage.closed for member in some.all] == [1, 1]
    assert order(some) == ["a", "b"]


async def test_a_failure_that_stays_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A wrong key is found each time it is tried again."""
    some = members("a", "b")
    a = some.all[0]
    for turn in range(3):
        await at(turn * LONGER * LEFT_OUT)
        a.ask()
        some.failed(a, ProviderError("a wrong key"))
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert said == [f"FallbackLLM: left out for {LONGER * LEFT_OUT:.0f} s: Model (a): a wrong key"]


async def test_a_switch_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """With both names."""
    caplog.set_level(logging.INFO, "fsm_agents")
    some = members("a", "b")
    some.serve(some.all[0])
    some.serve(some.all[0])
    some.serve(some.all[1])
    assert [record.getMessage() for record in caplog.records] == ["FallbackLLM: Model (b) answers, in the place of Model (a)"]


def test_two_of_a_kind_have_names_of_their_own() -> None:
    """And no name is taken from a repr, which may show a key."""
    assert [member.name for member in members("a", "a", "b").all] == ["Model (a) #1", "Model (a) #2", "Model (b)"]


@pytest.mark.parametrize(
    ("providers", "options", "said"),
    [
        ([], {}, "one LLM or more"),
        ("gpt", {}, "one LLM or more"),
        ([object()], {}, r"providers\[0\]=object\): that is no LLM; it lacks chat"),
        ([Model("a")], {"cool_down": 0}, "cool_down=0"),
        ([Model("a")], {"deadline": float("nan")}, "deadline=nan"),
        ([Model("a")], {"stall": True}, "stall=True"),
        ([Model("a")], {"dead_line": 1}, "did you mean 'deadline'"),
    ],
)
def test_what_cannot_be_is_refused(providers: Any, options: Any, said: str) -> None:
    with pytest.raises(MisuseError, match=said):
        FallbackLLM(providers, **options)


def test_one_cannot_stand_in_for_itself() -> None:
    model = Model("a")
    with pytest.raises(MisuseError, match="in the list already"):
        FallbackLLM([model, model])
