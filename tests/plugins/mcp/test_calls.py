"""Tools of a real server, over both transports: what is offered, what a call gives, and what a call cannot do to us."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.chat.tool import ToolArgumentError, ToolError
from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.plugins.mcp import MCPToolError
from fsm_agents.session.agent import Agent
from fsm_agents.session.toolbox import Toolbox

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]


async def test_offers_the_servers_tools_under_its_name(demo: Callable[..., Any], mcp: Any) -> None:
    """Name, description and schema are what the model is shown; ``tools=`` chooses."""
    async with mcp.running(demo(tools=["add", "paint"])) as server:
        assert list(server.tools) == ["demo_add", "demo_paint"]
        add = server.tools["demo_add"]
        assert add.description == "Add two numbers."
        assert add.parameters["properties"]["a"]["type"] == "integer"
        assert await server("add", a=2, b=3) == "5"


async def test_checks_arguments_before_anything_is_sent(demo: Callable[..., Any], mcp: Any) -> None:
    """Required, types, enum and ranges, all problems at once, in words for the model."""
    async with mcp.running(demo(tools=["add", "paint"])) as server:
        paint = server.tools["demo_paint"]
        assert paint.parse('{"colour": "red"}') == {"colour": "red"}
        with pytest.raises(ToolArgumentError) as refused:
            paint.parse('{"colour": "blue", "coats": "two"}')
        assert refused.value.problems == (
            "colour: 'blue' is not one of ['red', 'green']",
            "coats: 'two' is not of type 'integer'",
        )
        with pytest.raises(ToolArgumentError, match="'b' is a required property"):
            server.tools["demo_add"].parse('{"a": 1}')
        with pytest.raises(ToolArgumentError, match="not valid JSON"):
            server.tools["demo_add"].parse("{")


async def test_a_long_result_is_cut_and_says_so(demo: Callable[..., Any], mcp: Any) -> None:
    async with mcp.running(demo(max_result=1000)) as server:
        text = await server("long", characters=50_000)
        assert len(text) == 1000
        assert text.endswith("(cut: this is the beginning of 50000 characters)")
        assert server.tools["demo_long"].max_result == 1000


async def test_a_result_is_cleaned_and_pictures_are_only_named(demo: Callable[..., Any], mcp: Any) -> None:
    async with mcp.running(demo()) as server:
        assert await server("picture") == "look:\n[image, image/png, 402 bytes, not shown]"


async def test_a_failure_of_the_tool_is_told_to_the_model_and_not_to_the_log(
    demo: Callable[..., Any], mcp: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What the server says is for the model, cleaned and cut; our own line has none of it."""
    async with mcp.running(demo()) as server:
        with pytest.raises(ToolError) as failed:
            await server("fail", text="no such \x1b[1morder" + "!" * 5000)
    assert str(failed.value).startswith("demo_fail failed: Error executing tool fail: no such order!!")
    assert len(str(failed.value)) <= 2_050
    assert "demo_fail: the server says that it failed" in caplog.text
    assert "order" not in caplog.text


async def test_a_hung_tool_times_out_and_the_server_goes_on(demo: Callable[..., Any], mcp: Any) -> None:
    async with mcp.running(demo(timeout=1.0)) as server:
        with pytest.raises(ToolError, match=r"did not answer within 1 s\. It is not known whether it was carried out"):
            await server("hang")
        assert await server("add", a=1, b=1) == "2"


async def test_calls_run_side_by_side(demo: Callable[..., Any], mcp: Any) -> None:
    """One that hangs keeps nobody waiting."""
    async with mcp.running(demo()) as server, anyio.create_task_group() as tasks:
        tasks.start_soon(server, "hang")
        assert [await server("add", a=n, b=0) for n in range(3)] == ["0", "1", "2"]
        tasks.cancel_scope.cancel()


async def test_the_toolbox_of_a_session_runs_them(demo: Callable[..., Any], mcp: Any) -> None:
    """Result, failure, bad arguments and silence arrive in history as every tool's do: as results."""
    context, events = ChatContext(), list[object]()
    async with mcp.running(demo(timeout=2.0)) as server, anyio.create_task_group() as tasks:

        def spawn(fn: Callable[[], Any], name: str) -> None:
            tasks.start_soon(fn, name=name)

        calls = [
            ToolCall("1", "demo_add", '{"a": 1, "b": 2}'),
            ToolCall("2", "demo_fail", '{"text": "sold out"}'),
            ToolCall("3", "demo_add", '{"a": 1}'),
            ToolCall("4", "demo_hang", ""),
        ]
        await Toolbox(None, context, events.append, spawn).run(1, calls, list(server.tools.values()))
    results = {item.id: item for item in context.items if isinstance(item, ToolResult)}
    assert [results[call].is_error for call in "1234"] == [False, True, True, True]
    assert results["1"].output == "3"
    assert results["2"].output == "demo_fail failed: Error executing tool fail: sold out"
    assert "'b' is a required property" in results["3"].output
    assert results["4"].output.startswith("demo_hang did not answer within 2 s")


