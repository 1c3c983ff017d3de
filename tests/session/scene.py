"""A conversation on the virtual clock, with everything recorded and the promises checked: what the tests of the runtime stand on.

A caller in a memory room, scripted stages and an agent. Whatever a test does, at its end :func:`scene` requires what must hold of every
session: safe at every rest, no frame of a reply that is over, closed, every handle over, no timer and no task left.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import attrs

from fsm_agents import Agent, AgentSession, CascadingPipeline, ConversationFlow, MemoryRoom, SpeechHandle, TurnOptions
from fsm_agents.chat.message import ChatMessage
from fsm_agents.fsm.engine import Fault
from fsm_agents.fsm.joint import Step
from fsm_agents.machines.label import Label
from fsm_agents.machines.properties import SAFETY
from fsm_agents.machines.reply import Reply
from fsm_agents.machines.turn import Turn
from fsm_agents.stages.base import SpeechChunk
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, ScriptedCaller

__all__ = ["GUARD", "LIMIT", "Frame", "Scene", "Taped", "VoiceTTS", "Watched", "scene"]

LIMIT = 4 * 3600.0
"""Seconds of the loop's clock after which a scene has gone wrong: a wake-up that repeats keeps a stuck one from being a deadlock."""
GUARD = 0.3
"""Seconds at the start of a session in which the speech detector believes nothing."""


@attrs.frozen
class Taped:
    """One step at rest: when, what, and the label afterwards."""

    at: float
    step: Step
    label: Label

    @property
    def event(self) -> Any:
        """What came."""
        return self.step.event


@attrs.frozen
class Frame:
    """One frame that sounded: when, and the text it is of (``""`` is none of ours)."""

    at: float
    text: str


