"""A recorded call as the page of its flow plays it: what came, which row was taken, which state was entered, what was said, what was set.

The log's events go through the flow's own tables once more, on a copy; it needs the flow that the call was held in, to the letter. A log
holds no secret, and so the page has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from fsm_agents.flows.draw.names import Ids
from fsm_agents.flows.draw.page_data import CallStep, CallTrace
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.effects import AskModel, CallTool, EmitEvent, EndFlow, HandOver, SayLines
from fsm_agents.flows.machine.events import (
    Broke,
    Failed,
    Heard,
    HostSent,
    HungUp,
    Interrupted,
    KeyPressed,
    NotJudged,
    Proposed,
    Resumed,
    SilenceLasted,
    Succeeded,
)
from fsm_agents.flows.machine.flat import CHECKING
from fsm_agents.flows.proof.told import event_text
from fsm_agents.flows.proof.watch import taken
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Step
from fsm_agents.observe.flow_calls import FlowCall, damage_told
from fsm_agents.observe.flow_steps import events_of, need_same, standing_at
from fsm_agents.observe.flow_words import pairs_text, short, value_text

__all__ = ["MOST_STEPS", "call_trace"]

MOST_STEPS: Final = 100_000
"""Lines of a page at the most: a call of 10,000 turns has some 50,000, and a browser needs seconds for them."""


def call_trace(flow: Flow, call: FlowCall) -> CallTrace:
    """A call, to be played along the drawing of its flow.

    Raises:
        MisuseError: the call was held in another flow or another version of it, or its log is damaged or redacted.
    """
    need_same(flow, call)
    with damage_told():
        steps = tuple(_Tracer(flow, call).steps())
    end = f"ended {call.outcome}" if call.outcome else "no end in the log"
    return CallTrace(f"{call.name} · {end}", steps)


class _Tracer:
    def __init__(self, flow: Flow, call: FlowCall) -> None:
        self.flow, self.call, self.ids = flow, call, Ids(flow.flat)
        self.data = standing_at(flow, call)
        self.known: dict[str, str] = {}

    def steps(self) -> Iterator[CallStep]:
        """What happened, line by line."""
        state = self._plain(self.data.cell("flow").state)
        if state in self.flow.flat.states:
            yield self._with_slots([CallStep(0.0, state, "flow", "goes on here")])[0]
        for entry, event in events_of(self.flow, self.call.entries):
            at = entry.at / 1_000_000
            if "raised" in entry.json:
                yield CallStep(at, "", "flow", f"a step failed: {entry.json['raised']}")
                continue
            try:
                step = self.flow.step(self.data, event)
            except Exception as broken:  # noqa: BLE001 - whatever it raised then, it raises again, and left everything as it was
                yield CallStep(at, "", "flow", f"a step failed: {type(broken).__name__}")
                continue
            if not step.stale:
                yield from self._with_slots([*self._lines(at, event, step)])

    def _lines(self, at: float, event: object, step: Step) -> Iterator[CallStep]:
        rows = [*self._rows(at, step)]
        effects = sorted(step.effects, key=lambda effect: isinstance(effect, EndFlow))  # the last words, and then the end
        said = [CallStep(at, "", who, text) for effect in effects for who, text in _told(effect)]
        came = self._came(event)
        if came is not None and (rows or said or came[0] != "time"):
            yield CallStep(at, "", *came)
        yield from rows
        yield from said

    def _rows(self, at: float, step: Step) -> Iterator[CallStep]:
        """The rows that were taken, and where each led."""
        for source, edge, entered in taken(self.flow.joint, step):
            row = self.ids.edge(edge, self._plain(source)) if edge is not None else ""
            cells = " | ".join(edge.row.cells).rstrip(" |") if edge is not None and edge.row is not None else ""
            state = "" if entered.startswith("(") else self._plain(entered)  # those in brackets are nobody's: (hung up)
            if cells or state:
                yield CallStep(at, state, "flow", cells, row)

    def _came(self, event: object) -> tuple[str, str] | None:  # noqa: C901, PLR0911 - one for each kind of event
        match event:
            case Heard(text):
                return "caller", text
            case KeyPressed(key):
                return "caller", f"(presses {key})"
            case SilenceLasted() | HungUp() | Interrupted():
                return "caller", _CALLER[type(event)]
            case Succeeded(_, fields):
                return "tool", f"ok: {pairs_text(fields)}" if fields else "ok"
            case Failed(_, why) | NotJudged(_, why):
                return "model" if isinstance(event, NotJudged) else "tool", f"failed ({why})" if why else "failed"
            case Proposed(_, parses, words):
                edges = [self.flow.flat.edges[parse.edge] for parse in parses if parse.edge in self.flow.flat.edges]
                return "model", ", ".join(map(event_text, edges)) or short(words) or "chose no edge"
            case HostSent(name):
                return "host", name
            case Resumed():
                return "host", "the conversation goes on"
            case Due(_, timer):
                return "time", str(timer)
            case Broke(why):
                return "flow", f"a step failed: {why}"
            case _:
                return None

    def _with_slots(self, lines: list[CallStep]) -> list[CallStep]:
        """What is set now belongs to the first line of what changed it."""
        now = {name: value_text(value) for name, value in self.data.slots}
        if now != self.known and lines:
            self.known = now
            lines[0] = attrs.evolve(lines[0], slots=now)
        return lines

    @staticmethod
    def _plain(state: str) -> str:
        return state.removesuffix(CHECKING)


_CALLER: Final[dict[type[Any], str]] = {
    SilenceLasted: "(says nothing)",
    HungUp: "(hangs up)",
    Interrupted: "(interrupts)",
}


def _told(effect: object) -> Sequence[tuple[str, str]]:
    match effect:
        case SayLines(lines):
            return [("agent", line.text) for line in lines]
        case CallTool(_, tool, args):
            return [("flow", f"calls {tool}({pairs_text(args)})")]
        case HandOver(_, to, carry):
            return [("flow", f"hands over to {to}" + (f" with {pairs_text(carry)}" if carry else ""))]
        case AskModel(talk=talk):
            return [("flow", f"asks the model{' to answer' if talk else ''}")]
        case EmitEvent(name):
            return [("flow", f"emits {name}")]
        case EndFlow(outcome):
            return [("flow", f"ends: {outcome}")]
        case _:
            return []
