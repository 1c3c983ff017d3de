"""Everything the machines can be told, in the past tense. Frozen; nothing here decides anything.

Events come from outside (the host, the ear, the mouth) or are raised by one machine for another; the second kind carries data that a
sibling needs at once. Reply events carry the number of their reply: one of another reply is stale and is dropped before any table.
"""

from __future__ import annotations

import attrs

from fsm_agents.fsm.plain import Plain

__all__ = [
    "AbortAsked", "CloseAsked", "Connected", "Ended", "Entered", "Exited", "FinalTranscript", "InterimTranscript",
    "InterruptAsked", "Interrupted", "LeaveAsked", "Opened", "Parted", "ReplyAudible", "ReplyBegun", "ReplyBroke", "ReplyCut",
    "ReplyDrained", "ReplyFailed", "ReplyPlayed", "Say", "SayAccepted", "SayAsked", "SayPlayed", "Silenced", "SpeechStarted",
    "SpeechStopped", "StartAsked", "ToolsCalled", "ToolsDone", "TornDown", "TranscriptLost", "TurnCompleted", "TurnTaken",
    "WordsHeard", "WordsLost",
]  # fmt: skip


@attrs.frozen(eq=False, repr=False)
class Say(Plain):
    """Something the agent was asked to say.

    Args:
        number: Which ``say()`` of the session it is.
        text: The words.
        firm: It cannot be interrupted by the caller.
        answer: It answers what the caller said last: when it sounds, that is answered, and it comes behind what answers already.
        audio: The name of a recording of the words; empty: they are synthesised.
    """

    number: int
    text: str
    firm: bool = False
    answer: bool = False
    audio: str = ""


# --- the host -------------------------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class Connected(Plain):
    """The room was joined (again, after a leave)."""


@attrs.frozen(eq=False, repr=False)
class StartAsked(Plain):
    """``start()`` was called."""


@attrs.frozen(eq=False, repr=False)
class Entered(Plain):
    """``on_enter`` returned."""


@attrs.frozen(eq=False, repr=False)
class LeaveAsked(Plain):
    """``leave()`` was called."""


@attrs.frozen(eq=False, repr=False)
class CloseAsked(Plain):
    """``close()`` was called, or something made going on impossible.

    Args:
        reason: Why, never empty: ``"closed by the host"``, ``"the room ended"``, ``"error: …"``.
        alone: Nobody is left who could hear a goodbye.
    """

    reason: str
    alone: bool = False


@attrs.frozen(eq=False, repr=False)
class AbortAsked(Plain):
    """``abort()`` was called: nobody says goodbye.

    Args:
        reason: Why, never empty.
    """

    reason: str


@attrs.frozen(eq=False, repr=False)
class Exited(Plain):
    """``on_exit`` returned."""


@attrs.frozen(eq=False, repr=False)
class TornDown(Plain):
    """Pipeline, tasks and room of the session are gone."""


@attrs.frozen(eq=False, repr=False)
class SayAsked(Plain):
    """``say()`` was called."""

    say: Say


@attrs.frozen(eq=False, repr=False)
class InterruptAsked(Plain):
    """``interrupt()`` was called; ``force`` ends firm speech too."""

    force: bool = False


# --- the ear --------------------------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class SpeechStarted(Plain):
    """The voice detector hears speech."""


@attrs.frozen(eq=False, repr=False)
class SpeechStopped(Plain):
    """The voice detector hears no speech any more (before any hangover: that is a timer of the caller)."""


@attrs.frozen(eq=False, repr=False)
class InterimTranscript(Plain):
    """Words that may still change. ``complete``: they are a whole sentence of what is expected."""

    text: str
    segment: int = 0
    complete: bool = False


@attrs.frozen(eq=False, repr=False)
class FinalTranscript(Plain):
    """The words of one segment, settled. Empty: it was noise."""

    text: str
    segment: int = 0


@attrs.frozen(eq=False, repr=False)
class TranscriptLost(Plain):
    """Speech-to-text failed: the words of this segment will never come."""

    segment: int


@attrs.frozen(eq=False, repr=False)
class TurnCompleted(Plain):
    """A turn detector, or a speech-to-text with one of its own, says that the caller is done."""


# --- the mouth ------------------------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class ReplyAudible(Plain):
    """The first frame sounds; ``answer``: it is of the answer itself, not of a say spoken before it."""

    reply: int
    answer: bool = True


@attrs.frozen(eq=False, repr=False)
class ReplyDrained(Plain):
    """All that was handed to the mouth has sounded, and more is to come."""

    reply: int


@attrs.frozen(eq=False, repr=False)
class ToolsCalled(Plain):
    """Tools are at work, called for this reply or for an earlier one whose tools it waits for."""

    reply: int


@attrs.frozen(eq=False, repr=False)
class ToolsDone(Plain):
    """No tool is at work any more; this reply called the last."""

    reply: int


@attrs.frozen(eq=False, repr=False)
class SayPlayed(Plain):
    """One say inside the reply has sounded to its end."""

    reply: int
    say: int


@attrs.frozen(eq=False, repr=False)
class ReplyPlayed(Plain):
    """The reply is over and has sounded to its end; ``sounded``: there was something that did."""

    reply: int
    sounded: bool = True


@attrs.frozen(eq=False, repr=False)
class ReplyBroke(Plain):
    """Making the reply failed: a provider, the flow, or the mouth; ``lasting``: the next will fail in the same way."""

    reply: int
    reason: str
    lasting: bool = False


# --- raised by one machine for another ------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class Opened(Plain):
    """The session listens from now on."""


@attrs.frozen(eq=False, repr=False)
class Parted(Plain):
    """The session has no caller any more."""


@attrs.frozen(eq=False, repr=False)
class Ended(Plain):
    """The session is over for every machine."""


@attrs.frozen(eq=False, repr=False)
class Silenced(Plain):
    """Whatever sounds or waits to be said is given up."""

    reason: str


@attrs.frozen(eq=False, repr=False)
class SayAccepted(Plain):
    """A say that will be spoken."""

    say: Say


@attrs.frozen(eq=False, repr=False)
class Interrupted(Plain):
    """The host interrupts the reply."""

    force: bool


@attrs.frozen(eq=False, repr=False)
class WordsHeard(Plain):
    """The caller said words (not only a sound), and the turn goes on."""


@attrs.frozen(eq=False, repr=False)
class WordsLost(Plain):
    """The caller said something, and nobody will ever know what."""


@attrs.frozen(eq=False, repr=False)
class TurnTaken(Plain):
    """The caller's turn is complete; this is what was said."""

    text: str


@attrs.frozen(eq=False, repr=False)
class ReplyBegun(Plain):
    """A new reply owns the mouth."""


@attrs.frozen(eq=False, repr=False)
class ReplyCut(Plain):
    """The reply is ended by us."""


@attrs.frozen(eq=False, repr=False)
class ReplyFailed(Plain):
    """The reply ended without having said what it should; ``lasting``: the next will, too."""

    reason: str
    lasting: bool = False
