"""English numbers: as words, as phrases, and the slot types ``number`` and ``digits``. Pure."""

# ruff: noqa: D102 - the methods of slot types are described in SlotType

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, Sequence, Word
from fsm_agents.flows.words.automaton import Machine, Spelling, machine_of
from fsm_agents.flows.words.types import Given, Invalid, JSONValue, Moment, Said, SlotType, plain

__all__ = [
    "MAX_NUMBER", "NUMBER_WORDS", "TENS", "UNITS", "Digits", "Number", "cardinal", "cardinals", "choice_of", "digit_words", "numbers",
    "ordinal", "read_cardinal",
]  # fmt: skip

UNITS: Final = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen".split()
)
TENS: Final = tuple("- - twenty thirty forty fifty sixty seventy eighty ninety".split())
SCALES: Final = ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))
NUMBER_WORDS: Final = frozenset((*UNITS, *TENS[2:], "hundred"))
"""The words of numbers below 1,000."""
MAX_NUMBER: Final = 999_999_999
"""Greatest number that is understood and said in words."""

_NUMBER: Final = "number"
"""What may stand before a number or digits: ``number seven``, written ``No. 7`` and ``#7``."""
_ORDINALS: Final = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip


# --- as words -------------------------------------------------------------------------------------------------------------------------


