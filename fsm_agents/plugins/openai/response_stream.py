"""What the events of the Responses interface mean. They are numbered, so one that comes twice is dropped, and disorder is noticed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fsm_agents.chat.message import ToolCall
from fsm_agents.plugins.openai.account import Account
from fsm_agents.plugins.openai.asking import Body, events
from fsm_agents.plugins.openai.failures import OpenAIProviderError, of_error_event
from fsm_agents.stages.base import LLMChunk, TextDelta, Usage

__all__ = ["read_response"]

_TEXT = ("response.output_text.delta", "response.refusal.delta")
_ENDS = ("response.completed", "response.incomplete", "response.failed", "error")


async def read_response(account: Account, body: Body) -> AsyncGenerator[LLMChunk]:
    """The answer, as a stage gives it: text, then whole tool calls, then the usage.

    A call is taken from the event that has all of it; its fragments are only for those who show them.

    Raises:
        OpenAIProviderError: It has no end, failed, was withheld, or cannot be read.
    """
    seen: set[int] = set()
    calls: dict[str, ToolCall] = {}
    end: dict[str, Any] | None = None
    async with aclosing(events(account, body)) as told:
        async for event in told:
            kind = event.get("type", "")
            if not _is_next(account, event.get("sequence_number"), seen):
                continue
            if kind in _TEXT and event["delta"]:
                yield TextDelta(event["delta"])
            elif kind == "response.output_item.done" and event["item"].get("type") == "function_call":
                item = event["item"]
                calls.setdefault(item["call_id"], ToolCall(item["call_id"], item["name"], item["arguments"]))
            elif kind in _ENDS:
                end = event
                await body.drain()
                break
    usage = _ended(account, end)
    for call in calls.values():
        yield call
    if usage is not None:
        yield usage


def _is_next(account: Account, number: Any, seen: set[int]) -> bool:
    """Whether the event is new. Servers that do not number theirs send no number, or always 0."""
    if not isinstance(number, int) or number <= 0:
        return True
    if number in seen:
        return False
    if seen and number < max(seen):
        line = f"{account.who}: {account.where} sent its events out of order (number {number} after {max(seen)})"
        raise OpenAIProviderError(line, "malformed")
    seen.add(number)
    return True


def _ended(account: Account, end: dict[str, Any] | None) -> Usage | None:
    """How the answer ended: its usage, or a failure."""
    if end is None:
        raise OpenAIProviderError(f"{account.who}: {account.where} ended in the middle of its answer", "broken")
    if end["type"] == "error":
        raise of_error_event(end, account.who, account.where, account.secret())
    response = end["response"]
    if end["type"] == "response.failed":
        raise of_error_event(response.get("error") or "no reason given", account.who, account.where, account.secret())
    if (response.get("incomplete_details") or {}).get("reason") == "content_filter":
        raise OpenAIProviderError(f"{account.who}: {account.where} withheld its answer (content filter)", "filtered")
    usage = response.get("usage")
    return Usage(int(usage.get("input_tokens") or 0), int(usage.get("output_tokens") or 0)) if usage else None
