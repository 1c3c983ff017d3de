"""The review of a table: everything that is wrong or doubtful, at once, with a stable code, file and line, and the fix.

Nothing is run; what only a search can show is :func:`check_explored`, given the report of :func:`fsm_agents.fsm.explore.explore`.
The levels: an *error* is never meant; a *warning* may be; a *note* only says what to keep in mind.

=====  =======  ====================================================================================
code   level    what
=====  =======  ====================================================================================
T001   error    a state is declared twice
T002   error    a name that is no state
T003   error    two events, two timers, or an event and a timer with one name
T004   error    what stands under *on* is no event, or no timer
T005   error    a group starts outside itself
T010   error    a guard or action that is no function
T011   error    a guard or action that is async
T012   error    a guard that yields
T020   error    the last row of a timer is guarded
T021   error    an ``always`` row that stays and has no guard
T022   error    a timer's seconds are no number of seconds
T101   error    a cell is undecided
T102   error    a row of a state below an unguarded one
T201   error    a state that no row leads to
T202   error    a dead end that is not final
T203   error    a trap: no way to a final state
T204   error    a row that an unguarded one always wins over, or that stands nowhere
T205   error    a row whose guard holds only when that of a row above it does
T206   error    a final state that is left
T207   error    a timer that is never armed: its state never rests
T208   note     a timer that is off unless it is set
T209   error    ``always`` rows that chase each other without end
T210   warning  a state that waits for someone outside with neither a timer nor an ``owes``
T211   warning  groups that overlap and are not nested
T212   warning  a joint that does not rest where it starts
T213   note     two guards that held for the same sample: the upper row wins
T300   warning  the search did not end
T301   error    the event came, and this row was never taken
T302   error    a cell in which its event never came, and that does not say ``never``
T303   error    a state that was never reached
T304   error    a ``never`` in which its event came
T305   error    an effect that never came out
T306   error    an event that never came at all
=====  =======  ====================================================================================

T001 to T022 are refused when a table is built, T101 and T102 too unless it is lenient.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from fsm_agents.fsm import shape
from fsm_agents.fsm.explored import check_explored
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.rows import ALWAYS, History, Kind, Level, Row, Stay, Timer, Where
from fsm_agents.fsm.table import StateTable, key_name, state_name
from fsm_agents.fsm.verify import Problem, problems

__all__ = ["NOTES", "check", "check_explored", "level", "render"]

NOTES = frozenset({"T208", "T213"})
"""The codes that only say what to keep in mind."""

Sample = tuple[object, Any]
_LINES = frozenset({Kind.ROW, Kind.AFTER, Kind.ALWAYS, Kind.DROP, Kind.NEVER})


def check(table: StateTable[Any, Any], *, joint: Joint[Any] | None = None, samples: Iterable[Sample] = ()) -> list[Problem]:
    """Everything wrong or doubtful about a table.

    Args:
        table: The table; a lenient one is held to the same rules.
        joint: The machines it is joined with, if it is: their states say which level guards exclude each other.
        samples: Pairs (event, data) with which to ask guards whether several of one cell hold at once (T213): functions cannot be
            compared otherwise. An exception of a guard passes through.

    Returns:
        The problems in the order of their lines; empty if there are none.
    """
    universe: shape.Universe = {name: sibling.members for name, sibling in joint.tables.items()} if joint else {}
    found = [*problems(table, strict=True), *_reach(table), *_shadowed(table, universe), *_timers(table, universe)]
    found += [*_rings(table, universe), *_waiting(table, universe), *_overlapping(table), *_sampled(table, samples)]
    found += _unrested(table, joint) if joint else ()
    return sorted(found, key=lambda problem: (problem.where.file, problem.where.line) if problem.where else ("", 0))


def level(problem: Problem) -> str:
    """``error``, ``warning`` or ``note``."""
    if problem.error:
        return "error"
    return "note" if problem.code in NOTES else "warning"


def render(found: Iterable[Problem]) -> str:
    """The problems as text, one a line, errors first, and how many there are."""
    order = ("error", "warning", "note")
    listed = sorted(found, key=lambda problem: order.index(level(problem)))
    lines = [f"{problem.where or 'table'}: {level(problem)} {problem.code}: {problem.message}" for problem in listed]
    counts = [(name, sum(level(problem) == name for problem in listed)) for name in order]
    said = ", ".join(f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts if count)
    return "\n".join([*lines, said or "no problems"])


def _place(table: StateTable[Any, Any], state: Hashable) -> Where | None:
    """The first line about a state, or of the table."""
    standing = (row.where for row in table.rows if any(state in table.nest.leaves(part) for part in row.states))
    return next(standing, table.rows[0].where if table.rows else None)


def _reach(table: StateTable[Any, Any]) -> Iterator[Problem]:
    reached, ends = shape.reached(table), shape.ends(table)
    finals = ", ".join(map(state_name, table.final))
    for state in table.members:
        name, where = state_name(state), _place(table, state)
        leaving = [row for row, to in shape.ways(table, state) if to != state]
        if state not in reached:
            start = state_name(table.start)
            yield Problem("T201", f"no row leads from {start} to {name}: write row(…, to={name}), or delete the state.", where)
        elif state in table.final:
            if leaving:
                yield Problem(
                    "T206",
                    f"{name} is final, but a row leaves it. Write but=({name},) in an anywhere row, or take it out of final.",
                    leaving[0].where,
                )
        elif not leaving and len(table.members) > 1:
            yield Problem("T202", f"{name} is a dead end: no row leads out. Write a row, or final=({name},).", where)
        elif table.final and state not in ends:
            yield Problem("T203", f"{name} is a trap: no way leads to {finals}. Write a row out, or an anywhere row.", where)


def _shadowed(table: StateTable[Any, Any], universe: shape.Universe) -> Iterator[Problem]:
    for row in (row for row in table.rows if row.kind in _LINES):
        for key in row.on:
            stands = [state for state in table.members if row in table.cell(state, key)]
            winners = {}
            for state in stands:
                cell = table.cell(state, key)
                winner = shape.shadow(cell, cell.index(row), universe)
                if winner is not None:
                    winners[state] = winner
            near = [s for s, won in winners.items() if shape.nearness(table, s, won) == shape.nearness(table, s, row)]
            told = [state for state in near if winners[state].when is None and state in row.states]  # as T102
            states = [state for state in near if state not in told]
            if states or (len(winners) == len(stands) and not told):
                yield _never_taken(row, key_name(key), states or stands, winners)


def _never_taken(row: Row[Any, Any], on: str, states: list[Any], winners: dict[Any, Row[Any, Any]]) -> Problem:
    if not states:
        return Problem("T204", f"this row on {on} stands in no state: its but= names them all. Delete it.", row.where)
    names, won = ", ".join(map(state_name, states)), winners[states[0]]
    code, why = ("T204", "has no guard") if won.when is None else ("T205", "holds whenever this one does")
    return Problem(
        code,
        f"in {names} on {on} this row is never taken: the row tried before it ({won.where}) {why}. "
        f"Delete one, or change the guard of the first.",
        row.where,
    )


def _timers(table: StateTable[Any, Any], universe: shape.Universe) -> Iterator[Problem]:
    for timer in table.timers:
        armed = [row for row in table.rows if timer in row.on]
        if timer.seconds is None:
            message = f"the timer {timer.name} is off unless it is set: set it, or give it seconds, for its rows to happen."
            yield Problem("T208", message, armed[0].where, error=False)
    for (state, key), rows in table.cells.items():
        if isinstance(key, Timer) and (out := shape.never_rests(table, state, universe)):
            yield Problem(
                "T207",
                f"{state_name(state)} never rests, so {key_name(key)} is never armed: an always row ({out.where}) leads out. "
                f"Delete the timer's row, or guard the always row.",
                rows[0].where,
            )


def _rings(table: StateTable[Any, Any], universe: shape.Universe) -> Iterator[Problem]:
    for ring in shape.idle_cycles(table, universe):
        steps = " → ".join(str(row.where) for row in ring)
        yield Problem(
            "T209",
            f"always rows without end ({steps}): they do nothing that could make a guard false, and all guards may hold. "
            f"Let one do something, or guard them so that they exclude each other.",
            ring[0].where,
        )


def _waiting(table: StateTable[Any, Any], universe: shape.Universe) -> Iterator[Problem]:
    for state in sorted(shape.reached(table) - set(table.final), key=table.members.index):
        sees_siblings = bool(table.cell(state, ALWAYS))
        timed = any(_wakes(table, state, timer) for timer in table.timers_of(state))
        if not (sees_siblings or timed or table.owed(state) or shape.never_rests(table, state, universe)):
            name = state_name(state)
            yield Problem(
                "T210",
                f"{name} waits for someone outside and nothing ends the waiting: no timer that is on leads anywhere. "
                f"Add after({name}, TIMER, …), or owes({name}, 'who, and what they promise').",
                _place(table, state),
                error=False,
            )


def _wakes(table: StateTable[Any, Any], state: Hashable, timer: Timer) -> bool:
    """Whether a timer surely moves the state: it is on, and its last row does not stay (that would use the timer up)."""
    last = next(row for row in table.cell(state, timer) if row.when is None)
    return timer.seconds is not None and not isinstance(last.to, Stay)


def _overlapping(table: StateTable[Any, Any]) -> Iterator[Problem]:
    groups = list(table.nest.groups.values())
    for i, one in enumerate(groups):
        for other in groups[i + 1 :]:
            mine, theirs = set(table.nest.leaves(one)), set(table.nest.leaves(other))
            if mine & theirs and not (mine <= theirs or theirs <= mine):
                both = sorted(mine & theirs, key=table.members.index)
                shared = ", ".join(map(state_name, both))
                yield Problem(
                    "T211",
                    f"the groups {one.name} and {other.name} share {shared} and neither is in the other: "
                    f"nobody sees whose rows are nearer. Nest them, or list states instead.",
                    _place(table, both[0]),
                    error=False,
                )


def _sampled(table: StateTable[Any, Any], samples: Iterable[Sample]) -> Iterator[Problem]:
    told: set[tuple[int, int]] = set()
    for event, data in samples:
        key: Any = event if isinstance(event, str) else type(event)
        for state in table.members:
            held = [row for row in table.cell(state, key) if row.when is not None and row.when(event, data)]
            for lower in held[1:]:
                if (id(held[0]), id(lower)) not in told:
                    told.add((id(held[0]), id(lower)))
                    yield Problem(
                        "T213",
                        f"in {state_name(state)} on {key_name(key)} this row and the one tried before it ({held[0].where}) may "
                        f"hold at once; that one wins. Swap them if this one should.",
                        lower.where,
                        error=False,
                    )


def _unrested(table: StateTable[Any, Any], joint: Joint[Any]) -> Iterator[Problem]:
    universe = {name: [sibling.start] for name, sibling in joint.tables.items()}
    for row in table.cell(table.start, ALWAYS):
        parts = shape.atoms(row.when)
        if all(isinstance(part, Level) for part in parts) and not shape.contradict(parts, universe):
            yield Problem(
                "T212",
                f"{joint.name} does not rest where it starts: this row holds at once, but is tried after the first event. "
                f"Start in {_target(row)}, or guard it.",
                row.where,
                error=False,
            )
            return


def _target(row: Row[Any, Any]) -> str:
    return row.to.group.name if isinstance(row.to, History) else getattr(row.to, "name", str(row.to))
