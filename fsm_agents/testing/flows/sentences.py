"""Sentences that callers may say: drawn at random from the phrases of a flow, with values in spoken form; and what nobody expects.

Every choice is made by a function that draws a whole number below another, so that a walk can be repeated, and a shrinker can work.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData, get
from fsm_agents.flows.machine.flat import Edge
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import (
    All,
    Alternatives,
    AnyOf,
    Comparison,
    Not,
    OneOf,
    Optional,
    Phrase,
    PhraseRef,
    Sequence,
    SlotRef,
    Test,
    Word,
)  # fmt: skip
from fsm_agents.flows.words.automaton import ANY, Machine
from fsm_agents.flows.words.vocabulary import Vocabulary
from fsm_agents.testing.flows.times import TODAY

__all__ = ["Choose", "Sentences", "constants", "pick", "taken_values"]

Choose: TypeAlias = Callable[[int], int]
"""Draws a whole number from 0 to one less than what it is given."""

STRANGE: Final = (
    "purple elephants", "what", "i don't care", "hmm", "...", "2", "the", "yes no yes", "forty two", "é ü 你好", "{size}", "a" * 300,
    "please please please", "can you tell me a joke about the moon",
)  # fmt: skip
"""What no phrase expects."""
NAMES: Final = ("Anna", "John Smith", "Mary-Jane O'Neill", "what do you have", "twenty two", "large")
"""Free text: names, and what callers say where a name is asked for."""
MOST_KEPT: Final = 1_000
"""Automata that are remembered; what tools return makes new ones."""
LONGEST: Final = 12
"""Words of a drawn value after which it is brought to its end."""


def pick(choose: Choose, several: Any) -> Any:
    """One of several."""
    return several[choose(len(several))]


class Sentences:
    """Draws sentences of one flow."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        defaults = flow.spec.defaults
        self.before, self.after = defaults.before or flow.pack.before, defaults.after or flow.pack.after
        self.vocabulary = Vocabulary(flow.pack, before=defaults.before, after=defaults.after)
        self.numbers = constants(flow)
        self._near: dict[int, tuple[Machine, list[int]]] = {}
        self._all = [edge for edge in flow.flat.edges.values() if edge.phrase is not None and not edge.free]

    def of(self, edge: Edge, data: FlowData, choose: Choose) -> str:
        """A sentence of an edge, sometimes with a lead-in or a tail."""
        assert edge.phrase is not None  # noqa: S101 - it takes words
        around = choose(8)
        words = self._words(edge.phrase, data, choose)
        if around == 6 and self.before is not None:  # noqa: PLR2004 - one in eight
            words = f"{self._words(self.before, data, choose)} {words}"
        if around == 7 and self.after is not None:  # noqa: PLR2004
            words = f"{words} {self._words(self.after, data, choose)}"
        return " ".join(words.split())

    def strange(self, data: FlowData, choose: Choose) -> str:
        """What the state may not expect: no sentence at all, or one of another state."""
        if self._all and choose(2):
            return self.of(pick(choose, self._all), data, choose)
        return str(pick(choose, STRANGE))

    def value(self, name: str, data: FlowData, choose: Choose) -> str:
        """A value of a slot as callers say it."""
        slot = self.flow.flat.slots[name]
        special = [*self._special(slot)]
        if special and choose(3):
            return str(pick(choose, special))
        return self._drawn(self.vocabulary.machine(slot, self._given(name, slot, data)), choose)

    def _special(self, slot: SlotSpec) -> Iterator[str]:
        """Values at which something changes, as they are said, and some that are surely valid."""
        if slot.type == "text":
            yield from NAMES
            return
        values = {"number": self._numbers, "digits": _digits, "date": _dates, "time": _times}.get(slot.type)
        kind = self.vocabulary.type_of(slot)
        yield from (kind.spoken(value, slot) for value in values(slot)) if values is not None else ()

    def _numbers(self, slot: SlotSpec) -> list[Any]:
        near = [number + shift for number in self.numbers.get(slot.name, ()) for shift in (0, 1, -1)]
        near += [slot.range[0], slot.range[1], slot.range[1] + 1] if slot.range else [0, 1, 2]
        return [number for number in dict.fromkeys(near) if number >= 0]

    def _given(self, name: str, slot: SlotSpec, data: FlowData) -> tuple[str, ...]:
        source = slot.values_from
        if source is None:
            return ()
        path, slash, _ = name.rpartition("/")
        values = get(dict(data.results).get(path + slash + source.name, ()), source.field)
        return tuple(str(value) for value in values or ())

    def _words(self, phrase: Phrase, data: FlowData, choose: Choose) -> str:
        match phrase:
            case Word(text):
                return text
            case Sequence(items):
                return " ".join(self._words(item, data, choose) for item in items)
            case Optional(inner):
                return self._words(inner, data, choose) if choose(2) else ""
            case Alternatives(ways):
                return self._words(pick(choose, ways), data, choose)
            case PhraseRef(name):
                return self._words(self.flow.pack.phrases[name], data, choose)
            case SlotRef(name):
                return self.value(name, data, choose)

    def _drawn(self, machine: Machine, choose: Choose) -> str:
        """A sentence of an automaton; empty if it has none (a choice of nothing)."""
        far = self._distances(machine)
        if far[0] < 0:
            return ""
        words: list[str] = []
        state = 0
        while not machine.accepts[state] or (machine.rows[state] and len(words) < LONGEST and choose(3) == 0):
            ways = [(word, after) for word, after in machine.rows[state].items() if far[after] >= 0]
            if len(words) >= LONGEST:
                ways = [min(ways, key=lambda way: far[way[1]])]
            if not ways:
                break
            word, state = pick(choose, ways)
            words.append(pick(choose, NAMES).split()[0] if word == ANY else word)
        return " ".join(words)

    def _distances(self, machine: Machine) -> list[int]:
        """For each state, how many words are missing at least; -1: no sentence goes that way."""
        found = self._near.get(id(machine))
        if found is None:
            far = [0 if ends else -1 for ends in machine.accepts]
            back: dict[int, list[int]] = {}
            for state, row in enumerate(machine.rows):
                for after in row.values():
                    back.setdefault(after, []).append(state)
            waiting = [state for state, ends in enumerate(machine.accepts) if ends]
            for state in waiting:  # grows meanwhile
                for before in back.get(state, ()):
                    if far[before] < 0:
                        far[before] = far[state] + 1
                        waiting.append(before)
            if len(self._near) >= MOST_KEPT:
                self._near.clear()
            found = self._near[id(machine)] = machine, far  # with the machine: it keeps the id alive
        return found[1]


