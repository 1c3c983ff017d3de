"""What a tool returned, held against what the flow says it returns (F702)."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Any

import attrs

from fsm_agents.errors import FSMAgentsError
from fsm_agents.flows.spec import ToolSpec

__all__ = ["ResultError", "fields_of"]

MOST_TEXT = 100_000
"""Characters of a text, and entries of a list, that a tool may return in one field."""


class ResultError(FSMAgentsError):
    """A tool returned what the flow does not expect: for the flow it has ``failed``."""


def fields_of(tool: ToolSpec, result: object) -> tuple[tuple[str, Any], ...]:
    """The fields of a result in the order of ``returns``; others are left out. Lists become tuples, dates and times text.

    Raises:
        ResultError: a field is missing or is of another type.
    """
    if not tool.returns:
        return ()
    given = _mapping(tool, result)
    missing = [name for name in tool.returns if given.get(name) is None]
    if missing:
        returns = ", ".join(f'{name} = "{kind}"' for name, kind in tool.returns.items())
        raise ResultError(f"F702 {tool.name}() returned no {', '.join(map(repr, missing))} (returns = {{ {returns} }})")
    return tuple((name, _value(tool, name, kind, given[name])) for name, kind in tool.returns.items())


def _mapping(tool: ToolSpec, result: object) -> Mapping[str, Any]:
    if isinstance(result, Mapping):
        return result
    if attrs.has(type(result)):
        return attrs.asdict(result, recurse=False)  # type: ignore[arg-type]  # asked above
    if len(tool.returns) == 1 and result is not None:
        return {next(iter(tool.returns)): result}
    raise ResultError(
        f"F702 {tool.name}() returned {type(result).__name__}: return a mapping or an attrs object with {list(tool.returns)}"
    )


def _value(tool: ToolSpec, name: str, kind: str, value: Any) -> Any:
    made = _READ[kind](value) if kind in _READ else value
    if made is None:
        raise ResultError(f"F702 {tool.name}() returned {name} = {str(value)[:80]!r}, which is no {kind}")
    return made


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def _text(value: Any) -> str | None:
    return str(value)[:MOST_TEXT] if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _date(value: Any) -> str | None:
    if isinstance(value, datetime.date):
        return (value.date() if isinstance(value, datetime.datetime) else value).isoformat()
    try:
        return datetime.date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        return None


def _time(value: Any) -> str | None:
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    try:
        return datetime.time.fromisoformat(value).strftime("%H:%M")
    except (TypeError, ValueError):
        return None


def _list(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return None
    items = tuple(value)[:MOST_TEXT]
    return tuple(map(str, items)) if all(isinstance(item, str | int | float) for item in items) else None


_READ: dict[str, Any] = {
    "number": _number,
    "text": _text,
    "yesno": lambda value: value if isinstance(value, bool) else None,
    "date": _date,
    "time": _time,
    "list": _list,
}
