"""What the edges of a flow are built with: the language pack, lead-in and tail, and every slot's automaton, each made once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, PhraseRef, Sequence, SlotRef, Word
from fsm_agents.flows.words.automaton import Machine, Nfa, Spelling, Use, phrase_words, repeated
from fsm_agents.flows.words.net import Net
from fsm_agents.flows.words.pack import LanguagePack, pack
from fsm_agents.flows.words.types import Given, SlotType, slot_type

__all__ = ["Edge", "Heardable", "Vocabulary", "parts_of", "question"]

MAX_NETS: Final = 50_000
"""Most edges that are kept; then all are made anew. A flow of 10,000 rows has as many."""


class Heardable(Protocol):
    """What a caller may say at one place of a flow. :class:`Edge` is one."""

    @property
    def number(self) -> int:
        """Its name in results."""
        ...

    @property
    def phrase(self) -> Phrase:
        """What is said; slots by their full names."""
        ...

    @property
    def slots(self) -> Mapping[str, SlotSpec]:
        """The slots in it, by the same names."""
        ...

    @property
    def phrases(self) -> Mapping[str, Phrase]:
        """The named phrases in it; those of the language pack need not be named."""
        ...


@attrs.frozen
class Edge:
    """See :class:`Heardable`."""

    number: int
    phrase: Phrase
    slots: Mapping[str, SlotSpec] = attrs.field(factory=dict)
    phrases: Mapping[str, Phrase] = attrs.field(factory=dict)


def question(slot: SlotSpec, name: str = "") -> Phrase:
    """How the question for a slot is answered: its ``says`` with the slot at ``{}``, or the bare slot. ``name``: its full name."""
    return SlotRef(name or slot.name) if slot.says is None else _filled(slot.says, name or slot.name)


def parts_of(phrase: Sequence | Alternatives | Optional) -> tuple[Phrase, ...]:
    """The phrases that a phrase is made of."""
    return (phrase.inner,) if isinstance(phrase, Optional) else phrase.items if isinstance(phrase, Sequence) else phrase.ways


def _one_of(phrase: Phrase) -> frozenset[str]:
    """The words of a choice of single words, as ``a`` and ``my`` in ``[a / my]``; of any other phrase none."""
    inner = phrase.inner if isinstance(phrase, Optional) else phrase
    ways = inner.ways if isinstance(inner, Alternatives) else (inner,)
    words = frozenset(way.text for way in ways if isinstance(way, Word))
    return words if len(words) == len(ways) else frozenset()


def _filled(phrase: Phrase, name: str) -> Phrase:
    match phrase:
        case SlotRef(""):
            return SlotRef(name)
        case Sequence(items):
            return Sequence(tuple(_filled(item, name) for item in items))
        case Alternatives(ways):
            return Alternatives(tuple(_filled(way, name) for way in ways))
        case Optional(inner):
            return Optional(_filled(inner, name))
        case _:
            return phrase


@lru_cache(64)
def _speller(normalise: Callable[[str], tuple[tuple[str, str], ...]]) -> Spelling:
    @lru_cache(20_000)
    def spell(word: str) -> tuple[str, ...]:
        return tuple(one for one, _ in normalise(word)) or (word,)

    return spell


class Vocabulary:
    """One for each language and pair of lead-in and tail; share it among all states of a flow.

    Args:
        language: A pack, or the name of one.
        before: Lead-ins; ``None``: those of the pack.
        after: Tail words; ``None``: those of the pack.

    Raises:
        MisuseError: Nobody registered the language.
        FlowError: Lead-in or tail are too large (``F504``).
    """

    def __init__(
        self, language: LanguagePack | str = "en-US", *, before: Phrase | None = None, after: Phrase | None = None
    ) -> None:
        self.pack = pack(language) if isinstance(language, str) else language
        self.spell: Spelling = _speller(self.pack.normalise)
        own = before is not None or self.pack.before is None
        thing = None if own else self.pack.before_thing
        self._around = (before or self.pack.before, thing or before or self.pack.before, after or self.pack.after)
        made = [Use(repeated(phrase, self.spell, expand=self._named, what="a lead-in or tail")) for phrase in self._around]
        self._before, self._before_thing, self._after = made
        self._nets: dict[tuple[Any, ...], tuple[Heardable, Net]] = {}

    @property
    def fillers(self) -> frozenset[str]:
        """The words of lead-in and tail."""
        return self._before.machine.words | self._after.machine.words

    def type_of(self, slot: SlotSpec) -> SlotType:
        """A slot's type.

        Raises:
            MisuseError: There is none of this name.
        """
        return slot_type(slot.type, self.pack)

    def net(self, edge: Heardable, given: Mapping[str, Given] | None = None, *, loose: bool = False) -> Net:
        """An edge as an automaton; equal ones are built once.

        Args:
            edge: The edge.
            given: Slot to the strings of the tool's result that it offers.
            loose: Whether slots take what is understood only to be refused; see :meth:`SlotType.loose`.

        Raises:
            FlowError: It is too large (``F504``), or names what there is not.
        """
        offers = given or {}
        slots, phrases = self._references(edge)
        named = tuple((name, id(edge.slots.get(name)), offers.get(name, ())) for name in slots)
        key = (edge.phrase, named, tuple((name, id(edge.phrases[name])) for name in phrases), loose)
        found = self._nets.get(key)
        if found is None:
            if len(self._nets) >= MAX_NETS:
                self._nets.clear()
            found = self._nets[key] = (edge, self._net(edge, offers, loose=loose))  # with the edge: it keeps the ids alive
        return found[1]

    def _references(self, edge: Heardable) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The slots of an edge, and its own named phrases."""
        slots: dict[str, None] = {}
        phrases: dict[str, None] = {}
        waiting: list[Phrase] = [edge.phrase]
        while waiting:
            part = waiting.pop()
            if isinstance(part, SlotRef):
                slots[part.slot] = None
            elif isinstance(part, PhraseRef):
                if part.name in edge.phrases and part.name not in phrases:
                    phrases[part.name] = None
                    waiting.append(edge.phrases[part.name])
            elif not isinstance(part, Word):
                waiting += parts_of(part)
        return tuple(slots), tuple(phrases)

    def _net(self, edge: Heardable, given: Mapping[str, Given], *, loose: bool) -> Net:
        def expand(ref: SlotRef | PhraseRef) -> Phrase | Use:
            if isinstance(ref, PhraseRef):
                return self._named(ref, edge.phrases)
            return Use(self.machine(_slot(edge, ref), given.get(ref.slot, ()), loose=loose), ref.slot)

        nfa = Nfa(self.spell, expand)
        start, first, last, final = (nfa.node() for _ in range(4))
        nfa.use(self._before_thing if self._is_thing(edge) else self._before, start, first)
        nfa.add(edge.phrase, first, last)
        nfa.use(self._after, last, final)
        return Net(nfa, start, final, self._after)

    def _is_thing(self, edge: Heardable) -> bool:
        """Whether every way to say it begins with an article or a word in its place, or might."""
        ways, named = [edge.phrase], set[str]()
        for way in ways:  # grows meanwhile
            match way:
                case PhraseRef(name) if name not in named:
                    named.add(name)
                    ways.append(self._named(way, edge.phrases))
                case Alternatives():
                    ways += way.ways
                case Sequence((first, *_)) if self.pack.articles & _one_of(first):
                    pass
                case _:
                    return False
        return True

    def machine(self, slot: SlotSpec, given: Given = (), *, loose: bool = False) -> Machine:
        """A slot's automaton."""
        kind = self.type_of(slot)
        wide = kind.loose(slot, given, self.spell) if loose else None
        return wide or kind.machine(slot, given, self.spell)

    def _named(self, ref: SlotRef | PhraseRef, phrases: Mapping[str, Phrase] | None = None) -> Phrase:
        name = ref.name if isinstance(ref, PhraseRef) else ref.slot
        found = (phrases or {}).get(name) or (self.pack.phrases.get(name) if isinstance(ref, PhraseRef) else None)
        if found is None:
            raise MisuseError(f"nothing is called {name!r} here; a lead-in or tail names phrases only, an edge knows its slots")
        return found

    def grammar(self, edge: Heardable, given: Mapping[str, Given] | None = None) -> str:
        """An edge for speech-to-text that takes a grammar, with lead-in and tail once each; empty if it has no such form.

        It has none with free text in it, with a choice that nothing is known of yet, and if nothing said is a sentence of it.
        """
        offers = given or {}
        texts: dict[str, str] = {}
        for name in (net := self.net(edge, offers)).slots:
            slot = edge.slots[name]
            texts[name] = self.type_of(slot).grammar(slot, offers.get(name, ()), self.spell)
        if net.silent or not all(texts.values()):
            return ""
        action, thing, behind = self._around
        leads = (thing if self._is_thing(edge) else action, behind)
        before, after = (phrase_words(phrase, self._named, self.spell) if phrase else "" for phrase in leads)
        said = phrase_words(
            edge.phrase, lambda ref: texts[ref.slot] if isinstance(ref, SlotRef) else self._named(ref, edge.phrases), self.spell
        )
        return " ".join(part for part in (f"[{before}]" if before else "", said, f"[{after}]" if after else "") if part)


def _slot(edge: Heardable, ref: SlotRef) -> SlotSpec:
    found = edge.slots.get(ref.slot)
    if found is None:
        raise MisuseError(f"edge {edge.number} does not know the slot {ref.slot!r}; it knows: {', '.join(edge.slots) or 'none'}")
    return found
