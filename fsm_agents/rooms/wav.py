"""A room of WAV files: the caller is a recording, or a script that plays recordings; the call is recorded in stereo.

For demos, tests and batch runs: no sound card, no network. It runs on the loop's clock, in real time, 20 ms at a time; on a virtual clock
a call of a minute takes a moment. It may not know what an agent is: a script that reacts to one is handed in.
"""

from __future__ import annotations

import inspect
import os
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio

from fsm_agents.audio.frame import AudioFrame, check_rate, silence
from fsm_agents.audio.resample import Resampler
from fsm_agents.audio.wav import StereoTape, read_wav
from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.rooms.base import Listener, Speaker
from fsm_agents.runtime.threads import run_in_thread

__all__ = ["LEAD", "LINGER", "TICK", "Caller", "Script", "WavRoom"]

TICK = 0.02
"""Seconds of sound carried at a time, both ways: what browsers, WebRTC and telephony use."""
LEAD = 0.5
"""Seconds of silence before a recording: voice detectors ignore the first 0.3 s of a call, and callers do not speak while they join."""
LINGER = 2.0
"""Seconds of the agent's silence after which a caller who has nothing more to say is gone: twice what an answer takes to begin."""


class Caller:
    """The caller of a :class:`WavRoom`, as a script sees it: silent unless told to speak.

    Args:
        rate: Samples per second of the room.
    """

    def __init__(self, rate: int) -> None:
        self._size = round(rate * TICK) * 2
        self._rate = rate
        self._frames: deque[bytes] = deque()
        self._spoken = anyio.Event()

    async def speak(self, sound: AudioFrame) -> None:
        """Say ``sound`` (behind what is being said), and wait until it is said."""
        self.queue(sound)
        while self._frames:
            await self._spoken.wait()

    def queue(self, sound: AudioFrame) -> None:
        """Say ``sound`` behind what is being said; the last 20 ms are filled up with silence."""
        pcm = sound.data
        if sound.rate != self._rate:
            resampler = Resampler(sound.rate, self._rate)
            pcm = resampler.push(pcm) + resampler.flush()
        size = self._size
        self._frames += (pcm[at : at + size].ljust(size, b"\x00") for at in range(0, len(pcm), size))

    def frame(self) -> bytes | None:
        """The next 20 ms; ``None`` for silence. Called by the room."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        if not self._frames:
            self._spoken.set()
            self._spoken = anyio.Event()
        return frame

    @property
    def silent(self) -> bool:
        """Whether nothing is being said."""
        return not self._frames


Script = Callable[[Caller], Awaitable[Any]]
"""What a caller does, from joining to having nothing more to say. Started anew for each connection; what it raises ends the call."""


@strict_keywords
class WavRoom:
    """One caller who is a recording or a script, and a stereo recording of the call.

    When the recording is over (or the script has returned), silence follows until the agent has said nothing for ``linger`` seconds; then
    the caller is gone. If the agent leaves and comes back, a recording goes on where it was.

    Args:
        source: A WAV file (16 bit mono, 8000 to 48000 Hz), or a script.
        target: Where the recording goes: caller left, agent right. Written when the room is left; kept in memory until then (230 MB an hour
            at 16 kHz).
        rate: Samples per second of the room and of the recording, 8000 to 48000, in whole samples for 20 ms; a source of another rate is
            resampled.
        lead: Seconds of silence before a WAV file, 0 or more. A script waits as it likes.
        linger: Seconds of the agent's silence after which a caller with nothing more to say is gone, 0 or more.

    Raises:
        MisuseError: the source cannot be used, the target cannot be written, or a number is out of range.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Script,
        target: str | os.PathLike[str] | None = None,
        *,
        rate: int = 16000,
        lead: float = LEAD,
        linger: float = LINGER,
    ) -> None:
        check_rate(rate)
        if rate % 50:
            msg = f"WavRoom(rate={rate}): frames of 20 ms would not be whole samples; give a multiple of 50, for example 16000"
            raise MisuseError(msg)
        _seconds("lead", lead)
        _seconds("linger", linger)
        self.rate = rate
        self._linger = linger
        self._target = None if target is None else _writable(Path(target))
        self._tape = StereoTape(rate)
        self._saved = 0
        self._began: float | None = None
        self._caller = Caller(rate)
        self._script = source if callable(source) else None
        if not callable(source):
            given: object = source
            if not isinstance(given, str | os.PathLike):
                msg = f"WavRoom(source={source!r}): give the path of a WAV file, or a script: an async function that takes the caller"
                raise MisuseError(msg)
            if self._target is not None and self._target.resolve() == Path(source).resolve():
                msg = f"{target}: is the caller's recording too, and would be overwritten; give another target"
                raise MisuseError(msg)
            self._caller.queue(silence(lead, rate))
            self._caller.queue(AudioFrame(*read_wav(source)))

    async def connect(self) -> None:
        """Join: always possible. The recording begins with the first time."""
        if self._began is None:
            self._began = anyio.current_time()

    async def disconnect(self) -> None:
        """Leave, and write the recording so far."""
        if self._target is not None and self._tape.samples > self._saved:
            self._saved = self._tape.samples
            await run_in_thread(self._tape.save, self._target)

    async def run(self, heard: Listener, speaker: Speaker) -> None:
        """Carry sound until the caller is gone. Raises what the script raises."""
        failed: list[Exception] = []
        over = anyio.Event()

        async def perform() -> None:
            try:
                if self._script is not None:
                    self._caller = Caller(self.rate)
                    await _acting(self._script, self._caller)
            except Exception as broken:  # noqa: BLE001 - raised below, without the wrapping of a task group
                failed.append(broken)
                group.cancel_scope.cancel()
            over.set()

        async with anyio.create_task_group() as group:
            group.start_soon(perform, name="caller")
            try:
                await self._carry(heard, speaker, over)
            except Exception as broken:  # noqa: BLE001 - as above
                failed.append(broken)
            group.cancel_scope.cancel()
        if failed:
            raise failed[0]

    def wake(self) -> None:
        """It pulls by its own clock."""

    def clear(self) -> int:
        """What is pulled sounds at once: nothing is ever to be forgotten."""
        return 0

    async def _carry(self, heard: Listener, speaker: Speaker, over: anyio.Event) -> None:
        """Every 20 ms: one frame of the caller in, one of the agent out. A late loop catches up; no frame is lost or doubled."""
        start = anyio.current_time()
        at = 0 if self._began is None else round((start - self._began) * self.rate)
        samples = round(self.rate * TICK)
        nothing = bytes(2 * samples)
        tick, quiet = 0, 0
        while not (over.is_set() and self._caller.silent and quiet * TICK >= self._linger):
            said = self._caller.frame()
            heard(AudioFrame(said or nothing, self.rate))
            sound = speaker.pull()
            if self._target is not None:
                self._record(at + tick * samples, said or nothing, sound)
            quiet = 0 if said or sound or not over.is_set() else quiet + 1
            tick += 1
            await anyio.sleep_until(start + tick * TICK)

    def _record(self, at: int, said: bytes, sound: bytes | None) -> None:
        self._tape.left(at, said)
        if sound is not None:
            self._tape.right(at, sound)


async def _acting(script: Script, caller: Caller) -> None:
    acting: object = script(caller)
    if not inspect.isawaitable(acting):
        raise MisuseError(f"the script of a WavRoom is an async function; this one returned {acting!r}")
    await acting


def _seconds(name: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        msg = f"WavRoom({name}={value!r}): give seconds, 0 or more"
        raise MisuseError(msg)


def _writable(target: Path) -> Path:
    """The target, refused before a call is held for nothing."""
    if target.is_dir() or not target.parent.is_dir():
        msg = f"{target}: no recording can be written there; give the path of a file in a folder that exists"
        raise MisuseError(msg)
    return target
