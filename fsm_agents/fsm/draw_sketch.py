"""A table as SVG without Graphviz: states on an oval, arrows bent between them, each row by its number.

Rejected: a layered layout in pure Python. Ours would be a poor copy of Graphviz, whereas on an oval no arrow can run through a
    state. The sketch is small, needs nothing, and keeps its ids, so a page can light up the state and the row of a running
    session.
"""

from __future__ import annotations

import math
from html import escape
from typing import Any

import attrs

from fsm_agents.fsm.draw_picture import Arrow, Node, Picture, picture
from fsm_agents.fsm.draw_words import Marks, row_id
from fsm_agents.fsm.table import StateTable

__all__ = ["STYLE", "sketch"]

STYLE = """
.state rect { fill: #fff; stroke: #30363d; stroke-width: 1.4 } .state text, .row text { font: 12px sans-serif; text-anchor: middle
} .state.final rect { stroke-width: 3 } .state.note rect { stroke-dasharray: 5 3; fill: #f6f8fa } .state .stay { font-size: 9px;
fill: #57606a } .row path { fill: none; stroke: #8c959f; marker-end: url(#tip) } .row text { font-size: 9px; fill: #57606a;
paint-order: stroke; stroke: #fff; stroke-width: 3px } .taken path, .taken rect { stroke: #1a7f37 } .missed path, .missed rect {
stroke: #c0392b; stroke-dasharray: 5 3 } .active rect { fill: #dafbe1; stroke: #1a7f37 } .last path { stroke: #1a7f37;
stroke-width: 2.5 } .armed rect { stroke: #bf8700 }
"""
"""The look of a sketch. ``active``, ``last`` and ``armed`` are for a page that follows a session."""

HEIGHT = 40


@attrs.frozen
class _Spot:
    """Where a node is: its middle and its width, in pixels."""

    x: float
    y: float
    width: float

    def edge(self, x: float, y: float) -> tuple[float, float]:
        """The point of the border on the way to (x, y)."""
        dx, dy = x - self.x, y - self.y
        reach = max(abs(dx) / (self.width / 2 + 3), abs(dy) / (HEIGHT / 2 + 3)) or 1.0
        return self.x + dx / reach, self.y + dy / reach


def sketch(table: StateTable[Any, Any], marks: Marks | None = None, *, prefix: str = "") -> str:
    """The table as one ``<svg>`` element.

    Every state is a ``<g id="s_…">``, every arrow a ``<g class="row r_07">``: arrows between the same two states share one line.

    Args:
        table: The table.
        marks: Counts: what was taken is green, what was not is red and dashed.
        prefix: Put before every id and row class, for a page with several tables.
    """
    drawn = picture(table)
    nodes = [*drawn.nodes(), *_sources(drawn)]
    spots, width, height = _oval(nodes)
    ends = {key: box.start for key, box in drawn.boxes().items()}
    shared: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in drawn.arrows:
        shared.setdefault((arrow.source, ends.get(arrow.dest, arrow.dest)), []).append(arrow)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">']
    lines += [f"<title>{escape(table.name)}</title>", f"<style>{STYLE}</style>"]
    lines.append('<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">')
    lines.append('<path d="M0 0L8 4L0 8z" fill="#8c959f"/></marker>')
    lines += [_arrow(found, spots[source], spots[dest], marks, prefix) for (source, dest), found in shared.items()]
    lines += [_node(node, spots[node.id], marks, prefix) for node in nodes]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _sources(drawn: Picture) -> list[Node]:
    """A group that rows start from, as a note of its own beside its states."""
    starts = {arrow.source for arrow in drawn.arrows}
    return [
        Node(key, box.title, f"{box.title}: {', '.join(node.title for node in box.leaves())}", note=True)
        for key, box in drawn.boxes().items()
        if key in starts
    ]


