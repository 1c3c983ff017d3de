"""The virtual clock: a loop whose hour takes milliseconds, on asyncio and on trio.

Code under test uses the loop's own clock (:func:`anyio.current_time`, :func:`anyio.sleep`, deadlines), so virtualising the loop
virtualises everything, other people's libraries too, and production code has no extra layer. Time starts at 0 and stands still
while any task can run; when all of them wait, it jumps to the next timer.

What only real time can finish is invisible to such a clock. Threads sent through :func:`fsm_agents.runtime.threads.run_in_thread`
(and asyncio's own executor) stop it while they are out, and so does anything inside :func:`fsm_agents.runtime.threads.real_work`.
Sockets and processes outside such a block are polled before each jump, no more: test them on a real clock.

Rejected: ``anyio.wait_all_tasks_blocked`` as the sign that all wait (on asyncio it polls with a real ``sleep(0.1)``); a clock
object handed through the code (third parties would not obey it); a trio clock of our own (trio lets only its ``MockClock`` jump).

This is the only file that may import asyncio: it makes a loop.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from types import FrameType
from typing import Any, TypeVar, TypeVarTuple

import anyio

from fsm_agents.errors import FSMAgentsError, MissingExtra, MisuseError, nearest
from fsm_agents.runtime.threads import PATIENCE

__all__ = ["DEADLOCK_AFTER", "DeadlockError", "VirtualLoop", "backend_options", "guarded", "run"]

T = TypeVar("T")
Args = TypeVarTuple("Args")

#: Virtual seconds (four months) after which everything is taken to wait for ever. No scene lasts as long, and with nothing but
#: the guard's own timer left the clock is there in one jump.
DEADLOCK_AFTER = 1e7

#: Libraries whose frames say how a task waits; the reader wants to know where.
_MACHINERY = frozenset({"anyio", "trio", "asyncio", "outcome"})


class DeadlockError(FSMAgentsError):
    """Every task waits, and nothing will ever wake one. The message says who waits where."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose time is a number.

    Attributes:
        outstanding: How many pieces of real work are out (threads). While there is one, time jumps only after
            ``fsm_agents.runtime.threads.PATIENCE`` idle real seconds.
    """

    def __init__(self) -> None:
        self.outstanding = 0
        self._virtual_now = 0.0
        super().__init__(_PollingSelector(self))
        self._tick(0.0)

    def time(self) -> float:
        """The virtual time in seconds since this loop was made."""
        return self._virtual_now

    def jump(self) -> bool:
        """Go to the first scheduled timer. False if there is none, or none that will ever be due."""
        scheduled: list[Any] = self._scheduled  # type: ignore[attr-defined]  # asyncio's heap; cancelled heads are gone before select
        due: float = scheduled[0]._when if scheduled else math.inf  # noqa: SLF001
        if due == math.inf:
            return False
        self._tick(max(due, self._virtual_now))
        return True

    def _tick(self, now: float) -> None:
        """Set the time. asyncio runs what is due before now + resolution: below one step of the float it would spin for ever."""
        self._virtual_now = now
        self._clock_resolution = max(1e-9, 2 * math.ulp(now))

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Args], T], *args: *Args) -> asyncio.Future[T]:
        """As in asyncio (name look-ups come this way); time does not jump until the thread is back."""
        future = super().run_in_executor(executor, func, *args)
        self.outstanding += 1
        future.add_done_callback(self._back)
        return future

    def _back(self, _future: asyncio.Future[Any]) -> None:
        self.outstanding -= 1

    async def shutdown_default_executor(self, *timeout: Any) -> None:
        """As in asyncio, where from Python 3.12 on it has a timeout that a jump would trigger."""
        self.outstanding += 1
        try:
            await super().shutdown_default_executor(*timeout)
        finally:
            self.outstanding -= 1


class _PollingSelector(selectors.DefaultSelector):
    """Real I/O first; when there is none, the loop jumps instead of waiting."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now. ``timeout`` is 0 when the loop has something to run, and otherwise not believed."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self._loop.outstanding and (ready := super().select(PATIENCE)):
            return ready
        if self._loop.jump() or self._loop.outstanding:
            return []
        if ready := super().select(PATIENCE):
            return ready
        msg = f"deadlock: nothing left to do: no timer, no thread, and no input for {PATIENCE:g} real seconds"
        raise DeadlockError(msg)


