"""From a detector's yes or no for each frame to the edges that machines are told: speech started, speech stopped.

This file may count frames; it hears nothing, knows no time and decides nothing about turns. It is a table of three states by two
inputs, plus one integer. It does not use the engine: it runs for every frame of every session, and forty-nine times in fifty
nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import ClassVar

from fsm_agents.errors import MisuseError

__all__ = ["Edge", "SpeechDetector", "SpeechState"]


class Edge(Enum):
    """What changed with a frame."""

    STARTED = "started"
    """Speech began with one of the last frames."""

    STOPPED = "stopped"
    """Speech ended; the last ``close_frames`` frames were silent."""


class SpeechState(Enum):
    """Where the detector is."""

    GUARDING = "guarding"
    """The first frames of a session, which are not believed."""

    SILENT = "silent"
    """Nobody speaks."""

    SPEAKING = "speaking"
    """Somebody speaks."""


_Cell = Callable[["SpeechDetector"], Edge | None]


class SpeechDetector:
    """Turns frames of yes or no into edges, with some inertia on both sides.

    The defaults are for frames of 20 ms and webrtcvad in its strictest mode, from measurements with forty human clips in each of
    six kinds of noise: two of three frames to open gave no false start down to 10 dB above white or pink noise and heard an onset
    after 40 to 60 ms; the detector itself adds 60 to 110 ms of tail, so a short closing time is enough (how long a *turn* stays
    open after that is a timer of the caller's table, not of this class).

    Args:
        open_frames: Frames of speech that open, 1 or more.
        open_window: Among how many frames, ``open_frames`` or more.
        close_frames: Silent frames in a row that close, 1 or more.
        guard_frames: First frames of a session that are ignored, 0 or more: webrtcvad starts un-adapted and takes the first 100
            to 150 ms of any noise for speech (60 of 60 trials). 15 frames are 300 ms.

    Raises:
        MisuseError: One of the numbers is out of range.
    """

    __slots__ = ("_cells", "_close", "_count", "_mask", "_open", "_state")

    def __init__(self, open_frames: int = 2, open_window: int = 3, close_frames: int = 4, guard_frames: int = 15) -> None:
        _check("open_frames", open_frames, at_least=1)
        _check("open_window", open_window, at_least=open_frames)
        _check("close_frames", close_frames, at_least=1)
        _check("guard_frames", guard_frames, at_least=0)
        self._open = open_frames
        self._mask = (1 << open_window) - 1
        self._close = close_frames
        self._enter(SpeechState.GUARDING if guard_frames else SpeechState.SILENT, guard_frames)

    @property
    def state(self) -> SpeechState:
        """The state after the last frame."""
        return self._state

    @property
    def speaking(self) -> bool:
        """Whether speech has started and not stopped."""
        return self._state is SpeechState.SPEAKING

    def push(self, is_speech: bool) -> Edge | None:  # noqa: FBT001 - one yes or no is all there is to say
        """Take the detector's word for the next frame; return the edge it makes, if any."""
        return self._cells[1 if is_speech else 0](self)

    def rearm(self) -> None:
        """Go back to silence without an edge: the ear was overruled while it still says speech.

        Frames of speech that follow make a new ``STARTED``. Nothing happens unless the detector is speaking.
        """
        if self._state is SpeechState.SPEAKING:
            self._enter(SpeechState.SILENT, 0)

    def _enter(self, state: SpeechState, count: int) -> None:
        # The one counter means: GUARDING, frames still to ignore; SILENT, the window as bits (newest lowest);
        # SPEAKING, silent frames in a row. The row of the table is held, not looked up: hashing an Enum costs 0.1 µs a frame.
        self._state = state
        self._count = count
        self._cells = self._TABLE[state]

    def _wait(self) -> Edge | None:
        self._count -= 1
        if not self._count:
            self._enter(SpeechState.SILENT, 0)
        return None

    def _stay_silent(self) -> Edge | None:
        self._count = self._count << 1 & self._mask
        return None

    def _listen(self) -> Edge | None:
        window = self._count << 1 & self._mask | 1
        if window.bit_count() < self._open:
            self._count = window
            return None
        self._enter(SpeechState.SPEAKING, 0)
        return Edge.STARTED

    def _keep_speaking(self) -> Edge | None:
        self._count = 0
        return None

    def _count_silence(self) -> Edge | None:
        self._count += 1
        if self._count < self._close:
            return None
        self._enter(SpeechState.SILENT, 0)
        return Edge.STOPPED

    # fmt: off
    _TABLE: ClassVar[dict[SpeechState, tuple[_Cell, _Cell]]] = {
        #  in                    a silent frame   a frame of speech
        SpeechState.GUARDING:  ( _wait,           _wait           ),
        SpeechState.SILENT:    ( _stay_silent,    _listen         ),
        SpeechState.SPEAKING:  ( _count_silence,  _keep_speaking  ),
    }
    # fmt: on


def _check(name: str, value: int, at_least: int) -> None:
    if value < at_least:
        raise MisuseError(f"SpeechDetector: {name}={value!r} is too small; give {at_least} or more frames")
