"""What a search showed about the tables themselves: rows never taken, cells that should say ``never`` and cells that wrongly do.

The codes T300 to T306 stand in :mod:`fsm_agents.fsm.check`. Searching is :mod:`fsm_agents.fsm.explore`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from fsm_agents.fsm.explore import Report
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.rows import ALWAYS, Key, Kind, Row, Timer
from fsm_agents.fsm.table import StateTable, key_name, state_name
from fsm_agents.fsm.verify import Problem

__all__ = ["check_explored"]


@attrs.frozen
class _Seen:
    """What all the searches showed of one machine."""

    taken: set[Row[Any, Any]]
    cells: set[tuple[Any, Key]]
    refused: set[tuple[Any, Key]]
    tried: set[Any]
    states: set[Any]

    @classmethod
    def of(cls, machine: str, reports: Sequence[Report[Any]]) -> _Seen:
        cells = {(state, key) for report in reports for name, state, key in report.cells if name == machine}
        refused = {(state, key) for report in reports for name, state, key in report.refused if name == machine}
        nodes = [pair for report in reports for pair in zip(report.graph.nodes, report.graph.edges, strict=True)]
        tried = {data.cell(machine).state for data, edges in nodes if edges}  # a world's stop= leaves others without edges
        states = {data.cell(machine).state for data, _ in nodes} | {state for state, _ in cells}
        return cls(set().union(*(report.taken for report in reports)), cells, refused, tried, states)

    @property
    def heard(self) -> set[Key]:
        """The events and timers that came in some state."""
        return {key for _, key in self.cells}


def check_explored(
    joint: Joint[Any], report: Report[Any], *more: Report[Any], effects: Iterable[type[Any]] = ()
) -> list[Problem]:
    """Hold the tables against what searches delivered.

    Args:
        joint: The machines that were searched.
        report: What :func:`~fsm_agents.fsm.explore.explore` returned. If it is not complete, what never happened may still
            happen: those findings are warnings then.
        more: Reports of further worlds of the same tables (another setting): what came in one of them came.
        effects: The classes of effects that must come out somewhere.

    Returns:
        The problems in the order of the machines and their lines; empty if there are none.
    """
    found: list[Problem] = []
    reports = (report, *more)
    for machine, table in joint.tables.items():
        told = _machine(table, _Seen.of(machine, reports))
        found += sorted(told, key=lambda problem: (problem.where.file, problem.where.line) if problem.where else ("", 0))
    missing = set(effects).difference(*(report.effects for report in reports))
    for name in sorted(effect.__name__ for effect in missing):
        found.append(Problem("T305", f"{joint.name}: {name} never comes out: add the row that returns it, or delete it."))
    if not all(report.complete for report in reports):
        doubtful = [Problem(p.code, p.message, p.where, error=p.code == "T304") for p in found]
        nodes = max(len(report.graph.nodes) for report in reports)
        said = f"{joint.name}: a search was cut off after {nodes} joint states: raise limit=, or bound what grows in its data."
        return [Problem("T300", said, error=False), *doubtful]
    return found


def _machine(table: StateTable[Any, Any], seen: _Seen) -> Iterator[Problem]:
    heard = seen.heard
    yield from _strangers(table, seen, heard)
    for (state, key), rows in table.cells.items():
        name, on = state_name(state), key_name(key)
        if (state, key) in seen.refused:
            never = next(row for row in rows if row.kind is Kind.NEVER)
            text = f"{on} came in {name}, where it never does: write row({name}, {on}, …) or drop({name}, {on}), or stop it."
            yield Problem("T304", text, never.where)
        elif rows[0].kind in (Kind.ROW, Kind.DROP) and state in seen.tried and key in heard and (state, key) not in seen.cells:
            yield Problem("T302", f"{on} never came in {name}: write never({name}, {on}) instead.", rows[0].where)
    yield from _idle(table, seen)


def _strangers(table: StateTable[Any, Any], seen: _Seen, heard: set[Key]) -> Iterator[Problem]:
    """States that were never reached and events that never came; their cells are not told one by one."""
    for state in table.members:
        if state not in seen.states:
            where = next((rows[0].where for (stands, _), rows in table.cells.items() if stands == state), None)
            yield Problem("T303", f"{state_name(state)} was never reached: mend the rows that lead there, or delete it.", where)
    for event in table.events:
        rows = [row for row in table.rows if event in row.on and row.kind is not Kind.NEVER]
        if rows and event not in heard:
            text = f"{key_name(event)} never came at all: offer it among the stimuli, or delete its rows."
            yield Problem("T306", text, rows[0].where)


def _idle(table: StateTable[Any, Any], seen: _Seen) -> Iterator[Problem]:
    """Rows that could have been taken and never were."""
    for row in table.rows:
        if row.kind not in (Kind.ROW, Kind.AFTER, Kind.ALWAYS) or row in seen.taken:
            continue
        (key,) = row.on
        stands = [state for state in table.members if state in seen.states and row in table.cell(state, key)]
        own = isinstance(key, Timer) or key == ALWAYS
        if any((state, key) in seen.cells for state in stands) or (stands and own):
            names = ", ".join(map(state_name, stands))
            asked = getattr(row.when, "__name__", "") if row.when else ""
            why = f"{asked or 'its guard'} never held there" if row.when else "another row won, or the state was left first"
            text = f"this row of {names} on {key_name(key)} was never taken: {why}. Delete it, or widen what is explored."
            yield Problem("T301", text, row.where)
