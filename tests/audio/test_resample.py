"""Another rate: the right length, the right sound, and no trace of how the stream was cut."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.audio import Resampler, rms
from fsm_agents.errors import MisuseError

RATES = st.sampled_from([8000, 11025, 16000, 22050, 24000, 44100, 48000])
PAIRS = [(48000, 16000), (16000, 48000), (22050, 16000), (16000, 22050), (8000, 24000), (48000, 8000), (44100, 48000)]


def sine(hertz: float, rate: int, seconds: float = 0.5, amplitude: float = 20000.0) -> bytes:
    """A tone."""
    return np.rint(amplitude * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype("<i2").tobytes()


def whole(resampler: Resampler, pcm: bytes) -> bytes:
    """A stream in one piece."""
    return resampler.push(pcm) + resampler.flush()


@given(RATES, RATES, st.binary(max_size=3000), st.lists(st.integers(0, 3000)))
def test_the_output_does_not_depend_on_the_cutting(source: int, target: int, pcm: bytes, cuts: list[int]) -> None:
    """Byte-identical for any cutting, through the middle of samples too: so nothing can click where pieces meet."""
    borders = [0, *sorted(min(cut, len(pcm)) for cut in cuts), len(pcm)]
    resampler = Resampler(source, target)
    pieces = [resampler.push(pcm[a:b]) for a, b in pairwise(borders)]
    pieces.append(resampler.flush())
    assert all(len(piece) % 2 == 0 for piece in pieces)
    assert b"".join(pieces) == whole(Resampler(source, target), pcm)


@given(RATES, RATES, st.integers(0, 5000))
def test_the_length_is_exact(source: int, target: int, samples: int) -> None:
    """The whole stream has as many samples as its duration says, rounded."""
    length = len(whole(Resampler(source, target), bytes(2 * samples))) // 2
    assert abs(length - samples * target / source) <= 0.5


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_tone_stays_that_tone(source: int, target: int) -> None:
    """In pitch, level and phase: the error is 80 dB below the tone, away from its two ends."""
    got = np.frombuffer(whole(Resampler(source, target), sine(1000, source)), "<i2").astype(float)
    expected = 20000 * np.sin(2 * np.pi * 1000 * np.arange(len(got)) / target)
    error = (got - expected)[200:-200]
    assert 10 * np.log10(np.mean(error**2) / np.mean(expected**2)) < -80


@pytest.mark.parametrize(("source", "target"), [(48000, 16000), (22050, 16000), (48000, 8000)])
def test_what_the_lower_rate_cannot_hold_is_gone(source: int, target: int) -> None:
    """A tone just above the new band leaves no alias: it would be heard as a whistle."""
    got = whole(Resampler(source, target), sine(target / 2 * 1.05, source))
    assert rms(got[400:-400]) < -80


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_level_stays_a_level(source: int, target: int) -> None:
    """Each set of weights sums to one: a constant comes out as that constant, everywhere but at the ends."""
    pcm = np.full(source // 5, 12345, "<i2").tobytes()
    middle = np.frombuffer(whole(Resampler(source, target), pcm), "<i2")[200:-200]
    assert set(middle.tolist()) == {12345}


def test_full_scale_is_clipped_and_does_not_wrap() -> None:
    """A filter overshoots at steps; wrapping would be a loud crack."""
    square = np.repeat(np.array([32767, -32768] * 20, "<i2"), 40)
    got = np.frombuffer(whole(Resampler(16000, 48000), square.tobytes()), "<i2")
    middle_of_high = got[3 * 80 * 5 + 60]
    assert got.max() == 32767
    assert got.min() == -32768
    assert middle_of_high > 30000


def test_sound_comes_while_it_is_pushed() -> None:
    """Only some 1.5 ms are held back: this is a stream."""
    resampler = Resampler(48000, 16000)
    assert len(resampler.push(bytes(2 * 960))) // 2 >= 320 - 25


@given(RATES, RATES, st.integers(0, 10**7))
def test_a_position_is_at_the_same_moment_in_the_output(source: int, target: int, sample: int) -> None:
    """Marks in the sound move with it: never later, and by less than a sample earlier."""
    moved = Resampler(source, target).scaled(sample)
    assert 0 <= sample * target / source - moved < 1


def test_after_a_flush_it_begins_another_stream() -> None:
    """The second stream hears nothing of the first."""
    resampler = Resampler(16000, 22050)
    first = whole(resampler, sine(500, 16000))
    resampler.push(b"\x01")
    resampler.flush()
    assert whole(resampler, sine(500, 16000)) == first


def test_the_past_is_not_kept() -> None:
    """An hour of sound must not pile up: what is held stays a few milliseconds."""
    resampler = Resampler(48000, 16000)
    for _ in range(50):
        resampler.push(bytes(2 * 960))
    assert len(resampler._held) < 500


def test_equal_rates_pass_through_without_numpy() -> None:
    """The way of a frame in the default set-up (16 kHz throughout) does not even import it."""
    code = (
        "import sys; from fsm_agents.audio import *; r = Resampler(16000, 16000); p = bytes(640);"
        "assert r.push(p) is p and r.flush() == b'';"
        "Chunker(640).push(p); SpeechDetector().push(False); AudioFrame(p, 16000);"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("source", "target"), [(7999, 16000), (16000, 96000)])
def test_rates_out_of_range_are_refused(source: int, target: int) -> None:
    """Either of them."""
    with pytest.raises(MisuseError, match="8000 to 48000"):
        Resampler(source, target)
