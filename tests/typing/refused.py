"""What a type checker must refuse in a table: each line marked ``E:`` in a comment, and no other. It is read, never run."""

from __future__ import annotations

from enum import Enum

import attrs

from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import STAY, Effects, Group, Row, Timer, after, always, anywhere, drop, enter, never, row
from fsm_agents.fsm.table import StateTable


class Phone(Enum):
    IDLE = "nobody calls"
    RINGING = "somebody calls"


class Door(Enum):
    OPEN = "anyone may pass"


@attrs.frozen
class Dialled:
    number: str


@attrs.frozen
class HungUp:
    pass


class Call(Shared):
    number: str = ""


class Other(Shared):
    words: str = ""


def is_local(event: Dialled, call: Call) -> bool:
    return event.number.startswith("0")


def is_other(event: Dialled, data: Other) -> bool:
    return True


def number(event: Dialled, call: Call) -> str | None:
    return event.number


def keep(event: Dialled, call: Call) -> Effects:
    return ()


def keep_other(event: Dialled, data: Other) -> Effects:
    return ()


def forgets_to_return(event: Dialled, call: Call) -> None:
    pass


def takes_one(event: Dialled) -> Effects:
    return ()


async def waits(event: Dialled, call: Call) -> Effects:
    return ()


RINGING = Timer("ringing", 30.0)

PHONE: StateTable[Phone, Call] = StateTable("phone", Phone, Phone.IDLE, [])


def line(made: Row[Phone, Call]) -> None:
    """A line of the table above. One by one: in a list pyright refuses all of it at its first line."""


line(row(Phone.IDLE, Dialled, Phone.RINGING, keep, is_local))
line(row(Phone.IDLE, HungUp, Phone.RINGING, None, is_local))  # E: a guard written for another event
line(row(Phone.IDLE, HungUp, Phone.RINGING, keep))  # E: an action written for another event
line(row(Phone.IDLE, HungUp, Phone.RINGING, (keep, keep)))  # E: actions written for another event
line(row(Phone.IDLE, Dialled, Phone.RINGING, keep_other))  # E: an action for other data
line(row(Phone.IDLE, Dialled, Phone.RINGING, None, is_other))  # E: a guard for other data
line(row(Phone.IDLE, Dialled, Phone.RINGIN))  # E: a misspelt destination
line(row(Phone.IDEL, Dialled, Phone.RINGING))  # E: a misspelt state
line(row(Phone.IDLE, Dialed, Phone.RINGING))  # E: a misspelt event
line(row(Phone.IDLE, Dialled, Door.OPEN))  # E: a state of another machine
line(row(Phone.IDLE, Dialled("0"), Phone.RINGING))  # E: an event object instead of its class
line(row(Phone.IDLE, Dialled, Phone.RINGING, keep()))  # E: an action that was called
line(row(Phone.IDLE, Dialled, Phone.RINGING, forgets_to_return))  # E: an action that returns nothing
line(row(Phone.IDLE, Dialled, Phone.RINGING, takes_one))  # E: an action without the data
line(row(Phone.IDLE, Dialled, Phone.RINGING, waits))  # E: an async action
line(row(Phone.IDLE, Dialled, Phone.RINGING, None, number))  # E: a guard that answers with something else than yes or no
line(row(Phone.IDLE, Dialled, Phone.RINGING, when="is_local"))  # E: a guard by name
line(row(Phone.IDLE, RINGING, Phone.RINGING))  # E: a timer in a row for events
line(after(Phone.IDLE, "ringing", Phone.RINGING))  # E: a timer by name
line(after(Phone.IDLE, RINGING, Phone.RINGING, keep_other))  # E: an action of a timer for other data
line(always(Phone.IDLE, Phone.RINGING, None, is_other))  # E: a level question about other data
line(anywhere(HungUp, Phone.IDLE, keep))  # E: an action written for another event
line(anywhere(HungUp, Phone.IDLE, but=Phone.IDLE))  # E: one state where several are meant
line(drop(Phone.IDLE, Dialled("0")))  # E: an event object
line(never(Phone.IDLE, RINGING))  # E: a timer
line(enter(Phone.IDLE, keep_other))  # E: an entry action for other data
line(row(Door.OPEN, Dialled, STAY))  # E: a row of another machine

START: StateTable[Phone, Call] = StateTable("phone", Phone, Door.OPEN, [])  # E: the first state of another machine
GROUP: Group[Phone] = Group("g", (Phone.IDLE, Door.OPEN), Phone.IDLE)  # E: a group of two machines
JOINT: Joint[Other] = Joint("house", {"phone": PHONE})  # E: a table for other data
PHONE.name = "other"  # E: a table is frozen
PHONE.rows[0].when = None  # E: so is a row
