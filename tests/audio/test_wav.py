"""WAV files: what is read, what is refused with which advice, and that a writer's file is always valid."""

from __future__ import annotations

import shlex
import shutil
import struct
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.audio import StereoTape, WavWriter, read_wav, write_wav
from fsm_agents.audio.wav import _LONGEST_FIELD
from fsm_agents.errors import MisuseError

SOUND = struct.pack("<6h", 1, -2, 300, -400, 32767, -32768)


def wav(
    data: bytes = SOUND,
    *,
    kind: int = 1,
    channels: int = 1,
    rate: int = 16000,
    bits: int = 16,
    size: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """A WAV file's content, right or wrong."""
    fmt = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * 2, channels * 2, bits) + extra
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt
    body += b"LIST" + struct.pack("<I", 3) + b"abc\0"  # an odd chunk, with the byte that pads it
    body += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def put(folder: Path, content: bytes) -> Path:
    """Write a file to read."""
    path = folder / "sound.wav"
    path.write_bytes(content)
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """By us, and by the standard library."""
    path = tmp_path / "a.wav"
    write_wav(path, SOUND, 22050)
    assert read_wav(path) == (SOUND, 22050)
    with wave.open(str(path)) as other:
        assert (other.getnchannels(), other.getsampwidth(), other.getframerate(), other.readframes(99)) == (1, 2, 22050, SOUND)


def test_other_chunks_are_passed_over(tmp_path: Path) -> None:
    """Editors put titles and cue points before the sound."""
    assert read_wav(put(tmp_path, wav())) == (SOUND, 16000)


def test_the_long_form_of_the_header_is_read(tmp_path: Path) -> None:
    """Many programs write it even for plain sound."""
    extra = struct.pack("<HHIH", 22, 16, 4, 1) + bytes(14)
    assert read_wav(put(tmp_path, wav(kind=0xFFFE, extra=extra))) == (SOUND, 16000)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 100])
def test_a_header_that_promises_too_much_is_read_as_far_as_it_goes(tmp_path: Path, size: int) -> None:
    """A pipe writes the largest size, a dead writer any size; half a sample at the end is dropped."""
    assert read_wav(put(tmp_path, wav(SOUND + b"x", size=size))) == (SOUND, 16000)


