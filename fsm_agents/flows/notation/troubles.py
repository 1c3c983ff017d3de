"""Collects what is wrong with a flow and its sub-flows, bounded, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.problems import NOWHERE, FlowError, Place, Problem, Severity

__all__ = ["MOST", "Troubles"]

MOST: Final = 500
"""Problems of one severity that are kept: nobody reads more, and a hostile file must not fill memory."""
GUESSES: Final = 20
"""How often the nearest known name is searched: a file with more mistakes needs another kind of help, and the search is slow."""
LONGEST: Final = 60
"""Longest name that is compared with others."""


class Troubles:
    """The problems found so far, in all files of one flow.

    Attributes:
        found: Those that are kept.
        errors: How many errors there were, kept or not.
    """

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.errors = 0
        self._kept = dict.fromkeys(Severity, 0)
        self._guessed = 0
        self._lines: dict[str, list[str]] = {}

    def knows(self, file: str, lines: list[str]) -> None:
        """The lines of a file, to be shown with its problems."""
        self._lines[file] = lines

    def add(
        self,
        code: str,
        message: str,
        place: Place = NOWHERE,
        *,
        why: str = "",
        fix: str = "",
        severity: Severity = Severity.ERROR,
        trail: tuple[str, ...] = (),
    ) -> None:
        """Keep a problem."""
        self.errors += severity is Severity.ERROR
        if self._kept[severity] >= MOST:
            return
        self._kept[severity] += 1
        lines = self._lines.get(place.file, [])
        shown = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
        self.found.append(Problem(code, message, place, why, fix, severity, shown, trail))

    def fault(self, fault: Fault, place: Place) -> None:
        """Keep what a text could not be read for; ``place`` is that of the fault, not of the text."""
        self.add(fault.code, fault.message, place, why=fault.why, fix=fault.fix)

    def near(self, word: str, known: Iterable[str]) -> str:
        """``did you mean 'size'?``, or nothing."""
        close = self.nearest(word, known)
        return f"did you mean '{close}'?" if close else ""

    @property
    def full(self) -> bool:
        """Whether no more errors are kept: then none need be put into words."""
        return self._kept[Severity.ERROR] >= MOST

    def nearest(self, word: str, known: Iterable[str]) -> str:
        """The nearest known name, or nothing."""
        if self._guessed >= GUESSES or not 0 < len(word) <= LONGEST:
            return ""
        self._guessed += 1
        import difflib  # here: only who has made a mistake pays for it

        names = sorted(name for name in known if len(name) <= LONGEST)
        close = difflib.get_close_matches(word.lower(), names[:5000], n=1, cutoff=0.6)
        return close[0] if close else ""

    def done(self) -> tuple[Problem, ...]:
        """The warnings and notes.

        Raises:
            FlowError: there are errors; it carries all problems.
        """
        if self.errors:
            raise FlowError(self.found)
        return tuple(sorted(self.found, key=lambda p: (p.place.file, p.place.line, p.place.col, p.code)))
