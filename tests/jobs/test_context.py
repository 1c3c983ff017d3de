"""The context of a job: joining and leaving its room, its sessions, and an end that comes once and in order."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from fsm_agents import (
    Agent,
    AgentSession,
    CascadingPipeline,
    JobContext,
    MemoryRoom,
    MisuseError,
    ProviderError,
    RoomOptions,
    function_tool,
)
from fsm_agents.chat.message import ToolCall
from fsm_agents.jobs.context import CALLBACK_LIMIT
from fsm_agents.session.own import JOIN_LIMIT, LEAVE_LIMIT
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, ScriptedCaller
from tests.session.scene import GUARD

pytestmark = pytest.mark.anyio


class Noting(MemoryRoom):
    """Notes what is done to it."""

    def __init__(self) -> None:
        super().__init__(paced=True)
        self.lines: list[str] = []

    async def connect(self) -> None:
        self.lines.append("connect")

    async def disconnect(self) -> None:
        self.lines.append("disconnect")


class Unreachable(Noting):
    """Cannot be joined the first time."""

    async def connect(self) -> None:
        await super().connect()
        if self.lines.count("connect") == 1:
            raise ProviderError("the room is full")


def session(agent: Agent | None = None, llm: FakeLLM | None = None) -> AgentSession:
    """A session in the room of the job."""
    return AgentSession(agent or Agent(), CascadingPipeline(FakeSTT(), llm or FakeLLM(), FakeTTS(), FakeVAD()))


def context(room: MemoryRoom) -> JobContext:
    """A context with this room."""
    return JobContext(RoomOptions(room=room))


def test_a_context_is_made_without_a_loop() -> None:
    """``make_context()`` runs before there is one; the room is made when it is needed."""
    made = JobContext(room_options=RoomOptions(room_id="room", auth_token="t", name="Bob", room="memory"))
    assert made.room is None


async def test_a_failed_join_is_raised() -> None:
    """There it was swallowed, and everything hung later. What was half joined is left again."""
    room = Unreachable()
    async with context(room) as ctx:
        with pytest.raises(ProviderError, match="full"):
            await ctx.connect()
        assert ctx.room is None
        assert session().state == "created"
        await ctx.connect()
        assert session().state == "connected"
    assert room.lines == ["connect", "disconnect", "connect", "disconnect"]


async def test_a_join_that_never_ends_is_given_up() -> None:
    """With a limit longer than any working room needs."""

    class Endless(Noting):
        async def connect(self) -> None:
            await super().connect()
            await anyio.sleep_forever()

    room = Endless()
    async with context(room) as ctx:
        with pytest.raises(ProviderError, match="within 30 s"):
            await ctx.connect()
        assert anyio.current_time() == JOIN_LIMIT
    assert room.lines == ["connect", "disconnect"]


async def test_an_unknown_room_is_named() -> None:
    """With what there is."""
    async with JobContext(RoomOptions(room="memroy")) as ctx:
        with pytest.raises(MisuseError, match="memory"):
            await ctx.connect()


async def test_sessions_are_connected_whether_made_before_or_after() -> None:
    """Programs do either."""
    async with context(Noting()) as ctx:
        before = session()
        assert before.state == "created"
        await ctx.connect()
        after = session()
        assert (before.state, after.state) == ("connected", "connected")


async def test_the_end_comes_in_order() -> None:
    """Sessions, then callbacks in the order they were added, then the room; the ``on_exit`` of a session still has its room."""
    room = Noting()

    class Last(Agent):
        async def on_exit(self) -> None:
            await self.session.say("Bye.")
            room.lines.append(f"exit after {len(room.played)} frames")

    async def second() -> None:
        room.lines.append("second")

    async with context(room) as ctx:
        await ctx.connect()
        made = session(Last())
        ctx.add_shutdown_callback(lambda: room.lines.append("first"))
        ctx.add_shutdown_callback(second)
        await made.start()
        await ctx.shutdown()
        assert (made.state, made.close_reason) == ("closed", "the job shut down")
    assert room.lines == ["connect", "exit after 12 frames", "first", "second", "disconnect"]


async def test_shutdown_happens_once() -> None:
    """Whoever asks, however often, at the same time or later: everyone waits for the same end."""
    room, ran = Noting(), list[str]()
    ends: list[float] = []

    async def slow() -> None:
        ran.append("callback")
        await anyio.sleep_until(anyio.current_time() + 3)

    async def shut(ctx: JobContext) -> None:
        await ctx.shutdown()
        ends.append(anyio.current_time())

    async with context(room) as ctx:
        await ctx.connect()
        ctx.add_shutdown_callback(slow)
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(shut, ctx)
        await ctx.shutdown()
    assert ran == ["callback"]
    assert set(ends) == {3}
    assert room.lines == ["connect", "disconnect"]


async def test_a_cancelled_shutdown_still_completes() -> None:
    """It is the end; nobody could ask for it again."""
    room, ran = Noting(), list[str]()

    async def slow() -> None:
        await anyio.sleep_until(3)
        ran.append("callback")

    async with context(room) as ctx:
        await ctx.connect()
        ctx.add_shutdown_callback(slow)
        with anyio.move_on_after(1):
            await ctx.shutdown()
    assert ran == ["callback"]
    assert room.lines == ["connect", "disconnect"]


async def test_a_callback_that_fails_or_hangs_does_not_keep_the_others_from_running(caplog: pytest.LogCaptureFixture) -> None:
    """Each has a limit of its own."""
    ran: list[str] = []
    async with JobContext() as ctx:

        async def hang() -> None:
            try:
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                ran.append("cancelled")
                await anyio.sleep_forever()

        def fail() -> None:
            raise RuntimeError("by design")

        for callback in (fail, hang, lambda: ran.append("last")):
            ctx.add_shutdown_callback(callback)
        await ctx.shutdown()
        assert anyio.current_time() == CALLBACK_LIMIT
    assert ran == ["cancelled", "last"]
    assert "by design" in caplog.text
    assert "took longer than" in caplog.text


async def test_a_room_that_cannot_be_left_does_not_keep_the_job() -> None:
    """Neither by an error nor by hanging."""

    class Sticky(Noting):
        async def disconnect(self) -> None:
            await super().disconnect()
            await anyio.sleep_forever()

    room = Sticky()
    async with context(room) as ctx:
        await ctx.connect()
    assert anyio.current_time() == LEAVE_LIMIT
    assert room.lines == ["connect", "disconnect"]


@pytest.mark.parametrize("place", ["on_enter", "on_exit", "on_wake_up", "tool", "callback"])
async def test_shutdown_from_inside_asks_and_returns(place: str) -> None:
    """Waiting there would be waiting for itself. The order of the end is as always."""
    room = Noting()

    class Ender(Agent):
        async def at(self, here: str) -> None:
            if here == place:
                await ctx.shutdown()
                room.lines.append(f"asked in {here}")

        async def on_enter(self) -> None:
            await self.at("on_enter")

        async def on_exit(self) -> None:
            await self.at("on_exit")
            room.lines.append("exit")

        @function_tool
        async def finish(self) -> str:
            """Finish."""
            await self.at("tool")
            return "finished"

    agent = Ender()
    async with context(room) as ctx:
        await ctx.connect()
        ctx.add_shutdown_callback(lambda: agent.at("callback"))
        ctx.add_shutdown_callback(lambda: room.lines.append("last callback"))
        made = AgentSession(
            agent,
            CascadingPipeline(FakeSTT(), FakeLLM([[ToolCall("1", "finish", "{}")], "Bye."]), FakeTTS(), FakeVAD()),
            wake_up=2,
        )
        made.on_wake_up = lambda: agent.at("on_wake_up")
        await made.start()
        if place == "tool":
            caller = ScriptedCaller(room)
            await caller.wait(GUARD)
            await caller.speak(0.3)
            await caller.wait(0.57)
        if place in ("on_exit", "callback"):
            await made.close()
            await ctx.shutdown()
        await made.wait_closed()
    assert anyio.current_time() < 5
    asked = [f"asked in {place}"]
    ends = ["last callback", "disconnect"]
    expected = {"on_exit": [*asked, "exit", *ends], "callback": ["exit", *asked, *ends]}.get(place, [*asked, "exit", *ends])
    assert room.lines == ["connect", *expected]


async def test_connect_after_the_end_is_refused() -> None:
    """And a callback that nobody would call."""
    async with JobContext() as ctx:
        await ctx.shutdown()
        with pytest.raises(MisuseError, match="has shut down"):
            await ctx.connect()
        with pytest.raises(MisuseError, match="nobody would call"):
            ctx.add_shutdown_callback(lambda: None)


@pytest.mark.parametrize("after", [1, 5], ids=["as it ends", "after the end"])
async def test_a_room_that_is_joined_while_the_job_ends_is_left_again(after: int) -> None:
    """Joining takes its time, and nobody else would leave it."""

    class Slow(Noting):
        def __init__(self) -> None:
            super().__init__()
            self.asked = anyio.Event()

        async def connect(self) -> None:
            self.asked.set()
            await anyio.sleep_until(after)
            await super().connect()

    async def join() -> None:
        with pytest.raises(MisuseError, match="has shut down"):
            await ctx.connect()
        assert session().state == "created"

    room = Slow()
    async with context(room) as ctx:
        ctx.start_soon(join, "join")
        ctx.add_shutdown_callback(lambda: anyio.sleep_until(3))
        await room.asked.wait()
        await ctx.shutdown()
        await anyio.sleep_until(9)
    assert room.lines == ["connect", "disconnect"]


async def test_an_error_in_the_block_comes_through_after_the_end() -> None:
    """As it is."""
    ran: list[Any] = []
    with pytest.raises(KeyError, match="mine"):
        async with JobContext() as ctx:
            ctx.add_shutdown_callback(lambda: ran.append(1))
            raise KeyError("mine")
    assert ran == [1]


async def test_a_context_that_was_not_entered_owns_no_sessions() -> None:
    """Starting one says what to do; and it can still be closed."""
    ctx = JobContext()
    made = session()
    made._owner = ctx
    with pytest.raises(MisuseError, match="async with"):
        await made.start()
    await made.close()
    assert made.state == "closed"


async def test_sessions_close_beside_each_other() -> None:
    """Ten that take three seconds each take three seconds."""

    class Slow(Agent):
        async def on_exit(self) -> None:
            await anyio.sleep_until(anyio.current_time() + 3)

    async with context(Noting()) as ctx:
        await ctx.connect()
        made = [
            AgentSession(Slow(), CascadingPipeline(FakeSTT(), FakeLLM(), FakeTTS(), FakeVAD()), room=MemoryRoom())
            for _ in range(10)
        ]
        for each in made:
            await each.start()
        await ctx.shutdown()
    assert {each.state for each in made} == {"closed"}
    assert anyio.current_time() == 3


async def test_what_was_started_in_a_job_ends_with_it() -> None:
    """A background task of the entrypoint does not keep the process."""
    lines: list[str] = []

    async def for_ever() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            lines.append("cancelled")

    async with JobContext() as ctx:
        ctx.add_shutdown_callback(lambda: lines.append("callback"))
        ctx.start_soon(for_ever, "background")
        await anyio.lowlevel.checkpoint()
    assert lines == ["callback", "cancelled"]
