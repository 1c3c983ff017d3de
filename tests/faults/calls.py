"""A call at several times the speed of life: a caller who sends a frame every few milliseconds, a room that plays as fast, a real session.

Every delay of the tables and every deadline of the stages is divided by ``SPEED``; what a provider does is not.
"""

from __future__ import annotations

import struct
from typing import Any

import anyio
import attrs

from fsm_agents import Agent, AgentSession, AudioFrame, CascadingPipeline, MemoryRoom, MisuseError, TurnOptions
from fsm_agents.chat.message import ChatMessage
from fsm_agents.fsm.engine import Fault
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.properties import SAFETY
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.pipelines.fallback_llm import FallbackLLM
from fsm_agents.pipelines.fallback_stt import FallbackSTT
from fsm_agents.pipelines.fallback_tts import FallbackTTS
from fsm_agents.pipelines.realtime import RealTimePipeline, realtime_turn
from fsm_agents.plugins.openai import OpenAILLM, OpenAIRealtime, OpenAISTT, OpenAITTS, account, llm, realtime, stt, tts
from fsm_agents.testing.fakes import FakeVAD
from fsm_agents.testing.provider import ProviderServer

__all__ = ["SPEED", "Call", "call_of"]

SPEED = 5
"""How many times faster than life."""
TICK = 0.02 / SPEED
SPEECH = AudioFrame(struct.pack("<h", 0x2001) * 320, 16000)
"""20 ms that both detectors take for speech: the fake one by the first byte, the provider's by loudness."""
SILENCE = AudioFrame(bytes(640), 16000)
GUARD = 15
"""Frames at the start of a session in which the speech detector believes nothing."""


class FastRoom(MemoryRoom):
    """Plays a frame of 20 ms every ``TICK``."""

    async def _play(self) -> None:
        speaker, due = self._speaker, 0.0
        while speaker is not None:
            frame = speaker.pull()
            if frame is None:
                self._news = anyio.Event()
                await self._news.wait()
                continue
            self._sink(frame)
            due = max(due, anyio.current_time()) + TICK
            await anyio.sleep_until(due)


class MatrixAgent(Agent):
    """Has hooks and a tool that the moments of a call fill in."""

    call: Call

    async def on_enter(self) -> None:
        await self.call.hook("on_enter")

    async def on_exit(self) -> None:
        await self.call.hook("on_exit")


@attrs.define(eq=False)
class Call:
    """A running call, and all that is seen of it."""

    session: AgentSession
    room: FastRoom
    hooks: dict[str, Any] = attrs.field(factory=dict)
    labels: list[str] = attrs.field(factory=list)
    effects: list[Any] = attrs.field(factory=list)
    events: list[Any] = attrs.field(factory=list)
    wrong: list[str] = attrs.field(factory=list)
    sounds: list[float] = attrs.field(factory=list)
    words: list[float] = attrs.field(factory=list)
    given_up: list[float] = attrs.field(factory=list)
    _left: int = 0
    _said: anyio.Event = attrs.field(factory=anyio.Event)
    _news: anyio.Event = attrs.field(factory=anyio.Event)

    def __attrs_post_init__(self) -> None:
        """Watch everything."""
        self.room._sink = self._sound
        self.session.watch(self._watch)
        self.session.on_wake_up = lambda: self.hook("on_wake_up")

    # --- what is seen ----------------------------------------------------------------------------------------------------------------

    def _watch(self, _at: int, step: Any) -> None:
        if not self.labels or self.labels[-1] != self.session.label:
            self.labels.append(self.session.label)
        self.events.append(step.event)
        self.effects += step.effects
        self.wrong += [found for check in SAFETY if (found := check(self.session._talk))]
        self.wrong += [str(effect) for effect in step.effects if isinstance(effect, Fault)]
        if any(isinstance(effect, do.GiveUp | do.ReportClosed) for effect in step.effects):
            self.given_up.append(anyio.current_time())
        self._news.set()

    def _sound(self, _frame: bytes) -> None:
        self.sounds.append(anyio.current_time())
        self._news.set()

    def did(self, *kinds: type[Any]) -> list[Any]:
        """The effects of these kinds."""
        return [effect for effect in self.effects if isinstance(effect, kinds)]

    def got(self, *kinds: type[Any]) -> list[Any]:
        """The events of these kinds, from outside."""
        return [event for event in self.events if isinstance(event, kinds)]

    def said(self) -> list[str]:
        """What was heard of the agent."""
        return [item.text for item in self.session.history.items if isinstance(item, ChatMessage) and item.role == "assistant"]

    def apologies(self) -> int:
        """How often the caller was told that something is wrong."""
        return sum(APOLOGY[:12] in text for text in self.said())

    def over(self) -> int:
        """How many replies came to an end of their own, and how often one was given up."""
        return len(self.got(on.ReplyPlayed)) + len(self.did(do.GiveUp))

    @property
    def quiet(self) -> bool:
        """Nobody speaks, and nothing is owed or waited for."""
        talk = self.session._talk
        owed = talk.pending or talk.asked or talk.says or talk.heard or talk.open or talk.overdue or talk.lost or talk.tools
        return self.session.label == "listening" and not owed

    @property
    def closed(self) -> bool:
        """The session is over."""
        return self.session.state == "closed"

    def silence(self) -> float:
        """The longest time, in seconds of life, from a last word of the caller's to the agent's sound, or to its end."""
        longest = 0.0
        ends = [*self.sounds, *self.given_up]
        for place, word in enumerate(self.words):
            until = self.words[place + 1] if place + 1 < len(self.words) else float("inf")
            answer = min((at for at in ends if word < at < until), default=word)
            longest = max(longest, answer - word)
        return longest * SPEED

    # --- what is done ----------------------------------------------------------------------------------------------------------------

    async def hook(self, name: str) -> None:
        """What a moment put there, once."""
        todo = self.hooks.pop(name, None)
        if todo is not None:
            await todo()

    async def until(self, holds: Any) -> None:
        """Wait for something, or for the end of the session."""
        while not (holds() or self.closed):
            self._news = anyio.Event()
            await self._news.wait()

    async def frames(self) -> None:
        """The caller's microphone: always on."""
        due, sent = anyio.current_time(), 0
        while True:
            try:
                self.room.push(SPEECH if self._left else SILENCE)
                sent += 1
            except MisuseError:  # nobody listens yet, or any more
                self._left = 0
            if self._left:
                self._left -= 1
                if not self._left:
                    self.words.append(anyio.current_time())
            if not self._left and sent > GUARD:
                self._said.set()
            due = max(due + TICK, anyio.current_time())
            await anyio.sleep_until(due)

    async def speak(self, frames: int = 30) -> None:
        """Say something: so many frames of 20 ms."""
        self._said = anyio.Event()
        await self._said.wait()  # the detector believes what it hears from now on
        self._said, self._left = anyio.Event(), frames
        await self._said.wait()

    async def turn(self, frames: int = 30) -> None:
        """Say something, and wait until all that comes of it is over."""
        over = self.over()
        await self.speak(frames)
        await self.until(lambda: self.over() > over and self.quiet)

    async def sounding(self) -> None:
        """Wait until some of the agent's speech was heard."""
        heard = len(self.sounds)
        await self.until(lambda: self.session.label == "speaking" and len(self.sounds) > heard + 3)


