"""``POST /v1/audio/transcriptions``: the script's words for a recording, at once or as events.

What a model does not take is refused as the SDK's documentation says (``keywords``: gpt-transcribe only; no ``prompt`` for the
diarizing model; json only for the gpt-4o models; nothing shorter than 0.1 s), and ``stream`` is ignored for whisper-1.
"""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from fsm_agents.testing.provider.answer import Answer, json_answer, stream_answer
from fsm_agents.testing.provider.checks import RefusedRequest, check_fields, check_model
from fsm_agents.testing.provider.models import known_models
from fsm_agents.testing.provider.multipart import Upload
from fsm_agents.testing.provider.serve import route
from fsm_agents.testing.provider.state import ProviderState

__all__ = ["SHORTEST", "routes"]

SHORTEST = 0.1
"""Seconds; OpenAI refuses shorter recordings."""


def _transcribe(state: ProviderState, given: dict[str, Any]) -> Answer:
    file = given.get("file")
    if not isinstance(file, Upload):
        raise RefusedRequest("Missing required parameter: 'file'.", code="missing_required_parameter")
    asked = _checked(state, given)
    pcm, rate = file.sound()
    seconds = len(pcm) / 2 / rate
    if seconds < SHORTEST:
        raise RefusedRequest(f"Audio file is too short. Minimum audio length is {SHORTEST} seconds.", code="audio_too_short")
    text = state.transcript(pcm, rate)
    if asked.get("stream") and asked["model"] != "whisper-1":
        return stream_answer(_events(text, seconds), state.script.pause)
    return json_answer(_whole(text, seconds, asked["model"]))


def _checked(state: ProviderState, given: dict[str, Any]) -> dict[str, Any]:
    from openai.types.audio import transcription_create_params as params

    streamed = given.get("stream") == "true"
    kind = params.TranscriptionCreateParamsStreaming if streamed else params.TranscriptionCreateParamsNonStreaming
    asked = check_fields(kind, {**given, **({"stream": streamed} if "stream" in given else {})}, without=["file"])
    model = asked.get("model", "")
    check_model(model, known_models(state))
    if "keywords" in asked and model != "gpt-transcribe":
        raise RefusedRequest(f"keywords is not supported with the model {model}", code="unsupported_parameter")
    if "prompt" in asked and "diarize" in model:
        raise RefusedRequest(f"prompt is not supported with the model {model}", code="unsupported_parameter")
    if model.startswith("gpt-4o") and asked.get("response_format", "json") != "json":
        raise RefusedRequest(f"response_format must be json with the model {model}", code="unsupported_value")
    return asked


def _whole(text: str, seconds: float, model: str) -> Any:
    from openai.types.audio.transcription import Transcription, UsageDuration, UsageTokens

    tokens = len(text.split())
    heard = max(1, round(seconds * 10))
    if model == "whisper-1":
        return Transcription(text=text, usage=UsageDuration(type="duration", seconds=round(seconds, 3)))
    usage = UsageTokens(type="tokens", input_tokens=heard, output_tokens=tokens, total_tokens=heard + tokens)
    return Transcription(text=text, usage=usage)


def _events(text: str, seconds: float) -> list[Any]:
    from openai.types.audio import TranscriptionTextDeltaEvent, TranscriptionTextDoneEvent
    from openai.types.audio.transcription_text_done_event import Usage

    words = [word if not at else f" {word}" for at, word in enumerate(text.split())]
    heard = max(1, round(seconds * 10))
    usage = Usage(type="tokens", input_tokens=heard, output_tokens=len(words), total_tokens=heard + len(words))
    deltas = [TranscriptionTextDeltaEvent(type="transcript.text.delta", delta=word) for word in words]
    return [*deltas, TranscriptionTextDoneEvent(type="transcript.text.done", text=text, usage=usage), None]


def routes(state: ProviderState) -> list[Route]:
    """The path of this file."""
    return [route("/v1/audio/transcriptions", _transcribe, state)]
