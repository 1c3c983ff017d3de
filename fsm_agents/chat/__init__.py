"""Pure words: messages, history, sentences, tools. Nothing here waits, and nothing here talks to a provider."""

from __future__ import annotations

from fsm_agents.chat.history import ChatContext, estimate_tokens
from fsm_agents.chat.message import ChatItem, ChatMessage, Role, ToolCall, ToolResult
from fsm_agents.chat.result import result_text
from fsm_agents.chat.sentence import SentenceSplitter
from fsm_agents.chat.tool import FunctionTool, ToolArgumentError, ToolContext, ToolError, function_tool

__all__ = [
    "ChatContext",
    "ChatItem",
    "ChatMessage",
    "FunctionTool",
    "Role",
    "SentenceSplitter",
    "ToolArgumentError",
    "ToolCall",
    "ToolContext",
    "ToolError",
    "ToolResult",
    "estimate_tokens",
    "function_tool",
    "result_text",
]
