"""The turn's questions and actions: how the floor is taken, held, given back. Pure; each takes ``(event, talk)``."""

from __future__ import annotations

from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.rows import Effects
from fsm_agents.machines.effects import BeginReply, CallWakeUp, Discard, DropSay, GiveUp, HoldMouth, Interject, ResumeMouth
from fsm_agents.machines.events import (
    CloseAsked,
    Ended,
    Interrupted,
    ReplyBegun,
    ReplyCut,
    ReplyFailed,
    SayAccepted,
    Silenced,
    TurnTaken,
    WordsLost,
)  # fmt: skip
from fsm_agents.machines.talk import Apology, Talk

__all__ = [
    "apologise", "ask_again", "close", "cut", "cut_and_keep", "discard_all", "firm", "forced_or_soft", "give_up", "hold", "hush",
    "interject", "is_apology", "is_mute", "keep", "miss", "no_tools", "queue", "requeue", "resume", "say_waiting", "soft", "speak", "stop",
    "text_pending", "wake_up", "words_lost",
]  # fmt: skip

# Effects that are always the same are made once: each costs 0.15 to 0.25 µs, and a step makes several.
_NOTHING_ASKED = Set("asked", ())
_NOTHING_PENDING = Set("pending", ())
_NOTHING_TO_SAY = Set("says", ())
_APOLOGY = {apology: Set("apology", apology) for apology in Apology}
_NONE = Apology.NONE
_NO_APOLOGY = _APOLOGY[_NONE]
_NOTHING_LOST = Set("lost", False)
_LOST = Set("lost", True)
_BEGUN = ReplyBegun()
_CUT = ReplyCut()


def text_pending(event: object, talk: Talk) -> bool:
    """The caller is owed an answer."""
    return bool(talk.pending)


def words_lost(event: object, talk: Talk) -> bool:
    """The caller said something that nobody understood."""
    return talk.lost


def no_tools(event: object, talk: Talk) -> bool:
    """No tool is at work."""
    return not talk.tools


def say_waiting(event: object, talk: Talk) -> bool:
    """Something accepted waits to be said."""
    return bool(talk.says)


def firm(event: object, talk: Talk) -> bool:
    """The reply holds something that cannot be interrupted."""
    return bool(talk.firm)


def soft(event: object, talk: Talk) -> bool:
    """The reply can be interrupted."""
    return not talk.firm


def forced_or_soft(asked: Interrupted, talk: Talk) -> bool:
    """The host insists, or the reply can be interrupted."""
    return asked.force or not talk.firm


def is_apology(event: object, talk: Talk) -> bool:
    """The reply that failed was an apology already."""
    return talk.apology.runs


def is_mute(failed: ReplyFailed, talk: Talk) -> bool:
    """It was an apology, and so was the last that failed; or the failure will stay (a key that is refused).

    One is forgiven: the provider may be back when the caller asks whether anybody is there.
    """
    return talk.apology is Apology.RUNS_AGAIN or (talk.apology is Apology.RUNS and failed.lasting)


def speak(event: object, talk: Talk) -> Effects:
    """Begin a reply that says what waits and answers what is owed. What was understood is answered, whatever else was said."""
    number = talk.reply + 1
    return (
        Set("reply", number), Set("asked", talk.pending), _NOTHING_PENDING, _NOTHING_TO_SAY, _no_apology(talk), _NOTHING_LOST,
        Set("firm", _firm(talk)), _BEGUN, BeginReply(number, talk.pending, talk.says),
    )  # fmt: skip


def ask_again(event: object, talk: Talk) -> Effects:
    """Tell the caller that nothing was understood."""
    number = talk.reply + 1
    return Set("reply", number), _an_apology(talk), _NOTHING_LOST, _BEGUN, BeginReply(number, (), (), apology=True)


def interject(event: object, talk: Talk) -> Effects:
    """Say what waits inside the running reply."""
    return _NOTHING_TO_SAY, Set("firm", (*talk.firm, *_firm(talk))), *(Interject(talk.reply, say) for say in talk.says)


