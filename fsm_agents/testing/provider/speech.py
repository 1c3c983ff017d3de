"""``POST /v1/audio/speech``: a tone as long as the text (or the script's voice), in chunks of about 50 ms whose length is odd.

Odd, because HTTP may cut anywhere, and a client that takes a chunk for whole samples turns speech into noise.
"""

from __future__ import annotations

import io
import wave
from typing import Any

from starlette.routing import Route

from fsm_agents.testing.provider.answer import Answer
from fsm_agents.testing.provider.checks import RefusedRequest, check_fields, check_model
from fsm_agents.testing.provider.models import known_models
from fsm_agents.testing.provider.serve import route
from fsm_agents.testing.provider.state import ProviderState
from fsm_agents.testing.provider.tone import RATE

__all__ = ["CHUNK", "LONGEST", "routes"]

CHUNK = RATE // 10 + 1
"""Bytes of a chunk: 50 ms and half a sample."""
LONGEST = 4096
"""Characters of a text, as the SDK's documentation says."""


def _speak(state: ProviderState, given: dict[str, Any]) -> Answer:
    from openai.types.audio import SpeechCreateParams

    asked = check_fields(SpeechCreateParams, given)
    check_model(asked["model"], known_models(state))
    speed, form = asked.get("speed", 1.0), asked.get("response_format", "mp3")
    if not 0.25 <= speed <= 4:  # noqa: PLR2004 - what the SDK's documentation says
        raise RefusedRequest(f"speed is {speed:g}, and 0.25 to 4 is possible", code="invalid_value")
    if not 0 < len(asked["input"]) <= LONGEST:
        raise RefusedRequest(f"input has {len(asked['input'])} characters, and 1 to {LONGEST} are possible", code="invalid_value")
    if form not in ("pcm", "wav"):
        raise RefusedRequest(f"the loopback provider speaks pcm and wav, not {form}", code="unsupported_value")
    state.tell("agent", asked["input"])
    sound = state.sound(asked["input"], speed)
    sound = _wav(sound) if form == "wav" else sound
    chunks = tuple(sound[at : at + CHUNK] for at in range(0, len(sound), CHUNK))
    return Answer(chunks, content_type=f"audio/{form}", pause=state.script.pause)


def _wav(pcm: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(pcm)
    return file.getvalue()


def routes(state: ProviderState) -> list[Route]:
    """The path of this file."""
    return [route("/v1/audio/speech", _speak, state)]
