"""What makes a table unusable is told when it is built: all of it at once, with code, file and line, and the row to write."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator
from enum import Enum
from typing import Any

import pytest

from fsm_agents.errors import TableError
from fsm_agents.fsm import rows
from fsm_agents.fsm.rows import STAY, All, Group, Kind, Row, Timer, Where, after, always, anywhere, back_to, drop, never, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.fsm.verify import Problem, answers, problems

TIMER = Timer("timer", 1.0)


class S(Enum):
    A = "first"
    B = "second"
    C = "third"


class Came:
    pass


class Went:
    pass


def ok(event: object, data: object) -> bool:
    return True


def act(event: object, data: object) -> tuple[object, ...]:
    return ()


async def ok_async(event: object, data: object) -> bool:
    return True


async def act_async(event: object, data: object) -> AsyncIterator[object]:
    yield event


def yields(event: object, data: object) -> Iterator[bool]:
    yield False


class AsyncCallable:
    async def __call__(self, event: object, data: object) -> bool:
        return True


def refused(lines: list[Any], **given: Any) -> str:
    with pytest.raises(TableError) as caught:
        build(lines, **{"strict": False, **given})
    return str(caught.value)


def build(lines: list[Any], **given: Any) -> StateTable[Any, Any]:
    options: dict[str, Any] = {"states": S, "start": S.A, **given}
    return StateTable("door", rows=lines, **options)


class TestNames:
    def test_a_state_declared_twice(self) -> None:
        assert "T001 a state is declared twice: a." in refused([], states=["a", "b", "a"], start="a")

    @pytest.mark.parametrize(
        "line",
        [row("opne", "x", "open"), row("open", "x", "opne"), anywhere("x", STAY, but=("opne",)), rows.owes("opne", "who")],
    )
    def test_a_misspelt_state_is_named_with_its_line_and_the_nearest_one(self, line: Row[str, Any]) -> None:
        said = refused([line], states=["open", "shut"], start="open")
        assert said.endswith(f"test_verify.py:{line.where.line}: T002 there is no state opne; did you mean 'open'?")

    def test_a_misspelt_start_final_or_group_member(self) -> None:
        assert "there is no state ajar" in refused([], states=["open"], start="ajar")
        assert "there is no state ajar" in refused([], states=["open"], start="open", final=("ajar",))
        group = Group("g", ("open", "ajar"), "open")
        assert "there is no state ajar" in refused([row(group, "x", STAY)], states=["open"], start="open")
        assert "there is no state ajar" in refused([row("open", "x", back_to(group))], states=["open"], start="open")

    def test_two_events_of_one_name(self) -> None:
        other = type("Came", (), {})
        said = refused([row(S.A, Came, S.B), row(S.A, other, S.C)])
        assert "T003 two events are called Came" in said

    def test_two_timers_of_one_name(self) -> None:
        assert "T003 two timers are called after timer" in refused([after(S.A, TIMER, S.B), after(S.B, Timer("timer"), S.C)])

    def test_an_event_called_like_a_timer(self) -> None:
        assert "T003 two timers are called after timer" in refused([row(S.A, "after timer", S.B), after(S.A, TIMER, S.C)])

    def test_equal_names_of_events_are_one_event(self) -> None:
        assert build([row(S.A, str(b"xy", "ascii"), S.B), drop((S.B, S.C), "xy")]).events == ("xy",)


class TestWhatStandsUnderOn:
    @pytest.mark.parametrize(
        ("line", "said"),
        [
            (after(S.A, "came", S.B), "'came' is not a timer"),  # type: ignore[arg-type]
            (row(S.A, TIMER, S.B), "the timer timer stands where an event belongs"),  # type: ignore[call-overload, arg-type, unused-ignore]
            (drop(S.A, TIMER), "the timer timer stands where an event belongs"),  # type: ignore[arg-type]
            (row(S.A, "always", S.B), "an event cannot be called 'always'"),
            (row(S.A, Came(), S.B), "name a class (Came)"),  # type: ignore[call-overload, arg-type, unused-ignore]
        ],
    )
    def test_the_wrong_kind(self, line: Row[S, Any], said: str) -> None:
        told = refused([line])
        assert f"test_verify.py:{line.where.line}: T004" in told
        assert said in told


class TestGroups:
    def test_a_group_that_starts_outside_itself(self) -> None:
        group = Group("g", (S.A, S.B), S.C)
        line: Row[S, Any] = row(S.A, "x", back_to(group))
        assert f"test_verify.py:{line.where.line}: T005 the group g starts in C, which is not inside it" in refused([line])
        assert "T005" in refused([], groups=(group,))

    def test_a_group_may_start_in_a_group_inside(self) -> None:
        inner = Group("inner", (S.B, S.C), S.C)
        table = build([row(S.A, "x", Group("outer", (S.A, inner), inner))], strict=False)
        assert table.nest.landing(table.rows[0].to) is S.C


class TestFunctions:
    @pytest.mark.parametrize("bad", ["act", 3, object()])
    def test_what_is_no_function(self, bad: Any) -> None:
        assert "T010" in refused([row(S.A, "x", S.B, bad)])
        assert "T010" in refused([row(S.A, "x", S.B, None, bad)])

    @pytest.mark.parametrize(
        "bad", [ok_async, act_async, AsyncCallable(), functools.partial(ok_async, data=None), All((ok, All((ok_async,))))]
    )
    def test_what_is_async_wherever_it_hides(self, bad: Any) -> None:
        assert "is async" in refused([row(S.A, "x", S.B, None, bad)])

    def test_a_guard_of_no_guards(self) -> None:
        assert "asks nothing: give it guards, or leave it out." in refused([row(S.A, "x", S.B, when=All((All(()),)))])

    def test_an_async_action(self) -> None:
        assert "T011 act_async is async" in refused([row(S.A, "x", S.B, act_async)])  # type: ignore[arg-type]

    def test_a_guard_that_yields_would_always_hold(self) -> None:
        assert "T012 yields yields, so as a guard it always holds" in refused([row(S.A, "x", S.B, when=yields)])  # type: ignore[arg-type]

    def test_an_action_may_yield_its_effects(self) -> None:
        table = build([row(S.A, "x", S.B, yields)], strict=False)
        assert table.engine.step(table.engine.start(None), "x") == (False,)

    def test_a_class_may_be_an_action(self) -> None:
        class Pair(list[object]):
            def __init__(self, event: object, data: object) -> None:
                super().__init__([event, data])

        table = build([row(S.A, "x", S.B, Pair)], strict=False)
        assert table.engine.step(table.engine.start(None), "x") == ("x", None)


class TestTimers:
    def test_the_last_row_of_a_timer_must_not_be_guarded(self) -> None:
        line = after(S.A, TIMER, S.B, when=ok)
        assert f"test_verify.py:{line.where.line}: T020 the last row of after timer in A is guarded" in refused([line])

    def test_a_guarded_row_of_a_group_below_an_own_unguarded_one_is_fine(self) -> None:
        group = Group("g", (S.A, S.B), S.A)
        lines = [after(S.A, TIMER, S.C), after(group, TIMER, S.C, when=ok), after(S.B, TIMER, S.A)]
        assert build(lines).timers_of(S.A) == (TIMER,)

    @pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
    def test_seconds_are_a_number_of_seconds(self, seconds: float) -> None:
        assert "T022 the timer bad cannot be" in refused([after(S.A, Timer("bad", seconds), S.B)])

    def test_a_timer_may_be_off_or_due_at_once(self) -> None:
        assert len(build([after(S.A, Timer("off"), S.B), after(S.B, Timer("now", 0.0), S.C)]).timers) == 2


class TestAlways:
    @pytest.mark.parametrize("to", [STAY, S.A, Group("g", (S.A, S.B), S.A)])
    def test_staying_without_a_guard_never_ends(self, to: Any) -> None:
        assert "T021 A: an always row that stays and has no guard never ends" in refused([always(S.A, to)])

    def test_leaving_without_a_guard_or_staying_with_one_is_fine(self) -> None:
        lines = [always(S.A, S.B), always(S.B, STAY, when=ok), always(S.C, back_to(Group("g", (S.A, S.B), S.A)))]
        assert len(build(lines).rows) == 3


class TestEveryCellIsDecided:
    def test_the_message_names_state_event_line_what_it_does_answer_and_what_to_write(self) -> None:
        lines: list[Row[S, Any]] = [
            row(S.A, Came, S.B, when=ok),
            after(S.A, TIMER, S.C),
            row(S.A, Went, STAY),
            row(S.B, Went, Group("g", (S.C,), S.C)),
            row(S.B, Came, back_to(Group("h", (S.C,), S.C))),
            drop(S.C, Came, Went),
        ]
        said = refused(lines, strict=True)
        assert said == (
            f"door: 1 problem\n  test_verify.py:{lines[0].where.line}: T101 A does not say what to do on Came when ok says no. "
            "Add row(A, Came, …) or list it in drop(A, Came). A answers: Came (if ok) → B, after timer → C, Went → stay."
        )

    def test_a_state_that_answers_nothing(self) -> None:
        said = refused([row(S.A, Came, S.B), row(S.B, Came, S.C)], strict=True)
        assert said.endswith(
            "T101 C does not say what to do on Came. Add row(C, Came, …) or list it in drop(C, Came). C answers: nothing."
        )

    def test_an_own_row_decides_whatever_an_outer_guard_says(self) -> None:
        """The guarded ``anywhere`` stands below the unguarded own row: nothing is undecided in A and B."""
        table = build([row(S.A, Came, S.B), drop(S.B, Came), anywhere(Came, S.C, when=ok, but=(S.C,)), never(S.C, Came)])
        assert [made.when for made in table.cell(S.A, Came)] == [None, ok]

    def test_a_lenient_table_may_have_holes(self) -> None:
        assert build([row(S.A, Came, S.B)], strict=False).cell(S.B, Came) == ()

    def test_all_problems_are_told_at_once(self) -> None:
        said = refused([row(S.A, Came, S.B)], strict=True)
        assert said.startswith("door: 2 problems\n")
        assert said.count("T101") == 2

    def test_answers_read_back_a_group_and_a_history_and_no_drop(self) -> None:
        group = Group("g", (S.B, S.C), S.B)
        lines: list[Row[S, Any]] = [
            row(S.A, Came, group),
            row(S.A, Went, back_to(group), when=functools.partial(ok)),
            drop(S.A, Went, "knock"),
        ]
        table = build(lines, strict=False)
        assert answers(table, S.A).startswith("Came → g, Went (if functools.partial(")
        assert answers(table, S.A).endswith("→ back to g")


class TestShadowedRows:
    def test_a_row_below_an_unguarded_one_of_the_same_state(self) -> None:
        lines: list[Row[S, Any]] = [row(S.A, Came, S.B), row(S.A, Came, S.C), drop((S.B, S.C), Came)]
        said = refused(lines, strict=True)
        assert f"test_verify.py:{lines[1].where.line}: T102 A on Came: this row can never be taken" in said
        assert f"(test_verify.py:{lines[0].where.line}) always wins" in said

    def test_guarded_rows_above_an_unguarded_one_are_the_rule(self) -> None:
        assert build([row(S.A, Came, S.B, when=ok), row(S.A, Came, S.C), drop((S.B, S.C), Came)]).strict


def test_a_review_may_hold_a_lenient_table_to_the_strict_rules() -> None:
    table = build([row(S.A, Came, S.B)], strict=False)
    assert list(problems(table)) == []
    assert [problem.code for problem in problems(table, strict=True)] == ["T101", "T101"]


def test_a_problem_without_a_line_says_so_much() -> None:
    assert str(Problem("T001", "twice.")) == "T001 twice."
    assert str(Problem("T001", "twice.", Where("/x/y/door.py", 7))) == "door.py:7: T001 twice."


def test_every_kind_of_row_is_read() -> None:
    """A kind added to ``Kind`` must be given a meaning in the verifier too."""
    assert {kind.value for kind in Kind} == {"row", "after", "always", "drop", "never", "enter", "leave", "owes"}
