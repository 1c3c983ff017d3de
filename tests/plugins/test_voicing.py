"""A voice repeats itself; noise does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fsm_agents.plugins.local.voicing import Voicing


def test_every_line_has_a_voice(recording: Callable[[str], bytes]) -> None:
    for name in ("table", "evening", "yes", "kubernetes", "newspaper", "weather"):
        for voice in ("rms", "slt"):
            voicing = Voicing()
            voicing.push(recording(f"{name}.{voice}"))
            assert voicing.heard(), f"{name}.{voice}"


@pytest.mark.parametrize("level", [-50.0, -20.0])
@pytest.mark.parametrize("kind", ["white", "pink"])
def test_noise_and_silence_have_none(make_noise: Callable[[str, int, float, int], np.ndarray], kind: str, level: float) -> None:
    for seed in range(10):
        voicing = Voicing()
        voicing.push(bytes(6400))
        voicing.push(np.clip(make_noise(kind, 16000, level, seed), -32768, 32767).astype("<i2").tobytes())
        assert not voicing.heard()


def test_the_answer_does_not_depend_on_the_pieces_or_on_when_it_is_asked(recording: Callable[[str], bytes]) -> None:
    pcm = recording("yes.slt")
    voicing, first = Voicing(), None
    for start in range(0, len(pcm), 222):
        voicing.push(pcm[start : start + 222])
        if first is None and voicing.heard():
            first = start + 222
    assert first is not None
    for until, expected in ((first, True), (first - 222, False)):
        at_once = Voicing()
        at_once.push(pcm[:until])
        assert at_once.heard() is expected
