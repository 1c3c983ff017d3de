"""One edge as an automaton that is made deterministic while it is used, and the spans of words that its slots take.

A place in it is a set of *items*: nodes of the phrase, and states of the machines that stand in it. Slots stay machines: all edges share
them, so that a state with three corrections costs what its phrases cost. Pure.
"""

from __future__ import annotations

from functools import cached_property
from typing import TypeAlias

from fsm_agents.flows.words.automaton import ANY, Machine, Nfa, Use

__all__ = ["Net", "Node", "Spans"]

MAX_KEPT = 20_000
"""Most places that are remembered; then all are forgotten and found again."""
MAX_WAYS = 64
"""Most ways to share the words among slots that are followed at once; people write phrases with one or two."""

Spans: TypeAlias = tuple[tuple[str, int, int], ...]
"""Slots with the words they take, start and stop, in order."""


class Node:
    """A place after some words.

    Attributes:
        items: Where in the phrase and its machines one may be.
        accepts: Whether the words so far are a sentence.
        ends: Whether they are one, and nothing but tail words may follow.
    """

    __slots__ = ("_moves", "_next", "accepts", "ends", "items")

    def __init__(self, items: frozenset[int], *, accepts: bool, ends: bool) -> None:
        self.items, self.accepts, self.ends = items, accepts, ends
        self._moves: dict[str, set[int]] | None = None
        self._next: dict[str, Node] = {}


