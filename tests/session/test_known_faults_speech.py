"""What went wrong in the system whose page this package follows, hearing and speaking: rows 8 to 16 and 20, and the older ones.

Which rows are elsewhere, and which do not apply, says ``test_known_faults_life.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest

from fsm_agents import Agent, ConversationFlow, MemoryRoom, TurnOptions
from fsm_agents.fsm.engine import Due
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.reply import DEAD_AIR
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.stages.base import SpeechChunk
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, VoiceTTS, scene

pytestmark = pytest.mark.anyio


class Greeter(Agent):
    """An agent that waits for its greeting to sound."""

    async def on_enter(self) -> None:
        await self.session.say("Good morning.")


class MuteTTS(VoiceTTS):
    """Gives no sound at all, as some plugins do after an error."""

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        self.spoken.append(text)
        await anyio.lowlevel.checkpoint()
        for chunk in tuple[SpeechChunk, ...]():
            yield chunk


async def test_a_model_that_raises_is_apologised_for_and_the_session_listens_again() -> None:
    """Row 8: the turn ends, and so does the silence; the caller is woken up later as ever."""
    async with scene(llm=FakeLLM([["I think ", RuntimeError("down")], "Now I can."]), wake_up=5) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: s.did(do.CallWakeUp))
        await s.turn()
        await s.until(lambda: "Now I can." in s.said())
    assert s.heard() == [APOLOGY, "Now I can."]
    assert s.said("user") == ["words 1", "words 2"]


async def test_a_voice_that_raises_does_not_put_words_into_history() -> None:
    """Row 9: nor does it keep the agent thinking, nor the start from succeeding."""
    async with scene(Greeter(), tts=VoiceTTS(fail=["Good morning."])) as s:
        await s.label("listening")
        assert s.session.state == "running"
    assert s.said() == [APOLOGY]


async def test_a_voice_that_gives_no_sound_keeps_nobody_waiting() -> None:
    """Row 10: there a ``say()`` took ten seconds."""
    async with scene(tts=MuteTTS()) as s:
        handle = await s.session.say("Hello?")
        assert anyio.current_time() == 0
        await s.until(lambda: s.did(do.GiveUp))
    assert (handle.heard, handle.interrupted) == ("", True)


async def test_a_room_that_nobody_pulls_from_keeps_nobody_waiting_for_ever() -> None:
    """Row 11: too long without sound is a failure, wherever it comes from."""

    class DeafRoom(MemoryRoom):
        def wake(self) -> None:
            pass

    async with scene(room=DeafRoom()) as s:
        handle = await s.session.say("Can you hear me?")
        assert anyio.current_time() == DEAD_AIR.seconds
        assert handle.heard == ""


async def test_a_say_while_an_uninterruptible_one_plays_comes_after_it() -> None:
    """Row 12: it is no error."""
    async with scene() as s:
        first = s.session.say("Please listen.", interruptible=False)
        await anyio.sleep_until(0.2)
        second = await s.session.say("Thank you.")
    assert s.heard() == ["Please listen.", "Thank you."]
    assert (first.heard, second.heard) == ("Please listen.", "Thank you.")


async def test_each_of_two_says_is_over_when_it_has_sounded() -> None:
    """Row 13: and not when the other one begins."""
    async with scene() as s:
        ended = {}

        async def wait(text: str) -> None:
            await s.session.say(text)
            ended[text] = anyio.current_time()

        async with anyio.create_task_group() as group:
            group.start_soon(wait, "One two three.")
            await anyio.sleep_until(0.1)
            group.start_soon(wait, "Four five six.")
    assert ended == pytest.approx({"One two three.": 0.84, "Four five six.": 1.68})


async def test_speech_without_words_ends_ours_after_the_barge_in_time() -> None:
    """Rows 14 and 15: a detector that says yes and no is enough, and nothing is polled."""
    async with scene(llm=FakeLLM(["One two three four five six seven eight nine ten."])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("speaking")
        await s.caller.speak(1)
        await s.caller.wait(0.5)
        await s.label("listening")
    started = [taped.at for taped in s.steps if isinstance(taped.event, on.SpeechStarted)][1]
    (cut,) = [taped.at for taped in s.steps if isinstance(taped.event, Due) and taped.event.timer == "barge_in"]
    assert cut - started == pytest.approx(0.5)
    assert [frame for frame in s.frames if started + 0.01 < frame.at < s.when(do.BeginReply)[1]] == []


async def test_words_end_ours_at_the_very_frame_that_brings_them() -> None:
    """Row 15: no fade-out, no poll."""
    async with scene(llm=FakeLLM(["One two three four five six seven eight nine ten."]), stt=FakeSTT(interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("speaking")
        await s.caller.speak(0.4)
    words = next(t for t in s.steps if isinstance(t.event, on.InterimTranscript) and t.event.segment == 2)
    assert words.step.effects == [do.CancelReply(1, "it was cut")]


async def test_turns_keep_their_order_whatever_a_hook_takes() -> None:
    """Row 16: there a slow hook turned *one, two* into *two, one*."""
    seen: list[str] = []

    class Slow(ConversationFlow):
        async def on_turn_start(self, transcript: str) -> None:
            await anyio.sleep_until(anyio.current_time() + (2 if transcript == "one" else 0))

        async def run(self, transcript: str) -> AsyncIterator[str]:
            seen.append(transcript)
            yield f"You said {transcript}."

    async with scene(flow=Slow(), stt=FakeSTT(["one", "two"])) as s:
        await s.caller.wait(GUARD)
        await s.turn(0.2)
        await s.turn(0.2)
        await s.label("listening")
    assert s.said("user") == ["one", "two"]
    assert seen == ["one two"]


async def test_the_last_piece_of_sound_is_heard_now_and_not_with_the_next_reply() -> None:
    """Row 20: what does not fill a frame is filled with silence."""

    class OddTTS(VoiceTTS):
        async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
            self.spoken.append(text)
            await anyio.lowlevel.checkpoint()
            yield SpeechChunk(bytes([len(self.spoken), 0]) * 330)

    async with scene(tts=OddTTS()) as s:
        await s.session.say("First.")
        assert (len(s.frames), s.session.label) == (2, "listening")
        await s.session.say("Second.")
    assert [frame.text for frame in s.frames] == ["First.", "First.", "Second.", "Second."]


async def test_the_wake_up_counts_from_the_end_of_what_sounds() -> None:
    """Older: ``wake_up=1`` fired one second into four seconds of speech."""
    async with scene(wake_up=1) as s:
        await s.session.say("x" * 66)
        ended = anyio.current_time()
        await s.until(lambda: s.did(do.CallWakeUp))
    assert ended == pytest.approx(3.96)
    assert s.when(do.CallWakeUp)[0] == pytest.approx(ended + 1)


async def test_a_caller_who_speaks_during_the_wake_up_prompt_does_not_restart_the_hook() -> None:
    """Older: there the hook was cancelled and armed again: begun twice, ended never."""
    lines: list[str] = []
    async with scene(wake_up=2) as s:

        async def hook() -> None:
            lines.append("begin")
            handle = await s.session.say("Are you still there? I can wait as long as you like.")
            lines.append(f"end: {handle.heard}")

        s.session.on_wake_up = hook
        await s.caller.wait(GUARD)
        await s.label("speaking")
        await s.caller.wait(0.4)
        await s.turn()
        await s.label("listening")
    assert lines == ["begin", "end: Are you"]


async def test_a_turn_detector_that_never_agrees_delays_nothing_for_ever() -> None:
    """Older: *not finished* and a silent caller meant no reply at all."""

    class Never:
        def is_complete(self, text: str) -> bool:
            return False

    async with scene(turn_detector=Never()) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: s.said())
    assert s.heard() == ["Very well."]


async def test_a_turn_detector_that_agrees_ends_the_turn_at_once() -> None:
    """And one that knows saves the pause."""

    class Always:
        def is_complete(self, text: str) -> bool:
            return True

    async with scene(turn_detector=Always(), stt=FakeSTT(["yes please"], complete=True)) as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(0.4)
    assert s.when(do.BeginReply)[0] == pytest.approx(GUARD + 0.1, abs=0.03)


async def test_frames_reach_speech_to_text_in_order_and_with_the_beginning() -> None:
    """Older: one task per frame. Here they go by direct call, 300 ms of what came before the edge first."""
    got: list[bytes] = []

    class Tape(FakeSTT):
        def open(self, heard):  # type: ignore[no-untyped-def]
            stream = super().open(heard)
            push = stream.push
            stream.push = lambda pcm: (got.append(pcm), push(pcm))  # type: ignore[method-assign,assignment,func-returns-value]
            return stream

    async with scene(stt=Tape()) as s:
        await s.caller.wait(1)
        await s.caller.speak(0.4)
        await s.caller.wait(0.4)
    first = [pcm[0] for pcm in got]
    assert first[:33] == [0] * 13 + [1] * 20
    assert first[33:] in ([0] * 13, [0] * 14)  # the timer of the pause and a frame of that instant have no order


async def test_a_caller_who_speaks_first_is_answered_after_the_greeting_is_cut() -> None:
    """Fixed there later: speech before and during the greeting."""
    async with scene(stt=FakeSTT(["I am in a hurry"], interim=True)) as s:
        greeting = s.session.say("Good morning and welcome to the house of many words.")
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("listening")
    assert greeting.interrupted
    assert s.said() == [greeting.heard, "Very well."]
    assert s.said("user") == ["I am in a hurry"]


async def test_one_turn_gets_one_reply() -> None:
    """Fixed there later: duplicate replies. A final transcript that is repeated is not a second turn."""
    async with scene(turn=TurnOptions(final_ends_turn=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        s.session.post(on.FinalTranscript("words 1", 1))
        s.session.post(on.FinalTranscript("words 1", 1))
        await s.label("listening")
    assert s.said("user") == ["words 1"]
    assert s.heard() == ["Very well."]
    assert len(s.did(do.Discard)) == 2
