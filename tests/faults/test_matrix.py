"""Each fault on each stage, and each stage in each state of the turn, in real calls against real provider processes: ``outcomes.py`` holds.

Half of the cells run on asyncio, half on trio. All crossings: ``python -m tests.faults.matrix``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from fsm_agents.pipelines import realtime_line
from fsm_agents.plugins.openai import asking
from fsm_agents.testing.provider import FAULTS, ProviderServer
from tests.faults.cells import Cell, Result
from tests.faults.lanes import providers
from tests.faults.matrix import every_state, play_all, slow_first
from tests.faults.outcomes import ALLOWED, FALLBACK, LASTING, ONCE, STAGES, STATE_FAULT, STATES, TURN_STATES

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]

FALLBACKS = [
    Cell(fault, stage, fallback=True) for fault, stage in zip(("401", "500", "half", "stall", "quota"), STAGES, strict=False)
]


@pytest.fixture(scope="module")
def servers() -> Iterator[list[ProviderServer]]:
    with providers(12) as running:
        yield running


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix divides these; here they come back."""
    monkeypatch.setattr(asking, "_FIRST_WAIT", asking._FIRST_WAIT)
    for name in ("FREE_AFTER", "LinkDriver"):
        monkeypatch.setattr(realtime_line, name, getattr(realtime_line, name))


def expected(cell: Cell) -> str:
    """What the tables say."""
    if cell.fallback:
        return FALLBACK[cell.fault][STAGES.index(cell.stage)]
    table, row = (STATES, cell.moment) if cell.moment != "first turn" else (LASTING if cell.lasts else ONCE, cell.fault)
    return table[row][STAGES.index(cell.stage)]


def half(cells: list[Cell], backend: str) -> list[Cell]:
    """Every second pair of cells; the others run on the other backend."""
    return [cell for number, cell in enumerate(cells) if number // 2 % 2 == (backend == "trio")]


def test_the_tables_have_every_fault_and_every_state() -> None:
    assert FAULTS.keys() - LASTING.keys() == FAULTS.keys() - ONCE.keys() == set()
    assert tuple(STATES) == TURN_STATES
    assert {len(row) for table in (LASTING, ONCE, STATES) for row in table.values()} == {len(STAGES)}
    outcomes = {
        part
        for table in (LASTING, ONCE, STATES)
        for row in table.values()
        for cell in row
        for part in cell.replace(" or ", " → ").split(" → ")
    }
    assert outcomes <= ALLOWED


def wrong_with(result: Result) -> list[str]:
    """In what it is not as told."""
    told = [] if result.outcome in expected(result.cell).split(" or ") else [f"not {expected(result.cell)}"]
    return [f"{result.cell}: {result.outcome}: {what}" for what in (*told, *result.wrong)]


CELLS = {
    "faults": [
        Cell(fault, stage, lasts=(row + column) % 2 == 0)  # each pair once; both ways, on one loop: the command with --quick
        for row, fault in enumerate(slow_first(LASTING))
        for column, stage in enumerate(STAGES)
    ],
    "states": [cell for cell in every_state(STATE_FAULT) if cell.moment != "first turn"],
    "fallback": FALLBACKS,
}


@pytest.mark.parametrize("which", CELLS)
async def test_what_comes_of_it(
    servers: list[ProviderServer], caplog: pytest.LogCaptureFixture, anyio_backend_name: str, which: str
) -> None:
    """The outcome of the table; and in every call: no stuck state, no long silence, no lost words, no key in the log.

    These calls run on the real clock, at five times its speed and many at a time. One that came out differently is held again, alone: what
    is wrong with the code is wrong again, what was a machine that came late is not.
    """
    caplog.set_level(logging.DEBUG, "fsm_agents")
    results = await play_all(half(CELLS[which], anyio_backend_name), servers, warm=which == "faults")
    again = [each.cell for each in results if wrong_with(each)]
    results = await play_all(again, servers[-2:], warm=False)
    wrong = [line for each in results for line in wrong_with(each)]
    assert wrong == [], "\n".join(wrong)
    assert servers[0].key not in caplog.text


async def test_a_call_that_goes_wrong_is_found_out(servers: list[ProviderServer]) -> None:
    """The matrix itself: a call without a fault in the place of one with is not what the table says."""
    (result,) = await play_all([Cell("", "chat")], servers[-2:], warm=False)
    assert isinstance(result, Result)
    assert (result.outcome, result.wrong) == ("answered", [])
