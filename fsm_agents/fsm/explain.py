"""Why a step does what it does: who is asked, which rows are tried, what guards answer, what is raised, what fires.

A second, slower walk over the same compiled tables, on a copy of the conversation: it changes nothing and must always agree with
:meth:`Joint.step <fsm_agents.fsm.joint.Joint.step>`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import attrs

from fsm_agents.errors import MisuseError, TableError
from fsm_agents.fsm.draw_words import actions, function_name, goal, numbers, row_id, seconds
from fsm_agents.fsm.engine import Due, Fault, Set, TableTransition
from fsm_agents.fsm.explore import clone, describe
from fsm_agents.fsm.joint import ROUNDS, Arm, Joint, Shared
from fsm_agents.fsm.rows import Kind, Row
from fsm_agents.fsm.table import key_name

__all__ = ["Asked", "Explained", "Raised", "Try", "explain"]

S = TypeVar("S", bound=Shared)
_Ways = Iterable[tuple[Any, TableTransition]]


@attrs.frozen
class Try:
    """One row that was tried: its number in the table, and what its guard answered (``True`` without a guard)."""

    number: int
    row: Row[Any, Any]
    answer: bool


@attrs.define
class Asked:
    """One machine that was asked about an event, or for its ``always`` rows.

    Attributes:
        machine: Its name.
        state: Where it stood.
        tries: The rows tried, in order; the last one won if its answer is true.
        did: What the winner's actions gave, in order: :class:`Set`, :class:`Raised`, or an effect.
    """

    machine: str
    state: str
    tries: list[Try] = attrs.field(factory=list)
    did: list[object] = attrs.field(factory=list)

    @property
    def taken(self) -> Try | None:
        """The row that won."""
        return self.tries[-1] if self.tries and self.tries[-1].answer else None


@attrs.define
class Raised:
    """An event that an action raised, delivered at once to the machines that know it."""

    event: object
    asked: list[Asked] = attrs.field(factory=list)


@attrs.define
class Explained:
    """One step, explained. ``str()`` of it is the readable text.

    Attributes:
        event: The event from outside.
        before: Where each machine rested before.
        stale: Whether the event was dropped before any table.
        asked: The machines that were asked about the event.
        settled: The machines that were asked for their ``always`` rows afterwards, in order, round after round.
        trail: The rows taken, as in :class:`~fsm_agents.fsm.joint.Step`.
        effects: What would be left to perform.
        arms: The timers that would be armed.
        after: Where each machine would rest.
        raised: What the step raises, if it does; nothing is then kept of it.
    """

    event: object
    before: dict[str, str]
    stale: bool = False
    asked: list[Asked] = attrs.field(factory=list)
    settled: list[Asked] = attrs.field(factory=list)
    trail: list[tuple[int, TableTransition]] = attrs.field(factory=list)
    effects: list[object] = attrs.field(factory=list)
    arms: list[Arm] = attrs.field(factory=list)
    after: dict[str, str] = attrs.field(factory=dict)
    raised: BaseException | None = None

    def __str__(self) -> str:
        return "\n".join(_text(self))


def explain(joint: Joint[S], data: S, event: object) -> Explained:
    """What ``joint.step(data, event)`` would do now, and why. ``data`` is not changed.

    A guard or action that raises is part of the answer: ``raised``.

    Raises:
        MisuseError: no machine knows the event.
    """
    if not isinstance(event, Due) and _key(event) not in joint.routes:
        known = ", ".join(map(key_name, joint.routes))  # type: ignore[arg-type]
        msg = f"{joint.name} does not know the event {describe(event)}; it answers: {known}"
        raise MisuseError(msg)
    walk = _Walk(joint, clone(data), event)
    walk.said.before = _resting(joint, data)
    walk.said.after = walk.said.before
    try:
        walk.go()
        walk.said.after = _resting(joint, walk.data)
    except RecursionError:
        walk.said.raised = TableError(f"{joint.name}: {describe(event)} raises events without end")
    except Exception as error:  # noqa: BLE001 - whatever a table raises is the explanation
        walk.said.raised = error
    return walk.said


class _Walk:
    def __init__(self, joint: Joint[Any], data: Shared, event: object) -> None:
        self.joint, self.data, self.event = joint, data, event
        self.names = joint.machines
        self.numbers = [numbers(table) for table in joint.tables.values()]
        self.said = Explained(event, {})
        self.moved = False

    def go(self) -> None:
        epochs = [cell.epoch for cell in self.data.cells]
        self.data.stepping = 1
        asked = self.joint.stale.get(self.event.__class__)
        if isinstance(self.event, Due):
            self._due(self.event)
        elif asked is not None and asked(self.event, self.data):
            self.said.stale = True
        else:
            self._deliver(self.event, self.said.asked)
        if self.moved:
            self._settle()
        for place, cell in enumerate(self.data.cells):
            for timer in cell.node.timers if cell.epoch != epochs[place] else ():
                if (delay := self.data.delay(timer)) is not None:
                    self.said.arms.append(Arm(self.names[place], timer.name, delay, cell.epoch))

    def _due(self, due: Due) -> None:
        place, timer = self.joint.timers[due.machine, due.timer]
        cell = self.data.cells[place]
        if cell.epoch != due.epoch:
            self.said.stale = True
            return
        ways = self.joint.engines[place].by_key[timer].index.get(cell.node, ())
        self._ask(place, [(way.when, way) for way in ways], due, self.said.asked)

    def _deliver(self, event: object, into: list[Asked]) -> None:
        for place, rows in self.joint.routes[_key(event)]:
            ways = rows.index.get(self.data.cells[place].node, ())
            self._ask(place, [(way.when, way) for way in ways], event, into)

    def _ask(self, place: int, ways: _Ways, event: object, into: list[Asked]) -> bool:
        """Try rows in order and take the first that applies; each is noted before its guard is asked, in case that raises."""
        cell = self.data.cells[place]
        asked = Asked(self.names[place], cell.node.name)
        into.append(asked)
        for when, way in ways:
            asked.tries.append(Try(self.numbers[place][way.row], way.row, answer=False))
            if when is None or when(event, self.data):
                asked.tries[-1] = attrs.evolve(asked.tries[-1], answer=True)
                self._take(place, way, event, asked)
                return True
        return False

    def _take(self, place: int, way: TableTransition, event: object, asked: Asked) -> None:
        self.said.trail.append((place, way))
        cell = self.data.cells[place]
        if way.row.kind is Kind.NEVER:
            self._perform(Fault(self.names[place], cell.node.name, key_name(way.key)), asked)
        elif way.acts:
            self.moved = True
            for effect in way.effects(cell, event, self.data):
                if isinstance(effect, Set):
                    getattr(self.data, effect.field)
                    setattr(self.data, effect.field, effect.value)
                    asked.did.append(effect)
                elif effect.__class__ in self.joint.routes:
                    raised = Raised(effect)
                    asked.did.append(raised)
                    self._deliver(effect, raised.asked)
                else:
                    self._perform(effect, asked)

    def _perform(self, effect: object, asked: Asked) -> None:
        asked.did.append(effect)
        self.said.effects.append(effect)

    def _settle(self) -> None:
        for _ in range(ROUNDS):
            if not any(self._restless(place) for place in self.joint.restless):
                return
        msg = f"{self.joint.name}: the always rows never come to rest after {describe(self.event)}"
        raise TableError(msg)

    def _restless(self, place: int) -> bool:
        ways = self.joint.always.get(self.data.cells[place].node, ())
        return self._ask(place, ways, self.event, self.said.settled)


def _key(event: object) -> object:
    return event if event.__class__ is str else event.__class__


def _resting(joint: Joint[Any], data: Shared) -> dict[str, str]:
    return {machine: cell.node.name for machine, cell in zip(joint.tables, data.cells, strict=True)}


def _text(said: Explained) -> Iterable[str]:
    yield f"{describe(said.event)} came; at rest: {_places(said.before)}"
    if said.stale:
        yield "stale: it is of the past, so no table was asked"
    for asked in said.asked:
        yield from _asked(asked, f"{asked.machine} in {asked.state}", "")
    for asked in said.settled:
        if asked.taken is not None or said.raised is not None:
            yield from _asked(asked, f"always: {asked.machine} in {asked.state}", "")
    if said.raised is not None:
        yield f"raised {type(said.raised).__name__}: {said.raised}; the step is undone"
        return
    yield f"at rest now: {_places(said.after)}" + (" (as before)" if said.after == said.before else "")
    for arm in said.arms:
        yield f"armed: {arm.timer} ({arm.machine}) in {seconds(arm.delay / 1_000_000)}"


def _asked(asked: Asked, head: str, indent: str) -> Iterable[str]:
    yield f"{indent}{head}" + ("" if asked.tries else ": has no row for it")
    for attempt in asked.tries:
        row = attempt.row
        to = {Kind.DROP: "drop", Kind.NEVER: "never"}.get(row.kind) or goal(row)
        line = f"{indent}  {'took' if attempt.answer else 'no  '} {row_id(attempt.number)} → {to}"
        line += f" / {actions(row)}" if row.do else ""
        yield line + (f" when {function_name(row.when)}" if row.when else "") + f"  ({row.where})"
    for effect in asked.did:
        if isinstance(effect, Raised):
            yield f"{indent}    raises {describe(effect.event)}"
            for inner in effect.asked:
                yield from _asked(inner, f"{inner.machine} in {inner.state}", f"{indent}      ")
        elif isinstance(effect, Set):
            yield f"{indent}    sets {effect.field} = {effect.value!r}"
        else:
            yield f"{indent}    does {describe(effect)}"


def _places(states: dict[str, str]) -> str:
    return ", ".join(f"{machine} {state}" for machine, state in states.items())
