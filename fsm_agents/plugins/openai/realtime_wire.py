"""OpenAI's realtime interface in words: what we say to it, and what its events mean. Pure translation; nothing is sent here.

The shapes are those of the interface's general release; the events of the beta before it, which some other servers still speak, are read
too. Server events are read with the SDK's own types, leniently, as the SDK reads them: what a server adds or leaves out is no failure.
"""

from __future__ import annotations

import base64
import logging
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_args

import attrs

from fsm_agents.chat.message import ToolCall
from fsm_agents.plugins.openai.failures import OpenAIProviderError
from fsm_agents.stages.base import Usage
from fsm_agents.stages.realtime import (
    InputCommitted,
    InputStarted,
    InputStopped,
    InputUnread,
    InputWords,
    RealtimeEvent,
    RealtimeRefused,
    ResponseAudio,
    ResponseCalled,
    ResponseCreated,
    ResponseEnded,
    ResponseStatus,
    ResponseText,
)  # fmt: skip

__all__ = ["BUSY", "EXPIRED", "Reader", "server_types"]

log = logging.getLogger("fsm_agents")

_TEXTS: dict[Any, tuple[str, ...]] = {
    kind: tuple(field.name for field in attrs.fields(kind) if field.type == "str") for kind in get_args(RealtimeEvent)
}
"""The fields of each event that must be there."""
BUSY = "conversation_already_has_active_response"
EXPIRED = "session_expired"
_NOT_ACTIVE = "response_cancel_not_active"
_EMPTY = "input_audio_buffer_commit_empty"
_REMEMBERED = 512
_BETA = {
    "response.audio.delta": "response.output_audio.delta",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.text.delta": "response.output_text.delta",
}
"""What the beta called it."""


@cache
def server_types() -> dict[str, type[Any]]:
    """The SDK's type of each server event, by its ``type``. Imports the SDK: call it first where that may take its time."""
    from openai.types.realtime import RealtimeServerEvent

    types: dict[str, type[Any]] = {}
    for kind in get_args(get_args(RealtimeServerEvent)[0]):
        for name in get_args(kind.model_fields["type"].annotation):
            types[name] = kind
    return types


