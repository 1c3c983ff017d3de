"""The user's hooks that run now: each in a task and a scope of its own, so that one can be stopped without the others."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import anyio
import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.pipelines.composer import Spawn

__all__ = ["Hooks", "call"]

log = logging.getLogger("fsm_agents")


async def call(fn: Callable[..., Any], *args: object) -> Any:
    """Call a function of the user's, sync or async (also an object whose ``__call__`` is async)."""
    result = fn(*args)
    return await result if inspect.isawaitable(result) else result


@attrs.define(eq=False)
class _Hook:
    """One hook that runs; two of the same name may (the end of a turn, and the end of the next)."""

    name: str
    scope: anyio.CancelScope
    spared: bool = False


_running_hook: ContextVar[_Hook | None] = ContextVar("fsm_agents_hook", default=None)
"""The hook this code runs in; ``None`` outside hooks."""


class Hooks:
    """The hooks of one session.

    Args:
        spawn: Starts a task that the session owns.

    Attributes:
        begun: The names of the hooks that have begun to run.
    """

    def __init__(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._running: set[_Hook] = set()
        self.begun: set[str] = set()
        self._idle = anyio.Event()

    def __contains__(self, name: str) -> bool:
        """Whether a hook of that name runs."""
        return any(hook.name == name for hook in self._running)

    def run(self, name: str, fn: Callable[[], Any], done: Callable[[Exception | None], object]) -> None:
        """Start a hook. ``done`` is told when it returned, or what it raised; nothing if it was stopped."""
        hook = _Hook(name, anyio.CancelScope())
        self._running.add(hook)
        self._spawn(lambda: self._run(hook, fn, done), name)

    def spare_current(self) -> None:
        """The hook that runs this code asks for the end itself: let it return."""
        hook = _running_hook.get()
        if hook in self._running:
            hook.spared = True

    def stop(self, *, spared: bool = False) -> None:
        """Cancel what runs; what asked for the end itself only if ``spared``."""
        for hook in self._running:
            if spared or not hook.spared:
                hook.scope.cancel()

    async def idle(self) -> None:
        """Wait until no hook runs."""
        while self._running:
            self._idle = anyio.Event()
            await self._idle.wait()

    async def _run(self, hook: _Hook, fn: Callable[[], Any], done: Callable[[Exception | None], object]) -> None:
        _running_hook.set(hook)
        self.begun.add(hook.name)
        failed: Exception | None = None
        try:
            with hook.scope:
                try:
                    await call(fn)
                except Exception as broken:  # a user's hook may raise anything
                    log.error("%s raised", hook.name, exc_info=broken)
                    failed = broken
                except anyio.get_cancelled_exc_class() as stray:
                    await anyio.lowlevel.checkpoint_if_cancelled()  # ours is raised here again
                    # Of a task that the hook awaited and somebody else cancelled. Let through, it would cancel every task of the session.
                    log.error("%s awaited a task that was cancelled", hook.name, exc_info=stray)
                    failed = MisuseError(f"{hook.name} awaited a task that was cancelled; catch that in the hook")
        finally:
            self._running.remove(hook)
            self._idle.set()
        if not hook.scope.cancelled_caught:
            done(failed)
