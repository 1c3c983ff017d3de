"""The sound of a call as it is recorded: a stereo WAV file that grows, caller left, agent right. It knows no session and no clock.

Sound is laid at the moment it came; what follows at once is laid behind it, so that a loop that is some milliseconds late leaves no gaps.
A few seconds are held in memory, since one side may come ahead of the other, and be taken back; the rest is in the file.
"""

from __future__ import annotations

from array import array
from pathlib import Path

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.audio.resample import Resampler
from fsm_agents.audio.wav import WavWriter

__all__ = ["CallTape"]

JOINT = 0.1
"""Seconds that sound may be late and still follows what was laid before: what a busy loop delays a frame. Longer is a pause."""
HELD = 2.0
"""Seconds that are held before they are written: rooms that take sound ahead are told within that what was cut."""
BLOCK = 1.0
"""Seconds written at a time."""


class CallTape:
    """One recording.

    Args:
        path: The WAV file; an older one is replaced.
        rate: Samples per second of the recording, and of the agent's sound.

    Raises:
        MisuseError: The file cannot be written, or the rate is out of range.
    """

    def __init__(self, path: Path, rate: int) -> None:
        self.rate = rate
        self._writer = WavWriter(path, rate, channels=2)
        self._written = 0  # samples in the file
        self._left, self._right = bytearray(), bytearray()  # what follows them
        self._from: tuple[int, Resampler | None] = (rate, None)

    def left(self, at: int, frame: AudioFrame) -> bool:
        """Lay the caller's sound. Returns whether something was written to the file.

        Args:
            at: When it came, in µs of the recording.
            frame: The sound, at any rate.

        Raises:
            OSError: The file cannot be written.
        """
        self._lay(self._left, at, frame.data if frame.rate == self.rate else self._resampled(frame))
        return self._write(self._sample(at) - round(HELD * self.rate))

    def right(self, at: int, pcm: bytes) -> None:
        """Lay the agent's sound; ``at`` as for :meth:`left`."""
        self._lay(self._right, at, pcm)

    def unsaid(self, samples: int) -> None:
        """The agent's last samples did not sound after all: take them back."""
        if samples > 0:
            del self._right[max(0, len(self._right) - 2 * samples) :]

    def close(self, at: int) -> None:
        """Write all of it, up to ``at`` µs at least, and finish the file.

        Raises:
            OSError: The file cannot be written.
        """
        try:
            end = max(len(self._left) // 2, len(self._right) // 2) + self._written
            self._write(max(end, self._sample(at)), all_of_it=True)
        finally:
            self._writer.close()

    def _sample(self, at: int) -> int:
        return at * self.rate // 1_000_000

    def _lay(self, track: bytearray, at: int, pcm: bytes) -> None:
        missing = self._sample(at) - self._written - len(track) // 2
        if missing > JOINT * self.rate:
            track.extend(bytes(2 * missing))
        track += pcm

    def _write(self, end: int, *, all_of_it: bool = False) -> bool:
        """Write what is before ``end``, in blocks."""
        block = round(BLOCK * self.rate)
        wrote = False
        while end - self._written >= block or (all_of_it and end > self._written):
            size = min(block, end - self._written)
            both = array("H", bytes(4 * size))
            for channel, track in enumerate((self._left, self._right)):
                piece = array("H", bytes(track[: 2 * size]))
                both[channel : 2 * len(piece) : 2] = piece
                del track[: 2 * size]
            self._written += size
            self._writer.write(both.tobytes())
            wrote = True
        return wrote

    def _resampled(self, frame: AudioFrame) -> bytes:
        rate, resampler = self._from
        if rate != frame.rate or resampler is None:
            resampler = Resampler(frame.rate, self.rate)
            self._from = (frame.rate, resampler)
        return resampler.push(frame.data)
