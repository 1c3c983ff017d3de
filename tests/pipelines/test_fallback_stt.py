"""Several engines as one: no words are lost, none come twice, whoever fails and whenever."""

from __future__ import annotations

import anyio
import pytest

from fsm_agents.pipelines.fallback_stt import FINAL, FallbackSTT
from fsm_agents.stages.base import STT, Transcript
from tests.pipelines.fallback_parts import SOUND, Engine, at, listening

pytestmark = pytest.mark.anyio


async def test_it_is_an_engine() -> None:
    stt = FallbackSTT([Engine("a", rate=8000), Engine("b")])
    assert isinstance(stt, STT)
    assert (stt.rate, stt.serving) == (8000, None)


@pytest.mark.parametrize("how", ["busy", "key", "misuse", "push", "finish", "unread"])
async def test_a_segment_whose_engine_fails_is_given_to_the_next(how: str) -> None:
    """All of its sound, at once; the next segment is the next engine's, too."""
    a, b = Engine("a", how), Engine("b")
    async with listening(a, b) as s:
        s.say(1)
        s.say(2)
    assert s.finals == [(1, "b 960"), (2, "b 960")]
    assert s.stt.serving is b
    assert len(a.asked) == 1


async def test_one_that_dies_while_it_owes_words_loses_none() -> None:
    """Its ``run()`` raises, for several segments at a time."""
    a, b = Engine("a", "0.5", "dies"), Engine("b")
    async with listening(a, b) as s:
        s.say(1)
        s.say(2)
        await at(0.7)
        assert s.finals == [(1, "a 960"), (2, "b 960")]
    async with listening(Engine("a", "dies", "0.5"), Engine("b")) as s:
        now = anyio.current_time()
        s.say(1)
        s.say(2, end=False)
        await at(now + 0.2)
        s.stream.push(SOUND)
        s.stream.finish(2)
    assert s.finals == [(1, "b 960"), (2, "b 1280")]


async def test_one_that_is_late_costs_the_deadline() -> None:
    """Then the next one is asked; what the late one says afterwards is dropped."""
    async with listening(Engine("a", "1.5"), Engine("b", "0.2")) as s:
        s.say(1)
        await at(5)
        assert (s.finals, s.when) == ([(1, "b 960")], [FINAL + 0.2])


async def test_a_late_one_may_still_be_the_first() -> None:
    """Its words count; the other's do not."""
    async with listening(Engine("a", "1.5"), Engine("b", "1.0")) as s:
        s.say(1)
        await at(9)
    assert (s.finals, s.when) == ([(1, "a 960")], [1.5])


async def test_a_late_one_with_no_words_does_not_take_them_from_the_next() -> None:
    """Some engines say nothing when they fail. If nobody has any, that is the answer."""
    async with listening(Engine("a", "hang"), Engine("b", "0.3"), Engine("c")) as s:
        s.say(1)
        await at(FINAL + 0.1)
        s.stt.members.all[0].stage.streams[0].heard(Transcript(1, "", final=True))  # type: ignore[attr-defined]
        await at(FINAL + 1)
    assert s.finals == [(1, "b 960")]


async def test_an_engine_that_heard_nothing_has_answered() -> None:
    """A cough is no failure, and nobody else is asked what it meant."""
    a, b = Engine("a", "empty"), Engine("b")
    async with listening(a, b) as s:
        s.say(1)
        s.say(2)
    assert s.finals == [(1, ""), (2, "a 960")]
    assert b.asked == []


async def test_while_one_is_late_the_caller_goes_on() -> None:
    """What is said meanwhile goes to one that works, from its beginning; order and sound are kept."""
    a, b = Engine("a", "hang", "hang"), Engine("b", "0.1", "0.1")
    async with listening(a, b) as s:
        s.say(1)
        await at(FINAL - 0.1)
        s.say(2, 2, end=False)
        await at(FINAL + 0.5)
        s.stream.push(SOUND)
        s.stream.finish(2)
        await at(20)
    assert s.finals == [(1, "b 960"), (2, "b 960")]
    assert s.when == pytest.approx([FINAL + 0.1, FINAL + 0.6])
    assert all(stream.running == ["began", "ended"] for stream in (*a.streams, *b.streams))


async def test_only_streams_that_are_needed_are_kept() -> None:
    """The late one ends when its words are not owed any more; the one in use goes on."""
    a, b = Engine("a", "hang"), Engine("b", "0.1", "0.1", "0.1")
    async with listening(a, b) as s:
        s.say(1)
        await at(FINAL + 1)
        s.say(2)
        await at(FINAL + 2)
        s.say(3)
        await at(FINAL + 3)
        assert [stream.running for stream in a.streams] == [["began", "ended"]]
        assert [stream.running[-1] for stream in b.streams] == ["ended", "began"]
    assert [number for number, _ in s.finals] == [1, 2, 3]


async def test_the_preferred_one_is_back_when_it_has_cooled_down() -> None:
    """At the next segment, not in the middle of one."""
    a, b = Engine("a", "hang"), Engine("b")
    async with listening(a, b) as s:
        s.say(1)
        await at(FINAL + 59)
        s.say(2, end=False)
        await at(FINAL + 61)
        s.stream.finish(2)
        s.say(3)
    assert s.finals == [(1, "b 960"), (2, "b 960"), (3, "a 960")]


