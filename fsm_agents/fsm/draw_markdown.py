"""A table as Markdown: its states, timers and rows in file order, and the state × event matrix that shows every cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from fsm_agents.fsm.draw_words import NEVER, Marks, actions, cell_text, function_name, goal, numbers, places, seconds, sentence
from fsm_agents.fsm.rows import ALWAYS, Kind, Row
from fsm_agents.fsm.table import StateTable, key_name, state_name

__all__ = ["escape", "grid", "markdown", "matrix_cells", "row_cells", "state_cells", "timer_cells"]

Lines = list[list[str]]
"""A head and its lines, every cell plain text: what a Markdown grid and an HTML table are made from."""


def markdown(table: StateTable[Any, Any], marks: Marks | None = None) -> str:
    """The table in Markdown: states with their sentences, timers, rows, matrix.

    In the matrix ``?`` is a guarded row, ``-`` a drop, **n** never, an empty cell undecided (only lenient tables have one).

    Args:
        table: The table.
        marks: Adds a column that says how often each row was taken.
    """
    parts = ["## States", grid(state_cells(table, marks))]
    if table.timers:
        parts += ["## Timers", grid(timer_cells(table))]
    parts += ["## Rows", grid(row_cells(table, marks))]
    parts += ["## Matrix", "`?` guarded · `-` dropped · **n** never comes", grid(matrix_cells(table))]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Text that stays itself inside a cell of a Markdown table."""
    text = re.sub(r"[\\|<*`]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])", r"\\\g<0>", text)
    return " ".join(text.split()).replace(NEVER, "**n**")


def grid(lines: Sequence[Sequence[str]]) -> str:
    """A head and its lines as a pipe table. Cells are not padded: one longer name must not touch every line of a diff."""
    head, *body = ([escape(text) for text in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *body))


def state_cells(table: StateTable[Any, Any], marks: Marks | None = None) -> Lines:
    """The states: name, sentence, what else is known of each."""
    lines = [["state", "meaning", "notes", *(["rested"] if marks else [])]]
    for state in table.members:
        notes = [word for word, holds in (("start", state == table.start), ("final", state in table.final)) if holds]
        if inside := table.nest.paths[state]:
            notes.append("in " + ", ".join(group.name for group in inside))
        if who := table.owed(state):
            notes.append(f"owes: {who}")
        name = state_name(state)
        lines.append([name, sentence(state), "; ".join(notes), *([_count(marks.states.get(name, 0))] if marks else [])])
    return lines


def timer_cells(table: StateTable[Any, Any]) -> Lines:
    """The timers: name, default, source of the default, the states that own it."""
    lines = [["timer", "default", "source", "owned by"]]
    for timer in table.timers:
        owners = ", ".join(state_name(state) for state in table.members if (state, timer) in table.cells)
        lines.append([timer.name, seconds(timer.seconds), timer.source, owners])
    return lines


def row_cells(table: StateTable[Any, Any], marks: Marks | None = None) -> Lines:
    """The rows in file order, each under the number that names it elsewhere."""
    lines = [["#", "in", "on", "to", "do", "when", *(["taken"] if marks else [])]]
    for row, number in numbers(table).items():
        when = function_name(row.when) if row.when else ""
        cells = [f"{number:02d}", places(row), _on(row), _to(row), row.note or actions(row), when]
        lines.append([*cells, *([_taken(row, marks.rows.get(number, 0))] if marks else [])])
    return lines


def matrix_cells(table: StateTable[Any, Any]) -> Lines:
    """Every cell: states down; events, ``always`` and timers across."""
    keys = [*table.events, *([ALWAYS] if any(row.kind is Kind.ALWAYS for row in table.rows) else []), *table.timers]
    body = ([state_name(state), *(cell_text(table.cell(state, key)) for key in keys)] for state in table.members)
    return [["", *map(key_name, keys)], *body]


def _on(row: Row[Any, Any]) -> str:
    return ", ".join(map(key_name, row.on)) or row.kind.value


def _to(row: Row[Any, Any]) -> str:
    if row.kind in (Kind.OWES, Kind.ENTER, Kind.LEAVE):
        return ""
    return {Kind.DROP: "drop", Kind.NEVER: "never"}.get(row.kind) or goal(row)


def _count(times: int) -> str:
    return f"×{times}" if times else "none"


def _taken(row: Row[Any, Any], times: int) -> str:
    needed: Iterable[Kind] = (Kind.ROW, Kind.AFTER, Kind.ALWAYS)
    return _count(times) if times or row.kind in needed else ""
