"""One realtime connection of the provider: the conversation it holds, and what it does with each event of the client.

It refuses what OpenAI refuses: a second response to the conversation at once, cutting sound beyond its end, items that are not there,
committing nothing. Its voice detector hears loudness.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from anyio.abc import TaskGroup

from fsm_agents.testing.provider.answer import Answer
from fsm_agents.testing.provider.checks import RefusedRequest
from fsm_agents.testing.provider.faults import Fault, spoil
from fsm_agents.testing.provider.realtime_events import Item, made, response_events
from fsm_agents.testing.provider.script import Scripted
from fsm_agents.testing.provider.state import ProviderState
from fsm_agents.testing.provider.tone import RATE

__all__ = ["LOUD", "Call"]

LOUD = 200
"""The mean of a piece's samples, without signs, from which on it is speech."""
_PIECE = RATE // 50 * 2


class Call:
    """One connection.

    Args:
        state: The provider.
        model: The model that was asked for.
        say: Sends one event.
        end: Breaks the connection; does not return.
        tasks: Where responses are made.
    """

    def __init__(
        self, state: ProviderState, model: str, say: Callable[[bytes], Awaitable[None]], end: Callable[[], Awaitable[None]],
        tasks: TaskGroup,
    ) -> None:  # fmt: skip
        self._state, self._model, self._say, self._end, self._tasks = state, model, say, end, tasks
        self._session: dict[str, Any] = {"type": "realtime"}
        self._items: list[Item] = []
        self._buffer = b""
        self._piece = b""
        self._silence = 0.0
        self._speaking = ""
        self._at_ms = 0
        self._running: dict[str, anyio.CancelScope] = {}
        self._busy = ""
        self._ways: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit_asked,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.delete": self._delete_item,
            "conversation.item.truncate": self._truncate,
            "response.create": self._create_response,
            "response.cancel": self._cancel,
        }

    async def begin(self) -> None:
        """Greet."""
        await self._tell("session.created", session=self._described())

    async def take(self, event: dict[str, Any]) -> None:
        """One event of the client."""
        way = self._ways.get(event["type"])
        if way is None:
            raise RefusedRequest(f"{event['type']} is not served here", code="invalid_event")
        await way(event)

    async def refuse(self, wrong: RefusedRequest, about: Any) -> None:
        """Say what is wrong with an event; the connection stands."""
        error = {"type": "invalid_request_error", "code": wrong.code or "invalid_value", "message": str(wrong), "event_id": about}
        await self._tell("error", error={name: value for name, value in error.items() if value is not None})

    async def _tell(self, kind: str, **fields: Any) -> None:
        await self._say(made(kind, self._state.number("event"), **fields))

    def _described(self) -> dict[str, Any]:
        return {**self._session, "id": "sess_1", "object": "realtime.session", "model": self._model}

    async def _update(self, event: dict[str, Any]) -> None:
        fault = self._state.faults.take("/v1/realtime#update")
        if fault is not None:
            raise RefusedRequest("the script refuses these settings", code="invalid_value")
        self._session.update(event["session"])
        await self._tell("session.updated", session=self._described())

    # --- hearing -----------------------------------------------------------------------------------------------------------------------

    @property
    def _hearing(self) -> dict[str, Any]:
        audio: dict[str, Any] = self._session.get("audio", {})
        heard: dict[str, Any] = audio.get("input", {})
        return heard

    async def _append(self, event: dict[str, Any]) -> None:
        pcm = base64.b64decode(event["audio"])
        self._buffer += pcm
        detection = self._hearing.get("turn_detection")
        if detection is None:
            return
        self._piece += pcm
        while len(self._piece) >= _PIECE:
            piece, self._piece = self._piece[:_PIECE], self._piece[_PIECE:]
            self._at_ms += 20
            await self._detect(_is_loud(piece), detection.get("silence_duration_ms") or 500)

    async def _detect(self, loud: bool, silence_ms: int) -> None:  # noqa: FBT001 - yes or no, as of a detector
        if loud:
            self._silence = 0
            if not self._speaking:
                self._speaking = self._state.number("item")
                await self._tell("input_audio_buffer.speech_started", item_id=self._speaking, audio_start_ms=self._at_ms)
            return
        self._silence += 20
        if self._speaking and self._silence >= silence_ms:
            item, self._speaking = self._speaking, ""
            await self._tell("input_audio_buffer.speech_stopped", item_id=item, audio_end_ms=self._at_ms)
            await self._commit(item)

    async def _commit_asked(self, _event: dict[str, Any]) -> None:
        if len(self._buffer) < RATE // 10 * 2:
            raise RefusedRequest("Error committing input audio buffer: buffer too small.", code="input_audio_buffer_commit_empty")
        item, self._speaking = self._speaking or self._state.number("item"), ""
        await self._commit(item)

    async def _clear(self, _event: dict[str, Any]) -> None:
        self._buffer, self._speaking = b"", ""
        await self._tell("input_audio_buffer.cleared")

    async def _commit(self, name: str) -> None:
        buffer, self._buffer = self._buffer, b""
        seconds = len(buffer) / 2 / RATE
        text = self._state.transcript(buffer, RATE)
        part = {"type": "input_audio", "transcript": text}
        item = Item(name, {"type": "message", "role": "user", "content": [part]}, seconds)
        before = self._items[-1].id if self._items else None
        self._items.append(item)
        await self._tell("input_audio_buffer.committed", item_id=name, previous_item_id=before)
        await self._tell("conversation.item.added", item={**item.data, "id": name}, previous_item_id=before)
        if self._hearing.get("transcription") is not None:
            self._tasks.start_soon(self._transcribe, name, text, seconds)

    async def _transcribe(self, name: str, text: str, seconds: float) -> None:
        await anyio.sleep(self._state.script.pause)
        fields = {"item_id": name, "content_index": 0}
        kind = "conversation.item.input_audio_transcription"
        for place, word in enumerate(text.split()):
            await self._tell(f"{kind}.delta", delta=word if not place else f" {word}", **fields)
        await self._tell(f"{kind}.completed", transcript=text, usage={"type": "duration", "seconds": seconds}, **fields)

    # --- items -------------------------------------------------------------------------------------------------------------------------

    def _find(self, name: str) -> Item:
        found = next((item for item in self._items if item.id == name), None)
        if found is None:
            raise RefusedRequest(f"Item with item_id '{name}' not found.", code="item_not_found")
        return found

    async def _create_item(self, event: dict[str, Any]) -> None:
        given = dict(event["item"])
        if given["type"] == "function_call_output" and given["call_id"] not in [item.data.get("call_id") for item in self._items]:
            raise RefusedRequest(f"Tool call ID '{given['call_id']}' not found in conversation.", code="invalid_tool_call_id")
        item = Item(given.pop("id", None) or self._state.number("item"), given)
        self._items.append(item)
        await self._tell("conversation.item.added", item={**given, "id": item.id})

    async def _delete_item(self, event: dict[str, Any]) -> None:
        self._items.remove(self._find(event["item_id"]))
        await self._tell("conversation.item.deleted", item_id=event["item_id"])

    async def _truncate(self, event: dict[str, Any]) -> None:
        item = self._find(event["item_id"])
        if event["audio_end_ms"] > item.seconds * 1000:
            raise RefusedRequest(
                f"Audio content of {item.seconds * 1000:.0f}ms is already shorter than that", code="invalid_value"
            )
        item.data["content"] = [{"type": "output_audio", "transcript": ""}]
        await self._tell("conversation.item.truncated", item_id=item.id, content_index=0, audio_end_ms=event["audio_end_ms"])

    # --- responses ---------------------------------------------------------------------------------------------------------------------

    async def _create_response(self, event: dict[str, Any]) -> None:
        asked = event.get("response") or {}
        aside = asked.get("conversation") == "none"
        if not aside and self._busy:
            raise RefusedRequest("Conversation already has an active response", code="conversation_already_has_active_response")
        name = self._state.number("resp")
        if not aside:
            self._busy = name
        fault = self._state.faults.take("/v1/realtime#response")
        scope = self._running[name] = anyio.CancelScope()
        self._tasks.start_soon(self._respond, name, asked, fault, scope)

    async def _cancel(self, event: dict[str, Any]) -> None:
        scope = self._running.get(event.get("response_id") or self._busy)
        if scope is None:
            raise RefusedRequest("Cancellation failed: no active response found", code="response_cancel_not_active")
        scope.cancel()

    async def _respond(self, name: str, asked: dict[str, Any], fault: Fault | None, scope: anyio.CancelScope) -> None:
        about = {"id": name, "metadata": asked.get("metadata")}
        aside = asked.get("conversation") == "none"
        modalities = asked.get("output_modalities") or self._session.get("output_modalities") or ["audio"]
        scripted = Scripted(asked["instructions"].partition("\n\n")[2]) if aside else self._state.answer(self._inputs())
        aloud = modalities == ["audio"]
        response = response_events(scripted, about, self._state.number, self._state.sound if aloud else None)
        if aloud and scripted.text:
            self._state.tell("agent", scripted.text)
        if not aside:
            self._items += response.items
        answer = Answer(response.pieces, content_type="text/event-stream", pause=self._state.script.pause)
        answer = answer if fault is None else spoil(answer, fault, "")
        with scope:
            await self._send(answer)
        del self._running[name]
        if self._busy == name:
            self._busy = ""
        if scope.cancelled_caught:
            details = {"type": "cancelled", "reason": "client_cancelled"}
            await self._tell("response.done", response={**about, "status": "cancelled", "status_details": details, "output": []})

    async def _send(self, answer: Answer) -> None:
        await anyio.sleep(answer.before)
        if answer.ending == "dropped":
            await self._end()
        for piece in answer.pieces:
            await anyio.sleep(answer.pause)
            await self._say(_failure() if piece.startswith(b"data: ") else piece)
        if answer.ending == "stalled":
            await anyio.sleep_forever()
        if answer.ending == "cut":
            await self._end()

    def _inputs(self) -> list[tuple[str, str]]:
        """The conversation, as the script wants it: pairs of a role and a text."""
        pairs = []
        for item in self._items:
            if item.data["type"] == "message":
                pairs.append((item.data["role"], " ".join(_words(part) for part in item.data["content"])))
            elif item.data["type"] == "function_call_output":
                pairs.append(("tool", item.data["output"]))
        return pairs


def _words(part: dict[str, Any]) -> str:
    return str(part.get("text") or part.get("transcript") or "")


def _failure() -> bytes:
    """The fault ``error_event`` as this interface words it."""
    message = "The server had an error while processing your request."
    return made("error", "event_error", error={"type": "server_error", "code": "server_error", "message": message})


def _is_loud(piece: bytes) -> bool:
    import numpy as np

    return bool(np.abs(np.frombuffer(piece, "<i2")).mean() > LOUD)
