"""The world the conversation is explored in: which events may come, and what of the data tells two situations apart.

Every event is offered in every state, more than any real host, ear or mouth would do; only the growth of data is bounded.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import attrs

from fsm_agents.fsm.explore import World
from fsm_agents.fsm.joint import Joint
from fsm_agents.machines.caller import Caller
from fsm_agents.machines.events import (
    AbortAsked,
    CloseAsked,
    Connected,
    Entered,
    Exited,
    FinalTranscript,
    InterimTranscript,
    InterruptAsked,
    LeaveAsked,
    ReplyAudible,
    ReplyBroke,
    ReplyDrained,
    ReplyPlayed,
    Say,
    SayAsked,
    SayPlayed,
    SpeechStarted,
    SpeechStopped,
    StartAsked,
    ToolsCalled,
    ToolsDone,
    TornDown,
    TranscriptLost,
    TurnCompleted,
)  # fmt: skip
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.machines.reply import LIVE
from fsm_agents.machines.talk import Talk

__all__ = ["USUAL", "Bounds", "voice_world"]


@attrs.frozen
class Bounds:
    """How much of the world is explored.

    Args:
        texts: How many turns of the caller may be owed or being said; a turn may have one segment more.
        says: How many says may wait or be firm.
        losses: Speech-to-text may fail, or keep its words for itself. This doubles the world.
        final_ends_turn: The setting of the conversation.
        mute: It is told apart whether an apology failed before. This doubles the world; see :func:`abstract`.
    """

    texts: int = 1
    says: int = 1
    losses: bool = True
    final_ends_turn: bool = False
    mute: bool = False


USUAL = (
    Bounds(0, 0), Bounds(0, 0, mute=True), Bounds(1, 0), Bounds(0, 1), Bounds(1, 0, final_ends_turn=True), Bounds(1, 1, losses=False),
)  # fmt: skip
"""What is explored on every change, from small to large: each two of texts, says and losses together. All three: ``explore --deep``."""

_PLAIN = (
    Connected(), StartAsked(), Entered(), LeaveAsked(), Exited(), TornDown(),
    CloseAsked("asked"), CloseAsked("gone", alone=True), AbortAsked("aborted"),
    InterruptAsked(force=False), InterruptAsked(force=True), SpeechStopped(), TurnCompleted(),
)  # fmt: skip


def voice_world(bounds: Bounds, joint: Joint[Talk] = CONVERSATION) -> World[Talk]:
    """The conversation, within bounds.

    Args:
        bounds: How much of it.
        joint: The machines; mutants pass theirs.
    """
    texts, says, losses = bounds.texts, bounds.says, bounds.losses

    def start() -> Talk:
        never = {} if losses else {"unheard": None}
        return joint.start(Talk(final_ends_turn=bounds.final_ends_turn), {"wake_up": 20.0, **never})

    def stimuli(talk: Talk) -> Iterator[object]:
        yield from _PLAIN
        yield from _mouth(talk)
        segments = {*talk.open, *talk.overdue, *(heard.segment for heard in talk.heard)}
        another = len(segments) < max(texts, 1) + 1
        if another:
            yield SpeechStarted()
        yield from _words(talk, room=len(talk.pending) + len(talk.asked) + len(talk.heard) < texts, another=another)
        yield from (TranscriptLost(segment) for segment in {talk.segment, *talk.open, *talk.overdue} if losses)
        if len(talk.says) < says and len(talk.firm) < says + (not talk.says):
            number = 1 + max((*talk.firm, *(say.number for say in talk.says)), default=0)
            yield SayAsked(Say(number, "s"))
            yield SayAsked(Say(number, "s", firm=True))

    return World(joint, start, stimuli, lambda talk: (*abstract(talk), bounds.mute and talk.apology.failed))


def _mouth(talk: Talk) -> Iterator[object]:
    reply = talk.reply
    yield ReplyAudible(reply, answer=True)
    yield ReplyAudible(reply, answer=False)
    yield ReplyDrained(reply)
    yield ToolsCalled(reply)
    yield ToolsDone(reply)
    yield ReplyPlayed(reply)
    yield ReplyBroke(reply, "broke")
    for say in (*talk.firm, 0):
        yield SayPlayed(reply, say)
    yield ReplyPlayed(reply - 1)  # of the last reply: stale, whatever it says
    yield ReplyPlayed(reply, sounded=False)
    yield ReplyBroke(reply, "broke", lasting=True)


def _words(talk: Talk, *, room: bool, another: bool) -> Iterator[object]:
    known = [heard.segment for heard in talk.heard]
    new = {talk.segment + 1} if another else set[int]()
    for segment in {talk.segment, *talk.open, *talk.overdue, *new}:
        yield FinalTranscript("", segment)
        settled = segment <= talk.segment and not talk.expects_words_of(segment)
        if room or segment in known or settled:
            yield FinalTranscript("w", segment)
            yield InterimTranscript("w", segment)
            yield InterimTranscript("w", segment, complete=True)


def abstract(talk: Talk) -> tuple[Hashable, ...]:
    """The data, with texts renamed, counters made relative, and what no row reads where it rests left out.

    So is that an apology failed before: one guard reads it, and takes a failure that is ``lasting`` for the same. As both kinds of
    failure are offered in every state, whatever it leads to is reached without it; where it is told apart, it is proved that it is known.
    """
    last = talk.segment
    known = sorted({last, *talk.open, *talk.overdue, *(heard.segment for heard in talk.heard)}, reverse=True)
    caller, reply = talk.cell("caller").state, talk.cell("reply").state
    return (
        tuple((known.index(heard.segment), heard.final) for heard in talk.heard),
        talk.complete and caller in (Caller.TALKING, Caller.TRAILING),
        tuple(known.index(segment) for segment in talk.open),
        tuple(known.index(segment) for segment in talk.overdue),
        talk.lost and not talk.pending,
        len(talk.pending),
        len(talk.asked),
        tuple(say.firm for say in talk.says),
        len(talk.firm),
        talk.apology.runs and reply in LIVE,
        talk.tools,
    )
