"""Speech-to-text by the state's own phrases: real voices in, transcripts out."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.plugins.local import PocketsphinxSTT, sphinx_stream
from fsm_agents.stages.base import STT, Transcript

Recording = Callable[[str], bytes]
Noise = Callable[[str, int, float, int], np.ndarray]

BOOKING = ["[book] a table for (one | two | three | four) [people]", "cancel my reservation", "speak to an operator", "goodbye"]
VOICES = ["rms", "slt"]
PAUSE = bytes(9600)


@pytest.mark.parametrize("voice", VOICES)
def test_an_expected_sentence_is_heard_word_by_word(ear: Callable[..., Any], recording: Recording, voice: str) -> None:
    hearing = ear(["a table for (two | ten)", "goodbye"])
    final = hearing.segment(PAUSE + recording(f"table.{voice}") + PAUSE)
    assert (final.text, final.complete) == ("a table for two", True)
    interim = [(told.text, told.complete) for told in hearing.told[:-1]]
    assert interim[-2:] == [("a table for two", False), ("a table for two", True)]
    assert len(interim) == len(set(interim))
    assert ("a table for", False) in interim


@pytest.mark.parametrize("voice", VOICES)
def test_the_vad_cuts_and_the_grammar_hears(ear: Callable[..., Any], recording: Recording, voice: str) -> None:
    hearing = ear(BOOKING)
    assert " ".join(final.text for final in hearing.listen(recording(f"table.{voice}"))) == "a table for two"


@pytest.mark.parametrize("voice", VOICES)
def test_a_sentence_that_may_go_on_is_not_complete(ear: Callable[..., Any], recording: Recording, voice: str) -> None:
    hearing = ear(BOOKING)
    assert hearing.segment(PAUSE + recording(f"table.{voice}") + PAUSE).text == "a table for two"
    assert not any(told.complete for told in hearing.told)


def test_complete_waits_for_silence_after_the_last_word(ear: Callable[..., Any], recording: Recording) -> None:
    speech = PAUSE + recording("table.slt")
    prompt, patient = (ear(["a table for two"], settle=settle) for settle in (0.0, 0.5))
    for hearing in (prompt, patient):
        hearing.segment(speech + PAUSE)
    assert any(told.complete for told in prompt.told[:-1])
    assert not any(told.complete for told in patient.told[:-1])


@pytest.mark.parametrize("voice", VOICES)
def test_a_sentence_said_in_two_parts(ear: Callable[..., Any], recording: Recording, voice: str) -> None:
    hearing = ear(["a table for two (this evening | tomorrow)", "goodbye"])
    first = hearing.segment(PAUSE + recording(f"table.{voice}"))
    assert (first.text, first.complete) == ("a table for two", False)
    assert hearing.segment(bytes(20000)).text == ""  # a door: the sentence is still open
    second = hearing.segment(PAUSE + recording(f"evening.{voice}") + PAUSE)
    assert (second.text, second.complete) == ("this evening", True)
    assert hearing.segment(PAUSE + recording(f"evening.{voice}") + PAUSE).text == ""  # the sentence is over
    hearing.segment(PAUSE + recording(f"table.{voice}"))
    hearing.stream.expect(["a table for two (this evening | tomorrow)", "goodbye"])  # a new turn
    assert hearing.segment(PAUSE + recording(f"evening.{voice}") + PAUSE).text == ""


def test_after_the_first_part_a_new_sentence_may_begin(ear: Callable[..., Any], recording: Recording) -> None:
    hearing = ear(["a table for two (this evening | tomorrow)", "yes"])
    hearing.segment(PAUSE + recording("table.slt"))
    assert hearing.segment(PAUSE + recording("yes.slt") + PAUSE).text == "yes"


@pytest.mark.parametrize("voice", VOICES)
def test_a_word_that_no_dictionary_has(ear: Callable[..., Any], recording: Recording, voice: str) -> None:
    phrases = ["kubernetes", "terraform", "a table for two", "yes"]
    assert ear(phrases).segment(PAUSE + recording(f"kubernetes.{voice}") + PAUSE).text == "kubernetes"
    assert PocketsphinxSTT().guessed(phrases) == ["kubernetes", "terraform"]


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("strange", ["newspaper", "weather", "kubernetes", "table"])
def test_what_is_not_expected_is_rejected(ear: Callable[..., Any], recording: Recording, voice: str, strange: str) -> None:
    speech = PAUSE + recording(f"{strange}.{voice}") + PAUSE
    hearing = ear(["yes", "no", "cancel my reservation"])
    assert hearing.segment(speech).text == ""
    assert not any(told.complete for told in hearing.told)
    assert ear(["yes", "no", "cancel my reservation"], rejection=None).segment(speech).text != ""


@pytest.mark.parametrize("level", [-60.0, -40.0, -20.0])
@pytest.mark.parametrize("kind", ["white", "pink"])
def test_noise_says_nothing(ear: Callable[..., Any], make_noise: Noise, kind: str, level: float) -> None:
    hearing = ear(["yes", "no", *BOOKING])
    for seed in range(5):
        sound = make_noise(kind, 16000, level, seed)
        sound[4000:8000] *= 3  # a burst
        assert hearing.segment(np.clip(sound, -32768, 32767).astype("<i2").tobytes()).text == ""


def test_a_segment_without_sound_has_an_empty_final(ear: Callable[..., Any]) -> None:
    hearing = ear(BOOKING)
    assert hearing.segment(b"") == Transcript(segment=1, text="", final=True)


def test_the_phrases_of_the_next_segment(ear: Callable[..., Any], recording: Recording) -> None:
    hearing = ear(["yes", "no"])
    hearing.stream.begin(1)
    hearing.stream.expect(["a table for two"])  # while somebody speaks
    for piece in (PAUSE, recording("yes.rms"), PAUSE):
        hearing.stream.push(piece)
    hearing.stream.finish(1)
    assert hearing.told[-1].text == "yes"
    hearing.segments = 1
    assert hearing.segment(PAUSE + recording("table.rms") + PAUSE).text == "a table for two"


def test_whoever_hears_may_expect_the_next_phrases_at_once(recording: Recording) -> None:
    told: list[Transcript] = []

    def heard(transcript: Transcript) -> None:
        told.append(transcript)
        stream.expect(["a table for two"])

    stream = PocketsphinxSTT().open(heard)
    stream.expect(["yes", "no"])
    for number, name in enumerate(("yes.slt", "table.slt")):
        stream.begin(number)
        for piece in (PAUSE, recording(name), PAUSE):
            stream.push(piece)
        stream.finish(number)
    assert [transcript.text for transcript in told if transcript.final] == ["yes", "a table for two"]


def test_nothing_expected_nothing_heard_and_said_once(
    ear: Callable[..., Any], recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    hearing = ear([])
    with caplog.at_level(logging.WARNING):
        assert [hearing.segment(recording("yes.rms")).text for _ in range(3)] == ["", "", ""]
    assert ["none are expected" in record.message for record in caplog.records] == [True]


def test_a_segment_left_open_is_finished_by_the_next(ear: Callable[..., Any], recording: Recording) -> None:
    hearing = ear(["yes"])
    hearing.stream.begin(1)
    hearing.stream.push(PAUSE + recording("yes.slt") + PAUSE)
    hearing.stream.begin(2)
    assert (hearing.told[-1].segment, hearing.told[-1].text, hearing.told[-1].final) == (1, "yes", True)


def test_calls_out_of_order_are_refused(ear: Callable[..., Any]) -> None:
    stream = ear(["yes"]).stream
    with pytest.raises(MisuseError, match=r"push\(\) without an open segment"):
        stream.push(bytes(640))
    with pytest.raises(MisuseError, match=r"finish\(3\), but no segment is open"):
        stream.finish(3)
    stream.begin(4)
    with pytest.raises(MisuseError, match=r"finish\(3\), but segment 4 is open"):
        stream.finish(3)
    with pytest.raises(MisuseError, match="whole number of samples"):
        stream.push(b"abc")


def test_an_unpronounceable_word_is_an_error_ahead_of_time() -> None:
    stt = PocketsphinxSTT()
    with pytest.raises(MisuseError, match="phrase 'to 北京 please'"):
        stt.prepare(["yes", "to 北京 please"])
    with pytest.raises(MisuseError, match="phrase 'to 北京 please'"):
        stt.open(lambda _: None).expect(["yes", "to 北京 please"])


def test_old_grammars_go_and_come_back(ear: Callable[..., Any], recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sphinx_stream, "KEPT_GRAMMARS", 2)
    hearing = ear(["yes", "no"])
    hearing.stream.begin(1)  # its grammar decodes, so it may not go
    for count in ("one", "two", "three", "four"):
        hearing.stream.expect([f"number {count}"])
    hearing.stream.push(PAUSE + recording("yes.rms") + PAUSE)
    hearing.stream.finish(1)
    assert hearing.told[-1].text == "yes"
    hearing.stream.expect(["yes", "no"])
    hearing.segments = 1
    assert hearing.segment(PAUSE + recording("yes.rms") + PAUSE).text == "yes"


def test_streams_that_are_dropped_give_their_memory_back(recording: Recording) -> None:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("resident memory is read from /proc, which this system does not have")
    stt = PocketsphinxSTT()

    def megabytes() -> float:
        gc.collect()
        return int(statm.read_text().split()[1]) * 4096 / 1e6

    def open_and_drop(count: int) -> None:
        for _ in range(count):
            stream = stt.open(lambda _: None)
            stream.expect(BOOKING)
            stream.begin(1)
            stream.push(recording("yes.rms"))
            stream.finish(1)

    open_and_drop(5)
    before = megabytes()
    open_and_drop(40)  # 200 MB if they stayed
    assert megabytes() - before < 30


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"rate": 8000}, "needs 16000 samples per second"),
        ({"language": "de"}, "only 'en-us'"),
        ({"rejection": 0}, "rejects everything"),
        ({"settle": 2}, "give 0 to 1 seconds"),
        ({"words": {"a": "X"}}, "is not a phoneme"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(MisuseError, match=why):
        PocketsphinxSTT(**settings)


def test_it_is_a_speech_to_text_stage() -> None:
    assert isinstance(PocketsphinxSTT(), STT)


@pytest.mark.parametrize(
    ("python", "advice"),
    [((3, 11), ""), ((3, 12), "5.0.4"), ((3, 13), ""), ((3, 14), "not ready-made for Python 3.14: use 3.13")],
)
def test_a_missing_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch, python: tuple[int, int], advice: str) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    monkeypatch.setattr(sys, "version_info", (*python, 0, "final", 0))
    with pytest.raises(MissingExtra) as caught:
        PocketsphinxSTT()
    assert "PocketsphinxSTT needs the extra [voice]: pip install 'fsm_agents[voice]'" in str(caught.value)
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)
