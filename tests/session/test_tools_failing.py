"""Results and failures: a tool may return or raise what it likes; the model is told what it can act on, and the session goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import anyio
import attrs
import pytest

from fsm_agents import function_tool
from fsm_agents.chat import ToolError
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.testing.fakes import FakeLLM
from tests.session.scene import scene
from tests.session.test_tools import agent_with, ask, results

pytestmark = pytest.mark.anyio


async def work(seconds: float) -> None:
    """Take time."""
    await anyio.sleep_until(anyio.current_time() + seconds)


# --- results ----------------------------------------------------------------------------------------------------------------------------


async def test_a_tool_may_set_a_limit_to_its_result() -> None:
    """Its own, below the general one, and above it."""

    @function_tool(max_result=100)
    async def brief() -> str:
        """Too much."""
        return "x" * 5000

    @function_tool(max_result=20_000)
    async def long() -> str:
        """A lot."""
        return "x" * 20_000

    calls = [ToolCall("1", "brief", "{}"), ToolCall("2", "long", "{}")]
    async with scene(agent_with(brief, long), llm=FakeLLM([calls, "Done."])) as s:
        await ask(s)
    assert sorted(len(result.output) for result in results(s)) == [100, 20_000]


async def test_errors_have_the_limit_too() -> None:
    """A server's page of an error is data like any other."""

    @function_tool(max_result=50)
    async def fetch() -> str:
        """Fetch."""
        raise ToolError("<html>" * 1000)

    async with scene(agent_with(fetch), llm=FakeLLM([[ToolCall("1", "fetch", "{}")], "No."])) as s:
        await ask(s)
    (result,) = results(s)
    assert (len(result.output), result.is_error) == (50, True)


async def test_what_cannot_be_written_as_text_is_a_failure_of_the_tool_and_not_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """It contains itself; or its own text raises. The session goes on."""
    circle: list[Any] = []
    circle.append(circle)

    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("password=hunter2")

    @function_tool
    async def give(which: int) -> object:
        """Give."""
        return [circle, Odd()][which]

    calls = [ToolCall("1", "give", '{"which": 0}'), ToolCall("2", "give", '{"which": 1}')]
    async with scene(agent_with(give), llm=FakeLLM([calls, "Done."])) as s:
        await ask(s)
        assert s.session.state == "running"
    assert sorted(results(s), key=lambda result: result.id) == [
        ToolResult("1", "give", "give failed", is_error=True),
        ToolResult("2", "give", "give failed", is_error=True),
    ]
    assert "hunter2" in caplog.text


async def test_half_a_character_does_not_poison_the_history() -> None:
    """No provider could be sent it: every later request would fail."""

    @function_tool
    async def echo(text: str) -> str:
        """Say it again."""
        return text

    calls = [ToolCall("1", "echo", r'{"text": "a\ud800"}'), ToolCall("2", "echo", r'{"text": ["\ud800"], "x\ud800": 1}')]
    async with scene(agent_with(echo), llm=FakeLLM([calls, "Done."])) as s:
        await ask(s)
    assert {result.id: result.is_error for result in results(s)} == {"1": False, "2": True}
    for result in results(s):
        assert result.output.encode()


# --- what a tool raises -----------------------------------------------------------------------------------------------------------------


async def test_a_tool_error_is_told_in_its_words() -> None:
    """It is written for the model."""

    @function_tool
    async def book(day: str) -> str:
        """Book."""
        raise ToolError(f"{day} is taken; Tuesday and Friday are free")

    async with scene(agent_with(book), llm=FakeLLM([[ToolCall("1", "book", '{"day": "Monday"}')], "Hm."])) as s:
        await ask(s)
    assert results(s) == [ToolResult("1", "book", "Monday is taken; Tuesday and Friday are free", is_error=True)]


@attrs.frozen
class Picky:
    """An argument whose class raises what it likes."""

    why: str

    def __attrs_post_init__(self) -> None:
        """Raise."""
        raise {"value": ValueError("there is no such table: choose 1 to 9"), "key": KeyError("password=hunter2")}[self.why]


async def test_what_an_argument_class_raises_is_no_end_of_the_session() -> None:
    """A validator's words are for whoever gave the value; those of any other exception are not."""

    @function_tool
    async def seat(where: Picky) -> str:
        """Seat."""
        return "seated"

    calls = [ToolCall("1", "seat", '{"where": {"why": "value"}}'), ToolCall("2", "seat", '{"where": {"why": "key"}}')]
    async with scene(agent_with(seat), llm=FakeLLM([calls, "Hm."])) as s:
        await ask(s)
        assert s.session.state == "running"
    first, second = (result.output for result in sorted(results(s), key=lambda result: result.id))
    assert "where: there is no such table: choose 1 to 9" in first
    assert "where: these values together were not accepted" in second
    assert "hunter2" not in first + second


async def test_a_cancellation_of_somebody_elses_is_a_failure_of_the_tool(anyio_backend: tuple[str, Any]) -> None:
    """It awaited something that was cancelled. Let through, that would end the task, and the session with it."""

    @function_tool
    async def wait() -> str:
        """Wait for a task that is cancelled."""
        if anyio_backend[0] == "asyncio":
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future
        raise RuntimeError("on trio there is no such thing")

    async with scene(agent_with(wait), llm=FakeLLM([[ToolCall("1", "wait", "{}")], "I see."])) as s:
        await ask(s)
        assert s.session.state == "running"
    assert results(s) == [ToolResult("1", "wait", "wait failed", is_error=True)]
    assert s.heard() == ["I see."]


async def test_a_stop_iteration_in_a_thread_is_a_failure_at_once() -> None:
    """It cannot be carried back from a thread as it is."""

    @function_tool
    def first() -> str:
        """Take the first of nothing."""
        return next(iter(list[str]()))

    async with scene(agent_with(first), llm=FakeLLM([[ToolCall("1", "first", "{}")], "Nothing."])) as s:
        await ask(s)
    assert results(s) == [ToolResult("1", "first", "first failed", is_error=True)]


async def test_a_timeout_of_the_tools_own_is_not_ours(caplog: pytest.LogCaptureFixture) -> None:
    """The log says what it raised, and not that it took 20 seconds."""

    @function_tool
    async def fetch() -> str:
        """Fetch."""
        raise TimeoutError("the warehouse")

    async with scene(agent_with(fetch), llm=FakeLLM([[ToolCall("1", "fetch", "{}")], "No."])) as s:
        await ask(s)
    assert results(s) == [ToolResult("1", "fetch", "fetch failed", is_error=True)]
    assert "the warehouse" in caplog.text
    assert "did not return" not in caplog.text


async def test_an_async_function_behind_a_sync_wrapper_is_awaited() -> None:
    """Decorators of the user's are often so."""

    def logged(function: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
        @wraps(function)
        def wrapper(**given: Any) -> Awaitable[str]:
            return function(**given)

        return wrapper

    @function_tool
    @logged
    async def look() -> str:
        """Look."""
        await work(1)
        return "found"

    async with scene(agent_with(look), llm=FakeLLM([[ToolCall("1", "look", "{}")], "Done."])) as s:
        await ask(s)
    assert results(s) == [ToolResult("1", "look", "found")]
