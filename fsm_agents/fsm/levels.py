"""Level guards made fast and safe for one joint: names of machines and states are looked up once, when the joint is built.

A :class:`~fsm_agents.fsm.rows.Level` becomes a set of the sibling's state objects; a misspelt machine or state is an error there
and then, not in the middle of a call. Knows nothing of steps (:mod:`fsm_agents.fsm.joint`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from fsm_agents.errors import TableError, nearest
from fsm_agents.fsm.engine import Engine, TableState, TableTransition
from fsm_agents.fsm.rows import All, Guard, Level, state_name

if TYPE_CHECKING:
    from fsm_agents.fsm.table import StateTable

__all__ = ["Watch", "compiled", "levels_in", "refuse_unknown", "watch"]

Watch: TypeAlias = "tuple[int, frozenset[TableState], Any, TableTransition]"
"""An ``always`` row ready to be tried: a level it asks about as (sibling, its states), (-1, none) if none; its other guard; the row."""


def levels_in(when: object) -> Iterator[Level]:
    """The level guards that a guard consists of."""
    if isinstance(when, Level):
        yield when
    elif isinstance(when, All):
        for part in when.guards:
            yield from levels_in(part)


def compiled(when: Any, engines: Mapping[str, tuple[int, Engine]]) -> Any:
    """A guard with its levels as identity tests on state objects; other guards as they are."""
    if isinstance(when, Level):
        place, nodes = engines[when.machine][0], _nodes(when, engines)
        return lambda _event, data: data.cells[place].node in nodes
    if isinstance(when, All):
        first, *rest = (compiled(part, engines) for part in when.guards)
        for part in rest:
            first = _both(first, part)
        return first
    return when


def _both(first: Guard[Any, Any], second: Guard[Any, Any]) -> Guard[Any, Any]:
    return lambda event, data: first(event, data) and second(event, data)


def watch(taken: TableTransition, engines: Mapping[str, tuple[int, Engine]]) -> Watch:
    """An ``always`` row as the joint tries it: its level first, which needs no call, and then what else it asks.

    Levels may be asked before the guards that stand in front of them: they are pure, never raise, and usually say no.
    """
    parts = taken.when.guards if isinstance(taken.when, All) else (taken.when,)
    levels = [part for part in parts if isinstance(part, Level)]
    if not levels:
        return -1, frozenset(), compiled(taken.when, engines), taken
    level = levels.pop()  # the last one: as rows are written, the rarer condition
    rest = (*levels, *(part for part in parts if not isinstance(part, Level)))
    return engines[level.machine][0], _nodes(level, engines), compiled(All(rest), engines) if rest else None, taken


def _nodes(level: Level, engines: Mapping[str, tuple[int, Engine]]) -> frozenset[TableState]:
    """The state objects in which a level guard holds; a negated one is turned round here, once."""
    nodes = engines[level.machine][1].states.values()
    return frozenset(node for node in nodes if (node.member in level.states) is not level.negated)


def refuse_unknown(joint: str, tables: Mapping[str, StateTable[Any, Any]]) -> None:
    """Refuse level guards that read a machine or a state that is not there.

    Raises:
        TableError: with file and line of the row, and the nearest name.
    """
    for machine, table in tables.items():
        for row in table.rows:
            for level in levels_in(row.when):
                place = f"{joint}: {machine} ({row.where}) reads"
                if level.machine not in tables:
                    msg = f"{place} the machine {level.machine!r}; {nearest(level.machine, tables)}"
                    raise TableError(msg)
                known = tables[level.machine].members
                if strange := [state_name(state) for state in level.states if state not in known]:
                    msg = f"{place} the state {strange[0]} of {level.machine}; {nearest(strange[0], map(state_name, known))}"
                    raise TableError(msg)
