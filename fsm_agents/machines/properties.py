"""What must hold of a conversation, whatever happens in whatever order. Proved by exploring; each property killed mutants no other killed.

*Safety* looks at a resting state; *response* and *liveness* are in :mod:`fsm_agents.machines.responses`.
"""

from __future__ import annotations

from fsm_agents.machines.caller import Caller as C
from fsm_agents.machines.reply import LIVE
from fsm_agents.machines.reply import Reply as R
from fsm_agents.machines.session import Session as S
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.turn import FLOOR
from fsm_agents.machines.turn import Turn as T

__all__ = ["SAFETY", "state"]


def state(talk: Talk, machine: str) -> object:
    """Where the conversation rests in ``machine``."""
    return talk.cells[
        talk.names[machine]
    ].node.member  # what talk.cell(machine).state says, without two calls: it is asked millions of times


def _is(talk: Talk, machine: str, *states: object) -> bool:
    return state(talk, machine) in states


def the_floor_has_a_reply(talk: Talk) -> str | None:
    """A reply is alive exactly while the turn gives it the floor: so there is never a second one, nor one that nobody watches."""
    if _is(talk, "reply", *LIVE) != _is(talk, "turn", *FLOOR):
        return "a reply lives without the floor, or the floor is held for nobody"
    return None


def nobody_is_talked_over(talk: Talk) -> str | None:
    """While the caller talks, what can be interrupted is held or over."""
    talks = _is(talk, "caller", C.TALKING, C.TRAILING)
    if talks and _is(talk, "turn", T.ANSWERING, T.LISTENING):
        return "the caller talks, and the turn does not know it"
    if not talks and _is(talk, "turn", T.HOLDING, T.OVERLAPPING):
        return "held for a caller who does not talk"
    if _is(talk, "turn", T.OVERLAPPING) and not talk.firm:
        return "something that can be interrupted goes on over the caller"
    return None


def yielding_has_a_caller(talk: Talk) -> str | None:
    """The floor is the caller's only while there is something to wait for."""
    if _is(talk, "turn", T.YIELDING) and not _is(talk, "caller", C.TALKING, C.TRAILING, C.PAUSING, C.TRANSCRIBING):
        return "the floor is yielded to nobody"
    return None


def listening_owes_nothing(talk: Talk) -> str | None:
    """Listening, which arms the wake-up, implies: caller quiet, no reply, nothing owed, nothing to be said."""
    if not _is(talk, "turn", T.LISTENING):
        return None
    if not _is(talk, "caller", C.QUIET):
        return "listening although the caller is not quiet"
    return "listening although something is owed" if talk.pending or talk.asked or talk.says else None


def away_is_away(talk: Talk) -> str | None:
    """Away means that there is no caller, and nothing is kept for one."""
    if not _is(talk, "turn", T.AWAY):
        return None
    if not _is(talk, "caller", C.ABSENT):
        return "away although there is a caller"
    return "something is kept for nobody" if talk.pending or talk.asked or talk.says else None


def a_quiet_caller_holds_no_words(talk: Talk) -> str | None:
    """Words are in the buffers only while a turn is running; of a caller who is gone nothing is waited for."""
    if _is(talk, "caller", C.QUIET, C.ABSENT, C.GONE) and (talk.heard or talk.open):
        return "words are held of a caller who is not speaking"
    if _is(talk, "caller", C.ABSENT, C.GONE) and talk.overdue:
        return "words are waited for of a caller who is gone"
    return "a segment is both open and overdue" if set(talk.open) & set(talk.overdue) else None


def firm_is_of_a_live_reply(talk: Talk) -> str | None:
    """Facts about the reply are gone when it is over."""
    if _is(talk, "reply", *LIVE):
        return None
    if talk.firm:
        return "a reply that is over is still firm"
    return "a question waits on a reply that is over" if talk.asked else None


def acting_has_tools(talk: Talk) -> str | None:
    """The label *acting* tells the truth."""
    return "acting without tools" if _is(talk, "reply", R.ACTING) and not talk.tools else None


def what_is_lost_is_asked_for(talk: Talk) -> str | None:
    """That something was not understood is remembered only while somebody else has the floor."""
    if talk.lost and _is(talk, "turn", T.AWAY, T.LISTENING, T.CLOSED):
        return "the caller was not understood, and nobody says so"
    return None


def a_waiting_say_has_a_reason(talk: Talk) -> str | None:
    """No say waits while the agent could speak."""
    if talk.says and not _is(talk, "turn", T.YIELDING, T.HOLDING):
        return "a say waits although the agent could speak"
    return None


def what_waits_is_owed_later(talk: Talk) -> str | None:
    """A turn that is owed is answered at once when the floor is free."""
    if talk.pending and _is(talk, "turn", T.AWAY, T.LISTENING, T.CLOSED):
        return "a turn is owed and nobody will answer it"
    return None


def the_end_is_the_end(talk: Talk) -> str | None:
    """Closing and closed hold nothing; before the start nothing is heard."""
    session = state(talk, "session")
    if session in (S.CLOSING, S.ABORTING, S.CLOSED) and not (_is(talk, "turn", T.CLOSED) and _is(talk, "caller", C.GONE)):
        return "the session closes and a machine goes on"
    if session in (S.CREATED, S.CONNECTED, S.LEFT) and not (_is(talk, "turn", T.AWAY) and _is(talk, "caller", C.ABSENT)):
        return "out of the meeting, and the conversation goes on"
    if session in (S.STARTED, S.RUNNING) and _is(talk, "caller", C.ABSENT, C.GONE):
        return "in the meeting, and the caller is not heard"
    if session is S.ALONE and (_is(talk, "reply", *LIVE) or talk.says):
        return "a goodbye is said to nobody"
    if session in (S.EXITING, S.ALONE, S.CLOSING, S.ABORTING, S.CLOSED) and not talk.reason:
        return "closing without a reason"
    return None


SAFETY = (
    the_floor_has_a_reply, nobody_is_talked_over, yielding_has_a_caller, listening_owes_nothing, away_is_away,
    a_quiet_caller_holds_no_words, firm_is_of_a_live_reply, acting_has_tools, what_is_lost_is_asked_for, a_waiting_say_has_a_reason,
    what_waits_is_owed_later, the_end_is_the_end,
)  # fmt: skip
