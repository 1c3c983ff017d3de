"""Providers that fail as they are told: what the tests of the fallbacks stand on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import attrs

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.pipelines.fallback_stt import FallbackSTT
from fsm_agents.stages.base import LLMChunk, SpeechChunk, STTStream, TextDelta, Transcript, WordMark

__all__ = ["CALL", "SOUND", "Engine", "Listening", "Model", "Voice", "at", "listening", "taken"]

CALL = ToolCall("c1", "look", "{}")
SOUND = b"\x01\x00" * 160
"""10 ms."""


async def at(seconds: float) -> None:
    """Go to a moment of the clock."""
    await anyio.sleep_until(seconds)


async def taken(parts: AsyncIterator[Any]) -> list[Any]:
    """All of it."""
    return [part async for part in parts]


class Scripted:
    """A provider. ``does`` says what each request does, in order; then ``ok``.

    ``ok``, ``busy`` (fails, and may work later), ``key`` (fails for good), ``misuse``, ``bug``, ``hang`` (for ever), ``0.5`` (works after
    so many seconds), ``mid`` (breaks off in the middle), ``stall`` (hangs in the middle), ``none`` (nothing comes).
    """

    def __init__(self, name: str, *does: str, then: str = "ok", can: str = "ok", warms: str = "ok") -> None:
        self.model, self.does, self.then, self.can, self.warms = name, list(does), then, can, warms
        self.asked: list[float] = []
        self.book: list[str] = []  # shared by several: who was asked, in order
        self.closed = 0

    def next(self) -> str:
        """What this request does."""
        self.asked.append(anyio.current_time())
        self.book.append(self.model)
        return self.does.pop(0) if self.does else self.then

    def fail(self, how: str) -> None:
        """Raise, if that is what it does."""
        match how:
            case "busy":
                raise ProviderError(f"{self.model} is busy", retryable=True)
            case "key":
                raise ProviderError(f"{self.model} refused the key")
            case "misuse":
                raise MisuseError(f"{self.model} has no key")
            case "bug":
                raise ValueError(f"{self.model} has a bug")
            case _:
                pass

    async def wait(self, how: str) -> None:
        """Wait, if that is what it does."""
        if how == "hang":
            await anyio.Event().wait()
        if how[0].isdigit():
            await at(anyio.current_time() + float(how))

    def check(self) -> None:
        """Whether it can work."""
        self.fail(self.can)

    async def warm_up(self) -> None:
        """Get ready."""
        await self.wait(self.warms)
        self.fail(self.warms)

    async def aclose(self) -> None:
        """Count."""
        self.closed += 1


class Model(Scripted):
    """A language model that answers with its name, in two words."""

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncGenerator[LLMChunk]:
        """``tools`` answers with a call alone; ``toolfail`` calls one and fails; ``drip`` gives nothing that is heard, for ever."""
        how = self.next()
        await self.wait(how)
        self.fail(how)
        if how == "none":
            return
        if how in ("tools", "toolfail"):
            yield CALL
            if how == "tools":
                return
            self.fail("busy")
        while how == "drip":
            await at(anyio.current_time() + 0.5)
            yield TextDelta(" ")
        yield TextDelta("")
        yield TextDelta(f"{self.model} ")
        if how == "mid":
            self.fail("busy")
        if how == "stall":
            await anyio.Event().wait()
        await anyio.lowlevel.checkpoint()
        yield TextDelta("speaks")


class Voice(Scripted):
    """A voice whose every sample is its number; each word has 100 ms."""

    def __init__(self, name: str, *does: str, rate: int = 16000, number: int = 1, **more: Any) -> None:
        super().__init__(name, *does, **more)
        self.rate, self.number = rate, number

    async def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk]:
        """``odd``: half a sample."""
        how = self.next()
        await self.wait(how)
        self.fail(how)
        if how == "none":
            return
        sound = self.number.to_bytes(2, "little") * (self.rate // 10)
        words = text.split(" ")
        for place in range(len(words)):
            end = len(" ".join(words[: place + 1]))
            mark = WordMark(end, (place + 1) * self.rate // 10)
            yield SpeechChunk(sound[:-1] if how == "odd" else sound, (mark,))
            if how == "mid":
                self.fail("busy")
            if how == "stall":
                await anyio.Event().wait()
            await anyio.lowlevel.checkpoint()


class Engine(Scripted):
    """Speech-to-text: the words of a segment are its own name and how much sound it got of it."""

    def __init__(self, name: str, *does: str, rate: int = 16000, opens: str = "ok", runs: str = "ok", **more: Any) -> None:
        super().__init__(name, *does, **more)
        self.rate, self.opens, self.runs = rate, opens, runs
        self.streams: list[EngineStream] = []
        self.plan: dict[int, str] = {}  # what it does with a segment, instead

    def open(self, heard: Callable[[Transcript], None]) -> STTStream:
        """A stream."""
        self.fail(self.opens)
        self.streams.append(EngineStream(self, heard))
        return self.streams[-1]


class EngineStream:
    """Fails in ``begin`` (``busy``), ``push`` (``push``), ``finish`` (``finish``), ``run`` (``dies``), or is late (seconds, ``hang``).

    ``interim``: tells words before; ``empty``: heard nothing; ``unread``: has lost them; ``early``: is final before the end.
    """

    def __init__(self, engine: Engine, heard: Callable[[Transcript], None]) -> None:
        self.engine, self.heard = engine, heard
        self.expected: list[tuple[str, ...]] = []
        self.how, self.number, self.sound = "ok", 0, b""
        self.running: list[str] = []
        self._due: list[tuple[float, int, str]] = []
        self._news = anyio.Event()

    def begin(self, segment: int) -> None:
        self.how, self.number, self.sound = self.engine.plan.get(segment) or self.engine.next(), segment, b""
        self.engine.fail(self.how)

    def push(self, pcm: bytes) -> None:
        assert len(pcm) % 2 == 0
        self.sound += pcm
        if self.how == "push":
            self.engine.fail("busy")
        if self.how == "interim":
            self.heard(Transcript(self.number, self.engine.model, final=False))
        if self.how == "early":
            self.how = "told"
            self.heard(Transcript(self.number, "early", final=True))

    def finish(self, segment: int) -> None:
        assert segment == self.number
        words = f"{self.engine.model} {len(self.sound)}"
        if self.how == "finish":
            self.engine.fail("busy")
        elif self.how == "dies":
            self._tell_in(0.1, segment, "dies")
        elif self.how == "empty":
            self.heard(Transcript(segment, "", final=True))
        elif self.how == "unread":
            self.heard(Transcript(segment, "", final=True, lost=True))
        elif self.how[0].isdigit():
            self._tell_in(float(self.how), segment, words)
        elif self.how != "hang":
            self.heard(Transcript(segment, words, final=True))

    def expect(self, phrases: Sequence[str]) -> None:
        self.expected.append(tuple(phrases))
        if "unreadable" in phrases and self.engine.then == "grammar":
            raise MisuseError("a word that cannot be read")

    async def run(self) -> None:
        self.running.append("began")
        try:
            if self.engine.runs != "ok":
                self.engine.fail(self.engine.runs)
            while True:
                while self._due:
                    due, segment, words = self._due.pop(0)
                    await anyio.sleep_until(due)
                    if words == "dies":
                        self.engine.fail("busy")
                    self.heard(Transcript(segment, words, final=True))
                self._news = anyio.Event()
                await self._news.wait()
        finally:
            self.running.append("ended")

    def _tell_in(self, seconds: float, segment: int, words: str) -> None:
        self._due.append((anyio.current_time() + seconds, segment, words))
        self._news.set()


@attrs.define(eq=False)
class Listening:
    """A stream that runs, and what it told."""

    stt: FallbackSTT
    told: list[Transcript] = attrs.field(factory=list)
    when: list[float] = attrs.field(factory=list)
    broken: list[Exception] = attrs.field(factory=list)
    stream: STTStream = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.stream = self.stt.open(self.hear)

    def hear(self, transcript: Transcript) -> None:
        self.told.append(transcript)
        self.when.append(anyio.current_time())

    @property
    def finals(self) -> list[tuple[int, str]]:
        """The final words of each segment, in the order in which they came."""
        return [(each.segment, each.text) for each in self.told if each.final]

    def say(self, segment: int, pieces: int = 3, *, end: bool = True) -> None:
        """A segment, all of it at once."""
        self.stream.begin(segment)
        for _ in range(pieces):
            self.stream.push(SOUND)
        if end:
            self.stream.finish(segment)

    async def soon(self) -> None:
        """Let all that is due now happen."""
        await at(anyio.current_time() + 0.001)

    async def run(self) -> None:
        """The stream's own waiting."""
        try:
            await self.stream.run()
        except ProviderError as broken:
            self.broken.append(broken)


@asynccontextmanager
async def listening(*engines: Engine, **options: Any) -> AsyncIterator[Listening]:
    """Several engines, one stream."""
    made = Listening(FallbackSTT(engines, **options))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.run)
        await anyio.lowlevel.checkpoint()
        yield made
        tasks.cancel_scope.cancel()
