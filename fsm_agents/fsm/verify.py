"""What makes a table unusable: found when it is built, all at once, each with file, line and the row to write instead.

The wider review (unreachable, dead end, shadowed …) is :mod:`fsm_agents.fsm.check`; both speak in :class:`Problem`.
"""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterator
from functools import partial
from itertools import pairwise
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import attrs

from fsm_agents.errors import TableError, nearest
from fsm_agents.fsm.nesting import named_groups
from fsm_agents.fsm.rows import ALWAYS, STAY, All, Group, History, Key, Kind, Row, Stay, Timer, Where, key_name, state_name

if TYPE_CHECKING:
    from fsm_agents.fsm.table import StateTable

__all__ = ["Problem", "answers", "build", "problems"]


@attrs.frozen
class Problem:
    """One finding about a table.

    Args:
        code: A stable code, for example ``"T101"``.
        message: One or two sentences: what is wrong, what the state does answer, what to write.
        where: The row it is about, if there is one.
        error: Whether the table cannot be used (else it is a warning).
    """

    code: str
    message: str
    where: Where | None = None
    error: bool = True

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.code} {self.message}"


def build(table: StateTable[Any, Any]) -> None:
    """Refuse a table that cannot be used."""
    found = list(problems(table))
    if found:
        lines = "\n  ".join(map(str, found))
        msg = f"{table.name}: {len(found)} problem{'s' if len(found) > 1 else ''}\n  {lines}"
        raise TableError(msg)


def problems(table: StateTable[Any, Any], *, strict: bool | None = None) -> Iterator[Problem]:
    """Everything that makes the table unusable; ``strict`` overrules what the table says of itself."""
    fatal = [*_keys(table)] or [*_names(table), *_groups(table), *_functions(table)]
    yield from fatal
    if not fatal:
        yield from _timers(table)
        yield from _endless(table)
        if table.strict if strict is None else strict:
            yield from _undecided(table)
            yield from _twice(table)


def answers(table: StateTable[Any, Any], state: Hashable) -> str:
    """What a state does answer, as one readable line."""
    parts = []
    for (where, key), rows in table.cells.items():
        if where == state:
            for row in rows:
                if row.kind not in (Kind.DROP, Kind.NEVER):
                    to = "stay" if isinstance(row.to, Stay) else _target(row.to)
                    guard = f" (if {getattr(row.when, '__name__', row.when)})" if row.when else ""
                    parts.append(f"{key_name(key)}{guard} → {to}")
    return ", ".join(parts) or "nothing"


def _target(to: object) -> str:
    if isinstance(to, History):
        return f"back to {to.group.name}"
    return to.name if isinstance(to, Group) else state_name(to)


def _keys(table: StateTable[Any, Any]) -> Iterator[Problem]:
    """What stands under *on*: a timer in an ``after`` row, an event class or an event's name in any other."""
    for row in table.rows:
        given: tuple[object, ...] = row.on  # whatever it was declared to be
        for key in given:
            if row.kind is Kind.ALWAYS or (row.kind is Kind.AFTER and isinstance(key, Timer)):
                continue
            if row.kind is Kind.AFTER:
                yield Problem("T004", f"{key!r} is not a timer: after() takes a Timer, row() an event.", row.where)
            elif isinstance(key, Timer):
                yield Problem("T004", f"the timer {key.name} stands where an event belongs: write after(…) instead.", row.where)
            elif key == ALWAYS:
                yield Problem("T004", "an event cannot be called 'always': write always(…), or rename the event.", row.where)
            elif not isinstance(key, (str, type)):
                yield Problem("T004", f"{key!r} is not an event: name a class ({type(key).__name__}), or a string.", row.where)


def _names(table: StateTable[Any, Any]) -> Iterator[Problem]:
    known = set(table.members)
    names = list(map(state_name, table.members))
    if len(set(names)) < len(names):
        yield Problem("T001", f"a state is declared twice: {', '.join(sorted({n for n in names if names.count(n) > 1}))}.")
    mentioned: list[tuple[object, Where | None]] = [(table.start, None), *((state, None) for state in table.final)]
    for row in table.rows:
        target = row.to.group if isinstance(row.to, History) else row.to
        parts = (*row.states, *row.but, target)
        mentioned += [(part, row.where) for part in parts if part not in known and part is not STAY]
    for group in table.nest.groups.values():
        mentioned += [(part, None) for part in (*group.states, group.start)]
    for part, where in mentioned:
        if not isinstance(part, Group) and part not in known:
            yield Problem("T002", f"there is no state {state_name(part)}; {nearest(state_name(part), names)}", where)
    keys: dict[str, object] = {}
    for key in (*table.events, *table.timers):
        name, sort = key_name(key), "timers" if isinstance(key, Timer) else "events"
        if keys.setdefault(name, key) is not key:
            where = next(row.where for row in table.rows if any(key is on for on in row.on))
            yield Problem("T003", f"two {sort} are called {name}; a log could not tell them apart: rename one.", where)


