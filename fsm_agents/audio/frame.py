"""One stretch of sound, and how it is made: PCM, signed 16 bit little endian, mono.

This file may hold sound and check it; it knows no clock, no room and no other format. Rooms turn what they receive into this
form at the door (:func:`from_interleaved`), so that nothing behind the door asks about channels or sample widths again.
"""

from __future__ import annotations

import attrs

from fsm_agents.errors import MisuseError

__all__ = ["HIGHEST_RATE", "LOWEST_RATE", "AudioFrame", "check_rate", "from_interleaved", "silence"]

LOWEST_RATE = 8000
"""Hz. Telephone sound (G.711); below it no recogniser and no voice works."""

HIGHEST_RATE = 48000
"""Hz. What browsers and WebRTC (Opus) run at; above it there is nothing in speech."""

_BYTES_PER_SAMPLE = 2


def check_rate(rate: int) -> None:
    """Refuse a sample rate that speech does not use.

    Args:
        rate: Samples per second, 8000 to 48000.

    Raises:
        MisuseError: The rate is outside of that, or not a whole number.
    """
    if not isinstance(rate, int) or isinstance(rate, bool) or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise MisuseError(
            f"the sample rate {rate!r} cannot be used: give a whole number of Hz from {LOWEST_RATE} to {HIGHEST_RATE}"
            " (16000 is usual for speech), and resample what has another rate"
        )


@attrs.frozen
class AudioFrame:
    """A stretch of sound with its rate.

    Args:
        data: PCM int16, little endian, mono: two bytes a sample. May be empty.
        rate: Samples per second, 8000 to 48000.

    Raises:
        MisuseError: ``data`` is not bytes or is half a sample too long, or ``rate`` is out of range.
    """

    data: bytes = attrs.field(repr=lambda data: f"<{len(data)} bytes>")
    rate: int

    def __attrs_post_init__(self) -> None:
        """Check once, here, so that nobody who holds a frame needs to."""
        if not isinstance(self.data, bytes):  # an array has another length, and what can change changes behind our back
            raise MisuseError(f"a frame of {type(self.data).__name__}: give bytes, for example samples.astype('<i2').tobytes()")
        if len(self.data) % _BYTES_PER_SAMPLE:
            raise MisuseError(
                f"a frame of {len(self.data)} bytes ends in half a sample: samples are 16 bit, two bytes each; "
                "keep the odd byte for the next frame, or let Chunker cut exact pieces"
            )
        check_rate(self.rate)

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return len(self.data) // _BYTES_PER_SAMPLE

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return self.samples / self.rate


def silence(seconds: float, rate: int) -> AudioFrame:
    """Digital silence, to the nearest sample.

    Args:
        seconds: Its length, 0 or more.
        rate: Samples per second, 8000 to 48000.

    Raises:
        MisuseError: The length is negative or not finite, or ``rate`` is out of range.
    """
    check_rate(rate)
    if not 0 <= seconds < float("inf"):
        raise MisuseError(f"silence of {seconds!r} seconds cannot be made: give a finite length of 0 or more")
    return AudioFrame(bytes(_BYTES_PER_SAMPLE * round(seconds * rate)), rate)


def from_interleaved(data: bytes, rate: int, channels: int) -> AudioFrame:
    """Mix interleaved channels down to mono: the mean of the channels, rounded.

    The mean and not the sum: a sum of two loud channels would clip. One channel is passed on as it is.

    Args:
        data: PCM int16 little endian, the channels' samples in turn.
        rate: Samples per second of each channel, 8000 to 48000.
        channels: How many channels are interleaved, 1 or more.

    Raises:
        MisuseError: ``channels`` is less than 1, or ``data`` does not hold a whole number of samples of each channel.
    """
    if channels < 1:
        raise MisuseError(f"sound with {channels!r} channels cannot be mixed: give 1 for mono, 2 for stereo")
    if len(data) % (_BYTES_PER_SAMPLE * channels):
        raise MisuseError(
            f"{len(data)} bytes do not divide into {channels} channels of 16 bit samples: "
            f"give a multiple of {_BYTES_PER_SAMPLE * channels} bytes, or the true number of channels"
        )
    if channels == 1:
        return AudioFrame(data, rate)
    import numpy as np

    mixed = np.frombuffer(data, "<i2").reshape(-1, channels).mean(axis=1)
    return AudioFrame(np.rint(mixed).astype("<i2").tobytes(), rate)
