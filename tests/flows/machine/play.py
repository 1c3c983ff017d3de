"""Plays a flow by hand: events in, what it says and asks for out; time passes when a test says so."""

from __future__ import annotations

import datetime
from typing import Any

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import AskModel, CallTool, EmitEvent, EndFlow, HandOver, SayLines
from fsm_agents.flows.machine.events import (
    Begun,
    Failed,
    HostSent,
    HungUp,
    KeyPressed,
    PromptHeard,
    Proposed,
    Resumed,
    SilenceLasted,
    Succeeded,
)
from fsm_agents.flows.machine.secret import open_secret
from fsm_agents.flows.words.recogniser import Parse
from fsm_agents.flows.words.types import Moment
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Step

MONDAY = datetime.date(2026, 11, 23)


def text(rows: str, body: str, head: str = "", start: str = "a") -> str:
    """A flow file: ``rows`` without their header."""
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in rows.strip().splitlines() if line.strip()]
    lines = "\n".join(f"| {' | '.join([*row, '', '', ''][:5])} |" for row in cells)
    return (
        f'flow = "t"\nversion = 1\nlang = "en-US"\nstart = "{start}"\n{head}\n[rows]\nmain = \'\'\'\n'
        f"| in | on | when | to | do |\n|--|--|--|--|--|\n{lines}\n'''\n{body}\n"
    )


USUAL = """
any | out_of_tries | | bye |
"""
BYE = """
[states.bye]
say = "Bye."
end = "done"
"""


class Play:
    """One conversation."""

    def __init__(self, flow: Flow | str, *, begin: bool = True, data: FlowData | None = None) -> None:
        self.flow = Flow.loads(flow) if isinstance(flow, str) else flow
        self.data = self.flow.start() if data is None else data
        self.now = 0
        self.arms: list[tuple[int, Any]] = []
        self.effects: list[Any] = []
        self.all: list[Any] = []
        if begin:
            self.post(Begun(self.facts))

    @property
    def facts(self) -> Any:
        return self.flow.facts()

    @property
    def state(self) -> str:
        name: str = self.data.cell("flow").state
        return name

    @property
    def slots(self) -> dict[str, Any]:
        return {name: open_secret(value) for name, value in self.data.slots}

    def post(self, event: object) -> list[str]:
        """Post it; what is said then."""
        step: Step = self.flow.step(self.data, event)
        self.effects = list(step.effects)
        self.all += step.effects
        self.arms += [(self.now + arm.delay, arm) for arm in step.arms]
        return self.said

    @property
    def said(self) -> list[str]:
        return [line.text for effect in self.effects if isinstance(effect, SayLines) for line in effect.lines]

    def one(self, cls: type[Any]) -> Any:
        """The one effect of a class in the last step."""
        (found,) = [effect for effect in self.effects if isinstance(effect, cls)]
        return found

    # --- what happens ---------------------------------------------------------------------------------------------------------------

    def hear(self, words: str) -> list[str]:
        return self.post(self.flow.heard(self.data, words, Moment(MONDAY, datetime.time(12))))

    def press(self, keys: str) -> list[str]:
        said: list[str] = []
        for key in keys:
            said += self.post(KeyPressed(key, self.facts))
        return said

    def silence(self) -> list[str]:
        return self.post(SilenceLasted(self.facts))

    def prompt_heard(self) -> list[str]:
        return self.post(PromptHeard(self.facts))

    def ok(self, **fields: Any) -> list[str]:
        return self.post(Succeeded(self.data.call, tuple(fields.items()), self.facts))

    def failed(self) -> list[str]:
        return self.post(Failed(self.data.call, "it broke", self.facts))

    def send(self, name: str) -> list[str]:
        return self.post(HostSent(name, self.facts))

    def hang_up(self) -> list[str]:
        return self.post(HungUp(self.facts))

    def resume(self) -> list[str]:
        return self.post(Resumed(self.facts))

    def propose(self, *texts: str, words: str = "", spoken: bool = False, **sets: Any) -> list[str]:
        """The model chooses the edges with these texts."""
        state = self.flow.state(self.data)
        assert state is not None
        numbers = [edge.number for edge in state.judged if getattr(edge.trigger, "text", "") in texts]
        parses = tuple(Parse(number, tuple(sets.items())) for number in numbers)
        return self.post(Proposed(self.data.call, parses, words, spoken, self.facts))

    def wait(self, seconds: float) -> list[str]:
        """Time passes; timers that are due fire in order."""
        until, said = self.now + round(seconds * 1_000_000), []
        while due := [pair for pair in self.arms if pair[0] <= until]:
            at, arm = min(due, key=lambda pair: pair[0])
            self.arms.remove((at, arm))
            self.now = at
            if self.data.cell(arm.machine).epoch == arm.epoch:
                said += self.post(Due(arm.machine, arm.timer, arm.epoch))
        self.now = until
        return said


def outcome(play: Play) -> str:
    """How it ended, from the effects."""
    return next((effect.outcome for effect in play.all if isinstance(effect, EndFlow)), "")


def emitted(play: Play) -> list[str]:
    """What the host was told."""
    return [effect.name for effect in play.all if isinstance(effect, EmitEvent)]


__all__ = ["BYE", "MONDAY", "USUAL", "AskModel", "CallTool", "HandOver", "Play", "emitted", "outcome", "text"]