class Reader:
    """Reads the events of one connection, in order.

    Args:
        clean: Makes a line of what the server says, without secrets.
        spoken: Whether the model answers with sound.
    """

    def __init__(self, clean: Callable[[object], str], *, spoken: bool) -> None:
        self._clean, self._spoken = clean, spoken
        self._seen: dict[str, None] = {}  # in order
        self._words: dict[str, str] = {}
        self._names: dict[str, str] = {}  # of the tools called, by item
        self._called: set[str] = set()
        self._half: dict[str, bytes] = {}  # half a sample, by item
        self._commits: deque[str] = deque()
        self._ours: dict[str, str] = {}  # our names of items the server named
        self._theirs: dict[str, str] = {}
        self._cancels: dict[str, str] = {}
        self._ways: dict[str, Callable[[Any], Iterator[RealtimeEvent]]] = {
            "input_audio_buffer.speech_started": lambda e: iter((InputStarted(e.item_id),)),
            "input_audio_buffer.speech_stopped": lambda e: iter((InputStopped(e.item_id),)),
            "input_audio_buffer.committed": self._committed,
            "conversation.item.input_audio_transcription.delta": self._some_words,
            "conversation.item.input_audio_transcription.completed": self._all_words,
            "conversation.item.input_audio_transcription.failed": self._no_words,
            "response.created": self._created,
            "response.output_item.added": self._item,
            "response.output_item.done": self._item_done,
            "response.output_audio.delta": self._sound,
            "response.output_audio_transcript.delta": lambda e: self._text(e, spoken=True),
            "response.output_text.delta": lambda e: self._text(e, spoken=False),
            "response.function_call_arguments.done": self._arguments,
            "response.done": self._ended,
            "error": self._error,
        }

    def commits(self, name: str) -> None:
        """We commit: what the server calls the item, we call ``name``, and it is nothing new; empty: it is the caller's next."""
        self._commits.append(name)

    def cancels(self, event: str, response: str) -> None:
        """We cancel a response by this event."""
        self._cancels[event] = response

    def theirs(self, name: str) -> str:
        """The server's name of an item that we named."""
        return self._theirs.get(name, name)

    def read(self, data: dict[str, Any]) -> list[RealtimeEvent]:
        """What an event means; nothing, if it means nothing to us, came before, or is malformed.

        Raises:
            OpenAIProviderError: The server ends the connection.
        """
        kind = _BETA.get(str(data.get("type")), str(data.get("type")))
        way = self._ways.get(kind)
        if way is None or self._is_old(data.get("event_id")):
            return []
        try:
            return [_whole(meant) for meant in way(server_types()[kind].construct(**{**data, "type": kind}))]
        except (AttributeError, KeyError, TypeError, ValueError) as wrong:
            log.warning("an event %r of the realtime interface cannot be read (%s)", kind, type(wrong).__name__)
            return []

    def _is_old(self, event: object) -> bool:
        if not isinstance(event, str) or not event:
            return False
        if event in self._seen:
            return True
        self._seen[event] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return False

    # --- the caller ------------------------------------------------------------------------------------------------------------------

    def _committed(self, event: Any) -> Iterator[RealtimeEvent]:
        name = self._commits.popleft() if self._commits else ""
        if name:
            self._ours[event.item_id], self._theirs[name] = name, event.item_id
        else:
            yield InputCommitted(event.item_id)

    def _some_words(self, event: Any) -> Iterator[RealtimeEvent]:
        text = self._words[event.item_id] = self._words.get(event.item_id, "") + (event.delta or "")
        yield InputWords(self._name(event), text, final=False)

    def _all_words(self, event: Any) -> Iterator[RealtimeEvent]:
        self._words.pop(event.item_id, None)
        yield InputWords(self._name(event), event.transcript, final=True)

    def _no_words(self, event: Any) -> Iterator[RealtimeEvent]:
        yield InputUnread(self._name(event), self._clean(getattr(event.error, "message", None) or "no reason given"))

    def _name(self, event: Any) -> str:
        item: str = event.item_id
        return self._ours.get(item, item)

    # --- responses -------------------------------------------------------------------------------------------------------------------

    def _created(self, event: Any) -> Iterator[RealtimeEvent]:
        yield ResponseCreated(event.response.id, _tag(event.response))

    def _item(self, event: Any) -> Iterator[RealtimeEvent]:
        if event.item.type == "function_call":
            self._names[event.item.id] = event.item.name
        elif event.item.type == "message":
            yield ResponseText(event.response_id, event.item.id, "", self._spoken)

    def _sound(self, event: Any) -> Iterator[RealtimeEvent]:
        pcm = self._half.pop(event.item_id, b"") + base64.b64decode(event.delta, validate=True)
        if len(pcm) % 2:
            self._half[event.item_id] = pcm[-1:]
            pcm = pcm[:-1]
        if pcm:
            yield ResponseAudio(event.response_id, event.item_id, pcm)

    def _text(self, event: Any, *, spoken: bool) -> Iterator[RealtimeEvent]:
        if event.delta:
            yield ResponseText(event.response_id, event.item_id, event.delta, spoken)

    def _arguments(self, event: Any) -> Iterator[RealtimeEvent]:
        name = getattr(event, "name", None) or self._names.get(event.item_id)
        if name:
            yield from self._call(event.response_id, event.item_id, ToolCall(event.call_id, name, event.arguments))

    def _item_done(self, event: Any) -> Iterator[RealtimeEvent]:
        item = event.item
        if item.type == "function_call" and getattr(item, "status", None) != "incomplete":
            yield from self._call(event.response_id, item.id, ToolCall(item.call_id, item.name, item.arguments))

    def _call(self, response: str, item: str, call: ToolCall) -> Iterator[RealtimeEvent]:
        if call.id not in self._called:
            self._called.add(call.id)
            yield ResponseCalled(response, item, call)

    def _ended(self, event: Any) -> Iterator[RealtimeEvent]:
        response = event.response
        status: ResponseStatus = response.status if response.status in get_args(ResponseStatus) else "failed"
        for item in (response.output or []) if status == "completed" else []:
            if item.type == "function_call":
                yield from self._call(response.id, item.id, ToolCall(item.call_id, item.name, item.arguments))
        usage = response.usage
        used = Usage(getattr(usage, "input_tokens", 0) or 0, getattr(usage, "output_tokens", 0) or 0)
        yield ResponseEnded(response.id, status, self._why(response.status_details), used, _tag(response))

    def _why(self, details: Any) -> str:
        error = getattr(details, "error", None)
        said = getattr(error, "message", None) or getattr(error, "code", None) or getattr(details, "reason", None)
        return self._clean(said) if said else ""

    # --- errors ----------------------------------------------------------------------------------------------------------------------

    def _error(self, event: Any) -> Iterator[RealtimeEvent]:
        error = event.error
        code, said = getattr(error, "code", None), self._clean(error.message)
        if code == EXPIRED:
            raise OpenAIProviderError(f"the server ended the session: {said}", "broken")
        about = getattr(error, "event_id", None) or ""
        if code == _NOT_ACTIVE and about in self._cancels:  # it had ended, and its end may have got lost
            yield ResponseEnded(self._cancels.pop(about), "cancelled", said)
            return
        if code in (_NOT_ACTIVE, _EMPTY):  # happens in good order: it ended on its way
            log.debug("the realtime interface: %s", said)
            return
        yield RealtimeRefused(about, said, busy=code == BUSY, failed=not about and error.type == "server_error")


def _tag(response: Any) -> str:
    """Our name of the request, which we sent along with it; servers that do not send it back have none."""
    return str((response.metadata or {}).get("tag", ""))


def _whole(event: RealtimeEvent) -> RealtimeEvent:
    """The SDK's lenient reading has ``None`` for what a server left out; names and words must be there."""
    for name in _TEXTS[type(event)]:
        if not isinstance(getattr(event, name), str):
            raise TypeError(f"{type(event).__name__}.{name} is missing")
    return event
