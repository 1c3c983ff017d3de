"""A flow as a Mermaid ``stateDiagram-v2``: text that forges and editors render. Ids hold letters, digits and ``_`` only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from fsm_agents.flows.draw.cells import clean, short
from fsm_agents.flows.draw.names import checked_colours
from fsm_agents.flows.draw.picture import Arrow, Box, Kind, Line, Node, picture
from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.fsm.draw_mermaid import escape

__all__ = ["mermaid"]

_LOOKS: Mapping[Kind, str] = {
    "ask": "fill:#ddf4ff,stroke:#0969da,color:#1f2328",
    "say": "fill:#f6f8fa,stroke:#57606a,color:#1f2328",
    "talk": "fill:#fbefff,stroke:#8250df,color:#1f2328",
    "tool": "fill:#fff8c5,stroke:#9a6700,color:#1f2328",
    "handoff": "fill:#ffeff7,stroke:#bf3989,color:#1f2328",
    "end": "fill:#424a53,stroke:#1f2328,color:#ffffff,stroke-width:3px",
    "inner": "fill:#d0d7de,stroke:#57606a,color:#1f2328,stroke-width:3px",
    "any": "fill:#ffffff,stroke:#57606a,color:#1f2328,stroke-dasharray:4 3",
}
"""Fill, border and text of each kind: dark on light, so that it is read on a dark page too."""

MOST_LINES = 6
"""Lines of one label or note: more is no label, and the tables have them all."""


def mermaid(flat: FlatFlow, *, colours: Mapping[str, str] | None = None, labels: Mapping[str, str] | None = None) -> str:
    """The flow as Mermaid: sub-flows and groups as composite states, rows of ``any`` state once.

    Args:
        flat: The flow.
        colours: Borders by id of a state (:class:`~fsm_agents.flows.draw.names.Ids`): ``#1a7f37``. Mermaid knows no colour of an arrow.
        labels: Text put behind a state's name or a row's label, by id: ``×12``.

    Raises:
        MisuseError: a colour is none.
    """
    drawn, added, borders = picture(flat), labels or {}, checked_colours(colours)
    title = short(drawn.name, 80).translate({ord("<"): "(", ord(">"): ")", ord("&"): "+"})  # a title knows no entities
    lines = ["---", f"title: {json.dumps(title)}", "---", "stateDiagram-v2"]
    for part in drawn.parts:
        lines += (f"    {line}" for line in _part(part, added))
    nodes = list(drawn.nodes())
    lines += [f"    [*] --> {node.id}" for node in nodes if node.start]
    lines += [f"    {_arrow(arrow, added)}" for arrow in drawn.arrows]
    lines += [f"    {node.id} --> [*]" for node in nodes if node.kind == "end"]
    lines += [f"    {line}" for line in _classes(nodes, borders)]
    return "\n".join(lines) + "\n"


def _part(part: Node | Box, added: Mapping[str, str]) -> Iterator[str]:
    if isinstance(part, Box):
        yield f'state "{_escape(part.title)}" as {part.id} {{'
        for inner in part.inside:
            yield from (f"    {line}" for line in _part(inner, added))
        yield "}"
        return
    yield f'state "{_escape(_with(part.title, part.id, added))}" as {part.id}'
    if part.about:
        yield f"{part.id}: {_escape(part.about)}"
    yield from (f"{part.id}: {text}" for text in _texts(part.lines, added))


def _arrow(arrow: Arrow, added: Mapping[str, str]) -> str:
    text = "<br>".join(f"visit {each}" if arrow.visit else each for each in _texts(arrow.lines, added))
    return f"{arrow.source} --> {arrow.dest}" + (f": {text}" if text else "")


def _texts(lines: Iterable[Line], added: Mapping[str, str]) -> list[str]:
    texts = [_escape(_with(line.text, line.row, added)) for line in lines]
    more = len(texts) - MOST_LINES
    return [*texts[:MOST_LINES], f"+{more} more"] if more > 1 else texts


def _with(text: str, key: str, added: Mapping[str, str]) -> str:
    return f"{text} {clean(added[key])}" if key in added else text


def _classes(nodes: list[Node], colours: Mapping[str, str]) -> Iterator[str]:
    for kind, look in _LOOKS.items():
        found = [node.id for node in nodes if node.kind == kind]
        if found:
            yield f"classDef {kind}State {look}"
            yield f"class {','.join(found)} {kind}State"
    for number, colour in enumerate(dict.fromkeys(colours.values())):
        found = [node.id for node in nodes if colours.get(node.id) == colour]
        if found:
            yield f"classDef own{number} stroke:{colour},stroke-width:4px"
            yield f"class {','.join(found)} own{number}"


def _escape(text: str) -> str:
    """Text that stays itself: a backslash would be a line break, a backtick Markdown, two dollars a formula."""
    text = escape(text)
    for sign in "\\`$":
        text = text.replace(sign, f"#{ord(sign)};")
    return text
