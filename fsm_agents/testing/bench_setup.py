"""What the parts of the benchmark share: how much of each is done, and the providers that wait and do nothing else.

Nothing is measured here. The providers are as cheap as providers can be, so that what is measured is ours: they give the event loop
one turn (a checkpoint) before every token and before every 20 ms of sound, as a network would, and make no sound of their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeAlias

import attrs
from anyio.lowlevel import checkpoint

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.pipelines.base import TurnOptions
from fsm_agents.pipelines.cascade import CascadingPipeline
from fsm_agents.rooms.base import Room
from fsm_agents.session.agent import Agent
from fsm_agents.session.session import AgentSession
from fsm_agents.stages.base import VAD, LLMChunk, SpeechChunk, TextDelta, Transcript
from fsm_agents.testing.fakes import FakeVAD

__all__ = ["FULL", "QUICK", "BenchLLM", "BenchSTT", "BenchTTS", "Figures", "Size", "bench_session", "quantile"]

Figures: TypeAlias = dict[str, float | int | None]
"""What a part measured, by the keys of the report; ``None`` where something it needs is not installed."""

TOKENS = (
    "Your ", "table ", "is ", "booked ", "for ", "eight ", "o'clock. ",
    "Would ", "you ", "like ", "me ", "to ", "send ", "you ", "a ", "message ", "before ", "you ", "come ", "over?",
)  # fmt: skip
"""An answer of 20 tokens. It is spoken from the eighth on: only then it is clear that the first sentence is one."""


@attrs.frozen(kw_only=True)
class Size:
    """How much is done.

    Args:
        turns: Turns whose overhead is measured.
        cuts: Barge-ins.
        sessions: Sessions that hear frames at the same time.
        seconds: For how long they do, in real seconds.
        idle: Idle sessions whose memory is measured.
        imports: Fresh processes that import the package.
        repeats: How often the turns are measured; the best run counts, the others met a busy machine.
        runs: How often a loop of microseconds is run; the best counts.
    """

    turns: int
    cuts: int
    sessions: int
    seconds: float
    idle: int
    imports: int
    repeats: int
    runs: int


FULL = Size(turns=200, cuts=100, sessions=50, seconds=10.0, idle=200, imports=7, repeats=7, runs=3000)
QUICK = Size(turns=5, cuts=2, sessions=3, seconds=0.1, idle=3, imports=1, repeats=1, runs=2)
"""For tests: every line runs, and the figures mean nothing."""


class BenchLLM:
    """A model whose answer is :data:`TOKENS`, a checkpoint before each."""

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        """The answer."""
        for token in TOKENS:
            await checkpoint()
            yield TextDelta(token)


class BenchTTS:
    """Speech of ``frames`` frames of 20 ms for a sentence (an answer has two), a checkpoint before each frame.

    Attributes:
        made: How many texts were synthesised. The sound of the n-th is the sample n, again and again: a sink sees whose a frame is.
    """

    rate = 16000

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.made = 0

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """The sound."""
        self.made += 1
        chunk = SpeechChunk(self.made.to_bytes(2, "little") * (self.rate // 50))
        for _ in range(self.frames):
            await checkpoint()
            yield chunk


class BenchSTT:
    """Speech-to-text that hears ``"some words"`` in every segment: as interim words with the first sound, finally when asked to finish.

    Args:
        answers: Whether it gives the final words by itself; else the benchmark does, through ``heard``.
    """

    rate = 16000

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.heard: Callable[[Transcript], None] = lambda _transcript: None
        self.segment = 0
        self._silent = True

    def open(self, heard: Callable[[Transcript], None]) -> BenchSTT:
        """Its only stream is itself: it serves one session."""
        self.heard = heard
        return self

    def begin(self, segment: int) -> None:
        """A segment begins."""
        self.segment = segment
        self._silent = True

    def push(self, pcm: bytes) -> None:
        """With the first sound there are words."""
        if self._silent:
            self._silent = False
            self.heard(Transcript(self.segment, "some", final=False))

    def finish(self, segment: int) -> None:
        """The final words."""
        if self.answers:
            self.heard(Transcript(segment, "some words", final=True))

    def expect(self, phrases: Sequence[str]) -> None:
        """It always hears the same."""

    async def run(self) -> None:
        """It has nothing to wait for."""


def bench_session(
    room: Room, *, frames: int = 25, stt: BenchSTT | None = None, vad: VAD | None = None, **turn: Any
) -> AgentSession:
    """A session with everything that is on by default, and providers that cost nothing.

    Args:
        room: Its room.
        frames: The length of every sentence, in frames of 20 ms.
        stt: Speech-to-text.
        vad: Voice activity detection; silent frames are silence without one.
        turn: Settings of :class:`~fsm_agents.pipelines.base.TurnOptions`.
    """
    pipeline = CascadingPipeline(
        stt=stt or BenchSTT(), llm=BenchLLM(), tts=BenchTTS(frames), vad=vad or FakeVAD(), turn=TurnOptions(**turn)
    )
    return AgentSession(Agent("Answer."), pipeline, room=room)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of ``values`` lie, the nearest one that was measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
