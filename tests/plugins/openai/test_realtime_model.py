"""OpenAIRealtime and its WebSocket layer against the loopback provider: one connection at a time, without a session."""

from __future__ import annotations

import logging
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from fsm_agents import function_tool
from fsm_agents.chat.message import ChatMessage, ToolResult
from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.plugins.openai.failures import OpenAIProviderError
from fsm_agents.plugins.openai.realtime import OpenAIRealtime
from fsm_agents.plugins.openai.realtime_session import OpenAIRealtimeSession
from fsm_agents.stages.realtime import (
    InputCommitted,
    InputStarted,
    InputStopped,
    InputWords,
    RealtimeModel,
    RealtimeRefused,
    RealtimeRequest,
    RealtimeSettings,
    ResponseAudio,
    ResponseCalled,
    ResponseCreated,
    ResponseEnded,
    ResponseText,
)  # fmt: skip
from fsm_agents.testing.provider import ProviderServer
from fsm_agents.testing.provider.tone import tone

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]

PATH = "/v1/realtime"
RESPONSE = f"{PATH}#response"
LOUD = struct.pack("<h", 8000) * 480
QUIET = bytes(960)
ANSWER = RealtimeRequest("r1")


class Talk:
    """One connection and what it said."""

    def __init__(self, session: OpenAIRealtimeSession) -> None:
        self.session = session
        self.events: list[Any] = []
        self.broken: Exception | None = None
        self._news = anyio.Event()

    async def listen(self) -> None:
        """Collect what the server says."""
        try:
            async for event in self.session.events():
                self.events.append(event)
                self._news.set()
        except ProviderError as broken:
            self.broken = broken
            self._news.set()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for something; asked again after each event."""
        while not holds():
            self._news = anyio.Event()
            await self._news.wait()

    def got(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def taken(self) -> None:
        """Wait until the server has taken all it was told: it answers in order, and refuses what is not there."""
        self.session.delete_item("no_such_item")
        await self.until(lambda: any("no_such_item" in refused.reason for refused in self.got(RealtimeRefused)))

    async def answered(self) -> None:
        """Wait for the end of a response."""
        await self.until(lambda: self.got(ResponseEnded))


def model(server: ProviderServer, **options: Any) -> OpenAIRealtime:
    """A model at the loopback provider."""
    return OpenAIRealtime(**{"base_url": server.base_url, "api_key": server.key, **options})


@asynccontextmanager
async def talk(server: ProviderServer, settings: RealtimeSettings | None = None, **options: Any) -> AsyncIterator[Talk]:
    """A connection that is listened to and pumped."""
    session = await model(server, **options).connect(settings or RealtimeSettings("Be brief."))
    made = Talk(session)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(made.listen)
            tasks.start_soon(session.pump)
            yield made
            tasks.cancel_scope.cancel()
    finally:
        await session.aclose()


def said(server: ProviderServer, kind: str) -> list[dict[str, Any]]:
    """The client events of one type that the server got."""
    return [asked["body"] for asked in server.requests(PATH) if asked["method"] == "WS" and asked["body"]["type"] == kind]


def speak(talk: Talk, seconds: float = 0.6) -> None:
    """Send speech, and enough silence to end it."""
    for _ in range(round(seconds * 50)):
        talk.session.send_audio(LOUD)
    for _ in range(30):
        talk.session.send_audio(QUIET)


async def test_it_is_a_realtime_model(server: ProviderServer) -> None:
    """By the protocol; and the settings that the tables ask for are told."""
    assert isinstance(model(server), RealtimeModel)
    async with talk(server, turn_detection="server_vad", silence=0.4):
        pass
    session = said(server, "session.update")[0]["session"]
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "server_vad", "silence_duration_ms": 400, "create_response": False, "interrupt_response": False,
    }  # fmt: skip
    assert session["instructions"] == "Be brief."
    assert session["audio"]["output"]["voice"] == "alloy"


async def test_a_turn(server: ProviderServer) -> None:
    """Speech in: edges, the commit, the words; then an answer with its sound and its words, whole."""
    server.reset({"transcripts": ["what time is it"], "answers": ["It is ten."]})
    async with talk(server) as t:
        speak(t)
        await t.until(lambda: any(words.final for words in t.got(InputWords)))
        item = t.got(InputStarted)[0].item
        assert [type(event) for event in t.events[:3]] == [InputStarted, InputStopped, InputCommitted]
        assert t.got(InputCommitted) == [InputCommitted(item)]
        assert t.got(InputWords)[-1] == InputWords(item, "what time is it", final=True)
        t.session.create_response(ANSWER)
        await t.answered()
        response = t.got(ResponseCreated)[0]
        assert response.tag == "r1"
        assert b"".join(event.pcm for event in t.got(ResponseAudio)) == tone("It is ten.")
        assert "".join(event.text for event in t.got(ResponseText)) == "It is ten."
        assert t.got(ResponseEnded)[0].status == "completed"
        assert t.got(ResponseEnded)[0].usage.output_tokens == 3


async def test_exact_words_are_said_outside_of_the_conversation(server: ProviderServer) -> None:
    """The model's answer to the next turn does not know them unless it is told."""
    async with talk(server) as t:
        t.session.create_response(RealtimeRequest("r1", exactly="Good morning.", tools=False))
        await t.answered()
        assert b"".join(event.pcm for event in t.got(ResponseAudio)) == tone("Good morning.")
    asked = said(server, "response.create")[0]["response"]
    assert (asked["conversation"], asked["input"]) == ("none", [])


