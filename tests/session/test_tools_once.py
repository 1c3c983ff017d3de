"""Never twice: a call is executed at most once and has exactly one result, whatever is repeated, cut, closed or late."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents import ToolContext, function_tool
from fsm_agents.chat import ChatContext
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.machines.events import ToolsCalled, ToolsDone
from fsm_agents.session.toolbox import Toolbox
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, scene
from tests.session.test_tools import agent_with, ask, results

pytestmark = pytest.mark.anyio


@attrs.define
class Counter:
    """A tool that counts what it did, and by which key."""

    ran: list[tuple[str, str]] = attrs.field(factory=list)
    seconds: float = 0

    def tool(self) -> Any:
        """The tool."""

        @function_tool
        async def order(context: ToolContext, size: str = "any") -> str:
            """Order."""
            self.ran.append((context.call_id, size))
            await anyio.sleep_until(anyio.current_time() + self.seconds)
            return f"ordered {size}"

        return order


def call(number: str, size: str = "") -> ToolCall:
    """A call of that tool."""
    return ToolCall(number, "order", f'{{"size": "{size}"}}' if size else "{}")


async def test_the_same_call_written_otherwise_is_the_same() -> None:
    """Spaces and order mean nothing in JSON."""
    counter = Counter()
    calls = [ToolCall("1", "order", '{"size":"large"}'), ToolCall("1", "order", '{ "size": "large" }')]
    async with scene(agent_with(counter.tool()), llm=FakeLLM([calls, "Done."])) as s:
        await ask(s)
    assert counter.ran == [("1", "large")]


async def test_a_server_that_counts_its_calls_from_0_in_every_answer_is_served() -> None:
    """The id came before, the call did not: it runs, under an id of its own, in history and as its key."""
    counter = Counter()
    llm = FakeLLM([[call("0", "large")], "One.", [call("0", "small")], "Two."])
    async with scene(agent_with(counter.tool()), llm=llm) as s:
        await ask(s)
        await s.turn()
        await s.until(lambda: "Two." in s.said())
    assert counter.ran == [("0", "large"), ("0-2", "small")]
    assert results(s) == [ToolResult("0", "order", "ordered large"), ToolResult("0-2", "order", "ordered small")]
    assert s.heard() == ["One.", "Two."]


async def test_calls_without_an_id_are_each_their_own() -> None:
    """Some servers name none."""
    counter = Counter()
    async with scene(agent_with(counter.tool()), llm=FakeLLM([[call("", "large"), call("", "large")], "Both."])) as s:
        await ask(s)
    assert sorted(counter.ran) == [("call-1", "large"), ("call-2", "large")]
    assert sorted(result.id for result in results(s)) == ["call-1", "call-2"]


async def test_a_call_that_is_repeated_while_its_reply_was_cut_is_not_run_again() -> None:
    """The caller interrupts, the question is asked again, the model calls again what is at work: one order, one result."""
    counter = Counter(seconds=3)
    llm = FakeLLM([[call("1", "large")], [call("1", "large")], "It is ordered."])
    async with scene(agent_with(counter.tool()), llm=llm, stt=FakeSTT(interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.turn()
        await s.label("speaking")
        await s.label("listening")
    assert counter.ran == [("1", "large")]
    assert results(s) == [ToolResult("1", "order", "ordered large")]
    assert s.heard() == ["It is ordered."]


async def test_a_model_that_only_repeats_itself_must_answer() -> None:
    """After a round without anything new it is offered no tools: it has the result, and the caller waits."""

    class Stubborn(FakeLLM):
        async def chat(self, context: ChatContext, tools: Any) -> Any:
            self.answers = ([call("1")] if tools else "Very well.",)
            async for chunk in super().chat(context, tools):
                yield chunk

    counter = Counter()
    async with scene(agent_with(counter.tool()), llm=Stubborn()) as s:
        await ask(s)
    assert counter.ran == [("1", "any")]
    assert len(s.llm.asked) == 3
    assert s.heard() == ["Very well."]


async def test_an_unknown_tool_is_answered_in_its_own_id() -> None:
    """A name as long as a book is not repeated."""
    async with scene(agent_with(Counter().tool()), llm=FakeLLM([[ToolCall("1", "x" * 10_000, "{}")], "Sorry."])) as s:
        await ask(s)
    (result,) = results(s)
    assert result.is_error
    assert len(result.output) < 200


# --- any course of things ---------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Round:
    """One answer of a model: what it calls, and after how many seconds its reply is cut (if it runs that long)."""

    calls: tuple[tuple[str, str, str], ...]
    cut: float | None


CALLS = st.tuples(
    st.sampled_from(["", "a", "b", "c"]),
    st.sampled_from(["quick", "slow", "lookup", "in_turn", "broken", "hangs", "unknown"]),
    st.sampled_from(["{}", '{"n": 1}', '{"n": "x"}', "nonsense"]),
)
ROUNDS = st.lists(
    st.builds(Round, st.lists(CALLS, max_size=4).map(tuple), st.none() | st.sampled_from([0.0, 0.5, 1.0, 2.5])), max_size=6
)


@attrs.define
class Bench:
    """A toolbox with tools of every kind, and what they did."""

    context: ChatContext = attrs.field(factory=ChatContext)
    posted: list[object] = attrs.field(factory=list)
    began: list[str] = attrs.field(factory=list)

    def tools(self) -> list[Any]:
        """One of each kind."""

        async def run(context: ToolContext, seconds: float) -> str:
            self.began.append(context.call_id)
            await anyio.sleep_until(anyio.current_time() + seconds)
            return "ok"

        @function_tool
        async def quick(context: ToolContext, n: int = 0) -> str:
            return await run(context, 0)

        @function_tool
        async def slow(context: ToolContext, n: int = 0) -> str:
            return await run(context, 2)

        @function_tool(on_interruption="cancel")
        async def lookup(context: ToolContext, n: int = 0) -> str:
            return await run(context, 2)

        @function_tool(parallel=False)
        async def in_turn(context: ToolContext, n: int = 0) -> str:
            return await run(context, 1)

        @function_tool
        async def broken(context: ToolContext, n: int = 0) -> str:
            await run(context, 0.5)
            raise RuntimeError("password=hunter2")

        @function_tool(timeout=1.5)
        async def hangs(context: ToolContext, n: int = 0) -> str:
            return await run(context, 1e6)

        return [quick, slow, lookup, in_turn, broken, hangs]


@given(rounds=ROUNDS, closes=st.booleans())
async def test_whatever_happens_each_call_runs_at_most_once_and_has_one_result(rounds: list[Round], closes: bool) -> None:
    """Random calls, repetitions, cuts and an end in the middle."""
    bench = Bench()
    tools = bench.tools()
    async with anyio.create_task_group() as group:

        def spawn(fn: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
            group.start_soon(fn, name=name)

        box = Toolbox(None, bench.context, bench.posted.append, spawn)
        for number, each in enumerate(rounds):
            await box.settled()
            with anyio.move_on_after(each.cut) if each.cut is not None else anyio.CancelScope():
                await box.run(number, [ToolCall(*parts) for parts in each.calls], tools)
        if not closes:
            await box.settled()
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert not box.busy
    calls = [item.id for item in bench.context.items if isinstance(item, ToolCall)]
    told = [item.id for item in bench.context.items if isinstance(item, ToolResult)]
    assert len(set(calls)) == len(calls)
    assert sorted(told) == sorted(calls)
    assert len(set(bench.began)) == len(bench.began)
    assert set(bench.began) <= set(calls)
    assert "hunter2" not in "".join(item.output for item in bench.context.items if isinstance(item, ToolResult))
    kinds = [type(event) for event in bench.posted]
    assert kinds[::2] == [ToolsCalled] * len(kinds[::2])
    assert kinds[1::2] == [ToolsDone] * len(kinds[1::2])
    assert closes or len(kinds) % 2 == 0
    given_keys = {(name, tool, arguments) for each in rounds for name, tool, arguments in each.calls if name}
    nameless = sum(not name for each in rounds for name, _, _ in each.calls)
    assert len(calls) <= len(given_keys) + nameless