class Net:
    """One edge: ``start`` to ``final``.

    Args:
        nfa: Its nodes; nothing may be added to them any more.
        start: Where a sentence begins.
        final: Where one ends.
        tail: The machine of words that may follow any sentence; its words do not keep a sentence from being at its end.
    """

    def __init__(self, nfa: Nfa, start: int, final: int, tail: Use | None = None) -> None:
        self._arcs, self._final = nfa.arcs, final
        self._uses: list[tuple[Use, int]] = []
        self._base: list[int] = []
        self._owner: list[int] = []
        first_item = len(nfa.arcs)
        base_at: list[list[int]] = []
        for uses in nfa.uses:
            base_at.append([])
            for use, target in uses:
                base_at[-1].append(first_item + len(self._owner))
                self._base.append(first_item + len(self._owner))
                self._owner += [len(self._uses)] * len(use.machine.rows)
                self._uses.append((use, target))
        self._nfa, self._base_at, self._from = nfa, base_at, first_item
        self._closed: dict[int, tuple[int, ...]] = {}
        self._out: dict[int, dict[str, tuple[int, ...]]] = {}
        self._kept: dict[frozenset[int], Node] = {}
        self._tail = tail
        self.first: tuple[int, ...] = self._closure(start)
        self.start: Node = self._node(frozenset(self.first))

    # --- what it is ---------------------------------------------------------------------------------------------------------------

    @property
    def silent(self) -> bool:
        """Whether nothing said is a sentence of it."""
        return self.start.accepts

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """The slots in it, in order, each once."""
        return tuple(dict.fromkeys(use.slot for use, _ in self._uses if use.slot))

    @cached_property
    def free(self) -> bool:
        """Whether words that nobody wrote down may stand in it."""
        return any(use.machine.free for use, _ in self._uses)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word in it."""
        own = (word for arcs in self._arcs for word, _ in arcs)
        return frozenset(own).union(*(use.machine.words for use, _ in self._uses)) - {ANY}

    @cached_property
    def lead_in(self) -> frozenset[str]:
        """The words of the lead-in."""
        return frozenset().union(*(self._uses[index][0].machine.words for index in self._lead_ins))

    @cached_property
    def behind_lead_in(self) -> tuple[int, ...]:
        """The items where a sentence begins that has no lead-in, without those of the lead-in."""
        return tuple(at for at in self.first if at < self._from or self._owner[at - self._from] not in self._lead_ins)

    @cached_property
    def own_words(self) -> frozenset[str]:
        """Every word but those of lead-in and tail."""
        arcs = (word for arcs in self._arcs for word, _ in arcs)
        others = (use for at, (use, _) in enumerate(self._uses) if at not in self._lead_ins and use is not self._tail)
        return frozenset(arcs).union(*(use.machine.words for use in others)) - {ANY}

    @cached_property
    def _lead_ins(self) -> frozenset[int]:
        """Which machines are the lead-in: those without a slot where a sentence begins."""
        begin = {self._owner[at - self._from] for at in self.first if at >= self._from}
        return frozenset(at for at in begin if not self._uses[at][0].slot and self._uses[at][0] is not self._tail)

    @cached_property
    def needs(self) -> tuple[frozenset[str], tuple[Machine, ...]]:
        """What every sentence has: words that are written in it, and machines."""
        needed: dict[int, frozenset[str | Machine]] = dict.fromkeys(self.first, frozenset())
        waiting = list(self.first)
        for item in waiting:  # grows meanwhile: what is needed only shrinks, so it comes to an end
            so_far = needed[item]
            steps: list[tuple[frozenset[str | Machine], int]] = [
                (so_far | {word}, target) for word, target in self._arcs_at(item)
            ]
            use = self._use_at(item)
            if use is not None:
                steps = [(so_far | {use[0].machine}, use[1])]
            for told, target in steps:
                for after in self._closure(target):
                    known = needed.get(after)
                    if known is None or not known <= told:
                        needed[after] = told if known is None else known & told
                        waiting.append(after)
        found = needed.get(self._final, frozenset[str | Machine]())
        return frozenset(one for one in found if isinstance(one, str)), tuple(one for one in found if isinstance(one, Machine))

    def _arcs_at(self, item: int) -> list[tuple[str, int]]:
        return self._arcs[item] if item < self._from else []

    def lives(self, words: frozenset[str]) -> bool:
        """Whether it has a sentence of these words only. Quick: what it has of them is looked at, not all it has."""
        needed, machines = self.needs
        if not needed <= words or not all(machine.lives(words) for machine in machines):
            return False
        seen = set(self.first)
        for item in (waiting := list(self.first)):
            if item == self._final:
                return True
            use = self._use_at(item)
            if use is not None:
                targets = [*self._closure(use[1])] if use[0].machine.lives(words) else []
            else:
                arcs = self.out(item)
                targets = [at for word in arcs.keys() & words for at in arcs[word]]
            new = [at for at in dict.fromkeys(targets) if at not in seen]
            seen.update(new)
            waiting += new
        return False

    def _use_at(self, item: int) -> tuple[Use, int] | None:
        return None if item < self._from else self._uses[self._owner[item - self._from]]

    # --- walking ------------------------------------------------------------------------------------------------------------------

    def step(self, node: Node, word: str) -> Node | None:
        """The place after one more word; ``None``: no sentence goes that way."""
        found = node._next.get(word)  # noqa: SLF001 - a Node is this class's own memory
        if found is not None:
            return found
        moves = self.moves(node)
        if word in moves:
            return self.follow(node, word)
        return self.follow(node, ANY) if ANY in moves else None  # other people's words are not remembered one by one

    def follow(self, node: Node, word: str) -> Node:
        """The place after a word of :meth:`moves`."""
        found = node._next.get(word)  # noqa: SLF001
        if found is None:
            found = node._next[word] = self._node(frozenset(self.moves(node)[word]))  # noqa: SLF001
        return found

    def moves(self, node: Node) -> dict[str, set[int]]:
        """For each word that may come next, the items after it."""
        if node._moves is None:  # noqa: SLF001
            found: dict[str, set[int]] = {}
            for item in node.items:
                for word, targets in self.out(item).items():
                    if word in found:
                        found[word].update(targets)
                    else:
                        found[word] = set(targets)
            for word in found.keys() - {ANY} if ANY in found else ():
                found[word] |= found[ANY]
            node._moves = found  # noqa: SLF001
        return node._moves  # noqa: SLF001

    def walk(self, words: tuple[str, ...]) -> Node | None:
        """The place after ``words``."""
        node: Node | None = self.start
        for word in words:
            node = self.step(node, word) if node is not None else None
        return node

    def _node(self, items: frozenset[int]) -> Node:
        found = self._kept.get(items)
        if found is None:
            accepts = self._final in items
            ends = accepts and all(item == self._final or self._in_tail(item) for item in items)
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            found = self._kept[items] = Node(items, accepts=accepts, ends=ends)
        return found

    def _in_tail(self, item: int) -> bool:
        return item >= self._from and self._uses[self._owner[item - self._from]][0] is self._tail

    def _closure(self, node: int) -> tuple[int, ...]:
        """The items at a node: itself, what is reached without a word, and the beginnings of machines there."""
        found = self._closed.get(node)
        if found is None:
            items: dict[int, None] = {}
            waiting = [node]
            for here in waiting:  # grows meanwhile
                for at in self._nfa.reach(here):
                    if self._arcs[at] or at == self._final:
                        items[at] = None
                    for (use, target), base in zip(self._nfa.uses[at], self._base_at[at], strict=True):
                        items[base] = None
                        if use.machine.accepts[0]:
                            waiting.append(target)
            found = self._closed[node] = tuple(items)
        return found

    def _inside(self, index: int, state: int) -> tuple[int, ...]:
        """The items after a word that a machine took: in it if it may go on, and behind it if it may stop."""
        use, target = self._uses[index]
        inside = (self._base[index] + state,) if use.machine.rows[state] else ()
        return inside + self._closure(target) if use.machine.accepts[state] else inside

    # --- slots --------------------------------------------------------------------------------------------------------------------

    def after(self, item: int, word: str) -> tuple[tuple[int, ...], str, bool]:
        """Where one word leads from one item: the items, the slot that takes the word, and whether the slot begins with it."""
        row = self.out(item)
        targets = row.get(word) or row.get(ANY, ())
        if item < self._from:
            return targets, "", False
        index = self._owner[item - self._from]
        return targets, self._uses[index][0].slot, item == self._base[index]

    def out(self, item: int) -> dict[str, tuple[int, ...]]:
        """For each word that leads on from one item, the items behind it."""
        found = self._out.get(item)
        if found is None:
            found = {}
            if item < self._from:
                for word, target in self._arcs[item]:
                    found[word] = (*found.get(word, ()), *self._closure(target))
            else:
                index = self._owner[item - self._from]
                row = self._uses[index][0].machine.rows[item - self._base[index]]
                found = {word: self._inside(index, state) for word, state in row.items()}
            self._out[item] = found
        return found

    def entry(self, item: int) -> tuple[Use, tuple[int, ...]] | None:
        """If a slot begins at ``item``: the slot, and the items behind it."""
        found = self._use_at(item)
        return (found[0], self._closure(found[1])) if found is not None and found[0].slot else None

    def is_final(self, item: int) -> bool:
        """Whether a sentence may end at ``item``."""
        return item == self._final

    def spans(self, words: tuple[str, ...]) -> list[Spans]:
        """Every way in which the slots share ``words``, the best first; empty if they are no sentence.

        The best: least free text, then most slots, then the longest values from the left.
        """
        ways: dict[int, set[Spans]] = {item: {()} for item in self.first}
        for at, word in enumerate(words):
            found: dict[int, set[Spans]] = {}
            for item, so_far in ways.items():
                items, slot, begins = self.after(item, word)
                told = {_longer(spans, slot, at, begins=begins) for spans in so_far} if slot and items else so_far
                for after in items:
                    known = found.get(after)
                    found[after] = told if known is None else known | told
            ways = {item: self._best(told) if len(told) > MAX_WAYS else told for item, told in found.items()}
        return sorted(ways.get(self._final, ()), key=self.rank)

    def _best(self, ways: set[Spans]) -> set[Spans]:
        return set(sorted(ways, key=self.rank)[:MAX_WAYS])

    def rank(self, spans: Spans) -> tuple[object, ...]:
        """Smaller is better."""
        free = sum(stop - start for slot, start, stop in spans if slot in self._texts)
        return (free, -len(spans), tuple((start, -stop) for _, start, stop in spans), spans)

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset(use.slot for use, _ in self._uses if use.machine.free)

    def is_free(self, spans: Spans) -> bool:
        """Whether free text takes part."""
        return any(slot in self._texts for slot, _, _ in spans)


def _longer(spans: Spans, slot: str, at: int, *, begins: bool) -> Spans:
    if begins:
        return (*spans, (slot, at, at + 1))
    name, start, _ = spans[-1]
    return (*spans[:-1], (name, start, at + 1))
