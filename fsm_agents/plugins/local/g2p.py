"""How a word may sound: espeak-ng's rules for reading English, in the phonemes the recogniser knows (ARPABET, as in cmudict).

For words that no dictionary has: names, brands, dishes. A guess, good enough to be recognised among the few sentences that a
state expects; where it is not, spell the word as it sounds or give its phonemes yourself (``PocketsphinxSTT(words=…)``).
"""

from __future__ import annotations

import re
import unicodedata

from fsm_agents.errors import MisuseError
from fsm_agents.plugins.local._espeak_lib import engine

__all__ = ["ARPABET", "phones"]

#: The phonemes of the acoustic model.
ARPABET = frozenset(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split()
)

# Every symbol that espeak-ng's voice "en-us" gives for the 125 000 words of cmudict, and what cmudict writes there.
# fmt: off
_TABLE = {
    # vowels
    "iː": "IY",   "i": "IY",    "ɪ": "IH",    "ᵻ": "IH",    "ɛ": "EH",    "eɪ": "EY",   "æ": "AE",    "ɐ": "AH",
    "ɑː": "AA",   "ɑ": "AA",    "ɔː": "AO",   "ɔ": "AO",    "ʌ": "AH",    "ə": "AH",    "ʊ": "UH",    "uː": "UW",
    "oʊ": "OW",   "o": "OW",    "aɪ": "AY",   "aʊ": "AW",   "ɔɪ": "OY",   "ɚ": "ER",    "ɜː": "ER",   "iə": "IY AH",
    "aɪə": "AY AH", "aɪɚ": "AY ER", "əl": "AH L", "n̩": "AH N",
    # vowels before r
    "ɑːɹ": "AA R", "ɔːɹ": "AO R", "oːɹ": "AO R", "ɛɹ": "EH R", "ʊɹ": "UH R", "ɪɹ": "IH R",
    # consonants; the last ones are foreign, with the nearest English sound
    "p": "P",     "b": "B",     "t": "T",     "d": "D",     "k": "K",     "ɡ": "G",     "tʃ": "CH",   "dʒ": "JH",
    "f": "F",     "v": "V",     "θ": "TH",    "ð": "DH",    "s": "S",     "z": "Z",     "ʃ": "SH",    "ʒ": "ZH",
    "h": "HH",    "m": "M",     "n": "N",     "ŋ": "NG",    "l": "L",     "ɹ": "R",     "r": "R",     "j": "Y",
    "w": "W",     "ɾ": "T",     "ʔ": "T",     "x": "K",     "ɬ": "L",     "ɲ": "N Y",
    "ɑ̃": "AA N",  "ɔ̃": "AO N",  "nʲ": "N Y",  "ɡʲ": "G Y",
}
# fmt: on
_STRESS = str.maketrans("", "", "ˈˌ\u200d")
_PARTS = re.compile(r"[_\s]+")


def phones(word: str) -> str:
    """The phonemes of an English (or foreign) word, parted by spaces, without stress: ``"hello"`` gives ``"HH AH L OW"``.

    Raises:
        MisuseError: The word cannot be read: no letters, or letters that are not Latin, for which there are no rules.
        MissingExtra: The extra ``[voice]`` is not installed.
    """
    if not _latin(word):
        raise MisuseError(
            f"the word {word!r} cannot be pronounced: there are rules for Latin letters only; write it as it sounds"
        )
    found: list[str] = []
    for symbol in _PARTS.split(engine().phonemes(word, "en-us").translate(_STRESS)):
        if symbol:
            found.extend(_arpabet(symbol, word))
    if not found:
        raise MisuseError(f"the word {word!r} cannot be pronounced: espeak-ng gives no sound for it; write it as it sounds")
    return " ".join(found)


def _arpabet(symbol: str, word: str) -> list[str]:
    if symbol not in _TABLE:
        symbol = symbol.rstrip("ː")  # a length without meaning in English ("wii": iːː)
        symbol = symbol if symbol in _TABLE else symbol + "ː"
    if symbol not in _TABLE:
        raise MisuseError(f"the word {word!r} cannot be pronounced: no English sound for {symbol!r}; write it as it sounds")
    return _TABLE[symbol].split()


def _latin(word: str) -> bool:
    letters = [char for char in word if char.isalpha()]
    return bool(letters) and all("LATIN" in unicodedata.name(char, "") for char in letters)
