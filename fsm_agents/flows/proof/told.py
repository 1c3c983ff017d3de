"""Makes problems: with the line as it stands in the file, the place of a cell, ways as text, and rows that can be pasted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fsm_agents.flows.machine.flat import Edge
from fsm_agents.flows.problems import NOWHERE, Place, Problem, Severity
from fsm_agents.flows.proof.codes import CODES
from fsm_agents.flows.spec import FlowSpec, RowSpec, StateSpec
from fsm_agents.flows.syntax import After, EndedWith, Failure, Llm, Named, Press, Says, Trigger, phrase_text

__all__ = ["Teller", "cell", "event_text", "fix_row", "line_of", "once_each", "trigger_text", "way_text"]

IN, ON, WHEN, TO, DO = range(5)
SHORT = 24
"""Words of a row are cut to so many characters in a way."""
LONGEST = 6
"""States of a way that are named in a message."""


class Teller:
    """Makes problems of one flow; splits each file into lines once."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def __call__(
        self,
        code: str,
        message: str,
        spec: FlowSpec,
        place: Place,
        *,
        why: str = "",
        fix: str = "",
        severity: Severity | None = None,
        trail: Iterable[str] = (),
    ) -> Problem:
        """The problem, with the line it is in."""
        if place is NOWHERE or not place.file:
            place = Place(spec.file, place.line, place.col, place.width)
        level = CODES[code][0] if severity is None else severity
        return Problem(code, message, place, why, fix, level, self._shown(spec, place), tuple(trail))

    def _shown(self, spec: FlowSpec, place: Place) -> str:
        if not spec.text or not place.line or place.file != spec.file:
            return ""
        lines = self._lines.get(spec.file)
        if lines is None:
            lines = self._lines[spec.file] = spec.text.splitlines()
        return lines[place.line - 1] if place.line <= len(lines) else ""


def cell(row: RowSpec, number: int) -> Place:
    """Where a cell of a row stands; the row, if that is not known."""
    return row.spot.cell(number, row.cells[number])


def line_of(edge: Edge, beside: Edge | None = None) -> str:
    """The line of a row: ``line 14``, with the file if that is not the one of ``beside``; of a state's own question: its words."""
    if edge.row is None or not edge.place.line:
        return event_text(edge)
    other = beside is not None and beside.place.file not in ("", edge.place.file)
    return f"{edge.place.file} line {edge.place.line}" if other else f"line {edge.place.line}"


def event_text(edge: Edge) -> str:
    """What an edge answers, as it is written."""
    return "its own question" if edge.row is None else trigger_text(edge.trigger)


def trigger_text(trigger: Trigger) -> str:
    """A trigger as it is written."""
    match trigger:
        case Says(phrase, name):
            return name or f'"{phrase_text(phrase)}"'
        case Named(name):
            return name
        case Failure(kind, count, more):
            return f"{kind} {count}{'+' if more else ''}" if count else kind
        case Press(key):
            return f"press {key}"
        case After(seconds, text):
            return f"after {text or f'{seconds:g}s'}"
        case EndedWith(outcome):
            return f"ended {outcome}"
        case _:
            return f'llm "{trigger.text}"'


def way_text(way: Sequence[tuple[str, Edge | None]], most: int = LONGEST) -> str:
    """A way through states: ``welcome → (filled) → size``; only words, keys and the like are named.

    Args:
        way: The states, each with the edge that led there; the first with none.
        most: How many states are named; in the middle of a longer way stands '…'.
    """
    parts: list[str] = []
    for name, edge in way:
        if edge is not None and isinstance(edge.trigger, Says | Press | Llm | After) and edge.row is not None:
            trigger = edge.trigger
            text = trigger.name or phrase_text(trigger.phrase) if isinstance(trigger, Says) else trigger_text(trigger)
            parts.append(f"({text if len(text) <= SHORT else text[: SHORT - 1] + '…'}) → {name}")
        else:
            parts.append(name)
    if len(parts) > most:
        parts = [*parts[: most // 3], "…", *parts[-(most // 2) :]]
    return " → ".join(parts)


def fix_row(spec: FlowSpec, state: StateSpec, on: str, *, failed: bool = False, do: str = "", inside: str = "") -> str:
    """A row that can be pasted.

    Args:
        spec: The file it is for.
        state: The state.
        on: What it answers.
        failed: Whether it leads to where one goes when something went wrong: a hand-off, else an end. Else the next state of the file.
        do: What it does.
        inside: Its first cell; empty: the state.
    """
    return f"| {inside or state.name} | {on} | | {_guess(spec, state, failed=failed)} | {do} |".replace("  ", " ")


def _guess(spec: FlowSpec, state: StateSpec, *, failed: bool) -> str:
    names = list(spec.states)
    ends = [name for name in names if spec.states[name].kind == "end"]
    if failed or state.kind == "handoff":
        people = [] if state.kind == "handoff" else [name for name in names if spec.states[name].kind == "handoff"]
        return next(iter([*people, *(reversed(ends) if failed else ends)]), "???")
    behind = names[names.index(state.name) + 1 :]
    return next(iter([*behind, *ends]), "???")


def once_each(problems: Iterable[Problem]) -> list[Problem]:
    """The problems without those that a sub-flow has in each place where it runs, in the order of the files."""
    kept = {(p.code, p.place, p.message.partition(": ")[0]): p for p in reversed(list(problems))}
    return sorted(kept.values(), key=lambda p: (p.place.file, p.place.line, p.place.col, p.code, p.message))
