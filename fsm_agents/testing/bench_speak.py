"""What it costs to answer and to be interrupted: the turn's overhead, its CPU time, and how fast a barge-in silences the agent.

Everything runs through a real session on the real clock; only room and providers are programs.

* Turn: from the call that brings the final transcript to the first frame at the room's sink, unpaced; CPU from there to the end of the
  reply (20 tokens, 50 frames), of the whole process.
* Barge-in: from the frame that is the edge of speech, through detector, ear and tables (``SpeechStarted`` shuts the gate, the words of
  the interim transcript cut the reply), to the moment when the room is told to clear its output; paced, while the agent sounds. Frames
  of a cut reply that come to the sink afterwards are counted.
"""

from __future__ import annotations

import time
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from fsm_agents.errors import MisuseError
from fsm_agents.rooms.memory import MemoryRoom
from fsm_agents.stages.base import Transcript
from fsm_agents.testing.bench_setup import BenchSTT, Figures, Size, bench_session, quantile
from fsm_agents.testing.fakes import SILENCE, SPEECH

__all__ = ["measure_barge_in", "measure_turn"]

SOON: dict[str, Any] = {"complete": 1e-6, "hangover": 2e-6, "endpoint": 5.0, "final_ends_turn": True}
"""The caller's pauses are not what is measured: there are none. Turn follows turn, as with a speech-to-text that ends the turn itself."""
FRAMES = 50
"""In an answer: two sentences of 25."""


class _Sink:
    """Takes what sounds: when the first frame of a reply came, when the last, and what should not have come."""

    def __init__(self, whole: int) -> None:
        self.whole, self.count, self.first = whole, 0, 0
        self.cut, self.stale = 0, 0
        self.over = anyio.Event()

    def restart(self) -> None:
        """Another reply."""
        self.count, self.over = 0, anyio.Event()

    def __call__(self, frame: bytes) -> None:
        if not self.count:
            self.first = time.perf_counter_ns()
        self.count += 1
        if frame[0] + 256 * frame[1] <= self.cut:
            self.stale += 1
        if self.count == self.whole:
            self.over.set()


class _Room(MemoryRoom):
    """Remembers when it was told to forget what has not sounded: what a real room does then is silence."""

    cleared = 0

    def clear(self) -> int:
        """Forget."""
        self.cleared = time.perf_counter_ns()
        return super().clear()


async def measure_turn(size: Size) -> Figures:
    """The overhead of a turn: of several runs the one with the least, the others met a busy machine."""
    sink = _Sink(FRAMES)
    room, stt = MemoryRoom(sink=sink), BenchSTT(answers=False)
    runs: list[tuple[float, Figures]] = []
    async with bench_session(room, stt=stt, **SOON) as session:
        caller = session.host.driver.talk.cell("caller")
        await _settle(room)
        for _ in range(size.repeats):
            overhead: list[float] = []
            cpu = 0
            for _ in range(size.turns):
                await _say_something(room)
                while caller.node.name != "PAUSING":
                    await checkpoint()
                sink.restart()
                began, cpu_began = time.perf_counter_ns(), time.process_time_ns()
                stt.heard(Transcript(stt.segment, "some words", final=True))
                await sink.over.wait()
                for _ in range(3):  # the reply's task ends, and its group hears of it
                    await checkpoint()
                cpu += time.process_time_ns() - cpu_began
                overhead.append((sink.first - began) / 1e6)
            middle = quantile(overhead, 0.5)
            figures: Figures = {
                "turn_p50_ms": middle,
                "turn_p99_ms": quantile(overhead, 0.99),
                "turn_cpu_ms": cpu / size.turns / 1e6,
            }
            runs.append((middle, figures))
    return min(runs, key=lambda run: run[0])[1]


async def measure_barge_in(size: Size) -> Figures:
    """How fast the agent falls silent, and whether it does."""
    sink = _Sink(3)
    room, stt = _Room(paced=True, sink=sink), BenchSTT()
    taken: list[float] = []
    async with bench_session(room, stt=stt, frames=150, **SOON) as session:
        playback, tts = session.host.playback, session.pipeline.tts  # type: ignore[attr-defined]  # the bench's own
        reply = session.host.driver.talk.cell("reply")
        await _settle(room)
        await _say_something(room)
        for _ in range(size.cuts):
            await sink.over.wait()
            room.push(SPEECH)
            began = time.perf_counter_ns()
            room.push(SPEECH)  # the second of three: the edge
            taken.append((room.cleared - began) / 1e6)
            if playback.queue or reply.node.name != "CUT":
                msg = f"the reply was not cut: {reply.node.name}, {len(playback.queue)} utterances wait"
                raise RuntimeError(msg)
            sink.cut = tts.made
            await anyio.sleep(0.045)  # two ticks of the room: what could still come comes now
            sink.restart()
            for _ in range(4):
                room.push(SILENCE)
    return {"barge_in_p50_ms": quantile(taken, 0.5), "barge_in_p99_ms": quantile(taken, 0.99), "stale_frames": sink.stale}


async def _say_something(room: MemoryRoom) -> None:
    """The caller speaks for a moment and falls silent."""
    for _ in range(3):
        room.push(SPEECH)
    for _ in range(4):
        room.push(SILENCE)


async def _settle(room: MemoryRoom) -> None:
    """Wait until somebody listens in the room, and feed the detector the first frames, which it does not believe."""
    while True:
        await checkpoint()
        try:
            room.push(SILENCE)
        except MisuseError:
            continue
        break
    for _ in range(15):
        room.push(SILENCE)
