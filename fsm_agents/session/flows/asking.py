"""Asking the model what a flow wants to know: inside the answer to a turn, where its words are spoken as they come, or aside."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from fsm_agents.flows.machine.effects import AskModel
from fsm_agents.flows.machine.events import NotJudged
from fsm_agents.machines.reply import LIVE
from fsm_agents.pipelines.composer import closing
from fsm_agents.session.flows.model import answers, ask

if TYPE_CHECKING:
    from fsm_agents.session.flows.run import FlowRun
    from fsm_agents.session.flows.voice import FlowVoice

__all__ = ["FlowAsking"]


class FlowAsking:
    """The model of one session, as its flow asks it.

    Args:
        voice: The flow in the session.

    Attributes:
        question: What the answer to the running turn has to ask; it stays until the model has answered it.
    """

    def __init__(self, voice: FlowVoice) -> None:
        self._voice = voice
        self.question: AskModel | None = None
        self._aside: tuple[int, anyio.CancelScope] | None = None
        self._talks: tuple[int, FlowRun, int] | None = None  # the reply with the model's words, and where the flow stood then

    @property
    def outdated(self) -> bool:
        """Whether the running reply has words of the model's that it said for a state which the flow has left."""
        if self._talks is None:
            return False
        reply, run, visit = self._talks
        talk, now = self._voice.session.host.driver.talk, self._voice.run
        return reply == talk.reply and talk.cell("reply").state in LIVE and (run is not now or visit != now.data.visit)

    @property
    def busy(self) -> bool:
        """Whether a model is asked aside: the caller waits for it, and not it for the caller."""
        return self._aside is not None

    def ask(self, asked: AskModel) -> None:
        """Ask: in the answer to the turn if there is one, else aside."""
        if self._voice.turns.answering:
            self.question = asked
        else:
            scope = anyio.CancelScope()
            self._aside = asked.number, scope
            self._voice.session.host.spawn(partial(self._ask_aside, asked, self._voice.run, scope), "model")

    def follow(self) -> None:
        """The flow made a step: nobody waits any more for the answer to an older question."""
        call = self._voice.run.data.call
        if self.question is not None and self.question.number != call:
            self.question = None
        if self._aside is not None and self._aside[0] != call:
            self._aside[1].cancel()
            self._aside = None

    async def answer(self) -> AsyncGenerator[str]:
        """The model's words in the answer to a turn, in pieces. What the flow says itself is said by it."""
        voice = self._voice
        while (asked := self.question) is not None:
            run, spoke = voice.run, False
            async with closing(self._answers(asked, run)) as pieces:
                async for piece in pieces:
                    if self.question is not asked:  # the flow has moved on
                        break
                    if isinstance(piece, str):
                        spoke = True
                        self._talks = voice.session.host.driver.talk.reply, run, run.data.visit
                        yield piece
                        continue
                    if spoke and voice.session.host.mouth is not None:
                        await voice.session.host.mouth.end_round()  # its words stand before those of the flow
                    if self.question is asked:
                        self.question = None
                        with voice.turns.as_answer():
                            run.judged(piece)

    def _answers(self, asked: AskModel, run: FlowRun) -> AsyncGenerator[Any]:
        session = self._voice.session
        llm: Any = getattr(session.pipeline, "llm", None)
        return answers(asked, run, llm, session.history, session.agent.instructions, streams=True)

    async def _ask_aside(self, asked: AskModel, run: FlowRun, scope: anyio.CancelScope) -> None:
        session = self._voice.session
        llm: Any = getattr(session.pipeline, "llm", None)
        found = NotJudged(asked.number, "stopped")
        with scope:
            found = await ask(asked, run, llm, session.history, session.agent.instructions)  # type: ignore[assignment]
        if self._aside is not None and self._aside[1] is scope:
            self._aside = None
            run.judged(found)
