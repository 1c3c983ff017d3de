"""What a provider must offer: one protocol per stage. No code, no provider, no waiting here.

All sound between stages is PCM, signed 16 bit little endian, mono, as ``bytes``. A stage says its sample rate in ``rate`` (Hz);
the pipeline resamples. A stage may have ``check()``, which raises if it can never work (no key), and ``async warm_up()``, which gets
it ready (connects, loads) and raises if it cannot; both are called when a session starts. Whatever a stage raises, other than
cancellation, is taken as a failure of that stage: raise
:class:`fsm_agents.errors.ProviderError` with one clear line.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol, runtime_checkable

import attrs

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall
from fsm_agents.chat.tool import FunctionTool

__all__ = [
    "LLM", "STT", "TTS", "VAD", "LLMChunk", "STTStream", "SpeechChunk", "TextDelta", "Transcript", "TurnDetector",
    "Usage", "VADStream", "WordMark",
]  # fmt: skip


class VADStream(Protocol):
    """The voice activity detector of one session."""

    def is_speech(self, pcm: bytes) -> bool:
        """Whether one frame (exactly ``frame_ms`` at ``rate`` of its VAD) is speech. Called inline: it must not block."""
        ...


@runtime_checkable
class VAD(Protocol):
    """Voice activity detection: yes or no for each frame."""

    rate: int
    frame_ms: int

    def open(self) -> VADStream:
        """A new detector with a state of its own, for one session."""
        ...


@attrs.frozen
class Transcript:
    """Words that speech-to-text heard.

    Args:
        segment: The number the ear gave to :meth:`STTStream.begin`. A segment gets at most one final transcript; an engine
            that finds several utterances in one segment joins them.
        text: The words; empty when there were none (noise).
        final: Whether the words of this segment will not change any more.
        complete: For interim words: whether they are already a complete sentence of what is expected (ends the turn early).
        alternatives: Other readings, best first. May be empty.
        lost: The words could not be found out, and never will be: the caller is asked again. No further transcript of the segment.
    """

    segment: int
    text: str
    final: bool
    complete: bool = False
    alternatives: tuple[str, ...] = ()
    lost: bool = False


class STTStream(Protocol):
    """Speech-to-text for one session. ``begin``, ``push`` and ``finish`` are called inline and must not block."""

    def begin(self, segment: int) -> None:
        """The caller starts to speak; what is pushed from now on belongs to ``segment`` (the pre-roll comes first)."""
        ...

    def push(self, pcm: bytes) -> None:
        """The next sound of the open segment, any whole number of samples at ``rate``."""
        ...

    def finish(self, segment: int) -> None:
        """The caller paused: answer with the final transcript of ``segment``, empty if nothing was said, ``lost`` if it failed.

        An answer that does not come within some 7 s counts as lost.
        """
        ...

    def expect(self, phrases: Sequence[str]) -> None:
        """What the caller is expected to say from the next segment on; empty: anything. A hint or a grammar."""
        ...

    async def run(self) -> None:
        """The stream's own waiting (a connection, an upload). Returns at once for engines that work inline."""
        ...


@runtime_checkable
class STT(Protocol):
    """Speech-to-text."""

    rate: int

    def open(self, heard: Callable[[Transcript], None]) -> STTStream:
        """A new stream for one session; ``heard`` takes every transcript, on the session's own thread."""
        ...


@attrs.frozen
class TextDelta:
    """A piece of the model's text."""

    text: str


@attrs.frozen
class Usage:
    """What a model call consumed, in tokens."""

    input_tokens: int = 0
    output_tokens: int = 0


LLMChunk = TextDelta | ToolCall | Usage


@runtime_checkable
class LLM(Protocol):
    """A language model that streams text and tool calls."""

    def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        """The model's answer to ``context``: text in pieces, whole tool calls, at last the usage."""
        ...


@attrs.frozen
class WordMark:
    """Where a word ends: in the text (characters) and in the sound (samples from the start of the sentence)."""

    text_end: int
    sample_end: int


@attrs.frozen
class SpeechChunk:
    """A piece of synthesised sound, with the words that end in it (empty where the engine does not tell)."""

    pcm: bytes
    words: tuple[WordMark, ...] = ()


@runtime_checkable
class TTS(Protocol):
    """Text-to-speech, one sentence at a time."""

    rate: int

    def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """The sound of ``text``, streamed; closing the iterator (or cancelling) stops the engine."""
        ...


@runtime_checkable
class TurnDetector(Protocol):
    """Says whether what the caller said so far is a whole turn."""

    def is_complete(self, text: str) -> bool:
        """Whether ``text`` (interim or final words) is complete. Called inline: it must not block."""
        ...