def backend_options(backend: str) -> dict[str, Any]:
    """The options that make :func:`anyio.run` (or anyio's pytest fixture) run ``backend`` on a virtual clock that starts at 0.

    Make new ones for each run: the trio clock is in them, and goes on where it stood.

    Args:
        backend: ``"asyncio"`` or ``"trio"``.
    """
    if backend == "asyncio":
        return {"loop_factory": VirtualLoop}
    if backend == "trio":
        try:
            from trio.testing import MockClock
        except ImportError as error:
            raise MissingExtra("test", "the virtual clock of trio") from error
        return {"clock": MockClock(autojump_threshold=0)}
    msg = f"no virtual clock for the backend {backend!r}: {nearest(backend, ('asyncio', 'trio'))}"
    raise MisuseError(msg)


def run(fn: Callable[[*Args], Awaitable[T]], *args: *Args, backend: str = "asyncio") -> T:
    """Run ``await fn(*args)`` on a new loop under the virtual clock, with the guard of :func:`guarded`, and return its result.

    Raises:
        DeadlockError: Everything waits for ever.
    """
    return anyio.run(guarded, fn, *args, backend=backend, backend_options=backend_options(backend))


async def guarded(fn: Callable[[*Args], Awaitable[T]], *args: *Args, limit: float = DEADLOCK_AFTER) -> T:
    """Await ``fn(*args)`` and refuse to wait for ever. One more task than ``fn`` starts lives meanwhile.

    Args:
        fn: An async function.
        args: Its positional arguments.
        limit: Seconds of the loop's clock after which it is over.

    Raises:
        DeadlockError: ``limit`` is reached. It says where each task waited.
    """
    __tracebackhide__ = True  # pytest: the reader wants the test, not the guard
    waiting: list[str] = []
    outcome: list[T] = []
    failure: BaseException | None = None

    async def watch() -> None:
        await anyio.sleep(limit)
        waiting.extend(_waiting())
        group.cancel_scope.cancel("deadlock")

    async with anyio.create_task_group() as group:
        group.start_soon(watch, name="deadlock guard")
        try:
            outcome.append(await fn(*args))
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:  # noqa: BLE001 - raised below, without the wrapping of the task group
            failure = error
        group.cancel_scope.cancel()
    if waiting:
        msg = f"deadlock: nothing left to do (the loop's clock ran {limit:g} s). Who waits where:\n" + "\n".join(waiting)
        raise DeadlockError(msg) from failure
    if failure is not None:
        raise failure
    return outcome[0]


def _waiting() -> Iterator[str]:
    """One line for each task: its name, and the deepest place of its own that it waits in."""
    for task in anyio.get_running_tasks():
        places = [frame for frame in _frames(task.coro) if _is_own(frame)]
        if places:
            code = places[-1].f_code
            yield f"  {task.name}: {code.co_filename}:{places[-1].f_lineno}, in {code.co_qualname}"


def _frames(awaited: object) -> Iterator[FrameType]:
    """The frames of a suspended coroutine, outermost first."""
    while awaited is not None:
        for kind in ("cr", "gi", "ag"):
            frame = getattr(awaited, f"{kind}_frame", None)
            if isinstance(frame, FrameType):
                yield frame
                awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
                break
        else:
            return


def _is_own(frame: FrameType) -> bool:
    """Whether a frame is neither the async libraries' nor this file's."""
    module = str(frame.f_globals.get("__name__", ""))
    return module != __name__ and module.partition(".")[0] not in _MACHINERY
