"""Phrases as automata over words: built with silent arcs, made deterministic for slots. Pure; knows no slot type and no language.

A phrase has no recursion and its only loops are put there by slot types, so everything here is a regular language: matching is linear,
and whether two phrases share a sentence can be decided. Whatever would grow without bound ends in a :class:`FlowError` (``F504``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final, Protocol, TypeAlias

import attrs

from fsm_agents.flows.problems import FlowError, Problem
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, PhraseRef, Sequence, SlotRef, Word

__all__ = [
    "ANY",
    "MAX_STATES",
    "NEVER",
    "Machine",
    "Nfa",
    "Repeated",
    "Spelling",
    "Use",
    "machine_of",
    "phrase_words",
    "repeated",
    "too_large",
]

ANY: Final = ""
"""On an arc: whatever word is said."""

MAX_NODES = 20_000
"""Most nodes of one phrase with everything in it written out. The widest state of a flow of 1,000 rows stays under 500."""
MAX_STEPS = 100_000
"""Most pieces that are looked at while one phrase is written out: named phrases that name others twice grow like powers of two."""
MAX_STATES = 20_000
"""Most states of a slot's automaton; those of dates are 150, of a choice of a thousand names 2,000."""
MAX_SIZE = 1_200_000
"""Most arcs and places of a slot's automaton, about a second. A choice of which several may be said at once has as many as the square
of its values, if something may follow each of them: five hundred are built, a thousand are refused."""
MAX_LIVES = 1_000
"""Most answers about words that a machine remembers."""
MAX_NESTING = 100
"""Deepest nesting of named phrases; more is a circle."""

Spelling: TypeAlias = Callable[[str], "tuple[str, ...]"]
"""A word of a phrase as the words of a normalised transcript: ``check-up`` -> ``check up``."""


def too_large(what: str) -> FlowError:
    """The error for what cannot be built within the bounds."""
    return FlowError(
        [
            Problem(
                "F504",
                f"{what} is too large to decide",
                why="it can be said in too many ways",
                fix="fewer [ ] and < >, or two rows",
            )
        ]
    )


class _Part(Protocol):
    """What a reference in a phrase stands for: another phrase, or an automaton with a name."""

    def __call__(self, ref: SlotRef | PhraseRef) -> Phrase | Use: ...


@attrs.frozen
class Repeated:
    """``( … )*``: said any number of times, also never. Flow files have no such sign; grammars for speech-to-text do."""

    inner: Phrase | Repeated


@attrs.frozen(eq=False)
class Machine:
    """A deterministic automaton: for each state, word to next state. State 0 is the start, and no arc leads back to it.

    Args:
        rows: The arcs. ``ANY`` takes what no other arc takes.
        accepts: Whether one may stop in a state.
        tags: For each state, of which phrases the words so far are a sentence; empty if nobody asked.
    """

    rows: tuple[dict[str, int], ...]
    accepts: tuple[bool, ...]
    tags: tuple[tuple[str, ...], ...] = ()
    _lives: dict[frozenset[str], bool] = attrs.field(factory=dict, init=False, repr=False)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word on an arc."""
        return frozenset().union(*self.rows)

    @cached_property
    def free(self) -> bool:
        """Whether it takes words that nobody wrote down."""
        return ANY in self.words

    @cached_property
    def more(self) -> frozenset[str]:
        """Words that may come although one might have stopped."""
        return frozenset().union(*(row for row, ends in zip(self.rows, self.accepts, strict=True) if ends))

    def lives(self, words: frozenset[str]) -> bool:
        """Whether it has a sentence of these words only."""
        if self.accepts[0]:
            return True
        known = words & self.words
        if len(known) == len(self.words):
            return self.shortest is not None
        found = self._lives.get(known)
        if found is None:
            if len(self._lives) >= MAX_LIVES:
                self._lives.clear()
            found = self._lives[known] = self._reaches_end(known)
        return found

    def _reaches_end(self, words: frozenset[str]) -> bool:
        seen = {0}
        for state in (waiting := [0]):
            if self.accepts[state]:
                return True
            row = self.rows[state]
            new = [row[word] for word in (words if len(words) < len(row) else row) if word in row and word in words]
            waiting += [after for after in dict.fromkeys(new) if after not in seen]
            seen.update(new)
        return False

    @cached_property
    def shortest(self) -> tuple[str, ...] | None:
        """A shortest sentence; ``None``: it takes none."""
        way: dict[int, tuple[str, ...]] = {0: ()}
        for state in (waiting := [0]):
            if self.accepts[state]:
                return way[state]
            for word, after in self.rows[state].items():
                if after not in way:
                    way[after] = (*way[state], word)
                    waiting.append(after)
        return None

    def walk(self, words: Iterable[str]) -> int | None:
        """The state after ``words``; ``None`` if no sentence goes that way."""
        state = 0
        for word in words:
            row = self.rows[state]
            after = row.get(word, row.get(ANY))
            if after is None:
                return None
            state = after
        return state

    def takes(self, words: Iterable[str]) -> bool:
        """Whether ``words`` are a sentence."""
        state = self.walk(words)
        return state is not None and self.accepts[state]

    def tagged(self, words: Iterable[str]) -> tuple[str, ...]:
        """Of which phrases ``words`` are a sentence, in order."""
        state = self.walk(words)
        return self.tags[state] if state is not None else ()


NEVER: Final = Machine(rows=({},), accepts=(False,), tags=((),))
"""Takes nothing: a choice whose values are not known yet."""


@attrs.frozen(eq=False)
class Use:
    """A machine at a place in a phrase; ``slot`` is empty if its words are nobody's value."""

    machine: Machine
    slot: str = ""


