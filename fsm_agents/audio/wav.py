"""WAV files: the one format of recordings and of sound that is shipped. PCM 16 bit, nothing else.

This file reads and writes plain files, blocking; what must not block calls it in a thread. It does not convert: what does not fit
is refused with the command that makes it fit. Written by hand and not with the standard library's ``wave``: that one refuses
common headers before Python 3.12, and says ``unknown format: 3`` where a person needs to know what to do.
"""

from __future__ import annotations

import os
import shlex
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs

from fsm_agents.audio.frame import HIGHEST_RATE, LOWEST_RATE, check_rate, from_interleaved
from fsm_agents.errors import MisuseError

__all__ = ["StereoTape", "WavWriter", "read_wav", "write_wav"]

_PCM = 1
_EXTENSIBLE = 0xFFFE
_KINDS = {3: "floating point", 6: "A-law", 7: "mu-law", 0x11: "ADPCM", 0x55: "MP3"}
_HEADER_BYTES = 44
_LONGEST_FIELD = 0xFFFFFFFF  # sizes are 32 bit: a file past 4 GiB (37 h at 16 kHz mono) reads as 4 GiB


def read_wav(path: str | os.PathLike[str], *, mix: bool = False) -> tuple[bytes, int]:
    """Read a WAV file of 16 bit PCM.

    A file whose header promises more than there is (its writer died) is read as far as it goes.

    Args:
        path: The file.
        mix: Mix several channels down to one, instead of refusing them.

    Returns:
        The sound, PCM int16 little endian mono, and its rate in Hz.

    Raises:
        MisuseError: The file cannot be read, is no WAV, is empty, has several channels (and ``mix`` is off), is not 16 bit PCM,
            or its rate is outside 8000 to 48000 Hz. The message names the file, what it is, and what to do.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise MisuseError(f"{path}: cannot be read ({_reason(error)}); give the path of a WAV file") from error
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise MisuseError(f"{path}: is not a WAV file; {_convert(path)}")
    chunks = _chunks(content)
    if len(chunks.get(b"fmt ", b"")) < struct.calcsize("<HHIIHH"):
        raise MisuseError(f"{path}: is a WAV file without a format (damaged); {_convert(path)}")
    sound = _Format.of(chunks[b"fmt "])
    sound.check(path, mix=mix)
    data = chunks.get(b"data", b"")
    data = data[: len(data) - len(data) % (2 * sound.channels)]
    if not data:
        raise MisuseError(f"{path}: is an empty WAV file, there is no sound in it; record it again")
    return from_interleaved(data, sound.rate, sound.channels).data, sound.rate


def write_wav(path: str | os.PathLike[str], pcm: bytes, rate: int, channels: int = 1) -> None:
    """Write sound to a WAV file at once; arguments and errors as for :class:`WavWriter`."""
    with WavWriter(path, rate, channels) as writer:
        writer.write(pcm)


class WavWriter:
    """Writes a WAV file as the sound comes; the file is valid at every moment, also if the process dies.

    The sizes in the header are renewed about once for each second of sound, and on ``close``: after a crash at most that second
    is missing. It is a context manager.

    Args:
        path: The file; an older one is replaced.
        rate: Samples per second, 8000 to 48000.
        channels: How many channels are interleaved, 1 or more.

    Raises:
        MisuseError: The file cannot be written, or a number is out of range.
    """

    def __init__(self, path: str | os.PathLike[str], rate: int, channels: int = 1) -> None:
        check_rate(rate)
        if channels < 1:
            raise MisuseError(f"{path}: a WAV file with {channels!r} channels cannot be written; give 1 for mono, 2 for stereo")
        self._path = path
        self._block = 2 * channels
        self._renew_every = rate * self._block
        self._written = 0  # bytes of sound
        self._promised = 0  # of these, how many the header tells of
        try:
            self._file = Path(path).open("wb")  # noqa: SIM115 - closed by close(); a writer outlives the call that makes it
        except OSError as error:
            raise MisuseError(f"{path}: cannot be written ({_reason(error)}); give a path in a folder that exists") from error
        self._file.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", _HEADER_BYTES - 8, b"WAVE", b"fmt ", 16, _PCM, channels, rate,
                                     rate * self._block, self._block, 16, b"data", 0))  # fmt: skip
        self._file.flush()

    def write(self, pcm: bytes) -> None:
        """Append sound.

        Args:
            pcm: PCM int16 little endian, a whole number of samples of each channel (interleaved).

        Raises:
            MisuseError: The length does not fit the channels, or the writer is closed.
        """
        if self._file.closed:
            raise MisuseError(f"{self._path}: the WAV writer is closed; make a new one to write more")
        if len(pcm) % self._block:
            raise MisuseError(f"{self._path}: {len(pcm)} bytes are no whole number of samples; give a multiple of {self._block}")
        self._file.write(pcm)
        self._written += len(pcm)
        if self._written - self._promised >= self._renew_every:
            self._renew()

    def close(self) -> None:
        """Finish the file. Closing twice is fine."""
        if not self._file.closed:
            self._renew()
            self._file.close()

    def _renew(self) -> None:
        self._file.flush()  # the sound first: the header must never promise what is not there
        for offset, size in ((4, self._written + _HEADER_BYTES - 8), (40, self._written)):
            self._file.seek(offset)
            self._file.write(struct.pack("<I", min(size, _LONGEST_FIELD)))
        self._file.seek(0, os.SEEK_END)
        self._file.flush()
        self._promised = self._written

    def __enter__(self) -> Self:
        """Hand out the writer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it, whatever happened."""
        self.close()


class StereoTape:
    """A recording of a call: the caller left, the agent right, each laid at positions in samples.

    What nobody laid is silence; what is laid twice is the later one. It knows no clock, and holds the call in memory (230 MB an
    hour at 16 kHz): for a recording without end use :class:`WavWriter`.

    Args:
        rate: Samples per second of both tracks, 8000 to 48000.

    Raises:
        MisuseError: The rate is out of range.
    """

    def __init__(self, rate: int) -> None:
        check_rate(rate)
        self._rate = rate
        self._left = bytearray()
        self._right = bytearray()

    @property
    def samples(self) -> int:
        """Length of the tape: the end of its longer track."""
        return max(len(self._left), len(self._right)) // 2

    def left(self, at_sample: int, pcm: bytes) -> None:
        """Lay the caller's sound.

        Args:
            at_sample: Where it begins, in samples from the beginning of the tape.
            pcm: PCM int16 little endian mono.

        Raises:
            MisuseError: The position is negative, or the sound ends in half a sample.
        """
        _lay(self._left, at_sample, pcm)

    def right(self, at_sample: int, pcm: bytes) -> None:
        """Lay the agent's sound; as :meth:`left`."""
        _lay(self._right, at_sample, pcm)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the tape as a stereo WAV file; the tape can go on afterwards.

        Raises:
            MisuseError: The file cannot be written.
        """
        both = bytearray(4 * self.samples)
        for channel, track in enumerate((self._left, self._right)):
            for byte in (0, 1):
                both[2 * channel + byte : 2 * len(track) : 4] = track[byte::2]
        write_wav(path, bytes(both), self._rate, channels=2)


@attrs.frozen
class _Format:
    kind: int
    channels: int
    rate: int
    bits: int

    @classmethod
    def of(cls, chunk: bytes) -> Self:
        kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
        if kind == _EXTENSIBLE and len(chunk) >= 26:  # noqa: PLR2004 - the true kind stands where the long form begins to differ
            kind = struct.unpack_from("<H", chunk, 24)[0]
        return cls(kind, channels, rate, bits)

    def check(self, path: str | os.PathLike[str], *, mix: bool) -> None:
        if self.kind != _PCM or self.bits != 16:  # noqa: PLR2004 - the sample width is this file's subject
            what = f"{self.bits} bit" if self.kind == _PCM else _KINDS.get(self.kind, f"format {self.kind:#x}")
            raise MisuseError(f"{path}: is a WAV file of {what}, and 16 bit PCM is needed; {_convert(path)}")
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise MisuseError(f"{path}: has {self.rate} Hz, and {LOWEST_RATE} to {HIGHEST_RATE} Hz can be used; {_convert(path)}")
        if not self.channels:
            raise MisuseError(f"{path}: is a WAV file with no channel (damaged); {_convert(path)}")
        if self.channels > 1 and not mix:
            raise MisuseError(
                f"{path}: has {self.channels} channels, and one is needed; read_wav(path, mix=True), or {_convert(path)}"
            )


def _chunks(content: bytes) -> dict[bytes, bytes]:
    """The chunks up to the sound, by name. What follows the sound may be the rest of a writer that died, and is not looked at."""
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(content) and b"data" not in chunks:
        name, size = struct.unpack_from("<4sI", content, at)
        chunks[name] = content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return chunks


def _convert(path: str | os.PathLike[str]) -> str:
    return f"convert it: sox {shlex.quote(str(path))} -r 16000 -c 1 -b 16 converted.wav"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _lay(track: bytearray, at_sample: int, pcm: bytes) -> None:
    if at_sample < 0 or len(pcm) % 2:
        raise MisuseError(
            f"{len(pcm)} bytes of sound cannot be laid at sample {at_sample}: positions start at 0, and a sample is two bytes"
        )
    at = 2 * at_sample
    if len(track) < at:
        track.extend(bytes(at - len(track)))
    track[at : at + len(pcm)] = pcm
