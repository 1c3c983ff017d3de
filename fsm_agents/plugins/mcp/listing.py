"""What a server lists, and what of it becomes tools: names, limits and pins."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from fsm_agents.chat.tool import FunctionTool, ToolArgumentError
from fsm_agents.errors import MisuseError, ProviderError, nearest
from fsm_agents.plugins.mcp.plan import MOST_TOOLS, Plan
from fsm_agents.plugins.mcp.result import clean
from fsm_agents.plugins.mcp.schema import Check, checker

__all__ = ["LONGEST_DESCRIPTION", "LONGEST_SCHEMA", "Listed", "MCPTool", "choose", "make_tools", "read_listing"]

log = logging.getLogger("fsm_agents")

LONGEST_DESCRIPTION = 8_000
"""Characters of a tool's description."""
LONGEST_SCHEMA = 64_000
"""Characters of a tool's schema as JSON."""
_MOST_LISTED = 2_000
_MOST_PAGES = 100
_LONGEST_NAME = 64
_AFTER = 1.0  # seconds that the session waits longer than we do: what we say of a call that took too long says more


@attrs.frozen
class Listed:
    """A tool as its server describes it.

    Args:
        name: The server's name for it.
        description: What it says that it does.
        schema: The JSON schema of its arguments.
        pin: SHA-256 of these three.
    """

    name: str
    description: str
    schema: dict[str, Any]
    pin: str

    @classmethod
    def of(cls, name: str, description: str, schema: dict[str, Any]) -> Listed:
        """With its pin: of the canonical JSON (sorted, no spaces) of ``[name, description, schema]``."""
        text = json.dumps([name, description, schema], sort_keys=True, separators=(",", ":"))
        return cls(name, description, schema, hashlib.sha256(text.encode()).hexdigest())


@attrs.frozen(eq=False)
class MCPTool(FunctionTool):
    """A server's tool. Its arguments are checked against the server's schema before anything is sent.

    Args:
        check: Gives the problems of arguments.
    """

    check: Check = attrs.field(kw_only=True, repr=False)

    def parse(self, arguments_json: str) -> dict[str, Any]:
        """As of every tool; problems are those of the server's schema."""
        arguments = super().parse(arguments_json)
        problems = self.check(arguments)
        if problems:
            raise ToolArgumentError(self.name, problems)
        return arguments


async def read_listing(client: Any, plan: Plan) -> dict[str, Listed]:
    """All that the server lists, page by page.

    Raises:
        ProviderError: It lists a name twice, or does not come to an end.
    """
    found: dict[str, Listed] = {}
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            if tool.name in found:
                raise ProviderError(f"{plan.who} lists {tool.name[:100]!r} twice")
            found[tool.name] = Listed.of(tool.name, tool.description or "", tool.input_schema)
        cursor = page.next_cursor
        if cursor is None:
            return found
        if len(found) > _MOST_LISTED:
            break
    raise ProviderError(f"{plan.who} lists more than {len(found)} tools and goes on; nobody reads that")


def choose(listed: dict[str, Listed], plan: Plan) -> list[tuple[Listed, Check]]:
    """What of a listing is offered to a model, with what checks its arguments. Compiles schemas: for a thread.

    Raises:
        ProviderError: A pinned tool is gone or is not what it was.
        MisuseError: A wanted tool does not exist or cannot be used, or there are too many.
    """
    _check_pins(listed, plan)
    for name in plan.tools or ():
        if name not in listed:
            raise MisuseError(f"{plan.who} has no tool {name!r}; {nearest(name, listed)}")
    names = [name for name in listed if (plan.pins is None or name in plan.pins) and (plan.tools is None or name in plan.tools)]
    if plan.pins is not None and (new := [clean(name)[:_LONGEST_NAME] for name in listed if name not in plan.pins]):
        log.warning("%s lists %d tools that have no pin and are left out: %s", plan.who, len(new), ", ".join(new[:10]))
    if len(names) > MOST_TOOLS:
        raise MisuseError(
            f"{plan.who} lists {len(names)} tools, and {MOST_TOOLS} are possible; name the ones you need with tools=[…]"
        )
    chosen: list[tuple[Listed, Check]] = []
    for name in names:
        try:
            chosen.append((listed[name], _checked(listed[name])))
        except ValueError as wrong:
            if plan.tools is not None or plan.pins is not None:
                raise MisuseError(f"{plan.who}: the tool {name[:100]!r} cannot be used: {wrong}") from None
            log.warning("%s: the tool %r is left out: %s", plan.who, clean(name)[:100], wrong)
    return chosen


def make_tools(
    chosen: Sequence[tuple[Listed, Check]], plan: Plan, caller: Callable[[Listed, str], Callable[..., Any]]
) -> tuple[FunctionTool, ...]:
    """The tools that a model is shown.

    Raises:
        MisuseError: Two of them would have the same name.
    """
    tools: dict[str, FunctionTool] = {}
    origin: dict[str, str] = {}
    for one, check in chosen:
        name = _tool_name(plan.name, one.name)
        if name in tools:
            raise MisuseError(
                f"{plan.who}: its tools {origin[name][:100]!r} and {one.name[:100]!r} would both be called {name!r}; "
                f"leave one out with tools=[…]"
            )
        origin[name] = one.name
        tools[name] = MCPTool(
            name, clean(one.description), one.schema, caller(one, name), is_async=True, timeout=plan.timeout + _AFTER,
            max_result=plan.max_result, check=check,
        )  # fmt: skip
    return tuple(tools.values())


def _check_pins(listed: dict[str, Listed], plan: Plan) -> None:
    drifted: list[str] = []
    for name, pin in (plan.pins or {}).items():
        if name not in listed:
            drifted.append(f"{name!r} is gone")
        elif listed[name].pin != pin:
            drifted.append(f"{name!r} has changed")
    if drifted:
        raise ProviderError(
            f"{plan.who} is not what was pinned: {', '.join(drifted[:10])}. Look at what it lists now, and pin it anew if that is right"
        )


def _checked(one: Listed) -> Check:
    if len(one.description) > LONGEST_DESCRIPTION:
        raise ValueError(f"its description has {len(one.description)} characters, and {LONGEST_DESCRIPTION} are possible")
    size = len(json.dumps(one.schema, ensure_ascii=False))
    if size > LONGEST_SCHEMA:
        raise ValueError(f"its schema has {size} characters, and {LONGEST_SCHEMA} are possible")
    if one.schema.get("type") != "object":
        raise ValueError("its schema does not describe an object")
    return checker(one.schema)


def _tool_name(server: str, tool: str) -> str:
    """``server_tool`` in the letters that every provider takes; a name that is too long keeps its beginning and a digest of all of it."""
    name = f"{server}_" + re.sub(r"[^a-zA-Z0-9_-]", "_", tool)
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 9]}_{hashlib.sha256(tool.encode('utf-8', 'replace')).hexdigest()[:8]}"
