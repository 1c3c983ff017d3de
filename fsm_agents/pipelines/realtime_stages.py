"""A realtime model as stages: its answers as a language model, its voice as text-to-speech, its hearing as speech-to-text.

So everything that is built on stages (flows, tools and their rounds, says, apologies, the cascade's ear) works with it unchanged. Where it
answers with sound, the sound travels with the text, as :class:`Voiced`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Self

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.errors import ProviderError
from fsm_agents.fsm.engine import Session
from fsm_agents.machines.talk import Talk
from fsm_agents.pipelines.composer import closing
from fsm_agents.pipelines.realtime_input import INPUT, DeleteItem, Hearing, Input, Learn, TellWords, new_input
from fsm_agents.pipelines.realtime_line import InputEvent, RealtimeLine
from fsm_agents.pipelines.realtime_response import BusyError, ConnectionLostError
from fsm_agents.stages.base import LLMChunk, SpeechChunk, STTStream, TextDelta, Transcript
from fsm_agents.stages.realtime import (
    InputCommitted,
    InputUnread,
    RealtimeSession,
    ResponseAudio,
    ResponseCalled,
    ResponseEnded,
    ResponseText,
)  # fmt: skip

__all__ = ["BUSY_TRIES", "BUSY_WAIT", "RealtimeLLM", "RealtimeSTT", "RealtimeVoice", "Voiced", "require_complete"]

BUSY_TRIES, BUSY_WAIT = 3, 0.5
"""How often, and after how many seconds at most, a response is asked for again when the provider says that it makes another one."""


class Voiced(str):
    """A piece of an answer that brings its own sound: its words (perhaps none yet) and PCM (perhaps none yet).

    Whoever passes it on unchanged passes the sound on; whoever changes the words gets words, and they are spoken as a text.
    """

    __slots__ = ("item", "pcm")

    item: str
    pcm: bytes

    def __new__(cls, text: str, item: str, pcm: bytes = b"") -> Self:
        """A piece of an item of the model's."""
        made = super().__new__(cls, text)
        made.item, made.pcm = item, pcm
        return made


