"""What must happen: properties of one move (*response*), proved by exploring. Those of a session's life are in ``lifetime.py``."""

from __future__ import annotations

from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.explore import Move, Properties, concerns
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.caller import Caller as C
from fsm_agents.machines.lifetime import LIFE, LIVENESS
from fsm_agents.machines.properties import SAFETY, state
from fsm_agents.machines.reply import LIVE, OVER
from fsm_agents.machines.reply import Reply as R
from fsm_agents.machines.responses_caller import HEARING, is_news
from fsm_agents.machines.session import Session as S
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.turn import FLOOR
from fsm_agents.machines.turn import Turn as T

__all__ = ["LIVENESS", "PROPERTIES", "RESPONSE"]

Moved = Move[Talk]
SPEAKING = (S.STARTED, S.RUNNING, S.EXITING)


@concerns(do.Discard, do.DropSay, do.RefuseSay, do.CancelReply, do.ReportClosed)
def discards_have_reasons(move: Moved) -> str | None:
    """Whatever is given up says why."""
    given_up = [
        *move.did(do.Discard),
        *move.did(do.DropSay),
        *move.did(do.RefuseSay),
        *move.did(do.CancelReply),
        *move.did(do.ReportClosed),
    ]
    return None if all(effect.reason for effect in given_up) else "given up without a reason"


@concerns(on.InterimTranscript, on.FinalTranscript)
def words_end_soft_speech(move: Moved) -> str | None:
    """Words of the caller over a reply that can be interrupted end it in the same step."""
    event, before = move.event, move.before
    if state(before, "turn") not in (T.ANSWERING, T.HOLDING) or before.firm:
        return None
    said = isinstance(event, on.InterimTranscript | on.FinalTranscript) and event.text and is_news(event, before)
    if (
        state(before, "caller") not in (C.ABSENT, C.GONE)
        and said
        and before.reply == move.after.reply
        and state(move.after, "reply") in LIVE
    ):
        return "the caller's words do not end the reply"
    return None


@concerns(moved="caller")
def turns_end_soft_speech(move: Moved) -> str | None:
    """A turn that is taken over a reply that can be interrupted ends it in the same step, even if its words were heard before."""
    before, after = move.before, move.after
    if state(before, "turn") not in (T.ANSWERING, T.HOLDING) or before.firm or state(before, "caller") is C.QUIET:
        return None
    taken = state(after, "caller") is C.QUIET and len(after.pending) + len(after.asked) > len(before.pending) + len(before.asked)
    goes_on = before.reply == after.reply and state(after, "reply") in LIVE
    return "the caller's turn does not end the reply" if taken and goes_on else None


@concerns(changes=True)
def firm_speech_goes_on(move: Moved) -> str | None:
    """Nothing of the caller's ends what cannot be interrupted, and it is never held once it sounds."""
    before, after = move.before, move.after
    if not before.firm:
        return None
    ear = isinstance(
        move.event,
        on.SpeechStarted | on.SpeechStopped | on.InterimTranscript | on.FinalTranscript | on.TranscriptLost | on.TurnCompleted,
    )
    plain = isinstance(move.event, on.InterruptAsked) and not move.event.force
    ear = ear or (isinstance(move.event, Due) and move.event.machine in ("caller", "turn"))
    if (ear or plain) and (after.reply != before.reply or state(after, "reply") not in LIVE):
        return "what cannot be interrupted was interrupted"
    if state(before, "reply") is R.AUDIBLE and after.firm and move.did(do.HoldMouth):
        return "what cannot be interrupted was held"
    return None


@concerns(on.InterruptAsked)
def interrupt_ends(move: Moved) -> str | None:
    """A forced interrupt ends any reply, a plain one a reply that can be interrupted; nothing begins to answer the same again."""
    before = move.before
    if not isinstance(move.event, on.InterruptAsked) or state(before, "turn") not in FLOOR:
        return None
    if not move.event.force and before.firm:
        return None
    if not move.did(do.CancelReply):
        return "the interrupted reply goes on"
    again = [begun for begun in move.did(do.BeginReply) if set(begun.texts) & set(before.asked) and not before.pending]
    return "the host interrupted, and it is said again" if again else None