def _digits(slot: SlotSpec) -> list[Any]:
    """A secret has others than what may be told: one that stands in an account's number could not be told from it."""
    least, most = slot.length or (4, 8)
    return [(("7104928563" if slot.secret else "4829301756") * 10)[:length] for length in dict.fromkeys((least, most))]


def _dates(slot: SlotSpec) -> list[Any]:
    ahead = (-1, -10_000) if slot.past else (0, 1, 7, slot.future or 30, (slot.future or 30) + 1)
    return [(TODAY + datetime.timedelta(days)).isoformat() for days in ahead]


def _times(slot: SlotSpec) -> list[Any]:
    least, most = slot.between or (8 * 60, 18 * 60)
    minutes = (least, most, (least + most) // 2)
    return [f"{minute // 60 % 24:02}:{minute % 60:02}" for minute in minutes]


def taken_values(flow: Flow) -> dict[str, Any]:
    """For a flow that is run by another: a value for each slot that it ``takes``."""
    usual: dict[str, Callable[[SlotSpec], Any]] = {
        "number": lambda slot: slot.range[0] if slot.range else 1, "digits": lambda slot: _digits(slot)[0], "yesno": lambda _: True,
        "date": lambda slot: _dates(slot)[0], "time": lambda slot: _times(slot)[0], "text": lambda _: NAMES[0],
    }  # fmt: skip
    found: dict[str, Any] = {}
    for name in flow.spec.takes:
        slot = flow.spec.slots[name]
        if slot.type in usual:
            found[name] = usual[slot.type](slot)
        elif slot.values:
            found[name] = (next(iter(slot.values)),) if slot.many else next(iter(slot.values))
    return found


def constants(flow: Flow) -> dict[str, list[Any]]:
    """What the conditions of a flow compare with, by what they compare: a slot's own name, or ``tool.field``."""
    found: dict[str, list[Any]] = {}
    for scope in flow.flat.scopes.values():
        for row in scope.spec.rows:
            for name, value in _compared(row.when):
                found.setdefault(name, []).append(value)
    return {name: list(dict.fromkeys(values)) for name, values in found.items()}


def _compared(test: Test | None) -> Iterator[tuple[str, Any]]:
    match test:
        case Comparison(ref, _, value):
            yield str(ref), value
        case OneOf(ref, values):
            yield from ((str(ref), value) for value in values)
        case Not(inner):
            yield from _compared(inner)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _compared(part)
        case _:
            return
