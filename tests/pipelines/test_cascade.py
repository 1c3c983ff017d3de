"""The cascade as a whole: its own voice detection, closing its stages, sound of any rate, providers of any shape."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, AgentSession, CascadingPipeline, ConversationFlow, MemoryRoom
from fsm_agents.machines import effects as do
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.plugins.local.webrtc import WebRTCVAD
from fsm_agents.stages.base import LLMChunk, SpeechChunk, TextDelta
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD
from tests.session.scene import GUARD, VoiceTTS, scene

pytestmark = pytest.mark.anyio


async def test_without_a_detector_the_session_brings_one() -> None:
    """Programs give none, and must take turns all the same."""
    pipeline = CascadingPipeline(FakeSTT(), FakeLLM(), FakeTTS())
    async with AgentSession(Agent(), pipeline, room=MemoryRoom()) as session:
        assert isinstance(pipeline.vad, WebRTCVAD)
        assert session.state == "running"


async def test_stages_are_closed_beside_each_other() -> None:
    """One that fails, or takes too long, does not keep the others open; a sync ``aclose`` will do."""
    closed: list[str] = []

    class STT(FakeSTT):
        async def aclose(self) -> None:
            raise OSError("half closed")

    class LLM(FakeLLM):
        async def aclose(self) -> None:
            await anyio.sleep_forever()

    class TTS(VoiceTTS):
        def aclose(self) -> None:
            closed.append("tts")

    async with scene(stt=STT(), llm=LLM(), tts=TTS()) as s:
        await s.session.close()
        assert anyio.current_time() == 1
    assert closed == ["tts"]


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 48000])
async def test_a_voice_of_any_rate_sounds_as_long_as_it_is(rate: int) -> None:
    """The room's rate counts for frames; the time is the same."""
    room = MemoryRoom(16000, paced=True)
    sizes: list[int] = []
    async with scene(room=room, tts=VoiceTTS(rate=rate)) as s:
        take = room._sink
        room._sink = lambda frame: (sizes.append(len(frame)), take(frame))[1]  # type: ignore[func-returns-value]
        await s.session.say("Ten chars.")
        assert anyio.current_time() == pytest.approx(0.6, abs=0.021)
    assert set(sizes) == {640}


async def test_providers_need_not_be_generators() -> None:
    """Any asynchronous iterator will do: one of a class, without ``aclose``."""

    class Iter:
        def __init__(self, items: Iterator[Any]) -> None:
            self.items = items

        def __aiter__(self) -> Iter:
            return self

        async def __anext__(self) -> Any:
            await anyio.lowlevel.checkpoint()
            try:
                return next(self.items)
            except StopIteration:
                raise StopAsyncIteration from None

    class LLM(FakeLLM):
        def chat(self, *_given: object) -> AsyncIterator[LLMChunk]:  # type: ignore[override]
            return Iter(iter([TextDelta("Plain "), TextDelta("words.")]))

    class TTS(VoiceTTS):
        def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:  # type: ignore[override]
            self.spoken.append(text)
            return Iter(iter([SpeechChunk(b"\x01\x00" * 320)] * 10))

    class Flow(ConversationFlow):
        def run(self, transcript: str) -> AsyncIterator[str]:
            return (
                Iter(iter(["Said ", "by the flow. "]) if transcript == "words 2" else iter([]))
                if transcript != "words 1"
                else (self.process_with_llm())
            )

    async with scene(flow=Flow(), llm=LLM(), tts=TTS()) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.turn()
        await s.label("listening")
    assert s.said() == ["Plain words.", "Said by the flow."]


@pytest.mark.parametrize("kind", ["text", "coroutine", "nothing"])
async def test_run_may_return_text(kind: str) -> None:
    """A flow that needs no stream."""

    class Flow(ConversationFlow):
        def run(self, transcript: str) -> Any:  # type: ignore[override]
            return self.later() if kind == "coroutine" else "As text." if kind == "text" else None

        async def later(self) -> str:
            await anyio.lowlevel.checkpoint()
            return "As text."

    async with scene(flow=Flow()) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("listening")
    assert s.said() == ([] if kind == "nothing" else ["As text."])


@pytest.mark.parametrize("piece", [None, 5, b"bytes"])
async def test_pieces_that_are_no_text_are_a_failure(piece: Any) -> None:
    """Which is apologised for, and logged."""

    class Flow(ConversationFlow):
        async def run(self, transcript: str) -> AsyncIterator[str]:
            yield piece

    async with scene(flow=Flow()) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: APOLOGY in s.said())


async def test_a_model_is_closed_with_the_reply_that_asked_it() -> None:
    """Though flows hand its answer on piece by piece, and only let go of it."""
    closed: list[str] = []

    class LLM(FakeLLM):
        async def chat(self, *given: Any) -> AsyncIterator[LLMChunk]:
            try:
                while True:
                    await anyio.lowlevel.checkpoint()
                    yield TextDelta("And so on and so on and so on. ")
            finally:
                closed.append(s.session.label)

    class Flow(ConversationFlow):
        async def run(self, transcript: str) -> AsyncIterator[str]:
            async for text in self.process_with_llm():
                yield text.upper()

    async with scene(flow=Flow(), llm=LLM()) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("speaking")
        s.session.interrupt()
        await s.soon(lambda: closed)
    assert closed == ["listening"]


async def test_a_voice_that_gives_half_samples_is_a_failure_with_a_name(caplog: pytest.LogCaptureFixture) -> None:
    """Not noise in the caller's ear."""

    class Odd(VoiceTTS):
        async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
            self.spoken.append(text)
            await anyio.lowlevel.checkpoint()
            yield SpeechChunk(b"\x00" * 641)

    async with scene(tts=Odd()) as s:
        handle = await s.session.say("Hello.")
        await s.until(lambda: s.did(do.GiveUp))
    assert handle.heard == ""
    assert not s.frames
    assert "641 bytes" in caplog.text


async def test_what_a_flow_expects_reaches_speech_to_text_before_the_next_turn() -> None:
    """At the start, and after each answer."""

    class Flow(ConversationFlow):
        expects = ("yes", "no")

        async def run(self, transcript: str) -> AsyncIterator[str]:
            self.expects = ("small", "large")
            yield "Which size?"

    async with scene(flow=Flow()) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("listening")
        s.session.expect(["help"])
    assert s.stt.expected == [("yes", "no"), ("small", "large"), ("help",)]


async def test_expected_phrases_that_speech_to_text_refuses_keep_the_session_from_starting() -> None:
    """A word that cannot be pronounced is found before the first caller finds it."""

    class Picky(FakeSTT):
        def open(self, heard: Any) -> Any:
            stream = super().open(heard)

            def refuse(phrases: Any) -> None:
                raise ValueError("no such word")

            stream.expect = refuse  # type: ignore[method-assign]
            return stream

    class Flow(ConversationFlow):
        expects = ("qwrtz",)

    session = AgentSession(Agent(), CascadingPipeline(Picky(), FakeLLM(), FakeTTS(), FakeVAD()), Flow(), room=MemoryRoom())
    with pytest.raises(ValueError, match="no such word"):
        async with session:
            raise AssertionError
    assert session.close_reason == "error: ValueError: no such word"
