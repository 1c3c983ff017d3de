"""Sound in frames: what is refused, how long it is, how channels become one."""

from __future__ import annotations

import struct

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.audio import AudioFrame, from_interleaved, silence
from fsm_agents.errors import MisuseError

SAMPLES = st.integers(-32768, 32767)


def pcm(*samples: int) -> bytes:
    """Samples as bytes."""
    return struct.pack(f"<{len(samples)}h", *samples)


def test_a_frame_knows_its_length() -> None:
    """320 samples at 16 kHz are 20 ms."""
    frame = AudioFrame(bytes(640), 16000)
    assert frame.samples == 320
    assert frame.seconds == 0.02


def test_an_empty_frame_is_a_frame() -> None:
    """Nothing is a length too."""
    assert AudioFrame(b"", 8000).seconds == 0


def test_a_frame_cannot_change_nor_grow() -> None:
    """It is frozen and slotted."""
    frame = AudioFrame(b"", 8000)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        frame.rate = 16000  # type: ignore[misc]
    assert not hasattr(frame, "__dict__")


def test_a_frame_in_a_log_is_short() -> None:
    """A minute of sound must not fill the log."""
    assert len(repr(AudioFrame(bytes(16000), 8000))) < 60


def test_what_is_no_bytes_is_refused() -> None:
    """An array has another length, and what can change changes behind our back."""
    with pytest.raises(MisuseError, match="a frame of bytearray: give bytes"):
        AudioFrame(bytearray(320), 16000)  # type: ignore[arg-type]


def test_half_a_sample_is_refused_with_what_to_do() -> None:
    """The message names the length and the way out."""
    with pytest.raises(MisuseError, match=r"641 bytes.*half a sample.*Chunker"):
        AudioFrame(bytes(641), 16000)


@pytest.mark.parametrize("rate", [0, 7999, 48001, -16000, 16000.0, True])
def test_a_rate_that_speech_does_not_use_is_refused(rate: int) -> None:
    """The message names the rate and the range."""
    with pytest.raises(MisuseError, match=rf"{rate!r}.*8000 to 48000"):
        AudioFrame(b"", rate)
    with pytest.raises(MisuseError, match=r"8000 to 48000"):
        silence(0.1, rate)


@pytest.mark.parametrize("rate", [8000, 48000])
def test_both_ends_of_the_range_are_in_it(rate: int) -> None:
    """8 kHz telephone and 48 kHz browser."""
    assert AudioFrame(b"", rate).rate == rate


def test_silence_is_zeros_of_that_length() -> None:
    """To the nearest sample."""
    assert silence(0.02, 16000) == AudioFrame(bytes(640), 16000)
    assert silence(0.00009, 16000).samples == 1


@pytest.mark.parametrize("seconds", [-0.1, float("inf"), float("nan")])
def test_silence_of_no_length_is_refused(seconds: float) -> None:
    """Negative, endless, not a number."""
    with pytest.raises(MisuseError, match="finite length"):
        silence(seconds, 16000)


def test_one_channel_is_passed_on_as_it_is() -> None:
    """The very bytes, without a copy."""
    data = pcm(1, 2, 3)
    assert from_interleaved(data, 16000, 1).data is data


def test_two_channels_are_mixed_to_their_mean() -> None:
    """Left and right of each moment, and two loud channels do not clip."""
    data = pcm(100, 300, -100, -300, 32767, 32767, -32768, -32768)
    assert from_interleaved(data, 48000, 2) == AudioFrame(pcm(200, -200, 32767, -32768), 48000)


@given(st.lists(st.tuples(SAMPLES, SAMPLES, SAMPLES)))
def test_the_mean_is_between_the_channels(moments: list[tuple[int, int, int]]) -> None:
    """For any three channels, within half a step of the true mean."""
    mixed = from_interleaved(pcm(*(sample for moment in moments for sample in moment)), 16000, 3)
    for got, moment in zip(struct.unpack(f"<{len(moments)}h", mixed.data), moments, strict=True):
        assert abs(got - sum(moment) / 3) <= 0.5


@pytest.mark.parametrize(("length", "channels", "says"), [(6, 2, "multiple of 4"), (4, 0, "0 channels"), (3, 1, "multiple of 2")])
def test_channels_that_do_not_fit_are_refused(length: int, channels: int, says: str) -> None:
    """A broken packet is named as such."""
    with pytest.raises(MisuseError, match=says):
        from_interleaved(bytes(length), 16000, channels)
