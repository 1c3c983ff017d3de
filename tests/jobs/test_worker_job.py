"""A job in this process: it outlives its entrypoint, ends with its sessions, and raises what went wrong after an orderly end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, AgentSession, CascadingPipeline, JobContext, MemoryRoom, MisuseError, RoomOptions, WorkerJob
from fsm_agents.jobs.worker_job import AFTERWORK, LINGER
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD

pytestmark = pytest.mark.anyio

Entry = Callable[[JobContext], Awaitable[Any]]


class Diary(Agent):
    """Writes down its hooks."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    async def on_enter(self) -> None:
        self.lines.append("enter")

    async def on_exit(self) -> None:
        self.lines.append("exit")


def session(agent: Agent | None = None) -> AgentSession:
    """A session in the room of the job."""
    return AgentSession(
        agent=agent or Agent(), pipeline=CascadingPipeline(stt=FakeSTT(), llm=FakeLLM(), tts=FakeTTS(), vad=FakeVAD())
    )


def make_context(room: MemoryRoom) -> Callable[[], JobContext]:
    """As programs write it."""
    return lambda: JobContext(room_options=RoomOptions(room_id="r", auth_token="t", name="Agent", room=room))


async def test_the_job_outlives_its_entrypoint_and_ends_when_the_caller_hangs_up() -> None:
    """Programs return right after ``start()``."""
    diary, room, made = Diary(), MemoryRoom(paced=True), list[AgentSession]()

    async def entrypoint(ctx: JobContext) -> None:
        await ctx.connect()
        made.append(session(diary))
        await made[0].start()

    async def caller() -> None:
        await anyio.sleep_until(10)
        assert made[0].state == "running"
        room.hang_up()

    async with anyio.create_task_group() as group:
        group.start_soon(caller)
        await WorkerJob(entrypoint=entrypoint, jobctx=make_context(room)).run()
    assert anyio.current_time() == 10
    assert (made[0].state, made[0].close_reason, diary.lines) == ("closed", "the caller left", ["enter", "exit"])


async def test_the_job_ends_when_its_session_is_closed() -> None:
    """By whomever."""
    diary = Diary()

    async def entrypoint(ctx: JobContext) -> None:
        await ctx.connect()
        made = session(diary)
        await made.start()
        ctx.start_soon(lambda: close(made), "someone")

    async def close(made: AgentSession) -> None:
        await anyio.sleep_until(5)
        await made.close()

    await WorkerJob(entrypoint, make_context(MemoryRoom())).run()
    assert anyio.current_time() == 5
    assert diary.lines == ["enter", "exit"]


@pytest.mark.parametrize(("how", "linger"), [("hangs up", LINGER), ("close", AFTERWORK)])
async def test_an_entrypoint_that_waits_for_ever_ends_with_its_session(how: str, linger: float) -> None:
    """The page's third program: an eternal wait, and a ``finally`` that closes and shuts down. Soon, if nobody waits for that end."""
    diary, room, lines = Diary(), MemoryRoom(paced=True), list[str]()

    async def entrypoint(ctx: JobContext) -> None:
        await ctx.connect()
        made = session(diary)
        ctx.add_shutdown_callback(lambda: lines.append("callback"))
        try:
            await made.start()
            ctx.start_soon(lambda: end(made), "someone")
            await anyio.Event().wait()
        finally:
            lines.append("finally")
            await made.close()
            await ctx.shutdown()

    async def end(made: AgentSession) -> None:
        await anyio.sleep_until(5)
        if how == "close":
            await made.close()
        else:
            room.hang_up()

    await WorkerJob(entrypoint, make_context(room)).run()
    assert anyio.current_time() == 5 + linger
    assert lines == ["finally", "callback"]
    assert diary.lines == ["enter", "exit"]


async def test_an_entrypoint_may_write_things_down_after_its_session() -> None:
    """It is not cancelled the moment the session is closed."""
    lines: list[str] = []
    room = MemoryRoom(paced=True)

    async def entrypoint(ctx: JobContext) -> None:
        await ctx.connect()
        made = session()
        await made.start()
        room.hang_up()
        await made.wait_closed()
        await anyio.sleep_until(anyio.current_time() + 5)
        lines.append(f"saved {made.close_reason}")

    await WorkerJob(entrypoint, make_context(room)).run()
    assert lines == ["saved the caller left"]


