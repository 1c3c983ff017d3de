"""Another sample rate, in a stream, without clicks where the pieces meet.

This file may compute (numpy, imported with the first resampler that needs it); it keeps no clock and cuts no frames.

A windowed-sinc filter, one set of weights for each fraction of a sample an output can fall on. Three things make the pieces fit:

* The filter's past, and the inputs that its future still needs, are kept between pushes.
* Weights are whole multiples of 2**-20 and samples are whole numbers, so every product and sum is exact in float64. The result
  cannot depend on the order in which the library adds, and so not on how the stream was cut: byte-identical, by construction.
* Positions are counted in whole fractions (rate / greatest common divisor), so nothing drifts in an hour.

Rejected: linear interpolation (what the lower rate cannot hold comes back as a whistle), and a fresh filter for each piece (it
clicks).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from fsm_agents.audio.frame import check_rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Resampler"]

_CROSSINGS = 24
"""Zero crossings of the sinc on each side, at the lower of the two rates: 1.5 ms of delay at 16 kHz. With the window below, the
transition is 0.22 of the band wide."""

_ROLLOFF = 0.9
"""Cut-off as a share of the lower rate's band, so that the transition ends about where aliases would begin."""

_KAISER_BETA = 8.0
"""Side lobes about -80 dB: below the noise of anything recorded by a telephone or a laptop."""

_UNIT = float(1 << 20)
"""What a weight of 1 is. 2**20 (weight) x 2**15 (sample) x 2**9 (taps, at most 320) is below 2**53: float64 sums are exact."""


class Resampler:
    """Converts a stream of PCM int16 little endian mono from one sample rate to another.

    All that comes out for one stream (every ``push`` and the ``flush``) is ``round(samples * to_rate / from_rate)`` samples, the
    same bytes however the stream was cut, and aligned: sample 0 of the output is sample 0 of the input. Equal rates pass through.

    Args:
        from_rate: Rate of what is pushed, 8000 to 48000 Hz.
        to_rate: Rate of what comes out, 8000 to 48000 Hz.

    Raises:
        MisuseError: A rate is out of range.
    """

    __slots__ = ("_down", "_first", "_half", "_held", "_made", "_taken", "_taps", "_up", "_weights")

    _first: int  # where the next output lies after the start of what is held, in 1/up of an input sample
    _held: Floats
    _made: int  # output samples so far
    _taken: int  # input samples so far
    _taps: int
    _weights: Floats

    def __init__(self, from_rate: int, to_rate: int) -> None:
        check_rate(from_rate)
        check_rate(to_rate)
        common = math.gcd(from_rate, to_rate)
        self._up = to_rate // common
        self._down = from_rate // common
        self._half = b""  # the first byte of a sample whose second byte has not come yet
        if self._up != self._down:
            self._weights = _weights(self._up, self._down)
            self._taps = self._weights.shape[1]
            self._restart()

    def push(self, pcm: bytes) -> bytes:
        """Take sound, any number of bytes; return what can be said of the other rate by now (a whole number of samples).

        A stream from a network may be cut in the middle of a sample: the odd byte is kept for the next push.
        """
        if self._half or len(pcm) % 2:
            pcm = self._half + pcm
            even = len(pcm) & ~1
            self._half = pcm[even:]
            pcm = pcm[:even]
        if self._up == self._down or not pcm:
            return pcm
        import numpy as np

        self._taken += len(pcm) // 2
        self._held = np.concatenate((self._held, np.frombuffer(pcm, "<i2")))
        return self._filter(self._ready())

    def scaled(self, sample: int) -> int:
        """Where a position of the input, in samples, lies in the output."""
        return sample * self._up // self._down

    def flush(self) -> bytes:
        """End the stream: return what the filter still held back, and be ready for another stream.

        A single odd byte at the very end is not a sample, and is dropped.
        """
        self._half = b""
        if self._up == self._down:
            return b""
        import numpy as np

        total = (2 * self._taken * self._up + self._down) // (2 * self._down)
        self._held = np.concatenate((self._held, np.zeros(self._taps)))
        rest = self._filter(total - self._made)
        self._restart()
        return rest

    def _restart(self) -> None:
        import numpy as np

        # The first output lies on the first input: before it, half the filter sees silence.
        self._held = np.zeros(self._taps // 2 - 1)
        self._first = 0
        self._taken = 0
        self._made = 0

    def _ready(self) -> int:
        """How many outputs have all the inputs they need."""
        last = (len(self._held) - self._taps + 1) * self._up - 1  # the latest position whose taps are all held
        return max(0, (last - self._first) // self._down + 1)

    def _filter(self, count: int) -> bytes:
        import numpy as np

        if not count:
            return b""
        at = self._first + self._down * np.arange(count + 1)
        start, phase = np.divmod(at[:-1], self._up)
        # Every stretch of ``taps`` samples as a row, without copying; the library's own view function takes longer than the
        # filter.
        windows = np.ndarray((len(self._held) - self._taps + 1, self._taps), np.float64, self._held, strides=(8, 8))
        weights = self._weights[phase] if self._up > 1 else self._weights
        rounded = np.floor(np.vecdot(windows[start], weights) / _UNIT + 0.5)
        done, self._first = divmod(int(at[-1]), self._up)
        self._held = self._held[done:].copy()  # a view would keep the whole past alive
        self._made += count
        pcm: bytes = np.clip(rounded, -32768, 32767).astype("<i2").tobytes()
        return pcm


@lru_cache(maxsize=16)
def _weights(up: int, down: int) -> Floats:
    """The weights, one row for each fraction an output can fall on; each row sums to exactly one, so a level stays a level.

    Kept for all sessions that convert between the same rates: 0.17 MB for 22050 to 16000, a few kB for rates that divide each
    other.
    """
    import numpy as np

    lower = min(1.0, up / down)  # the lower of the two rates, as a share of the input's
    half = math.ceil(_CROSSINGS / lower)
    fraction = np.arange(up)[:, None] / up
    distance = np.arange(1 - half, half + 1)[None, :] - fraction  # from the output to each input, in input samples
    inside = np.clip(1.0 - (distance / half) ** 2, 0.0, None)
    window = np.i0(_KAISER_BETA * np.sqrt(inside)) / np.i0(_KAISER_BETA)
    cutoff = _ROLLOFF * lower
    weights: Floats = np.sinc(cutoff * distance) * window
    weights = np.rint(weights / weights.sum(axis=1, keepdims=True) * _UNIT)
    largest = np.abs(weights).argmax(axis=1)
    weights[np.arange(up), largest] += _UNIT - weights.sum(axis=1)
    weights.flags.writeable = False
    return weights
