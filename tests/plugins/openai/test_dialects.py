"""How servers differ in what they send, event by event; and the two ways of a request that need no server at all."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from fsm_agents.chat.message import ToolCall
from fsm_agents.plugins.openai.account import Account
from fsm_agents.plugins.openai.asking import Body, events
from fsm_agents.plugins.openai.chat_stream import read_chat
from fsm_agents.plugins.openai.failures import OpenAIProviderError, clean
from fsm_agents.plugins.openai.response_stream import read_response
from fsm_agents.stages.base import TextDelta, Usage

pytestmark = pytest.mark.anyio

ACCOUNT = Account(
    "OpenAILLM (m)", "m", api_key="some-key", base_url="http://h/v1", timeout=1, stall=1, max_retries=0, load=lambda _client: None
)


class Sent(Body):
    """A body that is there already; ``breaks`` at its end."""

    def __init__(self, *pieces: bytes, breaks: bool = False) -> None:
        self.pieces, self.breaks, self.drained = list(pieces), breaks, False

    async def read(self) -> bytes | None:
        if not self.pieces and self.breaks:
            raise OpenAIProviderError("it stopped", "stall")
        return self.pieces.pop(0) if self.pieces else None

    async def drain(self) -> None:
        self.drained = True


def sent(*told: Any, breaks: bool = False) -> Sent:
    return Sent(*[b"data: " + json.dumps(event).encode() + b"\n\n" for event in told], breaks=breaks)


def choice(reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


Read = Callable[[Account, Body], AsyncGenerator[Any]]


async def all_of(read: Read, body: Body) -> list[Any]:
    return [chunk async for chunk in read(ACCOUNT, body)]


@pytest.mark.parametrize(
    "pieces",
    [
        [b'data: {"a": 1}\n\ndata: {"b": 2}\n\ndata: [DONE]\n\n'],
        [b'data: {"a": 1}\r\n\r\ndata: {"b": 2}\r\n\r\n'],
        [b'data:{"a":', b"1}\n", b'\nevent: x\nid: 7\ndata: {"b": 2}', b"\n\n"],
        [b': still there\n\ndata: {"a": 1}\n\n\n\n: and now\nretry: 5\ndata: {"b":\ndata: 2}\n\ndata: [DO', b"NE]\n\nmore"],
        [bytes([byte]) for byte in b'data: {"a": 1}\n\ndata: {"b": 2}\n\n'],
    ],
)
async def test_events_wherever_they_are_cut(pieces: list[bytes]) -> None:
    assert [event async for event in events(ACCOUNT, Sent(*pieces))] == [{"a": 1}, {"b": 2}]


async def test_after_done_the_rest_of_the_body_is_read() -> None:
    """For the next request on its connection."""
    body = Sent(b"data: [DONE]\n\n")
    assert [event async for event in events(ACCOUNT, body)] == []
    assert body.drained


@pytest.mark.parametrize("event", [b"no json", b"[1]", b'"text"', b"null"])
async def test_an_event_that_is_no_object(event: bytes) -> None:
    with pytest.raises(OpenAIProviderError, match="no JSON object"):
        _ = [made async for made in events(ACCOUNT, Sent(b"data: " + event + b"\n\n"))]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("out of memory", "server"),
        ({"message": "overloaded", "type": "overloaded_error"}, "server"),
        ({"message": "wrong", "code": "invalid_prompt"}, "refused"),
    ],
)
async def test_an_error_in_the_middle(error: object, kind: str) -> None:
    with pytest.raises(OpenAIProviderError, match="broke off with an error") as raised:
        await all_of(read_chat, sent(choice(content="Hel"), {"error": error}))
    assert raised.value.kind == kind


def fragment(arguments: str = "", **parts: Any) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": parts.pop("name")} if "name" in parts else {})}
    return {"function": function, **parts}


@pytest.mark.parametrize(
    ("told", "made"),
    [
        pytest.param(
            [[fragment(index=0, id="a", name="f")], [fragment("{}", index=0)], [fragment('{"x":1}', index=1, id="b", name="g")]],
            [("a", "f", "{}"), ("b", "g", '{"x":1}')],
            id="fragments by index (OpenAI)",
        ),
        pytest.param(
            [[fragment("{}", index=0, id="a", name="f"), fragment("[]", index=0, id="b", name="g")]],
            [("a", "f", "{}"), ("b", "g", "[]")],
            id="whole calls, all numbered 0",
        ),
        pytest.param(
            [[fragment("{", index=0, id="a", name="f")], [fragment("}", index=0, id="a")]],
            [("a", "f", "{}")],
            id="the id with every fragment",
        ),
        pytest.param(
            [[fragment("{", index=0, id="a", name="f")], [fragment("}", index=0, id="")]], [("a", "f", "{}")], id="empty ids"
        ),
        pytest.param([[fragment("{}", id="a", name="f")]], [("a", "f", "{}")], id="no index"),
        pytest.param([[fragment(index=0, id="a")], [fragment("{}", index=0, name="f")]], [("a", "f", "{}")], id="the name later"),
        pytest.param([[{"index": 0, "id": "a", "function": {"name": "f"}}]], [("a", "f", "")], id="no arguments"),
    ],
)
async def test_tool_calls_of_all_dialects(told: list[list[dict[str, Any]]], made: list[tuple[str, str, str]]) -> None:
    chunks = await all_of(read_chat, sent(*[choice(tool_calls=part) for part in told], choice("tool_calls")))
    assert chunks == [ToolCall(*call) for call in made]


async def test_calls_without_an_id_get_one_each() -> None:
    told = choice(tool_calls=[fragment("{}", index=0, name="f"), fragment("{}", index=1, name="f")])
    first, second = await all_of(read_chat, sent(told, choice("stop")))
    assert first.id
    assert second.id not in ("", first.id)


async def test_nulls_refusals_and_usage() -> None:
    told = [
        choice(role="assistant", content=None, tool_calls=None),
        choice(refusal="No. "),
        {**choice(content="Never."), "usage": None},
        {**choice("stop"), "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
        {"choices": None},
    ]
    assert await all_of(read_chat, sent(*told)) == [TextDelta("No. "), TextDelta("Never."), Usage(3, 2)]


async def test_an_answer_that_is_over_is_whole_although_its_stream_does_not_end() -> None:
    assert await all_of(read_chat, sent(choice(content="Yes."), choice("stop"), breaks=True)) == [TextDelta("Yes.")]


@pytest.mark.parametrize("reason", ["length", "stop", "function_call"])
async def test_an_answer_that_became_too_long_is_said_as_far_as_it_goes(reason: str) -> None:
    assert await all_of(read_chat, sent(choice(content="Once upon"), choice(reason))) == [TextDelta("Once upon")]


async def test_a_withheld_answer_fails() -> None:
    with pytest.raises(OpenAIProviderError, match="content filter") as raised:
        await all_of(read_chat, sent(choice("content_filter")))
    assert not raised.value.retryable


@pytest.mark.parametrize("numbers", [(0, 0, 0, 0), (None, None, None, None), (-1, -1, -1, -1), (1, 2, 3, 9), (0, 1, 2, 3)])
async def test_events_that_are_not_numbered_as_openai_does(numbers: tuple[int | None, ...]) -> None:
    told = [{"type": "response.output_text.delta", "delta": word} for word in ("ha", " ha", " ha")]
    told.append({"type": "response.completed", "response": {}})  # type: ignore[dict-item]  # an event of another form
    for event, number in zip(told, numbers, strict=True):
        event["sequence_number"] = number  # type: ignore[assignment]  # as above
    assert await all_of(read_response, sent(*told)) == [TextDelta("ha"), TextDelta(" ha"), TextDelta(" ha")]


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ({"type": "response.failed", "response": {"error": {"code": "server_error", "message": "x"}}}, "server"),
        ({"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded", "message": "x"}}}, "server"),
        ({"type": "response.failed", "response": {"error": {"code": "invalid_prompt", "message": "x"}}}, "refused"),
        ({"type": "response.incomplete", "response": {"incomplete_details": {"reason": "content_filter"}}}, "filtered"),
        ({"type": "error", "code": "server_error", "message": "x", "param": None}, "server"),
        ({"type": "response.in_progress", "response": {}}, "broken"),
    ],
    ids=str,
)
async def test_a_response_that_fails(end: dict[str, Any], kind: str) -> None:
    with pytest.raises(OpenAIProviderError) as raised:
        await all_of(read_response, sent(end))
    assert raised.value.kind == kind


async def test_a_response_that_became_too_long_is_said_as_far_as_it_goes() -> None:
    usage = {"input_tokens": 4, "output_tokens": 9}
    end = {"type": "response.incomplete", "response": {"incomplete_details": {"reason": "max_output_tokens"}, "usage": usage}}
    delta = {"type": "response.output_text.delta", "delta": "Once"}
    assert await all_of(read_response, sent(delta, end)) == [TextDelta("Once"), Usage(4, 9)]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Incorrect API key provided: sk-abcd****wxyz.", "Incorrect API key provided: [key]"),
        ("wrong:\n  some-key,\tagain", "wrong: [key], again"),
        ("Authorization: Bearer abc.def", "Authorization: [key]"),
        ("x" * 500, "x" * 200 + " …"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_what_a_server_says_is_cleaned(said: object, shown: str) -> None:
    assert clean(said, "some-key") == shown
