"""What may be unset where: a forward analysis over the edges of a flow, with the way on which each value stays unset. Pure.

For each state: what may be unset when it is entered, when it is entered again, while it waits, and when its slot is filled. Correct
for all orders of events; conditions are followed only as far as "it held, so what it compares is set". Where a value is used although
it may be unset, it counts as set from there on: one fault is told once, not again behind every state that follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.proof.effects import Bits
from fsm_agents.flows.proof.ways import Way, Ways
from fsm_agents.flows.syntax import AGAIN, BACK, NEXT, Goto, Named, Visit

__all__ = ["Node", "Unset"]

Node: TypeAlias = "tuple[Literal['enter', 'again', 'wait', 'fill'], str]"
"""A moment in a state: it is entered, entered again (where it has words of its own for that), waits, its slot is filled."""


class Unset:
    """What may be unset in a flow.

    Args:
        ways: The flow's edges.

    Attributes:
        at: For each moment that can be: what may be unset, as bits.
    """

    def __init__(self, ways: Ways) -> None:
        self.ways, self.flat = ways, ways.flat
        self.bits = Bits(ways.flat)
        self.at: dict[Node, int] = {}
        self._came: dict[tuple[Node, int], tuple[Node | None, Edge | None, bool]] = {}
        self._waiting: dict[Node, None] = {}
        self._visited: dict[str, int] = {}
        self._run()

    def _run(self) -> None:
        top = self.flat.scopes[""]
        mask = self.bits.all
        for name in top.spec.takes:
            mask &= ~self.bits.slot(name)
        self._enter(self.flat.start, mask, None, None)
        while self._waiting:
            node = next(iter(self._waiting))
            del self._waiting[node]
            state = self.flat.states[node[1]]
            for edge, mask in self.tried(node):
                self._take(node, state, edge, mask)
            if (
                node[0] == "wait" and not state.works
            ):  # unless a row says otherwise, a stored conversation goes on by entering it again
                self._enter(state.name, self.at[node], node, None, again=True)

    # --- moments --------------------------------------------------------------------------------------------------------------------------

    def _put(self, node: Node, mask: int, before: Node | None, edge: Edge | None) -> None:
        known = self.at.get(node)
        new = mask if known is None else mask & ~known
        if known is not None and not new:
            return
        # Where a bit comes from was reached before it, so following it back always ends.
        inherited = self.at.get(before, 0) if before is not None else 0
        self.at[node] = mask | (known or 0)
        for bit in self.bits.of(new):
            self._came[node, bit] = before, edge, bool(inherited & bit)
        self._waiting[node] = None

    def _enter(self, name: str, mask: int, before: Node | None, edge: Edge | None, *, again: bool = False) -> None:
        state = self.flat.states[name]
        node: Node = ("again" if again and state.spec.again is not None else "enter", name)
        if state.slot:
            bit = self.bits.slot(state.slot)
            if mask & bit:
                self._put(node, mask, before, edge)
                mask &= ~self.needs(node)
                self._put(("wait", name), mask, node, None)
            self._put(("fill", name), mask & ~bit, before, edge)
            return
        self._put(node, mask, before, edge)
        if state.spec.kind != "end":
            self._put(("wait", name), mask & ~self.needs(node), node, None)

    def needs(self, node: Node) -> int:
        """What a state uses when it is entered."""
        state = self.flat.states[node[1]]
        spec, scope = state.spec, state.scope
        mask = self.bits.said(spec.again if node[0] == "again" else spec.say, scope)
        if spec.call:
            for name in scope.spec.tools[spec.call].args:
                mask |= self.bits.slot(scope.full(name))
        if state.slot and (source := scope.spec.slots[spec.ask].values_from) is not None:
            mask |= self.bits.ref(source, scope)
        return mask

    def _take(self, node: Node, state: FlatState, edge: Edge, mask: int) -> None:
        mask = self.after(edge, mask)
        match edge.target:
            case Goto(name):
                self._enter(name, self.bits.begins(edge, mask), node, edge)
            case Visit(name):
                self._enter(name, self.bits.begins(edge, mask), node, edge)
                if self._returns(name):
                    self._enter(state.name, mask | self._visited[name], node, edge, again=True)
            case target if target is NEXT:
                self._put(("fill", state.name), mask, node, edge)
            case target if target is AGAIN and not state.works:
                self._enter(state.name, mask, node, edge, again=True)
            case target if target is BACK:
                return  # told where the visit begins
            case _:
                if state.spec.kind != "end":
                    self._put(("wait", state.name), mask, node, edge)

    def after(self, edge: Edge, mask: int) -> int:
        """What may be unset after the acts of an edge whose condition held."""
        if edge.row is None:
            return mask
        mask &= ~self.bits.holds(edge.row.when, edge.scope)
        for act in edge.row.do:
            mask = self.bits.act(act, edge.scope, mask)
        return mask

    def _returns(self, name: str) -> bool:
        """Whether a visit to a state comes back; and what is cleared meanwhile."""
        if name not in self._visited:
            inside, cleared, back = {name: None}, 0, False
            for here in (waiting := [name]):
                for edge in self.ways.live[here]:
                    if isinstance(edge.target, Goto) and edge.target.state in self.flat.ordinary:
                        continue  # it leaves the visit for good
                    cleared |= self.bits.clears(edge)
                    back = back or edge.target is BACK
                    if isinstance(edge.target, Goto | Visit) and edge.target.state not in inside:
                        inside[edge.target.state] = None
                        waiting.append(edge.target.state)
            self._visited[name] = cleared if back else -1
        return self._visited[name] >= 0

    # --- the way --------------------------------------------------------------------------------------------------------------------------

    def way(self, node: Node, bit: int) -> Way:
        """A short way to a moment on which a value stays, or becomes, unset."""
        found: Way = []
        while True:
            before, edge, inherited = self._came[node, bit]
            if before is None:
                return _joined([(node[1], None), *reversed(found)])
            if edge is not None or before[1] != node[1]:
                found.append((node[1], edge))
            node = before
            if not inherited:
                return _joined([*self.ways.way(node[1]), *reversed(found)])

    def moments(self) -> Iterator[tuple[Node, int, FlatState]]:
        """Each moment with what may be unset, and its state."""
        for node, mask in self.at.items():
            yield node, mask, self.flat.states[node[1]]

    def tried(self, node: Node) -> Iterator[tuple[Edge, int]]:
        """The edges that may be taken at a moment, each with what may be unset when its condition is asked."""
        state, mask = self.flat.states[node[1]], self.at[node]
        if node[0] == "fill":
            yield from self._in_order(self.ways.named(state, "filled"), mask)
        elif node[0] == "wait":
            yield from self._while_waiting(state, mask)
        elif state.spec.kind == "end" and state.scope.parent is not None:
            yield from self._in_order(self.ways.live[state.name], self.bits.gives(state.scope, mask & ~self.needs(node)))

    def _while_waiting(self, state: FlatState, mask: int) -> Iterator[tuple[Edge, int]]:
        by_event: dict[str, list[Edge]] = {}
        for edge in self.ways.live[state.name]:
            if isinstance(edge.trigger, Named):
                by_event.setdefault(edge.trigger.name, []).append(edge)
            else:
                yield edge, mask if edge.phrase is None else mask & ~self.bits.filled(edge.phrase)
        by_event.pop("filled", None)
        for event, edges in by_event.items():
            got = self.bits.result(state.scope.full(state.spec.call)) if event == "ok" and state.spec.call else 0
            yield from self._in_order(edges, mask & ~got)

    def _in_order(self, edges: Iterable[Edge], mask: int) -> Iterator[tuple[Edge, int]]:
        """Edges on one event: where a later one is tried, the conditions of the earlier ones did not hold."""
        for edge in edges:
            yield edge, mask
            if edge.row is None or edge.row.when is None:
                return
            mask &= ~self.bits.holds(edge.row.when, edge.scope, so=False)


def _joined(way: Way) -> Way:
    """A way without standing still."""
    return [step for at, step in enumerate(way) if at == 0 or step[1] is not None or step[0] != way[at - 1][0]]
