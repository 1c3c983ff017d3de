"""``FallbackTTS``: the first of several voices that sounds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from fsm_agents.audio.resample import Resampler
from fsm_agents.errors import ProviderError, strict_keywords
from fsm_agents.pipelines.composer import closing
from fsm_agents.pipelines.fallback_asking import STALL, Asking, Piece
from fsm_agents.pipelines.fallback_link import LEFT_OUT, Member
from fsm_agents.pipelines.fallback_members import Fallback, Members, seconds
from fsm_agents.stages.base import TTS, SpeechChunk, WordMark

__all__ = ["FIRST_SOUND", "FallbackTTS"]

FIRST_SOUND = 1.5
"""Seconds until a sentence must have begun to sound: with a model's 2.5 s it leaves 2.5 s, for those that answer in their place, of the 6.5 s
after which a silent reply has failed."""


@strict_keywords
class FallbackTTS(Fallback[TTS]):
    """Several voices as one (implements :class:`fsm_agents.stages.base.TTS`).

    Each sentence is spoken by the preferred voice that is not left out. If it fails, gives no sound, or has not begun within
    ``deadline``, the next one speaks the sentence. **After the first sound it is too late**: a failure comes through as a
    ``ProviderError``; a sentence is not begun twice. A voice that has cooled down may be back in the middle of a reply.

    Args:
        providers: The voices, the preferred one first. Those with another sample rate are resampled, their word marks scaled.
        deadline: Seconds until a sentence must have begun to sound.
        stall: Seconds between two pieces of sound.
        cool_down: Seconds for which one that failed is left out; twice as long each time it fails again before it has worked for 30 s.

    Attributes:
        rate: Samples per second: those of the first voice.

    Raises:
        MisuseError: There is no voice, one is none, or a number is out of range.
    """

    def __init__(
        self, providers: Sequence[TTS], *, deadline: float = FIRST_SOUND, stall: float = STALL, cool_down: float = LEFT_OUT
    ) -> None:
        self.members: Members[TTS] = Members("FallbackTTS", providers, TTS, cool_down)
        self.deadline, self.stall = seconds("FallbackTTS", "deadline", deadline), seconds("FallbackTTS", "stall", stall)
        self.rate = providers[0].rate

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """The sound of ``text``, by the first voice that begins.

        Raises:
            ProviderError: It broke off, or none began; the message names each and what it did.
            MisuseError: None can ever work.
        """
        says_something = any(character.isalnum() for character in text)

        def silent() -> str:
            return f"gave no sound for {len(text)} characters of text" if says_something else ""

        asking: Asking[TTS, SpeechChunk] = Asking(
            self.members, lambda member: self._spoken(member, text), _meaning, silent, self.deadline, self.stall
        )
        async with aclosing(asking.answer()) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _spoken(self, member: Member[TTS], text: str) -> AsyncGenerator[SpeechChunk]:
        """What one voice makes of it, at our rate."""
        to_ours = Resampler(member.stage.rate, self.rate)
        async with closing(member.stage.synthesize(text)) as chunks:
            async for chunk in chunks:
                if len(chunk.pcm) % 2:
                    raise ProviderError(f"{member.name} gave {len(chunk.pcm)} bytes of sound: a sample has two", retryable=True)
                marks = tuple(WordMark(mark.text_end, to_ours.scaled(mark.sample_end)) for mark in chunk.words)
                yield SpeechChunk(to_ours.push(chunk.pcm), marks)
        if rest := to_ours.flush():
            yield SpeechChunk(rest)


def _meaning(chunk: SpeechChunk) -> Piece:
    return Piece.BEGINS if chunk.pcm else Piece.NOTHING
