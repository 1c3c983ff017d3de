"""A voice repeats itself; noise does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fsm_agents.plugins.local.voicing import Voicing


def whole(pcm: bytes) -> tuple[list[tuple[float, float]], float]:
    """One word from the first sample to the last."""
    seconds = len(pcm) / 32000
    return [(0.0, seconds)], seconds


def test_every_line_has_a_voice(recording: Callable[[str], bytes]) -> None:
    for name in ("table", "evening", "yes", "kubernetes", "newspaper", "weather"):
        for voice in ("rms", "slt"):
            voicing, pcm = Voicing(), recording(f"{name}.{voice}")
            voicing.push(pcm)
            assert voicing.explained(*whole(pcm)), f"{name}.{voice}"


@pytest.mark.parametrize("level", [-50.0, -20.0])
@pytest.mark.parametrize("kind", ["white", "pink"])
def test_noise_and_silence_have_none(make_noise: Callable[[str, int, float, int], np.ndarray], kind: str, level: float) -> None:
    for seed in range(10):
        voicing = Voicing()
        pcm = bytes(6400) + np.clip(make_noise(kind, 16000, level, seed), -32768, 32767).astype("<i2").tobytes()
        voicing.push(pcm)
        assert not voicing.explained(*whole(pcm))
        assert not voicing.explained([], 9.0)


def test_a_voice_outside_of_the_words_spoils_them(recording: Callable[[str], bytes]) -> None:
    speech, word = recording("weather.rms"), recording("yes.rms")
    begin, end = len(speech) / 32000, len(speech + word) / 32000
    voicing = Voicing()
    voicing.push(speech + word)
    assert not voicing.explained([(begin, end)], end)
    assert voicing.explained([(0.0, begin), (begin, end)], end)
    alone = Voicing()
    alone.push(bytes(len(speech)) + word)
    assert alone.explained([(begin, end)], end)
    later = Voicing()
    later.push(word + speech)
    assert later.explained([(0.0, end - begin)], end - begin)  # what comes behind the path is not looked at
    assert not later.explained([(0.0, end - begin)], end)


def test_the_answer_does_not_depend_on_the_pieces_or_on_when_it_is_asked(recording: Callable[[str], bytes]) -> None:
    pcm = recording("yes.slt")
    pieces = Voicing()
    for start in range(0, len(pcm), 222):
        pieces.push(pcm[start : start + 222])
        until = pcm[: start + 222]
        at_once = Voicing()
        at_once.push(until)
        assert pieces.explained(*whole(until)) is at_once.explained(*whole(until))


def test_a_voice_next_to_a_word_is_the_word_s() -> None:
    """Words begin a little before the engine says so; a voice that goes on for longer is another's."""
    pcm = (8000 * np.sin(np.arange(16000) * 2 * np.pi * 150 / 16000)).astype("<i2").tobytes()
    voicing = Voicing()
    voicing.push(pcm)
    assert voicing.explained([(0.22, 1.0)], 1.0)
    assert not voicing.explained([(0.3, 1.0)], 1.0)
    assert not voicing.explained([(0.95, 0.96)], 1.0)
