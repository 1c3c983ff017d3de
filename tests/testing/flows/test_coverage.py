"""What was covered: rows by their lines, pairs, conditions both ways, timers, and a drawing of it."""

from __future__ import annotations

import pytest

from fsm_agents.testing.flows.coverage import HALF, KINDS, MISSED, TAKEN, Coverage
from fsm_agents.testing.flows.scene import Scene
from fsm_agents.testing.flows.walks import walk_flow
from tests.testing.flows.flows import SHOP, shop


def line(start: str) -> int:
    return next(number for number, text in enumerate(SHOP.split("\n"), 1) if text.startswith(start))


def covered(*scenes: str) -> Coverage:
    coverage = Coverage.of(shop())
    for scene in scenes:
        Scene.of(shop(), scene).play(coverage.see)
    return coverage


def test_nothing_is_covered_at_first() -> None:
    coverage = Coverage.of(shop())
    assert [coverage.percent(kind) for kind in KINDS] == [0, 0, 0, 0, 0, 0]
    assert "rows 0/21" in coverage.summary()
    assert "never taken: | many | no |" in coverage.text()


def test_rows_and_questions_that_were_taken() -> None:
    coverage = covered("caller: two coffees\ncaller: 4829\nstate: confirm")
    taken = {coverage.place(row) for row in coverage.counts["rows"]}
    assert taken == {
        str(line("| welcome | said")),
        str(line("| count   | filled                             |           |")),
        str(line("| code    | filled")),
    }
    assert set(coverage.counts["questions"]) == {"count", "code"}
    assert coverage.counts["states"]["confirm"] == 1


def test_a_condition_is_covered_both_ways_only_if_it_was_asked_both_ways() -> None:
    few = covered("caller: two coffees\nstate: code")
    assert [said for (_, number), said in few.counts["guards"] if number == 3] == [False]
    many = covered("caller: two coffees\nstate: code", "caller: nine\nstate: many")
    assert {said for (_, number), said in many.counts["guards"] if number == 3} == {True, False}
    words = covered("caller: goodbye\nend: left")
    assert not words.counts["guards"], "a condition of words that nobody said was not asked"


def test_pairs_are_counted_within_a_conversation() -> None:
    coverage = covered("caller: goodbye\nend: left", "caller: goodbye\nend: left")
    assert len(coverage.counts["pairs"]) == 1
    assert coverage.counts["rows"].total() == 4


def test_timers_that_were_due() -> None:
    coverage = covered("caller: two\ncaller: 4829\ncaller: yes\ntool: order timeout\nhand off: queue:shop ok\nend: handed_off")
    assert set(coverage.counts["timers"]) == {"flow.placing timeout 8s", "patience.wait"}
    assert "flow.human timeout 20s" in coverage.missing("timers")


def test_the_drawing_shows_conditions_and_timers() -> None:
    """A row whose condition held every time is half covered; beside the times it was taken stand those that it did not hold, and time-outs."""
    many = "caller: nine\nstate: many\ncaller: goodbye\nend: left"
    placed = "caller: two\ncaller: 4829\ncaller: yes\ntool: order {}\nhand off: queue:shop ok\nend: handed_off"
    half, whole = covered(many), covered(many, placed.format("timeout"), placed.format("failed"))
    row = next(ident for ident, text in half.labels().items() if "else" in text)
    assert (half.colours()[row], half.labels()[row]) == (HALF, "×1, else ×0")
    assert (whole.colours()[row], whole.labels()[row]) == (TAKEN, "×1, else ×2")
    assert "×2, timeout ×1" in whole.labels().values()


def test_walks_cover_all_rows_and_the_drawing_shows_it() -> None:
    coverage = Coverage.of(shop())
    walk_flow(shop(), walks=150, seed=3, watch=coverage.see)
    assert coverage.percent("rows") > 85
    assert set(coverage.colours().values()) <= {TAKEN, HALF, MISSED}
    assert coverage.colours()["s_count"] == TAKEN
    assert coverage.labels()["r_01"].startswith("×")
    pytest.importorskip("pygraphviz", reason="the extra [diagrams] is not installed")
    assert TAKEN in coverage.svg()
