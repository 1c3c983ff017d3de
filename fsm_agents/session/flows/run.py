"""One conversation in a flow at run time: its door, its timers, and what its steps ask for. It decides nothing.

Used by a spoken session and by one in text: both say what the flow says in their own way, and give it the same events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import anyio

from fsm_agents.chat.tool import ToolContext
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import (
    AskModel,
    CallTool,
    CancelTool,
    EmitEvent,
    EndFlow,
    HandOver,
    Line,
    SayLines,
)  # fmt: skip
from fsm_agents.flows.machine.events import (
    Begun,
    Broke,
    ConditionsRead,
    HostSent,
    HungUp,
    Interrupted,
    KeyPressed,
    NotJudged,
    PromptHeard,
    Proposed,
    Resumed,
    SilenceLasted,
    Succeeded,
)  # fmt: skip
from fsm_agents.flows.machine.flat import CHECKING
from fsm_agents.flows.results import fields_of
from fsm_agents.flows.words.types import Moment
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Step
from fsm_agents.runtime.driver import Driver
from fsm_agents.runtime.timers import Timers
from fsm_agents.session.flows.calls import Calls, Spawn, called, opened

__all__ = ["FlowHost", "FlowRun", "local_now"]

log = logging.getLogger("fsm_agents")


class FlowHost(Protocol):
    """Who runs a flow."""

    def say(self, said: SayLines) -> None:
        """Say all that came of one event, as one reply. After it was heard, if ``said.entry``: :meth:`FlowRun.prompt_heard`."""
        ...

    def emit(self, event: EmitEvent) -> None:
        """Tell the users of the flow."""
        ...

    def ended(self, outcome: str) -> None:
        """The flow is over; what it said last may still be on its way."""
        ...

    def ask(self, asked: AskModel) -> None:
        """Ask the model; answer by :meth:`FlowRun.post` with ``Proposed`` or ``NotJudged``."""
        ...

    def tool(self, name: str) -> Any:
        """A tool that the flow was not bound to (of a tool server, an example); ``None``: there is none."""
        ...

    def hand_over(self, to: str) -> Callable[..., Any] | None:
        """Who takes over, where the flow was not bound to anybody."""
        ...


def local_now() -> datetime:
    """The date and time where this program runs."""
    return datetime.now().astimezone()


class FlowRun:
    """One conversation.

    Args:
        flow: The flow; a running conversation keeps the version that it began with.
        host: Who runs it.
        spawn: Starts a task that the host owns.
        key: Put before idempotency keys: the same for the same conversation, also when it is resumed elsewhere.
        data: A conversation that was restored; without one it is a new one.
        now: The date and time where the caller is.
        keeps_once: See :class:`~fsm_agents.session.flows.calls.Calls`.
    """

    def __init__(
        self, flow: Flow, host: FlowHost, spawn: Spawn, key: str, data: FlowData | None = None,
        now: Callable[[], datetime] = local_now, *, keeps_once: bool = False,
    ) -> None:  # fmt: skip
        self.flow, self.host, self.key, self.spawn, self._now = flow, host, key, spawn, now
        self.data = flow.start() if data is None else data
        self.driver: Driver[FlowData] = Driver(flow.joint, self.data, self._perform, broke=Broke)
        self.wind_up()
        self.calls = Calls(flow.id, spawn, self.post, keeps_once=keeps_once)
        self._lines: list[SayLines] = []
        self._ways: dict[type[Any], Callable[[Any], object]] = {
            SayLines: self._lines.append,
            CallTool: self._call,
            CancelTool: lambda effect: self.calls.cancel(effect.number),
            HandOver: self._hand_over,
            AskModel: host.ask,
            EmitEvent: host.emit,
            EndFlow: lambda effect: host.ended(effect.outcome),
        }

    # --- what happens to it --------------------------------------------------------------------------------------------------------------

    def post(self, event: object) -> Step | None:
        """Tell the flow; what it says then is handed to the host as one reply."""
        step = self.driver.post(event)
        if step is not None and self._lines:
            said, self._lines[:] = list(self._lines), []
            lines: tuple[Line, ...] = tuple(line for part in said for line in part.lines)
            self.host.say(SayLines(lines, said[-1].barge_in, any(part.entry for part in said)))
        return step

    def _due(self, due: Due) -> None:
        """A timer of the flow: the conditions may have changed since the last event."""
        known = self._read(lambda: ConditionsRead(self.flow.facts()))
        if not isinstance(known, ConditionsRead) or known.facts != self.data.facts:
            self.post(known)
        self.post(due)

    def begin(self) -> Step | None:
        """The conversation begins."""
        return self._told(lambda: Begun(self.flow.facts()))

    def resume(self) -> Step | None:
        """The conversation goes on after it was stored, or after what it waited for was stopped: that is asked for again."""
        self.driver.timers.arm(*self.flow.joint.arms(self.data))
        return self._told(lambda: Resumed(self.flow.facts()))

    def heard(self, text: str) -> Step | None:
        """The caller said something."""
        return self._told(lambda: self.flow.heard(self.data, text, self.moment))

    def pressed(self, key: str) -> Step | None:
        """The caller pressed a key."""
        return self._told(lambda: KeyPressed(key, self.flow.facts()))

    def silence(self) -> Step | None:
        """The caller said nothing for as long as the state waits."""
        return self._told(lambda: SilenceLasted(self.flow.facts()))

    def prompt_heard(self) -> Step | None:
        """What the state said on entering was heard, or ended by barge-in."""
        return self._told(lambda: PromptHeard(self.flow.facts()))

    def interrupted(self) -> Step | None:
        """Barge-in cut what was said."""
        return self._told(lambda: Interrupted(self.flow.facts()))

    def sent(self, name: str) -> Step | None:
        """The host sent an event.

        Raises:
            MisuseError: the flow takes none of that name.
        """
        checked = self.flow.check_event(name)
        return self._told(lambda: HostSent(checked, self.flow.facts()))

    def hung_up(self) -> Step | None:
        """The caller left."""
        return self._told(lambda: HungUp(self.flow.facts()))

    def _told(self, make: Callable[[], object]) -> Step | None:
        return self.post(self._read(make))

    def _read(self, make: Callable[[], object]) -> object:
        """The event that ``make`` gives; a condition or a slot type of the host's may raise in it."""
        try:
            return make()
        except Exception as broken:
            log.error("%s: an event could not be read", self.flow.id, exc_info=broken)
            return Broke(type(broken).__name__)

    def now(self) -> datetime:
        """The date and time where the caller is."""
        return self._now()

    @property
    def moment(self) -> Moment:
        """Now, where the caller is."""
        now = self._now()
        return Moment(now.date(), now.time())

    @property
    def ended(self) -> bool:
        """Whether the flow is over."""
        return self.flow.ended(self.data)

    @property
    def working(self) -> bool:
        """Whether a tool or a hand-off that the flow waits for is under way."""
        return self.data.call in self.calls

    @property
    def forsaken(self) -> bool:
        """Whether the flow waits for a tool or a hand-off that is not under way: it was stopped, or stored. It has to be resumed."""
        name: str = self.data.cell("flow").state
        state = self.flow.state(self.data)
        return state is not None and (state.works or name.endswith(CHECKING)) and not self.working

    def wind_up(self) -> None:
        """Begin with fresh timers, none of them armed: for a conversation whose time stands still between two turns."""
        self.driver.timers = Timers(self.data, self._due)

    def keys_over(self) -> None:
        """No further key follows: as if the time for one were over."""
        self._over("between_keys")

    def time_out(self) -> None:
        """What the flow waits for takes too long: as if its time were over."""
        self._over("timeout ")

    def after(self) -> None:
        """The next ``after`` time of the state is over."""
        self._over("after ")

    def _over(self, timer: str) -> None:
        """A timer of where the conversation rests is due now; nothing happens if there is none."""
        cells = zip(self.flow.joint.machines, self.data.cells, strict=True)
        armed = [(own.seconds or 0.0, Due(machine, own.name, cell.epoch)) for machine, cell in cells for own in cell.node.timers]
        found = [one for one in armed if one[1].timer.startswith(timer)]
        if found:
            self._due(min(found, key=lambda one: one[0])[1])

    # --- what it asks for ------------------------------------------------------------------------------------------------------------------

    def _perform(self, effect: object) -> None:
        way = self._ways.get(effect.__class__)
        if way is None:  # a never row was hit: nothing to perform
            log.error("%s: %s", self.flow.id, effect)
            return
        way(effect)

    def tool(self, name: str) -> Any:
        """A tool by its full name: what the flow was bound to, or what the host has; ``None``: there is none."""
        own = name.rpartition("/")[2]
        tool = self.flow.binding.tools.get(own)
        return self.host.tool(own) if tool is None else tool

    def context(self, key: str, seconds: float) -> ToolContext:
        """What a tool may know of its call; ``key`` as of :class:`CallTool`."""
        return ToolContext(f"{self.key}/{key}", anyio.current_time() + seconds, self.host)

    def _call(self, effect: CallTool) -> None:
        tool, spec = self.tool(effect.tool), self.flow.flat.tools[effect.tool]

        async def work() -> Succeeded:
            if tool is None:
                raise LookupError(f"no tool {spec.name} is bound")
            result = await called(tool, opened(effect.args), self.context(effect.key, effect.timeout))
            return Succeeded(effect.number, fields_of(spec, result))

        self.calls.start(effect.number, f"tool {spec.name}", work, once=effect.once)

    def _hand_over(self, effect: HandOver) -> None:
        taker = self.flow.binding.hand_off(effect.to) or self.host.hand_over(effect.to)

        async def work() -> Succeeded:
            if taker is None:
                raise LookupError(f"nobody takes over for {effect.to}")
            made = taker(effect.to, opened(effect.carry))
            if hasattr(made, "__await__"):
                await made
            return Succeeded(effect.number)

        self.calls.start(effect.number, f"hand-off to {effect.to}", work)

    def judged(self, event: Proposed | NotJudged) -> Step | None:
        """The model answered."""
        return self.post(event)
