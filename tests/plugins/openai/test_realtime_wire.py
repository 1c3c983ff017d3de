"""Reading the realtime interface: dialects, events that lack things, and the same server seen by the unmodified client."""

from __future__ import annotations

import base64
import struct
from typing import Any

import openai
import pytest

from fsm_agents.chat.message import ToolCall
from fsm_agents.plugins.openai.failures import OpenAIProviderError
from fsm_agents.plugins.openai.realtime_wire import Reader, server_types
from fsm_agents.stages.base import Usage
from fsm_agents.stages.realtime import (
    InputCommitted,
    InputStarted,
    InputUnread,
    InputWords,
    RealtimeRefused,
    ResponseAudio,
    ResponseCalled,
    ResponseCreated,
    ResponseEnded,
    ResponseText,
)  # fmt: skip
from fsm_agents.testing.provider import ProviderServer
from fsm_agents.testing.provider.tone import tone


def reader() -> Reader:
    """One that cleans nothing."""
    return Reader(str, spoken=True)


def read(*events: dict[str, Any]) -> list[Any]:
    """What these events mean, one after another."""
    made = reader()
    return [meant for event in events for meant in made.read(event)]


AT = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}


def test_the_sdk_knows_every_event_we_read() -> None:
    """A name that the SDK does not have would never be read."""
    assert set(reader()._ways) <= set(server_types())


@pytest.mark.parametrize("prefix", ["response.output_audio", "response.audio"])
def test_both_dialects(prefix: str) -> None:
    """The general release, and the beta that other servers still speak."""
    sound = base64.b64encode(b"\x01\x02").decode()
    meant = read({"type": f"{prefix}_transcript.delta", "delta": "hi", **AT}, {"type": f"{prefix}.delta", "delta": sound, **AT})
    assert meant == [ResponseText("r", "i", "hi", spoken=True), ResponseAudio("r", "i", b"\x01\x02")]


def test_samples_that_are_split_between_events() -> None:
    """No half of one is ever passed on, and items are kept apart."""
    pieces = [b"\x01", b"\x02\x03", b"\x04\x05\x06"]
    meant = read(*({"type": "response.output_audio.delta", "delta": base64.b64encode(piece).decode(), **AT} for piece in pieces))
    assert [event.pcm for event in meant] == [b"\x01\x02", b"\x03\x04\x05\x06"]


def test_an_event_that_came_before_means_nothing() -> None:
    """Each has a name; servers that give none are taken at their word."""
    started = {"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": 0}
    assert read({**started, "event_id": "e1"}, {**started, "event_id": "e1"}) == [InputStarted("i")]
    assert read(started, started) == [InputStarted("i")] * 2


@pytest.mark.parametrize(
    "event",
    [
        {}, {"type": 7}, {"type": "no.such.event"}, {"type": "response.created"}, {"type": "response.created", "response": None},
        {"type": "response.output_audio.delta", "delta": "%%%", **AT}, {"type": "error"}, {"type": "response.done", "response": 1},
        {"type": "input_audio_buffer.committed"}, {"type": "response.output_item.added", "item": "x", **AT},
    ],
)  # fmt: skip
def test_what_cannot_be_read_means_nothing(event: dict[str, Any]) -> None:
    """Whatever is missing or of another kind: it is left out, and the conversation goes on."""
    assert read(event) == []


def test_words() -> None:
    """Interim ones grow; the final ones count; what cannot be read is told."""
    kind = "conversation.item.input_audio_transcription"
    deltas = [{"type": f"{kind}.delta", "item_id": "i", "delta": word} for word in ("what", " time")]
    done = {"type": f"{kind}.completed", "item_id": "i", "content_index": 0, "transcript": "what time"}
    assert read(*deltas, done) == [
        InputWords("i", "what", final=False), InputWords("i", "what time", final=False), InputWords("i", "what time", final=True),
    ]  # fmt: skip
    assert read({"type": f"{kind}.failed", "item_id": "i", "error": {"message": "too noisy"}}) == [InputUnread("i", "too noisy")]


