"""Scripted stages: speech-to-text, model, text-to-speech and voice detection without a provider, a model or a sound card.

They wait like real ones (at every token and every frame), follow a script, and misbehave on request. Sound is symbolic: a frame whose
first byte is 1 is speech.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import anyio

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.rooms.memory import MemoryRoom
from fsm_agents.stages.base import LLMChunk, SpeechChunk, STTStream, TextDelta, Transcript, VADStream, WordMark

__all__ = ["SILENCE", "SPEECH", "FakeLLM", "FakeSTT", "FakeTTS", "FakeVAD", "ScriptedCaller"]

SPEECH = AudioFrame(b"\x01\x00" * 320, 16000)
"""20 ms that :class:`FakeVAD` takes for speech."""
SILENCE = AudioFrame(b"\x00\x00" * 320, 16000)
"""20 ms that it takes for silence."""


class FakeVAD:
    """Speech is what begins with the byte 1."""

    rate = 16000
    frame_ms = 20

    def open(self) -> VADStream:
        """It has no state."""
        return self

    def is_speech(self, pcm: bytes) -> bool:
        """Whether the frame begins with the byte 1."""
        return pcm[0] == 1


class FakeSTT:
    """Speech-to-text by script.

    Args:
        words: What each segment says, in order; ``""`` is noise, ``None`` gets no final transcript at all. After the last: ``"words N"``.
        delay: Seconds until the final transcript; 0 is at once, inside ``finish``.
        interim: Whether the first half of the words comes as an interim transcript after five frames of speech.
        complete: Interim transcripts hold all the words and are marked complete.
        fail: Segments on which it raises.
    """

    rate = 16000

    def __init__(
        self, words: Sequence[str | None] = (), *, delay: float = 0.0, interim: bool = False, complete: bool = False,
        fail: Iterable[int] = (),
    ) -> None:  # fmt: skip
        self.words, self.delay, self.interim, self.complete, self.fail = (
            tuple(words),
            delay,
            interim or complete,
            complete,
            set(fail),
        )
        self.expected: list[tuple[str, ...]] = []

    def open(self, heard: Callable[[Transcript], None]) -> STTStream:
        """A stream that follows the script."""
        return _FakeSTTStream(self, heard)

    def line(self, segment: int) -> str | None:
        """What a segment says."""
        return self.words[segment - 1] if segment <= len(self.words) else f"words {segment}"


class _FakeSTTStream:
    def __init__(self, stt: FakeSTT, heard: Callable[[Transcript], None]) -> None:
        self._stt, self._heard = stt, heard
        self._segment, self._frames = 0, 0
        self._due: list[tuple[float, int]] = []
        self._news = anyio.Event()

    def begin(self, segment: int) -> None:
        self._segment, self._frames = segment, 0
        if segment in self._stt.fail:
            msg = f"the script says that segment {segment} fails"
            raise RuntimeError(msg)

    def push(self, pcm: bytes) -> None:
        self._frames += pcm[0] == 1
        line = self._stt.line(self._segment)
        if self._stt.interim and line and self._frames == 5 and pcm[0] == 1:  # noqa: PLR2004 - 100 ms of speech
            words = line.split()
            text = line if self._stt.complete else " ".join(words[: max(1, len(words) // 2)])
            self._heard(Transcript(self._segment, text, final=False, complete=self._stt.complete))

    def finish(self, segment: int) -> None:
        if self._stt.line(segment) is None:
            return
        if not self._stt.delay:
            self._say(segment)
            return
        self._due.append((anyio.current_time() + self._stt.delay, segment))
        self._news.set()

    def expect(self, phrases: Sequence[str]) -> None:
        self._stt.expected.append(tuple(phrases))

    async def run(self) -> None:
        while self._stt.delay:
            while self._due:
                due, segment = self._due.pop(0)
                await anyio.sleep_until(due)
                self._say(segment)
            self._news = anyio.Event()
            await self._news.wait()

    def _say(self, segment: int) -> None:
        self._heard(Transcript(segment, self._stt.line(segment) or "", final=True))


class FakeLLM:
    """A model by script.

    Args:
        answers: One answer for each call: text, or a list of text and :class:`ToolCall`; an exception is raised where it stands. The
            last one is repeated.
        pause: Seconds before each token; 0 still waits once for the event loop.
    """

    def __init__(
        self, answers: Sequence[str | Sequence[str | ToolCall | Exception]] = ("Very well.",), *, pause: float = 0.0
    ) -> None:
        self.answers, self.pause = tuple(answers), pause
        self.asked: list[tuple[object, ...]] = []

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        """The next answer, a word at a time."""
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(context.export())
        for part in [answer] if isinstance(answer, str) else answer:
            if isinstance(part, Exception):
                raise part
            if isinstance(part, ToolCall):
                yield part
                continue
            for word in part.split(" "):
                await anyio.sleep(self.pause)
                yield TextDelta(word + " ")


class FakeTTS:
    """Text-to-speech by script: a fixed time for each character, in frames of 20 ms, with word marks.

    Args:
        per_character: Seconds of sound for each character.
        pause: Seconds before each frame; 0 still waits once for the event loop.
        rate: Samples per second.
        fail: Texts on which it raises.
        stall: Texts in whose middle it stops for ever.
    """

    def __init__(
        self,
        *,
        per_character: float = 0.06,
        pause: float = 0.0,
        rate: int = 16000,
        fail: Iterable[str] = (),
        stall: Iterable[str] = (),
    ) -> None:
        self.rate, self.per_character, self.pause = rate, per_character, pause
        self.fail, self.stall = set(fail), set(stall)
        self.spoken: list[str] = []

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """The sound of a text."""
        self.spoken.append(text)
        if text in self.fail:
            msg = f"the script says that {text!r} fails"
            raise RuntimeError(msg)
        frames = max(1, round(len(text) * self.per_character / 0.02))
        ends = [at for at, character in enumerate(text + " ") if character == " "]
        for number in range(frames):
            await anyio.sleep(self.pause)
            if text in self.stall and number == frames // 2:
                await anyio.sleep_forever()
            first, last = (len(text) * at / frames for at in (number, number + 1))
            marks = tuple(
                WordMark(end, round(end * frames / len(text) * self.rate * 0.02)) for end in ends if first < end <= last
            )
            yield SpeechChunk(b"\x02\x00" * (self.rate // 50), marks)


class ScriptedCaller:
    """A caller in a memory room: speaks and is silent, in real frames, on the loop's clock.

    Args:
        room: The room.
    """

    def __init__(self, room: MemoryRoom) -> None:
        self.room = room

    async def speak(self, seconds: float) -> None:
        """Make sound that is speech."""
        await self._send(SPEECH, seconds)

    async def wait(self, seconds: float) -> None:
        """Be silent."""
        await self._send(SILENCE, seconds)

    async def _send(self, frame: AudioFrame, seconds: float) -> None:
        due = anyio.current_time()
        for _ in range(round(seconds * 50)):
            self.room.push(frame)
            due += 0.02
            await anyio.sleep_until(due)
