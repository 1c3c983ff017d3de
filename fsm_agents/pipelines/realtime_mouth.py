"""The mouth of a realtime model: the composer, for answers that bring their own sound.

What the model's conversation holds at the end of a reply is what was heard of it: an answer that was cut is truncated to the sample, one
that never sounded is taken out, and what was said outside of the conversation is added to it. The same as history, in other words.
"""

from __future__ import annotations

from typing import Any

from fsm_agents.audio.playout import Playout
from fsm_agents.chat.message import ChatMessage
from fsm_agents.machines.events import Say
from fsm_agents.pipelines.base import Seat
from fsm_agents.pipelines.composer import Composer, closing
from fsm_agents.pipelines.playback import Utterance
from fsm_agents.pipelines.realtime_line import RealtimeLine
from fsm_agents.pipelines.realtime_stages import Voiced
from fsm_agents.stages.base import TTS, SpeechChunk
from fsm_agents.stages.realtime import RealtimeSession

__all__ = ["RealtimeMouth", "Sounding"]


class Sounding(Utterance):
    """An item of the model's answer: its words come while it is made, mostly ahead of their sound."""

    __slots__ = ("_rate", "age", "item")

    def __init__(self, reply: int, rates: tuple[int, int], item: str, age: int) -> None:
        super().__init__(reply, "", rates, say=None)
        self._rate = rates[1]
        self.item = item
        self.age = age

    def heard(self, unheard: int = 0) -> str:
        """The words whose sound was pulled: without marks, in proportion."""
        book = Playout(self._rate)
        book.sentence(self.text)
        book.wrote(self._book.total)
        if self.made:
            book.end_sentence()
        return book.heard(min(self.pulled - unheard, self._book.total))

    def milliseconds(self, samples: int) -> int:
        """How long that many samples are, at most as long as there is sound."""
        return min(samples, self._book.total) * 1000 // self._rate


class RealtimeMouth(Composer):
    """The mouth of one session.

    Args:
        seat: The conversation.
        line: The model.
        tts: What says given words: the model's voice, or a text-to-speech of its own.
        apology: What is said when a reply failed.
    """

    def __init__(self, seat: Seat, line: RealtimeLine, tts: TTS, apology: str) -> None:
        super().__init__(seat.playback, tts, seat.context, seat.answer, seat.post, seat.said, seat.spawn, apology, seat.guide)
        self._line = line
        self._soundings: list[Sounding] = []

    # --- what the tables ask for ---------------------------------------------------------------------------------------------------

    def begin(self, reply: int, texts: tuple[str, ...], says: tuple[Say, ...], *, apology: bool) -> None:
        """Make and speak a reply. History shows the caller's words as far as they are known, and learns the rest later."""
        known = len(self._asked)
        self._soundings = []
        super().begin(reply, texts, says, apology=apology)
        for asked in self._asked[known:]:
            self._line.words.placed(asked.message)

    def _as_said(self, text: str) -> str:
        """The words, where the tables have a name for what was said."""
        return self._line.words.text(text)

    def cancel(self, reply: int, reason: str) -> None:
        """Stop making and speaking; the model stops first, or what is truncated would go on growing."""
        if self._making is not None and self._making.reply == reply:
            self._line.stop()
        super().cancel(reply, reason)

    # --- what it does --------------------------------------------------------------------------------------------------------------

    async def _speak_answer(self, making: Any) -> None:
        splitter = making.splitter
        said = self._line.words.text(" ".join(making.texts))
        async with closing(self._answer(said, making.reply)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Voiced):
                    for sentence in splitter.flush():
                        await self._speak(making, sentence)
                    if self._lives(making):
                        self._sound(making.reply, piece)
                else:
                    for sentence in splitter.push(piece):
                        self._end_sound()
                        await self._speak(making, sentence)
        self._end_sound()
        for sentence in splitter.flush():
            await self._speak(making, sentence)

    def _sound(self, reply: int, piece: Voiced) -> None:
        """Play a piece of an answer as it comes."""
        sounding = self._soundings[-1] if self._soundings else None
        if sounding is None or sounding.item != piece.item or sounding.made:
            self._end_sound()
            rates = (self._line.model.rate, self.playback.rate)
            sounding = Sounding(reply, rates, piece.item, self._line.mirror.age)
            self._soundings.append(sounding)
            self.playback.queue.append(sounding)
        sounding.text += piece
        if piece.pcm:
            self.playback.feed(sounding, SpeechChunk(piece.pcm))

    def _end_sound(self) -> None:
        if self._soundings and not self._soundings[-1].made:
            self.playback.finish(self._soundings[-1])

    # --- history, here and at the model ----------------------------------------------------------------------------------------------

    async def end_round(self) -> None:
        """Tools are called now; what was said before them is whole."""
        self._end_sound()
        await super().end_round()

    def over(self, spoken: list[Utterance], unheard: int, *, cut: bool) -> None:
        """The reply is over: history keeps what was heard of it, and the model is told the same."""
        samples: dict[Utterance, int] = {}
        late = unheard
        for utterance in reversed(spoken):
            samples[utterance] = utterance.pulled - min(late, utterance.pulled)
            late -= min(late, utterance.pulled)
        super().over(spoken, unheard, cut=cut)
        session = self._line.session
        if session is not None:
            self._tell(session, spoken, samples)
            self._line.mirror.sync(session)  # now, so that it stands before what the caller says next

    def _tell(self, session: RealtimeSession, spoken: list[Utterance], samples: dict[Utterance, int]) -> None:
        """Make the model's items of this reply what was heard, or leave it to the mirror to add what history has."""
        mirror = self._line.mirror
        drafts = dict(mirror.drafts)
        mirror.drafts.clear()
        mirror.decide(drafts)
        messages = mirror.new_messages()
        soundings = {sounding.item: sounding for sounding in self._soundings if sounding.item in drafts}
        if len(soundings) != len(self._soundings) or not self._keeps(drafts, soundings, messages):
            for item in drafts:
                session.delete_item(item)
            return
        items = [item for item in drafts if not soundings or self._trimmed(session, item, soundings.get(item), samples)]
        for utterance in spoken if soundings else ():
            heard = utterance.heard(utterance.pulled - samples[utterance])
            if not isinstance(utterance, Sounding) and heard:
                items.append(session.add_item(ChatMessage("assistant", heard)))
        for message in messages:
            mirror.stands_for(message, items)

    def _keeps(self, drafts: dict[str, str], soundings: dict[str, Sounding], messages: list[ChatMessage]) -> bool:
        """Whether the model's items can stand for the messages: sound is trimmed to what was heard; text only if it was all heard."""
        if soundings or any(message.interrupted for message in messages):
            return bool(soundings)
        told = " ".join(" ".join(drafts.values()).split())
        return bool(told) and told == " ".join(" ".join(message.text for message in messages).split())

    def _trimmed(self, session: RealtimeSession, item: str, sounding: Sounding | None, samples: dict[Utterance, int]) -> bool:
        """Have the model keep of its item what was heard; whether anything was."""
        heard = samples.get(sounding, 0) if sounding is not None else 0
        if sounding is None or heard <= 0:
            session.delete_item(item)
            return False
        if not sounding.made or heard < sounding.made:
            session.truncate(item, sounding.milliseconds(heard))
        return True
