"""English dates: how they are said, which day is meant, and the slot type ``date``. Pure: what day it is comes from outside.

Said are: today, tomorrow, yesterday and the days beside them; [this / next / last] weekday; [the] nth [of month [year]]; month nth
[year]; month, day and year as three numbers (the order of en-US). A year is one from 1900 to 2099, or its last two digits: "ninety one",
"oh five". In transcripts the order is the same: 12/5/2026 and 12/5 are days of December. Two numbers that are said are no date: "twelve
thirty" is a time.
"""

# ruff: noqa: D102 - the methods of slot types are described in SlotType

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import attrs

from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import Alternatives
from fsm_agents.flows.words.automaton import Machine, Spelling, machine_of
from fsm_agents.flows.words.numbers import TENS, UNITS, cardinal, ordinal
from fsm_agents.flows.words.types import Given, Invalid, JSONValue, Moment, Said, SlotType, plain

__all__ = ["MONTHS", "WEEKDAYS", "YEARS", "Date", "date_text", "year_words"]

WEEKDAYS: Final = tuple("monday tuesday wednesday thursday friday saturday sunday".split())
MONTHS: Final = tuple("january february march april may june july august september october november december".split())
_NEAR: Final = {
    "today": 0, "tomorrow": 1, "the day after tomorrow": 2, "day after tomorrow": 2, "yesterday": -1, "the day before yesterday": -2,
    "day before yesterday": -2,
}  # fmt: skip
_ORDINAL: Final = {tuple(ordinal(day).split()): day for day in range(1, 32)}
_CARDINAL: Final = {tuple(cardinal(day).split()): day for day in range(1, 32)}
_MONTH_NUMBER: Final = {UNITS[month]: month for month in range(1, 13)}


def year_words(year: int) -> str:
    """``1982`` -> ``nineteen eighty two``, ``2005`` -> ``two thousand five``; years outside 1900 to 2099 as numbers."""
    century, rest = divmod(year, 100)
    if century not in (19, 20) or year // 10 == 200:  # noqa: PLR2004 - the years that are said in pairs
        return cardinal(year)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"  # noqa: PLR2004 - two digits


def _years() -> Iterator[tuple[tuple[str, ...], int]]:
    for year in range(1900, 2100):
        yield tuple(year_words(year).split()), year
        century, rest = divmod(year, 100)
        if 0 < rest < 10:  # noqa: PLR2004
            yield (cardinal(century), "oh", UNITS[rest]), year
        if century == 20:  # noqa: PLR2004
            tail = cardinal(rest).split() if rest else []
            yield ("two", "thousand", *tail), year
            if tail:
                yield ("two", "thousand", "and", *tail), year


YEARS: Final = dict(_years())
"""Every way to say a year."""

_BELOW_20 = " / ".join(UNITS[1:20])
_PAIR = f"({' / '.join(UNITS[10:20])} / ({' / '.join(TENS[2:])}) [{' / '.join(UNITS[1:10])}])"
_YEAR = (
    f"((nineteen / twenty) ({_PAIR} / oh ({' / '.join(UNITS[1:10])})) / nineteen hundred"
    f" / two thousand [[and] ({' / '.join(UNITS[1:10])} / {_PAIR})])"
)
_NTH = f"({' / '.join(ordinal(day) for day in (*range(1, 21), 30))} / twenty ({' / '.join(map(ordinal, range(1, 10)))}) / thirty first)"
_DAY = f"({_NTH} / {_BELOW_20} / twenty [{' / '.join(UNITS[1:10])}] / thirty [one])"
_NAMED_MONTH, _WEEKDAY = f"({' / '.join(MONTHS)})", f"({' / '.join(WEEKDAYS)})"
_NUMBERS = f"({' / '.join(UNITS[1:13])}) ({_BELOW_20} / twenty [{' / '.join(UNITS[1:10])}] / thirty [one])"
PHRASE: Final = read_phrase(
    " / ".join(
        (
            "today / tomorrow / yesterday / [the] day after tomorrow / [the] day before yesterday",
            f"[this / next / last / this coming] {_WEEKDAY}",
            f"[{_WEEKDAY}] [the] {_NTH} [[of] {_NAMED_MONTH} [[of] {_YEAR}]]",
            f"[{_WEEKDAY}] {_NAMED_MONTH} [the] {_DAY} [[of] {_YEAR}]",
            f"{_NUMBERS} {_YEAR}",
        )
    )
)
"""How a date is said."""

