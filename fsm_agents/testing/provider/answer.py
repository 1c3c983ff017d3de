"""An answer of the provider before it is sent: a value that faults can change. Nothing is sent here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

import attrs

__all__ = ["Answer", "Ending", "json_answer", "refusal", "stream_answer"]

Ending = Literal["whole", "stalled", "cut", "dropped"]
"""How the connection fares: all is sent · open for ever after the pieces · closed after them · closed before the first byte."""

_CODES = {400: "invalid_request", 401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


@attrs.frozen
class Answer:
    """What goes back.

    Args:
        pieces: The body; in a stream each piece is one event or one chunk of sound.
        status: The HTTP status.
        content_type: What the body is said to be.
        headers: Further headers.
        length: The length that is promised; ``None`` for a stream.
        before: Seconds before the first byte.
        pause: Seconds between pieces.
        ending: How the connection fares.
    """

    pieces: tuple[bytes, ...]
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    before: float = 0.0
    pause: float = 0.0
    ending: Ending = "whole"

    @property
    def events(self) -> bool:
        """Whether it is a stream of events."""
        return self.content_type.startswith("text/event-stream")


def json_answer(body: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """A JSON answer: from an object of the SDK, or from plain data."""
    text = body.to_json(indent=None) if hasattr(body, "to_json") else json.dumps(body)
    return Answer((text.encode(),), status=status, headers=tuple(headers), length=len(text.encode()))


def stream_answer(events: Iterable[Any], pause: float, *, named: bool = False) -> Answer:
    """Server-sent events from objects of the SDK.

    Args:
        events: The objects, in order; ``None`` for the closing ``[DONE]``.
        pause: Seconds between them.
        named: Whether each event has a name line, as the Responses interface sends it.
    """
    pieces = []
    for event in events:
        name = f"event: {event.type}\n" if named and event is not None else ""
        pieces.append(f"{name}data: {'[DONE]' if event is None else event.to_json(indent=None)}\n\n".encode())
    return Answer(tuple(pieces), content_type="text/event-stream; charset=utf-8", pause=pause)


def refusal(status: int, message: str, *, code: str = "", retry_after: float | None = None) -> Answer:
    """An error as OpenAI words it: ``{"error": {"message", "type", "param", "code"}}``."""
    kind = "server_error" if status >= 500 else "invalid_request_error"  # noqa: PLR2004 - where HTTP draws that line
    error = {"message": message, "type": kind, "param": None, "code": code or _CODES.get(status, kind)}
    return json_answer({"error": error}, status, () if retry_after is None else (("retry-after", f"{retry_after:g}"),))
