"""``EnergyVAD``: takes for speech what is louder than the room. For quiet rooms, tests, and systems where WebRTC's detector is missing.

This file may know levels only; it cannot tell a voice from a slammed door.
"""

from __future__ import annotations

from collections import deque

from fsm_agents.audio.level import rms
from fsm_agents.errors import MisuseError

__all__ = ["EnergyStream", "EnergyVAD"]


class EnergyVAD:
    """Voice activity detection by level (implements :class:`fsm_agents.stages.base.VAD`).

    The floor is the lowest level, averaged over a few frames, of the last ``floor_seconds``. Speech opens above it by ``open_db`` and
    lasts while above it by ``close_db``. About 5 µs for a frame of 20 ms.

    Args:
        rate: 8000 to 48000 samples per second.
        frame_ms: 10 to 60. 20: what rooms deliver.
        open_db: Decibels above the floor that open, above ``close_db``. 6: from measurements with human speech in noise (above 15 dB
            of distance between voice and noise it loses nothing; below, it splits words).
        close_db: Decibels above the floor that keep open, above 0. 3: as above.
        floor_seconds: How far back the floor looks, 0.5 to 60. 3: longer than words without a pause, shorter than a lorry.
        quietest: dBFS below which nothing counts as louder: the floor of digital silence. -60: speech into a normal microphone is
            at -40 and above.

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


#: Part of the newest frame in the average level: about five frames are averaged, so a single quiet frame is not the floor.
NEWEST = 0.2


class EnergyStream:
    """The detector of one session (implements :class:`fsm_agents.stages.base.VADStream`)."""

    __slots__ = ("_average", "_frame", "_limit_db", "_lowest", "_vad")

    def __init__(self, vad: EnergyVAD) -> None:
        self._vad = vad
        self._frame = 0
        self._average: float | None = None
        self._limit_db = vad.open_db  # how far above the floor counts: closed or open
        # (frame, level), levels rising: the first is the lowest of the window, and what is louder and older than a later one never counts
        self._lowest: deque[tuple[int, float]] = deque()

    def is_speech(self, pcm: bytes) -> bool:
        """Whether this frame is speech. Any whole number of samples; meant for exactly ``frame_ms``."""
        level = max(rms(pcm), self._vad.quietest)
        speech = level >= self._floor(level) + self._limit_db
        self._limit_db = self._vad.close_db if speech else self._vad.open_db
        return speech

    def _floor(self, level: float) -> float:
        average = level if self._average is None else self._average + NEWEST * (level - self._average)
        self._average = average
        lowest = self._lowest
        while lowest and lowest[-1][1] >= average:
            lowest.pop()
        lowest.append((self._frame, average))
        self._frame += 1
        if lowest[0][0] <= self._frame - 1 - self._vad.floor_frames:
            lowest.popleft()
        return lowest[0][1]


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        msg = f"EnergyVAD: {name}={value!r} is out of range; give {low} to {high}"
        raise MisuseError(msg)
