"""A way through a flow as the lines of a scene: what the caller, the tools and the host do, and what the agent says. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import EndFlow, SayLines
from fsm_agents.flows.machine.events import (
    Failed,
    Heard,
    HostSent,
    HungUp,
    Interrupted,
    NotJudged,
    Pressed,
    Proposed,
    Resumed,
    SilenceLasted,
    Succeeded,
)
from fsm_agents.flows.machine.flat import CHECKING, FlatState
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.syntax import Llm
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Joint

__all__ = ["Scene"]


class Scene:
    """Plays events again and writes down what comes of them.

    Args:
        world: The flow.
        joint: Its machines.
        start: A fresh conversation.
    """

    def __init__(self, world: World, joint: Joint[Any], start: Callable[[], FlowData]) -> None:
        self.world, self.joint, self.start = world, joint, start

    def lines(self, events: Iterable[object]) -> tuple[str, ...]:
        """The lines; a step that raises ends them."""
        data, found = self.start(), list[str]()
        for event in events:
            found += self._happened(event, data)
            known = dict(data.facts)
            facts = [(name, value) for name, value in getattr(event, "facts", ()) if known.get(name, False) is not value]
            if facts:
                found.append(f"facts:  {', '.join(f'{name} = {_plain(value)}' for name, value in facts)}")
            try:
                step = self.joint.step(data, event)
            except Exception as broken:  # noqa: BLE001 - whatever a step raises is what is shown
                return (*found, f"raised: {type(broken).__name__}: {str(broken).splitlines()[0][:200]}")
            said = [line for effect in step.effects if isinstance(effect, SayLines) for line in effect.lines]
            found += [f"agent:  {line.text}" for line in said if line.text]
            found += [f"end:    {effect.outcome}" for effect in step.effects if isinstance(effect, EndFlow)]
        return tuple(found)

    def _state(self, data: FlowData) -> FlatState | None:
        name: str = data.cell("flow").state
        return self.world.flat.states.get(name.removesuffix(CHECKING))

    def _happened(self, event: object, data: FlowData) -> Iterator[str]:  # noqa: C901, PLR0912 - one case for each kind of event
        state = self._state(data)
        match event:
            case Heard(text):
                yield f"caller: {text}"
            case Pressed(keys):
                yield f"caller: (presses {keys})"
            case SilenceLasted():
                yield "caller: (says nothing)"
            case Interrupted():
                yield "caller: (interrupts)"
            case HungUp():
                yield "caller: (hangs up)"
            case Succeeded(_, fields):
                told = "".join(f" {name}={_plain(value)}" for name, value in fields)
                yield f"tool:   {self._waited_for(state, data)} ok{told}"
            case Failed():
                yield f"tool:   {self._waited_for(state, data)} failed"
            case Proposed(_, parses):
                yield f"model:  {', '.join(self._choice(parse.edge) for parse in parses) or '(answers)'}"
            case NotJudged():
                yield "model:  (does not answer)"
            case HostSent(name):
                yield f"host:   {name}"
            case Resumed():
                yield "host:   (resumes the stored conversation)"
            case Due(_, timer):
                yield self._due(timer, state, data)
            case _:
                return

    def _waited_for(self, state: FlatState | None, data: FlowData) -> str:
        assert state is not None  # noqa: S101 - only states wait
        if data.cell("flow").state.endswith(CHECKING):
            return self.world.flat.slots[state.slot].check
        return state.spec.call or state.spec.handoff

    def _choice(self, number: int) -> str:
        trigger = self.world.flat.edges[number].trigger
        return trigger.text if isinstance(trigger, Llm) else str(number)

    def _due(self, timer: str, state: FlatState | None, data: FlowData) -> str:
        if timer.startswith("timeout"):
            return f"tool:   {self._waited_for(state, data)} timeout"
        return f"time:   {timer}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
