"""Turns: every final transcript is answered or discarded, nothing is silent for more than eight seconds, who may speak is never in doubt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import anyio
import pytest

from fsm_agents import ConversationFlow, MemoryRoom, MisuseError, TurnOptions
from fsm_agents.fsm.engine import Due
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.reply import DEAD_AIR
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.rooms.base import Listener, Speaker
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, Scene, VoiceTTS, scene

pytestmark = pytest.mark.anyio


async def first_turn(s: Scene) -> None:
    """The caller's first words."""
    await s.caller.wait(GUARD)
    await s.turn()


def due(s: Scene, timer: str) -> list[float]:
    """When a timer was due."""
    return [taped.at for taped in s.steps if isinstance(taped.event, Due) and taped.event.timer == timer and not taped.step.stale]


async def test_a_turn_is_taken_half_a_second_after_the_voice() -> None:
    """The detector's tail, the hangover and the endpoint."""
    async with scene() as s:
        await first_turn(s)
    (taken,) = s.when(do.BeginReply)
    assert taken == pytest.approx(GUARD + 0.6 + 0.08 + 0.2 + 0.3, abs=0.03)


async def test_a_complete_sentence_is_taken_sooner() -> None:
    """What is expected and whole needs no pause."""
    async with scene(stt=FakeSTT(["yes"], complete=True)) as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(0.4)
        await s.caller.wait(0.3)
    (taken,) = s.when(do.BeginReply)
    assert taken == pytest.approx(GUARD + 0.4 + 0.08 + 0.06, abs=0.03)


async def test_a_pause_inside_a_turn_joins_its_parts() -> None:
    """One turn, both segments, in order."""
    async with scene(stt=FakeSTT(["I would like", "a pizza"])) as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(0.4)
        await s.caller.wait(0.4)
        await s.turn(0.4)
        await s.label("listening")
    assert s.said("user") == ["I would like a pizza"]


async def test_segments_whose_words_arrive_late_are_joined_in_order() -> None:
    """Slow speech-to-text: the turn waits for both."""
    async with scene(stt=FakeSTT(["one", "two"], delay=0.9)) as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(0.3)
        await s.caller.wait(0.35)
        await s.caller.speak(0.3)
        await s.caller.wait(2)
        await s.label("listening")
    assert s.said("user") == ["one two"]


async def test_a_missing_final_transcript_costs_two_seconds_and_then_interim_words_are_used() -> None:
    """A turn does not hang on a lost message."""
    async with scene(stt=FakeSTT(["are you open"], interim=True, delay=3600)) as s:
        await first_turn(s)
        await s.label("thinking", "speaking")
        assert anyio.current_time() == pytest.approx(GUARD + 0.6 + 0.08 + 0.2 + 0.3 + 2, abs=0.04)
    assert s.said("user") == ["are"]


async def test_a_missing_final_transcript_without_interim_words_ends_the_wait_all_the_same() -> None:
    """There is nothing to answer; the session listens again."""
    async with scene(stt=FakeSTT([None, "hello"])) as s:
        await first_turn(s)
        await s.label("listening")
        assert anyio.current_time() == pytest.approx(GUARD + 0.6 + 0.08 + 0.2 + 0.3 + 2, abs=0.04)
        await s.turn()
        await s.label("listening")
    assert s.said("user") == ["hello"]


async def test_a_final_transcript_that_comes_after_its_interim_words_were_used_is_discarded_with_a_reason() -> None:
    """It is not a second turn."""
    async with scene(stt=FakeSTT(["are you open"], interim=True, delay=3)) as s:
        await first_turn(s)
        await s.until(lambda: s.did(do.Discard))
    assert s.said("user") == ["are"]
    assert s.did(do.Discard) == [do.Discard("are you open", "they came late or twice: their turn was taken before")]


async def test_a_final_transcript_after_the_wait_is_a_turn_of_its_own() -> None:
    """Late words are better than none."""
    async with scene(stt=FakeSTT(["are you open"], delay=4)) as s:
        await first_turn(s)
        await s.until(lambda: s.said())
    assert s.said("user") == ["are you open"]


async def test_noise_is_no_turn() -> None:
    """A sound without words: nobody answers, nothing is kept."""
    async with scene(stt=FakeSTT([""])) as s:
        await first_turn(s)
        assert s.session.label == "listening"
    assert s.session.history.items == ()