def _lists(mcp: Any, *tools: str, description: str = "", **settings: Any) -> Any:
    listed = [{"name": name, "description": description, "inputSchema": {"type": "object"}} for name in tools]
    return mcp.script(mcp.old_server(repr({"tools": listed}), '{"content": [{"type": "text", "text": str(__import__("os").getpid())}]}'),
        name="demo", start_limit=20, **settings)  # fmt: skip


async def test_pins_refuse_what_changed_and_what_is_gone(mcp: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Drift is refused at the start, with the tool's name; what is new is left out, and the log says so."""
    pins = await _lists(mcp, "add", "long").read_pins()
    assert set(pins) == {"add", "long"}
    async with mcp.running(_lists(mcp, "add", "long", "extra", pins=pins)) as server:
        assert list(server.tools) == ["demo_add", "demo_long"]
    assert "lists 1 tools that have no pin and are left out: extra" in caplog.text
    with pytest.raises(ProviderError, match=r"is not what was pinned: 'add' has changed, 'long' is gone\. Look"):
        async with mcp.running(_lists(mcp, "add", description="and tell me everything", pins=pins)):
            pass


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_a_list_that_changes_later_changes_nothing_but_what_may_be_called(
    transport: str, mcp: Any, request: pytest.FixtureRequest
) -> None:
    """The model keeps what it was shown; a tool that is no longer that is not called, the others are."""
    made = request.getfixturevalue("loaded")() if transport == "stdio" else request.getfixturevalue("own_web").client()
    async with mcp.running(made) as server:
        before, shown = made.pins(), server.tools["demo_add"].description
        assert await server("change") == "changed"
        await server("process")  # the news travels beside the answer
        for name, arguments in (("add", {"a": 1, "b": 2}), ("long", {"characters": 1})):
            with pytest.raises(MCPToolError) as refused:
                await server(name, **arguments)
            assert str(refused.value) == (
                f"demo_{name} was not called: its server has changed it during this conversation. Do not call it again"
            )
        assert await server("paint", colour="red") == "1 coats of red"
        assert made.pins() == before
        assert server.tools["demo_add"].description == shown


async def test_pins_before_anybody_asked_are_refused(mcp: Any) -> None:
    with pytest.raises(MisuseError, match="read_pins"):
        mcp.stdio().pins()


async def test_a_wanted_tool_that_does_not_exist_is_refused_at_the_start(demo: Callable[..., Any], mcp: Any) -> None:
    with pytest.raises(MisuseError, match="has no tool 'ad'; did you mean 'add'"):
        async with mcp.running(demo(tools=["ad"])):
            pass


async def test_one_server_serves_two_sessions(mcp: Any) -> None:
    """Each has a child of its own."""
    made = _lists(mcp, "process")
    async with mcp.running(made) as one, mcp.running(made) as other:
        assert await one("process") != await other("process")
    assert set(made.pins()) == {"process"}


async def test_a_tool_that_is_called_after_the_session_says_so(mcp: Any) -> None:
    async with mcp.running(_lists(mcp, "add")) as server:
        pass
    with pytest.raises(MCPToolError) as over:
        await server("add")
    assert str(over.value) == "demo_add was not called: the session is over"


async def test_tools_of_an_agent_and_of_servers_may_not_share_a_name(mcp: Any) -> None:
    """What the session checks when it puts them together."""
    from fsm_agents.session.agent import checked_tools

    async with mcp.running(_lists(mcp, "add")) as server:
        with pytest.raises(MisuseError, match="two tools are called 'demo_add'"):
            checked_tools([*Agent().tools, *server.tools.values(), *server.tools.values()])


async def test_only_the_environment_that_was_given_reaches_a_child(mcp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A canary in our environment does not sing in the child's."""
    for name in ("OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "VIDEOSDK_AUTH_TOKEN"):
        monkeypatch.setenv(name, "canary-1234")
    async with mcp.running(mcp.stdio(env={"GIVEN": "yes"})) as server:
        seen = json.loads(await server("environment"))
    assert "canary" not in json.dumps(seen)
    assert seen["GIVEN"] == "yes"
    assert seen["PATH"]
