"""The model proposes, the table disposes: a model that emits anything never reaches an undeclared state or a tool that is not allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.effects import AskModel
from fsm_agents.flows.machine.events import NotJudged, Proposed
from fsm_agents.flows.syntax import Goto, Visit
from fsm_agents.fsm.joint import Step
from fsm_agents.session.flows.text import FlowSession
from fsm_agents.stages.base import LLMChunk, TextDelta, Usage
from tests.session.flows.texts import HELPDESK, said

pytestmark = pytest.mark.anyio

NAMES = [
    "go_1_bill", "go_2_talk", "go_3_human", "go_1_good", "go_2_human", "go_1_human", "line_status", "refund", "bye", "human", "talk", "end",
    "transfer", "",
]  # fmt: skip
ARGUMENTS = [
    "{}", '{"customer": "123456"}', '{"day": "2026-12-01"}', '{"day": "never"}', '{"reason": "mad"}', "{", "null", "[]", '{"day": [1]}', '{"customer": 3}',
]  # fmt: skip

calls = st.builds(
    ToolCall,
    st.sampled_from(["", "1", "2"]) | st.text(max_size=3),
    st.sampled_from(NAMES) | st.text(max_size=8),
    st.sampled_from(ARGUMENTS) | st.text(max_size=8),
)
parts = st.one_of(calls, calls, st.text(max_size=6), st.just(Usage(1, 1)), st.just(RuntimeError("gone")))
answers = st.lists(parts, max_size=5)


class Anything:
    """A model that emits what it was given, and remembers what the state was then and what ran."""

    def __init__(self, given: Sequence[Any]) -> None:
        self.given = iter(given)

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        for part in next(self.given, []):
            if isinstance(part, Exception):
                raise part
            yield TextDelta(part) if isinstance(part, str) else part


USED: list[str] = []
SESSIONS: list[FlowSession] = []


def line_status(customer: str) -> bool:
    USED.append(SESSIONS[-1].state)
    assert customer.isdecimal()
    assert len(customer) == 6
    return True


def refund(customer: str) -> None:
    USED.append("refund")


FLOW = Flow.loads(HELPDESK).bind({"line_status": line_status, "refund": refund})


class Watch:
    """Holds each step that a model brings about against the question it answers."""

    def __init__(self, session: FlowSession) -> None:
        self.session = session
        self.asked: AskModel | None = None
        self.wrong: list[str] = []

    def __call__(self, _time: int, step: Step) -> None:
        """A watcher may raise what it likes, and nobody is told: so it takes notes."""
        if isinstance(step.event, Proposed | NotJudged):
            self.wrong += self._wrong(step)
            self.asked = None
        for effect in step.effects:
            if isinstance(effect, AskModel):
                self.asked = effect

    def _wrong(self, step: Step) -> list[str]:
        if step.stale or self.asked is None:
            return [f"nobody asked: {step.event}"]
        now = self.session.state
        offered = {offer.edge for offer in self.asked.offers}
        chosen = {parse.edge for parse in getattr(step.event, "parses", ())}
        targets = (FLOW.flat.edges[number].target for number in offered)
        reached = {target.state for target in targets if isinstance(target, Goto | Visit)} | {
            self.asked.state,
            "human",
        }  # out_of_tries
        return [f"{chosen - offered} are not offered"] * (not chosen <= offered) + [f"{now} cannot be reached"] * (
            now not in reached
        )


@given(
    given=st.lists(answers, max_size=12),
    turns=st.lists(st.sampled_from(["well", "it is slow", "yes", "no", "my bill"]), min_size=1, max_size=6),
)
async def test_a_model_that_emits_anything(given: list[list[Any]], turns: list[str]) -> None:
    USED.clear()
    session = FlowSession(FLOW, llm=Anything(given))
    SESSIONS.append(session)
    watch = Watch(session)
    session.watch(watch)
    for text in turns:
        if session.ended:
            break
        outs = await session.send(text)
        assert session.state in FLOW.flat.states
        assert said(outs)
        assert watch.asked is None  # each question has one answer
    assert watch.wrong == []
    assert set(USED) <= {"talk"}
