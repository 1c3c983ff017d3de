"""How loud sound is."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.audio import rms
from fsm_agents.audio.level import QUIETEST


def test_full_scale_is_zero() -> None:
    """A square wave of full scale is 0 dBFS, a sine of full scale 3 dB less."""
    assert rms(struct.pack("<h", -32768) * 320) == pytest.approx(0.0)
    sine = [round(32767 * math.sin(2 * math.pi * n / 32)) for n in range(320)]
    assert rms(struct.pack("<320h", *sine)) == pytest.approx(-3.01, abs=0.01)


def test_half_the_amplitude_is_six_decibels_less() -> None:
    """The scale is logarithmic, of amplitude."""
    assert rms(struct.pack("<h", 8000) * 160) - rms(struct.pack("<h", 4000) * 160) == pytest.approx(6.02, abs=0.01)


@pytest.mark.parametrize("pcm", [b"", bytes(640), bytes(20000) + b"\x01\x00"])
def test_silence_has_a_level(pcm: bytes) -> None:
    """Nothing, zeros, and next to nothing: a finite number that can be averaged."""
    assert rms(pcm) == QUIETEST


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=400))
def test_the_level_is_the_definition(samples: list[int]) -> None:
    """Compared with plain arithmetic, for any sound."""
    mean_square = sum(sample * sample for sample in samples) / len(samples)
    expected = max(QUIETEST, 10 * math.log10(mean_square / 32768**2)) if mean_square else QUIETEST
    assert rms(struct.pack(f"<{len(samples)}h", *samples)) == pytest.approx(expected)
