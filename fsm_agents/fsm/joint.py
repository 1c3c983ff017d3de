"""Machines joined by level and edge: one event from outside is one macro step over all of them.

Level: a machine reads where its siblings rest (``always`` rows, tried to a fixed point); no state is ever copied. Edge: a message
with data is raised by an action and delivered at once, in place, depth first. If anything in the step raises, every state, epoch
and value is as before. Only the states in which the step comes to rest arm timers. Pure: effects are returned, never performed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import attrs

from fsm_agents.errors import MisuseError, TableError, nearest
from fsm_agents.fsm.engine import Due, Engine, Fault, Session, Set, TableEvent, TableState, TableTransition
from fsm_agents.fsm.levels import compiled, refuse_unknown
from fsm_agents.fsm.rows import Timer
from fsm_agents.fsm.table import StateTable, key_name
from fsm_agents.fsm.ways import Way, watched_by, ways_of

__all__ = ["Arm", "Joint", "Shared", "Step"]

ROUNDS = 32
"""``always`` rows taken in one settling before the tables are called endless. The tables shipped here need three."""

SETTINGS = 64
"""So many different settings of the timers are shared among conversations; whoever uses more pays for each (700 bytes)."""


class Shared:
    """The one data object of a joined conversation. Subclass it with slots; actions change it by returning ``Set``.

    Attributes:
        cells: Where the conversation stands in each machine.
        names: The place of each machine in ``cells``.
        delays: µs for each timer; ``None`` is off. One object for all conversations with the same settings, read-only.
        stepping: 0 at rest. In a step 1, plus a bit (2, 4, 8 …) for each machine that moved.
    """

    __slots__ = ("cells", "delays", "names", "stepping")

    cells: tuple[Session[Any], ...]
    names: dict[str, int]
    delays: Mapping[Timer, int | None]
    stepping: int

    def delay(self, timer: Timer) -> int | None:
        """How long ``timer`` would run if it was armed now, in µs; ``None``: it is off."""
        delay = self.delays[timer]
        if delay is None or timer.factor is None:
            return delay
        times = timer.factor(self)
        return delay * times if times else None

    def cell(self, machine: str) -> Session[Any]:
        """Where the conversation stands in ``machine``."""
        return self.cells[self.names[machine]]


@attrs.define(unsafe_hash=True)
class Arm:
    """A timer to arm: ``machine`` rests in a state that owns ``timer``; due in ``delay`` µs, valid while the epoch is the same.

    Not to be changed; it is not frozen because that makes it three times as dear, and most steps make one.
    """

    machine: str
    timer: str
    delay: int
    epoch: int


class Step:
    """What one macro step did.

    Attributes:
        event: The event from outside.
        trail: The rows taken, in order, each as (machine number, transition). Empty: the event meant nothing, or was stale.
        effects: What is left to perform, in order.
        arms: The timers to arm. Timers of older epochs need no disarming: they are stale.
        stale: Whether the event was dropped before any table (a timer or a reply of the past).
    """

    __slots__ = ("arms", "effects", "event", "stale", "trail")

    def __init__(self, event: object, stale: bool = False) -> None:  # noqa: FBT001, FBT002 - a keyword-only one costs 0.04 µs a step
        self.event = event
        self.trail: list[tuple[int, TableTransition]] = []
        self.effects: list[object] = []
        self.arms: list[Arm] = []
        self.stale = stale


S = TypeVar("S", bound=Shared)
_Undo = list[tuple[Any, ...]]


class Joint(Generic[S]):
    """Several tables that make one conversation. Built once, shared by every session, read-only.

    Args:
        name: What the whole is called.
        tables: The machines by name, in the order in which they answer an event that several of them know. The name given here
            counts, so one table may be used for two machines.
        stale: For events that may come too late: a pure question ``(event, data)`` asked before any table.

    Raises:
        TableError: a level guard reads a machine or a state that is not there; two events are called the same.
    """

    def __init__(
        self,
        name: str,
        tables: Mapping[str, StateTable[Any, S]],
        *,
        stale: Mapping[type[Any], Callable[[Any, S], bool]] | None = None,
    ) -> None:
        self.name = name
        self.tables = dict(tables)
        self.machines: tuple[str, ...] = tuple(self.tables)
        self.engines: tuple[Engine, ...] = tuple(table.engine for table in self.tables.values())
        self.names = {machine: i for i, machine in enumerate(self.tables)}
        self.stale = dict(stale or {})
        self.routes: dict[object, tuple[tuple[int, TableEvent], ...]] = self._routes()
        self.timers = {(m, timer.name): (i, timer) for m, i in self.names.items() for timer in self.tables[m].timers}
        self.restless = tuple(i for i, engine in enumerate(self.engines) if any(node.always for node in engine.states.values()))
        refuse_unknown(name, self.tables)
        at = {machine: (i, self.engines[i]) for machine, i in self.names.items()}
        restless = [node for i in self.restless for node in self.engines[i].states.values() if node.always]
        self.always: dict[TableState, tuple[tuple[Any, TableTransition], ...]] = {
            node: tuple((compiled(taken.when, at), taken) for taken in node.always) for node in restless
        }
        self._ways = {key: tuple(ways_of(place, rows) for place, rows in found) for key, found in self.routes.items()}
        self._dues = {name: ways_of(i, self.engines[i].by_key[timer]) for name, (i, timer) in self.timers.items()}
        self._watched = tuple(watched_by(i, self.engines[i], at) for i in self.restless)
        self._movers: dict[int, tuple[int, ...]] = {}
        self._settings: dict[tuple[int | None, ...], Mapping[Timer, int | None]] = {}

    def start(self, data: S, delays: Mapping[str, float | None] | None = None) -> S:
        """Make ``data`` a conversation that stands in the first state of every machine.

        Args:
            data: A fresh data object.
            delays: Seconds for timers by name, 0 or more; ``None`` turns one off. Others have their default.

        Raises:
            MisuseError: no timer has that name, or a delay is no number of seconds.
        """
        given = dict(delays or {})
        timers = {timer: None for table in self.tables.values() for timer in table.timers}
        if unknown := set(given) - {timer.name for timer in timers}:
            offered = " ".join(f"{name!r}: {nearest(name, [t.name for t in timers])}" for name in sorted(unknown))
            msg = f"{self.name}: no timer is called {offered}"
            raise MisuseError(msg)
        data.cells = tuple(engine.start(data) for engine in self.engines)
        data.names = self.names
        chosen = {timer: _micros(timer.name, given.get(timer.name, timer.seconds)) for timer in timers}
        data.delays = self._shared(MappingProxyType(chosen))
        data.stepping = 0
        return data

    def retime(self, data: S, delays: Mapping[str, float | None]) -> bool:
        """Give one conversation other delays from now on; timers that are armed keep theirs. Not inside a step.

        Args:
            data: The conversation.
            delays: Seconds for timers by name, 0 or more; ``None`` turns one off. Others stay as they are.

        Returns:
            Whether anything changed.

        Raises:
            MisuseError: no timer has that name, a delay is no number of seconds, or a step is running.
        """
        if data.stepping:
            msg = f"{self.name}: timers cannot be changed inside a step"
            raise MisuseError(msg)
        if unknown := set(delays) - {timer.name for timer in data.delays}:
            offered = " ".join(f"{name!r}: {nearest(name, [t.name for t in data.delays])}" for name in sorted(unknown))
            msg = f"{self.name}: no timer is called {offered}"
            raise MisuseError(msg)
        chosen = {t: _micros(t.name, delays[t.name]) if t.name in delays else delay for t, delay in data.delays.items()}
        if chosen == data.delays:
            return False
        data.delays = self._shared(MappingProxyType(chosen))
        return True

    def _shared(self, chosen: Mapping[Timer, int | None]) -> Mapping[Timer, int | None]:
        """The same settings as one object: they are more than half of what a conversation would own."""
        key = tuple(chosen.values())
        if len(self._settings) < SETTINGS:
            return self._settings.setdefault(key, chosen)
        return self._settings.get(key, chosen)

    def step(self, data: S, event: object) -> Step:
        """One macro step: deliver ``event`` and all it raises, settle, and come to rest.

        Raises:
            MisuseError: no machine knows the event, or a step is running already (an action called back).
            TableError: the ``always`` rows, or events that raise each other, never come to rest.
        """
        if data.stepping:
            msg = f"{self.name}: {_named(event)} was posted inside a step; actions return effects, they do not call back"
            raise MisuseError(msg)
        step = Step(event)
        undo: _Undo = []
        data.stepping = 1
        try:
            if event.__class__ is Due:
                self._due(data, event, step, undo)  # pyright: ignore[reportArgumentType]
            else:
                stale = self.stale.get(event.__class__)
                if stale is not None and stale(event, data):
                    step.stale = True
                else:
                    self._deliver(data, event, step, undo)
            if undo:
                self._settle(data, event, step, undo)
                moved = data.stepping
                if moved > 1:
                    for place in self._movers.get(moved) or self._moved(moved):
                        cell = data.cells[place]
                        for timer in cell.node.timers:
                            delay = data.delays[timer] if timer.factor is None else data.delay(timer)
                            if delay is not None:
                                step.arms.append(Arm(self.machines[place], timer.name, delay, cell.epoch))
        except BaseException as broken:
            _restore(undo)
            self._explain(data, step, broken)
            raise
        finally:
            data.stepping = 0
        return step

    def arms(self, data: S) -> list[Arm]:
        """The timers that are armed where the conversation rests now."""
        step = Step(None)
        for place, cell in enumerate(data.cells):
            self._arm(data, place, cell, step)
        return step.arms

    def _due(self, data: S, due: Due, step: Step, undo: _Undo) -> None:
        found = self._dues.get((due.machine, due.timer))
        if found is None:
            known = ", ".join(map(".".join, self.timers)) or "none"
            msg = f"{self.name}: no timer {due.timer!r} in a machine {due.machine!r}; timers: {known}"
            raise MisuseError(msg)
        place, ways = found
        cell = data.cells[place]
        if cell.epoch != due.epoch:
            step.stale = True
            return
        for way in ways.get(cell.node, ()):
            when = way.when
            if when is None or when(due, data):
                self._run(data, cell, way, due, step, undo)
                return

    def _deliver(self, data: S, event: object, step: Step, undo: _Undo) -> None:
        machines = self._ways.get(event.__class__) or self._ways.get(event if event.__class__ is str else None)
        if machines is None:
            msg = f"{self.name} does not know the event {_named(event)}; it answers: {', '.join(map(key_name, self.routes))}"  # type: ignore[arg-type]
            raise MisuseError(msg)
        for place, ways in machines:
            cell = data.cells[place]
            for way in ways.get(cell.node, ()):
                when = way.when
                if when is None or when(event, data):
                    self._run(data, cell, way, event, step, undo)
                    break

    def _run(self, data: S, cell: Session[Any], way: Way, event: object, step: Step, undo: _Undo) -> None:  # noqa: C901 - the hot path
        step.trail.append(way.told)
        if not way.acts:
            if way.never:
                step.effects.append(Fault(self.machines[way.place], cell.node.name, key_name(way.taken.key)))
            return
        undo.append((cell, cell.node, cell.epoch, cell.past))
        data.stepping |= way.moved
        only, node = way.only, way.node
        if way.whole:
            effects: Iterable[object] = way.taken.effects(cell, event, data)
        elif only is None:
            if node is not None:
                cell.node = node
                cell.epoch += 1
            return
        else:  # compute first, then commit
            effects = only(event, data)
            if effects.__class__ is not tuple:
                effects = tuple(effects)
            if node is not None:
                cell.node = node
                cell.epoch += 1
        ways = self._ways
        for effect in effects:
            cls = effect.__class__
            if cls is Set:
                field, value = effect.field, effect.value  # type: ignore[attr-defined]
                undo.append((data, field, getattr(data, field)))
                setattr(data, field, value)
            elif cls in ways:
                self._deliver(data, effect, step, undo)
            else:
                step.effects.append(effect)

    def _settle(self, data: S, event: object, step: Step, undo: _Undo) -> None:
        cells, rounds = data.cells, 0
        while rounds < ROUNDS:
            for place, watched in self._watched:
                cell = cells[place]
                for sibling, nodes, way in watched.get(cell.node, ()):
                    if sibling >= 0 and cells[sibling].node not in nodes:
                        continue
                    when = way.when
                    if when is None or when(event, data):
                        break
                else:
                    continue
                self._run(data, cell, way, event, step, undo)
                rounds += 1
                break
            else:
                return
        msg = f"{self.name}: the always rows never come to rest after {_named(event)}; the last ones taken: {self._last(step)}"
        raise TableError(msg)

    def _moved(self, stepping: int) -> tuple[int, ...]:
        """The machines that moved in a step, in order: they arm the timers of the states they rest in."""
        moved = tuple(place for place in range(len(self.machines)) if stepping & 2 << place)
        self._movers[stepping] = moved  # four machines have sixteen answers; each is worked out once
        return moved

    def _arm(self, data: S, place: int, cell: Session[Any], step: Step) -> None:
        for timer in cell.node.timers:
            delay = data.delay(timer)
            if delay is not None:
                step.arms.append(Arm(self.machines[place], timer.name, delay, cell.epoch))

    def _explain(self, data: S, step: Step, broken: BaseException) -> None:
        """Say with an exception where it happened; a loop of raised events gets an error of its own."""
        if isinstance(broken, RecursionError):
            msg = f"{self.name}: {_named(step.event)} raises events without end; the last rows taken: {self._last(step)}"
            raise TableError(msg) from broken
        stood = ", ".join(f"{machine} {cell.node.name}" for machine, cell in zip(self.machines, data.cells, strict=True))
        rows = f"; rows taken: {self._last(step)}" if step.trail else ""
        broken.add_note(f"{self.name}: in the step {_named(step.event)} from {stood}{rows}. States and values are as before it.")

    def _last(self, step: Step) -> str:
        return " → ".join(f"{self.machines[place]}: {taken.row.where}" for place, taken in step.trail[-4:])

    def _routes(self) -> dict[object, tuple[tuple[int, TableEvent], ...]]:
        routes: dict[object, list[tuple[int, TableEvent]]] = {}
        for place, engine in enumerate(self.engines):
            for key in engine.table.events:
                routes.setdefault(key, []).append((place, engine.by_key[key]))
        names = [key_name(key) for key in routes]  # type: ignore[arg-type]
        if twice := {name for name in names if names.count(name) > 1}:
            msg = f"{self.name}: two events are called {', '.join(sorted(twice))}; a log could not tell them apart"
            raise TableError(msg)
        return {key: tuple(found) for key, found in routes.items()}


def _micros(timer: str, seconds: float | None) -> int | None:
    if seconds is None:
        return None
    if not 0 <= seconds < float("inf"):
        msg = f"the timer {timer} cannot be {seconds!r} seconds; give 0 or more, or None to turn it off"
        raise MisuseError(msg)
    return round(seconds * 1_000_000)


def _named(event: object) -> str:
    return event if isinstance(event, str) else type(event).__name__


def _restore(undo: _Undo) -> None:
    for entry in reversed(undo):
        if len(entry) == 3:  # noqa: PLR2004 - (data, field, value); the other kind is (session, node, epoch, past)
            setattr(*entry)
        else:
            entry[0].restore(entry[1:])