_LATE = f"({' / '.join(TENS[4:])}) [{' / '.join(UNITS[1:10])}]"
_EARLY = f"{' / '.join(UNITS[10:20])} / (twenty / thirty) [{' / '.join(UNITS[1:10])}]"
_OH = f"oh ({' / '.join(UNITS[1:10])})"
_CLEAR_DAY = f"({' / '.join(UNITS[1:19])} / twenty ({' / '.join(UNITS[1:10])}) / thirty [one])"


def _short(years: str) -> str:
    """Dates with the last two digits of a year. "May nineteen ninety one" and "may twenty twenty six" are no days of may."""
    return " / ".join(
        (
            f"[{_WEEKDAY}] ([the] {_NTH} [of] {_NAMED_MONTH} / {_NAMED_MONTH} [the] {_NTH}) [of] ({years} / {_OH})",
            f"[{_WEEKDAY}] {_NAMED_MONTH} {_CLEAR_DAY} [of] ({_LATE} / {_OH})",
            f"{_NUMBERS} ({years})",
        )
    )


SHORT: Final = read_phrase(_short(_LATE))
"""What transcripts may hold beside :data:`PHRASE`. Without 10 to 39, which begin a time: "may fifth, ten thirty". Not in grammars: a state
that asks for a date of birth had 9 % more arcs, and all of them are searched for every 10 ms of sound."""
SHORT_PAST: Final = read_phrase(_short(f"{_LATE} / {_EARLY}"))
"""As :data:`SHORT`, with every year, where only the past is asked for: people say when they were born."""
_SHORT_YEARS: Final = {tuple(cardinal(year).split()): year for year in range(10, 100)} | {
    ("oh", UNITS[year]): year for year in range(1, 10)
}


@lru_cache(8)
def _machine(spell: Spelling, past: bool) -> Machine:  # noqa: FBT001 - one key of the cache
    return machine_of([("", Alternatives((PHRASE, SHORT_PAST if past else SHORT)))], spell, what="a date")


@attrs.frozen
class _Named:
    """What the words of a date name; 0, -1 and empty: not named."""

    day: int = 0
    month: int = 0
    year: int = 0
    weekday: int = -1
    week: str = ""