def cardinal(number: int) -> str:
    """``102`` -> ``one hundred two``. Beyond :data:`MAX_NUMBER`: digit by digit.

    >>> cardinal(1234), cardinal(-7)
    ('one thousand two hundred thirty four', 'minus seven')
    """
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number > MAX_NUMBER:
        return digit_words(str(number))
    for size, name in SCALES:
        if number >= size:
            rest = number % size
            return f"{cardinal(number // size)} {name}" + (f" {cardinal(rest)}" if rest else "")
    if number < len(UNITS):
        return UNITS[number]
    return TENS[number // 10] + (f" {UNITS[number % 10]}" if number % 10 else "")


def ordinal(number: int) -> str:
    """``22`` -> ``twenty second``."""
    head, _, last = cardinal(number).rpartition(" ")
    nth = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{head} {nth}".strip()


def digit_words(digits: str) -> str:
    """``"042"`` -> ``zero four two``; what is no digit is left out."""
    return " ".join(UNITS[int(digit)] for digit in digits if digit.isdecimal())


def read_cardinal(words: tuple[str, ...]) -> int:
    """The number that the words of :func:`numbers` are."""
    if words[-1:] == ("dozen",):
        return 6 if "half" in words else 12 * (read_cardinal(words[:-1]) or 1)
    whole = part = 0
    for word in words:
        if word in UNITS:
            part += UNITS.index(word)
        elif word in TENS:
            part += TENS.index(word) * 10
        elif word == "hundred":
            part = (part or 1) * 100
        elif word in ("thousand", "million"):
            whole += (part or 1) * (1000 if word == "thousand" else 1_000_000)
            part = 0
    return whole + part


# --- as phrases -----------------------------------------------------------------------------------------------------------------------


def choice_of(ways: list[Phrase]) -> Phrase:
    """One of them."""
    return ways[0] if len(ways) == 1 else Alternatives(tuple(ways))


def numbers(least: int, most: int) -> Phrase:
    """As :func:`cardinals`; of 6 and 12 to 120 also ``half a dozen``, ``a dozen``, ``two dozen``."""
    return choice_of([cardinals(least, most), *_dozens(least, most)])


def _dozens(least: int, most: int) -> Iterator[Phrase]:
    """Never "dozen" alone: "twenty two dozen" is one number and another then, in two ways."""
    if least <= 6 <= most:  # noqa: PLR2004 - half of twelve
        yield read_phrase("(half a / half / a half) dozen")
    many: list[Phrase] = [Word(UNITS[count]) for count in range(1, 11) if least <= count * 12 <= most]
    if least <= 12 <= most:  # noqa: PLR2004
        many.append(Word("a"))
    if many:
        yield Sequence((choice_of(many), Word("dozen")))


def cardinals(least: int, most: int) -> Phrase:
    """How callers say the numbers from ``least`` to ``most``, and no others. ``0 <= least <= most <= MAX_NUMBER``."""
    ways: list[Phrase] = []
    for size, name in SCALES:
        if most >= size:
            ways += _heads(max(least, size), most, size, name)
            most = size - 1
        if least > most:
            return choice_of(ways)
    ways += _below_hundred(least, most)
    return choice_of(ways)


def _heads(least: int, most: int, size: int, name: str) -> list[Phrase]:
    """Numbers of at least ``size``: how many of it, its name, and the rest."""
    first, last = least // size, most // size
    ways: list[Phrase] = []
    if least % size:
        ways.append(_head(first, first, name, (least % size, most % size if first == last else size - 1)))
        first += 1
    if first <= last and (most + 1) % size:
        ways.append(_head(last, last, name, (0, most % size)))
        last -= 1
    if first <= last:
        ways.append(_head(first, last, name, (0, size - 1)))
    if size == 1000 and least <= 1100 and most >= 9999:  # noqa: PLR2004 - "twelve hundred"
        ways.append(Sequence((choice_of([Word(unit) for unit in UNITS[11:20]]), Word("hundred"), *_rest(0, 99))))
    return ways


def _head(first: int, last: int, name: str, rest: tuple[int, int]) -> Phrase:
    how_many = cardinals(first, last)
    if first <= 1 <= last:
        how_many = Alternatives((Word("a"), how_many))
    return Sequence((how_many, Word(name), *_rest(*rest)))


def _rest(least: int, most: int) -> tuple[Phrase, ...]:
    if most <= 0:
        return ()
    inner = Sequence((Optional(Word("and")), cardinals(max(1, least), most)))
    return (inner if least else Optional(inner),)


def _below_hundred(least: int, most: int) -> list[Phrase]:
    ways: list[Phrase] = [Word(unit) for unit in UNITS[least : most + 1]]
    groups: dict[tuple[int, int], list[Phrase]] = {}
    for ten in range(2, 10):
        low, high = max(least, ten * 10) - ten * 10, min(most, ten * 10 + 9) - ten * 10
        if low <= high:
            groups.setdefault((low, high), []).append(Word(TENS[ten]))
    for (low, high), tens in groups.items():
        units: list[Phrase] = [Word(unit) for unit in UNITS[max(1, low) : high + 1]]
        behind = (Optional(choice_of(units)) if low == 0 else choice_of(units),) if units else ()
        ways.append(Sequence((choice_of(tens), *behind)))
    return ways


# --- slot types -----------------------------------------------------------------------------------------------------------------------


class Number(SlotType):
    """``number``: ``range`` says what is valid, ``hear`` what is understood.

    "Number seven" is understood in transcripts, and is not in :meth:`grammar`: speech-to-text that takes one would search 4 % more arcs in
    every state with a number, for what hardly anybody says aloud.
    """

    name = "number"

    def machine(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine:
        return _numbers(*self.hears(slot), spell)

    def grammar(self, slot: SlotSpec, given: Given, spell: Spelling) -> str:
        return plain(numbers(*self.hears(slot)), spell)

    def value(self, said: Said, slot: SlotSpec, moment: Moment) -> JSONValue | Invalid:
        value = read_cardinal(said.words)
        if slot.range and not slot.range[0] <= value <= slot.range[1]:
            return Invalid(f"{value} is not between {slot.range[0]} and {slot.range[1]}")
        return value

    def spoken(self, value: JSONValue, slot: SlotSpec, moment: Moment | None = None) -> str:
        return cardinal(int(value))

    def fits(self, value: object, slot: SlotSpec, moment: Moment | None = None) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        least, most = slot.range or (0, MAX_NUMBER)
        return least <= value <= most

    def keyed(self, keys: str, slot: SlotSpec) -> JSONValue | Invalid | None:
        if not (keys.isascii() and keys.isdecimal() and len(keys) <= len(str(MAX_NUMBER))):
            return None
        return int(keys) if self.fits(int(keys), slot) else Invalid(f"{int(keys)} is not valid")

    def hears(self, slot: SlotSpec) -> tuple[int, int]:
        """From and to which number callers are understood."""
        if slot.hear:
            return max(0, slot.hear[0]), min(max(0, *slot.hear), MAX_NUMBER)
        most = slot.range[1] if slot.range else 99
        return 0, min(max(99, 10 ** len(str(max(most, 0))) - 1), MAX_NUMBER)


@lru_cache(256)
def _numbers(least: int, most: int, spell: Spelling) -> Machine:
    return machine_of([("", Sequence((Optional(Word(_NUMBER)), numbers(least, most))))], spell, what="this number")


class Digits(SlotType):
    """``digits``: one by one, with ``oh``, ``double``, ``triple``, and ``number`` before them.

    Exactly as many as ``length`` says; others are invalid.
    """

    name = "digits"
    MOST = 30

    def machine(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine:
        return _digits(*self.lengths(slot))

    def loose(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine | None:
        return _digits(1, self.MOST)

    def grammar(self, slot: SlotSpec, given: Given, spell: Spelling) -> str:
        one = f"[double | triple] ({' | '.join(_DIGITS)})"
        return f"[{_NUMBER}] {one} [{one}]*"

    def value(self, said: Said, slot: SlotSpec, moment: Moment) -> JSONValue | Invalid:
        found, times = "", 1
        for word in said.words:
            if word == _NUMBER:
                continue
            if word in _TIMES:
                times = _TIMES[word]
            else:
                found, times = found + _DIGITS[word] * times, 1
        return self._checked(found, slot)

    def spoken(self, value: JSONValue, slot: SlotSpec, moment: Moment | None = None) -> str:
        return ", ".join(map(digit_words, _groups(str(value))))

    def fits(self, value: object, slot: SlotSpec, moment: Moment | None = None) -> bool:
        return isinstance(value, str) and value.isascii() and value.isdecimal() and self._checked(value, slot) == value

    def keyed(self, keys: str, slot: SlotSpec) -> JSONValue | Invalid | None:
        return self._checked(keys, slot) if keys.isascii() and keys.isdecimal() else None

    def lengths(self, slot: SlotSpec) -> tuple[int, int]:
        """Fewest and most digits."""
        least, most = slot.length or (1, self.MOST)
        return max(1, least), max(1, most)

    def _checked(self, digits: str, slot: SlotSpec) -> str | Invalid:
        least, most = self.lengths(slot)
        if least <= len(digits) <= most:
            return digits
        return Invalid(f"{len(digits)} digits, not {least}" + (f" to {most}" if most > least else ""))


_DIGITS: Final = {**{word: str(digit) for digit, word in enumerate(UNITS[:10])}, "oh": "0", "o": "0"}
_TIMES: Final = {"double": 2, "triple": 3}


@lru_cache(256)
def _digits(least: int, most: int) -> Machine:
    """States are how many digits were said, and how many times the next one counts; the last one stands behind ``number``."""
    rows: list[dict[str, int]] = []
    for said in range(most + 1):
        for times in (1, 2, 3):
            row = dict.fromkeys(_DIGITS, (said + times) * 3) if said + times <= most else {}
            if times == 1:
                row |= {word: said * 3 + more - 1 for word, more in _TIMES.items() if said + more <= most}
            rows.append(row)
    first, accepts = rows[0], [at % 3 == 0 and at // 3 >= least for at in range(len(rows))]
    rows[0] = {**first, _NUMBER: len(rows)}
    return Machine((*rows, first), (*accepts, False))


def _groups(digits: str) -> list[str]:
    """In threes, the last of up to four: 555 1234."""
    groups: list[str] = []
    while len(digits) > 4:  # noqa: PLR2004 - as above
        groups.append(digits[:3])
        digits = digits[3:]
    return [*groups, digits]
