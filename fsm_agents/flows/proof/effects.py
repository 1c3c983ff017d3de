"""What edges do to "may be unset": which slots a sentence surely fills, what a condition that holds implies, what acts set and clear.

What may be unset is a number, one bit for each slot and each tool's result: a set that costs nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fsm_agents.flows.machine.flat import Edge, FlatFlow, Scope
from fsm_agents.flows.proof.safety import refs_in
from fsm_agents.flows.syntax import (
    Act,
    All,
    Alternatives,
    AnyOf,
    Clear,
    Comparison,
    Function,
    Goto,
    Not,
    OneOf,
    Phrase,
    Prompt,
    Ref,
    SayPrompt,
    SayText,
    Sequence,
    SetSlot,
    SlotRef,
    Test,
    Truth,
    ValueOf,
    Visit,
)

__all__ = ["Bits", "act_prompts"]


class Bits:
    """Slots and results of a flow as bits, and what happens to them.

    Args:
        flat: The flow.

    Attributes:
        names: For each bit: the name as it is written, without the sub-flow's path.
        all: Every bit.
    """

    def __init__(self, flat: FlatFlow) -> None:
        self.flat = flat
        self._bit = {("", name): 1 << at for at, name in enumerate(flat.slots)}
        self._bit |= {("tool", name): 1 << at for at, name in enumerate(flat.tools, len(flat.slots))}
        self.names = {bit: name.rpartition("/")[2] for (_, name), bit in self._bit.items()}
        self.tools = frozenset(bit for (kind, _), bit in self._bit.items() if kind)
        self.all = (1 << len(self._bit)) - 1
        self._sure: dict[int, int] = {}
        self._begun: dict[str, int] = {}

    def slot(self, name: str) -> int:
        """The bit of a slot, by its full name."""
        return self._bit["", name]

    def result(self, name: str) -> int:
        """The bit of a tool's result, by its full name."""
        return self._bit["tool", name]

    def ref(self, ref: Ref, scope: Scope) -> int:
        """The bit of a reference; 0: it is never unset."""
        if ref.field:
            return self._bit.get(("tool", scope.full(ref.name)), 0)
        return self._bit.get(("", scope.full(ref.name)), 0) if ref.name in scope.spec.slots else 0

    def of(self, mask: int) -> Iterator[int]:
        """The bits in a mask."""
        while mask:
            bit = mask & -mask
            yield bit
            mask ^= bit

    # --- what is surely set ---------------------------------------------------------------------------------------------------------

    def filled(self, phrase: Phrase) -> int:
        """The slots that every sentence of a phrase fills."""
        found = self._sure.get(id(phrase))
        if found is None:
            found = self._sure[id(phrase)] = self._every(phrase)
        return found

    def _every(self, phrase: Phrase) -> int:
        match phrase:
            case SlotRef(slot):
                return self.slot(slot)
            case Sequence(items):
                return _union(self._every(item) for item in items)
            case Alternatives(ways):
                return _common(self._every(way) for way in ways)
            case _:
                return 0

    def holds(self, test: Test | None, scope: Scope, *, so: bool = True) -> int:
        """What is surely set where a condition holds; with ``so=False`` where it does not."""
        match test:
            case Truth(ref) | Comparison(ref) | OneOf(ref):
                return self.ref(ref, scope) if so else 0
            case Not(inner):
                return self.holds(inner, scope, so=not so)
            case All(parts) | AnyOf(parts):
                told = (self.holds(part, scope, so=so) for part in parts)
                return _union(told) if isinstance(test, All) is so else _common(told)
            case _:
                return 0

    def compared(self, test: Test | None, scope: Scope) -> Iterator[tuple[Ref, int]]:
        """What a condition compares: it is false while that is unset."""
        match test:
            case Comparison(ref) | OneOf(ref):
                yield ref, self.ref(ref, scope)
            case All(parts) | AnyOf(parts):
                for part in parts:
                    yield from self.compared(part, scope)
            case _:
                return

    # --- what changes -----------------------------------------------------------------------------------------------------------------

    def act(self, act: Act, scope: Scope, mask: int) -> int:
        """What may be unset after an act."""
        match act:
            case SetSlot(name, value):
                bit = self.slot(scope.full(name))
                empty = isinstance(value, ValueOf) and mask & self.ref(value.ref, scope)
                return mask | bit if empty else mask & ~bit
            case Clear(names):
                own = names or tuple(name for name in scope.spec.slots if name not in scope.spec.takes)
                return mask | _union(self.slot(scope.full(name)) for name in own)
            case Function():
                return mask & ~_union(self.slot(scope.full(name)) for name in scope.spec.slots)  # it may set any of them
            case _:
                return mask

    def begins(self, edge: Edge, mask: int) -> int:
        """What may be unset after the sub-flows that an edge enters have begun."""
        if edge.row is None or not isinstance(edge.row.to, Goto | Visit):
            return mask
        for scope in self.flat.entered(edge.scope, edge.row.to.state):
            mask = self._begin(scope, mask)
        return mask

    def _begin(self, scope: Scope, mask: int) -> int:
        parent = scope.parent
        assert parent is not None  # noqa: S101 - the top flow begins by itself
        runner = parent.spec.states[scope.runner.rpartition("/")[2]]
        own = self._begun.get(scope.path)
        if own is None:
            slots, tools = map(scope.full, scope.spec.slots), map(scope.full, scope.spec.tools)
            own = self._begun[scope.path] = _union(map(self.slot, slots)) | _union(map(self.result, tools))
        after = mask | own
        for name in scope.spec.takes:
            source = self._bit.get(("", parent.full(runner.with_.get(name, name))))
            if source is not None and not mask & source:
                after &= ~self.slot(scope.full(name))
        return after

    def gives(self, scope: Scope, mask: int) -> int:
        """What may be unset after a sub-flow ended and gave back what it has."""
        assert scope.parent is not None  # noqa: S101 - as above
        for name in scope.spec.gives:
            target = self._bit.get(("", scope.parent.full(name)))
            if target is not None and not mask & self.slot(scope.full(name)):
                mask &= ~target
        return mask

    def clears(self, edge: Edge) -> int:
        """What may become unset by an edge, whatever was before."""
        mask = 0
        for act in edge.row.do if edge.row is not None else ():
            unset = isinstance(act, SetSlot) and isinstance(act.value, ValueOf)
            mask = (
                mask | self.slot(edge.scope.full(act.slot))
                if unset and isinstance(act, SetSlot)
                else self.act(act, edge.scope, mask)
            )
        return self.begins(edge, mask)

    # --- what is used -------------------------------------------------------------------------------------------------------------------

    def said(self, prompt: Prompt | None, scope: Scope) -> int:
        """What a prompt needs."""
        return 0 if prompt is None else _union(self.ref(ref, scope) for ref, _ in refs_in(prompt.parts, surely=True))


def act_prompts(act: Act, scope: Scope) -> Prompt | None:
    """What an act says."""
    if isinstance(act, SayText):
        return act.prompt
    return scope.spec.prompts[act.name] if isinstance(act, SayPrompt) else None


def _union(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _common(masks: Iterable[int]) -> int:
    found = -1
    for mask in masks:
        found &= mask
    return max(found, 0)
