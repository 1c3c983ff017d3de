"""What states do that no row says: begin, ask again, give up, ask the model, have a value checked, go on, apologise, end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fsm_agents.flows.machine.data import FlowData, changed
from fsm_agents.flows.machine.effects import EndFlow, Line
from fsm_agents.flows.machine.events import ConditionsRead, Failed, NotMatched, OutOfTries
from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.machine.guards import parse_of
from fsm_agents.flows.machine.takes import Do
from fsm_agents.flows.machine.work import Work
from fsm_agents.flows.machine.world import World
from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.rows import Effects

__all__ = [
    "answer", "apologise", "ask_again", "ask_model", "begin", "check_value", "checked", "do", "give_up", "hang_up", "not_matched",
    "read_conditions", "refuse_keys", "refuse_values", "resume",
]  # fmt: skip


def do(name: str, world: World, state: FlatState, act: Callable[[Work, Any], None]) -> Do:
    """An action called ``name`` that does ``act`` on a working copy."""

    def run(event: Any, data: FlowData) -> Effects:
        work = Work(world, state, event, data)
        act(work, event)
        return work.effects_of()

    run.__name__ = name
    return run


def begin(world: World, start: FlatState) -> Do:
    """The conversation begins."""
    return do("begin", world, start, lambda work, _event: work.enter(start.name, again=False))


# --- what nobody takes ----------------------------------------------------------------------------------------------------------------


def refuse_values(world: World, state: FlatState, edge: Edge) -> Do:
    """Words fit, a value is not valid: the valid ones are kept."""

    def act(work: Work, event: Any) -> None:
        parse = parse_of(event, edge.number)
        assert parse is not None  # noqa: S101 - the guard asked
        work.fill(parse.values)
        work.stay()
        work.invalid(parse.invalid[0][0])

    return do(f"refuse what edge {edge.number} gives", world, state, act)


def refuse_keys(world: World, state: FlatState) -> Do:
    """The keys are no valid value of the slot."""
    return do("refuse the keys", world, state, lambda work, _event: work.invalid(state.slot))


def not_matched(world: World, state: FlatState) -> Do:
    """Nobody takes it."""

    def act(work: Work, _event: Any) -> None:
        work.stay()
        work.raised.append(NotMatched(work.facts))

    return do("nobody takes it", world, state, act)


def give_up(world: World, state: FlatState, kind: str) -> Do:
    """The last try failed."""

    def act(work: Work, _event: Any) -> None:
        work.failures = work.failures.and_one(kind)
        work.raised.append(OutOfTries(work.facts))

    return do("give up", world, state, act)


def ask_again(world: World, state: FlatState, kind: str) -> Do:
    """A failure that no row takes: the state's words for it."""

    def act(work: Work, event: Any) -> None:
        work.failures = work.failures.and_one(kind)
        if kind != "invalid" or _invalid_text(work, event.slot):
            _reprompt(work, state, kind)

    return do(f"ask again after {kind}", world, state, act)


def _invalid_text(work: Work, name: str) -> bool:
    """Say what the slot says of a value that is not valid. Whether the state's own words should follow."""
    path, slash, own = name.rpartition("/")
    scope = work.world.flat.scopes[path + slash]
    prompt = scope.spec.slots[own].invalid
    if prompt is not None:
        work.say(prompt, scope)
    else:
        work.say_text("invalid")
    return prompt is None


def _reprompt(work: Work, state: FlatState, kind: str) -> None:
    spec = state.spec
    own = getattr(spec, kind, ())
    texts, count = (own, work.failures.of(kind)) if own else (spec.retry, work.failures.tries)
    if texts:
        work.say(texts[min(count, len(texts)) - 1], state.scope)
        return
    if kind == "no_match":
        work.say_text("no_match")
    work.say(spec.again or spec.say, state.scope)


# --- the model ------------------------------------------------------------------------------------------------------------------------


def ask_model(world: World, state: FlatState) -> Do:
    """The model is asked."""
    return do("ask the model", world, state, lambda work, _event: work.ask(state))


def answer(world: World, state: FlatState, *, last: bool) -> Do:
    """In a ``talk`` state the model's words are said; with the ``last`` turn it is out of tries."""

    def act(work: Work, event: Any) -> None:
        work.taken()
        work.turns += 1
        work.call += 1
        if not event.spoken and event.text.strip():
            work.lines.append(Line(event.text.strip()))
        if last:
            work.raised.append(OutOfTries(work.facts))

    return do("say the answer", world, state, act)


# --- values that a tool checks ----------------------------------------------------------------------------------------------------------


def check_value(world: World, state: FlatState) -> Do:
    """A tool looks at the value."""
    return do("have it checked", world, state, lambda work, _event: work.check(state))


def checked(world: World, state: FlatState, *, valid: bool) -> Do:
    """A tool looked at the value."""

    def act(work: Work, _event: Any) -> None:
        value = work.view.slots.get(state.slot)
        if valid:
            work.checked = changed(work.checked, **{state.slot: value})
            work.filled(state)
        else:
            work.view.slots.pop(state.slot, None)
            work.invalid(state.slot)

    return do("take the value" if valid else "refuse the value", world, state, act)


# --- the life of a call -----------------------------------------------------------------------------------------------------------------


def resume(world: World, state: FlatState) -> Do:
    """The conversation goes on: what was being waited for is asked for again, with the same key."""

    def act(work: Work, _event: Any) -> None:
        if state.works:
            work.work_on(state, key=f"{state.name}/{work.data.visit}")
        else:
            work.enter(state.name, again=True)

    return do("go on", world, state, act)


def read_conditions(event: ConditionsRead, data: FlowData) -> Effects:  # noqa: ARG001 - actions share one signature
    """What a timer that is due will find."""
    return (Set("facts", event.facts),)


def hang_up(world: World, state: FlatState) -> Do:
    """The caller left, and no row says what then."""

    def act(work: Work, _event: Any) -> None:
        work.leave()
        work.outcome = "hung_up"
        work.effects.append(EndFlow("hung_up"))

    return do("end", world, state, act)


def apologise(world: World, state: FlatState) -> Do:
    """A step broke: the caller is told, and asked again; where something is worked on, it has failed."""

    def act(work: Work, event: Any) -> None:
        if state.works:
            work.raised.append(Failed(work.call, event.why, work.facts))
            return
        work.call += 1
        work.say_text("failed")
        if state.listens:
            work.say(state.spec.again or state.spec.say, state.scope)
        work.entry = True

    return do("apologise", world, state, act)
