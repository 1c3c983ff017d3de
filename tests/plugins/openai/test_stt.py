"""OpenAISTT against the loopback provider: one final transcript for each segment, whatever becomes of its upload."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.plugins.openai import OpenAIProviderError, OpenAISTT
from fsm_agents.plugins.openai.hints import MOST_CHARACTERS, as_keywords, as_prompt
from fsm_agents.plugins.openai.stt_stream import LONGEST, RATE
from fsm_agents.stages.base import STT, STTStream, Transcript
from fsm_agents.testing.provider import ProviderServer

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]

PATH = "/v1/audio/transcriptions"
SECOND = bytes(2 * RATE)


async def test_an_utterance_becomes_its_words(server: ProviderServer, stages: Any) -> None:
    server.reset({"transcripts": [" A large  pizza\nplease. "]})
    assert await stages.hear(SECOND) == [Transcript(1, "A large pizza please.", final=True)]
    (asked,) = server.requests(PATH)
    assert asked["body"] == {
        "model": "whisper-1",
        "response_format": "json",
        "file": {"name": "segment1.wav", "content_type": "audio/wav", "bytes": 44 + len(SECOND), "rate": RATE, "seconds": 1.0},
    }


@pytest.mark.parametrize("model", ["gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-transcribe"])
async def test_words_of_a_model_that_streams_come_as_they_are_heard(server: ProviderServer, stages: Any, model: str) -> None:
    server.reset({"transcripts": ["a large pizza"]})
    heard = await stages.hear(SECOND, model=model)
    assert [(one.text, one.final) for one in heard] == [
        ("a", False), ("a large", False), ("a large pizza", False), ("a large pizza", True)
    ]  # fmt: skip


async def test_a_server_that_streams_a_model_of_its_own(server: ProviderServer, stages: Any) -> None:
    server.reset({"transcripts": ["yes please"], "models": ["my-whisper"]})
    assert [one.text for one in await stages.hear(SECOND, model="my-whisper", stream=True)] == ["yes", "yes please", "yes please"]


async def test_a_server_that_does_not_stream_although_asked(server: ProviderServer, stages: Any) -> None:
    """As whisper-1 does: the answer is one JSON object."""
    server.reset({"transcripts": ["yes please"]})
    assert await stages.hear(SECOND, stream=True) == [Transcript(1, "yes please", final=True)]


async def test_segments_of_different_length_get_their_own_words(server: ProviderServer, stages: Any) -> None:
    """Several uploads are under way; each answer is for the sound that was sent."""
    lengths = [{"seconds": 1, "text": "one"}, {"seconds": 2, "text": "two"}, {"seconds": 3, "text": "three"}]
    server.reset({"lengths": lengths})
    server.misbehave(PATH, "slow", seconds=0.2)
    heard = await stages.hear(SECOND, SECOND * 2, SECOND * 3)
    assert {one.segment: one.text for one in heard} == {1: "one", 2: "two", 3: "three"}
    assert len(heard) == 3


async def test_what_is_too_short_for_words_is_not_sent(server: ProviderServer, stages: Any) -> None:
    assert await stages.hear(SECOND[: RATE // 10]) == [Transcript(1, "", final=True)]
    assert server.requests(PATH) == []


@pytest.mark.parametrize(
    ("model", "field", "sent"),
    [
        ("whisper-1", "prompt", "Pizzeria. a, large, small, pizza"),
        ("gpt-4o-transcribe", "prompt", "Pizzeria. a, large, small, pizza"),
        ("gpt-transcribe", "keywords", ["a", "large", "small", "pizza"]),
    ],
)
async def test_what_is_expected_is_a_hint(server: ProviderServer, stages: Any, model: str, field: str, sent: object) -> None:
    heard = await stages.hear(
        SECOND, phrases=["[a] (large | small) pizza", "{name}"], model=model, prompt="Pizzeria.", language="en"
    )
    assert heard[-1].text == "hello"
    (asked,) = server.requests(PATH)
    assert (asked["body"][field], asked["body"]["language"]) == (sent, "en")


class Told:
    """Takes transcripts, and can be waited for."""

    def __init__(self) -> None:
        self.heard: list[Transcript] = []
        self._news = anyio.Event()

    def __call__(self, transcript: Transcript) -> None:
        self.heard.append(transcript)
        self._news.set()

    async def one_more(self) -> None:
        await self._news.wait()
        self._news = anyio.Event()


async def speak(stream: STTStream, told: Told, *sounds: bytes) -> None:
    """Each segment when the one before is settled."""
    for number, sound in enumerate(sounds, 1):
        stream.begin(number)
        stream.push(sound)
        stream.finish(number)
        await told.one_more()


async def test_the_words_of_a_failed_segment_are_lost_and_the_next_is_heard(
    server: ProviderServer, stages: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server.misbehave(PATH, "500")
    stt, told = OpenAISTT(**stages.options), Told()
    stream = stt.open(told)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stream.run)
        await speak(stream, told, SECOND, SECOND)
        tasks.cancel_scope.cancel()
    await stt.aclose()
    assert told.heard == [Transcript(1, "", final=True, lost=True), Transcript(2, "hello", final=True)]
    assert [record.levelname for record in caplog.records if "the words of segment 1 are lost" in record.getMessage()] == [
        "ERROR"
    ]


async def test_three_failures_in_a_row_end_it(server: ProviderServer, stages: Any) -> None:
    """Not three in all: the one that succeeds between them counts. And no other stream can be opened after that."""
    for nth in (1, 2, 4, 5, 6):
        server.misbehave(PATH, "500", nth=nth)
    stt, told = OpenAISTT(**stages.options), Told()
    stream = stt.open(told)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(speak, stream, told, *[SECOND] * 6)
        with pytest.raises(OpenAIProviderError, match=r"failed \(500\)"):
            await stream.run()
    with pytest.raises(OpenAIProviderError, match="500"):
        stt.open(told)
    await stt.aclose()
    stt.open(told)
    assert [one.text for one in told.heard] == ["", "", "hello", "", "", ""]


async def test_a_key_that_is_refused_ends_it_at_once(server: ProviderServer, stages: Any) -> None:
    server.misbehave(PATH, "401")
    with pytest.raises(OpenAIProviderError) as raised:
        await stages.hear(SECOND, SECOND)
    assert raised.value.kind == "key"


async def test_an_upload_that_passes_the_second_time(server: ProviderServer, stages: Any) -> None:
    server.misbehave(PATH, "429", retry_after=0.01)
    assert [one.text for one in await stages.hear(SECOND, max_retries=1)] == ["hello"]
    assert [asked["status"] for asked in server.requests(PATH)] == [429, 200]


async def test_a_broken_stream_is_begun_again(server: ProviderServer, stages: Any) -> None:
    """Interim words are only interim: unlike a reply, hearing may begin again."""
    server.reset({"lengths": [{"seconds": 1, "text": "a large pizza"}]})
    server.misbehave(PATH, "half", after=2)
    heard = await stages.hear(SECOND, model="gpt-4o-transcribe", max_retries=1)
    assert [one.text for one in heard] == ["a", "a large", "a", "a large", "a large pizza", "a large pizza"]


async def test_sound_without_a_segment_is_nobodys(server: ProviderServer, stages: Any) -> None:
    heard: list[Transcript] = []
    stream = OpenAISTT(**stages.options).open(heard.append)
    stream.push(SECOND)
    stream.finish(1)
    stream.begin(2)
    stream.finish(1)
    assert heard == []


def test_a_segment_without_end_is_kept_for_ten_minutes_only(server: ProviderServer, stages: Any) -> None:
    stream: Any = OpenAISTT(**stages.options).open(lambda _transcript: None)
    stream.begin(1)
    for _ in range(int(LONGEST) + 60):
        stream.push(SECOND)
    assert len(stream._open.sound) == LONGEST * RATE * 2


def test_it_is_speech_to_text_at_16_khz() -> None:
    assert isinstance(OpenAISTT(), STT)
    assert OpenAISTT().rate == 16000


@pytest.mark.parametrize(
    "wrong", [{"temperature": 2}, {"model": "gpt-4o-transcribe-diarize", "prompt": "x"}, {"lang": "en"}], ids=str
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MisuseError, match="OpenAISTT"):
        OpenAISTT(**wrong)


def test_hints_are_plain_words_once_and_not_too_many() -> None:
    assert as_keywords(["[a] large pizza [please]", "no", "a"]) == ["a", "large pizza", "please", "no"]
    assert as_keywords(["{count} (pizza | pizzas) for {name}"]) == ["pizza", "pizzas", "for"]
    assert as_prompt(None, []) == ""
    assert len(as_prompt(None, [f"word{number}" for number in range(1000)])) <= MOST_CHARACTERS
