"""What a caller's words mean in one state: which edges take them, with which values; and whether a sentence is whole. Pure.

A state's edges are walked side by side, each along its own automaton, which all states of a flow share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Several
from enum import Enum
from functools import cached_property
from typing import Final, TypeAlias

import attrs

from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, Sequence, Word
from fsm_agents.flows.words.net import Net, Node, Spans
from fsm_agents.flows.words.types import Given, Invalid, JSONValue, Moment, Said
from fsm_agents.flows.words.vocabulary import Heardable, Vocabulary, parts_of

__all__ = ["Parse", "Progress", "Recogniser"]

MAX_TRIED: Final = 16
"""Most ways to share the words among the slots whose values are looked at; the first one that is valid is taken."""
KEPT_VARIANTS: Final = 32
"""Most offers of a tool for which a state's recogniser is kept."""

_DIGIT_SIGNS: Final = re.compile(r"(?<=\d)[\s().\-/]*(?=\d)|\+(?=\d)")
_WITH_DIGITS: Final = re.compile(r"\d")

Words: TypeAlias = "str | Several[str]"


class Progress(Enum):
    """How words stand to what is expected."""

    COMPLETE = "a sentence; more may follow"
    ENDS = "a sentence, and nothing but tail words may follow"
    PREFIX = "the beginning of a sentence"
    NONE = "neither"


@attrs.frozen
class Parse:
    """An edge that takes the words.

    Args:
        edge: Its number.
        values: Slots with their values, in the order said; a slot said twice has its last value.
        invalid: Slots whose words are no valid value, with these words.
        free: Whether free text takes part: such an edge comes after those that know the words.
        reasons: For each of ``invalid``, why, in a few words for the log.
    """

    edge: int
    values: tuple[tuple[str, JSONValue], ...] = ()
    invalid: tuple[tuple[str, str], ...] = ()
    free: bool = False
    reasons: tuple[str, ...] = ()


