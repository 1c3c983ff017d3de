"""Which rows win over which: rows that never win, rows that override others, and two that take free text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fsm_agents.flows.machine.flat import Edge
from fsm_agents.flows.problems import Problem, Severity
from fsm_agents.flows.proof.told import ON, Teller, cell, event_text, line_of, trigger_text
from fsm_agents.flows.proof.ways import Lost, Ways
from fsm_agents.flows.syntax import After

__all__ = ["order"]


def order(ways: Ways, tell: Teller) -> Iterator[Problem]:
    """F501, F502, F505."""
    hopeless = {ident: lost for ident, lost in ways.lost.items() if ident not in ways.won}
    for lost in hopeless.values():
        yield _never(lost, tell)
    yield from _overrides(ways, set(hopeless), tell)
    yield from _free(ways, tell)


def _never(lost: Lost, tell: Teller) -> Problem:
    edge, first = lost.edge, lost.by[0]
    assert edge.row is not None  # noqa: S101 - a question is never lost
    event = event_text(edge)
    lines = " and ".join(dict.fromkeys(line_of(other, edge) for other in lost.by))
    if isinstance(first.trigger, After) and first.trigger != edge.trigger:
        told = f"{lines} has left '{lost.state.spec.name}' before"
    elif len(lost.by) > 1:
        told = f"{lines} take '{event}' first, whatever holds"
    elif first.row is not None and first.row.when is None:
        told = f"{lines} takes '{event}' first, without a condition"
    else:
        told = f"{lines} takes '{event}' first whenever this condition holds"
    # One that is only overridden everywhere is a precaution: it does no harm, and may be meant.
    severity = Severity.WARNING if lost.nearer else Severity.ERROR
    fix = "take it out" if lost.nearer else "take it out, or give the first a 'when'"
    return tell("F501", f"this row can never win: {told}", edge.scope.spec, cell(edge.row, ON), fix=fix, severity=severity)


def _overrides(ways: Ways, hopeless: set[tuple[int, int]], tell: Teller) -> Iterator[Problem]:
    told: dict[tuple[int, int, int, int], tuple[Edge, Edge, list[str]]] = {}
    for state, nearer, farther in ways.over:
        if (id(farther.row), id(farther.trigger)) not in hopeless:
            ident = id(nearer.row), id(nearer.trigger), id(farther.row), id(farther.trigger)
            told.setdefault(ident, (nearer, farther, []))[2].append(state.spec.name)
    for nearer, farther, names in told.values():
        assert nearer.row is not None  # noqa: S101 - questions have no trigger in common with a row
        message = (
            f"overrides '{trigger_text(farther.trigger)}' of {line_of(farther, nearer)} in {', '.join(dict.fromkeys(names))}"
        )
        yield tell("F502", message, nearer.scope.spec, cell(nearer.row, ON))


def _free(ways: Ways, tell: Teller) -> Iterator[Problem]:
    told: set[tuple[int, int]] = set()
    for name, edges in ways.live.items():
        free = [edge for edge in edges if edge.free]
        if len(free) < 2 or name not in ways.reached:  # noqa: PLR2004 - two of them
            continue
        first = free[0]
        if first.row is not None and first.row.when is not None:
            continue
        for edge in free[1:]:
            ident = id(first.row), id(edge.row)
            if ident in told:
                continue
            told.add(ident)
            state = ways.flat.states[name]
            owner = edge if edge.row is not None else first
            place = cell(owner.row, ON) if owner.row is not None else state.spec.place
            message = f"two edges of '{state.spec.name}' take free text: {line_of(first, owner)} and {line_of(edge, owner)}"
            why = "the first takes whatever is said"
            yield tell(
                "F505", message, owner.scope.spec, place, why=why, fix="ask for one text at a time, each in a state of its own"
            )
