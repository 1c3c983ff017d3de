"""Two that join the room of a job at once: one room is made and joined, and both are in it."""

from __future__ import annotations

import anyio
import pytest

from fsm_agents import AgentSession, CascadingPipeline, JobContext, MemoryRoom, RoomOptions
from fsm_agents.errors import FSMAgentsError, MisuseError, ProviderError
from fsm_agents.session.agent import Agent
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD

pytestmark = pytest.mark.anyio


class Slow(MemoryRoom):
    """Takes a second to join, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__(paced=True)
        self.failures, self.joins, self.inside, self.most = failures, 0, 0, 0

    async def connect(self) -> None:
        """Join, a second later."""
        self.joins += 1
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await anyio.sleep_until(anyio.current_time() + 1)
        finally:
            self.inside -= 1
        if self.joins <= self.failures:
            raise ProviderError("the room is full")

    async def disconnect(self) -> None:
        """Nothing to leave."""


async def both(ctx: JobContext) -> list[str]:
    """Connect twice at once; how each ended."""
    ends: list[str] = []

    async def connect() -> None:
        try:
            await ctx.connect()
        except FSMAgentsError as broken:
            ends.append(type(broken).__name__)
        else:
            ends.append("joined")

    async with anyio.create_task_group() as group:
        group.start_soon(connect)
        group.start_soon(connect)
    return ends


async def test_the_second_shares_what_the_first_joins() -> None:
    room = Slow()
    async with JobContext(RoomOptions(room=room)) as ctx:
        session = AgentSession(Agent(), CascadingPipeline(FakeSTT(), FakeLLM(), FakeTTS(), FakeVAD()))
        assert await both(ctx) == ["joined", "joined"]
        assert session.state == "connected"
        assert ctx.room is room
    assert room.joins == 1


async def test_when_the_first_fails_the_second_tries_itself() -> None:
    room = Slow(failures=1)
    async with JobContext(RoomOptions(room=room)) as ctx:
        assert await both(ctx) == ["ProviderError", "joined"]
    assert (room.joins, room.most) == (2, 1)


async def test_who_waits_is_refused_when_the_job_ends_meanwhile() -> None:
    room = Slow()
    ctx = JobContext(RoomOptions(room=room))
    async with ctx, anyio.create_task_group() as group:

        async def end() -> None:
            await anyio.sleep_until(anyio.current_time() + 0.5)
            await ctx.shutdown()

        group.start_soon(end)
        assert await both(ctx) == ["MisuseError", "MisuseError"]
        with pytest.raises(MisuseError, match="shut down"):
            await ctx.connect()
    assert room.joins == 1
