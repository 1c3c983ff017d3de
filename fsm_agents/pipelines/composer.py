"""The composer: makes replies. One task for the live reply: flow or model → sentences → text-to-speech → playback, in one cancel scope.

It performs what the tables ask of the mouth, writes history (what was asked, what was heard), and tells what became of it by events.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

import anyio
import attrs

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ChatMessage
from fsm_agents.chat.sentence import SentenceSplitter
from fsm_agents.machines.events import ReplyBroke, Say
from fsm_agents.pipelines.playback import Playback, Utterance
from fsm_agents.stages.base import TTS

__all__ = ["APOLOGY", "Answer", "Composer", "Spawn"]

log = logging.getLogger("fsm_agents")

APOLOGY = "Sorry, something went wrong. Could you say that again?"

Answer = Callable[[str, int], AsyncIterator[str]]
"""The answer to what the caller said, in pieces, for the reply with this number."""
Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]], str], None]
"""Starts a task that the session owns."""


@attrs.define(eq=False)
class _Making:
    """A reply that is being made."""

    reply: int
    texts: tuple[str, ...]
    says: list[Say]
    apology: bool
    scope: anyio.CancelScope


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
    """

    def __init__(
        self, playback: Playback, tts: TTS, context: ChatContext, answer: Answer, post: Callable[[object], object],
        said: Callable[[int, str, bool], None], spawn: Spawn, apology: str = APOLOGY,
    ) -> None:  # fmt: skip
        self.playback, self.tts, self.context = playback, tts, context
        self._answer, self._post, self._said, self._spawn, self._apology = answer, post, said, spawn, apology
        self._making: _Making | None = None
        self._asked: list[ChatMessage] = []  # in history, and not answered yet
        self._rounds: list[tuple[ChatMessage, list[Utterance]]] = []  # spoken before tools were called, as history has it

    # --- what the tables ask for ---------------------------------------------------------------------------------------------------

    def begin(self, reply: int, texts: tuple[str, ...], says: tuple[Say, ...], *, apology: bool) -> None:
        """Make and speak a reply."""
        self.playback.begin()
        self._rounds = []
        for text in texts[len(self._asked) :]:
            self._asked.append(ChatMessage("user", text))
            self.context.add(self._asked[-1])
        making = self._making = _Making(reply, texts, list(says), apology, anyio.CancelScope())
        self._spawn(lambda: self._make(making), f"reply {reply}")

    def interject(self, reply: int, say: Say) -> None:
        """Say something inside the running reply."""
        making = self._making
        if making is not None and making.reply == reply:
            utterance = self.playback.add(reply, say.text, self.tts.rate, say=say.number, soon=True)
            self._spawn(lambda: self._interject(making, utterance), f"say {say.number}")

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
        making.scope.cancel()
        self.playback.cut()
        for say in making.says:  # handed over, and not begun
            self._said(say.number, "", True)  # noqa: FBT003

    def answered(self, texts: tuple[str, ...]) -> None:
        """What was asked is answered."""
        self._asked = []

    # --- what it does --------------------------------------------------------------------------------------------------------------

    async def _make(self, making: _Making) -> None:
        with making.scope:
            try:
                while making.says:
                    say = making.says[0]
                    utterance = self.playback.add(making.reply, say.text, self.tts.rate, say=say.number)
                    making.says.pop(0)
                    await self._synthesize(utterance)
                if making.apology:
                    await self._speak(making, self._apology)
                elif making.texts:
                    await self._speak_answer(making)
                self.playback.end(making.reply)
            except Exception as broken:  # noqa: BLE001 - flows and providers may raise anything; the tables decide what follows
                self._broke(making, broken)

    async def _interject(self, making: _Making, utterance: Utterance) -> None:
        with anyio.CancelScope() as scope:
            try:
                if self._making is making:
                    await self._synthesize(utterance)
            except Exception as broken:  # noqa: BLE001 - as above
                scope.cancel()
                self._broke(making, broken)

    async def _speak_answer(self, making: _Making) -> None:
        splitter = SentenceSplitter()
        async with aclosing(self._answer(" ".join(making.texts), making.reply)) as deltas:  # type: ignore[type-var]
            async for delta in deltas:
                for piece in splitter.push(delta):
                    await self._speak(making, piece)
        for piece in splitter.flush():
            await self._speak(making, piece)

    async def _speak(self, making: _Making, text: str) -> None:
        await self._synthesize(self.playback.add(making.reply, text, self.tts.rate))

    async def _synthesize(self, utterance: Utterance) -> None:
        playback = self.playback
        async with aclosing(self.tts.synthesize(utterance.text)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                playback.feed(utterance, chunk)
                if len(playback.queue) > 1 or len(utterance.frames) > 1:
                    await playback.space()
        playback.finish(utterance)

    def _broke(self, making: _Making, broken: Exception) -> None:
        log.error("reply %d failed", making.reply, exc_info=broken)
        self._post(ReplyBroke(making.reply, f"{type(broken).__name__}: {broken}"))

    # --- history -------------------------------------------------------------------------------------------------------------------

    def end_round(self) -> None:
        """Tools are called now: what the model said until here stands before them in history."""
        done = [utterance for _, utterances in self._rounds for utterance in utterances]
        said = [u for u in (*self.playback.spoken, *self.playback.queue) if u.answer and u not in done]
        if said:
            message = ChatMessage("assistant", _joined(u.text for u in said))
            self.context.add(message)
            self._rounds.append((message, list(dict.fromkeys(said))))

    def over(self, spoken: list[Utterance], unheard: int) -> None:
        """The reply is over: history keeps what was heard of it, and nothing else."""
        late = {spoken[-1]: unheard} if spoken else {}
        heard = {utterance: utterance.heard(late.get(utterance, 0)) for utterance in spoken}
        for message, utterances in self._rounds:
            text = _joined(heard.get(u, "") for u in utterances)
            if text != message.text:
                self.context.replace(message, ChatMessage("assistant", text, interrupted=True) if text else None)
        done = {utterance for _, utterances in self._rounds for utterance in utterances}
        rest = [utterance for utterance in spoken if utterance not in done]
        text = _joined(heard[u] for u in rest)
        if text:
            cut = any(heard[u] != u.text.strip() for u in rest) or bool(self.playback.queue)
            self.context.add(ChatMessage("assistant", text, interrupted=cut))
        self._rounds = []


def _joined(texts: Any) -> str:
    return " ".join(text.strip() for text in texts if text.strip())
