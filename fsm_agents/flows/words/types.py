"""What a slot type is, and the types that need no grammar of a language: text, yes or no, and types that a host registers.

Numbers, digits, choices, dates and times have files of their own. A language pack names the types it has.
"""

# ruff: noqa: D102 - the methods of slot types are described in SlotType

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.phrases import PhraseError, read_phrase
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import Alternatives, Phrase, PhraseRef, SlotRef
from fsm_agents.flows.words.automaton import ANY, Machine, Spelling, machine_of, phrase_words
from fsm_agents.flows.words.pack import LanguagePack

__all__ = [
    "Custom", "Given", "Invalid", "JSONValue", "Moment", "Said", "SlotType", "TextType", "YesNo", "plain", "register_type", "slot_type",
    "slot_types",
]  # fmt: skip

JSONValue: TypeAlias = Any
"""A value as JSON has it: text, integer, boolean, list of text. Dates are ``2026-12-01``, times ``09:30``."""

Given: TypeAlias = tuple[str, ...]
"""The strings of the tool's last result that a choice with ``values_from`` offers."""


@attrs.frozen
class Moment:
    """When something is said, where the caller is.

    Args:
        today: The date.
        now: The time of day, if it is known.
    """

    today: datetime.date
    now: datetime.time | None = None


@attrs.frozen
class Invalid:
    """Words that fit a slot and are no valid value."""

    reason: str


@attrs.frozen
class Said:
    """The words that a slot took.

    Args:
        words: As the phrases write them.
        pieces: For each word, the piece of the transcript it came from; empty for a word that shares the piece before it.
        given: See :data:`Given`.
    """

    words: tuple[str, ...]
    pieces: tuple[str, ...] = ()
    given: Given = ()

    @property
    def text(self) -> str:
        """As it stands in the transcript."""
        text = " ".join(piece for piece in self.pieces or self.words if piece)
        return text.replace("- ", "-").replace("/ ", "/")


