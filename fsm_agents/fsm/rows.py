"""The words a state table is written with: ``row``, ``after``, ``always``, ``drop``, ``never``, ``anywhere``, ``owes``, ``STAY``.

Every builder returns a :class:`Row` that remembers the file and line it was written on. A row is typed by its event, so a guard
or an action written for another event is refused by mypy and pyright. Nothing is decided here; :mod:`fsm_agents.fsm.table` reads
the rows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable
from enum import Enum
from typing import Any, Final, Generic, TypeAlias, TypeVar

import attrs

__all__ = [
    "ALWAYS",
    "STAY",
    "Action",
    "All",
    "Effects",
    "Group",
    "Guard",
    "History",
    "Key",
    "Kind",
    "Level",
    "Row",
    "Stay",
    "Timer",
    "Where",
    "after",
    "always",
    "anywhere",
    "back_to",
    "drop",
    "enter",
    "key_name",
    "leave",
    "never",
    "owes",
    "row",
    "state_name",
]  # fmt: skip

S = TypeVar("S", bound=Hashable)
E = TypeVar("E")
D = TypeVar("D")

Effects: TypeAlias = Iterable[object]
"""What an action returns: effects in order. :class:`~fsm_agents.fsm.engine.Set` changes the data, an event class that a joined
machine answers is delivered at once, everything else is handed to the runtime."""
Guard: TypeAlias = Callable[[E, D], bool]
"""A pure question ``(event, data) -> bool``."""
Action: TypeAlias = Callable[[E, D], Effects]
"""A pure function ``(event, data) -> effects``."""


class Stay(Enum):
    """The one value :data:`STAY`."""

    STAY = "STAY"


STAY: Final = Stay.STAY
"""The row is taken and the state is kept: nothing is entered or left, timers go on. Naming the same state again restarts it."""

ALWAYS: Final = "always"
"""The key under which a state's ``always`` rows stand."""


@attrs.frozen(eq=False)
class Timer:
    """A named timer, owned by the states that have an ``after`` row for it.

    Args:
        name: What it is called in diagrams and settings.
        seconds: The default; ``None`` means off unless it is set.
        source: Where the default comes from.
        factor: A pure function of the data by which the delay is multiplied when the timer is armed (a doubling backoff); 0: it is
            not armed this time.
    """

    name: str
    seconds: float | None = None
    source: str = ""
    factor: Callable[[Any], int] | None = None


Key: TypeAlias = "type[Any] | str | Timer"


def state_name(state: object) -> str:
    """How a state is called in messages, logs and diagrams."""
    return state.name if isinstance(state, Enum) else str(state)


def key_name(key: Key) -> str:
    """How an event, a timer or ``always`` is called in messages, logs and diagrams."""
    if isinstance(key, Timer):
        return f"after {key.name}"
    return key if isinstance(key, str) else key.__name__


@attrs.frozen(eq=False)
class Group(Generic[S]):
    """States that share rows: nesting, flattened when the table is built.

    A row of a state wins over a row of its group for the same event; a group's rows are tried when the state's are all refused.

    Args:
        name: What it is called in diagrams.
        states: The states, or groups, inside.
        start: Where ``to=group`` leads.
        deep: Whether its history remembers the innermost state (else the child it was in, entered afresh).
    """

    name: str
    states: tuple[S | Group[S], ...]
    start: S | Group[S]
    deep: bool = True


@attrs.frozen(eq=False)
class History(Generic[S]):
    """A destination: where the group was when it was last left; its start if it never was."""

    group: Group[S]


def back_to(group: Group[S]) -> History[S]:
    """The destination "where ``group`` was last"."""
    return History(group)


@attrs.frozen
class Level:
    """A guard that is data: a joined machine rests in one of ``states`` (or, negated, in none of them)."""

    machine: str
    states: tuple[Any, ...]
    negated: bool = False

    @property
    def __name__(self) -> str:  # drawn like the name of a function
        words = " ".join(getattr(state, "name", str(state)) for state in self.states)
        return f"{self.machine} {'not ' if self.negated else ''}in {words}"

    def __call__(self, event: object, data: Any) -> bool:
        """Slow path, used where no joint compiled this guard (drawing, mutants)."""
        state = data.cell(self.machine).state
        return (state in self.states) is not self.negated


@attrs.frozen
class All:
    """A guard that holds when each of ``guards`` does, tried in order."""

    guards: tuple[Any, ...]

    @property
    def __name__(self) -> str:  # drawn like the name of a function
        return " and ".join(getattr(guard, "__name__", str(guard)) for guard in self.guards)

    def __call__(self, event: object, data: Any) -> bool:
        """Slow path, used where no joint compiled this guard."""
        return all(guard(event, data) for guard in self.guards)


