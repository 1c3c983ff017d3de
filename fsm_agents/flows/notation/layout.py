"""Reads a block of ``[rows]``: a pipe table. Finds the cells of each row and where each begins; what they say is read elsewhere. Pure.

The first row names the columns, in any order; ``when`` and ``do`` may be missing. A row of dashes separates and means nothing; so do
blank lines and lines that begin with ``#``.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn, TypeAlias

import attrs

from fsm_agents.flows.notation.fault import Fault

__all__ = ["COLUMNS", "MAX_ROWS", "NEEDED", "Cells", "Line", "Starts", "Table", "is_rule", "read_table", "split_cells"]

COLUMNS: Final = ("in", "on", "when", "to", "do")
"""The columns in the order of :attr:`~fsm_agents.flows.spec.RowSpec.cells`, which is how ``fmt`` writes them."""
NEEDED: Final = ("in", "on", "to")
"""The columns that no table can do without."""
MAX_ROWS: Final = 20_000
"""Most rows of one flow with its sub-flows."""

_RULE = re.compile(r"[|\-:\s]+\Z")


Cells: TypeAlias = "tuple[str, str, str, str, str]"
"""A row's texts: in, on, when, to, do; a column that is not there is empty."""
Starts: TypeAlias = "tuple[int, int, int, int, int]"
"""Where each of them begins, counted from the row's first ``|``."""
Line: TypeAlias = "tuple[int, Cells, Starts]"
"""One row as it is written; the number says where its first ``|`` stands in the block."""


@attrs.define
class Table:
    """A block: its columns as written, its rows, and the faults (their ``at`` counts in the block)."""

    columns: tuple[str, ...] = ()
    lines: list[Line] = attrs.field(factory=list)
    faults: list[Fault] = attrs.field(factory=list)


def read_table(block: str, most: int = MAX_ROWS) -> Table:
    """The rows of a block; what is wrong with its layout stands in ``faults``."""
    table = Table()
    reader: _Reader | None = None
    next_ = 0
    for line in block.split("\n"):
        begin = next_
        next_ += len(line) + 1
        bare = line.strip()
        if not bare or bare[0] == "#" or is_rule(bare):
            continue
        at = begin + line.index(bare[0])
        try:
            if reader is None:
                table.columns = _header(bare, at)
                reader = _Reader(table.columns)
                continue
            if len(table.lines) >= most:
                table.faults.append(Fault("F004", f"more than {MAX_ROWS:,} rows", at=at, fix="make a part of it a sub-flow"))
                return table
            table.lines.append(reader.row(bare, at))
        except Fault as fault:
            table.faults.append(fault)
            if reader is None:
                return table  # without a header nothing else can be read
    if not table.columns:
        table.faults.append(Fault("F106", "no header", why="it names the columns", fix="| in | on | when | to | do |"))
    return table


def is_rule(line: str) -> bool:
    """Whether a line only separates: ``|----|----|``."""
    return "-" in line and _RULE.match(line) is not None


def split_cells(line: str, at: int = 0) -> list[tuple[str, int]]:
    """The cells between the pipes, and where each begins.

    Raises:
        Fault: F105: it does not begin and end with a pipe.
    """
    if line[0] != "|":
        raise Fault(
            "F105", "a row begins with '|'", at=at, width=len(line), fix="| in | on | when | to | do |; # begins a comment"
        )
    if line[-1] != "|" or len(line) == 1:
        raise Fault("F105", "a row ends with '|'", at=at + len(line) - 1, fix=f"{line[-60:]} |")
    found = []
    start = at + 1
    for cell in line[1:-1].split("|"):
        bare = cell.strip()
        found.append((bare, start + (len(cell) - len(cell.lstrip()) if bare else min(1, len(cell)))))
        start += len(cell) + 1
    return found


def _header(line: str, at: int) -> tuple[str, ...]:
    """The columns."""
    cells = split_cells(line, at)
    names: list[str] = []
    for name, start in cells:
        if name not in COLUMNS:
            shown = f"'{name[:40]}' is no column" if name else "a column without a name"
            raise Fault("F102", shown, at=start, width=max(1, len(name)), fix=f"columns: {', '.join(COLUMNS)}")
        if name in names:
            raise Fault("F107", f"column '{name}' stands here twice", at=start, width=len(name))
        names.append(name)
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise Fault("F106", f"no column '{missing[0]}'", at=at, width=len(line), fix="| in | on | when | to | do |")
    return tuple(names)


class _Reader:
    """Reads the rows under a header: with one pattern, and cell by cell if a row does not fit it."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        # A column that is not there is the group behind the last: empty, at the end of the row.
        self.order = [columns.index(name) + 1 if name in columns else len(columns) + 1 for name in COLUMNS]
        self.pattern = re.compile(r"\|" + r"\s?+(?:\s++(?=[^|]))?+([^|]*+)\|" * len(columns) + r"()\Z")

    def row(self, line: str, at: int) -> Line:
        """One row.

        Raises:
            Fault: F101, F103, F105.
        """
        found = self.pattern.match(line)
        if found is None:
            self.refuse(line, at)
        if '"' in line and _torn(line):
            _piped(split_cells(line, at))
        a, b, c, d, e = self.order
        start = found.start
        in_, on, when, to, do = found.group(a, b, c, d, e)
        return (
            at,
            (in_.rstrip(), on.rstrip(), when.rstrip(), to.rstrip(), do.rstrip()),
            (start(a), start(b), start(c), start(d), start(e)),
        )

    def refuse(self, line: str, at: int) -> NoReturn:
        """Say why a row does not fit."""
        cells = split_cells(line, at)
        _piped(cells)
        _miscounted(line, at, cells, self.columns)


def _torn(line: str) -> bool:
    """Whether a cell opens a quote that it does not close."""
    if line.count('"') == 2:  # noqa: PLR2004 - most rows have words in one place
        return line.find("|", line.find('"'), line.rfind('"')) >= 0
    return any(cell.count('"') % 2 for cell in line.split("|"))


def _piped(cells: list[tuple[str, int]]) -> None:
    """Finds a ``|`` inside of quotes: a cell that opens one and a later cell that closes it."""
    odd = [number for number, (text, _) in enumerate(cells) if text.count('"') % 2]
    if len(odd) < 2:  # noqa: PLR2004 - one quote that is never closed is the cell's own trouble
        return
    inner = [text for text, _ in cells[odd[0] : odd[1] + 1]]
    whole = " / ".join(part for part in inner if part)
    pipe = cells[odd[0]][1] + len(cells[odd[0]][0])
    raise Fault("F103", "'|' inside a cell", at=pipe, why="it separates columns", fix=f"write  {whole[:100]}")


def _miscounted(line: str, at: int, cells: list[tuple[str, int]], columns: tuple[str, ...]) -> NoReturn:
    texts = [text for text, _ in cells]
    short = len(texts) < len(columns)
    fix = (
        "| " + " | ".join(texts + [""] * (len(columns) - len(texts))) + " |" if short else "/ stands between alternatives, not |"
    )
    raise Fault(
        "F101",
        f"{len(cells)} cell{'' if len(cells) == 1 else 's'}, the header has {len(columns)}: {' | '.join(columns)}",
        at=at + len(line) - 1 if short else cells[len(columns)][1],
        fix=" ".join(fix.split())[:200],
    )
