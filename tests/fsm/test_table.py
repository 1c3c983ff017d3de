"""A table read as data: its states, alphabet, timers, cells, and copies with a row taken out."""

from __future__ import annotations

from enum import Enum

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.rows import STAY, Row, Timer, after, always, anywhere, drop, never, owes, row
from fsm_agents.fsm.table import StateTable, key_name, state_name

RING = Timer("ring", 30.0)
HOLD = Timer("hold")


class Call(Enum):
    IDLE = "nobody calls"
    RINGING = "somebody calls"
    TALKING = "two people talk"
    OVER = "the call is over"


class Dialled:
    pass


class PickedUp:
    pass


class HungUp:
    pass


def is_held(event: object, data: object) -> bool:
    return False


def rows() -> list[Row[Call, object]]:
    # fmt: off
    return [
        row     (Call.IDLE,     Dialled,   Call.RINGING               ),
        never   (Call.IDLE,     PickedUp, HungUp                      ),
        row     (Call.RINGING,  PickedUp,  Call.TALKING               ),
        after   (Call.RINGING,  RING,      Call.OVER                  ),
        after   (Call.TALKING,  HOLD,      Call.OVER                  ),
        after   (Call.TALKING,  RING,      Call.TALKING               ),
        always  (Call.TALKING,  Call.OVER, when=is_held               ),
        drop    ((Call.RINGING, Call.TALKING, Call.OVER), Dialled     ),
        drop    ((Call.TALKING, Call.OVER), PickedUp                  ),
        owes    (Call.IDLE,     "somebody dials"                      ),
        anywhere(HungUp,        Call.OVER, but=(Call.IDLE,)           ),
    ]
    # fmt: on


@pytest.fixture
def call() -> StateTable[Call, object]:
    return StateTable("call", Call, Call.IDLE, rows(), final=(Call.OVER,))


def test_states_and_alphabet_come_in_the_order_they_are_written(call: StateTable[Call, object]) -> None:
    assert call.members == tuple(Call)
    assert call.events == (Dialled, PickedUp, HungUp)
    assert call.timers == (RING, HOLD)


def test_names_of_states_events_and_timers() -> None:
    assert (state_name(Call.IDLE), state_name("idle"), state_name(3)) == ("IDLE", "idle", "3")
    assert (key_name(Dialled), key_name("dial"), key_name(RING), key_name("always")) == (
        "Dialled",
        "dial",
        "after ring",
        "always",
    )


def test_a_cell_holds_the_rows_in_the_order_they_are_tried(call: StateTable[Call, object]) -> None:
    assert [made.to for made in call.cell(Call.RINGING, PickedUp)] == [Call.TALKING]
    assert [made.to for made in call.cell(Call.OVER, HungUp)] == [Call.OVER]
    assert call.cell(Call.OVER, RING) == ()


def test_a_state_owns_the_timers_of_its_after_rows(call: StateTable[Call, object]) -> None:
    assert call.timers_of(Call.RINGING) == (RING,)
    assert call.timers_of(Call.TALKING) == (RING, HOLD)
    assert call.timers_of(Call.IDLE) == ()


def test_owed_says_who_a_state_waits_for(call: StateTable[Call, object]) -> None:
    assert call.owed(Call.IDLE) == "somebody dials"
    assert call.owed(Call.RINGING) == ""


def test_a_state_is_found_by_name_or_refused_with_what_there_is(call: StateTable[Call, object]) -> None:
    assert call.state("TALKING") is Call.TALKING
    with pytest.raises(MisuseError, match="call: no state 'BUSY'; states: IDLE, RINGING, TALKING, OVER"):
        call.state("BUSY")


def test_one_engine_serves_all_sessions(call: StateTable[Call, object]) -> None:
    assert call.engine is call.engine
    assert call.engine.table is call


def test_without_leaves_a_hole_that_drops_the_event(call: StateTable[Call, object]) -> None:
    (dialled,) = call.cell(Call.IDLE, Dialled)
    mutant = call.without(dialled)
    assert len(mutant.rows) == len(call.rows) - 1
    assert mutant.engine.step(mutant.engine.start(None), Dialled()) is None
    assert call.engine.step(call.engine.start(None), Dialled()) == ()


def test_without_may_put_another_row_in_its_place(call: StateTable[Call, object]) -> None:
    (dialled,) = call.cell(Call.IDLE, Dialled)
    mutant = call.without(dialled, row(Call.IDLE, Dialled, STAY))
    assert mutant.rows[0].to is STAY
    assert mutant.rows[1:] == call.rows[1:]


def test_states_may_be_plain_names() -> None:
    table: StateTable[str, object] = StateTable(
        "door", ["open", "shut"], "open", [row("open", "push", "shut"), row("shut", "push", "open")]
    )
    assert table.members == ("open", "shut")
    assert table.state("shut") == "shut"


def test_a_table_is_frozen_and_readable(call: StateTable[Call, object]) -> None:
    assert repr(call) == "<StateTable call: 4 states, 11 rows>"
    assert isinstance(call.rows, tuple)
    with pytest.raises(AttributeError):
        call.name = "other"  # type: ignore[misc]
