"""Pure sound: frames, pieces, rates, levels, speech edges, what was heard, files.

Nothing here waits, and nothing imports numpy before it needs it: the way of a frame (cut, ask the detector, count) does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fsm_agents.audio.chunk import Chunker
from fsm_agents.audio.frame import AudioFrame, from_interleaved, silence
from fsm_agents.audio.level import rms
from fsm_agents.audio.playout import Playout
from fsm_agents.audio.resample import Resampler
from fsm_agents.audio.speech import Edge, SpeechDetector, SpeechState
from fsm_agents.lazily import lazily

if TYPE_CHECKING:
    from fsm_agents.audio.wav import StereoTape, WavWriter, read_wav, write_wav

__all__ = [
    "AudioFrame",
    "Chunker",
    "Edge",
    "Playout",
    "Resampler",
    "SpeechDetector",
    "SpeechState",
    "StereoTape",
    "WavWriter",
    "from_interleaved",
    "read_wav",
    "rms",
    "silence",
    "write_wav",
]

# Files are imported when they are first used: a session needs none, and they need a tenth of the time of the whole package.
__getattr__, __dir__ = lazily(__name__, dict.fromkeys(("StereoTape", "WavWriter", "read_wav", "write_wav"), "wav"))