def apologise(event: ReplyFailed, talk: Talk) -> Effects:
    """Tell the caller; the apology answers what was asked."""
    number = talk.reply + 1
    return Set("reply", number), _an_apology(talk), Set("firm", ()), _BEGUN, BeginReply(number, (), (), apology=True)


def give_up(failed: ReplyFailed, talk: Talk) -> Effects:
    """Not even an apology could be spoken."""
    gone = _discard(talk.asked, "no reply could be made")
    return _NOTHING_ASKED, _NOTHING_LOST, _APOLOGY[Apology.FAILED], *gone, GiveUp(failed.reason)


def close(failed: ReplyFailed, talk: Talk) -> Effects:
    """Nothing can be said: nobody would hear a goodbye either."""
    return (CloseAsked(f"error: nothing can be said: {failed.reason}", alone=True),)


def hold(event: object, talk: Talk) -> Effects:
    """Shut the gate."""
    return (HoldMouth(talk.reply),)


def resume(event: object, talk: Talk) -> Effects:
    """Open the gate."""
    return (ResumeMouth(talk.reply),)


def requeue(event: object, talk: Talk) -> Effects:
    """What was asked and not answered is pending again, ahead of what came later."""
    return Set("pending", (*talk.asked, *talk.pending)), _NOTHING_ASKED


def cut(event: object, talk: Talk) -> Effects:
    """End the reply; what it did not answer stays owed."""
    return *requeue(event, talk), _CUT


def cut_and_keep(taken: TurnTaken, talk: Talk) -> Effects:
    """End the reply; the new turn is owed too."""
    return Set("pending", (*talk.asked, *talk.pending, taken.text)), _NOTHING_ASKED, _CUT


def keep(taken: TurnTaken, talk: Talk) -> Effects:
    """The turn is owed an answer."""
    return (Set("pending", (*talk.pending, taken.text)),)


def miss(event: WordsLost, talk: Talk) -> Effects:
    """The caller is asked when the floor is free."""
    return (_LOST,)


def stop(event: Interrupted, talk: Talk) -> Effects:
    """End the reply because the host says so; what it did not answer is given up."""
    return _NOTHING_ASKED, _NOTHING_LOST, *_discard(talk.asked, "the host interrupted the reply"), _CUT


def queue(accepted: SayAccepted, talk: Talk) -> Effects:
    """It will be said by whoever may speak."""
    return (Set("says", (*talk.says, accepted.say)),)


def discard_all(event: Silenced | Ended, talk: Talk) -> Effects:
    """Nothing more is said or answered."""
    why = event.reason if isinstance(event, Silenced) else "the session ended"
    dropped = (DropSay(say.number, why) for say in talk.says)
    return (
        _NOTHING_PENDING,
        _NOTHING_ASKED,
        _NOTHING_TO_SAY,
        _NOTHING_LOST,
        *_discard((*talk.asked, *talk.pending), why),
        *dropped,
    )


def hush(event: Silenced | Ended, talk: Talk) -> Effects:
    """The same, and the reply ends."""
    return *discard_all(event, talk), _CUT


def wake_up(event: object, talk: Talk) -> Effects:
    """The caller has been silent for long."""
    return (CallWakeUp(),)


def _no_apology(talk: Talk) -> Set:
    """The next reply is none. That one failed is known on."""
    return _NO_APOLOGY if talk.apology is _NONE or not talk.apology.failed else _APOLOGY[Apology.FAILED]


def _an_apology(talk: Talk) -> Set:
    """The next reply is one."""
    return _APOLOGY[Apology.RUNS_AGAIN if talk.apology.failed else Apology.RUNS]


def _firm(talk: Talk) -> tuple[int, ...]:
    return tuple(say.number for say in talk.says if say.firm) if talk.says else ()


def _discard(texts: tuple[str, ...], reason: str) -> tuple[Discard, ...]:
    return tuple(Discard(text, reason) for text in texts)
