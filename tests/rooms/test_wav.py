"""The room of WAV files: rates, lead, linger, the stereo recording, scripts, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.audio.wav import write_wav
from fsm_agents.errors import MisuseError
from fsm_agents.rooms.wav import Caller, WavRoom

pytestmark = pytest.mark.anyio

TONE = bytes(range(2, 66)) * 100  # 0.2 s at 16 kHz, never silent


def tone(rate: int, seconds: float = 1.0) -> bytes:
    """A tone that no voice detector is asked about: 200 Hz, half loud."""
    wave = 16000 * np.sin(np.arange(round(rate * seconds)) * 2 * np.pi * 200 / rate)
    return bytes(np.rint(wave).astype("<i2").tobytes())


class Agent:
    """Notes when it hears something; sounds ``frames`` frames from a moment on."""

    def __init__(self, begin: float = 0.0, frames: int = 0) -> None:
        self.heard: list[tuple[float, AudioFrame]] = []
        self.begin, self.left = begin, frames

    def hear(self, frame: AudioFrame) -> None:
        self.heard.append((anyio.current_time(), frame))

    def pull(self) -> bytes | None:
        if anyio.current_time() < self.begin or not self.left:
            return None
        self.left -= 1
        return b"\x05\x00" * 320


async def hold(room: WavRoom, agent: Agent) -> float:
    """A call; returns how long it took."""
    start = anyio.current_time()
    await room.connect()
    await room.run(agent.hear, agent)
    await room.disconnect()
    return anyio.current_time() - start


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def channels(path: Path) -> tuple[Any, Any]:
    samples = np.frombuffer(path.read_bytes()[44:], "<i2").reshape(-1, 2)
    return samples[:, 0], samples[:, 1]


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
async def test_a_recording_of_any_rate_is_heard_as_long_and_as_loud_as_it_is(rate: int, tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", tone(rate), rate)
    agent = Agent()
    await hold(WavRoom(tmp_path / "in.wav", lead=0), agent)
    heard = np.frombuffer(b"".join(frame.data for _, frame in agent.heard), "<i2").astype(float)
    assert {frame.rate for _, frame in agent.heard} == {16000}
    assert abs(np.flatnonzero(np.abs(heard) > 100)[-1] / 16000 - 1.0) < 0.01
    assert abs(np.sqrt(np.mean(heard[1600:14400] ** 2)) - 16000 / np.sqrt(2)) < 150


async def test_a_frame_comes_every_20_ms_and_the_recording_begins_after_the_lead(tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", TONE, 16000)
    agent = Agent()
    await hold(WavRoom(tmp_path / "in.wav", lead=0.5), agent)
    start = agent.heard[0][0]
    assert [round((at - start) * 1000) for at, _ in agent.heard[:4]] == [0, 20, 40, 60]
    assert {len(frame.data) for _, frame in agent.heard} == {640}
    first = next(number for number, (_, frame) in enumerate(agent.heard) if any(frame.data))
    assert first == 25


async def test_the_caller_stays_until_the_agent_has_been_silent_for_the_linger(tmp_path: Path) -> None:
    """0.2 s of caller, then nothing: a silent agent is left after the linger, one that speaks is heard to its end."""
    write_wav(tmp_path / "in.wav", TONE, 16000)
    assert await hold(WavRoom(tmp_path / "in.wav", lead=0, linger=1), Agent()) == pytest.approx(1.2, abs=0.03)
    speaks = Agent(begin=anyio.current_time() + 1.0, frames=100)
    assert await hold(WavRoom(tmp_path / "in.wav", lead=0, linger=1), speaks) == pytest.approx(4.0, abs=0.03)
    assert speaks.left == 0


async def test_the_recording_has_the_caller_left_and_the_agent_right_where_they_sounded(tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", TONE, 16000)
    await hold(
        WavRoom(tmp_path / "in.wav", tmp_path / "out.wav", lead=0.1, linger=0.5),
        Agent(begin=anyio.current_time() + 0.2, frames=5),
    )
    left, right = channels(tmp_path / "out.wav")
    assert left[1600 : 1600 + len(TONE) // 2].tobytes() == TONE
    assert not left[:1600].any()
    assert not left[1600 + len(TONE) // 2 :].any()
    assert np.flatnonzero(right).tolist() == list(range(3200, 3200 + 5 * 320))


async def test_a_recording_goes_on_where_it_was_when_the_agent_comes_back(tmp_path: Path) -> None:
    """The agent leaves in the middle and comes back: nothing of the caller is lost, and the time away is silence in the recording."""
    pcm = tone(16000, 2.0)
    write_wav(tmp_path / "in.wav", pcm, 16000)
    room, agent = WavRoom(tmp_path / "in.wav", tmp_path / "out.wav", lead=0, linger=0.5), Agent()
    await room.connect()
    with anyio.move_on_after(1):
        await room.run(agent.hear, agent)
    await room.disconnect()
    await anyio.sleep_until(anyio.current_time() + 3)
    await hold(room, agent)
    assert b"".join(frame.data for _, frame in agent.heard).startswith(pcm)
    left, _ = channels(tmp_path / "out.wav")
    assert not left[17000:63000].any()
    assert np.abs(left[:16000]).max() > 10000
    assert np.abs(left[64000:]).max() > 10000


async def test_a_script_speaks_when_it_likes_and_waits_until_it_is_said() -> None:
    times: list[float] = []

    async def script(caller: Caller) -> None:
        await anyio.sleep_until(start + 0.3)
        await caller.speak(AudioFrame(TONE, 16000))
        times.append(anyio.current_time() - start)
        caller.queue(AudioFrame(TONE, 16000))
        await caller.speak(AudioFrame(TONE[::-1], 16000))
        times.append(anyio.current_time() - start)

    start, agent = anyio.current_time(), Agent()
    lasted = await hold(WavRoom(script, linger=0.2), agent)
    heard = b"".join(frame.data for _, frame in agent.heard if any(frame.data))
    assert heard == TONE + TONE + TONE[::-1]
    assert times == pytest.approx([0.48, 0.9], abs=0.03)
    assert lasted == pytest.approx(1.1, abs=0.05)


async def test_what_a_script_says_at_another_rate_is_resampled() -> None:
    async def script(caller: Caller) -> None:
        await caller.speak(AudioFrame(tone(8000, 0.5), 8000))

    agent = Agent()
    await hold(WavRoom(script, rate=48000, linger=0), agent)
    heard = np.frombuffer(b"".join(frame.data for _, frame in agent.heard), "<i2")
    assert {(frame.rate, len(frame.data)) for _, frame in agent.heard} == {(48000, 1920)}
    assert np.flatnonzero(np.abs(heard.astype(int)) > 100)[-1] / 48000 == pytest.approx(0.51, abs=0.02)


async def test_what_a_script_raises_ends_the_call_and_comes_out_plainly() -> None:
    async def script(caller: Caller) -> None:
        await caller.speak(AudioFrame(TONE, 16000))
        raise LookupError("the caller forgot the words")

    room = WavRoom(script, linger=100)
    with pytest.raises(LookupError, match="forgot the words"):
        await hold(room, Agent())


async def test_what_the_agent_s_side_raises_comes_out_plainly() -> None:
    class Broken(Agent):
        def hear(self, frame: AudioFrame) -> None:
            raise ArithmeticError("a broken ear")

    async def script(caller: Caller) -> None:
        await anyio.sleep_forever()

    with pytest.raises(ArithmeticError, match="a broken ear"):
        await hold(WavRoom(script), Broken())


async def test_what_cannot_work_is_refused_before_the_call(tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", TONE, 16000)
    write_wav(tmp_path / "stereo.wav", TONE, 16000, channels=2)
    refused: list[tuple[Callable[[], WavRoom], str]] = [
        (lambda: WavRoom(tmp_path / "none.wav"), "cannot be read"),
        (lambda: WavRoom(tmp_path / "stereo.wav"), "has 2 channels"),
        (lambda: WavRoom(tmp_path / "in.wav", tmp_path / "no" / "out.wav"), "a folder that exists"),
        (lambda: WavRoom(tmp_path / "in.wav", tmp_path), "a folder that exists"),
        (lambda: WavRoom(tmp_path / "in.wav", tmp_path / "in.wav"), "would be overwritten"),
        (lambda: WavRoom(tmp_path / "in.wav", lead=-1), "lead=-1"),
        (lambda: WavRoom(tmp_path / "in.wav", linger=float("inf")), "linger=inf"),
        (lambda: WavRoom(tmp_path / "in.wav", linger=True), "linger=True"),
        (lambda: WavRoom(tmp_path / "in.wav", rate=11025), "give a multiple of 50"),
        (lambda: WavRoom(tmp_path / "in.wav", rate=96000), "8000 to 48000"),
        (lambda: WavRoom(tmp_path / "in.wav", lingre=1.0), "did you mean 'linger'"),  # type: ignore[call-arg]
    ]
    for make, message in refused:
        with pytest.raises(MisuseError, match=message):
            make()
    assert names(tmp_path) == ["in.wav", "stereo.wav"]


async def test_without_a_target_nothing_is_kept(tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", TONE, 16000)
    await hold(WavRoom(tmp_path / "in.wav", linger=0.1), Agent(frames=3))
    assert names(tmp_path) == ["in.wav"]
