"""``OpenAISTT``: speech-to-text that uploads each utterance, and reads the words as they come where the model streams them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.plugins.openai.account import MAX_RETRIES, STALL, Account
from fsm_agents.plugins.openai.failures import OpenAIProviderError
from fsm_agents.plugins.openai.hints import as_keywords, as_prompt
from fsm_agents.plugins.openai.stt_stream import RATE, UploadStream
from fsm_agents.stages.base import STTStream, Transcript

__all__ = ["TIMEOUT", "OpenAISTT"]

TIMEOUT = 6.5
"""Seconds for the words of a segment, for all tries together: below the 7.5 s of silence after which the caller is asked again anyway.
Peers wait ten; by then their callers have said it again."""


@strict_keywords
class OpenAISTT:
    """Speech-to-text (implements :class:`fsm_agents.stages.base.STT`).

    The sound of a segment is kept in memory and uploaded as a WAV file when the caller pauses; several uploads may be under way.
    Every segment gets exactly one final transcript. One that fails for good, after the retries, gets an empty one and a line in
    the log; a failure that will stay (key, model, credit), or three segments in a row, end the session: a deaf agent must not
    keep a caller.

    What is expected of the caller becomes ``keywords`` for gpt-transcribe, and the end of the ``prompt`` for other models.

    Args:
        model: ``"whisper-1"``, ``"gpt-4o-transcribe"``, ``"gpt-4o-mini-transcribe"``, ``"gpt-transcribe"``, or what the server has.
        language: Of the caller, ISO 639-1, for example ``"en"``: better and faster; ``None``: the model finds out.
        prompt: Words or style to expect, in the caller's language.
        temperature: 0 to 1; ``None`` for the model's own.
        stream: Whether words are read as they come; ``None``: as OpenAI's model of this name does.
        api_key: The key; ``None``: from ``OPENAI_API_KEY``.
        base_url: The server; ``None``: from ``OPENAI_BASE_URL``, else OpenAI's.
        timeout: Seconds until an answer must have begun, for each try, 0 to 600. All tries together must have the words in as much, or
            in :data:`TIMEOUT` where that is longer.
        stall: Seconds between two pieces of an answer, 0 to 600.
        max_retries: Tries after the first, 0 to 10.

    Attributes:
        rate: Samples per second of what is pushed, 16000: what these models hear; pipelines resample.

    Raises:
        MisuseError: A value is not possible.
    """

    rate = RATE

    def __init__(  # noqa: PLR0913 - keywords, each documented
        self,
        model: str = "whisper-1",
        *,
        language: str | None = None,
        prompt: str | None = None,
        temperature: float | None = None,
        stream: bool | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = TIMEOUT,
        stall: float = STALL,
        max_retries: int = MAX_RETRIES,
    ) -> None:
        if temperature is not None and not 0 <= temperature <= 1:
            raise MisuseError(f"OpenAISTT(temperature={temperature!r}): give 0 to 1, or None for the model's own")
        self.model, self.language, self.prompt, self.temperature = model, language, prompt, temperature
        self.account = Account(
            f"OpenAISTT ({model})", model, api_key=api_key, base_url=base_url, timeout=timeout, stall=stall,
            max_retries=max_retries, patience=TIMEOUT, load=lambda client: client.audio.transcriptions.with_streaming_response,
        )  # fmt: skip
        if prompt and "diarize" in model:
            raise MisuseError(f"OpenAISTT(prompt=…): {model} takes no prompt; leave it out")
        self._deaf: OpenAIProviderError | None = None
        self.streams = _streams(model) if stream is None else stream

    def open(self, heard: Callable[[Transcript], None]) -> STTStream:
        """A new stream for one session; its ``run()`` makes the uploads.

        Raises:
            MisuseError: There is no key.
            OpenAIProviderError: An earlier stream found that nothing will be heard any more (until ``aclose()``).
        """
        self.check()
        if self._deaf is not None:
            raise self._deaf
        return UploadStream(self.account, self.request, heard, self._is_deaf)

    def _is_deaf(self, failure: OpenAIProviderError) -> None:
        self._deaf = failure

    def request(self, phrases: tuple[str, ...]) -> dict[str, Any]:
        """The fields of an upload, but for the file.

        Args:
            phrases: What is expected.
        """
        fields: dict[str, Any] = {"model": self.model, "response_format": "json"}
        if self.language:
            fields["language"] = self.language
        if self.temperature is not None:
            fields["temperature"] = self.temperature
        if self.streams:
            fields["stream"] = True
        if self.model == "gpt-transcribe":
            hints: dict[str, Any] = {"prompt": self.prompt or "", "keywords": as_keywords(phrases)}
        elif "diarize" in self.model:
            hints = {}
        else:
            hints = {"prompt": as_prompt(self.prompt, phrases)}
        return {**fields, **{name: value for name, value in hints.items() if value}}

    def check(self) -> None:
        """Whether there is a key, without asking the server.

        Raises:
            MisuseError: There is none.
        """
        self.account.check()

    async def warm_up(self) -> None:
        """Load the client and ask the server once whether it takes the key and has the model; see :meth:`Account.warm_up`."""
        await self.account.warm_up()

    async def aclose(self) -> None:
        """Close the connections, and forget failures."""
        self._deaf = None
        await self.account.aclose()

    def __repr__(self) -> str:
        """Say the model and the server."""
        return f"OpenAISTT(model={self.model!r}, base_url={self.account.where!r})"


def _streams(model: str) -> bool:
    """Whether OpenAI's model of this name sends its words as events; whisper-1 ignores the wish."""
    return model.startswith(("gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe")) and "diarize" not in model
