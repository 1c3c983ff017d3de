"""The provider's voice: a tone that is as long as the text would take to say. The same text gives the same bytes."""

from __future__ import annotations

__all__ = ["PER_CHARACTER", "RATE", "tone"]

RATE = 24000
"""Samples per second of OpenAI's ``pcm``."""
PER_CHARACTER = 0.06
"""Seconds; speech of about 16 characters a second."""
_SHORTEST = 0.2
_LOUDNESS = 6000


def tone(text: str, speed: float = 1.0) -> bytes:
    """PCM int16 little endian mono at ``RATE``: a sine whose pitch depends on the text, faded in and out over 10 ms."""
    import numpy as np

    samples = round(max(_SHORTEST, len(text) * PER_CHARACTER) / speed * RATE)
    pitch = 180 + sum(text.encode()) % 120
    fade = np.minimum(1, np.minimum(np.arange(samples), np.arange(samples)[::-1]) / (RATE // 100))
    wave = np.sin(2 * np.pi * pitch * np.arange(samples) / RATE) * fade * _LOUDNESS
    sound: bytes = np.rint(wave).astype("<i2").tobytes()
    return sound
