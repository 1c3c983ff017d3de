"""One provider connection at run time: dials, keeps and redials as the link table says. It decides nothing.

The table (:mod:`fsm_agents.machines.link`) says when to dial, how long to wait after a failure and when to give up; this file performs
that with a task for the timers and one for the connection, both owned by whoever runs it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import anyio
from anyio.abc import TaskGroup

from fsm_agents.machines.link import (
    Dial,
    DialAsked,
    Dialed,
    DialFailed,
    HangUp,
    Line,
    Link,
    LinkBroke,
    LinkDown,
    LinkUp,
    RenewAsked,
    link_joint,
)  # fmt: skip
from fsm_agents.runtime.timers import Timers

__all__ = ["CLOSE_GRACE", "Connection", "LinkDriver", "plain"]

log = logging.getLogger("fsm_agents")

_JOINT = link_joint()
CLOSE_GRACE = 1.0
"""Seconds that closing a connection may take."""


class Connection(Protocol):
    """What is connected."""

    async def aclose(self) -> None:
        """Close it, without waiting for the other side."""
        ...


C = TypeVar("C", bound=Connection)


class LinkDriver(Generic[C]):
    """One connection.

    Args:
        connect: Makes it. What it raises is a failed try; an error whose ``retryable`` is false is the last one.
        serve: Uses it until it is gone, in order (returns) or not (raises).
        down: Told why it was given up.
        name: What the log calls it.
        delays: Seconds of the table's timers by name, where they are not the default.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[C]], serve: Callable[[C], Awaitable[None]], down: Callable[[str], object],
        *, name: str = "provider", delays: Mapping[str, float | None] | None = None,
    ) -> None:  # fmt: skip
        self._connect, self._serve, self._name = connect, serve, name
        self.line = _JOINT.start(Line(), delays)
        self._timers = Timers(self.line, self.post)
        self._tasks: TaskGroup | None = None
        self._call = anyio.CancelScope()
        self._serving = anyio.Lock()
        self._ways: dict[type[Any], Callable[[Any], object]] = {
            Dial: lambda _effect: self._dial(),
            HangUp: lambda _effect: self._call.cancel(),
            LinkUp: lambda _effect: log.info("%s: connected", name),
            LinkDown: lambda effect: down(effect.reason),
        }

    @property
    def state(self) -> Link:
        """How the provider can be reached now."""
        state: Link = self.line.cell("link").state
        return state

    async def run(self) -> None:
        """Dial, and keep the connection until cancelled."""
        async with anyio.create_task_group() as self._tasks:
            self._tasks.start_soon(self._timers.run, name=f"{self._name} timers")
            self.post(DialAsked())
            # Not sleep_forever(): on asyncio that is a timer, whose context outlives the session in the loop.
            await anyio.Event().wait()

    def post(self, event: object) -> None:
        """Tell the table."""
        step = _JOINT.step(self.line, event)
        for timer in step.arms:
            self._timers.arm(timer)
        for effect in step.effects:
            self._ways[effect.__class__](effect)

    def renew(self, reason: str) -> None:
        """Leave the connection and make a new one at once, before the other side ends it; nothing happens if there is none."""
        if self.state is Link.UP:
            log.info("%s: %s", self._name, reason)
            self.post(RenewAsked())

    def _dial(self) -> None:
        self._call = anyio.CancelScope()
        if self._tasks is not None:
            self._tasks.start_soon(self._hold, self._call, name=self._name)

    async def _hold(self, call: anyio.CancelScope) -> None:
        """One try: connect, then stay until it ends. A cancelled one says nothing: who cancelled it has."""
        if call.cancel_called:  # before it began
            return
        with call:
            try:
                connection = await self._connect()
            except Exception as failed:  # a provider may raise anything
                self._say(call, DialFailed(plain(failed), getattr(failed, "retryable", False)))
                return
            reason = f"{self._name} closed the connection"
            try:
                async with self._serving:  # the one before is being left: never two in use
                    self.post(Dialed())
                    await self._serve(connection)
            except Exception as broken:  # as above
                reason = plain(broken)
            except BaseExceptionGroup as both:  # cancelled, and in the same moment it broke: that concerns nobody any more
                _, rest = both.split(Exception)
                raise rest or both from None
            finally:
                with anyio.move_on_after(CLOSE_GRACE, shield=True):
                    await connection.aclose()
            self._say(call, LinkBroke(reason))

    def _say(self, call: anyio.CancelScope, broken: DialFailed | LinkBroke) -> None:
        if not call.cancel_called:
            log.warning("%s: %s", self._name, broken.reason)
            self.post(broken)


def plain(broken: BaseException) -> str:
    """What went wrong in one line, without the wrapping of task groups."""
    while isinstance(broken, BaseExceptionGroup):
        broken = broken.exceptions[0]
    return str(broken) or type(broken).__name__
