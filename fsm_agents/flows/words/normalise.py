"""English transcripts as the words of phrases: ``2 Large Pizzas, at 9:30!`` -> ``two large pizzas at nine thirty``. Pure.

Cloud speech-to-text, and people who type, write numbers, times, money and abbreviations; phrases are written as they are spoken. Without
this, hardly a transcript fits. Each word keeps the piece of the transcript it came from, because free text wants its capitals back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, TypeAlias

import attrs

from fsm_agents.flows.words.dates import MONTHS
from fsm_agents.flows.words.numbers import digit_words
from fsm_agents.flows.words.written import MONEY, written

__all__ = ["MAX_CHARACTERS", "MAX_WORDS", "normalise"]

MAX_CHARACTERS: Final = 20_000
"""Of a longer transcript the rest is not looked at."""
MAX_WORDS: Final = 500
"""Most words of a transcript."""

Piece: TypeAlias = tuple[str, str]

_SHORT: Final = {
    "ok": "okay", "pm": "p m", "mr": "mister", "mrs": "missus", "ms": "miss", "dr": "doctor",
    "alright": "all right", "dont": "don't", "cant": "can't", "im": "i'm", "thats": "that's", "whats": "what's", "doesnt": "doesn't",
    "didnt": "didn't", "isnt": "isn't", "wont": "won't", "ive": "i've", "youre": "you're", "couldnt": "couldn't", "wouldnt": "wouldn't",
    "oclock": "o'clock", "thx": "thanks", "pls": "please", "plz": "please", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday",
    "thu": "thursday", "thur": "thursday", "thurs": "thursday", "fri": "friday",
    "hm": "hmm", "hmmm": "hmm", "mmm": "hmm", "uhm": "um", "umm": "um", "ehm": "um", "uhh": "uh", "ahh": "ah",
    "mhm": "mm hmm", "mhmm": "mm hmm", "mmhm": "mm hmm", "mmhmm": "mm hmm",
}  # fmt: skip
"""Words that are written otherwise than they are said, wherever they stand."""
_NEAR_NUMBERS: Final = {month[:3]: month for month in MONTHS} | {"sept": "september", "am": "a m", "mon": "monday",
                                                                "sat": "saturday", "sun": "sunday", "no": "number"}  # fmt: skip
"""Beside a number only: ``Dec 5``, ``5 am``; anywhere else they are words of their own."""
_NO_MONTHS: Final = frozenset(("may", "march", "mar"))
"""Months that are other words too, unless they have a capital."""
_DAYS: Final = range(1, 32)
_HALVES: Final = frozenset(("am", "pm"))
_TIME: Final = re.compile(r"\d{1,2}[.:][0-5]\d")
_SPECIAL: Final = _SHORT.keys() | _NEAR_NUMBERS.keys()
_SIGNS: Final = {"&": "and", "+": "plus", "@": "at", "%": "percent", "#": "hash"}
_KEPT: Final = "'’-.,:/$£€¥&+@%#\u2044"
_QUOTES: Final = "\u2018\u2019\u02bc`\u00b4"
_EDGES: Final = "'.,:/-"
_EDGES_BUT_JOINTS: Final = "'.,:&+@%#$£€¥_"

_LETTERS: Final = r"[^\s\d_'$£€¥&+@%#\u2044/.,:\-]"
_WORD: Final = re.compile(rf"{_LETTERS}+(?:'{_LETTERS}+)*")
_DOTTED: Final = re.compile(rf"(?:{_LETTERS}\.)+{_LETTERS}?")
_PARTS: Final = re.compile(rf"[$£€¥]?\d[\d,.:\u2044]*(?:st\b|nd\b|rd\b|th\b)?|{_WORD.pattern}|[&+@%#.]")
"""The pieces of a piece."""
_SIMPLE: Final = re.compile(r"[A-Za-z0-9' ]*")


@attrs.frozen
class _Chunk:
    """One piece between spaces, as it is written and as it is compared."""

    text: str
    word: str


_NOTHING: Final = _Chunk("", "")


class _Spaces(dict[int, str]):
    """What becomes of a character; looked up once for each there is."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kept = char in _KEPT or unicodedata.category(char)[0] in "LMN"
        self[code] = made = "'" if char in _QUOTES else "-" if unicodedata.category(char) == "Pd" else char if kept else " "
        return made


_TABLE: Final = _Spaces()


