"""``PocketsphinxSTT``: speech-to-text on this machine, without download, key or account, for callers who say what is expected.

It hears the phrases it is told to expect, and nothing else: the recogniser gets one small grammar per state of a conversation.
That is what makes it good, where the same engine with an open vocabulary gets a third of the words wrong, and cheap. English only,
quiet rooms only.

Figures for a menu of eight sentences (a person's 120 recordings): 98 of 100 exact, 2 to 3 % of a core per speaking caller; at 10 dB of
white noise half is lost. For the states of flows, 140 to 280 words each (``python -m fsm_agents.testing.bench_ears`` on the pizza and the
appointment flow, synthetic voices, sentences that chose no limit, in silence): 95 to 98 of 100 understood with the right values by three
voices made of recordings (two of them chose the limits, with other sentences), 92 by a robot's. Of sentences that the state does not expect
78 to 93 % are rejected, of a person's recordings 87 %. 3 to 6 % of a core. In white noise at 20 dB most sentences of two of the three voices
are rejected (9, 11 and 70 of 100 understood), at 10 dB nearly all: a flow in a noisy place needs other ears.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.plugins.local.phrases import PhraseSet
from fsm_agents.plugins.local.sphinx_fit import WORD_COST
from fsm_agents.plugins.local.sphinx_stream import SphinxStream
from fsm_agents.plugins.local.sphinx_words import Lexicon
from fsm_agents.stages.base import Transcript

__all__ = ["PocketsphinxSTT"]

#: Sets of phrases that are kept read; a large flow has a hundred states.
KEPT_SETS = 512

MOST_ACTIVE = 500
"""Phonemes in play at a time, at most: what a wide grammar costs is their number. A menu never has so many."""

RATE = 16000
LANGUAGE = "en-us"


class PocketsphinxSTT:
    """Speech-to-text by pocketsphinx with a grammar per state (implements :class:`fsm_agents.stages.base.STT`).

    **It hears expected phrases only.** With nothing expected, every transcript is empty (and a warning is logged once): there is
    no open vocabulary here, and words are never made up. What is said outside the phrases is rejected as well as the sound tells
    (see ``rejection``), and then gives an empty transcript too. A sentence of which only the beginning was said gives the words
    so far.

    A phrase is words, ``[optional words]`` and ``(one way | another way)``; see
    :class:`~fsm_agents.plugins.local.phrases.PhraseSet`. Words that no dictionary has are pronounced as espeak-ng would read
    them.

    **Interim transcripts** come whenever the words change and fit the sound; ``complete`` is set when a sentence is whole,
    nothing can be added to it, and the caller has been silent for ``settle`` seconds: about 0.1 s before a detector of voice
    activity notices.

    Args:
        rate: Samples per second, 16000: what the acoustic model was trained with. Pipelines resample.
        language: ``"en-us"``: the model that comes with the package.
        rejection: Most nats per frame of 10 ms that the words may be away from the best fit; smaller rejects more. None takes
            whatever fits best, however badly, be it noise. The default was chosen on two voices and checked on others: see
            :mod:`fsm_agents.plugins.local.sphinx_fit`.
        settle: Seconds of silence after a whole sentence before it is ``complete``, 0 to 1.
        words: Pronunciations of your own, word to ARPABET: ``{"gnocchi": "N Y OW K IY"}``. They go before the dictionary.

    Raises:
        MissingExtra: The extra ``[voice]`` is not installed.
        MisuseError: A value out of range.
    """

    def __init__(
        self,
        rate: int = RATE,
        language: str = LANGUAGE,
        rejection: float | None = WORD_COST,
        settle: float = 0.1,
        words: Mapping[str, str] | None = None,
    ) -> None:
        if rate != RATE:
            raise MisuseError(
                f"PocketsphinxSTT: rate={rate!r}, but the acoustic model needs {RATE} samples per second; pipelines resample"
            )
        if language != LANGUAGE:
            raise MisuseError(f"PocketsphinxSTT: language={language!r}, but only {LANGUAGE!r} comes with the package")
        if rejection is not None and not rejection > 0:
            raise MisuseError(
                f"PocketsphinxSTT: rejection={rejection!r} rejects everything; give more than 0, or None to reject nothing"
            )
        if not 0 <= settle <= 1:
            raise MisuseError(f"PocketsphinxSTT: settle={settle!r} is out of range; give 0 to 1 seconds")
        self.rate = rate
        self.rejection = rejection
        self.settle = settle
        self._engine = _load()
        self._model = Path(self._engine.get_model_path(LANGUAGE))
        self._lexicon = Lexicon(self._model / "cmudict-en-us.dict", words)
        self._read = lru_cache(KEPT_SETS)(self._read_phrases)

    def prepare(self, phrases: Sequence[str]) -> PhraseSet:
        """Read phrases and look up every word of them, ahead of the first caller: all errors of a flow appear here.

        Kept for the last 512 sets; ``expect`` of every stream uses it.

        Raises:
            MisuseError: A phrase that cannot be read, or a word that cannot be pronounced: the message names both.
        """
        return self._read((phrases,) if isinstance(phrases, str) else tuple(phrases))

    def pronounce(self, words: Mapping[str, str]) -> None:
        """More pronunciations, as ``words`` of the class: those of a flow's ``[words]``, which reach it when a session with that flow starts.

        What was given to the class stays. If two flows give a word two sounds, both are heard. A stream that has already heard the
        word goes on with the sounds it knows.

        Raises:
            MisuseError: A phoneme that does not exist; nothing is changed then.
        """
        self._lexicon.add(words)

    def guessed(self, phrases: Sequence[str]) -> list[str]:
        """The words of ``phrases`` whose pronunciation is only espeak-ng's reading, sorted: candidates for ``words``."""
        return [word for word in self.prepare(phrases).words if self._lexicon.guessed(word)]

    def sounds(self, word: str) -> tuple[str, ...]:
        """The ways to pronounce a word, in ARPABET."""
        return self._lexicon.sounds(word)

    def open(self, heard: Callable[[Transcript], None]) -> SphinxStream:
        """A new ear for one session: 20 ms to make, 5 MB, and 8 MB once it has heard something.

        It hears nothing until it is told what to expect.
        """
        # lm=None, dict=None: neither the 27 MB language model nor the 134 000 words; words are added as phrases need them.
        # bestpath is a second search for the end of an utterance, for open vocabularies; here it changed no result and cost 0.4
        # ms.
        decoder = self._engine.Decoder(
            hmm=str(self._model / LANGUAGE),
            lm=None,
            dict=None,
            samprate=float(RATE),
            bestpath=False,
            maxhmmpf=MOST_ACTIVE,
            loglevel="FATAL",
        )
        return SphinxStream(self, decoder, heard)

    def _read_phrases(self, phrases: tuple[str, ...]) -> PhraseSet:
        expected = PhraseSet(phrases)
        self._lexicon.check(expected)
        return expected


def _load() -> Any:
    try:
        import pocketsphinx
    except ImportError as error:
        raise MissingExtra("voice", "PocketsphinxSTT", hint=_hint(sys.version_info[:2])) from error
    return pocketsphinx


def _hint(python: tuple[int, int]) -> str:
    """What is special about installing pocketsphinx on this Python; nothing for most."""
    if python >= (3, 14):
        # the extra leaves it out there, so that the rest of [voice] can be installed
        version = f"{python[0]}.{python[1]}"
        return (
            f"but pocketsphinx is not ready-made for Python {version}: use 3.13, or, with a C compiler, pip install pocketsphinx"
        )
    if python == (3, 12):
        return "on Python 3.12 it brings pocketsphinx 5.0.4: newer ones have no ready-made package there"
    return ""
