"""The pipeline of one realtime model for both directions, or for one of them: speech in, speech out, on the same tables as the cascade.

The model hears, answers and speaks; when it does is decided by the tables: it is told to answer nothing by itself and to interrupt nothing.
Each direction can be replaced by stages of one's own, and then only text travels there:

    RealTimePipeline(model)                             the model hears and speaks
    RealTimePipeline(model, stt=…, vad=…)               its own speech-to-text, the model's voice
    RealTimePipeline(model, tts=…)                      the model hears, and answers with text for a voice of one's own
    RealTimePipeline(model, stt=…, tts=…, vad=…)        text only: the model as a language model with a memory
"""

from __future__ import annotations

from typing import Any

from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.pipelines.base import PipelineEar, PipelineMouth, Seat, TurnOptions
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.pipelines.ear import CascadeEar
from fsm_agents.pipelines.parts import check_early, checked, close_all, warm_up
from fsm_agents.pipelines.realtime_ear import RealtimeEar
from fsm_agents.pipelines.realtime_line import RealtimeLine
from fsm_agents.pipelines.realtime_mouth import RealtimeMouth
from fsm_agents.pipelines.realtime_stages import RealtimeLLM, RealtimeSTT, RealtimeVoice
from fsm_agents.stages.base import STT, TTS, VAD, TurnDetector
from fsm_agents.stages.realtime import RealtimeModel, RealtimeSettings

__all__ = ["RealTimePipeline", "realtime_turn"]

_NAME = "RealTimePipeline"


def realtime_turn(tail: float) -> TurnOptions:
    """The delays for a model that detects turns itself: its word ends a turn at once.

    Args:
        tail: Seconds of silence after which its detector says that speech stopped. They are part of what looks like speech, so speech
            must last that much longer to be more than a cough.
    """
    return TurnOptions(final_ends_turn=True, barge_in=TurnOptions().barge_in + tail)


@strict_keywords
class RealTimePipeline:
    """A pipeline around one realtime model.

    Args:
        model: The model, for example ``OpenAIRealtime()``.
        stt: Speech-to-text instead of the model's hearing.
        tts: Text-to-speech instead of the model's voice.
        vad: Voice activity detection, for ``stt`` or for a model that does not detect turns; the session brings ``WebRTCVAD()``.
        turn_detector: Says whether words are a whole turn; with ``stt``.
        turn: The delays. Without them: for a model that detects turns itself see :func:`realtime_turn`, else as in the cascade.
        apology: What is said when a reply failed.

    Raises:
        MisuseError: a stage is missing, is not one, or has nothing to do here.
    """

    vad: VAD | None
    llm: RealtimeLLM

    def __init__(
        self,
        model: RealtimeModel,
        *,
        stt: STT | None = None,
        tts: TTS | None = None,
        vad: VAD | None = None,
        turn_detector: TurnDetector | None = None,
        turn: TurnOptions | None = None,
        apology: str = APOLOGY,
    ) -> None:
        self.model = checked(_NAME, "model", model, RealtimeModel)
        self.stt = None if stt is None else checked(_NAME, "stt", stt, STT)
        self.tts = None if tts is None else checked(_NAME, "tts", tts, TTS)
        if stt is not None or model.tail is None:
            self.vad = None if vad is None else checked(_NAME, "vad", vad, VAD)
        elif vad is not None:
            msg = (
                f"RealTimePipeline(vad={type(vad).__name__}): this {type(model).__name__} detects speech itself; "
                "make it without turn detection (turn_detection=None), give stt=…, or leave vad out"
            )
            raise MisuseError(msg)
        if turn_detector is not None and stt is None:
            msg = "RealTimePipeline(turn_detector=…) reads words, and there are none without stt=…: leave it out"
            raise MisuseError(msg)
        self.turn_detector = None if turn_detector is None else checked(_NAME, "turn_detector", turn_detector, TurnDetector)
        if turn is not None and not isinstance(turn, TurnOptions):
            raise MisuseError(f"RealTimePipeline(turn={turn!r}): give TurnOptions(…)")
        if not isinstance(apology, str) or not apology.strip():
            raise MisuseError(f"RealTimePipeline(apology={apology!r}): give the words that are said when a reply failed")
        self.turn = turn or (TurnOptions() if stt is not None or model.tail is None else realtime_turn(model.tail))
        self.apology = apology

    def open(self, seat: Seat) -> tuple[PipelineEar, PipelineMouth]:
        """The running parts for a session.

        Raises:
            MisuseError, ProviderError: the model can never work (no key), or a stage cannot be opened.
        """
        check_early(self._stages())
        settings = RealtimeSettings(seat.context.system, hears=self.stt is None, speaks=self.tts is None)
        line = self.line = RealtimeLine(self.model, settings, seat)
        self.llm = RealtimeLLM(line)
        mouth = RealtimeMouth(seat, line, self.tts or RealtimeVoice(line), self.apology)
        ear = self._ear(seat, line)
        seat.spawn(line.run, "realtime")
        return ear, mouth

    def _ear(self, seat: Seat, line: RealtimeLine) -> PipelineEar:
        if self.stt is None and self.model.tail is not None:
            return RealtimeEar(seat, line, read=seat.reads)
        if self.vad is None:
            msg = "RealTimePipeline has no voice activity detection: give vad=…, for example WebRTCVAD()"
            raise MisuseError(msg)
        stt = self.stt or RealtimeSTT(line, seat.talk, read=seat.reads)
        return CascadeEar(seat.post, self.vad, stt, self.turn_detector, seat.spawn, seat.guide)

    async def warm_up(self) -> None:
        """Connect to the model, and have the other stages get ready; raises what keeps one of them from working (a wrong key)."""
        await warm_up({"model": self.line, "stt": self.stt, "tts": self.tts})

    async def aclose(self) -> None:
        """Close the stages that can be closed. The connection went with the session's tasks."""
        await close_all({"stt": self.stt, "tts": self.tts})

    def _stages(self) -> dict[str, Any]:
        return {"model": self.model, "stt": self.stt, "tts": self.tts}