class Nfa:
    """Nodes with silent arcs, arcs of one word, and arcs that are a whole machine.

    Args:
        spell: See :data:`Spelling`.
        expand: What a slot or a named phrase stands for.
        what: What is built, for messages.
    """

    def __init__(self, spell: Spelling, expand: _Part, what: str = "this phrase") -> None:
        self.silent: list[list[int]] = []
        self.arcs: list[list[tuple[str, int]]] = []
        self.uses: list[list[tuple[Use, int]]] = []
        self._spell, self._expand, self._what = spell, expand, what

    def node(self) -> int:
        """A new node."""
        if len(self.arcs) >= MAX_NODES:
            raise too_large(self._what)
        self.silent.append([])
        self.arcs.append([])
        self.uses.append([])
        return len(self.arcs) - 1

    def use(self, use: Use, start: int, end: int) -> None:
        """An arc that is a machine."""
        self.uses[start].append((use, end))

    def add(self, phrase: Phrase | Repeated, start: int, end: int) -> None:
        """Write ``phrase`` out between two nodes. A stack of its own: phrases of strangers must not exhaust Python's."""
        tasks: list[tuple[Phrase | Repeated, int, int, int]] = [(phrase, start, end, 0)]
        for _ in range(MAX_STEPS):
            if not tasks:
                return
            part, here, there, depth = tasks.pop()
            match part:
                case Word(text):
                    self._chain(self._spell(text), here, there)
                case Sequence(items):
                    tasks += self._in_order(items, here, there, depth)
                case Alternatives(ways):
                    tasks += [(way, here, there, depth) for way in reversed(ways)]
                case Optional(inner):
                    self.silent[here].append(there)
                    tasks.append((inner, here, there, depth))
                case Repeated(inner):
                    hub = self.node()
                    self.silent[here].append(hub)
                    self.silent[hub].append(there)
                    tasks.append((inner, hub, hub, depth))
                case _:
                    found = self._expand(part)
                    if isinstance(found, Use):
                        self.use(found, here, there)
                    elif depth < MAX_NESTING:
                        tasks.append((found, here, there, depth + 1))
                    else:
                        raise too_large(self._what)
        raise too_large(self._what)

    def _in_order(self, items: tuple[Phrase, ...], here: int, there: int, depth: int) -> list[tuple[Phrase, int, int, int]]:
        if not items:
            self.silent[here].append(there)
            return []
        stops = [here, *(self.node() for _ in items[1:]), there]
        return [(item, stops[at], stops[at + 1], depth) for at, item in reversed(list(enumerate(items)))]

    def _chain(self, words: tuple[str, ...], here: int, there: int) -> None:
        for word in words[:-1]:
            after = self.node()
            self.arcs[here].append((word, after))
            here = after
        self.arcs[here].append((words[-1], there))

    def reach(self, node: int) -> list[int]:
        """The nodes that are reached from ``node`` without a word; itself first."""
        found, seen = [node], {node}
        for here in found:  # grows meanwhile
            for after in self.silent[here]:
                if after not in seen:
                    seen.add(after)
                    found.append(after)
        return found

    def machine(self, start: int, ends: dict[int, str]) -> Machine:
        """The nodes as a deterministic automaton; ``ends`` are the nodes where one may stop, with their tags."""
        closed: dict[int, frozenset[int]] = {}
        sets = [self._live(start, ends, closed) | {start}]  # with the start itself: no arc may lead back to a slot's first state
        number = {sets[0]: 0}
        known: dict[tuple[int, ...], int] = {}  # rows often share their targets
        rows: list[dict[str, int]] = []
        size = 0
        for nodes in sets:  # grows meanwhile
            by_word: dict[str, tuple[int, ...]] = {}
            for node in sorted(nodes):
                for word, after in self.arcs[node]:
                    by_word[word] = (*by_word[word], after) if word in by_word else (after,)
            for targets in by_word.values():
                if targets not in known and size <= MAX_SIZE:
                    reached = frozenset().union(*(self._live(target, ends, closed) for target in targets))
                    known[targets] = number.setdefault(reached, len(sets))
                    if known[targets] == len(sets):
                        sets.append(reached)
                        size += len(reached)
            size += len(by_word)
            if len(sets) > MAX_STATES or size > MAX_SIZE:
                raise too_large(self._what)
            rows.append({word: known[targets] for word, targets in by_word.items()})
        tags = tuple(tuple(dict.fromkeys(ends[node] for node in sorted(ends.keys() & nodes))) for nodes in sets)
        return Machine(tuple(rows), tuple(bool(tag) for tag in tags), tags)

    def _live(self, node: int, ends: dict[int, str], closed: dict[int, frozenset[int]]) -> frozenset[int]:
        """The nodes reached from ``node`` without a word, of which something comes; ``closed`` keeps what was found."""
        if node not in closed:
            found: set[int] = set()
            seen, waiting = {node}, [node]
            for here in waiting:  # grows meanwhile
                if here in closed:
                    found |= closed[here]
                    continue
                if self.arcs[here] or here in ends:
                    found.add(here)
                new = [after for after in self.silent[here] if after not in seen]
                seen.update(new)
                waiting += new
            closed[node] = frozenset(found)
        return closed[node]


