"""Everything the machines can ask for, in the imperative. Performing one is the runtime's job; its failure comes back as an event."""

from __future__ import annotations

import attrs

from fsm_agents.machines.events import Say

__all__ = [
    "Answered", "BeginReply", "CallWakeUp", "CancelReply", "Discard", "DropSay", "FinishSegment", "GiveUp", "HoldMouth",
    "Interject", "JoinRoom", "LeaveRoom", "OpenSegment", "RearmEar", "RefuseSay", "ReportClosed", "ResumeMouth", "RunOnEnter",
    "RunOnExit", "StopHooks", "TearDown",
]  # fmt: skip


# --- the session ----------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class RunOnEnter:
    """Start the pipeline, then run the agent's ``on_enter``; post ``Entered``."""


@attrs.frozen
class JoinRoom:
    """Carry sound between the room and this session from now on."""


@attrs.frozen
class LeaveRoom:
    """Stop carrying sound, and leave the room."""


@attrs.frozen
class StopHooks:
    """Cancel the hooks that run, but not one that asked for this itself."""


@attrs.frozen
class RunOnExit:
    """When no hook runs any more, run the agent's ``on_exit``; post ``Exited``."""


@attrs.frozen
class TearDown:
    """Cancel everything the session owns and close its pipeline; post ``TornDown``."""


@attrs.frozen
class ReportClosed:
    """The session is closed; tell everyone who waits for it."""

    reason: str


@attrs.frozen
class RefuseSay:
    """A say that will not be spoken, because of the state the session is in."""

    say: int
    reason: str


# --- the ear --------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class OpenSegment:
    """The caller speaks: give sound to speech-to-text as this segment, the pre-roll first."""

    segment: int


@attrs.frozen
class FinishSegment:
    """The caller paused: ask speech-to-text for the final words of this segment."""

    segment: int


@attrs.frozen
class RearmEar:
    """The turn was taken while the voice detector still says speech: the next speech frames are a new edge."""


@attrs.frozen
class Discard:
    """Words of the caller that nobody will answer, and why. Nothing is lost without this."""

    text: str
    reason: str


# --- the mouth ------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class BeginReply:
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


@attrs.frozen
class Interject:
    """Say this inside the running reply: behind what sounds, ahead of what has not sounded."""

    reply: int
    say: Say


@attrs.frozen
class HoldMouth:
    """Shut the gate: nothing sounds, nothing is thrown away, work goes on."""

    reply: int


@attrs.frozen
class ResumeMouth:
    """Open the gate again."""

    reply: int


@attrs.frozen
class CancelReply:
    """Stop making and speaking this reply now; history keeps what was heard. Tools go on."""

    reply: int
    reason: str


@attrs.frozen
class Answered:
    """These texts of the caller are answered: the reply to them sounds, or chose silence."""

    texts: tuple[str, ...]


@attrs.frozen
class DropSay:
    """A say that was accepted will not be spoken after all, and why."""

    say: int
    reason: str


@attrs.frozen
class GiveUp:
    """No reply could be made, and the apology failed too."""

    reason: str


@attrs.frozen
class CallWakeUp:
    """The caller has been silent for the wake-up time: run the hook."""
