"""A model's tokens in, speakable pieces out.

This file cuts text; it changes none of it, speaks none of it and waits for nothing. What it gives depends only on the text, never
on how the text was cut into tokens: each decision is made when the text up to it (and the character after it) is there, and is
final.

The rules are those of written English, and of Chinese and Japanese punctuation; other languages with Latin punctuation do well
enough. A cut too few costs a little time, a cut too many sounds wrong, so in doubt there is no cut.
"""

from __future__ import annotations

import re

from fsm_agents.errors import MisuseError

__all__ = ["SentenceSplitter"]

_WIDE_ENDS = "。！？；｡"
_ENDS = ".!?…;" + _WIDE_ENDS
_WIDE_CLAUSES = "，、：､"
_CLAUSES = ",:–—" + _WIDE_CLAUSES
_CLOSERS = "\"'”’»)]}*_`」』）】》〉"  # noqa: RUF001 - the brackets are meant
_SENTENCE = re.compile(f"[{re.escape(_ENDS)}]+[{re.escape(_CLOSERS)}]*|\n")
_CLAUSE = re.compile(f"[{re.escape(_ENDS + _CLAUSES)}]+[{re.escape(_CLOSERS)}]*|\n")
_SPACE = re.compile(r"\s")
_LONGEST_WORD = 12  # longer than any abbreviation below
_LAST_SPACE = re.compile(r"\s\S*\Z")
_INITIALS = re.compile(r"[^\W\d_](\.[^\W\d_])*")  # the "J" of "J. Smith", the "U.S" of "U.S.", the "e.g" of "e.g."
_OPENERS = "\"'“‘«([{*_`"

# Written with a full stop, and hardly ever the last word of a sentence. Lower case.
_ABBREVIATIONS = frozenset(
    """
    mr mrs ms mx dr prof rev hon st mt ft sr jr messrs mme mlle
    gen col lt sgt cpl capt cmdr adm maj gov sen rep pres
    inc ltd co corp llc bros dept univ assn
    ave blvd rd hwy apt bldg
    vs etc approx est incl excl cf al ca viz resp misc
    jan feb aug sept oct nov dec
    ph.d
    bzw usw evtl ggf inkl zzgl str
""".split()
)

# Written with a full stop before a number ("No. 5"), and otherwise ordinary words.
_BEFORE_NUMBERS = frozenset("no nos nr fig figs p pp vol sec ch art ext tel pg ver".split())


