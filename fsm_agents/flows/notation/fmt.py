"""Aligns the pipe tables of a flow file. Columns stand in the canonical order; rows, comments and everything else stay as they are. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from fsm_agents.flows.notation.layout import COLUMNS, is_rule, read_table, split_cells
from fsm_agents.flows.notation.sheet import Sheet
from fsm_agents.flows.notation.source import read_source
from fsm_agents.flows.notation.troubles import Troubles

__all__ = ["aligned", "format_text"]

WIDEST: Final = 100
"""A cell that is wider does not make the others as wide: its row is longer than the rest."""


def format_text(text: str, file: str = "flow.toml") -> str:
    """The text with its tables aligned; formatting it again changes nothing, and it means the same.

    A block written with escapes (``\"\"\"`` and a backslash in it) is left alone. Line ends become those of the first line.

    Args:
        text: A flow file.
        file: How it is called in messages.

    Raises:
        FlowError: it is no TOML, or the layout of a table is wrong.
    """
    troubles = Troubles()
    source, fault = read_source(text, file)
    sheet = Sheet(source, troubles)
    if fault is not None:
        troubles.fault(fault, source.at(fault.at, fault.width))
    pieces: list[tuple[int, int, str]] = []
    for name, block in sheet.table("rows").items():
        span = source.span(("rows", name))
        if not isinstance(block, str) or span is None or span.text < 0:
            continue
        for wrong in read_table(block).faults:
            sheet.fault(("rows", name), wrong)
        if not troubles.errors:
            pieces.append((span.text, span.text + len(block), "\n".join(_block(block.split("\n")))))
    troubles.done()
    done = source.text if text else ""
    for start, stop, piece in sorted(pieces, reverse=True):
        done = done[:start] + piece + done[stop:]
    if text.partition("\n")[0].endswith("\r"):
        done = done.replace("\n", "\r\n")
    return "\ufeff" * text.startswith("\ufeff") + done


def _block(lines: Sequence[str]) -> Iterable[str]:
    """The lines of a block: those of its table aligned, the others as they are."""
    tabled = [line.strip() for line in lines]
    found = [split_cells(line) if line and line[0] != "#" and not is_rule(line) else None for line in tabled]
    header = [name for name, _ in next(cells for cells in found if cells)]
    order = [header.index(name) for name in COLUMNS if name in header]
    rows = [None if cells is None else [cells[number][0] for number in order] for cells in found]
    top, rule, *rest = aligned([row for row in rows if row is not None])
    rendered = iter(rest)
    said = {number for number, line in enumerate(tabled) if line and line[0] != "#"}
    first = next(number for number, row in enumerate(rows) if row is not None)
    after = next((number for number in range(first + 1, len(lines)) if number in said), None)
    for number, (line, row) in enumerate(zip(lines, rows, strict=True)):
        if number == first:
            yield top
            if after is None or rows[after] is not None:
                yield rule
        elif row is None:
            yield rule if number in said else line
        else:
            yield next(rendered)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A header and rows as the lines of a pipe table, with a rule under the header."""
    widths = [[_width(cell) for cell in column] for column in zip(*rows, strict=True)]
    sizes = [max(size if size <= WIDEST else 3 for size in column) for column in widths]
    lines = ["| " + " | ".join(_padded(cell, size) for cell, size in zip(row, sizes, strict=True)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (size + 2) for size in sizes) + "|", *lines[1:]]


def _padded(cell: str, size: int) -> str:
    return cell + " " * (size - _width(cell))


def _width(cell: str) -> int:
    """Columns on a screen: two for the wide letters of East Asia, none for an accent that stands on another letter."""
    if cell.isascii():
        return len(cell)
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in cell)
