"""A table as a Mermaid ``stateDiagram-v2``: text that forges and editors render. Ids hold letters, digits and ``_`` only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fsm_agents.fsm.draw_picture import Arrow, Box, Node, Picture, picture
from fsm_agents.fsm.draw_words import Marks
from fsm_agents.fsm.table import StateTable

__all__ = ["escape", "mermaid"]


def mermaid(table: StateTable[Any, Any], marks: Marks | None = None) -> str:
    """The table as Mermaid: groups as composite states, ``anywhere`` rows drawn once, rows that stay as lines in their state.

    Args:
        table: The table.
        marks: Counts for the arrows; states that were never rested in are dashed.
    """
    drawn = picture(table)
    lines = ["---", f"title: {json.dumps(table.name, ensure_ascii=False)}", "---", "stateDiagram-v2"]
    lines += [f"    {line}" for line in _body(drawn, marks)]
    return "\n".join(lines) + "\n"


def _body(drawn: Picture, marks: Marks | None) -> Iterator[str]:
    for part in drawn.parts:
        yield from _part(part, marks)
    nodes = list(drawn.nodes())
    yield from (f"[*] --> {node.id}" for node in nodes if node.start)
    for arrow in drawn.arrows:
        yield _arrow(arrow, marks)
    yield from (f"{node.id} --> [*]" for node in nodes if node.final)
    if notes := [node.id for node in nodes if node.note]:
        yield "classDef note stroke-dasharray:2"
        yield f"class {','.join(notes)} note"
    missed = [node.id for node in nodes if marks and not node.note and not marks.states.get(node.title)]
    if missed:
        yield "classDef missed stroke:#c00,stroke-dasharray:6"
        yield f"class {','.join(missed)} missed"


def _part(part: Node | Box, marks: Marks | None) -> Iterator[str]:
    if isinstance(part, Box):
        yield f'state "{escape(part.title)}" as {part.id} {{'
        yield f"    [*] --> {part.start}"
        for inner in part.inside:
            yield from (f"    {line}" for line in _part(inner, marks))
        yield "}"
        return
    yield f'state "{escape(part.title)}" as {part.id}'
    for line in part.lines:
        yield f"{part.id}: {escape(line.label)}{_times(line.row, marks)}"


def _arrow(arrow: Arrow, marks: Marks | None) -> str:
    return f"{arrow.source} --> {arrow.dest}: {escape(arrow.label)}{_times(arrow.row, marks)}"


def _times(row: int, marks: Marks | None) -> str:
    return f" ×{marks.rows.get(row, 0)}" if marks else ""


def escape(text: str) -> str:
    """Text as entities where Mermaid would read a sign: ``;`` ends a line, a second ``:`` a label, ``%%`` begins a comment."""
    for sign in '#;:"<>%':
        text = text.replace(sign, f"\0{ord(sign)}\1")
    return " ".join(text.replace("\0", "#").replace("\1", ";").split())
