"""The ear of a realtime model: all sound goes to the model, whose own detector makes the edges. Called directly by the room; no timer here.

What the model says about the caller becomes the same events as those of any other ear. It keeps the sound that a new connection would
have to be told again, and nothing else of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.audio.resample import Resampler
from fsm_agents.fsm.engine import Session
from fsm_agents.machines.events import FinalTranscript, InterimTranscript, SpeechStarted, SpeechStopped, TurnCompleted
from fsm_agents.pipelines.base import Seat
from fsm_agents.pipelines.realtime_input import (
    INPUT,
    Commit,
    DeleteItem,
    FinishAsked,
    Hearing,
    Input,
    Learn,
    TellStopped,
    TellWords,
    new_input,
)  # fmt: skip
from fsm_agents.pipelines.realtime_line import InputEvent, RealtimeLine
from fsm_agents.pipelines.realtime_words import name_of
from fsm_agents.stages.base import Transcript
from fsm_agents.stages.realtime import InputCommitted, InputStarted, InputUnread, InputWords, RealtimeSession

__all__ = ["KEEP", "LEAD", "RealtimeEar", "SoundKeeper"]

LEAD = 1.0
"""Seconds of sound kept while nobody speaks: longer than a detector needs to hear speech, and the padding it puts before it."""
KEEP = 30.0
"""Seconds of sound kept while somebody speaks or the connection is gone: as long as a turn may be without a gap."""
_REMEMBERED = 32


class SoundKeeper:
    """The latest sound of the caller's, as much as a new connection must be told again.

    Args:
        rate: Samples per second.
    """

    def __init__(self, rate: int) -> None:
        self._lead, self._keep = round(LEAD * rate) * 2, round(KEEP * rate) * 2
        self._pieces: deque[bytes] = deque()
        self._size = 0

    def push(self, pcm: bytes, *, all_of_it: bool) -> None:
        """Keep this; ``all_of_it``: and what was kept before, up to ``KEEP``."""
        self._pieces.append(pcm)
        self._size += len(pcm)
        most = self._keep if all_of_it else self._lead
        while self._size > most:
            self._size -= len(self._pieces.popleft())

    def take(self) -> bytes:
        """All that is kept; nothing is kept any more."""
        kept = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return kept

    def look(self) -> bytes:
        """All that is kept."""
        return b"".join(self._pieces)


class RealtimeEar:
    """The ear of one session.

    Args:
        seat: The conversation.
        line: The model.
        read: Whether somebody reads the caller's words before they are answered.
    """

    def __init__(self, seat: Seat, line: RealtimeLine, *, read: bool) -> None:
        self._talk, self._post, self._line, self._read, self._guide = seat.talk, seat.post, line, read, seat.guide
        self._rate = line.model.rate
        self._from: tuple[int, Resampler | None] = (self._rate, None)
        self._inputs: dict[str, Session[Input]] = {}
        self._kept = SoundKeeper(self._rate)
        self._parts: dict[int, list[str]] = {}
        self._dead: list[int] = []  # segments that were open when the connection broke
        line.on_input, line.on_lost, line.on_restored = self.take, self._lost, self._restored

    def hear(self, frame: AudioFrame) -> None:
        """One frame of the caller."""
        pcm = frame.data if frame.rate == self._rate else self._resampled(frame)
        if pcm:
            self._kept.push(pcm, all_of_it=bool(self._open()) or bool(self._dead) or self._line.session is None)
            self._line.send_audio(pcm)

    def expect(self, phrases: Sequence[str]) -> None:
        """What the caller is expected to say: a hint for the words of what is said."""
        self._line.configure(expected=phrases)

    async def run(self) -> None:
        """It has no waiting of its own: the line is kept by the pipeline."""

    # --- what the tables ask for ---------------------------------------------------------------------------------------------------

    def open_segment(self, segment: int) -> None:
        """The sound goes to the model in any case; the table's number is read when the edge was told."""

    def finish_segment(self, segment: int) -> None:
        """The final words are wanted."""
        for item, heard in list(self._inputs.items()):
            if heard.data.segment == segment:
                self._step(item, heard, FinishAsked())

    def rearm(self) -> None:
        """The model's detector makes the next edge by itself."""

    # --- what the model tells ------------------------------------------------------------------------------------------------------

    def take(self, event: InputEvent) -> None:
        """Something about the caller."""
        heard = self._inputs.get(event.item)
        if isinstance(event, InputStarted):
            if heard is None:
                self._started(event.item)
            return
        if heard is None:
            segment = self._line.words.segment_of(event.item)
            if segment is not None:  # told again on a new connection
                if isinstance(event, InputWords) and event.final:
                    self._line.words.learn(event.item, event.text)
                return
            if isinstance(event, InputWords | InputUnread):
                return
            heard = self._started(event.item)  # the edge was lost, or comes late
        if isinstance(event, InputCommitted):
            self._line.words.keep_sound(heard.data.segment, self._kept.take())
        self._step(event.item, heard, event)

    def _started(self, item: str) -> Session[Input]:
        self._post(SpeechStarted())
        segment = self._talk.segment
        dead, self._dead = self._dead, []
        for gone in dead:
            if gone != segment:  # it goes on as another segment
                self._post(FinalTranscript("", gone))
        model = self._line.model
        heard = new_input(Input(self._talk, segment, model.transcribes, self._read, finished=False))
        self._inputs[item] = heard
        self._line.words.item(item, segment)
        for old in list(self._inputs)[:-_REMEMBERED]:
            del self._inputs[old]
        return heard

    def _step(self, item: str, heard: Session[Input], event: object) -> None:
        session = self._line.session
        for effect in INPUT.engine.step(heard, event) or ():
            if isinstance(effect, TellStopped):
                self._post(SpeechStopped())
            elif isinstance(effect, TellWords):
                self._tell(heard.data.segment, effect)
            elif isinstance(effect, Learn):
                self._line.words.learn(item, effect.text)
            elif isinstance(effect, Commit) and session is not None:
                session.commit()
            elif isinstance(effect, DeleteItem) and session is not None:
                session.delete_item(item)

    def _tell(self, segment: int, words: TellWords) -> None:
        """Tell the words of an item. A segment gets one final transcript, however many items it has."""
        parts = [*self._parts.get(segment, ()), *([words.text] if words.text else [])]
        name = name_of(segment)
        text = name if name in parts else " ".join(parts)
        if words.final:
            self._parts[segment] = parts
        if any(other.data.segment == segment and other.state is not Hearing.SETTLED for other in self._inputs.values()):
            if text:
                self._show(Transcript(segment, text, final=False))
                self._post(InterimTranscript(self._line.words.tell(segment, text), segment))
            return
        self._parts.pop(segment, None)
        self._show(Transcript(segment, text, final=True))
        self._post(FinalTranscript(self._line.words.tell(segment, text), segment))
        if text:
            self._post(TurnCompleted())

    def _show(self, transcript: Transcript) -> None:
        """Show it to whoever leads the conversation: they may cut what is said. The model ends its turns by itself."""
        if self._guide is not None:
            self._guide.heard(transcript)

    # --- the connection ------------------------------------------------------------------------------------------------------------

    def _open(self) -> list[Session[Input]]:
        return [heard for heard in self._inputs.values() if heard.state in (Hearing.SOUNDING, Hearing.STOPPED)]

    def _lost(self) -> None:
        """What is not committed will be told again as sound; of what is, the words will not come."""
        inputs, self._inputs = self._inputs, {}
        for item, heard in inputs.items():
            if heard.state in (Hearing.SOUNDING, Hearing.STOPPED):
                self._dead.append(heard.data.segment)
            elif heard.state is Hearing.AWAITED:
                self._step(item, heard, InputUnread(item, "the connection broke"))

    def _restored(self, session: RealtimeSession) -> None:
        pcm = self._kept.look()
        if pcm:
            session.send_audio(pcm)

    def _resampled(self, frame: AudioFrame) -> bytes:
        rate, resampler = self._from
        if rate != frame.rate or resampler is None:
            resampler = Resampler(frame.rate, self._rate)
            self._from = (frame.rate, resampler)
        return resampler.push(frame.data)
