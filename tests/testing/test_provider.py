"""The loopback provider, asked by the unmodified ``openai`` client, which is told to believe nothing that its types do not allow."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import wave
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.testing.provider import FAULTS, Fault, ProviderServer, Script, provider_process, read_script
from fsm_agents.testing.provider import process as process_module
from fsm_agents.testing.provider.answer import Answer
from fsm_agents.testing.provider.faults import Faults, spoil
from fsm_agents.testing.provider.tone import RATE, tone

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.real_clock,
    # the client's own stream class leaves generators open, and trio says so
    pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning"),
]

TOOL: Any = {"type": "function", "function": {"name": "order", "description": "Order.", "parameters": {"type": "object"}}}
HELLO: Any = [{"role": "user", "content": "hello there"}]


@pytest.fixture(scope="module")
def _running() -> Iterator[ProviderServer]:
    with provider_process() as server:
        yield server


@pytest.fixture
def server(_running: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> ProviderServer:
    """A provider that has heard nothing yet and behaves."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    _running.reset({})
    return _running


@asynccontextmanager
async def client_of(server: ProviderServer, **options: Any) -> AsyncGenerator[openai.AsyncOpenAI]:
    given: dict[str, Any] = {"api_key": server.key, "max_retries": 0, **options}
    made = openai.AsyncOpenAI(base_url=server.base_url, _strict_response_validation=True, **given)
    async with made:
        yield made


def recording(seconds: float = 1.0, rate: int = 16000) -> tuple[str, bytes]:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(bytes(2 * round(rate * seconds)))
    return "said.wav", file.getvalue()


async def test_a_transcription(server: ProviderServer) -> None:
    server.reset({"transcripts": ["one", "two"], "lengths": [{"seconds": 2, "text": "a long one"}]})
    async with client_of(server) as client:
        said = [
            (await client.audio.transcriptions.create(file=recording(seconds), model="whisper-1")).text
            for seconds in (1, 2, 1.1, 1)
        ]
    assert said == ["one", "a long one", "two", "hello"]


async def test_a_streamed_transcription(server: ProviderServer) -> None:
    server.reset({"transcripts": ["one two"]})
    async with client_of(server) as client:
        stream = await client.audio.transcriptions.create(
            file=recording(), model="gpt-transcribe", stream=True, keywords=["one", "two"], prompt="x", languages=["en"]
        )
        events = [event async for event in stream]
    assert [event.type for event in events] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
    asked = server.requests()[0]["body"]
    assert asked["keywords"] == ["one", "two"]
    assert asked["file"] == {"name": "said.wav", "content_type": "audio/x-wav", "bytes": 32044, "rate": 16000, "seconds": 1.0}


@pytest.mark.parametrize("form", ["pcm", "wav"])
async def test_speech_in_chunks(server: ProviderServer, form: Any) -> None:
    async with (
        client_of(server) as client,
        client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input="hello", response_format=form, speed=0.5
        ) as answer,
    ):
        chunks = [chunk async for chunk in answer.iter_bytes()]
    sound = b"".join(chunks)
    assert len(chunks) > 3
    assert any(len(chunk) % 2 for chunk in chunks)
    if form == "wav":
        with wave.open(io.BytesIO(sound)) as file:
            assert file.getframerate() == RATE
            sound = file.readframes(file.getnframes())
    assert sound == tone("hello", 0.5)
    assert len(tone("hello")) == round(0.3 * RATE) * 2


async def test_a_chat_completion_with_tools(server: ProviderServer) -> None:
    calls = [{"name": "order", "arguments": {"size": "large"}}, {"name": "order"}]
    server.reset({"answers": [{"text": "At once.", "calls": calls}] * 2})
    async with client_of(server) as client:
        whole = await client.chat.completions.create(model="gpt-4", messages=HELLO, tools=[TOOL])
        stream = await client.chat.completions.create(
            model="gpt-4", messages=HELLO, tools=[TOOL], stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    message = whole.choices[0].message
    made: Any = message.tool_calls
    assert (message.content, [call.function.arguments for call in made]) == ("At once.", ['{"size": "large"}', "{}"])
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "At once."
    arguments = {0: "", 1: ""}
    for chunk in chunks:
        for part in (chunk.choices[0].delta.tool_calls or ()) if chunk.choices else ():
            arguments[part.index] += (part.function and part.function.arguments) or ""
    assert arguments == {0: '{"size": "large"}', 1: "{}"}
    assert chunks[-2].choices[0].finish_reason == "tool_calls"
    assert (chunks[-1].choices, chunks[-1].usage is not None) == ([], True)


async def test_the_default_answer_tells_what_was_asked(server: ProviderServer) -> None:
    call: Any = {"id": "a", "type": "function", "function": {"name": "order", "arguments": "{}"}}
    history: Any = [*HELLO, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "a", "content": "done"}]
    async with client_of(server) as client:
        said = [
            (await client.chat.completions.create(model="gpt-4", messages=it)).choices[0].message.content
            for it in (HELLO, history)
        ]
    assert said == ["You said: hello there", "It returned: done"]