def normalise(text: str) -> tuple[Piece, ...]:
    """The words of a transcript, each with the piece it came from; a word that shares the piece of the one before has an empty one.

    >>> normalise("2 Pizzas at 5pm.")
    (('two', '2'), ('pizzas', 'Pizzas'), ('at', 'at'), ('five', '5pm'), ('p', ''), ('m', ''))
    """
    found: list[Piece] = []
    chunks = [_Chunk(piece, _folded(piece)) for piece in _cleaned(text).split()[:MAX_WORDS]]
    for at, chunk in enumerate(chunks):
        if chunk.word.isalpha() and chunk.word not in _SPECIAL:
            found.append((chunk.word, chunk.text))
        else:
            found += _words(chunk, chunks[at - 1].word if at else "", chunks[at + 1] if at + 1 < len(chunks) else _NOTHING, found)
        if len(found) >= MAX_WORDS:
            break
    return tuple(found[:MAX_WORDS])


def _cleaned(text: str) -> str:
    text = text[:MAX_CHARACTERS]
    if _SIMPLE.fullmatch(text):
        return text
    if text.isascii():
        return text.translate(_TABLE)
    return unicodedata.normalize("NFKC", text)[:MAX_CHARACTERS].translate(_TABLE)


def _folded(piece: str) -> str:
    if piece.isascii():
        return piece.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", piece.casefold()).casefold())


def _plain(word: str, piece: str) -> Iterator[Piece]:
    first, *others = _SHORT.get(word, word).split()
    yield first, piece
    yield from ((other, "") for other in others)


def _words(chunk: _Chunk, before: str, after: _Chunk, found: list[Piece]) -> Iterator[Piece]:
    """The words of a piece that is not just letters."""
    word, text = chunk.word.strip(_EDGES), chunk.text.strip(_EDGES)
    if not word:
        return
    if word in _NEAR_NUMBERS:
        near = _near_number(word, before, after.word, found, dotted=chunk.word.endswith("."))
        yield from _spread(_NEAR_NUMBERS[word] if near else word, text)
    elif _DOTTED.fullmatch(chunk.word.rstrip(",:")) and "." in word:
        yield from _spread(_letters(word.replace(".", "")), chunk.text.rstrip(",:"))
    elif _WORD.fullmatch(word):
        yield from _plain(word, text)
    else:
        spoken = written(_beside(chunk.word, after) or word, [one for one, _ in found[-4:]])
        yield from _spread(spoken, text) if spoken else _broken(chunk.word, chunk.text)


def _beside(word: str, after: _Chunk) -> str:
    """A number as it would be written if nothing came behind it: a day before a month, a time before a.m.; ``'82`` keeps its sign."""
    name = after.word.strip(_EDGES)
    if word.isdecimal() and int(word[:3]) in _DAYS and _NEAR_NUMBERS.get(name, name) in MONTHS:
        return f"{word}th" if name not in _NO_MONTHS or after.text[0].isupper() else ""
    word = word.rstrip(_EDGES)
    if name.replace(".", "") in _HALVES and _TIME.fullmatch(word):
        return word.removeprefix("0" if word[1].isdecimal() else "").replace(".", ":")
    return word if word[:1] == "'" else ""


def _near_number(word: str, before: str, after: str, found: list[Piece], *, dotted: bool) -> bool:
    if word == "am":
        return before[-1:].isdecimal()
    if word == "no":
        return dotted and after[:1].isdecimal()
    if before == "of" and len(found) > 1:
        before = found[-2][1]  # "the 4th of Jul"
    return before[:1].isdecimal() or after[:1].isdecimal()


def _spread(spoken: str, piece: str) -> Iterator[Piece]:
    for at, word in enumerate(spoken.split()):
        yield word, piece if at == 0 else ""


def _letters(letters: str) -> str:
    """``O.K.``, ``a.m.``, ``U.S.A.``."""
    return "a m" if letters == "am" else _SHORT.get(letters) or " ".join(letters)


def _broken(word: str, text: str) -> Iterator[Piece]:
    """The words of a piece that is several things at once: ``Jean-Luc``, ``and/or``, ``b12``, ``anna@example.com``."""
    parts = [*_PARTS.finditer(word)]
    apart = len(word) == len(text) and not any(char in "@." or char.isdecimal() for char in word)
    whole = "" if apart else text.strip(_EDGES)
    for at, match in enumerate(parts):
        end = match.end()
        piece = text[match.start() : end] + text[end : end + 1].strip(_EDGES_BUT_JOINTS) if apart else whole if at == 0 else ""
        yield from _spread(_part(match[0], word[end : end + 1], address="@" in word), piece)


def _part(part: str, behind: str, *, address: bool) -> str:
    if part == ".":
        return "dot" if address and behind else ""
    if part in _SIGNS:
        return "number" if part == "#" and behind.isdecimal() else _SIGNS[part]
    if part[0] in MONEY or part[0].isdecimal():
        number = part.rstrip(",.:\u2044")
        return written(number, []) or digit_words(number)
    return _SHORT.get(part, part)
