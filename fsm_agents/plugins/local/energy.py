"""``EnergyVAD``: takes for speech what is louder than the room.

For tests, for rooms whose steady noise is so loud that WebRTC's detector takes it for speech, and where that is missing. This
file may know levels only; it cannot tell a voice from a slammed door.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from fsm_agents.errors import MisuseError

__all__ = ["EnergyStream", "EnergyVAD"]

#: Part of the newest frame in the average level: about five frames are averaged, so that one quiet frame is not the floor.
NEWEST = 0.2

# What is measured is each sample minus the one half a millisecond before: a filter that costs 1 µs, passes 300 to 1700 Hz, and
# drops rumble. By plain level the slow swell of pink or brown noise opened 29 of 31 times at any distance from the voice;
# filtered, never. Rejected: the difference of neighbours (drops the vowels too: half the sentences were lost 10 dB above white
# noise).
_LAG_PER_SECOND = 2000


class EnergyVAD:
    """Voice activity detection by level (implements :class:`fsm_agents.stages.base.VAD`).

    The floor is the lowest average level of the last ``floor_seconds``. Speech opens above it by ``open_db`` and lasts while
    above it by ``close_db``. About 8 µs for a frame of 20 ms. Between it and a turn belongs
    :class:`fsm_agents.audio.speech.SpeechDetector`.

    Measured with 31 sentences in each of white, pink and brown noise: no false start down to 10 dB between voice and noise,
    onset heard after 50 to 70 ms (9 of 10 within 132); below 15 dB it breaks a third of the sentences in two.

    Args:
        rate: 8000 to 48000 samples per second.
        frame_ms: 10 to 60. 20: what rooms deliver.
        open_db: Decibels above the floor that open, ``close_db`` to 60. 6: of the published pairs, the one that was checked.
        close_db: Decibels above the floor that keep open, 0.1 to 40. 3: as above.
        floor_seconds: How far back the floor looks, 0.5 to 60. 3: longer than speech goes without a gap, shorter than a lorry.
        quietest: dBFS below which nothing counts as louder: the floor of digital silence. -60: speech into a normal microphone
            is at -40 and above.

    Raises:
        MisuseError: A value out of range.
    """

    def __init__(
        self,
        rate: int = 16000,
        frame_ms: int = 20,
        open_db: float = 6.0,
        close_db: float = 3.0,
        floor_seconds: float = 3.0,
        quietest: float = -60.0,
    ) -> None:
        _check("rate", rate, 8000, 48000)
        _check("frame_ms", frame_ms, 10, 60)
        _check("close_db", close_db, 0.1, 40.0)
        _check("open_db", open_db, close_db, 60.0)
        _check("floor_seconds", floor_seconds, 0.5, 60.0)
        _check("quietest", quietest, -100.0, -10.0)
        self.rate = rate
        self.frame_ms = frame_ms
        self.open_db = open_db
        self.close_db = close_db
        self.floor_frames = int(floor_seconds * 1000 / frame_ms)
        self.quietest = quietest

    def open(self) -> EnergyStream:
        """A detector for one session, with a floor of its own."""
        return EnergyStream(self)


class EnergyStream:
    """The detector of one session (implements :class:`fsm_agents.stages.base.VADStream`)."""

    __slots__ = ("_average", "_bytes", "_frame", "_lag", "_limit_db", "_lowest", "_numpy", "_vad")

    def __init__(self, vad: EnergyVAD) -> None:
        import numpy as np

        self._numpy: Any = np
        self._vad = vad
        self._bytes = vad.rate * vad.frame_ms // 1000 * 2
        self._lag = vad.rate // _LAG_PER_SECOND
        self._frame = 0
        self._average = 0.0
        self._limit_db = vad.open_db  # how far above the floor counts now: closed or open
        # (frame, average level), levels rising: the first is the lowest of the window; what is older and louder than a later one
        # is gone
        self._lowest: deque[tuple[int, float]] = deque()

    def is_speech(self, pcm: bytes) -> bool:
        """Whether this frame is speech.

        Raises:
            MisuseError: It is not exactly one frame.
        """
        if len(pcm) != self._bytes:
            raise MisuseError(f"EnergyVAD: a frame of {len(pcm)} bytes; give exactly {self._bytes}")
        level = self._level(pcm)
        speech = level >= self._floor(level) + self._limit_db
        self._limit_db = self._vad.close_db if speech else self._vad.open_db
        return speech

    def _level(self, pcm: bytes) -> float:
        """In dBFS, without rumble; not below ``quietest``."""
        samples = self._numpy.frombuffer(pcm, "<i2").astype("f4")
        moved = samples[self._lag :] - samples[: -self._lag]
        power = float(moved.dot(moved)) / len(moved) / 32768.0**2
        return max(self._vad.quietest, 10.0 * math.log10(power)) if power else self._vad.quietest

    def _floor(self, level: float) -> float:
        average = self._average + NEWEST * (level - self._average) if self._frame else level
        self._average = average
        lowest = self._lowest
        while lowest and lowest[-1][1] >= average:
            lowest.pop()
        lowest.append((self._frame, average))
        if lowest[0][0] <= self._frame - self._vad.floor_frames:
            lowest.popleft()
        self._frame += 1
        return lowest[0][1]


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise MisuseError(f"EnergyVAD: {name}={value!r} is out of range; give {low} to {high}")
