"""What the caller said and nobody understood: speech-to-text fails, or keeps its words for itself. The caller is asked again, and soon."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from fsm_agents.machines import effects as do
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.stages.base import Transcript
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, scene

pytestmark = pytest.mark.anyio


async def test_a_segment_that_fails_is_asked_for_again_at_once() -> None:
    """The second try is answered; the model never sees the first."""
    async with scene(stt=FakeSTT(["lost", "one pizza"], fail=[1])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: s.heard() == [APOLOGY])
        await s.label("listening")
        await s.turn()
        await s.until(lambda: s.heard() == [APOLOGY, "Very well."])
        await s.label("listening")
    assert s.said("user") == ["one pizza"]
    assert s.when(do.BeginReply)[0] < GUARD + 1.5


async def test_words_that_never_come_are_asked_for_within_eight_seconds_of_silence() -> None:
    """Speech-to-text hangs: the caller does not sit in silence."""
    async with scene(stt=FakeSTT([None])) as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(0.6)
        silence = anyio.current_time()
        await s.caller.wait(9)
        await s.label("listening")
    assert s.heard() == [APOLOGY]
    assert s.frames[0].at - silence < 8


async def test_words_that_come_late_are_answered_and_nobody_apologises() -> None:
    """Three seconds late, as a turn of their own."""
    async with scene(stt=FakeSTT(["one pizza"], delay=3.5)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.caller.wait(10)
        await s.label("listening")
    assert (s.heard(), s.said("user")) == (["Very well."], ["one pizza"])


async def test_what_was_understood_is_answered_though_a_part_is_lost() -> None:
    """The words of the first segment are there; the second has none and never will."""
    async with scene(stt=FakeSTT(["one pizza", "lost"], fail=[2])) as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(0.4)
        await s.caller.wait(0.4)
        await s.turn()
        await s.label("listening")
        await s.caller.wait(8)
    assert (s.heard(), s.said("user")) == (["Very well."], ["one pizza"])


class _Interrupted(FakeSTT):
    """Interim words, and then the provider says that the final ones will never come."""

    def open(self, heard: Callable[[Transcript], None]) -> object:  # type: ignore[override]
        """A stream whose final transcripts are all lost."""

        def tell(transcript: Transcript) -> None:
            final = transcript.final
            heard(Transcript(transcript.segment, "", final=True, lost=True) if final else transcript)

        return super().open(tell)


async def test_interim_words_are_better_than_none() -> None:
    """What was heard of the segment is answered."""
    async with scene(stt=_Interrupted(["one large pizza please"], interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("listening")
        await s.caller.wait(8)
    assert (s.heard(), s.said("user")) == (["Very well."], ["one large"])


async def test_a_sound_over_the_agent_that_fails_is_asked_for_when_the_agent_has_spoken() -> None:
    """It did not last long enough to end the reply; what it was nobody knows."""
    async with scene(stt=FakeSTT(["hello", "lost"], fail=[2]), llm=FakeLLM(["This is a long answer."])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("speaking")
        await s.caller.speak(0.2)
        await s.caller.wait(4)
        await s.label("listening")
    assert s.heard()[-1] == APOLOGY
    assert s.said() == ["This is a long answer.", APOLOGY]


async def test_many_segments_and_slow_speech_to_text_take_no_words_twice() -> None:
    """Twenty short segments whose words come three seconds late: each is answered once."""
    stt = FakeSTT([f"word {n}" for n in range(1, 21)], delay=3.0)
    async with scene(stt=stt) as s:
        await s.caller.wait(GUARD)
        for _ in range(20):
            await s.caller.speak(0.15)
            await s.caller.wait(0.35)
        await s.caller.wait(75)
        await s.label("listening")
    words = " ".join(s.said("user")).split()
    assert sorted(words[1::2], key=int) == [str(n) for n in range(1, 21)]
