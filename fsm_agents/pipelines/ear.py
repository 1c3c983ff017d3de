"""The ear: frames in, speech edges and transcripts out. Called directly by the room; no task, no stream, no timer of its own.

Of fifty frames about forty-nine end here: only an edge becomes an event. Speech-to-text gets sound only while a segment is open (the
tables say when), the pre-roll first, since the detector hears the beginning of speech late.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence

import anyio

from fsm_agents.audio.chunk import Chunker
from fsm_agents.audio.frame import AudioFrame
from fsm_agents.audio.resample import Resampler
from fsm_agents.audio.speech import Edge, SpeechDetector
from fsm_agents.errors import ProviderError
from fsm_agents.machines.events import (
    CloseAsked,
    FinalTranscript,
    InterimTranscript,
    SpeechStarted,
    SpeechStopped,
    TranscriptLost,
    TurnCompleted,
)  # fmt: skip
from fsm_agents.pipelines.composer import Spawn
from fsm_agents.pipelines.guide import Guide
from fsm_agents.stages.base import STT, VAD, STTStream, Transcript, TurnDetector

__all__ = ["DEAF_AFTER", "PRE_ROLL", "CascadeEar"]

log = logging.getLogger("fsm_agents")

PRE_ROLL = 0.3
"""Seconds of sound before the edge that speech-to-text gets too: the edge comes 40 to 140 ms late."""
DEAF_AFTER = 3
"""After so many failures of speech-to-text in a row the session closes: a deaf agent must not keep a caller."""


def _hears_nothing(pcm: bytes) -> bool:  # noqa: ARG001 - it stands in for a detector's method
    """In the place of a detector that failed."""
    return False


class CascadeEar:
    """The ear of one session.

    Args:
        post: The door of the conversation.
        vad: Voice activity detection.
        stt: Speech-to-text.
        turn_detector: Says whether words are a whole turn; optional.
        spawn: Starts a task that the session owns.
        guide: Who leads the conversation, if anybody does: shown every transcript first.
    """

    # With many sessions a frame finds little of what it needs in the processor's caches: slots are a place less to look at.
    __slots__ = (
        "__weakref__", "_chunks", "_detect", "_detector", "_expected", "_failures", "_fits", "_from", "_guide", "_is_speech", "_post",
        "_pre_roll", "_rate", "_segment", "_spawn", "_stream", "_stt", "_stt_rate", "_to_stt", "_turn_detector", "_waiting",
    )  # fmt: skip

    def __init__(
        self, post: Callable[[object], object], vad: VAD, stt: STT, turn_detector: TurnDetector | None, spawn: Spawn,
        guide: Guide | None = None,
    ) -> None:  # fmt: skip
        self._post, self._spawn, self._guide = post, spawn, guide
        self._rate = vad.rate
        self._is_speech = vad.open().is_speech
        self._detector = SpeechDetector()
        self._detect = self._detector.push
        self._chunks = Chunker(vad.rate * vad.frame_ms // 1000 * 2)
        self._fits = self._chunks.size  # what a frame has had until now; 0: not always
        self._from: tuple[int, Resampler | None] = (vad.rate, None)
        self._pre_roll: deque[bytes] = deque(maxlen=max(1, round(PRE_ROLL * 1000 / vad.frame_ms)))
        self._stt_rate = stt.rate
        self._to_stt = Resampler(vad.rate, stt.rate) if vad.rate != stt.rate else None
        self._stt = stt
        self._stream: STTStream = stt.open(self._heard)
        self._waiting = anyio.CancelScope()
        self._segment: int | None = None
        self._turn_detector = turn_detector
        self._expected: tuple[str, ...] = ()
        self._failures = 0

    def hear(self, frame: AudioFrame) -> None:
        """One frame of the caller."""
        pcm = frame.data if frame.rate == self._rate else self._resampled(frame)
        if len(pcm) != self._fits:
            self._fits = 0
        for piece in (pcm,) if self._fits else self._chunks.push(pcm):
            if self._segment is None:
                self._pre_roll.append(piece)
            else:
                self._push(piece)
            try:
                speech = self._is_speech(piece)
            except Exception as broken:
                self._is_speech = _hears_nothing
                self._close("voice activity detection failed", broken)
                return
            edge = self._detect(speech)
            if edge is not None:
                self._post(SpeechStarted() if edge is Edge.STARTED else SpeechStopped())

    def expect(self, phrases: Sequence[str]) -> None:
        """What the caller is expected to say from the next segment on."""
        if tuple(phrases) != self._expected:
            self._expected = tuple(phrases)
            self._stream.expect(self._expected)

    def prepare(self, phrases: Sequence[str]) -> None:
        """What may be expected later: speech-to-text that can makes it ahead, and ``expect`` then only switches."""
        make = getattr(self._stream, "make_ready", None)
        if make is not None:
            make(phrases)

    async def run(self) -> None:
        """The waiting of speech-to-text, if it has any. A stream that takes its place after a failure is run anew."""
        stream = self._stream
        with anyio.CancelScope() as self._waiting:
            try:
                await stream.run()
            except Exception as broken:
                if stream is self._stream:
                    self._broke(self._segment, broken)
            except anyio.get_cancelled_exc_class():
                await anyio.lowlevel.checkpoint_if_cancelled()  # ours is raised here again
                if stream is self._stream:
                    self._broke(self._segment, ProviderError("what it waited for was cancelled"))

    def open_segment(self, segment: int) -> None:
        """Sound goes to speech-to-text from now on, beginning with the pre-roll."""
        self._segment = segment
        try:
            self._stream.begin(segment)
        except Exception as broken:
            self._broke(segment, broken)
            return
        for piece in self._pre_roll:
            self._push(piece)
        self._pre_roll.clear()

    def finish_segment(self, segment: int) -> None:
        """The final words are wanted."""
        if self._segment != segment:
            return
        self._segment = None
        try:
            self._stream.finish(segment)
        except Exception as broken:
            self._broke(segment, broken)

    def rearm(self) -> None:
        """Hear the next speech as a new beginning."""
        self._detector.rearm()

    def _push(self, piece: bytes) -> None:
        segment = self._segment
        if segment is None:
            return
        try:
            self._stream.push(piece if self._to_stt is None else self._to_stt.push(piece))
        except Exception as broken:
            self._broke(segment, broken)

    def _heard(self, transcript: Transcript) -> None:
        self._failures = 0
        if self._guide is not None:
            transcript = self._guide.heard(transcript)
        if transcript.lost:
            self._post(TranscriptLost(transcript.segment))
        elif transcript.final:
            self._post(FinalTranscript(transcript.text, transcript.segment))
        else:
            self._post(InterimTranscript(transcript.text, transcript.segment, transcript.complete))
        detector = self._turn_detector
        if detector is not None and transcript.text:
            try:
                complete = detector.is_complete(transcript.text)
            except Exception:
                log.exception("the turn detector failed; silence decides")
                return
            if complete:
                self._post(TurnCompleted())

    def _broke(self, segment: int | None, broken: Exception) -> None:
        """Speech-to-text failed: this segment's words are lost, the next one gets a new stream; too often, and the session closes."""
        self._segment = None
        self._failures += 1
        failures = self._failures
        log.error("speech-to-text failed on segment %s (%d in a row)", segment, failures, exc_info=broken)
        if failures >= DEAF_AFTER:
            self._close(f"speech-to-text failed {failures} times in a row", broken)
            return
        self._waiting.cancel()
        try:
            self._stream = self._stt.open(self._heard)
            self._stream.expect(self._expected)
        except Exception as again:
            self._close("speech-to-text could not be opened again", again)
            return
        self._spawn(self.run, "ear")
        if segment is not None:
            self._post(TranscriptLost(segment))

    def _close(self, what: str, broken: Exception) -> None:
        log.error("%s; the session closes", what, exc_info=broken)
        self._post(CloseAsked(f"error: {what}: {type(broken).__name__}: {broken}"))

    def _resampled(self, frame: AudioFrame) -> bytes:
        rate, resampler = self._from
        if rate != frame.rate or resampler is None:
            resampler = Resampler(frame.rate, self._rate)
            self._from = (frame.rate, resampler)
        return resampler.push(frame.data)
