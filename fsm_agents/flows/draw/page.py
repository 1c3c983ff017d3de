"""The page of a flow: its drawing, what each state says and hears, and recorded calls played along it. One file, no network.

A flow may be a stranger's: its texts reach the page as JSON that the script puts in as text, and only the script whose digest stands
in the page's policy runs.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

from fsm_agents.errors import MissingExtra
from fsm_agents.flows.draw.dot import svg
from fsm_agents.flows.draw.layered import layered
from fsm_agents.flows.draw.page_data import CallStep, CallTrace, Counts, page_data
from fsm_agents.flows.draw.picture import picture
from fsm_agents.flows.machine.flat import FlatFlow

__all__ = ["CallStep", "CallTrace", "Counts", "page"]


def page(
    flat: FlatFlow,
    *,
    calls: Sequence[CallTrace] = (),
    counts: Counts | None = None,
    colours: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    drawing: str | None = None,
) -> str:
    """The flow as a self-contained page.

    Args:
        flat: The flow.
        calls: Recorded calls that can be played.
        counts: What became of many calls.
        colours: By id of a state or row (:class:`~fsm_agents.flows.draw.names.Ids`).
        labels: Text behind names and labels, by id.
        drawing: An ``<svg>`` with the same ids instead of Graphviz's; it is put in as it stands. Without one and without the extra
            ``[diagrams]`` the states are drawn in layers.

    Raises:
        MisuseError: a colour is none.
    """
    drawn = _drawing(flat, colours, labels) if drawing is None else drawing
    known = json.dumps(page_data(flat, picture(flat), calls, counts), separators=(",", ":"))
    script = _asset("page.js")
    digest = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode()
    parts = {
        "TITLE": html.escape(flat.spec.name),
        "DIGEST": digest,
        "STYLE": _asset("page.css"),
        "DRAWING": _inline(drawn),
        "FLOW": known.replace("<", "\\u003c").replace("&", "\\u0026"),
        "SCRIPT": script,
    }
    return re.sub(r"@([A-Z]+)@", lambda found: parts[found[1]], _asset("page.html"))


def _drawing(flat: FlatFlow, colours: Mapping[str, str] | None, labels: Mapping[str, str] | None) -> str:
    try:
        return svg(flat, colours=colours, labels=labels)
    except MissingExtra:
        return layered(flat, colours=colours, labels=labels)


def _inline(drawn: str) -> str:
    """The ``<svg>`` without what stands above it and without the addresses of its namespaces, which are implied in a page."""
    drawn = drawn[max(drawn.find("<svg"), 0) :]
    head, close, rest = drawn.partition(">")
    return re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", head) + close + rest


def _asset(name: str) -> str:
    return (files("fsm_agents.flows.draw") / "page_files" / name).read_text(encoding="utf-8").strip("\n")
