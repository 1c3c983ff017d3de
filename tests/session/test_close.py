"""Closing: from every state and label, from inside every hook, by a hundred callers, and by whoever cancels what the session runs in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import anyio
import pytest

from fsm_agents import (
    Agent,
    AgentSession,
    CascadingPipeline,
    ConversationFlow,
    JobContext,
    MemoryRoom,
    MisuseError,
    function_tool,
)
from fsm_agents.chat.message import ToolCall
from fsm_agents.machines import effects as do
from fsm_agents.machines.label import LABELS
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD
from tests.session.scene import GUARD, Scene, VoiceTTS, scene

pytestmark = pytest.mark.anyio


def session(agent: Agent | None = None) -> AgentSession:
    """A session that nobody started."""
    return AgentSession(agent or Agent(), CascadingPipeline(FakeSTT(), FakeLLM(), FakeTTS(), FakeVAD()), room=MemoryRoom())


class Slow(Agent):
    """Its tool takes a while; its hooks are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.hooks: list[str] = []

    async def on_enter(self) -> None:
        self.hooks.append("enter")

    async def on_exit(self) -> None:
        self.hooks.append("exit")

    @function_tool
    async def think(self) -> str:
        """Think."""
        await anyio.sleep_until(anyio.current_time() + 3)
        return "thought"


async def reach(s: Scene, label: str) -> None:
    """Bring the conversation to where it has this label."""
    if label == "away":
        await s.session.leave()
    if label in ("away", "listening", "closed"):
        return
    await s.caller.wait(GUARD)
    await s.caller.speak(0.5)
    if label == "hearing":
        return
    await s.caller.wait(0.35)
    if label == "endpointing":
        return
    await s.caller.wait(0.5)
    if label == "holding":
        await s.label("speaking")
        await s.caller.speak(0.2)
    await s.label(label)  # type: ignore[arg-type]


@pytest.mark.parametrize("label", LABELS)
async def test_close_from_every_label(label: str) -> None:
    """At once, since nothing hangs; ``on_exit`` runs once; nothing of the reply sounds any more."""
    agent = Slow()
    think = ToolCall("1", "think", "{}")
    llm = FakeLLM(
        [["One two three four.", think]] if label == "acting" else ["One two three four five."],
        pause=0.5 if label == "thinking" else 0,
    )
    async with scene(agent, llm=llm) as s:
        await reach(s, label)
        if label == "closed":
            await s.session.close()
        assert s.session.label == label
        asked = anyio.current_time()
        await s.session.close("enough")
        assert anyio.current_time() == asked
        assert s.session.state == "closed"
    assert agent.hooks == ["enter", "exit"]
    assert [frame for frame in s.frames if frame.at > asked] == []
    assert len(s.did(do.ReportClosed)) == 1


async def test_close_before_the_start() -> None:
    """There is nothing to tear down, and no hook runs."""
    agent = Slow()
    made = session(agent)
    await made.close("never mind")
    assert (made.state, made.close_reason, agent.hooks) == ("closed", "never mind", [])
    with pytest.raises(MisuseError, match="'closed'"):
        async with made:
            raise AssertionError
    assert agent.hooks == []


async def test_close_of_a_session_that_is_connected_and_not_started() -> None:
    """It never had a task of its own."""
    agent = Slow()
    async with JobContext() as ctx:
        await ctx.connect()
        made = session(agent)
        assert made.state == "connected"
        await made.close()
        assert made.state == "closed"
    assert agent.hooks == []


async def test_close_while_start_is_on_its_way() -> None:
    """At the very instant between the call and the first step: the task that was made for the session ends too."""
    for moment in range(6):
        made = session(agent := Slow())

        async def start(made: AgentSession = made) -> None:
            try:
                async with made:
                    await made.wait_closed()
            except MisuseError as refused:
                assert "'closed'" in str(refused)

        async with anyio.create_task_group() as group:
            group.start_soon(start)
            for _ in range(moment):
                await anyio.lowlevel.checkpoint()
            await made.close()
            assert made.state == "closed"
        assert agent.hooks in ([], ["enter", "exit"])


async def test_close_by_a_hundred_callers_at_once() -> None:
    """Everyone waits for the same end; hooks run once, the first reason counts."""
    agent = Slow()
    over: list[tuple[str, str]] = []
    async with scene(agent) as s:

        async def close(number: int) -> None:
            await s.session.close(f"caller {number}")
            over.append((s.session.state, s.session.close_reason))

        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(close, number)
    reasons = {reason for _, reason in over}
    assert len(over) == 100
    assert {state for state, _ in over} == {"closed"}
    assert len(reasons) == 1
    assert agent.hooks == ["enter", "exit"]


async def test_leaving_the_block_of_a_session_that_fails_closes_it() -> None:
    """The error comes through as it is."""
    agent = Slow()
    with pytest.raises(KeyError, match="mine"):
        async with session(agent):
            raise KeyError("mine")
    assert agent.hooks == ["enter", "exit"]


async def test_cancelling_what_a_session_runs_in_closes_it() -> None:
    """Its own tasks are not torn out from under it: ``on_exit`` runs, the stages are closed."""
    agent = Slow()
    made = session(agent)
    with anyio.move_on_after(3) as scope:
        async with made:
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert (made.state, agent.hooks, anyio.current_time()) == ("closed", ["enter", "exit"], 3)