@pytest.mark.parametrize("pause", [0.0, 3.0])
async def test_silence_is_apologised_for(pause: float) -> None:
    """Also after a beginning: the dead air is counted from the last sound."""

    class Stuck(ConversationFlow):
        async def run(self, transcript: str) -> AsyncIterator[str]:
            if pause:
                yield "Let me look. And"
                await anyio.sleep_until(anyio.current_time() + pause)
            await anyio.sleep_forever()

    async with scene(flow=Stuck()) as s:
        await first_turn(s)
        await s.until(lambda: s.sounded(APOLOGY))
        quiet = s.sounded("Let me look.")[-1] + 0.02 if pause else s.when(do.BeginReply)[0]
        assert s.sounded(APOLOGY)[0] - quiet == pytest.approx(DEAD_AIR.seconds, abs=0.03)
        await s.label("listening")
    assert s.said("user") == ["words 1"]


async def test_an_apology_that_fails_too_ends_in_listening() -> None:
    """It is not apologised for in turn; the question is discarded with a reason, and the next one has its chance."""
    tts = VoiceTTS(fail=[APOLOGY, "Very well."])
    async with scene(tts=tts) as s:
        await first_turn(s)
        assert s.session.label == "listening"
        tts.fail.clear()
        await s.turn()
        await s.label("listening")
    assert s.did(do.GiveUp)
    assert [lost.text for lost in s.did(do.Discard)] == ["words 1"]
    assert s.said("user") == ["words 1", "words 2"]
    assert s.said() == ["Very well."]


async def test_the_words_of_the_apology_can_be_chosen() -> None:
    """In another language, say."""
    async with scene(llm=FakeLLM([[RuntimeError()]]), apology="Entschuldigung.") as s:
        await first_turn(s)
        await s.label("listening")
    assert s.heard() == ["Entschuldigung."]


async def test_a_model_that_stalls_in_the_middle_is_followed_by_an_apology() -> None:
    """History keeps what was heard of it."""
    async with scene(
        tts=VoiceTTS(stall=["And the second one is long."]), llm=FakeLLM(["The first one. And the second one is long."])
    ) as s:
        await first_turn(s)
        await s.until(lambda: APOLOGY in s.said())
    assert s.said() == ["The first one. And the", APOLOGY]


async def test_a_cough_pauses_the_reply_and_it_goes_on_where_it_was() -> None:
    """Nothing is lost: every frame of it sounds, once."""
    async with scene(stt=FakeSTT(["hello", ""]), llm=FakeLLM(["One two three four five six seven."])) as s:
        await first_turn(s)
        await s.until(lambda: len(s.frames) > 20)
        await s.caller.speak(0.12)
        assert s.session.label == "holding"
        await s.caller.wait(0.8)
        await s.label("listening")
    text = "One two three four five six seven."
    assert len(s.frames) == round(len(text) * 0.06 / 0.02)
    assert s.said() == [text]
    gap = max(later - earlier for earlier, later in zip(s.sounded(text), s.sounded(text)[1:], strict=False))
    assert 0.2 < gap < 0.5


async def test_a_cough_before_the_first_frame_costs_nothing() -> None:
    """The question is not lost to it."""
    async with scene(stt=FakeSTT(["hello", ""]), llm=FakeLLM(["The answer."], pause=0.3)) as s:
        await first_turn(s)
        assert s.session.label == "thinking"
        await s.caller.speak(0.12)
        await s.caller.wait(0.6)
        await s.label("speaking")
        await s.label("listening")
    assert s.said() == ["The answer."]
    assert len(s.did(do.BeginReply)) == 1


async def test_the_reply_never_starts_over_a_caller_who_speaks_again() -> None:
    """However the model's speed and the caller's words fall together."""
    for pause in range(12):
        async with scene(llm=FakeLLM(["Very well indeed."], pause=pause * 0.05), stt=FakeSTT(interim=True)) as s:
            await first_turn(s)
            await s.turn()
            await s.label("listening")
        talking = [(a.at, b.at) for a, b in zip(s.steps, s.steps[1:], strict=False) if a.label == "hearing"]
        assert [frame for frame in s.frames for begin, end in talking if begin < frame.at < end] == []


