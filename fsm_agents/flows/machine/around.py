"""The two machines beside a flow: the keypad, which makes a number of single keys, and patience, which bridges the time of a tool.

They read where the flow stands (level) and tell it what they found (edge); the flow knows neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import Line, SayLines
from fsm_agents.flows.machine.events import KeyPressed, Pressed, WaitBegun
from fsm_agents.flows.machine.flat import CHECKING, FlatState
from fsm_agents.flows.machine.takes import ENTERED
from fsm_agents.flows.machine.view import View
from fsm_agents.flows.machine.work import barge_in
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.words.numbers import Digits
from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.rows import STAY, Effects, Level, Timer, after, always, drop, row
from fsm_agents.fsm.table import StateTable

__all__ = ["Keypad", "Patience", "keypad_table", "patience_table"]


class Keypad(Enum):
    """What was pressed so far."""

    IDLE = "nothing"
    ENTERING = "keys of a number that may go on"


class Patience(Enum):
    """Whether the caller waits."""

    IDLE = "for nobody"
    WAITING = "for a tool, a person or another agent"


class _Keys:
    """What the keypad asks and does."""

    def __init__(self, world: World) -> None:
        self.world = world

    def _asked(self, data: FlowData) -> Any:
        state = self.world.flat.states.get(data.cell("flow").state)
        slot = self.world.flat.slots[state.slot] if state is not None and state.slot else None
        return slot if slot is not None and slot.type in ENTERED else None

    def _most(self, data: FlowData) -> int:
        slot = self._asked(data)
        if slot is None:
            return 1
        if slot.type == "digits":
            return slot.length[1] if slot.length else Digits.MOST
        return len(str(slot.range[1])) if slot.range else 9

    def goes_on(self, event: KeyPressed, data: FlowData) -> bool:
        """More keys may follow this one."""
        return event.key != self.world.flat.spec.defaults.end_key and len(data.keys) + 1 < self._most(data)

    def entered_nothing(self, event: KeyPressed, data: FlowData) -> bool:
        """The end key, with nothing entered, where a number is asked for."""
        return not data.keys and event.key == self.world.flat.spec.defaults.end_key and self._asked(data) is not None

    def keep(self, event: KeyPressed, data: FlowData) -> Effects:
        """One key more."""
        return (Set("keys", data.keys + event.key),)

    def whole(self, event: KeyPressed, data: FlowData) -> Effects:
        """This was the last key."""
        ends = event.key == self.world.flat.spec.defaults.end_key and bool(data.keys)
        return Set("keys", ""), Pressed(data.keys if ends else data.keys + event.key, event.facts)

    def late(self, event: object, data: FlowData) -> Effects:
        """No key followed for a while; the state that asked may have been left meanwhile, and then nothing is entered."""
        return (Set("keys", ""), Pressed(data.keys, data.facts)) if data.keys else ()


def keypad_table(world: World) -> StateTable[Keypad, FlowData]:
    """Makes a whole number of single keys, where a state asks for one."""
    k, do = Keypad, _Keys(world)
    gap = Timer("between_keys", world.flat.spec.defaults.between_keys, "defaults.between_keys")
    # fmt: off
    #     in            on           to           do          when
    rows: list[Any] = [
    row  (k.IDLE,       KeyPressed,  STAY,        None,       do.entered_nothing),
    row  (k.IDLE,       KeyPressed,  k.ENTERING,  do.keep,    do.goes_on        ),
    row  (k.IDLE,       KeyPressed,  STAY,        do.whole                      ),
    row  (k.ENTERING,   KeyPressed,  k.ENTERING,  do.keep,    do.goes_on        ),
    row  (k.ENTERING,   KeyPressed,  k.IDLE,      do.whole                      ),
    after(k.ENTERING,   gap,         k.IDLE,      do.late                       ),
    ]
    # fmt: on
    return StateTable("keypad", Keypad, k.IDLE, rows)


def patience_table(world: World) -> StateTable[Patience, FlowData]:
    """Says a line every few seconds while something is worked on."""
    p = Patience
    every = Timer("wait", world.flat.spec.defaults.wait_every, "defaults.wait_every")
    working = tuple(
        name
        for s in world.flat.states.values()
        for name in (s.name, s.name + CHECKING)
        if (s.works if name == s.name else s.slot and world.flat.slots[s.slot].check)
    )
    wait = _Wait(world)
    if not working:
        return StateTable("patience", Patience, p.IDLE, [drop((p.IDLE, p.WAITING), WaitBegun)], strict=False)
    # fmt: off
    #      in             on           to            do      when
    return StateTable("patience", Patience, p.IDLE, rows=[
    row   (p.IDLE,        WaitBegun,   p.WAITING,    _anew                                   ),
    row   (p.WAITING,     WaitBegun,   p.WAITING,    _anew                                   ),
    after (p.WAITING,     every,       p.WAITING,    wait                                    ),
    always(p.WAITING,                  p.IDLE,       None,   Level("flow", working, negated=True)),
    ])
    # fmt: on


class _Wait:
    """Says the next of the state's ``wait`` lines; the last one repeats."""

    __name__ = "say_wait"

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines: Mapping[str, FlatState] = world.flat.states

    def __call__(self, event: object, data: FlowData) -> Effects:
        """The line."""
        state = self.lines.get(data.cell("flow").state.removesuffix(CHECKING))
        if state is None or not state.spec.wait:
            return (SayLines((Line(self.world.pack.texts["wait"]),)),)
        prompt = state.spec.wait[min(data.waits, len(state.spec.wait) - 1)]
        line = View(self.world, data, data.facts).line(prompt, state.scope)
        return Set("waits", data.waits + 1), SayLines((line,), barge_in(state))


def _anew(_event: object, _data: FlowData) -> Effects:
    return (Set("waits", 0),)
