"""What was *heard* of what was said: samples played on one side, words on the other.

A conversation's history may only hold what the caller heard. So the mouth tells this file what it handed out, sentence by
sentence, and after a cut asks how much text the played samples carry. This file counts; it plays nothing, and knows no clock: how
many samples were played is for a room to say.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from fsm_agents.errors import MisuseError

__all__ = ["Playout"]

_CHARACTERS_PER_SECOND = 15
"""English read at 175 words a minute (the default of espeak-ng) with 5 characters a word: 14.6 a second."""


@attrs.define
class _Sentence:
    text: str
    samples: int = 0
    marks: list[tuple[int, int]] = attrs.field(factory=list)
    whole: bool = False

    def heard(self, played: int, guess: float) -> str:
        """The words of this sentence that ``played`` samples of it carry; ``guess`` is how long the whole sentence might be."""
        if self.marks:
            said = max((text_end for text_end, sample_end in self.marks if sample_end <= played), default=0)
            return self.text[: max(0, said)]
        length = self.samples if self.whole else max(self.samples, guess)
        return _whole_words(self.text, int(len(self.text) * played / length))


class Playout:
    """Collects what one reply hands out, and says how much of it was heard.

    All sound of a playout has one sample rate, and is played in the order in which it was written.

    Args:
        rate: That rate, in Hz. It matters only to a sentence without word marks that is cut while it is still being made and
            before any sentence is complete: its length has to be guessed then (15 characters a second).
    """

    __slots__ = ("_open", "_rate", "_sentences", "_total")

    def __init__(self, rate: int = 16000) -> None:
        self._rate = rate
        self._sentences: list[_Sentence] = []
        self._open: _Sentence | None = None
        self._total = 0

    @property
    def total(self) -> int:
        """Samples written so far."""
        return self._total

    def sentence(self, text: str) -> None:
        """Begin a sentence; what is written from now on is its sound.

        A sentence before it that was not ended was broken off (its provider failed): it never counts as a whole.
        """
        self._open = _Sentence(text)
        self._sentences.append(self._open)

    def wrote(self, samples: int, marks: Iterable[tuple[int, int]] = ()) -> None:
        """Count sound of the open sentence.

        Args:
            samples: How many samples were handed out, 0 or more.
            marks: Words that end, as ``(text_end, sample_end)``: how many characters of the sentence are said when how many
                samples of it, counted from the start of the sentence, were played. In any order; ends beyond the text are
                harmless.

        Raises:
            MisuseError: No sentence is open, or ``samples`` is negative.
        """
        if self._open is None:
            raise MisuseError(f"Playout.wrote({samples}): no sentence is open; call sentence(text) before its sound is written")
        if samples < 0:
            raise MisuseError(f"Playout.wrote({samples}): a number of samples is 0 or more")
        self._open.samples += samples
        self._open.marks.extend(marks)
        self._total += samples

    def end_sentence(self) -> None:
        """The open sentence is complete: when all its samples are played, all its text was heard.

        Raises:
            MisuseError: No sentence is open.
        """
        if self._open is None:
            raise MisuseError("Playout.end_sentence(): no sentence is open; call sentence(text) first")
        self._open.whole = True
        self._open = None

    def heard(self, samples: int) -> str:
        """The text whose sound lies in the first ``samples`` samples: never more than was played.

        Whole sentences, then the words of the sentence that was cut: up to the last word whose end mark was played, or, without
        marks, a proportionate share, cut back to the end of a word. A sentence that gave no sound was not heard.
        """
        pieces: list[str] = []
        start = 0
        for sentence in self._sentences:
            played = min(samples - start, sentence.samples)
            if played <= 0:
                continue
            complete = sentence.whole and played == sentence.samples
            text = sentence.text if complete else sentence.heard(played, len(sentence.text) * self._samples_per_character())
            pieces.append(text.strip())
            start += sentence.samples
        return _join(pieces)

    def _samples_per_character(self) -> float:
        known = [sentence for sentence in self._sentences if sentence.whole and sentence.samples]
        characters = sum(len(sentence.text) for sentence in known)
        return sum(sentence.samples for sentence in known) / characters if characters else self._rate / _CHARACTERS_PER_SECOND


def _whole_words(text: str, length: int) -> str:
    """At most ``length`` characters of ``text``, without the word that is cut in two."""
    if length >= len(text):
        return text
    while length and not (_parts(text[length]) or _parts(text[length - 1])):
        length -= 1
    return text[:length]


def _parts(character: str) -> bool:
    """Whether words part at this character: white space, and each character of scripts that are written without spaces."""
    return character.isspace() or _is_wide(character)


def _is_wide(character: str) -> bool:
    """Chinese and Japanese: characters, kana and their punctuation."""
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


def _join(pieces: list[str]) -> str:
    text = ""
    for piece in filter(None, pieces):
        text += piece if not text or _is_wide(text[-1]) else " " + piece
    return text