async def test_where_nobody_listens_no_sound_is_made(server: ProviderServer) -> None:
    async with talk(server) as t:
        t.session.create_response(RealtimeRequest("r1", silent=True))
        await t.answered()
        words = [event for event in t.got(ResponseText) if event.text]
        assert (t.got(ResponseAudio), {event.spoken for event in words}) == ([], {False})
    assert said(server, "response.create")[0]["response"]["output_modalities"] == ["text"]


async def test_a_tool_call_and_its_result(server: ProviderServer) -> None:
    """The call comes once, whole; the result is taken, and answered."""

    def order(size: str) -> str:
        """Order a pizza."""
        return size

    server.reset({"answers": [{"calls": [{"name": "order", "arguments": {"size": "large"}}]}]})
    async with talk(server, RealtimeSettings("x", (function_tool(order),))) as t:
        t.session.create_response(ANSWER)
        await t.answered()
        (called,) = t.got(ResponseCalled)
        assert (called.call.name, called.call.arguments) == ("order", '{"size": "large"}')
        t.session.add_item(ToolResult(called.call.id, "order", "it is on its way"))
        t.session.create_response(RealtimeRequest("r2"))
        await t.until(lambda: len(t.got(ResponseEnded)) == 2)
        assert "".join(event.text for event in t.got(ResponseText)) == "It returned: it is on its way"
    assert said(server, "session.update")[0]["session"]["tools"][0]["name"] == "order"


async def test_text_answers(server: ProviderServer) -> None:
    """For a voice of one's own: no sound is asked for, and none comes."""
    server.reset({"answers": ["It is ten."]})
    async with talk(server, RealtimeSettings("x", speaks=False)) as t:
        t.session.add_item(ChatMessage("user", "what time is it"))
        t.session.create_response(ANSWER)
        await t.answered()
        assert t.got(ResponseAudio) == []
        assert [event.spoken for event in t.got(ResponseText) if event.text] == [False] * 3


async def test_cancel_and_truncate(server: ProviderServer) -> None:
    """A response in the middle of its sound ends as cancelled; its item can be cut, but not beyond its end."""
    server.reset({"answers": ["A rather long answer that goes on and on."], "pause": 0.02})
    async with talk(server) as t:
        t.session.create_response(ANSWER)
        await t.until(lambda: len(t.got(ResponseAudio)) >= 3)
        t.session.cancel(t.got(ResponseCreated)[0].response)
        await t.answered()
        assert t.got(ResponseEnded)[0].status == "cancelled"
        item = t.got(ResponseAudio)[0].item
        t.session.truncate(item, 150)
        t.session.truncate(item, 99_000)
        await t.taken()
        assert len(t.got(RealtimeRefused)) == 2
    assert [event["audio_end_ms"] for event in said(server, "conversation.item.truncate")] == [150, 99_000]


