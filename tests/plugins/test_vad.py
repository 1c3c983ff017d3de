"""The ears in noise: no false start, no miss, and what they refuse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from fsm_agents.audio.speech import Edge, SpeechDetector
from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.plugins.local import EnergyVAD, WebRTCVAD
from fsm_agents.stages.base import VAD

Recording = Callable[[str], bytes]
Noise = Callable[[str, int, float, int], np.ndarray]
Cut = Callable[[bytes], Iterator[bytes]]

EARS: dict[str, Callable[[], VAD]] = {"webrtc": WebRTCVAD, "energy": EnergyVAD}
LINES = ["table", "evening", "kubernetes", "newspaper", "weather"]
SPEECH = -26.0  # dBFS while speaking: what telephone networks aim for
LEAD = 40000  # samples of noise alone: 2.5 s


@pytest.fixture(params=list(EARS))
def vad(request: pytest.FixtureRequest) -> VAD:
    return EARS[request.param]()


def scene(pcm: bytes, kind: str, distance: float, seed: int, make_noise: Noise) -> bytes:
    """A line at SPEECH after LEAD and before 1 s, in noise ``distance`` dB below it."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    loud = samples[np.abs(samples) > np.abs(samples).max() / 50]
    samples *= 32768 * 10 ** (SPEECH / 20) / np.sqrt(np.mean(loud**2))
    sound = make_noise(kind, LEAD + len(samples) + 16000, SPEECH - distance, seed)
    sound[LEAD : LEAD + len(samples)] += samples
    return np.clip(sound, -32768, 32767).astype("<i2").tobytes()


@pytest.mark.parametrize("distance", [40.0, 20.0, 10.0])
@pytest.mark.parametrize("kind", ["white", "pink"])
def test_no_false_start_and_no_miss_in_noise(
    vad: VAD, recording: Recording, make_noise: Noise, cut: Cut, kind: str, distance: float
) -> None:
    for seed, line in enumerate(f"{name}.{voice}" for name in LINES for voice in ("rms", "slt")):
        stream, detector = vad.open(), SpeechDetector()
        started = []
        for number, frame in enumerate(cut(scene(recording(line), kind, distance, seed, make_noise))):
            if detector.push(stream.is_speech(frame)) is Edge.STARTED:
                started.append(number * 320)
        assert started, f"{line}: not heard"
        assert LEAD - 320 <= started[0] <= LEAD + 8000, f"{line}: started at sample {started[0]}, the line at {LEAD}"


def test_silence_is_silent(vad: VAD) -> None:
    stream = vad.open()
    assert not any(stream.is_speech(bytes(640)) for _ in range(200))


def test_each_session_has_its_own_ear(recording: Recording, cut: Cut) -> None:
    vad = EnergyVAD()
    used, fresh = vad.open(), vad.open()
    for frame in cut(bytes(32000) + recording("table.rms")):
        used.is_speech(frame)
    loud = next(frame for frame in cut(recording("table.rms")[9600:]))
    assert used.is_speech(loud)
    assert not fresh.is_speech(loud)  # it has heard nothing quieter yet


def test_the_floor_follows_a_room_that_gets_louder(make_noise: Noise, cut: Cut) -> None:
    stream = EnergyVAD(floor_seconds=1.0).open()
    quiet, loud = (make_noise("white", 48000, level, 1).astype("<i2").tobytes() for level in (-60.0, -40.0))
    assert not any(stream.is_speech(frame) for frame in cut(quiet))
    answers = [stream.is_speech(frame) for frame in cut(loud)]
    assert all(answers[:40])
    assert not any(answers[60:])


def test_speech_lasts_while_above_the_lower_limit() -> None:
    def tone(level: float) -> bytes:
        wave = np.sin(np.arange(320) * 2 * np.pi * 1000 / 16000) * 32768 * 10 ** (level / 20)
        return wave.astype("<i2").tobytes()

    stream = EnergyVAD(open_db=6.0, close_db=3.0).open()
    levels = [-50, -50, -45.5, -43.5, -45.5, -48, -45.5]
    assert [stream.is_speech(tone(level)) for level in levels] == [False, False, False, True, True, False, False]


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
@pytest.mark.parametrize(("rate", "frame_ms"), [(8000, 10), (16000, 20), (32000, 30), (48000, 20)])
def test_every_rate_and_frame_that_webrtc_knows(mode: int, rate: int, frame_ms: int) -> None:
    vad = WebRTCVAD(mode, rate, frame_ms)
    assert (vad.rate, vad.frame_ms) == (rate, frame_ms)
    assert vad.open().is_speech(bytes(rate * frame_ms // 1000 * 2)) in (True, False)


def test_a_frame_of_another_size_is_refused(vad: VAD) -> None:
    with pytest.raises(MisuseError, match="a frame of 642 bytes; give exactly 640"):
        vad.open().is_speech(bytes(642))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: WebRTCVAD(mode=4), "mode=4 is not possible; give one of 0, 1, 2, 3"),
        (lambda: WebRTCVAD(rate=44100), "rate=44100"),
        (lambda: WebRTCVAD(frame_ms=40), "frame_ms=40"),
        (lambda: EnergyVAD(rate=4000), "rate=4000 is out of range; give 8000 to 48000"),
        (lambda: EnergyVAD(frame_ms=100), "frame_ms=100"),
        (lambda: EnergyVAD(open_db=2.0, close_db=3.0), "open_db=2.0 is out of range; give 3.0 to"),
        (lambda: EnergyVAD(close_db=0.0), r"close_db=0\.0"),
        (lambda: EnergyVAD(floor_seconds=0.1), r"floor_seconds=0\.1"),
        (lambda: EnergyVAD(quietest=0.0), r"quietest=0\.0"),
    ],
)
def test_values_that_cannot_be(make: Callable[[], object], why: str) -> None:
    with pytest.raises(MisuseError, match=why):
        make()


def test_a_broken_module_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webrtcvad", None)
    with pytest.raises(MissingExtra, match=r"WebRTCVAD needs the extra .* webrtcvad-wheels"):
        WebRTCVAD()
