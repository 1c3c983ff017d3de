"""How rows, guards, actions and timers are called wherever a table is shown: one spelling for all.

Words only, no layout. Nothing here may depend on a memory address, a hash seed or the line a row is written on.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from enum import Enum
from typing import Any

import attrs

from fsm_agents.fsm.rows import All, Group, History, Key, Kind, Row, Stay, Timer
from fsm_agents.fsm.table import StateTable, key_name, state_name

__all__ = [
    "NEVER", "Marks", "actions", "cell_text", "function_name", "goal", "identifiers", "key_text", "numbers", "places", "row_id",
    "row_text", "seconds", "sentence",
]  # fmt: skip

NEVER = "\x00n"
"""A ``never`` in a matrix, until it is written bold: no state can be called this."""


@attrs.frozen
class Marks:
    """What to highlight in a drawing: how often each row was taken and each state was rested in.

    Args:
        rows: Counts by row number (1 is the first row of the table); a row that is not named was not taken.
        states: Counts by name of state.
    """

    rows: Mapping[int, int] = attrs.field(factory=dict)
    states: Mapping[str, int] = attrs.field(factory=dict)


def numbers(table: StateTable[Any, Any]) -> dict[Row[Any, Any], int]:
    """The number of each row: its place in the table, from 1. It names the row in diagrams, logs and coverage."""
    return {row: n for n, row in enumerate(table.rows, 1)}


def row_id(number: int) -> str:
    """The id of a row in a drawing: ``r_07``."""
    return f"r_{number:02d}"


def identifiers(names: Iterable[str], prefix: str) -> list[str]:
    """An id for each name, each once: ASCII letters, digits and ``_`` (Mermaid refuses ``wake-up``, Graphviz rewrites ``-``)."""
    known: dict[str, int] = {}
    found = []
    for name in names:
        plain = prefix + (re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_").lower() or "x")
        known[plain] = known.get(plain, 0) + 1
        found.append(plain if known[plain] == 1 else f"{plain}__{known[plain]}")  # no plain id has two underscores in a row
    return found


def function_name(part: object) -> str:
    """How a guard or an action is called: the function's name, a :class:`Level`'s sentence, else the name of its class."""
    if isinstance(part, All):
        return " and ".join(map(function_name, part.guards))
    part = getattr(part, "func", part)  # functools.partial: what it calls
    return str(getattr(part, "__name__", type(part).__name__)).strip("<>")


def sentence(state: Hashable) -> str:
    """The sentence of a state: the value of its Enum member, if that is text."""
    return state.value if isinstance(state, Enum) and isinstance(state.value, str) else ""


def seconds(value: float | None) -> str:
    """A duration as it is read: ``8s``, ``0.25s``, ``off``."""
    return "off" if value is None else f"{value:.6f}".rstrip("0").rstrip(".") + "s"


def key_text(key: Key) -> str:
    """What a row waits for; a timer with its default: ``after 8s (dead_air)``."""
    return f"after {seconds(key.seconds)} ({key.name})" if isinstance(key, Timer) else key_name(key)


def _part_name(part: object) -> str:
    """A state or a group by name."""
    return part.name if isinstance(part, Group) else state_name(part)


def places(row: Row[Any, Any]) -> str:
    """Where a row stands: its states and groups, or ``anywhere but …``."""
    if row.everywhere:
        return "anywhere" + (f" but {', '.join(map(state_name, row.but))}" if row.but else "")
    return ", ".join(map(_part_name, row.states))


def goal(row: Row[Any, Any]) -> str:
    """Where a row leads."""
    if isinstance(row.to, Stay):
        return "stay"
    return f"back to {row.to.group.name}" if isinstance(row.to, History) else _part_name(row.to)


def actions(row: Row[Any, Any]) -> str:
    """What a row does, in order."""
    return ", ".join(map(function_name, row.do))


def cell_text(rows: Iterable[Row[Any, Any]]) -> str:
    """One cell of a matrix: what is tried, in order, as far as the first row that always wins. ``?`` stands for a guard."""
    parts = []
    for row in rows:
        parts.append({Kind.DROP: "-", Kind.NEVER: NEVER}.get(row.kind) or ("?" if row.when else "") + goal(row))
        if row.when is None:
            break
    return " / ".join(parts)


def row_text(row: Row[Any, Any], state: Hashable | None = None) -> str:
    """A row as one line: ``HOLDING on WordsHeard → YIELDING``; of one of its states, if that is given."""
    keys = ", ".join(map(key_name, row.on))
    where = places(row) if state is None else state_name(state)
    if row.kind in (Kind.ENTER, Kind.LEAVE):
        return f"{row.kind.value} {where}"
    on = keys if row.kind in (Kind.AFTER, Kind.ALWAYS) else f"on {keys}"
    return f"{where} {on} → { ({Kind.DROP: 'drop', Kind.NEVER: 'never'}.get(row.kind) or goal(row)) }"
