"""A server that is a program on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.plugins.mcp.plan import CALL_TIMEOUT, MOST_RESULT, START_LIMIT, Plan, check_choice, check_limits, check_name
from fsm_agents.plugins.mcp.server import MCPServer

__all__ = ["INHERITED", "MCPServerStdio"]

INHERITED = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
    # Windows does not start a program without some of these
    "APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT", "PROCESSOR_ARCHITECTURE", "SYSTEMDRIVE", "SYSTEMROOT",
    "TEMP", "TMP", "USERNAME", "USERPROFILE",
)  # fmt: skip
"""All that a child sees of our environment. Keys of providers are not among it: what a server needs is given to it by name (``env=``)."""


@strict_keywords
class MCPServerStdio(MCPServer):
    """A program that offers tools over its standard input and output.

        Agent("…", mcp_servers=[MCPServerStdio("uvx", ["mcp-server-git"], name="git")])

    It is started with the session, sees only what ``INHERITED`` lists of our environment and ``env``, and is ended with all that it
    started when the session closes. What it writes to its standard error goes to the log at DEBUG.

    Args:
        command: The program.
        args: Its arguments.
        env: Environment variables it gets besides.
        cwd: Where it runs; ``None`` for here.
        name: Stands before the names of its tools, up to 32 letters, digits, ``_`` and ``-``; the program's name unless given.
        pins: What ``pins()`` gave once. A tool that has changed since, or is gone, is refused at the start; new ones are left out.
        tools: The names, as the server has them, of the tools that are wanted; ``None`` for all.
        timeout: Seconds a call may take, reconnecting included.
        max_result: Characters of a result that the model is shown.
        start_limit: Seconds in which it must have started and listed its tools.

    Raises:
        MisuseError: A value is not possible.
        MissingExtra: The ``mcp`` package is not installed.
    """

    def __init__(  # noqa: PLR0913 - keywords, each documented
        self, command: str | os.PathLike[str], args: Sequence[str] = (), env: Mapping[str, str] | None = None, *,
        cwd: str | os.PathLike[str] | None = None, name: str | None = None, pins: Mapping[str, str] | None = None,
        tools: Sequence[str] | None = None, timeout: float = CALL_TIMEOUT, max_result: int = MOST_RESULT,
        start_limit: float = START_LIMIT,
    ) -> None:  # fmt: skip
        kind = "MCPServerStdio"
        if not isinstance(command, str | os.PathLike) or not str(command).strip():
            raise MisuseError(f"{kind}(command={command!r}): give the name or the path of a program")
        if isinstance(args, str) or not all(isinstance(arg, str) for arg in args):
            raise MisuseError(f"{kind}(args=…): give a list of texts, one for each argument")
        for variable, value in (env or {}).items():
            if not isinstance(variable, str) or not isinstance(value, str):
                raise MisuseError(f"{kind}(env=…): {variable!r} is no text, or its value is none")
        check_limits(kind, timeout, max_result, start_limit)
        pins, wanted = check_choice(kind, pins, tools)
        program = Path(command)
        self._command = [os.fspath(command), *args]
        self._env = _Hidden(dict(env or {}))
        self._cwd = None if cwd is None else os.fspath(cwd)
        super().__init__(
            Plan(check_name(kind, name, program.stem), program.name, pins, wanted, timeout, max_result, start_limit, self._open)
        )

    def _open(self, lost: Callable[[], None]) -> AbstractAsyncContextManager[Any]:
        from fsm_agents.plugins.mcp.child import child_streams

        inherited = {name: value for name in INHERITED if (value := os.environ.get(name)) is not None}
        return child_streams(self._plan.who, self._command, {**inherited, **self._env.values}, self._cwd, lost)

    def __repr__(self) -> str:
        """Program and name; arguments and environment may hold what nobody else should see."""
        return f"MCPServerStdio({self._command[0]!r}, name={self.name!r})"


class _Hidden:
    """Values that show themselves to nobody: not in a repr, a log, or a dump of attributes."""

    __slots__ = ("values",)

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"[{', '.join(self.values)}]"
