"""A table as a picture before it is written down: nodes, boxes and arrows with their ids and labels, in a fixed order.

Mermaid, DOT and the sketch all draw this, so that they agree. What is drawn once: a row of a group starts at the group's box, an
``anywhere`` row at a note. A row that stays is a line inside its state; drops and nevers are left to the matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from fsm_agents.fsm.draw_words import actions, function_name, goal, identifiers, key_text, numbers, places, row_id, sentence
from fsm_agents.fsm.rows import Group, History, Kind, Row, Stay
from fsm_agents.fsm.table import StateTable, state_name

__all__ = ["Arrow", "Box", "Line", "Node", "Picture", "picture"]


@attrs.frozen
class Line:
    """What a row that stays adds to its node: a label and the number of the row."""

    label: str
    row: int


@attrs.frozen
class Node:
    """A state; or the note that ``anywhere`` rows start from (``note``)."""

    id: str
    title: str
    meaning: str = ""
    lines: tuple[Line, ...] = ()
    start: bool = False
    final: bool = False
    note: bool = False


@attrs.frozen
class Box:
    """A group with what is inside it; ``start`` is the id of what going to the group enters."""

    id: str
    title: str
    start: str
    inside: tuple[Node | Box, ...]

    def leaves(self) -> Iterator[Node]:
        """The states inside, however deep."""
        for part in self.inside:
            yield from part.leaves() if isinstance(part, Box) else (part,)


@attrs.frozen
class Arrow:
    """One arrow of a row: between the ids of two nodes or boxes. ``id`` is unique, ``row`` is the number of its row."""

    id: str
    row: int
    source: str
    dest: str
    label: str


@attrs.frozen
class Picture:
    """Everything that is drawn of a table."""

    name: str
    parts: tuple[Node | Box, ...]
    arrows: tuple[Arrow, ...]

    def nodes(self) -> Iterator[Node]:
        """Every node, those inside boxes too."""
        for part in self.parts:
            yield from part.leaves() if isinstance(part, Box) else (part,)

    def boxes(self) -> dict[str, Box]:
        """Every box by id, outer before inner."""
        found: dict[str, Box] = {}
        waiting = [part for part in self.parts if isinstance(part, Box)]
        while waiting:
            box = waiting.pop(0)
            found[box.id] = box
            waiting += [part for part in box.inside if isinstance(part, Box)]
        return found


def picture(table: StateTable[Any, Any]) -> Picture:
    """What is drawn of ``table``."""
    return _Painter(table).paint()


class _Painter:
    def __init__(self, table: StateTable[Any, Any]) -> None:
        self.table = table
        self.numbers = numbers(table)
        self.ids: dict[object, str] = dict(zip(table.members, identifiers(map(state_name, table.members), "s_"), strict=True))
        self.groups = _drawable(table)
        self.boxes = dict(zip(map(id, self.groups), identifiers((g.name for g in self.groups), "g_"), strict=True))
        notes = list(dict.fromkeys(places(row) for row in table.rows if row.everywhere))
        self.notes = dict(zip(notes, identifiers(notes, "n_"), strict=True))
        self.lines: dict[str, list[Line]] = {}

    def paint(self) -> Picture:
        arrows = [arrow for row, number in self.numbers.items() for arrow in self._row(row, number)]
        parts = self._inside(self.table.members, self.groups)
        parts += [Node(key, title, lines=tuple(self.lines.get(key, ())), note=True) for title, key in self.notes.items()]
        return Picture(self.table.name, tuple(parts), tuple(arrows))

    def _inside(self, states: Sequence[Any], groups: list[Group[Any]]) -> list[Node | Box]:
        """The outermost of ``groups`` as boxes, then the states that are in none of them."""
        outer = [group for group in groups if not any(_within(other, group) for other in groups)]
        boxed = {leaf for group in outer for leaf in self.table.nest.leaves(group)}
        return [*map(self._box, outer), *(self._node(state) for state in states if state not in boxed)]

    def _box(self, group: Group[Any]) -> Box:
        hooks = [f"{row.kind.value} / {actions(row)}" for row in self._hooks() if any(part is group for part in row.states)]
        title = " · ".join([group.name, *hooks])
        inside = self._inside(self.table.nest.leaves(group), [other for other in self.groups if _within(group, other)])
        return Box(self.boxes[id(group)], title, self.ids[self.table.nest.landing(group)], tuple(inside))

    def _node(self, state: Any) -> Node:
        table, key = self.table, self.ids[state]
        hooks = [Line(f"{row.kind.value} / {actions(row)}", self.numbers[row]) for row in self._hooks() if state in row.states]
        lines = (*hooks, *self.lines.get(key, ()))
        return Node(key, state_name(state), sentence(state), lines, state == table.start, state in table.final)

    def _hooks(self) -> list[Row[Any, Any]]:
        return [row for row in self.table.rows if row.kind in (Kind.ENTER, Kind.LEAVE)]

    def _row(self, row: Row[Any, Any], number: int) -> list[Arrow]:
        if row.kind not in (Kind.ROW, Kind.AFTER, Kind.ALWAYS):
            return []
        label = _label(row)
        if isinstance(row.to, Stay):
            for key in self._standing(row):
                self.lines.setdefault(key, []).append(Line(label, number))
            return []
        ways = list(dict.fromkeys(self._ways(row, row.to.group if isinstance(row.to, History) else row.to)))
        ids = [row_id(number)] if len(ways) == 1 else [f"{row_id(number)}_{n}" for n in range(1, len(ways) + 1)]
        return [Arrow(key, number, source, dest, label) for key, (source, dest) in zip(ids, ways, strict=True)]

    def _standing(self, row: Row[Any, Any]) -> list[str]:
        if row.everywhere:
            return [self.notes[places(row)]]
        return [self.ids[leaf] for part in row.states for leaf in self.table.nest.leaves(part)]

    def _ways(self, row: Row[Any, Any], target: object) -> Iterator[tuple[str, str]]:
        """From where to where: a group's box stands for its states, unless the other end is inside it."""
        leaves, landing = self.table.nest.leaves, self.table.nest.landing
        if row.everywhere:
            yield self.notes[places(row)], self.boxes.get(id(target)) or self.ids[landing(target)]
        for part in row.states:
            apart = not set(leaves(part)) & set(leaves(target))
            dest = self.boxes.get(id(target), "") if apart else ""
            source = self.boxes.get(id(part), "") if apart else ""
            for start in [source] if source else [self.ids[leaf] for leaf in leaves(part)]:
                yield start, dest or self.ids[landing(target)]


def _drawable(table: StateTable[Any, Any]) -> list[Group[Any]]:
    """The groups that can be boxes: of any two, one is inside the other or they share nothing. Others are expanded."""
    groups = list(table.nest.groups.values())
    leaves = {id(group): set(table.nest.leaves(group)) for group in groups}

    def apart(one: Group[Any], other: Group[Any]) -> bool:
        return one is other or _within(one, other) or _within(other, one) or not leaves[id(one)] & leaves[id(other)]

    return [group for group in groups if all(apart(group, other) for other in groups)]


def _within(outer: Group[Any], inner: Group[Any]) -> bool:
    return any(part is inner or (isinstance(part, Group) and _within(part, inner)) for part in outer.states)


def _label(row: Row[Any, Any]) -> str:
    words = ", ".join(map(key_text, row.on))
    words += f" [{function_name(row.when)}]" if row.when else ""
    words += f" / {actions(row)}" if row.do else ""
    return words + (f" ({goal(row)})" if isinstance(row.to, History) else "")
