"""What the tests of the embedded parts share: recorded callers, noise, and an ear that cuts sound into segments as a session does."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import attrs
import numpy as np
import pytest

from fsm_agents.audio.speech import Edge, SpeechDetector
from fsm_agents.audio.wav import read_wav
from fsm_agents.plugins.local import PocketsphinxSTT, WebRTCVAD
from fsm_agents.plugins.local.sphinx_stream import SphinxStream
from fsm_agents.stages.base import Transcript

RATE = 16000
FRAME = RATE // 50 * 2  # bytes of 20 ms
HANGOVER_MS = 200


def noise(kind: str, samples: int, level: float, seed: int) -> np.ndarray:
    """White or pink noise at ``level`` dBFS, the same for the same seed."""
    made = np.random.default_rng(seed).standard_normal(samples)
    if kind == "pink":
        spectrum = np.fft.rfft(made)
        made = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), samples)
    scaled: np.ndarray = made / made.std() * 32768 * 10 ** (level / 20)
    return scaled


def frames(pcm: bytes) -> Iterator[bytes]:
    """``pcm`` in pieces of 20 ms; a shorter rest is left out, as a session would hold it back."""
    for start in range(0, len(pcm) - FRAME + 1, FRAME):
        yield pcm[start : start + FRAME]


@cache
def _recording(name: str) -> bytes:
    pcm, rate = read_wav(Path(__file__).parent / "voices" / f"{name}.wav")
    assert rate == RATE
    return pcm


@attrs.define
class Ear:
    """A stream with what it told, and sound cut for it by WebRTCVAD with up to 300 ms of pre-roll, and a hangover as in a session."""

    stream: SphinxStream
    told: list[Transcript]
    segments: int = 0

    def listen(self, pcm: bytes) -> list[Transcript]:
        """Hear ``pcm`` between a second of silence before and after; return the finals. ``told`` then has all of this time."""
        self.told.clear()
        vad, detector, before = WebRTCVAD().open(), SpeechDetector(), deque[bytes](maxlen=15)
        quiet: int | None = None  # frames since the voice stopped
        heard = False
        for frame in frames(bytes(RATE * 2) + pcm + bytes(RATE * 2)):
            edge = detector.push(vad.is_speech(frame))
            if heard:
                self.stream.push(frame)
            else:
                before.append(frame)
            if edge is Edge.STARTED:
                quiet = None
                if not heard:
                    heard = True
                    self.segments += 1
                    self.stream.begin(self.segments)
                    self.stream.push(b"".join(before))
                    before.clear()
            elif edge is Edge.STOPPED:
                quiet = 0
            elif quiet is not None:
                quiet += 1
            if heard and quiet is not None and quiet * 20 >= HANGOVER_MS:
                self.stream.finish(self.segments)
                heard, quiet = False, None
        return [transcript for transcript in self.told if transcript.final]

    def segment(self, pcm: bytes) -> Transcript:
        """Hear ``pcm`` as one segment, whatever it is; return its final."""
        self.told.clear()
        self.segments += 1
        self.stream.begin(self.segments)
        for frame in frames(pcm):
            self.stream.push(frame)
        self.stream.finish(self.segments)
        assert [transcript.segment for transcript in self.told] == [self.segments] * len(self.told)
        assert [transcript.final for transcript in self.told] == [False] * (len(self.told) - 1) + [True]
        return self.told[-1]


@pytest.fixture(scope="session")
def recording() -> Callable[[str], bytes]:
    """``recording("table.slt")``: PCM of that caller."""
    return _recording


@pytest.fixture
def ear() -> Callable[..., Ear]:
    """``ear(phrases, **settings of PocketsphinxSTT)``."""

    def make(phrases: Sequence[str], **settings: object) -> Ear:
        told: list[Transcript] = []
        made = Ear(PocketsphinxSTT(**settings).open(told.append), told)  # type: ignore[arg-type]  # whatever the test gives
        made.stream.expect(phrases)
        return made

    return make


@pytest.fixture(scope="session")
def make_noise() -> Callable[[str, int, float, int], np.ndarray]:
    return noise


@pytest.fixture(scope="session")
def cut() -> Callable[[bytes], Iterator[bytes]]:
    return frames
