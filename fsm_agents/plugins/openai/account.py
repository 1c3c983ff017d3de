"""Who asks, and whom: the key, the server, the deadlines and the client of one stage. It knows no interface of the server's.

The client is made in a thread when it is first needed: importing ``openai`` takes 0.4 s and more, and an event loop that stands
still for so long drops sound.
"""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import anyio

from fsm_agents.errors import MisuseError
from fsm_agents.plugins.openai.failures import OpenAIProviderError, of_exception
from fsm_agents.runtime.threads import run_in_thread

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["MAX_RETRIES", "STALL", "Account"]

log = logging.getLogger("fsm_agents")

MAX_RETRIES = 2
"""Tries after the first: the default of the ``openai`` client."""
STALL = 5.0
"""Seconds without any news in the middle of an answer: below the 6.5 s of silence after which a reply has failed."""
_OPENAI = "https://api.openai.com/v1"
_LONGEST_WAIT = 600.0  # seconds: what the openai client waits for an answer
_MOST_RETRIES = 10


class Account:
    """What a stage needs to ask its server.

    Args:
        who: The stage and its model, for messages.
        model: The model.
        api_key: The key; ``None``: from the environment variable ``OPENAI_API_KEY``, when it is needed.
        base_url: The server; ``None``: from ``OPENAI_BASE_URL``, else OpenAI's own.
        timeout: Seconds until an answer must have begun, for each try.
        stall: Seconds between two pieces of an answer.
        max_retries: Tries after the first.
        patience: Seconds that all tries together may take, but at least one timeout: a caller hears the silence, whoever's it is.
        load: What of the client the stage will use, so that its import happens in the thread too.

    Raises:
        MisuseError: A value is not possible.
    """

    def __init__(  # noqa: PLR0913 - keywords, each documented
        self, who: str, model: str, *, api_key: str | None, base_url: str | None, timeout: float, stall: float,
        max_retries: int, load: Callable[[Any], object], patience: float = 0.0,
    ) -> None:  # fmt: skip
        stage = who.partition(" ")[0]
        if not isinstance(model, str) or not model:
            raise MisuseError(f"{stage}(model={model!r}): give the name of a model")
        if api_key is not None and not isinstance(api_key, str):
            raise MisuseError(f"{stage}(api_key=…) is a {type(api_key).__name__}; give text")
        for name, seconds in (("timeout", timeout), ("stall", stall)):
            if not isinstance(seconds, int | float) or not 0 < seconds <= _LONGEST_WAIT:
                raise MisuseError(f"{stage}({name}={seconds!r}): give seconds above 0, at most {_LONGEST_WAIT:g}")
        if not isinstance(max_retries, int) or not 0 <= max_retries <= _MOST_RETRIES:
            raise MisuseError(f"{stage}(max_retries={max_retries!r}): give a whole number from 0 to {_MOST_RETRIES}")
        self.who, self.model, self.timeout, self.stall, self.max_retries = who, model, timeout, stall, max_retries
        self.patience = max(timeout, patience)
        self._given_key, self._given_url = _Secret(api_key or ""), base_url
        self._load = load
        self._client: AsyncOpenAI | None = None
        self._making = anyio.Lock()
        self._warm = False
        if base_url is not None:
            _check_url(f"{stage}(base_url=…)", base_url)

    @property
    def base_url(self) -> str:
        """The server's address as it was given."""
        return self._given_url or os.environ.get("OPENAI_BASE_URL", "").strip() or _OPENAI

    @property
    def where(self) -> str:
        """The server's address as it may be shown: without a query."""
        return urlunsplit((*urlsplit(self.base_url)[:3], "", ""))

    @property
    def is_openai(self) -> bool:
        """Whether the server is OpenAI's own (or Azure's), which has fields that others do not know."""
        host = urlsplit(self.base_url).hostname or ""
        return host.endswith((".openai.com", ".openai.azure.com"))

    def check(self) -> None:
        """Whether there is a key and an address, without asking anybody.

        Raises:
            MisuseError: There is none; one line that says what to set.
        """
        self._key()
        if self._given_url is None and os.environ.get("OPENAI_BASE_URL", "").strip():
            _check_url("OPENAI_BASE_URL", self.base_url)

    async def warm_up(self) -> None:
        """Load the client, and ask the server once whether it knows the key and the model; it is then connected, too.

        A server that does not answer this question (many do not list models, or not all) is taken at its word later. One that is
        only busy now is no reason not to start: that is logged.

        Raises:
            MisuseError: There is no key.
            OpenAIProviderError: The key is refused, the model unknown, or the server cannot be reached.
        """
        client = await self.client()
        if self._warm:
            return
        self._warm = True
        try:
            with anyio.fail_after(self.timeout):
                await client.models.retrieve(self.model)
        except TimeoutError:
            log.warning("%s: %s did not say within %g s whether it knows the model", self.who, self.where, self.timeout)
        except Exception as error:  # noqa: BLE001 - whatever the client raises is sorted here
            failure = self.failure(error)
            if failure.kind in ("key", "denied", "quota", "unreachable") or _is_unknown_model(error):
                self._warm = False  # whoever asks again is told again
                raise failure from None
            log.log(logging.WARNING if failure.retryable else logging.DEBUG, "%s", failure)

    async def client(self) -> AsyncOpenAI:
        """The client, made when it is first asked for.

        Raises:
            MisuseError: There is no key.
        """
        async with self._making:
            if self._client is None:
                self.check()
                self._client = await run_in_thread(_make_client, self._key(), self.base_url, self._load)
            return self._client

    def failure(self, error: Exception) -> OpenAIProviderError:
        """The failure that an exception of the client means."""
        return of_exception(error, self.who, self.where, self._key())

    def secret(self) -> str:
        """The key, for cleaning what is said."""
        return self._key()

    async def aclose(self) -> None:
        """Close the client's connections. Asking again opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _key(self) -> str:
        key = (self._given_key.text or os.environ.get("OPENAI_API_KEY", "")).strip()
        if not key:
            hint = "" if self.is_openai else f" ({self.where} may take any word)"
            raise MisuseError(f"{self.who} has no API key: set OPENAI_API_KEY, or give api_key=…{hint}")
        if not key.isascii() or not key.isprintable():
            raise MisuseError(f"{self.who}: the API key has characters that no key has; was it copied with something else?")
        return key

    def __repr__(self) -> str:
        """Say whom it asks, never with what."""
        return f"Account({self.who!r}, {self.where!r})"


class _Secret:
    """Text that shows itself to nobody: not in a repr, a log, or a dump of attributes."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return "[key]" if self.text else "[no key]"


def _check_url(name: str, url: str) -> None:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise MisuseError(f"{name} is no address of a server; give for example 'http://localhost:8000/v1'")
    if "@" in parts.netloc:  # the HTTP client would send these instead of the key, and write them to its log
        raise MisuseError(f"{name} has a user or a password in it, which is not possible beside a key; take them out")


def _is_unknown_model(error: Exception) -> bool:
    """Whether the server names the model as the reason; a 404 alone may only mean that it does not list models."""
    return getattr(error, "code", None) == "model_not_found"


def _make_client(key: str, base_url: str, load: Callable[[Any], object]) -> AsyncOpenAI:
    import openai

    # Retries and deadlines are ours: the client's end with the first byte, and an answer may break after it.
    http = openai.DefaultAsyncHttpxClient(verify=_tls(), timeout=None)
    client = openai.AsyncOpenAI(api_key=key, base_url=base_url, http_client=http, timeout=None, max_retries=0)
    load(client)
    _ = client.models
    return client


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """One for all clients: each would read the certificates again, for 25 ms and half a megabyte."""
    import httpx2

    return httpx2.create_ssl_context()
