"""When no engine has the words: who is asked once more, how long is waited, what is told, and when it is the end."""

from __future__ import annotations

import anyio
import pytest

from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.pipelines.fallback_stream import DEAF_AFTER, GIVE_UP
from fsm_agents.pipelines.fallback_stt import FallbackSTT
from tests.pipelines.fallback_parts import Engine, at, listening

pytestmark = pytest.mark.anyio


async def test_one_that_fails_in_the_middle_when_nobody_is_left_keeps_the_sound() -> None:
    """At the end everybody is asked once more."""
    a, b = Engine("a", "push"), Engine("b", "push")
    async with listening(a, b) as s:
        s.say(1)
    assert s.finals == [(1, "a 960")]


async def test_a_segment_that_nobody_understands_has_no_words(caplog: pytest.LogCaptureFixture) -> None:
    """Each is named in the log."""
    async with listening(Engine("a", "unread"), Engine("b", "finish")) as s:
        s.say(1)
        s.say(2)
    assert [(each.segment, each.lost) for each in s.told] == [(1, True), (2, False)]
    said = caplog.records[-1].getMessage()
    assert said == (
        "the words of segment 1 are lost (1 in a row): FallbackSTT: none of 2 answers: Engine (a) lost the words; Engine (b): b is busy"
    )


async def test_if_all_are_late_they_are_still_listened_to() -> None:
    """Late words are a turn; after a while there are none."""
    async with listening(Engine("a", "3"), Engine("b", "hang"), deadline=1.0) as s:
        s.say(1)
        await at(30)
        assert (s.finals, s.when) == ([(1, "a 960")], [3.0])
    async with listening(Engine("a", "hang"), Engine("b", "hang"), deadline=1.0) as s:
        start = anyio.current_time()
        s.say(1)
        await at(start + 30)
        assert s.finals == [(1, "")]
        assert s.when[0] - start == pytest.approx(2 + GIVE_UP)


async def test_three_segments_without_words_are_the_end() -> None:
    """A deaf agent must not keep a caller: ``run()`` raises, and no stream is opened again until it is closed."""
    a, b = Engine("a", then="finish"), Engine("b", then="finish")
    async with listening(a, b) as s:
        for number in range(DEAF_AFTER):
            assert s.broken == []
            s.say(number + 1)
        await s.soon()
        assert len(s.broken) == 1
        with pytest.raises(ProviderError, match="none of 2 answers"):
            s.stt.open(s.hear)
        await s.stt.aclose()
        s.stt.open(s.hear)
    assert s.finals == [(1, ""), (2, ""), (3, "")]


async def test_words_in_between_are_forgiveness() -> None:
    a, b = Engine("a", "finish", "finish", "ok", "finish", "finish"), Engine("b", "finish", "finish", "finish", "finish")
    async with listening(a, b) as s:
        for number in range(6):
            s.say(number + 1)
        await s.soon()
        assert s.broken == []


async def test_one_that_cannot_be_opened_is_left_for_the_next() -> None:
    """If none can, that is said at once."""
    a, b = Engine("a", opens="busy"), Engine("b")
    async with listening(a, b) as s:
        s.say(1)
    assert s.finals == [(1, "b 960")]
    with pytest.raises(MisuseError, match=r"^a has no key$"):
        FallbackSTT([Engine("a", opens="misuse"), Engine("b", opens="misuse")]).open(s.hear)
    with pytest.raises(ProviderError, match=r"none of 2 answers: Engine \(a\): a is busy; Engine \(b\): b has no key"):
        FallbackSTT([Engine("a", opens="busy"), Engine("b", opens="misuse")]).open(s.hear)


async def test_one_that_dies_while_nobody_speaks_is_left_for_the_next() -> None:
    """Nobody notices."""
    async with listening(Engine("a", runs="key"), Engine("b")) as s:
        await s.soon()
        s.say(1)
        await at(1)
        assert s.broken == []
    assert s.finals == [(1, "b 960")]


async def test_none_that_can_read_the_phrases_is_no_end_while_others_may_come() -> None:
    """With the next phrases the first is asked again."""
    a = Engine("a", then="grammar")
    async with listening(a) as s:
        s.stream.expect(["unreadable"])
        s.say(1)
        s.stream.expect(["yes"])
        s.say(2)
    assert s.finals == [(1, ""), (2, "a 960")]


async def test_words_that_nobody_can_tell_any_more_are_not_waited_for() -> None:
    """The only one that owed them is dead."""
    async with listening(Engine("a", "dies")) as s:
        s.say(1)
        await at(9)
    assert (s.finals, s.when) == ([(1, "")], [0.1])