@concerns(do.CancelReply)
def failure_is_spoken(move: Moved) -> str | None:
    """A failed reply is followed by an apology, or by the question asked again; a failed apology reports, and begins none."""
    before = move.before
    failed = [e for e in move.did(do.CancelReply) if e.reason != "it was cut"]
    if not failed:
        return None
    apologies = [begun for begun in move.did(do.BeginReply) if begun.apology]
    if before.apology.runs:
        return None if move.did(do.GiveUp) and not apologies else "an apology failed and was not reported, or apologised for"
    if state(before, "turn") is T.ANSWERING:
        return None if apologies and move.after.apology.runs else "a reply failed and nobody apologised"
    if before.asked and not move.after.pending:
        return "a reply failed under the caller and its question is lost"
    return "a reply failed twice" if move.did(do.GiveUp) else None


@concerns(changes=True)
def a_mute_agent_closes(move: Moved) -> str | None:
    """The session closes when a second apology fails before anything has sounded to its end, or one fails in a way that lasts."""
    event, before, after = move.event, move.before, move.after
    gave_up = bool(move.did(do.GiveUp))
    hopeless = gave_up and (before.apology.failed or getattr(event, "lasting", False))
    if gave_up and hopeless != (state(after, "session") is S.ALONE):
        return "a mute agent keeps its caller, or one that is not mute gives up"
    if hopeless and not (before.reason or after.reason.startswith("error: nothing can be said: ")):
        return "it closes because nothing can be said, and the reason does not say so"
    current = isinstance(event, on.ReplyPlayed) and event.reply == before.reply and state(before, "reply") in LIVE
    sounded = current and getattr(event, "sounded", False)
    failed = (before.apology.failed or gave_up) and not sounded
    return None if after.apology.failed == failed else "it is not known whether the last apology failed"


@concerns(on.SayAsked, changes=True)
def says_are_answered(move: Moved) -> str | None:
    """Every ``say()`` is accepted or refused; one that is accepted is begun, interjected, waits, or is dropped with a reason."""
    before, after = move.before, move.after
    if not before.says and not isinstance(move.event, on.SayAsked):
        return None
    waiting = {say.number for say in before.says}
    if isinstance(move.event, on.SayAsked):
        accepted = state(before, "session") in SPEAKING
        if accepted == bool(move.did(do.RefuseSay)):
            return "a say was neither accepted nor refused, or both"
        waiting |= {move.event.say.number} if accepted else set()
    begun = {say.number for reply in move.did(do.BeginReply) for say in reply.says} | {
        e.say.number for e in move.did(do.Interject)
    }
    gone = begun | {say.number for say in after.says} | {drop.say for drop in move.did(do.DropSay)}
    return "a say was lost" if waiting - gone else None


@concerns(on.SayPlayed, do.BeginReply, do.Interject)
def firmness_is_known(move: Moved) -> str | None:
    """A say that cannot be interrupted makes its reply so, from when it is taken up until it has sounded."""
    taken = [say for reply in move.did(do.BeginReply) for say in reply.says] + [e.say for e in move.did(do.Interject)]
    live = state(move.after, "reply") in LIVE
    if live and any(say.firm and say.number not in move.after.firm for say in taken):
        return "what cannot be interrupted can be"
    if isinstance(move.event, on.SayPlayed) and move.event.reply == move.before.reply and move.event.say in move.after.firm:
        return "it has sounded and still cannot be interrupted"
    return None


@concerns(changes=True)
def replies_own_the_mouth(move: Moved) -> str | None:
    """A reply begins with the next number, after the last one has ended, with all that waits; it answers what was owed."""
    before, after = move.before, move.after
    begun, ended = move.did(do.BeginReply), move.did(do.CancelReply)
    if len(begun) > 1 or (begun and begun[0].reply != before.reply + 1) or (not begun and after.reply != before.reply):
        return "replies are not numbered one by one"
    if begun and state(before, "reply") in LIVE:
        own = isinstance(move.event, on.ReplyPlayed)
        if not own and not (ended and move.step.effects.index(ended[0]) < move.step.effects.index(begun[0])):
            return "a reply begins before the last one has ended"
    if begun and not begun[0].apology and (begun[0].texts != after.asked or after.apology.runs):
        return "the reply does not know what it answers"
    over = state(before, "reply") in LIVE and (state(after, "reply") in OVER or bool(begun))
    if over and not isinstance(move.event, on.ReplyPlayed) and not ended:
        return "a reply is over and nobody stops it"
    return None


