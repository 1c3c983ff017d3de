"""Words that sound like other words: two sentences of two edges with the same phones. Pure: the phones come from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

from fsm_agents.flows.words.ambiguity import TooLarge
from fsm_agents.flows.words.net import Net, Node
from fsm_agents.flows.words.vocabulary import Heardable, Vocabulary

__all__ = ["MAX_PLACES", "Phones", "Sounds", "SoundsAlike"]

MAX_PLACES: Final = 200_000
"""Most pairs of places that one comparison looks at."""

Phones: TypeAlias = Callable[[str], "tuple[str, ...]"]
"""Every way to pronounce a word, ARPABET parted by spaces: ``two`` -> ``("T UW",)``. Empty: not known, the word is left out."""

_Lag: TypeAlias = "tuple[str, ...]"
_Place: TypeAlias = "tuple[Node, Node, _Lag, bool, bool, str]"
"""Of both sides the place, the phones that one is ahead by, whether that is the first, whether the words differ already; and the word
that made the first side be ahead, if it is all that it is ahead by."""


@attrs.frozen
class SoundsAlike:
    """Two sentences of different words that sound the same.

    Args:
        one: The words of the first edge.
        other: Those of the second.
        phones: How both sound.
    """

    one: tuple[str, ...]
    other: tuple[str, ...]
    phones: str


class Sounds:
    """Compares edges by sound.

    Args:
        vocabulary: What the edges are built with.
        phones: See :data:`Phones`.
    """

    def __init__(self, vocabulary: Vocabulary, phones: Phones) -> None:
        self._vocabulary, self._phones = vocabulary, phones
        self._known: dict[str, tuple[_Lag, ...]] = {}
        self._arcs: dict[Node, dict[str, list[tuple[_Lag, str, Node]]]] = {}

    def alike(self, one: Heardable, other: Heardable) -> SoundsAlike | TooLarge | None:
        """Shortest sentences of two edges, of different words, that sound the same; ``None``: there are none. No free text."""
        nets = self._vocabulary.net(one), self._vocabulary.net(other)
        if nets[0].free or nets[1].free:
            return None
        start: _Place = (nets[0].start, nets[1].start, (), True, False, "")
        came: dict[_Place, tuple[_Place, bool, str] | None] = {start: None}
        waiting: list[_Place] = [start]
        for place in waiting:  # grows meanwhile
            left, right, lag, _, differ, _ = place
            if left.accepts and right.accepts and not lag and differ:
                return self._told(came, place)
            if len(came) > MAX_PLACES:
                return TooLarge(len(came))
            for after, is_first, word in self._steps(place, nets):
                if after not in came:
                    came[after] = (place, is_first, word)
                    waiting.append(after)
        return None

    def _steps(self, place: _Place, nets: tuple[Net, Net]) -> list[tuple[_Place, bool, str]]:
        """One more word on the side that is behind; on the first if none is."""
        left, right, lag, first_ahead, differ, begun = place
        found: list[tuple[_Place, bool, str]] = []
        if not lag:
            others = nets[1].moves(right)
            for word in (word for word in nets[0].moves(left) if word in others):
                both: _Place = (nets[0].follow(left, word), nets[1].follow(right, word), (), True, differ, "")
                found.append((both, True, f"{word} {word}"))
            ahead = self._on_one(nets[0], left, lambda node, lag: (node, right, lag, True, True, ""), (), is_first=True)
            return found + [((*place[:5], word), is_first, word) for place, is_first, word in ahead]
        if first_ahead:
            steps = self._on_one(nets[1], right, lambda node, rest: _meet(left, node, rest, turned=False), lag, is_first=False)
            return [step for step in steps if not begun or step[2] != begun]  # the same word on both sides is a step above
        return self._on_one(nets[0], left, lambda node, rest: _meet(node, right, rest, turned=True), lag, is_first=True)

    def _on_one(
        self, net: Net, node: Node, made: Callable[[Node, _Lag], _Place], lag: _Lag, *, is_first: bool
    ) -> list[tuple[_Place, bool, str]]:
        arcs = self._by_phone(net, node)
        found: list[tuple[_Place, bool, str]] = []
        for sounds, word, after in arcs.get(lag[0], ()) if lag else (arc for some in arcs.values() for arc in some):
            shared = min(len(sounds), len(lag))
            if sounds[:shared] == lag[:shared]:
                # what is left of the lag, or (marked by an empty first phone) what the word goes beyond it
                rest = lag[shared:] if len(lag) >= len(sounds) else ("", *sounds[shared:])
                found.append((made(after, rest if lag else sounds), is_first, word))
        return found

    def _by_phone(self, net: Net, node: Node) -> dict[str, list[tuple[_Lag, str, Node]]]:
        """The words that may come next, by their first phone."""
        found = self._arcs.get(node)
        if found is None:
            found = self._arcs[node] = {}
            for word in net.moves(node):
                for sounds in self._sounds(word):
                    found.setdefault(sounds[0], []).append((sounds, word, net.follow(node, word)))
        return found

    def _sounds(self, word: str) -> tuple[_Lag, ...]:
        if word not in self._known:
            self._known[word] = tuple(tuple(way.split()) for way in self._phones(word) if way.split())
        return self._known[word]

    def _told(self, came: dict[_Place, tuple[_Place, bool, str] | None], place: _Place) -> SoundsAlike:
        sides: tuple[list[str], list[str]] = ([], [])
        while (step := came[place]) is not None:
            place, is_first, words = step
            first, _, second = words.partition(" ")
            if second:
                sides[0].append(first)
                sides[1].append(second)
            else:
                sides[0 if is_first else 1].append(first)
        one, other = tuple(reversed(sides[0])), tuple(reversed(sides[1]))
        return SoundsAlike(one, other, " ".join(phone for word in one for phone in next(iter(self._sounds(word)), ())))


def _meet(left: Node, right: Node, rest: _Lag, *, turned: bool) -> _Place:
    """The place after the side that was behind said a word: ``rest`` begins with an empty phone if it went beyond."""
    if rest[:1] == ("",):
        return (left, right, rest[1:], turned, True, "")
    return (left, right, rest, not turned if rest else True, True, "")
