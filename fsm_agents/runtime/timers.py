"""All timers of one session in one task: a heap of due times, one wake for the earliest. Stale timers are dropped by their epoch.

Arming an earlier timer only moves the deadline of the sleeping scope; there is never one sleep per timer (neither loop keeps the order of
sleeps that end together). Equal timers go in the order they were armed, and after events that came at the same instant.
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


def micros() -> int:
    """The loop's clock in whole microseconds: sums of integers stay equal where sums of floats drift apart."""
    return round(anyio.current_time() * 1_000_000)


class Timers:
    """The armed timers of one conversation.

    Args:
        talk: The conversation; a timer whose machine has moved on is stale.
        fire: Takes each :class:`~fsm_agents.fsm.engine.Due` when it is due.
    """

    __slots__ = ("_fire", "_heap", "_scope", "_sequence", "_talk")

    def __init__(self, talk: Shared, fire: Callable[[Due], object]) -> None:
        self._talk = talk
        self._fire = fire
        self._heap: list[tuple[int, int, Due]] = []
        self._sequence = 0
        self._scope: anyio.CancelScope | None = None

    def __len__(self) -> int:
        """How many timers are live."""
        return sum(not self._stale(due) for _, _, due in self._heap)

    def arm(self, arm: Arm) -> None:
        """Arm a timer from now on."""
        self._sequence += 1
        heap = self._heap
        heapq.heappush(heap, (micros() + arm.delay, self._sequence, Due(arm.machine, arm.timer, arm.epoch)))
        while self._stale(heap[0][2]):
            heapq.heappop(heap)
        if self._scope is not None:
            self._scope.deadline = heap[0][0] / 1_000_000

    async def run(self) -> None:
        """Fire what is due, until cancelled."""
        while True:
            with anyio.CancelScope(deadline=self._next()) as self._scope:
                await anyio.sleep_forever()
            self._scope = None
            await checkpoint()  # what came at the same instant goes first
            self._fire_due()

    def _next(self) -> float:
        while self._heap and self._stale(self._heap[0][2]):
            heapq.heappop(self._heap)
        return self._heap[0][0] / 1_000_000 if self._heap else math.inf

    def _fire_due(self) -> None:
        now = micros()
        while self._heap and self._heap[0][0] <= now:
            _, _, due = heapq.heappop(self._heap)
            if not self._stale(due):
                self._fire(due)

    def _stale(self, due: Due) -> bool:
        return self._talk.cell(due.machine).epoch != due.epoch
