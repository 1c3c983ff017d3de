"""One request, and the body of its answer piece by piece, each with a deadline; and the same again when that may help.

The request goes through the ``openai`` client; the body is read from its raw response and not through the client's stream class:
that one leaves generators open on trio, has no limit on a line, and takes an answer that ends in the middle for a whole one.
"""

from __future__ import annotations

import json
import logging
import math
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, TypeVar

import anyio

from fsm_agents.plugins.openai.account import Account
from fsm_agents.plugins.openai.failures import OpenAIProviderError, of_error_event

__all__ = ["EVENTS", "JSON", "LONGEST_RETRY", "Body", "asking", "events", "insisting"]

log = logging.getLogger("fsm_agents")

T = TypeVar("T")

JSON = ("application/json",)
EVENTS = ("text/event-stream",)

LONGEST_RETRY = 3.0
"""Seconds; whoever asks to wait longer is not waited for: a caller hears the silence."""
_MOST_BYTES = 16 * 2**20  # of one answer: almost six minutes of speech, and more text than any model writes
_MOST_EVENT = 2**20
_DRAIN = 0.1  # seconds for the end of a body, so that its connection can be used again; what the client waits
_FIRST_WAIT = 0.5  # seconds, doubled with each try, as the client has it
_JITTER = 0.25

Ask = Callable[[Any], Callable[..., Any]]
"""From the client to its method, in the form that does not read the body."""


class Body:
    """The body of an answer.

    Args:
        account: Who asks.
        response: The client's raw response.
        due: When, on the loop's clock, the first piece must be there.
        until: When, on that clock, all of it must be; infinity for an answer that is used while it comes.

    Attributes:
        content_type: What the server says it is.
    """

    def __init__(self, account: Account, response: Any, due: float, until: float) -> None:
        self._account, self._due, self._until = account, due, until
        self.content_type: str = response.headers.get("content-type", "")
        self._pieces = response.http_response.aiter_bytes()
        self._begun = False
        self._bytes = 0

    async def read(self) -> bytes | None:
        """The next piece; ``None`` at the end.

        Raises:
            OpenAIProviderError: It did not come in time, the connection broke, or there is no end to it.
        """
        account = self._account
        now = anyio.current_time()
        limit = max(0.0, min(account.stall if self._begun else self._due - now, self._until - now))
        piece: bytes | None = None
        with anyio.move_on_after(limit) as scope:
            piece = await anext(self._pieces, None)
        if scope.cancelled_caught:
            raise _too_late(account, begun=self._begun, waited=limit)
        self._begun = True
        self._bytes += len(piece or b"")
        if self._bytes > _MOST_BYTES:
            raise OpenAIProviderError(
                f"{account.who}: {account.where} answers without end; cut after {_MOST_BYTES >> 20} MB", "too_big"
            )
        return piece

    async def drain(self) -> None:
        """The answer is over; read to the end of the body, if that is near, so that the connection can be used again."""
        with anyio.move_on_after(_DRAIN), suppress(Exception):
            while await anext(self._pieces, None) is not None:
                pass

    async def aclose(self) -> None:
        """No more is read.

        Reading on in a cancelled scope ends the generators of the HTTP client from the inside. Closing only the outermost leaves
        one that trio complains of, and finishes at a time of its own.
        """
        with anyio.CancelScope() as scope, suppress(Exception):
            scope.cancel()
            while await anext(self._pieces, None) is not None:
                pass
        await self._pieces.aclose()


@asynccontextmanager
async def asking(
    account: Account, ask: Ask, request: Mapping[str, Any], kinds: tuple[str, ...], until: float, *, whole: bool = False
) -> AsyncGenerator[Body]:
    """Send a request, and have the body of its answer while the block runs. What the block raises comes as an OpenAIProviderError.

    Args:
        account: Who asks whom.
        ask: The method of the client.
        request: Its arguments.
        kinds: Beginnings of the content types that an answer may have.
        until: When, on the loop's clock, the answer must have begun, whatever the account allows one try.
        whole: By then all of it must be there: nothing is used before its end.
    """
    client = await account.client()
    due = min(anyio.current_time() + account.timeout, until)
    try:
        sent = ask(client)(**request)
        response = await _opened(account, sent, due)
        try:
            _check_kind(account, response.headers.get("content-type", ""), kinds)
            async with aclosing(Body(account, response, due, until if whole else math.inf)) as body:
                yield body
        finally:
            await sent.__aexit__(None, None, None)
    except Exception as error:  # noqa: BLE001 - of the client's making: sorted in failures.py
        raise account.failure(error) from None


