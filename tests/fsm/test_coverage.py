"""What a run covers: rows, pairs, both answers of each guard, timers; in numbers, in words, in JSON, in a drawing."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.coverage import KINDS, Coverage
from fsm_agents.fsm.draw import Marks, mermaid
from fsm_agents.fsm.explore import explore, live_timers
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import STAY, Group, back_to, row
from fsm_agents.fsm.table import StateTable
from tests.fsm.phone import HELLO, LINE, PHONE, Called, HoldPressed, HungUp, Knocked, PickedUp, Spoke, begin, world


def run(*events: object, into: Coverage | None = None, watch: bool = True) -> Coverage:
    """A telephone call; ``"due"`` is the first timer that is armed."""
    covered = into or Coverage(PHONE)
    covered.begin()
    data = begin()
    for event in events:
        due = next(live_timers(PHONE, data)) if event == "due" else event
        covered.add(PHONE.step(data, due), data if watch else None)
    return covered


def test_a_row_that_was_taken_is_covered() -> None:
    covered = run(Called("", 1), PickedUp())
    assert set(covered.goals["rows"]) - set(covered.missing("rows")) == {"line:1", "line:4", "voice:1"}
    assert covered.percent("rows") == pytest.approx(100 * 3 / 21)


def test_drops_are_counted_and_not_asked_for() -> None:
    """That one never came is a question for exploring."""
    covered = run(HungUp())
    assert covered.counts["rows"] == {"line:2": 1}
    assert "line:2" not in covered.goals["rows"]


def test_a_guard_is_covered_when_it_said_both() -> None:
    """Yes: its row was taken. No: a row below it was."""
    covered = run(Called("", 1), PickedUp(), HELLO)
    assert "line:14 no" in covered.missing("guards")
    run(Called("", 1), PickedUp(), Spoke((), 1), into=covered)
    assert "line:14 no" not in covered.missing("guards")
    assert "line:14 yes" not in covered.missing("guards")


def test_an_always_row_said_no_where_the_step_came_to_rest() -> None:
    """For that the conversation itself is needed: the last one of a state has no row below."""
    assert "voice:2 no" in run(Called("", 1), watch=False).missing("guards")
    assert "voice:2 no" not in run(Called("", 1)).missing("guards")


def test_a_timer_that_was_due_is_covered() -> None:
    covered = run(Called("", 1), "due", "due")
    assert covered.missing("timers") == ["line.hold_limit", "voice.speak_limit"]
    assert covered.counts["timers"] == {"line.ring_limit": 2}


def test_pairs_are_rows_that_follow_each_other_in_one_machine() -> None:
    """Not across machines, and not across conversations."""
    covered = run(Called("", 1), HungUp(), Called("", 1), HungUp())
    run(Called("", 1), into=covered)
    assert covered.counts["pairs"] == {"line:1 line:5": 2, "line:5 line:1": 1}


def test_only_pairs_that_can_follow_each_other_are_asked_for() -> None:
    """A row leads to a state; what is tried there may be next; through history, what is tried in any state of the group."""
    pairs = set(Coverage(PHONE).goals["pairs"])
    assert {"line:1 line:4", "line:14 line:14", "line:21 line:18", "line:21 line:14", "line:12 line:21"} <= pairs
    assert not {"line:1 line:13", "line:24 line:1"} & pairs


def test_a_row_below_one_that_always_wins_is_in_no_pair() -> None:
    group = Group("g", ("a", "b"), "a")
    rows: list[Any] = [row("a", "go", "b"), row(group, "go", "a"), row("b", "on", STAY), row("b", "back", back_to(group))]
    joint: Joint[Any] = Joint("j", {"t": StateTable("t", ("a", "b"), "a", rows, strict=False)})
    pairs = Coverage(joint).goals["pairs"]
    assert [pair for pair in pairs if pair.startswith("t:2 ")] == ["t:2 t:1"]
    assert [pair for pair in pairs if pair.startswith("t:4 ")] == ["t:4 t:1", "t:4 t:2", "t:4 t:3", "t:4 t:4"]


def test_what_is_all_done_is_a_hundred_percent() -> None:
    """Also where there is nothing to do."""
    joint: Joint[Any] = Joint("j", {"t": StateTable("t", ("a",), "a", [row("a", "go", STAY)])})
    covered = Coverage(joint)
    data = joint.start(Shared())
    for _ in range(2):
        covered.add(joint.step(data, "go"), data)
    assert [covered.percent(kind) for kind in KINDS] == [100.0] * 4


def test_an_exhaustive_search_covers_every_row() -> None:
    """Nothing in the sample is dead."""
    covered = Coverage(PHONE)
    graph = explore(world()).graph
    for node, edges in enumerate(graph.edges):
        for event, _ in edges:
            covered.begin()
            data = begin()
            for cell, there in zip(data.cells, graph.nodes[node].cells, strict=True):
                cell.restore(there.save())
            data.call, data.rings, data.said = graph.nodes[node].call, graph.nodes[node].rings, graph.nodes[node].said
            covered.add(PHONE.step(data, event), data)
    assert covered.missing("rows") == []
    assert covered.missing("guards") == []
    assert covered.missing("timers") == []


def test_the_report_names_what_is_missing_with_its_line() -> None:
    report = run(Called("", 1), PickedUp(), HELLO).report().splitlines()
    assert report[0] == "coverage of phone"
    assert report[1] == "  rows   4/21  19 %"
    assert [line.split()[0] for line in report[1:5]] == list(KINDS)
    assert f"  line:5 RINGING on HungUp → IDLE ({LINE.rows[4].where}): never taken" in report
    assert f"  line:14 TALKING on Spoke → stay ({LINE.rows[13].where}): has_words never said no" in report
    assert "  line.hold_limit: never due" in report
    assert not any("line:2 " in line for line in report)


def test_counts_of_several_runs_are_merged() -> None:
    """From another process by JSON."""
    first, second = run(Called("", 1)), run(Called("", 1), HungUp())
    first.merge(Coverage.from_json(PHONE, second.to_json()))
    assert first.counts["rows"] == {"line:1": 2, "line:5": 1}
    assert first.counts["pairs"] == {"line:1 line:5": 1}
    assert Coverage.from_json(PHONE, first.to_json()).counts == first.counts


def test_counts_of_other_tables_are_refused() -> None:
    """Row numbers would mean other rows."""
    other = Joint("phone", {"line": LINE.without(LINE.rows[0]), "voice": PHONE.tables["voice"]}, stale=PHONE.stale)
    with pytest.raises(MisuseError, match="of other tables than those of phone"):
        Coverage(PHONE).merge(Coverage(other))
    with pytest.raises(MisuseError, match="of other tables than those of phone"):
        Coverage.from_json(PHONE, Coverage(other).to_json())


@pytest.mark.parametrize("text", ["", "[]", "{}", "5"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(MisuseError, match=r"not what Coverage\.to_json wrote"):
        Coverage.from_json(PHONE, text)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(MisuseError, match="no coverage of 'row'; did you mean 'rows'"):
        Coverage(PHONE).percent("row")  # type: ignore[arg-type]


def test_counts_become_marks_of_a_drawing() -> None:
    covered = run(Called("", 1), PickedUp(), HoldPressed(), Knocked())
    marks = covered.marks("line")
    assert marks == Marks({1: 1, 4: 1, 13: 1, 12: 1}, {"RINGING": 1, "TALKING": 1, "HELD": 1, "KNOCKED": 1})
    assert covered.marks("voice").rows[1] == 1
    assert "class s_idle,s_down missed" in mermaid(LINE, marks)
