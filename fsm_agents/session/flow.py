"""The conversation flow: what the agent answers. Users override ``run``; without one, a default flow asks the model."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from fsm_agents.errors import MisuseError

if TYPE_CHECKING:
    from fsm_agents.session.agent import Agent
    from fsm_agents.session.session import AgentSession

__all__ = ["ConversationFlow", "opened", "reads_words"]

opened: ContextVar[list[AsyncGenerator[str]] | None] = ContextVar("fsm_agents_opened", default=None)
"""The model's answers that the running answer has asked for, closed with it; ``None`` outside one."""


class ConversationFlow:
    """What the agent answers to each turn of the caller.

    Override ``run`` (an async generator of text), ``on_turn_start`` and ``on_turn_end`` as needed; ``process_with_llm()`` is the answer
    of the model with its tools.

    Args:
        agent: The agent; the session sets it.
    """

    expects: Sequence[str] = ()
    """What the caller is expected to say now: a grammar for local speech-to-text, a hint for others. Read after each answer."""

    def __init__(self, agent: Agent | None = None) -> None:
        self.agent = agent
        self._session: AgentSession | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        """A ``process_with_llm`` of one's own is closed with the answer that asked for it, as ours is."""
        super().__init_subclass__(**options)
        own: Any = cls.__dict__.get("process_with_llm")
        if inspect.isasyncgenfunction(own):

            @functools.wraps(own)
            def process_with_llm(self: ConversationFlow) -> AsyncIterator[str]:
                made: AsyncGenerator[str] = own(self)
                asked = opened.get()
                if asked is not None:
                    asked.append(made)
                return made

            cls.process_with_llm = process_with_llm  # type: ignore[method-assign]

    @property
    def session(self) -> AgentSession:
        """The session this flow is in."""
        if self._session is None:
            msg = f"{type(self).__name__} is in no session yet: AgentSession(conversation_flow=…) puts it in one"
            raise MisuseError(msg)
        return self._session

    async def run(self, transcript: str) -> AsyncIterator[str]:
        """The answer to a turn, in pieces of any size; sentences are spoken as they become whole.

        Args:
            transcript: What the caller said. It is in the history already.
        """
        async for text in self.process_with_llm():
            yield text

    async def on_turn_start(self, transcript: str) -> None:
        """Called with each turn of the caller, before ``run``."""

    async def on_turn_end(self) -> None:
        """Called when the reply to a turn is over: played, cut or failed."""

    def process_with_llm(self) -> AsyncIterator[str]:
        """The answer of the pipeline's model to the history, in pieces; tools are run as the model calls them."""
        return self.session.process_with_llm()


def reads_words(flow: ConversationFlow) -> bool:
    """Whether a flow reads what the caller said before the answer is made; the default one leaves that to the model."""
    own, plain = type(flow), ConversationFlow
    return own.run is not plain.run or own.on_turn_start is not plain.on_turn_start
