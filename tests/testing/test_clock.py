"""The virtual clock: time jumps when all wait and stands still while real work is out; a deadlock says who waits where."""

from __future__ import annotations

import math
import socket
import threading
from contextlib import suppress
from functools import partial

import anyio
import pytest
import trio
import trio.testing
from anyio import from_thread, lowlevel, to_thread
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.errors import MisuseError
from fsm_agents.runtime import threads
from fsm_agents.runtime.threads import real_work, run_in_thread, wait_for_loop
from fsm_agents.testing import clock
from fsm_agents.testing.clock import DeadlockError, VirtualLoop, backend_options, guarded, run

pytestmark = pytest.mark.anyio
both = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Gate:
    """A thread that is out until it is let back; nothing here depends on how long real things take."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def open_soon(self) -> None:
        """Let it back after the loop had the time to go idle (and, if it is wrong, to jump)."""
        threading.Timer(0.05, self.open.set).start()

    def wait(self) -> str:
        """Block until the gate opens."""
        self.entered.set()
        assert self.open.wait(30)
        return "back"


def held() -> bool:
    """Whether the running virtual clock waits for real work."""
    loop = lowlevel.current_token().native_token
    if isinstance(loop, VirtualLoop):
        return loop.outstanding > 0
    running = trio.lowlevel.current_clock()
    assert isinstance(running, trio.testing.MockClock)
    return running.autojump_threshold > 0


async def test_time_starts_at_zero() -> None:
    """Each test has a clock of its own."""
    assert anyio.current_time() == 0


@given(st.integers(1, 5))
async def test_time_starts_at_zero_in_each_example(hours: int) -> None:
    """Each example has a clock of its own, too: a found counterexample can be repeated."""
    assert anyio.current_time() == 0
    await anyio.sleep_until(3600 * hours)
    assert anyio.current_time() == 3600 * hours


async def test_a_week_passes_at_once_and_in_order() -> None:
    """Sleepers wake by due time, and the time they see is their own."""
    woke: list[float] = []

    async def sleeper(hours: int) -> None:
        await anyio.sleep_until(hours * 3600)
        woke.append(anyio.current_time())

    async with anyio.create_task_group() as group:
        for hours in (168, 1, 24):
            group.start_soon(sleeper, hours)
    assert woke == [3600, 24 * 3600, 168 * 3600]


async def test_time_stands_still_while_a_task_can_run() -> None:
    """A busy task does not let a timer fire early."""
    with anyio.move_on_after(0.001) as scope:
        for _ in range(1000):
            await lowlevel.checkpoint()
    assert not scope.cancelled_caught
    assert anyio.current_time() == 0


async def test_deadlines_are_met_exactly() -> None:
    """A timeout is a jump to its deadline."""
    with pytest.raises(TimeoutError):
        with anyio.fail_after(5):
            await anyio.sleep_forever()
    assert anyio.current_time() == 5


async def test_short_timers_run_late_in_a_long_life() -> None:
    """After months the steps of a float are coarser than a nanosecond; timers still run."""
    await anyio.sleep_until(9_900_000)
    for _ in range(100):
        with anyio.move_on_after(0.001):
            await anyio.sleep_forever()
    assert anyio.current_time() == pytest.approx(9_900_000.1)


async def test_what_can_wake_a_task_is_not_a_deadlock() -> None:
    """Memory streams and events wake tasks without any timer."""
    send, receive = anyio.create_memory_object_stream[int](0)
    async with send, receive, anyio.create_task_group() as group:
        group.start_soon(send.send, 7)
        assert await receive.receive() == 7


def test_timers_run_in_an_even_longer_life() -> None:
    """Without the guard there is no limit: three years, where one step of a float is 15 ns. A wrong loop would spin here."""

    async def main() -> float:
        await anyio.sleep_until(1e8)
        with anyio.move_on_after(0.25):
            await anyio.sleep_forever()
        return anyio.current_time()

    assert anyio.run(main, backend_options=backend_options("asyncio")) == 1e8 + 0.25


@both
def test_run_returns_what_the_function_returns(backend: str) -> None:
    """Positional arguments go in, the result comes out."""

    async def later(value: int) -> tuple[int, float]:
        await anyio.sleep_until(60)
        return value, anyio.current_time()

    assert run(later, 4, backend=backend) == (4, 60)


@both
def test_run_raises_what_the_function_raises(backend: str) -> None:
    """The guard's task group does not wrap an error in a group."""

    async def fail() -> None:
        msg = "as it is"
        raise KeyError(msg)

    with pytest.raises(KeyError, match="as it is"):
        run(fail, backend=backend)


