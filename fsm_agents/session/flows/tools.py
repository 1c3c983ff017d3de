"""Where a flow in text finds tools that it was not bound to: the agent's, those of its tool servers, and examples."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import anyio

from fsm_agents.chat.tool import FunctionTool
from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.spec import ToolSpec
from fsm_agents.pipelines.parts import all_at_once
from fsm_agents.session.agent import Agent
from fsm_agents.session.flows.calls import Spawn

__all__ = ["StandIn", "TextTools", "by_example"]

log = logging.getLogger("fsm_agents")

StandIn: TypeAlias = Callable[[ToolSpec], Callable[..., Any] | None]
"""Who stands in for a tool that no host gave: a function to call in its place, or ``None``."""


def by_example(spec: ToolSpec) -> Callable[..., Any] | None:
    """A function that returns a tool's ``example``; ``None``: the tool returns something and has none."""
    if spec.returns and not spec.example:
        return None

    def example(**_given: Any) -> dict[str, Any]:
        return dict(spec.example)

    return example


class TextTools:
    """The tools of one conversation.

    Args:
        flow: The flow.
        agent: Whose tools and tool servers may be used.
        stand_in: Who stands in where there is none.
    """

    def __init__(self, flow: Flow, agent: Agent | None, stand_in: StandIn | None) -> None:
        self._flow, self._agent, self._stand_in = flow, agent, stand_in
        self._served: dict[str, FunctionTool] = {}

    def find(self, spec: ToolSpec) -> Any:
        """What to call for a tool that the flow was not bound to; ``None``: nothing.

        Of a tool server only what the flow lists with ``mcp = true``: the table says what a model may reach.
        """
        own = {tool.name: tool for tool in self._agent.tools} if self._agent is not None else {}
        found = self._served.get(spec.name) if spec.mcp else own.get(spec.name)
        if found is not None or self._stand_in is None:
            return found
        return self._stand_in(spec)

    @property
    def needs_servers(self) -> bool:
        """Whether tool servers of the agent have to be started for this flow."""
        servers = self._agent.mcp_servers if self._agent is not None else ()
        return bool(servers) and any(tool.mcp for tool in self._flow.flat.tools.values())

    async def serve(self, spawn: Spawn) -> None:
        """Have the tool servers run in a task of the host's, and wait until they have said what they offer.

        Raises:
            Exception: What kept one of them from starting.
            MisuseError: Two tools have one name.
        """
        if self._agent is not None and self.needs_servers:
            await all_at_once({str(server.name): partial(self._serve, server, spawn) for server in self._agent.mcp_servers})

    async def _serve(self, server: Any, spawn: Spawn) -> None:
        ready, failed = anyio.Event(), list[Exception]()

        def take(tools: tuple[FunctionTool, ...]) -> None:
            double = {tool.name for tool in tools} & set(self._served)
            if double:
                raise MisuseError(f"two tools are called {min(double)!r}, one of them from the tool server {server.name!r}")
            self._served |= {tool.name: tool for tool in tools}
            ready.set()

        async def run() -> None:
            try:
                await server.run(take)
            except Exception as broken:
                log.error("the tool server %s failed", server.name, exc_info=broken)
                failed.append(broken)
            ready.set()

        spawn(run, f"tool server {server.name}")
        await ready.wait()
        if failed:
            raise failed[0]
