"""What a realtime (speech-to-speech) model must offer: sound and items in, sound and text out, over one connection.

The model answers; it never decides when. Whose turn it is, whether speech is cut and when a reply begins is decided by the tables, so a
model of this protocol is told to answer nothing by itself. No code, no provider, no waiting here.

Sound is PCM, signed 16 bit little endian, mono, at the model's ``rate`` in both directions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, Protocol, runtime_checkable

import attrs

from fsm_agents.chat.message import ChatItem, ToolCall
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.stages.base import Usage

__all__ = [
    "InputCommitted", "InputStarted", "InputStopped", "InputUnread", "InputWords", "RealtimeEvent", "RealtimeModel",
    "RealtimeRefused", "RealtimeRequest", "RealtimeSession", "RealtimeSettings", "ResponseAudio", "ResponseCalled", "ResponseCreated",
    "ResponseEnded", "ResponseStatus", "ResponseText",
]  # fmt: skip


# --- what the caller does ---------------------------------------------------------------------------------------------------------------


@attrs.frozen
class InputStarted:
    """The model's own detector hears speech; it will be this item."""

    item: str


@attrs.frozen
class InputStopped:
    """It hears no speech any more (after its own hangover: see ``RealtimeModel.tail``)."""

    item: str


@attrs.frozen
class InputCommitted:
    """The sound since the last commit is this item of the conversation, and can be answered."""

    item: str


@attrs.frozen
class InputWords:
    """What was said in an item; ``text`` is all of it so far. Final and empty: there were no words."""

    item: str
    text: str
    final: bool


@attrs.frozen
class InputUnread:
    """The words of an item could not be found out; the model has heard it all the same."""

    item: str
    reason: str


# --- what the model answers -------------------------------------------------------------------------------------------------------------


@attrs.frozen
class ResponseCreated:
    """A response begins. ``tag`` is the one of the request; empty where the provider does not tell."""

    response: str
    tag: str = ""


@attrs.frozen
class ResponseAudio:
    """Sound of an item of a response."""

    response: str
    item: str
    pcm: bytes = attrs.field(repr=lambda pcm: f"<{len(pcm)} bytes>")


@attrs.frozen
class ResponseText:
    """Words of an item of a response: the next piece, empty when the item begins. ``spoken``: they are what its sound says."""

    response: str
    item: str
    text: str
    spoken: bool


@attrs.frozen
class ResponseCalled:
    """The model calls a tool; the arguments are whole."""

    response: str
    item: str
    call: ToolCall


ResponseStatus = Literal["completed", "cancelled", "failed", "incomplete"]


@attrs.frozen
class ResponseEnded:
    """A response is over; ``reason`` says why if it is not completed. ``tag`` as in :class:`ResponseCreated`."""

    response: str
    status: ResponseStatus
    reason: str = ""
    usage: Usage = attrs.field(factory=Usage)
    tag: str = ""


@attrs.frozen
class RealtimeRefused:
    """The provider refused something that was asked of it; the connection stands.

    Args:
        tag: The request it is about; empty if it is about none, or the provider does not tell.
        reason: One line.
        busy: It was refused because another response is being made.
        failed: The provider itself failed, and it is about no request: what is being made may never end.
    """

    tag: str
    reason: str
    busy: bool = False
    failed: bool = False


RealtimeEvent = (
    InputStarted | InputStopped | InputCommitted | InputWords | InputUnread
    | ResponseCreated | ResponseAudio | ResponseText | ResponseCalled | ResponseEnded | RealtimeRefused
)  # fmt: skip


# --- what is asked of it ----------------------------------------------------------------------------------------------------------------


@attrs.frozen
class RealtimeSettings:
    """What a connection is for.

    Args:
        instructions: What the model is told about its task.
        tools: What it can call.
        hears: It is sent the caller's sound; else the caller's words come as items.
        speaks: It answers with sound; else with text.
        expected: What the caller is expected to say now: a hint for the words of the input. Empty: anything.
    """

    instructions: str = ""
    tools: tuple[FunctionTool, ...] = ()
    hears: bool = True
    speaks: bool = True
    expected: tuple[str, ...] = ()


@attrs.frozen
class RealtimeRequest:
    """A response that is wanted.

    Args:
        tag: Our name for it.
        exactly: Say these words and nothing else, outside of the conversation; empty: answer the conversation.
        tools: Whether it may call tools.
        silent: No sound is wanted, only text and calls: nobody will hear the answer.
    """

    tag: str
    exactly: str = ""
    tools: bool = True
    silent: bool = False


class RealtimeSession(Protocol):
    """One connection. Everything but ``events``, ``pump`` and ``aclose`` is called inline: it queues, and must not block.

    What it is told arrives in the order in which it was told. Of sound that cannot be sent in time it may forget the oldest.
    """

    def send_audio(self, pcm: bytes) -> None:
        """The caller's next sound, any whole number of samples."""
        ...

    def commit(self) -> None:
        """The sound since the last commit is an item: answered with :class:`InputCommitted`. For a model without turn detection."""
        ...

    def update(self, settings: RealtimeSettings) -> None:
        """The settings have changed."""
        ...

    def add_item(self, item: ChatItem, pcm: bytes = b"") -> str:
        """Add something to the end of the conversation: what ``item`` says, or else ``pcm``, the sound of the caller.

        Returns the item's name. The words of a sound are told as those of any item; it is not told as committed.
        """
        ...

    def delete_item(self, item: str) -> None:
        """Take an item out of the conversation."""
        ...

    def truncate(self, item: str, audio_end_ms: int) -> None:
        """Only this much of the sound of the model's item was heard."""
        ...

    def create_response(self, request: RealtimeRequest) -> None:
        """Answer: :class:`ResponseCreated`, then the rest, or :class:`RealtimeRefused`."""
        ...

    def cancel(self, response: str) -> None:
        """Stop making a response; it ends as ``cancelled``. Empty: whatever is made for the conversation, if anything is."""
        ...

    def events(self) -> AsyncIterator[RealtimeEvent]:
        """What the provider says, until the connection ends in order (the iterator ends) or breaks (it raises ProviderError)."""
        ...

    async def pump(self) -> None:
        """Carry what was told to the provider, until cancelled. Raises ProviderError if that is not possible any more."""
        ...

    async def aclose(self) -> None:
        """Close the connection, without waiting for the other side."""
        ...


@runtime_checkable
class RealtimeModel(Protocol):
    """A realtime model.

    Attributes:
        rate: Samples per second, both ways.
        tail: Seconds of silence after which its own detector says that speech stopped; ``None``: it has no detector, the pipeline brings
            one.
        transcribes: Whether it tells the caller's words (:class:`InputWords`, or :class:`InputUnread`, for each committed item).
        limit: Seconds after which the provider ends a connection; ``None``: never.
    """

    rate: int
    tail: float | None
    transcribes: bool
    limit: float | None

    def check(self) -> None:
        """Raise what can be known without a connection to keep it from ever working: a missing key, say. One clear line."""
        ...

    async def connect(self, settings: RealtimeSettings) -> RealtimeSession:
        """A new connection with an empty conversation. Raises ProviderError; ``retryable`` if trying again may help."""
        ...
