"""What a room refuses, and when: before a call is held for nothing, and to whoever did it."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fsm_agents import AgentSession, CascadingPipeline, MemoryRoom, MisuseError, ProviderError
from fsm_agents.audio.frame import AudioFrame
from fsm_agents.rooms.wav import WavRoom
from fsm_agents.session.agent import Agent
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD

pytestmark = pytest.mark.anyio


def wav(path: Path, pcm: bytes = bytes(640), *, rate: int = 16000, channels: int = 1, bits: int = 16) -> Path:
    """A WAV file, right or wrong."""
    block = channels * bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * block, block, bits)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(pcm)) + pcm
    path.write_bytes(struct.pack("<4sI", b"RIFF", len(body)) + body)
    return path


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"pcm": b""}, "is an empty WAV file"),
        ({"pcm": b"\x01"}, "is an empty WAV file"),
        ({"channels": 2}, "has 2 channels"),
        ({"rate": 4000}, "has 4000 Hz"),
        ({"rate": 96000}, "has 96000 Hz"),
        ({"bits": 8}, "of 8 bit"),
        ({"bits": 24}, "of 24 bit"),
    ],
)
def test_a_recording_that_cannot_be_a_caller_is_refused_before_the_call(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    """With the file, what it is, and what to do."""
    path = wav(tmp_path / "in.wav", **wrong)
    with pytest.raises(MisuseError, match=said) as caught:
        WavRoom(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("source", [None, 5, b"in.wav", ["in.wav"], True])
def test_a_source_is_a_path_or_a_script(source: Any) -> None:
    """And what would do is named."""
    with pytest.raises(MisuseError, match="give the path of a WAV file, or a script"):
        WavRoom(source)


async def test_an_odd_byte_at_the_end_of_a_recording_is_left_out(tmp_path: Path) -> None:
    """A writer that died in the middle of a sample: the call is held with what there is, and ends closed."""
    path = wav(tmp_path / "in.wav", bytes(641))
    room = WavRoom(path, lead=0, linger=0.5)
    session = AgentSession(Agent(), CascadingPipeline(FakeSTT(), FakeLLM(), FakeTTS(), FakeVAD()), room=room)
    async with session:
        assert await session.wait_closed() == "the caller left"


async def test_a_script_that_is_no_async_function_ends_the_call_and_is_named() -> None:
    """A plain function is over before the call has begun."""
    room = WavRoom(lambda caller: None)  # type: ignore[arg-type,return-value]
    session = AgentSession(Agent(), CascadingPipeline(FakeSTT(), FakeLLM(), FakeTTS(), FakeVAD()), room=room)
    with suppress(ProviderError):  # the call may end before the start has returned
        async with session:
            await session.wait_closed()
    assert session.state == "closed"
    assert "the script of a WavRoom is an async function" in session.close_reason


def test_a_frame_goes_to_somebody_who_listens() -> None:
    """And a frame is one."""
    room = MemoryRoom()
    with pytest.raises(MisuseError, match="start a session in it first"):
        room.push(AudioFrame(b"", 16000))
    with pytest.raises(MisuseError, match=r"push\(bytes\): give an AudioFrame"):
        room.push(b"")  # type: ignore[arg-type]
