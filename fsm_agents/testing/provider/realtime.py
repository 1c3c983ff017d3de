"""``WS /v1/realtime``: a realtime model that follows the script, over WebSocket.

It hears loudness (``realtime_call.py``), takes the script's transcripts for what was said, answers as the script says with a tone, and
checks every event against the SDK's types. A response outside of the conversation says what stands behind the first empty line of its
instructions. Faults fall on three paths:

    /v1/realtime             the handshake: a status (401, 429, 500 …), slow, drop
    /v1/realtime#update      the settings: whatever fault is armed, they are refused
    /v1/realtime#response    a response: slow, stall, half, drop, malformed, truncated, duplicated, late, reordered, error_event

What the client said is in ``requests("/v1/realtime")``: one entry for the connection, with method ``GET``, and one for each event, with
method ``WS``; of sound only the first event.
"""

from __future__ import annotations

import json
from typing import Any

import anyio
import attrs
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from fsm_agents.testing.provider.answer import Answer, json_answer, refusal
from fsm_agents.testing.provider.checks import RefusedRequest, named
from fsm_agents.testing.provider.faults import spoil
from fsm_agents.testing.provider.realtime_call import Call
from fsm_agents.testing.provider.realtime_check import checked_event
from fsm_agents.testing.provider.state import Asked, ProviderState

__all__ = ["PATH", "routes"]

PATH = "/v1/realtime"


def routes(state: ProviderState) -> list[WebSocketRoute]:
    """The path of this file."""

    async def endpoint(socket: WebSocket) -> None:
        await _Connection(state, socket).run()

    return [WebSocketRoute(PATH, endpoint)]


@attrs.define(eq=False)
class _Connection:
    """One client."""

    _state: ProviderState
    _socket: WebSocket
    _asked: Asked = attrs.field(init=False)
    _sound_told: bool = False

    async def run(self) -> None:
        """From the handshake to the end."""
        socket = self._socket
        model = socket.query_params.get("model", "")
        key = socket.headers.get("authorization", "").removeprefix("Bearer ")
        self._asked = Asked(PATH, "GET", {"model": model}, key)
        self._state.asked.append(self._asked)
        try:
            if await self._opened(model, key):
                await self._talk(model)
        finally:
            self._asked.ended = self._asked.ended or "left"
            self._state.over()

    async def _opened(self, model: str, key: str) -> bool:
        answer = self._greeting(model, key)
        fault = self._state.faults.take(PATH)
        if fault is not None:
            self._asked.fault = fault.kind
            answer = spoil(answer, fault, key)
        await anyio.sleep(answer.before)
        if answer.ending == "dropped":
            self._abort()
            return False
        self._asked.status = answer.status
        if answer.status != 101:  # noqa: PLR2004 - HTTP: switching protocols
            self._asked.ended = "sent"
            refused = Response(b"".join(answer.pieces), answer.status, dict(answer.headers), answer.content_type)
            await self._socket.send_denial_response(refused)
            return False
        await self._socket.accept()
        return True

    def _greeting(self, model: str, key: str) -> Answer:
        if not key or (self._state.script.key and key != self._state.script.key):
            return refusal(401, f"Incorrect API key provided: {key}.")
        if model not in {*_models(), *self._state.script.models}:
            return refusal(404, f"The model `{model}` does not exist or you do not have access to it.", code="model_not_found")
        return json_answer({}, 101)

    async def _talk(self, model: str) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                call = Call(self._state, model, self._say, self._end, tasks)
                await call.begin()
                while True:
                    await self._take(call, await self._socket.receive_text())
        except* (WebSocketDisconnect, RuntimeError):  # it is gone; or it went while we were saying something
            pass

    async def _take(self, call: Call, text: str) -> None:
        said: Any = None
        try:
            said = json.loads(text)
            event = checked_event(said)
            self._log(said)
            await call.take(event)
        except RefusedRequest as wrong:
            await call.refuse(wrong, said.get("event_id") if isinstance(said, dict) else None)
        except ValueError as wrong:
            await call.refuse(RefusedRequest(f"that is no JSON: {wrong}", code="invalid_event"), None)

    def _log(self, event: dict[str, Any]) -> None:
        if event["type"] == "input_audio_buffer.append":
            if self._sound_told:
                return
            self._sound_told = True
            event = {**event, "audio": f"<{len(event['audio'])} characters>"}
        self._state.asked.append(Asked(PATH, "WS", event, status=200, ended="sent"))

    async def _say(self, event: bytes) -> None:
        await self._socket.send_text(event.decode())

    async def _end(self) -> None:
        self._abort()
        await anyio.sleep_forever()

    def _abort(self) -> None:
        """Close the connection unanswered: see ``server.py``, a closed connection cannot be said in ASGI."""
        self._asked.ended = "closed"
        self._socket.scope["state"]["transport"].abort()


def _models() -> set[str]:
    from openai.types.realtime import RealtimeSessionCreateRequest

    return named(RealtimeSessionCreateRequest.model_fields["model"].annotation)
