"""A flow in Graphviz's language, and, with the extra ``[diagrams]``, as SVG or PNG. Ids and classes survive into the SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from fsm_agents.flows.draw.cells import clean, short
from fsm_agents.flows.draw.names import checked_colours
from fsm_agents.flows.draw.picture import Arrow, Box, Kind, Line, Node, picture
from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.fsm.draw_dot import attributes, quote, render

__all__ = ["dot", "png", "svg"]

_LOOKS: Mapping[Kind, Mapping[str, str]] = {
    "ask": {"fillcolor": "#ddf4ff", "color": "#0969da"},
    "say": {"fillcolor": "#f6f8fa", "color": "#57606a"},
    "talk": {"fillcolor": "#fbefff", "color": "#8250df"},
    "tool": {"fillcolor": "#fff8c5", "color": "#9a6700", "shape": "component", "style": "filled"},
    "handoff": {"fillcolor": "#ffeff7", "color": "#bf3989", "shape": "cds", "style": "filled", "margin": "0.2,0.12"},
    "end": {"fillcolor": "#424a53", "color": "#424a53", "fontcolor": "#ffffff", "peripheries": "2"},
    "inner": {"fillcolor": "#d0d7de", "color": "#57606a", "peripheries": "2"},
    "any": {"fillcolor": "#ffffff", "color": "#57606a", "shape": "note", "style": "filled,dashed"},
}
_DIM = "#57606a"
MOST_LINES = 8
"""Rows named at one arrow or in one node; the page and the tables have them all."""

Texts = Mapping[str, str]


def dot(flat: FlatFlow, *, colours: Texts | None = None, labels: Texts | None = None) -> str:
    """The flow in DOT: states ``s_…``, sub-flows and groups as clusters ``g_…``, arrows ``r_07``.

    Several rows between the same two states share one arrow: its id is that of the first (``r_07``, then ``r_07__2``), and it has
    the class of each, so that one selector finds a row in the SVG; ``from-s_…`` and ``to-s_…`` find the arrows of a state.

    Args:
        flat: The flow.
        colours: By id of a state or row (:class:`~fsm_agents.flows.draw.names.Ids`): ``#1a7f37`` or a colour's name.
        labels: Text put behind a state's name or a row's label, by id: ``×12``.

    Raises:
        MisuseError: a colour is none.
    """
    drawn, marks = picture(flat), _Marks(checked_colours(colours), labels or {})
    lines = [f"digraph {quote(drawn.name)} {{"]
    lines += [f"  {line}" for line in _head(short(drawn.name, 80))]
    for part in drawn.parts:
        lines += (f"  {line}" for line in marks.part(part))
    starts = [node.id for node in drawn.nodes() if node.start]
    lines += ["  " + attributes("start", {"shape": "point", "id": "start", "width": "0.16"}, label='""')]
    lines += [f"  start -> {key};" for key in starts]
    notes = {node.id for node in drawn.nodes() if node.kind == "any"}
    lines += [f"  {marks.arrow(arrow, apart=arrow.source in notes, up=arrow.id in drawn.returns)}" for arrow in drawn.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def svg(flat: FlatFlow, *, colours: Texts | None = None, labels: Texts | None = None) -> str:
    """The flow as SVG, laid out by Graphviz; the arguments are those of :func:`dot`.

    Raises:
        MissingExtra: the extra ``[diagrams]`` is not installed.
    """
    return render(dot(flat, colours=colours, labels=labels), "svg", "svg()").decode("utf-8")


def png(flat: FlatFlow, *, colours: Texts | None = None, labels: Texts | None = None) -> bytes:
    """The flow as a PNG picture, laid out by Graphviz; the arguments are those of :func:`dot`.

    Raises:
        MissingExtra: the extra ``[diagrams]`` is not installed.
    """
    return render(dot(flat, colours=colours, labels=labels), "png", "png()")


def _head(name: str) -> Iterator[str]:
    font = {"fontname": "Helvetica"}
    look = {"labelloc": "t", "labeljust": "l", "newrank": "true", "nodesep": "0.35", "ranksep": "0.5", "fontsize": "16", **font}
    yield attributes("graph", look, label=f"<{_html(name)}>")
    yield attributes("node", {"shape": "box", "style": "rounded,filled", "fontsize": "12", "margin": "0.14,0.07", **font})
    yield attributes("edge", {"fontsize": "10", "color": "#8c959f", "arrowsize": "0.7", **font})


class _Marks:
    """Writes parts with what is counted of them."""

    def __init__(self, colours: Texts, labels: Texts) -> None:
        self.colours, self.labels = colours, labels

    def part(self, part: Node | Box) -> Iterator[str]:
        if isinstance(part, Box):
            yield f"subgraph cluster_{part.id} {{"
            yield f"  id={quote(part.id)}; label=<{_html(part.title)}>; labeljust=l; labelloc=t; style={quote('rounded,dashed')};"
            yield f"  color={quote('#8c959f')}; fontsize=12; fontcolor={quote(_DIM)};"
            for inner in part.inside:
                yield from (f"  {line}" for line in self.part(inner))
            yield "}"
            return
        look = {
            "id": part.id,
            "class": part.kind,
            "tooltip": (part.says or part.title).replace("&", "&amp;"),
            **_LOOKS[part.kind],
        }
        if colour := self.colours.get(part.id):
            look |= {"color": colour, "penwidth": "3", "class": f"{part.kind} coloured"}
        yield attributes(part.id, look, label=f"<{self._words(part)}>")

    def arrow(self, arrow: Arrow, *, apart: bool, up: bool) -> str:
        """An arrow; dotted if it is that of a note (``apart``). One that leads back (``up``) is laid out the other way round."""
        rows = dict.fromkeys(line.row for line in arrow.lines)
        look = {"id": arrow.id, "class": " ".join([*rows, f"from-{arrow.source}", f"to-{arrow.dest}"])}
        found = list(dict.fromkeys(self.colours[row] for row in rows if row in self.colours))
        if found:
            look |= {"color": ":".join(found), "penwidth": "2.2", "class": f"{look['class']} coloured"}
        if arrow.visit:
            look["style"] = "dashed"
        elif apart:
            look["style"] = "dotted"
        words = self._lines(arrow.lines, "<BR/>", "visit " * arrow.visit)
        ends = (arrow.dest, arrow.source) if up else (arrow.source, arrow.dest)
        if up:
            look["dir"] = "back"
        return attributes(" -> ".join(ends), look, label=f"<{words}>" if words else "")

    def _words(self, node: Node) -> str:
        title = self._with(node.title, node.id)
        words = f"<B>{_html(title)}</B>"
        if node.about:
            words += f'<BR/><FONT POINT-SIZE="10">{_html(node.about)}</FONT>'
        if node.lines:
            side = '<BR ALIGN="LEFT"/>'
            words += f'<BR/><FONT POINT-SIZE="10">{self._lines(node.lines, side)}{side}</FONT>'
        return words

    def _lines(self, lines: Sequence[Line], between: str, before: str = "") -> str:
        shown = [self._line(line, before) for line in lines]
        more = len(shown) - MOST_LINES
        return between.join(filter(None, [*shown[:MOST_LINES], f"+{more} more"] if more > 1 else shown))

    def _line(self, line: Line, before: str) -> str:
        text = _html(before + self._with(line.text, line.row))
        colour = self.colours.get(line.row)
        return f'<FONT COLOR="{colour}">{text}</FONT>' if colour and text else text

    def _with(self, text: str, key: str) -> str:
        return f"{text} {clean(self.labels[key])}" if key in self.labels else text


def _html(text: str) -> str:
    """Text inside a label of Graphviz's own HTML, which is XML."""
    return escape(clean(text))
