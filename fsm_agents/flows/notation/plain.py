"""Values that stand in a file for a tool or a host's slot type: what JSON has, dates as text. Pure."""

from __future__ import annotations

from typing import Any, Final

from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.readers import as_text, refusal

__all__ = ["as_plain_map", "plain"]

MAX_DEPTH: Final = 8
"""Deepest nesting: deeper than any result that is spoken."""
LARGEST: Final = 1e300
"""Beyond it a number is infinite, or will be."""


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON has it; dates as text.

    Raises:
        Fault: it has no such form.
    """
    if depth > MAX_DEPTH:
        raise Fault("F004", "values nest too deep")
    if isinstance(value, dict):
        return {as_text(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, float) and not -LARGEST < value < LARGEST:
        raise Fault("F007", f"{value} has no form in JSON")
    if isinstance(value, str | int | float):
        return value
    return str(value.isoformat())  # all that is left is a date or a time


def as_plain_map(value: Any) -> dict[str, Any]:
    """A table as JSON has it."""
    if not isinstance(value, dict):
        raise refusal(value, "a table", "{ minutes = 30 }")
    return dict(plain(value))
