"""Equality, hash and looks of events and effects, written once for all of them.

attrs would write them for each class when it is imported, and a voice agent has sixty such classes: a fifth of the time of
``import fsm_agents``. What is compared and printed is the same, field by field.
"""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["Plain"]

_fields: Any = attrs.fields
"""Of a class that attrs has made: this base is none, and says nothing of its own in annotations, which logs read."""


class Plain:
    """Base of a class made with ``@attrs.frozen(eq=False, repr=False)``: a value, equal to another one of its class with equal fields."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """Whether it is of the same class, with the same in every field."""
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, field.name) == getattr(other, field.name) for field in _fields(self.__class__))

    def __hash__(self) -> int:
        """Of class and fields."""
        return hash((self.__class__, *(getattr(self, field.name) for field in _fields(self.__class__))))

    def __repr__(self) -> str:
        """As it would be written."""
        fields = (field for field in _fields(self.__class__) if field.repr)
        return f"{self.__class__.__qualname__}({', '.join(f'{field.name}={getattr(self, field.name)!r}' for field in fields)})"
