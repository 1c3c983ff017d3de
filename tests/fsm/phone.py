"""A telephone: two joined machines that use everything a table has. What the tests of drawing, recording, coverage … share."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import attrs

from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.explore import Properties, World
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import (
    STAY,
    All,
    Effects,
    Group,
    Level,
    Timer,
    after,
    always,
    anywhere,
    back_to,
    drop,
    enter,
    leave,
    never,
    owes,
    row,
)  # fmt: skip
from fsm_agents.fsm.table import StateTable


class Mood(Enum):
    CALM = "calm"
    CROSS = "cross"


@attrs.frozen
class Word:
    text: str
    weight: float = 1.0


@attrs.frozen
class Called:
    number: str = attrs.field(default="", metadata={"secret": True})
    call: int = 1


@attrs.frozen
class Spoke:
    words: tuple[Word, ...]
    call: int
    mood: Mood = Mood.CALM
    line: str = attrs.field(default="a", metadata={"public": True})


@attrs.frozen
class PickedUp:
    pass


@attrs.frozen
class HungUp:
    pass


@attrs.frozen
class HoldPressed:
    pass


@attrs.frozen
class Knocked:
    """Another call waits."""


@attrs.frozen
class PlayEnded:
    pass


@attrs.frozen
class TextGiven:
    """Raised by the line, answered by the voice."""

    text: str


@attrs.frozen
class Ring:
    times: int


@attrs.frozen
class Connect:
    call: int


@attrs.frozen
class Release:
    call: int


@attrs.frozen
class Play:
    text: str


@attrs.frozen
class Silence:
    pass


class L(Enum):
    IDLE = "on the hook"
    RINGING = "a call comes in"
    TALKING = "two people hear each other"
    HELD = "one of them hears music"
    KNOCKED = "another call waits"
    DOWN = "torn out of the wall"


class V(Enum):
    SILENT = "nothing is played"
    MUSIC = "for those who wait"
    SPEAKING = "says a text"


class Call(Shared):
    """What the machines know: the call, how often it rang, what was said."""

    __slots__ = ("call", "rings", "said")

    def __init__(self) -> None:
        self.call = 0
        self.rings = 0
        self.said: tuple[Word, ...] = ()


def accept(event: Called, _data: Call) -> Effects:
    return Set("call", event.call), Set("rings", 1), Ring(1)


def few_rings(_event: object, data: Call) -> bool:
    return data.rings < 2


def ring_again(_event: object, data: Call) -> Effects:
    return Set("rings", data.rings + 1), Ring(data.rings + 1)


def connect(_event: object, data: Call) -> Effects:
    return (Connect(data.call),)


def greet(_event: object, _data: Call) -> Effects:
    return (TextGiven("hello"),)


def has_words(event: Spoke, _data: Call) -> bool:
    return bool(event.words)


def note(event: Spoke, data: Call) -> Effects:
    return (Set("said", (*data.said, *event.words)),)


def release(_event: object, data: Call) -> Effects:
    return Release(data.call), Set("said", ())


def say(event: TextGiven, _data: Call) -> Effects:
    return (Play(event.text),)


def play_music(_event: object, _data: Call) -> Effects:
    return (Play("music"),)


def silence(_event: object, _data: Call) -> Effects:
    return (Silence(),)


def light_on(_event: object, _data: Call) -> Effects:
    return ("light on",)


def light_off(_event: object, _data: Call) -> Effects:
    return ("light off",)


def is_old(event: Spoke, data: Call) -> bool:
    return event.call != data.call


RING_LIMIT = Timer("ring_limit", 20.0, "what people bear")
HOLD_LIMIT = Timer("hold_limit", None)
SPEAK_LIMIT = Timer("speak_limit", 0.25)
LIVE = Group("live", (L.TALKING, L.HELD), L.TALKING)

# fmt: off
LINE: StateTable[L, Call] = StateTable("line", L, L.IDLE, final=(L.DOWN,), groups=(LIVE,), rows=[
    row  (L.IDLE,    Called,      L.RINGING,     accept                   ),   # 1
    drop (L.IDLE,    PickedUp, HungUp, HoldPressed, Knocked, Spoke),
    owes (L.IDLE,    "somebody who calls"),

    row  (L.RINGING, PickedUp,    L.TALKING,     (connect, greet)         ),   # 4
    row  (L.RINGING, HungUp,      L.IDLE,        release                  ),
    after(L.RINGING, RING_LIMIT,  L.RINGING,     ring_again,    few_rings ),   # 6
    after(L.RINGING, RING_LIMIT,  L.IDLE,        release                  ),
    drop (L.RINGING, Called, HoldPressed, Knocked, Spoke),

    enter(LIVE,                                  light_on                 ),
    leave(LIVE,                                  light_off                ),
    row  (LIVE,      HungUp,      L.IDLE,        release                  ),   # 11
    row  (LIVE,      Knocked,     L.KNOCKED                               ),
    row  (L.TALKING, HoldPressed, L.HELD                                  ),   # 13
    row  (L.TALKING, Spoke,       STAY,          note,          has_words ),
    drop (L.TALKING, Spoke),
    drop (LIVE,      Called, PickedUp),
    row  (L.HELD,    HoldPressed, L.TALKING                               ),   # 17
    after(L.HELD,    HOLD_LIMIT,  L.IDLE,        release                  ),
    drop (L.HELD,    Spoke),
    owes ((L.TALKING, L.HELD), "the two who talk"),

    row  (L.KNOCKED, PickedUp,    back_to(LIVE)                           ),   # 21
    row  (L.KNOCKED, HungUp,      L.IDLE,        release                  ),
    drop (L.KNOCKED, Called, HoldPressed, Knocked, Spoke),

    anywhere(        "unplugged", L.DOWN,        release,  but=(L.DOWN,)  ),   # 24
    drop (L.DOWN,    "unplugged", Called, PickedUp, HungUp, HoldPressed, Knocked, Spoke),
])

VOICE: StateTable[V, Call] = StateTable("voice", V, V.SILENT, rows=[
    row   ((V.SILENT, V.MUSIC), TextGiven, V.SPEAKING, say                                              ),   # 1
    always(V.SILENT,            V.MUSIC,    play_music, Level("line", (L.HELD,))                         ),
    drop  ((V.SILENT, V.MUSIC), PlayEnded),
    always(V.MUSIC,             V.SILENT,   silence,    Level("line", (L.HELD,), negated=True)           ),   # 4
    never (V.SPEAKING,          TextGiven),
    row   (V.SPEAKING,          PlayEnded,  V.SILENT                                                    ),   # 6
    after (V.SPEAKING,          SPEAK_LIMIT, V.SILENT,  silence                                          ),
    always(V.SPEAKING,          V.SILENT,   silence,    All((Level("line", (L.IDLE, L.DOWN)), few_rings)) ),   # 8
    always(V.SPEAKING,          V.SILENT,   silence,    Level("line", (L.IDLE, L.DOWN))                  ),
])
# fmt: on

PHONE: Joint[Call] = Joint("phone", {"line": LINE, "voice": VOICE}, stale={Spoke: is_old})

HELLO = Spoke((Word("hello"), Word("there", 0.5)), 1)


def begin(joint: Joint[Call] = PHONE, hold: float | None = 60.0) -> Call:
    """A conversation with music on hold for a minute."""
    return joint.start(Call(), {"hold_limit": hold})


def stimuli(data: Call) -> Iterable[object]:
    """Everything may come at any time; what was said is bounded."""
    yield from (Called("+420 5", 1), PickedUp(), HungUp(), HoldPressed(), Knocked(), PlayEnded(), "unplugged")
    yield from (HELLO,) if len(data.said) < 2 else (Spoke((), 1),)


def world(joint: Joint[Call] = PHONE) -> World[Call]:
    """The telephone in a world that offers every event in every state."""
    return World(joint, lambda: begin(joint), stimuli, abstract=lambda data: (data.call, data.rings, len(data.said)))


def music_only_on_hold(data: Call) -> str | None:
    playing, held = data.cell("voice").state is V.MUSIC, data.cell("line").state is L.HELD
    return "music is played to nobody" if playing and not held else None


def no_voice_in_the_wall(data: Call) -> str | None:
    return (
        "it speaks and is unplugged" if data.cell("line").state is L.DOWN and data.cell("voice").state is not V.SILENT else None
    )


PROPERTIES = Properties(safety=(music_only_on_hold, no_voice_in_the_wall))
