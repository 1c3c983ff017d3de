"""The user's hooks that run now: each in a task and a scope of its own, so that one can be stopped without the others."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import anyio

from fsm_agents.pipelines.composer import Spawn

__all__ = ["Hooks", "call", "running_hook"]

log = logging.getLogger("fsm_agents")

running_hook: ContextVar[str] = ContextVar("fsm_agents_hook", default="")
"""The name of the hook this code runs in; empty outside hooks."""


async def call(fn: Callable[..., Any], *args: object) -> Any:
    """Call a function of the user's, sync or async (also an object whose ``__call__`` is async)."""
    result = fn(*args)
    return await result if inspect.isawaitable(result) else result


class Hooks:
    """The hooks of one session.

    Args:
        spawn: Starts a task that the session owns.
    """

    def __init__(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._running: dict[str, anyio.CancelScope] = {}
        self._spared: set[str] = set()
        self._idle = anyio.Event()

    def __contains__(self, name: str) -> bool:
        """Whether a hook of that name runs."""
        return name in self._running

    def run(self, name: str, fn: Callable[[], Any], done: Callable[[Exception | None], object]) -> None:
        """Start a hook. ``done`` is told when it returned, or what it raised; nothing if it was stopped."""
        scope = self._running[name] = anyio.CancelScope()
        self._spawn(lambda: self._run(name, fn, done, scope), name)

    def spare(self, name: str) -> None:
        """This hook asked for the end itself: let it return."""
        self._spared.add(name)

    def stop(self) -> None:
        """Cancel what runs, but not what was spared."""
        for name, scope in self._running.items():
            if name not in self._spared:
                scope.cancel()

    async def idle(self) -> None:
        """Wait until no hook runs."""
        while self._running:
            self._idle = anyio.Event()
            await self._idle.wait()

    async def _run(self, name: str, fn: Callable[[], Any], done: Callable[[Exception | None], object], scope: anyio.CancelScope) -> None:
        running_hook.set(name)
        failed: Exception | None = None
        try:
            with scope:
                try:
                    await call(fn)
                except Exception as broken:  # noqa: BLE001 - a user's hook may raise anything
                    log.error("%s raised", name, exc_info=broken)
                    failed = broken
        finally:
            del self._running[name]
            self._idle.set()
        if not scope.cancelled_caught:
            done(failed)
