"""The cascade: voice detection → turn → speech-to-text → flow or model → sentences → text-to-speech → playback."""

from __future__ import annotations

from typing import Any

from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.pipelines.base import PipelineEar, PipelineMouth, Seat, TurnOptions
from fsm_agents.pipelines.composer import APOLOGY, Composer
from fsm_agents.pipelines.ear import CascadeEar
from fsm_agents.pipelines.parts import check_early, checked, close_all, warm_up
from fsm_agents.stages.base import LLM, STT, TTS, VAD, TurnDetector

__all__ = ["CascadingPipeline"]

_NAME = "CascadingPipeline"


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
        self.stt, self.tts = _needed("stt", stt, STT), _needed("tts", tts, TTS)
        self.llm = None if llm is None else checked(_NAME, "llm", llm, LLM)
        self.vad = None if vad is None else checked(_NAME, "vad", vad, VAD)
        self.turn_detector = None if turn_detector is None else checked(_NAME, "turn_detector", turn_detector, TurnDetector)
        if turn is not None and not isinstance(turn, TurnOptions):
            raise MisuseError(f"CascadingPipeline(turn={turn!r}): give TurnOptions(…)")
        self.turn = turn or TurnOptions()
        if not isinstance(apology, str) or not apology.strip():
            raise MisuseError(f"CascadingPipeline(apology={apology!r}): give the words that are said when a reply failed")
        self.apology = apology

    def open(self, seat: Seat) -> tuple[PipelineEar, PipelineMouth]:
        """The running parts for a session. Stages that can tell at once that they will not work (no key) do so."""
        if self.vad is None:
            msg = "CascadingPipeline has no voice activity detection: give vad=…, for example WebRTCVAD()"
            raise MisuseError(msg)
        check_early(self._stages())
        ear = CascadeEar(seat.post, self.vad, self.stt, self.turn_detector, seat.spawn, seat.guide)
        mouth = Composer(
            seat.playback, self.tts, seat.context, seat.answer, seat.post, seat.said, seat.spawn, self.apology, seat.guide
        )
        return ear, mouth

    async def warm_up(self) -> None:
        """Have the stages connect and load, all at once; raises what the first of them raised that cannot work (a wrong key)."""
        await warm_up(self._stages())

    async def aclose(self) -> None:
        """Close the stages that can be closed, at once: one that fails or takes long does not keep the others open."""
        await close_all(self._stages())

    def _stages(self) -> dict[str, Any]:
        return {"stt": self.stt, "llm": self.llm, "tts": self.tts}


def _needed(name: str, stage: Any, kind: type[Any]) -> Any:
    if stage is None:
        msg = f"{_NAME} needs {name}=…: an object with what fsm_agents.stages.base.{kind.__name__} lists"
        raise MisuseError(msg)
    return checked(_NAME, name, stage, kind)
