"""A small voice agent of three joined machines (ear, mouth, floor): what the tests of joining, exploring and checking share."""

from __future__ import annotations

from enum import Enum
from typing import Any

import attrs

from fsm_agents.fsm.engine import Due, Set
from fsm_agents.fsm.joint import Joint, Shared, Step
from fsm_agents.fsm.rows import STAY, Effects, Level, Timer, after, always, drop, never, row
from fsm_agents.fsm.table import StateTable


class Ear(Enum):
    QUIET = "nobody talks"
    TALKING = "the caller talks"
    PAUSING = "the caller fell silent"


class Mouth(Enum):
    STILL = "nothing to say"
    SPEAKING = "we speak"


class Floor(Enum):
    LISTENING = "nobody has the floor"
    THEIRS = "the caller has it"
    OURS = "we have it"
    HELD = "we have it, and the caller talks"


@attrs.frozen
class Started:
    pass


@attrs.frozen
class Stopped:
    pass


@attrs.frozen
class Heard:
    words: str


@attrs.frozen
class TurnTaken:
    text: str


@attrs.frozen
class Begun:
    text: str


@attrs.frozen
class Played:
    reply: int


@attrs.frozen
class Cut:
    pass


@attrs.frozen
class Speak:
    text: str


PAUSE, PATIENCE, WAKE = Timer("pause", 0.5), Timer("patience", 0.3), Timer("wake")


class Talk(Shared):
    __slots__ = ("pending", "reply", "words")

    def __init__(self) -> None:
        self.words: tuple[str, ...] = ()
        self.pending = ""
        self.reply = 0


def collect(event: Heard, talk: Talk) -> Effects:
    return (Set("words", (*talk.words, event.words)),)


def take(event: object, talk: Talk) -> Effects:
    return Set("words", ()), TurnTaken(" ".join(talk.words))


def has_words(event: object, talk: Talk) -> bool:
    return bool(talk.words)


def keep(event: TurnTaken, talk: Talk) -> Effects:
    return (Set("pending", event.text),)


def is_pending(event: object, talk: Talk) -> bool:
    return bool(talk.pending)


def commit(event: object, talk: Talk) -> Effects:
    return Set("pending", ""), Set("reply", talk.reply + 1), Begun(talk.pending), "committed"


def speak(event: Begun, talk: Talk) -> Effects:
    return (Speak(event.text),)


def cut(event: object, talk: Talk) -> Effects:
    return (Cut(),)


def is_old(event: Played, talk: Talk) -> bool:
    return event.reply != talk.reply


# fmt: off
EAR: StateTable[Ear, Talk] = StateTable("ear", Ear, Ear.QUIET, [
    row  (Ear.QUIET,    Started,  Ear.TALKING                     ),
    row  (Ear.TALKING,  Stopped,  Ear.PAUSING                     ),
    row  (Ear.TALKING,  Heard,    STAY,          collect          ),
    row  (Ear.PAUSING,  Started,  Ear.TALKING                     ),
    row  (Ear.PAUSING,  Heard,    STAY,          collect          ),
    after(Ear.PAUSING,  PAUSE,    Ear.QUIET,     take,   has_words),
    after(Ear.PAUSING,  PAUSE,    Ear.QUIET                       ),
    drop (Ear.QUIET,    Heard, Stopped                            ),
    drop (Ear.TALKING,  Started                                   ),
    drop (Ear.PAUSING,  Stopped                                   ),
])
MOUTH: StateTable[Mouth, Talk] = StateTable("mouth", Mouth, Mouth.STILL, [
    row  (Mouth.STILL,    Begun,   Mouth.SPEAKING, speak),
    row  (Mouth.SPEAKING, Played,  Mouth.STILL          ),
    row  (Mouth.SPEAKING, Cut,     Mouth.STILL          ),
    drop (Mouth.STILL,    Played, Cut                   ),
    never(Mouth.SPEAKING, Begun                         ),
])
FLOOR: StateTable[Floor, Talk] = StateTable("floor", Floor, Floor.LISTENING, [
    row   (Floor.LISTENING, TurnTaken, STAY,            keep),
    row   (Floor.THEIRS,    TurnTaken, STAY,            keep),
    row   (Floor.HELD,      TurnTaken, STAY,            keep),
    row   (Floor.OURS,      TurnTaken, STAY,            keep),
    always(Floor.LISTENING, Floor.THEIRS,               when=Level("ear", (Ear.TALKING, Ear.PAUSING))),
    always(Floor.LISTENING, Floor.OURS,      commit,    is_pending),
    always(Floor.THEIRS,    Floor.LISTENING,            when=Level("ear", (Ear.QUIET,))),
    always(Floor.OURS,      Floor.LISTENING,            when=Level("mouth", (Mouth.SPEAKING,), negated=True)),
    always(Floor.OURS,      Floor.HELD,                 when=Level("ear", (Ear.TALKING,))),
    always(Floor.HELD,      Floor.THEIRS,               when=Level("mouth", (Mouth.SPEAKING,), negated=True)),
    always(Floor.HELD,      Floor.OURS,                 when=Level("ear", (Ear.TALKING,), negated=True)),
    after (Floor.HELD,      PATIENCE,  Floor.THEIRS,    cut),
    after (Floor.LISTENING, WAKE,      Floor.LISTENING),
])
# fmt: on
VOICE: Joint[Talk] = Joint("voice", {"ear": EAR, "mouth": MOUTH, "floor": FLOOR}, stale={Played: is_old})


def states(talk: Talk) -> tuple[Any, ...]:
    return tuple(cell.state for cell in talk.cells)


def stands(talk: Talk) -> tuple[Any, ...]:
    return tuple((c.node, c.epoch, c.past) for c in talk.cells), talk.words, talk.pending, talk.reply, talk.stepping


def rows(step: Step) -> list[str]:
    return [f"{VOICE.machines[place]} {taken.source}" for place, taken in step.trail]


def due(talk: Talk, machine: str, timer: str) -> Due:
    return Due(machine, timer, talk.cell(machine).epoch)


def up_to_speaking(talk: Talk) -> Step:
    for event in (Started(), Heard("two"), Heard("pizzas"), Stopped()):
        VOICE.step(talk, event)
    return VOICE.step(talk, due(talk, "ear", "pause"))


def joined(**tables: StateTable[Any, Talk]) -> Joint[Talk]:
    """Machines of one conversation, some of them with a row exchanged."""
    return Joint("voice", tables)