class SentenceSplitter:
    """Cuts a stream of text into pieces to speak, each a sentence or a few short ones.

    A piece ends after ``.`` ``!`` ``?`` ``…`` ``;`` (with closing quotes and brackets) before white space, at a line break, and
    after ``。`` ``！`` ``？`` at once. Not after abbreviations ("Dr.", "e.g.", "U.S."), within numbers ("3.50"), addresses and
    mail, after a numbering ("1."), nor after a full stop or an ellipsis that goes on in lower case. All pieces together are the
    text, white space aside.

    Args:
        min_chars: Pieces shorter than this are spoken with what follows, 1 or more. The default lets "Good day." stand and joins
            "Yes." to what follows: very short pieces sound chopped, and each costs a request.
        first_chars: The first piece may end early, at a comma, colon or dash, once it has so many characters, so that sound
            begins sooner; ``None`` for never. The default is some two seconds of speech, in which the next piece is made.
        max_chars: A text without any end is cut at white space (or anywhere, if there is none) before it is longer than this. The
            default is about 20 s of speech.

    Raises:
        MisuseError: A number is out of range.
    """

    __slots__ = ("_at", "_buffer", "_ends", "_first", "_max", "_min")

    _at: int  # up to here there is no end in the buffer
    _buffer: str  # what is not yet cut
    _ends: re.Pattern[str]

    def __init__(self, min_chars: int = 8, first_chars: int | None = 30, max_chars: int = 300) -> None:
        if not 1 <= min_chars <= max_chars:
            raise MisuseError(
                f"SentenceSplitter(min_chars={min_chars}, max_chars={max_chars}): "
                "give a minimum of 1 character or more, and a maximum that is not less"
            )
        if first_chars is not None and first_chars < 1:
            raise MisuseError(
                f"SentenceSplitter(first_chars={first_chars}): give 1 or more characters, or None to wait for a sentence"
            )
        self._min = min_chars
        self._max = max_chars
        self._first = first_chars or 0
        self._restart()

    def push(self, delta: str) -> list[str]:
        """Take the next bit of text, of any length; return the pieces that are complete now."""
        known = len(self._buffer)
        self._buffer += delta
        if self._at == known and len(self._buffer) < self._max and self._ends.search(delta) is None:
            self._at = len(self._buffer)  # most tokens: nothing was undecided, and nothing ends here
            return []
        pieces: list[str] = []
        while (end := self._next_end()) is not None:
            piece = self._buffer[:end].strip()
            self._buffer = self._buffer[end:]
            self._at = 0
            if piece:
                self._ends = _SENTENCE
                pieces.append(piece)
        return pieces

    def flush(self) -> list[str]:
        """The text is over: return what is left of it (one piece or none), and be ready for another text."""
        piece = self._buffer.strip()
        self._restart()
        return [piece] if piece else []

    def _restart(self) -> None:
        self._buffer = ""
        self._at = 0
        self._ends = _CLAUSE if self._first else _SENTENCE

    def _next_end(self) -> int | None:
        """Where the first piece of the buffer ends, or ``None`` if more text is needed to know."""
        # Nothing beyond max_chars is looked at: what is decided must not depend on how much came at once.
        text = self._buffer[: self._max]
        while found := self._ends.search(text, self._at):
            verdict = self._verdict(text, found.start(), found.end())
            if verdict is None:
                self._at = found.start()
                break
            if verdict:
                return found.end()
            self._at = found.end()
        else:
            self._at = len(text)
        return _forced_end(text) if len(text) == self._max else None

    def _verdict(self, text: str, start: int, end: int) -> bool | None:
        """Whether the mark at ``start:end`` ends a piece; ``None`` if what follows has to be known first."""
        mark = text[start:end]
        length = len(text[:end].strip())
        if mark == "\n":
            return length >= self._min
        if end == len(text):
            return None
        follows = text[end]
        if not any(character in _ENDS for character in mark):
            return length >= self._first and (follows.isspace() or any(character in _WIDE_CLAUSES for character in mark))
        if length < self._min:
            return False
        if any(character in _WIDE_ENDS for character in mark):
            return True
        if not follows.isspace():
            return mark[0] in "!?" and _is_wide(follows)
        return mark[-1] in "!?;" or _stop_ends(text, start, end)


def _stop_ends(text: str, start: int, end: int) -> bool | None:
    """Whether a full stop or an ellipsis at ``start:end`` (or any mark with a closing quote) ends a sentence.

    ``None`` while what has to be known has not come yet.
    """
    word = ""
    if text[start] == "." and text[start + 1 : start + 2] != ".":
        word = _SPACE.split(text[max(0, start - _LONGEST_WORD) : start])[-1].lstrip(_OPENERS)
        if _is_abbreviation(word) or _is_numbering(word, text[:start]):
            return False
    after = end
    while after < len(text) and text[after].isspace():
        after += 1
    if "\n" in text[end:after]:
        return True
    if after == len(text):
        return None
    if word.lower() in _BEFORE_NUMBERS and text[after].isdigit():
        return False
    return not text[after].islower()


def _is_abbreviation(word: str) -> bool:
    return word.lower() in _ABBREVIATIONS or (word != "I" and _INITIALS.fullmatch(word) is not None)


def _is_numbering(word: str, before: str) -> bool:
    """Whether this is the "1" of "1. Open the door": a short number at the start of a piece or a line, or after a colon."""
    if not (word.isdecimal() and len(word) <= 3):  # noqa: PLR2004 - no list that is spoken has a thousand points
        return False
    start = before[: -len(word)].rstrip(" \t")
    return not start or start[-1] in "\n:"


def _is_wide(character: str) -> bool:
    """Chinese and Japanese, which are written without spaces."""
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


def _forced_end(text: str) -> int:
    space = _LAST_SPACE.search(text)
    return space.start() if space and text[: space.start()].strip() else len(text)
