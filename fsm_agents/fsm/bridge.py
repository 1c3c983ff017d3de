"""Bridges to and from ``transitions``, for teams that have such machines: a machine becomes a table, a table a stock machine.

What is carried over behaves the same: the same states, the same callbacks in the same order (the tests hold both against each
other). What cannot be is refused by name, all at once, with what to do instead; nothing is left out silently but the triggers
``to_<state>`` that ``auto_transitions`` adds. Beside :mod:`fsm_agents.fsm.engine` no other file imports ``transitions``.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, TypeAlias

from transitions import Event, EventData, Machine, MachineError, State, Transition

from fsm_agents.errors import MisuseError, TableError
from fsm_agents.fsm.engine import Set, TableTransition
from fsm_agents.fsm.levels import levels_in
from fsm_agents.fsm.rows import STAY, Guard, History, Key, Kind, Row, Where
from fsm_agents.fsm.table import StateTable, key_name, state_name

__all__ = ["Perform", "StockMachine", "from_transitions", "to_transitions"]

StockMachine: TypeAlias = Machine
"""``transitions.Machine``, so that no other file need import the library to name it."""
Perform: TypeAlias = Callable[[Any, object], None]
"""What a stock machine does with an effect: ``perform(model, effect)``."""

_FOREIGN = {
    "HierarchicalMachine": "nested states: write Group(…) and row(group, …), which are flattened when the table is built",
    "AsyncMachine": "async callbacks: let an action return an effect, and await in what performs it",
    "LockedMachine": "locks: give each task its own session, the table is read-only",
}
_WHOLE = {
    "prepare_event": "ask in a condition, or do it in before",
    "finalize_event": "do it where the step is called",
    "on_exception": "catch it where the step is called; a step that raises leaves everything as it was",
}


def from_transitions(machine: Machine, *, name: str | None = None) -> StateTable[Any, Any]:
    """The table of a flat, synchronous, unqueued ``transitions.Machine``.

    States and events keep their names. ``conditions`` and ``unless`` become the guard; ``before``, ``on_exit``, ``on_enter``,
    ``on_final`` and ``after`` (with those of the whole machine) become the actions of each row, in that order. With
    ``send_event`` a callback is given an ``EventData`` whose ``model`` is the session's data; without, nothing: a string event
    carries no arguments. They act directly, as they did: a step that raises puts the state back, but not what they have done to
    the model. The model's ``state`` is not written: read ``session.state``, or ``event_data.state``. A trigger that is not valid
    in a state becomes a ``drop`` if the machine ignores it, else a ``never``.

    Args:
        machine: The machine. It is read, not changed, and needed as long as the table is used.
        name: What the table is called; the machine's own name if not given.

    Raises:
        MisuseError: the machine is hierarchical, async or locked.
        TableError: all else that cannot be carried over, and whatever a table refuses (a misspelt state, a row never taken).
    """
    for base in type(machine).__mro__:
        if base.__module__.startswith("transitions.") and base.__name__ in _FOREIGN:
            msg = f"a {type(machine).__name__} cannot become a table; {_FOREIGN[base.__name__]}"
            raise MisuseError(msg)
    called = name or machine.name.removesuffix(": ") or "machine"
    faults = list(_faults(machine))
    if faults:
        msg = f"{called}: {len(faults)} thing{'s' if len(faults) > 1 else ''} a table cannot hold\n  " + "\n  ".join(faults)
        raise TableError(msg)
    where = _caller()
    states = machine.states.values()
    return StateTable(
        called,
        [state.value for state in states],
        machine.states[str(machine.initial)].value,
        list(_rows(machine, where)),
        final=tuple(state.value for state in states if state.final),
    )


def _caller() -> Where:
    """The line that asked for the bridge: rows of a machine have none of their own."""
    frame = sys._getframe(1)  # noqa: SLF001 - as in rows.py
    while frame.f_globals["__name__"] in (__name__, "fsm_agents.fsm.table") and frame.f_back:
        frame = frame.f_back
    return Where(frame.f_code.co_filename, frame.f_lineno)


def _own_events(machine: Machine) -> list[Event]:
    """The events that somebody wrote: not those of ``auto_transitions``."""
    prefix = "to_" if machine.model_attribute == "state" else f"to_{machine.model_attribute}_"
    auto = {f"{prefix}{state}" for state in machine.states} if machine.auto_transitions else set()
    return [event for event in machine.events.values() if event.name not in auto]


def _all_rows(machine: Machine) -> Iterator[tuple[Event, Transition]]:
    for event in _own_events(machine):
        for found in event.transitions.values():
            yield from ((event, row) for row in found)


def _faults(machine: Machine) -> Iterator[str]:
    if machine.has_queue:
        yield "queued=True: build the machine without it; a callback that triggers returns an event as an effect instead"
    if machine.initial is None:
        yield "no initial state: pass initial="
    for attribute, instead in _WHOLE.items():
        if getattr(machine, attribute):
            yield f"{attribute}: {instead}"
    for state in machine.states.values():
        if type(state).enter is not State.enter or type(state).exit is not State.exit:
            yield f"state {state.name}: a {type(state).__name__} does more than a State when entered or left: write after(…) rows"
    for event, row in _all_rows(machine):
        yield from _bad_row(event, row)
    for place, func in _callbacks(machine):
        yield from _bad_callback(machine, place, func)


def _bad_row(event: Event, row: Transition) -> Iterator[str]:
    if row.prepare:
        yield f"{row.source} on {event.name}: prepare: ask in the condition, or do it in before"
    if type(row).execute is not Transition.execute or type(event).trigger is not Event.trigger:
        kinds = f"{type(event).__name__} and {type(row).__name__}"
        yield f"{row.source} on {event.name}: {kinds} run in their own way: use Event and Transition"


def _callbacks(machine: Machine) -> Iterator[tuple[str, Any]]:
    for attribute in ("before_state_change", "after_state_change", "on_final"):
        yield from ((attribute, func) for func in getattr(machine, attribute))
    for state in machine.states.values():
        yield from ((f"on_enter of {state.name}", func) for func in state.on_enter)
        yield from ((f"on_exit of {state.name}", func) for func in state.on_exit)
    for event, row in _all_rows(machine):
        given = [condition.func for condition in row.conditions]
        yield from ((f"{row.source} on {event.name}", func) for func in [*given, *row.before, *row.after])


def _bad_callback(machine: Machine, place: str, func: Any) -> Iterator[str]:
    try:
        models = machine.models or [None]
        functions = [machine.resolve_callable(func, _given(machine, model)) for model in models]
    except AttributeError:
        where = "the model" if machine.models else "a model, for the machine has none,"
        yield f"{place}: {func!r} is neither on {where} nor a path to import: pass the function itself"
        return
    for function in functions:
        if inspect.iscoroutinefunction(function):
            yield f"{place}: {_name(func)} is async: return an effect, and await in what performs it"
        elif not _takes(function, 1 if machine.send_event else 0):
            given = "one argument, the EventData" if machine.send_event else "no argument: a string event carries none"
            yield f"{place}: {_name(func)} cannot be called with {given}"


def _takes(function: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a builtin without a signature
        return True
    return True


def _given(machine: Machine, model: object, event: Event | None = None, state: State | None = None) -> EventData:
    return EventData(state, event or Event("", machine), machine, model, (), {})


def _name(func: Any) -> str:
    return func if isinstance(func, str) else getattr(func, "__name__", repr(func))


class _Callback:
    """A callback of a stock machine as an action, or part of a guard, of a table."""

    def __init__(self, machine: Machine, func: Any, row: Transition, event: Event, state: str) -> None:
        self.machine, self.func, self.row, self.event, self.state = machine, func, row, event, state
        self.__name__ = _name(func)

    def ask(self, data: object) -> Any:
        """Call it as the library would."""
        given = _given(self.machine, data, self.event, self.machine.states[self.state])
        given.transition = self.row
        function = self.machine.resolve_callable(self.func, given)
        return function(given) if self.machine.send_event else function()

    def __call__(self, _event: object, data: object) -> tuple[()]:
        """As an action: whatever it returns is not an effect."""
        self.ask(data)
        return ()


def _rows(machine: Machine, where: Where) -> Iterator[Row[Any, Any]]:
    for event in _own_events(machine):
        for state in machine.states.values():
            found = event.transitions.get(state.name)
            decided = False
            for row in found or ():
                made = _row(machine, event, row, where)
                decided = made.when is None
                yield made
            if not decided:
                own = state.ignore_invalid_triggers
                ignores = machine.ignore_invalid_triggers if own is None else own  # pyright: ignore[reportUnnecessaryComparison]
                kind = Kind.NEVER if found is None and not ignores else Kind.DROP
                yield Row(kind, (state.value,), (event.name,), STAY, (), None, where)


def _row(machine: Machine, event: Event, row: Transition, where: Where) -> Row[Any, Any]:
    source = machine.states[row.source]
    parts = [(_Callback(machine, cond.func, row, event, row.source), cond.target) for cond in row.conditions]
    do: list[tuple[Any, str]] = [(func, row.source) for func in (*machine.before_state_change, *row.before)]
    to: Any = STAY
    if row.dest:
        dest = machine.states.get(row.dest)
        to = row.dest if dest is None else dest.value  # a misspelt one: the table says so, with the nearest name
        do += [(func, row.source) for func in source.on_exit]
        do += [(func, row.dest) for func in (*dest.on_enter, *(machine.on_final if dest.final else ()))] if dest else []
    do += [(func, row.dest or row.source) for func in (*row.after, *machine.after_state_change)]
    actions = tuple(_Callback(machine, func, row, event, state) for func, state in do)
    kind = Kind.DROP if to is STAY and not actions and not parts else Kind.ROW
    return Row(kind, (source.value,), (event.name,), to, actions, _guard(parts) if parts else None, where)


def _guard(parts: list[tuple[_Callback, bool]]) -> Guard[Any, Any]:
    def when(_event: object, data: object) -> bool:
        return all(bool(part.ask(data) == target) for part, target in parts)  # == as in the library: one that returns 2 refuses

    when.__name__ = " and ".join(part.__name__ if target else f"not {part.__name__}" for part, target in parts)
    return when


def to_transitions(table: StateTable[Any, Any], *, perform: Perform | None = None) -> Machine:
    """A stock ``transitions.Machine`` that does what the table says.

    It has no model: add yours with ``machine.add_model(model)``. The model is the data that guards and actions are given; ``Set``
    sets its attributes. An event is triggered by its name; one that is a class carries its object: ``model.trigger("Paid",
    Paid(3))``. Each row's whole chain (leaving, its actions, entering) runs in ``before``, for groups have no place in a flat
    machine. A ``drop`` is an internal transition that does nothing; a ``never`` raises ``MachineError``.

    Args:
        table: The table.
        perform: What to do with effects other than ``Set``. Without it one that comes out is a ``MisuseError``.

    Raises:
        TableError: the table has timers, ``always`` rows, level guards or history, which a stock machine cannot hold.
    """
    faults = [f"{row.where}: {fault}" for row in table.rows if (fault := _unstockable(row))]
    if faults:
        said = "\n  ".join(faults)
        msg = f"{table.name}: {len(faults)} row{'s' if len(faults) > 1 else ''} a stock machine cannot hold\n  {said}"
        raise TableError(msg)
    nodes = {m: State(m if isinstance(m, Enum) else state_name(m), final=m in table.final) for m in table.members}
    states, name = list(nodes.values()), table.name
    machine = Machine(model=None, states=states, initial=None, auto_transitions=False, send_event=True, name=name)
    machine.initial = nodes[table.start]
    for key in table.events:
        machine.events[key_name(key)] = Event(key_name(key), machine)
        for member, node in nodes.items():
            for taken in table.engine.by_key[key].transitions.get(state_name(member), ()):
                if taken.acts:
                    dest = nodes[taken.node.member] if taken.node else None
                    _add(machine, taken.key, node, dest, *_stock(taken, perform))
                elif taken.row.kind is Kind.DROP:
                    _add(machine, key, node, None, [], [])
                elif table.cell(member, key)[0] is not taken.row:  # else the trigger is not valid: a MachineError
                    _add(machine, key, node, None, [], [_refuse])
            if not table.cell(member, key):  # undecided, in a lenient table: dropped
                _add(machine, key, node, None, [], [])
    return machine


def _add(machine: Machine, key: Key, source: State, dest: State | None, conditions: list[Any], before: list[Any]) -> None:
    # by State objects: the names "*" and "=" would mean something else
    machine.add_transition(key_name(key), source, dest, conditions=conditions, before=before)


def _unstockable(row: Row[Any, Any]) -> str:
    if any(key_name(key) == "state" for key in row.on):
        return "an event called 'state': that is where a stock machine keeps the state; rename it"
    if row.kind is Kind.AFTER:
        return "a timer: a stock machine has no clock; write an event instead, and trigger it when it is time"
    if row.kind is Kind.ALWAYS:
        return "an always row: write a row on each event after which it should be tried"
    if isinstance(row.to, History):
        return "history: keep where the group was in the data, and write a row for each state, guarded by it"
    return "a level guard: a stock machine has no siblings; write an event instead" if any(levels_in(row.when)) else ""


def _stock(taken: TableTransition, perform: Perform | None) -> tuple[list[Any], list[Any]]:
    """The conditions and the before-callbacks of a row."""
    key, when, do = taken.key, taken.when, taken.do

    def condition(given: EventData) -> bool:
        return bool(when(_event(key, given), given.model)) if when else True

    def run(given: EventData) -> None:
        event = _event(key, given)
        out: list[object] = []
        for action in do:
            out += action(event, given.model)
        for effect in out:
            if isinstance(effect, Set):
                setattr(given.model, effect.field, effect.value)
            elif perform is None:
                msg = f"{effect!r} came out ({taken.row.where}) and nothing performs it: to_transitions(table, perform=…)"
                raise MisuseError(msg)
            else:
                perform(given.model, effect)

    return [condition] if when else [], [run] if do else []


def _event(key: Key, given: EventData) -> object:
    """The event as the table's functions take it: its name, or the object that was handed to the trigger."""
    if isinstance(key, str):
        return key
    args = tuple(given.args)
    if len(args) == 1 and type(args[0]) is key:
        return args[0]
    name = key_name(key)
    msg = f"{name} carries data: model.trigger({name!r}, {name}(…))"
    raise MisuseError(msg)


def _refuse(given: EventData) -> None:
    msg = f"{given.event.name} never comes in {given.state.name}"
    raise MachineError(msg)
