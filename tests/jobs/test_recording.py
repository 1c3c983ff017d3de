"""Recording the sessions of a job: for any pipeline what was decided, said and heard, without disturbing the conversation."""

from __future__ import annotations

import json
import logging
import re
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from fsm_agents import Agent, AgentSession, CascadingPipeline, JobContext, MemoryRoom, MisuseError, RoomOptions, function_tool
from fsm_agents.chat.message import ToolCall
from fsm_agents.cli.main import main
from fsm_agents.fsm.record import StepLog
from fsm_agents.jobs.recording import VARIABLE, RecordedRoom, Recording, free_folder
from fsm_agents.jobs.tape import CallTape
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.turn import TURN
from fsm_agents.observe.recorded import notes, timeline
from fsm_agents.observe.turns import Spoken
from fsm_agents.pipelines.realtime import RealTimePipeline
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, ScriptedCaller
from fsm_agents.testing.fakes_realtime import FakeRealtime

pytestmark = pytest.mark.anyio

FILES = ["conversation.html", "conversation.wav", "steps.jsonl"]


class Greeter(Agent):
    async def on_enter(self) -> None:
        await self.session.say("Hello.")


def cascade() -> CascadingPipeline:
    return CascadingPipeline(FakeSTT(["tea please"]), FakeLLM(["With pleasure."]), FakeTTS(), FakeVAD())


def realtime() -> RealTimePipeline:
    return RealTimePipeline(FakeRealtime(["With pleasure."], words=["tea please"], words_after=0.8))


@asynccontextmanager
async def call(
    pipeline: Any, folder: Path | None, *, room: MemoryRoom | None = None, own: bool = False
) -> AsyncIterator[tuple[AgentSession, ScriptedCaller]]:
    """A job with one session that has greeted; it is over at the end."""
    room = room or MemoryRoom(paced=True)
    async with JobContext(RoomOptions(room=room), record=folder) as ctx:
        session = AgentSession(Greeter(), pipeline, room=room if own else None)
        if own:
            async with session:
                yield session, ScriptedCaller(room)
            return
        await ctx.connect()
        await session.start()
        yield session, ScriptedCaller(room)


async def order(caller: ScriptedCaller) -> None:
    """The caller says something, and hears the answer."""
    await caller.wait(0.5)
    await caller.speak(0.8)
    await caller.wait(4)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def lines(folder: Path) -> list[str]:
    return (folder / "steps.jsonl").read_text(encoding="utf-8").splitlines()


