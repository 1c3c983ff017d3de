"""``OpenAITTS``: text-to-speech, read as it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

from fsm_agents.audio.frame import check_rate
from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.plugins.openai.account import MAX_RETRIES, STALL, Account
from fsm_agents.plugins.openai.asking import asking, insisting
from fsm_agents.plugins.openai.failures import OpenAIProviderError
from fsm_agents.stages.base import SpeechChunk

__all__ = ["CHUNK_SECONDS", "LONGEST", "LONGEST_SOUND", "RATE", "TIMEOUT", "OpenAITTS"]

RATE = 24000
"""Samples per second of OpenAI's ``pcm``: 16 bit, little endian, mono."""
CHUNK_SECONDS = 0.02
"""The least that is passed on: a room's frame; less would only be put together again."""
LONGEST = 4096
"""Characters of one request, as OpenAI says; longer texts are asked for in parts."""
TIMEOUT = 5.0
"""Seconds until sound has begun, for all tries together: with the pause that ends a turn, the words and the answer before it and an
apology after it, below the 8 s of silence after which callers hang up."""

LONGEST_SOUND = (10.0, 1.0)
"""Seconds of sound that a text may take: so many, and so many for each character, four times as long as the slowest voice is. What is longer
is noise without end in somebody's ear."""

_SOUND = ("audio/", "application/octet-stream", "binary/octet-stream")
_SLOWEST, _FASTEST = 0.25, 4.0
#: How files begin that are no PCM. Played as such they are loud noise in somebody's ear.
_FILES = {b"RIFF": "a WAV file", b"ID3": "an MP3 file", b"OggS": "an Ogg file", b"fLaC": "a FLAC file"}


@strict_keywords
class OpenAITTS:
    """Text-to-speech (implements :class:`fsm_agents.stages.base.TTS`). It tells no word marks: the server does not.

    Args:
        model: ``"tts-1"``, ``"tts-1-hd"``, ``"gpt-4o-mini-tts"``, or what the server has.
        voice: ``"alloy"``, ``"ash"``, ``"coral"``, ``"marin"`` …, or what the server has.
        instructions: How to speak, in words; not with tts-1 and tts-1-hd.
        speed: 0.25 to 4; ``None`` for the voice's own, 1.
        rate: Samples per second of what the server calls ``pcm``: 24000 at OpenAI's.
        api_key: The key; ``None``: from ``OPENAI_API_KEY``.
        base_url: The server; ``None``: from ``OPENAI_BASE_URL``, else OpenAI's.
        timeout: Seconds until sound must have begun, for each try, 0 to 600. All tries together get as much, or :data:`TIMEOUT` where
            that is longer.
        stall: Seconds between two pieces of sound, 0 to 600.
        max_retries: Tries after the first, 0 to 10, as long as nothing sounded.

    Raises:
        MisuseError: A value is not possible.
    """

    def __init__(  # noqa: PLR0913 - keywords, each documented
        self,
        model: str = "tts-1",
        voice: str = "alloy",
        *,
        instructions: str | None = None,
        speed: float | None = None,
        rate: int = RATE,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = TIMEOUT,
        stall: float = STALL,
        max_retries: int = MAX_RETRIES,
    ) -> None:
        check_rate(rate)
        if not isinstance(voice, str) or not voice:
            raise MisuseError(f"OpenAITTS(voice={voice!r}): give the name of a voice, for example 'alloy'")
        if speed is not None and not _SLOWEST <= speed <= _FASTEST:
            raise MisuseError(f"OpenAITTS(speed={speed!r}): give {_SLOWEST} to {_FASTEST:g}, or None for the voice's own")
        if instructions and model in ("tts-1", "tts-1-hd"):
            raise MisuseError(f"OpenAITTS(instructions=…): {model} takes none; use 'gpt-4o-mini-tts', or leave them out")
        self.model, self.voice, self.instructions, self.speed, self.rate = model, voice, instructions, speed, rate
        self._account = Account(
            f"OpenAITTS ({model})", model, api_key=api_key, base_url=base_url, timeout=timeout, stall=stall,
            max_retries=max_retries, patience=TIMEOUT, load=_speech,
        )  # fmt: skip

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """The sound of ``text`` as it comes, in chunks of 20 ms and more; nothing for a text of spaces only.

        Raises:
            MisuseError: There is no key.
            OpenAIProviderError: The other side failed. What was yielded before stands.
        """
        for part in _parts(text.strip()):
            async with aclosing(insisting(self._account, lambda until, part=part: self._once(part, until))) as chunks:  # type: ignore[misc]
                async for chunk in chunks:
                    yield chunk

    def check(self) -> None:
        """Whether there is a key, without asking the server.

        Raises:
            MisuseError: There is none.
        """
        self._account.check()

    async def warm_up(self) -> None:
        """Load the client and ask the server once whether it takes the key and has the model; see :meth:`Account.warm_up`."""
        await self._account.warm_up()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._account.aclose()

    async def _once(self, text: str, until: float) -> AsyncGenerator[SpeechChunk]:
        request: dict[str, Any] = {"model": self.model, "voice": self.voice, "input": text, "response_format": "pcm"}
        if self.instructions:
            request["instructions"] = self.instructions
        if self.speed is not None:
            request["speed"] = self.speed
        async with asking(self._account, _speech, request, _SOUND, until) as body:
            least = round(self.rate * CHUNK_SECONDS) * 2
            left = round((LONGEST_SOUND[0] + LONGEST_SOUND[1] * len(text)) * self.rate) * 2
            waiting, made = b"", False
            while (piece := await body.read()) is not None:
                waiting += piece
                left -= len(piece)
                if left < 0:
                    line = f"{self._account.who}: {self._account.where} sent sound without end for {len(text)} characters of text"
                    raise OpenAIProviderError(line, "too_big")
                if len(waiting) >= least:
                    self._check(waiting, made=made)
                    whole = len(waiting) - len(waiting) % 2  # HTTP cuts anywhere, also through a sample
                    yield SpeechChunk(waiting[:whole])
                    waiting, made = waiting[whole:], True
            self._check(waiting, made=made)
            if len(waiting) > 1:
                yield SpeechChunk(waiting[: len(waiting) - len(waiting) % 2])
            elif not made:
                raise OpenAIProviderError(f"{self._account.who}: {self._account.where} sent no sound", "empty")

    def _check(self, sound: bytes, *, made: bool) -> None:
        """Refuse what is a file, at its beginning."""
        what = next((what for begins, what in _FILES.items() if sound.startswith(begins)), "")
        if what and not made:
            who, where = self._account.who, self._account.where
            raise OpenAIProviderError(f"{who}: {where} sent {what} where plain PCM was asked for", "wrong_type")

    def __repr__(self) -> str:
        """Say the model, the voice and the server."""
        return f"OpenAITTS(model={self.model!r}, voice={self.voice!r}, base_url={self._account.where!r})"


def _parts(text: str) -> Iterator[str]:
    """A text in parts that a request may have, cut at spaces."""
    while len(text) > LONGEST:
        at = text.rfind(" ", 0, LONGEST)
        at = at if at > 0 else LONGEST
        yield text[:at]
        text = text[at:].strip()
    if text:
        yield text


def _speech(client: Any) -> Any:
    return client.audio.speech.with_streaming_response.create
