"""OpenAI's realtime models (speech in, speech out), and servers that speak the same interface.

    RealTimePipeline(model=OpenAIRealtime(model="gpt-4o-realtime-preview"))

Over a WebSocket of our own, on asyncio and on trio, with the SDK's types. The server is told to answer nothing by itself and to interrupt
nothing: the tables of the conversation decide both. Other servers: speaches and LocalAI speak the conversation mode; vLLM's interface of
that name only transcribes. Proxies of the environment are not used.
"""

from __future__ import annotations

import json
import ssl
from functools import lru_cache
from typing import Any, Literal, get_args
from urllib.parse import quote, urlsplit, urlunsplit

import anyio

from fsm_agents.errors import MisuseError, nearest, strict_keywords
from fsm_agents.plugins.openai._socket import SocketClosed, SocketRefused, WebSocket
from fsm_agents.plugins.openai.account import STALL, Account
from fsm_agents.plugins.openai.failures import OpenAIProviderError, clean
from fsm_agents.plugins.openai.realtime_say import RATE, Detection, Options
from fsm_agents.plugins.openai.realtime_session import OpenAIRealtimeSession
from fsm_agents.plugins.openai.realtime_wire import server_types
from fsm_agents.runtime.threads import run_in_thread
from fsm_agents.stages.realtime import RealtimeSettings

__all__ = ["LIMIT", "TIMEOUT", "OpenAIRealtime"]

LIMIT = 3600.0
"""Seconds after which OpenAI ends a realtime session."""
TIMEOUT = 5.0
"""Seconds: one that hangs while a caller waits is tried again before the 8 s of silence that callers bear."""
Eagerness = Literal["low", "medium", "high", "auto"]
Noise = Literal["near_field", "far_field"]
_SEMANTIC_TAIL = 0.5  # its detector decides by what was said; short words still come about so late
_MOST_SILENCE = 10.0
_MOST_TOKENS = 4096
_SPEEDS = (0.25, 1.5)


@strict_keywords
class OpenAIRealtime:
    """A realtime model of OpenAI's.

    Args:
        model: The model.
        voice: Its voice: alloy, ash, ballad, coral, echo, sage, shimmer, verse, marin, cedar.
        api_key: The key; ``None``: from ``OPENAI_API_KEY``.
        base_url: The server; ``None``: from ``OPENAI_BASE_URL``, else OpenAI's own. ``http`` and ``https`` become ``ws`` and ``wss``.
        turn_detection: ``"server_vad"`` (silence ends a turn), ``"semantic_vad"`` (what was said ends it), ``None``: the pipeline's own
            voice detection and turn table.
        silence: Seconds of silence that end a turn, with ``server_vad``; up to 10. OpenAI's own default.
        threshold: How loud speech must be for ``server_vad``, 0 to 1; ``None``: the server's default (0.5).
        eagerness: How soon ``semantic_vad`` takes a turn for complete: low, medium, high or auto.
        transcription_model: What writes down the caller's words, for history and to tell a cough from a word; ``None``: nothing does.
        language: The caller's language, as ``"en"``; a help for the words.
        prompt: What the words may be about; the phrases of the conversation's state are added.
        noise_reduction: ``"near_field"`` (headsets), ``"far_field"`` (laptops, rooms), ``None``.
        speed: Of the voice, 0.25 to 1.5; ``None``: 1.
        max_output_tokens: Of one response, 1 to 4096; ``None``: no limit.
        timeout: Seconds until a connection must stand, below the 10 s of the link table.
        stall: Seconds without news of a response that was asked for, 0 to 600; then the connection is made anew, and asked again.

    Raises:
        MisuseError: A value is not possible.
    """

    def __init__(  # noqa: PLR0913 - settings by keyword, each documented
        self, model: str = "gpt-4o-realtime-preview", *, voice: str = "alloy", api_key: str | None = None, base_url: str | None = None,
        turn_detection: Detection | None = "server_vad", silence: float = 0.5, threshold: float | None = None,
        eagerness: Eagerness | None = None, transcription_model: str | None = "gpt-transcribe", language: str | None = None,
        prompt: str | None = None, noise_reduction: Noise | None = None, speed: float | None = None,
        max_output_tokens: int | None = None, timeout: float = TIMEOUT, stall: float = STALL,
    ) -> None:  # fmt: skip
        self._account = Account(
            f"OpenAIRealtime {model}", model, api_key=api_key, base_url=base_url, timeout=timeout, stall=stall, max_retries=0,
            load=lambda _client: None,
        )  # fmt: skip
        _one_of("turn_detection", turn_detection, get_args(Detection))
        _one_of("eagerness", eagerness, get_args(Eagerness))
        _one_of("noise_reduction", noise_reduction, get_args(Noise))
        _within("silence", silence, 0, _MOST_SILENCE)
        _within("threshold", threshold, 0, 1)
        _within("speed", speed, *_SPEEDS)
        _within("max_output_tokens", max_output_tokens, 1, _MOST_TOKENS)
        self.rate = RATE
        self.tail = {"server_vad": silence, "semantic_vad": _SEMANTIC_TAIL}.get(str(turn_detection))
        self.transcribes = transcription_model is not None
        self.limit: float | None = LIMIT
        self._options = Options(
            voice, turn_detection, silence, threshold, eagerness, transcription_model, language, prompt, noise_reduction, speed,
            max_output_tokens,
        )  # fmt: skip

    def check(self) -> None:
        """Whether there is a key and an address, without asking anybody.

        Raises:
            MisuseError: There is none; one line that says what to set.
        """
        self._account.check()

    async def connect(self, settings: RealtimeSettings) -> OpenAIRealtimeSession:
        """Connect, and tell the settings.

        Raises:
            OpenAIProviderError: The key, the model or the settings are refused, or the server cannot be reached.
        """
        account = self._account
        try:
            with anyio.fail_after(account.timeout):
                await run_in_thread(server_types)  # the SDK takes its time to import
                tls = await run_in_thread(_tls) if account.base_url.startswith("https") else None
                socket = await self._open(tls)
                session = OpenAIRealtimeSession(account, self._options, settings, socket)
                try:
                    await session.set_up()
                except BaseException:
                    await session.aclose()
                    raise
                return session
        except TimeoutError:
            raise OpenAIProviderError(
                f"{account.who}: {account.where} did not answer within {account.timeout:g} s", "timeout"
            ) from None

    async def _open(self, tls: ssl.SSLContext | None) -> WebSocket:
        account, key = self._account, self._account.secret()
        parts = urlsplit(account.base_url)
        query = "&".join(filter(None, (parts.query, f"model={quote(account.model)}")))
        url = urlunsplit((parts.scheme.replace("http", "ws"), parts.netloc, f"{parts.path.rstrip('/')}/realtime", query, ""))
        try:
            return await WebSocket.connect(url, {"Authorization": f"Bearer {key}"}, tls)
        except SocketRefused as refused:
            raise _refusal(account, refused.status, refused.body) from None
        except SocketClosed as gone:
            raise OpenAIProviderError(f"{account.who}: {account.where}: {clean(gone, key)}", "broken") from None
        except OSError as unreachable:
            line = f"{account.who}: {account.where} cannot be reached: {clean(unreachable, key)}"
            raise OpenAIProviderError(line, "unreachable") from None

    def __repr__(self) -> str:
        """Say whom it asks, never with what."""
        return f"OpenAIRealtime({self._account.model!r}, {self._account.where!r})"


