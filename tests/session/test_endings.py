"""Programs of the page's shape, whatever fails in them: ``finally: close; shutdown`` is right each time, and the order is as promised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, AgentSession, CascadingPipeline, JobContext, MemoryRoom, ProviderError, RoomOptions, WorkerJob
from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.jobs.context import CALLBACK_LIMIT
from fsm_agents.machines.reply import DEAD_AIR
from fsm_agents.stages.base import STTStream, Transcript
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeVAD
from tests.session.sabotage import fail
from tests.session.scene import VoiceTTS, scene

pytestmark = pytest.mark.anyio

Lines = list[str]


class Room(MemoryRoom):
    """Notes what is done to it; cannot be joined if told so."""

    def __init__(self, lines: Lines, broken: str = "") -> None:
        super().__init__(paced=True)
        self.lines, self.broken = lines, broken

    async def connect(self) -> None:
        self.lines.append("connect")
        if self.broken == "connect":
            raise ProviderError("the room is full")

    async def disconnect(self) -> None:
        self.lines.append("disconnect")


class Host(Agent):
    """Notes its hooks; they fail if told so."""

    def __init__(self, lines: Lines, broken: str = "") -> None:
        super().__init__("Be kind.")
        self.lines, self.broken = lines, broken

    async def on_enter(self) -> None:
        self.lines.append("enter")
        if self.broken == "on_enter":
            raise LookupError("no script")

    async def on_exit(self) -> None:
        handle = await self.session.say("Bye.")
        self.lines.append(f"exit: {handle.heard or 'nobody heard it'}")
        if self.broken == "on_exit":
            raise LookupError("no hat")


class STT(FakeSTT):
    """Notes when it is opened and closed."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self.lines = lines

    def open(self, heard: Callable[[Transcript], None]) -> STTStream:
        self.lines.append("open")
        return super().open(heard)

    async def aclose(self) -> None:
        self.lines.append("close")


ENDS = {
    "connect": ["connect", "disconnect"],
    "on_enter": ["connect", "open", "enter", "exit: Bye.", "close", "disconnect"],
    "the entrypoint": ["connect", "open", "enter", "exit: Bye.", "close", "disconnect"],
    "on_exit": ["connect", "open", "enter", "exit: Bye.", "close", "disconnect"],
    "the callback": ["connect", "open", "enter", "exit: Bye.", "close", "disconnect"],
    "nothing": ["connect", "open", "enter", "exit: nobody heard it", "close", "disconnect"],  # the caller hangs up
}
RAISED = {"connect": ProviderError, "on_enter": LookupError, "the entrypoint": KeyError}


@pytest.mark.parametrize("broken", ENDS)
async def test_the_finally_of_a_program_is_right_whatever_failed_before(broken: str) -> None:
    """Everything ends once and in order: stages open before ``on_enter``, close after ``on_exit``, and the room is left at last.

    The program also does by hand what is done for it: ``close`` is a shutdown callback too. The error comes through as it is.
    """
    lines, made, room = Lines(), list[AgentSession](), list[Room]()

    def make_context() -> JobContext:
        room.append(Room(lines, broken))
        return JobContext(room_options=RoomOptions(room_id="r", auth_token="t", name="Agent", room=room[0]))

    async def entrypoint(ctx: JobContext) -> None:
        session = AgentSession(Host(lines, broken), CascadingPipeline(STT(lines), FakeLLM(), VoiceTTS(), FakeVAD()))
        made.append(session)
        ctx.add_shutdown_callback(session.close)
        ctx.add_shutdown_callback(lambda: fail("raises") if broken == "the callback" else None)
        try:
            await ctx.connect()
            await session.start()
            if broken == "the entrypoint":
                raise KeyError("mine")
            if broken == "nothing":
                room[0].hang_up()
                await session.wait_closed()
        finally:
            await session.close()
            await ctx.shutdown()

    raised: list[BaseException] = []
    try:
        await WorkerJob(entrypoint=entrypoint, jobctx=make_context).run()
    except (ProviderError, LookupError) as error:  # a KeyError is a LookupError
        raised.append(error)
    assert [type(error) for error in raised] == ([RAISED[broken]] if broken in RAISED else [])
    assert made[0].state == "closed"
    assert anyio.current_time() < 5
    assert lines in (ENDS[broken], [*ENDS[broken], "disconnect"])  # a join that failed is left at once and again at the end