async def test_what_is_expected_goes_to_whoever_is_in_use() -> None:
    """Each segment with what was expected when it began."""
    a, b = Engine("a", "hang"), Engine("b")
    async with listening(a, b) as s:
        s.stream.expect(["coffee", "tea"])
        s.say(1)
        s.stream.expect(["yes"])
        await at(FINAL + 0.1)
        s.say(2)
        s.stream.expect([])
        s.say(3)
    assert a.streams[0].expected == [("coffee", "tea"), ("yes",)]
    assert [stream.expected for stream in b.streams] == [[("coffee", "tea")], [("yes",), ()]]


async def test_phrases_that_one_cannot_read_are_the_next_ones() -> None:
    """It is tried again with others."""
    a, b = Engine("a", then="grammar"), Engine("b")
    async with listening(a, b) as s:
        s.stream.expect(["unreadable"])
        s.say(1)
        await at(61)
        s.stream.expect(["yes"])
        s.say(2)
    assert s.finals == [(1, "b 960"), (2, "a 960")]


async def test_words_before_the_end_come_from_one_engine_only() -> None:
    """They do not jump."""
    async with listening(Engine("a", "push"), Engine("b", "interim")) as s:
        s.say(1)
    assert [each.text for each in s.told] == ["b", "b", "b", "b 960"]


async def test_final_words_before_the_end_are_the_only_ones() -> None:
    """An engine with an end of turn of its own; what follows of the segment still reaches it."""
    a = Engine("a", "early")
    async with listening(a, Engine("b")) as s:
        s.say(1)
        s.say(2)
    assert s.finals == [(1, "early"), (2, "a 960")]
    assert len(a.streams) == 1


@pytest.mark.parametrize("rate", [8000, 48000])
async def test_another_rate_gets_its_sound_resampled(rate: int) -> None:
    """All of it, segment by segment."""
    async with listening(Engine("a", "busy"), Engine("b", rate=rate)) as s:
        s.say(1)
        s.say(2, 5)
    assert s.finals == [(1, f"b {960 * rate // 16000}"), (2, f"b {1600 * rate // 16000}")]


async def test_so_much_is_kept_and_no_more() -> None:
    """A detector stuck on noise does not fill the memory."""
    async with listening(Engine("a", "hang"), Engine("b"), keep=1.0) as s:
        s.say(1, 500)
        await at(FINAL + 1)
    assert s.finals == [(1, "b 32000")]


async def test_what_belongs_to_no_segment_is_nothing() -> None:
    async with listening(Engine("a")) as s:
        s.stream.push(SOUND)
        s.stream.finish(7)
        s.say(1)
        s.stream.push(SOUND)
        s.stream.finish(1)
    assert s.finals == [(1, "a 960")]


async def test_a_segment_that_begins_before_the_last_one_ended_ends_it() -> None:
    async with listening(Engine("a", "0.1"), Engine("b")) as s:
        s.say(1, end=False)
        s.say(2)
        await at(1)
    assert sorted(s.finals) == [(1, "a 960"), (2, "a 960")]


async def test_one_that_cannot_be_opened_any_more_does_not_get_the_segment() -> None:
    """The one after it does."""
    a, b, c = Engine("a", "push"), Engine("b"), Engine("c")
    async with listening(a, b, c) as s:
        b.opens = "busy"
        s.say(1)
    assert s.finals == [(1, "c 960")]


async def test_phrases_that_one_cannot_read_while_it_is_in_use_leave_its_segment_alone() -> None:
    """It tells the words of what is being said; the next segment is the next engine's."""
    a, b = Engine("a", then="grammar"), Engine("b")
    async with listening(a, b) as s:
        await s.soon()
        s.say(1, end=False)
        s.stream.expect(["unreadable"])
        s.stream.push(SOUND)
        s.stream.finish(1)
        s.say(2)
        await s.soon()
    assert s.finals == [(1, "a 1280"), (2, "b 960")]
    assert [stream.running[-1] for stream in (*a.streams, *b.streams)] == ["ended", "ended"]


async def test_what_an_engine_tells_of_a_segment_that_is_not_its_own_is_nothing() -> None:
    """Of one it failed on, of one it was never given, and words so far of one that is another's by now."""
    a, b = Engine("a", "hang", "finish"), Engine("b", "hang", "0.5")
    async with listening(a, b, deadline=1.0) as s:
        s.say(1)
        await at(1.1)
        a.streams[0].heard(Transcript(1, "old words", final=False))
        a.streams[0].heard(Transcript(2, "no such segment", final=True))
        assert s.told == []
        b.streams[0].heard(Transcript(1, "new words", final=False))
        await at(70)
        s.say(2)
        a.streams[-1].heard(Transcript(2, "it failed on this", final=True))
        await at(80)
    assert [(each.segment, each.text) for each in s.told if each.text] == [(1, "new words"), (2, "b 960")]
