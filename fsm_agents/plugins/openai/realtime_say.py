"""What we say to OpenAI's realtime interface: each of its client events that we use, as plain data. Pure."""

from __future__ import annotations

import base64
from typing import Any, Literal

import attrs

from fsm_agents.chat.message import ChatItem, ChatMessage, ToolCall
from fsm_agents.plugins.openai.hints import as_keywords, as_prompt
from fsm_agents.plugins.openai.messages import response_tools
from fsm_agents.stages.realtime import RealtimeRequest, RealtimeSettings

__all__ = ["RATE", "Detection", "Options", "append", "create_item", "create_response", "session_update"]

RATE = 24000
"""Hz: the only rate of the interface's PCM."""
Detection = Literal["server_vad", "semantic_vad"]

_EXACTLY = (
    "Say exactly the following words, in the language they are written in. Add nothing, leave nothing out, answer nothing:\n\n"
)
_KEYWORDS = ("gpt-transcribe", "gpt-live-transcribe")
_NO_HINTS = ("gpt-realtime-whisper", "gpt-4o-transcribe-diarize")


@attrs.frozen
class Options:
    """What does not change in a session; see :class:`fsm_agents.plugins.openai.realtime.OpenAIRealtime`."""

    voice: str
    detection: Detection | None
    silence: float
    threshold: float | None
    eagerness: str | None
    transcription: str | None
    language: str | None
    prompt: str | None
    noise_reduction: str | None
    speed: float | None
    max_output_tokens: int | None


def session_update(options: Options, settings: RealtimeSettings, *, event: str, detecting: bool = True) -> dict[str, Any]:
    """The whole configuration.

    Args:
        options: Of the model.
        settings: Of the connection.
        event: Our name of this event.
        detecting: Whether turns are detected now, if they ever are.
    """
    pcm = {"type": "audio/pcm", "rate": RATE}
    audio: dict[str, Any] = {"input": {"format": pcm, **_hearing(options, settings, detecting=detecting)}}
    if settings.speaks:
        speed = {} if options.speed is None else {"speed": options.speed}
        audio["output"] = {"format": pcm, "voice": options.voice, **speed}
    session: dict[str, Any] = {
        "type": "realtime",
        "instructions": settings.instructions,
        "output_modalities": ["audio"] if settings.speaks else ["text"],
        "audio": audio,
        "tools": [_tool(tool) for tool in response_tools(settings.tools)],
        "tool_choice": "auto",
    }
    if options.max_output_tokens is not None:
        session["max_output_tokens"] = options.max_output_tokens
    return {"type": "session.update", "event_id": event, "session": session}


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    """As for the Responses interface, which knows strictness; this one does not."""
    return {name: value for name, value in tool.items() if name != "strict"}


def _hearing(options: Options, settings: RealtimeSettings, *, detecting: bool) -> dict[str, Any]:
    if not settings.hears:
        return {"turn_detection": None}
    hearing: dict[str, Any] = {"turn_detection": _detection(options) if detecting else None}
    if options.transcription is not None:
        hearing["transcription"] = _transcription(options, options.transcription, settings.expected)
    if options.noise_reduction is not None:
        hearing["noise_reduction"] = {"type": options.noise_reduction}
    return hearing


def _detection(options: Options) -> dict[str, Any] | None:
    """Our tables decide when to answer and what to interrupt, so the server is told to do neither."""
    decides = {"create_response": False, "interrupt_response": False}
    if options.detection == "server_vad":
        threshold = {} if options.threshold is None else {"threshold": options.threshold}
        return {"type": "server_vad", "silence_duration_ms": round(options.silence * 1000), **threshold, **decides}
    if options.detection == "semantic_vad":
        return {"type": "semantic_vad", "eagerness": options.eagerness or "auto", **decides}
    return None


def _transcription(options: Options, model: str, expected: tuple[str, ...]) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": model}
    if options.language is not None:
        asked["language"] = options.language
    if model in _KEYWORDS:
        if keywords := as_keywords(expected):
            asked["keywords"] = keywords
        if options.prompt:
            asked["prompt"] = options.prompt
    elif model not in _NO_HINTS and (prompt := as_prompt(options.prompt, expected)):
        asked["prompt"] = prompt
    return asked


def append(pcm: bytes) -> dict[str, Any]:
    """Sound."""
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}


def create_item(name: str, item: ChatItem) -> dict[str, Any]:
    """One more item of the conversation."""
    return {"type": "conversation.item.create", "item": {"id": name, **_item(item)}}


def _item(item: ChatItem) -> dict[str, Any]:
    if isinstance(item, ChatMessage):
        kind = "output_text" if item.role == "assistant" else "input_text"
        return {"type": "message", "role": item.role, "content": [{"type": kind, "text": item.text}]}
    if isinstance(item, ToolCall):
        return {"type": "function_call", "call_id": item.id, "name": item.name, "arguments": item.arguments}
    return {"type": "function_call_output", "call_id": item.id, "output": item.output}


def create_response(request: RealtimeRequest, settings: RealtimeSettings) -> dict[str, Any]:
    """Answer the conversation, or say given words outside of it."""
    asked: dict[str, Any] = {"metadata": {"tag": request.tag}}
    if request.exactly:
        asked |= {"conversation": "none", "input": [], "instructions": _EXACTLY + request.exactly, "output_modalities": ["audio"]}
    elif request.silent:
        asked["output_modalities"] = ["text"]
    if settings.tools and not request.tools:
        asked["tool_choice"] = "none"
    return {"type": "response.create", "event_id": request.tag, "response": asked}
