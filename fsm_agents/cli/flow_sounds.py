"""How the words of a flow sound, by the dictionary of the extra ``[voice]``; without it nothing is said of that."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.problems import Place, Problem, Severity
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, Sequence, Word
from fsm_agents.flows.words.pack import pack
from fsm_agents.flows.words.sounds import Phones

__all__ = ["Sounds"]

LANGUAGE = "en-US"
"""The one language whose words the dictionary knows."""


@attrs.frozen
class Sounds:
    """How words sound.

    Args:
        phones: A word's pronunciations; ``None``: nobody knows.
        name: What names the dictionary, so that a cache can tell it from another.
        missing: Why nobody knows; empty: somebody does.
        lexicon: The dictionary.
    """

    phones: Phones | None = None
    name: str = ""
    missing: str = ""
    lexicon: Any = None

    @classmethod
    def of(cls, flat: FlatFlow) -> Sounds:
        """The sounds of a flow's words, with the pronunciations that its files give."""
        if flat.spec.lang != LANGUAGE:
            return cls(missing=f"there is no dictionary of sounds for {flat.spec.lang}")
        try:
            import pocketsphinx
        except ImportError:
            return cls(missing="the extra [voice] is not installed: pip install 'fsm_agents[voice]'")
        from fsm_agents.plugins.local.sphinx_words import Lexicon

        own = {word: sound for scope in flat.scopes.values() for word, sound in scope.spec.words.items()}
        try:
            lexicon = Lexicon(Path(pocketsphinx.get_model_path("en-us")) / "cmudict-en-us.dict", own)
        except (MisuseError, OSError) as wrong:
            return cls(missing=str(wrong))

        def phones(word: str) -> tuple[str, ...]:
            try:
                return lexicon.sounds(word)
            except (MisuseError, MissingExtra):
                return ()

        return cls(phones, f"pocketsphinx {importlib.metadata.version('pocketsphinx')}", "", lexicon)

    def guessed(self, flat: FlatFlow) -> Iterator[Problem]:
        """F307, a note for each word that stands in no dictionary: once, where it stands first."""
        if self.phones is None:
            return
        spell, seen = pack(flat.spec.lang).normalise, set[str]()
        first: dict[str, Place] = {}
        for text, place in _words(flat):
            first.setdefault(text, place)
        for text, place in first.items():
            for word, _ in spell(text):
                if word not in seen:
                    seen.add(word)
                    yield from self._guess(word, place)

    def _guess(self, word: str, place: Place) -> Iterator[Problem]:
        if self.phones is None or not self.lexicon.guessed(word):
            return
        sounds = self.phones(word)
        said = f"guessed {sounds[0]}" if sounds else "and cannot be guessed"
        fix = f'accept it, or write  [words]  {word} = "{sounds[0] if sounds else "…"}"'
        yield Problem("F307", f"'{word}' is not in the pronunciation dictionary; {said}", place, fix=fix, severity=Severity.NOTE)


def _words(flat: FlatFlow) -> Iterator[tuple[str, Place]]:
    """Every word that is written in a phrase or a choice, with where that stands."""
    phrases = {
        id(edge.phrase): edge for edge in flat.edges.values() if edge.phrase is not None
    }  # a row of any state has one for all
    for edge in phrases.values():
        if edge.phrase is not None:
            yield from ((word, edge.place) for word in _of(edge.phrase))
    for slot in flat.slots.values():
        for phrase in slot.values.values():
            yield from ((word, slot.place) for word in _of(phrase))


def _of(phrase: Phrase) -> Iterator[str]:
    match phrase:
        case Word(text):
            yield text
        case Sequence(parts) | Alternatives(parts):
            for part in parts:
                yield from _of(part)
        case Optional(inner):
            yield from _of(inner)
        case _:
            pass
