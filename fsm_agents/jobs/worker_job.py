"""One job in this process: runs the entrypoint, and the sessions it started, to their end."""

from __future__ import annotations

import inspect
import logging
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from anyio.abc import TaskStatus

from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.jobs.choose import room_argument
from fsm_agents.jobs.context import JobContext
from fsm_agents.jobs.lines import program_lines

__all__ = ["AFTERWORK", "LINGER", "WorkerJob"]

log = logging.getLogger("fsm_agents")

LINGER = 1.0
"""Seconds that an entrypoint may go on after its last session is closed; then it is cancelled. One that waits for something else
(``await asyncio.Event().wait()``) waits in vain from then on; a second is time to begin the next session."""
AFTERWORK = 10.0
"""The same for an entrypoint that waited for that end (``close()``, ``wait_closed()``): it goes on to write down what was said."""


@strict_keywords
class WorkerJob:
    """Runs one entrypoint until its session is closed, the room ends or a signal arrives.

    Args:
        entrypoint: ``async def entrypoint(ctx: JobContext)``. The job outlives it: sessions it started go on.
        jobctx: The context, or a function that makes it.

    Raises:
        MisuseError: the entrypoint is not an async function, or ``jobctx`` is no context.
    """

    def __init__(
        self, entrypoint: Callable[[JobContext], Awaitable[Any]], jobctx: JobContext | Callable[[], JobContext] | None = None
    ) -> None:
        if not any(map(inspect.iscoroutinefunction, (entrypoint, type(entrypoint).__call__))):
            msg = f"WorkerJob(entrypoint={getattr(entrypoint, '__name__', entrypoint)}): give an `async def` function that takes the context"
            raise MisuseError(msg)
        if not (jobctx is None or isinstance(jobctx, JobContext) or callable(jobctx)):
            raise MisuseError(f"WorkerJob(jobctx={type(jobctx).__name__}): give a JobContext, or a function that makes one")
        self.entrypoint = entrypoint
        self.jobctx = jobctx

    def start(self, *, backend: str = "asyncio", backend_options: dict[str, Any] | None = None) -> None:
        """Run the job to its end, as the last line of a program. Raises what the entrypoint raised, after an orderly shutdown.

        What a program of its own would have to see to, it sees to: the first argument may name the room (``jobs/choose.py``), the log
        is shown on standard error if nobody configured one, and an error of this package that nobody catches is one line, with exit
        code 1 (``jobs/lines.py``).

        Args:
            backend: ``"asyncio"`` or ``"trio"``.
            backend_options: Options of the backend, as :func:`anyio.run` takes them.
        """
        with program_lines():
            anyio.run(self._run, room_argument(sys.argv), backend=backend, backend_options=backend_options)

    async def run(self) -> None:
        """The same inside a running event loop, and in a program of your own: it reads no arguments, and shows nothing."""
        await self._run(None)

    async def _run(self, argument: str | None) -> None:
        context = self.jobctx() if callable(self.jobctx) else self.jobctx or JobContext()
        if not isinstance(context, JobContext):
            raise MisuseError(
                f"the function that WorkerJob was given as jobctx made a {type(context).__name__}; it must make a JobContext"
            )
        context.argument = argument
        failed: list[Exception] = []
        async with context, anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                if threading.current_thread() is threading.main_thread():
                    await group.start(_obey_signals, context, scope, name="signals")
                group.start_soon(_stop_when_over, context, scope, name="end of the sessions")
                try:
                    await self.entrypoint(context)
                except Exception as broken:
                    failed.append(broken)
                else:
                    await _close_unstarted(context)
                    await context.closed()
            await context.shutdown()
            group.cancel_scope.cancel()
        if failed:
            raise failed[0]


async def _stop_when_over(context: JobContext, scope: anyio.CancelScope) -> None:
    """When every session is closed, and no other follows, there is nothing an entrypoint could still wait for."""
    while True:
        news = context.changed
        if not context.over:
            await news.wait()
            continue
        with anyio.move_on_after(AFTERWORK if context.awaited else LINGER) as lingering:
            await news.wait()
        if lingering.cancelled_caught:
            scope.cancel()
            return


async def _close_unstarted(context: JobContext) -> None:
    """Nobody is left who could start these, and waiting for their end would be for ever."""
    for session in context.sessions:
        if session.state in ("created", "connected"):
            await session.close("the entrypoint ended without starting it")


async def _obey_signals(context: JobContext, scope: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for number in signals:
            log.info("%s: closing", signal.Signals(number).name)
            async with anyio.create_task_group() as group:
                for session in context.sessions:
                    group.start_soon(session.close, f"signal {signal.Signals(number).name}")
            scope.cancel()
            return
