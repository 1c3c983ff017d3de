"""A flow in a spoken session: the tables of both stay the owners, and this tells each of them what the other did.

The flow decides what is said and what it means; the turn table decides when, and how long a silence is.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import AskModel, EmitEvent, SayLines
from fsm_agents.fsm.joint import Step
from fsm_agents.machines.events import CloseAsked
from fsm_agents.machines.reply import LIVE
from fsm_agents.session.flows.asking import FlowAsking
from fsm_agents.session.flows.ears import JOINED, FlowEars
from fsm_agents.session.flows.run import FlowRun, local_now
from fsm_agents.session.flows.saved import Saved
from fsm_agents.session.flows.says import FlowSays
from fsm_agents.session.flows.takeover import Takeover, check_pipeline
from fsm_agents.session.flows.turns import FlowTurns
from fsm_agents.stages.base import Transcript

if TYPE_CHECKING:
    from fsm_agents.session.agent import Agent
    from fsm_agents.session.session import AgentSession

__all__ = ["FlowVoice", "Options"]

log = logging.getLogger("fsm_agents")

ONCE_GRACE = 30.0
"""Seconds that a tool with ``once = true`` has after the session was torn down: what must not be cut in two gets its time, but not for ever."""
LEAST_ENDPOINT = 0.02
"""Seconds behind the hangover after which a turn may end: a timer of nothing would come before the last words."""


class Options:
    """What a user said of a flow in a session.

    Args:
        flow: The flow.
        agents: Who may take over.
        flows: What may go on.
        ears: What speech-to-text can do.
        emitted: Takes what the flow emits.
        saved: The conversation that goes on; ``None``: a new one.
        now: The date and time where the caller is.
    """

    def __init__(
        self, flow: Flow, *, agents: Mapping[str, Agent], flows: Mapping[str, Flow], ears: Literal["auto", "open", "grammar"],
        emitted: Callable[[EmitEvent], object], saved: Saved | None = None, now: Callable[[], datetime] = local_now,
    ) -> None:  # fmt: skip
        self.flow, self.agents, self.flows, self.ears = flow, agents, flows, ears
        self.emitted, self.saved, self.now = emitted, saved, now


class FlowVoice:
    """One flow in one session. It is the flow's host, and the pipeline's guide.

    Args:
        session: The session.
        options: The flow, and what the user said of it.

    Attributes:
        run: The conversation in its flow; another one when the flow hands over to another.
        on_run: Called with each ``run`` before its first step.
        begun: Whether the flow has begun: ``on_enter`` has returned.
    """

    def __init__(self, session: AgentSession, options: Options) -> None:
        self.session, self._options = session, options
        saved = options.saved
        self.key = saved.id if saved else uuid4().hex
        self.on_run: list[Callable[[FlowRun], object]] = []
        self.begun = False
        self.run = self._running(options.flow, saved.data if saved else None)
        self.takeover = Takeover(self, options.agents, options.flows)
        self.turns = FlowTurns(self)
        self.says = FlowSays(session, self.turns.over)
        self.ears = FlowEars(session, lambda: self.run)
        self.asking = FlowAsking(self)
        self._ending = ""
        self._ends = False
        for item in saved.history.items if saved else ():
            session.history.add(item)
        session.watch(self._look)
        self._retime()

    def _running(self, flow: Flow, data: FlowData | None) -> FlowRun:
        run = FlowRun(flow, self, self.session.host.spawn, self.key, data, self._options.now, keeps_once=True)
        run.driver.watchers.append(self._stepped)
        return run

    # --- its life ----------------------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Refuse what cannot work in this session.

        Raises:
            FSMAgentsError: the flow needs what the pipeline, or the user, does not give.
        """
        for flow in (self._options.flow, *self._options.flows.values()):
            check_pipeline(flow, self.session.pipeline, self._options.ears)
            self.takeover.check(flow)

    async def get_ready(self) -> None:
        """Make ready what the first states need: before the caller is heard."""
        await self.ears.get_ready()  # first: what is expected may have words whose sounds the flow gives
        self.ears.follow()

    def begin(self) -> None:
        """``on_enter`` has returned: the flow begins, behind what that said."""
        self.begun = True
        self._enter()
        if self._options.saved is not None:
            self.run.resume()
        else:
            self.run.begin()
        self.turns.begin()

    def _enter(self) -> None:
        """Have the steps and tools of the flow run in the session's own context, whoever causes them."""
        host, run = self.session.host, self.run
        if host.driver.context is not None:
            run.driver.enter(host.driver.context.copy())
        host.spawn(run.driver.timers.run, "flow timers")
        for told in self.on_run:
            told(run)

    def go_on_with(self, flow: Flow, data: FlowData) -> None:
        """Another flow goes on with the conversation."""
        self._ends = False
        self.run = self._running(flow, data)
        self._enter()
        self.run.begin()

    def torn_down(self) -> None:
        """Everything of the session is cancelled, but for a tool that must not be."""
        self.session.host.driver.timers.call(round(ONCE_GRACE * 1_000_000), self.run.calls.let_go)

    def hung_up(self) -> None:
        """The caller left."""
        if self.begun and not self.run.ended:
            self.run.hung_up()

    @property
    def speaking(self) -> bool:
        """Whether the flow has the conversation, and there is somebody to talk to."""
        return self.begun and not self.takeover.retired and self.session.state in ("started", "running")

    # --- what the flow asks for: its host --------------------------------------------------------------------------------------------------

    def say(self, said: SayLines) -> None:
        """Say what came of one event."""
        if self.speaking:
            self.turns.say(said)
        else:
            log.debug("%s: nobody is left to hear %d lines", self.run.flow.id, len(said.lines))

    def emit(self, event: EmitEvent) -> None:
        """Tell the users of the flow."""
        self._options.emitted(event)

    def ended(self, outcome: str) -> None:
        """The flow is over; the session is closed when its last words were heard."""
        self._ends, self._ending = True, outcome
        self.session.host.driver.timers.call(0, self.settle)

    def ask(self, asked: AskModel) -> None:
        """Ask the model."""
        self.asking.ask(asked)

    def tool(self, name: str) -> Any:
        """A tool of the agent's, or of its servers; ``None``: there is none."""
        tools = self.session.host.starting.tools(self.session.agent)
        return next((tool for tool in tools if tool.name == name), None)

    def hand_over(self, to: str) -> Callable[..., Any] | None:
        """Who takes over: an agent or a flow that the user gave."""
        return self.takeover.taker(to)

    def settle(self) -> None:
        """If the flow is over and all it had to say is: somebody goes on, or the session closes."""
        busy = self.says.live or self.turns.held or self.session.host.driver.talk.cell("reply").state in LIVE
        if not self._ends or busy:
            return
        self._ends = False
        if not self.takeover.go_on(self.run):
            self.session.post(CloseAsked(self._ending))
        elif self.takeover.retired:
            self.session.host.expect(())
            self._retime()

    def _look(self, _now: int, _step: Step) -> None:
        """Watch the last words end."""
        if self._ends:
            self.session.host.driver.timers.call(0, self.settle)

    # --- where it stands -----------------------------------------------------------------------------------------------------------------

    def _stepped(self, _now: int, _step: Step) -> None:
        """The flow made a step: what may be said and how long a silence lasts belong to the state, before anybody can answer."""
        self.ears.mark()
        self.asking.follow()
        if self.session.host.ear is not None:
            self.ears.follow()
        self._retime()

    def _retime(self) -> None:
        """The silence that wakes the session up is the state's ``no_input``; where the flow listens to nobody it is the session's own."""
        turn = self.session.pipeline.turn
        seconds, hangover, endpoint = self.session.wake_up, turn.hangover, turn.endpoint
        if not self.takeover.retired:
            state = self.run.flow.state(self.run.data)
            defaults = self.run.flow.spec.defaults if state is None else state.scope.spec.defaults
            if state is not None and state.listens:
                seconds = state.spec.timeout or defaults.no_input_after
            if self.ears.takes_grammars:
                hangover = max(hangover, JOINED)
            if self.ears.ends_turns:
                endpoint = max(LEAST_ENDPOINT, defaults.incomplete - hangover)
        self.session.host.driver.retime({"wake_up": seconds, "hangover": hangover, "endpoint": endpoint})

    # --- what the pipeline asks: its guide -------------------------------------------------------------------------------------------------

    def heard(self, transcript: Transcript) -> Transcript:
        """What speech-to-text heard, before the tables are told."""
        return self.ears.hidden(transcript) if self.takeover.retired else self.turns.heard(transcript)

    def taken(self, texts: tuple[str, ...], *, again: bool) -> None:
        """A reply to the caller begins."""
        if not self.takeover.retired and (texts or again):
            self.turns.taken(texts)

    def shown(self, text: str) -> str:
        """A text of the caller, as history and a model may have it."""
        return self.ears.shown(text)

    def pieces(self, say: int) -> tuple[tuple[str, str], ...]:
        """What is spoken for a say, with the secrets that its text does not show."""
        handle = self.session.handles.get(say)
        return () if handle is None else handle.pieces

    def sound(self, name: str) -> tuple[bytes, int]:
        """A recording of the flow's."""
        return self.run.flow.recordings[name]

    def answer(self) -> AsyncGenerator[str]:
        """The answer to a turn, but for what the flow says itself."""
        return self.asking.answer()
