"""What the benchmark of ears is told: sentences of a flow's phrases, spoken by flite, in a quiet room or in noise.

Nothing of it is shipped: clips are made with flite and sox, which are Debian packages. This file hears nothing and counts nothing.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from fsm_agents.audio.wav import read_wav
from fsm_agents.errors import MisuseError
from fsm_agents.flows.syntax import Alternatives, Optional
from fsm_agents.flows.syntax import Sequence as InOrder
from fsm_agents.flows.words.automaton import Repeated
from fsm_agents.plugins.local.phrases import read_phrase

__all__ = ["EVERYDAY", "QUIET", "RATE", "VOICES", "Clips", "Rooms", "drawn", "recordings"]

RATE = 16000
VOICES = ("rms", "slt", "awb", "kal16")
QUIET = 1.0
"""Seconds before and after what is said."""
NORMAL_OPTIONAL = 0.25
"""How often an optional part is said."""

EVERYDAY = (
    "my dog ate the newspaper this morning",
    "what is the weather like in paris",
    "the train was late again because of the snow",
    "did you watch the football game last night",
    "i have been waiting here for twenty minutes",
    "turn down the radio i am on the phone",
    "where did you put the car keys",
    "she told me that her brother lives in texas",
    "we should paint the kitchen before summer",
    "how much does the blue jacket cost",
    "my internet connection is really slow",
    "the children are playing in the garden",
    "can you tell me the time",
    "i forgot my password",
    "put it on the table",
    "who won the election",
    "nobody knows",
    "shut the door",
    "look over there",
    "that is a beautiful picture",
)
"""Sentences that no state of the example flows expects."""


def drawn(phrase: str, chance: random.Random) -> str:
    """A sentence of a phrase: each way as likely as the others, each optional part in one case of four."""
    return " ".join(_drawn(read_phrase(phrase), chance))


def _drawn(part: Any, chance: random.Random) -> Iterator[str]:
    if isinstance(part, Alternatives):
        yield from _drawn(chance.choice(part.ways), chance)
    elif isinstance(part, InOrder):
        for item in part.items:
            yield from _drawn(item, chance)
    elif isinstance(part, Optional | Repeated):
        inner = part.inner
        if chance.random() < NORMAL_OPTIONAL:
            yield from _drawn(inner, chance)
    else:
        yield part.text


@attrs.frozen
class Clips:
    """Spoken sentences, made when they are asked for."""

    folder: Path

    def spoken(self, text: str, voice: str) -> bytes:
        """PCM of 16 kHz; without silence around it, peak at -6 dBFS."""
        name = hashlib.sha256(f"{voice} {text}".encode()).hexdigest()[:16]
        made = self.folder / f"{name}.wav"
        if not made.exists():
            raw = self.folder / f"{name}.{os.getpid()}.raw.wav"  # another run may make it, too
            subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(raw)], check=True, capture_output=True)  # noqa: S603, S607
            trim = "silence 1 0.01 -60d reverse silence 1 0.01 -60d reverse pad 0.05 0.05 norm -6".split()
            subprocess.run(["sox", "-D", str(raw), "-r", "16000", "-c", "1", "-b", "16", str(made), *trim], check=True)  # noqa: S603, S607
            raw.unlink()
        return read_wav(made)[0]


class Rooms:
    """Sound around what is said: silence, or noise so many dB below the voice.

    Args:
        noise: ``""``, ``"white:20"``, ``"babble:10"``, …: what, and how many dB the voice (its mean power) is louder.
        babble: Clips of which a babble is mixed, eight at a time.
    """

    def __init__(self, noise: str = "", babble: Sequence[bytes] = ()) -> None:
        kind, _, level = noise.partition(":")
        if noise and not (kind in ("white", "babble") and level.isdigit()):
            raise MisuseError(f"--noise {noise}: give white:DB or babble:DB, such as babble:20")
        self._kind, self._level, self._babble = kind, float(level or 0), babble

    def around(self, pcm: bytes, seed: int) -> bytes:
        """A clip with a second of the room before and after."""
        import numpy as np

        quiet = round(QUIET * RATE)
        voice = np.concatenate([np.zeros(quiet), np.frombuffer(pcm, "<i2").astype("f8"), np.zeros(quiet)])
        if not self._kind:
            return voice.astype("<i2").tobytes()
        chance = np.random.default_rng(seed)
        noise = np.zeros(len(voice))
        if self._kind == "white":
            noise = chance.normal(size=len(voice))
        else:
            for _ in range(8):
                talk = [np.frombuffer(self._babble[at], "<i2") for at in chance.integers(len(self._babble), size=12)]
                talker = np.resize(np.concatenate(talk), len(voice) + RATE)
                noise += np.roll(talker, int(chance.integers(RATE)))[: len(voice)]
        power = np.mean(voice[quiet:-quiet] ** 2)
        noise *= np.sqrt(power / np.mean(noise**2) / 10 ** (self._level / 10))
        return np.clip(voice + noise, -32768, 32767).astype("<i2").tobytes()


def recordings(folder: Path) -> list[tuple[str, bytes]]:
    """The WAV files of a folder, at 16 kHz."""
    found = [(path.stem, *read_wav(path)) for path in sorted(folder.rglob("*.wav"))]
    return [(name, pcm) for name, pcm, rate in found if rate == RATE]
