"""Everything the machines can ask for, in the imperative. Performing one is the runtime's job; its failure comes back as an event."""

from __future__ import annotations

import attrs

from fsm_agents.fsm.plain import Plain
from fsm_agents.machines.events import Say

__all__ = [
    "Answered", "BeginReply", "CallWakeUp", "CancelReply", "Discard", "DropSay", "FinishSegment", "GiveUp", "HoldMouth",
    "Interject", "JoinRoom", "LeaveRoom", "OpenSegment", "RearmEar", "RefuseSay", "ReportClosed", "ResumeMouth", "RunOnEnter",
    "RunOnExit", "StopHooks", "TearDown",
]  # fmt: skip


# --- the session ----------------------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class RunOnEnter(Plain):
    """Start the pipeline, then run the agent's ``on_enter``; post ``Entered``."""


@attrs.frozen(eq=False, repr=False)
class JoinRoom(Plain):
    """Carry sound between the room and this session from now on."""


@attrs.frozen(eq=False, repr=False)
class LeaveRoom(Plain):
    """Stop carrying sound, and leave the room."""


@attrs.frozen(eq=False, repr=False)
class StopHooks(Plain):
    """Cancel the hooks that run, but not one that asked for this itself."""


@attrs.frozen(eq=False, repr=False)
class RunOnExit(Plain):
    """When no hook runs any more, run the agent's ``on_exit``; post ``Exited``."""


@attrs.frozen(eq=False, repr=False)
class TearDown(Plain):
    """Cancel everything the session owns and close its pipeline; post ``TornDown``."""


@attrs.frozen(eq=False, repr=False)
class ReportClosed(Plain):
    """The session is closed; tell everyone who waits for it."""

    reason: str


@attrs.frozen(eq=False, repr=False)
class RefuseSay(Plain):
    """A say that will not be spoken, because of the state the session is in."""

    say: int
    reason: str


# --- the ear --------------------------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class OpenSegment(Plain):
    """The caller speaks: give sound to speech-to-text as this segment, the pre-roll first."""

    segment: int


@attrs.frozen(eq=False, repr=False)
class FinishSegment(Plain):
    """The caller paused: ask speech-to-text for the final words of this segment."""

    segment: int


@attrs.frozen(eq=False, repr=False)
class RearmEar(Plain):
    """The turn was taken while the voice detector still says speech: the next speech frames are a new edge."""


@attrs.frozen(eq=False, repr=False)
class Discard(Plain):
    """Words of the caller that nobody will answer, and why. Nothing is lost without this."""

    text: str
    reason: str


# --- the mouth ------------------------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class BeginReply(Plain):
    """Make and speak a reply: first the says, then the answer to the texts (none: only the says).

    Args:
        reply: Its number.
        texts: What the caller said and is not answered, oldest first.
        says: What is to be said first.
        apology: It tells the caller that the last reply failed.
    """

    reply: int
    texts: tuple[str, ...]
    says: tuple[Say, ...]
    apology: bool = False


@attrs.frozen(eq=False, repr=False)
class Interject(Plain):
    """Say this inside the running reply: behind what sounds, ahead of what has not sounded."""

    reply: int
    say: Say


@attrs.frozen(eq=False, repr=False)
class HoldMouth(Plain):
    """Shut the gate: nothing sounds, nothing is thrown away, work goes on."""

    reply: int


@attrs.frozen(eq=False, repr=False)
class ResumeMouth(Plain):
    """Open the gate again."""

    reply: int


@attrs.frozen(eq=False, repr=False)
class CancelReply(Plain):
    """Stop making and speaking this reply now; history keeps what was heard. Tools go on."""

    reply: int
    reason: str


@attrs.frozen(eq=False, repr=False)
class Answered(Plain):
    """These texts of the caller are answered: the reply to them sounds, or chose silence."""

    texts: tuple[str, ...]


@attrs.frozen(eq=False, repr=False)
class DropSay(Plain):
    """A say that was accepted will not be spoken after all, and why."""

    say: int
    reason: str


@attrs.frozen(eq=False, repr=False)
class GiveUp(Plain):
    """No reply could be made, and the apology failed too."""

    reason: str


@attrs.frozen(eq=False, repr=False)
class CallWakeUp(Plain):
    """The caller has been silent for the wake-up time: run the hook."""
