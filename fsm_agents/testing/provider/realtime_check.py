"""Is a client event one that the SDK's types allow, down to its last field? The installed ``openai`` package is the authority."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

from fsm_agents.errors import nearest
from fsm_agents.testing.provider.checks import RefusedRequest, check_fields

__all__ = ["checked_event"]


@cache
def _kinds() -> dict[str, Any]:
    from openai.types.realtime import RealtimeClientEventParam

    kinds = {}
    for kind in get_args(RealtimeClientEventParam):
        for name in get_args(get_args(get_type_hints(kind, include_extras=True)["type"])[0]):
            kinds[name] = kind
    return kinds


def checked_event(given: Any) -> dict[str, Any]:
    """The event, if it is one.

    Raises:
        RefusedRequest: It is unknown, or a field of it is unknown, missing, or not of its type.
    """
    if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
        raise RefusedRequest("an event is a JSON object with a type", code="invalid_event")
    kind = _kinds().get(given["type"])
    if kind is None:
        raise RefusedRequest(f"Unknown event type {given['type']}; {nearest(given['type'], _kinds())}", code="invalid_event")
    checked = check_fields(kind, given)
    for place in _lost(given, checked, ""):
        raise RefusedRequest(f"Unknown parameter: {place}", code="unknown_parameter")
    return checked


def _lost(given: Any, kept: Any, place: str) -> Iterator[str]:
    """What the type did not know, and pydantic left out."""
    if isinstance(given, Mapping) and isinstance(kept, Mapping):
        for name, value in given.items():
            here = f"{place}.{name}" if place else name
            if name in kept:
                yield from _lost(value, kept[name], here)
            else:
                yield here
    elif isinstance(given, list) and isinstance(kept, list):
        for number, (one, other) in enumerate(zip(given, kept, strict=False)):
            yield from _lost(one, other, f"{place}[{number}]")
