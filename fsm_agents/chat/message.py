"""What a conversation is made of: messages, calls of tools and their results.

This file holds values and checks them; it knows no provider's wire format (each plugin translates) and no order (see history.py).
"""

from __future__ import annotations

from typing import Literal, get_args

import attrs

from fsm_agents.errors import MisuseError

__all__ = ["ChatItem", "ChatMessage", "Role", "ToolCall", "ToolResult"]

Role = Literal["system", "user", "assistant"]
_ROLES = get_args(Role)


@attrs.frozen
class ChatMessage:
    """Something said.

    Args:
        role: ``"system"`` (instructions), ``"user"`` (the caller) or ``"assistant"`` (the agent).
        text: The words. Of an assistant: those that were heard.
        interrupted: Whether the caller cut it; ``text`` is what was heard until then.

    Raises:
        MisuseError: The role is none of the three.
    """

    role: Role
    text: str
    interrupted: bool = False

    def __attrs_post_init__(self) -> None:
        """Check the role: it comes from saved files and wires too, where no type checker looks."""
        if self.role not in _ROLES:
            raise MisuseError(f"a message with the role {self.role!r} is not known; give one of {', '.join(_ROLES)}")


@attrs.frozen
class ToolCall:
    """A model's wish to run a tool.

    Args:
        id: The provider's name for this call; its result carries the same.
        name: The tool.
        arguments: A JSON object as text, as the model wrote it (perhaps wrongly: see ``FunctionTool.parse``).
    """

    id: str
    name: str
    arguments: str


@attrs.frozen
class ToolResult:
    """What a tool reported.

    Args:
        id: The id of the call.
        name: The tool.
        output: What the model reads.
        is_error: Whether the tool failed; ``output`` then says how.
    """

    id: str
    name: str
    output: str
    is_error: bool = False


ChatItem = ChatMessage | ToolCall | ToolResult
