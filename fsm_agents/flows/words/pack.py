"""What a language brings to a flow: phrases that every caller uses, lead-ins, tails, the words of numbers and dates, default texts.

English is built in. Another language is one object of this class and one call of :func:`register_pack`; nothing else knows English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.syntax import Phrase

__all__ = ["LanguagePack", "pack", "packs", "register_pack"]


@attrs.frozen(slots=False)
class LanguagePack:
    """One language.

    Args:
        lang: ``en-US``.
        phrases: Named phrases that every flow has: ``yes no repeat help operator goodbye start_over cancel correction`` and the like.
        before: Lead-ins accepted before every sentence ("um, i'd like"); any number of them.
        after: Tail words accepted after every sentence ("please"); any number of them.
        normalise: A transcript's words as phrases write them, each with the piece of the transcript it came from:
            ``"2 Pizzas" -> (("two", "2"), ("pizzas", "Pizzas"))``.
        types: The built-in slot types by name; see :mod:`fsm_agents.flows.words.types`.
        texts: What is said where a flow says nothing: ``wait``, ``no_match``, ``no_input``, ``invalid``, ``failed``, ``resumed``.
        forms: How ``{x:form}`` is spoken: a function of the value, by name (``money``, ``or``, ``and``, ``last4``, ``digits`` …).
        alphabet: Whether a word is written in the language's script.
        common: Words that every speech-to-text knows; they are not announced to it as keywords.
        articles: Words that only a thing begins with ("a large pizza"), never something done ("book a table").
        before_thing: Lead-ins before a thing. To the ear "i'd like to small" is "i'd like two small", and nobody says it. ``None``: those
            of ``before``.
    """

    lang: str
    phrases: Mapping[str, Phrase]
    before: Phrase | None
    after: Phrase | None
    normalise: Callable[[str], tuple[tuple[str, str], ...]]
    types: Mapping[str, Any]
    texts: Mapping[str, str]
    forms: Mapping[str, Callable[[Any], str]]
    alphabet: Callable[[str], bool]
    common: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    before_thing: Phrase | None = None


_PACKS: dict[str, LanguagePack] = {}


def register_pack(made: LanguagePack) -> None:
    """Make a language known; one that is known under this name is replaced."""
    _PACKS[made.lang] = made


_BUILT_IN = {"en-US": ("fsm_agents.flows.words.english", "ENGLISH")}
"""Languages that come with the package: the module and the name of the pack in it. Loaded when asked for; they import this file."""


def packs() -> tuple[str, ...]:
    """The languages that are known."""
    return tuple(sorted(_PACKS.keys() | _BUILT_IN.keys()))


def pack(lang: str) -> LanguagePack:
    """The pack of a language.

    Raises:
        MisuseError: nobody registered one; says which are known.
    """
    if lang not in _PACKS and lang in _BUILT_IN:
        module, name = _BUILT_IN[lang]
        register_pack(getattr(import_module(module), name))
    found = _PACKS.get(lang)
    if found is None:
        msg = f"no language pack is called {lang!r}; known: {', '.join(packs())}. Another one is registered by register_pack(…)"
        raise MisuseError(msg)
    return found
