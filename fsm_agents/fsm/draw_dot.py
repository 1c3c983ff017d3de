"""A table in Graphviz's language, and, with the extra ``[diagrams]``, as SVG or PNG. Ids and classes survive into the SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fsm_agents.errors import MissingExtra
from fsm_agents.fsm.draw_picture import Arrow, Box, Node, Picture, picture
from fsm_agents.fsm.draw_words import Marks, row_id
from fsm_agents.fsm.table import StateTable

__all__ = ["attributes", "dot", "png", "quote", "render", "svg"]

TAKEN, MISSED = "#1a7f37", "#c0392b"
"""The colours of a row that was taken and of one that was not, in a drawing with marks."""


def dot(table: StateTable[Any, Any], marks: Marks | None = None) -> str:
    """The table in DOT: states ``s_running``, groups ``g_…`` as clusters, notes ``n_…``, arrows ``r_07``.

    A row with several arrows numbers them ``r_07_1``, ``r_07_2``; all have the class ``r_07``, so one selector finds a row in the
    SVG.

    Args:
        table: The table.
        marks: Counts: what was taken is green, what was not is red and dashed.
    """
    drawn = picture(table)
    lines = [f"digraph {quote(table.name)} {{"]
    lines += [f"  {line}" for line in _body(drawn, marks)]
    return "\n".join([*lines, "}"]) + "\n"


def svg(table: StateTable[Any, Any], marks: Marks | None = None) -> str:
    """The table as SVG, laid out by Graphviz.

    The layout may differ between versions of Graphviz: make it when asked, do not commit it.

    Raises:
        MissingExtra: the extra ``[diagrams]`` is not installed.
    """
    return render(dot(table, marks), "svg", "svg()").decode("utf-8")


def png(table: StateTable[Any, Any], marks: Marks | None = None) -> bytes:
    """The table as a PNG picture, laid out by Graphviz.

    Raises:
        MissingExtra: the extra ``[diagrams]`` is not installed.
    """
    return render(dot(table, marks), "png", "png()")


def render(text: str, form: str, needs: str) -> bytes:
    """Text in DOT, laid out by Graphviz: ``form`` is ``svg`` or ``png``.

    Raises:
        MissingExtra: the extra ``[diagrams]`` is not installed; ``needs`` names what asked for it.
    """
    try:
        from pygraphviz import AGraph
    except ImportError as missing:
        raise MissingExtra("diagrams", needs, "its wheels bring Graphviz along; mermaid() and dot() need nothing") from missing
    drawn: Any = AGraph(string=text).draw(None, format=form, prog="dot")
    return bytes(drawn)


def _body(drawn: Picture, marks: Marks | None) -> Iterator[str]:
    font = {"fontname": "Helvetica"}
    yield attributes(
        "graph", {"label": drawn.name, "labelloc": "t", "compound": "true", "nodesep": "0.45", "ranksep": "0.6", **font}
    )
    yield attributes("node", {"shape": "box", "style": "rounded", "fontsize": "11", **font})
    yield attributes("edge", {"fontsize": "9", **font})
    for part in drawn.parts:
        yield from _part(part, marks)
    yield attributes("start", {"shape": "point", "id": "start", "label": ""})
    yield from (f"start -> {node.id};" for node in drawn.nodes() if node.start)
    boxes = drawn.boxes()
    for arrow in drawn.arrows:
        yield _arrow(arrow, boxes, marks)


def _part(part: Node | Box, marks: Marks | None) -> Iterator[str]:
    if isinstance(part, Box):
        yield f"subgraph cluster_{part.id} {{"
        yield f"  id={quote(part.id)}; label={quote(part.title)}; style=rounded;"
        for inner in part.inside:
            yield from (f"  {line}" for line in _part(inner, marks))
        yield "}"
        return
    label = quote(part.title)
    if part.lines:
        lines = "".join(_plain(line.label + _times(line.row, marks)) + r"\l" for line in part.lines)
        label = f'"{_plain(part.title)}\\n{lines}"'
    look = {"shape": "note", "style": "dashed"} if part.note else {}
    look |= {"peripheries": "2"} if part.final else {}
    if marks and not part.note:
        rested = marks.states.get(part.title)
        look |= {"color": TAKEN} if rested else {"color": MISSED, "style": "rounded,dashed"}
    yield attributes(part.id, {"id": part.id, "tooltip": part.meaning or part.title, **look}, label=label)


def _arrow(arrow: Arrow, boxes: dict[str, Box], marks: Marks | None) -> str:
    """An arrow of a box is drawn at its first state and cut at its border (``compound``)."""
    look = {"label": arrow.label + _times(arrow.row, marks), "id": arrow.id, "class": row_id(arrow.row)}
    if marks:
        look |= {"color": TAKEN} if marks.rows.get(arrow.row) else {"color": MISSED, "style": "dashed"}
    source, dest = arrow.source, arrow.dest
    if source in boxes:
        source, look["ltail"] = boxes[source].start, f"cluster_{source}"
    if dest in boxes:
        dest, look["lhead"] = boxes[dest].start, f"cluster_{dest}"
    return attributes(f"{source} -> {dest}", look)


def _times(row: int, marks: Marks | None) -> str:
    return f" ×{marks.rows.get(row, 0)}" if marks else ""


def attributes(what: str, given: Mapping[str, str], *, label: str = "") -> str:
    """One statement; ``label`` is quoted already, because it holds line ends."""
    quoted = {**({"label": label} if label else {}), **{key: quote(value) for key, value in given.items()}}
    return f"{what} [{', '.join(f'{key}={value}' for key, value in quoted.items())}];"


def quote(text: str) -> str:
    """A string of DOT: on one line, in quotes."""
    return f'"{_plain(text)}"'


def _plain(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace('"', '\\"').split())
