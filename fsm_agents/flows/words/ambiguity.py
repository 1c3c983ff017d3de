"""Same words twice: decided, never guessed. Two edges, two readings of one edge, two values of one slot. Pure.

Everything is a search over pairs of places in lazily made deterministic automata, breadth first, so the sentence that is found is a
shortest one, and no sentence is a proof that there is none. A comparison that grows beyond :data:`MAX_PAIRS` says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.words.net import Net, Node, Spans
from fsm_agents.flows.words.recogniser import Parse, Recogniser
from fsm_agents.flows.words.types import Given, Moment
from fsm_agents.flows.words.vocabulary import Heardable, Vocabulary

__all__ = ["MAX_PAIRS", "Common", "Overlaps", "TooLarge", "TwoMeanings", "TwoValues"]

MAX_PAIRS: Final = 200_000
"""Most pairs of places that one comparison looks at."""
MAX_CANDIDATES: Final = 50
"""Most sentences with two readings whose values are compared: readings often differ in words that change no value."""
MAX_VISITS: Final = 4
"""Most ways by which one pair of places with different slots is looked at, for the same reason: "zero zero" hides what "zero one" shows."""


@attrs.frozen
class Common:
    """A shortest sentence of both."""

    words: tuple[str, ...]


@attrs.frozen
class TooLarge:
    """Too large to decide: more than :data:`MAX_PAIRS` pairs of places."""

    pairs: int


@attrs.frozen
class TwoMeanings:
    """A sentence of one edge that gives its slots two different values."""

    words: tuple[str, ...]
    one: Parse
    other: Parse


@attrs.frozen
class TwoValues:
    """Words that two values of one choice share."""

    words: tuple[str, ...]
    one: str
    other: str


class Overlaps:
    """Compares the edges of one flow; what is found out about an edge is kept.

    Args:
        vocabulary: What the flow's edges are built with.
        moment: Any moment; values of dates are compared at it.
        given: What choices that come from tools offer, if examples are known.
    """

    def __init__(self, vocabulary: Vocabulary, moment: Moment, given: Mapping[str, Given] | None = None) -> None:
        self._vocabulary, self._moment, self._given = vocabulary, moment, dict(given or {})
        self._nets: dict[int, tuple[Heardable, Net]] = {}
        self._meanings: dict[Net, TwoMeanings | TooLarge | None] = {}
        self._found: dict[tuple[Net, Net], Common | TooLarge | None] = {}

    def net(self, edge: Heardable) -> Net:
        """An edge's automaton."""
        found = self._nets.get(id(edge))
        if found is None:
            found = self._nets[id(edge)] = (edge, self._vocabulary.net(edge, self._given))  # with the edge: it keeps the id alive
        return found[1]

    # --- one edge -----------------------------------------------------------------------------------------------------------------

    def silent(self, edge: Heardable) -> bool:
        """Whether nothing said is a sentence of it: ``"[please]"``."""
        return self.net(edge).silent

    def free(self, edge: Heardable) -> bool:
        """Whether free text stands in it."""
        return self.net(edge).free

    def two_meanings(self, edge: Heardable) -> TwoMeanings | TooLarge | None:
        """A shortest sentence that the edge reads in two ways with different values; ``None``: there is none.

        Free text is left out: it shares its words with everything, and the reading with the least of it is taken.
        """
        net = self.net(edge)
        if net not in self._meanings:
            decided = not net.slots or net.free or not self._suspect(net)
            self._meanings[net] = None if decided else self._two_meanings(edge, net)
        return self._meanings[net]

    def _suspect(self, net: Net) -> bool:
        # A lead-in that has no word of what follows cannot take part; looking past it is half of the time.
        return _suspect(net, net.first if net.silent or net.lead_in & net.own_words else net.behind_lead_in)

    def _two_meanings(self, edge: Heardable, net: Net) -> TwoMeanings | TooLarge | None:
        reader = Recogniser([edge], self._vocabulary, self._given)
        pairs = 0
        for at, found in enumerate(_two_readings(net)):
            if isinstance(found, int):
                pairs = found
                break
            readings = [self._values(reader, edge, spans, found) for spans in net.spans(found)]
            other = next(
                (one for one in readings if (one.values, one.invalid) != (readings[0].values, readings[0].invalid)), None
            )
            if other is not None:
                return TwoMeanings(found, readings[0], other)
            if at >= MAX_CANDIDATES:
                break
        return TooLarge(pairs) if pairs > MAX_PAIRS else None

    def _values(self, reader: Recogniser, edge: Heardable, spans: Spans, words: tuple[str, ...]) -> Parse:
        parse = reader.valued(edge, spans, words, words, self._moment, free=False)
        return attrs.evolve(parse, values=tuple(sorted(parse.values, key=lambda pair: pair[0])))

    def two_values(self, slot: SlotSpec, given: Given = ()) -> TwoValues | None:
        """The shortest words that mean two values of a choice; ``None``: there are none."""
        single = attrs.evolve(slot, many=False) if slot.many else slot
        machine = self._vocabulary.machine(single, given)
        words: dict[int, tuple[str, ...]] = {0: ()}
        for state in (waiting := [0]):
            tags = machine.tags[state] if machine.tags else ()
            if len(tags) > 1:
                return TwoValues(words[state], tags[0], tags[1])
            for word, after in machine.rows[state].items():
                if after not in words:
                    words[after] = (*words[state], word)
                    waiting.append(after)
        return None

    # --- two edges ----------------------------------------------------------------------------------------------------------------

    def common(self, one: Heardable, other: Heardable) -> Common | TooLarge | None:
        """A shortest sentence that both edges take; ``None`` proves that there is none. Edges with free text share nothing here."""
        nets = self.net(one), self.net(other)
        if nets not in self._found:
            apart = nets[0].free or nets[1].free or _apart(*nets)
            self._found[nets] = None if apart else _common(*nets)
        return self._found[nets]


