"""The working copy of a conversation while one row is taken: its acts, then the move, then what the new state does on entering.

What came of it is returned as effects, and committed by the engine as a whole: a row that fails half-way has changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fsm_agents.flows.machine.data import Bookmark, Failures, FlowData, changed, get
from fsm_agents.flows.machine.effects import (
    AskModel,
    CallTool,
    CancelTool,
    EmitEvent,
    EndFlow,
    HandOver,
    Line,
    Offer,
    SayLines,
)
from fsm_agents.flows.machine.events import (
    OUTSIDE,
    CheckDue,
    Facts,
    Failed,
    Filled,
    GivenInvalid,
    Pressed,
    PromptHeard,
    SubFlowEnded,
    Succeeded,
    WaitBegun,
)
from fsm_agents.flows.machine.flat import FlatState, Scope
from fsm_agents.flows.machine.secret import Secret, open_secret
from fsm_agents.flows.machine.view import View
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.spec import BargeIn
from fsm_agents.flows.syntax import (
    Act,
    Clear,
    Emit,
    Prompt,
    SayLast,
    SayPrompt,
    SayText,
    SetSlot,
    ValueOf,
)
from fsm_agents.fsm.engine import Set

__all__ = ["Work", "barge_in", "tool_timeout"]


class Work:
    """One row being taken in ``state``.

    Args:
        world: The flow.
        state: Where the conversation is.
        event: What came.
        data: The conversation; only read.
    """

    def __init__(self, world: World, state: FlatState, event: Any, data: FlowData, given: Iterable[tuple[str, Any]] = ()) -> None:
        self.world, self.state, self.data = world, state, data
        self.now = state
        self.reported = isinstance(event, Succeeded | Failed)  # what the state waited for is over: there is nothing to cancel
        self.facts: Facts = getattr(event, "facts", data.facts)
        self.view = View(world, data, self.facts)
        self.failures, self.bookmark, self.call, self.visit, self.turns = (
            data.failures, data.bookmark, data.call, data.visit, data.turns,
        )  # fmt: skip
        self.checked, self.outcome = data.checked, data.outcome
        self.step = data.step + (isinstance(event, (*OUTSIDE, Pressed)) or not hasattr(event, "facts"))
        self.lines: list[Line] = []
        self.effects: list[object] = []
        self.raised: list[object] = []
        self.entry = False
        self.fill(given)

    # --- what a row does ---------------------------------------------------------------------------------------------------------------

    def fill(self, values: Iterable[tuple[str, Any]]) -> None:
        """Give slots values, by full name."""
        for name, value in values:
            slot = self.world.flat.slots[name]
            self.view.slots[name] = Secret(value) if slot.secret and not isinstance(value, Secret) else value

    def act(self, acts: Iterable[Act], scope: Scope) -> None:
        """Do what a row says, in order."""
        for act in acts:
            match act:
                case SayText(prompt):
                    self.say(prompt, scope)
                case SayPrompt(name):
                    self.say(scope.spec.prompts[name], scope)
                case SayLast():
                    self.lines += self.data.said[1]
                case SetSlot(name, value):
                    self._set(scope, name, value)
                case Clear(names):
                    self._clear(scope, names)
                case Emit(name):
                    self.effects.append(EmitEvent(name, self._public()))
                case _:
                    given = dict(act.call(self.view.own(scope)) or {})
                    self.fill((scope.full(name), value) for name, value in given.items())

    def _set(self, scope: Scope, name: str, value: Any) -> None:
        found = self.view.value(value.ref, scope) if isinstance(value, ValueOf) else value
        slot = scope.spec.slots[name]
        if found is not None and not isinstance(value, ValueOf):
            found = self.world.literal(found, slot)
        if found is None:
            self.view.slots.pop(scope.full(name), None)
        else:
            self.fill([(scope.full(name), tuple(found) if isinstance(found, list) else found)])

    def _clear(self, scope: Scope, names: tuple[str, ...]) -> None:
        for name in names or [name for name in scope.spec.slots if name not in scope.spec.takes]:
            self.view.slots.pop(scope.full(name), None)

    def say(self, prompt: Prompt | None, scope: Scope) -> None:
        """Say a prompt, with the slots as they are now."""
        if prompt is not None:
            line = self.view.line(prompt, scope)
            if line.text or line.audio:
                self.lines.append(line)

    def say_text(self, key: str) -> None:
        """Say one of the language's own texts."""
        self.lines.append(Line(self.world.pack.texts[key]))

    def taken(self) -> None:
        """The caller was understood: failures begin anew."""
        self.failures = Failures()

    # --- moves ----------------------------------------------------------------------------------------------------------------------------

    def go(self, name: str, begins: Iterable[Scope], *, visit: bool = False) -> None:
        """Leave, and enter another state (or this one afresh); the sub-flows in ``begins`` begin with it."""
        if visit and self.bookmark is None:
            self.bookmark = Bookmark(self.state.name, self.data.failures)  # the words that led away answered no question
        elif not visit and name in self.world.flat.ordinary:
            self.bookmark = None
        for scope in begins:
            self._begin(scope)
        self.leave()
        self.failures, self.turns = Failures(), 0
        self.enter(name, again=False)

    def back(self) -> None:
        """Leave, and enter the state that the visit came from."""
        mark = self.bookmark
        assert mark is not None  # noqa: S101 - the row's guard asked
        self.leave()
        self.bookmark, self.failures, self.turns = None, mark.failures, 0
        self.enter(mark.state, again=True)

    def again(self) -> None:
        """Enter this state again."""
        self.leave()
        self.enter(self.state.name, again=True)

    def stay(self) -> None:
        """Keep the state; an answer of the model to an older question is stale from now on."""
        if not self.state.works:
            self.call += 1

    def leave(self) -> None:
        """What leaving this state ends."""
        if self.state.works and not self.reported and not self._once():
            self.effects.append(CancelTool(self.call))
        self.call += 1

    def _once(self) -> bool:
        spec = self.state.spec
        return bool(spec.call) and self.state.scope.spec.tools[spec.call].once

    def _begin(self, scope: Scope) -> None:
        """A sub-flow begins afresh, with what it takes."""
        assert scope.parent is not None  # noqa: S101 - the top flow begins by itself
        runner = scope.parent.spec.states[scope.runner.rpartition("/")[2]]
        given = {name: self.view.slots.get(scope.parent.full(runner.with_.get(name, name))) for name in scope.spec.takes}
        for name in scope.spec.slots:
            self.view.slots.pop(scope.full(name), None)
        for tool in scope.spec.tools:
            self.view.results.pop(scope.full(tool), None)
        self.fill((scope.full(name), open_secret(value)) for name, value in given.items() if value is not None)

    def enter(self, name: str, *, again: bool) -> None:
        """What a state does when it is entered."""
        state = self.now = self.world.flat.states[name]
        self.visit += 1
        self.entry = True
        kind = state.spec.kind
        if kind == "ask" and state.slot in self.view.slots:
            self.filled(state)
            return
        before = len(self.lines)
        self.say(state.spec.again if again and state.spec.again else state.spec.say, state.scope)
        if state.works:
            self.work_on(state)
        elif kind == "talk" and len(self.lines) == before:
            self.ask(state, greets=True)
        elif kind == "end":
            self._end(state)
        elif state.passes and len(self.lines) == before:
            self.raised.append(PromptHeard(self.facts))

    def filled(self, state: FlatState) -> None:
        """The slot that ``state`` asks for has a value: it may have to be looked at first."""
        check = self.world.flat.slots[state.slot].check if state.slot else ""
        if check and get(self.checked, state.slot) != self.view.slots.get(state.slot):
            self.raised.append(CheckDue(self.facts))
        else:
            self.raised.append(Filled(self.facts))

    def work_on(self, state: FlatState, *, key: str = "") -> None:
        """Begin what a state waits for; with the number and key of now."""
        spec, scope = state.spec, state.scope
        key = key or f"{state.name}/{self.visit}"
        if spec.call:
            tool = scope.spec.tools[spec.call]
            timeout = tool_timeout(state)
            self.effects.append(CallTool(self.call, scope.full(tool.name), self._own(scope, tool.args), key, timeout, tool.once))
        else:
            self.effects.append(HandOver(self.call, spec.handoff, self._own(scope, spec.carry), key, tool_timeout(state)))
        self.raised.append(WaitBegun())

    def check(self, state: FlatState) -> None:
        """Have a tool look at what the slot holds."""
        scope = state.scope
        tool = scope.spec.tools[self.world.flat.slots[state.slot].check]
        self.call += 1
        timeout = tool.timeout if tool.timeout is not None else scope.spec.defaults.tool_timeout
        args = self._own(scope, tool.args)
        self.effects.append(CallTool(self.call, scope.full(tool.name), args, f"{state.name}/{self.visit}/check", timeout))
        self.raised.append(WaitBegun())

    def ask(self, state: FlatState, *, greets: bool = False) -> None:
        """Ask the model."""
        self.call += 1
        offers = tuple(
            Offer(edge.number, edge.trigger.text, tuple(map(edge.scope.full, edge.trigger.sets)))  # type: ignore[union-attr]
            for edge in state.judged
            if self.view.holds(edge.row.when if edge.row else None, edge.scope)
        )
        tools = tuple(map(state.scope.full, state.spec.tools))
        self.effects.append(AskModel(self.call, state.name, offers, state.spec.talk, tools, greets))

    def _end(self, state: FlatState) -> None:
        scope = state.scope
        if scope.parent is None:
            self.outcome = state.spec.end
            self.effects.append(EndFlow(state.spec.end))
            return
        for name in scope.spec.gives:
            value = self.view.slots.get(scope.full(name))
            if value is not None:
                self.fill([(scope.parent.full(name), open_secret(value))])
        self.raised.append(SubFlowEnded(state.spec.end, self.facts))

    def invalid(self, name: str) -> None:
        """A slot was given a value that is not valid."""
        self.raised.append(GivenInvalid(name, self.facts))

    def _own(self, scope: Scope, names: Iterable[str]) -> tuple[tuple[str, Any], ...]:
        """Slots of a scope by their own names, as far as they are set."""
        slots = self.view.slots
        return tuple((name, slots[scope.full(name)]) for name in names if scope.full(name) in slots)

    def _public(self) -> tuple[tuple[str, Any], ...]:
        return tuple(sorted((name, value) for name, value in self.view.slots.items() if not isinstance(value, Secret)))

    # --- what came of it -----------------------------------------------------------------------------------------------------------------

    def effects_of(self) -> tuple[object, ...]:
        """What changed, what is to be done, what is said, and what is raised; in this order."""
        data = self.data
        slots, results = changed((), **self.view.slots), changed((), **self.view.results)
        checked = tuple((name, value) for name, value in self.checked if self.view.slots.get(name) == value)
        said = data.said
        if self.lines:
            before = said[1] if said[0] == self.step else ()
            said = self.step, (*before, *self.lines)
        new = {
            "slots": slots, "results": results, "checked": checked, "failures": self.failures, "bookmark": self.bookmark,
            "turns": self.turns, "call": self.call, "visit": self.visit, "step": self.step, "facts": self.facts,
            "said": said, "outcome": self.outcome, "keys": "" if self.entry else data.keys,
        }  # fmt: skip
        sets = [Set(name, value) for name, value in new.items() if getattr(data, name) != value]
        spoken = [SayLines(tuple(self.lines), barge_in(self.now), self.entry)] if self.lines else []
        return (*sets, *self.effects, *spoken, *self.raised)


def tool_timeout(state: FlatState) -> float:
    """Seconds that a working state waits."""
    spec, defaults = state.spec, state.scope.spec.defaults
    if spec.timeout is not None:
        return spec.timeout
    if spec.call:
        of_tool = state.scope.spec.tools[spec.call].timeout
        return defaults.tool_timeout if of_tool is None else of_tool
    return defaults.handoff_timeout


def barge_in(state: FlatState) -> BargeIn:
    """What of the caller ends what a state says: a goodbye need not yield unless the flow says so."""
    if state.spec.kind == "end" and "barge_in" not in state.spec.places:
        return "none"
    return state.spec.barge_in
