"""A flow as Markdown: the rows of each state as an aligned table under what it says, and the state × event matrix of the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fsm_agents.flows.draw.cells import acts_text, clean, inside_text, on_text, target_text, when_text
from fsm_agents.flows.draw.script import files_of
from fsm_agents.flows.machine.flat import Edge, FlatFlow, FlatState
from fsm_agents.flows.spec import FlowSpec, RowSpec, StateSpec
from fsm_agents.flows.syntax import After, Failure, Goto, Llm, Named, Press, Says, Visit, prompt_text
from fsm_agents.fsm.draw_markdown import escape

__all__ = ["markdown", "matrix"]

PADDED = 60
"""Widest column that is filled up with blanks: one long phrase must not stretch every line."""

_ORDER = (
    "filled", "said", "interrupted", "ok", "failed", "timeout", "ended", "no_input", "no_match", "invalid", "out_of_tries", "after",
    "resumed", "hung_up",
)  # fmt: skip
_MANY = frozenset({"answer", "words", "keys", "llm", "after", "ended"})
"""Columns that stand for several events: every row of theirs can win."""


def markdown(flat: FlatFlow) -> str:
    """The whole flow: each file, its states with what they say and their rows in the order in which they are tried; then the matrix."""
    parts = [part for spec in files_of(flat) for part in _file(spec, top=spec is flat.spec)]
    return "\n\n".join([*parts, "## Matrix", matrix(flat).rstrip("\n")]) + "\n"


def matrix(flat: FlatFlow) -> str:
    """Where each state leads at each event, whatever row says so: ``?`` is a condition, an empty cell the default.

    ``answer`` is the state's own question, ``words`` what callers say otherwise, a phrase's name that phrase.
    """
    cells = {name: _cells(state) for name, state in flat.states.items()}
    met = dict.fromkeys(key for row in cells.values() for key in row)
    keys: list[str] = [key for key in ("answer", "words") if key in met]
    keys += [key for key in met if key not in ("answer", "words", "keys", "llm", *_ORDER)]
    keys += [key for key in ("keys", "llm", *_ORDER) if key in met]
    body = [[name, *(" / ".join(row.get(key, ())) for key in keys)] for name, row in cells.items()]
    return _aligned([["state", *keys], *body]) + "\n"


def _file(spec: FlowSpec, *, top: bool) -> Iterator[str]:
    yield f"{'#' if top else '##'} {_plain(spec.name)}"
    facts = f"version {spec.version}, {spec.lang}, starts in {spec.start}, {len(spec.states)} states, {len(spec.rows)} rows"
    yield ("" if top else "A sub-flow. ") + _plain(facts)
    numbers = {id(row): number for number, row in reversed(list(enumerate(spec.rows, 1)))}
    rows: dict[str, list[RowSpec]] = {}
    for row in spec.rows:
        for name in row.inside.names:
            rows.setdefault(name, []).append(row)
    for state in spec.states.values():
        yield from _section(state.name, _about(state), rows.get(state.name, []), numbers)
    for group in spec.groups.values():
        yield from _section(group.name, f"A group: {', '.join(group.states)}.", rows.get(group.name, []), numbers)
    anywhere = [row for row in spec.rows if row.inside.anywhere]
    if anywhere:
        yield from _section("any state", "", anywhere, numbers)


def _section(name: str, about: str, rows: Sequence[RowSpec], numbers: Mapping[int, int]) -> Iterator[str]:
    yield f"### {_plain(name)}"
    if about:
        yield _plain(about)
    if rows:
        several = any(row.inside.but for row in rows) or any(len(row.inside.names) > 1 for row in rows)
        head = ["#", *(["in"] if several else []), "on", "when", "to", "do"]
        yield _aligned([head, *(_row(row, numbers[id(row)], several=several) for row in rows)])


def _row(row: RowSpec, number: int, *, several: bool) -> list[str]:
    inside = [inside_text(row.inside)] if several else []
    return [f"{number:02d}", *inside, on_text(row), when_text(row), target_text(row.to), acts_text(row.do)]


def _about(state: StateSpec) -> str:
    what = {
        "ask": f"Asks for {state.ask}.", "call": f"Calls {state.call}.", "run": f"Runs {state.run}.", "end": f"Ends: {state.end}.",
        "handoff": f"Hands over to {state.handoff}.", "talk": "The model talks.", "say": "",
    }[state.kind]  # fmt: skip
    says = f"“{clean(prompt_text(state.say))}”" if state.say is not None else ""
    return " ".join(filter(None, (what, says)))


def _plain(text: str) -> str:
    return escape(clean(text))


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    """A head and its lines as a pipe table, columns filled up."""
    told = [[_plain(cell) for cell in line] for line in lines]
    wide = [max(3, *(min(len(line[place]), PADDED) for line in told)) for place in range(len(told[0]))]
    shown = [f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, wide, strict=True))} |" for line in told]
    rule = f"|{'|'.join('-' * (width + 2) for width in wide)}|"
    return "\n".join([shown[0], rule, *shown[1:]])


def _cells(state: FlatState) -> dict[str, list[str]]:
    """What a state does at each event, in winning order, as far as the first row that always wins."""
    found: dict[str, list[str]] = {}
    closed: set[str] = set()
    for edge in state.edges:
        key, only = _column(edge)
        if key in closed:
            continue
        guarded = only or edge.row is None or edge.row.when is not None
        text = ("?" if guarded and edge.row is not None else "") + _goal(edge)
        cell = found.setdefault(key, [])
        if text not in cell:
            cell.append(text)
        if not guarded and key not in _MANY:
            closed.add(key)
    return found


def _column(edge: Edge) -> tuple[str, bool]:
    """The column of an edge, and whether it answers only some of what the column stands for (``no_input 2``)."""
    if edge.row is None:
        return "answer", False
    match edge.trigger:
        case Says(_, name):
            return name or "words", False
        case Named(name):
            return name, False
        case Failure(kind, count):
            return kind, bool(count)
        case Press():
            return "keys", False
        case Llm():
            return "llm", False
        case After():
            return "after", False
        case _:
            return "ended", False


def _goal(edge: Edge) -> str:
    match edge.target:
        case Goto(state):
            return state
        case Visit(state):
            return f"visit {state}"
        case move:
            return move.value
