"""The job: whether its room is joined, and its one end. Its sessions have tables of their own; this one is joined to nothing.

Joining and leaving take time, and what comes of them is told when it is done: a room may be joined although the job has ended meanwhile.
"""

from __future__ import annotations

from enum import Enum

import attrs

from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.plain import Plain
from fsm_agents.fsm.rows import STAY, Effects, drop, owes, row
from fsm_agents.fsm.table import StateTable

__all__ = [
    "ENDS", "JOB", "ConnectSessions", "DoneShutDown", "Job", "LeaveLateRoom", "RoomJoined", "RoomLeft", "ShutDown", "ShutdownAsked",
    "job_joint",
]  # fmt: skip


@attrs.frozen(eq=False, repr=False)
class RoomJoined(Plain):
    """``connect()`` has joined the room."""


@attrs.frozen(eq=False, repr=False)
class RoomLeft(Plain):
    """A session left the room."""


@attrs.frozen(eq=False, repr=False)
class ShutdownAsked(Plain):
    """``shutdown()`` was called."""


@attrs.frozen(eq=False, repr=False)
class DoneShutDown(Plain):
    """The sessions are closed, and the callbacks have run: whatever room is joined is left now."""


@attrs.frozen(eq=False, repr=False)
class ConnectSessions(Plain):
    """Tell each session that it is in the room; those that come later are told as they come."""


@attrs.frozen(eq=False, repr=False)
class ShutDown(Plain):
    """Close the sessions, run the callbacks, post ``DoneShutDown``, and leave the room."""


@attrs.frozen(eq=False, repr=False)
class LeaveLateRoom(Plain):
    """It was joined when nobody was left to leave it: leave it again."""


class Job(Enum):
    """Where the job is in its life."""

    OUTSIDE = "not in the room yet"
    JOINED = "in the room"
    AWAY = "a session left the room; joined again, it goes on"
    ENDING = "being shut down"
    OVER = "shut down, or nothing left but to leave the room"


J = Job
ENDS = (J.ENDING, J.OVER)
LIVE = (J.OUTSIDE, J.JOINED, J.AWAY)


def connect_sessions(event: object, job: Shared) -> Effects:
    """They are in the room."""
    return (ConnectSessions(),)


def shut_down(event: object, job: Shared) -> Effects:
    """It begins once."""
    return (ShutDown(),)


def leave_again(event: object, job: Shared) -> Effects:
    """Nobody else would."""
    return (LeaveLateRoom(),)


# fmt: off
JOB: StateTable[Job, Shared] = StateTable("job", Job, start=J.OUTSIDE, final=(J.OVER,), rows=[
    #     in                    on             to         do
    row  (LIVE,                 RoomJoined,    J.JOINED,  connect_sessions),
    drop (J.ENDING,             RoomJoined),                                   # it is left with the end
    row  (J.OVER,               RoomJoined,    STAY,      leave_again     ),   # the job was shut down while it was being joined

    row  (J.JOINED,             RoomLeft,      J.AWAY                     ),
    drop ((J.OUTSIDE, J.AWAY, *ENDS), RoomLeft),

    row  (LIVE,                 ShutdownAsked, J.ENDING,  shut_down       ),
    drop (ENDS,                 ShutdownAsked),
    row  (J.ENDING,             DoneShutDown,  J.OVER                     ),
    drop ((*LIVE, J.OVER),      DoneShutDown),

    owes (LIVE,                 "the entrypoint: it ends, or asks for the end"),
    owes (J.ENDING,             "the context: sessions close within 5 s, and each callback has its limit"),
])
# fmt: on


def job_joint() -> Joint[Shared]:
    """The job as a machine of its own."""
    return Joint("job", {"job": JOB})
