"""Bad input: refused at the door, with what was wrong, where, and what would do; never later, and never with a stray exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fsm_agents import (
    Agent,
    AgentSession,
    AudioFrame,
    CascadingPipeline,
    ConversationFlow,
    JobContext,
    MemoryRoom,
    MisuseError,
    RoomOptions,
    TurnOptions,
    WorkerJob,
)  # fmt: skip
from fsm_agents.testing.fakes import SPEECH, FakeLLM, FakeSTT, FakeTTS, FakeVAD
from tests.session.scene import GUARD, scene

pytestmark = pytest.mark.anyio

Make = Callable[..., object]


async def entrypoint(ctx: JobContext) -> None:
    """Does nothing."""


def pipeline(**more: Any) -> CascadingPipeline:
    """A pipeline of scripted stages."""
    return CascadingPipeline(**{"stt": FakeSTT(), "llm": FakeLLM(), "tts": FakeTTS(), "vad": FakeVAD(), **more})


def session(**more: Any) -> AgentSession:
    """A session that could start."""
    return AgentSession(**{"agent": Agent(), "pipeline": pipeline(), **more})


@pytest.mark.parametrize(
    ("make", "typo", "meant"),
    [
        (session, "wakeup", "wake_up"),
        (session, "conversation_flows", "conversation_flow"),
        (Agent, "instruction", "instructions"),
        (Agent, "mcp_server", "mcp_servers"),
        (JobContext, "room_option", "room_options"),
        (RoomOptions, "roomid", "room_id"),
        (RoomOptions, "authtoken", "auth_token"),
        (lambda **more: WorkerJob(entrypoint, **more), "job_ctx", "jobctx"),
        (pipeline, "turn_detectors", "turn_detector"),
        (pipeline, "apologies", "apology"),
        (TurnOptions, "end_point", "endpoint"),
        (TurnOptions, "bargein", "barge_in"),
    ],
)
async def test_an_unknown_keyword_is_refused_with_the_nearest_name(make: Make, typo: str, meant: str) -> None:
    """A misspelt option that is ignored costs an hour."""
    with pytest.raises(MisuseError, match=f"{typo!r}; did you mean {meant!r}"):
        make(**{typo: None})


async def test_start_takes_no_options() -> None:
    """There they were accepted and ignored."""
    with pytest.raises(MisuseError, match="'greeting'"):
        await session().start(greeting="hello")


@pytest.mark.parametrize("seconds", [0, -1, True, "0.3", None, float("nan"), float("inf"), 3600])
@pytest.mark.parametrize(
    "name", ["complete", "hangover", "endpoint", "transcript", "turn_limit", "barge_in", "dead_air", "tool_limit"]
)
def test_delays_are_seconds_above_zero(name: str, seconds: Any) -> None:
    """The message names the option and the value."""
    with pytest.raises(MisuseError, match=rf"TurnOptions\({name}="):
        TurnOptions(**{name: seconds})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"agent": "Bob"}, "agent=str"),
        ({"agent": None}, "agent=NoneType"),
        ({"pipeline": FakeSTT()}, "pipeline=FakeSTT"),
        ({"conversation_flow": "flow"}, "conversation_flow=str"),
        ({"conversation_flow": ConversationFlow}, "conversation_flow=type"),
        ({"pipeline": pipeline(llm=None)}, "nothing that answers"),
    ],
)
async def test_what_a_session_is_made_of_is_checked(given: dict[str, Any], said: str) -> None:
    """And what would do is named."""
    with pytest.raises(MisuseError, match=said):
        session(**given)


async def test_an_agent_that_forgets_super_is_told_so() -> None:
    """The commonest slip of a subclass."""

    class Forgetful(Agent):
        def __init__(self) -> None:
            pass

    with pytest.raises(MisuseError, match=r"Forgetful.__init__ does not call super\(\)"):
        session(agent=Forgetful())


async def test_an_agent_serves_one_session() -> None:
    """History and ``self.session`` are of one conversation."""
    agent = Agent()
    session(agent=agent)
    with pytest.raises(MisuseError, match="in another session"):
        session(agent=agent)


async def test_a_refused_session_does_not_keep_its_agent() -> None:
    """Put right, the same agent can be used."""
    agent = Agent()
    with pytest.raises(MisuseError):
        session(agent=agent, wake_up=-1)
    assert session(agent=agent).agent is agent


async def test_an_agent_and_a_flow_without_a_session_say_so() -> None:
    """Not an AttributeError of None."""
    with pytest.raises(MisuseError, match="in no session yet"):
        Agent().session  # noqa: B018 - to be asked is the point
    with pytest.raises(MisuseError, match="in no session yet"):
        ConversationFlow().session  # noqa: B018 - as above


async def test_start_without_an_owner_says_how_to_get_one() -> None:
    """No session starts a task of its own accord."""
    with pytest.raises(MisuseError, match="nobody owns this session's tasks"):
        await session().start()


@pytest.mark.parametrize("message", ["", "  \n", None, 5, b"hello"])
async def test_say_wants_words(message: Any) -> None:
    """Also before the start, where nothing is spoken."""
    with pytest.raises(MisuseError, match="give the words to say"):
        session().say(message)


async def test_a_wrong_rate_or_half_a_sample_is_no_frame() -> None:
    """Nothing behind the door asks again."""
    with pytest.raises(MisuseError, match="half a sample"):
        AudioFrame(b"\x00" * 641, 16000)
    for rate in (0, -16000, 7999, 48001, True, "16000", 16000.0):
        with pytest.raises(MisuseError, match="sample rate"):
            AudioFrame(b"", rate)  # type: ignore[arg-type]
        with pytest.raises(MisuseError, match="sample rate"):
            MemoryRoom(rate)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [None, "sound", 640, [0, 1], bytearray(640), memoryview(bytes(640)), object()])
async def test_what_is_no_bytes_is_no_frame(data: Any) -> None:
    """An array has another length than its bytes; a buffer changes after it was handed over."""
    with pytest.raises(MisuseError, match=f"a frame of {type(data).__name__}: give bytes"):
        AudioFrame(data, 16000)


@pytest.mark.parametrize("frame", [bytes(640), None, "sound", (bytes(640), 16000)])
async def test_what_is_no_frame_cannot_be_pushed(frame: Any) -> None:
    """It is refused to whoever pushed it; the session goes on."""
    async with scene() as s:
        with pytest.raises(MisuseError, match=r"give an AudioFrame\(pcm, rate\)"):
            s.room.push(frame)
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("listening")
    assert s.said("user") == ["words 1"]


async def test_frames_without_sound_and_frames_of_many_seconds_are_heard() -> None:
    """An empty frame is nothing, and three seconds at once are a turn like any other: nothing is lost, nothing is kept."""
    async with scene() as s:
        await s.caller.wait(GUARD)
        for _ in range(1000):
            s.room.push(AudioFrame(b"", 8000))
        assert s.session.label == "listening"
        s.room.push(AudioFrame(SPEECH.data * 150, 16000))
        assert s.session.label == "hearing"
        s.room.push(AudioFrame(bytes(640 * 50), 16000))
        await s.label("speaking")
        await s.label("listening")
    assert s.said("user") == ["words 1"]


async def test_frames_of_any_rate_and_length_are_heard() -> None:
    """The ear resamples and cuts: 441 samples at 44.1 kHz are 10 ms, and the rate may change in the middle."""
    async with scene() as s:
        for rate, samples in ((44100, 441), (8000, 173), (48000, 960)):
            for _ in range(40):
                s.room.push(AudioFrame(b"\x00\x01" * samples, rate))
        for _ in range(25):
            s.room.push(SPEECH)
        assert s.session.label == "hearing"
        await s.caller.wait(1)
        await s.label("listening")
    assert s.said("user") == ["words 1"]


async def test_a_room_whose_rate_cannot_be_played_is_refused_at_the_start() -> None:
    """Before any task, and with the rate."""
    room = MemoryRoom()
    room.rate = 100
    with pytest.raises(MisuseError, match="sample rate 100"):
        async with session(room=room):
            pass


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stt": None}, "needs stt="),
        ({"tts": None}, "needs tts="),
        ({"stt": FakeTTS()}, r"stt=FakeTTS\): that is no STT; it lacks open"),
        ({"tts": "voice"}, r"tts=str\): that is no TTS; it lacks rate, synthesize"),
        ({"llm": FakeTTS()}, r"llm=FakeTTS\): that is no LLM; it lacks chat"),
        ({"vad": FakeLLM()}, "that is no VAD"),
        ({"turn_detector": FakeVAD()}, "no TurnDetector; it lacks is_complete"),
        ({"turn": {"endpoint": 1}}, "give TurnOptions"),
        ({"apology": ""}, "apology="),
        ({"tts": FakeTTS(rate=96000)}, r"tts=FakeTTS\): the sample rate 96000"),
    ],
)
def test_what_a_pipeline_is_made_of_is_checked(given: dict[str, Any], said: str) -> None:
    """The message names the stage and what it lacks."""
    with pytest.raises(MisuseError, match=said):
        pipeline(**given)


@pytest.mark.parametrize("frame_ms", [0, -20, 15, "20"])
def test_a_detector_has_frames_of_a_usual_length(frame_ms: Any) -> None:
    """A frame of no length would never be filled."""
    vad = FakeVAD()
    vad.frame_ms = frame_ms
    with pytest.raises(MisuseError, match="frames of"):
        pipeline(vad=vad)


async def test_sound_pushed_where_nobody_listens_is_refused() -> None:
    """A room in memory says what is missing."""
    async with scene() as s:
        await s.caller.wait(GUARD)
    with pytest.raises(MisuseError, match="start a session in it first"):
        s.room.push(SPEECH)


@pytest.mark.parametrize("callback", [None, "later", 5])
async def test_a_shutdown_callback_is_a_function(callback: Any) -> None:
    """Not what a function returned."""
    with pytest.raises(MisuseError, match="give a function"):
        JobContext().add_shutdown_callback(callback)


@pytest.mark.parametrize("given", [RoomOptions(), "context", 5])
def test_a_job_wants_a_context(given: Any) -> None:
    """Or a function that makes one."""
    with pytest.raises(MisuseError, match="JobContext"):
        WorkerJob(entrypoint, given)
    with pytest.raises(MisuseError, match="room_options="):
        JobContext("room-1")  # type: ignore[arg-type]


def test_an_entrypoint_is_an_async_function() -> None:
    """A plain function would be called and never awaited."""

    def plain(ctx: JobContext) -> None:
        pass

    with pytest.raises(MisuseError, match="async def"):
        WorkerJob(plain)  # type: ignore[arg-type]


async def test_a_token_is_never_shown() -> None:
    """Not even by accident, in a log of the options."""
    assert "s3cret" not in repr(RoomOptions("room", "s3cret"))


async def test_an_event_that_no_table_knows_closes_the_session_with_its_name() -> None:
    """A broken pipeline or room must not be ignored."""
    async with scene() as s:
        s.session.post(object())
        reason = await s.session.wait_closed()
    assert "step on object failed" in reason
    assert "does not know the event object" in reason