async def test_what_the_server_refuses_is_told_with_its_request(server: ProviderServer) -> None:
    """A second response at once is refused as busy, and the first goes on."""
    server.reset({"answers": ["A rather long answer."], "pause": 0.01})
    async with talk(server) as t:
        t.session.create_response(ANSWER)
        t.session.create_response(RealtimeRequest("r2"))
        await t.answered()
        assert t.got(RealtimeRefused) == [RealtimeRefused("r2", "Conversation already has an active response", busy=True)]


async def test_sound_that_is_told_again_is_no_turn(server: ProviderServer) -> None:
    """After a broken connection: an item with words, under our name, and no edges."""
    server.reset({"transcripts": ["a long story"]})
    async with talk(server) as t:
        name = t.session.add_item(ChatMessage("user", "(speech)"), LOUD * 40)
        await t.until(lambda: t.got(InputWords) and t.got(InputWords)[-1].final)
        assert t.got(InputWords)[-1] == InputWords(name, "a long story", final=True)
        assert t.got(InputStarted) + t.got(InputCommitted) == []
        speak(t)
        await t.until(lambda: t.got(InputCommitted))
        assert t.got(InputCommitted)[0].item != name
        t.session.delete_item(name)
        await t.taken()
    assert said(server, "conversation.item.delete")[0]["item_id"] != name


async def test_own_turns(server: ProviderServer) -> None:
    """Without detection nothing is committed until we say so."""
    async with talk(server, turn_detection=None) as t:
        assert model(server, turn_detection=None).tail is None
        speak(t)
        t.session.commit()
        await t.until(lambda: t.got(InputCommitted))
        assert t.got(InputStarted) == []


async def test_settings_that_change_are_told_once(server: ProviderServer) -> None:
    """And what is expected is a hint for the words."""
    settings = RealtimeSettings("Be brief.")
    async with talk(server) as t:
        t.session.update(settings)
        t.session.update(RealtimeSettings("Be brief.", expected=("a (large | small) pizza",)))
        await t.taken()
    hints = [event["session"]["audio"]["input"]["transcription"].get("keywords") for event in said(server, "session.update")]
    assert hints == [None, ["a", "large", "small", "pizza"]]


@pytest.mark.parametrize(
    ("fault", "how", "kind", "retryable"),
    [
        ("401", {}, "key", False), ("403", {}, "denied", False), ("404", {}, "model", False), ("429", {}, "rate", True),
        ("500", {}, "server", True), ("503", {}, "server", True), ("slow", {"seconds": 20}, "timeout", True), ("drop", {}, "broken", True),
        ("wrong_type", {}, "refused", False),
    ],
)  # fmt: skip
async def test_a_handshake_that_fails(
    server: ProviderServer, caplog: pytest.LogCaptureFixture, fault: str, how: dict[str, Any], kind: str, retryable: bool
) -> None:
    """Each failure is one line, says whether trying again may help, and never has the key in it."""
    caplog.set_level(logging.DEBUG)
    server.misbehave(PATH, fault, **how)
    key = "sk-canary-0123456789"
    with pytest.raises(OpenAIProviderError) as raised:
        await model(server, api_key=key, timeout=1).connect(RealtimeSettings())
    assert (raised.value.kind, raised.value.retryable) == (kind, retryable)
    assert "\n" not in str(raised.value)
    assert "OpenAIRealtime gpt-4o-realtime-preview" in str(raised.value)
    assert key not in f"{raised.value!r}{raised.value}{caplog.text}{raised.value.__cause__}"


async def test_settings_that_are_refused(server: ProviderServer) -> None:
    """It is known before the first word, and not tried again."""
    server.misbehave(f"{PATH}#update", "error_event")
    with pytest.raises(OpenAIProviderError, match="refused the settings: the script refuses these settings") as raised:
        await model(server).connect(RealtimeSettings())
    assert not raised.value.retryable


async def test_an_unknown_model(server: ProviderServer) -> None:
    """By name."""
    with pytest.raises(OpenAIProviderError, match="no such model") as raised:
        await model(server, model="gpt-unreal").connect(RealtimeSettings())
    assert raised.value.kind == "model"


async def test_a_server_that_is_not_there() -> None:
    """Nothing listens on that port."""
    with pytest.raises(OpenAIProviderError, match=r"127\.0\.0\.1:9/v1 cannot be reached") as raised:
        await OpenAIRealtime(base_url="http://127.0.0.1:9/v1", api_key="k").connect(RealtimeSettings())
    assert raised.value.retryable