def _groups(table: StateTable[Any, Any]) -> Iterator[Problem]:
    for group in table.nest.groups.values():
        if table.nest.landing(group) not in table.nest.leaves(group):
            where = next((row.where for row in table.rows if any(named is group for named in named_groups([row]))), None)
            start = state_name(table.nest.landing(group))
            yield Problem("T005", f"the group {group.name} starts in {start}, which is not inside it: name one inside.", where)


def _guards_in(guard: object) -> Iterator[object]:
    if isinstance(guard, All):
        for part in guard.guards:
            yield from _guards_in(part)
    elif guard is not None:
        yield guard


_ASYNC = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)


def _code(part: object) -> object:
    """What two functions, or two objects of one class, share if they are async or not alike; ``None``: it must be looked at."""
    if type(part) is FunctionType:
        return None if part.__dict__ else part.__code__
    if isinstance(part, partial | MethodType | type) or hasattr(part, "__code__"):
        return None
    call = getattr(type(part), "__call__", None)  # noqa: B004 - the function itself, whose code is looked at
    return call.__code__ if type(call) is FunctionType and not call.__dict__ else None


def _functions(table: StateTable[Any, Any]) -> Iterator[Problem]:
    good: set[tuple[bool, object]] = set()  # a table made of data has thousands of functions, and few codes
    for row in table.rows:
        guards = tuple(_guards_in(row.when))
        if row.when is not None and not guards:
            yield Problem("T010", f"{row.when} asks nothing: give it guards, or leave it out.", row.where)
        for place, part in enumerate((*guards, *row.do)):
            known = place < len(guards), _code(part)
            if known in good:
                continue
            wrong = _function(part, row, guard=known[0])
            if wrong is not None:
                yield wrong
            elif known[1] is not None:
                good.add(known)


def _function(part: object, row: Row[Any, Any], *, guard: bool) -> Problem | None:
    name = getattr(part, "__name__", repr(part))
    if not callable(part):
        return Problem("T010", f"{name} is not a function; guards and actions take (event, data).", row.where)
    if any(asks(function) for function in (part, getattr(part, "__call__", None)) for asks in _ASYNC):  # noqa: B004
        return Problem("T011", f"{name} is async; guards and actions are pure and sync: return an effect.", row.where)
    if guard and inspect.isgeneratorfunction(part):
        return Problem("T012", f"{name} yields, so as a guard it always holds: return True or False.", row.where)
    return None


def _timers(table: StateTable[Any, Any]) -> Iterator[Problem]:
    for timer in table.timers:
        if timer.seconds is not None and not 0 <= timer.seconds < float("inf"):
            where = next(row.where for row in table.rows if timer in row.on)
            yield Problem("T022", f"the timer {timer.name} cannot be {timer.seconds!r} seconds: 0 or more, None for off.", where)
    for (state, key), rows in table.cells.items():
        if isinstance(key, Timer) and all(row.when is not None for row in rows):
            yield Problem(
                "T020",
                f"the last row of {key_name(key)} in {state_name(state)} is guarded: refused once, the timer is used up and the "
                f"state waits for ever. Add a row without a guard below it.",
                rows[-1].where,
            )


def _endless(table: StateTable[Any, Any]) -> Iterator[Problem]:
    for (state, key), rows in table.cells.items():
        if key != ALWAYS:
            continue
        for row in rows:
            stays = isinstance(row.to, Stay) or (not isinstance(row.to, History) and table.nest.landing(row.to) == state)
            if row.when is None and stays:
                name = state_name(state)
                yield Problem("T021", f"{name}: an always row that stays and has no guard never ends: guard it.", row.where)


def _undecided(table: StateTable[Any, Any]) -> Iterator[Problem]:
    for state in table.members:
        for event in table.events:
            yield from _decided(table, state, event)


def _decided(table: StateTable[Any, Any], state: Hashable, event: Key) -> Iterator[Problem]:
    rows = table.cell(state, event)
    if any(row.when is None for row in rows):
        return
    name, on = state_name(state), key_name(event)
    near = [row for row in table.rows if state in row.states] or [row for row in table.rows if event in row.on]
    where = rows[-1].where if rows else near[0].where
    lack = f"what to do on {on} when {_guards(rows)} says no" if rows else f"what to do on {on}"
    yield Problem(
        "T101",
        f"{name} does not say {lack}. Add row({name}, {on}, …) or list it in drop({name}, {on}). "
        f"{name} answers: {answers(table, state)}.",
        where,
    )


def _guards(rows: tuple[Row[Any, Any], ...]) -> str:
    return " or ".join(getattr(row.when, "__name__", "its guard") for row in rows)


def _twice(table: StateTable[Any, Any]) -> Iterator[Problem]:
    for (state, key), rows in table.cells.items():
        own = [row for row in rows if any(part == state for part in row.states)]
        for earlier, later in pairwise(own):
            if earlier.when is None:
                yield Problem(
                    "T102",
                    f"{state_name(state)} on {key_name(key)}: this row can never be taken, the unguarded row above it "
                    f"({earlier.where}) always wins. Delete one, or give the first a guard.",
                    later.where,
                )
