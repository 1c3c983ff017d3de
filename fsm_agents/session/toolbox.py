"""Running tools: each call at most once, in the session's scope, so that a cut of the speaking never cuts a side effect in two."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

import anyio

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.chat.tool import FunctionTool, ToolArgumentError, ToolContext
from fsm_agents.errors import nearest
from fsm_agents.machines.events import ToolsCalled, ToolsDone
from fsm_agents.pipelines.composer import Spawn
from fsm_agents.runtime.threads import run_in_thread

__all__ = ["MOST_RESULT", "TOOL_TIMEOUT", "Toolbox"]

log = logging.getLogger("fsm_agents")

TOOL_TIMEOUT = 20.0
"""Seconds a tool may take unless it says otherwise: below the tool limit of a reply, so that the model learns of it."""
MOST_RESULT = 16_000
"""Characters of a result that a model is shown: about 4,000 tokens."""


class Toolbox:
    """The tools of one session.

    Args:
        session: What a tool gets as the session in its :class:`ToolContext`.
        context: The history to write.
        post: The door of the conversation.
        spawn: Starts a task that the session owns.
    """

    def __init__(self, session: object, context: ChatContext, post: Callable[[object], object], spawn: Spawn) -> None:
        self._session, self._context, self._post, self._spawn = session, context, post, spawn
        self._outstanding: set[str] = set()
        self._seen: set[str] = set()
        self._settled = anyio.Event()

    @property
    def busy(self) -> bool:
        """Whether a tool is at work."""
        return bool(self._outstanding)

    async def settled(self) -> None:
        """Wait until no tool is at work: those of a reply that was cut report too."""
        while self._outstanding:
            self._settled = anyio.Event()
            await self._settled.wait()

    async def run(self, reply: int, calls: Sequence[ToolCall], tools: Sequence[FunctionTool]) -> None:
        """Run what a model called and wait for the results, which are in history then. A call whose id was seen is not run again."""
        fresh = [call for call in {call.id: call for call in calls}.values() if call.id not in self._seen]
        if not fresh:
            return
        known = {tool.name: tool for tool in tools}
        for call in fresh:
            self._seen.add(call.id)
            self._outstanding.add(call.id)
            self._context.add(call)
        self._post(ToolsCalled(reply))
        for call in fresh:
            self._spawn(lambda call=call: self._one(reply, call, known), f"tool {call.name}")  # type: ignore[misc]
        await self.settled()

    async def _one(self, reply: int, call: ToolCall, known: dict[str, FunctionTool]) -> None:
        try:
            result = await self._result(call, known)
        finally:
            self._outstanding.discard(call.id)
        self._context.add(result)
        if not self._outstanding:
            self._post(ToolsDone(reply))
            self._settled.set()

    async def _result(self, call: ToolCall, known: dict[str, FunctionTool]) -> ToolResult:
        """What the model is told: a result, or an error it can act on, never the raw text of an exception."""
        tool = known.get(call.name)
        if tool is None:
            return ToolResult(call.id, call.name, f"there is no tool {call.name!r}; {nearest(call.name, known)}", is_error=True)
        timeout = tool.timeout or TOOL_TIMEOUT
        try:
            arguments = tool.parse(call.arguments)
        except ToolArgumentError as wrong:
            return ToolResult(call.id, call.name, str(wrong), is_error=True)
        if tool.context_parameter:
            arguments[tool.context_parameter] = ToolContext(call.id, anyio.current_time() + timeout, self._session)
        try:
            with anyio.fail_after(timeout):
                if tool.is_async:
                    value = await tool.call(**arguments)
                else:
                    value = await run_in_thread(lambda: tool.call(**arguments), abandon_on_cancel=True)
        except TimeoutError:
            log.warning("tool %s did not return within %.1f s", call.name, timeout)
            return ToolResult(call.id, call.name, f"{call.name} did not answer in time", is_error=True)
        except Exception as broken:
            log.error("tool %s raised", call.name, exc_info=broken)
            return ToolResult(call.id, call.name, f"{call.name} failed", is_error=True)
        return ToolResult(call.id, call.name, _text(value)[:MOST_RESULT])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
