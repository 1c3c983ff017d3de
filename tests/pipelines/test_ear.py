"""The ear alone: frames of any kind in, edges and transcripts out; every stage that fails is contained."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import anyio
import attrs
import pytest

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.machines.events import (
    CloseAsked,
    FinalTranscript,
    InterimTranscript,
    SpeechStarted,
    SpeechStopped,
    TranscriptLost,
    TurnCompleted,
)  # fmt: skip
from fsm_agents.pipelines.ear import DEAF_AFTER, CascadeEar
from fsm_agents.stages.base import STTStream, Transcript
from fsm_agents.testing.fakes import SILENCE, SPEECH, FakeSTT, FakeVAD

pytestmark = pytest.mark.anyio


@attrs.define(eq=False)
class Stream:
    """Speech-to-text that notes what it is asked, and fails on request."""

    heard: Callable[[Transcript], None]
    fails: set[str]
    asked: list[tuple[str, Any]] = attrs.field(factory=list)

    def note(self, what: str, value: Any = None) -> None:
        """Note it, or fail."""
        self.asked.append((what, value))
        if what in self.fails:
            raise RuntimeError(what)

    def begin(self, segment: int) -> None:
        self.note("begin", segment)

    def push(self, pcm: bytes) -> None:
        self.note("push", pcm)

    def finish(self, segment: int) -> None:
        self.note("finish", segment)

    def expect(self, phrases: Sequence[str]) -> None:
        self.note("expect", tuple(phrases))

    async def run(self) -> None:
        self.note("run")
        await anyio.sleep_forever()


class STT:
    """Its streams, in order; ``fails`` for each one."""

    rate = 16000

    def __init__(self, *fails: set[str]) -> None:
        self.fails = list(fails)
        self.streams: list[Stream] = []

    def open(self, heard: Callable[[Transcript], None]) -> STTStream:
        fails = self.fails[len(self.streams)] if len(self.streams) < len(self.fails) else set()
        if "open" in fails:
            raise RuntimeError("open")
        self.streams.append(Stream(heard, fails))
        return self.streams[-1]


@attrs.define(eq=False)
class World:
    """An ear, what it posted and what it spawned."""

    stt: Any
    vad: FakeVAD = attrs.field(factory=FakeVAD)
    detector: Any = None
    posted: list[object] = attrs.field(factory=list)
    spawned: list[Callable[[], Coroutine[Any, Any, None]]] = attrs.field(factory=list)
    ear: CascadeEar = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ear = CascadeEar(self.posted.append, self.vad, self.stt, self.detector, lambda fn, _name: self.spawned.append(fn))

    def hear(self, frame: AudioFrame, times: int) -> None:
        """The same frame, again and again."""
        for _ in range(times):
            self.ear.hear(frame)


async def test_of_many_frames_only_edges_become_events() -> None:
    """Forty-nine of fifty end in the ear."""
    world = World(STT())
    world.hear(SILENCE, 50)
    world.hear(SPEECH, 50)
    world.hear(SILENCE, 50)
    assert world.posted == [SpeechStarted(), SpeechStopped()]
    assert world.stt.streams[0].asked == []


async def test_speech_to_text_gets_the_pre_roll_first_and_only_the_open_segment() -> None:
    """300 ms of what came before the edge, each frame once."""
    world = World(STT())
    world.hear(SILENCE, 50)
    world.hear(SPEECH, 2)
    world.ear.open_segment(1)
    world.hear(SPEECH, 3)
    world.ear.finish_segment(1)
    world.hear(SILENCE, 10)
    asked = world.stt.streams[0].asked
    assert [what for what, _ in asked] == ["begin", *["push"] * 18, "finish"]
    assert [pcm[0] for what, pcm in asked if what == "push"] == [0] * 13 + [1] * 5


async def test_no_frame_is_given_twice() -> None:
    """A segment that is opened soon after another begins where that one ended."""
    world = World(STT())
    world.hear(SILENCE, 50)
    world.ear.open_segment(1)
    world.hear(SPEECH, 3)
    world.ear.finish_segment(1)
    world.hear(SILENCE, 5)
    world.ear.open_segment(2)
    asked = world.stt.streams[0].asked
    assert [pcm[0] for what, pcm in asked[asked.index(("begin", 2)) :] if what == "push"] == [0] * 5


async def test_a_segment_that_is_not_open_is_not_finished() -> None:
    """It was broken off before; its words were given."""
    world = World(STT())
    world.ear.finish_segment(1)
    assert world.stt.streams[0].asked == []


@pytest.mark.parametrize(("rate", "samples"), [(8000, 80), (44100, 441), (48000, 480)])
async def test_frames_of_another_rate_are_resampled_to_the_detector(rate: int, samples: int) -> None:
    """And cut into its frames."""
    sizes: list[int] = []

    class Sizing(FakeVAD):
        def is_speech(self, pcm: bytes) -> bool:
            sizes.append(len(pcm))
            return False

    world = World(STT(), Sizing())
    world.hear(AudioFrame(bytes(2 * samples), rate), 100)
    assert set(sizes) == {640}
    assert len(sizes) in (49, 50)


async def test_speech_to_text_of_another_rate_gets_its_own() -> None:
    """Half as many samples at 8 kHz."""
    stt = STT()
    stt.rate = 8000  # type: ignore[misc]
    world = World(stt)
    world.ear.open_segment(1)
    world.hear(SPEECH, 50)
    assert sum(len(pcm) for what, pcm in stt.streams[0].asked if what == "push") == pytest.approx(16000, abs=100)


async def test_transcripts_become_events() -> None:
    """Interim with whether it is complete, final, and what a turn detector thinks of it."""

    class Detector:
        def is_complete(self, text: str) -> bool:
            return text.endswith("please")

    world = World(STT(), detector=Detector())
    heard = world.stt.streams[0].heard
    heard(Transcript(1, "a pizza", final=False))
    heard(Transcript(1, "a pizza please", final=False, complete=True))
    heard(Transcript(1, "", final=True))
    assert world.posted == [
        InterimTranscript("a pizza", 1), InterimTranscript("a pizza please", 1, complete=True), TurnCompleted(), FinalTranscript("", 1),
    ]  # fmt: skip


async def test_a_turn_detector_that_raises_is_not_taken_for_a_failure_of_speech_to_text() -> None:
    """Silence decides then."""

    class Broken:
        def is_complete(self, text: str) -> bool:
            raise ValueError

    world = World(STT(), detector=Broken())
    world.stt.streams[0].heard(Transcript(1, "hello", final=True))
    assert world.posted == [FinalTranscript("hello", 1)]
    assert len(world.stt.streams) == 1


async def test_what_is_expected_is_told_once() -> None:
    """Only a change is passed on."""
    world = World(STT())
    world.ear.expect(())
    world.ear.expect(["yes", "no"])
    world.ear.expect(("yes", "no"))
    world.ear.expect([])
    assert world.stt.streams[0].asked == [("expect", ("yes", "no")), ("expect", ())]


@pytest.mark.parametrize("where", ["begin", "push", "finish"])
async def test_a_stream_that_fails_is_replaced_and_the_words_of_its_segment_are_lost(where: str) -> None:
    """The new one expects the same, and is run."""
    world = World(STT({where}))
    world.ear.expect(["yes"])
    world.ear.open_segment(1)
    world.hear(SPEECH, 3)
    world.ear.finish_segment(1)
    assert world.posted[-1 if where == "finish" else 0] == TranscriptLost(1)
    assert world.posted.count(TranscriptLost(1)) == 1
    assert world.stt.streams[1].asked == [("expect", ("yes",))]
    world.ear.open_segment(2)
    world.hear(SPEECH, 3)
    assert ("begin", 2) in world.stt.streams[1].asked
    assert len(world.spawned) == 1


async def test_the_waiting_of_a_replaced_stream_ends_and_that_of_the_new_one_begins() -> None:
    """Or a connection that was lost would leave the ear deaf for good."""
    world = World(STT({"begin"}))
    async with anyio.create_task_group() as group:
        world.ear._spawn = lambda fn, _name: group.start_soon(fn)  # type: ignore[assignment,return-value]
        group.start_soon(world.ear.run)
        while not world.stt.streams[0].asked:
            await anyio.lowlevel.checkpoint()
        world.ear.open_segment(1)
        while ("run", None) not in world.stt.streams[1].asked:
            await anyio.lowlevel.checkpoint()
        assert world.stt.streams[0].asked == [("run", None), ("begin", 1)]
        group.cancel_scope.cancel()


async def test_a_connection_that_breaks_counts_as_a_failure() -> None:
    """The words of the open segment are lost; after three in a row the session closes."""
    world = World(STT({"run"}, {"run"}, {"run"}))
    world.ear.open_segment(1)
    await world.ear.run()
    assert world.posted == [TranscriptLost(1)]
    for _ in range(DEAF_AFTER - 1):
        await world.spawned.pop()()
    assert world.posted[1:] == [CloseAsked("error: speech-to-text failed 3 times in a row: RuntimeError: run")]


async def test_a_stream_that_cannot_be_opened_again_closes_the_session() -> None:
    """With the reason."""
    world = World(STT({"push"}, {"open"}))
    world.ear.open_segment(1)
    world.hear(SPEECH, 1)
    assert world.posted == [CloseAsked("error: speech-to-text could not be opened again: RuntimeError: open")]


async def test_a_new_stream_that_refuses_what_is_expected_closes_the_session() -> None:
    """It was accepted before; something is badly wrong."""
    world = World(STT({"push"}, {"expect"}))
    world.ear.open_segment(1)
    world.hear(SPEECH, 1)
    assert world.posted == [CloseAsked("error: speech-to-text could not be opened again: RuntimeError: expect")]


async def test_a_detector_that_raises_closes_the_session_once_and_hears_nothing_more() -> None:
    """The room goes on pushing frames meanwhile, and must not be hit by it."""

    class Broken(FakeVAD):
        def is_speech(self, pcm: bytes) -> bool:
            raise OSError("gone")

    world = World(STT(), Broken())
    world.hear(SPEECH, 50)
    assert world.posted == [CloseAsked("error: voice activity detection failed: OSError: gone")]


async def test_after_a_rearm_speech_that_goes_on_is_a_new_beginning() -> None:
    """The ear was overruled while the detector still says speech."""
    world = World(FakeSTT())
    world.hear(SILENCE, 20)
    world.hear(SPEECH, 10)
    world.ear.rearm()
    world.hear(SPEECH, 10)
    assert world.posted == [SpeechStarted(), SpeechStarted()]