async def test_also_after_another_session_that_it_did_not_wait_for() -> None:
    """Two in one job: whoever waits for one of them is given its time."""
    lines: list[str] = []
    rooms = [MemoryRoom(paced=True), MemoryRoom(paced=True)]

    async def entrypoint(ctx: JobContext) -> None:
        made = [
            AgentSession(Agent(), CascadingPipeline(stt=FakeSTT(), llm=FakeLLM(), tts=FakeTTS(), vad=FakeVAD()), room=room)
            for room in rooms
        ]
        for one in made:
            await one.start()
        rooms[1].hang_up()
        await made[1].wait_closed()
        rooms[0].hang_up()
        await anyio.sleep_until(anyio.current_time() + 5)
        lines.append("saved")

    await WorkerJob(entrypoint).run()
    assert lines == ["saved"]


async def test_an_entrypoint_may_hold_one_session_after_the_other() -> None:
    """The next one is made while the job still waits for the entrypoint."""
    diaries = [Diary(), Diary()]

    async def entrypoint(ctx: JobContext) -> None:
        await ctx.connect()
        for diary in diaries:
            made = session(diary)
            await made.start()
            await anyio.sleep_until(anyio.current_time() + 60)
            await made.close()
            await anyio.sleep_until(anyio.current_time() + LINGER / 2)

    await WorkerJob(entrypoint, make_context(MemoryRoom())).run()
    assert [diary.lines for diary in diaries] == [["enter", "exit"]] * 2
    assert anyio.current_time() == 2 * (60 + LINGER / 2)


async def test_what_the_entrypoint_raises_is_raised_after_an_orderly_end() -> None:
    """Sessions are closed, callbacks run."""
    diary, lines = Diary(), list[str]()

    async def entrypoint(ctx: JobContext) -> None:
        await ctx.connect()
        ctx.add_shutdown_callback(lambda: lines.append("callback"))
        await session(diary).start()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await WorkerJob(entrypoint, make_context(MemoryRoom())).run()
    assert lines == ["callback"]
    assert diary.lines == ["enter", "exit"]


async def test_an_entrypoint_that_fails_before_it_joined_ends_the_job() -> None:
    """There is nothing to close."""

    async def entrypoint(ctx: JobContext) -> None:
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        await WorkerJob(entrypoint).run()


async def test_a_session_that_was_never_started_does_not_keep_the_job() -> None:
    """Nobody is left who could start it."""
    made: list[AgentSession] = []

    async def entrypoint(ctx: JobContext) -> None:
        made.append(session())
        await ctx.connect()
        made.append(session())

    await WorkerJob(entrypoint, make_context(MemoryRoom())).run()
    assert [each.state for each in made] == ["closed", "closed"]


async def test_an_entrypoint_without_a_session_ends_with_itself() -> None:
    """And may return anything."""
    ran: list[float] = []

    async def entrypoint(ctx: JobContext) -> str:
        await anyio.sleep_until(3)
        ran.append(anyio.current_time())
        return "done"

    await WorkerJob(entrypoint).run()
    assert ran == [3]


async def test_a_session_that_cannot_start_raises_out_of_the_job() -> None:
    """What ``on_enter`` raised."""

    class Clumsy(Agent):
        async def on_enter(self) -> None:
            raise LookupError("no script")

    async def entrypoint(ctx: JobContext) -> None:
        await ctx.connect()
        await session(Clumsy()).start()

    with pytest.raises(LookupError, match="no script"):
        await WorkerJob(entrypoint, make_context(MemoryRoom())).run()


async def test_a_function_that_makes_no_context_is_named() -> None:
    """Before anything is started."""

    async def entrypoint(ctx: JobContext) -> None:
        raise AssertionError

    with pytest.raises(MisuseError, match="made a str"):
        await WorkerJob(entrypoint, lambda: "context").run()  # type: ignore[arg-type,return-value]


async def test_an_entrypoint_may_be_an_object() -> None:
    """With an async ``__call__``."""
    ran: list[JobContext] = []

    class Entrypoint:
        async def __call__(self, ctx: JobContext) -> None:
            ran.append(ctx)

    ctx = JobContext()
    await WorkerJob(Entrypoint(), ctx).run()
    assert ran == [ctx]
