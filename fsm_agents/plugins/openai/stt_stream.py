"""One session's uploads: sound in, one final transcript for each segment out, whatever the server does."""

from __future__ import annotations

import json
import logging
import math
import struct
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import anyio
import attrs

from fsm_agents.plugins.openai.account import Account
from fsm_agents.plugins.openai.asking import EVENTS, JSON, Body, asking, events, insisting
from fsm_agents.plugins.openai.failures import OpenAIProviderError
from fsm_agents.stages.base import Transcript

__all__ = ["DEAF_AFTER", "LONGEST", "RATE", "SHORTEST", "UploadStream"]

log = logging.getLogger("fsm_agents")

RATE = 16000
"""Samples per second: what whisper and its successors hear; more would only be more to upload."""
SHORTEST = 0.1
"""Seconds; OpenAI refuses shorter sound, and nobody says anything in it."""
LONGEST = 600.0
"""Seconds that are kept of a segment, 19 MB: OpenAI takes 25. The turn's own limit ends one long before."""
DEAF_AFTER = 3
"""After so many segments in a row without an answer the session ends, as with speech-to-text that works inline."""

_STAYING = frozenset({"key", "denied", "model", "address", "quota", "wrong_type"})
"""Failures that the next segment will have, too."""
_MOST_WORDS = 20_000  # characters: LONGEST of the fastest speech


@attrs.define
class _Segment:
    """What the caller said, from ``begin`` to ``finish``."""

    number: int
    phrases: tuple[str, ...]
    sound: bytearray = attrs.field(factory=bytearray)


class UploadStream:
    """Speech-to-text for one session (implements :class:`fsm_agents.stages.base.STTStream`).

    Args:
        account: Who asks whom.
        request: The fields of an upload for what is expected, but for the file.
        heard: Takes the transcripts.
        deaf: Told what ended ``run()``, so that no further stream is opened in vain.
    """

    def __init__(
        self,
        account: Account,
        request: Callable[[tuple[str, ...]], dict[str, Any]],
        heard: Callable[[Transcript], None],
        deaf: Callable[[OpenAIProviderError], None],
    ) -> None:
        self._account, self._request, self._heard, self._tell = account, request, heard, deaf
        self._phrases: tuple[str, ...] = ()
        self._open: _Segment | None = None
        self._finished: deque[_Segment] = deque()
        self._news = anyio.Event()
        self._failures = 0
        self._deaf: OpenAIProviderError | None = None

    def begin(self, segment: int) -> None:
        """Keep sound from now on."""
        self._open = _Segment(segment, self._phrases)

    def push(self, pcm: bytes) -> None:
        """More sound; beyond :data:`LONGEST` it is not kept."""
        if self._open is not None and len(self._open.sound) < LONGEST * RATE * 2:
            self._open.sound += pcm

    def finish(self, segment: int) -> None:
        """Upload the segment. One too short for words is answered here."""
        kept, self._open = self._open, None
        if kept is None or kept.number != segment:
            return
        if len(kept.sound) < SHORTEST * RATE * 2:
            self._heard(Transcript(segment, "", final=True))
            return
        self._finished.append(kept)
        self._news.set()

    def expect(self, phrases: Sequence[str]) -> None:
        """What is expected from the next segment on."""
        self._phrases = tuple(phrases)

    async def run(self) -> None:
        """Make the uploads, until cancelled.

        Raises:
            MisuseError: There is no key.
            OpenAIProviderError: Nothing will be heard any more.
        """
        async with anyio.create_task_group() as uploads:
            while self._deaf is None:
                while self._finished:
                    segment = self._finished.popleft()
                    uploads.start_soon(self._settle, segment, name=f"upload {segment.number}")
                self._news = anyio.Event()
                await self._news.wait()
            uploads.cancel_scope.cancel()
        if self._deaf is not None:
            raise self._deaf

    async def _settle(self, segment: _Segment) -> None:
        """Have the words of a segment, or none of it."""
        try:
            async with aclosing(
                insisting(self._account, lambda until: self._once(segment, until), repeatable=True)
            ) as transcripts:
                async for transcript in transcripts:
                    if transcript.final:
                        self._failures = 0
                    self._heard(transcript)
        except OpenAIProviderError as failure:
            self._failures += 1
            log.error("the words of segment %d are lost (failure %d in a row): %s", segment.number, self._failures, failure)
            self._heard(Transcript(segment.number, "", final=True, lost=True))
            if failure.kind in _STAYING or self._failures >= DEAF_AFTER:
                self._deaf = failure
                self._tell(failure)
                self._news.set()

    async def _once(self, segment: _Segment, until: float = math.inf) -> AsyncGenerator[Transcript]:
        """One try: interim words if the server sends any, then the final ones."""
        account = self._account
        request = {**self._request(segment.phrases), "file": (f"segment{segment.number}.wav", _wav(segment.sound), "audio/wav")}
        kinds = EVENTS + JSON if request.get("stream") else JSON
        async with asking(account, _transcribe, request, kinds, until, whole=True) as body:
            if not body.content_type.startswith(EVENTS):
                yield self._final(segment, self._object(await _whole(body)).get("text"))
                return
            words = ""
            async with aclosing(events(account, body)) as told:
                async for event in told:
                    if event.get("type") == "transcript.text.delta":
                        words += event["delta"]
                        yield Transcript(segment.number, words.strip(), final=False)
                    elif event.get("type") == "transcript.text.done":
                        await body.drain()
                        yield self._final(segment, event["text"])
                        return
            raise OpenAIProviderError(f"{account.who}: {account.where} ended in the middle of its answer", "broken")

    def _object(self, content: bytes) -> dict[str, Any]:
        if not content:
            raise OpenAIProviderError(f"{self._account.who}: {self._account.where} sent an empty answer", "empty")
        made = json.loads(content)
        return made if isinstance(made, dict) else {}

    def _final(self, segment: _Segment, text: Any) -> Transcript:
        account = self._account
        if not isinstance(text, str):
            raise OpenAIProviderError(f"{account.who}: {account.where} answered without a text", "malformed")
        if len(text) > _MOST_WORDS:
            raise OpenAIProviderError(
                f"{account.who}: {account.where} answered {len(text)} characters to one utterance", "too_big"
            )
        return Transcript(segment.number, " ".join(text.split()), final=True)


async def _whole(body: Body) -> bytes:
    """All of it; how much that may be is the body's business."""
    content = bytearray()
    while (piece := await body.read()) is not None:
        content += piece
    return bytes(content)


def _transcribe(client: Any) -> Any:
    return client.audio.transcriptions.with_streaming_response.create


def _wav(pcm: bytes | bytearray) -> bytes:
    """A WAV file in memory: 44 bytes of header, then the sound."""
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16, b"data", len(pcm)
    )
    return head + pcm