def _apart(one: Net, other: Net) -> bool:
    """A sound and quick answer: with the words of the other one alone, one of them has no sentence."""
    return not (one.lives(other.words) and other.lives(one.words))


def _common(one: Net, other: Net) -> Common | TooLarge | None:
    start = (one.start, other.start)
    came: dict[tuple[Node, Node], tuple[tuple[Node, Node], str] | None] = {start: None}
    for pair in (waiting := [start]):
        left, right = pair
        if left.accepts and right.accepts:
            return Common(_way(came, pair))
        if len(came) > MAX_PAIRS:
            return TooLarge(len(came))
        fewer, more = one.moves(left), other.moves(right)
        for word in fewer if len(fewer) <= len(more) else more:
            if word in fewer and word in more:
                after = (one.follow(left, word), other.follow(right, word))
                if after not in came:
                    came[after] = (pair, word)
                    waiting.append(after)
    return None


def _way(came: Mapping[tuple[Node, Node], tuple[tuple[Node, Node], str] | None], pair: tuple[Node, Node]) -> tuple[str, ...]:
    words: list[str] = []
    while (step := came[pair]) is not None:
        pair, word = step
        words.append(word)
    return tuple(reversed(words))


# --- two readings ---------------------------------------------------------------------------------------------------------------------


def _suspect(net: Net, first: tuple[int, ...]) -> bool:
    """Whether some word may be read in two ways; a quick and sound look that takes slots as wholes.

    Two readings part where a slot may begin and something else may take the same word, or where one may stop and go on.
    """
    seen = {frozenset(first)}
    for items in (waiting := [frozenset(first)]):
        entries = {item: entry for item in items if (entry := net.entry(item)) is not None}
        following: dict[str, tuple[int, ...]] = {}
        for item in items - entries.keys():
            for word, targets in net.out(item).items():
                following[word] = (*following[word], *targets) if word in following else targets
        taken = set(following)
        afters = [frozenset(after) for after in set(following.values())]
        for use, behind in entries.values():
            begins = set(use.machine.rows[0])
            if taken & begins or any(not use.machine.more.isdisjoint(net.out(item)) for item in behind):
                return True
            taken |= begins
            afters.append(frozenset(behind))
        new = [after for after in dict.fromkeys(afters) if after not in seen]
        seen.update(new)
        waiting += new
    return False


@attrs.frozen(eq=False)
class _Step:
    """Two places in one net after the same words, whether their slots differ so far, and how one came there."""

    one: int
    other: int
    differ: bool
    before: _Step | None = None
    word: str = ""

    def words(self) -> tuple[str, ...]:
        found: list[str] = []
        step: _Step | None = self
        while step is not None:
            found.append(step.word)
            step = step.before
        return tuple(reversed(found[:-1]))


def _two_readings(net: Net) -> Iterator[tuple[str, ...] | int]:
    """Sentences with two ways to share the words among slots, short ones first; a number: so many steps, and given up."""
    waiting = deque(_Step(one, other, differ=False) for one in net.first for other in net.first)
    seen: dict[tuple[int, int, bool], int] = {}
    steps = 0
    while waiting and steps <= MAX_PAIRS:
        step = waiting.popleft()
        if step.differ and net.is_final(step.one) and net.is_final(step.other):
            yield step.words()
            continue
        row = net.out(step.other)
        for word in (word for word in net.out(step.one) if word in row):
            left, *taker = net.after(step.one, word)
            right, *other_taker = net.after(step.other, word)
            differ = step.differ or taker != other_taker
            for place in ((a, b, differ) for a in left for b in right):
                seen[place] = seen.get(place, 0) + 1
                if seen[place] <= (MAX_VISITS if differ else 1):
                    waiting.append(_Step(*place, step, word))
                    steps += 1
    if steps > MAX_PAIRS:
        yield steps