@both
def test_a_deadlock_is_an_error_that_says_who_waits_where(backend: str) -> None:
    """The message names each task with the line it waits in."""

    async def wait_for_nobody(event: anyio.Event) -> None:
        await event.wait()

    async def stuck() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(wait_for_nobody, anyio.Event(), name="the waiter")

    with pytest.raises(DeadlockError, match="deadlock: nothing left to do") as caught:
        run(stuck, backend=backend)
    assert "the waiter: " in str(caught.value)
    assert "wait_for_nobody" in str(caught.value)
    assert __file__ in str(caught.value)


@both
def test_an_eternal_sleep_is_a_deadlock(backend: str) -> None:
    """It is a timer (at infinity) for asyncio and none for trio; both end."""

    async def stuck() -> None:
        await anyio.sleep_forever()

    with pytest.raises(DeadlockError, match=r"in .*stuck"):
        run(stuck, backend=backend)


@both
def test_a_deadlock_that_answers_cancellation_with_an_error_is_still_named(backend: str) -> None:
    """The error that came up while the deadlock was being ended is its cause, not its name."""

    async def stubborn() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            msg = "while cleaning up"
            raise ValueError(msg)

    with pytest.raises(DeadlockError) as caught:
        run(stubborn, backend=backend)
    assert isinstance(caught.value.__cause__, ValueError)


