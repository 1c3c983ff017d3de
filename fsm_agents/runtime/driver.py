"""The one door of a conversation: ``post`` runs the tables, arms timers and starts effects. Nothing here decides, and nothing waits.

A step runs at once, or next if one is running. Effects are started, never awaited. An exception in a step or in starting an effect belongs
to the session, which then closes; the poster never sees it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import Context
from threading import get_ident
from typing import Any, Generic, TypeVar

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.joint import Arm, Joint, Shared, Step
from fsm_agents.machines.events import CloseAsked
from fsm_agents.runtime.threads import wait_for_loop
from fsm_agents.runtime.timers import Timers, micros

__all__ = ["Driver", "Watcher"]

log = logging.getLogger("fsm_agents")

S = TypeVar("S", bound=Shared)
T = TypeVar("T")
Watcher = Callable[[int, Step], None]
"""Sees every step at rest, with the time in µs of the loop's clock. It may not post."""


class Driver(Generic[S]):
    """One conversation at run time.

    Args:
        joint: The machines.
        talk: The conversation.
        perform: Starts one effect.
        broke: Makes the event that says why a step or an effect failed. For the conversation itself it closes the session.
    """

    __slots__ = (
        "_arms", "_broke_event", "_context", "_perform", "_queue", "_thread", "joint", "on_failed", "on_retimed", "talk", "timers",
        "watchers",
    )  # fmt: skip

    def __init__(
        self, joint: Joint[S], talk: S, perform: Callable[[object], None], *, broke: Callable[[str], object] = CloseAsked
    ) -> None:
        self.joint = joint
        self.talk = talk
        self.timers = Timers(talk, self.post)
        self.watchers: list[Watcher] = []
        self.on_retimed: list[Callable[[int, Mapping[str, float | None]], None]] = []
        self.on_failed: list[Callable[[int, object, Exception], None]] = []
        """Told of each step that raised: when, on which event, and what. The conversation stands where it stood."""
        self._perform = perform
        self._broke_event = broke
        self._queue: deque[Any] | None = None
        self._arms: list[Arm] = []
        self._context: Context | None = None
        self._thread = 0

    def retime(self, delays: Mapping[str, float | None]) -> None:
        """Give timers other delays from their next arming on, by name in seconds; ``None`` turns one off. Whoever records is told."""
        if self.joint.retime(self.talk, delays):
            now = micros()
            for told in self.on_retimed:
                told(now, delays)

    def enter(self, context: Context) -> None:
        """From now on steps run, and tasks are started, in ``context``: not in that of whoever happens to post."""
        self._context = context
        self._thread = get_ident()

    @property
    def context(self) -> Context | None:
        """Where steps run; ``None``: wherever they are posted."""
        return self._context

    def in_loop(self, fn: Callable[..., T], *args: object) -> T:
        """Call ``fn`` in the thread of the event loop: here, or from a worker thread (a sync tool) by handing it over.

        Raises:
            MisuseError: this is a thread of somebody else's.
        """
        if not self._thread or get_ident() == self._thread:
            return fn(*args)

        async def there() -> T:
            return fn(*args)

        try:
            return wait_for_loop(there)
        except RuntimeError as broken:
            msg = (
                "a session can be used in its event loop and in its own sync tools; from another thread hand the call to the loop"
            )
            raise MisuseError(msg) from broken

    def post(self, event: object) -> Step | None:
        """Tell the machines. Returns what the step did, or ``None`` if another step is running and this one comes next."""
        if self._queue is not None:
            self._queue.append(event)
            return None
        if self._context is None:
            return self._drain(event)
        return self._context.run(self._drain, event)

    def _drain(self, event: object) -> Step:
        queue = self._queue = deque()
        try:
            first = self._step(event)
            while queue:
                self._step(queue.popleft())
        finally:
            self._queue = None
            if self._arms:  # once for all that came of the event, and when its effects are on their way
                arms, self._arms = self._arms, []
                self.timers.arm(*arms)
        return first

    def _step(self, event: object) -> Step:
        try:
            step = self.joint.step(self.talk, event)
        except Exception as broken:
            self._tell_failed(event, broken)
            if event.__class__ is self._broke_event:  # asking again would ask for ever
                log.critical("the tables cannot even be told that they are broken", exc_info=broken)
            else:
                self._broke(f"the step on {type(event).__name__}", broken)
            return Step(event)
        self._arms += step.arms
        if self.watchers:
            self._tell(step)
        for effect in step.effects:
            try:
                self._perform(effect)
            except Exception as broken:
                self._broke(f"the effect {type(effect).__name__}", broken)
        return step

    def _tell(self, step: Step) -> None:
        now = micros()
        for watcher in self.watchers:
            try:
                watcher(now, step)
            except Exception:
                log.exception("a watcher failed; the conversation goes on")

    def _tell_failed(self, event: object, broken: Exception) -> None:
        now = micros()
        for told in self.on_failed:
            try:
                told(now, event, broken)
            except Exception:
                log.exception("a watcher failed; the conversation goes on")

    def _broke(self, where: str, broken: Exception) -> None:
        log.error("%s failed", where, exc_info=broken)
        if self._queue is not None:
            self._queue.append(self._broke_event(f"error: {where} failed: {type(broken).__name__}: {broken}"))