async def test_a_missing_key() -> None:
    """Known without asking anybody."""
    with pytest.raises(MisuseError, match=r"has no API key: set OPENAI_API_KEY"):
        OpenAIRealtime().check()


def test_the_key_is_shown_to_nobody() -> None:
    """Not by the model, nor by what it holds."""
    made = OpenAIRealtime(api_key="sk-canary-0123456789")
    assert "canary" not in repr(made) + repr(vars(made)) + repr(vars(made._account))


@pytest.mark.parametrize("fault", ["half", "drop"])
async def test_a_connection_that_ends_in_the_middle(server: ProviderServer, fault: str) -> None:
    """It is a broken connection, whatever was on its way."""
    server.reset({"answers": ["A rather long answer."]})
    server.misbehave(RESPONSE, fault, after=8)
    async with talk(server) as t:
        t.session.create_response(ANSWER)
        await t.until(lambda: t.broken)
        assert isinstance(t.broken, OpenAIProviderError)
        assert t.broken.kind == "broken"
        assert t.got(ResponseEnded) == []


@pytest.mark.parametrize("fault", ["duplicated", "late", "reordered", "malformed"])
async def test_events_that_come_twice_late_or_broken(server: ProviderServer, fault: str) -> None:
    """Twice is once; what cannot be read is left out; the response ends all the same."""
    server.reset({"answers": ["A rather long answer."]})
    server.misbehave(RESPONSE, fault, after=5)
    async with talk(server) as t:
        t.session.create_response(ANSWER)
        await t.answered()
        sound = b"".join(event.pcm for event in t.got(ResponseAudio))
        if fault == "duplicated":
            assert sound == tone("A rather long answer.")
            assert "".join(event.text for event in t.got(ResponseText)) == "A rather long answer."
        assert len(sound) > len(tone("A rather long answer.")) * 0.8
        assert len(t.got(ResponseEnded)) == 1


async def test_an_error_in_the_middle_of_a_response(server: ProviderServer) -> None:
    """It is about no request of ours, and the connection stands."""
    server.misbehave(RESPONSE, "error_event", after=6)
    async with talk(server) as t:
        t.session.create_response(ANSWER)
        await t.until(lambda: t.got(RealtimeRefused))
        assert (t.got(RealtimeRefused)[0].tag, t.got(RealtimeRefused)[0].failed) == ("", True)
        assert t.broken is None


async def test_a_dead_connection_is_found_out(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket is open and nobody is behind it: a ping without an answer."""
    from fsm_agents.plugins.openai import realtime_session

    monkeypatch.setattr(realtime_session, "PING_EVERY", 0.05)
    monkeypatch.setattr(realtime_session, "PONG_WITHIN", 0.2)
    session = await model(server).connect(RealtimeSettings())
    try:
        with pytest.raises((OpenAIProviderError, ExceptionGroup)) as raised:
            await session.pump()  # nobody reads, so no answer is ever heard
        broken = raised.value.exceptions[0] if isinstance(raised.value, ExceptionGroup) else raised.value
        assert "not even an answer to a ping" in str(broken)
    finally:
        await session.aclose()


async def test_sound_that_cannot_be_sent_is_forgotten_oldest_first(server: ProviderServer) -> None:
    """Half a minute at most waits; nothing else is ever forgotten."""
    session = await model(server).connect(RealtimeSettings())
    session.commit()
    for _ in range(50 * 40):
        session.send_audio(QUIET)
    assert session.dropped == 10 * 48000
    assert session._out[0] == {"type": "input_audio_buffer.commit", "event_id": "fsm_2"}
    await session.aclose()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"turn_detection": "server"}, "did you mean 'server_vad'"), ({"eagerness": "hih"}, "did you mean 'high'"),
        ({"silence": -1}, "from 0 to 10"), ({"speed": 9}, "from 0.25 to 1.5"), ({"max_output_tokens": True}, "from 1 to 4096"),
        ({"voise": "alloy"}, "did you mean 'voice'"), ({"base_url": "ftp://x"}, "no address"), ({"model": ""}, "name of a model"),
    ],
)  # fmt: skip
def test_what_is_not_possible_is_refused(options: dict[str, Any], line: str) -> None:
    """When it is made, with what is possible."""
    with pytest.raises(MisuseError, match=line):
        OpenAIRealtime(**options)
