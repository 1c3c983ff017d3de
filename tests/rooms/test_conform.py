"""Every room keeps what all rooms promise: memory, WAV file, scripted caller."""

from __future__ import annotations

import itertools
from pathlib import Path

import anyio
import numpy as np
import pytest

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.audio.wav import write_wav
from fsm_agents.rooms.memory import MemoryRoom
from fsm_agents.rooms.wav import Caller, WavRoom
from fsm_agents.testing.conform import PATIENCE, ROOM_PROMISES, MakeRig, Promise, Rig

pytestmark = pytest.mark.anyio


def stereo(path: Path) -> tuple[bytes, bytes]:
    """Both channels of a recording: caller, agent. Empty if there is none."""
    if not path.exists():
        return b"", b""
    samples = np.frombuffer(path.read_bytes()[44:], "<i2").reshape(-1, 2)
    return samples[:, 0].tobytes(), samples[:, 1].tobytes()


def memory(*, paced: bool) -> MakeRig:
    def make(pcm: bytes) -> Rig:
        room = MemoryRoom(paced=paced)

        async def caller() -> None:
            start = anyio.current_time()
            for number in itertools.count(1):
                await anyio.sleep_until(start + number * 0.02)
                frame, rest = pcm[640 * (number - 1) : 640 * number], len(pcm) // 640
                room.push(AudioFrame(frame or bytes(640), 16000))
                if number > rest + PATIENCE * 50:
                    break
            room.hang_up()

        return Rig(room, lambda: b"".join(room.played), caller, paced=paced)

    return make


def recording(folder: Path) -> MakeRig:
    def make(pcm: bytes) -> Rig:
        write_wav(folder / "in.wav", pcm, 16000)
        return Rig(WavRoom(folder / "in.wav", folder / "out.wav", linger=PATIENCE), lambda: stereo(folder / "out.wav")[1])

    return make


def script(folder: Path) -> MakeRig:
    def make(pcm: bytes) -> Rig:
        async def speak(caller: Caller) -> None:
            await caller.speak(AudioFrame(pcm, 16000))

        return Rig(WavRoom(speak, folder / "out.wav", linger=PATIENCE), lambda: stereo(folder / "out.wav")[1])

    return make


@pytest.fixture(params=["memory", "memory, unpaced", "recording", "script"])
def make_rig(request: pytest.FixtureRequest, tmp_path: Path) -> MakeRig:
    rooms = {
        "memory": memory(paced=True),
        "memory, unpaced": memory(paced=False),
        "recording": recording(tmp_path),
        "script": script(tmp_path),
    }
    return rooms[request.param]


@pytest.mark.parametrize("promise", ROOM_PROMISES, ids=lambda promise: promise.__name__)
async def test_a_room(promise: Promise, make_rig: MakeRig) -> None:
    """The name of the promise says what must hold."""
    await promise(make_rig)
