"""Whether a value that a cell writes fits a slot or a field of a tool's result, and what it is then. Pure."""

from __future__ import annotations

import datetime
import re
from typing import Any, Final

from fsm_agents.flows.notation.draft import Given
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.known import Known
from fsm_agents.flows.syntax import Ref, Whole

__all__ = ["copied", "fits", "kind_of", "literal", "ordered"]

_EXAMPLES: Final = {
    "number": "3", "digits": '"0123"', "date": '"2026-05-31"', "time": '"09:30"', "yesno": "yes or no", "text": '"…"', "list": '"…"',
}  # fmt: skip
_FROM: Final = {
    "number": {"number"}, "digits": {"digits", "text"}, "date": {"date", "text"}, "time": {"time", "text"}, "yesno": {"yesno"},
    "text": {"text", "choice", "digits", "date", "time"}, "choice": {"choice", "text", "list"}, "list": {"list"},
}  # fmt: skip
"""From which types a slot of a type can be set."""


def kind_of(ref: Ref, known: Known) -> tuple[str, Given]:
    """The type of what a reference stands for (empty: not known here), and a slot's settings.

    Raises:
        Fault: F309: it stands for nothing.
    """
    if ref.field:
        return known.field_type(ref), {}
    if ref.name in known.slots:
        slot = known.slots[ref.name]
        return slot.get("type", ""), slot
    if ref.name == "tries":
        return "number", {}
    if ref.name in known.conditions:
        return "yesno", {}
    if ref.name in known.tools:
        fields = list(known.tools[ref.name].get("returns", ()))
        fix = f"{ref.name}.{fields[0]}" if fields else f"returns = {{ … }} in [tools.{ref.name}]"
        raise Fault("F309", f"'{ref.name}' is a tool; its result has fields", width=len(ref.name), fix=fix)
    raise known.unknown(ref.name, "slot, tool.field or condition", [*known.slots, *known.conditions, *known.tools, "tries"])


def literal(value: Whole, kind: str, slot: Given, known: Known, name: str) -> Whole:
    """The value as the slot or field holds it: ``yes`` is true where yes or no is meant.

    Raises:
        Fault: F313: it is none of this type.
    """
    if kind == "choice":
        return _choice(value, slot, known, name)
    good: Any = {
        "number": lambda: isinstance(value, int | float) and (not slot or isinstance(value, int)),
        "digits": lambda: isinstance(value, str) and bool(re.fullmatch("[0-9]+", value)),
        "date": lambda: isinstance(value, str) and _date(value),
        "time": lambda: isinstance(value, str) and bool(re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", value)),
        "yesno": lambda: value in ("yes", "no") and isinstance(value, str),
        "text": lambda: isinstance(value, str),
        "list": lambda: isinstance(value, str),
    }.get(kind)
    if good is not None and not good():
        fix = f'"{value}"' if kind in ("text", "digits", "list") else _EXAMPLES[kind]
        raise Fault("F313", f"{_shown(value)} is no {kind}, and '{name}' is one", fix=fix)
    return value == "yes" if kind == "yesno" else value


def _choice(value: Whole, slot: Given, known: Known, name: str) -> Whole:
    text = str(value)
    values = slot.get("values", {})
    if text in values or "values_from" in slot or "values" not in slot:
        return text
    fix = known.troubles.near(text, values) or f"known: {', '.join(list(values)[:12])}"
    raise Fault("F313", f"{_shown(value)} is no value of '{name}'", fix=fix)


def fits(value: Whole, kind: str, slot: Given, name: str) -> None:
    """Whether the slot holds such a value to be valid: its range and length.

    Raises:
        Fault: F313.
    """
    bounds = slot.get("range") if kind == "number" else slot.get("length") if kind == "digits" else None
    size = len(value) if isinstance(value, str) else value
    if bounds and not bounds[0] <= size <= bounds[1]:
        raise Fault("F313", f"{_shown(value)} lies outside of what '{name}' may be: {bounds[0]}..{bounds[1]}")


def ordered(kind: str, sign: str, name: str) -> None:
    """Whether values of a type stand in an order.

    Raises:
        Fault: F313.
    """
    if sign not in ("=", "!=") and kind in ("choice", "digits", "text", "yesno", "list"):
        raise Fault("F313", f"'{name}' is {kind}: it has no order", width=len(name), fix=f"{name} = …, {name} in (…, …)")


def copied(kind: str, slot: Given, source: str) -> bool:
    """Whether a slot can be set from something of the type ``source``."""
    if not source or kind not in _FROM:
        return True
    if source == "list":
        return kind == "choice" and bool(slot.get("many"))
    return source not in _FROM or source in _FROM[kind]


def _date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _shown(value: Whole) -> str:
    return f"'{str(value)[:40]}'"
