"""What a tool declares about itself holds: its limits, what an interruption does to it, whether it runs beside others; and what it raises."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, function_tool
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.fsm.engine import Due
from fsm_agents.machines import events as on
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.runtime import threads
from fsm_agents.testing import clock
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, scene
from tests.session.test_tools import agent_with, ask, results

pytestmark = pytest.mark.anyio


async def work(seconds: float) -> None:
    """Take time."""
    await anyio.sleep_until(anyio.current_time() + seconds)


# --- side by side, or one after the other ------------------------------------------------------------------------------------------------


async def test_calls_of_one_answer_run_beside_each_other() -> None:
    """Three of a second each take a second."""

    @function_tool
    async def look(what: int) -> str:
        """Look."""
        await work(1)
        return str(what)

    calls = [ToolCall(str(n), "look", f'{{"what": {n}}}') for n in range(3)]
    async with scene(agent_with(look), llm=FakeLLM([calls, "Done."])) as s:
        await ask(s)
    called, done = (
        next(taped.at for taped in s.steps if isinstance(taped.event, kind)) for kind in (on.ToolsCalled, on.ToolsDone)
    )
    assert done - called == pytest.approx(1)


async def test_those_that_may_not_run_one_after_the_other_in_order() -> None:
    """A cart that is read and written; what may run beside them does."""
    seen: list[str] = []

    @function_tool(parallel=False)
    async def put(what: str) -> str:
        """Put it into the cart."""
        seen.append(f"begin {what}")
        await work(1)
        seen.append(f"end {what}")
        return "ok"

    @function_tool
    async def look() -> str:
        """Look."""
        seen.append("look")
        return "ok"

    calls = [ToolCall("1", "put", '{"what": "a"}'), ToolCall("2", "put", '{"what": "b"}'), ToolCall("3", "look", "{}")]
    async with scene(agent_with(put, look), llm=FakeLLM([calls, "Done."])) as s:
        await ask(s)
    assert [what for what in seen if what != "look"] == ["begin a", "end a", "begin b", "end b"]
    assert seen.index("look") < seen.index("end a")
    assert (len(s.got(on.ToolsCalled)), len(s.got(on.ToolsDone))) == (1, 1)


# --- an interruption ------------------------------------------------------------------------------------------------------------------------


async def test_a_tool_that_may_be_cancelled_is_when_its_reply_is_cut() -> None:
    """The next answer does not wait for it, and knows; what must run on does, in the same round."""
    ended: list[str] = []

    @function_tool(on_interruption="cancel")
    async def search() -> str:
        """Search for long."""
        try:
            await work(15)
        finally:
            ended.append(f"search at {anyio.current_time() - start:.1f}")
        return "found"

    @function_tool
    async def book() -> str:
        """Book."""
        await work(4)
        ended.append(f"book at {anyio.current_time() - start:.1f}")
        return "booked"

    llm = FakeLLM([[ToolCall("1", "search", "{}"), ToolCall("2", "book", "{}")], "It is booked."])
    async with scene(agent_with(search, book), llm=llm, stt=FakeSTT(interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        start = anyio.current_time()
        await s.caller.wait(1)
        await s.turn()
        await s.label("speaking")
        await s.label("listening")
    assert [line.partition(" at ")[0] for line in ended] == ["search", "book"]
    stopped, booked = results(s)
    assert (stopped.id, stopped.is_error) == ("1", True)
    assert stopped.output == (
        "search was stopped, because the caller interrupted; what it was to do may be done in part, or not at all"
    )
    assert booked == ToolResult("2", "book", "booked")
    assert {stopped, booked} <= set(s.llm.asked[1])
    assert s.heard() == ["It is booked."]


async def test_one_whose_turn_had_not_come_is_not_begun() -> None:
    """Not even its first line runs."""
    ran: list[str] = []

    @function_tool(parallel=False, on_interruption="cancel")
    async def look(what: str) -> str:
        """Look."""
        ran.append(what)
        await work(5)
        return "seen"

    calls = [ToolCall("1", "look", '{"what": "a"}'), ToolCall("2", "look", '{"what": "b"}')]
    async with scene(agent_with(look), llm=FakeLLM([calls, "Never mind."]), stt=FakeSTT(interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.turn()
        await s.label("speaking")
        await s.label("listening")
    assert ran == ["a"]
    assert [(result.id, result.is_error) for result in results(s)] == [("1", True), ("2", True)]


async def test_one_that_ends_in_spite_of_it_has_its_result() -> None:
    """It cleaned up and returned: what it says counts."""

    @function_tool(on_interruption="cancel")
    async def search() -> str:
        """Search."""
        with anyio.move_on_after(60):
            try:
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                return "half of it"
        return "all of it"

    async with scene(agent_with(search), llm=FakeLLM([[ToolCall("1", "search", "{}")], "Hm."]), stt=FakeSTT(interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.turn()
        await s.until(lambda: "Hm." in s.said())
    assert results(s) == [ToolResult("1", "search", "half of it")]


async def test_a_new_question_waits_for_a_slow_tool_and_is_not_taken_for_dead_air() -> None:
    """Fifteen seconds of a tool are more than the eight a silent reply has: while it works the agent acts, whichever reply called it."""

    @function_tool
    async def pay() -> str:
        """Pay, slowly."""
        await work(15)
        return "paid"

    async with scene(agent_with(pay), llm=FakeLLM([[ToolCall("1", "pay", "{}")], "It is paid."]), stt=FakeSTT(interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.turn()
        await s.soon(lambda: s.session.label == "acting")
        await s.label("speaking")
        await s.label("listening")
    assert s.heard() == ["It is paid."]
    assert APOLOGY not in s.said()
    assert not [taped for taped in s.steps if isinstance(taped.event, Due) and taped.event.timer == "dead_air"]


async def test_a_sync_tool_is_abandoned_at_its_deadline_and_what_it_returns_later_is_nobodys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread cannot be stopped; its result comes to nothing, and history is not written twice."""
    monkeypatch.setattr(threads, "PATIENCE", 0.01)  # real seconds for which the virtual clock waits for a thread
    monkeypatch.setattr(clock, "PATIENCE", 0.01)
    gate, gone = threading.Event(), threading.Event()

    @function_tool(timeout=3)
    def stuck() -> str:
        """Hang, then return."""
        gate.wait(30)
        gone.set()
        return "late"

    async with scene(agent_with(stuck), llm=FakeLLM([[ToolCall("1", "stuck", "{}")], "Too slow."])) as s:
        await ask(s)
        called, done = (
            next(taped.at for taped in s.steps if isinstance(taped.event, kind)) for kind in (on.ToolsCalled, on.ToolsDone)
        )
        assert done - called == pytest.approx(3)
        gate.set()
        assert gone.wait(30)
        await s.caller.wait(1)
    assert results(s) == [ToolResult("1", "stuck", "stuck did not answer in time", is_error=True)]


# --- how often ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [0, 1, 2])
async def test_an_agent_may_say_how_often_tools_are_called_in_a_turn(most: int) -> None:
    """After that the model is offered none, and answers."""

    @function_tool
    async def look(what: int) -> str:
        """Look."""
        return str(what)

    class Model(FakeLLM):
        def __init__(self) -> None:
            super().__init__()
            self.offered: list[int] = []

        async def chat(self, context: Any, tools: Any) -> Any:
            self.offered.append(len(tools))
            n = len(self.offered)
            self.answers = tuple([["So.", ToolCall(str(n), "look", f'{{"what": {n}}}')] if tools else "Enough."] * n)
            async for chunk in super().chat(context, tools):
                yield chunk

    class Curious(Agent):
        max_tool_steps = most

    model = Model()
    async with scene(Curious("Ask.", [look]), llm=model) as s:
        await ask(s)
    assert model.offered == [1] * most + [0]
    assert s.heard()[-1] == "Enough."
    assert len(results(s)) == most
