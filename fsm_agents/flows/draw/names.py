"""Ids of states and rows that every drawing of a flow shares, so that coverage and statistics can colour what they counted.

A state is ``s_identify_phone``, the seventh row of the top file ``r_07``, of a sub-flow ``r_identify_07``, the question of a state
``q_identify_phone``. They change only with the order of rows and the names of states, and are unique in a flow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fsm_agents.errors import MisuseError
from fsm_agents.flows.machine.flat import Edge, FlatFlow, Scope
from fsm_agents.fsm.draw_words import identifiers

__all__ = ["Ids", "checked_colours"]


class Ids:
    """The ids of one flow.

    Attributes:
        states: By flat name.
        boxes: Of sub-flows by their path (``identify/``), of groups by path and name.
    """

    def __init__(self, flat: FlatFlow) -> None:
        names = list(flat.states)
        self.states: Mapping[str, str] = dict(zip(names, identifiers(names, "s_"), strict=True))
        self.boxes = _given([path for path in flat.scopes if path] + _groups(flat), "g_")
        self._paths = _given([path for path in flat.scopes if path], "r_")
        self._numbers = {
            (path, id(row)): number
            for path, scope in flat.scopes.items()
            for number, row in reversed(list(enumerate(scope.spec.rows, 1)))
        }

    def row(self, scope: Scope, number: int) -> str:
        """The id of a row by its place in its file, from 1."""
        return f"{self._paths[scope.path]}_{number:02d}" if scope.path else f"r_{number:02d}"

    def number(self, edge: Edge) -> int:
        """The place of an edge's row in its file, from 1; 0 for a state's own question."""
        return self._numbers[edge.scope.path, id(edge.row)] if edge.row is not None else 0

    def edge(self, edge: Edge, state: str) -> str:
        """The id of an edge's row, or of the question of the state (by flat name) that it stands in."""
        return self.row(edge.scope, self.number(edge)) if edge.row is not None else "q" + self.states[state][1:]


def _groups(flat: FlatFlow) -> list[str]:
    return [scope.full(name) for scope in flat.scopes.values() for name in scope.spec.groups]


def _given(names: list[str], prefix: str) -> Mapping[str, str]:
    return dict(zip(names, identifiers(names, prefix), strict=True))


def checked_colours(colours: Mapping[str, str] | None) -> Mapping[str, str]:
    """Colours by id, each of them one: ``#1a7f37`` or a name.

    Raises:
        MisuseError: one is not; it would be markup in a drawing.
    """
    for key, colour in (colours or {}).items():
        if not re.fullmatch(r"#[0-9a-fA-F]{6}|[a-z]{3,24}", colour):
            msg = f"colours[{key!r}]: {colour!r} is no colour; give #1a7f37 or a name such as green"
            raise MisuseError(msg)
    return colours or {}
