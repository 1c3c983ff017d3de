"""Requests in, answers out: the key, the log, the faults, and the sending of pieces. What is answered is decided elsewhere."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import attrs
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fsm_agents.testing.provider.answer import Answer, refusal
from fsm_agents.testing.provider.checks import RefusedRequest
from fsm_agents.testing.provider.faults import spoil
from fsm_agents.testing.provider.multipart import Upload, read_form
from fsm_agents.testing.provider.state import Asked, ProviderState

__all__ = ["Handler", "route"]

Handler = Callable[[ProviderState, Any], Answer]
"""From the body of a request (JSON data, or the fields of a form) to an answer; raises :class:`RefusedRequest`."""


def route(path: str, handler: Handler, state: ProviderState, method: str = "POST") -> Route:
    """A path of the provider, with all that is the same for each."""

    async def endpoint(request: Request) -> _Sending:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        asked = Asked(request.url.path, request.method, key=key, connection=request.client.port if request.client else 0)
        state.asked.append(asked)
        answer = await _answer(request, handler, state, asked)
        fault = state.faults.take(path)
        if fault is not None:
            asked.fault = fault.kind
            answer = spoil(answer, fault, asked.key)
        asked.status = answer.status
        return _Sending(answer, asked, state)

    return Route(path, endpoint, methods=[method])


async def _answer(request: Request, handler: Handler, state: ProviderState, asked: Asked) -> Answer:
    body = await request.body()
    if not asked.key or (state.script.key and asked.key != state.script.key):
        return refusal(401, f"Incorrect API key provided: {asked.key}.")
    try:
        given = _read(request, body)
        asked.body = _told(given)
        return handler(state, {**given, **request.path_params})
    except RefusedRequest as wrong:
        return refusal(wrong.status, str(wrong), code=wrong.code)


def _read(request: Request, body: bytes) -> dict[str, Any]:
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        return read_form(kind, body)
    if not body:
        return {}
    try:
        data = json.loads(body)
    except ValueError as broken:
        raise RefusedRequest(f"the body is no JSON: {broken}") from None
    if not isinstance(data, dict):
        raise RefusedRequest("the body is no JSON object")
    return data


def _told(given: dict[str, Any]) -> dict[str, Any]:
    """The body for the log: files are told, not kept."""
    return {name: value.told() if isinstance(value, Upload) else value for name, value in given.items()}


@attrs.frozen(eq=False)
class _Sending:
    """An answer on its way: an ASGI application for one request."""

    answer: Answer
    asked: Asked
    state: ProviderState

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces as the answer says, and stop when the client goes away."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch, receive, group.cancel_scope)
                await self._send(scope, send)
                self.asked.ended = self.asked.ended or ("sent" if self.answer.ending == "whole" else "closed")
                group.cancel_scope.cancel()
        finally:
            self.asked.ended = self.asked.ended or "left"
            self.state.over()

    async def _watch(self, receive: Callable[[], Awaitable[Any]], scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.asked.ended = self.asked.ended or "left"
        scope.cancel()

    async def _send(self, scope: Scope, send: Send) -> None:
        answer = self.answer
        await anyio.sleep(answer.before)
        if answer.ending == "dropped":
            scope["state"]["transport"].abort()  # see process_server: a closed connection cannot be said in ASGI
            self.asked.ended = "closed"
            await anyio.sleep_forever()
        headers = [("content-type", answer.content_type), *answer.headers]
        if answer.length is not None:
            headers.append(("content-length", str(answer.length)))
        raw = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        for number, piece in enumerate(answer.pieces):
            await anyio.sleep(answer.pause if number else 0)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if answer.ending == "stalled":
            await anyio.sleep_forever()
        if answer.ending == "whole":
            await anyio.sleep(answer.pause)  # as in life, the end comes after the last piece and not with it
            await send({"type": "http.response.body", "body": b"", "more_body": False})
