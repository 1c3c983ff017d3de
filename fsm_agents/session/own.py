"""A task group as the owner of sessions: what a job's context is inside, and a session that is used as a context manager."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Token
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import TaskGroup

from fsm_agents.errors import MisuseError
from fsm_agents.runtime.owner import Owner, current_owner

__all__ = ["OwnGroup"]


class OwnGroup:
    """Owns the tasks of sessions while it is entered; leaving it waits for them."""

    def __init__(self, room: Any = None) -> None:
        self.room = room
        self.sessions: list[Any] = []
        self._group: TaskGroup | None = None
        self._token: Token[Owner | None] | None = None

    def start_soon(self, fn: Callable[[], Awaitable[Any]], name: str) -> None:
        """Run a task in the group."""
        if self._group is None:
            msg = "this owner is not entered: use it in `async with`"
            raise MisuseError(msg)
        self._group.start_soon(fn, name=name)

    def adopt(self, session: Any) -> None:
        """A session belongs to this owner."""
        self.sessions.append(session)

    async def __aenter__(self) -> Self:
        """Own what is created from here on."""
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._token = current_owner.set(self)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        """Wait for what was started."""
        if self._token is not None:
            current_owner.reset(self._token)
        group, self._group = self._group, None
        return None if group is None else await group.__aexit__(kind, error, trace)
