"""A room in memory: a program on both sides. For tests, benchmarks and embedding where sound comes by function call."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.errors import MisuseError
from fsm_agents.rooms.base import Listener, Speaker

__all__ = ["MemoryRoom"]

_TICK = 0.02


class MemoryRoom:
    """One caller who is a program.

    Args:
        rate: Samples per second of what is played, 8000 to 48000.
        paced: Play in real time, 20 ms every 20 ms; else as fast as it is made.
        sink: Takes each frame as it sounds; without one, frames are kept in ``played``.
    """

    def __init__(self, rate: int = 16000, *, paced: bool = False, sink: Callable[[bytes], None] | None = None) -> None:
        AudioFrame(b"", rate)
        self.rate = rate
        self.played: list[bytes] = []
        self._paced = paced
        self._sink = sink or self.played.append
        self._heard: Listener | None = None
        self._speaker: Speaker | None = None
        self._gone = anyio.Event()
        self._news = anyio.Event()
        self._playing: anyio.CancelScope | None = None

    async def connect(self) -> None:
        """Join: always possible."""

    async def disconnect(self) -> None:
        """Leave: always possible."""

    def push(self, frame: AudioFrame) -> None:
        """The caller's next frame.

        Raises:
            MisuseError: it is no frame, or nobody listens: no session runs in this room.
        """
        given: object = frame
        if not isinstance(given, AudioFrame):
            msg = f"push({type(frame).__name__}): give an AudioFrame(pcm, rate)"
            raise MisuseError(msg)
        heard = self._heard
        if heard is None:
            msg = "nobody listens in this room: start a session in it first"
            raise MisuseError(msg)
        heard(frame)

    def hang_up(self) -> None:
        """The caller leaves."""
        self._gone.set()
        if self._playing is not None:
            self._playing.cancel()

    async def run(self, heard: Listener, speaker: Speaker) -> None:
        """Carry sound until the caller hangs up."""
        self._heard, self._speaker = heard, speaker
        try:
            if not self._paced:
                self.wake()
                await self._gone.wait()
            elif not self._gone.is_set():
                with anyio.CancelScope() as self._playing:
                    await self._play()
        finally:
            self._heard = self._speaker = None

    def wake(self) -> None:
        """Play what is there now, or begin to."""
        if self._paced:
            self._news.set()
        elif self._speaker is not None:
            pull, sink = self._speaker.pull, self._sink
            while (frame := pull()) is not None:
                sink(frame)

    def clear(self) -> int:
        """Nothing is ever pulled that has not sounded."""
        return 0

    async def _play(self) -> None:
        speaker = self._speaker
        due = 0.0
        while speaker is not None:
            frame = speaker.pull()
            if frame is None:
                self._news = anyio.Event()
                await self._news.wait()
                continue
            self._sink(frame)
            due = max(due, anyio.current_time()) + _TICK
            await anyio.sleep_until(due)
