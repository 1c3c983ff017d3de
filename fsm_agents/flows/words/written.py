"""What a piece of a transcript with digits in it says: numbers, times, money, dates, fractions. English, pure."""

# ruff: noqa: ARG001 - every form takes the same

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from fsm_agents.flows.words.dates import MONTHS, year_words
from fsm_agents.flows.words.numbers import cardinal, digit_words, ordinal

__all__ = ["MONEY", "written"]

MONEY: Final = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent"), "¥": ("yen", "")}
_MANY: Final = {"penny": "pence", "yen": "yen"}
_FRACTIONS: Final = {(1, 2): "half", (1, 4): "quarter", (3, 4): "three quarters"}

_LONGEST: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_Match: TypeAlias = "re.Match[str]"
_Form: TypeAlias = "Callable[[_Match, list[str]], str]"


def written(piece: str, recent: list[str]) -> str:
    """What ``piece`` says; empty if it is not one thing as a whole.

    Args:
        piece: In small letters, without punctuation around it.
        recent: The words before it: behind a month, 1982 is a year.

    >>> written("9:05", []), written("$5", []), written("22nd", []), written("b12", [])
    ('nine oh five', 'five dollars', 'twenty second', '')
    """
    for form, say in _FORMS:
        match = form.fullmatch(piece)
        if match:
            return say(match, recent)
    return ""


def _count(digits: str) -> str:
    """A whole number. More than six digits, or a zero before others: a telephone number or a code, said one by one."""
    if "," in digits and len(digits) <= len("999,999,999"):
        return cardinal(int(digits.replace(",", "")))
    code = len(digits) > 6 or (len(digits) > 1 and digits[0] == "0")  # noqa: PLR2004 - as above
    return digit_words(digits) if code else cardinal(int(digits))


def _number(match: _Match, recent: list[str]) -> str:
    text = match[0]
    if len(text) == 4 and text.isdecimal() and 1900 <= int(text) <= 2099 and any(word in MONTHS for word in recent):  # noqa: PLR2004
        return year_words(int(text))
    return _count(text)


def _clock(match: _Match, recent: list[str]) -> str:
    minute = int(match[2])
    spoken = cardinal(int(match[1])) + (f" {'oh ' if minute < 10 else ''}{cardinal(minute)}" if minute else "")  # noqa: PLR2004
    half = match[3] or ("a" if "01" <= match[1] <= "09" else "")  # who writes 07:15 counts to 24
    return f"{spoken} {half} m" if half else spoken


def _money(match: _Match, recent: list[str]) -> str:
    unit, small = MONEY[match[1]]
    cents = int(match[3].ljust(2, "0")) if match[3] and small else 0
    spoken = f"{_count(match[2])} {_plural(unit, one=match[2] == '1')}"
    return f"{spoken} and {cardinal(cents)} {_plural(small, one=cents == 1)}" if cents else spoken


def _plural(unit: str, *, one: bool) -> str:
    return unit if one else _MANY.get(unit, f"{unit}s")


def _iso(match: _Match, recent: list[str]) -> str:
    year, month, day = (int(part) for part in match.groups())
    if 1 <= month <= len(MONTHS) and 1 <= day <= 31:  # noqa: PLR2004
        return f"{MONTHS[month - 1]} {ordinal(day)} {year_words(year)}"
    return digit_words(match[0])


def _slashed(match: _Match, recent: list[str]) -> str:
    """The month stands first, as in :mod:`~fsm_agents.flows.words.dates`. Without a year it is named: "twelve thirty" is a time."""
    month, day = int(match[1]), int(match[2])
    if not match[3] and 1 <= month <= len(MONTHS) and 1 <= day <= _LONGEST[month - 1]:
        return f"{MONTHS[month - 1]} {ordinal(day)}"
    return f"{cardinal(month)} {cardinal(day)}" + (f" {year_words(_year(match[3]))}" if match[3] else "")


def _dashed(match: _Match, recent: list[str]) -> str:
    month, day = int(match[1]), int(match[2])
    if 1 <= month <= len(MONTHS) and 1 <= day <= 31:  # noqa: PLR2004
        return f"{cardinal(month)} {cardinal(day)} {year_words(int(match[3]))}"
    return digit_words(match[0])


def _year(digits: str) -> int:
    """Of two digits, one from 1940 to 2039: people are born, and meet, in these."""
    return int(digits) if len(digits) > 2 else int(digits) + (2000 if int(digits) < 40 else 1900)  # noqa: PLR2004


def _short_year(match: _Match, recent: list[str]) -> str:
    return year_words(_year(match[1])) if any(word in MONTHS for word in recent) else cardinal(int(match[1]))


def _fraction(match: _Match, recent: list[str]) -> str:
    whole, top, bottom = match[1], int(match[2]), int(match[3])
    part = _FRACTIONS.get((top, bottom)) or f"{cardinal(top)} over {cardinal(bottom)}"
    if whole:
        return f"{_count(whole)} and {'a ' if (top, bottom) in _FRACTIONS and top == 1 else ''}{part}"
    return f"a {part}" if part == "quarter" else part


_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_HALF_DAY: Final = r"(?:([ap])\.?m\.?)"
_FORMS: Final[tuple[tuple[re.Pattern[str], _Form], ...]] = (
    (re.compile(_NUMBER), _number),
    (re.compile(rf"(\d{{1,2}}):([0-5]\d)(?::\d\d)?{_HALF_DAY}?"), _clock),
    (re.compile(rf"(\d{{1,2}}){_HALF_DAY}"), lambda match, _: f"{cardinal(int(match[1]))} {match[2]} m"),
    (re.compile(rf"([$£€¥])({_NUMBER})(?:\.(\d\d?))?"), _money),
    (re.compile(r"(\d{1,6})(?:st|nd|rd|th)"), lambda match, _: ordinal(int(match[1]))),
    (re.compile(rf"({_NUMBER})\.(\d+)"), lambda match, _: f"{_count(match[1])} point {digit_words(match[2])}"),
    (re.compile(r"(\d{4})-(\d\d)-(\d\d)"), _iso),
    (re.compile(r"(\d\d)-(\d\d)-(\d{4})"), _dashed),
    (re.compile(r"'(\d\d)"), _short_year),
    (re.compile(r"\d+(?:[-.]\d+){2,}|\d{2,}-\d{2,}"), lambda match, _: digit_words(match[0])),
    (re.compile(r"(\d\d?)/(\d\d?)(?:/(\d{4}|\d\d))?"), _slashed),
    (re.compile("(\\d*?)(\\d)\u2044(\\d{1,3})"), _fraction),
    (re.compile(rf"({_NUMBER})%"), lambda match, _: f"{_count(match[1])} percent"),
)
