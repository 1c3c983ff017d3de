"""A value that nobody may read by accident: a step log, a message or a ``repr`` shows that there is one, and not what it is."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["Secret", "open_secret"]


@attrs.frozen
class Secret:
    """The value of a slot with ``secret = true``.

    Args:
        value: What it is. Tools get it; logs, models and saved sessions do not.
    """

    value: Any = attrs.field(repr=lambda _value: "***", metadata={"secret": "always"})


def open_secret(value: Any) -> Any:
    """The value itself."""
    return value.value if isinstance(value, Secret) else value
