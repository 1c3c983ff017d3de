"""All timers of one session in one task: a heap of due times, one wake for the earliest. Stale timers are dropped by their epoch.

Arming a timer moves the deadline of the sleeping scope, and only if it is the earliest; there is never one sleep per timer (neither loop
keeps the order of sleeps that end together). Equal timers go in the order they were armed, and after events that came at the same instant.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

import anyio
from anyio.lowlevel import checkpoint

from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Arm, Shared

__all__ = ["Timers", "micros"]

_MANY = 64
"""Entries in a heap beyond which the stale ones are thrown out: a conversation has less than ten live timers."""


def micros() -> int:
    """The loop's clock in whole microseconds: sums of integers stay equal where sums of floats drift apart."""
    return round(anyio.current_time() * 1_000_000)


class Timers:
    """The armed timers of one conversation.

    Args:
        talk: The conversation; a timer whose machine has moved on is stale.
        fire: Takes each :class:`~fsm_agents.fsm.engine.Due` when it is due.
    """

    __slots__ = ("_fire", "_heap", "_scope", "_sequence", "_talk", "_wakes")

    def __init__(self, talk: Shared, fire: Callable[[Due], object]) -> None:
        self._talk = talk
        self._fire = fire
        self._heap: list[tuple[int, int, Arm | Callable[[], object]]] = []
        self._sequence = 0
        self._scope: anyio.CancelScope | None = None
        self._wakes: float = math.inf  # µs: when the task wakes next

    def __len__(self) -> int:
        """How many timers are live."""
        return sum(isinstance(due, Arm) and not self._stale(due) for _, _, due in self._heap)

    def arm(self, *arms: Arm) -> None:
        """Arm timers from now on; those that are stale already are left out."""
        now, cells, names = micros(), self._talk.cells, self._talk.names
        for arm in arms:
            if cells[names[arm.machine]].epoch == arm.epoch:
                self._sequence += 1
                heapq.heappush(self._heap, (now + arm.delay, self._sequence, arm))
        self._wake_in_time()

    def call(self, delay: int, fn: Callable[[], object]) -> None:
        """Call ``fn`` in ``delay`` µs, after what comes at the same instant. It may not raise."""
        self._sequence += 1
        heapq.heappush(self._heap, (micros() + delay, self._sequence, fn))
        self._wake_in_time()

    def _wake_in_time(self) -> None:
        """Wake earlier if something is due earlier; never later, although the first may be stale by now.

        Moving the deadline costs more than all else here, and nearly every step would move it; a wake for nothing is rare: most
        timers that go stale are seconds longer than the next one.
        """
        heap = self._heap
        if len(heap) > _MANY:
            heap[:] = [entry for entry in heap if not self._stale(entry[2])]
            heapq.heapify(heap)
        if self._scope is not None and heap and heap[0][0] < self._wakes:
            self._wakes = heap[0][0]
            self._scope.deadline = self._wakes / 1_000_000

    async def run(self) -> None:
        """Fire what is due, until cancelled."""
        # Not sleep_forever(): on asyncio that is a timer at infinity, whose context outlives the session in the loop.
        never = anyio.Event()
        while True:
            self._wakes = self._next()
            with anyio.CancelScope(deadline=self._wakes / 1_000_000) as self._scope:
                await never.wait()
            self._scope = None
            await checkpoint()  # what came at the same instant goes first
            self._fire_due()

    def _next(self) -> float:
        while self._heap and self._stale(self._heap[0][2]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else math.inf

    def _fire_due(self) -> None:
        now = micros()
        while self._heap and self._heap[0][0] <= now:
            _, _, due = heapq.heappop(self._heap)
            if not isinstance(due, Arm):
                due()
            elif not self._stale(due):
                self._fire(Due(due.machine, due.timer, due.epoch))

    def _stale(self, due: Arm | Callable[[], object]) -> bool:
        return isinstance(due, Arm) and self._talk.cell(due.machine).epoch != due.epoch
