"""The caller's questions and actions: what its rows ask and do. Pure; each takes ``(event, talk)``."""

from __future__ import annotations

from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.rows import Effects
from fsm_agents.machines.effects import Discard, FinishSegment, OpenSegment, RearmEar
from fsm_agents.machines.events import FinalTranscript, InterimTranscript, Parted, TurnTaken, WordsHeard
from fsm_agents.machines.talk import KEEP_SETTLED, Heard, Talk

__all__ = [
    "again", "all_in", "any_heard", "begin", "collect", "covered", "discard", "discard_held", "ends_turn", "finish", "forget",
    "is_complete", "is_fresh", "is_last", "is_noise", "last_words", "late_words", "missed", "new_words", "note", "rearm",
    "settle_empty", "take", "take_final",
]  # fmt: skip

_INCOMPLETE = Set("complete", False)
_COMPLETE = Set("complete", True)
_NOTHING_HEARD = Set("heard", ())
_NOTHING_OPEN = Set("open", ())
_WORDS_HEARD = WordsHeard()


def is_fresh(said: InterimTranscript | FinalTranscript, talk: Talk) -> bool:
    """The words of its segment are not settled yet."""
    return said.segment not in talk.settled


def new_words(said: InterimTranscript | FinalTranscript, talk: Talk) -> bool:
    """There are words in it, of a segment that is not settled."""
    return bool(said.text) and said.segment not in talk.settled


def late_words(said: FinalTranscript, talk: Talk) -> bool:
    """There are words in it, of a segment that is settled: late, or repeated."""
    return bool(said.text) and said.segment in talk.settled


def is_last(said: FinalTranscript, talk: Talk) -> bool:
    """With it, the final words of every segment of the turn are in."""
    return is_fresh(said, talk) and all(segment == said.segment for segment in talk.open)


def last_words(said: FinalTranscript, talk: Talk) -> bool:
    """With it the turn is all in, and there are words in the turn."""
    return bool(said.text or talk.heard) and is_last(said, talk)


def is_noise(said: FinalTranscript, talk: Talk) -> bool:
    """With it the turn is all in, and there are no words at all."""
    return not said.text and not talk.heard and is_last(said, talk)


def ends_turn(said: FinalTranscript, talk: Talk) -> bool:
    """Speech-to-text decides when the turn ends, and this is its last word."""
    return talk.final_ends_turn and last_words(said, talk)


def any_heard(event: object, talk: Talk) -> bool:
    """Some words are there, final or interim."""
    return bool(talk.heard)


def all_in(event: object, talk: Talk) -> bool:
    """There are words, and no segment waits for its final ones."""
    return bool(talk.heard) and not talk.open


def covered(event: object, talk: Talk) -> bool:
    """There are words, at least interim ones, of every segment of the turn."""
    known = [heard.segment for heard in talk.heard]
    return bool(known) and all(segment in known for segment in talk.open)


def is_complete(event: object, talk: Talk) -> bool:
    """What is heard is a whole sentence of what is expected."""
    return talk.complete and covered(event, talk)


def begin(event: object, talk: Talk) -> Effects:
    """Open the first segment of a turn."""
    number = talk.segment + 1
    return Set("segment", number), Set("open", (number,)), _INCOMPLETE, OpenSegment(number)


def again(event: object, talk: Talk) -> Effects:
    """Open another segment of the same turn."""
    number = talk.segment + 1
    return Set("segment", number), Set("open", (*talk.open, number)), _INCOMPLETE, OpenSegment(number)


def finish(event: object, talk: Talk) -> Effects:
    """Ask for the final words of the segment."""
    return (FinishSegment(talk.segment),)


def rearm(event: object, talk: Talk) -> Effects:
    """The detector still says speech: make it listen for a new beginning."""
    return (RearmEar(),)


def note(said: InterimTranscript, talk: Talk) -> Effects:
    """Keep the interim words."""
    return Set("heard", _with(talk, said, final=False)), _COMPLETE if said.complete else _INCOMPLETE, _WORDS_HEARD


def missed(said: InterimTranscript, talk: Talk) -> Effects:
    """Keep interim words that came without speech: their segment is open now."""
    return Set("segment", max(said.segment, talk.segment)), Set("open", (said.segment,)), *note(said, talk)


def collect(said: FinalTranscript, talk: Talk) -> Effects:
    """Keep the final words; the turn goes on."""
    return Set("heard", _with(talk, said, final=True)), *_settled(talk, said), _WORDS_HEARD


def settle_empty(said: FinalTranscript, talk: Talk) -> Effects:
    """Nothing was said in this segment, whatever the interim words were."""
    return Set("heard", _without(talk, said.segment)), *_settled(talk, said)


def take_final(said: FinalTranscript, talk: Talk) -> Effects:
    """The turn is what was held and these words."""
    heard = _with(talk, said, final=True) if said.text else _without(talk, said.segment)
    done = _NOTHING_HEARD, _NOTHING_OPEN, _INCOMPLETE, Set("settled", _settle(talk.settled, said.segment))
    return (*done, TurnTaken(_text(heard))) if heard else done


def take(event: object, talk: Talk) -> Effects:
    """The turn is all that is heard; a final transcript of interim words that are used will be late."""
    settled = _settle(talk.settled, *[heard.segment for heard in talk.heard])
    return _NOTHING_HEARD, _NOTHING_OPEN, _INCOMPLETE, Set("settled", settled), TurnTaken(_text(talk.heard))


def forget(event: object, talk: Talk) -> Effects:
    """There was nothing to hear. The segments stay unsettled: words that come after all are a turn of their own."""
    settled = _settle(talk.settled, event.segment) if isinstance(event, FinalTranscript) else talk.settled
    return _NOTHING_HEARD, _NOTHING_OPEN, _INCOMPLETE, Set("settled", settled)


def discard(said: FinalTranscript, talk: Talk) -> Effects:
    """Words nobody will answer."""
    late = said.segment in talk.settled
    return (Discard(said.text, "its segment was settled before" if late else "the caller was not in the conversation"),)


def discard_held(event: Parted, talk: Talk) -> Effects:
    """What was said and not taken is given up."""
    settled = _settle(talk.settled, *(heard.segment for heard in talk.heard))
    given_up = (Discard(heard.text, "the conversation ended before the turn did") for heard in talk.heard)
    return _NOTHING_HEARD, _NOTHING_OPEN, _INCOMPLETE, Set("settled", settled), *given_up


def _with(talk: Talk, said: InterimTranscript | FinalTranscript, *, final: bool) -> tuple[Heard, ...]:
    now = Heard(said.segment, said.text, final)
    others = _without(talk, said.segment)
    return tuple(sorted((*others, now))) if others else (now,)


def _without(talk: Talk, segment: int) -> tuple[Heard, ...]:
    heard = talk.heard
    if not heard or (len(heard) == 1 and heard[0].segment == segment):  # nearly always: a generator costs ten times as much
        return ()
    return tuple(each for each in heard if each.segment != segment)


def _settled(talk: Talk, said: FinalTranscript) -> tuple[Set, ...]:
    still_open = tuple([segment for segment in talk.open if segment != said.segment])
    return Set("open", still_open), _INCOMPLETE, Set("settled", _settle(talk.settled, said.segment))


def _settle(settled: tuple[int, ...], *segments: int) -> tuple[int, ...]:
    return (*settled, *[segment for segment in segments if segment not in settled])[-KEEP_SETTLED:]


def _text(heard: tuple[Heard, ...]) -> str:
    return " ".join([part.text for part in heard])