class VoiceTTS(FakeTTS):
    """Scripted text-to-speech whose every sample names the text it is of, so that a frame can be told from any other."""

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """The sound of a text: the number of the text, again and again."""
        sample = struct.pack("<h", len(self.spoken) + 1)
        async with aclosing(super().synthesize(text)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                yield SpeechChunk(sample * (len(chunk.pcm) // 2), chunk.words)

    def text_of(self, frame: bytes) -> str:
        """Which text a frame is of."""
        number: int = struct.unpack_from("<h", frame)[0]
        return self.spoken[number - 1] if 0 < number <= len(self.spoken) else ""


class Watched(AgentSession):
    """A session that remembers every handle it gave."""

    def say(self, message: str, *, interruptible: bool = True) -> SpeechHandle:
        """As always."""
        handle = super().say(message, interruptible=interruptible)
        self.__dict__.setdefault("given", []).append(handle)
        return handle


@attrs.define(eq=False)
class Scene:
    """A running conversation and what was seen of it."""

    session: Watched
    room: MemoryRoom
    caller: ScriptedCaller
    stt: FakeSTT
    llm: FakeLLM
    tts: VoiceTTS
    steps: list[Taped] = attrs.field(factory=list)
    frames: list[Frame] = attrs.field(factory=list)
    wrong: list[str] = attrs.field(factory=list)
    _changed: anyio.Event = attrs.field(factory=anyio.Event)

    # --- what happened ---------------------------------------------------------------------------------------------------------------

    @property
    def labels(self) -> list[Label]:
        """The labels, each time it changed."""
        seen: list[Label] = []
        for taped in self.steps:
            if not seen or seen[-1] != taped.label:
                seen.append(taped.label)
        return seen

    def did(self, kind: type[Any]) -> list[Any]:
        """All effects of one kind, in order."""
        return [effect for taped in self.steps for effect in taped.step.effects if isinstance(effect, kind)]

    def got(self, kind: type[Any]) -> list[Any]:
        """All events of one kind from outside, in order."""
        return [taped.event for taped in self.steps if isinstance(taped.event, kind)]

    def when(self, kind: type[Any]) -> list[float]:
        """When effects of one kind were asked for."""
        return [taped.at for taped in self.steps for effect in taped.step.effects if isinstance(effect, kind)]

    def sounded(self, text: str) -> list[float]:
        """When the frames of a text sounded."""
        return [frame.at for frame in self.frames if frame.text == text]

    def heard(self) -> list[str]:
        """The texts that sounded, each time another one began."""
        seen: list[str] = []
        for frame in self.frames:
            if not seen or seen[-1] != frame.text:
                seen.append(frame.text)
        return seen

    def said(self, role: str = "assistant") -> list[str]:
        """What history has of one side."""
        return [item.text for item in self.session.history.items if isinstance(item, ChatMessage) and item.role == role]

    # --- waiting -----------------------------------------------------------------------------------------------------------------------

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for something; asked again after each step and each frame."""
        while not holds():
            self._changed = anyio.Event()
            await self._changed.wait()

    async def soon(self, holds: Callable[[], object]) -> None:
        """Wait, without letting time pass, for something that tasks are about to do."""
        for _ in range(1000):
            if holds():
                return
            await anyio.lowlevel.checkpoint()
        msg = "it does not happen"
        raise AssertionError(msg)

    async def label(self, *labels: Label) -> None:
        """Wait until the label is one of these."""
        await self.until(lambda: self.session.label in labels)

    async def turn(self, seconds: float = 0.6) -> None:
        """The caller says something and falls silent long enough to be taken."""
        await self.caller.speak(seconds)
        await self.caller.wait(0.8)

    async def come_back(self) -> None:
        """Join the room again after a leave; return when the caller can be heard."""
        await self.room.connect()
        self.session.connected()
        await self.soon(lambda: self.room._heard is not None)

    # --- the tape ----------------------------------------------------------------------------------------------------------------------

    def take_step(self, at: int, step: Step) -> None:
        """Watch a step."""
        self.steps.append(Taped(at / 1_000_000, step, self.session.label))
        self.wrong += [f"{at}: {found}" for check in SAFETY if (found := check(self.session._talk))]
        self.wrong += [f"{at}: {effect}" for effect in step.effects if isinstance(effect, Fault)]
        self._changed.set()

    def take_frame(self, frame: bytes) -> None:
        """Watch a frame: it must be of the reply that lives, and the gate must be open."""
        talk = self.session._talk
        self.frames.append(Frame(anyio.current_time(), self.tts.text_of(frame)))
        if talk.cell("reply").state is not Reply.AUDIBLE or talk.cell("turn").state is Turn.HOLDING:
            self.wrong.append(f"{anyio.current_time()}: a frame of {self.frames[-1].text!r} sounds in {self.session.label}")
        self._changed.set()


@asynccontextmanager
async def scene(
    agent: Agent | None = None, flow: ConversationFlow | None = None, *, stt: FakeSTT | None = None, llm: FakeLLM | None = None,
    tts: VoiceTTS | None = None, vad: FakeVAD | None = None, wake_up: float | None = None, turn: TurnOptions | None = None,
    room: MemoryRoom | None = None, **pipeline: Any,
) -> AsyncIterator[Scene]:  # fmt: skip
    """A conversation that has started; it is closed at the end, and what must hold of every session is required of it."""
    stt, llm, tts = stt or FakeSTT(), llm or FakeLLM(), tts or VoiceTTS()
    taken: list[Scene] = []
    room = room or MemoryRoom(paced=True)
    room._sink = lambda frame: taken[0].take_frame(frame)
    wired = CascadingPipeline(stt=stt, llm=llm, tts=tts, vad=vad or FakeVAD(), turn=turn, **pipeline)
    session = Watched(agent or Agent("Be kind."), wired, flow, wake_up, room=room)
    made = Scene(session, room, ScriptedCaller(room), stt, llm, tts)
    taken.append(made)
    session.watch(made.take_step)
    before = {task.id for task in anyio.get_running_tasks()}
    with anyio.fail_after(LIMIT):
        async with session:
            yield made
    steps = len(made.steps)
    await anyio.lowlevel.checkpoint()
    left = [task.name for task in anyio.get_running_tasks() if task.id not in before]
    # Said in full: pytest explains an assert only in the files it knows as tests.
    assert made.wrong == [], made.wrong
    over = (session.state, session.label, left, len(session._driver.timers))
    assert over == ("closed", "closed", [], 0), over
    waiting = [handle for handle in session.__dict__.get("given", []) if not handle.done()]
    assert waiting == [], waiting
    assert len(made.steps) == steps, made.steps[steps:]
