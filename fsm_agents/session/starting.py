"""What happens between ``start()`` and ``on_enter``: stages connect and load, tool servers come up, and what cannot work says so."""

from __future__ import annotations

import importlib
import logging
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from fsm_agents.chat.tool import FunctionTool
from fsm_agents.errors import MisuseError
from fsm_agents.pipelines.parts import all_at_once
from fsm_agents.runtime.threads import run_in_thread
from fsm_agents.session.agent import Agent

if TYPE_CHECKING:
    from fsm_agents.session.host import SessionHost

__all__ = ["START_LIMIT", "Starting"]

log = logging.getLogger("fsm_agents")

START_LIMIT = 10.0
"""Seconds that getting ready may take before ``on_enter`` runs all the same: what is slow is not what cannot work, and whoever waits
longer hangs up."""


class Starting:
    """Getting one session ready, and the tool servers it has."""

    def __init__(self, host: SessionHost) -> None:
        self._host = host
        self._offered: dict[Any, tuple[FunctionTool, ...]] = {}

    async def run(self) -> None:
        """Get everything ready at once.

        Raises:
            Exception: What keeps a stage or a tool server from working at all.
        """
        session = self._host.session
        with anyio.move_on_after(START_LIMIT) as scope:
            await all_at_once({
                "pipeline": session.pipeline.warm_up,
                "sound": self._load,
                "tool servers": partial(self.serve, session.agent),
                **({} if session.voice is None else {"flow": session.voice.get_ready}),
            })  # fmt: skip
        if scope.cancelled_caught:
            log.warning("not everything is ready after %g s: the conversation begins all the same", START_LIMIT)

    async def _load(self) -> None:
        """Sound that changes its sample rate needs numpy, which takes a fraction of a second to import: not in the middle of a word."""
        pipeline = self._host.session.pipeline
        parts: tuple[Any, ...] = (self._host.room, *(getattr(pipeline, name, None) for name in ("vad", "stt", "tts", "model")))
        rates = {part.rate for part in parts if hasattr(part, "rate")}
        if len(rates) > 1 and "numpy" not in sys.modules:
            await run_in_thread(importlib.import_module, "numpy")

    # --- tool servers --------------------------------------------------------------------------------------------------------------

    def tools(self, agent: Agent) -> tuple[FunctionTool, ...]:
        """What the model may call for this agent: its own tools, and those of its servers that are up."""
        if not agent.mcp_servers:
            return agent.tools
        return (*agent.tools, *(tool for server in agent.mcp_servers for tool in self._offered.get(server, ())))

    async def serve(self, agent: Agent) -> None:
        """Have the agent's tool servers run as long as the session does, and wait until all have said what they offer.

        Raises:
            Exception: What kept one of them from starting.
            MisuseError: Two tools have one name.
        """
        await all_at_once({str(server.name): partial(self._serve, agent, server) for server in agent.mcp_servers})

    async def _serve(self, agent: Agent, server: Any) -> None:
        if server in self._offered:  # two agents share it
            return
        ready, failed = anyio.Event(), list[Exception]()

        def take(tools: tuple[FunctionTool, ...]) -> None:
            double = {tool.name for tool in tools} & {tool.name for tool in self.tools(agent)}
            if double:
                msg = f"two tools are called {min(double)!r}, one of them from the tool server {server.name!r}: give that server another name=…"
                raise MisuseError(msg)
            self._offered[server] = tools
            ready.set()

        async def run() -> None:
            try:
                await server.run(take)
            except Exception as broken:  # whoever started it is told; one that was up is missed only by those who call its tools
                log.error("the tool server %s failed", server.name, exc_info=broken)
                failed.append(broken)
            ready.set()

        self._host.spawn(run, f"tool server {server.name}")
        await ready.wait()
        if failed and server not in self._offered:
            raise failed[0]
