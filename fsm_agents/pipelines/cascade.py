"""The cascade: voice detection → turn → speech-to-text → flow or model → sentences → text-to-speech → playback."""

from __future__ import annotations

import inspect
import logging
from typing import Any, TypeVar

import anyio

from fsm_agents.audio.frame import check_rate
from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.pipelines.base import PipelineEar, PipelineMouth, Seat, TurnOptions
from fsm_agents.pipelines.composer import APOLOGY, Composer
from fsm_agents.pipelines.ear import CascadeEar
from fsm_agents.stages.base import LLM, STT, TTS, VAD, TurnDetector

__all__ = ["CascadingPipeline"]

log = logging.getLogger("fsm_agents")

T = TypeVar("T")

_FRAMES_MS = (10, 20, 30, 40, 60)
"""What voice detectors are built for."""


@strict_keywords
class CascadingPipeline:
    """A pipeline of separate stages.

    Args:
        stt: Speech-to-text.
        llm: A language model; not needed by a flow that answers by itself.
        tts: Text-to-speech.
        vad: Voice activity detection; the session brings ``WebRTCVAD()`` if there is none. Frames of 10 to 60 ms.
        turn_detector: Says whether words are a whole turn; without one, silence decides.
        turn: The delays.
        apology: What is said when a reply failed.

    Raises:
        MisuseError: a stage is missing, or is not one, or its sample rate cannot be used.
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
        self.turn_detector = None if turn_detector is None else _stage("turn_detector", turn_detector, TurnDetector)
        if turn is not None and not isinstance(turn, TurnOptions):
            raise MisuseError(f"CascadingPipeline(turn={turn!r}): give TurnOptions(…)")
        self.turn = turn or TurnOptions()
        if not isinstance(apology, str) or not apology.strip():
            raise MisuseError(f"CascadingPipeline(apology={apology!r}): give the words that are said when a reply failed")
        self.apology = apology

    def open(self, seat: Seat) -> tuple[PipelineEar, PipelineMouth]:
        """The running parts for a session. Stages that can tell early that they will not work (no key, no such model) do so now."""
        if self.vad is None:
            msg = "CascadingPipeline has no voice activity detection: give vad=…, for example WebRTCVAD()"
            raise MisuseError(msg)
        _ask_early("llm", self.llm, seat)  # speech-to-text does so when its stream is opened
        _ask_early("tts", self.tts, seat)
        ear = CascadeEar(seat.post, self.vad, self.stt, self.turn_detector, seat.spawn)
        mouth = Composer(seat.playback, self.tts, seat.context, seat.answer, seat.post, seat.said, seat.spawn, self.apology)
        return ear, mouth

    async def aclose(self) -> None:
        """Close the stages that can be closed, at once: one that fails or takes long does not keep the others open."""
        async with anyio.create_task_group() as group:
            for name, stage in (("stt", self.stt), ("llm", self.llm), ("tts", self.tts)):
                if hasattr(stage, "aclose"):
                    group.start_soon(_close, name, stage, name=f"close {name}")


def _ask_early(name: str, stage: Any, seat: Seat) -> None:
    if hasattr(stage, "check"):
        stage.check()
    if hasattr(stage, "prepare"):
        seat.spawn(stage.prepare, f"prepare {name}")


async def _close(name: str, stage: object) -> None:
    try:
        result = stage.aclose()  # type: ignore[attr-defined]
        if inspect.isawaitable(result):
            await result
    except Exception:
        log.exception("%s did not close cleanly", name)


def _stage(name: str, stage: T | None, kind: type[T]) -> T:
    if stage is None:
        msg = f"CascadingPipeline needs {name}=…: an object with what fsm_agents.stages.base.{kind.__name__} lists"
        raise MisuseError(msg)
    if not isinstance(stage, kind):
        wanted = [n for n in (*kind.__annotations__, *vars(kind)) if not n.startswith("_")]
        lacking = ", ".join(n for n in dict.fromkeys(wanted) if not hasattr(stage, n))
        msg = f"CascadingPipeline({name}={type(stage).__name__}): that is no {kind.__name__}; it lacks {lacking}"
        raise MisuseError(msg)
    rate = getattr(stage, "rate", None)
    if rate is not None:
        try:
            check_rate(rate)
        except MisuseError as wrong:
            raise MisuseError(f"CascadingPipeline({name}={type(stage).__name__}): {wrong}") from None
    frame = getattr(stage, "frame_ms", _FRAMES_MS[0])
    if frame not in _FRAMES_MS:
        raise MisuseError(f"CascadingPipeline({name}={type(stage).__name__}): frames of {frame!r} ms; give one of {_FRAMES_MS}")
    return stage
