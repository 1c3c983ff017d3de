"""The values a conversation is made of."""

from __future__ import annotations

import attrs
import pytest

from fsm_agents.chat import ChatItem, ChatMessage, ToolCall, ToolResult
from fsm_agents.errors import MisuseError


@pytest.mark.parametrize("item", [ChatMessage("user", "hi"), ToolCall("1", "f", "{}"), ToolResult("1", "f", "ok")])
def test_items_are_values(item: ChatItem) -> None:
    """Frozen, hashable, equal by content."""
    assert item == attrs.evolve(item)
    assert len({item, attrs.evolve(item)}) == 1
    name = attrs.fields(type(item))[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(item, name, "other")


def test_a_message_was_not_interrupted_and_a_result_is_no_error_unless_said() -> None:
    """The usual case is the default."""
    assert not ChatMessage("assistant", "Hello").interrupted
    assert not ToolResult("1", "f", "ok").is_error


def test_an_unknown_role_is_refused() -> None:
    """It may come from a saved file; the message lists the roles."""
    with pytest.raises(MisuseError, match=r"'tool' is not known; give one of system, user, assistant"):
        ChatMessage("tool", "hi")  # type: ignore[arg-type]