async def test_an_answer_for_certain_words(server: ProviderServer) -> None:
    server.reset({"answers": ["once", {"when": "there", "text": "always"}]})
    async with client_of(server) as client:
        said = [
            (await client.responses.create(model="gpt-4", input=text)).output_text
            for text in ("x", "who is there?", "there", "x")
        ]
    assert said == ["once", "always", "always", "You said: x"]


async def test_a_response_as_numbered_events(server: ProviderServer) -> None:
    server.reset({"answers": [{"text": "At once.", "calls": [{"name": "order", "arguments": {"size": "large"}}]}]})
    tool: Any = {"type": "function", "strict": False, **TOOL["function"]}
    async with client_of(server) as client:
        stream = await client.responses.create(model="gpt-4", input="hello", tools=[tool], stream=True)
        events = [event async for event in stream]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert (kinds.count("response.output_text.delta"), kinds[-1]) == (2, "response.completed")
    end: Any = events[-1]
    assert (end.response.output_text, end.response.output[1].arguments) == ("At once.", '{"size": "large"}')


async def test_models(server: ProviderServer) -> None:
    server.reset({"models": ["mine"]})
    async with client_of(server) as client:
        names = {model.id async for model in client.models.list()}
        assert (await client.models.retrieve("mine")).id == "mine"
    assert {"mine", "gpt-4", "whisper-1", "tts-1"} <= names


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/chat/completions", {"messages": HELLO}, "model"),
        ("/chat/completions", {"model": "gpt-4", "messages": HELLO, "temprature": 1}, "did you mean 'temperature'"),
        ("/chat/completions", {"model": "gpt-4", "messages": [{"role": "user"}]}, "content"),
        ("/chat/completions", {"model": "gpt-4", "messages": [{"role": "tool", "tool_call_id": "a", "content": ""}]}, "preceding"),
        (
            "/chat/completions",
            {
                "model": "gpt-4",
                "messages": [
                    {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]},
                    *HELLO,
                ],
            },
            "a did not have one",
        ),
        ("/responses", {"model": "gpt-4", "input": [{"type": "function_call_output", "call_id": "a", "output": ""}]}, "No tool call"),
        (
            "/responses",
            {"model": "gpt-4", "input": [{"type": "function_call", "call_id": "a", "name": "f", "arguments": ""}]},
            "No tool output",
        ),
        ("/audio/speech", {"model": "tts-1", "voice": "alloy", "input": "x", "speed": 9}, "speed"),
        ("/audio/speech", {"model": "tts-1", "voice": "alloy", "input": "x" * 5000}, "4096"),
        ("/audio/speech", {"model": "tts-1", "voice": "alloy", "input": "x", "response_format": "opus"}, "pcm and wav"),
    ],
)  # fmt: skip
async def test_what_the_types_do_not_allow_is_refused(server: ProviderServer, path: str, body: Any, reason: str) -> None:
    async with client_of(server) as client:
        with pytest.raises(openai.BadRequestError, match=reason):
            await client.post(path, body=body, cast_to=object)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"model": "whisper-1", "keywords": ["x"]}, "keywords is not supported"),
        ({"model": "gpt-4o-transcribe", "response_format": "verbose_json"}, "must be json"),
        ({"model": "gpt-4o-transcribe-diarize", "prompt": "x"}, "prompt is not supported"),
        ({"model": "whisper-1", "seconds": 0.05}, "too short"),
        ({"model": "whisper-1", "file": ("x.mp3", b"ID3")}, "no WAV"),
    ],
    ids=str,
)
async def test_what_a_transcribing_model_does_not_take(server: ProviderServer, fields: dict[str, Any], reason: str) -> None:
    fields = {"file": recording(fields.get("seconds", 1.0)), **{k: v for k, v in fields.items() if k != "seconds"}}
    async with client_of(server) as client:
        with pytest.raises(openai.BadRequestError, match=reason):
            await client.audio.transcriptions.create(**fields)


async def test_models_and_keys_that_do_not_exist(server: ProviderServer) -> None:
    server.reset({"key": "right"})
    async with client_of(server, api_key="right") as client:
        with pytest.raises(openai.NotFoundError, match="gpt-9000"):
            await client.chat.completions.create(model="gpt-9000", messages=HELLO)
    async with client_of(server, api_key="wrong") as client:
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(model="gpt-4", messages=HELLO)


async def test_the_clients_own_retries_see_the_fault_pass(server: ProviderServer) -> None:
    server.misbehave("/v1/chat/completions", "429", retry_after=0.01, times=2)
    async with client_of(server, max_retries=2) as client:
        await client.chat.completions.create(model="gpt-4", messages=HELLO)
    assert [(asked["status"], asked["fault"]) for asked in server.requests()] == [(429, "429"), (429, "429"), (200, "")]


