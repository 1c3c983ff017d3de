"""What a table may be written like: this file must pass mypy and pyright in their strict modes. It is read, never run."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import attrs

from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.joint import Joint, Shared, Step
from fsm_agents.fsm.rows import (
    STAY, Action, All, Effects, Group, Guard, History, Level, Row, Timer, after, always, anywhere, back_to, drop, enter, leave,
    never, owes, row,
)  # fmt: skip
from fsm_agents.fsm.table import StateTable


class Phone(Enum):
    """An Enum with a sentence for each state."""

    IDLE = "nobody calls"
    RINGING = "somebody calls"
    TALKING = "two people talk"
    ON_HOLD = "one of them waits"


@attrs.frozen
class Event:
    """A common base of events."""


@attrs.frozen
class Dialled(Event):
    """An event with data."""

    number: str


@attrs.frozen
class PickedUp(Event):
    """An event without."""


@attrs.frozen
class HungUp(Event):
    """Another."""


class Call(Shared):
    """The data of a conversation."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = ""


@attrs.frozen
class Ring:
    """An effect."""


RINGING = Timer("ringing", 30.0, "a phone company's limit")


def is_local(event: Dialled, call: Call) -> bool:
    """A guard for one event."""
    return event.number.startswith("0")


def is_known(event: object, call: Call) -> bool:
    """A guard for any event."""
    return bool(call.number)


def keep(event: Dialled, call: Call) -> Effects:
    """An action for one event."""
    return Set("number", event.number), Ring()


def ring(event: Event, call: Call) -> tuple[Ring, ...]:
    """An action for a family of events, with narrower effects."""
    return (Ring(),)


def forget(event: object, data: object) -> Iterator[Set]:
    """An action for any event and any data, which yields."""
    yield Set("number", "")


BUSY: Group[Phone] = Group("busy", (Phone.TALKING, Phone.ON_HOLD), Phone.TALKING)
IN_USE: Group[Phone] = Group("in use", (Phone.RINGING, BUSY), BUSY, deep=False)
WAS: History[Phone] = back_to(BUSY)
LOCAL: Guard[Dialled, Call] = is_local
KEEP: Action[Dialled, Call] = keep

# fmt: off
PHONE: StateTable[Phone, Call] = StateTable("phone", Phone, Phone.IDLE, [
    row     (Phone.IDLE,     Dialled,   Phone.RINGING,  keep,            is_local),
    row     (Phone.IDLE,     Dialled,   Phone.RINGING,  (keep, ring),    is_known),
    row     (Phone.IDLE,     Dialled,   STAY,           (ring, forget),  LOCAL),
    row     (Phone.IDLE,     Dialled,   BUSY,           KEEP),
    row     (Phone.RINGING,  PickedUp,  WAS,            ring),
    row     (Phone.TALKING,  "mute",    STAY,           forget),
    row     (BUSY,           HungUp,    Phone.IDLE),
    row     ((Phone.IDLE, Phone.RINGING), HungUp, Phone.IDLE, None, is_known),
    after   (Phone.RINGING,  RINGING,   Phone.IDLE,     forget,          is_known),
    after   (Phone.RINGING,  RINGING,   Phone.IDLE),
    always  (Phone.ON_HOLD,  Phone.TALKING, forget, Level("voice", ("SPEAKING",))),
    always  (Phone.ON_HOLD,  Phone.TALKING, when=All((is_known, Level("voice", ("SILENT",), negated=True)))),
    anywhere(HungUp,         Phone.IDLE, ring, but=(Phone.IDLE,)),
    drop    (Phone.IDLE,     PickedUp, "mute"),
    drop    ((Phone.RINGING, Phone.ON_HOLD), Dialled, "mute"),
    never   (Phone.TALKING,  PickedUp),
    enter   (BUSY,           ring),
    enter   ((Phone.IDLE, Phone.RINGING), forget),
    leave   (Phone.IDLE,     (ring, forget)),
    owes    (Phone.IDLE,     "somebody dials"),
], final=(Phone.ON_HOLD,), groups=(IN_USE,))
# fmt: on

NAMES: StateTable[str, Call] = StateTable(
    "names", ["on", "off"], "on", [row("on", "flip", "off", forget), row("off", "flip", STAY)]
)
HOUSE: Joint[Call] = Joint("house", {"phone": PHONE, "names": NAMES}, stale={Dialled: is_local})


def use(call: Call) -> None:
    """What running a table gives."""
    moved: Step = HOUSE.step(HOUSE.start(call), Dialled("0"))
    state: Phone = PHONE.state("IDLE")
    effects: tuple[object, ...] | None = PHONE.engine.step(PHONE.engine.start(call, state), Dialled("1"))
    rows: list[Row[Phone, Call]] = [*PHONE.rows]
    stock = StateTable.from_transitions(PHONE.to_transitions(perform=lambda model, effect: None), name="again")
    print(moved.effects, effects, rows, stock.members)
