"""Flattening: nested groups and ``anywhere`` rows become plain cells of leaf states. Pure; used only while a table is built."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fsm_agents.fsm.rows import Action, Group, History, Key, Kind, Row, Stay

if TYPE_CHECKING:
    from fsm_agents.fsm.table import Cell, StateTable

__all__ = ["Nest", "chain", "flatten", "named_groups"]


def named_groups(rows: Sequence[Row[Any, Any]]) -> list[Group[Any]]:
    """The groups that rows name as source or destination."""
    found: list[Group[Any]] = []
    for row in rows:
        found += [state for state in row.states if isinstance(state, Group)]
        target = row.to.group if isinstance(row.to, History) else row.to
        if isinstance(target, Group):
            found.append(target)
    return found


class Nest:
    """Which groups each state is in, innermost first."""

    def __init__(self, states: Sequence[Hashable], groups: Iterable[Group[Any]]) -> None:
        self.groups: dict[int, Group[Any]] = {}
        self.paths: dict[Hashable, tuple[Group[Any], ...]] = dict.fromkeys(states, ())
        for group in groups:
            self._add(group)
        for group in sorted(self.groups.values(), key=_height, reverse=True):
            for leaf in self.leaves(group):
                self.paths[leaf] = (group, *self.paths.get(leaf, ()))

    def _add(self, group: Group[Any]) -> None:
        if id(group) not in self.groups:
            self.groups[id(group)] = group
            for inner in group.states:
                if isinstance(inner, Group):
                    self._add(inner)

    def leaves(self, part: object) -> tuple[Any, ...]:
        """The leaf states of a state or group."""
        if not isinstance(part, Group):
            return (part,)
        return tuple(dict.fromkeys(leaf for inner in part.states for leaf in self.leaves(inner)))

    def landing(self, part: object) -> Any:
        """The leaf state that going to ``part`` enters."""
        while isinstance(part, Group):
            part = part.start
        return part

    def crossed(self, source: Hashable, dest: Hashable) -> tuple[list[object], list[object]]:
        """What is left, innermost first, and what is entered, outermost first, going from one leaf to another."""
        shared = set(map(id, self.paths[source])) & set(map(id, self.paths[dest]))
        left: list[object] = [source, *(group for group in self.paths[source] if id(group) not in shared)]
        entered: list[object] = [dest, *(group for group in self.paths[dest] if id(group) not in shared)]
        return left, entered[::-1]


def _height(part: object) -> int:
    """How many groups deep: an outer group is always higher than what it holds, even if both hold the same states."""
    return 1 + max(map(_height, part.states), default=0) if isinstance(part, Group) else 0


def flatten(table: StateTable[Any, Any]) -> dict[tuple[Any, Key], Cell]:
    """Every decided cell with its rows, nearest first; within one nearness in row order, a drop or never last."""
    ranked: dict[tuple[Any, Key], list[tuple[int, int, Row[Any, Any]]]] = {}
    for order, row in enumerate(table.rows):
        if row.kind in (Kind.OWES, Kind.ENTER, Kind.LEAVE):
            continue
        last = 1 if row.kind in (Kind.DROP, Kind.NEVER) else 0
        for state, depth in _places(table, row):
            for key in row.on:
                ranked.setdefault((state, key), []).append((depth * 2 + last, order, row))
    return {cell: tuple(row for _, _, row in sorted(found, key=lambda f: f[:2])) for cell, found in ranked.items()}


def _places(table: StateTable[Any, Any], row: Row[Any, Any]) -> list[tuple[Any, int]]:
    """The leaf states a row stands in, with how far out it was written (0: on the state itself)."""
    if row.everywhere:
        return [(state, 1000) for state in table.members if state not in row.but]
    if not table.nest.groups:
        return [(state, 0) for state in row.states]
    places: list[tuple[Any, int]] = []
    for part in row.states:
        for leaf in table.nest.leaves(part):
            path = table.nest.paths.get(leaf, ())
            depth = 1 + [id(g) for g in path].index(id(part)) if isinstance(part, Group) else 0
            places.append((leaf, depth))
    return places


def chain(table: StateTable[Any, Any], source: Any, dest: Any, row: Row[Any, Any]) -> tuple[Action[Any, Any], ...]:
    """The actions of one move in order: exits innermost first, the row's own, entries outermost first (as in SCXML)."""
    if isinstance(row.to, Stay) or not (table.hooks[Kind.LEAVE] or table.hooks[Kind.ENTER]):
        return row.do
    left, entered = table.nest.crossed(source, dest)
    return (*_hooks(table, Kind.LEAVE, left), *row.do, *_hooks(table, Kind.ENTER, entered))


def _hooks(table: StateTable[Any, Any], kind: Kind, parts: list[object]) -> list[Action[Any, Any]]:
    return [do for part in parts for row in table.hooks[kind] if any(part is s or part == s for s in row.states) for do in row.do]
