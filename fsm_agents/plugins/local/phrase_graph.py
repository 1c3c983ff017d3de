"""The phrases of one state as a graph over words for the recogniser: few arcs, because it is searched for every 10 ms of sound. Pure.

Every phrase of a flow's state begins with the same optional lead-in and ends with the same optional tail. Those are kept apart, once each,
and joined to what stands between them by silent arcs: made deterministic as a whole, each word that is both a lead-in and an answer
("yes", "okay, i want") would double what comes after it. The middle is deterministic and minimal, so that a beginning that several
phrases share ("no, make it …") is heard once and not once for each phrase.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.problems import FlowError
from fsm_agents.flows.syntax import Optional, Sequence
from fsm_agents.flows.words.automaton import Machine, Nfa

__all__ = ["MAX_STATES", "Graph", "graph_of"]

MAX_STATES = 5000
"""Most places of one set. The widest state of the example flows has under 300."""


@attrs.frozen(eq=False)
class Graph:
    """Places and arcs.

    Args:
        rows: For each place, word to next place.
        reached: For each place, those where one may be without another word; itself first.
        starts: Where a sentence begins.
        ends: Where one may end.
        aside: Where a lead-in or a tail begins, which most callers do not say.
    """

    rows: tuple[dict[str, int], ...]
    reached: tuple[tuple[int, ...], ...]
    starts: frozenset[int]
    ends: frozenset[int]
    aside: frozenset[int]


@attrs.define
class _Draft:
    rows: list[dict[str, int]] = attrs.Factory(list)
    silent: list[list[int]] = attrs.Factory(list)

    def place(self) -> int:
        self.rows.append({})
        self.silent.append([])
        return len(self.rows) - 1

    def put(self, machine: Machine) -> tuple[int, list[int]]:
        """A machine; where it begins and where it may end."""
        base = len(self.rows)
        self.rows += [{word: base + after for word, after in row.items()} for row in machine.rows]
        self.silent += [[] for _ in machine.rows]
        return base, [base + state for state, ends in enumerate(machine.accepts) if ends]

    def join(self, froms: Iterable[int], to: int) -> None:
        for place in froms:
            self.silent[place].append(to)

    def reached(self, place: int) -> tuple[int, ...]:
        found = [place]
        for here in found:  # grows meanwhile
            found += [after for after in dict.fromkeys(self.silent[here]) if after not in found]
        return tuple(found)


def graph_of(phrases: list[tuple[str, Any]]) -> Graph:
    """The graph of some phrases: how each is written, and what it is.

    Raises:
        MisuseError: They are too large.
    """
    firsts = _shared(phrases, 0)
    lasts = _shared(phrases, -1)
    groups: dict[tuple[Any, Any], list[tuple[str, Any]]] = {}
    for text, part in phrases:
        before, middle, after = _cut(part, firsts, lasts)
        groups.setdefault((before, after), []).append((text, middle))
    draft = _Draft()
    start, final = draft.place(), draft.place()
    aside: set[int] = set()
    for (before, after), middles in groups.items():
        first, stops = draft.put(_machine(middles))
        draft.join([start], first)
        if before is not None:
            begin, ends = draft.put(_machine([(phrases[0][0], before.inner)]))
            aside.add(begin)
            draft.join([start], begin)
            draft.join(ends, first)
        draft.join(stops, final)
        if after is not None:
            begin, ends = draft.put(_machine([(phrases[0][0], after.inner)]))
            aside.add(begin)
            draft.join(stops, begin)
            draft.join(ends, final)
    if len(draft.rows) > MAX_STATES:
        _too_large(len(phrases))
    reached = tuple(draft.reached(place) for place in range(len(draft.rows)))
    return Graph(tuple(draft.rows), reached, frozenset({start}), frozenset({final}), frozenset(aside))


def _shared(phrases: list[tuple[str, Any]], at: int) -> set[Any]:
    """The optional parts with which several phrases begin (``at`` 0) or end (-1)."""
    found = [part.items[at] for _, part in phrases if isinstance(part, Sequence) and len(part.items) > 1]
    optional = [part for part in found if isinstance(part, Optional)]
    return {part for part in optional if optional.count(part) > 1}


def _cut(part: Any, firsts: set[Any], lasts: set[Any]) -> tuple[Any, Any, Any]:
    if not isinstance(part, Sequence) or len(part.items) < 2:  # noqa: PLR2004 - a lead-in and something
        return None, part, None
    items = part.items
    before = items[0] if items[0] in firsts else None
    items = items[1:] if before is not None else items
    after = items[-1] if len(items) > 1 and items[-1] in lasts else None
    return before, Sequence(items[:-1] if after is not None else items), after


def _machine(phrases: list[tuple[str, Any]]) -> Machine:
    """Some phrases as the smallest deterministic automaton."""
    nfa = Nfa(lambda word: (word,), _no_reference)
    start, end = nfa.node(), nfa.node()
    for text, part in phrases:
        try:
            nfa.add(part, start, end)
        except FlowError as error:
            raise MisuseError(f"phrase {text!r}: {error.problems[0].message}") from None
    try:
        made = nfa.machine(start, {end: "here"})
    except FlowError:
        _too_large(len(phrases))
    return _smallest(made)


def _smallest(machine: Machine) -> Machine:
    """States after which the same may be said are one (Moore's way: they are parted until nothing parts them any more)."""
    kind = [int(accepts) for accepts in machine.accepts]
    count = len(set(kind))
    while True:
        number: dict[Any, int] = {}
        parted = [
            number.setdefault((kind[state], frozenset((word, kind[after]) for word, after in row.items())), len(number))
            for state, row in enumerate(machine.rows)
        ]
        if len(number) == count:
            break
        kind, count = parted, len(number)
    first = {parted[state]: state for state in reversed(range(len(parted)))}
    rows = tuple({word: parted[after] for word, after in machine.rows[first[at]].items()} for at in range(count))
    return Machine(rows, tuple(machine.accepts[first[at]] for at in range(count)))


def _too_large(count: int) -> NoReturn:
    raise MisuseError(f"these {count} phrases can be combined in more than {MAX_STATES} ways; use fewer [ ] and *")


def _no_reference(ref: object) -> NoReturn:
    raise AssertionError(ref)  # pragma: no cover - these phrases have none