class Recogniser:
    """What may be said in one state.

    Args:
        edges: In the order in which they are answered.
        vocabulary: What they are built with; left out: American English with its own lead-ins and tails.
        given: Slot with ``values_from`` to the strings of the tool's last result. Strings in another script are left out.

    Raises:
        FlowError: An edge is too large (``F504``).
    """

    def __init__(
        self, edges: Several[Heardable], vocabulary: Vocabulary | None = None, given: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        self.edges = tuple(edges)
        self.vocabulary = vocabulary or Vocabulary()
        self.given: dict[str, Given] = {name: self._sayable(texts) for name, texts in (given or {}).items()}
        self._variants: dict[tuple[tuple[str, Given], ...], Recogniser] = {}

    def with_given(self, given: Mapping[str, Iterable[str]]) -> Recogniser:
        """The same state after a tool's result; made once for each result."""
        key = tuple(sorted((name, tuple(texts)) for name, texts in given.items()))
        if key not in self._variants:
            if len(self._variants) >= KEPT_VARIANTS:
                del self._variants[next(iter(self._variants))]
            self._variants[key] = Recogniser(self.edges, self.vocabulary, given)
        return self._variants[key]

    def _sayable(self, texts: Iterable[str]) -> Given:
        spell, known = self.vocabulary.spell, self.vocabulary.pack.alphabet
        return tuple(dict.fromkeys(text for text in texts if all(map(known, spell(text)))))

    @cached_property
    def nets(self) -> tuple[Net, ...]:
        """The edges' automata, in order."""
        return tuple(self.vocabulary.net(edge, self.given) for edge in self.edges)

    @cached_property
    def open(self) -> bool:
        """Whether words may be said that nobody wrote down: it needs speech-to-text without a grammar."""
        return any(net.free for net in self.nets)

    @cached_property
    def _has_digits(self) -> bool:
        return any(
            edge.slots[name].type == "digits" for edge, net in zip(self.edges, self.nets, strict=True) for name in net.slots
        )

    # --- what it means --------------------------------------------------------------------------------------------------------------

    def read(self, said: Words, moment: Moment) -> tuple[Parse, ...]:
        """The edges that take what was said, in the order of the edges.

        Args:
            said: A transcript, or words that are normalised already.
            moment: When, for dates.
        """
        words, pieces = self._words(said)
        found = self._parses(self.nets, words, pieces, moment)
        if self._has_digits and all(parse.free for parse in found):
            again = self._digitwise(said)
            exact = [parse for parse in self._parses(self.nets, *again, moment) if not parse.free] if again else []
            if exact:
                return self._in_order((*found, *exact))
            if not found:  # too few or too many digits: nobody's sentence, but somebody's invalid value
                loose = tuple(self.vocabulary.net(edge, self.given, loose=True) for edge in self.edges)
                return self._parses(loose, *(again or (words, pieces)), moment)
        return found

    def _in_order(self, parses: tuple[Parse, ...]) -> tuple[Parse, ...]:
        by_edge = {parse.edge: parse for parse in parses}  # of one edge the later parse, which knows the words
        return tuple(by_edge[edge.number] for edge in self.edges if edge.number in by_edge)

    def _words(self, said: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if not isinstance(said, str):
            return tuple(said), tuple(said)
        pairs = self.vocabulary.pack.normalise(said)
        return tuple(word for word, _ in pairs), tuple(piece for _, piece in pairs)

    def _digitwise(self, said: Words) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """The words with every number digit by digit: ``4829`` and ``48-29`` are ``four eight two nine`` to a slot of digits."""
        if not isinstance(said, str) or not _WITH_DIGITS.search(said):
            return None
        return self._words(_DIGIT_SIGNS.sub(" ", said))

    def _parses(
        self, nets: tuple[Net, ...], words: tuple[str, ...], pieces: tuple[str, ...], moment: Moment
    ) -> tuple[Parse, ...]:
        found: list[Parse] = []
        for edge, net in zip(self.edges, nets, strict=True):
            node = net.walk(words)
            if node is not None and node.accepts:
                if net.slots:
                    found.append(self._best(edge, net, words, pieces, moment))
                else:
                    found.append(Parse(edge.number))
        return tuple(found)

    def _best(self, edge: Heardable, net: Net, words: tuple[str, ...], pieces: tuple[str, ...], moment: Moment) -> Parse:
        first: Parse | None = None
        for spans in net.spans(words)[:MAX_TRIED]:
            parse = self.valued(edge, spans, words, pieces, moment, free=net.is_free(spans))
            if not parse.invalid:
                return parse
            first = first or parse
        assert first is not None  # noqa: S101 - the automaton took the words, so there is a way
        return first

    def valued(
        self, edge: Heardable, spans: Spans, words: tuple[str, ...], pieces: tuple[str, ...], moment: Moment, *, free: bool
    ) -> Parse:
        """The values of an edge's slots if they share the words in this way."""
        values: dict[str, JSONValue] = {}
        wrong: dict[str, tuple[str, str]] = {}
        for name, start, stop in spans:
            slot, said = edge.slots[name], Said(words[start:stop], pieces[start:stop], self.given.get(name, ()))
            value = self.vocabulary.type_of(slot).value(said, slot, moment)
            if isinstance(value, Invalid):
                wrong[name] = (said.text, value.reason)
                values.pop(name, None)
            else:
                values[name] = value
                wrong.pop(name, None)
        invalid = tuple((name, text) for name, (text, _) in wrong.items())
        return Parse(edge.number, tuple(values.items()), invalid, free, tuple(reason for _, reason in wrong.values()))

    # --- how far it is --------------------------------------------------------------------------------------------------------------

    def progress(self, said: Words) -> Progress:
        """How what was said so far stands to what is expected. Nothing said is the beginning of everything."""
        found = self._progress(self._words(said)[0])
        if found is Progress.NONE and self._has_digits and (again := self._digitwise(said)) is not None:
            return self._progress(again[0])
        return found

    def _progress(self, words: tuple[str, ...]) -> Progress:
        if not words:
            return Progress.PREFIX
        nodes: list[Node] = [node for net in self.nets if (node := net.walk(words)) is not None]
        if not any(node.accepts for node in nodes):
            return Progress.PREFIX if nodes else Progress.NONE
        return Progress.ENDS if all(node.ends for node in nodes) else Progress.COMPLETE

    # --- for speech-to-text ---------------------------------------------------------------------------------------------------------

    @cached_property
    def _grammars(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, (self.vocabulary.grammar(edge, self.given) for edge in self.edges))))

    def phrases(self) -> tuple[str, ...]:
        """What may be said, for speech-to-text that takes a grammar: words, ``[ … ]``, ``( … | … )``, ``*`` behind a bracket.

        Edges with free text are missing: such speech-to-text cannot hear them (see :attr:`open`).
        """
        return self._grammars

    @cached_property
    def _keywords(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        known = self.vocabulary.pack.common | self.vocabulary.fillers
        for edge, net in zip(self.edges, self.nets, strict=True):
            words = [word for text in _literals(edge) for word in self.vocabulary.spell(text)]
            for name in net.slots:
                slot = edge.slots[name]
                words += sorted(self.vocabulary.type_of(slot).content(slot, self.given.get(name, ()), self.vocabulary.spell))
            found |= dict.fromkeys(word for word in words if word not in known)
        return tuple(found)

    def keywords(self) -> tuple[str, ...]:
        """The words that matter here, for speech-to-text that takes hints: those of phrases and choices, without everyday words."""
        return self._keywords


def _literals(edge: Heardable) -> list[str]:
    """The words that stand in an edge itself, in order; named phrases are everyday words."""
    found: list[str] = []
    waiting: list[Phrase] = [edge.phrase]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Word):
            found.append(part.text)
        elif isinstance(part, Sequence | Alternatives | Optional):
            waiting += reversed(parts_of(part))
    return found