class Kind(Enum):
    """What sort of line a row is."""

    ROW = "row"
    AFTER = "after"
    ALWAYS = "always"
    DROP = "drop"
    NEVER = "never"
    ENTER = "enter"
    LEAVE = "leave"
    OWES = "owes"


@attrs.frozen
class Where:
    """The file and line a row was written on."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file.rpartition('/')[2]}:{self.line}"


@attrs.frozen(eq=False)
class Row(Generic[S, D]):
    """One line of a table. Made by the builders below, never by hand."""

    kind: Kind
    states: tuple[S | Group[S], ...]
    on: tuple[Key, ...]
    to: S | Group[S] | History[S] | Stay
    do: tuple[Action[Any, D], ...]
    when: Guard[Any, D] | None
    where: Where
    but: tuple[S, ...] = ()
    everywhere: bool = False
    note: str = ""


def _here() -> Where:
    frame = sys._getframe(2)  # noqa: SLF001 - the line the row is written on; inspect.stack costs 1000 times more
    return Where(frame.f_code.co_filename, frame.f_lineno)


def _many(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def row(
    state: S | Group[S] | tuple[S, ...],
    on: type[E] | str,
    to: S | Group[S] | History[S] | Stay,
    do: Action[E, D] | tuple[Action[E, D], ...] | None = None,
    when: Guard[E, D] | None = None,
) -> Row[S, D]:
    """In ``state``, on event ``on``, if ``when``: go ``to`` and ``do``. The first row of a cell whose guard holds wins."""
    return Row(Kind.ROW, _many(state), (on,), to, _many(do), when, _here())


def after(
    state: S | Group[S] | tuple[S, ...],
    timer: Timer,
    to: S | Group[S] | History[S] | Stay,
    do: Action[Any, D] | tuple[Action[Any, D], ...] | None = None,
    when: Guard[Any, D] | None = None,
) -> Row[S, D]:
    """In ``state``, when ``timer`` is due. Entering the state arms it, leaving disarms it; a timer's last row is unguarded."""
    return Row(Kind.AFTER, _many(state), (timer,), to, _many(do), when, _here())


def always(
    state: S | Group[S] | tuple[S, ...],
    to: S | Group[S] | History[S] | Stay,
    do: Action[Any, D] | tuple[Action[Any, D], ...] | None = None,
    when: Guard[Any, D] | None = None,
) -> Row[S, D]:
    """In ``state``, after each event, as long as ``when`` holds: tried to a fixed point. It must make its own guard false."""
    return Row(Kind.ALWAYS, _many(state), (ALWAYS,), to, _many(do), when, _here())


def drop(state: S | Group[S] | tuple[S, ...], *events: type[Any] | str) -> Row[S, Any]:
    """These events may come in ``state`` and mean nothing there."""
    return Row(Kind.DROP, _many(state), events, STAY, (), None, _here())


def never(state: S | Group[S] | tuple[S, ...], *events: type[Any] | str) -> Row[S, Any]:
    """These events cannot come in ``state``: exploring proves it, and at run time one that comes is a reported fault."""
    return Row(Kind.NEVER, _many(state), events, STAY, (), None, _here())


def anywhere(
    on: type[E] | str,
    to: S | Group[S] | History[S] | Stay,
    do: Action[E, D] | tuple[Action[E, D], ...] | None = None,
    when: Guard[E, D] | None = None,
    *,
    but: tuple[S, ...] = (),
) -> Row[S, D]:
    """In every state but ``but``. A state's own rows for the event are tried before it."""
    return Row(Kind.ROW, (), (on,), to, _many(do), when, _here(), but=but, everywhere=True)


def owes(state: S | tuple[S, ...], who: str) -> Row[S, Any]:
    """``state`` waits for someone outside: ``who`` says for whom, and what they promise."""
    return Row(Kind.OWES, _many(state), (), STAY, (), None, _here(), note=who)


def enter(state: S | Group[S] | tuple[S, ...], do: Action[Any, D] | tuple[Action[Any, D], ...]) -> Row[S, D]:
    """Whenever ``state`` (or the group, from outside it) is entered."""
    return Row(Kind.ENTER, _many(state), (), STAY, _many(do), None, _here())


def leave(state: S | Group[S] | tuple[S, ...], do: Action[Any, D] | tuple[Action[Any, D], ...]) -> Row[S, D]:
    """Whenever ``state`` (or the group, to outside it) is left."""
    return Row(Kind.LEAVE, _many(state), (), STAY, _many(do), None, _here())
