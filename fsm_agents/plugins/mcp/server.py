"""What both kinds of servers have in common: their settings, and that a session runs them. It talks to nobody itself.

The ``mcp`` package is loaded in a thread when a session starts: it takes half a second, for which no event loop may stand still.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio

from fsm_agents.chat.tool import FunctionTool
from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.plugins.mcp.plan import Plan
from fsm_agents.runtime.threads import run_in_thread

if TYPE_CHECKING:
    from fsm_agents.plugins.mcp.line import Line

__all__ = ["MCPServer"]


class MCPServer:
    """A server whose tools an agent may use. Give it to the agent, which starts and ends it with its session; it can serve several at once.

    Args:
        plan: The server and its limits.

    Raises:
        MissingExtra: The ``mcp`` package is not installed.
    """

    def __init__(self, plan: Plan) -> None:
        if importlib.util.find_spec("mcp") is None:
            raise MissingExtra("mcp", type(self).__name__)
        self._plan = plan
        self._pins: dict[str, str] | None = None

    @property
    def name(self) -> str:
        """What stands before the names of its tools."""
        return self._plan.name

    async def run(self, ready: Callable[[tuple[FunctionTool, ...]], None]) -> None:
        """Start it, call ``ready`` with its tools once, and serve their calls until cancelled; then it is gone within 0.8 s.

        Raises:
            ProviderError: It does not start, ends at once, or is not what was pinned.
            MisuseError: It cannot be started or used as it is described.
            MissingExtra: The ``mcp`` package is too old.
        """

        def offer(tools: tuple[FunctionTool, ...], pins: dict[str, str]) -> None:
            self._pins = pins
            ready(tools)

        await (await run_in_thread(_line, self._plan, type(self).__name__)).run(offer)

    def pins(self) -> dict[str, str]:
        """What to give as ``pins=`` from now on: SHA-256 of name, description and schema of each tool, by the server's own name.

        Raises:
            MisuseError: It was never started.
        """
        if self._pins is None:
            raise MisuseError(f"nobody has asked {self._plan.who} for its tools yet; await read_pins() asks")
        return dict(self._pins)

    async def read_pins(self) -> dict[str, str]:
        """Start the server, read its tools, end it, and return :meth:`pins`. For whoever reviews what a server lists before it is trusted."""
        listed = anyio.Event()
        failures: list[Exception] = []
        async with anyio.create_task_group() as tasks:

            async def once() -> None:
                try:
                    await self.run(lambda _tools: listed.set())
                except Exception as failure:  # noqa: BLE001 - raised below, without a group around it
                    failures.append(failure)
                    listed.set()

            tasks.start_soon(once)
            await listed.wait()
            tasks.cancel_scope.cancel()
        if failures:
            raise failures[0]
        return self.pins()


def _line(plan: Plan, kind: str) -> Line:
    """Import what is slow to import."""
    try:
        from fsm_agents.plugins.mcp.line import Line
    except ImportError as missing:
        raise MissingExtra("mcp", kind, f"mcp 2.3 or newer; {missing}") from missing
    return Line(plan)
