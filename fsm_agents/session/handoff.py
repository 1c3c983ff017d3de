"""The hand-off: another agent goes on with the conversation, with the history kept or dropped as told.

The conversation has one history. It stays where it is, and the agent that comes takes it over: everyone who writes or reads it (the
mouth, the tools, a realtime model's mirror) goes on with the same object. Nothing here speaks, and nothing decides whose turn it is.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Literal

import anyio

from fsm_agents.errors import MisuseError
from fsm_agents.machines.events import CloseAsked
from fsm_agents.session.agent import Agent
from fsm_agents.session.hooks import call

if TYPE_CHECKING:
    from fsm_agents.session.session import AgentSession

__all__ = ["HAND_OFF_GRACE", "HandOffs", "Keep"]

log = logging.getLogger("fsm_agents")

HAND_OFF_GRACE = 3.0
"""Seconds that an answer waits for the hooks of a hand-off: enough to look something up before the new agent speaks, and well below the
silence that counts as a failure."""

Keep = Literal["all", "none"] | int
"""How much of the history the new agent is shown: all, nothing, or so many of the newest items."""


class HandOffs:
    """Who speaks in one session, one agent after the other.

    The new agent's instructions and tools hold from the next request to the model on. The hooks follow in order, each once: ``on_exit`` of
    the agent that goes (when none of its tools is at work any more), then ``on_enter`` of the one that comes.

    Args:
        session: The session.
    """

    def __init__(self, session: AgentSession) -> None:
        self._session = session
        self._due: deque[tuple[Agent, Agent]] = deque()
        self._over = anyio.Event()
        self._present: Agent | None = session.agent  # on_enter was or will be called, and on_exit was not

    def ask(self, agent: Agent, keep: Keep) -> None:
        """Hand the conversation over, now; the hooks follow.

        Raises:
            MisuseError: it cannot be handed over to that agent, or not any more.
        """
        session = self._session
        items = _items_to_keep(keep)
        _check(session, agent)
        before, context = session.agent, session.history
        left = context.copy()
        left.trim(max_items=0)
        context.take_over(agent.chat_context, items)
        before.chat_context, agent.chat_context = left, context  # what was said is the conversation's, not the agent's that goes
        agent._session = session  # noqa: SLF001 - one object in several classes
        session.agent = session.conversation_flow.agent = agent
        log.info("%s hands over to %s", type(before).__name__, type(agent).__name__)
        hooks = session.host.hooks
        if "on_enter" not in hooks and "on_enter" not in hooks.begun:  # it never spoke: there is nothing to take leave of
            before._session, self._present = None, agent  # noqa: SLF001
            return
        if not self._due:
            self._over = anyio.Event()
        self._due.append((before, agent))
        if "hand_off" not in hooks:
            hooks.run("hand_off", self._change, self._changed)

    async def settled(self) -> None:
        """Wait until the hooks of a hand-off have run, but not longer than an answer can wait."""
        if not self._due:  # every answer asks, and the deadline alone costs 6 µs
            return
        with anyio.move_on_after(HAND_OFF_GRACE):
            while self._due:
                await self._over.wait()

    async def leave(self) -> None:
        """The session ends: run ``on_exit`` of whoever is in it, unless that was done."""
        present, self._present = self._present, None
        if present is not None:
            await call(present.on_exit)

    async def _change(self) -> None:
        session = self._session
        await session.host.entered.wait()
        while self._due:
            await session.host.toolbox.settled()
            before, agent = self._due[0]
            self._present = None
            try:
                await call(before.on_exit)
            except Exception:  # a user's hook may raise anything; the conversation is not its any more
                log.exception("on_exit of %s raised", type(before).__name__)
            finally:
                before._session = None  # noqa: SLF001 - one object in several classes
            await self._serve(agent)
            self._present = agent
            await call(agent.on_enter)
            self._due.popleft()
        self._over.set()

    async def _serve(self, agent: Agent) -> None:
        """Start the tool servers of an agent. One that fails is missed by its tools; the caller is on the line, and the rest works."""
        if agent.mcp_servers:
            try:
                await self._session.host.starting.serve(agent)
            except Exception:
                log.exception("a tool server of %s did not start", type(agent).__name__)

    def _changed(self, failed: Exception | None) -> None:
        if failed is not None:
            self._due.clear()
            self._over.set()
            self._session.post(CloseAsked(f"error: on_enter: {type(failed).__name__}: {failed}"))


def _items_to_keep(keep: Any) -> int | None:
    known: dict[object, int | None] = {"all": None, "none": 0}
    if isinstance(keep, str) and keep in known:
        return known[keep]
    if type(keep) is int and keep >= 0:
        return keep
    raise MisuseError(f"hand_off(keep={keep!r}): give 'all', 'none', or how many of the newest items stay")


def _check(session: AgentSession, agent: Any) -> None:
    if not isinstance(agent, Agent):
        raise MisuseError(f"hand_off({type(agent).__name__}): give an Agent")
    who = type(agent).__name__
    if not hasattr(agent, "chat_context"):
        raise MisuseError(f"{who}.__init__ does not call super().__init__(instructions=…)")
    if session.state in ("closing", "closed"):
        raise MisuseError(f"the session is {session.state}: it cannot be handed over to {who} any more")
    if agent is session.agent:
        raise MisuseError(f"this {who} has the conversation already")
    if agent._session is session:  # noqa: SLF001 - one object in several classes
        raise MisuseError(f"this {who} is only about to leave: it can come back when its on_exit has returned")
    if agent._session is not None:  # noqa: SLF001 - as above
        raise MisuseError(f"this {who} is in another session: make one agent for each session")