@concerns(do.HoldMouth, do.ResumeMouth, moved="turn")
def the_gate_follows(move: Moved) -> str | None:
    """The mouth is shut exactly in HOLDING, as long as the same reply lives."""
    before, after = state(move.before, "turn") is T.HOLDING, state(move.after, "turn") is T.HOLDING
    same = move.before.reply == move.after.reply and state(move.after, "reply") in LIVE
    if not same:
        return "the gate is shut for a reply that is over" if move.did(do.HoldMouth) else None
    if after and not before:
        return None if move.did(do.HoldMouth) else "holding with the gate open"
    if before and not after:
        return None if move.did(do.ResumeMouth) else "the gate stays shut"
    return "the gate moved" if move.did(do.HoldMouth) or move.did(do.ResumeMouth) else None


@concerns(on.ReplyPlayed, on.ReplyAudible, changes=True)
def answers_are_told(move: Moved) -> str | None:
    """A question is answered when its answer is audible, or its reply ends having said nothing; not by a say before it."""
    event, before = move.event, move.before
    told = [text for answer in move.did(do.Answered) for text in answer.texts]
    current = getattr(event, "reply", None) == before.reply and state(before, "reply") in LIVE
    due = current and (isinstance(event, on.ReplyPlayed) or (isinstance(event, on.ReplyAudible) and event.answer))
    return None if told == (list(before.asked) if due else []) else "a question counts as answered at the wrong time"


@concerns(on.ToolsCalled, on.ToolsDone, changes=True)
def tools_are_known(move: Moved) -> str | None:
    """The fact that tools are at work follows what is reported of them, whatever became of the reply that called them."""
    event = move.event
    if not isinstance(event, on.ToolsCalled | on.ToolsDone):
        return None if move.after.tools == move.before.tools else "tools begin or end by themselves"
    return (
        None
        if move.after.tools == isinstance(event, on.ToolsCalled)
        else "tools are at work and nobody knows, or the other way round"
    )


@concerns(on.ReplyPlayed, on.ReplyBroke)
def replies_end(move: Moved) -> str | None:
    """What the mouth reports as over, or broken, is over."""
    event, before, after = move.event, move.before, move.after
    if not isinstance(event, on.ReplyPlayed | on.ReplyBroke) or event.reply != before.reply or state(before, "reply") not in LIVE:
        return None
    same = after.reply == before.reply and state(after, "reply") in LIVE
    return "the reply is over and lives on" if same else None


@concerns(on.ReplyAudible, on.ReplyDrained)
def drained_is_not_audible(move: Moved) -> str | None:
    """The reply is audible from its first frame until it drains: no label says *speaking* over silence."""
    event, before, after = move.event, move.before, move.after
    if getattr(event, "reply", None) != before.reply or state(before, "reply") not in LIVE or after.reply != before.reply:
        return None
    if isinstance(event, on.ReplyAudible) and state(after, "reply") is not R.AUDIBLE:
        return "it sounds and is not audible"
    if isinstance(event, on.ReplyDrained) and state(after, "reply") is R.AUDIBLE:
        return "nothing sounds and it is audible"
    waits = isinstance(event, on.ReplyDrained) and state(before, "reply") is R.AUDIBLE and before.tools
    return "it waits for its tools and counts as silent" if waits and state(after, "reply") is not R.ACTING else None


@concerns(Due)
def every_timer_leads_on(move: Moved) -> str | None:
    """A timer that is due leads to another state, but for three: the sentence was not complete, the wake-up repeats, a reply goes on."""
    if not isinstance(move.event, Due) or move.event.timer in ("complete", "wake_up", "unheard"):
        return None
    before, after = move.before.cell(move.event.machine), move.after.cell(move.event.machine)
    moved = before.state is not after.state or move.before.reply != move.after.reply
    return None if moved else f"{move.event.timer} led nowhere"


RESPONSE = (
    *HEARING,
    discards_have_reasons,
    words_end_soft_speech,
    turns_end_soft_speech,
    firm_speech_goes_on,
    interrupt_ends,
    failure_is_spoken,
    a_mute_agent_closes,
    says_are_answered,
    firmness_is_known,
    replies_own_the_mouth,
    the_gate_follows,
    answers_are_told,
    tools_are_known,
    replies_end,
    drained_is_not_audible,
    every_timer_leads_on,
)


PROPERTIES = Properties(SAFETY, (*RESPONSE, *LIFE), LIVENESS)
"""Everything that is proved of a conversation."""