async def test_a_fault_falls_on_the_requests_it_is_meant_for(server: ProviderServer) -> None:
    server.misbehave("/v1/models", "500", nth=2, times=2)
    server.misbehave("/v1/chat/completions", "500")
    async with client_of(server) as client:
        for _ in range(4):
            try:
                await client.models.list()
            except openai.InternalServerError:
                continue
    assert [asked["status"] for asked in server.requests("/v1/models")] == [200, 500, 500, 200]


async def test_it_knows_how_each_request_ended(server: ProviderServer) -> None:
    server.misbehave("/v1/audio/speech", "half", nth=2)
    server.misbehave("/v1/audio/speech", "stall", nth=3)
    async with client_of(server) as client:
        for _ in range(3):
            speech = client.audio.speech.with_streaming_response
            async with speech.create(model="tts-1", voice="alloy", input="hello", response_format="pcm") as answer:
                try:
                    async for _chunk in answer.iter_bytes():
                        if server.requests()[-1]["fault"] == "stall":
                            break
                except Exception as broken:  # noqa: BLE001 - the client lets those of its HTTP library through
                    assert "closed connection" in str(broken)
    assert [asked["ended"] for asked in server.requests(idle=True)] == ["sent", "closed", "left"]


def test_reset_forgets(server: ProviderServer) -> None:
    server.misbehave("/v1/models", "500")
    server.reset()
    assert server.requests() == []


@pytest.mark.parametrize(
    "how", [{"kind": "stal"}, {"kind": "stall", "afterwards": 2}, {"kind": "stall", "nth": None, "path": None, "x": 1}]
)
def test_a_fault_that_cannot_be_is_refused(server: ProviderServer, how: dict[str, Any]) -> None:
    with pytest.raises(MisuseError, match="loopback provider"):
        server.misbehave(**{"path": "/v1/models", **how})


EVENTS = Answer(tuple(b"data: %d\n\n" % number for number in range(4)), content_type="text/event-stream")


def spoiled(kind: str, **how: Any) -> list[bytes]:
    return list(spoil(EVENTS, Fault("/", kind, **how), "key").pieces)


def test_faults_of_order() -> None:
    first, second, third, fourth = EVENTS.pieces
    assert spoiled("duplicated")[:3] == [first, first, second]
    assert spoiled("late") == [first, third, fourth, second]
    assert spoiled("reordered") == [first, third, second, fourth]
    assert spoiled("truncated", after=2) == [first, second]
    assert spoiled("reordered", after=3) == list(EVENTS.pieces)


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_can_happen_to_every_answer(kind: str) -> None:
    """Also where it means nothing."""
    sound = Answer((b"\x01\x00\x02", b"\x00" * 3), content_type="audio/pcm")
    whole = Answer((b'{"text": "hello"}',), length=17)
    for answer in (EVENTS, sound, whole):
        made = spoil(answer, Fault("/", kind, size=1), "key")
        assert made.length is None or made.ending != "whole" or made.length == sum(map(len, made.pieces))


def test_overlapping_faults_count_every_request() -> None:
    faults = Faults()
    faults.arm(Fault("/", "500", nth=2))
    faults.arm(Fault("/", "429", nth=1, times=None))
    got = [faults.take("/") for _ in range(3)]
    assert [fault.kind if fault else "" for fault in got] == ["429", "500", "429"]


def test_a_script_is_checked() -> None:
    with pytest.raises(MisuseError, match="did you mean 'transcripts'"):
        read_script({"transcript": []})
    with pytest.raises(MisuseError, match="ByLength lacks text"):
        read_script({"lengths": [{"seconds": 1}]})
    with pytest.raises(MisuseError, match="no ScriptedCall"):
        read_script({"answers": [{"calls": ["order"]}]})
    script = read_script({"answers": ["a", {"calls": [{"name": "f", "arguments": {"b": 1}}]}]})
    assert [(answer.text, [call.arguments for call in answer.calls]) for answer in script.answers] == [
        ("a", []),
        ("", ['{"b": 1}']),
    ]
    assert read_script({}) == Script()


def test_it_ends_with_its_block_and_with_its_parent() -> None:
    with provider_process({"key": "x"}) as server:
        asked: Any = server.requests()
    assert asked == []
    with pytest.raises(OSError, match="refused"):
        server.requests()
    command = [sys.executable, "-m", "fsm_agents.testing.provider", "--with-parent"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    assert json.loads(done.stdout)["base_url"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(("content", "reason"), [(None, "cannot be read"), ("{", "cannot be read"), ('{"x": 1}', "has no 'x'")])
def test_the_command_names_what_is_wrong_with_a_script(tmp_path: Path, content: str | None, reason: str) -> None:
    file = tmp_path / "script.json"
    if content is not None:
        file.write_text(content)
    command = [sys.executable, "-m", "fsm_agents.testing.provider", "--script", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert reason in done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'fsm_agents\[web\]'"), provider_process():
        pass