def _quick(stage: Any, of: Any) -> Any:
    """A stage with its default deadlines, divided."""
    made = getattr(stage, "account", None) or stage._account
    made.timeout, made.stall, made.patience = of.TIMEOUT / SPEED, account.STALL / SPEED, of.TIMEOUT / SPEED
    return stage


def call_of(stage: str, server: ProviderServer, good: ProviderServer | None, tools: list[Any], *, wakes: bool) -> Call:
    """A call whose ``stage`` is the one that will fail.

    Args:
        stage: One of ``STAGES``.
        server: Where all of it is asked.
        good: A second provider for that stage, in a ``Fallback…``.
        tools: What the agent can call.
        wakes: Whether there is a wake-up.
    """
    room = FastRoom(paced=True)
    agent = MatrixAgent("Be brief.", tools=tools)
    pipeline = _realtime(server) if stage == "realtime" else _cascade(stage, server, good)
    session = AgentSession(agent, pipeline, wake_up=0.3 if wakes else None, room=room)
    agent.call = Call(session, room)
    return agent.call


def _delays(options: TurnOptions) -> dict[str, Any]:
    return {name: seconds / SPEED for name, seconds in options.delays().items()}


def _realtime(server: ProviderServer) -> RealTimePipeline:
    model = _quick(OpenAIRealtime(base_url=server.base_url, api_key=server.key), realtime)
    assert model.tail is not None
    return RealTimePipeline(model, turn=TurnOptions(final_ends_turn=True, **_delays(realtime_turn(model.tail))))


def _cascade(stage: str, server: ProviderServer, good: ProviderServer | None) -> CascadingPipeline:
    def stt_at(at: ProviderServer) -> Any:
        model = "gpt-4o-transcribe" if stage == "events" else "whisper-1"
        return _quick(OpenAISTT(model, base_url=at.base_url, api_key=at.key), stt)

    def llm_at(at: ProviderServer) -> Any:
        api: Any = "responses" if stage == "responses" else "chat"
        return _quick(OpenAILLM(api=api, base_url=at.base_url, api_key=at.key), llm)

    def tts_at(at: ProviderServer) -> Any:
        return _quick(OpenAITTS(base_url=at.base_url, api_key=at.key), tts)

    ear, mind, voice = stt_at(server), llm_at(server), tts_at(server)
    if good is not None and stage in ("stt", "events"):
        ear = FallbackSTT([ear, stt_at(good)], deadline=1.2 / SPEED)
    elif good is not None and stage == "tts":
        voice = FallbackTTS([voice, tts_at(good)], deadline=2.0 / SPEED, stall=account.STALL / SPEED)
    elif good is not None:
        mind = FallbackLLM([mind, llm_at(good)], deadline=3.0 / SPEED, stall=account.STALL / SPEED)
    return CascadingPipeline(ear, mind, voice, FakeVAD(), turn=TurnOptions(**_delays(TurnOptions())))
