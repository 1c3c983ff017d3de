"""A flow as SVG without Graphviz: states in layers from the start downwards, arrows as curves between them. Ids and classes are Graphviz's.

No copy of Graphviz: boxes of sub-flows are not drawn (each state says where it stands), and labels may touch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from html import escape

import attrs

from fsm_agents.flows.draw.cells import clean, short
from fsm_agents.flows.draw.names import checked_colours
from fsm_agents.flows.draw.picture import Arrow, Box, Node, Picture, picture
from fsm_agents.flows.machine.flat import FlatFlow

__all__ = ["layered"]

GAP, LINE, RISE, EDGE = 34, 13, 78, 40
"""Pixels: between states of a layer, the height of a line, between layers, around it all."""

SWEEPS = 8
"""How often the order inside the layers is improved; more changes little."""

SHOWN = 2
"""Rows named at one arrow; its title has them all."""

Texts = Mapping[str, str]


@attrs.define(eq=False)
class _Spot:
    """A place in a layer: that of a state, or one where a long arrow passes between states (no ``node``)."""

    layer: int = 0
    node: Node | None = None
    title: str = ""
    words: tuple[str, ...] = ()
    x: float = 0.0
    y: float = 0.0
    near: list[_Spot] = attrs.field(factory=list)

    @property
    def width(self) -> float:
        if self.node is None:
            return 10.0
        return max(70.0, 20 + 7.6 * len(self.title), *(20 + 6.2 * len(word) for word in self.words))

    @property
    def height(self) -> float:
        return 24.0 + LINE * len(self.words)


def layered(flat: FlatFlow, *, colours: Texts | None = None, labels: Texts | None = None) -> str:
    """The flow as one ``<svg>`` element; the arguments are those of :func:`fsm_agents.flows.draw.dot.dot`.

    Raises:
        MisuseError: a colour is none.
    """
    drawn = picture(flat)
    write = _Writer(checked_colours(colours), labels or {})
    spots = {spot.node.id: spot for spot in write.spots(drawn.parts, "") if spot.node is not None}
    ways, width, height = _lay(drawn, spots)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">'
    ]
    lines.append(f"<title>{escape(drawn.name)}</title>")
    lines.append(
        '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="8" markerHeight="8"'
    )
    lines.append(' orient="auto"><path d="M0 0L8 4L0 8z" fill="#8c959f"/></marker>')
    met: dict[str, int] = {}
    for arrow, way in zip(drawn.arrows, ways, strict=True):
        met[arrow.source] = met.get(arrow.source, -1) + 1
        lines.append(write.arrow(arrow, way, met[arrow.source]))
    lines += [write.node(spot) for spot in spots.values()]
    return "\n".join([*lines, "</svg>"]) + "\n"


# --- places -----------------------------------------------------------------------------------------------------------------------------


def _lay(drawn: Picture, spots: Mapping[str, _Spot]) -> tuple[list[list[_Spot]], float, float]:
    """Give every state its place: the layer is the longest way from a start, the order in it that of its neighbours.

    Returns:
        For each arrow the spots it passes, from its source to its end; and the size of it all.
    """
    ends = [(arrow.dest, arrow.source) if arrow.id in drawn.returns else (arrow.source, arrow.dest) for arrow in drawn.arrows]
    _layers(ends, spots)
    layers: dict[int, list[_Spot]] = {}
    for spot in spots.values():
        layers.setdefault(spot.layer, []).append(spot)
    ways = []
    for arrow, (first, last) in zip(drawn.arrows, ends, strict=True):
        way = [spots[first], *(_Spot(layer) for layer in range(spots[first].layer + 1, spots[last].layer)), spots[last]]
        for spot in way[1:-1]:
            layers[spot.layer].append(spot)
        for one, other in itertools.pairwise(way):
            one.near.append(other)
            other.near.append(one)
        ways.append(way if first == arrow.source else way[::-1])
    for sweep in range(SWEEPS):
        for layer in sorted(layers, reverse=bool(sweep % 2)):
            layers[layer].sort(key=lambda spot: sum(each.x for each in spot.near) / len(spot.near) if spot.near else spot.x)
            _spread(layers[layer])
    return ways, *_settle(layers)


def _layers(ends: list[tuple[str, str]], spots: Mapping[str, _Spot]) -> None:
    """The ways lead downwards only (those that lead back are turned round), so this ends."""
    ahead: dict[str, list[str]] = {}
    waits = dict.fromkeys(spots, 0)
    for first, last in ends:
        ahead.setdefault(first, []).append(last)
        waits[last] += 1
    ready = [key for key, count in waits.items() if not count]
    while ready:
        key = ready.pop()
        for other in ahead.get(key, ()):
            spots[other].layer = max(spots[other].layer, spots[key].layer + 1)
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)


def _spread(row: list[_Spot]) -> None:
    """The spots of a layer side by side, around the middle."""
    left = -(sum(spot.width for spot in row) + GAP * (len(row) - 1)) / 2
    for spot in row:
        spot.x, left = left + spot.width / 2, left + spot.width + GAP


def _settle(layers: Mapping[int, list[_Spot]]) -> tuple[float, float]:
    """Everything to the right of and below the corner; the size of it all."""
    every = [spot for row in layers.values() for spot in row]
    least = min(spot.x - spot.width / 2 for spot in every)
    top = EDGE / 2
    for layer in sorted(layers):
        for spot in layers[layer]:
            spot.x, spot.y = spot.x - least + EDGE, top
        top += max(spot.height for spot in layers[layer]) + RISE
    return max(spot.x + spot.width / 2 for spot in every) + EDGE, top - RISE + EDGE


# --- writing ----------------------------------------------------------------------------------------------------------------------------


class _Writer:
    def __init__(self, colours: Texts, labels: Texts) -> None:
        self.colours, self.labels = colours, labels

    def spots(self, parts: Iterable[Node | Box], inside: str) -> Iterator[_Spot]:
        """A spot for each state; ``inside`` names the boxes it stands in."""
        for part in parts:
            if isinstance(part, Box):
                yield from self.spots(part.inside, " / ".join(filter(None, (inside, part.title))))
            else:
                lines = [short(self._with(line.text, line.row), 40) for line in part.lines]
                yield _Spot(0, part, self._with(part.title, part.id), tuple(filter(None, (inside, part.about, *lines))))

    def arrow(self, arrow: Arrow, way: list[_Spot], place: int) -> str:
        """A curve through the spots of the way, with its label on the first piece: each further one of a state (``place``) lower."""
        down = way[0].layer < way[-1].layer
        points = [(spot.x, spot.y + spot.height / 2) for spot in way]
        points[0] = way[0].x, way[0].y + (way[0].height if down else 0)
        points[-1] = way[-1].x, way[-1].y + (-2 if down else way[-1].height + 2)
        path = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            bend = (y2 - y1) / 2
            path += f"C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"
        rows = list(dict.fromkeys(line.row for line in arrow.lines))
        colour = next((self.colours[row] for row in rows if row in self.colours), "")
        look = f'stroke="{colour}" stroke-width="2.2"' if colour else 'stroke="#8c959f"'
        dashed = ' stroke-dasharray="5 3"' if arrow.visit else ""
        classes = " ".join(["edge", *rows, f"from-{arrow.source}", f"to-{arrow.dest}", *(["coloured"] if colour else [])])
        said = [self._with(line.text, line.row) for line in arrow.lines]
        return (
            f'<g id="{arrow.id}" class="{classes}"><title>{escape(chr(10).join(said))}</title>'
            f'<path d="{path}" fill="none" {look}{dashed} marker-end="url(#tip)"/>'
            f"{_label(said, points[0], points[1], 0.3 + 0.2 * (place % 3))}</g>"
        )

    def node(self, spot: _Spot) -> str:
        """A state."""
        node = spot.node
        assert node is not None  # noqa: S101 - spots of arrows are not written
        colour = self.colours.get(node.id, "")
        look = f'stroke="{colour}" stroke-width="3"' if colour else 'stroke="#57606a"'
        classes = " ".join(["node", node.kind, *(["coloured"] if colour else [])])
        x, y = f"{spot.x:.0f}", f"{spot.y:.0f}"
        rows = [f'<tspan x="{x}" dy="{LINE}" font-size="10" font-weight="400">{escape(word)}</tspan>' for word in spot.words]
        size = f'x="{spot.x - spot.width / 2:.0f}" y="{y}" width="{spot.width:.0f}" height="{spot.height:.0f}" rx="7"'
        words = f'<tspan x="{x}">{escape(spot.title)}</tspan>{"".join(rows)}'
        return (
            f'<g id="{node.id}" class="{classes}"><title>{escape(node.says or node.title)}</title><rect {size} fill="#f6f8fa" {look}/>'
            f'<text x="{x}" y="{spot.y + 16:.0f}" font-size="12" font-weight="600" text-anchor="middle">{words}</text></g>'
        )

    def _with(self, text: str, key: str) -> str:
        return f"{text} {clean(self.labels[key])}" if key in self.labels else text


def _label(said: list[str], start: tuple[float, float], end: tuple[float, float], share: float) -> str:
    x, y = (one + share * (other - one) for one, other in zip(start, end, strict=True))
    shown = [short(word, 30) for word in said[:SHOWN]]
    shown += [f"+{len(said) - SHOWN}"] if len(said) > SHOWN else []
    lines = "".join(f'<tspan x="{x:.0f}" dy="{LINE if place else 0}">{escape(word)}</tspan>' for place, word in enumerate(shown))
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="10" text-anchor="middle">{lines}</text>'
