"""What follows from a table's rows alone: where a state can go, which rows can never be taken, which ``always`` rows never end.

Nothing is run here and no guard is asked: guards are only compared with each other. For :mod:`fsm_agents.fsm.check`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from fsm_agents.fsm.nesting import chain
from fsm_agents.fsm.rows import ALWAYS, All, Group, History, Level, Row, Stay
from fsm_agents.fsm.table import Cell, StateTable

__all__ = [
    "Universe", "atoms", "contradict", "ends", "idle_cycles", "implies", "nearness", "never_rests", "reached", "shadow", "ways",
]  # fmt: skip

Universe: TypeAlias = "Mapping[str, Sequence[Any]]"
"""The states of the joined machines by name, as far as they are known; it decides what a negated level leaves over."""


def atoms(when: object) -> tuple[object, ...]:
    """What a guard consists of: all of them must hold. Nothing for a row without a guard."""
    if isinstance(when, All):
        return tuple(atom for part in when.guards for atom in atoms(part))
    return () if when is None else (when,)


def implies(later: object, earlier: object, universe: Universe) -> bool:
    """Whether the guard ``earlier`` surely holds whenever ``later`` does: its row then always wins if it stands above."""
    return all(any(_within(atom, goal, universe) for atom in atoms(later)) for goal in atoms(earlier))


def _within(one: object, goal: object, universe: Universe) -> bool:
    if not (isinstance(one, Level) and isinstance(goal, Level) and one.machine == goal.machine):
        return one == goal
    return contradict([one, Level(goal.machine, goal.states, negated=not goal.negated)], universe)


def contradict(guards: Sequence[object], universe: Universe) -> bool:
    """Whether the level guards among these can never hold together."""
    levels = [guard for guard in guards if isinstance(guard, Level)]
    for machine in {level.machine for level in levels}:
        here = [level for level in levels if level.machine == machine]
        wanted = [set(level.states) for level in here if not level.negated]
        wanted += [set(universe[machine])] if machine in universe else []
        if wanted and not set.intersection(*wanted) - {state for level in here if level.negated for state in level.states}:
            return True
    return False


def ways(table: StateTable[Any, Any], state: Hashable) -> Iterator[tuple[Row[Any, Any], Any]]:
    """The rows of a state that lead somewhere, each with a leaf it may lead to: itself, if it is named again."""
    for rows in (rows for (where, _), rows in table.cells.items() if where == state):
        for place, row in enumerate(rows):
            if isinstance(row.to, Stay) or any(above.when is None for above in rows[:place]):
                continue
            if isinstance(row.to, History):
                for leaf in table.nest.leaves(row.to.group):
                    yield row, leaf
            else:
                yield row, table.nest.landing(row.to)


def reached(table: StateTable[Any, Any]) -> set[Any]:
    """The states that some row, or row after row, leads to from the start."""
    found, fresh = {table.start}, [table.start]
    while fresh:
        for _, to in _first_ways(table, fresh.pop()):
            if to not in found:
                found.add(to)
                fresh.append(to)
    return found


def _first_ways(table: StateTable[Any, Any], state: Hashable) -> Iterator[tuple[Row[Any, Any], Any]]:
    """As :func:`ways`, but history leads only where its group, or a child of it, begins: the rest of it was reached before."""
    for row, to in ways(table, state):
        if not isinstance(row.to, History):
            yield row, to
            continue
        group: Group[Any] = row.to.group
        begins = {table.nest.landing(group)} | (set() if group.deep else set(map(table.nest.landing, group.states)))
        if to in begins:
            yield row, to


def ends(table: StateTable[Any, Any]) -> set[Any]:
    """The states from which some way leads to a final state (a final state is one of them)."""
    found = set(table.final)
    before = -1
    while before != len(found):
        before = len(found)
        found |= {state for state in table.members if any(to in found for _, to in ways(table, state))}
    return found


def nearness(table: StateTable[Any, Any], state: Hashable, row: Row[Any, Any]) -> object:
    """Where a row was written for a state: equal for two rows on the state itself, on the same group, or both anywhere."""
    if row.everywhere or state in row.states:
        return row.everywhere
    return next(part for part in row.states if state in table.nest.leaves(part))


def shadow(cell: Cell, place: int, universe: Universe) -> Row[Any, Any] | None:
    """The row above the one at ``place`` that wins whenever that one could be taken."""
    return next((above for above in cell[:place] if implies(cell[place].when, above.when, universe)), None)


def never_rests(table: StateTable[Any, Any], state: Hashable, universe: Universe) -> Row[Any, Any] | None:
    """The last of the ``always`` rows that together always lead out of the state, if they do."""
    left: list[Level] = []
    for row in table.cell(state, ALWAYS):
        parts = atoms(row.when)
        if not parts and not isinstance(row.to, Stay):
            return row
        if len(parts) == 1 and isinstance(parts[0], Level) and not isinstance(row.to, Stay):
            left.append(Level(parts[0].machine, parts[0].states, negated=not parts[0].negated))
            if contradict(left, universe):
                return row
    return None


def idle_cycles(table: StateTable[Any, Any], universe: Universe) -> Iterator[tuple[Row[Any, Any], ...]]:
    """The rings of ``always`` rows that once begun never end: they do nothing on the way, and their guards can hold together."""
    told: set[frozenset[Any]] = set()
    for start in table.members:
        for ring, states in _rings(table, start, start, (), (start,), universe):
            if frozenset(states) not in told:
                told.add(frozenset(states))
                yield ring


_Path: TypeAlias = "tuple[Row[Any, Any], ...]"


def _rings(
    table: StateTable[Any, Any], start: Any, state: Any, path: _Path, seen: tuple[Any, ...], universe: Universe
) -> Iterator[tuple[_Path, tuple[Any, ...]]]:
    for row in table.cell(state, ALWAYS):
        if isinstance(row.to, History):
            continue
        to = state if isinstance(row.to, Stay) else table.nest.landing(row.to)
        ring = (*path, row)
        if chain(table, state, to, row) or not _together(ring, universe):
            continue
        if to == start:
            yield ring, seen
        elif to not in seen:
            yield from _rings(table, start, to, ring, (*seen, to), universe)


def _together(rows: tuple[Row[Any, Any], ...], universe: Universe) -> bool:
    """Whether these guards may all hold at once. Two different functions may exclude each other: not said then."""
    parts = [atom for row in rows for atom in atoms(row.when)]
    questions = [part for part in parts if not isinstance(part, Level)]
    return all(part == questions[0] for part in questions) and not contradict(parts, universe)
