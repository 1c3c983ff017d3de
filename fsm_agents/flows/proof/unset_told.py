"""Tells where a value is used that may be unset: prompts, what tools get, choices from a result, conditions (a note). Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.problems import Problem, Severity
from fsm_agents.flows.proof.effects import act_prompts
from fsm_agents.flows.proof.safety import prompts_of, refs_in
from fsm_agents.flows.proof.told import DO, IN, WHEN, Teller, cell, once_each, way_text
from fsm_agents.flows.proof.unset import Node, Unset
from fsm_agents.flows.proof.ways import Way, Ways
from fsm_agents.flows.syntax import Prompt, Ref

__all__ = ["unset"]


def unset(ways: Ways, tell: Teller) -> list[Problem]:
    """F404, each with the way that shows it."""
    return once_each(_Told(Unset(ways), tell).all())


class _Told:
    def __init__(self, found: Unset, tell: Teller) -> None:
        self.found, self.tell, self.bits = found, tell, found.bits
        self.told: set[tuple[object, ...]] = set()

    def all(self) -> Iterator[Problem]:
        """Everything that is used unset."""
        for node, mask, state in self.found.moments():
            if node[0] in ("enter", "again"):
                yield from self._entered(node, mask, state)
            elif node[0] == "wait":
                yield from self._waits(node, mask, state)
            for edge, before in self.found.tried(node):
                yield from self._row(node, edge, before)

    # --- states -------------------------------------------------------------------------------------------------------------------------

    def _entered(self, node: Node, mask: int, state: FlatState) -> Iterator[Problem]:
        setting = "again" if node[0] == "again" else "say"
        yield from self._said(node, mask, state, setting, getattr(state.spec, setting))
        scope = state.scope
        if state.spec.call:
            for name in scope.spec.tools[state.spec.call].args:
                bit = self.bits.slot(scope.full(name))
                if mask & bit and self._new(state, bit):
                    yield self._argument(node, bit, state, name)
        source = scope.spec.slots[state.spec.ask].values_from if state.slot else None
        if source is not None and mask & self.bits.ref(source, scope) and self._new(state, self.bits.ref(source, scope)):
            bit = self.bits.ref(source, scope)
            message = (
                f"'{state.spec.ask}' is chosen from {source}, and {source.name} may not have been called: {self._text(node, bit)}"
            )
            place = state.spec.places.get("ask", state.spec.place)
            why, fix = "there is nothing to choose from", f"call {source.name} on this way"
            yield self.tell("F404", message, scope.spec, place, why=why, fix=fix, trail=self._trail(node, bit))

    def _waits(self, node: Node, mask: int, state: FlatState) -> Iterator[Problem]:
        for setting, prompt in prompts_of(state.spec):
            if setting not in ("say", "again"):
                yield from self._said(node, mask, state, setting, prompt)

    def _said(self, node: Node, mask: int, state: FlatState, setting: str, prompt: Prompt | None) -> Iterator[Problem]:
        scope = state.scope
        for ref, _ in refs_in(prompt.parts, surely=True) if prompt is not None else ():
            bit = self.bits.ref(ref, scope)
            if mask & bit and self._new(state, bit):
                message = f"{_unset(ref)} when '{state.spec.name}' says it: {self._text(node, bit)}"
                place = state.spec.places.get(setting, state.spec.place)
                fix = f"[ … ] round it, or {'call' if ref.field else 'ask for'} {ref.name} on this way"
                yield self.tell("F404", message, scope.spec, place, fix=fix, trail=self._trail(node, bit))

    def _argument(self, node: Node, bit: int, state: FlatState, name: str) -> Problem:
        way = self._way(node, bit)
        message = f"{state.spec.call} needs '{name}', which may be unset: {way_text(way)}"
        edge = way[-1][1]
        place, fix, spec = state.spec.places.get("call", state.spec.place), f"ask for {name} on this way", state.scope.spec
        if edge is not None and edge.row is not None and len(way) > 1:
            place, spec = cell(edge.row, IN), edge.scope.spec
            before = way[-2][0].rpartition("/")[2]
            if len(edge.row.inside.names) > 1 and before in edge.row.inside.names:
                fix = f"take '{before}' out of this row's 'in', or ask again there"
        return self.tell("F404", message, spec, place, fix=fix, trail=self._trail(node, bit))

    # --- rows ---------------------------------------------------------------------------------------------------------------------------

    def _row(self, node: Node, edge: Edge, before: int) -> Iterator[Problem]:
        row, scope = edge.row, edge.scope
        if row is None:
            return
        for ref, bit in self.bits.compared(row.when, scope):
            if before & bit and self._new(row, bit, "when"):
                message = f"'{row.cells[2]}' does not hold while {ref} is unset"
                trail = self._trail(node, bit)
                yield self.tell("F404", message, scope.spec, cell(row, WHEN), severity=Severity.NOTE, trail=trail)
        mask = start = before & ~self.bits.holds(row.when, scope)
        for act in row.do:
            prompt = act_prompts(act, scope)
            for ref, _ in refs_in(prompt.parts, surely=True) if prompt is not None else ():
                bit = self.bits.ref(ref, scope)
                if mask & bit and self._new(row, bit):
                    yield self._acted(node, edge, ref, bit, cleared=not start & bit)
            mask = self.bits.act(act, scope, mask)

    def _acted(self, node: Node, edge: Edge, ref: Ref, bit: int, *, cleared: bool) -> Problem:
        row, spec = edge.row, edge.scope.spec
        assert row is not None  # noqa: S101 - who calls this asked
        written = row.cells[DO]
        if cleared:
            acts = [part.strip() for part in written.split(";")]
            says = [part for part in acts if part.startswith("say")]
            fix = "; ".join([*says, *(part for part in acts if part not in says)])
            return self.tell("F404", f"{{{ref}}} is cleared before it is said: '{written}'", spec, cell(row, DO), fix=fix)
        message = f"{_unset(ref)} when this row says it: {self._text(node, bit)}"
        fix = f"[ … ] round it, or {'call' if ref.field else 'ask for'} {ref.name} on this way"
        return self.tell("F404", message, spec, cell(row, DO), fix=fix, trail=self._trail(node, bit))

    # --- ways ---------------------------------------------------------------------------------------------------------------------------

    def _new(self, where: object, *about: object) -> bool:
        ident = (id(where), *about)
        known = ident in self.told
        self.told.add(ident)
        return not known

    def _way(self, node: Node, bit: int) -> Way:
        """The end of the way: from where the value is asked for or cleared."""
        way = self.found.way(node, bit)
        for at in range(len(way) - 2, 0, -1):
            state, edge = self.found.flat.states[way[at][0]], way[at + 1][1]
            asks = state.slot and self.bits.slot(state.slot) == bit
            clears = edge is not None and self.bits.clears(edge) & bit
            if asks or clears:
                return [(way[at][0], None), *way[at + 1 :]]
        return way

    def _text(self, node: Node, bit: int) -> str:
        return way_text(self._way(node, bit))

    def _trail(self, node: Node, bit: int) -> tuple[str, ...]:
        whole, shown = self.found.way(node, bit), self._way(node, bit)
        return (f"whole way: {way_text([(name, None) for name, _ in whole], most=40)}",) if len(whole) > len(shown) else ()


def _unset(ref: Ref) -> str:
    return f"{ref.name} may not have been called, {{{ref}}} is unset," if ref.field else f"{{{ref}}} may be unset"
