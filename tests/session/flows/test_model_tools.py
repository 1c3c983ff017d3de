"""The tools that a model may use while it talks: which, with what, and what it learns of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from fsm_agents.chat.message import ToolCall
from fsm_agents.chat.tool import FunctionTool, ToolContext, ToolError, function_tool
from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.flows.flow import Flow
from fsm_agents.session.agent import Agent
from fsm_agents.session.flows.text import FlowSession
from tests.session.flows.asked import TO_TALK, Asked, at_menu, talking
from tests.session.flows.texts import HELPDESK, PIN, helpdesk, said, takes

pytestmark = pytest.mark.anyio


async def test_a_tool_is_run_and_the_model_is_told() -> None:
    seen: list[Any] = []

    def status(customer: str, ctx: ToolContext) -> dict[str, bool]:
        seen.append((customer, ctx.call_id))
        return {"up": False}

    session, model, spoken = await talking(
        ["Let me see. ", ToolCall("a", "line_status", '{"customer": "12 34 56"}')],
        ["It is down."],
        flow=helpdesk(status),
        id="s1",
    )
    assert spoken == ["Let me see. It is down."]
    assert model.results == ['{"up": false}']
    assert [customer for customer, _ in seen] == ["123456"]
    assert seen[0][1].startswith("s1/talk/")
    assert [type(item).__name__ for item in session.history.items][-3:] == ["ToolCall", "ToolResult", "ChatMessage"]
    assert json.loads(json.dumps(session.save()))["history"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("{}", "customer is missing"), ('{"customer": "12"}', "customer: no digits"), ("[]", "no JSON object"), ("{", "no JSON object"),
        ('{"customer": "123456", "all": true}', "there is no parameter 'all'"), ('{"customer": NaN}', "no JSON object"),
    ],
)  # fmt: skip
async def test_arguments_that_do_not_fit_are_told(arguments: str, told: str) -> None:
    def status(customer: str) -> None:
        raise AssertionError("was called")

    _, model, spoken = await talking([ToolCall("a", "line_status", arguments)], ["Which number?"], flow=helpdesk(status))
    assert told in model.results[0]
    assert spoken == ["Which number?"]


async def test_what_the_flow_knows_a_model_cannot_say_otherwise() -> None:
    """It is not even a parameter."""
    text = HELPDESK.replace(
        '| menu  | llm "the line is slow"                    | talk  |                  |',
        '| menu | llm "the line is slow" sets customer | talk | |',
    )
    seen: list[str] = []

    def status(customer: str) -> bool:
        seen.append(customer)
        return True

    model = Asked(
        [ToolCall("1", "go_2_talk", '{"customer": "111111"}')],
        [ToolCall("2", "line_status", '{"customer": "999999"}')], [ToolCall("3", "line_status", "{}")], ["Fine."],
    )  # fmt: skip
    session = FlowSession(Flow.loads(text).bind({"line_status": status, "refund": lambda customer: None}), llm=model)
    await session.send("slow, and i am 111111")
    await session.send("hello")
    assert seen == ["111111"]
    assert "there is no parameter 'customer'" in model.results[0]


async def test_what_a_tool_says_on_purpose_is_told_and_what_it_raises_is_not(caplog: pytest.LogCaptureFixture) -> None:
    def status(customer: str) -> None:
        raise ToolError("that customer has no line") if customer == "111111" else RuntimeError("hunter2")

    _, model, _ = await talking(
        [ToolCall(str(at), "line_status", f'{{"customer": "{at * 6}"}}') for at in "12"], ["Sorry."], flow=helpdesk(status)
    )
    assert model.results == ["that customer has no line", "line_status failed"]


async def test_a_long_result_is_cut() -> None:
    _, model, _ = await talking(
        [ToolCall("1", "line_status", '{"customer": "123456"}')], ["Oh."], flow=helpdesk(lambda customer: "x" * 1_000_000)
    )
    assert len(model.results[0]) == 16_000


async def test_tools_that_take_a_secret_are_filled_in_and_their_results_are_hidden() -> None:
    seen: list[str] = []

    def balance(pin: str) -> dict[str, str]:
        seen.append(pin)
        return {"owner": "Anna Bell"}

    model = Asked([ToolCall("1", "balance", "{}")], ["Done."])
    session = FlowSession(Flow.loads(PIN).bind({"balance": balance}), llm=model)
    await session.send("4829")
    assert said(await session.send("what is my balance")) == ["Done."]
    assert seen == ["4829"]
    shown = repr(model.contexts)
    assert "4829" not in shown
    assert "four eight" not in shown
    assert "Anna Bell" not in shown
    assert model.results == ["(hidden)"]


async def test_a_secret_is_never_a_parameter() -> None:
    text = PIN.replace("in the pin", "").replace("| talk | llm", '| pin | "[ask] first" | talk |\n| talk | llm', 1)
    model = Asked([ToolCall("1", "balance", '{"pin": "1234"}')], ["Oh."])
    flow = Flow.loads(text.replace(", code {pin:last4}", "")).bind({"balance": lambda pin="none": pin})
    session = FlowSession(flow, llm=model)
    await session.send("ask first")
    await session.send("hello")
    assert "there is no parameter 'pin'" in model.results[0]


async def test_a_once_tool_is_not_called_twice_with_the_same_arguments() -> None:
    seen: list[str] = []

    def status(customer: str) -> str:
        seen.append(customer)
        return "up"

    call = ToolCall("1", "line_status", '{"customer": "123456"}')
    text = HELPDESK.replace('timeout = "6s"', 'timeout = "6s"\nonce = true')
    flow = Flow.loads(text).bind({"line_status": status, "refund": lambda customer: None})
    _, model, _ = await talking([call, call], [call], ["It is up."], flow=flow)
    assert seen == ["123456"]
    assert model.results == ["up", "up", "up"]


async def test_a_once_tool_of_a_model_is_not_cut() -> None:
    ends: list[str] = []

    async def status(customer: str) -> str:
        await takes(4)
        ends.append("done")
        return "up"

    text = HELPDESK.replace('timeout = "6s"', 'timeout = "6s"\nonce = true')
    flow = Flow.loads(text).bind({"line_status": status, "refund": lambda customer: None})
    model = Asked([TO_TALK], [ToolCall("1", "line_status", '{"customer": "123456"}')], ["Up."])
    session, _ = await at_menu("it is slow", model, flow)
    with anyio.move_on_after(1):
        await session.send("red lights")
    assert (ends, session.state) == (["done"], "talk")


async def test_the_agents_own_tools_may_be_used_where_the_flow_lists_them() -> None:
    @function_tool
    def line_status(customer: str) -> str:
        """How a line is."""
        return f"{customer} is up"

    model = Asked([TO_TALK], [ToolCall("1", "line_status", '{"customer": "123456"}')], ["It is up."])
    session = FlowSession(Flow.loads(HELPDESK), llm=model, agent=Agent(tools=[line_status]))
    await session.send("it is slow")
    assert said(await session.send("red lights")) == ["It is up."]
    assert model.results == ["123456 is up"]


# --- tool servers ---------------------------------------------------------------------------------------------------------------------


class Server:
    """A tool server with two tools."""

    name = "crm"

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.running = False

    async def run(self, ready: Callable[[tuple[FunctionTool, ...]], None]) -> None:
        schema = {
            "type": "object",
            "properties": {"customer": {"type": "string"}, "depth": {"type": "integer"}},
            "required": ["customer"],
        }

        async def call(**given: Any) -> str:
            self.calls.append(given)
            return "found"

        self.running = True
        ready(tuple(FunctionTool(f"crm_{name}", f"To {name}.", schema, call, is_async=True) for name in ("look_up", "delete")))
        try:
            await anyio.sleep_forever()
        finally:
            self.running = False


MCP = HELPDESK.replace("[tools.refund]", '[tools.crm_look_up]\nmcp = true\nargs = ["customer"]\n[tools.refund]').replace(
    'tools = ["line_status"]', 'tools = ["line_status", "crm_look_up"]'
)


async def test_of_a_tool_server_only_what_the_state_lists_may_be_used() -> None:
    server = Server()
    calls = [ToolCall("1", "crm_delete", '{"customer": "1"}'), ToolCall("2", "crm_look_up", '{"customer": "1", "depth": 3}')]
    model = Asked([TO_TALK], calls, ["There you are."])
    async with FlowSession(Flow.loads(MCP), llm=model, examples=True, agent=Agent(mcp_servers=[server])) as session:
        await session.send("it is slow")
        assert said(await session.send("red lights")) == ["There you are."]
        assert server.running
    assert not server.running
    assert server.calls == [{"customer": "1", "depth": 3}]
    assert model.tools[1] == ["go_1_good", "go_2_human", "go_3_human", "line_status", "crm_look_up"]
    assert "there is no tool 'crm_delete'" in model.results[0]
    assert model.results[1] == "found"


async def test_a_tool_of_a_server_stands_in_for_no_tool_of_the_host() -> None:
    text = MCP.replace("[tools.refund]", "[tools.crm_delete]\n[tools.refund]").replace(
        '"crm_look_up"]', '"crm_look_up", "crm_delete"]'
    )
    server, model = Server(), Asked([TO_TALK], [ToolCall("1", "crm_delete", '{"customer": "1"}')], ["No."])
    async with FlowSession(Flow.loads(text), llm=model, agent=Agent(mcp_servers=[server])) as session:
        await session.send("it is slow")
        await session.send("delete me")
    assert server.calls == []
    assert "crm_delete" not in model.tools[1]


async def test_tool_servers_need_async_with() -> None:
    session = FlowSession(Flow.loads(MCP), llm=Asked([]), agent=Agent(mcp_servers=[Server()]))
    with pytest.raises(MisuseError, match="async with"):
        await session.begin()


async def test_a_tool_server_that_does_not_start_is_told() -> None:
    class Broken(Server):
        async def run(self, ready: Any) -> None:
            raise ProviderError("crm does not start")

    with pytest.raises(ProviderError, match="crm does not start"):
        async with FlowSession(Flow.loads(MCP), llm=Asked([]), agent=Agent(mcp_servers=[Broken()])):
            pass
