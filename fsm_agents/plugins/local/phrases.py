"""What the caller is expected to say, as a small automaton over words. Pure: no engine, no sound, no waiting.

A phrase is words with two constructs: ``[optional words]`` and ``(one way | another way)``, where ``/`` says the same as ``|``; they
nest, and a ``*`` behind a closing bracket lets it be said any number of times. ``PhraseSet`` reads a set of phrases once and then tells
for any text whether it is a complete sentence, the beginning of one, or neither.

How: :mod:`fsm_agents.plugins.local.phrase_graph` makes one graph of all phrases; what was said so far is a set of places in it. Rejected:
text grammars (JSGF), because the engine's parser refuses without naming the word and cannot start in the middle of a sentence.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.syntax import Alternatives, Optional, Sequence, Word
from fsm_agents.flows.words.automaton import Repeated
from fsm_agents.plugins.local.phrase_graph import Graph, graph_of

__all__ = ["Match", "Node", "PhraseSet", "read_phrase", "words_of"]

#: Deepest nesting of brackets. Written by people: more than this is a mistake, and the parser must not exhaust the stack.
MAX_DEPTH = 20
#: Most steps of one set that are remembered.
MAX_KEPT = 20_000

_TOKEN = re.compile(r"\s*(?:([\w'’.\-]+)|([\[\]()|/*])|(\S))")
_EDGE = " \t\r\n.,;:!?…“”„«»()" + '"'


class Match(enum.Enum):
    """How a text stands to a set of phrases."""

    COMPLETE = "a complete sentence"
    PREFIX = "the beginning of a sentence"
    NONE = "neither"


@attrs.frozen
class Node:
    """What was said so far: whether a sentence may end here, and from which places of the graph it may go on."""

    accepts: bool
    follow: frozenset[int]


class _Reader:
    """Reads one phrase: choice = sequence {"|" sequence}; item = word | "(" choice ")" [ "*" ] | "[" choice "]" [ "*" ]."""

    def __init__(self, phrase: str) -> None:
        self.phrase = phrase
        self.tokens = list(_tokens(phrase))
        self.at = 0

    def read(self) -> Any:
        part = self.choice(0)
        if self.at < len(self.tokens):
            self.fail(f"{self.tokens[self.at]!r} has no partner")
        return part

    def choice(self, depth: int) -> Any:
        ways = [self.sequence(depth)]
        while self.take("|"):
            ways.append(self.sequence(depth))
        if len(ways) > 1 and _NOTHING in ways:
            self.fail("one side of a | is empty")
        return Alternatives(tuple(ways)) if len(ways) > 1 else ways[0]

    def sequence(self, depth: int) -> Any:
        items: list[Any] = []
        while self.at < len(self.tokens) and self.tokens[self.at] not in ("|", ")", "]"):
            items.append(self.item(depth))
        return Sequence(tuple(items))

    def item(self, depth: int) -> Any:
        token = self.tokens[self.at]
        self.at += 1
        if token == "*":
            self.fail("a * stands behind a closing bracket")
        if token not in ("(", "["):
            return Word(token)
        if depth >= MAX_DEPTH:
            self.fail(f"brackets nest deeper than {MAX_DEPTH}")
        part = self.choice(depth + 1)
        if part == _NOTHING:
            self.fail("a pair of brackets is empty")
        if not self.take("]" if token == "[" else ")"):
            self.fail(f"{token!r} has no partner")
        if self.take("*"):
            return Repeated(part)
        return Optional(part) if token == "[" else part

    def take(self, token: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == token:
            self.at += 1
            return True
        return False

    def fail(self, why: str) -> NoReturn:
        raise MisuseError(f"phrase {self.phrase!r}: {why}")


_NOTHING = Sequence(())


def read_phrase(phrase: str) -> Any:
    """A phrase as a tree of :mod:`fsm_agents.flows.syntax` (and ``Repeated``).

    Raises:
        MisuseError: It cannot be read.
    """
    return _Reader(phrase).read()


def _tokens(phrase: str) -> Iterator[str]:
    for word, sign, other in _TOKEN.findall(phrase):
        if other:
            raise MisuseError(
                f"phrase {phrase!r}: {other!r} means nothing here; phrases are words, [optional words] and (one | another)"
            )
        if sign:
            yield "|" if sign == "/" else sign
        elif any(char.isdigit() for char in word):
            raise MisuseError(f"phrase {phrase!r}: write {word!r} as it is spoken, for example 'two' for '2'")
        elif not (any(char.isalpha() for char in word) and "_" not in word):
            raise MisuseError(f"phrase {phrase!r}: {word!r} is not a word")
        else:
            yield _plain(word)


def _plain(word: str) -> str:
    # "a.m." and "a.m" are one word: a transcript's full stop belongs to the sentence as often as to the word
    return word.casefold().replace("’", "'").strip(".-")


def words_of(text: str) -> list[str]:
    """The words of a transcript as phrases write them: lower case, no punctuation around them. Digits stay digits.

    >>> words_of("Yes, two LARGE pizzas.")
    ['yes', 'two', 'large', 'pizzas']
    """
    return [word for word in (_plain(piece.strip(_EDGE)) for piece in text.split()) if word]


class PhraseSet:
    """A set of phrases, ready to compare texts with.

    Args:
        phrases: At least one phrase. Upper and lower case are one. Word for word as spoken: digits are refused.

    Raises:
        MisuseError: A phrase that cannot be read; the message names the phrase and what is wrong.

    >>> sizes = PhraseSet(["[a] (large | small) pizza [please]"])
    >>> sizes.match("a large"), sizes.match("small pizza"), sizes.ends("small pizza"), sizes.match("pizza")
    (<Match.PREFIX: 'the beginning of a sentence'>, <Match.COMPLETE: 'a complete sentence'>, False, <Match.NONE: 'neither'>)
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self.phrases = (phrases,) if isinstance(phrases, str) else tuple(phrases)
        if not self.phrases:
            raise MisuseError("a set of phrases needs at least one phrase")
        self.graph: Graph = graph_of([(phrase, _said(phrase)) for phrase in self.phrases])
        self.start = attrs.evolve(self._node(self.graph.starts), accepts=False)
        #: Every word that can be said, sorted.
        self.words: tuple[str, ...] = tuple(sorted({word for row in self.graph.rows for word in row}))
        self._known: dict[tuple[Node, str], Node | None] = {}

    def _node(self, places: Iterable[int]) -> Node:
        reached = {after for place in places for after in self.graph.reached[place]}
        return Node(
            accepts=not self.graph.ends.isdisjoint(reached),
            follow=frozenset(place for place in reached if self.graph.rows[place]),
        )

    def after(self, node: Node, word: str) -> Node | None:
        """The state after one more word."""
        key = (node, word)
        if key not in self._known:
            if len(self._known) >= MAX_KEPT:
                self._known.clear()
            places = {self.graph.rows[place][word] for place in node.follow if word in self.graph.rows[place]}
            self._known[key] = self._node(places) if places else None
        return self._known[key]

    def next_words(self, node: Node) -> frozenset[str]:
        """The words that may come next."""
        return frozenset(word for place in node.follow for word in self.graph.rows[place])

    def walk(self, words: Iterable[str], start: Node | None = None) -> Node | None:
        """The state after ``words`` (from the beginning, or from ``start``); None if no sentence goes that way."""
        node: Node | None = self.start if start is None else start
        for word in words:
            if node is None:
                return None
            node = self.after(node, word)
        return node

    def either(self, one: Node, other: Node) -> Node:
        """A state from which one may go on as from ``one`` or as from ``other``; a sentence does not end in it."""
        return Node(accepts=False, follow=one.follow | other.follow)

    def match(self, text: str) -> Match:
        """How ``text`` stands to the phrases. An empty text is the beginning of every sentence: ``PREFIX``."""
        node = self.walk(words_of(text))
        if node is None:
            return Match.NONE
        return Match.COMPLETE if node.accepts else Match.PREFIX

    def ends(self, text: str) -> bool:
        """Whether ``text`` is a complete sentence that no longer sentence begins with: nothing more can come."""
        node = self.walk(words_of(text))
        return node is not None and node.accepts and not node.follow

    def __repr__(self) -> str:
        return f"PhraseSet({list(self.phrases)!r})"


def _said(phrase: str) -> Any:
    part = read_phrase(phrase)
    if _silent(part):
        raise MisuseError(f"phrase {phrase!r}: it can be said without a word: leave one word outside the [ ]")
    return part


def _silent(part: Any) -> bool:
    match part:
        case Word():
            return False
        case Sequence(items):
            return all(map(_silent, items))
        case Alternatives(ways):
            return any(map(_silent, ways))
        case _:  # Optional, Repeated
            return True
