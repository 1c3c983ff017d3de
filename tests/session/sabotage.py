"""Agents, flows, stages and rooms that fail at one place in one way: what :mod:`test_sabotage` puts into a session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import anyio
import attrs

from fsm_agents import Agent, ConversationFlow, MemoryRoom, function_tool
from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.rooms.base import Listener, Speaker
from fsm_agents.stages.base import LLMChunk, SpeechChunk, STTStream, Transcript, VADStream
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeVAD
from tests.session.scene import VoiceTTS

__all__ = ["Saboteur", "fail"]


async def fail(how: str) -> None:
    """Go wrong: ``raises``, ``hangs``, ``swallows`` the first cancellation, ``shields`` itself for twenty seconds."""
    if how == "raises":
        msg = "sabotage"
        raise RuntimeError(msg)
    if how == "shields":
        with anyio.CancelScope(shield=True):
            await anyio.sleep_until(anyio.current_time() + 20)
    if how == "swallows":
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            pass
    await anyio.sleep_forever()


@attrs.define(eq=False)
class Saboteur:
    """Fails at one place, each time it comes by there."""

    place: str
    how: str
    asked: int = 0

    async def at(self, place: str) -> None:
        """Where waiting is possible."""
        if place == self.place:
            self.asked += 1
            await fail(self.how)

    def now(self, place: str) -> None:
        """Where it is not."""
        if place == self.place:
            self.asked += 1
            msg = "sabotage"
            raise RuntimeError(msg)

    def parts(self) -> dict[str, Any]:
        """What :func:`tests.session.scene.scene` takes."""
        flow = _OwnWords if self.place.startswith("process_with_llm") else _Flow
        return {
            "agent": _Agent(self), "flow": flow(self), "vad": _VAD(self), "stt": _STT(self), "llm": _LLM(self), "tts": _TTS(self),
            "room": _Room(self), "turn_detector": _TurnDetector(self), "wake_up": 3.0,
        }  # fmt: skip


class _Agent(Agent):
    def __init__(self, saboteur: Saboteur) -> None:
        super().__init__("Go on.")
        self.saboteur = saboteur

    async def on_enter(self) -> None:
        await self.saboteur.at("on_enter")

    async def on_exit(self) -> None:
        await self.saboteur.at("on_exit")

    @function_tool
    async def look_up(self) -> str:
        """Look something up."""
        await self.saboteur.at("tool")
        return "found"


class _Flow(ConversationFlow):
    def __init__(self, saboteur: Saboteur) -> None:
        super().__init__()
        self.saboteur = saboteur
        self.expects = ("at first",)

    async def on_turn_start(self, transcript: str) -> None:
        await self.saboteur.at("on_turn_start")

    async def run(self, transcript: str) -> AsyncIterator[str]:
        await self.saboteur.at("run, at the start")
        self.expects = ("after an answer",)
        async for text in self.process_with_llm():  # as users write it
            yield text
            await self.saboteur.at("run, in the middle")

    async def on_turn_end(self) -> None:
        await self.saboteur.at("on_turn_end")


class _OwnWords(_Flow):
    async def process_with_llm(self) -> AsyncIterator[str]:
        await self.saboteur.at("process_with_llm, at the start")
        async for text in super().process_with_llm():
            yield text
            await self.saboteur.at("process_with_llm, in the middle")


class _VAD(FakeVAD):
    def __init__(self, saboteur: Saboteur) -> None:
        self.saboteur = saboteur

    def open(self) -> VADStream:
        self.saboteur.now("VAD.open")
        return self

    def is_speech(self, pcm: bytes) -> bool:
        self.saboteur.now("VAD.is_speech")
        return super().is_speech(pcm)


class _TurnDetector:
    def __init__(self, saboteur: Saboteur) -> None:
        self.saboteur = saboteur

    def is_complete(self, text: str) -> bool:
        self.saboteur.now("TurnDetector.is_complete")
        return False


class _STT(FakeSTT):
    def __init__(self, saboteur: Saboteur) -> None:
        super().__init__(interim=True)
        self.saboteur = saboteur

    def open(self, heard: Callable[[Transcript], None]) -> STTStream:
        self.saboteur.now("STT.open")
        return _STTStream(super().open(heard), self.saboteur)

    async def warm_up(self) -> None:
        await self.saboteur.at("STT.warm_up")

    async def aclose(self) -> None:
        await self.saboteur.at("STT.aclose")


class _STTStream:
    def __init__(self, stream: STTStream, saboteur: Saboteur) -> None:
        self.stream, self.saboteur = stream, saboteur

    def begin(self, segment: int) -> None:
        self.saboteur.now("STT.begin")
        self.stream.begin(segment)

    def push(self, pcm: bytes) -> None:
        self.saboteur.now("STT.push")
        self.stream.push(pcm)

    def finish(self, segment: int) -> None:
        self.saboteur.now("STT.finish")
        self.stream.finish(segment)

    def expect(self, phrases: Sequence[str]) -> None:
        self.saboteur.now(f"STT.expect, {' '.join(phrases)}")
        self.stream.expect(phrases)

    async def run(self) -> None:
        await self.saboteur.at("STT.run")
        await self.stream.run()


class _LLM(FakeLLM):
    def __init__(self, saboteur: Saboteur) -> None:
        answer = "One two three. Four five six."
        super().__init__([[ToolCall("1", "look_up", "{}")], answer] if saboteur.place == "tool" else [answer])
        self.saboteur = saboteur

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        await self.saboteur.at("LLM.chat, at the start")
        try:
            async with aclosing(super().chat(context, tools)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    yield chunk
                    await self.saboteur.at("LLM.chat, in the middle")
        finally:
            await self.saboteur.at("LLM.chat, at its end")

    async def warm_up(self) -> None:
        await self.saboteur.at("LLM.warm_up")

    async def aclose(self) -> None:
        await self.saboteur.at("LLM.aclose")


class _TTS(VoiceTTS):
    def __init__(self, saboteur: Saboteur) -> None:
        super().__init__(per_character=0.02)
        self.saboteur = saboteur

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        ours = text.startswith("One")
        if ours:
            await self.saboteur.at("TTS, at the start")
        try:
            async with aclosing(super().synthesize(text)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    yield chunk
                    if ours:
                        await self.saboteur.at("TTS, in the middle")
        finally:
            if ours:
                await self.saboteur.at("TTS, at its end")

    async def warm_up(self) -> None:
        await self.saboteur.at("TTS.warm_up")

    async def aclose(self) -> None:
        await self.saboteur.at("TTS.aclose")


class _Room(MemoryRoom):
    def __init__(self, saboteur: Saboteur) -> None:
        super().__init__(paced=True)
        self.saboteur = saboteur

    async def connect(self) -> None:
        await self.saboteur.at("room.connect")

    async def disconnect(self) -> None:
        await self.saboteur.at("room.disconnect")

    async def run(self, heard: Listener, speaker: Speaker) -> None:
        await self.saboteur.at("room.run")
        await super().run(heard, speaker)

    def wake(self) -> None:
        self.saboteur.now("room.wake")
        super().wake()

    def clear(self) -> int:
        self.saboteur.now("room.clear")
        return super().clear()
