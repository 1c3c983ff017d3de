"""What a tool returned, as text that a model can be sent.

This file writes text; it calls nothing that could wait, and what it gives can always be encoded: one half of a surrogate pair in a
history would make every later request fail.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any

import attrs

__all__ = ["fitted", "result_text"]


def result_text(value: object, limit: int) -> str:
    """A result as the model reads it: text as it is, all else as JSON.

    Objects of attrs classes and dataclasses become objects, members of an Enum their values, sets lists, dates ISO 8601; whatever else
    has no JSON becomes its ``str()``. Bytes are only counted.

    Args:
        value: What a tool returned.
        limit: How many characters it may be, see :func:`fitted`.

    Raises:
        Exception: It cannot be written: it contains itself, or its own ``__str__`` raised.
    """
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, default=_plain)
    return fitted(value, limit)


def fitted(text: str, limit: int) -> str:
    """The text, its beginning if it is longer than the limit; then its end says so, if there is room for that.

    Args:
        text: Any text.
        limit: How many characters it may be, 1 or more.
    """
    if len(text) > limit:
        note = f" … (cut: this is the beginning of {len(text)} characters)"
        text = text[:limit] if limit < 2 * len(note) else text[: limit - len(note)] + note
    return text.encode("utf-8", "replace").decode()


def _plain(value: Any) -> Any:
    """Something in JSON's own types for what has none; called again on what is in it."""
    if attrs.has(type(value)):
        return {field.name: getattr(value, field.name) for field in attrs.fields(type(value)) if field.repr is not False}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.repr}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, AbstractSet):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
