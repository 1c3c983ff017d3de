"""What must happen in the life of a session (*response*), and that everything comes to an end by itself (*liveness*)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.explore import Graph, Move, concerns
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.caller import UNHEARD
from fsm_agents.machines.caller import Caller as C
from fsm_agents.machines.properties import state
from fsm_agents.machines.reply import OVER
from fsm_agents.machines.reply import Reply as R
from fsm_agents.machines.session import Session as S
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.turn import Turn as T

__all__ = ["LIFE", "LIVENESS"]

Moved = Move[Talk]
ENDING = (S.EXITING, S.ALONE, S.CLOSING, S.ABORTING, S.CLOSED)


@concerns(on.StartAsked, on.Connected, on.Entered, on.LeaveAsked, on.Exited, on.TornDown, on.CloseAsked, on.AbortAsked)
def the_host_is_obeyed(move: Moved) -> str | None:
    """start, leave, connect and close do what their names say, from every state in which they can."""
    before, after, event = state(move.before, "session"), state(move.after, "session"), move.event
    if isinstance(event, on.StartAsked) and before in (S.CREATED, S.CONNECTED):
        return None if after is S.STARTED and move.did(do.RunOnEnter) and move.did(do.JoinRoom) else "it does not start"
    if isinstance(event, on.Connected):
        to = {S.CREATED: S.CONNECTED, S.LEFT: S.RUNNING}.get(before, before)  # type: ignore[call-overload]
        return None if after is to and bool(move.did(do.JoinRoom)) == (before is S.LEFT) else "connecting led elsewhere"
    if isinstance(event, on.Entered) and before is S.STARTED and after is not S.RUNNING:
        return "it entered and does not run"
    if isinstance(event, on.LeaveAsked) and before in (S.STARTED, S.RUNNING):
        return None if after is S.LEFT and move.did(do.LeaveRoom) else "it does not leave"
    if isinstance(event, on.Exited) and before in (S.EXITING, S.ALONE) and after is not S.CLOSING:
        return "on_exit is over and nothing is torn down"
    if isinstance(event, on.TornDown) and before in (S.CLOSING, S.ABORTING) and after is not S.CLOSED:
        return "it is torn down and not closed"
    if isinstance(event, on.AbortAsked):
        return _abort(move, before, after)
    return _close(move, before, after) if isinstance(event, on.CloseAsked) else None


def _abort(move: Moved, before: object, after: object) -> str | None:
    if after is not (S.CLOSED if before in (S.CREATED, S.CLOSED) else S.ABORTING):
        return "it was aborted and goes on"
    asked_before = before in ENDING
    reason = move.before.reason if asked_before else move.event.reason
    return None if move.after.reason == reason else "why it ends is not known, or was overwritten"


def _close(move: Moved, before: object, after: object) -> str | None:
    if before in ENDING:
        if before is S.EXITING and after is not (S.ALONE if move.event.alone else S.EXITING):
            return "the caller left, and the goodbye goes on; or the other way round"
        return None if move.after.reason == move.before.reason else "the reason of the close was overwritten"
    if move.after.reason != move.event.reason:
        return "why it closes is not known"
    if before in (S.STARTED, S.RUNNING, S.LEFT):
        stop, leave = move.did(do.StopHooks), move.did(do.RunOnExit)
        last = S.ALONE if move.event.alone or before is S.LEFT else S.EXITING
        return None if after is last and stop and leave else "on_exit does not run, or other hooks run on"
    if before is S.CONNECTED:
        return None if after is S.CLOSING else "it does not close"
    return None if after is S.CLOSED else "it does not close"


@concerns(do.RunOnEnter, do.RunOnExit, do.TearDown, do.ReportClosed, moved="session")
def hooks_run_once(move: Moved) -> str | None:
    """``on_enter`` runs on a start, ``on_exit`` once after it, tear-down once before the end, and the end is told once."""
    before, after = state(move.before, "session"), state(move.after, "session")
    if bool(move.did(do.RunOnEnter)) != (before in (S.CREATED, S.CONNECTED) and after is S.STARTED):
        return "on_enter runs at the wrong time"
    last = (S.EXITING, S.ALONE)
    if bool(move.did(do.RunOnExit)) != (after in last and before not in last):
        return "on_exit runs at the wrong time"
    torn = (S.CLOSING, S.ABORTING)
    if bool(move.did(do.TearDown)) != (after in torn and before not in torn):
        return "torn down at the wrong time"
    if bool(move.did(do.ReportClosed)) != (after is S.CLOSED and before is not S.CLOSED):
        return "the end is not told, or told twice"
    return None


@concerns(Due, do.CallWakeUp)
def wake_up_waits_for_silence(move: Moved) -> str | None:
    """The wake-up hook runs exactly when its timer is due in LISTENING while the session runs and no tool is at work."""
    due = isinstance(move.event, Due) and move.event.timer == "wake_up"
    due = due and state(move.before, "session") is S.RUNNING and not move.before.tools
    if due != bool(move.did(do.CallWakeUp)):
        return "the wake-up hook runs at the wrong time"
    if move.did(do.CallWakeUp) and state(move.before, "turn") is not T.LISTENING:
        return "the wake-up hook runs while somebody speaks"
    return None


LIFE = (the_host_is_obeyed, hooks_run_once, wake_up_waits_for_silence)


def _is_timer(event: object) -> bool:
    return isinstance(event, Due)


def _timers_lead_to(
    graph: Graph, goal: Callable[[Talk], bool], start: Callable[[Talk], bool], what: str
) -> Iterator[tuple[int, str]]:
    good = graph.reaches(goal, by=_is_timer)
    for node, talk in enumerate(graph.nodes):
        if start(talk) and node not in good:
            yield node, what
            return


def silence_ends(graph: Graph) -> Iterator[tuple[int, str]]:
    """A reply that does not sound comes to sound or to an end by timers alone: no dead air."""
    yield from _timers_lead_to(
        graph,
        lambda talk: state(talk, "reply") in OVER or state(talk, "reply") is R.AUDIBLE,
        lambda _: True,
        "a reply may stay silent for ever",
    )


def turns_end(graph: Graph) -> Iterator[tuple[int, str]]:
    """Whatever the caller began is over by timers alone, even if the detector never stops and no transcript comes."""
    yield from _timers_lead_to(
        graph,
        lambda talk: state(talk, "caller") in (C.QUIET, C.ABSENT, C.GONE),
        lambda _: True,
        "a turn of the caller may never end",
    )


def closing_ends(graph: Graph) -> Iterator[tuple[int, str]]:
    """Once closing is asked for, the session is closed by timers alone, whatever hooks and providers do."""
    yield from _timers_lead_to(
        graph,
        lambda talk: state(talk, "session") is S.CLOSED,
        lambda t: state(t, "session") in ENDING,
        "closing may take for ever",
    )


def holding_ends(graph: Graph) -> Iterator[tuple[int, str]]:
    """Being undecided about the caller ends by a timer."""
    yield from _timers_lead_to(
        graph, lambda talk: state(talk, "turn") is not T.HOLDING, lambda _: True, "the gate may stay shut for ever"
    )


def waiting_for_words_ends(graph: Graph) -> Iterator[tuple[int, str]]:
    """Words that are overdue are not waited for for ever: the caller is asked again by a timer, if it is on."""
    yield from _timers_lead_to(
        graph,
        lambda talk: not talk.overdue,
        lambda talk: talk.delays[UNHEARD] is not None,
        "overdue words may be waited for for ever",
    )


LIVENESS = (silence_ends, turns_end, closing_ends, holding_ends, waiting_for_words_ends)
