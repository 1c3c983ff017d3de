"""What a caller might have said: for words that nobody took, the nearest sentence of an edge. For messages; a call never waits for it.

The cheapest way through the edge's automaton, where a word that is left out, added or another one costs something. Bounded: it may find
nothing although there is something, never the other way round.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import attrs

from fsm_agents.flows.words.automaton import ANY
from fsm_agents.flows.words.net import Net, Node
from fsm_agents.flows.words.recogniser import Recogniser

__all__ = ["Near", "nearest_sentences"]

MOST_WORDS: Final = 20
"""Words of what was said that are looked at."""
MOST_LOOKED_AT: Final = 3_000
"""Places of one automaton that are looked at: some ten milliseconds."""
FARTHEST: Final = 0.5
"""Cost for each word said from which on a sentence is no neighbour: with all words other it is 1."""
ALIKE: Final = 0.5
"""What a word costs that is written almost as the one said: ``mediums`` for ``medium``."""


@attrs.frozen(order=True)
class Near:
    """A sentence, how far it is from what was said, and the number of its edge."""

    cost: float
    words: str
    edge: int


def nearest_sentences(recogniser: Recogniser, said: Sequence[str], most: int = 3) -> list[Near]:
    """The sentences that are nearest to what was said, the nearest first; one for each edge, none of free text.

    Args:
        recogniser: What is understood where it was said.
        said: The words, normalised.
        most: How many.
    """
    words = tuple(said[:MOST_WORDS])
    if not words:
        return []
    found: dict[str, Near] = {}
    for edge, net in zip(recogniser.edges, recogniser.nets, strict=True):
        best = None if net.free else _nearest(net, words)
        if best is not None:
            near = Near(best[0], " ".join(best[1]), edge.number)
            known = found.get(near.words)
            found[near.words] = near if known is None or near < known else known
    return sorted(found.values())[:most]


def _nearest(net: Net, words: tuple[str, ...]) -> tuple[float, tuple[str, ...]] | None:
    order = itertools.count()
    limit = FARTHEST * len(words)
    heap: list[tuple[float, int, int, Node, tuple[str, ...]]] = [(0.0, 0, next(order), net.start, ())]
    seen: set[tuple[int, int]] = set()
    while heap and len(seen) < MOST_LOOKED_AT:
        cost, back, _, node, so_far = heapq.heappop(heap)
        at = -back
        if cost > limit:
            return None
        if (id(node), at) in seen:
            continue
        seen.add((id(node), at))
        if at == len(words) and node.accepts and so_far:
            return cost, so_far
        for price, place, word in _steps(net, node, words, at):
            after = node if word is None else net.follow(node, word)
            told = so_far if word is None else (*so_far, word)
            if cost + price <= limit and (id(after), place) not in seen:
                heapq.heappush(heap, (cost + price, -place, next(order), after, told))
    return None


def _steps(net: Net, node: Node, words: tuple[str, ...], at: int) -> list[tuple[float, int, str | None]]:
    """What may come next: price, how many words of what was said are done then, and the word of the sentence."""
    steps: list[tuple[float, int, str | None]] = []
    said = words[at] if at < len(words) else ""
    if said:
        steps.append((1.0, at + 1, None))  # a word too many
    told: set[frozenset[int]] = set()
    for word, targets in sorted(net.moves(node).items()):
        if word == ANY:
            continue
        if word == said:
            steps.append((0.0, at + 1, word))
            continue
        alike = bool(said) and _alike(word, said)
        if alike:
            steps.append((ALIKE, at + 1, word))
        key = frozenset(targets)  # ten digits lead to the same place: one of them is enough
        if not alike and key not in told:
            told.add(key)
            steps.append((1.0, at, word))
            if said:
                steps.append((1.25, at + 1, word))
    return steps


@lru_cache(10_000)
def _alike(word: str, said: str) -> bool:
    from difflib import SequenceMatcher

    return min(len(word), len(said)) > 2 and SequenceMatcher(None, word, said).ratio() >= 0.7  # noqa: PLR2004 - as difflib advises
