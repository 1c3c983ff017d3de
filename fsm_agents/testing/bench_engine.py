"""What a taken transition costs: one table of 12 states and 30 rows, with guards, entry and exit actions and timers, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

import attrs

from fsm_agents.fsm.rows import STAY, Effects, Row, Timer, after, drop, enter, leave, owes, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.testing.bench_setup import Figures, Size

__all__ = ["best_us", "measure_engine"]

T = TypeVar("T")

Places = Enum("Places", {f"S{number:02}": f"place {number}" for number in range(12)})  # type: ignore[misc]  # made, not written
STATES = tuple(Places)
LIMIT = Timer("limit", 5.0, "any")


@attrs.define
class _Data:
    """What the guards read."""

    open: bool = True
    count: int = 0


@attrs.frozen
class _Stepped:
    """To the next state."""

    amount: int


@attrs.frozen
class _Jumped:
    """Three states on, if it is far enough."""

    amount: int


@attrs.frozen
class _Did:
    """An effect for the runtime."""

    what: str


_ENTERED, _LEFT, _MOVED = _Did("entered"), _Did("left"), _Did("moved")


def is_open(event: object, data: _Data) -> bool:
    """A guard that reads data."""
    return data.open


def is_far(event: _Jumped, data: _Data) -> bool:
    """A guard that reads event and data."""
    return event.amount > data.count


def is_shut(event: object, data: _Data) -> bool:
    """A guard that does not hold."""
    return not data.open


def move(event: object, data: _Data) -> Effects:
    """The action of a row."""
    return (_MOVED,)


def came(event: object, data: _Data) -> Effects:
    """The action of entering a state."""
    return (_ENTERED,)


def went(event: object, data: _Data) -> Effects:
    """The action of leaving a state."""
    return (_LEFT,)


def _table() -> StateTable[Places, _Data]:
    rows: list[Row[Places, _Data]] = []
    for number, state in enumerate(STATES):
        onward, far = STATES[(number + 1) % 12], STATES[(number + 3) % 12]
        rows += [enter(state, came), leave(state, went), row(state, _Stepped, onward, move, is_open)]
        if number % 2:
            rows += [row(state, _Jumped, STAY, move, is_shut), row(state, _Jumped, far, move, is_far)]
        else:
            rows.append(after(state, LIMIT, onward, move))
        rows += [drop(state, _Stepped, _Jumped), owes(state, "the benchmark")]
    return StateTable("bench", Places, rows=rows, start=STATES[0])


def measure_engine(size: Size) -> Figures:
    """µs for each taken transition, the best of several runs of many: by CPU time, so that others on the machine do not count."""
    table = _table()
    engine = table.engine
    session = engine.start(_Data())
    step, stepped, jumped = engine.step, _Stepped(1), _Jumped(2)
    events: list[object] = [stepped, jumped, stepped, jumped, stepped, stepped, stepped, jumped]
    taken = sum(step(session, event) is not None for event in events * 12)
    if taken != len(events) * 12:
        msg = f"{taken} of {len(events) * 12} events were taken: the benchmark measures the wrong thing"
        raise RuntimeError(msg)
    events *= 16

    def loop(_nothing: None) -> int:
        for event in events:
            step(session, event)
        return len(events)

    return {"engine_us_per_transition": best_us(loop, lambda: None, size)}


def best_us(loop: Callable[[T], int], prepare: Callable[[], T], size: Size) -> float:
    """CPU µs for each of the things that ``loop`` says it did, at its best.

    A run takes about a millisecond: on a machine that others use too, some of many short runs meet nobody, and hardly a long one does.
    """
    best = float("inf")
    for _ in range(size.runs):
        given = prepare()
        began = time.process_time_ns()
        done = loop(given)
        best = min(best, (time.process_time_ns() - began) / 1000 / done)
    return best
