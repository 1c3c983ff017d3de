"""Where a stored conversation goes on whose secrets were not stored. Pure.

The rule, in one sentence: if a secret that was known may still be used from where the conversation stood, it goes on in the nearest state
before that which asks for it; if there is none, a ``resumed`` row has to lead elsewhere; and without either it is not restored (F807).

What a tool returned that was given a secret is not stored either, and counts the same. A tool with ``once = true`` is never called a
second time for this: a state that asks is no way back if such a call lies between it and where the conversation stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fsm_agents.flows.machine.flat import CHECKING, Edge, FlatFlow, FlatState, Scope
from fsm_agents.flows.proof.effects import act_prompts
from fsm_agents.flows.proof.safety import prompts_of, refs_in
from fsm_agents.flows.syntax import (
    BACK,
    All,
    AnyOf,
    Clear,
    EndedWith,
    Function,
    Goto,
    Named,
    Not,
    Prompt,
    Ref,
    SetSlot,
    Test,
    ValueOf,
    Visit,
)  # fmt: skip

__all__ = ["Recall", "result"]

Lost = frozenset[str]
"""Slots by full name, and results of tools as :func:`result` writes them."""


def result(tool: str) -> str:
    """The result of a tool, by its full name, among what is lost."""
    return f"{tool}()"


class Recall:
    """What of a flow needs what is lost.

    Args:
        flat: The flow.
        lost: What was known when the conversation was stored, and is not in what was stored.
    """

    def __init__(self, flat: FlatFlow, lost: Iterable[str]) -> None:
        self.flat, self.lost = flat, frozenset(lost)

    def place(self, name: str) -> str | None:
        """Where a conversation goes on that stood in a state, by its name in the table; ``None``: nowhere."""
        state = self.flat.states.get(name.removesuffix(CHECKING))
        if state is None or state.ends or not self.lost or not self._needed(state, checking=name != state.name):
            return name
        found = next((asks for asks in self._before(state) if asks.slot in self.lost and not self._needed(asks)), None)
        if found is not None:
            return found.name
        away = [edge.target.state for edge in state.named("resumed") if isinstance(edge.target, Goto)]
        return name if away and not any(self._needed(self.flat.states[to]) for to in away) else None

    def _before(self, state: FlatState) -> Iterator[FlatState]:
        """The states that lead to a state, itself included, nearest first; not across a call that must not be repeated."""
        leads: dict[str, list[str]] = {}
        for each in self.flat.states.values():
            for edge in each.edges:
                for name in self._targets(edge):
                    leads.setdefault(name, []).append(each.name)
        seen, fresh = {state.name}, [state.name]
        while fresh:
            found = self.flat.states[fresh.pop(0)]
            if found.spec.call and found.scope.spec.tools[found.spec.call].once:
                continue
            yield found
            for name in leads.get(found.name, ()):
                if name not in seen:
                    seen.add(name)
                    fresh.append(name)

    def _targets(self, edge: Edge) -> tuple[str, ...]:
        if isinstance(edge.target, Goto | Visit):
            return (edge.target.state,)
        return self.flat.visitors if edge.target is BACK else ()

    # --- from here on ---------------------------------------------------------------------------------------------------------------------

    def _needed(self, start: FlatState, *, checking: bool = False) -> bool:
        """Whether something lost may be used from a state on before it is known again."""
        if checking and start.slot in self.lost:
            return True
        lost: dict[str, Lost] = {start.name: self.lost}
        fresh = [start.name]
        while fresh:
            state = self.flat.states[fresh.pop()]
            if lost[state.name] & frozenset(_used_in(state)):
                return True
            for edge in state.edges:
                still = self._after(state, edge, lost[state.name])
                if still is None:
                    return True
                for name in self._targets(edge):
                    known = lost.get(name, frozenset())
                    if still - known:
                        lost[name] = known | still
                        fresh.append(name)
        return False

    def _after(self, state: FlatState, edge: Edge, lost: Lost) -> Lost | None:
        """What is still lost when an edge was taken; ``None``: the edge uses it."""
        scope, row = edge.scope, edge.row
        lost -= _told_by(state, edge)
        if isinstance(edge.trigger, EndedWith):
            lost = _given(state, lost)
        if row is None:
            return lost
        if lost & frozenset(_tested(row.when, scope)):
            return None
        for act in row.do:
            prompt = act_prompts(act, scope)
            if prompt is not None and lost & frozenset(_spoken(prompt, scope)):
                return None
            if isinstance(act, SetSlot):
                if isinstance(act.value, ValueOf) and _name(act.value.ref, scope) in lost:
                    return None
                lost -= {scope.full(act.slot)}
            elif isinstance(act, Clear):
                own = act.slots or tuple(name for name in scope.spec.slots if name not in scope.spec.takes)
                lost -= set(map(scope.full, own))
        return self._begun(edge, lost)

    def _begun(self, edge: Edge, lost: Lost) -> Lost | None:
        """The sub-flows that an edge enters begin anew, with what they take."""
        row = edge.row
        entered = self.flat.entered(edge.scope, row.to.state) if row is not None and isinstance(row.to, Goto | Visit) else ()
        for scope in entered:
            assert scope.parent is not None  # noqa: S101 - it is a sub-flow
            with_ = scope.parent.spec.states[scope.runner.rpartition("/")[2]].with_
            if lost & {scope.parent.full(with_.get(name, name)) for name in scope.spec.takes}:
                return None
            lost -= set(map(scope.full, scope.spec.slots)) | {result(scope.full(name)) for name in scope.spec.tools}
        return lost


def _name(ref: Ref, scope: Scope) -> str:
    return result(scope.full(ref.name)) if ref.field else scope.full(ref.name)


def _spoken(prompt: Prompt, scope: Scope) -> Iterator[str]:
    return (_name(ref, scope) for ref, _ in refs_in(prompt.parts, surely=True))


def _tested(test: Test | None, scope: Scope) -> Iterator[str]:
    match test:
        case None:
            return
        case Not(inner):
            yield from _tested(inner, scope)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _tested(part, scope)
        case Function():
            yield from map(scope.full, scope.spec.slots)  # it is given all of them
        case _:
            yield _name(test.ref, scope)


def _used_in(state: FlatState) -> Iterator[str]:
    """What a state uses by itself: what it says, and what it gives to tools, to a model's tools, and to whoever takes over."""
    spec, scope = state.spec, state.scope
    for _, prompt in prompts_of(spec):
        yield from _spoken(prompt, scope)
    tools = [name for name in (spec.call, *spec.tools) if name]
    yield from (scope.full(arg) for name in tools for arg in scope.spec.tools[name].args)
    yield from map(scope.full, spec.carry)
    if state.slot:
        slot = scope.spec.slots[spec.ask]
        args = scope.spec.tools[slot.check].args if slot.check else ()
        yield from (scope.full(arg) for arg in args if arg != spec.ask)
        if slot.values_from is not None:
            yield _name(slot.values_from, scope)


def _told_by(state: FlatState, edge: Edge) -> set[str]:
    """What is known when an edge is taken: what was said, the slot that was asked for, the result of the tool."""
    found = set(edge.slots)
    if isinstance(edge.trigger, Named) and edge.trigger.name == "filled":
        found.add(state.slot)
    elif isinstance(edge.trigger, Named) and edge.trigger.name == "ok" and state.spec.call:
        found.add(result(state.scope.full(state.spec.call)))
    return found


def _given(state: FlatState, lost: Lost) -> Lost:
    """What is still lost when a sub-flow has ended: what it gives is known outside if it is known inside."""
    scope = state.scope
    assert scope.parent is not None  # noqa: S101 - only a sub-flow ends with an outcome that somebody waits for
    for name in scope.spec.gives:
        outside = {scope.parent.full(name)}
        lost = lost | outside if scope.full(name) in lost else lost - outside
    return lost
