"""Whether what callers say is told apart: same words in one state, words that say nothing, two readings, words that sound alike. Pure.

Everything is decided by :mod:`fsm_agents.flows.words.ambiguity`; here it is asked for each pair of edges of which the first always wins.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.problems import FlowError, Place, Problem
from fsm_agents.flows.proof.notes import slots_in
from fsm_agents.flows.proof.told import ON, Teller, cell, event_text, line_of
from fsm_agents.flows.proof.ways import Ways
from fsm_agents.flows.spec import FlowSpec
from fsm_agents.flows.syntax import PhraseRef, Says, phrase_text
from fsm_agents.flows.words.ambiguity import Common, Overlaps, TooLarge
from fsm_agents.flows.words.sounds import Phones, Sounds, SoundsAlike
from fsm_agents.flows.words.types import Moment
from fsm_agents.flows.words.vocabulary import Edge as Heard
from fsm_agents.flows.words.vocabulary import Vocabulary

__all__ = ["Sayings"]

_Pair = tuple[FlatState, Edge, Edge]


class Sayings:
    """The phrases of a flow, compared.

    Args:
        ways: The flow's edges.
        vocabulary: What their automata are made with.
        moment: Any moment.
        tell: Makes the problems.

    Attributes:
        proved: Pairs of phrases that were proved to have no sentence in common.
    """

    def __init__(self, ways: Ways, vocabulary: Vocabulary, moment: Moment, tell: Teller) -> None:
        self.ways, self.tell, self.vocabulary = ways, tell, vocabulary
        self.overlaps = Overlaps(vocabulary, moment, examples := self._examples())
        # Readings that differ only in whether a lead-in ("oh") is one are the language's business, not the flow's.
        bare = Vocabulary(attrs.evolve(vocabulary.pack, before=None, after=None))
        self.bare = Overlaps(bare, moment, examples)
        self.proved = 0
        self._heard: dict[int, Heard | None] = {}
        self._compared: dict[tuple[int, int], Common | TooLarge | None] = {}
        self._large: list[Problem] = []

    def all(self, phones: Phones | None = None) -> Iterator[Problem]:
        """F502 (of words), F503, F504, F506, F508, and with ``phones`` F507."""
        yield from self._alone()
        yield from self._choices()
        pairs = list(self._pairs())
        for pair in pairs:
            yield from self._same_words(*pair)
        if phones is not None:
            yield from self._sounds(pairs, Sounds(self.vocabulary, phones))
        yield from self._large

    # --- edges --------------------------------------------------------------------------------------------------------------------------

    def _examples(self) -> dict[str, tuple[str, ...]]:
        """What choices that come from a tool offer in its example."""
        found: dict[str, tuple[str, ...]] = {}
        for scope in self.ways.flat.scopes.values():
            for name, slot in scope.spec.slots.items():
                if slot.values_from is not None and slot.values_from.name in scope.spec.tools:
                    values = scope.spec.tools[slot.values_from.name].example.get(slot.values_from.field, ())
                    found[scope.full(name)] = tuple(str(value) for value in values) if isinstance(values, list | tuple) else ()
        return found

    def _of(self, edge: Edge, state: FlatState) -> Heard | None:
        """An edge's phrase; ``None``: it takes free text, or is too large (told once)."""
        ident = id(edge.phrase)
        if ident not in self._heard:
            self._heard[ident] = self._made(edge, state)
        return self._heard[ident]

    def _made(self, edge: Edge, state: FlatState) -> Heard | None:
        if edge.phrase is None or edge.free:
            return None
        slots = self.ways.flat.slots
        heard = Heard(edge.number, edge.phrase, {name: slots[name] for name in slots_in(edge.phrase)})
        try:
            self.overlaps.net(heard)
        except FlowError as large:
            spec, place = self._place(edge, state)
            self._large += [self.tell(p.code, p.message, spec, place, why=p.why, fix=p.fix) for p in large.problems]
            return None
        return heard

    def _place(self, edge: Edge, state: FlatState) -> tuple[FlowSpec, Place]:
        if edge.row is not None:
            return edge.scope.spec, cell(edge.row, ON)
        slot = edge.scope.spec.slots[state.spec.ask]
        return edge.scope.spec, slot.places.get("says", slot.place)

    def _edges(self) -> Iterator[tuple[FlatState, Edge, Heard]]:
        """Each phrase of the flow once, with the first state it stands in."""
        seen: set[int] = set()
        for name in self.ways.reached:
            for edge in self.ways.live[name]:
                if edge.phrase is not None and id(edge.phrase) not in seen:
                    seen.add(id(edge.phrase))
                    state = self.ways.flat.states[name]
                    heard = self._of(edge, state)
                    if heard is not None:
                        yield state, edge, heard

    def _alone(self) -> Iterator[Problem]:
        for state, edge, heard in self._edges():
            spec, place = self._place(edge, state)
            if self.overlaps.silent(heard):
                message = f"{_written(edge, state)} accepts nothing said"
                yield self.tell("F506", message, spec, place, why="a cough would take it", fix="leave one word outside the [ ]")
            two = self.bare.two_meanings(heard)
            if isinstance(two, TooLarge):
                yield self._too_large(edge, state, _written(edge, state))
            elif two is not None:
                one, other = (
                    ", ".join(f"{n.rpartition('/')[2]} = {v}" for n, v in parse.values) for parse in (two.one, two.other)
                )
                message = f'{_written(edge, state)} has two readings: "{" ".join(two.words)}" is {one}, and {other}'
                yield self.tell(
                    "F508", message, spec, place, why="the longest from the left is taken", fix="a word between the slots"
                )

    def _choices(self) -> Iterator[Problem]:
        told: set[int] = set()
        for scope in self.ways.flat.scopes.values():
            for slot in scope.spec.slots.values():
                if slot.type == "choice" and slot.values and id(slot) not in told:
                    told.add(id(slot))
                    two = self.overlaps.two_values(slot)
                    if two is not None:
                        message = f"\"{' '.join(two.words)}\" is both {two.one} and {two.other} of '{slot.name}'"
                        place = slot.places.get("values", slot.place)
                        yield self.tell("F508", message, scope.spec, place, fix=f"drop it from {two.one} or from {two.other}")

    def _too_large(self, edge: Edge, state: FlatState, what: str) -> Problem:
        spec, place = self._place(edge, state)
        message = f"{what} is too large to decide"
        return self.tell(
            "F504", message, spec, place, why="refused, never guessed", fix="simplify: fewer [ ] and < >, or two rows"
        )

    # --- pairs --------------------------------------------------------------------------------------------------------------------------

    def _pairs(self) -> Iterator[_Pair]:
        """Each pair of phrases of one state once, the one that wins first; only where it always wins."""
        seen: set[tuple[int, int]] = set()
        for name in self.ways.reached:
            state = self.ways.flat.states[name]
            said = [edge for edge in self.ways.live[name] if edge.phrase is not None and not edge.free]
            for at, first in enumerate(said):
                if first.row is not None and first.row.when is not None:
                    continue
                for second in said[at + 1 :]:
                    pair = id(first.phrase), id(second.phrase)
                    if pair not in seen and first.row is not second.row:
                        seen.add(pair)
                        yield state, first, second

    def _same_words(self, state: FlatState, first: Edge, second: Edge) -> Iterator[Problem]:
        one, other = self._of(first, state), self._of(second, state)
        if one is None or other is None:
            return
        found = self.overlaps.common(one, other)
        if found is None:
            self.proved += 1
        elif isinstance(found, TooLarge):
            yield self._too_large(first, state, f"what {line_of(first)} and {line_of(second)} have in common")
        elif first.near == second.near:
            yield self._ambiguous(state, first, second, " ".join(found.words))
        elif first.row is not None:
            what = _written(second, state) + (
                f" of {line_of(second, first)} in '{state.spec.name}'" if second.row is not None else ""
            )
            message = f'overrides {what}: "{" ".join(found.words)}"'
            yield self.tell("F502", message, *self._place(first, state))

    def _ambiguous(self, state: FlatState, first: Edge, second: Edge, words: str) -> Problem:
        message = f"two rows of '{state.spec.name}' accept the same words: \"{words}\""
        trail = tuple(f"{line_of(edge, first)}: {_named(edge)}" for edge in (first, second))
        fix = "drop it from one, or give the first a 'when'"
        spec, place = self._place(first, state)
        return self.tell("F503", message, spec, place, fix=fix, trail=trail)

    def _sounds(self, pairs: list[_Pair], sounds: Sounds) -> Iterator[Problem]:
        for state, first, second in pairs:
            one, other = self._of(first, state), self._of(second, state)
            if one is None or other is None or first.near.rank != second.near.rank:
                continue
            found = sounds.alike(one, other)
            if isinstance(found, SoundsAlike):
                sides = zip((found.one, found.other), (first, second), strict=True)
                told = " and ".join(f'"{" ".join(words)}" ({line_of(edge)})' for words, edge in sides)
                message = f"sounds alike in '{state.spec.name}': {told}: {found.phones}"
                spec, place = self._place(second, state)
                yield self.tell("F507", message, spec, place, fix="other words for one of them")


def _written(edge: Edge, state: FlatState) -> str:
    return event_text(edge) if edge.row is not None else f"the question of '{state.spec.name}'"


def _named(edge: Edge) -> str:
    """The words of an edge, with the name of the phrase if it has one."""
    assert isinstance(edge.trigger, Says)  # noqa: S101 - it has words, and is no question: of those there is one
    phrase, name = edge.trigger.phrase, edge.trigger.name
    while isinstance(phrase, PhraseRef) and phrase.name in edge.scope.spec.phrases:
        name, phrase = name or phrase.name, edge.scope.spec.phrases[phrase.name]
    text = phrase_text(phrase)
    short = text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004 - half a line
    return f'{name} = "{short}"' if name else f'"{short}"'
