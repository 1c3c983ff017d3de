"""What a flow in text gives back: values only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

__all__ = ["Emitted", "Ended", "HandedOver", "Out", "Said"]


def _names(values: Mapping[str, Any]) -> str:
    return f"<{', '.join(values) or 'nothing'}>"


@attrs.frozen
class Said:
    """The agent says something.

    Args:
        text: The words.
        state: Where the conversation is then, by its flat name.
        audio: A recording of the words, as the flow names it; empty: none.
    """

    text: str
    state: str
    audio: str = ""

    def __str__(self) -> str:
        return self.text


@attrs.frozen
class Emitted:
    """The flow tells its host something.

    Args:
        name: What ``emit`` names.
        slots: The slots that are set, by full name; no secrets.
    """

    name: str
    slots: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen
class HandedOver:
    """The caller was handed over.

    Args:
        to: To whom: ``queue:shop``, ``agent:billing``, ``flow:survey``.
        carry: The slots that go along, secrets too, for whoever takes over; a ``repr`` shows their names only.
    """

    to: str
    carry: Mapping[str, Any] = attrs.field(factory=dict, hash=False, repr=_names)


@attrs.frozen
class Ended:
    """The conversation is over.

    Args:
        outcome: Of the end.
    """

    outcome: str


Out: TypeAlias = Said | Emitted | HandedOver | Ended
