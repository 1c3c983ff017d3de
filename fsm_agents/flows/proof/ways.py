"""Which edges of a flow can be taken, what they win over, and where they lead: the graph that the other checks look at.

One pass over all edges: an edge cannot be taken where its event cannot happen, or where an earlier one always takes the event. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

from fsm_agents.flows.machine.flat import Edge, FlatFlow, FlatState
from fsm_agents.flows.proof.cases import Condition, covered
from fsm_agents.flows.syntax import AGAIN, BACK, After, EndedWith, Failure, Goto, Llm, Named, Press, Says, Trigger, Visit

__all__ = ["Lost", "Way", "Ways", "can_happen", "condition"]

Way = list[tuple[str, "Edge | None"]]
"""States, each with the edge that led there; the first with none."""


@attrs.frozen
class Lost:
    """An edge that never wins in a state, and those that win instead: one that always does, or several together.

    Args:
        state: The state.
        edge: The edge.
        by: The winners.
        nearer: Whether they win because they were written nearer; else because they come first.
    """

    state: FlatState
    edge: Edge
    by: tuple[Edge, ...]
    nearer: bool = False


def condition(edge: Edge) -> Condition:
    """The condition of an edge."""
    return Condition(edge.row.when if edge.row is not None else None, edge.scope)


_ANYWHERE = frozenset({"said", "resumed", "hung_up", "interrupted"})
_ANSWERED = frozenset({"ok", "failed", "timeout"})
_BUILT_IN = frozenset({"filled", "out_of_tries", *_ANYWHERE, *_ANSWERED})


def can_happen(state: FlatState) -> Callable[[Any], bool]:
    """For a state: whether what a trigger answers can happen there."""
    if state.spec.kind == "end":
        return lambda trigger: isinstance(trigger, EndedWith)
    listens, works = state.listens, state.works
    names = _BUILT_IN - (frozenset() if works else _ANSWERED)
    names -= frozenset() if state.slot else {"filled"}
    names -= frozenset() if listens else {"out_of_tries"}
    never = _BUILT_IN - names

    def happens(trigger: Any) -> bool:
        kind = trigger.__class__
        if kind is Named:
            return trigger.name not in never
        if kind is Failure:
            return listens or trigger.kind == "invalid"
        return listens if kind is Llm else kind is not EndedWith

    return happens


class Ways:
    """The edges of a flow that can be taken.

    Args:
        flat: The flow.

    Attributes:
        live: The edges of each state that can be taken there, in order.
        won: The rows and triggers (by identity) that can be taken in some state.
        lost: The others whose event can happen: each with a state where it loses, if possible to one that is not nearer.
        over: Where a nearer edge takes what a farther one would take: state, nearer, farther.
    """

    def __init__(self, flat: FlatFlow) -> None:
        self.flat = flat
        self.live: dict[str, list[Edge]] = {}
        self.won: set[tuple[int, int]] = set()
        self.lost: dict[tuple[int, int], Lost] = {}
        self.over: list[tuple[FlatState, Edge, Edge]] = []
        self._phrases: dict[tuple[str, Any], int] = {}
        self._keys: dict[tuple[str, int], Any] = {}
        self._covers: dict[tuple[int, ...], bool] = {}
        for state in flat.states.values():
            self._look(state)

    def _look(self, state: FlatState) -> None:
        happens, seen, live = can_happen(state), dict[Any, list[Edge]](), list[Edge]()
        keys, won = self._keys, self.won
        leaves = _leaves_first(state)
        for edge in state.edges:
            row, trigger = edge.row, edge.trigger
            if row is None:
                live.append(edge)
                continue
            if not happens(trigger):
                continue
            ident = edge.scope.path, id(trigger)
            key = keys.get(ident)
            if key is None:
                key = keys[ident] = self._key(edge)
            earlier = seen.setdefault(key, [])
            by = self._winners(edge, earlier) if earlier else ()
            if leaves is not None and isinstance(trigger, After) and trigger.seconds > leaves.trigger.seconds:  # type: ignore[union-attr]
                by = (leaves,)
            earlier.append(edge)
            if by:
                nearer = by[0].near < edge.near
                known = self.lost.get((id(row), id(trigger)))
                if known is None or (known.nearer and not nearer):
                    self.lost[id(row), id(trigger)] = Lost(state, edge, by, nearer)
                if nearer:
                    self.over.append((state, by[0], edge))
                continue
            live.append(edge)
            won.add((id(row), id(trigger)))
        self.live[state.name] = live

    def _key(self, edge: Edge) -> Any:
        """What two edges have in common if the one takes whatever the other takes."""
        trigger = edge.trigger
        match trigger:
            case Says(phrase):
                return self._phrases.setdefault((edge.scope.path, phrase), len(self._phrases))
            case Failure(kind):
                return kind
            case Named(name):
                return Named, name
            case Press(key):
                return Press, key
            case After(seconds):
                return After, seconds
            case EndedWith(outcome):
                return EndedWith, outcome
            case _:
                return Llm, id(trigger)

    def _winners(self, edge: Edge, earlier: list[Edge]) -> tuple[Edge, ...]:
        """The earlier edges that always win over ``edge``; empty: it can win."""
        able = [other for other in earlier if other.target is not BACK]
        if isinstance(edge.trigger, Failure):
            able = [other for other in able if _counts(other.trigger, edge.trigger)]
        for other in able:
            if other.row is not None and other.row.when is None:
                return (other,)
        if not able:
            return ()
        idents = tuple(id(other.row) for other in (*able, edge))
        if idents not in self._covers:
            self._covers[idents] = covered(condition(edge), [condition(other) for other in able])
        return tuple(able) if self._covers[idents] else ()

    # --- where they lead ----------------------------------------------------------------------------------------------------------------

    def targets(self, name: str, *, visits: bool = True, back: bool = True) -> Iterator[tuple[str, Edge]]:
        """The states that a state leads to, each with its edge; ``back`` leads to every state that a visit comes from."""
        for edge in self.live[name]:
            target = edge.target
            if isinstance(target, Goto) or (visits and isinstance(target, Visit)):
                yield target.state, edge
            elif visits and back and target is BACK:
                for visitor in self.visitors:
                    yield visitor, edge

    def search(self, start: Iterable[str], *, visits: bool = True, back: bool = True) -> dict[str, tuple[str, Edge] | None]:
        """Every state that is reached from ``start``, breadth first, each with the state and edge before it."""
        came: dict[str, tuple[str, Edge] | None] = dict.fromkeys(start)
        for name in (waiting := list(came)):
            for target, edge in self.targets(name, visits=visits, back=back):
                if target not in came:
                    came[target] = name, edge
                    waiting.append(target)
        return came

    @cached_property
    def reached(self) -> Mapping[str, tuple[str, Edge] | None]:
        """The states that are reached from the start. Where ``back`` leads, one has been before."""
        return self.search([self.flat.start], back=False)

    @cached_property
    def visitors(self) -> tuple[str, ...]:
        """The states that a visit comes from."""
        return tuple(name for name in self.reached if any(isinstance(edge.target, Visit) for edge in self.live[name]))

    def way(self, name: str, came: Mapping[str, tuple[str, Edge] | None] | None = None) -> Way:
        """The shortest way to a state."""
        found: Way = []
        came = self.reached if came is None else came
        while (before := came[name]) is not None:
            found.append((name, before[1]))
            name = before[0]
        return [(name, None), *reversed(found)]

    @cached_property
    def ending(self) -> frozenset[str]:
        """The states from which an end can be reached."""
        sources: dict[str, list[str]] = {}
        for name in self.flat.states:
            for target, _ in self.targets(name):
                sources.setdefault(target, []).append(name)
        found = {state.name for state in self.flat.states.values() if state.ends}
        fresh = list(found)
        while fresh:
            for name in sources.get(fresh.pop(), ()):
                if name not in found:
                    found.add(name)
                    fresh.append(name)
        return frozenset(found)

    def named(self, state: FlatState, event: str) -> list[Edge]:
        """The edges of a state on an event that can be taken, in order."""
        return [edge for edge in self.live[state.name] if isinstance(edge.trigger, Named) and edge.trigger.name == event]

    def enters(self) -> Iterator[tuple[str, str, Edge]]:
        """Every edge that enters a state, and with it: from, to, edge. Also ``again``."""
        for name in self.reached:
            for target, edge in self.targets(name):
                yield name, target, edge
            for edge in self.live[name]:
                if edge.target is AGAIN:
                    yield name, name, edge


def _leaves_first(state: FlatState) -> Edge | None:
    """Of several timers: the first that always leaves, so that those behind it are never due."""
    if len(state.timed) < 2:  # noqa: PLR2004 - several
        return None
    leaving = [
        e
        for e in state.timed
        if e.row is not None and e.row.when is None and (e.target is AGAIN or isinstance(e.target, Goto | Visit))
    ]
    return min(leaving, key=lambda edge: edge.trigger.seconds, default=None)  # type: ignore[union-attr]


def _counts(earlier: Trigger, later: Failure) -> bool:
    """Whether a failure row takes every time that a later one is for."""
    assert isinstance(earlier, Failure)  # noqa: S101 - they have a key in common
    if not earlier.count:
        return True
    if earlier.more:
        return later.count >= earlier.count
    return not later.more and later.count == earlier.count