class SlotType:
    """One type of slot. Types are stateless; what they need of a slot is in its :class:`~fsm_agents.flows.spec.SlotSpec`."""

    name: str = ""

    def machine(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine:
        """What callers may say. Never nothing at all."""
        raise NotImplementedError

    def loose(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine | None:
        """What is understood, if no edge takes the sentence, only to say that it is invalid; ``None``: no more than :meth:`machine`."""
        return None

    def grammar(self, slot: SlotSpec, given: Given, spell: Spelling) -> str:
        """The same as text for speech-to-text that takes a grammar; empty: there is none."""
        raise NotImplementedError

    def value(self, said: Said, slot: SlotSpec, moment: Moment) -> JSONValue | Invalid:
        """What was said, as JSON."""
        raise NotImplementedError

    def spoken(self, value: JSONValue, slot: SlotSpec, moment: Moment | None = None) -> str:
        """How a value is said."""
        return str(value)

    def fits(self, value: object, slot: SlotSpec, moment: Moment | None = None) -> bool:
        """Whether a value that does not come from the caller's words (a model, a tool, a saved session) is one of this slot's."""
        raise NotImplementedError

    def keyed(self, keys: str, slot: SlotSpec) -> JSONValue | Invalid | None:
        """The value that keys mean; ``None``: keys mean nothing here."""
        return slot.keys.get(keys)

    def content(self, slot: SlotSpec, given: Given, spell: Spelling) -> frozenset[str]:
        """The words in it that are worth telling to speech-to-text; those of numbers and dates are known everywhere."""
        return frozenset()


# --- text -----------------------------------------------------------------------------------------------------------------------------


class TextType(SlotType):
    """``text``: any words."""

    name = "text"

    def machine(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine:
        least, most = slot.words
        rows = tuple({ANY: at + 1} if at < most else {} for at in range(most + 1))
        return Machine(rows, tuple(at >= max(1, least) for at in range(most + 1)))

    def grammar(self, slot: SlotSpec, given: Given, spell: Spelling) -> str:
        return ""

    def value(self, said: Said, slot: SlotSpec, moment: Moment) -> JSONValue | Invalid:
        return said.text

    def fits(self, value: object, slot: SlotSpec, moment: Moment | None = None) -> bool:
        return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_TEXT


MAX_TEXT: Final = 4000
"""Longest text that is taken from a model or a saved session, in characters."""


# --- yes or no ------------------------------------------------------------------------------------------------------------------------


class YesNo(SlotType):
    """``yesno``: what the pack's phrases say.

    Args:
        yes: What means yes.
        no: What means no.
        words: How they are said: yes and no.
    """

    name = "yesno"

    def __init__(self, yes: Phrase, no: Phrase, words: tuple[str, str] = ("yes", "no")) -> None:
        self._phrases = (("yes", yes), ("no", no))
        self._words = words
        self._made: Machine | None = None

    def machine(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine:
        self._made = self._made or machine_of(self._phrases, spell)
        return self._made

    def grammar(self, slot: SlotSpec, given: Given, spell: Spelling) -> str:
        return plain(Alternatives(tuple(phrase for _, phrase in self._phrases)), spell)

    def value(self, said: Said, slot: SlotSpec, moment: Moment) -> JSONValue | Invalid:
        assert self._made is not None  # noqa: S101 - its machine took the words
        return self._made.tagged(said.words)[0] == "yes"

    def spoken(self, value: JSONValue, slot: SlotSpec, moment: Moment | None = None) -> str:
        return self._words[0 if value else 1]

    def fits(self, value: object, slot: SlotSpec, moment: Moment | None = None) -> bool:
        return isinstance(value, bool)

    def keyed(self, keys: str, slot: SlotSpec) -> JSONValue | Invalid | None:
        own = slot.keys or {"1": "yes", "2": "no"}
        return own[keys] == "yes" if keys in own else None


# --- types of a host ------------------------------------------------------------------------------------------------------------------


class Custom(SlotType):
    """A type that a host brings.

    Args:
        name: What ``type =`` says.
        grammar: What may be said: a phrase without slots.
        parse: The value of the words, JSON; ``None``: they are no valid one.
        say: How a value is said.
        fits: Whether a value from elsewhere is one of this type; left out: any text or number.

    Raises:
        MisuseError: The grammar cannot be read.
    """

    def __init__(
        self,
        name: str,
        *,
        grammar: str,
        parse: Callable[[tuple[str, ...]], JSONValue | None],
        say: Callable[[JSONValue], str] = str,
        fits: Callable[[object], bool] | None = None,
    ) -> None:
        try:
            self._phrase = read_phrase(grammar)
        except PhraseError as wrong:
            raise MisuseError(f"the grammar of the slot type {name!r}: {wrong}") from None
        self.name = name
        self._parse, self._say, self._fits = parse, say, fits
        self._made: dict[Spelling, Machine] = {}

    def machine(self, slot: SlotSpec, given: Given, spell: Spelling) -> Machine:
        if spell not in self._made:
            made = machine_of([("", self._phrase)], spell, what=f"the slot type {self.name}")
            if made.accepts[0]:
                raise MisuseError(
                    f"the grammar of the slot type {self.name!r} accepts nothing said; leave one word outside the [ ]"
                )
            self._made[spell] = made
        return self._made[spell]

    def grammar(self, slot: SlotSpec, given: Given, spell: Spelling) -> str:
        return plain(self._phrase, spell)

    def value(self, said: Said, slot: SlotSpec, moment: Moment) -> JSONValue | Invalid:
        value = self._parse(said.words)
        return Invalid(f"not a {self.name}") if value is None else value

    def spoken(self, value: JSONValue, slot: SlotSpec, moment: Moment | None = None) -> str:
        return self._say(value)

    def fits(self, value: object, slot: SlotSpec, moment: Moment | None = None) -> bool:
        if self._fits is not None:
            return self._fits(value)
        return isinstance(value, str | int | float) and not isinstance(value, bool)


_CUSTOM: dict[str, SlotType] = {}


def register_type(made: SlotType) -> None:
    """Make a slot type known to all flows; one that is known under this name is replaced. A pack's own types go before it."""
    _CUSTOM[made.name] = made


def slot_types(pack: LanguagePack) -> Mapping[str, SlotType]:
    """Every type that slots of a language may have."""
    return {**_CUSTOM, **pack.types}


def slot_type(name: str, pack: LanguagePack) -> SlotType:
    """The type that ``type = name`` means.

    Raises:
        MisuseError: There is none; says which there are.
    """
    found = slot_types(pack).get(name)
    if found is None:
        known = ", ".join(sorted(slot_types(pack)))
        raise MisuseError(
            f"no slot type is called {name!r}; known: {known}; one of the host's: register_type(Custom({name!r}, …)) first"
        )
    return found


def plain(phrase: Phrase, spell: Spelling) -> str:
    """A phrase without references, for :meth:`SlotType.grammar`."""
    return phrase_words(phrase, _no_reference, spell)


def _no_reference(ref: SlotRef | PhraseRef) -> str:
    raise MisuseError(f"a slot's own phrases are words: {ref} cannot stand in them")
