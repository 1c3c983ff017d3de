"""OpenAITTS against the loopback provider, whose chunks end in the middle of samples."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.plugins.openai import OpenAIProviderError, OpenAITTS
from fsm_agents.plugins.openai.tts import LONGEST
from fsm_agents.stages.base import TTS, SpeechChunk
from fsm_agents.testing.provider import ProviderServer
from fsm_agents.testing.provider.tone import tone

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]

PATH = "/v1/audio/speech"
TEXT = "A large pizza, coming up."


async def test_the_sound_is_whole_and_unbroken(server: ProviderServer, stages: Any) -> None:
    """Byte for byte what the server made, in chunks of whole samples, none but the last under 20 ms."""
    server.reset({"pause": 0.002})
    tts = OpenAITTS(**stages.options)
    chunks = [chunk async for chunk in tts.synthesize(TEXT)]
    await tts.aclose()
    assert b"".join(chunk.pcm for chunk in chunks) == tone(TEXT)
    assert len(chunks) > 5
    assert [len(chunk.pcm) % 2 for chunk in chunks] == [0] * len(chunks)
    assert min(len(chunk.pcm) for chunk in chunks[:-1]) >= 960
    assert server.requests(PATH)[0]["body"] == {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "pcm"}


async def test_sound_comes_while_it_is_made(server: ProviderServer, stages: Any) -> None:
    """The first chunk is there although the server never ends."""
    server.misbehave(PATH, "stall", after=2)
    tts = OpenAITTS(**stages.options)
    chunks: Any = tts.synthesize(TEXT)
    assert isinstance(await anext(chunks), SpeechChunk)
    await chunks.aclose()
    await tts.aclose()
    assert [asked["ended"] for asked in server.requests(PATH, idle=True)] == ["left"]


async def test_settings_reach_the_server(server: ProviderServer, stages: Any) -> None:
    sound = await stages.speak(TEXT, model="gpt-4o-mini-tts", voice="marin", instructions="Cheerful.", speed=2.0)
    assert len(sound) == pytest.approx(len(tone(TEXT)) / 2, abs=4)
    sent = server.requests(PATH)[0]["body"]
    assert (sent["voice"], sent["instructions"], sent["speed"]) == ("marin", "Cheerful.", 2.0)


async def test_a_text_of_spaces_is_not_sent(server: ProviderServer, stages: Any) -> None:
    assert await stages.speak("  \n") == b""
    assert server.requests(PATH) == []


async def test_a_long_text_is_asked_for_in_parts(server: ProviderServer, stages: Any) -> None:
    text = "word " * 1000
    sound = await stages.speak(text, speed=4.0)
    parts = [asked["body"]["input"] for asked in server.requests(PATH)]
    assert [len(part) <= LONGEST for part in parts] == [True, True]
    assert " ".join(parts) == text.strip()
    assert sound == b"".join(tone(part, 4.0) for part in parts)


async def test_cancelling_stops_the_server_too(server: ProviderServer, stages: Any) -> None:
    """A reply that is cut must not be paid for; the next one speaks."""
    server.reset({"pause": 0.01})
    tts = OpenAITTS(**stages.options)
    with anyio.CancelScope() as scope:
        async for _chunk in tts.synthesize(TEXT * 10):
            scope.cancel()
    assert scope.cancelled_caught
    assert [asked["ended"] for asked in server.requests(PATH, idle=True)] == ["left"]
    assert b"".join([chunk.pcm async for chunk in tts.synthesize("Yes.")]) == tone("Yes.")
    await tts.aclose()


async def test_a_wav_file_is_not_played_as_noise(server: ProviderServer, stages: Any) -> None:
    """Some servers send what they like, whatever was asked for."""
    server.misbehave(PATH, "malformed")
    with pytest.raises(OpenAIProviderError, match="a WAV file where plain PCM was asked for") as raised:
        await stages.speak(TEXT)
    assert raised.value.kind == "wrong_type"


async def test_a_server_with_another_rate(server: ProviderServer, stages: Any) -> None:
    tts = OpenAITTS(rate=16000, **stages.options)
    assert tts.rate == 16000
    assert min([len(chunk.pcm) async for chunk in tts.synthesize(TEXT)][:-1]) >= 640
    await tts.aclose()


def test_it_is_text_to_speech_at_24_khz() -> None:
    assert isinstance(OpenAITTS(), TTS)
    assert OpenAITTS().rate == 24000


@pytest.mark.parametrize("wrong", [{"speed": 5}, {"voice": ""}, {"rate": 4000}, {"instructions": "softly"}, {"sped": 1}], ids=str)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MisuseError):
        OpenAITTS(**wrong)