def test_a_call_is_told_once_whichever_event_tells_it() -> None:
    """Its arguments, its item and the end of the response all have it."""
    item = {"id": "i", "type": "function_call", "call_id": "c", "name": "look", "arguments": "{}", "status": "completed"}
    begun = {"type": "response.output_item.added", "response_id": "r", "output_index": 0, "item": {**item, "arguments": ""}}
    arguments = {"type": "response.function_call_arguments.done", "call_id": "c", "arguments": "{}", **AT}
    whole = {"type": "response.output_item.done", "response_id": "r", "output_index": 0, "item": item}
    done = {"type": "response.done", "response": {"id": "r", "status": "completed", "output": [item]}}
    called = ResponseCalled("r", "i", ToolCall("c", "look", "{}"))
    assert read(begun, arguments, whole, done) == [called, ResponseEnded("r", "completed")]
    assert read(whole, done)[0] == called
    assert read(done)[0] == called
    assert read(arguments) == []  # a dialect without names, and nothing told the name


def test_how_a_response_ended() -> None:
    """Its status, why, and what it consumed."""
    details = {"type": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow down"}}
    used = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    done = {"id": "r", "status": "failed", "status_details": details, "usage": used, "metadata": {"tag": "r1"}}
    assert read({"type": "response.done", "response": done}) == [ResponseEnded("r", "failed", "slow down", Usage(3, 4), "r1")]
    incomplete = {"id": "r", "status": "incomplete", "status_details": {"reason": "max_output_tokens"}}
    assert read({"type": "response.done", "response": incomplete})[0].reason == "max_output_tokens"
    assert read({"type": "response.done", "response": {"id": "r", "status": "exploded"}})[0].status == "failed"


def test_errors() -> None:
    """About a request of ours, about nothing, of the server itself, and the end of a session."""
    assert read(_error("bad", event_id="r1")) == [RealtimeRefused("r1", "bad")]
    assert read(_error("busy", event_id="r1", code="conversation_already_has_active_response")) == [
        RealtimeRefused("r1", "busy", busy=True)
    ]
    assert read(_error("oh", type="server_error")) == [RealtimeRefused("", "oh", failed=True)]
    assert read(_error("oh", code="response_cancel_not_active"), _error("oh", code="input_audio_buffer_commit_empty")) == []
    with pytest.raises(OpenAIProviderError, match="maximum duration"):
        read(_error("Your session hit the maximum duration of 60 minutes.", code="session_expired"))


def test_a_cancel_that_comes_too_late_is_an_end() -> None:
    """Whatever became of the response, the server makes none any more."""
    made = reader()
    made.cancels("fsm_9", "r")
    assert made.read(_error("none active", code="response_cancel_not_active", event_id="fsm_9")) == [
        ResponseEnded("r", "cancelled", "none active")
    ]


def test_our_names_for_sound_that_is_told_again() -> None:
    """The server names what is committed; the order tells which is which."""
    made = reader()
    made.commits("ours")
    made.commits("")
    assert made.read({"type": "input_audio_buffer.committed", "item_id": "a"}) == []
    assert made.read({"type": "input_audio_buffer.committed", "item_id": "b"}) == [InputCommitted("b")]
    assert made.theirs("ours") == "a"
    assert made.theirs("other") == "other"


def test_a_response_without_metadata() -> None:
    """Other servers do not send it back."""
    assert read({"type": "response.created", "response": {"id": "r"}}) == [ResponseCreated("r", "")]


def _error(message: str, **fields: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message, **fields}}


@pytest.mark.anyio
@pytest.mark.real_clock
@pytest.mark.parametrize("anyio_backend", [("asyncio", {})])
async def test_the_loopback_provider_and_the_unmodified_client(server: ProviderServer, anyio_backend: Any) -> None:
    """The client's own realtime connection (asyncio only: it needs a library that runs nowhere else) has the same conversation."""
    server.reset({"transcripts": ["what time is it"], "answers": ["It is ten."]})
    client = openai.AsyncOpenAI(base_url=server.base_url, api_key=server.key)
    loud = base64.b64encode(struct.pack("<h", 8000) * 12000 + bytes(48000)).decode()
    seen: list[str] = []
    sound = b""
    async with client, client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(
            session={"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": False}}}}
        )
        await connection.input_audio_buffer.append(audio=loud)
        async for event in connection:
            seen.append(event.type)
            if event.type == "input_audio_buffer.committed":
                await connection.response.create()
            elif event.type == "response.output_audio.delta":
                sound += base64.b64decode(event.delta)
            elif event.type == "response.done":
                assert event.response.status == "completed"
                break
    assert sound == tone("It is ten.")
    assert seen[:2] == ["session.created", "session.updated"]
    assert {"input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "conversation.item.added"} <= set(seen)
