"""A recorded call held again in another version of its flow: up to the first moment at which it would go differently.

Everything that came from outside is taken from the log: words (understood anew), keys, silence, results of tools, the model's choices,
the host's events. Beyond the first difference nothing is claimed: nobody knows what the caller would have said then.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.hearing import heard
from fsm_agents.flows.machine.build import BEGIN, GONE
from fsm_agents.flows.machine.effects import AskModel, CallTool, HandOver
from fsm_agents.flows.machine.events import Failed, Heard, NotJudged, Proposed, Succeeded
from fsm_agents.flows.machine.flat import CHECKING, Edge
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, Sequence, SlotRef
from fsm_agents.flows.words.recogniser import Parse
from fsm_agents.flows.words.types import Moment
from fsm_agents.fsm.codec import HIDDEN
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.replay import Entry
from fsm_agents.observe.flow_calls import FlowCall, damage_told
from fsm_agents.observe.flow_steps import codec_of, events_of, same_tables, standing_at
from fsm_agents.observe.flow_words import refs_of

__all__ = ["Held", "again", "renamed"]

GRACE: Final = 500_000
"""µs by which a timer may have fired late in the log: the log's own time counts up to then."""

_MODEL: Final = "asks the model"


@attrs.frozen
class Held:
    """How a call would go.

    Args:
        call: The call.
        verdict: ``same``, ``differs``, or ``unknown``: what decides it is not in the log (it was a secret).
        n: The step of the log that goes differently.
        turn: The number of the caller's turn then; 0: before the caller said anything.
        said: What the caller said or pressed in it, or what happened.
        before: What came of it in the log.
        now: What would come of it.
        path: The states that the call rested in up to there.
        why: For ``unknown``: what is missing.
        assumed: Conditions that the log says nothing of; they were taken as no.
    """

    call: FlowCall
    verdict: Literal["same", "differs", "unknown"]
    n: int = 0
    turn: int = 0
    said: str = ""
    before: str = ""
    now: str = ""
    path: tuple[str, ...] = ()
    why: str = ""
    assumed: tuple[str, ...] = ()


def again(flow: Flow, call: FlowCall) -> Held:
    """Hold a call in a flow.

    Args:
        flow: The flow, perhaps a later version of the one that the call was held in.
        call: The call.

    Raises:
        MisuseError: the log is of another flow, redacted, or damaged.
    """
    with damage_told():
        return _Again(flow, call).held()


def renamed(flow: Flow, version: int) -> dict[str, str]:
    """The states of a version that are called otherwise now, as ``[migrate.N]`` says."""
    found: dict[str, str] = {}
    for number, step in sorted(flow.spec.migrations.items()):
        if number >= version:
            found = {old: step.states.get(new, new) for old, new in found.items()}
            found |= {old: new for old, new in step.states.items() if old not in found}
    return found


class _UnknownError(Exception):
    """What decides it is not in the log."""


