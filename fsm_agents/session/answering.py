"""How an answer comes about: the user's flow around the model, and the model's rounds of tools."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any

from fsm_agents.chat.message import ChatMessage, ToolCall
from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.pipelines.composer import closing
from fsm_agents.session.flow import ConversationFlow, opened
from fsm_agents.session.hooks import call
from fsm_agents.stages.base import TextDelta

if TYPE_CHECKING:
    from fsm_agents.session.session import AgentSession

__all__ = ["answer", "process_with_llm", "rounds"]


def process_with_llm(session: AgentSession) -> AsyncIterator[str]:
    """What :meth:`ConversationFlow.process_with_llm` gives: the model's answer, closed with the answer of the flow that asked for it.

    A flow says ``async for text in self.process_with_llm(): yield text``. When its generator is closed there, this one is only let
    go of: without us the model's stream would stay open until some later collection of garbage.
    """
    made = rounds(session)
    asked = opened.get()
    if asked is not None:
        asked.append(made)
    return made


async def answer(session: AgentSession, transcript: str, reply: int) -> AsyncIterator[str]:  # noqa: ARG001 - an Answer is asked for a reply
    """The flow's answer to a turn, in pieces."""
    # One generator, not one inside another: each token passes through every one of them.
    flow = session.conversation_flow
    voice = session.voice if session.voice is not None and not session.voice.takeover.retired else None
    to_close: list[AsyncGenerator[str]] = []
    opened.set(to_close)
    try:
        session.host.turn_begins()
        if type(flow).on_turn_start is not ConversationFlow.on_turn_start:
            await call(flow.on_turn_start, transcript if voice is None else voice.shown(transcript))
        # The default flow only passes on what the model says: it is left out, a generator less for each token.
        made: Any = voice.answer() if voice else process_with_llm(session) if _is_plain(flow) else flow.run(transcript)
        if not hasattr(made, "__aiter__"):
            made = await made if hasattr(made, "__await__") else made
        if isinstance(made, str):
            yield made
        elif made is not None:
            async with closing(made) as pieces:
                async for piece in pieces:
                    yield piece
    finally:
        try:
            if voice is None:
                session.expect(flow.expects)  # also of an answer that was cut: the flow has moved on
        finally:
            for asked in to_close:
                await asked.aclose()


def _is_plain(flow: ConversationFlow) -> bool:
    """Whether neither its class nor somebody who changed the object has an answer of its own."""
    own = flow.__dict__
    return type(flow) is ConversationFlow and "run" not in own and "process_with_llm" not in own


async def rounds(session: AgentSession) -> AsyncGenerator[str]:
    """The model's answer to the history: text in pieces; tools are run, and the model asked again.

    It may call tools in at most so many rounds as the agent's ``max_tool_steps`` says, and not any more after a round that only repeats
    calls: then it is offered none, so that it answers. Instructions and tools are those of the agent that has the conversation at the
    time of each request; one that was handed an empty conversation is not asked, it has ``on_enter``.
    """
    host, llm = session.host, getattr(session.pipeline, "llm", None)
    if llm is None:
        msg = "process_with_llm() needs a model: give the pipeline an llm=…"
        raise MisuseError(msg)
    reply = host.driver.talk.reply
    most = left = session.agent.max_tool_steps
    asked = False
    while True:
        await host.toolbox.settled(reply)
        await session.hand_offs.settled()
        if asked and all(isinstance(item, ChatMessage) and item.role == "system" for item in session.history.export()):
            return
        tools, asked = (host.starting.tools(session.agent) if left else ()), True
        calls: list[ToolCall] = []
        async with closing(llm.chat(session.history, tools)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextDelta):
                    yield chunk.text
                elif isinstance(chunk, ToolCall):
                    calls.append(chunk)
        if not calls:
            return
        if not left:
            raise ProviderError(f"the model called tools {most + 1} times in a row and answered nothing")
        if host.mouth is not None:
            await host.mouth.end_round()
        left = left - 1 if await host.toolbox.run(reply, calls, tools) else 0
