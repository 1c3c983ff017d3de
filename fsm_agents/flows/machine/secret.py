"""A value that nobody may read by accident: a step log, a message or a ``repr`` shows that there is one, and not what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from fsm_agents.flows.machine.flat import Scope
    from fsm_agents.flows.syntax import Ref

__all__ = ["Secret", "open_secret", "stands_for_secret", "takes_secret"]


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


def takes_secret(scope: Scope, tool: str) -> bool:
    """Whether a tool, by its own name, is given a secret: what it returns may repeat it."""
    return any(scope.spec.slots[name].secret for name in scope.spec.tools[tool].args)


def stands_for_secret(ref: Ref, scope: Scope) -> bool:
    """Whether a reference in a prompt stands for a secret, or for what a tool returned that was given one."""
    if ref.field:
        return takes_secret(scope, ref.name)
    slot = scope.spec.slots.get(ref.name)
    return slot is not None and slot.secret
