"""The caller's questions and actions: what its rows ask and do. Pure; each takes ``(event, talk)``."""

from __future__ import annotations

import attrs

from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.rows import Effects
from fsm_agents.machines.effects import Discard, FinishSegment, OpenSegment, RearmEar
from fsm_agents.machines.events import (
    FinalTranscript,
    InterimTranscript,
    Parted,
    TranscriptLost,
    TurnTaken,
    WordsHeard,
    WordsLost,
)
from fsm_agents.machines.talk import KEEP_OVERDUE, Heard, Talk

__all__ = [
    "again", "all_in", "all_is_lost", "any_heard", "any_words", "begin", "collect", "covered", "discard", "discard_held",
    "ends_turn", "finish", "forget", "is_complete", "is_fresh", "is_last", "is_news", "is_noise", "last_words", "late_words",
    "lose", "lose_overdue", "missed_words", "new_words", "note", "nothing_said", "rearm", "rest_is_lost", "settle_empty", "take",
    "take_final", "take_rest", "turn_away",
]  # fmt: skip

_INCOMPLETE = Set("complete", False)
_COMPLETE = Set("complete", True)
_NOTHING_HEARD = Set("heard", ())
_NOTHING_OPEN = Set("open", ())
_WORDS_HEARD = WordsHeard()


def is_fresh(said: InterimTranscript | FinalTranscript | TranscriptLost, talk: Talk) -> bool:
    """The words of its segment are not settled yet."""
    return talk.expects_words_of(said.segment)


def new_words(said: InterimTranscript | FinalTranscript, talk: Talk) -> bool:
    """There are words in it, of a segment that is not settled."""
    return bool(said.text) and talk.expects_words_of(said.segment)


def any_words(said: FinalTranscript, talk: Talk) -> bool:
    """There are words in it."""
    return bool(said.text)


def is_news(said: InterimTranscript | FinalTranscript, talk: Talk) -> bool:
    """Nobody has heard of it: its segment is not settled, or has never been opened (the detector missed it)."""
    return talk.expects_words_of(said.segment) or said.segment > talk.segment


def missed_words(said: InterimTranscript | FinalTranscript, talk: Talk) -> bool:
    """There are words in it, and they are news."""
    return bool(said.text) and is_news(said, talk)


def late_words(said: FinalTranscript, talk: Talk) -> bool:
    """There are words in it, of a segment that is settled: late, or repeated."""
    return bool(said.text) and not talk.expects_words_of(said.segment)


def is_last(said: FinalTranscript | TranscriptLost, talk: Talk) -> bool:
    """With it, every segment of the turn is settled."""
    return is_fresh(said, talk) and all(segment == said.segment for segment in talk.open)


def last_words(said: FinalTranscript, talk: Talk) -> bool:
    """With it the turn is all in, and there are words in the turn."""
    return bool(said.text or talk.heard) and is_last(said, talk)


def is_noise(said: FinalTranscript, talk: Talk) -> bool:
    """With it the turn is all in, and there are no words at all."""
    return not said.text and not talk.heard and is_last(said, talk)


def rest_is_lost(said: TranscriptLost, talk: Talk) -> bool:
    """Nothing more will be heard of the turn, and there are words in it."""
    return bool(talk.heard) and is_last(said, talk)


def all_is_lost(said: TranscriptLost, talk: Talk) -> bool:
    """Nothing will be heard of the turn at all."""
    return not talk.heard and is_last(said, talk)


def ends_turn(said: FinalTranscript, talk: Talk) -> bool:
    """Speech-to-text decides when the turn ends, and this is its last word."""
    return talk.final_ends_turn and last_words(said, talk)


def any_heard(event: object, talk: Talk) -> bool:
    """Some words are there, final or interim."""
    return bool(talk.heard)


def all_in(event: object, talk: Talk) -> bool:
    """There are words, and no segment waits for its final ones."""
    return bool(talk.heard) and not talk.open


def nothing_said(event: object, talk: Talk) -> bool:
    """There are no words, and none are waited for."""
    return not talk.heard and not talk.open


def covered(event: object, talk: Talk) -> bool:
    """There are words, at least interim ones, of every segment of the turn."""
    known = [heard.segment for heard in talk.heard]
    return bool(known) and all(segment in known for segment in talk.open)


def is_complete(event: object, talk: Talk) -> bool:
    """What is heard is a whole sentence of what is expected."""
    return talk.complete and covered(event, talk)


def begin(event: object, talk: Talk) -> Effects:
    """Open the first segment of a turn."""
    number = _next(talk)
    return Set("segment", number), Set("open", (number,)), _INCOMPLETE, OpenSegment(number)


def again(event: object, talk: Talk) -> Effects:
    """Open another segment of the same turn."""
    number = _next(talk)
    return Set("segment", number), Set("open", (*talk.open, number)), _INCOMPLETE, OpenSegment(number)


def finish(event: object, talk: Talk) -> Effects:
    """Ask for the final words of the segment."""
    return (FinishSegment(talk.segment),)


def rearm(event: object, talk: Talk) -> Effects:
    """The detector still says speech: make it listen for a new beginning."""
    return (RearmEar(),)


