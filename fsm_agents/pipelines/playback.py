"""The playback queue: what the agent is to sound, utterance by utterance, and how much of it was heard.

The room pulls 20 ms frames. Who owns the mouth and whether its gate is shut is read from the tables, never copied: a frame of any reply
but the live one cannot get through, and nothing sounds in HOLDING. What is pulled tells the tables: audible, drained, played.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio

from fsm_agents.audio.chunk import Chunker
from fsm_agents.audio.playout import Playout
from fsm_agents.audio.resample import Resampler
from fsm_agents.errors import ProviderError
from fsm_agents.machines.events import ReplyAudible, ReplyDrained, ReplyPlayed, SayPlayed
from fsm_agents.machines.reply import LIVE, Reply
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.turn import Turn
from fsm_agents.stages.base import SpeechChunk

__all__ = ["AHEAD", "FRAME_SECONDS", "FULL", "STALL", "Playback", "Utterance"]

FRAME_SECONDS = 0.02
"""The length of a frame that a room pulls: what Opus, WebRTC and telephony use."""
AHEAD = 10.0
"""Seconds of sound that are made ahead of what sounds. More costs money on a cut; less risks a gap between slow sentences."""
FULL = round(AHEAD / FRAME_SECONDS)
"""The same in frames."""
DRY = 20_000
"""µs without anything to sound after which the reply counts as drained: one frame. Sound that is made just in time (a model that speaks
at the speed of speech, a room that plays as fast as it gets) would else be drained and audible again with each frame."""

STALL = 1_000_000
"""µs in which the room takes no sound although there is some, after which the reply does not count as audible: no label says *speaking*
over silence. Rooms pull by a clock, fifty times a second; one that buffers asks ahead."""

# The members of an Enum are slow to look up by name (0.15 µs on Python 3.11), and this runs for every frame.
_AUDIBLE, _HOLDING = Reply.AUDIBLE, Turn.HOLDING


class Utterance:
    """One sentence of a reply, or one say: its text, its sound that waits, and what of it was pulled.

    Its ``text`` is what may be kept of it, and its ``words`` what is spoken: they differ where ``pieces`` hold a secret.
    """

    __slots__ = (
        "_book", "_chunks", "_resampler", "answer", "audio", "frames", "made", "pieces", "pulled", "reply", "say", "text", "words",
    )  # fmt: skip

    def __init__(
        self, reply: int, text: str, rates: tuple[int, int], *, say: int | None, answer: bool = False,
        pieces: tuple[tuple[str, str], ...] = (),
    ) -> None:  # fmt: skip
        voice, room = rates
        self.reply = reply
        self.text = text
        self.pieces = pieces
        self.words = "".join(spoken for _, spoken in pieces) or text
        self.say = say
        self.answer = answer or say is None
        self.audio = ""  # the name of a recording of it
        self.frames: deque[bytes] = deque()
        self.made = 0  # samples in all, 0 while more is to come
        self.pulled = 0
        self._book = Playout(room)
        self._book.sentence(self.words)
        self._chunks = Chunker(round(room * FRAME_SECONDS) * 2)
        self._resampler = Resampler(voice, room) if voice != room else None

    def feed(self, chunk: SpeechChunk) -> int:
        """Add sound; returns how many frames became ready.

        Raises:
            ProviderError: the chunk ends in half a sample.
        """
        if len(chunk.pcm) % 2:
            raise ProviderError(
                f"text-to-speech gave {len(chunk.pcm)} bytes: samples are 16 bit, two bytes each; hold the odd one back"
            )
        pcm = chunk.pcm if self._resampler is None else self._resampler.push(chunk.pcm)
        frames = self._chunks.push(pcm)
        self.frames += frames
        marks = [(mark.text_end, self._scaled(mark.sample_end)) for mark in chunk.words] if chunk.words else ()
        self._book.wrote(len(pcm) // 2, marks)
        return len(frames)

    def finish(self) -> int:
        """All its sound is in; what does not fill a frame is filled with silence, so that it is heard now and not with the next reply.

        Returns how many frames became ready.
        """
        before = len(self.frames)
        pcm = b"" if self._resampler is None else self._resampler.flush()
        self._book.wrote(len(pcm) // 2)
        self.frames += self._chunks.push(pcm)
        rest = self._chunks.flush()
        if rest:
            self.frames.append(rest + bytes(self._chunks.size - len(rest)))
        self._book.end_sentence()
        self.made = max(self._book.total, 1)
        return len(self.frames) - before

    @property
    def sounds(self) -> bool:
        """Whether there is any sound of it yet."""
        return self._book.total > 0

    def _scaled(self, sample: int) -> int:
        return sample if self._resampler is None else self._resampler.scaled(sample)

    def heard(self, unheard: int = 0) -> str:
        """The text whose sound was pulled, less ``unheard`` samples that were pulled and did not sound."""
        heard = self._book.heard(min(self.pulled - unheard, self._book.total))
        return self._kept(len(heard)) if self.pieces else heard

    def _kept(self, length: int) -> str:
        """What may be kept of the first characters of what is spoken."""
        found = ""
        for shown, spoken in self.pieces:
            if length <= 0:
                break
            found += shown if shown != spoken else spoken[:length]
            length -= len(spoken)
        return found.rstrip()


class Playback:
    """What sounds, for one session.

    Args:
        talk: The conversation: whose turn it is, which reply lives.
        post: The door of the conversation.
        said: Told of each say that ended: its number, what was heard, whether it was cut.
        over: Told that a reply is over: what it spoke, in order, how many samples pulled last did not sound, whether it was cut.
    """

    def __init__(
        self,
        talk: Talk,
        post: Callable[[object], object],
        said: Callable[[int, str, bool], None],
        over: Callable[[list[Utterance], int, bool], None],
    ) -> None:
        self._talk, self._post, self._said, self._over = talk, post, said, over
        self._reply_cell, self._turn_cell = talk.cell("reply"), talk.cell("turn")
        self.rate = 16000
        self.wake: Callable[[], None] = lambda: None
        self.clear: Callable[[], int] = lambda: 0
        self.later: Callable[[int, Callable[[], object]], object] = lambda _delay, _fn: None
        self.queue: deque[Utterance] = deque()
        self.spoken: list[Utterance] = []
        self.made = 0  # the number of the reply that is made to its end
        self.ahead = 0  # frames in the queue
        self._space = anyio.Event()
        self._sounded = 0  # frames, ever
        self._stalls: int | None = None  # how many had sounded when it was last looked whether the room stalls
        self._dry: int | None = None  # how many had sounded when nothing was there; None: nobody waits to see whether that lasts

    @property
    def owed(self) -> tuple[str, ...]:
        """What the caller said and nobody has answered, oldest first: what the live reply answers, and what comes after it."""
        return (*self._talk.asked, *self._talk.pending)

    def begin(self) -> None:
        """A new reply owns the mouth."""
        self.queue.clear()
        self.ahead = 0
        self.spoken = []

    def add(
        self, reply: int, text: str, voice_rate: int, *, say: int | None = None, soon: bool = False, answer: bool = False,
        pieces: tuple[tuple[str, str], ...] = (),
    ) -> Utterance:  # fmt: skip
        """Queue an utterance; ``soon``: ahead of what has not sounded. ``answer``: a say that answers what the caller asked."""
        utterance = Utterance(reply, text, (voice_rate, self.rate), say=say, answer=answer, pieces=pieces)
        place = len(self.queue)
        if soon:
            place = next((n for n, other in enumerate(self.queue) if other.answer and not other.pulled), place)
        self.queue.insert(place, utterance)
        return utterance

    def feed(self, utterance: Utterance, chunk: SpeechChunk) -> None:
        """Sound of an utterance; of a reply that is over it is dropped here, whoever still makes it."""
        reply = self._reply_cell.node.member  # as lives() says it: this runs for every frame
        if utterance.reply == self._talk.reply and (reply is _AUDIBLE or reply in LIVE):
            frames = utterance.feed(chunk)
            if frames:
                self.ahead += frames
                self.wake()

    def finish(self, utterance: Utterance) -> None:
        """All of it is in."""
        if self.lives(utterance):
            self.ahead += utterance.finish()
            self.wake()

    def end(self, reply: int) -> None:
        """Nothing more is made for this reply."""
        self.made = reply
        self.wake()

    async def space(self) -> None:
        """Wait until what is made is not too far ahead of what sounds."""
        while self.ahead > FULL:
            if self._space.is_set():  # not always: an interjection may wait beside the answer
                self._space = anyio.Event()
            await self._space.wait()

    def cut(self) -> None:
        """The reply is over, now: nothing of it sounds any more."""
        unheard = self.clear()
        for utterance in self.queue:
            if utterance.say is not None:
                self._said(utterance.say, utterance.heard(unheard), True)  # noqa: FBT003
        self.queue.clear()
        self.ahead = 0
        self._space.set()
        spoken, self.spoken = self.spoken, []
        self._over(spoken, unheard, True)  # noqa: FBT003

    def pull(self) -> bytes | None:
        """The next frame, ``None`` for silence. Called by the room, for each frame it can play."""
        reply = self._reply_cell.node.member
        if (reply is not _AUDIBLE and reply not in LIVE) or self._turn_cell.node.member is _HOLDING:
            return None
        queue = self.queue
        while queue:
            head = queue[0]
            if head.frames:
                return self._sound(head)
            if not head.made:
                break
            queue.popleft()
            self._ended(head)
            if self._reply_cell.node.member not in LIVE or self._turn_cell.node.member is _HOLDING:  # that may shut the gate
                return None
        else:
            if self.made == self._talk.reply:
                self._played()
                return None
        if self._reply_cell.node.member is _AUDIBLE and self._dry is None:
            self._wait_for_sound()
        return None

    def _sound(self, head: Utterance) -> bytes | None:
        talk = self._talk
        if self._reply_cell.node.member is not _AUDIBLE or (head.answer and talk.asked):
            self._post(ReplyAudible(head.reply, head.answer))
            if not self.lives(head) or self._turn_cell.node.member is _HOLDING:  # whoever watches that moment may end the reply
                return None
            if self._stalls is None:
                self._watch_for_a_stall()
        if not head.pulled:
            self.spoken.append(head)
        frame = head.frames.popleft()
        head.pulled += len(frame) // 2
        self._sounded += 1
        self.ahead -= 1
        if self.ahead == FULL:
            self._space.set()
        return frame

    def _wait_for_sound(self) -> None:
        """Nothing is there to sound, and more is to come: the tables are told if that is still so a moment later."""
        self._dry = self._sounded
        self.later(DRY, self._still_dry)

    def _still_dry(self) -> None:
        before, self._dry = self._dry, None
        waits = not self.queue or not (self.queue[0].frames or self.queue[0].made)
        if waits and self._reply_cell.node.member is _AUDIBLE and self._turn_cell.node.member is not _HOLDING:
            if before == self._sounded:
                self._post(ReplyDrained(self._talk.reply))
            else:
                self._wait_for_sound()

    def _watch_for_a_stall(self) -> None:
        """A room that takes no sound for a while does not sound: the tables are told then. It is audible again when it goes on."""
        self._stalls = self._sounded
        self.later(STALL, self._still_sounds)

    def _still_sounds(self) -> None:
        before, self._stalls = self._stalls, None
        if self._reply_cell.node.member is _AUDIBLE:
            if before == self._sounded and self._turn_cell.node.member is not _HOLDING:
                self._post(ReplyDrained(self._talk.reply))
            else:
                self._watch_for_a_stall()

    def lives(self, utterance: Utterance) -> bool:
        """Whether it is of the reply that owns the mouth."""
        reply = self._reply_cell.node.member
        return utterance.reply == self._talk.reply and (reply is _AUDIBLE or reply in LIVE)

    def _ended(self, utterance: Utterance) -> None:
        if utterance.say is not None:
            self._said(utterance.say, utterance.text, False)  # noqa: FBT003
            self._post(SayPlayed(utterance.reply, utterance.say))

    def _played(self) -> None:
        spoken, self.spoken = self.spoken, []
        self._over(spoken, 0, False)  # noqa: FBT003
        self._post(ReplyPlayed(self._talk.reply, bool(spoken)))
