"""Durations and ranges as they are written in settings and cells: ``8s``, ``1..20``, ``08:00..18:00``, ``90d``. Pure."""

from __future__ import annotations

import re
from typing import Final

from fsm_agents.flows.notation.fault import Fault

__all__ = ["LONGEST", "days", "duration", "span", "times", "whole_span"]

LONGEST: Final = 86_400.0
"""Longest duration, seconds: a day."""
LARGEST: Final = 1_000_000_000
"""Largest number in a range: what people say aloud ends long before."""

DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m)\Z")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_RANGE = re.compile(r"([0-9]{1,10})(?:\.\.([0-9]{1,10}))?\Z")
_DAYS = re.compile(r"([0-9]{1,6})d\Z")
_TIMES = re.compile(r"([0-9]{2}):([0-9]{2})\.\.([0-9]{2}):([0-9]{2})\Z")


def duration(text: str) -> float:
    """Seconds.

    Raises:
        Fault: it is no duration, is zero, or is longer than a day.

    >>> duration("250ms"), duration("8s"), duration("1m")
    (0.25, 8.0, 60.0)
    """
    found = DURATION.match(text)
    if found is None:
        raise Fault("F007", f"'{text[:40]}' is no duration", width=len(text), fix='a number and its unit: "8s", "250ms", "1m"')
    seconds = float(found[1]) * _UNITS[found[2]]
    if not 0 < seconds <= LONGEST:
        raise Fault("F007", f"'{text}' is {'nothing' if seconds == 0 else 'longer than a day'}", width=len(text), fix='"8s"')
    return round(seconds, 6)


def whole_span(text: str, *, least: int, example: str) -> tuple[int, int]:
    """``7..11``, or ``6`` for 6 to 6.

    Raises:
        Fault: it is neither, or begins under ``least``.
    """
    found = _RANGE.match(text)
    if found is None:
        raise Fault("F007", f"'{text[:40]}' is no range", width=len(text), fix=f'"{example}"')
    low, high = int(found[1]), int(found[2] or found[1])
    return _ordered(low, high, text, least)


def span(text: str) -> tuple[int, int]:
    """``1..20``: least and greatest number.

    Raises:
        Fault: it is no range.
    """
    if ".." not in text:
        raise Fault("F007", f"'{text[:40]}' is no range", width=len(text), fix='least and greatest: "1..20"')
    return whole_span(text, least=0, example="1..20")


def days(text: str) -> int:
    """``90d``.

    Raises:
        Fault: it is no number of days.
    """
    found = _DAYS.match(text)
    if found is None:
        raise Fault("F007", f"'{text[:40]}' is no number of days", width=len(text), fix='"90d"')
    return int(found[1])


def times(text: str) -> tuple[int, int]:
    """``08:00..18:00``: minutes from midnight.

    Raises:
        Fault: it is no such range.
    """
    found = _TIMES.match(text)
    parts = [int(part) for part in found.groups()] if found else []
    if not parts or parts[0] > 24 or parts[2] > 24 or parts[1] > 59 or parts[3] > 59:  # noqa: PLR2004 - of a clock
        raise Fault("F007", f"'{text[:40]}' is no range of times", width=len(text), fix='"08:00..18:00"')
    return _ordered(parts[0] * 60 + parts[1], parts[2] * 60 + parts[3], text, 0, most=24 * 60)


def _ordered(low: int, high: int, text: str, least: int, most: int = LARGEST) -> tuple[int, int]:
    if low > high:
        raise Fault("F007", f"'{text}' ends before it begins", width=len(text))
    if low < least or high > most:
        raise Fault("F007", f"'{text}' lies outside of {least}..{most}", width=len(text))
    return low, high
