"""The session: the life of one agent in one meeting, and the one door for the host.

``EXITING``, ``ALONE`` and ``ABORTING`` are reported as *closing*: ``on_exit`` runs first, and may still say a goodbye to a caller who is
there; then everything is torn down. ``abort()`` leaves the first part out.
"""

from __future__ import annotations

from enum import Enum

from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.rows import STAY, Effects, Timer, after, drop, owes, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.machines.effects import JoinRoom, LeaveRoom, RefuseSay, ReportClosed, RunOnEnter, RunOnExit, StopHooks, TearDown
from fsm_agents.machines.events import (
    AbortAsked,
    CloseAsked,
    Connected,
    Ended,
    Entered,
    Exited,
    InterruptAsked,
    Interrupted,
    LeaveAsked,
    Opened,
    Parted,
    SayAccepted,
    SayAsked,
    Silenced,
    StartAsked,
    TornDown,
)  # fmt: skip
from fsm_agents.machines.talk import Talk

__all__ = ["ABORT_LIMIT", "CLOSE_LIMIT", "EXIT_LIMIT", "SESSION", "Session"]


class Session(Enum):
    """Where the session is in its life."""

    CREATED = "made, not in a meeting"
    CONNECTED = "in the meeting, not started"
    STARTED = "on_enter runs; the agent can speak and listen"
    RUNNING = "in conversation"
    LEFT = "out of the meeting, its state kept"
    EXITING = "on_exit runs; the agent can still say goodbye"
    ALONE = "on_exit runs; nobody is left who could hear a goodbye"
    CLOSING = "being torn down"
    ABORTING = "being torn down, at once"
    CLOSED = "over"


S = Session
SPEAKING = (S.STARTED, S.RUNNING, S.EXITING)
PRESENT = (S.STARTED, S.RUNNING)
LAST = (S.EXITING, S.ALONE)
MUTE = (S.CREATED, S.CONNECTED, S.LEFT, S.ALONE, S.CLOSING, S.ABORTING, S.CLOSED)
OVER = (S.ALONE, S.CLOSING, S.ABORTING, S.CLOSED)

EXIT_LIMIT = Timer(
    "exit_limit", 3.5, "a goodbye takes 2 to 3 s; with CLOSE_LIMIT, closed within 5 s whatever hooks and providers do"
)
CLOSE_LIMIT = Timer("close_limit", 1.0, "what is cancelled has one second to end")
ABORT_LIMIT = Timer("abort_limit", 0.45, "abort() is over within half a second, whatever does not let itself be cancelled")


def open_(event: object, talk: Talk) -> Effects:
    """The agent listens from now on."""
    return Opened(), JoinRoom()


def run_on_enter(event: object, talk: Talk) -> Effects:
    """The pipeline starts and the agent's hook runs."""
    return (RunOnEnter(),)


def leave(event: LeaveAsked, talk: Talk) -> Effects:
    """Nobody is spoken to any more."""
    return Silenced("the agent left the meeting"), Parted(), LeaveRoom()


def nobody_left(asked: CloseAsked, talk: Talk) -> bool:
    """The caller has gone."""
    return asked.alone


def remember(asked: CloseAsked | AbortAsked, talk: Talk) -> Effects:
    """Why the session closes."""
    return (Set("reason", asked.reason),)


def fall_silent(asked: CloseAsked | AbortAsked, talk: Talk) -> Effects:
    """What sounds and what waits is given up; the caller is not heard any more."""
    return Silenced("the session is closing"), Parted()


def hush(asked: CloseAsked, talk: Talk) -> Effects:
    """The goodbye is not heard any more."""
    return (Interrupted(force=True),)


def run_on_exit(event: object, talk: Talk) -> Effects:
    """The agent's last hook, after any other has ended."""
    return StopHooks(), RunOnExit()


def end(event: object, talk: Talk) -> Effects:
    """Every machine comes to its end."""
    return (Ended(),)


def tear_down(event: object, talk: Talk) -> Effects:
    """Everything the session owns goes."""
    return (TearDown(),)


def report(event: object, talk: Talk) -> Effects:
    """Whoever waits for the end is told."""
    return (ReportClosed(talk.reason),)


def report_now(asked: CloseAsked | AbortAsked, talk: Talk) -> Effects:
    """There is nothing to tear down."""
    return (ReportClosed(asked.reason),)


def accept(asked: SayAsked, talk: Talk) -> Effects:
    """It will be said."""
    return (SayAccepted(asked.say),)


