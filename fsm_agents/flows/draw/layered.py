"""A flow as SVG without Graphviz: states in layers from the start downwards, arrows as curves. Same ids and classes as Graphviz's SVG.

No copy of Graphviz: boxes of sub-flows are not drawn (each state says where it stands), and an arrow may pass behind a state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import attrs

from fsm_agents.flows.draw.cells import clean, short
from fsm_agents.flows.draw.names import checked_colours
from fsm_agents.flows.draw.picture import Arrow, Box, Node, Picture, picture
from fsm_agents.flows.machine.flat import FlatFlow

__all__ = ["layered"]

GAP, LINE, RISE = 34, 13, 74
"""Pixels: between states of a layer, the height of a line, between layers."""

SWEEPS = 6
"""How often the order inside the layers is improved; more changes little."""

Texts = Mapping[str, str]


@attrs.define
class _Spot:
    """A state with its place: the middle of its top, its size; ``inside`` names the boxes it stands in."""

    node: Node
    inside: str
    words: tuple[str, ...]
    layer: int = 0
    x: float = 0.0
    y: float = 0.0

    @property
    def width(self) -> float:
        return max(70.0, 20 + max(7.6 * len(self.node.title), *(6.2 * len(word) for word in self.words), 0))

    @property
    def height(self) -> float:
        return 24.0 + LINE * len(self.words)


def layered(flat: FlatFlow, *, colours: Texts | None = None, labels: Texts | None = None) -> str:
    """The flow as one ``<svg>`` element; the arguments are those of :func:`fsm_agents.flows.draw.dot.dot`.

    Raises:
        MisuseError: a colour is none.
    """
    drawn, tint, added = picture(flat), checked_colours(colours), labels or {}
    spots = {spot.node.id: spot for spot in _spots(drawn.parts, "", added)}
    _lay(drawn, spots)
    width = max((spot.x + spot.width / 2 for spot in spots.values()), default=0) + 60
    height = max((spot.y + spot.height for spot in spots.values()), default=0) + 40
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">']
    lines.append(f"<title>{escape(drawn.name)}</title>")
    lines.append('<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">')
    lines.append('<path d="M0 0L8 4L0 8z" fill="#8c959f"/></marker>')
    lines += [_arrow(arrow, spots, tint, added) for arrow in drawn.arrows]
    lines += [_node(spot, tint) for spot in spots.values()]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _spots(parts: Iterable[Node | Box], inside: str, added: Texts) -> Iterable[_Spot]:
    for part in parts:
        if isinstance(part, Box):
            yield from _spots(part.inside, " › ".join(filter(None, (inside, part.title))), added)
        else:
            words = [inside] if inside else []
            words += [part.about] if part.about else []
            words += [short(_with(line.text, line.row, added), 40) for line in part.lines]
            title = _with(part.title, part.id, added)
            yield _Spot(attrs.evolve(part, title=title), inside, tuple(words))


def _lay(drawn: Picture, spots: Mapping[str, _Spot]) -> None:
    """Give every state its place: the layer is the longest way from a start, the order in it that of its neighbours."""
    ways = [(a.dest, a.source) if a.id in drawn.returns else (a.source, a.dest) for a in drawn.arrows]
    for _ in range(len(spots)):
        moved = False
        for source, dest in ways:
            if spots[dest].layer <= spots[source].layer < len(spots):
                spots[dest].layer, moved = spots[source].layer + 1, True
        if not moved:
            break
    layers: dict[int, list[_Spot]] = {}
    for spot in spots.values():
        layers.setdefault(spot.layer, []).append(spot)
    near: dict[str, list[str]] = {}
    for source, dest in ways:
        near.setdefault(source, []).append(dest)
        near.setdefault(dest, []).append(source)
    for sweep in range(SWEEPS):
        for layer in sorted(layers, reverse=bool(sweep % 2)):
            row = layers[layer]
            row.sort(key=lambda spot: _middle(spot, near, spots))
            _spread(row)
    _settle(layers)


def _middle(spot: _Spot, near: Mapping[str, list[str]], spots: Mapping[str, _Spot]) -> float:
    around = [spots[key].x for key in near.get(spot.node.id, ())]
    return sum(around) / len(around) if around else spot.x


def _spread(row: list[_Spot]) -> None:
    """The states of a layer side by side, around the middle."""
    left = -(sum(spot.width for spot in row) + GAP * (len(row) - 1)) / 2
    for spot in row:
        spot.x, left = left + spot.width / 2, left + spot.width + GAP


def _settle(layers: Mapping[int, list[_Spot]]) -> None:
    least = min((spot.x - spot.width / 2 for row in layers.values() for spot in row), default=0.0)
    top = 20.0
    for layer in sorted(layers):
        for spot in layers[layer]:
            spot.x, spot.y = spot.x - least + 60, top
        top += max(spot.height for spot in layers[layer]) + RISE


def _arrow(arrow: Arrow, spots: Mapping[str, _Spot], tint: Texts, added: Texts) -> str:
    start, end = spots[arrow.source], spots[arrow.dest]
    down = start.layer < end.layer
    y1, y2 = (start.y + start.height, end.y - 3) if down else (start.y, end.y + end.height + 3)
    bend = RISE * 0.6 * (1 if down else -1)
    side = 0 if down else 46  # what leads back passes beside what leads on
    path = f"M{start.x:.0f} {y1:.0f}C{start.x + side:.0f} {y1 + bend:.0f} {end.x + side:.0f} {y2 - bend:.0f} {end.x:.0f} {y2:.0f}"
    x, y = (0.35 * end.x + 0.65 * start.x + 0.7 * side), 0.65 * y1 + 0.35 * y2
    rows = list(dict.fromkeys(line.row for line in arrow.lines))
    colour = next((tint[row] for row in rows if row in tint), "")
    words = [_with(line.text, line.row, added) for line in arrow.lines]
    shown = [short(word, 30) for word in words[:2]] + ([f"+{len(words) - 2}"] if len(words) > 2 else [])  # noqa: PLR2004 - two are shown
    text = "".join(f'<tspan x="{x:.0f}" dy="{LINE if place else 0}">{escape(word)}</tspan>' for place, word in enumerate(shown))
    look = f'stroke="{colour}" stroke-width="2.2"' if colour else 'stroke="#8c959f"'
    dashed = ' stroke-dasharray="5 3"' if arrow.visit else ""
    classes = " ".join(["edge", *rows, *(["coloured"] if colour else [])])
    return (
        f'<g id="{arrow.id}" class="{classes}"><title>{escape(chr(10).join(words))}</title>'
        f'<path d="{path}" fill="none" {look}{dashed} marker-end="url(#tip)"/>'
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="10" text-anchor="middle">{text}</text></g>'
    )


def _node(spot: _Spot, tint: Texts) -> str:
    node, left = spot.node, spot.x - spot.width / 2
    colour = tint.get(node.id, "")
    look = f' stroke="{colour}" stroke-width="3"' if colour else ' stroke="#57606a"'
    classes = " ".join(["node", node.kind, *(["coloured"] if colour else [])])
    rows = [f'<tspan x="{spot.x:.0f}" dy="{LINE}" font-size="10" font-weight="400">{escape(word)}</tspan>' for word in spot.words]
    words = f'<tspan x="{spot.x:.0f}">{escape(node.title)}</tspan>{"".join(rows)}'
    shape = f'<rect x="{left:.0f}" y="{spot.y:.0f}" width="{spot.width:.0f}" height="{spot.height:.0f}" rx="7" fill="#f6f8fa"{look}/>'
    text = f'<text x="{spot.x:.0f}" y="{spot.y + 16:.0f}" font-size="12" font-weight="600" text-anchor="middle">{words}</text>'
    return f'<g id="{node.id}" class="{classes}"><title>{escape(node.says or node.title)}</title>{shape}{text}</g>'


def _with(text: str, key: str, added: Texts) -> str:
    return f"{text} {clean(added[key])}" if key in added else text
