"""Plays one conversation of a flow without audio, without a loop, and without waiting: time is a number, and speech takes some of it.

How long things take: :mod:`.times`. It decides nothing: effects of a step are put where a script, a walk or a person can answer them.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.hearing import heard
from fsm_agents.flows.machine.data import FlowData, changed
from fsm_agents.flows.machine.effects import AskModel, CallTool, CancelTool, EmitEvent, EndFlow, HandOver, SayLines
from fsm_agents.flows.machine.events import (
    OUTSIDE,
    Begun,
    ConditionsRead,
    Facts,
    Heard,
    HostSent,
    HungUp,
    Interrupted,
    KeyPressed,
    PromptHeard,
    Resumed,
    SilenceLasted,
)  # fmt: skip
from fsm_agents.flows.machine.flat import CHECKING, FlatState
from fsm_agents.flows.machine.secret import Secret
from fsm_agents.flows.words.types import Moment
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Step
from fsm_agents.testing.flows.seen import MOST_STEPS, SILENCE, SPOKEN, TIMER, Before, Reply, Said, Seen, Timers
from fsm_agents.testing.flows.times import BETWEEN_KEYS, NOW, SECOND, TODAY, lasts

__all__ = ["Player"]


class Player:
    """One conversation.

    Args:
        flow: The flow.
        today: The date.
        now: The time of day at which it begins.
        conditions: What the host's conditions say; others are asked of what the flow is bound to, else they say no.
        watch: Is shown every step.
        data: A conversation that goes on; without one it begins with :meth:`begin`.

    Attributes:
        time: µs since the beginning.
        said: What the agent said, in order.
        work: What the flow asked for and nobody answered yet, by number: tools and hand-offs.
        asked: What the model was asked and did not answer yet.
        emitted: What the host was told.
        outcome: Of the end; empty before.
        idle: Steps since somebody outside did something: a flow that runs in a circle has many.
        twin: A copy that was saved and restored, to be held against the conversation at its next event.
    """

    def __init__(
        self,
        flow: Flow,
        *,
        today: datetime.date = TODAY,
        now: datetime.time = NOW,
        conditions: Mapping[str, bool] | None = None,
        watch: Callable[[Seen], None] | None = None,
        data: FlowData | None = None,
    ) -> None:
        self.flow, self.today, self.clock, self.watch = flow, today, now, watch
        self.conditions: dict[str, bool] = dict(conditions or {})
        self._names = sorted({name for scope in flow.flat.scopes.values() for name in scope.spec.conditions})
        self.data = flow.start() if data is None else data
        self.time = 0
        self.said: list[Said] = []
        self.work: dict[int, CallTool | HandOver] = {}
        self.asked: AskModel | None = None
        self.emitted: list[EmitEvent] = []
        self.outcome = ""
        self.idle = 0
        self.twin: FlowData | None = None
        self._replies: list[Reply] = []
        self._timers = Timers()
        self._quiet = 0
        self._speaking = False

    @property
    def state(self) -> FlatState | None:
        """Where the conversation is."""
        return self.flow.state(self.data)

    @property
    def where(self) -> str:
        """The same as text."""
        return str(self.data.cell("flow").state)

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.flow.ended(self.data)

    @property
    def pending(self) -> CallTool | HandOver | None:
        """The tool or hand-off that the flow waits for now."""
        return self.work.get(self.data.call)

    @property
    def late(self) -> list[int]:
        """The numbers of those that nobody waits for any more."""
        return [number for number in self.work if number != self.data.call]

    @property
    def sounds(self) -> bool:
        """Whether the agent speaks."""
        return bool(self._replies)

    @property
    def listening(self) -> bool:
        """Whether the flow waits for the caller, so that silence counts."""
        state = self.state
        return (
            state is not None and state.listens and not self.where.endswith(CHECKING)
            and self.asked is None and not self._replies and not self._speaking and not self.data.keys and not self.ended
        )  # fmt: skip

    @property
    def moment(self) -> Moment:
        """The date and the time of day."""
        began = datetime.datetime.combine(self.today, self.clock)
        now = began + datetime.timedelta(microseconds=self.time)
        return Moment(now.date(), now.time())

    def facts(self) -> Facts:
        """The host's conditions as they are now."""
        bound, told = self.flow.binding.conditions, self.conditions
        return tuple((name, told[name] if name in told else name in bound and bool(bound[name]())) for name in self._names)

    def begin(self) -> None:
        """The conversation begins."""
        self.outside(Begun(self.facts()))

    def take(self, values: Mapping[str, Any]) -> None:
        """Before it begins: a flow that another one runs (``takes``) is given these slots."""
        slots = self.flow.flat.slots
        given = {name: Secret(value) if slots[name].secret else value for name, value in values.items()}
        self.data.slots = changed(self.data.slots, **given)

    def hear(self, text: str) -> None:
        """The caller says something once the agent is silent."""
        self.listen()
        self._say_for(text)
        self.outside(self._heard(text))

    def cut_in(self, text: str, *, told_late: bool = False) -> None:
        """The caller speaks over the agent: as the state's ``barge_in`` says, that cuts it, or the words are kept, or dropped.

        Args:
            text: The words.
            told_late: Whether the flow is told of the end of the prompt before it is told of the interruption.
        """
        if not self._replies:
            self.hear(text)
            return
        policy = self._replies[-1].barge_in
        self._say_for(text)
        if self.ended:
            return
        if not self._replies or policy == "none":
            self.listen()
        elif policy == "match" and not self._heard(text).parses:
            return  # other words over it are dropped
        else:
            self._cut(told_late=told_late)
        if not self.ended:
            self.outside(self._heard(text))

    def press(self, keys: str) -> None:
        """The caller presses keys, one after the other; they cut what may be cut."""
        for key in keys:
            if self.ended:
                return
            self.pass_time(BETWEEN_KEYS)
            if self._replies and self._replies[-1].barge_in == "any":
                self._cut()
            if not self.ended:
                self.outside(KeyPressed(key, self.facts()))

    def silence(self) -> bool:
        """The caller says nothing until the flow notices. Whether it did: it does not where it does not wait for the caller."""
        self.listen()
        for _ in range(MOST_STEPS):
            found = self._next()
            if found is None or self._silence_due() is None:
                return False
            self._one()
            if found[1] == SILENCE:
                return True
        return False

    def send(self, name: str) -> None:
        """The host sends an event."""
        self.outside(HostSent(self.flow.check_event(name), self.facts()))

    def hang_up(self) -> None:
        """The caller leaves."""
        self._replies.clear()
        self.outside(HungUp(self.facts()))

    def answer(self, event: Any) -> None:
        """A tool, a person or the model answered; ``event`` carries its number."""
        self.work.pop(event.number, None)
        if self.asked is not None and self.asked.number == event.number:
            self.asked = None
        self.outside(attrs.evolve(event, facts=self.facts()))

    def store(self) -> None:
        """The conversation is saved, and a twin of it restored, which does the next event too."""
        if not self.data.keys and self.where in self.flow.table.members:
            self.twin = self.flow.restore(json.loads(json.dumps(self.flow.save(self.data))))

    def resume(self) -> None:
        """The conversation is saved, everything else is lost, and it goes on elsewhere."""
        self.data = self.flow.restore(json.loads(json.dumps(self.flow.save(self.data))))
        self.work.clear()
        self._timers.clear()
        self._replies.clear()
        self.asked = self.twin = None
        self._timers.arm(self.flow.joint.arms(self.data), self.time)
        self.outside(Resumed(self.facts()))

    def listen(self) -> None:
        """Time passes until the agent has said all it has to say."""
        while self._replies and not self.ended:
            self._one()
        if self.ended and self._replies:
            self.time = max(self.time, self._replies[-1].stop)
            self._replies.clear()

    def pass_time(self, micros: int) -> None:
        """Time passes, and what is due in it happens."""
        until = self.time + micros
        while not self.ended and (found := self._next()) is not None and found[0] <= until:
            self._one()
        self.time = max(self.time, until)
        while self._replies and self._replies[0].stop <= self.time:
            self._replies.pop(0)

    def time_out(self) -> bool:
        """Nobody answers what the flow waits for until it stops waiting. Whether it did."""
        number = self.data.call
        if number not in self.work:
            return False
        for _ in range(MOST_STEPS):
            if self.data.call != number or self.ended or self._next() is None:
                break
            self._one()
        return self.data.call != number

    def until(self, timer: str) -> bool:
        """Time passes until a timer of this name is due, with all that is due before it. Whether it was."""
        for _ in range(MOST_STEPS):
            found = self._next() if not self.ended else None
            if found is None:
                break
            self._one()
            if isinstance(found[2], Due) and found[2].timer == timer:
                return True
        return False

    def due(self) -> int | None:
        """µs until something happens by itself; ``None``: nothing will."""
        found = self._next()
        return None if found is None else found[0] - self.time

    def _say_for(self, text: str) -> None:
        """The caller speaks: time passes, and it is no silence."""
        self._speaking = True
        self.pass_time(lasts(text) + int(self.flow.spec.defaults.complete * SECOND))
        self._speaking = False
        self._quiet = self.time

    def _cut(self, *, told_late: bool = False) -> None:
        entry = any(reply.entry and reply.visit == self.data.visit for reply in self._replies)
        self._replies.clear()
        self.said = [attrs.evolve(line, stop=min(line.stop, self.time)) for line in self.said]
        told: list[object] = [Interrupted(self.facts()), *([PromptHeard(self.facts())] if entry else [])]
        for event in reversed(told) if told_late else told:
            if not self.ended:
                self.outside(event)

    def _silence_due(self) -> int | None:
        state = self.state
        if state is None or not self.listening:
            return None
        waits = state.spec.timeout if state.spec.timeout is not None else state.scope.spec.defaults.no_input_after
        return self._quiet + round(waits * SECOND)

    def _next(self) -> tuple[int, int, object] | None:
        """What is due first: when, its rank among equals, and what."""
        timer = self._timers.first(self.data)
        found: list[tuple[int, int, object]] = []
        if self._replies:
            found.append((self._replies[0].stop, SPOKEN, self._replies[0]))
        if timer is not None:
            found.append((timer[0], TIMER, timer[1]))
        if (silence := self._silence_due()) is not None:
            found.append((max(silence, self.time), SILENCE, None))
        return min(found, key=lambda each: each[:2]) if found else None

    def _one(self) -> None:
        """The next thing that is due happens."""
        found = self._next()
        if found is None:
            return
        at, rank, what = found
        self.time = max(self.time, at)
        if rank == TIMER:
            self._timers.pop()
            if self.facts() != self.data.facts:
                self.post(ConditionsRead(self.facts()))
            self.post(what)
        elif rank == SPOKEN:
            reply = self._replies.pop(0)
            self._quiet = self.time
            if reply.entry and reply.visit == self.data.visit:
                self.post(PromptHeard(self.facts()))
        else:
            self._quiet = self.time
            self.post(SilenceLasted(self.facts()))

    def outside(self, event: object) -> Step:
        """Somebody outside did something."""
        self.idle = 0
        self._quiet = self.time
        return self.post(event)

    def post(self, event: object) -> Step:
        """One step."""
        data = self.data
        before = Before(self.where, data.slots, data.call, data.visit)
        twin = self._twin_step(event)
        step = self.flow.step(data, event)
        self.idle += 1
        self._timers.arm(step.arms, self.time)
        self._perform(step)
        if self.watch is not None:
            self.watch(Seen(self, event, step, before, twin))
        return step

    def _twin_step(self, event: object) -> Step | None:
        """The twin does the same event. It hears prompts to their end too; timers of its own it has none."""
        twin = self.twin
        self.twin = twin if isinstance(event, PromptHeard) else None
        if twin is None or not isinstance(event, OUTSIDE):
            return None
        return self.flow.step(twin, event)

    def _perform(self, step: Step) -> None:
        lines: list[SayLines] = []
        for effect in step.effects:
            match effect:
                case SayLines():
                    lines.append(effect)
                case CallTool(number) | HandOver(number):
                    self.work[number] = effect
                case CancelTool(number):
                    self.work.pop(number, None)
                case AskModel():
                    self.asked = effect
                case EmitEvent():
                    self.emitted.append(effect)
                case EndFlow(outcome):
                    self.outcome = outcome
                case _:
                    raise AssertionError(f"{self.flow.id}: {effect} came, which the flow's table says never does")
        if self.asked is not None and self.asked.number != self.data.call:
            self.asked = None
        if lines:
            self._speak(lines)

    def _speak(self, said: list[SayLines]) -> None:
        stop = max(self.time, self._replies[-1].stop if self._replies else 0)
        state = self.where.removesuffix(CHECKING)
        for line in (line for part in said for line in part.lines):
            start, stop = stop, stop + lasts(line.words)
            self.said.append(Said(line.words, state, start, stop))
        self._replies.append(Reply(stop, said[-1].barge_in, any(part.entry for part in said), self.data.visit))

    def _heard(self, text: str) -> Heard:
        flow = self.flow
        return heard(flow.world, self.state, flow.recogniser(self.data), text, self.moment, self.facts())
