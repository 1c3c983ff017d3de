"""What a search showed about the tables: rows never taken, cells that should say ``never``, and nevers that came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fsm_agents.fsm.check import check_explored, level
from fsm_agents.fsm.explore import Report, World, explore
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import STAY, Effects, Row, Timer, after, always, anywhere, drop, never, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.fsm.verify import Problem
from tests.fsm.test_explore import world
from tests.fsm.voice import VOICE, Speak

TIMER, OFF = Timer("timer", 1.0), Timer("off")


class Bell:
    pass


class Data(Shared):
    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


def ring(event: object, data: object) -> Effects:
    return (Bell(),)


def is_full(event: object, data: Data) -> bool:
    return data.count > 0


def search(
    *rows: Row[str, Data], states: str = "a b c", events: str = "go", limit: int = 1000, **world: Any
) -> tuple[Joint[Data], Report[Data]]:
    table: StateTable[str, Data] = StateTable("t", states.split(), "a", rows, strict=False)
    joint = Joint("j", {"m": table})
    start: Callable[[], Data] = lambda: joint.start(Data())  # noqa: E731
    return joint, explore(World(joint, start, lambda _data: events.split(), **world), limit=limit)


def told(joint: Joint[Data], report: Report[Data], **given: Any) -> list[str]:
    return [f"{problem.code} {problem.message}" for problem in check_explored(joint, report, **given)]


def test_tables_that_say_exactly_what_happens_have_no_problems() -> None:
    rows: list[Row[str, Data]] = [row("a", "go", "b", ring), drop("b", "go"), after("b", TIMER, "a")]
    assert told(*search(*rows, states="a b"), effects=[Bell]) == []


def test_a_cell_in_which_its_event_never_comes_should_say_never() -> None:
    line: Row[str, Data] = drop("b", "stop")
    joint, report = search(row("a", "go", "b"), row("b", "go", "a"), row("a", "stop", STAY), line, states="a b", events="go")
    assert told(joint, report) == ["T306 stop never came at all: offer it among the stimuli, or delete its rows."]
    often = World(joint, lambda: joint.start(Data()), lambda data: ["go", "stop"] if data.cell("m").state == "a" else ["go"])
    (problem,) = check_explored(joint, explore(often))
    assert problem == Problem("T302", "stop never came in b: write never(b, stop) instead.", line.where)


def test_a_never_that_keeps_its_word_is_fine_and_one_that_does_not_is_told() -> None:
    line: Row[str, Data] = never("b", "go", "stop")
    joint, report = search(
        row("a", "go", "b"), after("b", TIMER, "a"), row("a", "stop", STAY), line, states="a b", events="go stop"
    )
    assert [(p.code, p.where) for p in check_explored(joint, report)] == [("T304", line.where)] * 2
    assert told(joint, report)[0] == "T304 go came in b, where it never does: write row(b, go, …) or drop(b, go), or stop it."
    quiet = World(joint, lambda: joint.start(Data()), lambda data: ["go", "stop"] if data.cell("m").state == "a" else [])
    assert check_explored(joint, explore(quiet)) == []


def test_a_row_whose_guard_never_held() -> None:
    line: Row[str, Data] = row("a", "go", "b", when=is_full)
    joint, report = search(line, row("a", "go", "b"), row("b", "go", "a"), states="a b")
    (problem,) = check_explored(joint, report)
    assert problem.where == line.where
    assert problem.message == (
        "this row of a on go was never taken: is_full never held there. Delete it, or widen what is explored."
    )


def test_a_row_that_another_always_won_over() -> None:
    joint, report = search(row("a", "go", "b"), anywhere("go", "a"), row("b", "go", "a"), states="a b")
    assert told(joint, report) == [
        "T301 this row of a, b on go was never taken: another row won, or the state was left first. Delete it, or widen what is explored."
    ]


def test_timers_and_always_rows_that_never_happened() -> None:
    joint, report = search(
        row("a", "go", "b"),
        row("b", "go", "a"),
        after("a", OFF, "b"),
        always("b", "a", when=is_full),
        always("b", "a", when=Named()),
        states="a b",
    )
    assert [text.partition(". Delete")[0] for text in told(joint, report)] == [
        "T301 this row of a on after off was never taken: another row won, or the state was left first",
        "T301 this row of b on always was never taken: is_full never held there",
        "T301 this row of b on always was never taken: its guard never held there",
    ]


class Named:
    """A guard without a name."""

    def __call__(self, event: object, data: object) -> bool:
        return False


def test_a_state_that_was_never_reached_is_told_once_not_cell_by_cell() -> None:
    line: Row[str, Data] = row("c", "go", "a")
    joint, report = search(
        row("a", "go", "b"),
        row("b", "go", "a"),
        line,
        drop("c", "stop"),
        always("c", "a"),
        row("a", "stop", STAY),
        events="go stop",
    )
    assert check_explored(joint, report) == [
        Problem("T303", "c was never reached: mend the rows that lead there, or delete it.", line.where)
    ]


def test_a_state_without_any_row_has_no_line() -> None:
    joint, report = search(row("a", "go", "b"), row("b", "go", "a"))
    assert check_explored(joint, report) == [Problem("T303", "c was never reached: mend the rows that lead there, or delete it.")]


def test_cells_beyond_the_worlds_stop_are_not_judged() -> None:
    rows: list[Row[str, Data]] = [row("a", "go", "b"), drop("b", "go")]
    joint, report = search(*rows, states="a b", stop=lambda data: data.cell("m").state == "b")
    assert check_explored(joint, report) == []


def test_an_effect_that_must_come_out_somewhere() -> None:
    joint, report = search(row("a", "go", "b"), row("b", "go", "a"), states="a b")
    assert told(joint, report, effects=[Bell]) == ["T305 j: Bell never comes out: add the row that returns it, or delete it."]


def test_a_search_that_was_cut_off_proves_no_never() -> None:
    def grow(event: object, data: Data) -> Effects:
        return ()

    rows: list[Row[str, Data]] = [
        row("a", "go", "b", grow),
        row("b", "go", "c"),
        row("c", "go", "a"),
        never("c", "stop"),
        drop("a", "stop"),
    ]
    joint, report = search(*rows, events="go stop", limit=1)
    found = check_explored(joint, report)
    assert (found[0].code, level(found[0])) == ("T300", "warning")
    assert "cut off after 2 joint states" in found[0].message
    assert {(problem.code, level(problem)) for problem in found[1:]} == {("T303", "warning")}


def test_a_never_that_came_is_an_error_even_if_the_search_was_cut_off() -> None:
    joint, report = search(
        row("a", "go", "b"), row("b", "go", "c"), row("c", "go", "a"), never("a", "stop"), events="go stop", limit=1
    )
    assert [(problem.code, level(problem)) for problem in check_explored(joint, report) if problem.error] == [("T304", "error")]


def test_two_worlds_are_judged_together() -> None:
    """A row that only happens under another setting was taken; alone each search misses one."""
    line: Row[str, Data] = row("a", "go", "b", when=is_full)
    joint, empty = search(line, row("a", "go", "b"), row("b", "go", "a"), states="a b")

    def full() -> Data:
        data = joint.start(Data())
        data.count = 1
        return data

    other = explore(World(joint, full, lambda _data: ["go"]))
    assert [len(check_explored(joint, report)) for report in (empty, other)] == [1, 1]
    assert check_explored(joint, empty, other) == []


def test_one_cut_off_search_among_several_is_enough_to_doubt() -> None:
    rows: list[Row[str, Data]] = [row("a", "go", "b"), row("b", "go", "c"), row("c", "go", "a")]
    joint, whole = search(*rows)
    _, cut = search(*rows, limit=1)
    assert check_explored(joint, whole) == []
    assert [problem.code for problem in check_explored(joint, whole, cut)] == ["T300"]


def test_an_event_that_only_nevers_name_need_not_come() -> None:
    joint, report = search(row("a", "go", "b"), row("b", "go", "a"), never("a", "stop"), never("b", "stop"), states="a b")
    assert check_explored(joint, report) == []


def test_one_table_under_two_names_is_judged_by_machine() -> None:
    line: Row[str, Data] = never("b", "go")
    table: StateTable[str, Data] = StateTable("t", ["a", "b"], "a", [row("a", "go", "b"), line])
    joint = Joint("j", {"one": table, "two": table})
    report = explore(World(joint, lambda: joint.start(Data()), lambda data: ["go"] if data.cell("one").state == "a" else []))
    assert check_explored(joint, report) == []


def test_the_voice_of_the_tests() -> None:
    """Three cells that should say never, and a wake-up that is off: found by the search, not by reading."""
    found = check_explored(VOICE, explore(world()), effects=[Speak])
    assert [(problem.code, problem.message.split(":")[0]) for problem in found] == [
        ("T302", "Cut never came in STILL"),
        ("T302", "TurnTaken never came in LISTENING"),
        ("T302", "TurnTaken never came in HELD"),
        ("T301", "this row of LISTENING on after wake was never taken"),
    ]