async def test_cancelling_a_job_closes_its_sessions() -> None:
    """The same for sessions that a context owns."""
    agent = Slow()
    with anyio.move_on_after(3):
        async with JobContext() as ctx:
            await ctx.connect()
            made = session(agent)
            await made.start()
            await anyio.sleep_forever()
    assert (made.state, made.close_reason, agent.hooks) == ("closed", "the job shut down", ["enter", "exit"])


async def test_closing_says_goodbye() -> None:
    """``on_exit`` may still speak: the caller hears it before the end."""

    class Polite(Agent):
        async def on_exit(self) -> None:
            await self.session.say("Goodbye.")

    async with scene(Polite()) as s:
        s.session.say("I was about to say something long.")
        await anyio.sleep_until(0.5)
        await s.session.close()
    assert s.heard() == ["I was about to say something long.", "Goodbye."]
    assert s.said() == ["I was", "Goodbye."]


async def test_a_goodbye_that_is_too_long_is_cut() -> None:
    """Closed within five seconds is a promise to the host."""

    class Chatty(Agent):
        async def on_exit(self) -> None:
            await self.session.say(
                "Well, it was very nice indeed to talk to you, and before you go let me tell you about my day."
            )

    async with scene(Chatty()) as s:
        await s.session.close()
        assert anyio.current_time() == 3.5
    assert s.said() == ["Well, it was very nice indeed to talk to you, and before"]


class _Closing(ConversationFlow):
    """Closes the session at one place; writes down what it saw of it."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place
        self.saw: list[str] = []

    async def at(self, place: str) -> None:
        """Close here."""
        if place == self.place:
            self.saw.append(self.session.state)
            await self.session.close(f"from {place}")
            self.saw.append(self.session.state)

    async def on_turn_start(self, transcript: str) -> None:
        await self.at("on_turn_start")

    async def run(self, transcript: str) -> AsyncIterator[str]:
        await self.at("run")
        async for text in self.process_with_llm():
            yield text

    async def on_turn_end(self) -> None:
        await self.at("on_turn_end")


class _Hooked(Agent):
    """Its hooks and tools pass by the flow's places."""

    def __init__(self, flow: _Closing) -> None:
        super().__init__()
        self.flow = flow
        self.hooks: list[str] = []

    async def on_enter(self) -> None:
        self.hooks.append("enter")
        await self.flow.at("on_enter")
        self.hooks.append("entered")

    async def on_exit(self) -> None:
        self.hooks.append("exit")
        await self.flow.at("on_exit")
        self.hooks.append("exited")

    @function_tool
    async def hang_up(self) -> str:
        """End the call."""
        await self.flow.at("tool")
        return "done"


PLACES = ["on_enter", "on_exit", "on_wake_up", "on_turn_start", "run", "on_turn_end", "tool", "a task of on_wake_up"]


@pytest.mark.parametrize("place", PLACES)
async def test_close_from_inside_asks_and_returns(place: str) -> None:
    """Waiting there would be waiting for itself; the hook that asked may return, and ``on_exit`` runs after it."""
    flow = _Closing(place)
    agent = _Hooked(flow)
    llm = FakeLLM([[ToolCall("1", "hang_up", "{}")], "Very well."])

    async def wake_up() -> None:
        await flow.at("on_wake_up")
        async with anyio.create_task_group() as group:
            group.start_soon(flow.at, "a task of on_wake_up")

    async with scene(agent, flow, llm=llm, wake_up=2) as s:
        if place != "on_enter":
            s.session.on_wake_up = wake_up
            if place == "on_exit":
                await s.session.close("from on_exit")
            elif "wake_up" not in place:
                with suppress(MisuseError):  # the room closes in the middle
                    await s.caller.wait(GUARD)
                    await s.turn()
        assert await s.session.wait_closed() == f"from {place}"
        assert anyio.current_time() < 5
    assert flow.saw == [{"on_enter": "started", "on_exit": "closing"}.get(place, "running"), "closing"]
    assert agent.hooks == ["enter", "entered", "exit", "exited"]


async def test_a_hook_that_asked_for_the_end_and_does_not_return_is_cancelled() -> None:
    """After a second, so that the agent still gets to its goodbye."""
    lines: list[Any] = []

    class Dawdler(Agent):
        async def on_enter(self) -> None:
            await self.session.close("at once")
            try:
                await anyio.sleep_forever()
            finally:
                lines.append(anyio.current_time())

        async def on_exit(self) -> None:
            lines.append("exit")

    async with scene(Dawdler()) as s:
        await s.session.wait_closed()
    assert lines == [1, "exit"]


async def test_on_exit_does_not_run_if_on_enter_never_did() -> None:
    """A pipeline that cannot be opened: there is nothing to say goodbye to."""

    class Broken(VoiceTTS):
        rate = 16000

    agent = Slow()
    pipeline = CascadingPipeline(FakeSTT(), FakeLLM(), Broken(), FakeVAD())
    pipeline.open = lambda seat: (_ for _ in ()).throw(OSError("no device"))  # type: ignore[method-assign]
    made = AgentSession(agent, pipeline, room=MemoryRoom())
    with pytest.raises(OSError, match="no device"):
        async with made:
            raise AssertionError
    assert (made.state, made.close_reason, agent.hooks) == ("closed", "error: OSError: no device", [])


async def test_the_reason_is_never_empty() -> None:
    """An empty one becomes the usual one."""
    async with scene() as s:
        await s.session.close("")
    assert s.session.close_reason == "closed by the host"


async def test_the_caller_who_hangs_up_closes_the_session() -> None:
    """The room's end is a reason of its own."""
    async with scene() as s:
        s.room.hang_up()
        assert await s.session.wait_closed() == "the caller left"
