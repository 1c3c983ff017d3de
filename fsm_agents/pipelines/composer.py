"""The composer: makes replies. One task for the live reply: flow or model → sentences → text-to-speech → playback, in one cancel scope.

It performs what the tables ask of the mouth, writes history (what was asked, what was heard), and tells what became of it by events.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, TypeVar

import anyio
import attrs

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ChatMessage
from fsm_agents.chat.sentence import SentenceSplitter
from fsm_agents.errors import ProviderError
from fsm_agents.machines.events import ReplyBroke, Say
from fsm_agents.pipelines.guide import Guide
from fsm_agents.pipelines.playback import FULL, Playback, Utterance
from fsm_agents.stages.base import TTS, SpeechChunk

__all__ = ["APOLOGY", "Answer", "Composer", "Spawn", "closing"]

log = logging.getLogger("fsm_agents")

T = TypeVar("T")

APOLOGY = "Sorry, something went wrong. Could you say that again?"

Answer = Callable[[str, int], AsyncIterator[str]]
"""The answer to what the caller said, in pieces, for the reply with this number."""
Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]], str], None]
"""Starts a task that the session owns."""


class closing(Generic[T]):  # noqa: N801 - reads like contextlib's
    """The iterator, closed at the end if it can be: a generator must be, any other asynchronous iterator need not know how."""

    def __init__(self, iterator: AsyncIterator[T]) -> None:
        self.iterator = iterator

    async def __aenter__(self) -> AsyncIterator[T]:
        return self.iterator

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        aclose = getattr(self.iterator, "aclose", None)
        if aclose is not None:
            await aclose()


@attrs.define(eq=False)
class _Making:
    """A reply that is being made."""

    reply: int
    texts: tuple[str, ...]
    says: list[Utterance]
    apology: bool
    scope: anyio.CancelScope
    splitter: SentenceSplitter = attrs.field(factory=SentenceSplitter)
    interjections: list[anyio.CancelScope] = attrs.field(factory=list)


@attrs.frozen
class _Asked:
    """Something that the caller asked, as the tables have it and as history has it."""

    text: str
    message: ChatMessage


class _Spare:
    """A task that made a reply and waits for another: to wake it costs a third of starting one (8 instead of 25 µs)."""

    def __init__(self) -> None:
        self._making: _Making | None = None
        self._taken = anyio.Event()

    def take(self, making: _Making) -> None:
        """Make this."""
        self._making = making
        self._taken.set()

    async def given(self) -> _Making:
        """Wait for the next reply."""
        while self._making is None:
            await self._taken.wait()
        return self._making


class Composer:
    """Makes and speaks the replies of one session.

    Args:
        playback: Where sound goes.
        tts: Text-to-speech.
        context: The history to write.
        answer: Where answers come from.
        post: The door of the conversation.
        said: Told of each say that will not sound any more.
        spawn: Starts a task that the session owns.
        apology: What is said when a reply failed.
        guide: Who leads the conversation, if anybody does: told of each turn of the caller when a reply to it begins.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a seat has
        self, playback: Playback, tts: TTS, context: ChatContext, answer: Answer, post: Callable[[object], object],
        said: Callable[[int, str, bool], None], spawn: Spawn, apology: str = APOLOGY, guide: Guide | None = None,
    ) -> None:  # fmt: skip
        self.playback, self.tts, self.context, self.guide = playback, tts, context, guide
        self._answer, self._post, self._said, self._spawn, self._apology = answer, post, said, spawn, apology
        self._making: _Making | None = None
        self._spare: _Spare | None = None
        self._asked: list[_Asked] = []  # in history, and not answered yet
        self._rounds: list[tuple[ChatMessage, list[Utterance]]] = []  # spoken before tools were called, as history has it

    # --- what the tables ask for ---------------------------------------------------------------------------------------------------

    def begin(self, reply: int, texts: tuple[str, ...], says: tuple[Say, ...], *, apology: bool) -> None:
        """Make and speak a reply."""
        self.playback.begin()
        self._rounds = []
        before = len(self._asked)
        for text in texts[before:]:
            message = ChatMessage("user", text if self.guide is None else self.guide.shown(text))
            self._asked.append(_Asked(text, message))
            self.context.add(message)
        waiting = [self._queued(reply, say) for say in says]
        making = self._making = _Making(reply, texts, waiting, apology, anyio.CancelScope())
        spare, self._spare = self._spare, None
        if spare is None:
            self._spawn(lambda: self._work(making), "replies")
        else:
            spare.take(making)
        if self.guide is not None and texts:
            self.guide.taken(tuple(map(self._as_said, texts[before:])), again=before > 0)

    def _as_said(self, text: str) -> str:
        """What the caller said, where the tables have a name for it."""
        return text

    def _queued(self, reply: int, say: Say, *, soon: bool = False) -> Utterance:
        """A place in the playback for a say."""
        rate = self.guide.sound(say.audio)[1] if say.audio and self.guide is not None else self.tts.rate
        pieces = () if self.guide is None else self.guide.pieces(say.number)
        utterance = self.playback.add(reply, say.text, rate, say=say.number, soon=soon, answer=say.answer, pieces=pieces)
        utterance.audio = say.audio
        return utterance

    def interject(self, reply: int, say: Say) -> None:
        """Say something inside the running reply."""
        making = self._making
        if making is not None and making.reply == reply:
            utterance = self._queued(reply, say, soon=not say.answer)
            scope = anyio.CancelScope()
            making.interjections.append(scope)
            self._spawn(lambda: self._interject(making, utterance, scope), f"say {say.number}")

    def hold(self) -> None:
        """The gate is shut: the playback reads that from the turn. Nothing to do."""

    def resume(self) -> None:
        """The gate is open again."""
        self.playback.wake()

    def cancel(self, reply: int, reason: str) -> None:
        """Stop making and speaking."""
        making = self._making
        if making is None or making.reply != reply:
            return
        self._making = None
        self.playback.cut()  # first what is heard
        for scope in (making.scope, *making.interjections):
            scope.cancel()

    def answered(self, texts: tuple[str, ...]) -> None:
        """What was asked is answered."""
        self._asked = []

    def discarded(self) -> None:
        """Words were given up. If they are what was asked last, it stands in history unanswered, and what comes next is new."""
        if tuple(asked.text for asked in self._asked) != self.playback.owed[: len(self._asked)]:
            self._asked = []

    # --- what it does --------------------------------------------------------------------------------------------------------------

    async def _work(self, making: _Making) -> None:
        """Make one reply after another. Whoever is still busy when the next one begins is not waited for: that one gets a new task."""
        while True:
            await self._make(making)
            if self._spare is not None:
                return
            del making
            spare = self._spare = _Spare()
            making = await spare.given()

    async def _make(self, making: _Making) -> None:
        with making.scope:
            try:
                for utterance in making.says:
                    await self._synthesize(utterance)
                if making.apology:
                    await self._speak(making, self._apology)
                elif making.texts:
                    await self._speak_answer(making)
                if self._lives(making):
                    self.playback.end(making.reply)
            except Exception as broken:
                self._broke(making, broken)
            except anyio.get_cancelled_exc_class() as stray:
                await self._strayed(making, stray)

    async def _interject(self, making: _Making, utterance: Utterance, scope: anyio.CancelScope) -> None:
        with scope:
            try:
                if self._making is making:
                    await self._synthesize(utterance)
            except Exception as broken:  # as above
                self._broke(making, broken)
            except anyio.get_cancelled_exc_class() as stray:
                await self._strayed(making, stray)

    async def _speak_answer(self, making: _Making) -> None:
        splitter = making.splitter
        async with closing(self._answer(" ".join(making.texts), making.reply)) as deltas:
            async for delta in deltas:
                for piece in splitter.push(delta):
                    await self._speak(making, piece)
        for piece in splitter.flush():
            await self._speak(making, piece)

    def _lives(self, making: _Making) -> bool:
        """Whether a reply is still made: a cut may come in a moment in which its task is about to go on and does not notice."""
        return self._making is making

    async def _speak(self, making: _Making, text: str) -> None:
        if not self._lives(making):  # nothing of it may be queued any more
            return
        await self._synthesize(self.playback.add(making.reply, text, self.tts.rate))

    async def _synthesize(self, utterance: Utterance) -> None:
        playback = self.playback
        if utterance.audio and self.guide is not None:
            await self._play(utterance, *self.guide.sound(utterance.audio))
            return
        async with closing(self.tts.synthesize(utterance.words)) as chunks:
            async for chunk in chunks:
                playback.feed(utterance, chunk)
                if playback.ahead > FULL:
                    await playback.space()
        if not utterance.sounds and playback.lives(utterance) and any(character.isalnum() for character in utterance.words):
            raise ProviderError(f"{type(self.tts).__name__} gave no sound for {len(utterance.words)} characters of text")
        playback.finish(utterance)

    async def _play(self, utterance: Utterance, pcm: bytes, rate: int) -> None:
        """Give a recording to the playback, a second at a time."""
        for start in range(0, len(pcm), rate * 2):
            self.playback.feed(utterance, SpeechChunk(pcm[start : start + rate * 2]))
            if self.playback.ahead > FULL:
                await self.playback.space()
        self.playback.finish(utterance)

    async def _strayed(self, making: _Making, stray: BaseException) -> None:
        """A cancellation passes by: ours is raised again, that of a task which a stage or a flow awaited is a failure of the reply."""
        await anyio.lowlevel.checkpoint_if_cancelled()
        broken = ProviderError("what it waited for was cancelled")
        broken.__cause__ = stray
        self._broke(making, broken)

    def _broke(self, making: _Making, broken: Exception) -> None:
        log.error("reply %d failed", making.reply, exc_info=broken)
        lasting = not getattr(broken, "retryable", True)
        self._post(ReplyBroke(making.reply, f"{type(broken).__name__}: {broken}", lasting))

    # --- history -------------------------------------------------------------------------------------------------------------------

    async def end_round(self) -> None:
        """Tools are called now: what the model said until here is spoken before they run, and stands before them in history."""
        making = self._making
        if making is not None:
            for piece in making.splitter.flush():
                await self._speak(making, piece)
        done = [utterance for _, utterances in self._rounds for utterance in utterances]
        said = list(dict.fromkeys(u for u in (*self.playback.spoken, *self.playback.queue) if u.answer and u not in done))
        if said:
            message = ChatMessage("assistant", _joined(u.text for u in said))
            self.context.add(message)
            self._rounds.append((message, said))

    def over(self, spoken: list[Utterance], unheard: int, *, cut: bool) -> None:
        """The reply is over: history keeps what was heard of it, and nothing else."""
        heard: dict[Utterance, str] = {}
        for utterance in reversed(spoken):
            late = min(unheard, utterance.pulled)
            heard[utterance] = utterance.heard(late)
            unheard -= late
        for message, utterances in self._rounds:
            text = _joined(heard.get(u, "") for u in utterances)
            if text != message.text:
                self.context.replace(message, ChatMessage("assistant", text, interrupted=True) if text else None)
        done = {utterance for _, utterances in self._rounds for utterance in utterances}
        rest = [utterance for utterance in spoken if utterance not in done]
        text = _joined(heard[u] for u in rest)
        if text:
            broken_off = cut and (spoken[-1].answer or any(heard[u] != u.text.strip() for u in rest))
            self.context.add(ChatMessage("assistant", text, interrupted=broken_off))
        self._rounds = []


def _joined(texts: Any) -> str:
    return " ".join(text.strip() for text in texts if text.strip())
