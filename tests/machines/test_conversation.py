"""The conversation, explored exhaustively: every order of events and timers, every property, every row and cell accounted for."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.fsm.check import check
from fsm_agents.fsm.explore import Report, explore
from fsm_agents.fsm.rows import ALWAYS, Kind, Row
from fsm_agents.fsm.table import key_name, state_name
from fsm_agents.machines import effects
from fsm_agents.machines.joined import TABLES
from fsm_agents.machines.responses import PROPERTIES
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.world import USUAL, voice_world
from tests.machines.test_small_worlds import LOSSES

WORKING = (Kind.ROW, Kind.AFTER, Kind.ALWAYS)
ONLY_WHEN_FINALS_END_TURNS = {"ends_turn"}


@pytest.fixture(scope="module")
def report() -> Report[Talk]:
    """The largest of the usual searches, once for all tests of this file."""
    return explore(voice_world(USUAL[-1]), PROPERTIES)


@pytest.fixture(scope="module")
def losses() -> list[Report[Talk]]:
    """Two smaller ones, in which speech-to-text fails. The others are in test_small_worlds."""
    return [explore(voice_world(bounds), PROPERTIES) for bounds in LOSSES]


def test_every_property_holds_in_every_reachable_state(report: Report[Talk]) -> None:
    assert report.findings == []
    assert report.complete
    assert len(report.graph.nodes) > 10_000  # a space that shrinks to nothing proves nothing


@pytest.mark.parametrize("place", range(len(LOSSES)))
def test_every_property_holds_when_words_are_lost(losses: list[Report[Talk]], place: int) -> None:
    assert losses[place].findings == []
    assert losses[place].complete


def test_every_row_is_taken(report: Report[Talk], losses: list[Report[Talk]]) -> None:
    working = [(name, row) for name, table in TABLES.items() for row in table.rows if row.kind in WORKING]
    idle = [
        f"{name}: {row.where}"
        for name, row in working
        if row not in report.taken.union(*(each.taken for each in losses)) and _guard(row) not in ONLY_WHEN_FINALS_END_TURNS
    ]
    assert idle == []


def _guard(row: Row[Any, Any]) -> str:
    return str(getattr(row.when, "__name__", ""))


def test_every_cell_that_is_not_never_is_delivered(report: Report[Talk], losses: list[Report[Talk]]) -> None:
    missing = [
        f"{name}: {state_name(state)} on {key_name(key)} never comes: spell it never(…)"
        for name, table in TABLES.items()
        for (state, key), rows in table.cells.items()
        if key != ALWAYS
        and rows[-1].kind is not Kind.NEVER
        and (name, state, key) not in report.cells.union(*(each.cells for each in losses))
    ]
    assert missing == []


def test_every_effect_occurs(report: Report[Talk]) -> None:
    assert set(effects.__all__) - {effect.__name__ for effect in report.effects} == set()


def test_the_tables_have_no_problem() -> None:
    assert [str(problem) for table in TABLES.values() for problem in check(table) if problem.error] == []


def test_nineteen_ways_to_be_in_conversation_became_thirty_six(report: Report[Talk]) -> None:
    """Caller, reply and turn in a running session: few enough to list, many more than a flat table could show."""
    assert len({states[1:] for states in report.combinations if states[0] == "RUNNING"}) == 36
