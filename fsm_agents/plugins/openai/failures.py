"""What went wrong on the other side, in one line, without a secret: every exception of the client becomes an OpenAIProviderError here.

The line is made of our words and, where it helps, of the server's; the server's are cut short, and cleaned of anything that looks
like a key (some servers repeat the one they were sent). Exceptions of the client are not chained: their text may have it too.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from fsm_agents.errors import ProviderError

__all__ = ["Kind", "OpenAIProviderError", "clean", "of_error_event", "of_exception"]

Kind = Literal[
    "key", "denied", "model", "address", "quota", "refused", "rate", "server", "timeout", "stall", "unreachable", "broken",
    "malformed", "wrong_type", "too_big", "empty", "filtered",
]  # fmt: skip

_RETRYABLE: frozenset[Kind] = frozenset({"rate", "server", "timeout", "stall", "unreachable", "broken", "malformed", "empty"})
_LONGEST_QUOTE = 200
_KEYS = re.compile(r"\b(sk|sess|key)-[\w*.-]{3,}|(?i:bearer)\s+\S+")


class OpenAIProviderError(ProviderError):
    """The other side failed, or answered nonsense.

    Args:
        message: One line.
        kind: What it was, in a word: ``key`` (refused), ``denied``, ``model`` (unknown), ``address`` (nothing there), ``quota``
            (no credit), ``refused`` (the request), ``rate`` (too many), ``server`` (5xx), ``timeout`` (no beginning), ``stall``
            (no end), ``unreachable``, ``broken`` (the connection, or the answer's end is missing), ``malformed``, ``wrong_type``
            (no answer of such an interface), ``too_big``, ``empty``, ``filtered`` (withheld).
        retry_after: Seconds that the server asked to wait.
    """

    def __init__(self, message: str, kind: Kind, *, retry_after: float | None = None, retryable: bool | None = None) -> None:
        super().__init__(message, retryable=kind in _RETRYABLE if retryable is None else retryable)
        self.kind: Kind = kind
        self.retry_after = retry_after


def clean(text: object, key: str) -> str:
    """What a server said: on one line, short, and without the key."""
    said = " ".join(str(text).split())
    if key:
        said = said.replace(key, "[key]")
    said = _KEYS.sub("[key]", said)
    return said if len(said) <= _LONGEST_QUOTE else said[:_LONGEST_QUOTE] + " …"


def of_exception(error: Exception, who: str, where: str, key: str) -> OpenAIProviderError:
    """The failure that an exception of the client means.

    Args:
        error: What was raised.
        who: The stage and its model.
        where: The server.
        key: What must not be said.
    """
    import httpx2
    import openai

    if isinstance(error, OpenAIProviderError):
        return error
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, who, where, key)
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    if isinstance(cause, httpx2.ConnectError | httpx2.UnsupportedProtocol | OSError):
        reason = clean(cause, key)
        return OpenAIProviderError(f"{who}: {where} cannot be reached: {reason}", "unreachable")
    if isinstance(cause, httpx2.TransportError | httpx2.StreamError):
        return OpenAIProviderError(f"{who}: the connection to {where} broke ({type(cause).__name__})", "broken")
    reason = clean(cause, key)
    return OpenAIProviderError(f"{who}: {where} answered what cannot be read ({type(cause).__name__}: {reason})", "malformed")


def of_error_event(error: Any, who: str, where: str, key: str) -> OpenAIProviderError:
    """The failure that a stream reports in its middle: an object with ``message`` and ``code``, or only words."""
    said, code = (error.get("message"), error.get("code") or error.get("type")) if isinstance(error, dict) else (error, "")
    passing = str(code) in ("server_error", "rate_limit_exceeded", "overloaded_error", "None", "")
    line = f"{who}: {where} broke off with an error: {clean(said, key)}"
    return OpenAIProviderError(line, "server" if passing else "refused")


def _of_status(error: Any, who: str, where: str, key: str) -> OpenAIProviderError:
    status, code, said = error.status_code, error.code, clean(_said(error), key)
    if status == 401:  # noqa: PLR2004 - HTTP; what the server says to it is not repeated: it often has the key
        return OpenAIProviderError(f"{who}: {where} refused the API key (401); check api_key=… or OPENAI_API_KEY", "key")
    if status == 403:  # noqa: PLR2004 - HTTP
        return OpenAIProviderError(f"{who}: {where} denied access (403): {said}", "denied")
    if status == 404:  # noqa: PLR2004 - HTTP
        if code == "model_not_found" or "model" in said.lower():
            return OpenAIProviderError(f"{who}: {where} has no such model (404): {said}", "model")
        line = f"{who}: {where} has no such interface (404); a base_url usually ends in /v1: {said}"
        return OpenAIProviderError(line, "address")
    if status == 429:  # noqa: PLR2004 - HTTP
        return _of_limit(error, who, where, said)
    if status in (408, 409) or status >= 500:  # noqa: PLR2004 - HTTP: those that the client's own retries count in
        return OpenAIProviderError(f"{who}: {where} failed ({status}): {said}", "server", retry_after=_retry_after(error))
    return OpenAIProviderError(f"{who}: {where} refused the request ({status}): {said}", "refused")


def _of_limit(error: Any, who: str, where: str, said: str) -> OpenAIProviderError:
    if error.code in ("insufficient_quota", "billing_hard_limit_reached"):
        return OpenAIProviderError(f"{who}: the account at {where} has no credit left (429): {said}", "quota")
    wait = _retry_after(error)
    asks = "" if wait is None else f", and asks to wait {wait:g} s"
    return OpenAIProviderError(f"{who}: {where} gets too many requests (429){asks}: {said}", "rate", retry_after=wait)


def _said(error: Any) -> str:
    """The server's own words, without the client's around them."""
    body = error.body
    if isinstance(body, dict):
        return str(body.get("message") or body.get("detail") or "no reason given")
    return str(body or "no reason given")


def _retry_after(error: Any) -> float | None:
    """The header ``retry-after`` (or ``-ms``) in seconds; a date in it is not read: ``None``."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None