def shown(folder: Path) -> Any:
    found = re.search(r'id="call">(.*?)</script>', (folder / "conversation.html").read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("own", [False, True], ids=["room of the job", "room of its own"])
@pytest.mark.parametrize("pipeline", [cascade, realtime])
async def test_a_job_leaves_what_the_demo_leaves(pipeline: Any, own: bool, tmp_path: Path, capsys: Any) -> None:
    """For both pipelines the same three files, which the commands read, with the same table in the page."""
    folder = tmp_path / "new" / "calls"
    async with call(pipeline(), folder, own=own) as (session, caller):
        await order(caller)
        assert [item.text for item in session.history.items] == ["Hello.", "tea please", "With pleasure."]  # type: ignore[union-attr]
    assert files(folder) == FILES
    recorded = timeline(lines(folder))
    assert [(spoken.who, spoken.text) for spoken in recorded.said] == [
        ("agent", "Hello."), ("caller", "tea please"), ("agent", "With pleasure."),
    ]  # fmt: skip
    assert [spoken.reply for spoken in recorded.said] == [1, 0, 2]
    assert [turn.text for turn in recorded.turns] == ["tea please"]
    assert recorded.closed is not None
    assert main(["replay", str(folder / "steps.jsonl")]) == 0
    assert main(["why", str(folder / "steps.jsonl"), "--turn", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("same: ")
    assert "turn 1 of 1: 'tea please'" in said
    data, page = shown(folder), (folder / "conversation.html").read_text(encoding="utf-8")
    assert [machine["name"] for machine in data["machines"]] == ["turn"]
    assert all(f'id="{data["ids"]["turn"][state.name]}"' in page for state in TURN.members)
    assert {span[2] for span in data["states"]["turn"]} >= {"LISTENING", "YIELDING", "ANSWERING"}
    assert [line["text"] for line in data["dialogue"]] == ["Hello.", "tea please", "With pleasure."]
    assert ["pipeline", type(pipeline()).__name__] in data["facts"]


async def test_words_that_come_late_are_in_the_log_and_are_shown(tmp_path: Path, capsys: Any) -> None:
    async with call(realtime(), tmp_path) as (_, caller):
        await order(caller)
    told = [note.values["text"] for note in notes(lines(tmp_path)) if note.values["who"] == "caller"]
    assert told == ["(speech)", "tea please"]
    (turn,) = timeline(lines(tmp_path)).turns
    assert turn.told == "<speech 1>"
    assert turn.taken is not None
    assert turn.settled is not None
    assert turn.settled - turn.taken == pytest.approx(800_000, abs=21_000)
    main(["why", str(tmp_path / "steps.jsonl"), "--turn", "1"])
    said = capsys.readouterr().out
    assert "the model has heard it, and tells its words later (segment 1)" in said
    assert "the turn is taken: its words are not known yet" in said
    assert re.search(r"its words are known: 'tea please', 8\d\d ms after the turn was taken", said)
    (line,) = (line for line in shown(tmp_path)["dialogue"] if line["who"] == "caller")
    assert line["late"] == pytest.approx(0.8, abs=0.021)


async def test_what_is_said_before_a_tool_is_called_is_of_its_own_reply(tmp_path: Path) -> None:
    """History has it while that reply still goes on, and after an earlier one was over."""

    class Clock(Greeter):
        @function_tool
        async def clock(self) -> str:
            """Tell the time."""
            await anyio.sleep_until(anyio.current_time() + 3)
            return "ten"

    llm = FakeLLM([("One moment please.", ToolCall("1", "clock", "{}")), "It is ten."])
    room = MemoryRoom(paced=True)
    async with JobContext(RoomOptions(room=room), record=tmp_path) as ctx:
        session = AgentSession(Clock(), CascadingPipeline(FakeSTT(["what time is it"]), llm, FakeTTS(), FakeVAD()))
        await ctx.connect()
        await session.start()
        await order(ScriptedCaller(room))
        await ScriptedCaller(room).wait(6)
    said = [(spoken.reply, spoken.text) for spoken in timeline(lines(tmp_path)).said]
    assert said == [(1, "Hello."), (0, "what time is it"), (2, "One moment please."), (2, "It is ten.")]


async def test_words_that_never_came_are_told_as_such(tmp_path: Path, capsys: Any) -> None:
    pipeline = RealTimePipeline(FakeRealtime(["With pleasure."], words=[None]))
    async with call(pipeline, tmp_path) as (_, caller):
        await order(caller)
    main(["why", str(tmp_path / "steps.jsonl"), "--turn", "1"])
    assert "its words never came" in capsys.readouterr().out


async def test_the_recording_has_the_caller_left_and_the_agent_right_where_the_log_says(tmp_path: Path) -> None:
    room = MemoryRoom(paced=True)
    async with call(cascade(), tmp_path, room=room) as (_, caller):
        await order(caller)
    with wave.open(str(tmp_path / "conversation.wav")) as recording:
        samples = np.frombuffer(recording.readframes(recording.getnframes()), "<i2").reshape(-1, 2)
    recorded = timeline(lines(tmp_path))
    assert len(samples) / 16000 == pytest.approx(recorded.end / 1e6, abs=0.03)
    (voice,) = recorded.voice
    said = np.flatnonzero(samples[:, 0]) / 16000
    assert said[0] == pytest.approx(voice.begin / 1e6, abs=0.1)
    assert said[-1] - said[0] == pytest.approx(0.8, abs=0.01)
    heard = np.flatnonzero(samples[:, 1]) / 16000
    for part in recorded.speech:
        assert part.end is not None
        inside = heard[(heard > part.begin / 1e6 - 0.03) & (heard < part.end / 1e6 + 0.03)]
        assert (inside[0], inside[-1]) == (pytest.approx(part.begin / 1e6, abs=0.03), pytest.approx(part.end / 1e6, abs=0.05))
    assert len(heard) == np.count_nonzero(np.frombuffer(b"".join(room.played), "<i2"))


async def test_what_is_cut_is_not_heard_in_the_recording(tmp_path: Path) -> None:
    """A room that takes sound ahead is told to forget it, and says how much that was."""

    class Ahead(MemoryRoom):
        taken = 0

        def clear(self) -> int:
            forgotten, self.taken = self.taken, 0
            return forgotten

    inner = Ahead()
    async with JobContext(RoomOptions(room=inner), record=tmp_path) as ctx:
        session = AgentSession(Agent(), cascade())
        recording = ctx._recordings[session]
        await ctx.connect()
        await session.start()
        recording.opens(16000)
        recording.sounds(b"\x02\x00" * 3200)
        inner.taken = 1600
        assert session.room is not None
        assert session.room.clear() == 1600
    with wave.open(str(tmp_path / "conversation.wav")) as wav:
        right = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)[:, 1]
    assert np.count_nonzero(right) == 1600


async def test_a_call_that_is_left_and_returned_to_is_one_recording(tmp_path: Path) -> None:
    async with JobContext(RoomOptions(room=MemoryRoom(paced=True)), record=tmp_path) as ctx:
        session = AgentSession(Greeter(), cascade())
        await ctx.connect()
        await session.start()
        await session.leave()
        await anyio.sleep_until(anyio.current_time() + 5)
        await ctx.connect()
        await session.say("Here I am again.")
    recorded = timeline(lines(tmp_path))
    assert [spoken.text for spoken in recorded.said] == ["Hello.", "Here I am again."]
    with wave.open(str(tmp_path / "conversation.wav")) as wav:
        right = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)[:, 1]
    first, last = np.flatnonzero(right)[[0, -1]]
    assert last - first > 5 * 16000


async def test_each_session_of_a_job_has_a_folder_and_no_recording_is_overwritten(tmp_path: Path) -> None:
    for _ in range(2):
        async with JobContext(RoomOptions(room=MemoryRoom(paced=True)), record=tmp_path) as ctx:
            await ctx.connect()
            for number in (1, 2):
                session = AgentSession(Agent(), cascade())
                await session.start()
                await session.close(f"the end of {number}")
    folders = [tmp_path, *(tmp_path / name for name in ("2", "3", "4"))]
    assert [timeline(lines(folder)).reason for folder in folders] == ["the end of 1", "the end of 2"] * 2
    assert all((folder / "conversation.html").is_file() for folder in folders)


async def test_nothing_is_recorded_unless_somebody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    room = MemoryRoom(paced=True)
    async with call(cascade(), None, room=room) as (session, _):
        assert session.room is room
    assert files(tmp_path) == []


async def test_the_environment_asks_too_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "calls"))
    with caplog.at_level(logging.INFO, "fsm_agents"):
        async with call(cascade(), None):
            pass
    assert f"Agent is recorded: what is said and decided is kept in {tmp_path / 'calls'}" in caplog.messages
    assert f"{tmp_path / 'calls' / 'conversation.html'} shows the call" in caplog.messages
    assert files(tmp_path / "calls") == FILES
    assert (tmp_path / "calls").stat().st_mode & 0o077 == 0, "it is nobody else's business"


