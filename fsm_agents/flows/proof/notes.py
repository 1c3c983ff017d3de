"""What a writer should keep in mind: results that are older than what they were made of, free text that nobody confirms. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from fsm_agents.flows.machine.flat import Edge, FlatState, Scope
from fsm_agents.flows.problems import Problem
from fsm_agents.flows.proof.cases import refs_of
from fsm_agents.flows.proof.effects import act_prompts
from fsm_agents.flows.proof.safety import prompts_of, refs_in
from fsm_agents.flows.proof.told import DO, Teller, cell
from fsm_agents.flows.proof.ways import Ways
from fsm_agents.flows.syntax import (
    BACK,
    Alternatives,
    Clear,
    Goto,
    Llm,
    Optional,
    Phrase,
    Ref,
    Says,
    Sequence,
    SetSlot,
    SlotRef,
    ValueOf,
    Visit,
)

__all__ = ["notes", "slots_in"]


def notes(ways: Ways, tell: Teller) -> Iterator[Problem]:
    """F407, F408."""
    yield from _stale(ways, tell)
    yield from _unconfirmed(ways, tell)


def slots_in(phrase: Phrase) -> Iterator[str]:
    """The slots of a phrase, by the names they have in it."""
    match phrase:
        case SlotRef(slot):
            yield slot
        case Optional(inner):
            yield from slots_in(inner)
        case Sequence(parts) | Alternatives(parts):
            for part in parts:
                yield from slots_in(part)
        case _:
            return


# --- F407 -----------------------------------------------------------------------------------------------------------------------------


def _stale(ways: Ways, tell: Teller) -> Iterator[Problem]:
    told: set[tuple[int, str]] = set()
    for state in _reached(ways):
        for edge in ways.live[state.name]:
            for name in _cleared(edge):
                for tool in edge.scope.spec.tools.values():
                    ident = id(edge.row), tool.name
                    if name not in tool.args or ident in told or edge.row is None:
                        continue
                    told.add(ident)
                    use = _used_again(ways, state, edge, tool.name)
                    if use:
                        message = f"clear {name} leaves what {tool.name} found for it: {use}"
                        why, fix = (
                            "clearing a slot does not clear what was derived from it",
                            f"clear that too, or call {tool.name} again",
                        )
                        yield tell("F407", message, edge.scope.spec, cell(edge.row, DO), why=why, fix=fix)


def _reached(ways: Ways) -> Iterator[FlatState]:
    return (ways.flat.states[name] for name in ways.reached)


def _cleared(edge: Edge) -> tuple[str, ...]:
    """The slots that an edge clears by name; ``clear all`` begins anew."""
    acts = edge.row.do if edge.row is not None else ()
    return tuple(name for act in acts if isinstance(act, Clear) for name in act.slots)


def _used_again(ways: Ways, state: FlatState, edge: Edge, tool: str) -> str:
    """Where a result is used behind an edge before its tool is called again, or what was chosen from it at all; empty: nowhere."""
    scope, calls = edge.scope, {s.name for s in ways.flat.states.values() if s.scope is edge.scope and s.spec.call == tool}
    for name in _behind(ways, state, edge, calls):
        use = _use(ways, name, scope, lambda ref: bool(ref.field) and ref.name == tool)
        if use:
            return use
    chosen = [n for n, slot in scope.spec.slots.items() if slot.values_from is not None and slot.values_from.name == tool]
    for slot in chosen:
        if slot in _cleared(edge) or state.name not in _set_where(ways, scope, slot):
            continue
        for name in _kept(ways, _onward(ways, state, edge), scope, slot):
            use = _use(ways, name, scope, lambda ref, slot=slot: not ref.field and ref.name == slot)  # type: ignore[misc]
            if use:
                return use
    return ""


def _use(ways: Ways, name: str, scope: Scope, wanted: Callable[[Ref], bool]) -> str:
    state = ways.flat.states[name]
    refs = _refs_of_state(state, ways.live[name]) if state.scope is scope else ()
    found = next((ref for ref in refs if wanted(ref)), None)
    return f"{{{found}}} in '{state.spec.name}'" if found is not None else ""


def _behind(ways: Ways, state: FlatState, edge: Edge, calls: set[str]) -> list[str]:
    first = [edge.target.state] if isinstance(edge.target, Goto | Visit) else [] if edge.target is BACK else [state.name]
    found = [name for name in first if name not in calls]
    seen = set(found)
    visiting = state.name not in ways.flat.ordinary  # else 'back' only leads to where a visit on this way began
    for name in found:  # grows meanwhile
        for target, after in ways.targets(name):
            if target not in seen and target not in calls and (visiting or after.target is not BACK):
                seen.add(target)
                found.append(target)
    return found


def _refs_of_state(state: FlatState, edges: Iterable[Edge]) -> Iterator[Ref]:
    for _, prompt in prompts_of(state.spec):
        yield from (ref for ref, _ in refs_in(prompt.parts))
    for edge in edges:
        if edge.row is None or edge.scope is not state.scope:
            continue
        yield from refs_of(edge.row.when)
        for act in edge.row.do:
            said = act_prompts(act, edge.scope)
            yield from (ref for ref, _ in refs_in(said.parts if said is not None else ()))
            if isinstance(act, SetSlot) and isinstance(act.value, ValueOf):
                yield act.value.ref


def _set_where(ways: Ways, scope: Scope, name: str) -> list[str]:
    """The states in which a slot may be set: those behind an edge that fills it, as far as no edge clears it."""
    full, first = scope.full(name), list[str]()
    for state in _reached(ways):
        for edge in ways.live[state.name]:
            judged = edge.scope is scope and isinstance(edge.trigger, Llm) and name in edge.trigger.sets
            if judged or (edge.phrase is not None and full in slots_in(edge.phrase)):
                first += _onward(ways, state, edge)
                if state.slot == full:
                    first += [t for e in ways.named(state, "filled") if name not in _cleared(e) for t in _onward(ways, state, e)]
    return _kept(ways, first, scope, name)


def _kept(ways: Ways, first: list[str], scope: Scope, name: str) -> list[str]:
    """The states that are reached from some without clearing a slot."""
    found = list(dict.fromkeys(first))
    seen = set(found)
    for at in found:  # grows meanwhile
        for edge in ways.live[at]:
            if edge.scope is scope and (name in _cleared(edge) or _clears_all(edge)):
                continue
            fresh = [target for target in _onward(ways, ways.flat.states[at], edge) if target not in seen]
            seen.update(fresh)
            found += fresh
    return found


def _clears_all(edge: Edge) -> bool:
    return edge.row is not None and any(isinstance(act, Clear) and not act.slots for act in edge.row.do)


def _onward(ways: Ways, state: FlatState, edge: Edge) -> list[str]:
    if isinstance(edge.target, Goto | Visit):
        return [edge.target.state]
    return list(ways.visitors) if edge.target is BACK else [state.name] if not state.slot else []


# --- F408 -----------------------------------------------------------------------------------------------------------------------------


def _unconfirmed(ways: Ways, tell: Teller) -> Iterator[Problem]:
    taken: dict[str, list[str]] = {}
    for state in _reached(ways):
        for edge in ways.live[state.name]:
            if edge.free and edge.phrase is not None:
                for full in slots_in(edge.phrase):
                    if ways.flat.slots[full].type == "text":
                        taken.setdefault(full, []).append(state.name)
    if not taken:
        return
    confirming = {state.name: set(_said_by(state)) for state in _reached(ways) if _confirms(ways, state)}
    for full, names in taken.items():
        behind = ways.search(names)
        aliases = {full, *_aliases(ways, full)}
        if any(name in behind and aliases & said for name, said in confirming.items()):
            continue
        path, slash, name = full.rpartition("/")
        spec, slot = ways.flat.scopes[path + slash].spec, ways.flat.slots[full]
        message = f"'{name}' takes free text and nothing confirms it later"
        fix = f"say {{{name}}} in a state that answers yes and no"
        yield tell("F408", message, spec, slot.place, why="a near miss of a command is taken as the value", fix=fix)


def _confirms(ways: Ways, state: FlatState) -> bool:
    said = {edge.trigger.name for edge in ways.live[state.name] if isinstance(edge.trigger, Says)}
    return {"yes", "no"} <= said or (bool(state.slot) and ways.flat.slots[state.slot].type == "yesno")


def _said_by(state: FlatState) -> Iterator[str]:
    for _, prompt in prompts_of(state.spec):
        yield from (state.scope.full(ref.name) for ref, _ in refs_in(prompt.parts) if not ref.field)


def _aliases(ways: Ways, full: str) -> Iterator[str]:
    """What a sub-flow's slot is called where it is given to."""
    path, slash, name = full.rpartition("/")
    scope = ways.flat.scopes[path + slash]
    while scope.parent is not None and name in scope.spec.gives:
        scope = scope.parent
        yield scope.full(name)
