"""The voice: streamed as it is made, with the end of every word, and silent when it is told to be."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import hypothesis.strategies as st
import pytest
from hypothesis import given

from fsm_agents.errors import MissingExtra, MisuseError, ProviderError
from fsm_agents.plugins.local import EspeakTTS, _espeak_lib
from fsm_agents.plugins.local._espeak_lib import Engine, Piece, Speaker, Utterance, engine
from fsm_agents.plugins.local.espeak import LONGEST, cut, speak
from fsm_agents.stages.base import TTS, SpeechChunk

TEXT = "Two large pizzas, please. That costs 3.50 in every well-known 🍕 café!"
LONG = " ".join([TEXT] * 30)


def awaits(test: Any) -> Any:
    """The voice works in a thread of its own, so its tests need the real clock."""
    return pytest.mark.anyio(pytest.mark.real_clock(test))


async def collect(tts: EspeakTTS, text: str) -> list[SpeechChunk]:
    return [chunk async for chunk in tts.synthesize(text)]


def samples(chunks: list[SpeechChunk]) -> int:
    return sum(len(chunk.pcm) for chunk in chunks) // 2


def ends(chunks: list[SpeechChunk]) -> list[int]:
    return [mark.text_end for chunk in chunks for mark in chunk.words]


def same_length(one: int, other: int) -> bool:
    """The engine never says the same twice: its voice flutters, and lengths vary by a hundredth."""
    return abs(one - other) <= 0.02 * other


def test_every_word_ends_where_the_next_begins() -> None:
    pcm, rate, marks = speak(TEXT)
    starts = [0, *(mark.text_end for mark in marks)]
    assert [TEXT[start : mark.text_end].strip() for start, mark in zip(starts, marks, strict=False)] == TEXT.split()
    sounds = [mark.sample_end for mark in marks]
    assert sounds == sorted(set(sounds))
    assert rate == 22050
    assert 0.3 * rate < sounds[1] < 0.8 * rate  # "Two large"
    assert sounds[-1] <= len(pcm) // 2 < sounds[-1] + rate
    assert any(pcm)


@awaits
async def test_a_stream_is_the_whole_in_pieces() -> None:
    pcm, _, marks = speak(TEXT)
    chunks = await collect(EspeakTTS(), TEXT)
    assert same_length(samples(chunks), len(pcm) // 2)
    assert ends(chunks) == [mark.text_end for mark in marks]
    assert all(0 < len(chunk.pcm) <= 0.06 * 22050 * 2 + 2 for chunk in chunks)
    played = 0
    for chunk in chunks:
        played += len(chunk.pcm) // 2
        assert all(mark.sample_end <= played for mark in chunk.words)


@awaits
async def test_a_long_text_is_made_in_parts_and_marked_as_one() -> None:
    chunks = await collect(EspeakTTS(speed=400), LONG)
    marks = [mark for chunk in chunks for mark in chunk.words]
    assert ends(chunks) == sorted(set(ends(chunks)))
    assert [mark.sample_end for mark in marks] == sorted({mark.sample_end for mark in marks})
    assert len(marks) == 30 * len(TEXT.split())
    assert marks[-1].text_end == len(LONG)


@awaits
async def test_closing_stops_the_engine_and_the_next_sentence_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    tts = EspeakTTS()
    made: list[Utterance] = []
    begin = Engine.begin

    def begin_and_keep(*args: Any) -> Utterance:
        made.append(begin(*args))
        return made[-1]

    monkeypatch.setattr(Engine, "begin", begin_and_keep)
    chunks = tts.synthesize(LONG)
    assert isinstance(chunks, AsyncGenerator)
    await anext(chunks)
    await chunks.aclose()
    assert len(made) == 1  # the rest of the long text was never begun
    assert made[0]._stopped.is_set()
    assert same_length(samples(await collect(tts, TEXT)), len(speak(TEXT)[0]) // 2)


@awaits
async def test_cancelling_does_not_wait_for_an_engine_that_is_busy() -> None:
    tts = EspeakTTS()
    entered, release = threading.Event(), threading.Event()

    def hold(_: Piece) -> bool:
        entered.set()
        release.wait(10)  # an end, for an event loop that should wait for the engine cannot set it
        return False

    busy = threading.Thread(target=engine().say, args=(TEXT, Speaker("en-us"), hold))
    busy.start()
    entered.wait()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(collect, tts, TEXT)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        assert busy.is_alive()
    finally:
        release.set()
        busy.join()
    assert await collect(tts, TEXT)


def test_the_engine_stops_within_the_piece_that_is_refused() -> None:
    pieces: list[Piece] = []

    def take(piece: Piece) -> bool:
        pieces.append(piece)
        return len(pieces) < 3

    engine().say(LONG[:2000], Speaker("en-us"), take)
    assert len(pieces) == 3


def test_an_utterance_that_is_stopped_while_it_is_spoken_makes_no_more() -> None:
    class Impatient(Utterance):
        added = 0

        def _add(self, piece: Piece) -> bool:
            self.added += 1
            if self.added == 3:
                self.stop()
            return super()._add(piece)

    utterance = Impatient(LONG[:2000], Speaker("en-us"))
    utterance.run(engine())
    assert utterance.added == 3
    assert len(utterance.take()) == 2
    assert utterance.take() == utterance.take() == []
    unheard = Utterance(LONG[:2000], Speaker("en-us"))
    unheard.stop()
    unheard.run(engine())
    assert unheard.take() == []


def test_a_failing_listener_gets_its_error_back_and_the_engine_goes_on() -> None:
    def take(_: Piece) -> bool:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        engine().say(TEXT, Speaker("en-us"), take)
    assert speak("fine")[0]


@awaits
async def test_sessions_at_the_same_time_do_not_mix() -> None:
    texts = ["Order is ready." + " Thank you very much." * count for count in range(6)]
    voices = [EspeakTTS("en-us+f3", speed=160), EspeakTTS("de", pitch=70)] * 3
    heard: dict[str, list[SpeechChunk]] = {}

    async def listen(tts: EspeakTTS, text: str) -> None:
        heard[text] = await collect(tts, text)

    async with anyio.create_task_group() as group:
        for tts, text in zip(voices, texts, strict=True):
            group.start_soon(listen, tts, text)
    for index, text in enumerate(texts):
        settings: dict[str, Any] = {"voice": "de", "pitch": 70} if index % 2 else {"voice": "en-us+f3", "speed": 160}
        pcm, _, marks = speak(text, **settings)
        assert same_length(samples(heard[text]), len(pcm) // 2)
        assert ends(heard[text]) == [mark.text_end for mark in marks]


@awaits
@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
async def test_nothing_to_say_says_nothing(text: str) -> None:
    assert await collect(EspeakTTS(), text) == []


@awaits
async def test_any_character_can_be_said() -> None:
    chunks = await collect(EspeakTTS(), "one\0two\ud800 [[three]] <b>four</b> \u202e五")
    assert ends(chunks) == sorted(set(ends(chunks)))
    assert samples(chunks) > 11025


@awaits
async def test_a_refusing_engine_is_a_provider_error(monkeypatch: pytest.MonkeyPatch) -> None:
    tts = EspeakTTS()
    monkeypatch.setattr(tts, "_speaker", Speaker("nobody"))
    with pytest.raises(ProviderError, match="no voice 'nobody'"):
        await collect(tts, TEXT)


@given(st.text("ab. ,", max_size=80))
def test_parts_are_the_text_in_order_and_short(text: str) -> None:
    parts = list(cut(text, 10))
    assert all(len(part) <= 10 and text[start : start + len(part)] == part for start, part in parts)
    assert "".join("".join(part for _, part in parts).split()) == "".join(text.split())


def test_parts_end_behind_a_sentence_or_else_a_clause_or_else_a_word() -> None:
    assert next(cut("One two. Three four", 12)) == (0, "One two.")
    assert next(cut("One, two three", 12)) == (0, "One,")
    assert next(cut("One two three four", 12)) == (0, "One two ")
    assert next(cut("x" * 30, 12)) == (0, "x" * 12)
    assert LONGEST >= 200


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"voice": "en-uss"}, "no voice 'en-uss': did you mean 'en-us'"),
        ({"voice": "nobody"}, "no voice 'nobody': known: af, am, "),
        ({"voice": ""}, "no voice ''"),
        ({"voice": "en-us+f33"}, "no variant 'f33' of 'en-us': did you mean 'f3'"),
        ({"rate": 16000}, "makes 22050 samples"),
        ({"speed": 10}, "give 80 to 450"),
        ({"pitch": 101}, "give 0 to 100"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(MisuseError, match=why):
        EspeakTTS(**settings)


def test_it_is_a_text_to_speech_stage() -> None:
    assert isinstance(EspeakTTS(), TTS)


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(MissingExtra, match=r"EspeakTTS.* needs the extra \[voice\]: pip install 'fsm_agents\[voice\]'"):
        _espeak_lib.Engine()


def test_a_library_that_does_not_load_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    import espeakng_loader

    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: "/nowhere/libespeak-ng.so")
    with pytest.raises(MissingExtra, match=r"installed, but: .*nowhere"):
        _espeak_lib.Engine()


@pytest.mark.skipif(not hasattr(sys.modules["os"], "fork"), reason="this system has no fork")
def test_a_forked_process_has_a_voice() -> None:
    program = """
import os, anyio
from fsm_agents.plugins.local import EspeakTTS
tts = EspeakTTS()
async def say():
    return [chunk async for chunk in tts.synthesize("hello there")]
whole = len(anyio.run(say))
tts._engine._lock.acquire()  # as if somebody spoke just now
child = os.fork()
if not child:
    os._exit(0 if abs(len(anyio.run(say)) - whole) <= 1 else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60, check=False).returncode == 0
