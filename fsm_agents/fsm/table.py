"""The state table: the single source of truth of a machine. Frozen, checked when it is built, shared by every session.

Nothing here runs a table (:mod:`fsm_agents.fsm.engine`) or draws one (:mod:`fsm_agents.fsm.draw`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.fsm import nesting, verify
from fsm_agents.fsm.rows import ALWAYS, Group, Key, Kind, Row, Timer, key_name, state_name

if TYPE_CHECKING:
    from fsm_agents.fsm.bridge import Perform, StockMachine
    from fsm_agents.fsm.engine import Engine

__all__ = ["Cell", "StateTable", "key_name", "state_name"]

S = TypeVar("S", bound=Hashable)
D = TypeVar("D")


Cell = tuple[Row[Any, Any], ...]
"""What one state answers to one event: its rows, in the order they are tried."""


@attrs.frozen(eq=False, slots=False)
class StateTable(Generic[S, D]):
    """States, rows, timers and finals of one machine.

    Args:
        name: The machine's name.
        states: An Enum (each value is the state's sentence) or a sequence of names.
        start: The state it begins in.
        rows: The lines, written with the builders of :mod:`fsm_agents.fsm.rows`.
        final: The states in which it ends.
        groups: The nested groups, so that they can be drawn; groups named in rows need not be listed.
        strict: Refuse, when built, a table with an undecided cell or a row that can never be taken. Mutants are lenient: an
            undecided cell is then a dropped event.

    Raises:
        TableError: every problem of the table, with file and line of the row and what to write instead.
    """

    name: str
    states: type[Enum] | Sequence[S]
    start: S
    rows: Sequence[Row[S, D]]
    final: tuple[S, ...] = ()
    groups: tuple[Group[S], ...] = ()
    strict: bool = True

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))
        verify.build(self)

    @cached_property
    def members(self) -> tuple[S, ...]:
        """The states, in the order they are declared."""
        return tuple(self.states)  # pyright: ignore[reportReturnType]  # iterating an Enum class gives its members

    @cached_property
    def nest(self) -> nesting.Nest:
        """Which group each state is in."""
        return nesting.Nest(self.members, [*self.groups, *nesting.named_groups(self.rows)])

    @cached_property
    def events(self) -> tuple[type[Any] | str, ...]:
        """The alphabet: every event that a row, a drop or a never names, in the order they first appear."""
        keys = (key for row in self.rows for key in row.on)
        return tuple(dict.fromkeys(key for key in keys if not isinstance(key, Timer) and key != ALWAYS))

    @cached_property
    def timers(self) -> tuple[Timer, ...]:
        """The timers that ``after`` rows name."""
        return tuple(dict.fromkeys(key for row in self.rows for key in row.on if isinstance(key, Timer)))

    @cached_property
    def cells(self) -> Mapping[tuple[S, Key], Cell]:
        """Each decided (state, event) with its rows, nearest first: the state's own, its groups', then ``anywhere``."""
        return nesting.flatten(self)

    @cached_property
    def hooks(self) -> Mapping[Kind, tuple[Row[S, D], ...]]:
        """The ``enter`` and the ``leave`` rows."""
        return {kind: tuple(row for row in self.rows if row.kind is kind) for kind in (Kind.ENTER, Kind.LEAVE)}

    def cell(self, state: S, key: Key) -> Cell:
        """The rows that ``state`` tries on ``key``; empty if the cell is undecided."""
        return self.cells.get((state, key), ())

    def timers_of(self, state: S) -> tuple[Timer, ...]:
        """The timers that entering ``state`` arms, in row order."""
        return tuple(timer for timer in self.timers if (state, timer) in self.cells)

    def owed(self, state: S) -> str:
        """Who ``state`` waits for, as its ``owes`` line says; empty if it has none."""
        return next((row.note for row in self.rows if row.kind is Kind.OWES and state in row.states), "")

    def state(self, name: str) -> S:
        """The state called ``name``."""
        for member in self.members:
            if state_name(member) == name:
                return member
        msg = f"{self.name}: no state {name!r}; states: {', '.join(map(state_name, self.members))}"
        raise MisuseError(msg)

    @cached_property
    def engine(self) -> Engine:
        """The engine of this table: compiled once, shared by all sessions, read-only."""
        from fsm_agents.fsm.engine import Engine  # the engine reads tables; this is the way back

        return Engine(self)

    def without(self, gone: Row[S, D], instead: Row[S, D] | None = None) -> StateTable[S, D]:
        """A lenient copy with one row taken out, or replaced: what a mutant is."""
        rows = [kept for old in self.rows if (kept := instead if old is gone else old) is not None]
        return attrs.evolve(self, rows=rows, strict=False)

    @classmethod
    def from_transitions(cls, machine: StockMachine, *, name: str | None = None) -> StateTable[Any, Any]:
        """The table of a ``transitions.Machine``: see :func:`fsm_agents.fsm.bridge.from_transitions`."""
        from fsm_agents.fsm.bridge import from_transitions

        return from_transitions(machine, name=name)

    def to_transitions(self, *, perform: Perform | None = None) -> StockMachine:
        """A stock ``transitions.Machine`` that does the same: see :func:`fsm_agents.fsm.bridge.to_transitions`."""
        from fsm_agents.fsm.bridge import to_transitions

        return to_transitions(self, perform=perform)

    def __repr__(self) -> str:
        return f"<StateTable {self.name}: {len(self.members)} states, {len(self.rows)} rows>"
