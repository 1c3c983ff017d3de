"""Shortest sentences of phrases, with chosen slots in them: what a counterexample's caller says. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Final

import attrs

from fsm_agents.flows.machine.flat import Edge
from fsm_agents.flows.machine.secret import open_secret
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, Sequence, SlotRef, Word
from fsm_agents.flows.words.types import slot_types

__all__ = ["MOST_SETS", "TODAY", "example_sentence", "shortest", "spoken", "unfit"]

TODAY: Final = datetime.date(2026, 3, 2)
"""The day on which sentences are said: a Monday, always the same, so that a counterexample is too."""
MOST_SETS: Final = 32
"""Most different sets of slots that are kept for one phrase."""

Said = tuple["str | SlotRef", ...]


def shortest(phrase: Phrase) -> dict[frozenset[str], Said]:
    """For each set of slots that a sentence of the phrase can fill: a shortest one, as words and slots; the shortest first.

    Named phrases are written out before; one that is not says nothing here.
    """
    return dict(sorted(_sets(phrase).items(), key=lambda pair: (len(pair[1]), sorted(pair[0]))))


def _sets(phrase: Phrase) -> dict[frozenset[str], Said]:
    match phrase:
        case Word(text):
            return {frozenset(): (text,)}
        case SlotRef(slot):
            return {frozenset({slot}): (phrase,)}
        case Optional(inner):
            return _fewest({frozenset(): ()}, _sets(inner))
        case Alternatives(ways):
            return _fewest(*map(_sets, ways))
        case _:
            return _in_order(phrase.items if isinstance(phrase, Sequence) else ())


def _in_order(items: tuple[Phrase, ...]) -> dict[frozenset[str], Said]:
    found: dict[frozenset[str], Said] = {frozenset(): ()}
    for item in items:
        more = _sets(item)
        found = _fewest(*({a | b: x + y for b, y in more.items()} for a, x in found.items()))
    return found


def _fewest(*tables: dict[frozenset[str], Said]) -> dict[frozenset[str], Said]:
    found: dict[frozenset[str], Said] = {}
    for table in tables:
        for slots, said in table.items():
            if slots not in found or len(said) < len(found[slots]):
                found[slots] = said
    return dict(sorted(found.items(), key=lambda pair: len(pair[1]))[:MOST_SETS])


def example_sentence(
    world: World, edge: Edge, values: Mapping[str, Any] | None = None, words: Mapping[str, str] | None = None
) -> str:
    """A shortest sentence of an edge.

    Args:
        world: The flow.
        edge: An edge with a phrase.
        values: Slots by full name: the sentence says these and no others, if there is one; slots without a value stand in braces.
        words: Of some of these: other words than those of their value.
    """
    assert edge.phrase is not None  # noqa: S101 - the caller asks for words
    found, given = shortest(edge.phrase), values or {}
    said = found.get(frozenset(given)) if values is not None else None
    said = next(iter(found.values())) if said is None else said
    instead = words or {}
    return " ".join(part if isinstance(part, str) else instead.get(part.slot) or _value(world, part.slot, given) for part in said)


def _value(world: World, name: str, given: Mapping[str, Any]) -> str:
    return spoken(world, name, given[name]) if name in given else f"{{{name.rpartition('/')[2]}}}"


def unfit(world: World, name: str) -> str:
    """Words that fit a slot and give it no valid value; empty: there are none that are known."""
    slot = world.flat.slots[name]
    if slot.type == "digits" and slot.length:
        return world.spoken("5" * (slot.length[1] + 1), slot)
    if slot.type == "number" and slot.range and (slot.hear is None or slot.hear[1] > slot.range[1]):
        return world.spoken(slot.range[1] + 1, slot)
    if slot.type == "date":
        if not slot.past and slot.future is None:
            return "the thirtieth of February"
        other = TODAY + datetime.timedelta(1 if slot.past else -1)
        return world.spoken(other.isoformat(), attrs.evolve(slot, past=True, future=None))
    if slot.type == "time" and slot.between:
        least, most = slot.between
        minute = least - HOUR if least >= HOUR else most + HOUR
        return world.spoken(f"{minute // HOUR:02}:{minute % HOUR:02}", attrs.evolve(slot, between=None)) if minute < DAY else ""
    return ""


HOUR: Final = 60
DAY: Final = 24 * HOUR
"""Minutes."""


def spoken(world: World, name: str, value: Any) -> str:
    """How a caller says a value of a slot."""
    value, slot = open_secret(value), world.flat.slots[name]
    if slot.type not in slot_types(world.pack):
        return str(value)  # a type that the host brings, and has not brought here
    return world.spoken(list(value) if isinstance(value, tuple) else value, slot)