def refuse(asked: SayAsked, talk: Talk) -> Effects:
    """It cannot be said, and the handle says why."""
    state = talk.cell("session").state
    if state in (S.LEFT, S.ALONE):
        return (RefuseSay(asked.say.number, "nobody is left to hear it"),)
    return (
        RefuseSay(asked.say.number, f"the session is {state.name.lower()}; say() works between start() and the end of on_exit()"),
    )


def pass_on(asked: InterruptAsked, talk: Talk) -> Effects:
    """The turn decides."""
    return (Interrupted(asked.force),)


# fmt: off
SESSION: StateTable[Session, Talk] = StateTable("session", Session, start=S.CREATED, final=(S.CLOSED,), rows=[
    #     in            on              to            do                                   when
    row  (S.CREATED,    Connected,      S.CONNECTED                                                     ),
    row  (S.CREATED,    StartAsked,     S.STARTED,    (open_, run_on_enter)                             ),
    row  (S.CREATED,    CloseAsked,     S.CLOSED,     (remember, end, report_now)                       ),
    owes (S.CREATED,    "the host: connect, start or close"),

    row  (S.CONNECTED,  StartAsked,     S.STARTED,    (open_, run_on_enter)                             ),
    row  (S.CONNECTED,  CloseAsked,     S.CLOSING,    (remember, end, tear_down)                        ),
    owes (S.CONNECTED,  "the host: start or close"),

    row  (S.STARTED,    Entered,        S.RUNNING                                                       ),
    owes (S.STARTED,    "the agent: on_enter returns"),
    owes (S.RUNNING,    "the conversation"),

    row  (PRESENT,      LeaveAsked,     S.LEFT,       leave                                             ),
    row  (PRESENT,      CloseAsked,     S.ALONE,      (remember, fall_silent, run_on_exit), nobody_left ),
    row  (PRESENT,      CloseAsked,     S.EXITING,    (remember, fall_silent, run_on_exit)              ),

    row  (S.LEFT,       Connected,      S.RUNNING,    open_                                             ),
    row  (S.LEFT,       CloseAsked,     S.ALONE,      (remember, run_on_exit)                           ),
    owes (S.LEFT,       "the host: connect or close"),

    row  (S.EXITING,    CloseAsked,     S.ALONE,      hush,                                 nobody_left ),   # hung up during the goodbye
    drop (S.EXITING,    CloseAsked),
    row  (LAST,         Exited,         S.CLOSING,    (end, tear_down)                                  ),
    after(LAST,         EXIT_LIMIT,     S.CLOSING,    (end, tear_down)                                  ),
    row  (S.CLOSING,    TornDown,       S.CLOSED,     report                                            ),
    after(S.CLOSING,    CLOSE_LIMIT,    S.CLOSED,     report                                            ),
    row  (S.ABORTING,   TornDown,       S.CLOSED,     report                                            ),
    after(S.ABORTING,   ABORT_LIMIT,    S.CLOSED,     report                                            ),

    row  (S.CREATED,    AbortAsked,     S.CLOSED,     (remember, end, report_now)                       ),
    row  (PRESENT,      AbortAsked,     S.ABORTING,   (remember, fall_silent, end, tear_down)           ),
    row  ((S.CONNECTED, S.LEFT), AbortAsked, S.ABORTING, (remember, end, tear_down)                     ),
    row  (LAST,         AbortAsked,     S.ABORTING,   (end, tear_down)                                  ),
    row  (S.CLOSING,    AbortAsked,     S.ABORTING                                                      ),   # it took too long
    drop ((S.ABORTING, S.CLOSED), AbortAsked),

    row  (SPEAKING,     SayAsked,       STAY,         accept                                            ),
    row  (MUTE,         SayAsked,       STAY,         refuse                                            ),
    row  (SPEAKING,     InterruptAsked, STAY,         pass_on                                           ),

    drop (MUTE,         InterruptAsked),
    drop ((S.CONNECTED, *PRESENT, S.EXITING, *OVER), Connected),
    drop ((*PRESENT, S.LEFT, S.EXITING, *OVER), StartAsked),
    drop ((S.CREATED, S.CONNECTED, S.RUNNING, S.LEFT, S.EXITING, *OVER), Entered),
    drop ((S.CREATED, S.CONNECTED, S.LEFT, S.EXITING, *OVER), LeaveAsked),
    drop (OVER,         CloseAsked),
    drop ((S.CREATED, S.CONNECTED, *PRESENT, S.LEFT, S.CLOSING, S.ABORTING, S.CLOSED), Exited),
    drop ((S.CREATED, S.CONNECTED, *PRESENT, S.LEFT, *LAST, S.CLOSED), TornDown),
])
# fmt: on
