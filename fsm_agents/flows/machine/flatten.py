"""Flattening: sub-flows become states of one flow, and every state gets its edges in the order in which they win. Done once, at load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fsm_agents.errors import TableError
from fsm_agents.flows.machine.flat import Edge, FlatFlow, FlatState, Near, Scope, landing
from fsm_agents.flows.spec import FlowSpec, RowSpec, StateSpec
from fsm_agents.flows.syntax import (
    AGAIN,
    NEXT,
    STAY,
    EndedWith,
    Failure,
    Goto,
    Llm,
    Named,
    Phrase,
    Press,
    Says,
    SlotRef,
    Target,
    Trigger,
    Visit,
)  # fmt: skip

__all__ = ["MOST_EDGES", "MOST_STATES", "flatten"]

MOST_STATES = 20_000
"""States of a flow with all its sub-flows: a chain of files that each run the next one twice grows beyond any memory."""

MOST_EDGES = 500_000
"""Edges of all states: rows that hold in ``any`` state, times the states."""

_INWARD = frozenset({"out_of_tries", "hung_up", "resumed", "interrupted"})
"""The built-in events of a flow that states of its sub-flows hear too."""


def flatten(spec: FlowSpec) -> FlatFlow:
    """The flow with its sub-flows in one.

    Raises:
        TableError: it has more than :data:`MOST_STATES` states.
    """
    scopes = {scope.path: scope for scope in _scopes(Scope("", spec))}
    made = _Edges(scopes)
    states = {}
    for scope in scopes.values():
        for name, state in scope.spec.states.items():
            if state.kind != "run":
                flat = scope.full(name)
                states[flat] = FlatState(flat, state, scope, tuple(made.of(scope, name)))
    return FlatFlow(spec, scopes, states, landing(scopes, scopes[""], spec.start))


def _scopes(top: Scope) -> Iterator[Scope]:
    waiting, count = [top], 0
    while waiting:
        scope = waiting.pop(0)
        yield scope
        count += len(scope.spec.states)
        if count > MOST_STATES:
            msg = f"{top.spec.name}: more than {MOST_STATES} states with all sub-flows; run each sub-flow in fewer places"
            raise TableError(msg)
        for name, state in scope.spec.states.items():
            if state.kind == "run":
                waiting.append(Scope(scope.full(name) + "/", scope.spec.flows[state.run], scope.full(name), scope))


class _Edges:
    """Makes the edges of one state after the other, and numbers them."""

    def __init__(self, scopes: Mapping[str, Scope]) -> None:
        self.scopes = scopes
        self.count = 0
        self.rows: dict[str, _Rows] = {path: _Rows(scope.spec) for path, scope in scopes.items()}
        self.phrases: dict[tuple[str, int], tuple[Phrase, tuple[str, ...], bool]] = {}
        self.near: dict[tuple[int, int], Near] = {}

    def of(self, scope: Scope, name: str) -> Iterator[Edge]:
        """The edges of a state, nearest first."""
        state = scope.spec.states[name]
        depth, here, local, ends = 0, scope, name, state.kind == "end"
        while True:
            for rank, row in self.rows[here.path].around(local, question=depth == 0 and bool(state.ask)):
                for trigger in row.on if row is not None else (None,):
                    if trigger is None:
                        yield self._question(here, state)
                    elif _ends(trigger, depth, state) if ends else _holds(trigger, depth):
                        yield self._edge(trigger, row, here, local, self._near(depth, rank), state)
            if here.parent is None:
                return
            depth, here, local = depth + 1, here.parent, here.runner.rpartition("/")[2]

    def _near(self, depth: int, rank: int) -> Near:
        """One object for all edges that are as near."""
        found = self.near.get((depth, rank))
        if found is None:
            found = self.near[depth, rank] = Near(depth, rank)
        return found

    def _number(self) -> int:
        self.count += 1
        if self.count > MOST_EDGES:
            msg = f"{self.scopes[''].spec.name}: more than {MOST_EDGES} edges: too many rows that hold in any of too many states"
            raise TableError(msg)
        return self.count

    def _question(self, scope: Scope, state: StateSpec) -> Edge:
        slot = scope.spec.slots[state.ask]
        phrase, slots = scope.scoped(slot.says if slot.says is not None else SlotRef(""), state.ask)
        trigger = Says(slot.says if slot.says is not None else SlotRef(state.ask))
        return Edge(self._number(), trigger, NEXT, scope, Near(0, 1), None, phrase, slots, self._free(slots))

    def _edge(self, trigger: Trigger, row: RowSpec | None, scope: Scope, local: str, near: Near, state: StateSpec) -> Edge:
        assert row is not None  # noqa: S101 - the question has been made elsewhere
        target = self._target(row, scope, local, state)
        if not isinstance(trigger, Says):
            return Edge(self._number(), trigger, target, scope, near, row)
        key = scope.path, id(trigger)
        found = self.phrases.get(key)
        if found is None:
            phrase, slots = scope.scoped(trigger.phrase)
            found = self.phrases[key] = phrase, slots, self._free(slots)
        return Edge(self._number(), trigger, target, scope, near, row, *found)

    def _free(self, slots: Iterable[str]) -> bool:
        """Whether one of them takes free text."""
        parts = (slot.rpartition("/") for slot in slots)
        return any(self.scopes[path + slash].spec.slots[name].type == "text" for path, slash, name in parts)

    def _target(self, row: RowSpec, scope: Scope, local: str, state: StateSpec) -> Target:
        target = row.to
        if isinstance(target, Goto):
            if row.inside.anywhere and target.state == local:
                return STAY if state.works or scope.spec.states[local].works else AGAIN
            name = landing(self.scopes, scope, target.state)
            return target if name == target.state else Goto(name)
        if isinstance(target, Visit):
            return Visit(landing(self.scopes, scope, target.state))
        if target is AGAIN and state.works and not any(t == Named("resumed") for t in row.on):
            return STAY
        return target


def _ends(trigger: Trigger, depth: int, state: StateSpec) -> bool:
    """Whether an edge of the state that runs a sub-flow answers this end of it."""
    return depth == 1 and isinstance(trigger, EndedWith) and trigger.outcome == state.end


def _holds(trigger: Trigger, depth: int) -> bool:
    """Whether an edge that is written so far out holds in a state of a sub-flow."""
    if isinstance(trigger, EndedWith):
        return False
    if depth == 0 or isinstance(trigger, Says | Press | Llm | Failure):
        return True
    return isinstance(trigger, Named) and (trigger.name in _INWARD or trigger.name not in _BUILT_IN)


_BUILT_IN = frozenset({"filled", "said", "ok", "failed", "timeout", *_INWARD})


class _Rows:
    """The rows of one file by where they hold, so that a state with 1,000 rows around it finds its own at once."""

    def __init__(self, spec: FlowSpec) -> None:
        self.named: dict[str, list[RowSpec]] = {}
        self.anywhere: list[RowSpec] = []
        for row in spec.rows:
            if row.inside.anywhere:
                self.anywhere.append(row)
            for name in row.inside.names:
                self.named.setdefault(name, []).append(row)
        self.groups = {state: group.name for group in spec.groups.values() for state in group.states}
        self.spec = spec

    def around(self, state: str, *, question: bool) -> Iterator[tuple[int, RowSpec | None]]:
        """The rows that hold in a state, nearest first, each with its rank; ``None`` stands for its question."""
        for row in self.named.get(state, ()):
            yield 0, row
        if question:
            yield 1, None
        group = self.groups.get(state, "")
        for row in self.named.get(group, ()) if group else ():
            yield 2, row
        for row in self.anywhere:
            if state not in row.inside.but and group not in row.inside.but:
                yield 3, row
