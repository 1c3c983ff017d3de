"""Whether what must be answered is: ``filled``, results, ends of sub-flows, the end of what is said; and whether rows wait in vain. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fsm_agents.flows.machine.flat import Edge, FlatState, Scope
from fsm_agents.flows.problems import Problem
from fsm_agents.flows.proof.cases import Key, gap, known
from fsm_agents.flows.proof.told import IN, ON, TO, Teller, cell, fix_row, trigger_text
from fsm_agents.flows.proof.ways import Ways, condition
from fsm_agents.flows.spec import RowSpec, StateSpec
from fsm_agents.flows.syntax import NEXT, After, Goto, Named, Ref, SayLast, SayPrompt, SayText, Visit

__all__ = ["answers"]

_RUN_NEVER = frozenset({"filled", "said", "ok", "failed", "timeout"})
_OF_TOOLS = {"call": "tool", "handoff": "hand-off"}


def answers(ways: Ways, tell: Teller) -> Iterator[Problem]:
    """F401, F402, F403, F414, F415, F416."""
    for state in ways.flat.states.values():
        if state.name in ways.reached:
            yield from _answered(ways, state, tell)
    yield from _nexts(ways, tell)
    yield from _in_vain(ways, tell)
    yield from _silent(ways, tell)


# --- F401, F402, F403 -----------------------------------------------------------------------------------------------------------------


def _answered(ways: Ways, state: FlatState, tell: Teller) -> Iterator[Problem]:
    spec, kind = state.scope.spec, state.spec.kind
    if kind == "ask":
        if not ways.named(state, "filled"):
            place = state.spec.place
            message = f"state '{state.spec.name}' does not say what to do when its slot is filled"
            fix = fix_row(spec, state.spec, "filled")
            yield tell("F401", message, spec, place, why="the caller answers and nothing happens", fix=fix)
        yield from _decided(ways, state, "filled", tell, Ref(state.spec.ask))
    elif kind in _OF_TOOLS:
        yield from _results(ways, state, tell)
    elif kind == "end":
        yield from _ended(ways, state, tell)
    elif state.passes:
        yield from _decided(ways, state, "said", tell)
    if state.listens:
        yield from _decided(ways, state, "out_of_tries", tell)


def _results(ways: Ways, state: FlatState, tell: Teller) -> Iterator[Problem]:
    spec, here = state.scope.spec, state.spec
    missing = [event for event in ("ok", "failed", "timeout") if not ways.named(state, event)]
    for events in (missing[:1] if missing[:1] == ["ok"] else [], [event for event in missing if event != "ok"]):
        if events:
            named = " and ".join(f"'{event}'" for event in events)
            message = f"{_OF_TOOLS[here.kind]} state '{here.name}' has no row for {named}"
            failed = events != ["ok"]
            fix = fix_row(spec, here, ", ".join(events), failed=failed, do='say "Something went wrong."' if failed else "")
            yield tell("F402", message, spec, here.place, why="the caller would hear silence", fix=fix)
    returned = [Ref(here.call, field) for field in spec.tools[here.call].returns] if here.call in spec.tools else []
    yield from _decided(ways, state, "ok", tell, *returned)
    for event in ("failed", "timeout"):
        yield from _decided(ways, state, event, tell)


def _ended(ways: Ways, state: FlatState, tell: Teller) -> Iterator[Problem]:
    """An end of a sub-flow, seen from the state that runs it."""
    parent = state.scope.parent
    if parent is None:
        return
    runner = parent.spec.states[state.scope.runner.rpartition("/")[2]]
    edges = ways.live[state.name]
    event = f"ended {state.spec.end}"
    if edges:
        yield from _gap(edges, runner, event, parent, frozenset(), tell)
        return
    message = f"'{runner.name}' runs {runner.run} and has no row for '{event}'"
    fix = fix_row(parent.spec, runner, event)
    yield tell("F402", message, parent.spec, runner.places.get("run", runner.place), why="the caller would hear silence", fix=fix)


def _decided(ways: Ways, state: FlatState, event: str, tell: Teller, *refs: Ref) -> Iterator[Problem]:
    edges = ways.named(state, event)
    if edges:
        sure = known(state.scope, *refs)
        yield from _gap(edges, state.spec, event, state.scope, sure, tell)


def _gap(edges: list[Edge], spec: StateSpec, event: str, scope: Scope, sure: frozenset[Key], tell: Teller) -> Iterator[Problem]:
    if any(edge.row is None or edge.row.when is None for edge in edges):
        return
    case = gap([condition(edge) for edge in edges], sure)
    if case is None:
        return
    edge = edges[-1]
    assert edge.row is not None  # noqa: S101 - asked above
    told = " or ".join(e.row.cells[2] or "…" for e in edges if e.row is not None)
    message = f"'{event}' in '{spec.name}' is decided only when {told}"
    case_text = ", ".join(f"{_name(key)} {_value(value)}" for key, value in case.items())
    why = f"nothing happens with {case_text}" if case_text else "the conditions are too many to prove that one always holds"
    fix = fix_row(scope.spec, spec, event, failed=event in ("failed", "timeout", "out_of_tries"))
    yield tell("F403", message, edge.scope.spec, cell(edge.row, IN), why=why, fix=fix)


def _name(key: Key) -> str:
    return f"{key[1]}.{key[2]}" if key[2] else key[1]


def _value(value: Any) -> str:
    if value is None:
        return "unset"
    return {True: "= yes", False: "= no"}[value] if isinstance(value, bool) else f"= {value}"


# --- F414, F415 -----------------------------------------------------------------------------------------------------------------------


def _nexts(ways: Ways, tell: Teller) -> Iterator[Problem]:
    told: set[int] = set()
    for name in ways.reached:
        state = ways.flat.states[name]
        if state.slot:
            continue
        for edge in ways.live[name]:
            row = edge.row
            if edge.target is NEXT and row is not None and id(row) not in told and (edge.near.rank == 0 or state.listens):
                told.add(id(row))
                message = f"'next' in '{state.spec.name}', which asks nothing"
                why = "next is what filled does, and nothing is filled here"
                yield tell("F414", message, edge.scope.spec, cell(row, TO), why=why, fix="the name of a state, stay or again")


def _in_vain(ways: Ways, tell: Teller) -> Iterator[Problem]:
    """Rows that wait for what cannot happen where they hold."""
    happened = ways.won | ways.lost.keys()
    for spec in {id(scope.spec): scope.spec for scope in ways.flat.scopes.values()}.values():
        running = {name for name, state in spec.states.items() if state.kind == "run"}
        for row in spec.rows:
            never = [trigger for trigger in row.on if (id(row), id(trigger)) not in happened]
            for name in row.inside.names:
                if name in running and all(_not_while_running(trigger) for trigger in row.on):
                    yield _vain(row, spec.states[name], row.on[0], spec, tell)
                    never = []
            for trigger in never:
                state = next((spec.states[name] for name in row.inside.names if name in spec.states), None)
                yield _vain(row, state, trigger, spec, tell)


def _not_while_running(trigger: Any) -> bool:
    return isinstance(trigger, After) or (isinstance(trigger, Named) and trigger.name in _RUN_NEVER)


_NEEDS = {
    "filled": "asks for no slot", "ok": "calls no tool and hands nobody over", "failed": "calls no tool and hands nobody over",
    "timeout": "calls no tool and hands nobody over", "out_of_tries": "does not wait for the caller",
}  # fmt: skip


def _vain(row: RowSpec, state: StateSpec | None, trigger: Any, spec: Any, tell: Teller) -> Problem:
    event = trigger_text(trigger)
    if state is None:
        message = f"'{event}' can happen in no state in which this row holds"
        return tell("F415", message, spec, cell(row, ON), fix="take the row out, or correct its 'in'")
    if state.kind == "run":
        outcome = next((inner.end for inner in spec.flows[state.run].states.values() if inner.end), "…")
        why, fix = f"it runs {state.run}, and is answered by how that ends", f"ended {outcome}"
    elif state.kind == "end":
        why, fix = "it ends", "take the row out, or another state"
    else:
        why = f"it {_NEEDS.get(event, 'does not wait for the caller')}"
        fix = "take the row out, or another state"
    return tell("F415", f"'{event}' cannot happen in '{state.name}'", spec, cell(row, ON), why=why, fix=fix)


# --- F416 -----------------------------------------------------------------------------------------------------------------------------


def _silent(ways: Ways, tell: Teller) -> Iterator[Problem]:
    """States that wait for the caller and were entered without a word."""
    mute = {
        name: state
        for name in ways.reached
        if (state := ways.flat.states[name]).listens and state.spec.kind != "talk" and state.spec.say is None
    }
    if not mute:
        return
    silent: dict[str, str] = {name: "" for name in mute if name == ways.flat.start}
    for before, target, edge in ways.enters():
        again = not isinstance(edge.target, Goto | Visit)
        if target in mute and target not in silent and not (again and mute[target].spec.again) and not _says(edge):
            silent[target] = before
    for name, before in silent.items():
        spec = mute[name].spec
        message = f"'{spec.name}' says nothing and waits for the caller"
        why = f"after '{before}' the caller hears nothing" if before else "the call begins with silence"
        yield tell("F416", message, mute[name].scope.spec, spec.place, why=why, fix='say = "…"')


def _says(edge: Edge) -> bool:
    return edge.row is not None and any(isinstance(act, SayText | SayPrompt | SayLast) for act in edge.row.do)