def _nothing(ref: SlotRef | PhraseRef) -> Phrase:
    name = ref.slot if isinstance(ref, SlotRef) else ref.name
    raise FlowError([Problem("F306", f"'{name}' cannot be used in here", why="it stands inside a slot", fix="write its words")])


def machine_of(
    phrases: Iterable[tuple[str, Phrase]],
    spell: Spelling,
    *,
    joined: Phrase | None = None,
    expand: _Part = _nothing,
    what: str = "",
) -> Machine:
    """The automaton of several phrases, each with its tag.

    Args:
        phrases: Tags and phrases.
        spell: See :data:`Spelling`.
        joined: If given, sentences may follow each other with this between them, any number of times.
        expand: What references in the phrases stand for.
        what: What is built, for messages.
    """
    nfa = Nfa(spell, expand, what or "this slot")
    start, first = nfa.node(), nfa.node()
    nfa.silent[start].append(first)
    ends: dict[int, str] = {}
    for tag, phrase in phrases:
        # Of several values nobody asks which one was last, so they can share their end: without that, each has a state of its own.
        end = nfa.node() if joined is None or not ends else next(iter(ends))
        ends[end] = tag
        nfa.add(phrase, first, end)
    if joined is not None:
        hub = nfa.node()
        for end in ends:
            nfa.silent[end].append(hub)
        nfa.add(joined, hub, first)
    return nfa.machine(start, ends)


def repeated(phrase: Phrase | None, spell: Spelling, *, expand: _Part = _nothing, what: str = "") -> Machine:
    """``phrase`` any number of times, also never. Unlike a slot's, its start is come back to: that keeps it small."""
    nfa = Nfa(spell, expand, what or "this phrase")
    hub = nfa.node()
    if phrase is not None:
        nfa.add(phrase, hub, hub)
    return nfa.machine(hub, {hub: "here"})


def phrase_words(phrase: Phrase, expand: Callable[[SlotRef | PhraseRef], Phrase | str], spell: Spelling) -> str:
    """A phrase in the notation of grammars for speech-to-text: words, ``[ … ]``, ``( … | … )``.

    Args:
        phrase: The phrase. It was built as an automaton before, so it is known to have bounds.
        expand: What a reference stands for: a phrase, or text in this notation.
        spell: See :data:`Spelling`.
    """
    written: list[str] = []
    tasks: list[Phrase | str] = [phrase]
    while tasks:
        part = tasks.pop()
        match part:
            case str():
                written.append(part)
            case Word(text):
                written.append(" ".join(spell(text)))
            case Sequence(items):
                tasks += reversed(items)
            case Optional(inner):
                tasks += ["]", inner, "["]
            case Alternatives(ways):
                tasks += [")", *(one for way in reversed(ways[1:]) for one in (way, "|")), ways[0], "("]
            case _:
                found = expand(part)
                tasks += [")", found, "("] if isinstance(found, str) else [found]
    return " ".join(written)
