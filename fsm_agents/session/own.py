"""A task group as the owner of sessions: what a job's context is inside, and a session that is used as a context manager."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from contextvars import Token
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import TaskGroup

from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.rooms.base import Room
from fsm_agents.runtime.owner import Owner, current_owner

__all__ = ["JOIN_LIMIT", "LEAVE_LIMIT", "OwnGroup", "join_room", "leave_room"]

log = logging.getLogger("fsm_agents")

JOIN_LIMIT = 30.0
"""Seconds that joining a room may take: longer than any working signalling needs, shorter than a caller waits."""
LEAVE_LIMIT = 2.0
"""Seconds that leaving one may take: whoever is gone need not be told for long."""


async def join_room(room: Room) -> None:
    """Join a room, or leave it again and say why it could not be joined.

    Raises:
        ProviderError: it took longer than ``JOIN_LIMIT``. What ``room.connect()`` raises comes as it is.
    """
    try:
        with anyio.fail_after(JOIN_LIMIT):
            await room.connect()
    except BaseException as broken:
        with anyio.CancelScope(shield=True):
            await leave_room(room)
        if isinstance(broken, TimeoutError):
            raise ProviderError(f"the room could not be joined within {JOIN_LIMIT:g} s", retryable=True) from broken
        raise


async def leave_room(room: Room) -> None:
    """Leave a room, for at most ``LEAVE_LIMIT``. What goes wrong is logged: nobody is there any more whom it could concern."""
    with anyio.move_on_after(LEAVE_LIMIT) as scope:
        try:
            await room.disconnect()
        except Exception:
            log.exception("the room was not left cleanly")
    if scope.cancelled_caught:
        log.error("the room was not left within %g s", LEAVE_LIMIT)


class OwnGroup:
    """Owns the tasks of sessions while it is entered; leaving it waits for them."""

    def __init__(self, room: Any = None) -> None:
        self.room = room
        self.sessions: list[Any] = []
        self._group: TaskGroup | None = None
        self._token: Token[Owner | None] | None = None

    def start_soon(self, fn: Callable[[], Coroutine[Any, Any, Any]], name: str) -> None:
        """Run a task in the group."""
        if self._group is None:
            msg = "this owner is not entered: use it in `async with`"
            raise MisuseError(msg)
        self._group.start_soon(fn, name=name)

    def cancel(self) -> None:
        """Cancel what runs in the group; sessions are shielded, and end by being closed."""
        if self._group is not None:
            self._group.cancel_scope.cancel()

    def adopt(self, session: Any) -> None:
        """A session belongs to this owner."""
        self.sessions.append(session)

    async def __aenter__(self) -> Self:
        """Own what is created from here on."""
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._token = current_owner.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Wait for what was started."""
        if self._token is not None:
            current_owner.reset(self._token)
        group, self._group = self._group, None
        return None if group is None else await group.__aexit__(kind, error, trace)
