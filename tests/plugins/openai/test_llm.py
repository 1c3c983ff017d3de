"""OpenAILLM against the loopback provider: text, calls and usage by both interfaces, and what it sends."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ChatMessage, ToolCall, ToolResult
from fsm_agents.chat.tool import function_tool
from fsm_agents.errors import MisuseError
from fsm_agents.plugins.openai import OpenAILLM
from fsm_agents.stages.base import TextDelta, Usage
from fsm_agents.testing.provider import ProviderServer

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]

PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses"}
both = pytest.mark.parametrize("api", PATHS)


@function_tool
def order(size: str, count: int = 1) -> str:
    """Order a pizza."""
    return f"{count} {size}"


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextDelta))


@both
async def test_text_comes_in_pieces_and_usage_last(server: ProviderServer, stages: Any, api: Any) -> None:
    server.reset({"answers": ["A large one, of course."]})
    chunks = await stages.ask(api=api)
    assert [type(chunk) for chunk in chunks] == [TextDelta] * 5 + [Usage]
    assert text_of(chunks) == "A large one, of course."
    assert chunks[-1].output_tokens == 5


@both
async def test_calls_are_whole_and_in_order(server: ProviderServer, stages: Any, api: Any) -> None:
    calls = [{"name": "order", "arguments": {"size": "large", "count": 2}}, {"name": "order", "arguments": {"size": "small"}}]
    server.reset({"answers": [{"text": "One moment.", "calls": calls}]})
    chunks = await stages.ask(tools=[order], api=api)
    made = [chunk for chunk in chunks if isinstance(chunk, ToolCall)]
    assert text_of(chunks) == "One moment."
    assert [order.parse(call.arguments) for call in made] == [{"size": "large", "count": 2}, {"size": "small"}]
    assert len({call.id for call in made}) == 2


@both
async def test_a_call_without_a_word_is_an_answer(server: ProviderServer, stages: Any, api: Any) -> None:
    server.reset({"answers": [{"calls": [{"name": "order", "arguments": "{}"}]}]})
    chunks = await stages.ask(tools=[order], api=api)
    assert [type(chunk) for chunk in chunks] == [ToolCall, Usage]


@both
async def test_history_with_tools_is_taken_by_the_server(server: ProviderServer, stages: Any, api: Any) -> None:
    """The provider checks it against the SDK's types, and that calls and results pair."""
    context = ChatContext(
        "Sell pizza.",
        [
            ChatMessage("user", "two pizzas"),
            ChatMessage("assistant", "One moment."),
            ToolCall("a", "order", '{"size": "large"}'),
            ToolCall("b", "order", '{"size": "small"}'),
            ToolResult("b", "order", "small is coming"),
            ToolResult("a", "order", "large is coming"),
            ChatMessage("assistant", "Both are com", interrupted=True),
            ChatMessage("user", "and a third"),
        ],
    )
    llm = OpenAILLM(api=api, **stages.options)
    chunks = [chunk async for chunk in llm.chat(context, [order])]
    await llm.aclose()
    assert text_of(chunks) == "You said: and a third"
    (asked,) = server.requests(PATHS[api])
    assert asked["status"] == 200
    sent = asked["body"]
    if api == "chat":
        roles = [message["role"] for message in sent["messages"]]
        assert roles == ["system", "user", "assistant", "tool", "assistant", "tool", "assistant", "user"]
        assert sent["messages"][2]["content"] == "One moment."
        assert sent["tools"][0]["function"]["parameters"] == order.parameters
    else:
        assert sent["instructions"] == "Sell pizza."
        assert [item.get("role", item["type"]) for item in sent["input"]][2:6] == ["function_call", "function_call_output"] * 2
        assert sent["tools"][0]["parameters"] == order.parameters
        assert sent["store"] is False


async def test_a_result_is_what_the_next_answer_is_about(server: ProviderServer, stages: Any) -> None:
    context = ChatContext("", [ChatMessage("user", "how many?"), ToolCall("a", "count", "{}"), ToolResult("a", "count", "three")])
    llm = OpenAILLM(**stages.options)
    assert text_of([chunk async for chunk in llm.chat(context, [])]) == "It returned: three"
    assert "tools" not in server.requests(PATHS["chat"])[0]["body"]
    await llm.aclose()


@both
async def test_settings_reach_the_server(server: ProviderServer, stages: Any, api: Any) -> None:
    await stages.ask(api=api, temperature=0.2, max_output_tokens=80, extra={"top_p": 0.5})
    (asked,) = server.requests(PATHS[api])
    sent = asked["body"]
    assert (sent["temperature"], sent["top_p"]) == (0.2, 0.5)
    assert sent["max_tokens" if api == "chat" else "max_output_tokens"] == 80


async def test_openai_itself_gets_the_newer_name_of_the_limit() -> None:
    llm = OpenAILLM(api_key="x", max_output_tokens=80)
    request = llm._chat_request(ChatContext(), ())
    assert (request.get("max_completion_tokens"), request.get("max_tokens")) == (80, None)


@both
async def test_a_connection_serves_many_answers(server: ProviderServer, stages: Any, api: Any) -> None:
    """The end of each body is read, or every answer would begin with a new connection."""
    server.reset({"pause": 0.01})
    llm = OpenAILLM(api=api, **stages.options)
    context = ChatContext("", [ChatMessage("user", "hello")])
    for _ in range(3):
        assert text_of([chunk async for chunk in llm.chat(context, [])]) == "You said: hello"
    assert len({asked["connection"] for asked in server.requests()}) == 1
    await llm.aclose()


@pytest.mark.parametrize(
    "wrong",
    [
        {"api": "completions"}, {"temperature": 3}, {"max_output_tokens": 0}, {"model": ""}, {"timeout": 0}, {"stall": -1},
        {"max_retries": 2.5}, {"base_url": "localhost:8000"}, {"api_key": 7}, {"temprature": 1},
    ],
    ids=str,
)  # fmt: skip
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    name = next(iter(wrong))
    with pytest.raises(MisuseError, match=name if name != "temprature" else "temperature"):
        OpenAILLM(**wrong)
