"""The tools and hand-offs of one conversation in a flow that are under way: each reports once how it ended, or was stopped.

What a tool raises is logged, and never told to callers. Nothing here knows what a result means.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from fsm_agents.chat.tool import FunctionTool, ToolContext
from fsm_agents.flows.binding import takes_context
from fsm_agents.flows.machine.events import Failed, Succeeded
from fsm_agents.flows.machine.secret import open_secret
from fsm_agents.runtime.threads import run_in_thread

__all__ = ["Calls", "Spawn", "called", "opened"]

log = logging.getLogger("fsm_agents")

Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]], str], None]
"""Starts a task, with a name; whoever gives it owns the task."""


class Calls:
    """The calls of one conversation.

    Args:
        name: The flow's, for the log.
        spawn: Starts a task that the host owns.
        post: The door of the flow.
        keeps_once: Whether a call of a tool with ``once = true`` goes on to its end although its task is cancelled: whoever ends the
            conversation waits for it then.
    """

    def __init__(self, name: str, spawn: Spawn, post: Callable[[object], object], *, keeps_once: bool = False) -> None:
        self._name, self._spawn, self._post, self.keeps_once = name, spawn, post, keeps_once
        self._scopes: dict[int, anyio.CancelScope] = {}

    def __contains__(self, number: int) -> bool:
        """Whether this call is under way, and somebody may wait for it."""
        return number in self._scopes

    def start(self, number: int, name: str, work: Callable[[], Awaitable[Succeeded]], *, once: bool = False) -> None:
        """Begin a call; ``work`` gives the event to post, or raises."""
        scope = self._scopes[number] = anyio.CancelScope(shield=once and self.keeps_once)

        async def guarded() -> None:
            over: Succeeded | Failed | None = None
            try:
                with scope:
                    over = await self._over(number, name, work)
            finally:  # also when it is cancelled: nothing is under way then
                if self._scopes.get(number) is scope:
                    del self._scopes[number]
            if over is not None:  # also of a call that was stopped at that very moment: what is done is done
                self._post(over)

        self._spawn(guarded, name)

    def cancel(self, number: int) -> None:
        """Nobody waits for this call any more."""
        scope = self._scopes.pop(number, None)
        if scope is not None:
            scope.cancel()

    def let_go(self) -> None:
        """Whoever ended the conversation has waited long enough: what was kept from being cancelled is kept no longer."""
        for scope in self._scopes.values():
            scope.shield = False

    def stop(self) -> None:
        """Stop all that may be stopped."""
        for number, scope in list(self._scopes.items()):
            if not scope.shield:
                self.cancel(number)

    async def _over(self, number: int, name: str, work: Callable[[], Awaitable[Succeeded]]) -> Succeeded | Failed:
        try:
            return await work()
        except Exception as broken:
            log.error("%s: %s failed", self._name, name, exc_info=broken)
            return Failed(number, type(broken).__name__)
        except anyio.get_cancelled_exc_class() as stray:
            await checkpoint_if_cancelled()  # ours is raised here again; any other is a failure of the tool
            log.error("%s: %s waited for a task that was cancelled", self._name, name, exc_info=stray)
            return Failed(number, "cancelled")


def opened(values: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Names with their values as a tool gets them: secrets opened, lists as lists."""
    plain = {name: open_secret(value) for name, value in values}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


async def called(tool: Any, args: dict[str, Any], context: ToolContext) -> Any:
    """Call a tool, in a thread if it is a sync function."""
    function, is_async = (tool.call, tool.is_async) if isinstance(tool, FunctionTool) else (tool, _is_async(tool))
    name = tool.context_parameter if isinstance(tool, FunctionTool) else takes_context(function)
    given = {**args, name: context} if name else args
    if is_async:
        return await function(**given)
    # In a tuple, for trio refuses to carry back what is to be awaited.
    (result,) = await run_in_thread(lambda: (function(**given),), abandon_on_cancel=True)
    return await result if hasattr(result, "__await__") else result


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
