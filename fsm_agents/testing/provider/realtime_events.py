"""What the provider says over its realtime interface: every event an object of the SDK's type, checked by it. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_args

import attrs

from fsm_agents.testing.provider.script import Scripted
from fsm_agents.testing.provider.tone import RATE

__all__ = ["Item", "Made", "made", "response_events", "usage"]

_CHUNK = 4801
"""Bytes of sound in one event: a tenth of a second, and odd, so that samples are split between events."""


@cache
def _kinds() -> dict[str, Any]:
    from openai.types.realtime import RealtimeServerEvent

    kinds = {}
    for kind in get_args(get_args(RealtimeServerEvent)[0]):
        for name in get_args(kind.model_fields["type"].annotation):
            kinds[name] = kind
    return kinds


def made(kind: str, event: str, **fields: Any) -> bytes:
    """An event as it is sent.

    Args:
        kind: Its type.
        event: Its id.
        fields: The rest; the SDK's type refuses what does not fit.
    """
    text: str = _kinds()[kind].model_validate({"type": kind, "event_id": event, **fields}, strict=False).to_json(indent=None)
    return text.encode()


@attrs.define
class Item:
    """An item of the conversation.

    Args:
        id: Its name.
        data: As the interface has it.
        seconds: Of sound.
    """

    id: str
    data: dict[str, Any]
    seconds: float = 0.0


@attrs.frozen
class Made:
    """A response: its events in order, and what it leaves in the conversation."""

    pieces: tuple[bytes, ...]
    items: tuple[Item, ...]


def usage(words: int) -> dict[str, Any]:
    """What a response consumed."""
    return {"input_tokens": 10, "output_tokens": words, "total_tokens": 10 + words}


def response_events(
    scripted: Scripted, about: dict[str, Any], number: Callable[[str], str], voice: Callable[[str], bytes] | None
) -> Made:
    """Everything a response says.

    Args:
        scripted: Its text and its calls.
        about: The response itself: id, metadata, conversation.
        number: Gives the next name of a kind.
        voice: Makes sound of its words; ``None``: text is all that is asked for.
    """
    items: list[Item] = []
    pieces = [_made(number, "response.created", response=_response(about, "in_progress", []))]
    if scripted.text:
        sound = voice(scripted.text) if voice else b""
        item = Item(number("item"), _message(scripted.text, spoken=voice is not None), len(sound) / 2 / RATE)
        items.append(item)
        if voice:
            pieces += _spoken(item, scripted.text, sound, about["id"], number)
        else:
            pieces += _written(item, scripted.text, about["id"], number)
    for call in scripted.calls:
        data = {
            "type": "function_call",
            "call_id": number("call"),
            "name": call.name,
            "arguments": call.arguments,
            "status": "completed",
        }
        items.append(Item(number("item"), data))
        pieces += _called(items[-1], len(items) - 1, about["id"], number)
    output = [{**item.data, "id": item.id} for item in items]
    done = _response({**about, "usage": usage(len(scripted.text.split()))}, "completed", output)
    return Made((*pieces, _made(number, "response.done", response=done)), tuple(items))


def _made(number: Callable[[str], str], kind: str, **fields: Any) -> bytes:
    return made(kind, number("event"), **fields)


def _response(about: dict[str, Any], status: str, output: list[Any]) -> dict[str, Any]:
    return {"object": "realtime.response", "status": status, "output": output, **about}


def _message(text: str, *, spoken: bool) -> dict[str, Any]:
    part = {"type": "output_audio", "transcript": text} if spoken else {"type": "output_text", "text": text}
    return {"type": "message", "role": "assistant", "status": "completed", "content": [part]}


def _opened(item: Item, response: str, number: Callable[[str], str]) -> list[bytes]:
    begun = {**item.data, "id": item.id, "status": "in_progress", "content": []}
    return [
        _made(number, "response.output_item.added", response_id=response, output_index=0, item=begun),
        _made(number, "conversation.item.added", item=begun),
    ]


def _closed(item: Item, response: str, number: Callable[[str], str]) -> list[bytes]:
    whole = {**item.data, "id": item.id}
    return [
        _made(number, "response.output_item.done", response_id=response, output_index=0, item=whole),
        _made(number, "conversation.item.done", item=whole),
    ]


def _spoken(item: Item, text: str, sound: bytes, response: str, number: Callable[[str], str]) -> Iterator[bytes]:
    """Sound in chunks, each after the words it says."""
    at = {"response_id": response, "item_id": item.id, "output_index": 0, "content_index": 0}
    yield from _opened(item, response, number)
    chunks = [sound[start : start + _CHUNK] for start in range(0, len(sound), _CHUNK)]
    for place, chunk in enumerate(chunks):
        said, more = (len(text) * part // len(chunks) for part in (place, place + 1))
        if said < more:
            yield _made(number, "response.output_audio_transcript.delta", delta=text[said:more], **at)
        yield _made(number, "response.output_audio.delta", delta=base64.b64encode(chunk).decode(), **at)
    yield _made(number, "response.output_audio.done", **at)
    yield _made(number, "response.output_audio_transcript.done", transcript=text, **at)
    yield from _closed(item, response, number)


def _written(item: Item, text: str, response: str, number: Callable[[str], str]) -> Iterator[bytes]:
    at = {"response_id": response, "item_id": item.id, "output_index": 0, "content_index": 0}
    yield from _opened(item, response, number)
    for place, word in enumerate(text.split(" ")):
        yield _made(number, "response.output_text.delta", delta=word if not place else f" {word}", **at)
    yield _made(number, "response.output_text.done", text=text, **at)
    yield from _closed(item, response, number)


def _called(item: Item, index: int, response: str, number: Callable[[str], str]) -> Iterator[bytes]:
    begun = {**item.data, "id": item.id, "arguments": "", "status": "in_progress"}
    whole = {**item.data, "id": item.id}
    at = {"response_id": response, "output_index": index}
    call = {"item_id": item.id, "call_id": item.data["call_id"]}
    arguments = item.data["arguments"]
    yield _made(number, "response.output_item.added", item=begun, **at)
    yield _made(number, "response.function_call_arguments.delta", delta=arguments, **at, **call)
    yield _made(number, "response.function_call_arguments.done", arguments=arguments, name=item.data["name"], **at, **call)
    yield _made(number, "response.output_item.done", item=whole, **at)