def test_what_is_no_folder_is_refused() -> None:
    with pytest.raises(MisuseError, match=r"JobContext\(record=True\): give the path of a folder"):
        JobContext(record=True)  # type: ignore[arg-type]


async def test_a_folder_that_cannot_be_made_is_one_line_and_the_call_is_held(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    async with call(cascade(), tmp_path / "file") as (session, caller):
        await order(caller)
        assert len(session.history.items) == 3
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert line.startswith(f"nothing is recorded in {tmp_path / 'file'}, and the conversation goes on: ")


@pytest.mark.parametrize("where", ["log", "sound", "history"])
async def test_a_full_disk_is_one_line_and_the_call_is_held(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What there was is still a recording."""
    full = OSError(28, "No space left on device")

    def fail(*_args: object, **_options: object) -> None:
        raise full

    async with call(cascade(), tmp_path) as (session, caller):
        if where == "log":
            monkeypatch.setattr(StepLog, "add", fail)
        elif where == "sound":
            monkeypatch.setattr(CallTape, "left", fail)
        else:
            monkeypatch.setattr(StepLog, "note", fail)
        await order(caller)
        assert [item.text for item in session.history.items] == ["Hello.", "tea please", "With pleasure."]  # type: ignore[union-attr]
        monkeypatch.undo()
        assert main(["replay", str(tmp_path / "steps.jsonl")]) == 0
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert line == (f"the recording in {tmp_path} stops here, and the conversation goes on: [Errno 28] No space left on device")
    assert files(tmp_path) == FILES


async def test_a_page_that_cannot_be_made_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with call(cascade(), tmp_path):
        (tmp_path / "conversation.html").mkdir()
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert line.startswith(f"no page of the recording in {tmp_path}: ")


async def test_a_session_without_a_job_is_recorded_by_hand(tmp_path: Path) -> None:
    """As the demo does it; whoever wants to is told what is said, and again when it is known better."""
    told: list[Spoken] = []
    room = MemoryRoom(paced=True)
    session = AgentSession(Greeter(), realtime(), room=room)
    recording = Recording(session, tmp_path, told.append)
    async with session:
        await order(ScriptedCaller(room))
    assert await recording.write_page(title="<An order>")
    assert [(each.number, each.text) for each in told] == [
        (1, "Hello."), (2, "(speech)"), (2, "tea please"), (3, "With pleasure."),
    ]  # fmt: skip
    assert "<title>&lt;An order&gt;</title>" in (tmp_path / "conversation.html").read_text(encoding="utf-8")


async def test_a_room_that_is_recorded_is_still_that_room(tmp_path: Path) -> None:
    """Whoever holds it by way of the job can do with it what the room can do."""
    room = MemoryRoom(paced=True)
    async with call(cascade(), tmp_path, room=room) as (session, _):
        assert isinstance(session.room, RecordedRoom)
        assert session.room.room is room
        assert session.room.played is room.played
        assert session.room.rate == room.rate
        session.room.hang_up()  # type: ignore[operator]
        assert await session.wait_closed() == "the caller left"


async def test_a_session_that_is_never_started_is_a_short_log(tmp_path: Path) -> None:
    async with JobContext(record=tmp_path):
        AgentSession(Agent(), cascade())
    assert timeline(lines(tmp_path)).closed is not None
    assert files(tmp_path) == ["conversation.html", "steps.jsonl"]


async def test_the_log_is_that_of_a_watcher_who_only_looks(tmp_path: Path) -> None:
    """Recording changes nothing: the same script gives the same steps, recorded or not."""
    plain: list[str] = []
    steps: dict[bool, list[str]] = {}
    for recorded in (True, False):
        room = MemoryRoom(paced=True)
        async with JobContext(RoomOptions(room=room), record=tmp_path / "calls" if recorded else None) as ctx:
            session = AgentSession(Greeter(), cascade())
            begun = round(anyio.current_time() * 1e6)
            written = steps[recorded] = list[str]()
            step_log = StepLog(CONVERSATION, written.append)
            talk: Talk = session.host.driver.talk
            step_log.begin(talk)
            session.watch(lambda now, step, log=step_log, talk=talk, begun=begun: log.add(now - begun, step, talk))  # type: ignore[misc]
            await ctx.connect()
            await session.start()
            await order(ScriptedCaller(room))
    assert steps[True] == steps[False]
    plain = [line for line in lines(tmp_path / "calls")[1:] if '"note"' not in line]
    assert plain == [line.rstrip("\n") for line in steps[True][1:]]


def test_a_folder_is_taken_by_one(tmp_path: Path) -> None:
    assert [free_folder(tmp_path / "calls").name for _ in range(3)] == ["calls", "2", "3"]
