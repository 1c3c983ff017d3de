"""Which rows of the flow's files a step took, and which it passed over because their conditions did not hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.events import Heard, KeyPressed, Proposed
from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.machine.guards import parse_of
from fsm_agents.flows.syntax import Failure, Press
from fsm_agents.fsm.engine import TableTransition
from fsm_agents.fsm.joint import Step
from fsm_agents.fsm.rows import Timer

__all__ = ["Taken", "Trail", "edge_of", "last_row", "passed_over", "row_text"]


@attrs.frozen(eq=False)
class Taken:
    """One transition that a step took.

    Args:
        state: The state it was taken in (of the flow; empty for the keypad and for patience).
        edge: The edge of the flow; ``None``: what a state does where no row says anything.
        refused: Whether the edge's words fitted and a value did not.
        above: The edges of the same cell that come before it, and have a condition.
        timer: The timer that was due, as ``flow.timeout 8s``; empty: none.
        fallback: What was done where no row answered: ``nobody takes it``, ``give up``, ``ask again after no_input``; else empty.
    """

    state: str
    edge: Edge | None = None
    refused: bool = False
    above: tuple[Edge, ...] = ()
    timer: str = ""
    fallback: str = ""


class Trail:
    """Reads the steps of one flow; each transition is looked at once."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.machines = tuple(flow.joint.tables)
        self._known: dict[tuple[int, TableTransition], Taken] = {}

    def of(self, step: Step) -> Iterator[Taken]:
        """What a step took, in order."""
        for told in step.trail:
            found = self._known.get(told)
            if found is None:
                found = self._known[told] = self._read(*told)
            yield found

    def _read(self, place: int, way: TableTransition) -> Taken:
        timer = f"{self.machines[place]}.{way.key.name}" if isinstance(way.key, Timer) else ""
        if self.machines[place] != "flow":
            return Taken("", timer=timer)
        edge, refused = edge_of(way)
        source = str(way.source)
        fallback = "" if edge is not None else ", ".join(getattr(act, "__name__", "") for act in way.row.do)
        return Taken(source, edge, refused, tuple(self._above(source, way)), timer, fallback)

    def _above(self, source: str, way: TableTransition) -> Iterator[Edge]:
        state: FlatState | None = self.flow.flat.states.get(source)
        if state is None:
            return
        engine = self.flow.joint.engines[0]
        for node, ways in engine.by_key[way.key].index.items():
            if node.name == source:
                for above in ways[: ways.index(way)] if way in ways else ():
                    edge, refused = edge_of(above)
                    if edge is not None and edge.row is not None and edge.row.when is not None and not refused:
                        yield edge


def edge_of(way: TableTransition) -> tuple[Edge | None, bool]:
    """The edge of a transition of the flow, and whether it is there for values that are not valid."""
    for act in way.row.do:
        edge: Any = getattr(act, "edge", None)
        if isinstance(edge, Edge):
            return edge, False
    edge = getattr(way.row.when, "edge", None)
    return (edge, bool(getattr(way.row.when, "invalid", False))) if isinstance(edge, Edge) else (None, False)


def passed_over(edge: Edge, event: object, failures: Any) -> bool:
    """Whether an edge above the one that was taken was passed over because of its condition, and not because it is about something else."""
    if edge.phrase is not None or isinstance(event, Proposed):
        return isinstance(event, Heard | Proposed) and parse_of(event, edge.number) is not None
    if isinstance(edge.trigger, Press):
        return isinstance(event, KeyPressed) and event.key == edge.trigger.key
    if isinstance(edge.trigger, Failure) and edge.trigger.count:
        count = failures.of(edge.trigger.kind)
        return bool(count == edge.trigger.count or (edge.trigger.more and count > edge.trigger.count))
    return True


def last_row(trail: Trail, step: Step | None) -> str:
    """The last row that a step took, as ``pizza.toml:24 | confirm | no | | change | |``; empty: none."""
    found = [taken.edge for taken in trail.of(step) if taken.edge is not None] if step is not None else []
    return row_text(found[-1]) if found else ""


def row_text(edge: Edge) -> str:
    """An edge as it stands in its file, or as the question of its state."""
    if edge.row is None:
        return "the question of the state"
    place = edge.row.place
    return f"{place.file}:{place.line} | {' | '.join(edge.row.cells)} |"
