"""``EspeakTTS``: a robot voice for about a hundred languages that needs no model, no key and no network.

espeak-ng is licensed GPL-3.0-or-later. It comes with the extra ``[voice]`` only, and nothing here is loaded before a voice is
made.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import AsyncIterator, Iterable, Iterator

from fsm_agents.errors import MisuseError, nearest
from fsm_agents.plugins.local._espeak_lib import Engine, Piece, Speaker, Word, engine
from fsm_agents.runtime.threads import run_in_thread
from fsm_agents.stages.base import SpeechChunk, WordMark

__all__ = ["EspeakTTS", "WordMarks", "cut", "speak"]

RATE = 22050
#: What espeak-ng can do: slowest and fastest words per minute; pitch from 0 to
SPEEDS = (80, 450)
HIGHEST_PITCH = 100
#: Most characters handed to the engine at once: 20 seconds of speech, about 30 ms of work during which no other session gets a
#: word in. Sentences are shorter. The next part of a longer text is made when this one has been taken: 1 MB, however long the text.
LONGEST = 300

_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # NUL would end the text; none of them has a sound
_STOPS = ((". ", "! ", "? "), (", ", "; ", ": "), (" ",))  # where to cut: the first that occurs
_NEXT_WORD = re.compile(r"\s*\S*")


class EspeakTTS:
    """Text-to-speech by espeak-ng (implements :class:`fsm_agents.stages.base.TTS`).

    The first 60 ms of sound are there about 1 ms after ``synthesize`` is asked, and a second of sound takes 1 to 2 ms of one
    core. All voices of a process share one engine and take turns, sentence by sentence.

    Args:
        voice: A language or voice of espeak-ng, perhaps with a variant: ``"en-us"``, ``"de"``, ``"en-us+f3"``.
        rate: Samples per second. The engine makes 22050 and nothing else; pipelines resample.
        speed: Words per minute, 80 to 450. 175 is espeak-ng's own default.
        pitch: 0 to 100. 50 is espeak-ng's own default.

    Raises:
        MissingExtra: The extra ``[voice]`` is not installed.
        MisuseError: An unknown voice, or a number out of range.
    """

    def __init__(self, voice: str = "en-us", rate: int = RATE, speed: int = 175, pitch: int = 50) -> None:
        if rate != RATE:
            raise MisuseError(
                f"EspeakTTS: rate={rate!r}, but espeak-ng makes {RATE} samples per second and nothing else; pipelines resample"
            )
        self.rate = rate
        self._engine, self._speaker = _ready(voice, speed, pitch)

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """The sound of ``text``, in pieces of up to 60 ms as they are made, with the words that end in each.

        Closing the iterator, or cancelling, stops the engine within its current piece. A text without anything to say gives
        nothing.

        Raises:
            ProviderError: The engine refused.
        """
        text = _speakable(text)
        marks = WordMarks(text)
        for start, part in cut(text):
            marks.begin(start)
            utterance = self._engine.begin(part, self._speaker)
            try:
                while pieces := await run_in_thread(utterance.take, abandon_on_cancel=True):
                    for piece in pieces:
                        yield SpeechChunk(piece.pcm, marks.pass_(piece))
            finally:
                utterance.stop()


def speak(text: str, voice: str = "en-us", speed: int = 175, pitch: int = 50) -> tuple[bytes, int, list[WordMark]]:
    """The whole sound of ``text``: PCM int16 little endian mono, its rate, and where each word ends. Blocks (milliseconds).

    Raises:
        MissingExtra, MisuseError, ProviderError: As for :class:`EspeakTTS`.
    """
    engine, speaker = _ready(voice, speed, pitch)
    text = _speakable(text)
    marks = WordMarks(text)
    pcm: list[bytes] = []
    found: list[WordMark] = []

    def take(piece: Piece) -> bool:
        pcm.append(piece.pcm)
        found.extend(marks.pass_(piece))
        return True

    for start, part in cut(text):
        marks.begin(start)
        engine.say(part, speaker, take)
    return b"".join(pcm), engine.rate, found


class WordMarks:
    """From where words *begin*, which the engine tells, to where they *end*, which listeners want to know.

    A word ends where the next one begins, or where its clause ends (the pause behind a comma belongs to the word before it). In
    the text it ends before the next white space, so its punctuation is part of it, and what the engine reads as several words
    ("3.50", "well-known") is one.

    Args:
        text: The whole text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._offset = 0  # of the current part, in characters
        self._base = 0  # of the current part, in samples
        self._samples = 0
        self._open_end = 0  # where in the text the word being spoken ends; 0: none
        self._last_end = 0  # where the last word that was told ends

    def begin(self, offset: int) -> None:
        """The engine begins a part of the text, ``offset`` characters from its start."""
        self._offset, self._base = offset, self._samples

    def pass_(self, piece: Piece) -> tuple[WordMark, ...]:
        """Take the next piece of sound; return the marks of the words that end in it."""
        self._samples += len(piece.pcm) // 2
        return tuple(self._ends(piece.words))

    def _ends(self, words: Iterable[Word]) -> Iterator[WordMark]:
        for word in words:
            text_end = self._text_end(word) if word.length else 0
            if word.length and text_end <= max(self._open_end, self._last_end):
                continue  # more of the same word
            if self._open_end:
                self._last_end = self._open_end
                yield WordMark(self._open_end, min(self._base + word.sample, self._samples))
            self._open_end = text_end

    def _text_end(self, word: Word) -> int:
        # not text_start + length: for the later parts of "3.50" the engine gives the length of the whole
        found = _NEXT_WORD.match(self._text, min(self._offset + word.text_start, len(self._text)))
        return found.end() if found else len(self._text)


def cut(text: str, longest: int = LONGEST) -> Iterator[tuple[int, str]]:
    """``text`` in parts of at most ``longest`` characters, each with its start; behind a sentence if possible."""
    start = 0
    while start < len(text):
        end = start + longest
        if end < len(text):
            part = text[start:end]
            ends = (max(part.rfind(stop) for stop in stops) + 1 for stops in _STOPS)
            end = start + next((found for found in ends if found), longest)
        if not text[start:end].isspace():
            yield start, text[start:end]
        start = end


def _speakable(text: str) -> str:
    return _UNSPEAKABLE.sub(" ", text)


def _ready(voice: str, speed: int, pitch: int) -> tuple[Engine, Speaker]:
    """The engine, and how it is to speak; refuses what it cannot do."""
    if not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise MisuseError(f"espeak-ng: speed={speed!r} is out of range; give {SPEEDS[0]} to {SPEEDS[1]} words per minute")
    if not 0 <= pitch <= HIGHEST_PITCH:
        raise MisuseError(f"espeak-ng: pitch={pitch!r} is out of range; give 0 to {HIGHEST_PITCH}")
    found = engine()
    if not found.has_voice(voice):
        raise MisuseError(_unknown(voice, found))
    return found, Speaker(voice, speed, pitch)


def _unknown(voice: str, engine: Engine) -> str:
    base, plus, variant = voice.partition("+")
    if plus and engine.has_voice(base):
        return f"espeak-ng has no variant {variant!r} of {base!r}: {nearest(variant, engine.variants())}"
    names = engine.voices()
    close = [name for name in difflib.get_close_matches(base, names, n=9) if engine.has_voice(name)]
    return f"espeak-ng has no voice {voice!r}: {nearest(base, close or names)}"