async def test_every_reply_answers_all_that_was_said_until_it_began() -> None:
    """Words under what cannot be interrupted are answered after it, all of them, once."""
    async with scene(stt=FakeSTT(["one", "two", "three"])) as s:
        s.session.say(
            "This is a very long announcement which nobody can interrupt, whatever they say meanwhile.", interruptible=False
        )
        await first_turn(s)
        await s.turn(0.3)
        await s.turn(0.3)
        await s.label("listening")
    assert [begun.texts for begun in s.did(do.BeginReply)] == [(), ("one", "two", "three")]
    assert s.said("user") == ["one", "two", "three"]
    assert s.heard()[1:] == ["Very well."]


async def test_speech_without_a_gap_is_taken_after_its_limit() -> None:
    """A detector that is stuck on noise does not make the agent mute: its words are taken, and the next speech is a new beginning."""
    async with scene(turn=TurnOptions(turn_limit=2)) as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(5)
        await s.caller.wait(1)
        await s.label("listening")
    assert len(due(s, "turn_limit")) == 2
    assert " ".join(s.said("user")) == "words 1 words 2 words 3"


async def test_the_end_of_the_turn_may_be_left_to_speech_to_text() -> None:
    """A final transcript in a pause ends the turn without waiting for the endpoint."""
    async with scene(turn=TurnOptions(final_ends_turn=True)) as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(0.4)
        await s.caller.wait(0.4)
    (taken,) = s.when(do.BeginReply)
    assert taken == pytest.approx(GUARD + 0.4 + 0.08 + 0.2, abs=0.03)


async def test_words_without_any_sound_are_a_turn_too() -> None:
    """The detector missed a soft voice; speech-to-text did not."""
    async with scene() as s:
        s.session.post(on.InterimTranscript("psst", 1))
        s.session.post(on.FinalTranscript("psst, are you there", 1))
        await s.label("speaking")
        await s.label("listening")
    assert s.said("user") == ["psst, are you there"]


async def test_three_failures_of_speech_to_text_in_a_row_close_the_session() -> None:
    """A deaf agent must not keep a caller."""
    async with scene(stt=FakeSTT(fail=[1, 2, 3])) as s:
        await s.caller.wait(GUARD)
        with suppress(MisuseError):  # the room closes in the middle
            for _ in range(3):
                await s.turn(0.3)
        reason = await s.session.wait_closed()
    assert reason.startswith("error: speech-to-text failed 3 times in a row: RuntimeError")


async def test_failures_of_speech_to_text_that_are_not_in_a_row_do_not() -> None:
    """What it heard in between counts."""
    async with scene(stt=FakeSTT(fail=[1, 2, 4, 5, 7])) as s:
        await s.caller.wait(GUARD)
        for _ in range(8):
            await s.turn(0.3)
        await s.label("listening")
        assert s.session.state == "running"
    assert s.said("user") == ["words 3", "words 6", "words 8"]


async def test_a_room_that_stops_taking_sound_is_not_spoken_to_for_ever() -> None:
    """The label says so within a second, and the caller is apologised to, or given up."""

    class Until:
        def __init__(self, speaker: Speaker) -> None:
            self.speaker = speaker

        def pull(self) -> bytes | None:
            return self.speaker.pull() if anyio.current_time() < 1 else None

    class Stalling(MemoryRoom):
        async def run(self, heard: Listener, speaker: Speaker) -> None:
            await super().run(heard, Until(speaker))

    async with scene(room=Stalling(paced=True)) as s:
        feed = s.session.say("A long text that is spoken for a while, longer than a second.")
        await s.label("thinking")
        await feed
        await s.until(lambda: s.did(do.GiveUp))
        assert s.session.label == "listening"
    assert feed.interrupted


async def test_the_next_words_are_expected_though_the_answer_was_cut() -> None:
    """The flow has moved on; what it expects now is what may be said."""

    class Asks(ConversationFlow):
        expects: Sequence[str] = ("yes",)

        async def run(self, transcript: str) -> AsyncIterator[str]:
            self.expects = ("red", "blue")
            yield "Which colour would you like? There are many, and I will name them all."

    async with scene(flow=Asks(), stt=FakeSTT(["yes", "stop"])) as s:
        await first_turn(s)
        await s.label("speaking")
        await s.turn()
        assert s.did(do.CancelReply) != []
        await s.label("listening")
    assert s.stt.expected[-1] == ("red", "blue")
