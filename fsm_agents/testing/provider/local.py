"""Ears and a voice for the provider where this machine has them: real words for a demonstration, instead of scripted ones and tones.

They are the package's own local plugins, with the extra ``[voice]``; nothing is loaded before a script asks for it.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fsm_agents.audio.resample import Resampler
from fsm_agents.testing.provider.tone import RATE, tone

if TYPE_CHECKING:
    from fsm_agents.plugins.local.sphinx import PocketsphinxSTT
    from fsm_agents.stages.base import Transcript
    from fsm_agents.testing.provider.script import Script

__all__ = ["heard", "load", "spoken"]

_QUIET = 60
"""The mean of 20 ms of samples, without signs, below which nothing is said."""
_LEAD = 15
"""Pieces of 20 ms before the first words that are listened to as well."""
_WORDS_A_MINUTE = 175
_SLOWEST, _FASTEST = 80, 450


def load(script: Script) -> None:
    """Load what the script asks for, so that the first caller does not wait for it."""
    if script.expects:
        heard(bytes(RATE // 5), RATE, script.expects)
    if script.voice == "espeak":
        spoken("Hello.")


def spoken(text: str, speed: float = 1.0) -> bytes:
    """PCM int16 little endian mono at ``RATE``: espeak-ng's voice; a tone where it is not installed."""
    if find_spec("espeakng_loader") is None:
        return tone(text, speed)
    from fsm_agents.plugins.local.espeak import speak

    pcm, rate, _marks = speak(text, speed=min(_FASTEST, max(_SLOWEST, round(_WORDS_A_MINUTE * speed))))
    resampler = Resampler(rate, RATE)
    return resampler.push(pcm) + resampler.flush()


def heard(pcm: bytes, rate: int, phrases: tuple[str, ...]) -> str | None:
    """Which of the phrases a recording says, empty for none of them; ``None`` where nothing can listen.

    Args:
        pcm: Int16 little endian mono.
        rate: Its samples per second.
        phrases: What may be said, as :class:`fsm_agents.plugins.local.PocketsphinxSTT` takes it.
    """
    if find_spec("pocketsphinx") is None:
        return None
    ear = _ear()
    resampler = Resampler(rate, ear.rate)
    pcm = _from_the_words_on(resampler.push(pcm) + resampler.flush(), ear.rate)
    said: list[Transcript] = []
    stream = ear.open(said.append)
    stream.expect(phrases)
    stream.begin(1)
    piece = ear.rate // 50 * 2
    for at in range(0, len(pcm), piece):
        stream.push(pcm[at : at + piece])
    stream.finish(1)
    return said[-1].text


@lru_cache(maxsize=1)
def _ear() -> PocketsphinxSTT:
    from fsm_agents.plugins.local.sphinx import PocketsphinxSTT

    return PocketsphinxSTT()


def _from_the_words_on(pcm: bytes, rate: int) -> bytes:
    """Without the silence before them: a realtime connection sends sound all the time."""
    import numpy as np

    size = rate // 50
    samples = np.frombuffer(pcm, "<i2")
    levels = np.abs(samples[: len(samples) // size * size].reshape(-1, size).astype(np.int32)).mean(axis=1)
    loud = np.flatnonzero(levels > _QUIET)
    first = max(0, int(loud[0]) - _LEAD) if loud.size else 0
    return pcm[first * size * 2 :]
