"""One job in this process: runs the entrypoint, and the sessions it started, to their end."""

from __future__ import annotations

import inspect
import logging
import signal
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.jobs.context import JobContext

__all__ = ["WorkerJob"]

log = logging.getLogger("fsm_agents")


@strict_keywords
class WorkerJob:
    """Runs one entrypoint until its session is closed, the room ends or a signal arrives.

    Args:
        entrypoint: ``async def entrypoint(ctx: JobContext)``. The job outlives it: sessions it started go on.
        jobctx: The context, or a function that makes it.

    Raises:
        MisuseError: the entrypoint is not an async function.
    """

    def __init__(
        self, entrypoint: Callable[[JobContext], Awaitable[Any]], jobctx: JobContext | Callable[[], JobContext] | None = None
    ) -> None:
        if not any(map(inspect.iscoroutinefunction, (entrypoint, type(entrypoint).__call__))):
            msg = f"WorkerJob(entrypoint={getattr(entrypoint, '__name__', entrypoint)}): give an `async def` function that takes the context"
            raise MisuseError(msg)
        self.entrypoint = entrypoint
        self.jobctx = jobctx

    def start(self, *, backend: str = "asyncio", backend_options: dict[str, Any] | None = None) -> None:
        """Run the job to its end. Raises what the entrypoint raised, after an orderly shutdown.

        Args:
            backend: ``"asyncio"`` or ``"trio"``.
            backend_options: Options of the backend, as :func:`anyio.run` takes them.
        """
        anyio.run(self.run, backend=backend, backend_options=backend_options)

    async def run(self) -> None:
        """The same inside a running event loop."""
        context = self.jobctx() if callable(self.jobctx) else self.jobctx or JobContext()
        failed: list[Exception] = []
        async with context, anyio.create_task_group() as group:
            if threading.current_thread() is threading.main_thread():
                group.start_soon(_obey_signals, context, name="signals")
            with anyio.CancelScope() as scope:
                group.start_soon(_stop_when_over, context, scope, name="end of the sessions")
                try:
                    await self.entrypoint(context)
                except Exception as broken:
                    failed.append(broken)
                else:
                    await context.closed()
            await context.shutdown()
            group.cancel_scope.cancel()
        if failed:
            raise failed[0]


async def _stop_when_over(context: JobContext, scope: anyio.CancelScope) -> None:
    """When every session is closed there is nothing an entrypoint could still wait for."""
    await context.changed.wait()
    await context.closed()
    scope.cancel()


async def _obey_signals(context: JobContext) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            log.info("%s: closing", signal.Signals(number).name)
            for session in context.sessions:
                await session.close(f"signal {signal.Signals(number).name}")
            await context.shutdown()
            return
