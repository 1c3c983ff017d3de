"""What a row of a flow does when it is taken: one pure action for each, named as the row is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.flat import Edge, FlatState, Scope
from fsm_agents.flows.machine.guards import parse_of
from fsm_agents.flows.machine.work import Work
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import AGAIN, BACK, NEXT, Failure, Goto, Press, Visit
from fsm_agents.flows.words.types import Invalid
from fsm_agents.fsm.rows import Effects

__all__ = ["ENTERED", "Do", "KeysFit", "KeysMeant", "Take", "keep_result", "key_value"]

ENTERED = ("digits", "number")
"""The slot types that are entered on the keypad as a whole number."""

Do: TypeAlias = Callable[[Any, FlowData], Effects]


class Take:
    """An edge is taken: its values, its acts, its move.

    Args:
        world: The flow.
        state: Where it stands.
        edge: The edge.
        how: ``words`` (the event has parses: the caller's or the model's), ``keys``, ``failure`` (counted), ``result`` (of a tool) or
            empty (an event answered by name).
    """

    def __init__(self, world: World, state: FlatState, edge: Edge, how: str = "") -> None:
        self.world, self.state, self.edge, self.how = world, state, edge, how
        row = edge.row
        self.__name__ = (row.cells[4] if row is not None else f"fill {state.spec.ask}") or "go"
        target = row.to if row is not None else NEXT
        self.begins: list[Scope] = []
        if isinstance(edge.target, Goto | Visit) and isinstance(target, Goto | Visit):
            self.begins = world.flat.entered(edge.scope, target.state)

    def __call__(self, event: Any, data: FlowData) -> Effects:
        """What comes of it."""
        work = Work(self.world, self.state, event, data)
        self._heard(work, event)
        edge = self.edge
        if edge.row is not None:
            work.act(edge.row.do, edge.scope)
        match edge.target:
            case Goto(name):
                work.go(name, self.begins)
            case Visit(name):
                work.go(name, self.begins, visit=True)
            case target if target is AGAIN and not self._working():
                work.again()
            case target if target is BACK:
                work.back()
            case target if target is NEXT:
                work.stay()
                work.filled(self.state)
            case _:
                work.stay()
                if self._working() and self.how == "resumed":
                    work.work_on(self.state, key=f"{self.state.name}/{data.visit}")
        return work.effects_of()

    def _working(self) -> bool:
        return self.state.works

    def _heard(self, work: Work, event: Any) -> None:
        if self.how == "words":
            parse = parse_of(event, self.edge.number)
            work.taken()
            work.fill(parse.values if parse is not None else ())
        elif self.how == "keys":
            work.taken()
            if not isinstance(self.edge.trigger, Press):
                work.fill([(self.state.slot, key_value(self.world, event.keys, self.world.flat.slots[self.state.slot]))])
        elif self.how == "failure" and isinstance(self.edge.trigger, Failure):
            work.failures = work.failures.and_one(self.edge.trigger.kind)
        elif self.how == "result":
            keep_result(work, self.state, event)


def keep_result(work: Work, state: FlatState, event: Any) -> None:
    """The result of a tool can be asked for by name from now on."""
    if state.spec.call:
        work.view.results[state.scope.full(state.spec.call)] = event.fields


class KeysFit:
    """The keys are a valid value of the slot that the state asks for."""

    def __init__(self, world: World, slot: SlotSpec) -> None:
        self.world, self.slot = world, slot
        self.__name__ = f"keys of {slot.name}"

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether they are."""
        value = key_value(self.world, event.keys, self.slot)
        return value is not None and not isinstance(value, Invalid)


class KeysMeant(KeysFit):
    """The keys are a value of the slot that the state asks for, valid or not."""

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether they are."""
        return key_value(self.world, event.keys, self.slot) is not None


def key_value(world: World, keys: str, slot: SlotSpec) -> Any:
    """What keys mean for a slot; ``None``: nothing."""
    value = world.type_of(slot).keyed(keys, slot)
    return tuple(value) if isinstance(value, list) else value
