"""The rows of joined machines as a step takes them: what a step would have to look up each time is looked up once, for one joint.

Of its rows a :class:`~fsm_agents.fsm.joint.Joint` asks nothing else while it runs. This file prepares; it takes no step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from fsm_agents.fsm.engine import Engine, TableEvent, TableState, TableTransition
from fsm_agents.fsm.levels import watch
from fsm_agents.fsm.rows import Kind

__all__ = ["Watched", "Way", "Ways", "watched_by", "ways_of"]


class Way:
    """A row in one state of one machine, as a step takes it: what a step would have to look up is looked up here, once.

    Attributes:
        place: The machine.
        taken: The row.
        told: Both, for the trail.
        when: The guard; of an ``always`` row what is left of it beside its level.
        acts: False for a ``drop`` and a ``never``.
        never: Whether it is a ``never``. Looked up here, because the member of an Enum costs 0.15 µs each time on Python 3.11.
        node: The state that it enters; ``None``: it stays, or only :meth:`TableTransition.effects` knows.
        only: Its one action.
        whole: Only :meth:`TableTransition.effects` knows how: there are several actions, or a group with a memory is left or entered.
        moved: The bit of its machine in ``stepping``, 0 if it stays.
    """

    __slots__ = ("acts", "moved", "never", "node", "only", "place", "taken", "told", "when", "whole")

    def __init__(self, place: int, taken: TableTransition, when: Any) -> None:
        self.place = place
        self.taken = taken
        self.told = place, taken
        self.when = when
        self.acts = taken.acts
        self.never = taken.row.kind is Kind.NEVER
        self.node = taken.node
        self.only = taken.do[0] if taken.do else None
        self.whole = len(taken.do) > 1 or bool(taken.marks) or taken.recall is not None
        self.moved = 2 << place if taken.moves else 0


Ways: TypeAlias = dict[TableState, tuple[Way, ...]]
"""The rows of one machine for one event, by the state it is in, in the order in which they are tried."""
Watched: TypeAlias = dict[TableState, tuple[tuple[int, frozenset[TableState], Way], ...]]
"""The ``always`` rows of one machine: each with a sibling and the states it has to rest in, or with -1 and none."""


def ways_of(place: int, rows: TableEvent) -> tuple[int, Ways]:
    """The rows for one event of the machine at ``place``."""
    return place, {node: tuple(Way(place, taken, taken.when) for taken in found) for node, found in rows.index.items()}


def watched_by(place: int, engine: Engine, engines: Mapping[str, tuple[int, Engine]]) -> tuple[int, Watched]:
    """The ``always`` rows of the machine at ``place``; ``engines`` are all machines of the joint."""
    found: Watched = {}
    for node in engine.states.values():
        rows = [watch(taken, engines) for taken in node.always]
        if rows:
            found[node] = tuple((sibling, nodes, Way(place, taken, when)) for sibling, nodes, when, taken in rows)
    return place, found
