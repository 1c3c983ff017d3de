"""Several voices as one: each sentence by the first that sounds, at one rate, never begun twice."""

from __future__ import annotations

import struct

import anyio
import pytest

from fsm_agents.errors import ProviderError
from fsm_agents.pipelines.fallback_asking import STALL
from fsm_agents.pipelines.fallback_tts import FIRST_SOUND, FallbackTTS
from fsm_agents.stages.base import TTS, SpeechChunk
from tests.pipelines.fallback_parts import Voice, taken

pytestmark = pytest.mark.anyio

TEXT = "one two three"


async def speak(tts: FallbackTTS, text: str = TEXT) -> tuple[bytes, list[tuple[int, int]]]:
    """Its sound and its marks."""
    chunks: list[SpeechChunk] = await taken(tts.synthesize(text))
    return b"".join(chunk.pcm for chunk in chunks), [(m.text_end, m.sample_end) for chunk in chunks for m in chunk.words]


def whose(pcm: bytes) -> set[int]:
    """Whose samples these are."""
    return set(struct.unpack(f"<{len(pcm) // 2}h", pcm))


async def test_it_is_a_voice() -> None:
    tts = FallbackTTS([Voice("a", rate=24000), Voice("b", rate=8000)])
    assert isinstance(tts, TTS)
    assert (tts.rate, tts.serving) == (24000, None)


@pytest.mark.parametrize("how", ["busy", "key", "misuse", "bug", "none", "odd"])
async def test_the_next_speaks_when_one_fails_before_it_sounds(how: str) -> None:
    """All of the sentence, in one voice; no sound at all, and half a sample, are failures too."""
    a, b = Voice("a", how), Voice("b", number=2)
    tts = FallbackTTS([a, b])
    pcm, marks = await speak(tts)
    assert (whose(pcm), len(pcm)) == ({2}, 2 * 3 * 1600)
    assert marks == [(3, 1600), (7, 3200), (13, 4800)]
    assert tts.serving is b


async def test_one_that_does_not_begin_costs_the_deadline_once() -> None:
    tts = FallbackTTS([Voice("a", "hang"), Voice("b", "0.3", "0.3", number=2)])
    start = anyio.current_time()
    await speak(tts)
    assert anyio.current_time() - start == pytest.approx(FIRST_SOUND + 0.3)
    await speak(tts)
    assert anyio.current_time() - start == pytest.approx(FIRST_SOUND + 0.6)


@pytest.mark.parametrize(("how", "takes"), [("mid", 0.0), ("stall", STALL)])
async def test_after_the_first_sound_a_failure_comes_through(how: str, takes: float) -> None:
    """The sentence is not begun again; the next one is the next voice's."""
    a, b = Voice("a", how), Voice("b", number=2)
    tts = FallbackTTS([a, b])
    start = anyio.current_time()
    with pytest.raises(ProviderError, match=r"FallbackTTS: broken off in the middle: Voice \(a\)"):
        await speak(tts)
    assert anyio.current_time() - start == pytest.approx(takes)
    assert b.asked == []
    assert whose((await speak(tts))[0]) == {2}


async def test_a_text_without_anything_to_say_needs_no_sound() -> None:
    """It is no failure of the voice."""
    a, b = Voice("a", "none"), Voice("b")
    tts = FallbackTTS([a, b])
    assert await speak(tts, "…") == (b"", [])
    assert tts.serving is a
    assert b.asked == []


@pytest.mark.parametrize("rate", [8000, 22050, 24000, 48000])
async def test_another_rate_becomes_that_of_the_first(rate: int) -> None:
    """As many samples as ours would have, level and marks kept."""
    tts = FallbackTTS([Voice("a", "busy"), Voice("b", rate=rate, number=1000)])
    pcm, marks = await speak(tts)
    assert len(pcm) == 2 * 3 * 1600
    assert marks == [(3, 1600), (7, 3200), (13, 4800)]
    middle = struct.unpack("<1000h", pcm[4000:6000])
    assert all(abs(sample - 1000) <= 2 for sample in middle)


async def test_two_sentences_at_a_time_do_not_disturb_each_other() -> None:
    """A say inside a reply: both wait for the voice that hangs, one failure counts, both are spoken."""
    a, b = Voice("a", "hang", "hang"), Voice("b", number=2)
    tts = FallbackTTS([a, b])
    spoken: list[int] = []

    async def one() -> None:
        spoken.append(len((await speak(tts))[0]))

    async with anyio.create_task_group() as both:
        both.start_soon(one)
        both.start_soon(one)
    assert spoken == [9600, 9600]
    assert tts.members.all[0].rest == pytest.approx(60)


async def test_the_failures_of_all_are_named() -> None:
    tts = FallbackTTS([Voice("a", "none"), Voice("b", "busy")])
    with pytest.raises(ProviderError) as raised:
        await speak(tts)
    assert str(raised.value) == (
        "FallbackTTS: none of 2 answers: Voice (a) gave no sound for 13 characters of text; Voice (b): b is busy"
    )