def _refusal(account: Account, status: int, body: bytes) -> OpenAIProviderError:
    """What the answer to a handshake means. What the server says to a key is not repeated: it often has the key."""
    who = f"{account.who}: {account.where}"
    try:
        error = json.loads(body)["error"]
        code, said = str(error.get("code")), clean(error.get("message"), account.secret())
    except (ValueError, KeyError, TypeError, AttributeError):
        code, said = "", "no reason given"
    if status == 401:  # noqa: PLR2004 - HTTP
        return OpenAIProviderError(f"{who} refused the API key (401); check api_key=… or OPENAI_API_KEY", "key")
    if code == "insufficient_quota":
        return OpenAIProviderError(f"{who}: the account has no credit left ({status}): {said}", "quota")
    if code == "model_not_found":
        return OpenAIProviderError(f"{who} has no such model ({status}): {said}", "model")
    if status == 403:  # noqa: PLR2004 - HTTP
        return OpenAIProviderError(f"{who} denied access (403): {said}", "denied")
    if status == 404:  # noqa: PLR2004 - HTTP
        return OpenAIProviderError(f"{who} has no realtime interface (404); a base_url usually ends in /v1: {said}", "address")
    if status == 429:  # noqa: PLR2004 - HTTP
        return OpenAIProviderError(f"{who} gets too many requests (429): {said}", "rate")
    if status >= 500:  # noqa: PLR2004 - HTTP
        return OpenAIProviderError(f"{who} failed ({status}): {said}", "server")
    return OpenAIProviderError(f"{who} does not open a WebSocket ({status}): {said}", "refused")


def _one_of(name: str, given: Any, known: tuple[str, ...]) -> None:
    if given is not None and given not in known:
        raise MisuseError(f"OpenAIRealtime({name}={given!r}): {nearest(str(given), known)}")


def _within(name: str, given: Any, least: float, most: float) -> None:
    if given is not None and (isinstance(given, bool) or not isinstance(given, int | float) or not least <= given <= most):
        raise MisuseError(f"OpenAIRealtime({name}={given!r}): give a number from {least:g} to {most:g}")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """How the ``openai`` client trusts servers, and so do we. One for all: it costs 25 ms and half a megabyte."""
    import httpx2

    return httpx2.create_ssl_context()
