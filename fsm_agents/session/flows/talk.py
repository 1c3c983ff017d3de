"""The tools that a model may use while it talks in a state: those that the table allows, filled in from the flow's slots.

A slot that is set is handed over as it is: a model cannot look up somebody else's bill. It gives only what is not known yet, and never a
secret. What it calls beside these is refused, and what a tool raises it does not learn.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from typing import Any

import anyio
import attrs

from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.chat.result import fitted, result_text
from fsm_agents.chat.tool import FunctionTool, ToolArgumentError, ToolError
from fsm_agents.errors import nearest
from fsm_agents.flows.machine.effects import AskModel
from fsm_agents.flows.machine.secret import takes_secret
from fsm_agents.flows.spec import ToolSpec
from fsm_agents.flows.words.types import Invalid
from fsm_agents.session.flows.calls import called, opened
from fsm_agents.session.flows.run import FlowRun
from fsm_agents.session.flows.values import Values
from fsm_agents.session.toolbox import MOST_RESULT

__all__ = ["HIDDEN_TEXT", "TalkTools", "arguments", "legal"]

log = logging.getLogger("fsm_agents")

HIDDEN_TEXT = "(hidden)"
"""What a model reads in place of a secret."""
LONGEST_NAME = 64


@attrs.frozen(eq=False)
class _Tool:
    """One tool that may be used.

    Args:
        path: Put before the names of its slots.
        function: What is called.
        given: The parameters that the model gives.
        offered: As the model sees it.
    """

    spec: ToolSpec
    path: str
    function: Any
    given: tuple[str, ...]
    offered: FunctionTool

    @property
    def full(self) -> str:
        """Its full name."""
        return self.path + self.spec.name

    @property
    def own(self) -> FunctionTool | None:
        """The tool that describes itself: of a tool server."""
        return self.function if isinstance(self.function, FunctionTool) and self.spec.mcp else None


class TalkTools:
    """The tools of one question to the model.

    Args:
        run: The conversation.
        asked: The question.
        values: Its slots.
        taken: Names that are not free.
    """

    def __init__(self, run: FlowRun, asked: AskModel, values: Values, taken: Iterable[str] = ()) -> None:
        self._run, self._asked, self._values = run, asked, values
        self._count = 0
        self._done: dict[tuple[str, str], ToolResult] = {}
        self._tools: dict[str, _Tool] = {}
        for name in asked.tools:
            found = run.tool(name)
            if found is not None:
                made = self._made(name, found, {*taken, *self._tools})
                self._tools[made.offered.name] = made

    def __contains__(self, name: str) -> bool:
        """Whether the model may use this tool."""
        return name in self._tools

    @property
    def offered(self) -> tuple[FunctionTool, ...]:
        """What the model is shown."""
        return tuple(tool.offered for tool in self._tools.values())

    def _made(self, name: str, function: Any, taken: set[str]) -> _Tool:
        path, slash, _ = name.rpartition("/")
        spec = self._run.flow.flat.tools[name]
        set_slots = dict(self._run.data.slots)
        open_names = [arg for arg in spec.args if path + slash + arg not in set_slots]
        given = tuple(arg for arg in open_names if not self._values.secret(path + slash + arg))
        about = spec.name.replace("_", " ")
        if isinstance(function, FunctionTool):
            about = function.description or about
        parameters = {
            "type": "object",
            "properties": {arg: self._values.schema(path + slash + arg) for arg in given},
            "required": list(given),
            "additionalProperties": False,
        }
        if isinstance(function, FunctionTool) and spec.mcp:
            parameters = _without(function.parameters, set(spec.args) - set(given))
        offered = FunctionTool(legal(spec.name, taken), about, parameters, _not_called, is_async=True)
        return _Tool(spec, path + slash, function, given, offered)

    # --- calls --------------------------------------------------------------------------------------------------------------------------

    async def run(self, call: ToolCall) -> ToolResult:
        """The result of a call, whatever it is: of a tool that is not allowed, an error. A repeated call has the result it had."""
        tool = self._tools.get(call.name)
        if tool is None:
            return self._told(
                call, f"there is no tool {call.name[:LONGEST_NAME]!r} here; {nearest(call.name[:LONGEST_NAME], self._tools)}"
            )
        known = self._done.get((call.name, call.arguments)) if tool.spec.once else None
        if known is not None:
            return attrs.evolve(known, id=call.id)
        self._count += 1
        result = self._done[call.name, call.arguments] = await self._result(tool, call, self._count)
        return result

    async def _result(self, tool: _Tool, call: ToolCall, count: int) -> ToolResult:
        hides = takes_secret(self._run.flow.flat.scopes[tool.path], tool.spec.name)
        limit = (tool.function.max_result if isinstance(tool.function, FunctionTool) else None) or MOST_RESULT
        try:
            value = await self._awaited(tool, self._arguments(tool, call), count)
            output = HIDDEN_TEXT if hides else result_text(value, limit)
            return ToolResult(call.id, call.name, output)
        except TimeoutError:
            log.warning("tool %s did not return in time", tool.spec.name)
            return self._told(call, f"{call.name} did not answer in time")
        except ToolArgumentError as wrong:
            return self._told(call, str(wrong), limit)
        except ToolError as told:
            return self._told(call, HIDDEN_TEXT if hides else str(told), limit)
        except Exception as broken:
            log.error("tool %s raised", tool.spec.name, exc_info=broken)
            return self._told(call, f"{call.name} failed")

    def _arguments(self, tool: _Tool, call: ToolCall) -> dict[str, Any]:
        own = tool.own
        given = arguments(call) if own is None else own.parse(_merged(call, self._filled(tool)))
        if given is None:
            raise ToolArgumentError(call.name, ["the arguments are no JSON object"])
        if own is not None:
            return given
        values: dict[str, Any] = {}
        problems = [
            f"there is no parameter {name[:LONGEST_NAME]!r}; {nearest(name[:LONGEST_NAME], tool.given)}"
            for name in given
            if name not in tool.given
        ]
        for name in tool.given:
            if given.get(name) is None:
                problems.append(f"{name} is missing")
                continue
            value = self._values.read(tool.path + name, given[name])
            if isinstance(value, Invalid):
                problems.append(f"{name}: {value.reason}")
            values[name] = list(value) if isinstance(value, tuple) else value
        if problems:
            raise ToolArgumentError(call.name, problems)
        return values | self._filled(tool)

    def _filled(self, tool: _Tool) -> dict[str, Any]:
        """The slots that the flow itself hands over."""
        slots = dict(self._run.data.slots)
        return opened(tuple((name, slots[tool.path + name]) for name in tool.spec.args if tool.path + name in slots))

    async def _awaited(self, tool: _Tool, args: dict[str, Any], count: int) -> Any:
        """What the tool returns. It runs in a task of the host's, so that one with ``once = true`` need not be cut when nobody waits."""
        run, spec, asked = self._run, tool.spec, self._asked
        defaults = run.flow.flat.scopes[tool.path].spec.defaults
        limit = defaults.tool_timeout if spec.timeout is None else spec.timeout
        context = run.context(f"{asked.state}/{run.data.visit}/{asked.number}/{count}", limit)
        scope, over = anyio.CancelScope(shield=spec.once and run.calls.keeps_once), anyio.Event()
        results: list[Any] = []
        failures: list[Exception] = []

        async def work() -> None:
            try:
                with scope:
                    results.append(await called(tool.function, args, context))
            except Exception as broken:
                failures.append(broken)
            finally:
                over.set()

        run.spawn(work, f"tool {spec.name}")
        try:
            with anyio.fail_after(limit):
                await over.wait()
        finally:
            if not spec.once:
                scope.cancel()
        if failures:
            raise failures[0]
        if not results:
            raise RuntimeError("what it waited for was cancelled")
        return results[0]

    def _told(self, call: ToolCall, output: str, limit: int = MOST_RESULT) -> ToolResult:
        return ToolResult(call.id, call.name, fitted(output, limit), is_error=True)


def arguments(call: ToolCall) -> dict[str, Any] | None:
    """The arguments of a call; ``None``: they are no JSON object."""
    try:
        found = json.loads(call.arguments.strip() or "{}", parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def legal(name: str, taken: Iterable[str]) -> str:
    """A name that every provider takes, and that is not taken."""
    known = set(taken)
    found = base = re.sub(r"[^a-zA-Z0-9_-]", "_", name)[: LONGEST_NAME - 4] or "tool"
    count = 1
    while found in known:
        count += 1
        found = f"{base}_{count}"
    return found


def _merged(call: ToolCall, filled: dict[str, Any]) -> str:
    """The arguments as JSON, with what the flow hands over put in their place."""
    given = arguments(call)
    return call.arguments if given is None else json.dumps(given | filled)


def _without(schema: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """A schema without the parameters that the flow fills in."""
    if not names:
        return schema
    properties = {name: about for name, about in dict(schema.get("properties", {})).items() if name not in names}
    return {**schema, "properties": properties, "required": [name for name in schema.get("required", []) if name not in names]}


def _refuse(name: str) -> None:
    raise ValueError(name)


async def _not_called() -> None:
    raise RuntimeError("tools of a flow are called by TalkTools.run")