async def test_the_wake_up_is_silenced_before_on_exit_and_the_goodbye_is_heard() -> None:
    """However long ``on_exit`` takes, nobody is woken up by then."""
    woken: list[float] = []

    class Slow(Agent):
        async def on_exit(self) -> None:
            await anyio.sleep_until(anyio.current_time() + 2.5)
            await self.session.say("Bye.")

    async with scene(Slow(), wake_up=1) as s:
        s.session.on_wake_up = lambda: woken.append(anyio.current_time())
        await anyio.sleep_until(1.5)
        await s.session.close()
    assert woken == [1]
    assert s.heard() == ["Bye."]


@pytest.mark.parametrize("how", ["raises", "hangs", "swallows", "shields"])
async def test_a_shutdown_callback_that_goes_wrong_does_not_keep_the_session_from_being_closed(how: str) -> None:
    """It is called when the session is closed already, and is given up; the one after it is called too."""
    lines = Lines()
    async with JobContext(RoomOptions(room=Room(lines))) as ctx:
        session = AgentSession(Host(lines), CascadingPipeline(STT(lines), FakeLLM(), VoiceTTS(), FakeVAD()))
        await ctx.connect()
        await session.start()

        async def callback() -> None:
            lines.append(session.state)
            await fail(how)

        ctx.add_shutdown_callback(callback)
        ctx.add_shutdown_callback(lambda: lines.append("last"))
        asked = anyio.current_time()
        async with anyio.create_task_group() as group:
            group.start_soon(ctx.shutdown)
            await session.wait_closed()
            assert anyio.current_time() - asked <= 5
        assert anyio.current_time() - asked <= CALLBACK_LIMIT + 10  # one that shields itself is waited for
    assert lines[-4:] == ["close", "closed", "last", "disconnect"]


async def test_leaving_leaves_the_room_itself() -> None:
    """Not only the carrying of sound: the meeting learns of it, once, and again after a return."""
    lines = Lines()
    async with scene(room=Room(lines)) as s:
        await s.session.leave()
        await s.session.leave()
        assert lines == ["connect", "disconnect"]
        await s.come_back()
        assert lines == ["connect", "disconnect", "connect"]
    assert lines == ["connect", "disconnect", "connect", "disconnect"]


async def test_a_start_in_a_room_that_takes_no_sound_does_not_take_for_ever() -> None:
    """There a greeting in ``on_enter`` kept ``start()`` waiting for good; here it is given up, and the session runs."""

    class Greeter(Agent):
        async def on_enter(self) -> None:
            await self.session.say("Good morning.")

    class Deaf(MemoryRoom):
        def wake(self) -> None:
            pass

    async with scene(Greeter(), room=Deaf()) as s:
        assert (s.session.state, anyio.current_time()) == ("running", DEAD_AIR.seconds)


async def test_the_model_is_asked_with_the_whole_conversation_each_time() -> None:
    """Nothing of an earlier turn is lost or said twice, and the tools are the agent's."""
    asked: list[tuple[int, int]] = []

    class Model(FakeLLM):
        def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> Any:
            asked.append((len(context.items), len(tools)))
            return super().chat(context, tools)

    async with scene(llm=Model()) as s:
        await s.caller.wait(0.3)
        for _ in range(3):
            await s.turn()
            await s.label("speaking")
            await s.label("listening")
    assert asked == [(1, 0), (3, 0), (5, 0)]
