"""``POST /v1/responses``: the script's answer as one response, or as numbered events. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.routing import Route

from fsm_agents.testing.provider.answer import Answer, json_answer, stream_answer
from fsm_agents.testing.provider.chat import fragments, words
from fsm_agents.testing.provider.checks import RefusedRequest, check_fields, check_model
from fsm_agents.testing.provider.models import known_models
from fsm_agents.testing.provider.serve import route
from fsm_agents.testing.provider.state import ProviderState

__all__ = ["routes"]


def _respond(state: ProviderState, given: dict[str, Any]) -> Answer:
    from openai.types.responses import response_create_params as params

    streamed = given.get("stream") is True
    kind = params.ResponseCreateParamsStreaming if streamed else params.ResponseCreateParamsNonStreaming
    asked = check_fields(kind, given)
    check_model(asked.get("model", ""), known_models(state))
    inputs = _inputs(asked.get("input", ""))
    scripted = state.answer(inputs)
    items: list[Any] = [_message(state.number("msg"), scripted.text)] if scripted.text else []
    items += [_call(state, call.name, call.arguments) for call in scripted.calls]
    response = _response(state.number("resp"), asked["model"], items, inputs)
    if not streamed:
        return json_answer(response)
    return stream_answer(_events(response), state.script.pause, named=True)


def _inputs(given: Any) -> list[tuple[str, str]]:
    if isinstance(given, str):
        return [("user", given)]
    inputs: list[tuple[str, str]] = []
    called: set[str] = set()
    for item in given:
        if item.get("type") == "function_call":
            called.add(item["call_id"])
        elif item.get("type") == "function_call_output":
            if item["call_id"] not in called:
                raise RefusedRequest(f"No tool call found for function call output with call_id {item['call_id']}.")
            called.discard(item["call_id"])
            inputs.append(("tool", str(item["output"])))
        else:
            content = item.get("content", "")
            text = content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
            inputs.append((item.get("role", "user"), text))
    if called:
        raise RefusedRequest(f"No tool output found for function call {', '.join(sorted(called))}.")
    return inputs


def _message(number: str, text: str) -> Any:
    from openai.types.responses import ResponseOutputMessage, ResponseOutputText

    part = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(id=number, type="message", role="assistant", status="completed", content=[part])


def _call(state: ProviderState, name: str, arguments: str) -> Any:
    from openai.types.responses import ResponseFunctionToolCall

    number, call = state.number("fc"), state.number("call")
    return ResponseFunctionToolCall(
        id=number, type="function_call", call_id=call, name=name, arguments=arguments, status="completed"
    )


def _response(number: str, model: str, items: list[Any], inputs: list[tuple[str, str]]) -> Any:
    from openai.types.responses import Response, ResponseUsage
    from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails

    given = sum(len(text.split()) for _, text in inputs)
    made = sum(len(words(item.content[0].text)) if item.type == "message" else 1 for item in items)
    usage = ResponseUsage(
        input_tokens=given,
        input_tokens_details=InputTokensDetails(cached_tokens=0, cache_write_tokens=0),
        output_tokens=made,
        output_tokens_details=OutputTokensDetails(reasoning_tokens=0),
        total_tokens=given + made,
    )
    return Response(
        id=number, object="response", created_at=0, model=model, status="completed", output=items, usage=usage,
        parallel_tool_calls=True, tool_choice="auto", tools=[],
    )  # fmt: skip


def _events(response: Any) -> Iterator[Any]:
    """The events of a response in the order in which OpenAI sends them, numbered from 0."""
    from openai.types import responses as wire

    begun = response.model_copy(update={"status": "in_progress", "output": [], "usage": None})
    made: list[Any] = [
        wire.ResponseCreatedEvent(type="response.created", response=begun, sequence_number=0),
        wire.ResponseInProgressEvent(type="response.in_progress", response=begun, sequence_number=0),
    ]
    for index, item in enumerate(response.output):
        nothing: dict[str, Any] = {"content": []} if item.type == "message" else {"arguments": ""}
        opened = item.model_copy(update={"status": "in_progress", **nothing})
        made.append(
            wire.ResponseOutputItemAddedEvent(
                type="response.output_item.added", item=opened, output_index=index, sequence_number=0
            )
        )
        made += _message_events(item, index) if item.type == "message" else _call_events(item, index)
        made.append(
            wire.ResponseOutputItemDoneEvent(type="response.output_item.done", item=item, output_index=index, sequence_number=0)
        )
    made.append(wire.ResponseCompletedEvent(type="response.completed", response=response, sequence_number=0))
    for number, event in enumerate(made):
        yield event.model_copy(update={"sequence_number": number})


def _message_events(item: Any, index: int) -> list[Any]:
    from openai.types import responses as wire

    place: dict[str, Any] = {"item_id": item.id, "output_index": index, "content_index": 0, "sequence_number": 0}
    part = item.content[0]
    empty = part.model_copy(update={"text": ""})
    deltas = [
        wire.ResponseTextDeltaEvent(type="response.output_text.delta", delta=word, logprobs=[], **place)
        for word in words(part.text)
    ]
    return [
        wire.ResponseContentPartAddedEvent(type="response.content_part.added", part=empty, **place),
        *deltas,
        wire.ResponseTextDoneEvent(type="response.output_text.done", text=part.text, logprobs=[], **place),
        wire.ResponseContentPartDoneEvent(type="response.content_part.done", part=part, **place),
    ]


def _call_events(item: Any, index: int) -> list[Any]:
    from openai.types import responses as wire

    place: dict[str, Any] = {"item_id": item.id, "output_index": index, "sequence_number": 0}
    deltas = [
        wire.ResponseFunctionCallArgumentsDeltaEvent(type="response.function_call_arguments.delta", delta=part, **place)
        for part in fragments(item.arguments)
    ]
    done = wire.ResponseFunctionCallArgumentsDoneEvent(
        type="response.function_call_arguments.done", arguments=item.arguments, **place
    )
    return [*deltas, done]


def routes(state: ProviderState) -> list[Route]:
    """The path of this file."""
    return [route("/v1/responses", _respond, state)]
