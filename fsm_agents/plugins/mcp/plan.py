"""What is fixed about a server before anybody asks it: its name, what it may offer, and every limit. It talks to nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import attrs

from fsm_agents.errors import MisuseError, nearest

__all__ = [
    "CALL_TIMEOUT",
    "LARGEST",
    "MOST_RESULT",
    "MOST_TOOLS",
    "START_LIMIT",
    "Plan",
    "check_choice",
    "check_limits",
    "check_name",
]

CALL_TIMEOUT = 20.0
"""Seconds a call may take: what the session gives a tool that says nothing itself."""
START_LIMIT = 15.0
"""Seconds in which a server must have started and listed its tools. Above 10: for so long the client asks an older server for the newest
protocol, if that does not even refuse it, before it asks for an older one."""
MOST_RESULT = 16_000
"""Characters of a result that a model is shown: what the session gives a tool that says nothing itself."""
MOST_TOOLS = 128
"""Tools of one server: what OpenAI's interface takes in one request."""
LARGEST = 4 * 2**20
"""Bytes of one message of a server. A larger one ends the connection: it is a mistake or an attack, and would stand in the loop's way."""
_LONGEST_WAIT = 600.0
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@attrs.frozen
class Plan:
    """One server as it was described.

    Args:
        name: Stands before the name of each of its tools.
        where: The command or the address, as it may be shown.
        pins: The digest of each tool that may be used; ``None`` for whatever the server lists when it starts.
        tools: The server's names of the tools that are wanted; ``None`` for all.
        timeout: Seconds for a call.
        max_result: Characters of a result.
        start_limit: Seconds for a start.
        open: Connects: given what to call when the connection is lost, an async context with the ``mcp`` package's two streams.
    """

    name: str
    where: str
    pins: Mapping[str, str] | None
    tools: tuple[str, ...] | None
    timeout: float
    max_result: int
    start_limit: float
    open: Callable[[Callable[[], None]], AbstractAsyncContextManager[Any]] = attrs.field(repr=False)

    @property
    def who(self) -> str:
        """The server, for messages."""
        return f"MCP server {self.name!r} ({self.where})"


def check_name(kind: str, name: str | None, derived: str) -> str:
    """The name as given, or one that is made of something else.

    Raises:
        MisuseError: The given name cannot stand in a tool's name.
    """
    if name is None:
        return re.sub(r"[^a-zA-Z0-9_-]+", "-", derived).strip("-")[:32] or "mcp"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise MisuseError(f"{kind}(name={name!r}): use 1 to 32 letters, digits, _ or -")
    return name


def check_choice(
    kind: str, pins: Mapping[str, str] | None, tools: object
) -> tuple[Mapping[str, str] | None, tuple[str, ...] | None]:
    """Pins and names as they were given.

    Raises:
        MisuseError: One of them is no pin or no name, or a tool is wanted that has no pin.
    """
    if pins is not None:
        if not isinstance(pins, Mapping):
            raise MisuseError(f"{kind}(pins=…) is a {type(pins).__name__}; give what pins() returned")
        for tool, pin in pins.items():
            if not isinstance(pin, str) or not _DIGEST.fullmatch(pin):
                raise MisuseError(f"{kind}(pins=…): the pin of {tool!r} is no SHA-256 digest; give what pins() returned")
        pins = dict(pins)
    if tools is None:
        return pins, None
    if isinstance(tools, str) or not isinstance(tools, list | tuple | set | frozenset):
        raise MisuseError(f"{kind}(tools={tools!r}): give a list of the server's own names")
    for name in tools:
        if not isinstance(name, str) or not name:
            raise MisuseError(f"{kind}(tools=…): {name!r} is no name of a tool")
        if pins is not None and name not in pins:
            raise MisuseError(f"{kind}(tools=…): {name!r} has no pin; {nearest(name, pins)}")
    return pins, tuple(tools)


def check_limits(kind: str, timeout: float, max_result: int, start_limit: float) -> None:
    """Whether the limits are possible.

    Raises:
        MisuseError: One is not; the message says what is.
    """
    for name, seconds in (("timeout", timeout), ("start_limit", start_limit)):
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _LONGEST_WAIT:
            raise MisuseError(f"{kind}({name}={seconds!r}): give seconds above 0, at most {_LONGEST_WAIT:g}")
    if isinstance(max_result, bool) or not isinstance(max_result, int) or not 0 < max_result <= LARGEST:
        raise MisuseError(f"{kind}(max_result={max_result!r}): give a number of characters above 0")
