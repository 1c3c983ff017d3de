"""What must happen to what the caller says: properties of one move. Nothing is lost, nothing is doubled, and every turn comes to its end."""

from __future__ import annotations

from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.explore import Move, concerns
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.caller import Caller as C
from fsm_agents.machines.properties import state
from fsm_agents.machines.talk import Talk

__all__ = ["HEARING", "is_news"]

Moved = Move[Talk]


def _held(talk: Talk, *, interim: bool) -> int:
    words = [text.split() for heard in talk.heard if interim or heard.final for text in [heard.text]]
    return sum(map(len, words)) + sum(len(text.split()) for text in (*talk.pending, *talk.asked))


def _untouched(before: Talk, after: Talk) -> bool:
    return before.heard is after.heard and before.pending is after.pending and before.asked is after.asked


def _new(move: Moved) -> int:
    """Words that enter for good: a final transcript's, and interim words that are taken or given up."""
    event = move.event
    final = len(event.text.split()) if isinstance(event, on.FinalTranscript) else 0
    segment = event.segment if isinstance(event, on.FinalTranscript) else None
    interim = [h for h in move.before.heard if not h.final and h.segment != segment]
    return final + sum(len(h.text.split()) for h in interim if h not in move.after.heard)


def is_news(event: on.InterimTranscript | on.FinalTranscript | on.TranscriptLost, talk: Talk) -> bool:
    """Its segment is not settled; one that was never opened can only be meant when no turn runs."""
    known = event.segment in talk.open or event.segment in talk.overdue
    return known or (
        event.segment > talk.segment and state(talk, "caller") is C.QUIET and not isinstance(event, on.TranscriptLost)
    )


@concerns(on.FinalTranscript, changes=True)
def words_are_conserved(move: Moved) -> str | None:
    """Every word is held, answered, or discarded with a reason: none is lost, none is doubled."""
    if isinstance(move.event, on.InterimTranscript):
        return None
    answered, discarded = move.did(do.Answered), move.did(do.Discard)
    if not (answered or discarded or isinstance(move.event, on.FinalTranscript)) and _untouched(move.before, move.after):
        return None  # most moves
    gone = sum(len(text.split()) for answer in answered for text in answer.texts)
    gone += sum(len(lost.text.split()) for lost in discarded)
    before, after = _held(move.before, interim=False) + _new(move), _held(move.after, interim=False) + gone
    return None if before == after else f"{before} words before, {after} after"


@concerns(on.InterimTranscript)
def interim_words_are_kept(move: Moved) -> str | None:
    """Interim words of an unsettled segment are there when the final ones never come."""
    event, before = move.event, move.before
    if not isinstance(event, on.InterimTranscript) or not event.text or not is_news(event, before):
        return None
    if state(before, "caller") in (C.ABSENT, C.GONE):
        return None
    if not any(heard.segment == event.segment and heard.text == event.text for heard in move.after.heard):
        return "interim words are not kept"
    if event.segment not in move.after.open:
        return "nobody waits for the final words"
    return None if move.after.complete == event.complete else "whether they are complete is not kept"


@concerns(on.TurnCompleted, Due)
def complete_turns_are_taken(move: Moved) -> str | None:
    """A turn that is complete is over at once."""
    event, before, after = move.event, move.before, move.after
    over = state(after, "caller") is C.QUIET
    known = [heard.segment for heard in before.heard]
    covered = bool(known) and all(segment in known for segment in before.open)
    if isinstance(event, on.TurnCompleted) and covered and not over:
        return "the turn detector said so, and the turn goes on"
    if isinstance(event, Due) and event.timer == "endpoint" and not before.open and not over:
        return "all that was said is known at the endpoint, and the turn goes on"
    if isinstance(event, Due) and event.timer == "complete" and covered and before.complete and not over:
        return "a whole sentence was said, and the turn goes on"
    if isinstance(event, Due) and event.timer == "transcript" and not over:
        return "the transcript did not come, and it is still waited for"
    return None


@concerns(on.FinalTranscript, on.TranscriptLost)
def the_last_words_end_a_turn(move: Moved) -> str | None:
    """A turn that only waits for words is over with the last of them, or when they are lost."""
    event, before, after = move.event, move.before, move.after
    caller, over = state(before, "caller"), state(after, "caller") is C.QUIET
    if not isinstance(event, on.FinalTranscript | on.TranscriptLost) or not is_news(event, before):
        return None
    if any(s != event.segment for s in before.open):
        return None
    if caller is C.TRANSCRIBING and not over:
        return "the last words came, and the turn goes on"
    if isinstance(event, on.TranscriptLost):
        return "nothing was understood, and the turn goes on" if caller is C.PAUSING and not before.heard and not over else None
    words = bool(event.text or any(h.segment != event.segment for h in before.heard))
    ends = before.final_ends_turn if words else not before.heard
    return "the pause is over, and the turn goes on" if caller is C.PAUSING and ends and not over else None


