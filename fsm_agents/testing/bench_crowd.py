"""Many sessions in one process: how many one core carries while frames come in real time, and what an idle one takes.

* Sessions per core: ``sessions`` sessions hear 20 ms frames in real time; CPU time of the process over wall time says what share of a
  core they take. From one source (one task pushes a frame into every room on each tick), and on a grid (a task for each session, all
  waking at the same multiples of 20 ms).
* Idle: resident memory, tasks and threads of running sessions, less those of a process that holds one.
"""

from __future__ import annotations

import math
import random
import threading
import time
from array import array
from collections.abc import Sequence

import anyio
from anyio.lowlevel import checkpoint

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.errors import MissingExtra
from fsm_agents.rooms.memory import MemoryRoom
from fsm_agents.session.own import OwnGroup
from fsm_agents.session.session import AgentSession
from fsm_agents.stages.base import VAD
from fsm_agents.testing.bench_memory import resident_mb
from fsm_agents.testing.bench_setup import Figures, Size, bench_session
from fsm_agents.testing.fakes import SILENCE

__all__ = ["measure_idle", "measure_sessions_silent", "measure_sessions_webrtcvad"]

TICK = 0.02
WARM_UP = 25
"""Ticks before the clock is read: the detectors' first frames, and caches."""


def _noise() -> list[AudioFrame]:
    """A second of quiet room noise. Digital silence will not do: webrtcvad gives up on it before its dear part."""
    source = random.Random(1)  # noqa: S311 - noise, not secrets
    return [AudioFrame(array("h", (round(source.gauss(0, 60)) for _ in range(320))).tobytes(), 16000) for _ in range(50)]


async def _start(_owner: OwnGroup, count: int, vad: VAD | None) -> list[tuple[AgentSession, MemoryRoom]]:
    rooms = [MemoryRoom(paced=True) for _ in range(count)]
    sessions = [bench_session(room, vad=vad) for room in rooms]
    for session in sessions:
        await session.start()
    for _ in range(5):  # all their tasks are at rest
        await checkpoint()
    return list(zip(sessions, rooms, strict=True))


async def _from_one_source(rooms: Sequence[MemoryRoom], frames: Sequence[AudioFrame], ticks: int) -> float:
    """The share of a core that is used while one task feeds all the rooms."""
    due = anyio.current_time()
    began = cpu = 0.0
    for tick in range(WARM_UP + ticks):
        if tick == WARM_UP:
            began, cpu = time.perf_counter(), time.process_time()
        frame = frames[tick % len(frames)]
        for room in rooms:
            room.push(frame)
        due += TICK
        await anyio.sleep_until(due)
    return (time.process_time() - cpu) / (time.perf_counter() - began)


async def _feed(room: MemoryRoom, frames: Sequence[AudioFrame], first: int, ticks: int) -> None:
    """One session's own source: wakes on every tick of the common grid."""
    for tick in range(ticks):
        await anyio.sleep_until((first + tick) * TICK)
        room.push(frames[tick % len(frames)])


async def _on_a_grid(rooms: Sequence[MemoryRoom], frames: Sequence[AudioFrame], ticks: int) -> float:
    """The share of a core that is used while each room has a task of its own."""
    first = math.ceil(anyio.current_time() / TICK) + 2
    async with anyio.create_task_group() as group:
        for room in rooms:
            group.start_soon(_feed, room, frames, first, WARM_UP + ticks)
        await anyio.sleep_until((first + WARM_UP - 0.5) * TICK)
        began, cpu = time.perf_counter(), time.process_time()
        await anyio.sleep_until((first + WARM_UP + ticks - 0.5) * TICK)
        used = (time.process_time() - cpu) / (time.perf_counter() - began)
        group.cancel_scope.cancel()  # the last frames are not measured
    return used


async def _carried(size: Size, vad: VAD | None, frames: Sequence[AudioFrame]) -> tuple[float, float]:
    """Sessions per core: from one source, on a grid."""
    ticks = round(size.seconds / TICK)
    async with OwnGroup() as owner:
        started = await _start(owner, size.sessions, vad)
        rooms = [room for _, room in started]
        one = size.sessions / await _from_one_source(rooms, frames, ticks)
        grid = size.sessions / await _on_a_grid(rooms, frames, ticks)
        await _close([session for session, _ in started])
    return one, grid


async def measure_sessions_silent(size: Size) -> Figures:
    """Sessions per core with a detector that costs nothing."""
    one, grid = await _carried(size, None, [SILENCE])
    return {"sessions_per_core_silent": one, "sessions_per_core_silent_grid": grid}


async def measure_sessions_webrtcvad(size: Size) -> Figures:
    """Sessions per core with the default detector, in the noise of a quiet room."""
    from fsm_agents.plugins.local.webrtc import WebRTCVAD

    try:
        vad = WebRTCVAD()
    except MissingExtra:
        return {"sessions_per_core_webrtcvad": None, "sessions_per_core_webrtcvad_grid": None}
    one, grid = await _carried(size, vad, _noise())
    return {"sessions_per_core_webrtcvad": one, "sessions_per_core_webrtcvad_grid": grid}


async def measure_idle(size: Size) -> Figures:
    """What one more running session takes while nobody speaks."""
    async with OwnGroup() as owner:
        started = await _start(owner, 1, None)
        memory, tasks, threads = resident_mb(), len(anyio.get_running_tasks()), threading.active_count()
        started += await _start(owner, size.idle, None)
        figures: Figures = {
            "rss_mb_per_session": (resident_mb() - memory) / size.idle,
            "tasks_per_session": (len(anyio.get_running_tasks()) - tasks) / size.idle,
            "threads_per_session": (threading.active_count() - threads) / size.idle,
        }
        await _close([session for session, _ in started])
    return figures


async def _close(sessions: Sequence[AgentSession]) -> None:
    async with anyio.create_task_group() as group:
        for session in sessions:
            group.start_soon(session.close)
