"""Tools: each call runs once and has a result, whatever the tool does; the model learns what it can act on, and nothing it should not."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, FunctionTool, ToolContext, function_tool
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.fsm.engine import Due
from fsm_agents.machines import effects as do
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.runtime import threads
from fsm_agents.session.toolbox import MOST_RESULT
from fsm_agents.testing import clock
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, Scene, scene

pytestmark = pytest.mark.anyio


def results(s: Scene) -> list[ToolResult]:
    """What the tools reported."""
    return [item for item in s.session.history.items if isinstance(item, ToolResult)]


async def ask(s: Scene) -> None:
    """One turn and its answer, to the end."""
    await s.caller.wait(GUARD)
    await s.turn()
    await s.label("listening")


def agent_with(*tools: FunctionTool) -> Agent:
    """An agent with these tools."""
    return Agent("Use them.", tools)


@function_tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@function_tool
def shout(text: str) -> str:
    """Say it louder."""
    return text.upper()


async def test_async_and_sync_tools_run_and_report() -> None:
    """Sync ones in a thread; several at once; the model is asked again when all have reported."""
    calls = [ToolCall("1", "add", '{"a": 2, "b": 3}'), ToolCall("2", "shout", '{"text": "hey"}')]
    async with scene(agent_with(add, shout), llm=FakeLLM([calls, "Five, hey."])) as s:
        await ask(s)
    assert sorted(results(s), key=lambda result: result.id) == [ToolResult("1", "add", "5"), ToolResult("2", "shout", "HEY")]
    assert s.heard() == ["Five, hey."]
    assert len(s.llm.asked) == 2


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (ToolCall("1", "ad", '{"a": 1, "b": 2}'), "there is no tool 'ad'; did you mean 'add'?"),
        (ToolCall("1", "add", '{"a": 1'), "JSON"),
        (ToolCall("1", "add", '{"a": "x", "b": 2}'), "a"),
        (ToolCall("1", "add", '{"a": 1}'), "b"),
        (ToolCall("1", "add", '{"a": 1, "b": 2, "c": 3}'), "c"),
    ],
)
async def test_a_wrong_call_is_answered_with_what_to_correct(call: ToolCall, told: str) -> None:
    """An error the model can act on."""
    async with scene(agent_with(add), llm=FakeLLM([[call], "I see."])) as s:
        await ask(s)
    (result,) = results(s)
    assert result.is_error
    assert told in result.output


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_what_a_tool_raises_is_logged_and_not_told(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """The text of an exception may hold what no caller should hear."""

    @function_tool(name="boom")
    async def boom_async() -> str:
        """Fail."""
        raise RuntimeError("password=hunter2")

    @function_tool(name="boom")
    def boom_sync() -> str:
        """Fail."""
        raise RuntimeError("password=hunter2")

    async with scene(
        agent_with(boom_async if kind == "async" else boom_sync), llm=FakeLLM([[ToolCall("1", "boom", "{}")], "Sorry."])
    ) as s:
        await ask(s)
    assert results(s) == [ToolResult("1", "boom", "boom failed", is_error=True)]
    assert "hunter2" in caplog.text


async def test_a_tool_that_takes_too_long_is_cancelled_and_the_model_told() -> None:
    """Its own limit, if it has one."""
    ended: list[float] = []

    @function_tool(timeout=2)
    async def slow() -> str:
        """Take long."""
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(anyio.current_time())
        return ""

    async with scene(agent_with(slow), llm=FakeLLM([[ToolCall("1", "slow", "{}")], "Too slow."])) as s:
        await ask(s)
    assert results(s) == [ToolResult("1", "slow", "slow did not answer in time", is_error=True)]
    assert ended == [pytest.approx(s.when(do.BeginReply)[0] + 2)]


async def test_a_sync_tool_that_hangs_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread cannot be cancelled: its caller is, and the session goes on and closes."""
    monkeypatch.setattr(threads, "PATIENCE", 0.01)  # real seconds for which the virtual clock waits for a thread
    monkeypatch.setattr(clock, "PATIENCE", 0.01)
    gate = threading.Event()

    @function_tool(timeout=2)
    def stuck() -> str:
        """Hang."""
        gate.wait(30)
        return ""

    async with scene(agent_with(stuck), llm=FakeLLM([[ToolCall("1", "stuck", "{}")], "Too slow."])) as s:
        await ask(s)
        assert results(s) == [ToolResult("1", "stuck", "stuck did not answer in time", is_error=True)]
        await s.session.close()
        gate.set()


