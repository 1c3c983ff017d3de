"""One item of the caller's in a realtime conversation, from the first sound to its words: a small table.

A realtime model answers sound, so a committed item ends the turn at once and its words follow when they come. While the agent has the floor
that is not enough: a cough is committed as well, so there the words decide, if the model tells them. The timers that bound the waiting are
the caller's (:mod:`fsm_agents.machines.caller`). Pure: effects are returned.
"""

# ruff: noqa: ARG001 - guards and actions share one signature: (event, data)

from __future__ import annotations

from enum import Enum

import attrs

from fsm_agents.fsm.engine import Session
from fsm_agents.fsm.rows import STAY, Effects, drop, owes, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.machines.caller import Caller
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.turn import FLOOR
from fsm_agents.pipelines.realtime_words import name_of
from fsm_agents.stages.realtime import InputCommitted, InputStopped, InputUnread, InputWords

__all__ = ["INPUT", "Commit", "DeleteItem", "FinishAsked", "Hearing", "Input", "Learn", "TellStopped", "TellWords", "new_input"]


class Hearing(Enum):
    """What is known of an item."""

    SOUNDING = "the model's detector hears it"
    STOPPED = "fell silent, not committed"
    AWAITED = "committed; its words say whether it counts"
    EMPTY = "there are no words; told when the final words are asked for"
    SETTLED = "told"


H = Hearing


@attrs.frozen
class FinishAsked:
    """The caller paused: the final words of the segment are wanted."""


@attrs.frozen
class TellStopped:
    """Tell the conversation that the caller fell silent."""


@attrs.frozen
class TellWords:
    """Tell it words; final ones end the turn, unless they are empty: it was noise."""

    text: str
    final: bool


@attrs.frozen
class Learn:
    """The words are known."""

    text: str


@attrs.frozen
class Commit:
    """Have the model make an item of what it heard so far."""


@attrs.frozen
class DeleteItem:
    """The model shall forget the item: there were no words in it."""


@attrs.define(eq=False)
class Input:
    """The data of one item.

    Args:
        talk: The conversation; only looked at.
        segment: Which segment it is.
        transcribed: Whether the model tells words.
        read: Whether somebody reads the words: then they are always waited for.
        finished: Whether the final words were asked for before it was committed (by a pipeline that detects turns itself).
    """

    talk: Talk
    segment: int
    transcribed: bool
    read: bool
    finished: bool


def words_decide(event: InputCommitted, data: Input) -> bool:
    """Its words are needed: somebody reads them, or it sounded while the agent had the floor, and may have been a cough."""
    return data.transcribed and (data.read or data.talk.cell("turn").state in FLOOR)


def is_interim(words: InputWords, data: Input) -> bool:
    """The words so far."""
    return not words.final


def is_final(words: InputWords, data: Input) -> bool:
    """The words."""
    return words.final


def has_words(words: InputWords, data: Input) -> bool:
    """Final, and not empty."""
    return words.final and bool(words.text.strip())


def was_asked(words: InputWords, data: Input) -> bool:
    """The caller paused: that there is nothing can be told."""
    return data.finished or data.talk.cell("caller").state in (Caller.PAUSING, Caller.TRANSCRIBING)


def tell_stopped(event: InputStopped, data: Input) -> Effects:
    """The caller fell silent."""
    return (TellStopped(),)


def take_unread(event: InputCommitted | InputUnread, data: Input) -> Effects:
    """It counts, whatever the words are, and it ends the turn."""
    return (TellWords(name_of(data.segment), final=True),)


def take_words(words: InputWords, data: Input) -> Effects:
    """It counts, and it ends the turn."""
    return Learn(words.text.strip()), TellWords(words.text.strip(), final=True)


def note(words: InputWords, data: Input) -> Effects:
    """Some words are known already: it was no cough."""
    return (TellWords(words.text.strip(), final=False),) if words.text.strip() else ()


def learn(words: InputWords, data: Input) -> Effects:
    """History is told the words."""
    return (Learn(words.text.strip()),)


def tell_noise(event: InputWords | FinishAsked, data: Input) -> Effects:
    """Nothing was said."""
    return Learn(""), DeleteItem(), TellWords("", final=True)


def commit(event: FinishAsked, data: Input) -> Effects:
    """It goes on for too long."""
    return (Commit(),)


# fmt: off
INPUT: StateTable[Hearing, Input] = StateTable("input", Hearing, start=H.SOUNDING, final=(H.SETTLED,), rows=[
    #    in                        on              to          do            when
    row(H.SOUNDING,                InputStopped,   H.STOPPED,  tell_stopped               ),
    row(H.SOUNDING,                FinishAsked,    STAY,       commit                     ),
    row((H.SOUNDING, H.STOPPED),   InputCommitted, H.AWAITED,  None,         words_decide ),
    row((H.SOUNDING, H.STOPPED),   InputCommitted, H.SETTLED,  take_unread                ),
    row((H.SOUNDING, H.STOPPED),   InputWords,     H.SETTLED,  take_words,   has_words    ),   # they overtook the commit
    drop((H.SOUNDING, H.STOPPED),  InputWords, InputUnread),
    drop(H.STOPPED,                InputStopped, FinishAsked),
    owes((H.SOUNDING, H.STOPPED),  "the model's detector; the caller's own timers bound it"),

    row(H.AWAITED,                 InputWords,     STAY,       note,         is_interim   ),
    row(H.AWAITED,                 InputWords,     H.SETTLED,  take_words,   has_words    ),
    row(H.AWAITED,                 InputWords,     H.SETTLED,  tell_noise,   was_asked    ),
    row(H.AWAITED,                 InputWords,     H.EMPTY                                ),
    row(H.AWAITED,                 InputUnread,    H.SETTLED,  take_unread                ),
    drop(H.AWAITED,                InputStopped, InputCommitted, FinishAsked),
    owes(H.AWAITED,                "the model's words; the caller's own timers bound it"),

    row(H.EMPTY,                   FinishAsked,    H.SETTLED,  tell_noise                 ),
    drop(H.EMPTY,                  InputStopped, InputCommitted, InputWords, InputUnread),
    owes(H.EMPTY,                  "the caller: it pauses or goes on"),

    row(H.SETTLED,                 InputWords,     STAY,       learn,        is_final     ),
    drop(H.SETTLED,                InputWords, InputStopped, InputCommitted, InputUnread, FinishAsked),
])
# fmt: on


def new_input(data: Input, state: Hearing = H.SOUNDING) -> Session[Input]:
    """A new item."""
    return INPUT.engine.start(data, state)