def test_stereo_is_mixed_on_request(tmp_path: Path) -> None:
    """And refused otherwise, with both ways out."""
    path = put(tmp_path, wav(channels=2))
    assert read_wav(path, mix=True) == (struct.pack("<3h", 0, -50, 0), 16000)
    with pytest.raises(MisuseError, match=r"sound\.wav: has 2 channels.*mix=True.*sox .*-c 1"):
        read_wav(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not a WAV file"),
        (b"ID3\x04 this is MP3", "is not a WAV file"),
        (b"RIFF\x04\0\0\0AVI ", "is not a WAV file"),
        (b"RIFF\x04\0\0\0WAVE", "without a format"),
        (wav(b""), "empty WAV file"),
        (wav(b"x"), "empty WAV file"),
        (wav()[:50], "empty WAV file"),
        (wav(bits=8), "of 8 bit, and 16 bit PCM is needed"),
        (wav(bits=24), "of 24 bit"),
        (wav(kind=3, bits=32), "of floating point"),
        (wav(kind=7, bits=8), "of mu-law"),
        (wav(kind=0x1234), "of format 0x1234"),
        (wav(kind=0xFFFE), "of format 0xfffe"),
        (wav(rate=4000), "has 4000 Hz, and 8000 to 48000 Hz"),
        (wav(rate=96000), "has 96000 Hz"),
        (wav(channels=0), "no channel"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_way_out(tmp_path: Path, content: bytes, says: str) -> None:
    """The file, what it is, and what to do."""
    path = put(tmp_path, content)
    with pytest.raises(MisuseError) as caught:
        read_wav(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert says in message
    assert f"sox {path} -r 16000 -c 1 -b 16" in message or "record it again" in message


@pytest.mark.skipif(shutil.which("sox") is None, reason="needs sox, which the message tells people to use")
def test_the_command_in_the_message_does_it(tmp_path: Path) -> None:
    """What sox makes by that command can be read."""
    path = tmp_path / "my sound.wav"
    path.write_bytes(wav(bytes(4 * 4800), channels=2, rate=96000))
    with pytest.raises(MisuseError) as caught:
        read_wav(path)
    command = str(caught.value).partition("convert it: ")[2]
    subprocess.run(shlex.split(command), check=True, cwd=tmp_path)
    pcm, rate = read_wav(tmp_path / "converted.wav")
    assert (len(pcm), rate) == (1600, 16000)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A folder, too, is no file."""
    with pytest.raises(MisuseError, match=r"gone\.wav: cannot be read \(no such file"):
        read_wav(tmp_path / "gone.wav")
    with pytest.raises(MisuseError, match="cannot be read"):
        read_wav(tmp_path)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The folder does not exist."""
    with pytest.raises(MisuseError, match=r"a\.wav: cannot be written \(no such file.*folder that exists"):
        WavWriter(tmp_path / "no" / "a.wav", 16000)


def test_the_file_is_valid_at_every_moment(tmp_path: Path) -> None:
    """Read by somebody else while it is written: at most a second is missing, and never is there too much."""
    path = tmp_path / "a.wav"
    written = b""
    with WavWriter(path, 8000) as writer:
        for number in range(30):
            piece = struct.pack("<h", number) * 800
            writer.write(piece)
            written += piece
            content = path.read_bytes()
            riff, data = struct.unpack_from("<I", content, 4)[0], struct.unpack_from("<I", content, 40)[0]
            assert riff == data + 36 <= len(content) - 8
            assert content[44 : 44 + data] == written[:data]
            assert len(written) - data < 16000
    assert read_wav(path) == (written, 8000)


def test_a_process_that_dies_leaves_a_valid_file(tmp_path: Path) -> None:
    """Killed without a chance to close: five seconds were written, at least four are there."""
    path = tmp_path / "a.wav"
    code = (
        "import os, sys; from fsm_agents.audio import WavWriter; w = WavWriter(sys.argv[1], 16000)\n"
        "for _ in range(250): w.write(bytes(640))\n"
        "os._exit(1)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 1
    with wave.open(str(path)) as other:
        assert 64000 <= other.getnframes() <= 80000


def test_closing_twice_is_fine_and_writing_after_it_is_not(tmp_path: Path) -> None:
    """The message says what to do."""
    writer = WavWriter(tmp_path / "a.wav", 16000)
    writer.close()
    writer.close()
    with pytest.raises(MisuseError, match="is closed; make a new one"):
        writer.write(SOUND)


def test_half_samples_are_refused(tmp_path: Path) -> None:
    """In stereo, a lone left sample is one."""
    with WavWriter(tmp_path / "a.wav", 16000, channels=2) as writer, pytest.raises(MisuseError, match="multiple of 4"):
        writer.write(b"ab")


@pytest.mark.parametrize(("rate", "channels"), [(100, 1), (16000, 0)])
def test_numbers_out_of_range_are_refused_before_a_file_is_made(tmp_path: Path, rate: int, channels: int) -> None:
    """An older recording under that name survives the mistake."""
    path = put(tmp_path, wav())
    with pytest.raises(MisuseError):
        WavWriter(path, rate, channels)
    assert read_wav(path) == (SOUND, 16000)


def test_past_four_gigabytes_the_header_stays_valid(tmp_path: Path) -> None:
    """The size field is full then; the sound is all there."""
    path = tmp_path / "a.wav"
    writer = WavWriter(path, 16000)
    writer.write(SOUND)
    writer._written = 2**32 + 2
    writer.close()
    assert struct.unpack_from("<I", path.read_bytes(), 40)[0] == _LONGEST_FIELD
    assert read_wav(path) == (SOUND, 16000)


def test_a_tape_has_the_caller_left_and_the_agent_right(tmp_path: Path) -> None:
    """Gaps are silence, the shorter track too; the later of two writes stays."""
    tape = StereoTape(16000)
    tape.left(1, struct.pack("<3h", 1, 2, 3))
    tape.left(2, struct.pack("<h", 9))
    tape.right(5, struct.pack("<h", 7))
    assert tape.samples == 6
    path = tmp_path / "tape.wav"
    tape.save(path)
    with wave.open(str(path)) as saved:
        assert (saved.getnchannels(), saved.getframerate()) == (2, 16000)
        samples = struct.unpack("<12h", saved.readframes(99))
    assert samples[::2] == (0, 1, 9, 3, 0, 0)
    assert samples[1::2] == (0, 0, 0, 0, 0, 7)


LAYS = st.lists(st.tuples(st.booleans(), st.integers(0, 60), st.lists(st.integers(-32768, 32767), max_size=20)), max_size=12)


@given(lays=LAYS)
def test_a_tape_is_two_tracks_of_samples(
    tmp_path_factory: pytest.TempPathFactory, lays: list[tuple[bool, int, list[int]]]
) -> None:
    """Against two dictionaries of samples, for anything that is laid."""
    tape = StereoTape(8000)
    tracks: tuple[dict[int, int], dict[int, int]] = ({}, {})
    length = 0
    for right, at, samples in lays:
        (tape.right if right else tape.left)(at, struct.pack(f"<{len(samples)}h", *samples))
        tracks[right].update(enumerate(samples, at))
        length = max(length, at + len(samples))
    path = tmp_path_factory.mktemp("tape") / "t.wav"
    tape.save(path)
    content = path.read_bytes()[44:]
    saved = struct.unpack(f"<{2 * length}h", content)
    assert [list(saved[side::2]) for side in (0, 1)] == [[track.get(at, 0) for at in range(length)] for track in tracks]


@pytest.mark.parametrize(("at", "pcm"), [(-1, b"ab"), (0, b"a")])
def test_what_cannot_be_laid_is_refused(at: int, pcm: bytes) -> None:
    """Before the beginning, and half samples."""
    with pytest.raises(MisuseError, match=f"{len(pcm)} bytes of sound cannot be laid at sample {at}"):
        StereoTape(16000).left(at, pcm)


def test_a_tape_refuses_a_rate_that_speech_does_not_use() -> None:
    """When it is made, not when an hour of it is saved."""
    with pytest.raises(MisuseError, match="8000 to 48000"):
        StereoTape(1)
