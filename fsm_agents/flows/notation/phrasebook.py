"""Checks what callers say: slots and named phrases that a phrase speaks of, circles of names, words of another script, size. Pure.

The bounds keep everything behind this from growing without end: ``a = "<b> <b>"``, ``b = "<c> <c>"`` … doubles with every line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterator, Mapping
from typing import Final

from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.known import Known
from fsm_agents.flows.phrases import MAX_WORDS
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, PhraseRef, Sequence, SlotRef, Word

__all__ = ["MAX_NESTING", "MAX_WORDS", "Phrasebook", "leaves"]

MAX_NESTING: Final = 60
"""Deepest nesting of brackets, through named phrases."""
LONG: Final = 40
"""Words shorter than this are remembered."""


_SIMPLE = re.compile(r"[a-z ()\[\]/{}0-9_]*+")
"""Most phrases: small letters, brackets and slots."""


def leaves(phrase: Phrase) -> Iterator[Word | SlotRef | PhraseRef]:
    """The words, slots and names in a phrase, in order."""
    match phrase:
        case Optional(inner):
            yield from leaves(inner)
        case Sequence(items):
            for item in items:
                yield from leaves(item)
        case Alternatives(ways):
            for way in ways:
                yield from leaves(way)
        case _:
            yield phrase


class Phrasebook:
    """The phrases of one file.

    Args:
        known: The file's names.
    """

    def __init__(self, known: Known) -> None:
        self.known = known
        self.good: set[str] = set()
        self.fine: set[str] = set()
        self.size: dict[str, tuple[int, int]] = {}

    def faults(self, phrase: Phrase, text: str, slots: Collection[str] = (), *, whole: bool = False) -> Iterator[Fault]:
        """What is wrong with a phrase that is written as ``text``.

        Args:
            phrase: The phrase.
            text: As it is written.
            slots: The slots that it may speak of.
            whole: Whether ``{}`` stands for something.
        """
        if self.plain(text, slots, whole=whole):
            return
        try:
            words, deep = self._measured(phrase, slots, whole)
        except _UnknownError:
            yield from self._unknown(phrase, text, slots, whole=whole)
            return
        if words > MAX_WORDS or deep > MAX_NESTING:
            yield _size(words, text)

    def plain(self, text: str, slots: Collection[str], *, whole: bool = False) -> bool:
        """Whether a short phrase is in order by its tokens alone; ``False``: it must be looked at."""
        if len(text) > MAX_WORDS or _SIMPLE.fullmatch(text) is None:
            return False
        bare = text.replace("[", " ").replace("]", " ").replace("(", " ").replace(")", " ").replace("/", " ")
        for token in set(bare.split()) - self.fine:
            if token[0] == "{":
                slot = token[1:-1]
                if not (slot in slots if slot else whole):
                    return False
            elif token.isalpha() and self.known.pack.alphabet(token):
                self.fine.add(token)
            else:
                return False
        return True

    def _measured(self, phrase: Phrase, slots: Container[str], whole: bool) -> tuple[int, int]:  # noqa: FBT001 - called by the thousand
        """Words and nesting of a phrase that is in order, its named phrases filled in."""
        match phrase:
            case Word(word):
                if not (word in self.good or self._written(word)):
                    raise _UnknownError
                return 1, 1
            case Optional(inner):
                words, deep = self._measured(inner, slots, whole)
                return words, deep + 1
            case SlotRef(slot):
                if not (slot in slots if slot else whole):
                    raise _UnknownError
                return 1, 1
            case Sequence(parts) | Alternatives(parts):
                words = deep = 0
                for part in parts:
                    more, depth = self._measured(part, slots, whole)
                    words += more
                    deep = max(deep, depth)
                return words, deep + 1
            case _:
                if phrase.name not in self.known.phrases:
                    raise _UnknownError
                return self._sized(phrase.name)

    def _unknown(self, phrase: Phrase, text: str, slots: Collection[str], *, whole: bool) -> Iterator[Fault]:
        for leaf in dict.fromkeys(leaves(phrase)):
            match leaf:
                case Word(word) if not self._written(word):
                    yield self._script(word, text)
                case SlotRef(slot) if not (slot in slots if slot else whole):
                    yield self._slot(slot, text, slots, whole=whole)
                case PhraseRef(name) if name not in self.known.phrases:
                    fault = self.known.unknown(name, "named phrase", self.known.phrases, "F310")
                    yield _at(fault, text, rf"<\s*({re.escape(name)})\s*>")
                case _:
                    pass

    def _written(self, word: str) -> bool:
        good = self.known.pack.alphabet(word)
        if good and len(word) < LONG:
            self.good.add(word)
        return good

    def _script(self, word: str, text: str) -> Fault:
        lang = self.known.pack.lang
        fault = Fault(
            "F307",
            f"'{word[:40]}' is no word of {lang}",
            width=len(word),
            fix="write it as it is spoken, in the language's letters",
        )
        return _at(fault, text, rf"(?i)(?<!\w)({re.escape(word)})")

    def _slot(self, slot: str, text: str, slots: Collection[str], *, whole: bool) -> Fault:
        fault = self.known.unknown(slot, "slot", slots)
        if not slot:
            fault = Fault(
                "F309", "'{}' stands for nothing here", width=2, why="it is the slot whose 'says' it stands in", fix="{size}"
            )
        elif slot in self.known.slots:
            fault = Fault(
                "F309",
                f"'{{{slot}}}' cannot stand here",
                width=len(slot),
                why="slots stand in rows, and in phrases that rows use",
            )
            if whole:
                fault.fix = "{} is the value"
        return _at(fault, text, rf"\{{\s*({re.escape(slot)})\s*\}}")

    def check_named(self, own: Mapping[str, Phrase]) -> Iterator[tuple[str, Fault]]:
        """F308 for names that run in a circle, F306 for those that are too large when they are filled in."""
        done: set[str] = set()
        for start in own:
            path: dict[str, None] = {}
            stack = [(start, False)] * (start not in done)
            while stack:
                name, leaving = stack.pop()
                if leaving:
                    path.popitem()
                    done.add(name)
                    words, deep = self._sized(name, below=True)
                    if name in own and (words > MAX_WORDS or deep > MAX_NESTING):
                        yield name, _size(words, "")
                elif name in path:
                    names = list(path)
                    circle = " → ".join([*names[names.index(name) :][:8], name])
                    message = f"named phrases run in a circle: {circle}"[:300]
                    yield names[-1], Fault("F308", message, fix="write the words out")
                elif name not in done:
                    path[name] = None
                    stack.append((name, True))
                    stack += [(inner, False) for inner in self._below(name)]

    def _below(self, name: str) -> Iterator[str]:
        """The named phrases in a named phrase."""
        phrase = self.known.phrases[name]
        if phrase is not None:
            refs = dict.fromkeys(leaf.name for leaf in leaves(phrase) if isinstance(leaf, PhraseRef))
            yield from (inner for inner in refs if inner in self.known.phrases)

    def _sized(self, name: str, *, below: bool = False) -> tuple[int, int]:
        """Words and nesting of a named phrase, filled in. The file's own are measured from below, those of the language when asked for."""
        known = self.size.get(name)
        if known is None and name in self.known.own and not below:
            return 1, 1  # it runs in a circle
        if known is None:
            self.size[name] = (1, 1)  # while it is measured: names may run in a circle
            phrase = self.known.phrases.get(name)
            words, deep = (1, 1) if phrase is None else self._measure(phrase)
            known = self.size[name] = (min(words, 10 * MAX_WORDS), deep)
        return known

    def _measure(self, phrase: Phrase) -> tuple[int, int]:
        match phrase:
            case PhraseRef(inner):
                return self._sized(inner)
            case Optional(body):
                words, deep = self._measure(body)
                return words, deep + 1
            case Sequence(parts) | Alternatives(parts):
                sizes = [self._measure(one) for one in parts]
                return sum(size for size, _ in sizes), 1 + max(depth for _, depth in sizes)
            case _:
                return 1, 1


class _UnknownError(Exception):
    """Something in a phrase is not known; what, is searched only then."""


def _size(words: int, text: str) -> Fault:
    what = f"{words:,} words" if words > MAX_WORDS else "brackets nest too deep"
    return Fault("F306", f"{what} when its named phrases are filled in", width=max(1, len(text)), fix="make several rows of it")


def _at(fault: Fault, text: str, pattern: str) -> Fault:
    """The fault at the first place in ``text`` that fits ``pattern``."""
    found = re.search(pattern, text)
    if found is not None:
        fault.at = found.start(1)
    return fault
