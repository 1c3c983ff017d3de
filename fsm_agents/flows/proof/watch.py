"""A flow that is watched while it is searched: what the properties remember of the past is kept with the conversation. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from fsm_agents.flows.machine.data import FlowData, Pairs, get
from fsm_agents.flows.machine.effects import AskModel, SayLines
from fsm_agents.flows.machine.events import Interrupted, PromptHeard, Resumed
from fsm_agents.flows.machine.flat import CHECKING, Edge, FlatFlow
from fsm_agents.flows.machine.takes import Take
from fsm_agents.flows.proof.properties import Never
from fsm_agents.flows.proof.told import trigger_text
from fsm_agents.fsm.joint import Joint, Step

__all__ = ["Watch", "WatchedData", "WatchedJoint", "taken"]


@attrs.define(eq=False)
class WatchedData(FlowData):
    """A conversation with what the properties remember.

    Attributes:
        marks: For each ``never``: whether what excuses it has happened.
        question: The number of the last question to the model.
        saying: The entering of a state whose prompt is not heard to its end.
    """

    marks: tuple[bool, ...] = ()
    question: int = -1
    saying: int = -1

    @property
    def asked(self) -> bool:
        """Whether a question to the model is open: nothing else was asked or left since."""
        return self.question == self.call

    @property
    def sounds(self) -> bool:
        """Whether what the state said on entering is not heard to its end."""
        return self.saying == self.visit


def taken(joint: Joint[Any], step: Step) -> Iterator[tuple[str, Edge | None, str]]:
    """What the flow did in a step: for each row from where, by which edge, and the state that was entered; empty: none."""
    flow = joint.names["flow"]
    for machine, transition in step.trail:
        if machine == flow and transition.acts:
            act = transition.row.do[0] if transition.row.do else None
            entered = transition.node.name if transition.moves and transition.node is not None else ""
            yield transition.source, act.edge if isinstance(act, Take) else None, entered


class Watch:
    """The ``never`` properties of a search.

    Args:
        flat: The flow.
        nevers: The properties.
    """

    def __init__(self, flat: FlatFlow, nevers: Sequence[Never]) -> None:
        self.nevers = tuple(nevers)
        self.targets = [frozenset(_targets(flat, never)) for never in nevers]

    def after(self, joint: Joint[Any], step: Step, slots: Pairs, marks: list[bool]) -> Iterator[tuple[Never, str]]:
        """What a step broke; and the marks of the conversation are brought up to date.

        Args:
            joint: Its machines.
            step: What happened.
            slots: The slots after it.
            marks: For each property, whether what excuses it has happened; in the order of :attr:`nevers`.
        """
        for source, edge, entered in taken(joint, step):
            for at, never in enumerate(self.nevers):
                if never.unless == "without" and edge is not None and source in never.states:
                    marks[at] = marks[at] or trigger_text(edge.trigger) in never.events
                if entered in self.targets[at]:
                    excused = get(slots, never.slot) is not None if never.unless == "with" else marks[at]
                    if not excused:
                        yield never, _told(never, entered)
                if entered in never.states:
                    marks[at] = never.unless == "before"


def _targets(flat: FlatFlow, never: Never) -> Iterator[str]:
    """The states whose entering is what must not happen."""
    for name, state in flat.states.items():
        scope = state.scope
        if never.verb == "reach":
            if name in never.what:
                yield name
        elif never.verb == "end":
            if state.ends and state.spec.end in never.what:
                yield name
        else:
            if state.spec.call and scope.full(state.spec.call) in never.what:
                yield name
            check = flat.slots[state.slot].check if state.slot else ""
            if check and scope.full(check) in never.what:
                yield name + CHECKING


def _told(never: Never, entered: str) -> str:
    what = {"call": "is called", "reach": "is reached", "end": "is how it ends"}[never.verb]
    name = min(never.what).rpartition("/")[2] if never.verb != "reach" else entered
    if never.unless == "with":
        return f"{name} {what} with {never.slot.rpartition('/')[2]} unset"
    states = " or ".join(sorted(never.states))
    return (
        f"{name} {what} before {states}"
        if never.unless == "before"
        else f"{name} {what} without {' or '.join(sorted(never.events))} in {states}"
    )


class WatchedJoint(Joint[WatchedData]):
    """The machines of a flow; every step is looked at.

    Attributes:
        watch: The properties.
        at: The conversation whose events are tried now.
        broken: What the last step broke.
        raised: The first step that raised: where, on what, and what it said.
    """

    def __init__(self, joint: Joint[Any], watch: Watch) -> None:
        super().__init__(joint.name, joint.tables, stale=joint.stale)
        self.watch = watch
        self.at: WatchedData | None = None
        self.broken: list[tuple[Never, str]] = []
        self.raised: tuple[WatchedData, object, str] | None = None

    def step(self, data: WatchedData, event: object) -> Step:
        """As of the joint."""
        try:
            step = super().step(data, event)
        except Exception as wrong:
            if self.raised is None and self.at is not None:
                self.raised = self.at, event, f"{type(wrong).__name__}: {wrong}"
            raise
        self._remember(data, step)
        marks = list(data.marks)
        self.broken = list(self.watch.after(self, step, data.slots, marks))
        data.marks = tuple(marks)
        return step

    @staticmethod
    def _remember(data: WatchedData, step: Step) -> None:
        """What was asked and what is said now."""
        data.question = next((effect.number for effect in step.effects if isinstance(effect, AskModel)), data.question)
        if any(isinstance(effect, SayLines) and effect.entry for effect in step.effects):
            data.saying = data.visit
        elif isinstance(step.event, PromptHeard | Interrupted | Resumed):
            data.saying = -1
