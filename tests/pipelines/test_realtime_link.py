"""The driver of a connection: it does what the link table says, with timers and tasks that end with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest

from fsm_agents.errors import ProviderError
from fsm_agents.machines.link import COOL_DOWN, DIAL_LIMIT, MOST_TRIES, HangUpAsked, Link
from fsm_agents.runtime.link import LinkDriver, plain

pytestmark = pytest.mark.anyio


class Wire:
    """Something to connect to, by script."""

    def __init__(self, *outcomes: Exception | float) -> None:
        self.outcomes = list(outcomes)
        self.tries: list[float] = []
        self.served: list[float] = []
        self.closed = 0
        self.closing = 0.0
        self.downs: list[str] = []
        self.cut = anyio.Event()
        self.driver = LinkDriver(self.connect, self.serve, self.downs.append, name="wire")

    async def connect(self) -> Wire:
        """One try."""
        self.tries.append(anyio.current_time())
        outcome = self.outcomes.pop(0) if self.outcomes else 0.0
        if isinstance(outcome, Exception):
            raise outcome
        await anyio.sleep_until(anyio.current_time() + outcome)
        return self

    async def serve(self, connection: Wire) -> None:
        """Until it is cut."""
        self.served.append(anyio.current_time())
        self.cut = anyio.Event()
        await self.cut.wait()
        raise ProviderError("cut")

    async def aclose(self) -> None:
        """Count, and take some time."""
        if self.closing:
            await at(anyio.current_time() + self.closing)
        self.closed += 1

    async def run(self, scene: Callable[[], Awaitable[None]]) -> None:
        """Run the driver during a scene."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.driver.run)
            await scene()
            tasks.cancel_scope.cancel()


async def at(seconds: float) -> None:
    """Go to a moment of the clock."""
    await anyio.sleep_until(seconds)


RETRY = ProviderError("busy", retryable=True)


async def test_it_connects_and_closes_with_whoever_runs_it() -> None:
    """Nothing is left."""
    wire = Wire()

    async def scene() -> None:
        await at(1)
        assert wire.driver.state is Link.UP

    await wire.run(scene)
    assert (len(wire.tries), wire.closed, wire.downs) == (1, 1, [])


async def test_a_try_that_fails_is_repeated_with_growing_pauses() -> None:
    """0.5, 1 and 2 seconds; then it stands."""
    wire = Wire(RETRY, RETRY, RETRY)
    await wire.run(lambda: at(10))
    assert wire.tries == [0, 0.5, 1.5, 3.5]
    assert wire.downs == []


async def test_too_many_tries_are_the_end_until_it_has_cooled_down() -> None:
    """Whoever waits is told why."""
    wire = Wire(*[RETRY] * 9)

    async def scene() -> None:
        await at(10)
        assert wire.driver.state is Link.COOLING
        await at(3.6 + (COOL_DOWN.seconds or 0))
        assert wire.driver.state is Link.DOWN

    await wire.run(scene)
    assert (len(wire.tries), wire.downs) == (MOST_TRIES, ["busy"])


async def test_what_cannot_get_better_is_not_repeated() -> None:
    """A wrong key, and whatever is no ProviderError."""
    for broken in (ProviderError("wrong key"), RuntimeError("a bug")):
        wire = Wire(broken)
        now = anyio.current_time()
        await wire.run(lambda now=now: at(now + 5))  # type: ignore[misc]
        assert (len(wire.tries), wire.downs) == (1, [str(broken)])


async def test_a_try_that_hangs_is_given_up_and_repeated() -> None:
    """After the table's limit."""
    wire = Wire(99.0)
    await wire.run(lambda: at(12))
    assert wire.tries == [0, (DIAL_LIMIT.seconds or 0) + 0.5]
    assert wire.closed == 1


async def test_a_connection_that_breaks_is_made_again() -> None:
    """And closed each time."""
    wire = Wire()

    async def scene() -> None:
        await at(1)
        wire.cut.set()
        await at(5)

    await wire.run(scene)
    assert wire.served == [0, 1.5]
    assert wire.closed == 2


async def test_one_that_breaks_again_and_again_is_given_up() -> None:
    """Connecting is not enough: it has to last."""
    wire = Wire()

    async def scene() -> None:
        for _ in range(MOST_TRIES):
            while wire.driver.state is not Link.UP:
                await anyio.lowlevel.checkpoint()
                await at(anyio.current_time() + 0.1)
            await at(anyio.current_time() + 0.1)
            wire.cut.set()
            await at(anyio.current_time() + 0.1)

    await wire.run(scene)
    assert wire.downs == ["cut"]


async def test_a_renewal_dials_at_once() -> None:
    """It is no failure: no pause, and none is counted; nothing happens if it is not up."""
    wire = Wire(2.0)

    async def scene() -> None:
        await at(1)
        wire.driver.renew("not yet")
        for second in range(3, 3 + 2 * MOST_TRIES):
            await at(second)
            wire.driver.renew("renewed")
        await at(20)
        assert (wire.driver.state, wire.driver.line.failures) == (Link.UP, 0)

    await wire.run(scene)
    assert wire.tries == [0, *range(3, 3 + 2 * MOST_TRIES)]
    assert (wire.closed, wire.downs) == (len(wire.tries), [])


async def test_the_old_connection_is_left_before_the_new_one_is_used() -> None:
    """One that takes its time to leave, and complains of it, does not end the new one."""
    wire = Wire()
    wire.closing = 0.5
    seen: list[str] = []

    async def serve(connection: Wire) -> None:
        number = len(wire.tries)
        seen.append(f"in {number}")
        try:
            await anyio.Event().wait()
        finally:
            with anyio.CancelScope(shield=True):
                await at(anyio.current_time() + 0.3)
            seen.append(f"out {number}")
            raise ProviderError("it was cut off")

    wire.driver._serve = serve

    async def scene() -> None:
        await at(1)
        wire.driver.renew("renewed")
        await at(5)
        assert wire.driver.state is Link.UP
        assert seen == ["in 1", "out 1", "in 2"]

    await wire.run(scene)
    assert wire.tries == [0, 1]
    assert wire.downs == []


async def test_one_that_is_hung_up_before_it_is_tried_is_not_tried() -> None:
    """The end may come in the same instant as the need."""
    wire = Wire()

    async def scene() -> None:
        await at(1)
        wire.driver.renew("renewed")
        wire.driver.post(HangUpAsked())
        await at(5)
        assert wire.driver.state is Link.CLOSED

    await wire.run(scene)
    assert (wire.tries, wire.served, wire.closed) == ([0], [0], 1)


def test_the_reason_is_that_of_the_first_failure() -> None:
    """Not that of the groups around it."""
    assert plain(ExceptionGroup("tasks", [ExceptionGroup("more", [ValueError("x")])])) == "x"
    assert plain(ValueError()) == "ValueError"


async def test_what_breaks_while_it_is_being_closed_is_not_raised() -> None:
    """Who closes it wants it gone: a last word of its tasks would end the one who closes."""
    wire = Wire()

    async def last_word() -> None:
        try:
            await wire.cut.wait()
        finally:
            raise ProviderError("cut")

    async def serve(connection: Wire) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(last_word)
            tasks.start_soon(wire.cut.wait)

    async def scene() -> None:
        await at(1)
        assert wire.driver.state is Link.UP

    wire.driver = LinkDriver(wire.connect, serve, wire.downs.append, name="wire")
    await wire.run(scene)
    assert (wire.closed, wire.downs) == (1, [])
