"""The playback queue alone: frames of the live reply only, in order, and what of them was heard."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fsm_agents.errors import ProviderError
from fsm_agents.machines import events as on
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.machines.talk import Talk
from fsm_agents.pipelines.playback import STALL, Playback, Utterance
from fsm_agents.stages.base import SpeechChunk, WordMark

FRAME = b"\x01\x00" * 320


def talk_with_a_reply(*, firm: bool = False) -> Talk:
    """A conversation in which a reply is being made."""
    talk = new_talk()
    for event in (on.Connected(), on.StartAsked(), on.Entered(), on.SayAsked(on.Say(1, "Hello.", firm))):
        CONVERSATION.step(talk, event)
    assert talk.reply == 1
    return talk


@attrs.define(eq=False)
class World:
    """A playback on the real tables, and what it told."""

    talk: Talk = attrs.field(factory=talk_with_a_reply)
    said: list[tuple[int, str, bool]] = attrs.field(factory=list)
    over: list[tuple[list[str], int, bool]] = attrs.field(factory=list)
    posted: list[Any] = attrs.field(factory=list)
    unheard: int = 0
    waiting: list[Any] = attrs.field(factory=list)
    playback: Playback = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.playback = Playback(self.talk, self.post, lambda *said: self.said.append(said), self.is_over)
        self.playback.clear = lambda: self.unheard
        self.playback.later = lambda delay, fn: self.waiting.append(fn) if delay == STALL else fn()

    def post(self, event: object) -> None:
        """Step the tables, as the driver would."""
        self.posted.append(event)
        CONVERSATION.step(self.talk, event)

    def is_over(self, spoken: list[Utterance], unheard: int, cut: bool) -> None:
        """Note it."""
        self.over.append(([utterance.text for utterance in spoken], unheard, cut))

    def add(self, text: str, frames: int, *, say: int | None = None, soon: bool = False, end: bool = True) -> Utterance:
        """An utterance with so many frames of sound."""
        utterance = self.playback.add(self.talk.reply, text, 16000, say=say, soon=soon)
        if frames:
            self.playback.feed(utterance, SpeechChunk(FRAME * frames))
        if end:
            self.playback.finish(utterance)
        return utterance

    def pull(self, most: int = 100) -> int:
        """Pull until there is silence; how many frames came."""
        return next((number for number in range(most) if self.playback.pull() is None), most)


def test_a_reply_sounds_and_is_played() -> None:
    """Audible with the first frame, played after the last."""
    world = World()
    world.add("Hello.", 3, say=1)
    world.playback.end(1)
    assert world.pull() == 3
    assert world.posted == [on.ReplyAudible(1, answer=False), on.SayPlayed(1, 1), on.ReplyPlayed(1)]
    assert world.said == [(1, "Hello.", False)]
    assert world.over == [(["Hello."], 0, False)]


def test_what_is_not_made_to_its_end_drains_and_goes_on() -> None:
    """Nothing sounds meanwhile, and it is not over."""
    world = World()
    utterance = world.add("Hello.", 2, say=1, end=False)
    assert world.pull() == 2
    assert world.posted[-1] == on.ReplyDrained(1)
    world.playback.feed(utterance, SpeechChunk(FRAME))
    world.playback.finish(utterance)
    world.playback.end(1)
    assert world.pull() == 1
    assert world.posted[-3:] == [on.ReplyAudible(1, answer=False), on.SayPlayed(1, 1), on.ReplyPlayed(1)]


def test_a_room_that_stalls_does_not_sound() -> None:
    """After a second without a pull the reply is not audible any more; when the room goes on, it is."""
    world = World()
    world.add("Hello.", 200, say=1)
    world.playback.pull()
    world.waiting.pop()()
    assert on.ReplyDrained(1) not in world.posted
    world.waiting.pop()()
    assert world.posted[-1] == on.ReplyDrained(1)
    assert world.waiting == []
    assert world.playback.pull()
    assert world.posted[-1] == on.ReplyAudible(1, answer=False)
    assert len(world.waiting) == 1


def test_a_reply_that_is_held_does_not_stall() -> None:
    """Nobody pulls from it, and that is right."""
    world = World()
    world.add("Hello.", 200, say=1)
    world.playback.pull()
    world.post(on.SpeechStarted())
    world.waiting.pop()()
    world.waiting.pop()()
    assert on.ReplyDrained(1) not in world.posted


def test_nothing_sounds_of_a_reply_that_was_cut_whoever_still_makes_it() -> None:
    """Frames that are in the queue, and frames that come later."""
    world = World()
    utterance = world.add("Hello.", 5, say=1, end=False)
    assert world.playback.pull()
    world.post(on.InterruptAsked(force=True))
    world.playback.cut()
    world.playback.feed(utterance, SpeechChunk(FRAME * 5))
    world.playback.finish(utterance)
    assert world.pull() == 0
    assert world.over == [(["Hello."], 0, True)]
    assert world.said == [(1, "", True)]
    world.post(on.SayAsked(on.Say(2, "Again.")))
    world.playback.begin()
    world.playback.feed(utterance, SpeechChunk(FRAME * 5))
    assert world.pull() == 0


def test_nothing_sounds_while_it_is_held() -> None:
    """The gate is read from the turn; afterwards every frame is still there."""
    world = World()
    world.add("Hello.", 5, say=1)
    world.playback.end(1)
    assert world.playback.pull()
    world.post(on.SpeechStarted())
    assert world.pull() == 0
    assert on.ReplyDrained(1) not in world.posted
    world.post(on.SpeechStopped())
    world.post(on.FinalTranscript("", 1))
    step = CONVERSATION.step(world.talk, _due(world.talk, "caller", "hangover"))
    assert step.trail
    assert world.pull() == 4


def test_soon_means_ahead_of_what_has_not_sounded() -> None:
    """Behind the sentence that sounds, and behind other says."""
    world = World()
    for text in ("One.", "Two.", "Three."):
        world.add(text, 2)
    world.playback.pull()
    world.add("Say.", 2, say=2, soon=True)
    world.add("Another say.", 2, say=3, soon=True)
    assert [utterance.text for utterance in world.playback.queue] == ["One.", "Say.", "Another say.", "Two.", "Three."]


def test_a_say_that_waits_is_over_with_the_reply() -> None:
    """Nothing of it was heard."""
    world = World()
    world.add("One.", 4, say=1)
    world.add("Two.", 4, say=2)
    world.playback.pull()
    world.playback.cut()
    assert world.said == [(1, "", True), (2, "", True)]


def test_word_marks_tell_what_was_heard() -> None:
    """Also at another rate of the room, and less what the room had taken and not played."""
    world = World()
    world.playback.rate = 8000
    utterance = world.playback.add(1, "One two.", 16000, say=1)
    world.playback.feed(utterance, SpeechChunk(FRAME * 50, (WordMark(3, 8000), WordMark(8, 15000))))
    for _ in range(40):
        assert len(world.playback.pull() or b"") == 320
    assert utterance.heard() == "One"
    assert utterance.heard(unheard=4000) == ""
    assert utterance.heard(unheard=100_000) == ""


def test_what_does_not_fill_a_frame_is_filled_with_silence() -> None:
    """It sounds now."""
    world = World()
    utterance = world.playback.add(1, "Hi.", 16000, say=1)
    world.playback.feed(utterance, SpeechChunk(b"\x01\x00" * 100))
    assert world.playback.pull() is None
    world.playback.finish(utterance)
    assert world.playback.pull() == b"\x01\x00" * 100 + bytes(440)


def test_half_a_sample_is_refused() -> None:
    """The rest of the sentence would be noise."""
    world = World()
    utterance = world.playback.add(1, "Hi.", 16000, say=1)
    with pytest.raises(ProviderError, match="641 bytes"):
        world.playback.feed(utterance, SpeechChunk(b"\x00" * 641))


def test_whoever_watches_the_first_frame_may_end_the_reply() -> None:
    """Then it does not sound."""
    world = World()
    world.add("Hello.", 3, say=1)
    post = world.playback._post

    def interrupt(event: object) -> None:
        post(event)
        if isinstance(event, on.ReplyAudible):
            world.post(on.InterruptAsked())
            world.playback.cut()

    world.playback._post = interrupt
    assert world.pull() == 0


def test_a_reply_without_sound_is_played_at_once() -> None:
    """It chose silence."""
    world = World()
    world.playback.end(1)
    assert world.pull() == 0
    assert world.posted == [on.ReplyPlayed(1, sounded=False)]


def _due(talk: Talk, machine: str, timer: str) -> Any:
    from fsm_agents.fsm.engine import Due

    return Due(machine, timer, talk.cell(machine).epoch)
