"""One provider of several, and its link: how it can be reached, by the link table, for stages that are asked anew for each answer.

Nothing waits here: a stage has no task of its own, so the table's timers are looked at when somebody asks. It decides nothing; the
table (:mod:`fsm_agents.machines.link`) does. Asked for an answer is *dialing*, the first of the answer is *up*, a failure is *waiting*:
left out for a while, twice as long after each failure, until it has worked for 30 s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Arm
from fsm_agents.machines.link import (
    COOL_DOWN,
    DialAsked,
    Dialed,
    DialFailed,
    DialInsisted,
    HangUpAsked,
    Line,
    Link,
    LinkBroke,
    link_joint,
)  # fmt: skip
from fsm_agents.runtime.link import plain
from fsm_agents.runtime.timers import micros

__all__ = ["LEFT_OUT", "LONGER", "Member", "can_never_work", "delays"]

S = TypeVar("S")

_JOINT = link_joint()
LEFT_OUT = COOL_DOWN.seconds or 0.0
"""Seconds for which a provider that failed once is left out: how long the peers do."""
LONGER = 8
"""So many times longer is one left out that failed four times without 30 s of work between, or for which trying again cannot help. The
next step of the doubling."""


def delays(left_out: float) -> Mapping[str, float | None]:
    """The table's timers for a stage: the dialing has the deadline of the one who asks, the pause is the time of being left out."""
    return {"dial_limit": None, "backoff": left_out, "cool_down": left_out * LONGER}


def can_never_work(broken: BaseException) -> bool:
    """Whether it is set up in a way that no time mends: no key, a package that is not installed."""
    return isinstance(broken, MisuseError | MissingExtra)


class Member(Generic[S]):
    """One provider.

    Args:
        stage: What answers.
        name: What messages call it.
        left_out: Seconds for which it is left out after a first failure.

    Attributes:
        broken: Its last failure.
        worked: When it last answered, in µs of the loop's clock; -1: never.
    """

    def __init__(self, stage: S, name: str, left_out: float) -> None:
        self.stage, self.name = stage, name
        self.broken: Exception | None = None
        self.worked = -1
        self._left_out = left_out
        self._armed: tuple[int, Arm] | None = None
        self.reset()

    def reset(self) -> None:
        """Begin anew, as if nothing had been asked."""
        self._line = _JOINT.start(Line(), delays(self._left_out))
        self._armed, self.broken, self.worked = None, None, -1

    @property
    def state(self) -> Link:
        """How it can be reached now."""
        self._catch_up()
        state: Link = self._line.cell("link").state
        return state

    @property
    def ready(self) -> bool:
        """Whether it may be asked in its turn."""
        return self.state in (Link.DOWN, Link.DIALING, Link.UP)

    @property
    def out(self) -> bool:
        """Whether it is not to be asked at all."""
        return self.state is Link.CLOSED

    @property
    def rest(self) -> float:
        """Seconds for which it is still left out."""
        return max(0.0, (self._armed[0] - micros()) / 1_000_000) if self._armed and not self.ready else 0.0

    def ask(self) -> None:
        """An answer is asked of it, in its turn or because there is no other."""
        self._post(DialAsked() if self.ready else DialInsisted())

    def answered(self) -> None:
        """It works."""
        self.worked = micros()
        self._post(Dialed())

    def failed(self, broken: Exception) -> bool:
        """It does not work. Whether it is left out now and was not before: of several requests at a time, one failure counts."""
        before, self.broken = self.ready, broken
        retryable = getattr(broken, "retryable", True)
        kind = DialFailed if self.state is Link.DIALING else LinkBroke
        self._post(kind(plain(broken), retryable))
        return before and not self.ready

    def refuse(self, broken: Exception) -> None:
        """It will not work in this session."""
        self.broken = broken
        self._post(HangUpAsked())

    def _post(self, event: object) -> None:
        self._catch_up()
        self._step(event)

    def _catch_up(self) -> None:
        """Take the timer that was due by now."""
        if self._armed is not None and self._armed[0] <= micros():
            _, arm = self._armed
            self._armed = None
            if self._line.cell(arm.machine).epoch == arm.epoch:
                self._step(Due(arm.machine, arm.timer, arm.epoch))

    def _step(self, event: object) -> None:
        for arm in _JOINT.step(self._line, event).arms:
            # A state of a link has one timer, and none leads to a state with another (dial_limit is off): to be late is nothing.
            self._armed = (micros() + arm.delay, arm)
