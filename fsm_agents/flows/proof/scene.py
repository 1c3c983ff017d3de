"""A way through a flow as the lines of a scene, as ``fsm-agents test`` plays them: what happens, what the agent says, where it ends. Pure.

The search knows no time: what is due first it tries in any order, and a caller may speak whenever. So a scene may tell of what time does
not allow; who plays it finds that out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import EndFlow, SayLines
from fsm_agents.flows.machine.events import (
    Facts,
    Failed,
    Heard,
    HostSent,
    HungUp,
    Interrupted,
    NotJudged,
    Pressed,
    PromptHeard,
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

__all__ = ["Scene", "shown_field", "shown_fields"]

KEY: Final = 8
"""Columns of what stands before the text of a line."""


def shown_fields(fields: Iterable[tuple[str, Any]] | Mapping[str, Any]) -> str:
    """Fields as a scene writes them: `` minutes=25 times=[nine, half past ten]``."""
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    return "".join(f" {name}={shown_field(value)}" for name, value in pairs)


def shown_field(value: Any) -> str:
    """One value of a tool's result, or of a slot that a model sets."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown_field, value))}]"
    text = str(value)
    plain = text and not any(sign in text for sign in " ,[]=\"'\n") and text not in ("yes", "no")
    return text if plain or not isinstance(value, str) else json.dumps(text, ensure_ascii=False)


class Scene:
    """Plays events again and writes down what comes of them.

    Args:
        world: The flow.
        joint: Its machines.
        start: A fresh conversation.
    """

    def __init__(self, world: World, joint: Joint[Any], start: Callable[[], FlowData]) -> None:
        self.world, self.joint, self.start = world, joint, start
        self.waits = world.flat.spec.defaults.wait_every

    def lines(self, events: Iterable[object]) -> tuple[str, ...]:
        """The lines; the last says where it ends, or is a comment that says what a step raised."""
        data, found, several = self.start(), list[str](), list(events)
        heard = True
        for at, event in enumerate(several):
            found += _conditions(event, data)
            found += self._happened(event, data, (several[max(0, at - 1)], *several[at + 1 : at + 2], None), heard=heard)
            visit = data.visit
            try:
                step = self.joint.step(data, event)
            except Exception as broken:  # noqa: BLE001 - whatever a step raises is what is shown
                return (*found, f"# raised: {type(broken).__name__}: {str(broken).splitlines()[0][:200]}")
            heard = data.visit == visit and (heard or isinstance(event, PromptHeard | Interrupted))
            said = [line for effect in step.effects if isinstance(effect, SayLines) for line in effect.lines]
            found += [_line("agent", " ".join(line.text.split())) for line in said if line.text]
            found += [_line("end", effect.outcome) for effect in step.effects if isinstance(effect, EndFlow)]
        state = self._state(data)
        return (*found, *([_line("state", state.name)] if state is not None and not state.ends else []))

    def _state(self, data: FlowData) -> FlatState | None:
        name: str = data.cell("flow").state
        return self.world.flat.states.get(name.removesuffix(CHECKING))

    def _happened(self, event: object, data: FlowData, beside: Sequence[object], *, heard: bool) -> Iterator[str]:
        """What comes from the caller, the host and the clock; ``beside`` are the events before and after."""
        match event:
            case Heard(text):
                state = self._state(data)
                over = not heard and state is not None and bool(state.named("said"))
                if not isinstance(beside[0], Interrupted):
                    yield _line("cuts in" if over else "caller", text)
            case Pressed(keys):
                yield _line("press", keys)
            case SilenceLasted():
                yield "silence:"
            case Interrupted():
                yield _line("cuts in", beside[1].text if isinstance(beside[1], Heard) else "mumble")
            case HungUp():
                yield "hang up:"
            case HostSent(name):
                yield _line("event", name)
            case Resumed():
                yield "resume:"
            case _:
                yield from self._answered(event, data)

    def _answered(self, event: object, data: FlowData) -> Iterator[str]:
        """What comes from a tool, a person, the model, or from none of them in time."""
        match event:
            case Succeeded(_, fields):
                yield f"{self._waited_for(data)} ok{shown_fields(fields)}"
            case Failed():
                yield f"{self._waited_for(data)} failed"
            case Due(_, timer) if timer.startswith("timeout"):
                yield f"{self._waited_for(data)} timeout"
            case Due("patience"):
                yield _line("wait", f"{self.waits:g}s")
            case Due(_, timer):
                yield _line("wait", timer)
            case NotJudged():
                yield _line("model", "fails")
            case Proposed(_, parses, text):
                chosen = [f'chooses "{self._words(parse.edge)}"{self._sets(parse.values)}' for parse in parses]
                chosen += [f"says {json.dumps(text, ensure_ascii=False)}"] if text else []
                yield _line("model", " ".join(chosen) or "silent")
            case _:
                return

    def _waited_for(self, data: FlowData) -> str:
        state = self._state(data)
        assert state is not None  # noqa: S101 - only states wait
        if state.spec.handoff:
            return _line("hand off", state.spec.handoff)
        tool = self.world.flat.slots[state.slot].check if data.cell("flow").state.endswith(CHECKING) else state.spec.call
        same = [name for name in self.world.flat.tools if name.rpartition("/")[2] == tool]
        return _line("tool", tool if len(same) == 1 else state.scope.full(tool))

    def _words(self, number: int) -> str:
        trigger = self.world.flat.edges[number].trigger
        assert isinstance(trigger, Llm)  # noqa: S101 - a model is offered no others
        return trigger.text.replace("\\", "\\\\").replace('"', '\\"')

    def _sets(self, values: Iterable[tuple[str, Any]]) -> str:
        told = shown_fields((name.rpartition("/")[2], value) for name, value in values)
        return f" sets{told}" if told else ""


def _line(kind: str, text: str) -> str:
    return f"{f'{kind}:':<{KEY}}{'' if len(kind) < KEY - 1 else ' '}{text}"


def _conditions(event: object, data: FlowData) -> list[str]:
    """The conditions of the host's that are not as they were."""
    known = dict(data.facts)
    facts: Facts = getattr(event, "facts", ())
    return [_line("when", f"{name} = {'yes' if yes else 'no'}") for name, yes in facts if known.get(name, False) is not yes]
