"""English times of day: how they are said, which one is meant, and the slot type ``time``. Pure."""

# ruff: noqa: D102 - the methods of slot types are described in SlotType

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.words.automaton import Machine, Spelling, machine_of
from fsm_agents.flows.words.numbers import TENS, UNITS, cardinal
from fsm_agents.flows.words.types import Given, Invalid, JSONValue, Moment, Said, SlotType, plain

__all__ = ["Time", "time_text"]

DAY: Final = 24 * 60

_HOUR = f"({' / '.join(UNITS)} / twenty [one / two / three])"
_MINUTE = f"(oh ({' / '.join(UNITS[1:10])}) / {' / '.join(UNITS[10:20])} / ({' / '.join(TENS[2:6])}) [{' / '.join(UNITS[1:10])}])"
_TWELVE = f"({' / '.join(UNITS[1:13])})"
_BESIDE = f"({' / '.join((*UNITS[1:20], 'twenty [' + ' / '.join(UNITS[1:10]) + ']'))})"
_HALF = "(a m / am / p m / pm / in the (morning / afternoon / evening) / at night)"
_ASIDE_PHRASE = f"(half past / ([a] quarter / {_BESIDE} [minute / minutes]) (past / after / to / before / of))"
PHRASE: Final = read_phrase(
    f"[twelve] (noon / midnight) / midday / {_HOUR} [o'clock / {_MINUTE} / hundred [hours]] [{_HALF}]"
    f" / {_ASIDE_PHRASE} ({_TWELVE} [o'clock] [{_HALF}] / noon / midnight)"
)
"""How a time is said."""

_NOON: Final = {"noon": 720, "twelve noon": 720, "midday": 720, "midnight": 0, "twelve midnight": 0}
_HALVES: Final = {"a m": "am", "am": "am", "p m": "pm", "pm": "pm", "in the morning": "am", "in the afternoon": "pm",
                  "in the evening": "pm", "at night": "night"}  # fmt: skip
_HOURS: Final = {cardinal(hour): hour for hour in range(24)}
_MINUTES: Final = {"": 0, "o'clock": 0, "hundred": 0, "hundred hours": 0} | {
    f"{'oh ' if minute < 10 else ''}{cardinal(minute)}": minute  # noqa: PLR2004 - two digits
    for minute in range(1, 60)
}
_ASIDE: Final = {"half": 30, "a quarter": 15, "quarter": 15} | {cardinal(minute): minute for minute in range(1, 30)}
_RELATIVE: Final = re.compile(r"(.+?)(?: minutes?)? (past|after|to|before|of) (.+)")
_BEFORE: Final = ("to", "before", "of")


@lru_cache(8)
def _machine(spell: Spelling) -> Machine:
    return machine_of([("", PHRASE)], spell, what="a time")


class Time(SlotType):
    """``time``. Without a.m. or p.m. it is the only reading inside ``between``; if there are two, or none, it is invalid."""

    name = "time"

    def machine(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine:
        return _machine(spell)

    def grammar(self, slot: SlotSpec, given: Given, spell: Spelling) -> str:
        return plain(PHRASE, spell)

    def value(self, said: Said, slot: SlotSpec, moment: Moment) -> JSONValue | Invalid:
        readings = _readings(" ".join(said.words))
        fitting = [minute for minute in readings if _inside(minute, slot)]
        if len(fitting) == 1:
            return _clock(fitting[0])
        if fitting:
            return Invalid(f"{_clock(fitting[0])} or {_clock(fitting[1])}?")
        return Invalid(
            f"{' or '.join(map(_clock, readings))} is not between {_between(slot)}" if readings else "there is no such time"
        )

    def spoken(self, value: JSONValue, slot: SlotSpec, moment: Moment | None = None) -> str:
        minute = _read(value)
        if minute is None:
            return str(value)
        only = sum(_inside(reading, slot) for reading in {minute % 720, minute % 720 + 720}) == 1
        return time_text(minute, half=not only)

    def fits(self, value: object, slot: SlotSpec, moment: Moment | None = None) -> bool:
        minute = _read(value)
        return minute is not None and _inside(minute, slot)


def time_text(minute: int, *, half: bool) -> str:
    """Minutes from midnight as words, with or without a.m. and p.m."""
    if minute % 720 == 0:
        return "noon" if minute else "midnight"
    hour, rest = minute // 60 % 12 or 12, minute % 60
    text = f"{cardinal(hour)} {'oh ' if 0 < rest < 10 else ''}{cardinal(rest) if rest else ''}".strip()  # noqa: PLR2004
    if half:
        return f"{text} {'a.m.' if minute < 720 else 'p.m.'}"  # noqa: PLR2004 - noon
    return text if rest else f"{text} o'clock"


def _readings(text: str) -> list[int]:
    """Every time of day that the words may mean, in minutes from midnight, the earliest first."""
    if text in _NOON:
        return [_NOON[text]]
    half = next((half for half in sorted(_HALVES, key=len, reverse=True) if text.endswith(f" {half}")), "")
    text = text.removesuffix(f" {half}") if half else text
    shift = _RELATIVE.fullmatch(text)
    if shift:
        aside = _ASIDE[shift[1]] * (-1 if shift[2] in _BEFORE else 1)
        text = shift[3].removesuffix(" o'clock")
        hours = [_NOON[text] // 60] if text in _NOON else _hours(_HOURS[text], _HALVES.get(half, ""))
        return sorted({(hour * 60 + aside) % DAY for hour in hours})
    words = text.split()
    for cut in (2, 1):  # "twenty one thirty"
        hour, minute = _HOURS.get(" ".join(words[:cut])), _MINUTES.get(" ".join(words[cut:]))
        if hour is not None and minute is not None:
            return sorted(one * 60 + minute for one in _hours(hour, _HALVES.get(half, "")))
    raise AssertionError(text)  # pragma: no cover - the grammar takes nothing else


def _hours(hour: int, half: str) -> list[int]:
    if not 1 <= hour <= 12:  # noqa: PLR2004
        return [hour] if not half or (half == "am") == (hour == 0) else []
    morning, evening = hour % 12, hour % 12 + 12
    if half == "night":
        return [morning if hour in (12, 1, 2, 3, 4) else evening]
    return [morning] if half == "am" else [evening] if half else [morning, evening]


def _inside(minute: int, slot: SlotSpec) -> bool:
    return slot.between is None or slot.between[0] <= minute <= slot.between[1]


def _between(slot: SlotSpec) -> str:
    return " and ".join(map(_clock, slot.between or (0, DAY - 1)))


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _read(value: object) -> int | None:
    if not (isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII)):
        return None
    return int(value[:2]) * 60 + int(value[3:])
