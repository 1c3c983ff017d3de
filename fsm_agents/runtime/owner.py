"""Who owns a session's tasks: every task has an owner that outlives the call that started it. No session starts a task of its own accord."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, Protocol

__all__ = ["Owner", "current_owner"]


class Owner(Protocol):
    """What owns sessions: a job's context, or a session used as a context manager."""

    @property
    def room(self) -> Any:
        """The room that sessions of this owner are in; ``None`` before there is one."""
        ...

    def start_soon(self, fn: Callable[[], Coroutine[Any, Any, Any]], name: str) -> None:
        """Run a task in the owner's task group."""
        ...

    def adopt(self, session: Any) -> None:
        """A session belongs to this owner from now on."""
        ...


current_owner: ContextVar[Owner | None] = ContextVar("fsm_agents_owner", default=None)
"""The owner of what is created now; set by a job for its entrypoint."""
