"""The sound of a call as it is recorded: where it lies in the file, what is taken back, and that little of it is held in memory."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import pytest

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.jobs.tape import BLOCK, HELD, CallTape

RATE = 8000
FRAME = RATE // 50


def pcm(value: int, samples: int = FRAME) -> bytes:
    return struct.pack("<h", value) * samples


def frame(value: int) -> AudioFrame:
    return AudioFrame(pcm(value), RATE)


def tracks(path: Path) -> tuple[list[int], list[int]]:
    with wave.open(str(path)) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (2, RATE)
        both = struct.unpack(f"<{2 * recording.getnframes()}h", recording.readframes(recording.getnframes()))
    return list(both[0::2]), list(both[1::2])


def spans(track: list[int]) -> list[tuple[int, int, int]]:
    """Value, first sample and length of each stretch that is not silence."""
    found: list[tuple[int, int, int]] = []
    for at, value in enumerate(track):
        if value and found and found[-1][0] == value and sum(found[-1][1:]) == at:
            found[-1] = (value, found[-1][1], found[-1][2] + 1)
        elif value:
            found.append((value, at, 1))
    return found


def test_the_caller_is_left_and_the_agent_right_where_they_sounded(tmp_path: Path) -> None:
    tape = CallTape(tmp_path / "call.wav", RATE)
    for tick in range(50):
        tape.left(tick * 20_000, frame(1 if tick < 10 else 0))
        if tick >= 25:
            tape.right(tick * 20_000, pcm(2))
    tape.close(1_000_000)
    left, right = tracks(tmp_path / "call.wav")
    assert len(left) == RATE
    assert spans(left) == [(1, 0, 10 * FRAME)]
    assert spans(right) == [(2, 25 * FRAME, 25 * FRAME)]


def test_a_loop_that_is_late_leaves_no_gap_and_a_pause_is_one(tmp_path: Path) -> None:
    """Frames that are 30 ms late, then a burst that catches up; then nothing for a second."""
    tape = CallTape(tmp_path / "call.wav", RATE)
    for at in (0, 20_000, 70_000, 70_000, 80_000):
        tape.left(at, frame(1))
    tape.left(1_100_000, frame(1))
    tape.close(0)
    assert spans(tracks(tmp_path / "call.wav")[0]) == [(1, 0, 5 * FRAME), (1, 1_100_000 * RATE // 1_000_000, FRAME)]


def test_what_did_not_sound_is_taken_back(tmp_path: Path) -> None:
    """A room that takes sound ahead says how much of it it forgot."""
    tape = CallTape(tmp_path / "call.wav", RATE)
    for _ in range(10):
        tape.right(0, pcm(2))
    tape.unsaid(4 * FRAME)
    tape.unsaid(0)
    tape.right(6 * 20_000, pcm(3))
    tape.close(0)
    assert spans(tracks(tmp_path / "call.wav")[1]) == [(2, 0, 6 * FRAME), (3, 6 * FRAME, FRAME)]


def test_other_rates_are_resampled(tmp_path: Path) -> None:
    tape = CallTape(tmp_path / "call.wav", RATE)
    for tick in range(100):
        tape.left(tick * 20_000, AudioFrame(pcm(1000, 320), 16000))
    tape.close(2_000_000)
    left, _ = tracks(tmp_path / "call.wav")
    assert len(left) == 2 * RATE
    assert left[RATE] == pytest.approx(1000, abs=20)


def test_a_long_call_is_in_the_file_and_not_in_memory(tmp_path: Path) -> None:
    """The file is whole at every moment: it can be read while the call goes on, and after a crash."""
    tape = CallTape(tmp_path / "call.wav", RATE)
    most = 0
    wrote = 0
    for tick in range(50 * 60):
        wrote += tape.left(tick * 20_000, frame(1))
        tape.right(tick * 20_000, pcm(2))
        most = max(most, len(tape._left), len(tape._right))
    assert most <= (HELD + BLOCK + 0.1) * RATE * 2
    assert wrote == pytest.approx(60 - HELD, abs=1)
    left, right = tracks(tmp_path / "call.wav")
    assert len(left) >= (60 - HELD - BLOCK - 0.1) * RATE
    assert (set(left), set(right)) == ({1}, {2})
    tape.close(0)
    assert len(tracks(tmp_path / "call.wav")[0]) == 60 * RATE


def test_a_caller_who_is_not_heard_for_an_hour_is_silence(tmp_path: Path) -> None:
    tape = CallTape(tmp_path / "call.wav", RATE)
    tape.left(0, frame(1))
    tape.left(3600 * 1_000_000, frame(1))
    tape.close(0)
    with wave.open(str(tmp_path / "call.wav")) as recording:
        assert recording.getnframes() == 3600 * RATE + FRAME
