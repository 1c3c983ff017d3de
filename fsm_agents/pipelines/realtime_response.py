"""One response of a realtime model: a small table, and its events in order for whoever reads them.

The table is what makes old responses harmless: events count only while a response is wanted and runs, a response that was given up before
it began is cancelled when it begins, and whatever comes twice or too late means nothing.
"""

# ruff: noqa: ARG001 - guards and actions share one signature: (event, data)

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from enum import Enum
from typing import Any

import anyio
import attrs

from fsm_agents.errors import ProviderError
from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.rows import STAY, Effects, drop, owes, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.stages.realtime import (
    RealtimeRefused,
    RealtimeRequest,
    ResponseAudio,
    ResponseCalled,
    ResponseCreated,
    ResponseEnded,
    ResponseText,
)  # fmt: skip

__all__ = ["RESPONSE", "BusyError", "ConnectionLostError", "Responding", "Response"]


class ConnectionLostError(ProviderError):
    """The connection broke before the response was over."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, retryable=True)


class BusyError(ProviderError):
    """The provider makes another response at the moment."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, retryable=True)


class Responding(Enum):
    """How far a response is."""

    WANTED = "asked for, not begun"
    UNWANTED = "given up before it began"
    RUNNING = "being made"
    STOPPING = "given up while it was being made"
    OVER = "over"


@attrs.frozen
class StopAsked:
    """Nobody wants it any more."""


@attrs.frozen
class Lost:
    """The connection is gone."""

    reason: str


@attrs.frozen
class Tell:
    """Hand this to the reader."""

    event: object


@attrs.frozen
class CancelResponse:
    """Tell the provider to stop. Without a name: whatever it makes for the conversation."""

    response: str


@attrs.frozen
class Leftover:
    """Something of a response that was given up; the provider may still have it in the conversation."""

    item: str


R = Responding


def tell(event: object, response: Response) -> Effects:
    """The reader learns of it."""
    return (Tell(event),)


def bind(created: ResponseCreated, response: Response) -> Effects:
    """From now on it is known by the provider's name."""
    return (Set("id", created.response),)


def bind_and_cancel(created: ResponseCreated, response: Response) -> Effects:
    """It begins too late."""
    return Set("id", created.response), CancelResponse(created.response)


def cancel_unnamed(event: StopAsked, response: Response) -> Effects:
    """Stop it if it has begun and we have not heard of it; what is said outside of the conversation cannot be stopped without a name."""
    return () if response.request.exactly else (CancelResponse(""),)


def cancel(event: object, response: Response) -> Effects:
    """Stop it."""
    return (CancelResponse(response.id),)


def leftover(event: ResponseText | ResponseAudio | ResponseCalled, response: Response) -> Effects:
    """It was on its way. What is said outside of the conversation leaves nothing there."""
    return () if response.request.exactly else (Leftover(event.item),)


_OUTPUT = (ResponseAudio, ResponseText, ResponseCalled)

# fmt: off
RESPONSE: StateTable[Responding, Response] = StateTable("response", Responding, start=R.WANTED, final=(R.OVER,), rows=[
    #    in           on                to           do
    row(R.WANTED,     ResponseCreated,  R.RUNNING,   bind           ),
    row(R.WANTED,     StopAsked,        R.UNWANTED,  cancel_unnamed ),
    row(R.WANTED,     RealtimeRefused,  R.OVER,      tell           ),
    row(R.WANTED,     Lost,             R.OVER,      tell           ),
    drop(R.WANTED,    *_OUTPUT, ResponseEnded),
    owes(R.WANTED,    "the provider; the reply that waits has a limit of its own"),

    row(R.UNWANTED,   ResponseCreated,  R.STOPPING,  bind_and_cancel),
    row(R.UNWANTED,   RealtimeRefused,  R.OVER                      ),
    row(R.UNWANTED,   Lost,             R.OVER                      ),
    drop(R.UNWANTED,  StopAsked, *_OUTPUT, ResponseEnded),
    owes(R.UNWANTED,  "the provider; nobody waits for it but the next response, and that not for long"),

    row(R.RUNNING,    ResponseAudio,    STAY,        tell           ),
    row(R.RUNNING,    ResponseText,     STAY,        tell           ),
    row(R.RUNNING,    ResponseCalled,   STAY,        tell           ),
    row(R.RUNNING,    ResponseEnded,    R.OVER,      tell           ),
    row(R.RUNNING,    StopAsked,        R.STOPPING,  cancel         ),
    row(R.RUNNING,    Lost,             R.OVER,      tell           ),
    row(R.RUNNING,    RealtimeRefused,  R.OVER,      (tell, cancel) ),   # the provider failed in its middle
    drop(R.RUNNING,   ResponseCreated),
    owes(R.RUNNING,   "the provider; the reply that waits has a limit of its own"),

    row(R.STOPPING,   ResponseAudio,    STAY,        leftover       ),
    row(R.STOPPING,   ResponseText,     STAY,        leftover       ),
    row(R.STOPPING,   ResponseCalled,   STAY,        leftover       ),
    row(R.STOPPING,   ResponseEnded,    R.OVER                      ),
    row(R.STOPPING,   Lost,             R.OVER                      ),
    drop(R.STOPPING,  ResponseCreated, RealtimeRefused, StopAsked),
    owes(R.STOPPING,  "the provider; nobody waits for it but the next response, and that not for long"),

    drop(R.OVER,      ResponseCreated, RealtimeRefused, StopAsked, Lost, *_OUTPUT, ResponseEnded),
])
# fmt: on


class Response:
    """One response: iterate over what it gives, until it has ended.

    Args:
        request: What was asked for.
        perform: Does what the table asks besides telling the reader.
    """

    def __init__(self, request: RealtimeRequest, perform: Callable[[Any], None]) -> None:
        self.request = request
        self.id = ""
        self._perform = perform
        self._session = RESPONSE.engine.start(self)
        self._told: deque[Any] = deque()
        self._news = anyio.Event()

    @property
    def state(self) -> Responding:
        """How far it is."""
        state: Responding = self._session.state
        return state

    @property
    def holds_the_conversation(self) -> bool:
        """Whether no other response to the conversation can be made meanwhile."""
        return not self.request.exactly and self.state is not R.OVER

    def post(self, event: object) -> None:
        """Tell the table."""
        for effect in RESPONSE.engine.step(self._session, event) or ():
            if isinstance(effect, Tell):
                self._told.append(effect.event)
                self._news.set()
            else:
                self._perform(effect)

    async def events(self) -> AsyncIterator[ResponseAudio | ResponseText | ResponseCalled | ResponseEnded]:
        """What it gives, in order; the last one is :class:`ResponseEnded`.

        Raises:
            ConnectionLostError: the connection broke.
            BusyError: another response is being made.
            ProviderError: it was refused.
        """
        while True:
            while not self._told:
                self._news = anyio.Event()
                await self._news.wait()
            event = self._told.popleft()
            if isinstance(event, Lost):
                raise ConnectionLostError(event.reason)
            if isinstance(event, RealtimeRefused):
                raise BusyError(event.reason) if event.busy else ProviderError(event.reason)
            yield event
            if isinstance(event, ResponseEnded):
                return
