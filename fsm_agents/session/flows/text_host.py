"""The working side of a flow in text: collects what is said, keeps the history, asks the model, and knows when the flow rests.

It decides nothing. Prompts count as heard at once; tools and models run in tasks of whoever holds :attr:`TextHost.group`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, TypeAlias

import anyio
from anyio.abc import TaskGroup

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ChatMessage
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.hearing import hears_secret
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import AskModel, EmitEvent, HandOver, SayLines
from fsm_agents.flows.machine.events import NotJudged, Proposed, Succeeded
from fsm_agents.fsm.joint import Step
from fsm_agents.session.flows.calls import opened
from fsm_agents.session.flows.run import FlowRun
from fsm_agents.session.flows.said import Emitted, Ended, HandedOver, Out, Said
from fsm_agents.session.flows.talk import HIDDEN_TEXT
from fsm_agents.session.flows.tools import TextTools

__all__ = ["Answerer", "TextHost"]

log = logging.getLogger("fsm_agents")

Answerer: TypeAlias = Callable[[AskModel], Awaitable["Proposed | NotJudged"]]
"""Who answers what the table asks a model."""

MOST_PROMPTS = 100
"""Prompts in a row after which the flow goes on by itself: states that pass on to each other for ever would never rest."""


class TextHost:
    """Implements :class:`~fsm_agents.session.flows.run.FlowHost` for text.

    Args:
        flow: The flow.
        key: The session's id.
        tools: Where tools are found.
        now: The date and time where the caller is.
        data: A conversation that was restored.
        history: What was said before.

    Attributes:
        group: Where tasks run now; between turns without one, none are started.
        answerer: Who answers for the model.
        history: What was said, without secrets.
    """

    def __init__(
        self, flow: Flow, key: str, tools: TextTools, now: Callable[[], datetime], data: FlowData | None, history: ChatContext,
    ) -> None:  # fmt: skip
        self.flow, self.tools, self.history = flow, tools, history
        self.run = FlowRun(flow, self, self.spawn, key, data, now, keeps_once=True)
        self.run.driver.watchers.append(self._watch)
        self.group: TaskGroup | None = None
        self.answerer: Answerer | None = None
        self._outs: list[Out] = []
        self._outcomes: list[str] = []
        self._unheard = False
        self._questions: dict[int, anyio.CancelScope] = {}
        self._hand_overs: dict[int, HandOver] = {}
        self._news = anyio.Event()
        self._clock: anyio.CancelScope | None = None

    # --- what a flow asks of its host ---------------------------------------------------------------------------------------------------

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Start a task of this turn, or of ``async with``."""
        if self.group is not None:
            self.group.start_soon(work, name=name)

    def say(self, said: SayLines) -> None:
        """Keep what is said for whoever asked."""
        state = self.state
        self._outs += [Said(line.words, state, line.audio) for line in said.lines]
        text = " ".join(line.text for line in said.lines if line.text)
        if text:
            self.history.add(ChatMessage("assistant", text))
        self._unheard = self._unheard or said.entry

    def emit(self, event: EmitEvent) -> None:
        """Keep it."""
        self._outs.append(Emitted(event.name, opened(event.slots)))

    def ended(self, outcome: str) -> None:
        """Keep how it ended, for after the last words."""
        self._outcomes.append(outcome)

    def ask(self, asked: AskModel) -> None:
        """Have it answered in a task."""
        scope = self._questions[asked.number] = anyio.CancelScope()

        async def work() -> None:
            answer: Proposed | NotJudged | None = None
            try:
                with scope:
                    answer = await self._answered(asked)
            finally:
                self._questions.pop(asked.number, None)
                self._news.set()
            if answer is not None and not scope.cancel_called:
                self.run.judged(answer)

        self.spawn(work, "model")

    async def _answered(self, asked: AskModel) -> Proposed | NotJudged:
        if self.answerer is None:
            return NotJudged(asked.number, "there is no model")
        try:
            return await self.answerer(asked)
        except Exception as broken:
            log.error("%s: what answers for the model failed", self.flow.id, exc_info=broken)
            return NotJudged(asked.number, type(broken).__name__)

    def tool(self, name: str) -> Any:
        """A tool of the state where the conversation is."""
        state = self.flow.state(self.run.data)
        spec = state.scope.spec.tools.get(name) if state is not None else None
        return self.tools.find(spec) if spec is not None else None

    def hand_over(self, to: str) -> Callable[..., Any]:
        """Who reads what the flow gives back takes over: it is told so."""
        return lambda _to, _carry: None

    def _watch(self, _time: int, step: Step) -> None:
        """Every step: questions that nobody waits for any more end, hand-offs are told, whoever waits looks again."""
        self._hand_overs |= {effect.number: effect for effect in step.effects if isinstance(effect, HandOver)}
        if isinstance(step.event, Succeeded) and not step.stale:
            done = self._hand_overs.pop(step.event.number, None)
            if done is not None:
                self._outs.append(HandedOver(done.to, opened(done.carry)))
        for number, scope in list(self._questions.items()):
            if number != self.run.data.call:
                scope.cancel()
        self._news.set()

    # --- what a session asks of it --------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """Where the conversation is, by its flat name; empty before it began and after the caller left."""
        found = self.flow.state(self.run.data)
        return found.name if found is not None else ""

    def hear(self, text: str) -> None:
        """The caller said something."""
        self._note(text)
        self.run.heard(text)

    def press(self, keys: str) -> None:
        """The caller entered keys, and no more of them."""
        self._note(f"(pressed {keys})")
        for key in keys:
            self.run.pressed(key)
        self.run.keys_over()

    def _note(self, text: str) -> None:
        state = self.flow.state(self.run.data)
        secret = state is not None and hears_secret(self.flow.world, state)
        self.history.add(ChatMessage("user", HIDDEN_TEXT if secret else text))

    def settle(self) -> None:
        """Count every prompt as heard, until the flow waits for something else."""
        for _ in range(MOST_PROMPTS):
            if not self._unheard or self.run.ended:
                return
            self._unheard = False
            self.run.prompt_heard()
        self._unheard = False
        log.warning("%s: %d prompts in a row and nothing to wait for, in %s", self.flow.id, MOST_PROMPTS, self.state)

    async def rest(self) -> None:
        """Wait until the flow waits for the caller."""
        while True:
            self.settle()
            if self.run.ended or not (self.run.working or self.run.data.call in self._questions):
                return
            await self.stirred()

    async def stirred(self) -> None:
        """Wait for the next step."""
        self._news = anyio.Event()
        await self._news.wait()

    def start_clock(self) -> None:
        """Let the flow's clock run in a task, with no timer armed."""
        if self._clock is not None:
            self._clock.cancel()
        scope = self._clock = anyio.CancelScope()
        self.run.wind_up()
        timers = self.run.driver.timers

        async def clock() -> None:
            with scope:
                await timers.run()

        self.spawn(clock, "timers of a flow")

    def stop(self) -> None:
        """Stop what may be stopped: the turn was cancelled."""
        self.run.calls.stop()
        for scope in self._questions.values():
            scope.cancel()
        self._questions.clear()
        if self.run.forsaken:  # its time begins anew when it is resumed
            self.start_clock()

    def taken(self) -> list[Out]:
        """What was said since it was asked last; the end comes last."""
        outs, self._outs = [*self._outs, *map(Ended, self._outcomes)], []
        self._outcomes = []
        return outs

    @property
    def has_news(self) -> bool:
        """Whether something was said that nobody has taken."""
        return bool(self._outs or self._outcomes)
