"""``POST /v1/chat/completions``: the script's answer, whole or word by word, with tool calls in fragments.

Calls and results must pair, as OpenAI insists: a call without its result refuses the request.
"""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from fsm_agents.testing.provider.answer import Answer, json_answer, stream_answer
from fsm_agents.testing.provider.checks import RefusedRequest, check_fields, check_model
from fsm_agents.testing.provider.models import known_models
from fsm_agents.testing.provider.script import Scripted
from fsm_agents.testing.provider.serve import route
from fsm_agents.testing.provider.state import ProviderState

__all__ = ["fragments", "routes", "words"]

_FRAGMENT = 7


def _chat(state: ProviderState, given: dict[str, Any]) -> Answer:
    from openai.types.chat import completion_create_params as params

    streamed = given.get("stream") is True
    kind = params.CompletionCreateParamsStreaming if streamed else params.CompletionCreateParamsNonStreaming
    asked = check_fields(kind, given)
    check_model(asked["model"], known_models(state))
    _check_pairs(asked["messages"])
    inputs = [(message["role"], _text(message.get("content"))) for message in asked["messages"]]
    scripted = state.answer(inputs)
    usage = _usage(inputs, scripted)
    ids = [state.number("call") for _ in scripted.calls]
    if not streamed:
        return json_answer(_completion(state, asked["model"], scripted, ids, usage))
    chunks = _chunks(state, asked["model"], scripted, ids)
    if (asked.get("stream_options") or {}).get("include_usage"):
        chunks.append(_chunk(chunks[0].id, asked["model"], None, usage=usage))
    return stream_answer([*chunks, None], state.script.pause)


def _check_pairs(messages: list[dict[str, Any]]) -> None:
    waiting: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                raise RefusedRequest("messages with role 'tool' must be a response to a preceding message with 'tool_calls'.")
            waiting.discard(message["tool_call_id"])
            continue
        if waiting:
            break
        waiting = {call["id"] for call in message.get("tool_calls") or ()}
    if waiting:
        ids = ", ".join(sorted(waiting))
        raise RefusedRequest(f"An assistant message with 'tool_calls' must be followed by tool messages: {ids} did not have one.")


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(part.get("text", "") for part in content)
    return content or ""


def words(text: str) -> list[str]:
    """A text in pieces: words, each with the space before it."""
    return [word if not at else f" {word}" for at, word in enumerate(text.split(" "))] if text else []


def fragments(arguments: str) -> list[str]:
    """The arguments of a call in pieces, as a model writes them."""
    return [arguments[at : at + _FRAGMENT] for at in range(0, len(arguments), _FRAGMENT)]


def _usage(inputs: list[tuple[str, str]], scripted: Scripted) -> Any:
    from openai.types import CompletionUsage

    given = sum(len(text.split()) for _, text in inputs)
    made = len(words(scripted.text)) + len(scripted.calls)
    return CompletionUsage(prompt_tokens=given, completion_tokens=made, total_tokens=given + made)


def _chunks(state: ProviderState, model: str, scripted: Scripted, ids: list[str]) -> list[Any]:
    from openai.types.chat.chat_completion_chunk import ChoiceDelta, ChoiceDeltaToolCall, ChoiceDeltaToolCallFunction

    number = state.number("chatcmpl")
    deltas = [ChoiceDelta(role="assistant", content="")]
    deltas += [ChoiceDelta(content=word) for word in words(scripted.text)]
    for index, (call, call_id) in enumerate(zip(scripted.calls, ids, strict=True)):
        opened = ChoiceDeltaToolCallFunction(name=call.name, arguments="")
        parts = [ChoiceDeltaToolCall(index=index, id=call_id, type="function", function=opened)]
        parts += [
            ChoiceDeltaToolCall(index=index, function=ChoiceDeltaToolCallFunction(arguments=part))
            for part in fragments(call.arguments)
        ]
        deltas += [ChoiceDelta(tool_calls=[part]) for part in parts]
    made = [_chunk(number, model, delta) for delta in deltas]
    return [*made, _chunk(number, model, ChoiceDelta(), reason="tool_calls" if ids else "stop")]


def _chunk(number: str, model: str, delta: Any, *, reason: Any = None, usage: Any = None) -> Any:
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import Choice

    choices = [] if delta is None else [Choice(delta=delta, index=0, finish_reason=reason)]
    made = ChatCompletionChunk(id=number, choices=choices, created=0, model=model, object="chat.completion.chunk")
    return made if usage is None else made.model_copy(update={"usage": usage})


def _completion(state: ProviderState, model: str, scripted: Scripted, ids: list[str], usage: Any) -> Any:
    from openai.types.chat import ChatCompletion, ChatCompletionMessage
    from openai.types.chat.chat_completion import Choice
    from openai.types.chat.chat_completion_message_function_tool_call import ChatCompletionMessageFunctionToolCall, Function

    calls: list[Any] = [
        ChatCompletionMessageFunctionToolCall(id=call_id, type="function", function=Function(name=c.name, arguments=c.arguments))
        for c, call_id in zip(scripted.calls, ids, strict=True)
    ]
    message = ChatCompletionMessage(role="assistant", content=scripted.text or None, tool_calls=calls or None)
    choice = Choice(finish_reason="tool_calls" if calls else "stop", index=0, message=message, logprobs=None)
    number = state.number("chatcmpl")
    return ChatCompletion(id=number, choices=[choice], created=0, model=model, object="chat.completion", usage=usage)


def routes(state: ProviderState) -> list[Route]:
    """The path of this file."""
    return [route("/v1/chat/completions", _chat, state)]
