"""Everything the machines can be told, in the past tense. Frozen; nothing here decides anything.

Events come from outside (the host, the ear, the mouth) or are raised by one machine for another; the second kind carries data that a
sibling needs at once. Reply events carry the number of their reply: one of another reply is stale and is dropped before any table.
"""

from __future__ import annotations

import attrs

__all__ = [
    "AbortAsked", "CloseAsked", "Connected", "Ended", "Entered", "Exited", "FinalTranscript", "InterimTranscript",
    "InterruptAsked", "Interrupted", "LeaveAsked", "Opened", "Parted", "ReplyAudible", "ReplyBegun", "ReplyBroke", "ReplyCut",
    "ReplyDrained", "ReplyFailed", "ReplyPlayed", "Say", "SayAccepted", "SayAsked", "SayPlayed", "Silenced", "SpeechStarted",
    "SpeechStopped", "StartAsked", "ToolsCalled", "ToolsDone", "TornDown", "TranscriptLost", "TurnCompleted", "TurnTaken",
    "WordsHeard", "WordsLost",
]  # fmt: skip


@attrs.frozen
class Say:
    """Something the agent was asked to say.

    Args:
        number: Which ``say()`` of the session it is.
        text: The words.
        firm: It cannot be interrupted by the caller.
    """

    number: int
    text: str
    firm: bool = False


# --- the host -------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Connected:
    """The room was joined (again, after a leave)."""


@attrs.frozen
class StartAsked:
    """``start()`` was called."""


@attrs.frozen
class Entered:
    """``on_enter`` returned."""


@attrs.frozen
class LeaveAsked:
    """``leave()`` was called."""


@attrs.frozen
class CloseAsked:
    """``close()`` was called, or something made going on impossible.

    Args:
        reason: Why, never empty: ``"closed by the host"``, ``"the room ended"``, ``"error: …"``.
        alone: Nobody is left who could hear a goodbye.
    """

    reason: str
    alone: bool = False


@attrs.frozen
class AbortAsked:
    """``abort()`` was called: nobody says goodbye.

    Args:
        reason: Why, never empty.
    """

    reason: str


@attrs.frozen
class Exited:
    """``on_exit`` returned."""


@attrs.frozen
class TornDown:
    """Pipeline, tasks and room of the session are gone."""


@attrs.frozen
class SayAsked:
    """``say()`` was called."""

    say: Say


@attrs.frozen
class InterruptAsked:
    """``interrupt()`` was called; ``force`` ends firm speech too."""

    force: bool = False


# --- the ear --------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class SpeechStarted:
    """The voice detector hears speech."""


@attrs.frozen
class SpeechStopped:
    """The voice detector hears no speech any more (before any hangover: that is a timer of the caller)."""


@attrs.frozen
class InterimTranscript:
    """Words that may still change. ``complete``: they are a whole sentence of what is expected."""

    text: str
    segment: int = 0
    complete: bool = False


@attrs.frozen
class FinalTranscript:
    """The words of one segment, settled. Empty: it was noise."""

    text: str
    segment: int = 0


@attrs.frozen
class TranscriptLost:
    """Speech-to-text failed: the words of this segment will never come."""

    segment: int


@attrs.frozen
class TurnCompleted:
    """A turn detector, or a speech-to-text with one of its own, says that the caller is done."""


# --- the mouth ------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class ReplyAudible:
    """The first frame sounds; ``answer``: it is of the answer itself, not of a say spoken before it."""

    reply: int
    answer: bool = True


@attrs.frozen
class ReplyDrained:
    """All that was handed to the mouth has sounded, and more is to come."""

    reply: int


@attrs.frozen
class ToolsCalled:
    """Tools are at work, called for this reply or for an earlier one whose tools it waits for."""

    reply: int


@attrs.frozen
class ToolsDone:
    """No tool is at work any more; this reply called the last."""

    reply: int


@attrs.frozen
class SayPlayed:
    """One say inside the reply has sounded to its end."""

    reply: int
    say: int


@attrs.frozen
class ReplyPlayed:
    """The reply is over and has sounded to its end."""

    reply: int


@attrs.frozen
class ReplyBroke:
    """Making the reply failed: a provider, the flow, or the mouth."""

    reply: int
    reason: str


# --- raised by one machine for another ------------------------------------------------------------------------------------------------


@attrs.frozen
class Opened:
    """The session listens from now on."""


@attrs.frozen
class Parted:
    """The session has no caller any more."""


@attrs.frozen
class Ended:
    """The session is over for every machine."""


@attrs.frozen
class Silenced:
    """Whatever sounds or waits to be said is given up."""

    reason: str


@attrs.frozen
class SayAccepted:
    """A say that will be spoken."""

    say: Say


@attrs.frozen
class Interrupted:
    """The host interrupts the reply."""

    force: bool


@attrs.frozen
class WordsHeard:
    """The caller said words (not only a sound), and the turn goes on."""


@attrs.frozen
class WordsLost:
    """The caller said something, and nobody will ever know what."""


@attrs.frozen
class TurnTaken:
    """The caller's turn is complete; this is what was said."""

    text: str


@attrs.frozen
class ReplyBegun:
    """A new reply owns the mouth."""


@attrs.frozen
class ReplyCut:
    """The reply is ended by us."""


@attrs.frozen
class ReplyFailed:
    """The reply ended without having said what it should."""

    reason: str
