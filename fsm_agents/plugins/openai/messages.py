"""History and tools in OpenAI's words, for both of its interfaces. Pure translation; the order is the history's business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fsm_agents.chat.message import ChatItem, ChatMessage, ToolCall
from fsm_agents.chat.tool import FunctionTool

__all__ = ["chat_messages", "chat_tools", "response_input", "response_tools"]


def chat_messages(items: Sequence[ChatItem]) -> list[dict[str, Any]]:
    """History for chat completions.

    A call stands in the message of the words that were said before it, as the model made it: servers with strict templates refuse
    two messages of the assistant in a row.

    Args:
        items: As ``ChatContext.export()`` gives them: each call is followed by its result.
    """
    messages: list[dict[str, Any]] = []
    for item in items:
        if isinstance(item, ChatMessage):
            messages.append({"role": item.role, "content": item.text})
        elif isinstance(item, ToolCall):
            call = {"id": item.id, "type": "function", "function": {"name": item.name, "arguments": item.arguments}}
            before = messages[-1] if messages else {}
            if before.get("role") == "assistant" and "tool_calls" not in before:
                before["tool_calls"] = [call]
            else:
                messages.append({"role": "assistant", "tool_calls": [call]})
        else:
            messages.append({"role": "tool", "tool_call_id": item.id, "content": item.output})
    return messages


def chat_tools(tools: Sequence[FunctionTool]) -> list[dict[str, Any]]:
    """Tools for chat completions."""
    return [{"type": "function", "function": _function(tool)} for tool in tools]


def response_input(items: Sequence[ChatItem]) -> tuple[str, list[dict[str, Any]]]:
    """Instructions, and history for the Responses interface."""
    instructions, said = "", []
    for item in items:
        if isinstance(item, ChatMessage):
            if item.role == "system":
                instructions = item.text
            else:
                said.append({"type": "message", "role": item.role, "content": item.text})
        elif isinstance(item, ToolCall):
            said.append({"type": "function_call", "call_id": item.id, "name": item.name, "arguments": item.arguments})
        else:
            said.append({"type": "function_call_output", "call_id": item.id, "output": item.output})
    return instructions, said


def response_tools(tools: Sequence[FunctionTool]) -> list[dict[str, Any]]:
    """Tools for the Responses interface, whose schemas are strict unless it is told otherwise: ours have optional fields."""
    return [{"type": "function", **_function(tool), "strict": False} for tool in tools]


def _function(tool: FunctionTool) -> dict[str, Any]:
    about = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **about, "parameters": tool.parameters}
