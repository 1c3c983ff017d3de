"""The rows of a file before their cells are read: the five texts of each, and where they stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from fsm_agents.flows.notation.layout import MAX_ROWS, Cells, Line, read_table
from fsm_agents.flows.notation.names import NAME
from fsm_agents.flows.notation.sheet import Sheet
from fsm_agents.flows.problems import UNPLACED, Place, Spot
from fsm_agents.flows.syntax import Act, Function

__all__ = ["RawRow", "raw_rows"]


class RawRow(NamedTuple):
    """One row as it is written.

    Args:
        cells: in, on, when, to, do.
        block: The block it stands in.
        spot: Where it stands.
        when: A Python function in place of the cell.
        do: Python functions, and texts between them, in place of the cell.
    """

    cells: Cells
    block: str = "main"
    spot: Spot = UNPLACED
    when: Function | None = None
    do: Sequence[str | Act] | None = None

    @property
    def place(self) -> Place:
        """Where it begins."""
        return self.spot.place


def raw_rows(sheet: Sheet, left: int = MAX_ROWS) -> list[RawRow]:
    """The rows of all blocks of ``[rows]``, in order; ``left`` may still be read."""
    found: list[RawRow] = []
    for block, value in sheet.table("rows").items():
        path = ("rows", block)
        if not isinstance(value, str):
            sheet.problem("F007", f"a block of rows expected in [rows] {block[:40]}", path, fix=f"{block[:40]} = '''")
            continue
        if not NAME.match(block):
            sheet.problem("F314", f"'{block[:40]}' is no name", path, fix="small letters, digits and _, a letter first")
        table = read_table(value, left - len(found))
        for fault in table.faults:
            sheet.fault(path, fault)
        places = _Places(sheet, block)
        found += [places.row(line) for line in table.lines]
    return found


class _Places:
    """Places in one block: the line is searched once for a row, not for each of its cells."""

    def __init__(self, sheet: Sheet, block: str) -> None:
        self.source, self.block = sheet.source, block
        span = self.source.span(("rows", block))
        self.base = -1 if span is None else span.text
        whole = self.source.inside(("rows", block))
        self.whole = Spot(whole.file, whole.line, whole.col)

    def row(self, line: Line) -> RawRow:
        at, cells, begins = line
        if self.base < 0:
            return RawRow(cells, self.block, self.whole)
        offset, starts = self.base + at, self.source.starts
        number = bisect_right(starts, offset)
        return RawRow(cells, self.block, Spot(self.source.file, number, offset - starts[number - 1] + 1, begins))