def test_without_the_guard_asyncio_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no timer at all the loop itself says so, after some real patience for input."""
    monkeypatch.setattr(clock, "PATIENCE", 0.01)
    with pytest.raises(DeadlockError, match="no timer, no thread, and no input"):
        anyio.run(anyio.sleep_forever, backend_options=backend_options("asyncio"))


def test_an_unknown_backend_is_refused() -> None:
    """The message offers what there is."""
    with pytest.raises(MisuseError, match="did you mean 'asyncio'"):
        backend_options("asynco")


async def test_the_guard_ends_at_its_limit() -> None:
    """On any clock: this is what ends tests that run on the real one."""
    with pytest.raises(DeadlockError, match="ran 3 s"):
        await guarded(anyio.sleep, 4, limit=3)
    assert anyio.current_time() == 3


async def test_time_stands_still_while_a_thread_is_out() -> None:
    """Neither the caller's timeout nor a sleeper's timer passes before the thread is back; then they do."""
    gate = Gate()
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_until, 1)
        with anyio.fail_after(0.5):
            gate.open_soon()
            assert await run_in_thread(gate.wait) == "back"
        assert anyio.current_time() == 0
    assert anyio.current_time() == 1


async def test_time_stands_still_until_the_last_thread_is_back() -> None:
    """The first one back does not release the clock."""
    first, second = Gate(), Gate()
    second.entered = first.entered
    first.open.set()

    async def send(gate: Gate) -> None:
        with anyio.fail_after(1):
            await run_in_thread(gate.wait)
        if gate is first:
            second.open_soon()

    async with anyio.create_task_group() as group:
        group.start_soon(send, first)
        group.start_soon(send, second)
    assert anyio.current_time() == 0


async def test_a_thread_that_fails_releases_the_clock() -> None:
    """Its error arrives, and time goes on."""
    with pytest.raises(ZeroDivisionError):
        await run_in_thread(divmod, 1, 0)
    assert not held()


async def test_cancelling_the_caller_of_an_abandoned_thread_releases_the_clock() -> None:
    """The thread is still out, but nobody waits for it: a second of virtual time passes before it is let back."""
    gate = Gate()
    async with anyio.create_task_group() as group:

        async def send() -> None:
            await run_in_thread(gate.wait, abandon_on_cancel=True)

        group.start_soon(send)
        await to_thread.run_sync(gate.entered.wait)
        assert held()
        group.cancel_scope.cancel()
    assert not held()
    await anyio.sleep_until(1)
    gate.open.set()


async def test_a_thread_may_wait_for_a_sleeping_task() -> None:
    """Handing a piece to a slow consumer: while the thread waits for the loop, time passes, and only then."""
    send, receive = anyio.create_memory_object_stream[int](0)
    times: list[float] = []

    def produce() -> None:
        for piece in range(3):
            wait_for_loop(send.send, piece)
        from_thread.run_sync(send.close)

    async def consume() -> None:
        async for piece in receive:
            await anyio.sleep_until(10 * (piece + 1))
            assert not held()
            times.append(anyio.current_time())

    async with receive, anyio.create_task_group() as group:
        group.start_soon(consume)
        await run_in_thread(produce)
    assert times == [10, 20, 30]


async def test_an_abandoned_thread_that_waits_for_the_loop_does_not_hold_the_clock_again() -> None:
    """The caller has gone while the thread waited for the loop: what ends later is not counted."""
    gate = Gate()
    waiting = anyio.Event()

    async def handed_over() -> None:
        waiting.set()
        with anyio.CancelScope(shield=True):
            await anyio.sleep_until(5)

    def work() -> None:
        with suppress(BaseException):  # whether the backend cancels the hand-over with its caller or lets it end
            wait_for_loop(handed_over)
        gate.wait()

    async with anyio.create_task_group() as group:
        group.start_soon(partial(run_in_thread, work, abandon_on_cancel=True))
        await waiting.wait()
        group.cancel_scope.cancel()
    await anyio.sleep_until(10)
    assert not held()
    gate.open.set()


@pytest.mark.real_clock
async def test_wait_for_loop_works_from_a_thread_that_was_not_sent_by_us() -> None:
    """There is no mark to lift (and no virtual clock would wait for such a thread)."""

    async def answer() -> int:
        return 42

    assert await to_thread.run_sync(wait_for_loop, answer) == 42


async def test_a_stuck_thread_meets_its_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the patience time goes on, so that a stuck thread ends in its timeout and not in a hang."""
    monkeypatch.setattr(threads, "PATIENCE", 0.01)
    monkeypatch.setattr(clock, "PATIENCE", 0.01)
    gate = Gate()
    with pytest.raises(TimeoutError), anyio.fail_after(7):
        await run_in_thread(gate.wait, abandon_on_cancel=True)
    assert anyio.current_time() == 7
    gate.open.set()


async def test_other_real_work_can_hold_the_clock() -> None:
    """A socket pair read inside ``real_work``."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        threading.Timer(0.05, theirs.send, [b"x"]).start()
        with real_work(), anyio.fail_after(1):
            await anyio.wait_readable(ours)
    assert anyio.current_time() == 0


def test_asyncios_own_executor_holds_the_clock() -> None:
    """Name look-ups and third parties use it; its shutdown at the end has a timeout of its own from Python 3.12 on."""
    gate = Gate()

    async def main() -> float:
        gate.open_soon()
        with anyio.fail_after(1):
            loop = lowlevel.current_token().native_token
            assert isinstance(loop, VirtualLoop)
            assert await loop.run_in_executor(None, gate.wait) == "back"
        return anyio.current_time()

    assert run(main) == 0


def test_a_trio_clock_that_does_not_jump_is_left_alone() -> None:
    """A mock clock with a threshold longer than our patience keeps it, and gets it back."""
    mock = trio.testing.MockClock(autojump_threshold=math.inf)

    async def main() -> float:
        return await run_in_thread(lambda: mock.autojump_threshold)

    assert anyio.run(main, backend="trio", backend_options={"clock": mock}) == math.inf
    assert mock.autojump_threshold == math.inf


@pytest.mark.real_clock
async def test_the_marker_gives_the_real_clock() -> None:
    """Then threads need no mark, and time moves by itself."""
    before = anyio.current_time()
    await to_thread.run_sync(threading.Event().wait, 0.001)
    assert anyio.current_time() > before
    assert not isinstance(lowlevel.current_token().native_token, VirtualLoop)
    await run_in_thread(int)
