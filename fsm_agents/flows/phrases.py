"""Reads a phrase: words, ``[optional]``, ``(one / another)``, ``{slot}``, ``<named phrase>``. ``/`` binds loosest.

    phrase = words { "/" words } ;   words = item { item } ;
    item   = word | "[" phrase "]" | "(" phrase ")" | "{" [ slot ] "}" | "<" name ">" ;

A fault says where in the text it is, so that a message can point at it. Pure.
"""

from __future__ import annotations

import re
from typing import NoReturn

from fsm_agents.errors import FSMAgentsError
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, PhraseRef, Sequence, SlotRef, Word

__all__ = ["MAX_DEPTH", "MAX_WORDS", "PhraseError", "read_phrase"]

MAX_DEPTH = 20
"""Deepest nesting of brackets. People write phrases: more is a mistake, and reading must not exhaust the stack."""

MAX_WORDS = 5_000
"""Most words of a phrase, its named phrases filled in."""

LONG = 40
"""Tokens shorter than this are remembered: words come again and again."""

MOST = 10_000
"""So many of them."""

_TOKEN = re.compile(r"(\{[^{}]*\}|<[^<>]*>|[^\W_][\w'’\-]*|\S)")
_QUICK = re.compile(r"(\[[^\[\](){}<>]{0,38}\]|\([^\[\](){}<>]{0,38}\)|" + _TOKEN.pattern[1:])
"""The same, and a bracket without another in it: these come again and again too, as wholes."""
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_PARTNER = {"[": "]", "(": ")"}
_KNOWN: dict[str, Phrase] = {}
"""Tokens that were read: words, slots, names, and brackets without another in them."""
_STOPS = frozenset({"", "/", "]", ")"})


class PhraseError(FSMAgentsError):
    """A phrase cannot be read.

    Attributes:
        at: Where in the text, from 0.
        fix: What to write instead; may be empty.
        code: ``F306``, or ``F307`` for a word that cannot be one.
    """

    def __init__(self, message: str, at: int, fix: str = "", code: str = "F306") -> None:
        super().__init__(message)
        self.at, self.fix, self.code = at, fix, code


def read_phrase(text: str) -> Phrase:
    """The phrase that ``text`` is.

    Raises:
        PhraseError: it is none; says where and why.

    >>> read_phrase("[the] size / number")
    Alternatives(ways=(Sequence(items=(Optional(inner=Word(text='the')), Word(text='size'))), Word(text='number')))
    """
    try:
        return _Reader(text, _QUICK).read()
    except PhraseError:
        return _Reader(text, _TOKEN).read()  # by single tokens, so that the fault says where exactly


class _Reader:
    """The tokens and how far they are read. Where they stand is looked up only for a fault: phrases are read by the thousand."""

    def __init__(self, text: str, token: re.Pattern[str]) -> None:
        self.text = text
        self.tokens = [*token.findall(text), ""]
        self.at = 0

    def read(self) -> Phrase:
        phrase = self.ways(0)
        if self.tokens[self.at]:
            self.fail(f"'{self.tokens[self.at]}' was never opened")
        return phrase

    def ways(self, depth: int) -> Phrase:
        first = self.words(depth)
        if self.tokens[self.at] != "/":
            return first
        ways = [first]
        while self.tokens[self.at] == "/":
            self.at += 1
            ways.append(self.words(depth))
        return Alternatives(tuple(ways))

    def words(self, depth: int) -> Phrase:
        items: list[Phrase] = []
        tokens, at = self.tokens, self.at
        known = _KNOWN.get if depth < MAX_DEPTH else _nothing
        while (token := tokens[at]) not in _STOPS:
            item = known(token)
            if item is None:
                self.at = at
                item = self.bracket(token, depth) if token in _PARTNER else self.item(token, depth)
                at = self.at
            else:
                at += 1
            items.append(item)
        self.at = at
        if not items:
            self.fail("nothing stands here" if self.text.strip() else "the phrase is empty", "write the words")
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def item(self, token: str, depth: int) -> Phrase:
        """A token that is met for the first time."""
        if token[0] in _PARTNER:
            if depth >= MAX_DEPTH:
                self.fail("too deep")  # the slow way says it
            found: Phrase = _Reader(token, _TOKEN).read()
        else:
            word = Word(token.casefold()) if token.isalpha() else _item(token)
            if isinstance(word, tuple):
                self.fail(*word)
            found = word
        if len(token) < LONG:
            if len(_KNOWN) >= MOST:
                _KNOWN.clear()
            _KNOWN[token] = found
        self.at += 1
        return found

    def bracket(self, token: str, depth: int) -> Phrase:
        opened = self.at
        if depth >= MAX_DEPTH:
            self.fail(f"brackets nest deeper than {MAX_DEPTH}", "name the inner phrase in [phrases]")
        self.at += 1
        inner = self.ways(depth + 1)
        if self.tokens[self.at] != _PARTNER[token]:
            self.at = opened
            self.fail(f"'{token}' is never closed in \"{self.text}\"", f"add '{_PARTNER[token]}'")
        self.at += 1
        return Optional(inner) if token == "[" else inner

    def fail(self, message: str, fix: str = "", code: str = "F306") -> NoReturn:
        starts = [found.start(1) for found in _TOKEN.finditer(self.text)]
        start = starts[self.at] if self.at < len(starts) else len(self.text)
        raise PhraseError(message, start, fix, code)


def _nothing(_: str) -> None:
    """Where no bracket may stand any more nothing is remembered: a token may be one."""


def _item(token: str) -> Word | SlotRef | PhraseRef | tuple[str, str] | tuple[str, str, str]:
    """What a token is that is no bracket; message, fix and code if it is nothing."""
    if token[0] == "{" and token[-1] == "}":
        name = token[1:-1].strip()
        if name and not _NAME.match(name):
            return f"'{name}' is no name of a slot", "small letters, digits and _"
        return SlotRef(name)
    if token[0] == "<" and token[-1] == ">":
        if not _NAME.match(token[1:-1].strip()):
            return f"'{token}' names no phrase", "small letters, digits and _"
        return PhraseRef(token[1:-1].strip())
    if not (token[0].isalnum()):
        said = "'|' separates columns" if token == "|" else f"'{token}' means nothing in a phrase"
        return said, "yes / yeah" if token == "|" else "words, [optional], (one / another), {slot}, <phrase>"
    if any(char.isdigit() for char in token):
        return f"'{token}' is not written as it is spoken", "two, for 2", "F307"
    if "_" in token:
        return f"'{token}' is not a word", f"<{token}> for a named phrase, {{{token}}} for a slot", "F307"
    return Word(token.casefold().replace("’", "'").strip("-'") or token)