@concerns(moved="caller")
def incomplete_turns_go_on(move: Moved) -> str | None:
    """No turn is taken while a segment's words are not in, unless its time is up or it is said to be complete."""
    taken = state(move.before, "caller") is not C.QUIET and state(move.after, "caller") is C.QUIET
    event, before = move.event, move.before
    if not taken or isinstance(event, on.TurnCompleted) or (isinstance(event, Due) and event.timer != "endpoint"):
        return None
    if isinstance(event, Due):
        return "the turn was taken with words missing" if before.open else None
    if isinstance(event, on.FinalTranscript | on.TranscriptLost) and any(segment != event.segment for segment in before.open):
        return "the turn was taken with words missing"
    return None


@concerns(moved="caller")
def overdue_words_are_waited_for(move: Moved) -> str | None:
    """A turn that is over without the words of one of its segments waits for them still."""
    event, before, after = move.event, move.before, move.after
    over = state(before, "caller") is not C.QUIET and state(after, "caller") is C.QUIET
    if not over or state(before, "caller") is C.ABSENT:
        return None
    known = {heard.segment for heard in before.heard} | {getattr(event, "segment", None)}
    if set(before.open) - known - set(after.overdue):
        return "words that are not in yet are not waited for"
    return "words that are taken are waited for" if known & set(after.overdue) else None


@concerns(on.TranscriptLost, Due)
def lost_words_are_asked_for(move: Moved) -> str | None:
    """What nobody will ever understand is settled; the caller is asked again when the floor is free, unless other words are answered."""
    event, before, after = move.event, move.before, move.after
    if isinstance(event, on.TranscriptLost) and is_news(event, before):
        if event.segment in after.open or event.segment in after.overdue:
            return "it is lost and still waited for"
        if any(heard.segment == event.segment for heard in before.heard):
            return "words are there, and the caller is asked all the same" if after.lost and not before.lost else None
    elif isinstance(event, Due) and event.timer == "unheard":
        if not before.overdue or after.overdue:
            return "nothing was overdue, or it still is"
    else:
        return None
    asked = after.lost or move.did(do.BeginReply) or after.pending or after.asked
    return None if asked else "the caller was not understood, and is not asked again"


@concerns(on.SpeechStarted, on.SpeechStopped)
def the_ear_is_followed(move: Moved) -> str | None:
    """The caller talks from one edge of the detector to the other."""
    if state(move.before, "caller") in (C.ABSENT, C.GONE):
        return None
    talks = state(move.after, "caller") is C.TALKING
    if isinstance(move.event, on.SpeechStarted) and not talks:
        return "speech started and the caller does not talk"
    return "speech stopped and the caller talks" if isinstance(move.event, on.SpeechStopped) and talks else None


@concerns(on.FinalTranscript)
def finals_settle(move: Moved) -> str | None:
    """With its final transcript a segment is settled: nobody waits for it any more, and its interim words are gone."""
    event = move.event
    if not isinstance(event, on.FinalTranscript) or state(move.before, "caller") in (C.ABSENT, C.GONE):
        return None
    if is_news(event, move.before) and event.segment > move.after.segment:
        return "the next segment would have its number"
    if event.segment in move.after.open or event.segment in move.after.overdue:
        return "the final transcript came and is still waited for"
    left = any(heard.segment == event.segment and not heard.final for heard in move.after.heard)
    return "interim words outlived their final transcript" if left else None


@concerns(on.FinalTranscript)
def late_words_leave_a_trace(move: Moved) -> str | None:
    """Words that come too late, or where nobody listens, are discarded with a reason."""
    event, before = move.event, move.before
    if not isinstance(event, on.FinalTranscript) or not event.text:
        return None
    unheard = not is_news(event, before) or state(before, "caller") in (C.ABSENT, C.GONE)
    return "unheard words vanished" if unheard and not move.did(do.Discard) else None


@concerns(on.SpeechStarted, do.OpenSegment, do.FinishSegment, do.RearmEar, moved="caller")
def segments_are_finished(move: Moved) -> str | None:
    """Every segment is opened once and asked for its words when the caller pauses; an ear that was overruled is re-armed."""
    before, after = state(move.before, "caller"), state(move.after, "caller")
    speaking = (C.TALKING, C.TRAILING)
    opened = [e.segment for e in move.did(do.OpenSegment)]
    started = isinstance(move.event, on.SpeechStarted) and before in (C.QUIET, C.PAUSING, C.TRANSCRIBING)
    if started != bool(opened) or (opened and opened != [max(move.before.segment, 0) + 1]):
        return "a segment was not opened, or opened twice"
    if opened and (opened[0] not in move.after.open or move.after.complete):
        return "nobody waits for the words of the new segment"
    left = before in speaking and after not in (*speaking, C.ABSENT, C.GONE)
    if left != bool(move.did(do.FinishSegment)):
        return "the final words were not asked for"
    overruled = before is C.TALKING and left
    return "the ear was overruled and not re-armed" if overruled != bool(move.did(do.RearmEar)) else None


HEARING = (
    words_are_conserved,
    interim_words_are_kept,
    complete_turns_are_taken,
    the_last_words_end_a_turn,
    incomplete_turns_go_on,
    overdue_words_are_waited_for,
    lost_words_are_asked_for,
    the_ear_is_followed,
    finals_settle,
    late_words_leave_a_trace,
    segments_are_finished,
)
"""All of them."""