def _oval(nodes: list[Node]) -> tuple[dict[str, _Spot], int, int]:
    widths = [max(64, 8 * len(node.title) + 20, 17 * len(node.lines) + 44) for node in nodes]
    broad, count = max(widths, default=64), len(nodes)
    radius_x, radius_y = max(200, round(broad * count * 0.2)), max(120, 34 * count)
    spots = {}
    for place, (node, width) in enumerate(zip(nodes, widths, strict=True)):
        turn = 2 * math.pi * place / count - math.pi / 2
        spots[node.id] = _Spot(
            radius_x * math.cos(turn) + radius_x + broad, radius_y * math.sin(turn) + radius_y + 2 * HEIGHT, width
        )
    return spots, 2 * (radius_x + broad), 2 * (radius_y + 2 * HEIGHT)


def _arrow(arrows: list[Arrow], start: _Spot, end: _Spot, marks: Marks | None, prefix: str) -> str:
    path, x, y = _loop(start) if start == end else _bend(start, end)
    rows = list(dict.fromkeys(arrow.row for arrow in arrows))
    seen = [] if marks is None else _seen(sum(marks.rows.get(row, 0) for row in rows))
    classes = " ".join(["row", *(prefix + row_id(row) for row in rows), *seen])
    said = escape("\n".join(f"{row_id(arrow.row)} {arrow.label}" for arrow in arrows))
    label = f'<text x="{x}" y="{y}">{" ".join(f"{row:02d}" for row in rows)}</text>'
    return f'<g class="{classes}"><title>{said}</title><path d="{path}"/>{label}</g>'


def _loop(spot: _Spot) -> tuple[str, int, int]:
    x, y = round(spot.x), round(spot.y - HEIGHT / 2)
    return f"M{x - 14} {y}C{x - 26} {y - 34} {x + 26} {y - 34} {x + 14} {y - 3}", x, y - 28


def _bend(start: _Spot, end: _Spot) -> tuple[str, int, int]:
    """A curve to the right of the straight way, so that there and back are two lines; the label stands before the middle."""
    dx, dy = end.x - start.x, end.y - start.y
    bow_x, bow_y = (start.x + end.x) / 2 - dy * 0.14, (start.y + end.y) / 2 + dx * 0.14
    (x1, y1), (x2, y2) = start.edge(bow_x, bow_y), end.edge(bow_x, bow_y)
    label_x, label_y = (0.4225 * a + 0.455 * b + 0.1225 * c for a, b, c in ((x1, bow_x, x2), (y1, bow_y, y2)))
    curve = f"M{round(x1)} {round(y1)}Q{round(bow_x)} {round(bow_y)} {round(x2)} {round(y2)}"
    return curve, round(label_x), round(label_y)


def _node(node: Node, spot: _Spot, marks: Marks | None, prefix: str) -> str:
    kinds = [word for word, holds in (("start", node.start), ("final", node.final), ("note", node.note)) if holds]
    seen = [] if marks is None or node.note else _seen(marks.states.get(node.title, 0))
    x, y, left = round(spot.x), round(spot.y), round(spot.x - spot.width / 2)
    said = "\n".join([node.meaning or node.title, *(f"{row_id(line.row)} {line.label}" for line in node.lines)])
    title = f'<text x="{x}" y="{y + (0 if node.lines else 4)}">{escape(node.title)}</text>'
    stays = " ".join(f'<tspan class="{prefix}{row_id(line.row)}">{line.row:02d}</tspan>' for line in node.lines)
    stays = f'<text class="stay" x="{x}" y="{y + 14}">rows {stays}</text>' if node.lines else ""
    size = f'width="{round(spot.width)}" height="{HEIGHT}" rx="{0 if node.note else 9}"'
    box = f'<rect x="{left}" y="{y - HEIGHT // 2}" {size}/>'
    classes = " ".join(["state", *kinds, *seen])
    return f'<g id="{prefix}{node.id}" class="{classes}"><title>{escape(said)}</title>{box}{title}{stays}</g>'


def _seen(times: int) -> list[str]:
    return ["taken" if times else "missed"]
