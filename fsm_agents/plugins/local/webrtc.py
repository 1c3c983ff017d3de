"""``WebRTCVAD``: the voice activity detector of WebRTC, the default ear of a session. 2 µs for a frame, called inline.

The module is ``webrtcvad``, from the package ``webrtcvad-wheels``: the original package of that name no longer imports on a
fresh Python.
"""

from __future__ import annotations

from typing import Any

from fsm_agents.errors import MissingExtra, MisuseError

__all__ = ["WebRTCStream", "WebRTCVAD"]

#: What the detector can take: modes, samples per second, milliseconds of a frame.
MODES = (0, 1, 2, 3)
RATES = (8000, 16000, 32000, 48000)
FRAMES_MS = (10, 20, 30)


class WebRTCVAD:
    """Voice activity detection by WebRTC's detector (implements :class:`fsm_agents.stages.base.VAD`).

    It gives raw answers. Between it and a turn belongs :class:`fsm_agents.audio.speech.SpeechDetector`, which ignores the first
    300 ms: every session begins un-adapted and takes the first 100 to 150 ms of any noise for speech.

    Args:
        mode: 0 (takes most for speech) to 3 (least). 3: no false start in white or pink noise 10 dB below speech of -26 dBFS (40
            human clips each, and 31 synthetic ones); 0 takes even near silence for speech. In any mode the detector also goes by
            absolute level: steady pink noise above about -33 dBFS is speech to it. ``EnergyVAD`` has no such limit.
        rate: 8000, 16000, 32000 or 48000 samples per second. 48000 costs ten times as much.
        frame_ms: 10, 20 or 30. 20: what rooms deliver.

    Raises:
        MisuseError: A value that the detector does not know.
        MissingExtra: The module is missing or broken.
    """

    def __init__(self, mode: int = 3, rate: int = 16000, frame_ms: int = 20) -> None:
        _check("mode", mode, MODES)
        _check("rate", rate, RATES)
        _check("frame_ms", frame_ms, FRAMES_MS)
        self.mode = mode
        self.rate = rate
        self.frame_ms = frame_ms
        self._module = _load()

    def open(self) -> WebRTCStream:
        """A detector for one session; it adapts to that session's noise."""
        return WebRTCStream(self._module.Vad(self.mode), self.rate, self.rate * self.frame_ms // 1000 * 2)


class WebRTCStream:
    """The detector of one session (implements :class:`fsm_agents.stages.base.VADStream`)."""

    __slots__ = ("_ask", "_bytes", "_rate")

    def __init__(self, vad: Any, rate: int, frame_bytes: int) -> None:
        self._ask = vad.is_speech
        self._rate = rate
        self._bytes = frame_bytes

    def is_speech(self, pcm: bytes) -> bool:
        """Whether this frame is speech.

        Raises:
            MisuseError: It is not exactly one frame.
        """
        if len(pcm) != self._bytes:
            raise MisuseError(f"WebRTCVAD: a frame of {len(pcm)} bytes; give exactly {self._bytes}")
        return bool(self._ask(pcm, self._rate))


def _check(name: str, value: int, known: tuple[int, ...]) -> None:
    if value not in known:
        raise MisuseError(f"WebRTCVAD: {name}={value!r} is not possible; give one of {', '.join(map(str, known))}")


def _load() -> Any:
    try:
        import webrtcvad
    except ImportError as error:
        hint = f"{error}; the module comes from the package webrtcvad-wheels, and the package webrtcvad must not stand beside it"
        raise MissingExtra("voice", "WebRTCVAD", hint=hint) from error
    return webrtcvad
