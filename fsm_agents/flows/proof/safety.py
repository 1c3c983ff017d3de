"""What must not happen whatever the caller and the model say: secrets that get out, tools that are not allowed or are left. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fsm_agents.flows.machine.flat import Edge, FlatState, Scope
from fsm_agents.flows.problems import Place, Problem
from fsm_agents.flows.proof.told import DO, IN, ON, Teller, cell, event_text
from fsm_agents.flows.proof.ways import Ways
from fsm_agents.flows.spec import FlowSpec, StateSpec
from fsm_agents.flows.syntax import (
    BACK,
    Goto,
    Llm,
    Prompt,
    PromptPart,
    Ref,
    Said,
    SayPrompt,
    SayText,
    SetSlot,
    Value,
    ValueOf,
    Visit,
)

__all__ = ["prompts_of", "refs_in", "safety"]

FORMS = frozenset({"last4"})
"""How a secret may be spoken."""


def safety(ways: Ways, tell: Teller) -> Iterator[Problem]:
    """F601, F602, F603, F604."""
    for scope in ways.flat.scopes.values():
        spec = scope.spec
        secret = frozenset(name for name, slot in spec.slots.items() if slot.secret)
        yield from _tools(spec, tell)
        if secret:
            yield from _judged(spec, secret, tell)
            yield from _spoken(spec, secret, tell)
            yield from _carried(spec, secret, tell)
            yield from _copied(spec, secret, tell)
        yield from _handed(scope, secret, tell)
    yield from _once(ways, tell)


def _judged(spec: FlowSpec, secret: frozenset[str], tell: Teller) -> Iterator[Problem]:
    for row in spec.rows:
        for trigger in row.on:
            for name in trigger.sets if isinstance(trigger, Llm) else ():
                if name in secret:
                    message = f"an llm edge sets '{name}', but '{name}' is secret"
                    fix = f"ask for {name} in a state of its own"
                    yield tell("F601", message, spec, cell(row, ON), why="it would be sent to the model provider", fix=fix)


def _tools(spec: FlowSpec, tell: Teller) -> Iterator[Problem]:
    for state in spec.states.values():
        for name in state.tools:
            if name not in spec.tools:
                message = f"'{state.name}' may use '{name}', which is not in [tools]"
                yield tell("F602", message, spec, state.places.get("tools", state.place), fix=f"[tools.{name}]")


# --- secrets --------------------------------------------------------------------------------------------------------------------------


def refs_in(parts: Iterable[PromptPart], *, surely: bool = False) -> Iterator[tuple[Ref, str]]:
    """The references of a prompt, with their forms; ``surely``: not those inside ``[ … ]``."""
    for part in parts:
        if isinstance(part, Value):
            yield part.ref, part.form
        elif isinstance(part, Said) and not surely:
            yield from refs_in(part.parts)


def prompts_of(state: StateSpec) -> Iterator[tuple[str, Prompt]]:
    """Everything a state says by itself, with the setting it stands in."""
    for setting in ("say", "again"):
        prompt = getattr(state, setting)
        if prompt is not None:
            yield setting, prompt
    for setting in ("retry", "no_input", "no_match", "wait"):
        for prompt in getattr(state, setting):
            yield setting, prompt


def _all_prompts(spec: FlowSpec) -> Iterator[tuple[Prompt, Place]]:
    for state in spec.states.values():
        for setting, prompt in prompts_of(state):
            yield prompt, state.places.get(setting, state.place)
    for slot in spec.slots.values():
        if slot.invalid is not None:
            yield slot.invalid, slot.places.get("invalid", slot.place)
    for row in spec.rows:
        for act in row.do:
            if isinstance(act, SayText):
                yield act.prompt, cell(row, DO)
            elif isinstance(act, SayPrompt):
                yield spec.prompts[act.name], cell(row, DO)


def _spoken(spec: FlowSpec, secret: frozenset[str], tell: Teller) -> Iterator[Problem]:
    for prompt, place in _all_prompts(spec):
        for ref, form in refs_in(prompt.parts):
            if not ref.field and ref.name in secret and form not in FORMS:
                message = f"{{{ref}{':' if form else ''}{form}}} is spoken, but '{ref}' is secret"
                yield tell("F604", message, spec, place, why="whoever stands by hears it, and a log may", fix=f"{{{ref}:last4}}")


def _carried(spec: FlowSpec, secret: frozenset[str], tell: Teller) -> Iterator[Problem]:
    for state in spec.states.values():
        if state.handoff.startswith("agent:"):
            for name in state.carry:
                if name in secret:
                    message = f"'{state.name}' carries '{name}' to {state.handoff}, but '{name}' is secret"
                    place = state.places.get("carry", state.place)
                    yield tell("F604", message, spec, place, why="it would reach a model", fix=f"take {name} out of carry")


def _copied(spec: FlowSpec, secret: frozenset[str], tell: Teller) -> Iterator[Problem]:
    for row in spec.rows:
        for act in row.do:
            if isinstance(act, SetSlot) and isinstance(act.value, ValueOf) and not act.value.ref.field:
                source = act.value.ref.name
                if source in secret and act.slot not in secret:
                    yield _out(spec, cell(row, DO), source, act.slot, tell)


def _handed(scope: Scope, secret: frozenset[str], tell: Teller) -> Iterator[Problem]:
    """What a sub-flow takes and gives: a secret stays one on the other side."""
    if scope.parent is None:
        return
    outer, spec = scope.parent.spec, scope.spec
    runner = outer.states[scope.runner.rpartition("/")[2]]
    place = runner.places.get("with", runner.places.get("run", runner.place))
    for name in spec.takes:
        theirs = outer.slots.get(runner.with_.get(name, name))
        if theirs is not None and theirs.secret and name not in secret:
            yield _out(outer, place, theirs.name, f"{runner.run}: {name}", tell)
    for name in spec.gives:
        if name in secret and name in outer.slots and not outer.slots[name].secret:
            yield _out(outer, outer.slots[name].place, f"{runner.run}: {name}", name, tell)


def _out(spec: FlowSpec, place: Place, source: str, target: str, tell: Teller) -> Problem:
    message = f"'{source}' is secret and is copied to '{target}', which is not"
    return tell("F604", message, spec, place, why="it could be logged and spoken from there", fix="secret = true  in both")


# --- once -----------------------------------------------------------------------------------------------------------------------------


def _once(ways: Ways, tell: Teller) -> Iterator[Problem]:
    told: set[tuple[int, str]] = set()
    for state in ways.flat.states.values():
        if state.name not in ways.reached or not _calls_once(state):
            continue
        tool = state.scope.spec.tools[state.spec.call]
        for edge in ways.live[state.name]:
            ident = id(edge.row), state.spec.name
            if edge.row is not None and ident not in told and _could_leave(edge):
                told.add(ident)
                here = state.spec.name if edge.near.depth == 0 else _outer(state, edge)
                message = f"'{edge.row.cells[1] or event_text(edge)}' can leave '{state.spec.name}' while {tool.name} (once = true) is running"
                fix = f"any but ({', '.join([*edge.row.inside.but, here])})" if edge.row.inside.anywhere else f"not in '{here}'"
                yield tell("F603", message, edge.scope.spec, cell(edge.row, IN), why="nobody would hear how it ended", fix=fix)


def _calls_once(state: FlatState) -> bool:
    tool = state.scope.spec.tools.get(state.spec.call) if state.spec.call else None
    return tool is not None and tool.once


def _could_leave(edge: Edge) -> bool:
    """Whether a row that is not the state's own leads away from it, whenever it likes."""
    away = isinstance(edge.target, Goto | Visit) or edge.target is BACK  # 'again' stays in a state that works
    own = edge.near.depth == 0 and edge.near.rank == 0
    return away and not own and event_text(edge) not in ("ok", "failed", "timeout")


def _outer(state: FlatState, edge: Edge) -> str:
    """The state of the edge's own file that holds ``state``."""
    scope = state.scope
    while scope.parent is not None and scope.parent is not edge.scope:
        scope = scope.parent
    return scope.runner.rpartition("/")[2]
