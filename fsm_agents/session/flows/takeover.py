"""Who goes on when a flow hands the caller over: another agent with the model, or another flow; and what has to be there for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fsm_agents.errors import MisuseError, nearest
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData, changed
from fsm_agents.flows.machine.secret import Secret
from fsm_agents.flows.problems import FlowError
from fsm_agents.flows.proof.ears import needs_open_ears

if TYPE_CHECKING:
    from fsm_agents.session.agent import Agent
    from fsm_agents.session.flows.run import FlowRun
    from fsm_agents.session.flows.voice import FlowVoice

__all__ = ["Takeover", "check_pipeline", "started"]

log = logging.getLogger("fsm_agents")


class Takeover:
    """The hand-offs of one session's flow.

    Args:
        voice: The flow in the session.
        agents: Who may take over as ``agent:NAME``.
        flows: What may go on as ``flow:NAME``.

    Attributes:
        retired: Whether an agent has taken over for good: the model answers from then on.
    """

    def __init__(self, voice: FlowVoice, agents: Mapping[str, Agent], flows: Mapping[str, Flow]) -> None:
        self._voice, self._agents, self._flows = voice, dict(agents), dict(flows)
        self.retired = False
        self._leaves = False
        self._next: tuple[Flow, dict[str, Any]] | None = None

    def check(self, flow: Flow) -> None:
        """Refuse a flow that hands over to somebody who is not there.

        Raises:
            MisuseError: names who is missing.
        """
        given: dict[str, Mapping[str, Any]] = {"agent": self._agents, "flow": self._flows}
        for state in flow.flat.states.values():
            kind, _, name = state.spec.handoff.partition(":")
            if kind in given and name not in given[kind] and flow.binding.hand_off(state.spec.handoff) is None:
                known = nearest(name, given[kind]) if given[kind] else "none were given"
                msg = f"{flow.id}: state {state.name!r} hands over to {state.spec.handoff!r}; {known}: ConversationFlow(flow, {kind}s={{…}})"
                raise MisuseError(msg)

    def taker(self, to: str) -> Callable[..., Any] | None:
        """Who takes over for a target."""
        kind, _, name = to.partition(":")
        if kind == "agent" and name in self._agents:
            return lambda _to, _carry: self._to_agent(self._agents[name])
        if kind == "flow" and name in self._flows:
            return lambda _to, carry: self._to_flow(self._flows[name], carry)
        return None

    async def _to_agent(self, agent: Agent) -> None:
        await self._voice.says.over()  # it greets behind what the flow says
        self._voice.session.hand_off(agent)
        self._leaves = True

    def _to_flow(self, flow: Flow, carry: dict[str, Any]) -> None:
        self._next = flow, carry

    def go_on(self, run: FlowRun) -> bool:
        """A flow has ended: have whoever it handed over to go on. Returns whether anybody does."""
        if self._next is not None:
            (flow, carry), self._next = self._next, None
            self._voice.go_on_with(flow, started(run.flow, flow, carry, run))
            return True
        if self._leaves:
            self.retired = True
            return True
        return False


def started(before: Flow, flow: Flow, carry: Mapping[str, Any], run: FlowRun) -> FlowData:
    """A new conversation in ``flow``, with what is carried in its slots of the same names."""
    data = flow.start()
    slots: dict[str, Any] = {}
    for name, value in carry.items():
        slot = flow.spec.slots.get(name)
        if slot is None:
            continue
        if not flow.world.type_of(slot).fits(value, slot, run.moment):
            log.warning("%s: %s is not carried to %s: it does not fit there", before.id, name, flow.id)
            continue
        secret = any(known.name == name and known.secret for known in before.flat.slots.values())
        if secret and not slot.secret:
            log.error("%s: %s is not carried to %s: it is a secret, and would be none there", before.id, name, flow.id)
            continue
        plain = tuple(value) if isinstance(value, list) else value
        slots[name] = Secret(plain) if slot.secret else plain
    data.slots = changed((), **slots)
    return data


def check_pipeline(flow: Flow, pipeline: Any, ears: str) -> None:
    """Refuse a flow that this pipeline cannot hold.

    Args:
        flow: The flow.
        pipeline: The session's pipeline.
        ears: ``"grammar"``, ``"open"``, or ``"auto"``: as speech-to-text says itself.

    Raises:
        FlowError: it needs open speech-to-text (F409).
        MisuseError: it needs a model and there is none; or has secrets, and a model hears the caller.
    """
    stt = getattr(pipeline, "stt", None)
    if ears == "grammar" or (ears == "auto" and hasattr(stt, "prepare")):
        problems = needs_open_ears(flow.flat)
        if problems:
            raise FlowError(problems)
    model = getattr(pipeline, "model", None)
    asks = next((state for state in flow.flat.states.values() if state.judged or state.spec.kind == "talk"), None)
    if asks is not None and model is None and getattr(pipeline, "llm", None) is None:
        raise MisuseError(f"{flow.id}: state {asks.name!r} asks a model: give the pipeline an llm=…")
    secret = next((name for name, slot in flow.flat.slots.items() if slot.secret), None)
    if secret is not None and model is not None and stt is None:
        raise MisuseError(
            f"{flow.id}: the slot {secret!r} is secret, and {type(model).__name__} would hear it: give RealTimePipeline(model, stt=…)"
        )
