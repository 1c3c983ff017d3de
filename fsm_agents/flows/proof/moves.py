"""Whether moves lead somewhere: unreachable states, traps, failures without end, ``back`` without a visit, circles that fill themselves.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile

from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.problems import Problem
from fsm_agents.flows.proof.cases import possible
from fsm_agents.flows.proof.circles import components
from fsm_agents.flows.proof.told import TO, Teller, cell, fix_row, way_text
from fsm_agents.flows.proof.ways import Ways, condition
from fsm_agents.flows.spec import FlowSpec
from fsm_agents.flows.syntax import AGAIN, BACK, NEXT, Clear, EndedWith, Goto, Named, SetSlot, Visit

__all__ = ["moves"]

MOST_STEPS = 5_000
"""Most places looked at for a circle through one state; people write circles of two or three states."""


def moves(ways: Ways, tell: Teller) -> Iterator[Problem]:
    """F406, F410, F411, F412, F413."""
    yield from _backs(ways, tell)
    yield from _unreached(ways, tell)
    yield from _traps(ways, tell)
    yield from _stuck(ways, tell)
    yield from _circles(ways, tell)


def _backs(ways: Ways, tell: Teller) -> Iterator[Problem]:
    backs = [(state, edge) for state in ways.flat.states.values() for edge in ways.live[state.name] if edge.target is BACK]
    if not backs:
        return
    came = ways.search([ways.flat.start], visits=False)
    told: set[int] = set()
    for state, edge in backs:
        if state.name not in came or id(edge.row) in told or edge.row is None:
            continue
        told.add(id(edge.row))
        way = ways.way(state.name, came)
        last = way[-1][1]
        fix = (
            f"the row at {last.place.line} should say  visit {state.spec.name}" if last is not None else "start in another state"
        )
        message = f"'back' can be reached without a visit: {way_text([(name, None) for name, _ in way])}"
        why = "there is nowhere to go back to, and nothing happens"
        yield tell("F406", message, edge.scope.spec, cell(edge.row, TO), why=why, fix=fix)


def _unreached(ways: Ways, tell: Teller) -> Iterator[Problem]:
    flat = ways.flat
    reached_in: set[tuple[int, str]] = {(id(flat.states[name].scope.spec), flat.states[name].spec.name) for name in ways.reached}
    looked: set[tuple[int, str]] = set()
    for scope in flat.scopes.values():
        if scope.parent is not None and not _entered(ways, scope.runner):
            continue  # the state that runs it is told
        for name, state in scope.spec.states.items():
            ident = id(scope.spec), name
            if ident in looked or ident in reached_in or (state.kind == "run" and _entered(ways, scope.full(name))):
                continue
            looked.add(ident)
            near = _nearest(scope.spec, name, ways, scope.path)
            fix = f"nearest: '{near}' could lead there" if near else "a row that leads to it"
            yield tell("F410", f"state '{name}' cannot be reached", scope.spec, state.place, why="no row leads to it", fix=fix)


def _entered(ways: Ways, runner: str) -> bool:
    """Whether a state that runs a sub-flow is reached."""
    scope = ways.flat.scopes[runner + "/"]
    return ways.flat.landing(scope, scope.spec.start) in ways.reached


def _nearest(spec: FlowSpec, name: str, ways: Ways, path: str) -> str:
    names = list(spec.states)
    around = [*reversed(names[: names.index(name)]), *names[names.index(name) + 1 :]]
    return next((n for n in around if path + n in ways.reached and spec.states[n].kind != "end"), "")


def _traps(ways: Ways, tell: Teller) -> Iterator[Problem]:
    lost = {name: [target for target, _ in ways.targets(name)] for name in ways.reached if name not in ways.ending}
    for members in components(lost):
        inside = set(members)
        if any(target not in inside for name in members for target in lost[name]):
            continue  # it leads on into a trap that is told itself
        if any(_unanswered(ways, ways.flat.states[name]) for name in members):
            continue  # F401 or F402 say which row is missing
        name = next(name for name in lost if name in inside)  # the first that is reached
        state = ways.flat.states[name]
        message = f"from '{state.spec.name}' no end can be reached (trap)"
        why = f"shortest way in: {way_text([(n, None) for n, _ in ways.way(name)])}"
        yield tell("F411", message, state.scope.spec, state.spec.place, why=why, fix=_out(state))


def _unanswered(ways: Ways, state: FlatState) -> bool:
    """Whether a row is missing without which a state cannot be left in the usual way."""
    if state.spec.kind == "end":
        return not ways.live[state.name]
    events = ("ok", "failed", "timeout") if state.works else ("filled",) if state.slot else ()
    return any(not ways.named(state, event) for event in events)


def _out(state: FlatState) -> str:
    ends = [name for name, spec in state.scope.spec.states.items() if spec.kind == "end"]
    return f"a row that leads out of it, to '{ends[0]}' in the end" if ends else 'a state with  end = "…"'


def _stuck(ways: Ways, tell: Teller) -> Iterator[Problem]:
    by_file: dict[int, list[FlatState]] = {}
    for name in ways.reached:
        state = ways.flat.states[name]
        if state.listens and not ways.named(state, "out_of_tries"):
            by_file.setdefault(id(state.scope.spec), []).append(state)
    for states in by_file.values():
        first, spec = states[0], states[0].scope.spec
        names = list(dict.fromkeys(state.spec.name for state in states))
        also = [f"also from: {', '.join(names[1:])}"] if names[1:] else []
        message = f"'out_of_tries' reaches nobody from '{names[0]}'"
        why = f"{first.spec.tries} failures and the caller is stuck"
        fix = fix_row(spec, first.spec, "out_of_tries", failed=True, inside="any")
        yield tell("F412", message, spec, first.spec.place, why=why, fix=fix, trail=also)


# --- F413 -----------------------------------------------------------------------------------------------------------------------------


def _circles(ways: Ways, tell: Teller) -> Iterator[Problem]:
    """States that are left as soon as they are entered, in a circle: the step would never come to rest."""
    arcs = {name: list(_at_once(ways, ways.flat.states[name])) for name in ways.reached}
    told: set[str] = set()
    for name in _in_circles(arcs):
        circle = [] if name in told else _circle(ways, name, arcs)
        if not circle:
            continue
        names = [name, *(target for target, _ in circle)]
        told |= set(names)
        edge = circle[-1][1]
        assert edge.row is not None  # noqa: S101 - a question leads nowhere
        slots = [ways.flat.states[n].spec.ask for n in names[1:] if ways.flat.states[n].spec.ask]
        message = f"endless: {' → '.join(ways.flat.states[n].spec.name for n in names)}"
        why = (
            f"with {', '.join(dict.fromkeys(slots))} set nobody is asked anything"
            if slots
            else "nothing is said or asked on the way"
        )
        fix = f"clear {slots[-1]}" if slots else "say something in one of them"
        yield tell("F413", message, edge.scope.spec, cell(edge.row, TO), why=why, fix=fix)


def _at_once(ways: Ways, state: FlatState) -> Iterator[tuple[str, Edge]]:
    """Where a state leads without waiting, if its slot is set."""
    event = "filled" if state.slot else "said" if state.passes and state.spec.say is None else ""
    for edge in ways.live[state.name]:
        if not (isinstance(edge.trigger, EndedWith) or (isinstance(edge.trigger, Named) and edge.trigger.name == event)):
            continue
        if isinstance(edge.target, Goto | Visit):
            yield edge.target.state, edge
        elif edge.target is AGAIN or (edge.target is NEXT and state.slot):
            yield state.name, edge


def _in_circles(arcs: Mapping[str, list[tuple[str, Edge]]]) -> list[str]:
    """The states that are in some circle of arcs, in order."""
    names = {name: [target for target, _ in found] for name, found in arcs.items()}
    inside = {name for members in components(names) for name in members if len(members) > 1 or name in names[name]}
    return [name for name in arcs if name in inside]


def _circle(ways: Ways, start: str, arcs: Mapping[str, list[tuple[str, Edge]]]) -> list[tuple[str, Edge]]:
    """The shortest circle through a state on which no slot that is asked for is cleared; empty: there is none."""
    flat = ways.flat
    waiting: list[tuple[str, frozenset[str], list[tuple[str, Edge]]]] = [(start, frozenset(), [])]
    seen = {(start, frozenset[str]())}
    for name, cleared, way in waiting:
        for target, edge in arcs[name]:
            after = _cleared(ways, cleared, edge)
            if flat.states[target].slot in after and edge.target is not NEXT:
                continue
            if target == start:
                circle = [*way, (target, edge)]
                asked = {flat.states[name].slot for name, _ in circle}
                if not asked & after and _holds(ways, start, circle):  # what is cleared would be asked for in the next round
                    return circle
            elif (target, after) not in seen and len(seen) < MOST_STEPS:
                seen.add((target, after))
                waiting.append((target, after, [*way, (target, edge)]))
    return []


def _cleared(ways: Ways, before: frozenset[str], edge: Edge) -> frozenset[str]:
    """The slots that are unset after an edge."""
    found, scope = set(before), edge.scope
    for act in edge.row.do if edge.row is not None else ():
        if isinstance(act, Clear):
            found |= {scope.full(name) for name in act.slots or (n for n in scope.spec.slots if n not in scope.spec.takes)}
        elif isinstance(act, SetSlot):
            found.discard(scope.full(act.slot))
    if edge.row is not None and isinstance(edge.row.to, Goto | Visit):
        for begun in ways.flat.entered(scope, edge.row.to.state):
            found |= {begun.full(name) for name in begun.spec.slots if name not in begun.spec.takes}
    return frozenset(found)


def _holds(ways: Ways, start: str, circle: list[tuple[str, Edge]]) -> bool:
    """Whether the conditions round a circle can all hold at once, those of earlier rows not."""
    wanted, refused, name = [], [], start
    for target, edge in circle:
        if any(isinstance(act, SetSlot) for act in (edge.row.do if edge.row is not None else ())):
            return True  # what is set on the way changes what holds: not followed
        wanted.append(condition(edge))
        before = takewhile(lambda other, edge=edge: other is not edge, ways.live[name])  # type: ignore[misc]
        refused += [condition(other) for other in before if other.trigger == edge.trigger]
        name = target
    return possible(wanted, refused)
