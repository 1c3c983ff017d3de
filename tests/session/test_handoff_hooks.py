"""The hooks of a hand-off: in order, each at most once, whatever is cut, raised or closed in the middle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import pytest

from fsm_agents import Agent, AgentSession, ConversationFlow, MisuseError, function_tool
from fsm_agents.pipelines.cascade import CascadingPipeline
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS
from tests.session.scene import GUARD, scene
from tests.session.test_handoff import CALL, HANDED, Clerk, Told, ask, refund, system, transfer_to

pytestmark = pytest.mark.anyio


async def test_two_in_a_row_are_made_in_order() -> None:
    """The second is asked for by on_enter of the first; nobody enters before the one before has left."""
    log: list[str] = []
    last = Clerk("third", log)

    class Passing(Clerk):
        async def on_enter(self) -> None:
            await super().on_enter()
            self.session.hand_off(last)
            self.log.append(f"{self.name} asked")

    front = Clerk("first", log, [transfer_to(Passing("second", log))])
    async with scene(front, llm=FakeLLM([[CALL], "Hello."])) as s:
        await ask(s)
        assert s.session.agent is last
    assert [line for line in log if not line.endswith(" is in")] == [
        "first enters", "first leaves", "second enters", "second asked", "second leaves", "third enters", "third leaves",
    ]  # fmt: skip
    assert system(s, 1) == "You are third."


async def test_a_cut_in_the_middle_hands_over_all_the_same() -> None:
    """The caller interrupts while the tool runs: it runs on, and the next answer is the new agent's."""
    log: list[str] = []
    sales = Clerk("billing", log, [refund])

    @function_tool
    async def transfer() -> Agent:
        """Put the caller through, slowly."""
        await anyio.sleep_until(anyio.current_time() + 3)
        return sales

    llm = Told([["I put you through.", CALL], "Billing here."])
    async with scene(Clerk("reception", log, [transfer]), llm=llm, stt=FakeSTT(interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("acting")
        await s.turn()
        await s.until(lambda: "Billing here." in s.said())
        assert s.session.agent is sales
    assert llm.offered == [["transfer"], ["refund"]]
    assert system(s, 1) == "You are billing."
    assert HANDED in s.llm.asked[1]
    assert log.count("reception leaves") == log.count("billing enters") == 1


async def test_a_tool_that_is_cancelled_hands_nothing_over() -> None:
    """It said that it may be."""
    sales = Clerk("billing", [])

    @function_tool(on_interruption="cancel")
    async def transfer() -> Agent:
        """Put the caller through, slowly."""
        await anyio.sleep_until(anyio.current_time() + 3)
        return sales

    front = Clerk("reception", [], [transfer])
    async with scene(front, llm=FakeLLM([[CALL], "Never mind."]), stt=FakeSTT(interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.turn()
        await s.until(lambda: "Never mind." in s.said())
        assert s.session.agent is front


async def test_a_cut_while_the_new_agent_greets_runs_its_hook_on() -> None:
    """The greeting is cut, on_enter goes on, and nobody enters twice."""
    log: list[str] = []
    sales = Clerk("billing", log, says="Monday Tuesday Wednesday Thursday Friday.")
    async with scene(
        Clerk("reception", log, [transfer_to(sales)]), llm=FakeLLM([[CALL], "Yes?"]), stt=FakeSTT(interim=True)
    ) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: s.frames)
        await s.caller.wait(0.9)
        await s.turn()
        await s.until(lambda: "Yes?" in s.said())
    assert s.said()[0] == "Monday Tuesday"
    assert [log.count(line) for line in ("billing enters", "billing is in", "reception leaves")] == [1, 1, 1]


async def test_from_a_flow() -> None:
    """A flow that answers by itself sees the new agent at once."""
    sales = Clerk("billing", [])

    class Router(ConversationFlow):
        async def run(self, transcript: str) -> AsyncIterator[str]:
            if self.agent is not sales:
                self.session.hand_off(sales)
            async for text in self.process_with_llm():
                yield text

    async with scene(Clerk("reception", []), Router(), llm=FakeLLM(["Billing."])) as s:
        await ask(s)
    assert system(s, 0) == "You are billing."


async def test_before_the_start_nobody_takes_leave() -> None:
    """The first agent never had the conversation."""
    log: list[str] = []
    first, second = Clerk("first", log), Clerk("second", log)
    session = AgentSession(first, CascadingPipeline(stt=FakeSTT(), llm=FakeLLM(), tts=FakeTTS()))
    session.hand_off(second)
    async with session:
        assert session.agent is second
    assert log == ["second enters", "second is in", "second leaves"]


async def test_in_on_enter_of_the_first_agent() -> None:
    """It has entered before it leaves."""
    log: list[str] = []
    second = Clerk("second", log)

    class First(Clerk):
        async def on_enter(self) -> None:
            self.session.hand_off(second)
            await super().on_enter()

    async with scene(First("first", log, says="Hello.")) as s:
        await s.caller.wait(GUARD)
        assert s.session.agent is second
    assert log == ["first enters", "first is in", "first leaves", "second enters", "second is in", "second leaves"]


async def test_an_on_exit_that_raises_keeps_nobody_from_entering(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, as at the end of a session."""
    log: list[str] = []

    class Rude(Clerk):
        async def on_exit(self) -> None:
            raise RuntimeError("I will not go")

    async with scene(Rude("first", log, [transfer_to(Clerk("second", log))]), llm=FakeLLM([[CALL], "Hello."])) as s:
        await ask(s)
        assert s.session.state == "running"
    assert "second enters" in log
    assert "on_exit of Rude raised" in caplog.text


async def test_an_on_enter_that_raises_closes_the_session() -> None:
    """As at its start."""

    class Broken(Agent):
        async def on_enter(self) -> None:
            raise RuntimeError("no database")

    async with scene(Agent("", [transfer_to(Broken())]), llm=FakeLLM([[CALL], "Hello."])) as s:
        await s.caller.wait(GUARD)
        with suppress(MisuseError):  # the room is left while the caller is still there
            await s.turn()
        assert await s.session.wait_closed() == "error: on_enter: RuntimeError: no database"


@pytest.mark.parametrize("when", ["the tool runs", "the old one leaves", "the new one enters"])
async def test_closing_in_the_middle_runs_each_hook_at_most_once(when: str) -> None:
    """Whoever entered leaves, once; whoever did not enter does not."""
    log: list[str] = []

    class Slow(Clerk):
        async def on_enter(self) -> None:
            await super().on_enter()
            await self.wait("the new one enters")

        async def on_exit(self) -> None:
            await super().on_exit()
            await self.wait("the old one leaves")

        async def wait(self, what: str) -> None:
            if what == when and self.name in what.replace("old one", "first").replace("new one", "second"):
                await anyio.sleep_forever()

    second = Slow("second", log)

    @function_tool
    async def transfer() -> str:
        """Put the caller through."""
        session.hand_off(second)
        if when == "the tool runs":
            await anyio.sleep_forever()
        return "ok"

    async with scene(Slow("first", log, [transfer]), llm=FakeLLM([[CALL], "Hello."])) as s:
        session = s.session
        await s.caller.wait(GUARD)
        await s.turn()
        await s.caller.wait(1)
        await s.session.close()
    assert (
        log
        == {
            "the tool runs": ["first enters", "first is in", "first leaves"],
            "the old one leaves": ["first enters", "first is in", "first leaves"],
            "the new one enters": [
                "first enters",
                "first is in",
                "first leaves",
                "second enters",
                "second is in",
                "second leaves",
            ],
        }[when]
    )
