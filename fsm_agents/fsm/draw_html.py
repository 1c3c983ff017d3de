"""A table as one HTML page that needs nothing else: the picture, the rows, the matrix. No script, no font, no link outside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from fsm_agents.fsm.draw_markdown import matrix_cells, row_cells, state_cells, timer_cells
from fsm_agents.fsm.draw_sketch import sketch
from fsm_agents.fsm.draw_words import NEVER, Marks
from fsm_agents.fsm.table import StateTable

__all__ = ["html"]

PAGE_STYLE = """
body { font: 14px/1.45 sans-serif; margin: 2em auto; max-width: 76em; padding: 0 1em; color: #1f2328; background: #fff }
table { border-collapse: collapse; margin: 0 0 1.5em } td, th { border: 1px solid #d0d7de; padding: .25em .6em; text-align: left }
th { background: #f6f8fa } figure { margin: 0; overflow-x: auto } svg { max-width: 100%; height: auto }
"""


def html(table: StateTable[Any, Any], marks: Marks | None = None, *, drawing: str | None = None) -> str:
    """The table as a self-contained page.

    Args:
        table: The table.
        marks: Counts: what was taken is green, what was not is red and dashed.
        drawing: An ``<svg>`` to show instead of the sketch, for example ``svg(table, marks)``; it is put in as it stands.
    """
    image = sketch(table, marks) if drawing is None else drawing[max(drawing.find("<svg"), 0) :]
    parts = [f"<h1>{escape(table.name)}</h1>", f"<figure>{image}</figure>", "<h2>States</h2>", _grid(state_cells(table, marks))]
    if table.timers:
        parts += ["<h2>Timers</h2>", _grid(timer_cells(table))]
    parts += ["<h2>Rows</h2>", _grid(row_cells(table, marks))]
    parts += ["<h2>Matrix</h2>", "<p>? guarded · - dropped · <b>n</b> never comes</p>", _grid(matrix_cells(table))]
    head = f'<meta charset="utf-8"><title>{escape(table.name)}</title><style>{PAGE_STYLE}</style>'
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _grid(lines: Sequence[Sequence[str]]) -> str:
    head, *body = lines
    rows = [_line(head, "th"), *(_line(line, "td") for line in body)]
    return "<table>\n" + "\n".join(rows) + "\n</table>"


def _line(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell).replace(NEVER, '<b>n</b>')}</{tag}>" for cell in cells) + "</tr>"