class Date(SlotType):
    """``date``: the nearest day that fits what was said, and ``past`` or ``future``."""

    name = "date"

    def machine(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine:
        return _machine(spell, slot.past)

    def grammar(self, slot: SlotSpec, given: Given, spell: Spelling) -> str:
        return plain(PHRASE, spell)

    def value(self, said: Said, slot: SlotSpec, moment: Moment) -> JSONValue | Invalid:
        text = " ".join(said.words)
        if text in _NEAR:
            return _within(moment.today + datetime.timedelta(_NEAR[text]), slot, moment)
        named = _named(said.words)
        if 0 < named.year < 100:  # noqa: PLR2004 - two digits
            named = attrs.evolve(named, year=_century(named.year, slot, moment))
        days = [*_days(named, slot, moment)]
        if not days:
            return Invalid(_no_such_day(named))
        return _within(days[0], slot, moment)

    def spoken(self, value: JSONValue, slot: SlotSpec, moment: Moment | None = None) -> str:
        day = _read(value)
        if day is None:
            return str(value)
        near = slot.future is not None and slot.future <= LONGEST_WITHOUT_YEAR
        if moment is not None and not slot.past:
            near = near or 0 <= (day - moment.today).days <= LONGEST_WITHOUT_YEAR
        return date_text(day, year=not near)

    def fits(self, value: object, slot: SlotSpec, moment: Moment | None = None) -> bool:
        day = _read(value)
        return day is not None and (moment is None or not isinstance(_within(day, slot, moment), Invalid))


def _century(year: int, slot: SlotSpec, moment: Moment) -> int:
    """The year that two digits mean: of the past the last one, else one from 1940 to 2039, as where it is written (5/4/82)."""
    return year + (2000 if year <= (moment.today.year - 2000 if slot.past else 39) else 1900)


LONGEST_WITHOUT_YEAR: Final = 180
"""Days ahead that are said without their year: nobody takes them for those of another one."""


def date_text(day: datetime.date, *, year: bool) -> str:
    """``Monday, the fourth of May``, and the year."""
    text = f"{WEEKDAYS[day.weekday()].capitalize()}, the {ordinal(day.day)} of {MONTHS[day.month - 1].capitalize()}"
    return f"{text}, {year_words(day.year)}" if year else text


def _read(value: object) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _within(day: datetime.date, slot: SlotSpec, moment: Moment) -> str | Invalid:
    ahead = (day - moment.today).days
    if slot.past and ahead > 0:
        return Invalid(f"{day} is not in the past")
    if slot.future is not None and not 0 <= ahead <= slot.future:
        return Invalid(f"{day} is not within {slot.future} days from {moment.today}")
    return day.isoformat()


def _named(words: tuple[str, ...]) -> _Named:
    """What the words name. They are a sentence of :data:`PHRASE`."""
    week = next((word for word in words if word in ("this", "next", "last")), "")
    weekday = next((WEEKDAYS.index(word) for word in words if word in WEEKDAYS), -1)
    month = next((MONTHS.index(word) + 1 for word in words if word in MONTHS), 0)
    rest = tuple(word for word in words if word not in _NO_NUMBERS)
    for cut in (2, 1, 0):  # the longest day first: "twenty second" is not the twentieth
        day = _ORDINAL.get(rest[:cut]) or _CARDINAL.get(rest[:cut]) or 0
        if (day or not rest) and (month or not rest[cut:]):
            year = _year(rest[cut:])
            if year or not rest[cut:]:
                return _Named(day, month, year, weekday, week)
    for cut in (2, 1):  # month, day and year as numbers
        day, year = _CARDINAL.get(rest[1 : 1 + cut], 0), _year(rest[1 + cut :])
        if day and year:
            return _Named(day, _MONTH_NUMBER[rest[0]], year)
    raise AssertionError(words)  # pragma: no cover - the grammar takes nothing else


def _year(words: tuple[str, ...]) -> int:
    return YEARS.get(words) or _SHORT_YEARS.get(words, 0)


_NO_NUMBERS: Final = frozenset((*WEEKDAYS, *MONTHS, "this", "next", "last", "coming", "the", "of"))


def _days(named: _Named, slot: SlotSpec, moment: Moment) -> Iterator[datetime.date]:
    """The days that are meant, the nearest first."""
    if not named.day:
        yield _weekday(named, slot, moment.today)
        return
    if named.year:
        days = _all_of([(named.year, named.month)], named.day)
    else:
        years = range(moment.today.year - 10, moment.today.year + 11)
        months = [(year, named.month) for year in years] if named.month else [(year, m) for year in years for m in range(1, 13)]
        days = _all_of(months, named.day)
    fitting = [day for day in days if named.weekday < 0 or day.weekday() == named.weekday]
    yield from sorted(fitting, key=lambda day: _far(day, moment.today, past=slot.past))


def _far(day: datetime.date, today: datetime.date, *, past: bool) -> tuple[bool, int]:
    """Smaller is nearer; what lies on the other side than the slot's comes last."""
    ahead = (day - today).days
    return (ahead > 0 if past else ahead < 0, abs(ahead))


def _all_of(months: list[tuple[int, int]], day: int) -> Iterator[datetime.date]:
    for year, month in months:
        try:
            yield datetime.date(year, month, day)
        except ValueError:
            continue  # no 31st in this one


def _weekday(named: _Named, slot: SlotSpec, today: datetime.date) -> datetime.date:
    """The weekday meant: after today, or before it; ``next`` in the week after this one, which begins on Monday."""
    if named.week == "next":
        return today + datetime.timedelta(7 - today.weekday() + named.weekday)
    if named.week == "last" or (slot.past and named.week != "this"):
        return today - datetime.timedelta((today.weekday() - named.weekday - 1) % 7 + 1)
    if named.week == "this" and slot.past:
        return today - datetime.timedelta(today.weekday() - named.weekday)
    return today + datetime.timedelta((named.weekday - today.weekday() - 1) % 7 + 1)


def _no_such_day(named: _Named) -> str:
    month = f" of {MONTHS[named.month - 1].capitalize()}" if named.month else ""
    year = f" {named.year}" if named.year else ""
    weekday = f" on a {WEEKDAYS[named.weekday].capitalize()}" if named.weekday >= 0 else ""
    return f"there is no {ordinal(named.day)}{month}{year}{weekday}"
