"""What a played conversation shows: lines of the agent, each step with where it stood before; and what waits in it for its time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import attrs

from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import SayLines
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Arm, Step

if TYPE_CHECKING:
    from fsm_agents.testing.flows.player import Player

__all__ = ["MOST_STEPS", "SILENCE", "SPOKEN", "TIMER", "Before", "Reply", "Said", "Seen", "Timers"]

SPOKEN, TIMER, SILENCE = range(3)
"""What comes first of what is due at the same time."""
MOST_STEPS: Final = 1_000
"""Steps that a tool may be waited for: wait lines come every few seconds, and its time is bounded."""


@attrs.frozen
class Said:
    """One line of the agent.

    Args:
        text: Its words.
        state: The state that said it.
        start: When it begins to sound, µs.
        stop: When it was heard to its end.
    """

    text: str
    state: str
    start: int
    stop: int


@attrs.frozen
class Before:
    """Where a conversation stood before a step."""

    state: str
    slots: tuple[tuple[str, Any], ...]
    call: int
    visit: int


@attrs.frozen(eq=False)
class Seen:
    """One step, for properties to look at.

    Args:
        player: The conversation, after the step.
        event: What came.
        step: What it did.
        before: Where it stood.
        twin: What the same event did to a copy that had been saved and restored; ``None``: there is none.
    """

    player: Player
    event: object
    step: Step
    before: Before
    twin: Step | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """What is said in this step."""
        return tuple(line.words for effect in self.step.effects if isinstance(effect, SayLines) for line in effect.lines)


@attrs.define
class Reply:
    """What is sounding, or waits to.

    Attributes:
        stop: When it is heard to its end, µs.
        barge_in: What of the caller ends it.
        entry: Whether its end is told to the flow.
        visit: The entering of a state that it belongs to.
    """

    stop: int
    barge_in: str
    entry: bool
    visit: int


class Timers:
    """The timers that are armed; of equal ones the first armed comes first."""

    def __init__(self) -> None:
        self._armed: list[tuple[int, int, Due]] = []
        self._count = 0

    def arm(self, arms: Iterable[Arm], now: int) -> None:
        """Arm these, at this time."""
        for arm in arms:
            self._count += 1
            heapq.heappush(self._armed, (now + arm.delay, self._count, Due(arm.machine, arm.timer, arm.epoch)))

    def first(self, data: FlowData) -> tuple[int, Due] | None:
        """The next that is not stale, and when it is due; ``None``: none is armed."""
        while self._armed and data.cell(self._armed[0][2].machine).epoch != self._armed[0][2].epoch:
            heapq.heappop(self._armed)
        return (self._armed[0][0], self._armed[0][2]) if self._armed else None

    def pop(self) -> None:
        """The first is due."""
        heapq.heappop(self._armed)

    def clear(self) -> None:
        """None is armed any more."""
        self._armed.clear()
