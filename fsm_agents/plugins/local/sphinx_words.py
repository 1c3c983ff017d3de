"""How each expected word is pronounced: your own list first, then the recogniser's dictionary, then espeak-ng's reading of it.

The dictionary (134 000 lines) stays a file: it is sorted, so a word is found by halving in 10 µs, and nothing of it is kept in
memory. This file may look words up; it never lets the engine meet a word it does not know, because the engine then refuses
without saying which.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path

from fsm_agents.errors import MisuseError
from fsm_agents.plugins.local.g2p import ARPABET, phones
from fsm_agents.plugins.local.phrases import PhraseSet

__all__ = ["Lexicon"]

#: Words whose pronunciation is remembered. A flow knows a few hundred.
REMEMBERED = 10_000

_VARIANT = re.compile(rb"\(\d+\)$")


class Lexicon:
    """The pronunciations of words.

    Args:
        dictionary: A file like cmudict's: ``word PH ON ES`` on each line, ``word(2)`` for another way, sorted by bytes.
        own: Word to phonemes (ARPABET without stress, parted by spaces) that go before the dictionary's.

    Raises:
        MisuseError: ``own`` has a phoneme that does not exist.
    """

    def __init__(self, dictionary: Path, own: Mapping[str, str] | None = None) -> None:
        self._own: dict[str, tuple[str, ...]] = {word.casefold(): (_checked(word, sound),) for word, sound in (own or {}).items()}
        self._first_hand = frozenset(self._own)
        self._lines = _opened(dictionary)
        self.sounds = lru_cache(REMEMBERED)(self._sounds)

    def _sounds(self, word: str) -> tuple[str, ...]:
        if word in self._own:
            return self._own[word]
        # "a.m" is "a.m." in the dictionary; phrases have no full stop at the end of a word
        return tuple(self._find(word)) or tuple(self._find(word + ".")) or (phones(word),)

    def add(self, words: Mapping[str, str]) -> None:
        """More pronunciations. What ``own`` says of a word stays; of two that are added for one word, both are heard.

        Raises:
            MisuseError: One has a phoneme that does not exist; nothing is added then.
        """
        new = {word.casefold(): _checked(word, sound) for word, sound in words.items()}
        for word, sound in new.items():
            known = self._own.get(word, ())
            if word not in self._first_hand and sound not in known:
                self._own[word] = (*known, sound)
                self.sounds.cache_clear()

    def guessed(self, word: str) -> bool:
        """Whether the pronunciation of ``word`` is only espeak-ng's reading."""
        return not (word in self._own or any(self._find(word)) or any(self._find(word + ".")))

    def check(self, phrases: PhraseSet) -> None:
        """Look up every word of ``phrases``.

        Raises:
            MisuseError: A word cannot be pronounced; the message names it and a phrase that has it.
            MissingExtra: A word is in no dictionary and espeak-ng is not there to read it.
        """
        for word in phrases.words:
            try:
                self.sounds(word)
            except MisuseError as error:
                phrase = next(phrase for phrase in phrases.phrases if word in PhraseSet([phrase]).words)
                raise MisuseError(f"phrase {phrase!r}: {error}") from None

    def _find(self, word: str) -> Iterator[str]:
        """Every pronunciation the dictionary has."""
        key = word.encode()
        at, end = self._first(key), len(self._lines)
        while at < end:
            stop = self._lines.find(b"\n", at)
            name, _, sound = self._lines[at : stop if stop >= 0 else end].partition(b" ")
            if _VARIANT.sub(b"", name) != key:
                return
            yield sound.decode().strip()
            at = stop + 1 if stop >= 0 else end

    def _first(self, key: bytes) -> int:
        """Where the first line stands whose word is not before ``key``."""
        low, high = 0, len(self._lines)
        while low < high:
            middle = self._lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
            stop = self._lines.find(b"\n", middle)
            stop = stop if stop >= 0 else len(self._lines)
            if _VARIANT.sub(b"", self._lines[middle:stop].partition(b" ")[0]) < key:
                low = stop + 1
            else:
                high = middle
        return low


@cache
def _opened(dictionary: Path) -> mmap.mmap:
    # once per process, however many recognisers there are
    with dictionary.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _checked(word: str, sound: str) -> str:
    unknown = [phone for phone in sound.split() if phone not in ARPABET]
    if unknown or not sound.split():
        what = f"{unknown[0]!r} is not a phoneme" if unknown else "it is empty"
        raise MisuseError(
            f"the pronunciation {sound!r} of {word!r}: {what}; write ARPABET without stress, like 'P IY T S AH' for 'pizza'"
        )
    return " ".join(sound.split())
