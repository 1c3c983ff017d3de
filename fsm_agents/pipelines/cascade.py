"""The cascade: voice detection → turn → speech-to-text → flow or model → sentences → text-to-speech → playback."""

from __future__ import annotations

import inspect
from typing import TypeVar

from fsm_agents.errors import MisuseError
from fsm_agents.pipelines.base import PipelineEar, PipelineMouth, Seat, TurnOptions
from fsm_agents.pipelines.composer import APOLOGY, Composer
from fsm_agents.pipelines.ear import CascadeEar
from fsm_agents.stages.base import LLM, STT, TTS, VAD, TurnDetector

__all__ = ["CascadingPipeline"]

T = TypeVar("T")


class CascadingPipeline:
    """A pipeline of separate stages.

    Args:
        stt: Speech-to-text.
        llm: A language model; not needed by a flow that answers by itself.
        tts: Text-to-speech.
        vad: Voice activity detection; the session brings ``WebRTCVAD()`` if there is none.
        turn_detector: Says whether words are a whole turn; without one, silence decides.
        turn: The delays.
        apology: What is said when a reply failed.

    Raises:
        MisuseError: a stage is missing, or is not one.
    """

    def __init__(
        self,
        stt: STT | None = None,
        llm: LLM | None = None,
        tts: TTS | None = None,
        vad: VAD | None = None,
        turn_detector: TurnDetector | None = None,
        *,
        turn: TurnOptions | None = None,
        apology: str = APOLOGY,
    ) -> None:
        self.stt, self.tts = _stage("stt", stt, STT), _stage("tts", tts, TTS)
        self.llm = None if llm is None else _stage("llm", llm, LLM)
        self.vad = None if vad is None else _stage("vad", vad, VAD)
        self.turn_detector = turn_detector
        self.turn = turn or TurnOptions()
        self.apology = apology

    def open(self, seat: Seat) -> tuple[PipelineEar, PipelineMouth]:
        """The running parts for a session."""
        if self.vad is None:
            msg = "CascadingPipeline has no voice activity detection: give vad=…, for example WebRTCVAD()"
            raise MisuseError(msg)
        ear = CascadeEar(seat.post, self.vad, self.stt, self.turn_detector)
        mouth = Composer(seat.playback, self.tts, seat.context, seat.answer, seat.post, seat.said, seat.spawn, self.apology)
        return ear, mouth

    async def aclose(self) -> None:
        """Close the stages that can be closed."""
        for stage in (self.stt, self.llm, self.tts):
            close = getattr(stage, "aclose", None)
            if close is not None:
                result = close()
                if inspect.isawaitable(result):
                    await result


def _stage(name: str, stage: T | None, kind: type[T]) -> T:
    if stage is None:
        msg = f"CascadingPipeline needs {name}=…: an object with what fsm_agents.stages.base.{kind.__name__} lists"
        raise MisuseError(msg)
    if not isinstance(stage, kind):
        wanted = [n for n in (*kind.__annotations__, *vars(kind)) if not n.startswith("_")]
        lacking = ", ".join(n for n in dict.fromkeys(wanted) if not hasattr(stage, n))
        msg = f"CascadingPipeline({name}={type(stage).__name__}): that is no {kind.__name__}; it lacks {lacking}"
        raise MisuseError(msg)
    return stage
