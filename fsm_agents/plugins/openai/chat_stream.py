"""What a chat completion's events mean: text as it comes, tool calls put together from fragments, usage at the end.

Servers differ in how they send calls (OpenAI in fragments by index, others whole, without an index of their own, or without an id);
all of these are read. What comes after the end of the answer is not.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import attrs

from fsm_agents.chat.message import ToolCall
from fsm_agents.plugins.openai.account import Account
from fsm_agents.plugins.openai.asking import Body, events
from fsm_agents.plugins.openai.failures import OpenAIProviderError
from fsm_agents.stages.base import LLMChunk, TextDelta, Usage

__all__ = ["read_chat"]


@attrs.define
class _Call:
    """A call of which fragments have come."""

    id: str
    name: str
    arguments: str = ""


@attrs.define
class _Answer:
    """What is known of the answer so far."""

    calls: list[_Call] = attrs.field(factory=list)
    by_index: dict[Any, _Call] = attrs.field(factory=dict)
    ended: str = ""
    usage: Usage | None = None

    def take(self, chunk: dict[str, Any]) -> str:
        """Note what a chunk tells, and return its text."""
        if isinstance(chunk.get("usage"), dict):
            self.usage = _usage(chunk["usage"])
        text = ""
        for choice in chunk.get("choices") or ():
            if self.ended:
                break
            delta = choice.get("delta") or {}
            text += (delta.get("content") or "") + (delta.get("refusal") or "")
            for fragment in delta.get("tool_calls") or ():
                self.put(fragment)
            self.ended = choice.get("finish_reason") or ""
        return text

    def put(self, fragment: dict[str, Any]) -> None:
        """Add a fragment to its call. Another id at the same index is another call: some servers number all of them 0."""
        function = fragment.get("function") or {}
        index, number = fragment.get("index", 0), fragment.get("id") or ""
        call = self.by_index.get(index)
        if call is None or (number and number != call.id):
            call = self.by_index[index] = _Call(number or f"call_{uuid4().hex}", function.get("name") or "")
            self.calls.append(call)
        elif not call.name:
            call.name = function.get("name") or ""
        call.arguments += function.get("arguments") or ""


async def read_chat(account: Account, body: Body) -> AsyncGenerator[LLMChunk]:
    """The answer, as a stage gives it.

    Raises:
        OpenAIProviderError: It has no end, was withheld, or cannot be read.
    """
    answer = _Answer()
    try:
        async with aclosing(events(account, body)) as chunks:
            async for chunk in chunks:
                if text := answer.take(chunk):
                    yield TextDelta(text)
    except OpenAIProviderError:
        if not answer.ended:  # all of it is there; only the usage may be lost
            raise
    if not answer.ended:
        raise OpenAIProviderError(f"{account.who}: {account.where} ended in the middle of its answer", "broken")
    if answer.ended == "content_filter":
        raise OpenAIProviderError(f"{account.who}: {account.where} withheld its answer (content filter)", "filtered")
    for call in answer.calls:
        yield ToolCall(call.id, call.name, call.arguments)
    if answer.usage is not None:
        yield answer.usage


def _usage(told: dict[str, Any]) -> Usage:
    return Usage(int(told.get("prompt_tokens") or 0), int(told.get("completion_tokens") or 0))
