"""The reply: the one reply that may own the mouth. Raises ``ReplyFailed``; knows nothing of the caller."""

from __future__ import annotations

from enum import Enum

from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.rows import STAY, Effects, Timer, after, drop, never, owes, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.machines.effects import Answered, CancelReply
from fsm_agents.machines.events import (
    ReplyAudible,
    ReplyBegun,
    ReplyBroke,
    ReplyCut,
    ReplyDrained,
    ReplyFailed,
    ReplyPlayed,
    SayPlayed,
    ToolsCalled,
    ToolsDone,
)  # fmt: skip
from fsm_agents.machines.talk import Apology, Talk

__all__ = ["DEAD_AIR", "LIVE", "OVER", "REPLY", "TOOL_LIMIT", "Reply"]


class Reply(Enum):
    """What the reply does."""

    COMPOSING = "being made; nothing of it sounds"
    ACTING = "its tools are at work; nothing of it sounds"
    AUDIBLE = "sounds"
    PLAYED = "over, all of it sounded (or there was none yet)"
    CUT = "over, ended by us"
    FAILED = "over, it could not be made"


R = Reply
LIVE = (R.COMPOSING, R.ACTING, R.AUDIBLE)
OVER = (R.PLAYED, R.CUT, R.FAILED)
ELSEWHERE = (R.COMPOSING, R.AUDIBLE, *OVER)
"""Where no reply waits for its tools."""

DEAD_AIR = Timer(
    "dead_air",
    6.5,
    "callers hang up after 8 s of silence: the end of the turn, its words and the first sound of an apology take the rest",
)
TOOL_LIMIT = Timer("tool_limit", 30.0, "longer than the usual request deadline of web services")


# Made once, for speed: see floor.py.
_ANSWERED = Set("asked", ())
_TOOLS_RUN = Set("tools", True)
_TOOLS_DONE = Set("tools", False)
_NOTHING_FIRM = Set("firm", ())
_NO_APOLOGY = Set("apology", Apology.NONE)


def is_answer(heard: ReplyAudible, talk: Talk) -> bool:
    """What sounds is the answer itself, and it is still owed."""
    return heard.answer and bool(talk.asked)


def tools_run(event: object, talk: Talk) -> bool:
    """Tools are at work."""
    return talk.tools


def answered(event: object, talk: Talk) -> Effects:
    """What the caller asked is answered from here on."""
    return _ANSWERED, Answered(talk.asked)


def tools_on(event: object, talk: Talk) -> Effects:
    """Tools are at work."""
    return (_TOOLS_RUN,)


def tools_off(event: object, talk: Talk) -> Effects:
    """They have all reported."""
    return (_TOOLS_DONE,)


def soften(played: SayPlayed, talk: Talk) -> Effects:
    """A say that could not be interrupted has sounded: the rest of the reply can be."""
    return (Set("firm", tuple(say for say in talk.firm if say != played.say)),)


def has_sounded(played: ReplyPlayed, talk: Talk) -> bool:
    """Something was heard of it, and to its end."""
    return played.sounded


def finish(event: object, talk: Talk) -> Effects:
    """All of it sounded. A reply that never sounded chose silence: that answers too."""
    done = _ANSWERED, _NOTHING_FIRM
    return (*done, Answered(talk.asked)) if talk.asked else done


def forgive(event: object, talk: Talk) -> Effects:
    """The voice is back: what could not be said before is forgotten."""
    return (_NO_APOLOGY,)


def fail(broke: ReplyBroke, talk: Talk) -> Effects:
    """It could not be made."""
    return _NOTHING_FIRM, CancelReply(talk.reply, broke.reason), ReplyFailed(broke.reason, broke.lasting)


def too_late(event: object, talk: Talk) -> Effects:
    """It took too long."""
    acting = talk.cell("reply").state is R.ACTING
    reason = "its tools did not report in time" if acting else "nothing sounded in time"
    return _NOTHING_FIRM, CancelReply(talk.reply, reason), ReplyFailed(reason)


def cancel(event: ReplyCut, talk: Talk) -> Effects:
    """Stop making and speaking it."""
    return _NOTHING_FIRM, CancelReply(talk.reply, "it was cut")


# fmt: off
REPLY: StateTable[Reply, Talk] = StateTable("reply", Reply, start=R.PLAYED, rows=[
    #     in             on             to            do          when
    row  (OVER,          ReplyBegun,    R.COMPOSING                         ),
    never(LIVE,          ReplyBegun),

    row  (R.COMPOSING,   ReplyAudible,  R.AUDIBLE,    answered,   is_answer ),
    row  (R.COMPOSING,   ReplyAudible,  R.AUDIBLE                           ),
    row  (R.COMPOSING,   ToolsCalled,   R.ACTING,     tools_on              ),
    after(R.COMPOSING,   DEAD_AIR,      R.FAILED,     too_late              ),
    drop (R.COMPOSING,   ReplyDrained),

    row  (R.ACTING,      ReplyAudible,  R.AUDIBLE,    answered,   is_answer ),
    row  (R.ACTING,      ReplyAudible,  R.AUDIBLE                           ),   # a say() from inside a tool
    row  (R.ACTING,      ToolsDone,     R.COMPOSING,  tools_off             ),
    after(R.ACTING,      TOOL_LIMIT,    R.FAILED,     too_late              ),
    drop (R.ACTING,      ReplyDrained, ToolsCalled),

    row  (R.AUDIBLE,     ReplyAudible,  STAY,         answered,   is_answer ),   # a say came first; now the answer sounds
    row  (R.AUDIBLE,     ReplyDrained,  R.ACTING,     None,       tools_run ),
    row  (R.AUDIBLE,     ReplyDrained,  R.COMPOSING                         ),   # nothing sounds, and it is not finished
    row  (R.AUDIBLE,     ToolsCalled,   STAY,         tools_on              ),
    owes (R.AUDIBLE,     "the mouth: it reports Drained or Played when its last frame has sounded"),
    drop (R.AUDIBLE,     ReplyAudible),

    row  (LIVE,          SayPlayed,     STAY,         soften                ),
    row  (LIVE,          ReplyPlayed,   R.PLAYED,     (finish, forgive), has_sounded),
    row  (LIVE,          ReplyPlayed,   R.PLAYED,     finish                ),
    row  (LIVE,          ReplyBroke,    R.FAILED,     fail                  ),
    row  (LIVE,          ReplyCut,      R.CUT,        cancel                ),

    row  (ELSEWHERE,     ToolsDone,     STAY,         tools_off             ),   # cutting a reply cuts no tool: they are known on

    row  (OVER,          ToolsCalled,   STAY,         tools_on              ),
    owes (OVER,          "the turn: it begins the next reply"),
    never(OVER,          ReplyCut),
    drop (OVER,          ReplyAudible, ReplyDrained, SayPlayed, ReplyPlayed, ReplyBroke),
])
# fmt: on
