"""The review of a table: each code on the smallest table that has it, with line and fix, and silence on a sound one."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from fsm_agents.fsm import check as check_module
from fsm_agents.fsm.check import check, level, render
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.rows import (
    STAY,
    All,
    Effects,
    Group,
    Guard,
    Level,
    Row,
    Timer,
    after,
    always,
    anywhere,
    back_to,
    drop,
    enter,
    never,
    owes,
    row,
)  # fmt: skip
from fsm_agents.fsm.table import StateTable
from fsm_agents.fsm.verify import Problem
from tests.fsm.voice import FLOOR, VOICE

TIMER = Timer("timer", 1.0)
OFF = Timer("off")


class S(Enum):
    A = "first"
    B = "second"
    C = "third"
    END = "over"


def ok(event: object, data: object) -> bool:
    return True


def no(event: object, data: object) -> bool:
    return False


def act(event: object, data: object) -> Effects:
    return ()


def build(*rows: Row[S, Any], **given: Any) -> StateTable[S, Any]:
    options: dict[str, Any] = {"start": S.A, "strict": False, **given}
    return StateTable("t", S, rows=rows, **options)


def found(table: StateTable[S, Any], *codes: str, **given: Any) -> list[Problem]:
    """The problems with these codes (all, if none is given)."""
    return [problem for problem in check(table, **given) if not codes or problem.code in codes]


def lines(problems: list[Problem]) -> list[int]:
    return [problem.where.line if problem.where else 0 for problem in problems]


def test_a_sound_table_has_no_problems() -> None:
    table = build(
        row(S.A, "go", S.B, when=ok),
        row(S.A, "go", S.C),
        after(S.B, TIMER, S.END),
        owes(S.A, "the caller speaks"),
        after(S.C, TIMER, S.B),
        drop((S.B, S.C, S.END), "go"),
        final=(S.END,),
    )
    assert check(table) == []


def test_what_makes_a_table_unusable_is_part_of_the_review() -> None:
    table = build(row(S.A, "go", S.B), row(S.A, "go", S.C))
    assert [problem.code for problem in found(table, "T101", "T102", "T204")] == ["T101", "T101", "T101", "T102"]


class TestReach:
    def test_a_state_that_no_row_leads_to(self) -> None:
        line: Row[S, Any] = row(S.C, "go", S.A)
        (problem,) = found(build(row(S.A, "go", S.B), row(S.B, "go", S.END), line, final=(S.END,)), "T201")
        assert problem.message == "no row leads from A to C: write row(…, to=C), or delete the state."
        assert problem.where == line.where

    def test_a_row_that_is_never_taken_leads_nowhere(self) -> None:
        table = build(row(S.A, "go", S.B), row(S.A, "go", S.C), row(S.B, "go", S.A))
        assert [p.message.split(":")[0] for p in found(table, "T201")] == [
            "no row leads from A to C",
            "no row leads from A to END",
        ]

    def test_a_dead_end(self) -> None:
        line: Row[S, Any] = row(S.B, "again", S.B)
        table = build(row(S.A, "go", S.B), row(S.A, "end", S.END), line, row(S.B, "stay", STAY), final=(S.END,))
        (problem,) = found(table, "T202", "T203")
        assert (problem.code, problem.where) == ("T202", line.where)
        assert problem.message == "B is a dead end: no row leads out. Write a row, or final=(B,)."

    def test_a_trap(self) -> None:
        table = build(row(S.A, "go", S.B), row(S.A, "end", S.END), row(S.B, "go", S.C), row(S.C, "go", S.B), final=(S.END,))
        assert [p.message for p in found(table, "T203")] == [
            f"{name} is a trap: no way leads to END. Write a row out, or an anywhere row." for name in "BC"
        ]

    def test_a_machine_without_an_end_has_no_traps(self) -> None:
        assert found(build(row(S.A, "go", S.B), row(S.B, "go", S.A)), "T202", "T203") == []

    def test_a_lone_state_is_no_dead_end(self) -> None:
        lone: StateTable[str, Any] = StateTable("t", ["a"], "a", [row("a", "go", STAY), owes("a", "somebody")])
        assert check(lone) == []

    def test_a_final_state_that_is_left(self) -> None:
        line: Row[S, Any] = anywhere("go", S.B)
        (problem,) = found(build(line, row(S.A, "end", S.END), final=(S.END,)), "T206")
        assert (
            problem.message == "END is final, but a row leaves it. Write but=(END,) in an anywhere row, or take it out of final."
        )
        assert problem.where == line.where
        assert found(build(anywhere("go", S.B, but=(S.END,)), row(S.A, "end", S.END), final=(S.END,)), "T206") == []

    def test_history_leads_to_where_its_group_begins_and_to_what_was_reached_in_it(self) -> None:
        deep: Group[S] = Group("g", (S.B, S.C), S.B)
        assert len(found(build(row(S.A, "go", back_to(deep))), "T201")) == 2  # C and END
        inner: Group[S] = Group("inner", (S.C, S.END), S.C)
        shallow: Group[S] = Group("g", (S.B, inner), S.B, deep=False)
        assert [p.message[:22] for p in found(build(row(S.A, "go", back_to(shallow))), "T201")] == ["no row leads from A to"]

    def test_history_is_a_way_to_the_end_from_wherever_it_may_lead(self) -> None:
        group: Group[S] = Group("g", (S.B, S.C), S.B)
        table = build(
            row(S.A, "go", back_to(group)), row(S.B, "go", S.A), row(S.B, "x", S.C), row(S.C, "go", S.END), final=(S.END,)
        )
        assert found(table, "T203") == []

    def test_a_table_without_rows_has_no_line_to_name(self) -> None:
        assert {problem.where for problem in check(build())} == {None}


class TestShadowed:
    def test_a_drop_below_an_unguarded_row_of_the_group_is_fine_and_the_groups_row_stays_useful(self) -> None:
        group: Group[S] = Group("g", (S.A, S.B), S.A)
        assert found(build(row(group, "go", S.C), drop(S.A, "go")), "T204", "T205") == []

    def test_a_row_that_nearer_rows_always_beat_everywhere(self) -> None:
        group: Group[S] = Group("g", (S.A, S.B), S.A)
        line: Row[S, Any] = row(group, "go", S.C)
        won: Row[S, Any] = row(S.A, "go", S.B)
        (problem,) = found(build(won, row(S.B, "go", S.A), line), "T204")
        assert problem.where == line.where
        assert problem.message == (
            f"in A, B on go this row is never taken: the row tried before it ({won.where}) has no guard. "
            "Delete one, or change the guard of the first."
        )

    def test_two_rows_on_the_same_group_or_anywhere(self) -> None:
        group: Group[S] = Group("g", (S.A, S.B), S.A)
        second: Row[S, Any] = row(group, "go", S.END)
        assert lines(found(build(row(group, "go", S.C), second), "T204")) == [second.where.line]
        last: Row[S, Any] = anywhere("go", S.END)
        assert lines(found(build(anywhere("go", S.C), last), "T204")) == [last.where.line]

    def test_the_same_guard_twice(self) -> None:
        second = row(S.A, "go", S.C, when=ok)
        (problem,) = found(build(row(S.A, "go", S.B, when=ok), second, row(S.A, "go", S.END)), "T204", "T205")
        assert (problem.code, problem.where) == ("T205", second.where)
        assert "holds whenever this one does" in problem.message

    @pytest.mark.parametrize(
        ("first", "second", "dead"),
        [
            (Level("ear", (S.A, S.B)), Level("ear", (S.A,)), True),
            (Level("ear", (S.A,)), Level("ear", (S.A, S.B)), False),
            (Level("ear", (S.A,), negated=True), Level("ear", (S.B,)), True),
            (Level("ear", (S.A,), negated=True), Level("ear", (S.A, S.B), negated=True), True),
            (
                Level("ear", (S.B, S.C, S.END)),
                Level("ear", (S.A,), negated=True),
                False,
            ),  # True once the joint says what there is
            (Level("ear", (S.A,)), Level("mouth", (S.A,)), False),
            (All((ok, Level("ear", (S.A, S.B)))), All((Level("ear", (S.A,)), ok, no)), True),
            (All((ok, no)), ok, False),
        ],
    )
    def test_a_guard_that_implies_one_above_it(self, first: Guard[Any, Any], second: Guard[Any, Any], dead: bool) -> None:
        table = build(row(S.A, "go", S.B, when=first), row(S.A, "go", S.C, when=second), row(S.A, "go", S.END))
        assert bool(found(table, "T205")) is dead

    def test_the_joint_says_what_a_negated_level_leaves_over(self) -> None:
        rest, out = Level("t", (S.B, S.C, S.END)), Level("t", (S.A,), negated=True)
        table = build(row(S.A, "go", S.B, when=rest), row(S.A, "go", S.C, when=out), row(S.A, "go", S.END))
        assert found(table, "T205") == []
        assert len(found(table, "T205", joint=Joint("j", {"t": table}))) == 1

    def test_a_row_that_stands_nowhere(self) -> None:
        (problem,) = found(build(anywhere("go", S.B, but=tuple(S))), "T204")
        assert problem.message == "this row on go stands in no state: its but= names them all. Delete it."

    def test_each_event_of_a_drop_is_looked_at(self) -> None:
        group: Group[S] = Group("g", (S.A, S.B), S.A)
        table = build(row(group, "go", S.C), drop(group, "stop", "go"))
        assert [problem.message.partition(" this")[0] for problem in found(table, "T204")] == ["in A, B on go"]


class TestTimers:
    def test_a_state_that_never_rests_arms_nothing(self) -> None:
        line: Row[S, Any] = after(S.B, TIMER, S.C)
        table = build(row(S.A, "go", S.B), line, always(S.B, S.C))
        (problem,) = found(table, "T207")
        assert problem.where == line.where
        assert "B never rests, so after timer is never armed" in problem.message
        assert found(build(row(S.A, "go", S.B), line, always(S.B, S.C, when=ok)), "T207") == []

    def test_levels_that_together_leave_no_state_over(self) -> None:
        rows = [
            after(S.A, TIMER, S.B),
            always(S.A, STAY, act, when=ok),
            always(S.A, S.B, when=Level("t", (S.A, S.B))),
            always(S.A, S.C, when=Level("t", (S.C, S.END))),
        ]
        table = build(*rows)
        assert found(table, "T207") == []
        assert len(found(table, "T207", joint=Joint("j", {"t": table}))) == 1
        assert len(found(build(rows[0], rows[2], always(S.A, S.C, when=Level("t", (S.A, S.B), negated=True))), "T207")) == 1

    def test_a_timer_that_is_off_is_a_note(self) -> None:
        line: Row[S, Any] = after(S.A, OFF, S.B)
        (problem,) = found(build(line), "T208")
        assert (level(problem), problem.error, problem.where) == ("note", False, line.where)


class TestAlwaysRings:
    def ring(self, *rows: Row[S, Any], **given: Any) -> list[Problem]:
        return found(build(*rows), "T209", **given)

    def test_two_states_that_throw_it_to_each_other(self) -> None:
        first = always(S.A, S.B, when=ok)
        (problem,) = self.ring(first, always(S.B, S.A, when=ok))
        assert problem.where == first.where
        assert problem.message.startswith(f"always rows without end ({first.where} → ")

    def test_a_longer_ring_is_told_once(self) -> None:
        assert len(self.ring(always(S.A, S.B), always(S.B, S.C), always(S.C, S.A), always(S.END, S.A))) == 1

    def test_staying_with_a_guard_that_nothing_makes_false(self) -> None:
        assert len(self.ring(always(S.A, STAY, when=ok))) == 1
        assert self.ring(always(S.A, STAY, act, when=ok)) == []

    def test_a_row_that_does_something_may_end_it(self) -> None:
        assert self.ring(always(S.A, S.B, act, ok), always(S.B, S.A, when=ok)) == []
        assert self.ring(always(S.A, S.B), always(S.B, S.A), enter(S.B, act)) == []

    def test_two_questions_may_exclude_each_other(self) -> None:
        assert self.ring(always(S.A, S.B, when=ok), always(S.B, S.A, when=no)) == []

    def test_levels_that_exclude_each_other_end_it_and_others_do_not(self) -> None:
        talking, silent = Level("ear", (S.A,)), Level("ear", (S.A,), negated=True)
        assert self.ring(always(S.A, S.B, when=talking), always(S.B, S.A, when=silent)) == []
        assert len(self.ring(always(S.A, S.B, when=talking), always(S.B, S.A, when=Level("mouth", (S.A,))))) == 1

    def test_history_is_not_followed(self) -> None:
        assert self.ring(always(S.A, back_to(Group("g", (S.A, S.B), S.A)), when=ok), always(S.B, S.C, when=ok)) == []


class TestWaiting:
    def waits(self, *rows: Row[S, Any], **given: Any) -> list[str]:
        return [problem.message.split()[0] for problem in found(build(*rows, **given), "T210")]

    def test_a_state_with_neither_timer_nor_owes(self) -> None:
        (problem,) = found(build(row(S.A, "go", S.B), after(S.B, TIMER, S.A)), "T210")
        assert level(problem) == "warning"
        assert problem.message.endswith("Add after(A, TIMER, …), or owes(A, 'who, and what they promise').")

    def test_the_line_is_the_first_about_the_state_also_in_company(self) -> None:
        line: Row[S, Any] = drop((S.A, S.C), "go")
        problems = found(build(row(S.A, "x", S.B), line, after(S.B, TIMER, S.C)), "T210")
        assert lines(problems) == [line.where.line, line.where.line + 1]

    def test_owes_timers_finals_and_unreached_states_are_exempt(self) -> None:
        assert self.waits(owes(S.A, "who"), row(S.A, "go", S.B), after(S.B, TIMER, S.END), final=(S.END,)) == []

    def test_a_timer_that_is_off_or_used_up_by_staying_ends_no_waiting(self) -> None:
        assert self.waits(after(S.A, OFF, S.B)) == ["A", "B"]
        assert self.waits(after(S.A, TIMER, STAY)) == ["A"]
        assert self.waits(after(S.A, TIMER, STAY, when=ok), after(S.A, TIMER, S.A)) == []

    def test_a_state_that_watches_its_siblings_waits_for_them(self) -> None:
        assert self.waits(always(S.A, S.B, when=Level("ear", (S.A,))), owes(S.B, "who")) == []


class TestGroups:
    def test_groups_that_overlap_and_are_not_nested(self) -> None:
        one: Group[S] = Group("one", (S.A, S.B), S.A)
        two: Group[S] = Group("two", (S.B, S.C), S.B)
        (problem,) = found(build(row(one, "go", STAY), row(two, "go", STAY)), "T211")
        assert problem.message.startswith("the groups one and two share B and neither is in the other")
        assert level(problem) == "warning"

    def test_nested_and_apart_are_fine(self) -> None:
        inner: Group[S] = Group("inner", (S.A, S.B), S.A)
        outer: Group[S] = Group("outer", (inner, S.C), S.C)
        apart: Group[S] = Group("apart", (S.END,), S.END)
        alone: Group[S] = Group("alone", (apart,), apart)  # around all of another
        rows: list[Row[S, Any]] = [row(inner, "go", STAY), row(outer, "go", STAY), row(apart, "go", STAY), row(alone, "go", STAY)]
        assert found(build(*rows), "T211") == []


class TestSamples:
    def test_guards_that_held_at_once_are_a_note_once(self) -> None:
        upper: Row[S, Any] = row(S.A, "go", S.B, when=ok)
        lower: Row[S, Any] = row(S.A, "go", S.C, when=lambda _event, data: data > 1)
        table = build(upper, lower, row(S.A, "go", S.END))
        assert found(table, "T213") == []
        assert found(table, "T213", samples=[("go", 1)]) == []
        (problem,) = found(table, "T213", samples=[("go", 2), ("go", 3), ("other", 4)])
        assert (level(problem), problem.where) == ("note", lower.where)
        assert f"the one tried before it ({upper.where})" in problem.message

    def test_events_that_are_classes(self) -> None:
        class Came:
            pass

        table = build(row(S.A, Came, S.B, when=ok), row(S.A, Came, S.C, when=ok), row(S.A, Came, S.END))
        assert len(found(table, "T213", samples=[(Came(), None)])) == 1


class TestJoint:
    def test_a_joint_that_does_not_rest_where_it_starts(self) -> None:
        line = always(S.A, S.B, when=All((Level("other", (S.A,)), Level("t", (S.C,), negated=True))))
        table, other = build(always(S.A, S.C, when=ok), line), build()
        (problem,) = found(table, "T212", joint=Joint("talk", {"t": table, "other": other}))
        assert problem.where == line.where
        assert problem.message.startswith("talk does not rest where it starts")
        assert level(problem) == "warning"
        assert "Start in B, or guard it." in problem.message

    def test_one_that_does(self) -> None:
        table = build(always(S.A, S.B, when=Level("t", (S.C,))), always(S.A, S.C, when=ok))
        assert found(table, "T212", joint=Joint("talk", {"t": table})) == []

    def test_where_it_should_start_may_be_a_group_or_a_history(self) -> None:
        group: Group[S] = Group("g", (S.B, S.C), S.B)
        for to in (group, back_to(group)):
            table = build(always(S.A, to))
            assert "Start in g," in found(table, "T212", joint=Joint("talk", {"t": table}))[0].message

    def test_the_voice_of_the_tests_is_clean(self) -> None:
        assert render(check(FLOOR, joint=VOICE)).endswith("1 note")


class TestRender:
    def test_errors_first_one_a_line_and_how_many(self) -> None:
        table = build(after(S.A, OFF, S.B), row(S.B, "go", S.A), never(S.A, "go"))
        shown = render(check(table)).splitlines()
        assert [line.split(": ")[1].split()[0] for line in shown[:-1]] == ["error"] * 4 + ["warning"] * 2 + ["note"]
        assert shown[-1] == "4 errors, 2 warnings, 1 note"
        assert shown[0].startswith("test_check.py:")

    def test_nothing_to_tell(self) -> None:
        assert render([]) == "no problems"
        assert render([Problem("T001", "twice.")]) == "table: error T001: twice.\n1 error"


def test_every_code_is_in_the_list_of_codes() -> None:
    """The module's docstring is the list; a code that is used must stand there, and none twice."""
    import inspect
    import re

    from fsm_agents.fsm import explored, verify

    listed = re.findall(r"^(T\d{3})  ", check_module.__doc__ or "", re.MULTILINE)
    used = {code for module in (check_module, explored, verify) for code in re.findall(r'"(T\d{3})"', inspect.getsource(module))}
    assert len(listed) == len(set(listed))
    assert used == set(listed)
