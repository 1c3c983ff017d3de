"""What is wrong with a flow: code, place, why, and text that can be pasted to mend it. All problems come at once.

Codes: ``F0`` file, ``F1`` layout of a table, ``F2`` states, ``F3`` words, ``F4`` paths and slots, ``F5`` order and ambiguity, ``F6``
safety, ``F7`` the host, ``F8`` stored sessions.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

import attrs

from fsm_agents.errors import TableError

__all__ = ["NOWHERE", "UNPLACED", "FlowError", "Place", "Problem", "Severity", "Spot", "render"]

SHOWN = 160
"""Most characters of a line that are shown with a problem."""


class Severity(IntEnum):
    """How bad it is: an error keeps the flow from loading."""

    NOTE = 0
    WARNING = 1
    ERROR = 2


@attrs.frozen
class Place:
    """Where something stands: file, line and column from 1 (0: not known), and how many characters are meant."""

    file: str = ""
    line: int = 0
    col: int = 0
    width: int = 1

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.col) if part)


NOWHERE = Place()
"""For what stands in no file."""


class Spot(NamedTuple):
    """Where a row stands, as little as is kept of each: a :class:`Place` is made of it when somebody asks.

    Args:
        file: As of a place.
        line: As of a place.
        col: As of a place.
        cells: Where each cell begins, counted from ``col``; empty: all that is known is the row's own place.
    """

    file: str = ""
    line: int = 0
    col: int = 0
    cells: tuple[int, ...] = ()

    @property
    def place(self) -> Place:
        """Where the row begins."""
        return Place(self.file, self.line, self.col)

    def cell(self, number: int, text: str) -> Place:
        """Where a cell begins, in which ``text`` is written."""
        if not self.cells:
            return self.place
        return Place(self.file, self.line, self.col + self.cells[number], len(text) or 1)


UNPLACED = Spot()
"""For a row that stands in no file."""


@attrs.frozen
class Problem:
    """One problem.

    Args:
        code: ``F202``.
        message: What is wrong, in one line.
        place: Where.
        why: Why that is a problem, in half a line; may be empty.
        fix: Text that can be pasted, or what to do; may be empty.
        severity: How bad it is.
        shown: The line as it stands in the file; empty where there is none.
        trail: More lines: a shortest sentence, a path, a scene.
    """

    code: str
    message: str
    place: Place = NOWHERE
    why: str = ""
    fix: str = ""
    severity: Severity = Severity.ERROR
    shown: str = ""
    trail: tuple[str, ...] = ()

    def __str__(self) -> str:
        return render(self)


def render(problem: Problem) -> str:
    """A problem as text: ``file:line:col CODE message``, the line with a caret, why, and the fix."""
    kind = "" if problem.severity is Severity.ERROR else f" ({problem.severity.name.lower()})"
    head = f"{problem.place} {problem.code} {problem.message}{kind}".lstrip()
    lines = [head]
    indent = "      "
    if problem.shown and len(problem.shown) <= SHOWN:
        text = problem.shown.rstrip("\n")
        lines.append(indent + text.lstrip())
        cut = len(text) - len(text.lstrip())
        at = problem.place.col - 1 - cut
        if at >= 0:
            lines.append(indent + " " * at + "^" * max(1, problem.place.width))
    lines += [indent + line for line in problem.trail]
    told = [f"why: {problem.why}"] * bool(problem.why) + [f"fix: {problem.fix}"] * bool(problem.fix)
    if told:
        lines.append(indent + "      ".join(told))
    return "".join(char if char.isprintable() or char == "\n" else _UNSEEN.get(char, "\ufffd") for char in "\n".join(lines))


_UNSEEN = {"\t": " "}
"""What stands for a character that cannot be seen; for most the sign of an unknown one. A file may come from strangers, and some such
characters are commands to a terminal."""


class FlowError(TableError):
    """A flow cannot be used as it is written.

    Attributes:
        problems: Every problem, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.place.file, p.place.line, p.place.col, p.code)))
        count = len(self.problems)
        shown = "\n".join(map(render, self.problems[:50]))
        more = f"\n… and {count - 50} more" if count > 50 else ""  # noqa: PLR2004 - as above
        super().__init__(f"{count} problem{'' if count == 1 else 's'}\n{shown}{more}")