class _Again:
    def __init__(self, flow: Flow, call: FlowCall) -> None:
        self.flow, self.call = flow, call
        self.names = renamed(flow, call.version) if call.version < flow.version else {}
        self.same = same_tables(flow, call)
        self.codec = codec_of(flow)
        self.data = standing_at(flow, call, states=self.names)
        self.arms: list[tuple[int, str, str, int]] = []
        for arm in flow.joint.arms(self.data):
            self.arms.append((arm.delay, arm.machine, arm.timer, arm.epoch))
        self.numbers: dict[int, int] = {self.data.call: self.data.call}
        self.offers: dict[int, dict[int, int]] = {}
        self.assumed: set[str] = set()
        self.logged = {name for entry in call.entries for name in _facts(entry.json["on"])}
        self.state = self._name(str(call.header.cells["flow"][0]))
        self.path = [self.state]

    def held(self) -> Held:
        """Step by step, the log and the flow side by side."""
        for entry, event in events_of(self.flow, self.call.entries):
            line = entry.json
            self.state = self._name(str(line.get("to", {}).get("flow", self.state)))
            if line.get("stale") or "raised" in line:
                continue
            try:
                effects = self._step(entry, event)
            except _UnknownError as why:
                return self._told(entry, "unknown", why=str(why))
            now = self._now()
            old, new = self._asked_in(line.get("do", ())), self._asked_in(effects)
            if now != self.state or old != new:
                return self._told(entry, "differs", before=_outcome(self.state, old, new), now=_outcome(now, new, old))
            self._pair(line.get("do", ()), effects)
            if now != self.path[-1]:
                self.path.append(now)
        return Held(self.call, "same", path=tuple(self.path), assumed=tuple(sorted(self.assumed)))

    def _told(self, entry: Entry, verdict: Literal["differs", "unknown"], **more: Any) -> Held:
        turn = next((turn for turn in reversed(self.call.turns) if turn.n <= entry.n), None)
        said = "" if turn is None else turn.text
        if turn is None or turn.n != entry.n:
            event = entry.json["on"]
            kind = event.get("_", "") if isinstance(event, Mapping) else str(event)
            said = f"{said}, then {kind}".removeprefix(", then ")
        path, assumed = tuple(self.path), tuple(sorted(self.assumed))
        return Held(self.call, verdict, entry.n, turn.number if turn else 0, said, path=path, assumed=assumed, **more)

    # --- one step -------------------------------------------------------------------------------------------------------------------------

    def _step(self, entry: Entry, event: Any) -> list[Any]:
        """The effects, as a log would hold them, of what came then; timers that the log knows nothing of fire before it."""
        done: list[Any] = []
        own = isinstance(event, Due)
        for due, machine, timer, epoch in sorted(self.arms):
            known = own and (event.machine, event.timer) == (machine, timer)
            if due + GRACE < entry.at and not known and self.data.cell(machine).epoch == epoch:
                done += self._post(due, Due(machine, timer, epoch))
        self._assume()
        made = self._made(event, entry.at)
        return done + (self._post(entry.at, made) if made is not None else [])

    def _post(self, at: int, event: object) -> list[Any]:
        try:
            step = self.flow.step(self.data, event)
        except MisuseError:
            raise
        except Exception as broken:
            raise _UnknownError(f"the flow raises {type(broken).__name__} there") from broken
        cells = {machine: self.data.cell(machine).epoch for machine in self.flow.joint.tables}
        self.arms = [arm for arm in self.arms if cells[arm[1]] == arm[3]]
        if isinstance(event, Due):
            self.arms = [arm for arm in self.arms if arm[1:3] != (event.machine, event.timer)]
        self.arms += [(at + arm.delay, arm.machine, arm.timer, arm.epoch) for arm in step.arms]
        return [json.loads(self.codec.effect(effect)) for effect in step.effects]

    def _made(self, event: Any, at: int) -> object | None:
        """The log's event as it would come to this flow; ``None``: it would not."""
        match event:
            case Due(machine, timer):
                known = (machine, timer) in self.flow.joint.timers
                return Due(machine, timer, self.data.cell(machine).epoch) if known else None
            case Heard():
                return self._heard(event, at)
            case Proposed(number):
                if number not in self.numbers:
                    return None
                edges = self.offers.get(number, {})
                parses = tuple(attrs.evolve(each, edge=edges[each.edge]) for each in event.parses if each.edge in edges)
                return attrs.evolve(event, number=self.numbers[number], parses=parses)
            case Succeeded(number) | Failed(number) | NotJudged(number):
                return attrs.evolve(event, number=self.numbers[number]) if number in self.numbers else None
            case _:
                return event  # type: ignore[no-any-return]

    def _heard(self, event: Heard, at: int) -> Heard:
        if self.same:
            return event
        if event.text == HIDDEN:
            return attrs.evolve(event, parses=tuple(self._secretly(event)))
        when = self.call.at(at) or datetime.datetime.combine(datetime.date.today(), datetime.time(12))  # noqa: DTZ011 - the log says no date
        world, state, ears = self.flow.world, self.flow.state(self.data), self.flow.recogniser(self.data)
        return heard(world, state, ears, event.text, Moment(when.date(), when.time()), event.facts)

    def _secretly(self, event: Heard) -> Iterator[Parse]:
        """The readings of words that are not kept: by the slots that they filled, if one edge has these."""
        state = self.flow.state(self.data)
        words = state.words if state is not None else ()
        for parse in event.parses:
            slots = {name for name, _ in (*parse.values, *parse.invalid)}
            fitting = [edge for edge in words if slots and _slots(edge) == slots]
            if len(fitting) != 1:
                raise _UnknownError("the words may have been secret, and are not in the log")
            yield attrs.evolve(parse, edge=fitting[0].number)

    def _assume(self) -> None:
        """Conditions that this flow asks for here, and that no step of the log knows."""
        state = self.flow.state(self.data)
        if state is not None and not self.same:
            self.assumed |= {name for edge in state.edges for name in _conditions(edge)} - self.logged

    # --- what is compared -----------------------------------------------------------------------------------------------------------------

    def _name(self, state: str) -> str:
        plain = state.removesuffix(CHECKING)
        return self.names.get(plain, plain) + state[len(plain) :]

    def _now(self) -> str:
        return str(self.data.cell("flow").state)

    def _asked_in(self, effects: Any) -> list[str]:
        """What a step asks of the host, in words: tools with what they get, hand-offs, events, the end."""
        found = []
        for effect in effects:
            kind = effect.get("_")
            if kind == "CallTool":
                found.append(f"{effect['tool']}({_args(effect['args'])})")
            elif kind == "HandOver":
                found.append(f"hands over to {effect['to']}")
            elif kind == "AskModel":
                found.append(_MODEL)
            elif kind == "EmitEvent":
                found.append(f"emits {effect['name']}")
            elif kind == "EndFlow":
                found.append(f"ends {effect['outcome']}")
        return found

    def _pair(self, old: Any, new: Any) -> None:
        """The numbers of the log's calls, and of the edges that it offered, as they are in this flow."""
        kinds = {CallTool.__name__, HandOver.__name__, AskModel.__name__}
        for was, made in zip(
            [each for each in old if each.get("_") in kinds], [each for each in new if each.get("_") in kinds], strict=False
        ):
            self.numbers[was["number"]] = made["number"]
            texts = {offer["text"]: offer["edge"] for offer in made.get("offers", ())}
            self.offers[was["number"]] = {
                offer["edge"]: texts[offer["text"]] for offer in was.get("offers", ()) if offer["text"] in texts
            }


def _facts(event: Any) -> set[str]:
    return {str(name) for name, _ in event.get("facts", ())} if isinstance(event, Mapping) else set()


def _conditions(edge: Edge) -> set[str]:
    """The host's conditions that an edge's guard names."""
    test = edge.row.when if edge.row is not None else None
    return {ref.name for ref in refs_of(test) if ref.name in edge.scope.spec.conditions}


def _args(pairs: Any) -> str:
    return ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(pairs))


def _outcome(state: str, asked: list[str], other: list[str]) -> str:
    """Where it rests, and what it asks for that the other does not."""
    told = [each for each in asked if each not in other]
    name = {BEGIN: "nowhere yet", GONE: "hung up"}.get(state, state)
    return f"{name} ({'; '.join(told)})" if told else name


def _slots(edge: Edge) -> set[str]:
    found: set[str] = set()
    waiting: list[Phrase] = [edge.phrase] if edge.phrase is not None else []
    while waiting:
        match waiting.pop():
            case SlotRef(name):
                found.add(name)
            case Sequence(parts) | Alternatives(parts):
                waiting += parts
            case Optional(inner):
                waiting.append(inner)
            case _:
                pass
    return found