async def test_a_call_whose_id_was_seen_is_not_run_again() -> None:
    """A model that repeats itself does not order twice."""
    ran: list[int] = []

    @function_tool
    async def order() -> str:
        """Order."""
        ran.append(1)
        return "ordered"

    call = ToolCall("1", "order", "{}")
    async with scene(agent_with(order), llm=FakeLLM([[call, call], [call], "Done."])) as s:
        await ask(s)
    assert ran == [1]
    assert len(results(s)) == 1
    assert s.heard() == ["Done."]


async def test_a_model_that_only_calls_tools_is_stopped_and_the_caller_told() -> None:
    """There is a last round; silence after it would be no answer."""
    calls = [[ToolCall(str(number), "add", '{"a": 1, "b": 1}')] for number in range(20)]
    async with scene(agent_with(add), llm=FakeLLM(calls)) as s:
        await ask(s)
    assert len(s.llm.asked) == Agent().max_tool_steps + 1
    assert s.heard() == [APOLOGY]


async def test_a_long_result_is_cut() -> None:
    """Ten megabytes are not sent to a model."""

    @function_tool
    async def flood() -> str:
        """Too much."""
        return "x" * 10_000_000

    async with scene(agent_with(flood), llm=FakeLLM([[ToolCall("1", "flood", "{}")], "Long."])) as s:
        await ask(s)
    assert len(results(s)[0].output) == MOST_RESULT
    assert results(s)[0].output.endswith("xxx … (cut: this is the beginning of 10000000 characters)")


async def test_what_is_no_text_is_told_as_json() -> None:
    """Anything can be returned."""
    given: list[Any] = [{"a": 1}, None, [1, "é"], object()]

    @function_tool
    async def give() -> object:
        """Give."""
        return given[len(results(s))]

    calls = [[ToolCall(str(number), "give", "{}")] for number in range(4)]
    async with scene(agent_with(give), llm=FakeLLM([*calls, "Done."])) as s:
        await ask(s)
    assert [result.output for result in results(s)][:3] == ['{"a": 1}', "null", '[1, "é"]']
    assert "object" in results(s)[3].output


async def test_a_tool_gets_its_context() -> None:
    """The id of the call (a key against doing it twice), the deadline, the session."""
    seen: list[ToolContext] = []

    @function_tool
    async def look(context: ToolContext) -> str:
        """Look."""
        seen.append(context)
        return ""

    async with scene(agent_with(look), llm=FakeLLM([[ToolCall("call-7", "look", "{}")], "Done."])) as s:
        await ask(s)
        assert seen[0].session is s.session
    assert seen[0].call_id == "call-7"
    assert seen[0].deadline == pytest.approx(s.when(do.BeginReply)[0] + 20)


async def test_tools_of_a_cut_reply_are_waited_for_before_the_model_is_asked_again() -> None:
    """It must see the result, or it would call again."""
    order: list[str] = []

    @function_tool
    async def book() -> str:
        """Book."""
        await anyio.sleep_until(anyio.current_time() + 3)
        order.append("booked")
        return "booked"

    llm = FakeLLM([[ToolCall("1", "book", "{}")], "It is booked."])
    async with scene(agent_with(book), llm=llm, stt=FakeSTT(interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        assert s.session.label == "acting"
        await s.turn()
        await s.label("speaking")
        assert order == ["booked"]
        await s.label("listening")
    assert ToolResult("1", "book", "booked") in s.llm.asked[1]
    assert s.heard() == ["It is booked."]


async def test_a_tool_that_outlasts_the_limit_of_its_reply_is_apologised_for() -> None:
    """Thirty seconds is more than any caller waits."""

    @function_tool(timeout=60)
    async def crawl() -> str:
        """Take a minute."""
        await anyio.sleep_forever()
        return ""

    async with scene(agent_with(crawl), llm=FakeLLM([[ToolCall("1", "crawl", "{}")], "Never."])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: APOLOGY in s.said())
    (limit,) = [taped for taped in s.steps if isinstance(taped.event, Due) and taped.event.timer == "tool_limit"]
    assert limit.step.effects[0].reason == "its tools did not report in time"  # type: ignore[attr-defined]


async def test_closing_stops_a_tool_and_history_says_so() -> None:
    """Whoever reads or saves it learns that the tool had begun: the pair is whole."""

    @function_tool
    async def forever() -> str:
        """Hang."""
        await anyio.sleep_forever()
        return ""

    async with scene(agent_with(forever), llm=FakeLLM([[ToolCall("1", "forever", "{}")]])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        assert s.session.label == "acting"
        await s.session.close()
    (result,) = results(s)
    assert result.is_error
    assert result.output.startswith("forever was stopped, because the call ended")
    assert s.session.history.export()[-2:] == (ToolCall("1", "forever", "{}"), result)
