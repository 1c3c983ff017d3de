"""A model by script for the tests of this folder, and the ways into the states that ask one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.flows.flow import Flow
from fsm_agents.session.flows.text import FlowSession
from fsm_agents.stages.base import LLMChunk, TextDelta
from tests.session.flows.texts import helpdesk, noon, said

__all__ = ["TO_TALK", "Asked", "at_menu", "talking"]

TO_TALK = ToolCall("t", "go_2_talk", "{}")


class Asked:
    """A model by script that remembers which tools it was offered."""

    def __init__(self, *answers: Sequence[Any] | Exception) -> None:
        self.answers = list(answers)
        self.tools: list[list[str]] = []
        self.contexts: list[tuple[Any, ...]] = []

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        self.tools.append([tool.name for tool in tools])
        self.contexts.append(context.export())
        answer = self.answers[min(len(self.tools), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        for part in answer:
            if isinstance(part, Exception):
                raise part
            yield TextDelta(part) if isinstance(part, str) else part

    @property
    def results(self) -> list[str]:
        """What tools answered, as the model was shown it last."""
        return [item.output for item in self.contexts[-1] if isinstance(item, ToolResult)]


async def at_menu(text: str, model: Any, flow: Flow | None = None, **options: Any) -> tuple[FlowSession, list[str]]:
    """What is said to a sentence that no words of the menu take."""
    session = FlowSession(flow or helpdesk(), llm=model, now=noon, **options)
    await session.begin()
    return session, said(await session.send(text))


async def talking(*answers: Any, flow: Flow | None = None, **options: Any) -> tuple[FlowSession, Asked, list[str]]:
    """A session in ``talk`` whose caller has said something more."""
    model = Asked([TO_TALK], *answers)
    session, _ = await at_menu("it is so slow", model, flow, **options)
    assert session.state == "talk"
    return session, model, said(await session.send("all lights are red"))
