"""Where in a segment was a voice? Tells words from slammed doors, keyboards, fans and breath, and finds speech that no word explains.

Every English word has a vowel, and a vowel repeats itself 60 to 400 times a second; noise does not repeat at all. A recogniser with a
small grammar cannot tell: to it noise fits every phoneme alike, and so fits well. (In the measurements behind the limits here, up to
14 of 15 noises were taken for a word without this, and none with it.) And a voice where the recogniser sees silence means that
something else was said: "goodbye" at the end of a strange sentence is not a goodbye.

Pure: sound in, yes or no out. A steady tone or music counts as a voice; the grammar judges those.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["MARGIN", "NEEDED", "PERIODIC", "UNEXPLAINED", "Voicing"]

NEEDED = 0.08
"""Seconds of voice that believable words have. 204 synthetic sentences and single words, in quiet, at 20 and at 10 dB of noise, had
0.22 and more; 80 seconds of noise had at most 0.02 each."""

MARGIN = 0.06
"""Seconds around a word whose voice is taken for the word's, but not counted for it: a "w" or an "m" begins before the engine says so. Found
on a robot's voice (kal16), of whose sentences it saves a tenth."""

UNEXPLAINED = 0.18
"""Most seconds of voice outside of believable words. The 138 expected sentences by which it was chosen had at most 0.12; it rejects a
third of the strange ones that fit well enough."""

PERIODIC = 0.5
"""Correlation of a window with itself one period later that counts as voice: speech in 10 dB of noise keeps it, noise stays below 0.4."""

#: Mean square of the filtered window below which nothing is a voice: -60 dBFS, so that silence with a hum is none.
FAINTEST = 32768.0**2 * 1e-6

RATE = 16000
WINDOW = 512  # samples: 32 ms, two periods of the lowest voice
HOP = 320  # 20 ms
# The same filter as EnergyVAD's: each sample minus the one half a millisecond before. Without it rumble repeats itself, too.
LAG = 8
# Half the rate is enough for a pitch and takes a third of the time.
PERIODS = (20, 134)  # samples at 8 kHz: 400 to 60 Hz
HALF = WINDOW // 2


class Voicing:
    """The voice in one segment of sound at 16 kHz. Nothing is computed before somebody asks."""

    __slots__ = ("_pending", "_voiced")

    def __init__(self) -> None:
        self._pending = bytearray()
        self._voiced: list[bool] = []  # for each 20 ms

    def push(self, pcm: bytes) -> None:
        """More of the segment."""
        self._pending += pcm

    def explained(self, words: Sequence[tuple[float, float]], until: float) -> bool:
        """Whether there was a voice in the words and hardly any outside of them. 60 µs for each 20 ms not looked at yet.

        Args:
            words: Begin and end of each word, seconds from the start of the segment, in order.
            until: How far to look, seconds.
        """
        self._catch_up()
        inside = outside = 0
        for number, voiced in enumerate(self._voiced):
            middle = (number * HOP + WINDOW / 2) / RATE
            if voiced and middle < until:
                if any(begin <= middle < end for begin, end in words):
                    inside += 1
                elif not any(begin - MARGIN <= middle < end + MARGIN for begin, end in words):
                    outside += 1
        return inside * HOP >= NEEDED * RATE and outside * HOP <= UNEXPLAINED * RATE

    def _catch_up(self) -> None:
        import numpy as np

        samples = np.frombuffer(bytes(self._pending), "<i2").astype("f4")
        start = 0
        while start + WINDOW + LAG <= len(samples):
            self._voiced.append(_periodic(samples[start : start + WINDOW + LAG], np))
            start += HOP
        del self._pending[: 2 * start]


def _periodic(samples: Any, np: Any) -> bool:
    filtered = samples[LAG:] - samples[:-LAG]
    window = filtered[0::2] + filtered[1::2]
    power = np.concatenate(([0.0], np.cumsum(window * window)))
    if power[-1] < FAINTEST * len(window) * 2:
        return False
    spectrum = np.fft.rfft(window, 2 * HALF)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)
    periods = np.arange(*PERIODS)
    energy = np.sqrt(power[HALF - periods] * (power[HALF] - power[periods]))
    return bool((correlation[periods] > PERIODIC * energy).any())
