"""The slot type ``choice``: values with their phrases, several at once, or what a tool returned, with "the second one". Pure."""

# ruff: noqa: D102 - the methods of slot types are described in SlotType

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import attrs

from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, Sequence, Word, phrase_text
from fsm_agents.flows.words.automaton import NEVER, Machine, Spelling, machine_of
from fsm_agents.flows.words.types import Given, Invalid, JSONValue, Moment, Said, SlotType, plain

__all__ = ["MAX_GIVEN", "Choice", "first_words"]

MAX_GIVEN: Final = 500
"""Most strings of a tool's result that are offered; nobody listens to more."""
MAX_GIVEN_WORDS: Final = 20
"""Most words of one of them."""


@attrs.frozen(eq=False)
class _Made:
    """What one list of values became: all that may be said, one value alone, and what joins two."""

    machine: Machine
    single: Machine
    joint: Machine

    def values(self, words: tuple[str, ...]) -> list[str]:
        """The values of a sentence of several: of each the longest that leaves a sentence, from the left."""
        rest: dict[int, list[str]] = {len(words): []}
        for start in range(len(words) - 1, -1, -1):
            for stop in range(len(words), start, -1):
                value = self.single.tagged(words[start:stop])
                joints = (at for at in range(stop, len(words) + 1) if at in rest and self.joint.takes(words[stop:at]))
                at = next(joints, None) if value else None
                if at is not None:
                    rest[start] = [value[0], *rest[at]]
                    break
        return rest[0]


class Choice(SlotType):
    """``choice``.

    Args:
        join: What stands between several values, or nothing: ``and / with``.
        nth: How the first, second … of those offered is said, and (last) the last one; ``()``: not at all.
        number: What may stand before a value that is a number, and the words of numbers: ``("number", {"one", …})``. Not before one of
            those that are offered as the first, second …: there "number two" is the second.
    """

    name = "choice"

    def __init__(self, join: Phrase, nth: tuple[Phrase, ...] = (), number: tuple[str, Collection[str]] = ("", ())) -> None:
        self._join, self._nth, self._number = Optional(join), nth, number
        self._kept: dict[int, tuple[SlotSpec, dict[Given, _Made]]] = {}

    def machine(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine:
        # By identity: a spec holds mappings, so it has no hash. It is kept too, so that its id is not given to another one.
        if id(slot) not in self._kept:
            if len(self._kept) >= KEPT_SLOTS:
                self._kept.clear()
            self._kept[id(slot)] = (slot, {})
        kept = self._kept[id(slot)][1]
        if given not in kept:
            if len(kept) >= KEPT_GIVEN:
                del kept[next(iter(kept))]
            kept[given] = self._made(slot, given, spell)
        return kept[given].machine

    def _made(self, slot: SlotSpec, given: Given, spell: Spelling) -> _Made:
        phrases = [*self._values(slot, given, spell), *self._ordinals(slot, given, spell)]
        if not phrases:
            return _Made(NEVER, NEVER, NEVER)
        what = f"the choice '{slot.name}'"
        single = machine_of(phrases, spell, what=what)
        if not slot.many:
            return _Made(single, single, NEVER)
        joint = machine_of([("", self._join)], spell)
        return _Made(machine_of(phrases, spell, joined=self._join, what=what), single, joint)

    def _values(self, slot: SlotSpec, given: Given, spell: Spelling) -> list[tuple[str, Phrase]]:
        """Each value, with the phrase that means it."""
        values: list[tuple[str, Phrase]] = [*slot.values.items()]
        for text in given[:MAX_GIVEN] if slot.values_from else ():
            words = spell(text)
            if 0 < len(words) <= MAX_GIVEN_WORDS:
                values.append((text, Sequence(tuple(Word(word) for word in words))))
        return values if slot.ordinals else [(value, self._numbered(phrase)) for value, phrase in values]

    def _numbered(self, phrase: Phrase) -> Phrase:
        """With what may stand before it, in each of its ways that is a number."""
        before, words = self._number
        match phrase:
            case Alternatives(ways):
                return Alternatives(tuple(map(self._numbered, ways)))
            case Word(word) if word in words:
                return Sequence((Optional(Word(before)), phrase))
            case Sequence(items) if all(isinstance(item, Word) and item.text in words for item in items):
                return Sequence((Optional(Word(before)), phrase))
            case _:
                return phrase

    def _ordinals(self, slot: SlotSpec, given: Given, spell: Spelling) -> list[tuple[str, Phrase]]:
        values = [value for value, _ in self._values(slot, given, spell)] if slot.ordinals and self._nth else []
        return [*zip(values, self._nth[:-1], strict=False), *((value, self._nth[-1]) for value in values[-1:])]

    def grammar(self, slot: SlotSpec, given: Given, spell: Spelling) -> str:
        ways = [phrase for _, phrase in (*self._values(slot, given, spell), *self._ordinals(slot, given, spell))]
        if not ways:
            return ""
        one = plain(Alternatives(tuple(ways)), spell)
        return f"{one} [{plain(self._join, spell)} {one}]*" if slot.many else one

    def value(self, said: Said, slot: SlotSpec, moment: Moment) -> JSONValue | Invalid:
        made = self._kept[id(slot)][1][said.given]
        return list(dict.fromkeys(made.values(said.words))) if slot.many else made.single.tagged(said.words)[0]

    def spoken(self, value: JSONValue, slot: SlotSpec, moment: Moment | None = None) -> str:
        if isinstance(value, list | tuple):
            texts = [self.spoken(one, slot) for one in value]
            return " and ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)
        phrase = slot.values.get(str(value))
        words = str(value) if phrase is None else first_words(phrase)
        return str(value) if str(value).casefold() == words.casefold() else words  # Anna, as the flow writes it

    def fits(self, value: object, slot: SlotSpec, moment: Moment | None = None) -> bool:
        if slot.many and isinstance(value, list | tuple):
            return bool(value) and all(self._is_one(one, slot) for one in value) and len(set(value)) == len(value)
        return not slot.many and self._is_one(value, slot)

    def _is_one(self, value: object, slot: SlotSpec) -> bool:
        return isinstance(value, str) and (value in slot.values or (slot.values_from is not None and bool(value)))

    def keyed(self, keys: str, slot: SlotSpec) -> JSONValue | Invalid | None:
        value = slot.keys.get(keys)
        return [value] if slot.many and value is not None else value

    def content(self, slot: SlotSpec, given: Given, spell: Spelling) -> frozenset[str]:
        text = " ".join(plain(phrase, spell) for _, phrase in self._values(slot, given, spell))
        return frozenset(text.translate({ord(sign): " " for sign in "[]()|"}).split())


KEPT_SLOTS: Final = 10_000
KEPT_GIVEN: Final = 64
"""Most slots, and lists offered for one of them, whose automata are kept."""


def first_words(phrase: Phrase) -> str:
    """The first way to say a phrase, without its optional words."""
    match phrase:
        case Alternatives(ways):
            return first_words(ways[0])
        case Sequence(items):
            return " ".join(filter(None, map(first_words, items)))
        case Optional():
            return ""
        case _:
            return phrase_text(phrase)
