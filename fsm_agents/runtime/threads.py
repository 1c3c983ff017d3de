"""Work in a worker thread, without a virtual clock running away meanwhile.

The only door to threads. A clock that jumps when every task waits (``fsm_agents.testing.clock``, or any
``trio.testing.MockClock``) cannot see a thread: it would jump over the timeouts of whoever waits for it. So what runs here counts
itself as out, and such a clock stands still until it is back. On an ordinary clock the counting changes nothing.

This file may not keep threads of its own, and it does not know the virtual clock: it looks for the attribute that only one has
(``outstanding`` on an asyncio loop, ``autojump_threshold`` on a trio clock).
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar, TypeVarTuple, runtime_checkable

import attrs
from anyio import from_thread, lowlevel, to_thread

__all__ = ["PATIENCE", "real_work", "run_in_thread", "wait_for_loop"]

T = TypeVar("T")
Args = TypeVarTuple("Args")

#: Real seconds without any news after which a virtual clock goes on although work is out. Long beside what we send to threads
#: (the slowest, one sentence of speech synthesis, takes well under a second); short enough that a stuck thread ends a test with
#: the timeout it deserves instead of a hang.
PATIENCE = 30.0


@runtime_checkable
class _CountingLoop(Protocol):
    """An asyncio loop that wants to know how much real work is out."""

    outstanding: int


@runtime_checkable
class _JumpingClock(Protocol):
    """A trio clock that jumps after so many idle real seconds."""

    autojump_threshold: float


@attrs.define
class _Mark:
    """One piece of real work: whether it counts as out now, and whether somebody still waits for it."""

    out: bool = False
    closed: bool = False


_current_mark: ContextVar[_Mark | None] = ContextVar("fsm_agents_real_work", default=None)
_outstanding: lowlevel.RunVar[int] = lowlevel.RunVar("fsm_agents_outstanding", 0)
_usual_threshold: lowlevel.RunVar[float] = lowlevel.RunVar("fsm_agents_usual_threshold", 0.0)


async def run_in_thread(fn: Callable[[*Args], T], *args: *Args, abandon_on_cancel: bool = False) -> T:
    """Call ``fn(*args)`` in a worker thread and return what it returns, or raise what it raises.

    A virtual clock stands still until the thread is back or its caller is cancelled, but at most :data:`PATIENCE` real seconds at
    a time. A thread that has to wait for the event loop must do so through :func:`wait_for_loop`: while it blocks on anything
    else (a queue that a task fills, say), the clock stands still too, and a task that sleeps before it fills the queue never
    wakes.

    Args:
        fn: A blocking function.
        args: Its positional arguments.
        abandon_on_cancel: Whether cancelling the caller returns at once and leaves the thread to itself. Off, as in
            :func:`anyio.to_thread.run_sync`: cancellation waits for the thread.
    """
    with real_work():
        return await to_thread.run_sync(fn, *args, abandon_on_cancel=abandon_on_cancel)


def wait_for_loop(fn: Callable[[*Args], Awaitable[T]], *args: *Args) -> T:
    """From inside :func:`run_in_thread`: run ``await fn(*args)`` on the event loop and block this thread until it is done.

    Meanwhile the thread does not count as out: it is the thread that waits for the loop, so a virtual clock may go on. This is
    how a thread hands a piece to a bounded stream.
    """
    return from_thread.run(_while_waiting, _current_mark.get(), fn, *args)


@contextmanager
def real_work() -> Generator[None]:
    """Something that only real time can finish is out (a thread, a process, a packet): a virtual clock stands still inside.

    Wrap waiting that the clock cannot see. Only inside a running event loop.
    """
    mark = _Mark()
    outer = _current_mark.get()
    _current_mark.set(mark)
    _set_out(mark, out=True)
    try:
        yield
    finally:
        mark.closed = True
        _set_out(mark, out=False)
        _current_mark.set(outer)  # not reset(token): an async generator may be closed in another context


async def _while_waiting(mark: _Mark | None, fn: Callable[[*Args], Awaitable[T]], *args: *Args) -> T:
    """The part of :func:`wait_for_loop` that runs on the loop; there is no mark when the thread was not sent by us."""
    if mark is None:
        return await fn(*args)
    _set_out(mark, out=False)
    try:
        return await fn(*args)
    finally:
        if not mark.closed:  # an abandoned thread goes on, but nobody waits for it any more
            _set_out(mark, out=True)


def _set_out(mark: _Mark, *, out: bool) -> None:
    """Count ``mark`` in or out and tell the clock, if it is a virtual one."""
    if mark.out is out:
        return
    mark.out = out
    change = 1 if out else -1
    loop = lowlevel.current_token().native_token
    if isinstance(loop, _CountingLoop):
        loop.outstanding += change
    elif (clock := _trio_clock()) is not None:
        before = _outstanding.get()
        _outstanding.set(before + change)
        if before == 0:
            _usual_threshold.set(clock.autojump_threshold)
            clock.autojump_threshold = max(PATIENCE, clock.autojump_threshold)
        elif before + change == 0:
            clock.autojump_threshold = _usual_threshold.get()


def _trio_clock() -> _JumpingClock | None:
    """The clock of the running trio loop if it is one that jumps. Trio is optional: asked only if somebody imported it."""
    if "trio" not in sys.modules:
        return None
    from trio import lowlevel as trio_lowlevel

    if not trio_lowlevel.in_trio_run():
        return None
    clock = trio_lowlevel.current_clock()
    return clock if isinstance(clock, _JumpingClock) else None
