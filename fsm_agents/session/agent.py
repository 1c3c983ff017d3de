"""The agent: instructions, tools and two optional hooks. Users subclass it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.errors import MisuseError, strict_keywords

if TYPE_CHECKING:
    from fsm_agents.session.session import AgentSession

__all__ = ["Agent", "checked_tools"]

_MOST_STEPS = 100


@strict_keywords
class Agent:
    """Who speaks in a session.

    Methods decorated with ``@function_tool`` are tools of the agent. ``on_enter`` and ``on_exit`` are optional.

    Args:
        instructions: What the model is told about its task.
        tools: More functions that the model can call, each decorated with ``@function_tool``.
        mcp_servers: Servers whose tools the model can call besides, ``MCPServerStdio`` and ``MCPServerHTTP``. They are started and
            ended with the session; ``tools`` has none of theirs.
        max_tool_steps: In how many rounds of one turn the model may call tools before it must answer, 0 to 100; also as an
            attribute of a class. The default, 5, fits a look-up, an action and a correction of each; nobody listens to more of them.
        chat_context: What was said before, with limits of its own if it has any; its system text is replaced by ``instructions``, if
            there are some.

    Raises:
        MisuseError: a tool is not decorated, something is no server, two tools or two servers have the same name, or a number is out
            of range.
    """

    max_tool_steps: int = 5

    def __init__(
        self, instructions: str = "", tools: Sequence[FunctionTool] | None = None, mcp_servers: Sequence[Any] | None = None, *,
        max_tool_steps: int | None = None, chat_context: ChatContext | None = None,
    ) -> None:  # fmt: skip
        steps: object = self.max_tool_steps if max_tool_steps is None else max_tool_steps
        if isinstance(steps, bool) or not isinstance(steps, int) or not 0 <= steps <= _MOST_STEPS:
            raise MisuseError(f"{type(self).__name__}(max_tool_steps={steps!r}): give a number from 0 to {_MOST_STEPS}")
        if not isinstance(chat_context, ChatContext | None):
            raise MisuseError(f"{type(self).__name__}(chat_context={type(chat_context).__name__}): give a ChatContext")
        self.max_tool_steps = steps
        self.chat_context = ChatContext(instructions) if chat_context is None else chat_context
        if instructions:
            self.chat_context.system = instructions
        self.mcp_servers: tuple[Any, ...] = _servers(mcp_servers)
        self._session: AgentSession | None = None
        found = {
            name: getattr(self, name) for name in dir(type(self)) if isinstance(getattr(type(self), name, None), FunctionTool)
        }
        self.tools: tuple[FunctionTool, ...] = checked_tools([*found.values(), *(tools or ())])

    @property
    def instructions(self) -> str:
        """What the model is told. It can be set in the middle of a call; the next answer follows it."""
        return self.chat_context.system

    @instructions.setter
    def instructions(self, text: str) -> None:
        self.chat_context.system = text

    def update_instructions(self, instructions: str) -> None:
        """Change what the model is told, also in the middle of a call: the same as setting ``instructions``."""
        self.instructions = instructions

    @property
    def session(self) -> AgentSession:
        """The session this agent is in."""
        if self._session is None:
            msg = f"{type(self).__name__} is in no session yet: AgentSession(agent=…) puts it in one"
            raise MisuseError(msg)
        return self._session

    async def on_enter(self) -> None:
        """Called once, when the session starts."""

    async def on_exit(self) -> None:
        """Called once, when the session ends, if ``on_enter`` was called; it may still say goodbye (within ``exit_limit``)."""


def checked_tools(tools: Iterable[Any]) -> tuple[FunctionTool, ...]:
    """Tools that can be offered to a model together: an agent's own, and those of its servers.

    Raises:
        MisuseError: one is not decorated, or two have the same name.
    """
    checked: dict[str, FunctionTool] = {}
    for tool in tools:
        if not isinstance(tool, FunctionTool):
            msg = f"{getattr(tool, '__name__', tool)!r} is not a tool: put @function_tool above its definition"
            raise MisuseError(msg)
        if tool.name in checked:
            msg = f"two tools are called {tool.name!r}: rename one with @function_tool(name=…), or a server with name=…"
            raise MisuseError(msg)
        checked[tool.name] = tool
    return tuple(checked.values())


def _servers(given: Any) -> tuple[Any, ...]:
    """Servers as given. Only what a session needs of one is asked for, so that anybody can write another kind."""
    if given is None:
        return ()
    if not isinstance(given, list | tuple):
        msg = f"mcp_servers={given!r}: give a list of servers"
        raise MisuseError(msg)
    names: set[str] = set()
    for server in given:
        name = getattr(server, "name", None)
        if isinstance(server, type) or not callable(getattr(server, "run", None)) or not isinstance(name, str):
            msg = f"{server!r} is no server of tools: give MCPServerStdio(…) or MCPServerHTTP(…)"
            raise MisuseError(msg)
        if name in names:
            msg = f"two MCP servers are called {name!r}, and their tools could not be told apart: give one another name=…"
            raise MisuseError(msg)
        names.add(name)
    return tuple(given)