async def _opened(account: Account, sent: Any, due: float) -> Any:
    """The response, as soon as its head is there."""
    limit = max(0.0, due - anyio.current_time())
    with anyio.move_on_after(limit):
        return await sent.__aenter__()
    raise _too_late(account, begun=False, waited=limit)


async def events(account: Account, body: Body) -> AsyncGenerator[dict[str, Any]]:
    """The JSON objects of server-sent events, until ``[DONE]`` or the end of the body.

    Raises:
        OpenAIProviderError: One is no JSON object, is without end, or says that something failed.
    """
    lines, data = b"", b""
    while (piece := await body.read()) is not None:
        *whole, lines = (lines + piece).split(b"\n")
        if len(lines) + len(data) > _MOST_EVENT:
            raise OpenAIProviderError(
                f"{account.who}: {account.where} sent an event of more than {_MOST_EVENT >> 20} MB", "too_big"
            )
        for line in whole:
            line = line.rstrip(b"\r")  # noqa: PLW2901 - a line's end, whichever it has
            if line.startswith(b"data:"):
                data += line[5:].strip()
            elif not line and data:
                event, data = data, b""
                if event == b"[DONE]":
                    await body.drain()
                    return
                yield _object(account, event)


def _object(account: Account, event: bytes) -> dict[str, Any]:
    try:
        made = json.loads(event)
    except ValueError:
        made = None
    if not isinstance(made, dict):
        raise OpenAIProviderError(f"{account.who}: {account.where} sent an event that is no JSON object", "malformed")
    if made.get("error"):
        raise of_error_event(made["error"], account.who, account.where, account.secret())
    return made


async def insisting(
    account: Account, once: Callable[[float], AsyncGenerator[T]], *, repeatable: bool = False
) -> AsyncGenerator[T]:
    """What ``once()`` yields, begun again when it failed in a way that passes and there is time left.

    Args:
        account: How often, how long, and who.
        once: One try; it is told until when, on the loop's clock, all tries together may take.
        repeatable: Whether it may be begun again although something came of it; else only before the first.

    Raises:
        OpenAIProviderError: The last one.
    """
    until = anyio.current_time() + account.patience
    for tried in range(account.max_retries + 1):
        begun = False
        try:
            async with aclosing(once(until)) as parts:
                async for part in parts:
                    begun = True
                    yield part
                return
        except OpenAIProviderError as failure:
            wait = _wait(failure, tried)
            if not failure.retryable or (begun and not repeatable) or tried == account.max_retries or wait is None:
                raise
            if anyio.current_time() + wait >= until:
                raise
            log.warning("%s; tried again in %.1f s (%d of %d)", failure, wait, tried + 1, account.max_retries)
        await anyio.sleep(wait)


def _wait(failure: OpenAIProviderError, tried: int) -> float | None:
    """Seconds before the next try; ``None``: the server wants more than a caller has."""
    if failure.retry_after is not None:
        return failure.retry_after if failure.retry_after <= LONGEST_RETRY else None
    spread = 1 - _JITTER * random.random()  # noqa: S311 - not all sessions of a process at the same moment
    return float(_FIRST_WAIT * 2**tried * spread)


def _too_late(account: Account, *, begun: bool, waited: float) -> OpenAIProviderError:
    if begun and waited < account.stall:
        line = f"{account.who}: {account.where} did not end its answer within {account.patience:g} s"
        return OpenAIProviderError(line, "stall")
    if begun:
        line = f"{account.who}: {account.where} stopped in the middle of its answer: nothing for {account.stall:g} s"
        return OpenAIProviderError(line, "stall")
    return OpenAIProviderError(f"{account.who}: {account.where} did not begin to answer within {account.timeout:g} s", "timeout")


def _check_kind(account: Account, kind: str, kinds: tuple[str, ...]) -> None:
    if kind and not kind.startswith(kinds):
        line = (
            f"{account.who}: {account.where} answered with {kind.partition(';')[0]} where {kinds[0]} belongs; is base_url right?"
        )
        raise OpenAIProviderError(line, "wrong_type")