def note(said: InterimTranscript, talk: Talk) -> Effects:
    """Keep the interim words. Whatever their segment was before, its final words are waited for now."""
    kept = Set("heard", _with(talk, said, final=False)), _COMPLETE if said.complete else _INCOMPLETE, _WORDS_HEARD
    if said.segment in talk.open:
        return kept
    return *_settled(talk, said), Set("open", tuple(sorted((*talk.open, said.segment)))), *kept


def collect(said: FinalTranscript, talk: Talk) -> Effects:
    """Keep the final words; the turn goes on."""
    return *_settled(talk, said), Set("heard", _with(talk, said, final=True)), _INCOMPLETE, _WORDS_HEARD


def settle_empty(said: FinalTranscript, talk: Talk) -> Effects:
    """Nothing was said in this segment, whatever the interim words were."""
    return *_settled(talk, said), Set("heard", _without(talk, said.segment)), _INCOMPLETE


def take_final(said: FinalTranscript, talk: Talk) -> Effects:
    """The turn is what was held and these words."""
    heard = _with(talk, said, final=True) if said.text else _without(talk, said.segment)
    done = *_settled(talk, said), _NOTHING_OPEN, _NOTHING_HEARD, _INCOMPLETE
    return (*done, TurnTaken(_text(heard))) if heard else done


def take(event: object, talk: Talk) -> Effects:
    """The turn is all that is heard; a final transcript of interim words that are used will be late, any other a turn of its own."""
    heard = [heard.segment for heard in talk.heard]
    late = tuple([segment for segment in talk.open if segment not in heard])
    done = _NOTHING_HEARD, _NOTHING_OPEN, _INCOMPLETE, TurnTaken(_text(talk.heard))
    return (_overdue(talk, late), *done) if late else done


def forget(event: object, talk: Talk) -> Effects:
    """There was nothing to hear, or not yet: words that come after all are a turn of their own."""
    settled = _settled(talk, event) if isinstance(event, FinalTranscript) else (_overdue(talk, talk.open),)
    return *settled, _NOTHING_OPEN, _NOTHING_HEARD, _INCOMPLETE


def lose(said: TranscriptLost, talk: Talk) -> Effects:
    """No words will come of this segment. Interim ones are better than none; without them the caller has to be asked."""
    settled = (*_settled(talk, said), _INCOMPLETE)
    interim = [heard for heard in talk.heard if heard.segment == said.segment]
    if not interim:
        return *settled, WordsLost()
    rest = _without(talk, said.segment)
    return *settled, Set("heard", tuple(sorted((*rest, attrs.evolve(interim[0], final=True)))))


def take_rest(said: TranscriptLost, talk: Talk) -> Effects:
    """The turn is what is heard; of this segment nothing more will be."""
    return *_settled(talk, said), _NOTHING_OPEN, _NOTHING_HEARD, _INCOMPLETE, TurnTaken(_text(talk.heard))


def lose_overdue(event: object, talk: Talk) -> Effects:
    """What is overdue will not come in time to be answered: the caller has to be asked."""
    return Set("overdue", ()), WordsLost()


def discard(said: FinalTranscript, talk: Talk) -> Effects:
    """Words nobody will answer."""
    return (Discard(said.text, "they came late or twice: their turn was taken before"),)


def turn_away(said: FinalTranscript, talk: Talk) -> Effects:
    """Words from outside the conversation."""
    return (Discard(said.text, "the caller was not in the conversation"),)


def discard_held(event: Parted, talk: Talk) -> Effects:
    """What was said and not taken is given up, and what may still come of it."""
    given_up = (Discard(heard.text, "the conversation ended before the turn did") for heard in talk.heard)
    return _NOTHING_HEARD, _NOTHING_OPEN, _INCOMPLETE, Set("overdue", ()), *given_up


def _next(talk: Talk) -> int:
    return talk.segment + 1 if talk.segment > 0 else 1


def _with(talk: Talk, said: InterimTranscript | FinalTranscript, *, final: bool) -> tuple[Heard, ...]:
    now = Heard(said.segment, said.text, final)
    others = _without(talk, said.segment)
    return tuple(sorted((*others, now))) if others else (now,)


def _without(talk: Talk, segment: int) -> tuple[Heard, ...]:
    heard = talk.heard
    if not heard or (len(heard) == 1 and heard[0].segment == segment):  # nearly always: a generator costs ten times as much
        return ()
    return tuple(each for each in heard if each.segment != segment)


def _settled(talk: Talk, said: InterimTranscript | FinalTranscript | TranscriptLost) -> tuple[Set, ...]:
    """Its segment is not waited for any more, wherever it was."""
    segment = said.segment
    if segment in talk.open:
        return (Set("open", tuple([each for each in talk.open if each != segment])),)
    if segment in talk.overdue:
        return (Set("overdue", tuple([each for each in talk.overdue if each != segment])),)
    return (Set("segment", segment),)  # the detector missed it: speech-to-text counts on by itself


def _overdue(talk: Talk, segments: tuple[int, ...]) -> Set:
    return Set("overdue", (*talk.overdue, *segments)[-KEEP_OVERDUE:])


def _text(heard: tuple[Heard, ...]) -> str:
    return " ".join([part.text for part in heard])
