"""A flow as a picture before it is written down: nodes, boxes and arrows with their ids and labels, in a fixed order.

Mermaid, DOT and the layered sketch all draw this, so that they agree. A sub-flow and a group are boxes. What holds in many states is
drawn once: rows of ``any`` state, of a group, and of a state that runs a sub-flow start from one note. A row that does not leave its
state is a line inside it; several rows between the same two states share one arrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, TypeAlias

import attrs

from fsm_agents.flows.draw.cells import clean, label, short
from fsm_agents.flows.draw.names import Ids
from fsm_agents.flows.machine.flat import FlatFlow, FlatState, Scope
from fsm_agents.flows.spec import RowSpec
from fsm_agents.flows.syntax import EndedWith, Goto, Trigger, Visit, prompt_text

__all__ = ["KINDS", "Arrow", "Box", "Kind", "Line", "Node", "Picture", "picture"]

Kind: TypeAlias = Literal["ask", "say", "talk", "tool", "handoff", "end", "inner", "any"]

KINDS: Mapping[Kind, str] = {
    "ask": "asks for a value",
    "say": "says something",
    "talk": "the model talks",
    "tool": "calls a tool",
    "handoff": "hands the caller over",
    "end": "an end of the flow",
    "inner": "an end of a sub-flow",
    "any": "rows of many states",
}
"""What each kind of node means; a legend."""


@attrs.frozen
class Line:
    """A row in a few words, and its id."""

    text: str
    row: str


@attrs.frozen
class Node:
    """A state, or (kind ``any``) the note that rows of many states start from.

    Args:
        id: ``s_identify_phone``; of a note ``n_…``.
        title: Its name in its own file; of a note what it holds for.
        kind: What it does.
        about: More about that: the tool, the outcome; may be empty.
        says: What is said on entering it, shortened.
        lines: The rows that stay in it.
        start: Whether the flow begins here.
    """

    id: str
    title: str
    kind: Kind
    about: str = ""
    says: str = ""
    lines: tuple[Line, ...] = ()
    start: bool = False


@attrs.frozen
class Box:
    """A sub-flow or a group with what is inside; ``start`` is the id of the node that running the sub-flow enters."""

    id: str
    title: str
    inside: tuple[Node | Box, ...]
    start: str = ""

    def nodes(self) -> Iterator[Node]:
        """The nodes inside, however deep."""
        for part in self.inside:
            yield from part.nodes() if isinstance(part, Box) else (part,)


@attrs.frozen
class Arrow:
    """From node to node; ``lines`` are the rows that lead this way, ``visit`` those that come back."""

    id: str
    source: str
    dest: str
    lines: tuple[Line, ...]
    visit: bool = False


@attrs.frozen(slots=False)
class Picture:
    """Everything that is drawn of a flow."""

    name: str
    parts: tuple[Node | Box, ...]
    arrows: tuple[Arrow, ...]

    def nodes(self) -> Iterator[Node]:
        """Every node, those inside boxes too."""
        for part in self.parts:
            yield from part.nodes() if isinstance(part, Box) else (part,)

    @cached_property
    def returns(self) -> frozenset[str]:
        """The ids of the arrows that lead back to where a way from the start came through: a layout that ignores them reads downwards."""
        ahead: dict[str, list[Arrow]] = {}
        for arrow in self.arrows:
            ahead.setdefault(arrow.source, []).append(arrow)
        nodes = list(self.nodes())
        for note, first in self._notes(self.parts, next((node.id for node in nodes if node.start), "")):
            ahead.setdefault(first, []).append(Arrow("", first, note, ()))
        found: set[str] = set()
        done: set[str] = set()
        for root in sorted(nodes, key=lambda node: (not node.start, node.kind == "any")):
            way: dict[str, Iterator[Arrow]] = {} if root.id in done else {root.id: iter(ahead.get(root.id, ()))}
            while way:
                here = next(reversed(way))
                following = next(way[here], None)
                if following is None:
                    way.pop(here)
                    done.add(here)
                elif following.dest in way:
                    found.add(following.id)
                elif following.dest not in done:
                    way[following.dest] = iter(ahead.get(following.dest, ()))
        return frozenset(found)

    def _notes(self, parts: tuple[Node | Box, ...], start: str) -> Iterator[tuple[str, str]]:
        """Each note, with the state that a way to its rows is taken to come from: the first of its box."""
        states = [part.id for part in parts if isinstance(part, Node) and part.kind != "any"]
        first = start or next(iter(states), "")
        for part in parts:
            if isinstance(part, Box):
                yield from self._notes(part.inside, part.start)
            elif part.kind == "any":
                yield part.id, first


def picture(flat: FlatFlow) -> Picture:
    """What is drawn of a flow."""
    return _Painter(flat).paint()


class _Painter:
    def __init__(self, flat: FlatFlow) -> None:
        self.flat, self.ids = flat, Ids(flat)
        self.lines: dict[str, list[Line]] = {}
        self.ways: dict[tuple[str, str, bool], list[Line]] = {}
        self.notes = {key: f"n{key[1:]}" for key in self.ids.boxes.values()} | {"": "n_any"}

    def paint(self) -> Picture:
        for scope in self.flat.scopes.values():
            for number, row in enumerate(scope.spec.rows, 1):
                self._row(scope, row, self.ids.row(scope, number))
        sources = {source for source, _, _ in self.ways}
        top = self.flat.scopes[""]
        parts = self._inside(top, sources, "")
        return Picture(clean(self.flat.spec.name), tuple(parts), tuple(self._arrows()))

    # --- nodes and boxes -----------------------------------------------------------------------------------------------------------------

    def _inside(self, scope: Scope, sources: set[str], box: str) -> list[Node | Box]:
        """What stands in a file: its groups as boxes where their first state would stand, its other states, its note."""
        groups = {state: group.name for group in scope.spec.groups.values() for state in group.states}
        parts: list[Node | Box] = []
        done: set[str] = set()
        for name in scope.spec.states:
            group = groups.get(name, "")
            if not group:
                parts.append(self._part(scope, name, sources))
            elif group not in done:
                done.add(group)
                key = self.ids.boxes[scope.full(group)]
                inside = [self._part(scope, each, sources) for each in scope.spec.states if groups.get(each) == group]
                inside += self._note(self.notes[key], f"any in {group}", sources)
                parts.append(Box(key, short(group, 32), tuple(inside)))
        within = f" in {scope.runner.rpartition('/')[2]}" if box else " state"
        return parts + self._note(self.notes[box], f"any{within}", sources)

    def _part(self, scope: Scope, name: str, sources: set[str]) -> Node | Box:
        state = scope.spec.states[name]
        if state.kind != "run":
            return self._node(self.flat.states[scope.full(name)])
        inner = self.flat.scopes[scope.full(name) + "/"]
        key = self.ids.boxes[inner.path]
        title = name if inner.spec.name == name else f"{name}: {inner.spec.name}"
        start = self.ids.states[self.flat.landing(scope, name)]
        return Box(key, short(title, 40), tuple(self._inside(inner, sources, key)), start)

    def _note(self, key: str, title: str, sources: set[str]) -> list[Node | Box]:
        lines = tuple(self.lines.get(key, ()))
        return [Node(key, short(title, 40), "any", lines=lines)] if lines or key in sources else []

    def _node(self, state: FlatState) -> Node:
        key, spec = self.ids.states[state.name], state.spec
        kind, about = _kind(state)
        says = short(prompt_text(spec.say), 80) if spec.say is not None else ""
        lines = tuple(self.lines.get(key, ()))
        return Node(key, short(spec.name, 32), kind, short(about, 32), says, lines, state.name == self.flat.start)

    # --- rows ----------------------------------------------------------------------------------------------------------------------------

    def _row(self, scope: Scope, row: RowSpec, key: str) -> None:
        ended = [trigger for trigger in row.on if isinstance(trigger, EndedWith)]
        others = [trigger for trigger in row.on if not isinstance(trigger, EndedWith)]
        for trigger in ended:
            for source in self._ends(scope, row, trigger.outcome):
                self._lead(scope, row, source, key, [trigger])
        if others:
            for source in self._sources(scope, row):
                self._lead(scope, row, source, key, others)

    def _ends(self, scope: Scope, row: RowSpec, outcome: str) -> Iterator[str]:
        """The ends with this outcome, of the sub-flows that run in a state the row holds in."""
        for name, state in scope.spec.states.items():
            if state.kind == "run" and _holds(row, name, scope):
                inner = self.flat.scopes[scope.full(name) + "/"]
                yield from (self.ids.states[inner.full(each.name)] for each in inner.spec.states.values() if each.end == outcome)

    def _sources(self, scope: Scope, row: RowSpec) -> Iterator[str]:
        if row.inside.anywhere:
            yield self.notes[self.ids.boxes[scope.path] if scope.path else ""]
        for name in row.inside.names:
            if name in scope.spec.groups:
                yield self.notes[self.ids.boxes[scope.full(name)]]
            elif scope.spec.states[name].kind == "run":
                yield self.notes[self.ids.boxes[scope.full(name) + "/"]]
            else:
                yield self.ids.states[scope.full(name)]

    def _lead(self, scope: Scope, row: RowSpec, source: str, key: str, triggers: Sequence[Trigger]) -> None:
        """One row from one node: an arrow, or a line if it leads nowhere else."""
        text, target = label(row, triggers), row.to
        if isinstance(target, Goto | Visit):
            dest = self.ids.states[self.flat.landing(scope, target.state)]
            if dest != source:
                lines = self.ways.setdefault((source, dest, isinstance(target, Visit)), [])
                lines.append(Line(text, key))
                return
            told = target.state
        else:
            told = target.value
        self.lines.setdefault(source, []).append(Line(f"{text} → {told}", key))

    def _arrows(self) -> Iterator[Arrow]:
        met: dict[str, int] = {}
        for (source, dest, visit), lines in self.ways.items():
            key = lines[0].row
            met[key] = met.get(key, 0) + 1
            unique = key if met[key] == 1 else f"{key}__{met[key]}"
            yield Arrow(unique, source, dest, tuple(lines), visit)


def _holds(row: RowSpec, name: str, scope: Scope) -> bool:
    group = scope.spec.group_of(name)
    names = {name} | ({group.name} if group is not None else set())
    return not names & set(row.inside.but) if row.inside.anywhere else bool(names & set(row.inside.names))


def _kind(state: FlatState) -> tuple[Kind, str]:
    spec = state.spec
    if spec.end:
        return ("end", f"ends: {spec.end}") if state.ends else ("inner", "" if spec.end == spec.name else f"ended {spec.end}")
    if spec.call:
        return "tool", f"tool {spec.call}"
    if spec.handoff:
        return "handoff", f"to {spec.handoff}"
    if spec.talk:
        return "talk", "the model talks"
    if spec.ask:
        return "ask", "" if spec.ask == spec.name else f"asks {spec.ask}"
    return "say", ""