class RealtimeLLM:
    """The model's answers.

    Args:
        line: The model.
    """

    def __init__(self, line: RealtimeLine) -> None:
        self._line = line

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        """The model's answer to the history: text, or text with its sound, tool calls, at last the usage.

        A connection that breaks before anything came, and a provider that is busy with a response nobody wants, are asked again.

        Raises:
            ProviderError: it failed, was broken off by the provider, or the connection broke in its middle.
        """
        async with closing(self._asked(context, tools, silent=False)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def silently(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        """As :meth:`chat`, where nobody will hear the answer: the provider is asked for text, and makes no sound that is paid for."""
        async with closing(self._asked(context, tools, silent=True)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _asked(self, context: ChatContext, tools: Sequence[FunctionTool], *, silent: bool) -> AsyncIterator[LLMChunk]:
        for tries_left in reversed(range(BUSY_TRIES)):
            begun = False
            try:
                async with closing(self._once(context, tools, silent=silent)) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
            except ConnectionLostError:
                if begun or not tries_left:
                    raise
            except BusyError:
                if not tries_left:
                    raise
                await self._line.next_end(BUSY_WAIT)
            else:
                return

    async def _once(self, context: ChatContext, tools: Sequence[FunctionTool], *, silent: bool) -> AsyncIterator[LLMChunk]:
        line = self._line
        line.configure(instructions=context.system, tools=tools or None)
        async with line.respond(tools=bool(tools), silent=silent) as response, closing(response.events()) as events:
            async for event in events:
                if isinstance(event, ResponseAudio):
                    yield TextDelta(Voiced("", event.item, event.pcm))
                elif isinstance(event, ResponseText):
                    yield TextDelta(Voiced(event.text, event.item) if event.spoken else event.text)
                elif isinstance(event, ResponseCalled):
                    yield event.call
                else:
                    require_complete(event)
                    yield event.usage


class RealtimeVoice:
    """The model's voice: it says given words, outside of the conversation.

    Args:
        line: The model.
    """

    def __init__(self, line: RealtimeLine) -> None:
        self._line = line
        self.rate = line.model.rate

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """The sound of ``text``. A connection that breaks before there was any is asked again.

        Raises:
            ProviderError: it failed, or the connection broke in its middle.
        """
        begun = False
        for tries_left in reversed(range(BUSY_TRIES)):
            try:
                async with self._line.respond(exactly=text, tools=False) as response, closing(response.events()) as events:
                    async for event in events:
                        if isinstance(event, ResponseAudio):
                            begun = True
                            yield SpeechChunk(event.pcm)
                        elif isinstance(event, ResponseEnded):
                            require_complete(event)
            except (ConnectionLostError, BusyError):
                if begun or not tries_left:
                    raise
            else:
                return


def require_complete(ended: ResponseEnded) -> None:
    """Refuse a response that was not completed.

    Raises:
        ProviderError: it says why.
    """
    if ended.status != "completed":
        raise ProviderError(f"the model's response was {ended.status}: {ended.reason or 'it does not say why'}", retryable=True)


class RealtimeSTT:
    """The model's hearing, where the pipeline detects turns itself: what the ear hands over of a segment becomes an item.

    Args:
        line: The model.
        talk: The conversation; only looked at.
        read: Whether somebody reads the caller's words before they are answered.
    """

    def __init__(self, line: RealtimeLine, talk: Talk, *, read: bool) -> None:
        self._line, self._talk, self._read = line, talk, read
        self.rate = line.model.rate

    def open(self, heard: Callable[[Transcript], None]) -> STTStream:
        """The stream of the session."""
        return _RealtimeSTTStream(self._line, self._talk, heard, read=self._read)


class _RealtimeSTTStream:
    def __init__(self, line: RealtimeLine, talk: Talk, heard: Callable[[Transcript], None], *, read: bool) -> None:
        self._line, self._talk, self._heard, self._read = line, talk, heard, read
        self._sounds: dict[int, bytearray] = {}  # of segments that are not committed
        self._finished: deque[int] = deque()  # asked to be committed, in order
        self._inputs: dict[str, Session[Input]] = {}
        line.on_input, line.on_lost, line.on_restored = self._take, self._lost, self._restored

    def begin(self, segment: int) -> None:
        self._sounds[segment] = bytearray()

    def push(self, pcm: bytes) -> None:
        segment = next(reversed(self._sounds), None)
        if segment is not None and segment not in self._finished:
            self._sounds[segment] += pcm
            self._line.send_audio(pcm)

    def finish(self, segment: int) -> None:
        if segment in self._sounds and segment not in self._finished:
            self._finished.append(segment)
            if self._line.session is not None:
                self._line.session.commit()

    def expect(self, phrases: Sequence[str]) -> None:
        self._line.configure(expected=phrases)

    async def run(self) -> None:
        """It has no waiting of its own: the line is kept by the pipeline."""

    def _take(self, event: InputEvent) -> None:
        if isinstance(event, InputCommitted) and event.item not in self._inputs and self._finished:
            segment = self._finished.popleft()
            self._line.words.item(event.item, segment)
            self._line.words.keep_sound(segment, bytes(self._sounds.pop(segment)))
            data = Input(self._talk, segment, self._line.model.transcribes, self._read, finished=True)
            self._inputs[event.item] = new_input(data, Hearing.STOPPED)
        if event.item in self._inputs:
            self._step(event.item, event)

    def _step(self, item: str, event: object) -> None:
        heard, session = self._inputs[item], self._line.session
        for effect in INPUT.engine.step(heard, event) or ():
            if isinstance(effect, TellWords):
                segment = heard.data.segment
                self._heard(Transcript(segment, self._line.words.tell(segment, effect.text), effect.final))
            elif isinstance(effect, Learn):
                self._line.words.learn(item, effect.text)
            elif isinstance(effect, DeleteItem) and session is not None:
                session.delete_item(item)

    def _lost(self) -> None:
        for item, heard in self._inputs.items():
            if heard.state is Hearing.AWAITED:
                self._step(item, InputUnread(item, "the connection broke"))
        self._inputs.clear()

    def _restored(self, session: RealtimeSession) -> None:
        """Tell again what was said and not committed."""
        for segment, sound in self._sounds.items():
            session.send_audio(bytes(sound))
            if segment in self._finished:
                session.commit()
