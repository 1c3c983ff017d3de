"""Running tools: each call at most once, in the session's scope, so that a cut of the speaking never cuts a side effect in two.

Every call that is taken up gets exactly one result, whatever the tool does and whatever becomes of the reply that called it. What a tool
raises is logged, and never told; the toolbox decides nothing about replies.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import anyio
import attrs

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.chat.result import fitted, result_text
from fsm_agents.chat.tool import FunctionTool, ToolContext, ToolError
from fsm_agents.errors import nearest
from fsm_agents.machines.events import ToolsCalled, ToolsDone
from fsm_agents.pipelines.composer import Spawn
from fsm_agents.runtime.threads import run_in_thread
from fsm_agents.session.agent import Agent

__all__ = ["MOST_RESULT", "TOOL_TIMEOUT", "Toolbox"]

log = logging.getLogger("fsm_agents")

TOOL_TIMEOUT = 20.0
"""Seconds a tool may take unless it says otherwise: below the tool limit of a reply, so that the model learns of it."""
MOST_RESULT = 16_000
"""Characters of a result that a model is shown unless the tool says otherwise: about 4,000 tokens."""


@attrs.define(eq=False)
class _Work:
    """One call that was taken up, as history has it. ``tool`` is ``None`` if the model made the name up."""

    call: ToolCall
    tool: FunctionTool | None
    missing: str
    interruption: anyio.CancelScope = attrs.field(factory=anyio.CancelScope)

    @property
    def limit(self) -> int:
        """How many characters of its result the model is shown."""
        return (self.tool.max_result if self.tool else None) or MOST_RESULT

    def told(self, output: str, *, is_error: bool = True) -> ToolResult:
        """A result of this call."""
        return ToolResult(self.call.id, self.call.name, fitted(output, self.limit), is_error=is_error)


class Toolbox:
    """The tools of one session.

    Args:
        session: What a tool gets as the session in its :class:`ToolContext`.
        context: The history to write.
        post: The door of the conversation.
        spawn: Starts a task that the session owns.
    """

    def __init__(self, session: Any, context: ChatContext, post: Callable[[object], object], spawn: Spawn) -> None:
        self._session, self._context, self._post, self._spawn = session, context, post, spawn
        self._working: dict[str, _Work] = {}
        self._calls: set[tuple[str, str, str]] = set()
        self._ids: set[str] = set()
        self._settled = anyio.Event()
        self._reply = -1  # which reply called them, or waits for them, last

    @property
    def busy(self) -> bool:
        """Whether a tool is at work."""
        return bool(self._working)

    async def settled(self, reply: int = -1) -> None:
        """Wait until no tool is at work: those of a reply that was cut report too.

        Args:
            reply: The number of the reply that waits for them, if one does (-1: none). The tables are told: it acts until then, and that
                is no dead air.
        """
        if self._working and reply > self._reply:
            self._reply = reply
            self._post(ToolsCalled(reply))
        while self._working:
            await self._settled.wait()

    async def run(self, reply: int, calls: Sequence[ToolCall], tools: Sequence[FunctionTool]) -> bool:
        """Run what a model called, and wait for the results, which are in history then. A call that came before is not run again.

        If the reply is cut meanwhile, tools that say so are cancelled; the others go on.

        Args:
            reply: The number of the reply that calls.
            calls: What the model called, in order.
            tools: What it was offered.

        Returns:
            Whether any of it was new.
        """
        works = self._taken(calls, tools)
        if not works:
            return False
        if not self._working:
            self._settled = anyio.Event()
        for work in works:
            self._working[work.call.id] = work
            self._context.add(work.call)
        self._reply = reply
        self._post(ToolsCalled(reply))
        for line in _lines(works):
            self._spawn(lambda line=line: self._work(line), f"tool {line[0].call.name}")  # type: ignore[misc]
        try:
            await self.settled()
        except anyio.get_cancelled_exc_class():
            for work in works:
                if work.tool is not None and work.tool.on_interruption == "cancel":
                    work.interruption.cancel()
            raise
        return True

    # --- which calls are new -------------------------------------------------------------------------------------------------------

    def _taken(self, calls: Sequence[ToolCall], tools: Sequence[FunctionTool]) -> list[_Work]:
        """The calls that did not come before, each under an id that no other call has.

        The same id with the same tool and arguments is the same call. With others it is a new one, of a server that counts its calls from
        0 in every answer (or names none of them): it gets an id of its own, which is what history and the tool know it by.
        """
        known = {tool.name: tool for tool in tools}
        works = []
        for call in calls:
            key = (call.id, call.name, _canonical(call.arguments))
            if call.id and key in self._calls:
                log.info("tool %s: a call that came before is not run again", call.name)
                continue
            self._calls.add(key)
            name = self._new_id(call.id)
            missing = "" if call.name in known else f"there is no tool {call.name[:64]!r}; {nearest(call.name[:64], known)}"
            works.append(_Work(call if name == call.id else attrs.evolve(call, id=name), known.get(call.name), missing))
        return works

    def _new_id(self, wanted: str) -> str:
        numbered = (f"{wanted or 'call'}-{number}" for number in count(2 if wanted else 1))
        name = wanted if wanted and wanted not in self._ids else next(each for each in numbered if each not in self._ids)
        self._ids.add(name)
        return name

    # --- running them --------------------------------------------------------------------------------------------------------------

    async def _work(self, line: Sequence[_Work]) -> None:
        """Run calls one after the other; whatever happens, each of them has a result at the end."""
        try:
            for work in line:
                self._report(work, await self._result(work))
        finally:
            for work in line:
                if work.call.id in self._working:  # the session ends
                    self._report(work, work.told(_stopped(work, "the call ended")))
            if not self._working:
                self._settled.set()
        if not self._working:
            self._post(ToolsDone(self._reply))

    def _report(self, work: _Work, result: ToolResult) -> None:
        del self._working[work.call.id]
        self._context.add(result)

    async def _result(self, work: _Work) -> ToolResult:
        """What the model is told: a result, or an error it can act on, never the raw text of an exception."""
        tool, name = work.tool, work.call.name
        if tool is None:
            return work.told(work.missing)
        if work.interruption.cancel_called:  # before its turn came: not even its first line is run
            return work.told(_stopped(work, "the caller interrupted"))
        timeout = tool.timeout or TOOL_TIMEOUT
        try:
            with work.interruption, anyio.move_on_after(timeout) as limit:
                return self._told(work, await self._called(tool, work.call, limit.deadline))
        except ToolError as told:
            return work.told(str(told))
        except Exception as broken:
            log.error("tool %s raised", name, exc_info=broken)
            return work.told(f"{name} failed")
        if work.interruption.cancelled_caught:
            log.info("tool %s was cancelled: its reply was cut", name)
            return work.told(_stopped(work, "the caller interrupted"))
        log.warning("tool %s did not return within %.1f s", name, timeout)
        return work.told(f"{name} did not answer in time")

    async def _called(self, tool: FunctionTool, call: ToolCall, deadline: float) -> Any:
        """What the tool returns."""
        arguments = tool.parse(call.arguments)
        if tool.context_parameter:
            arguments[tool.context_parameter] = ToolContext(call.id, deadline, self._session)
        try:
            if tool.is_async:
                value = await tool.call(**arguments)
            else:
                # In a tuple, for trio refuses to carry back what is to be awaited.
                (value,) = await run_in_thread(lambda: (tool.call(**arguments),), abandon_on_cancel=True)
            return await value if hasattr(value, "__await__") else value  # of an async function behind a sync wrapper
        except anyio.get_cancelled_exc_class() as stray:
            # A tool may let somebody else's cancellation through (it awaited a task that was cancelled): ours is raised here again, and
            # any other is a failure of the tool, not the end of the session.
            await anyio.lowlevel.checkpoint_if_cancelled()
            raise RuntimeError("what it waited for was cancelled") from stray

    def _told(self, work: _Work, value: Any) -> ToolResult:
        """The result of what was returned; an agent takes the conversation over first."""
        agent, rest = _handed_over(value)
        if agent is not None:
            self._session.hand_off(agent)
        return work.told(result_text(rest, work.limit), is_error=False)


def _handed_over(value: Any) -> tuple[Agent | None, Any]:
    """The agent that a tool returned, alone or with a result; what is left for the model to read."""
    if isinstance(value, Agent):
        return value, "The conversation was handed over to you: go on from here."
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], Agent):  # noqa: PLR2004 - an agent and a result
        return value
    return None, value


def _lines(works: Sequence[_Work]) -> list[list[_Work]]:
    """What runs beside each other, and what runs one after the other."""
    together = [[work] for work in works if work.tool is None or work.tool.parallel]
    in_turn = [work for work in works if work.tool is not None and not work.tool.parallel]
    return [*together, in_turn] if in_turn else together


def _stopped(work: _Work, why: str) -> str:
    return f"{work.call.name} was stopped, because {why}; what it was to do may be done in part, or not at all"


def _canonical(arguments: str) -> str:
    """The arguments in one way of writing, to tell whether two calls are the same."""
    try:
        return json.dumps(json.loads(arguments.strip() or "{}"), sort_keys=True)
    except (ValueError, RecursionError):
        return arguments
