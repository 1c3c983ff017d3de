"""Jobs as processes, on the real clock: SIGTERM and SIGINT end them in order, whatever the entrypoint is doing, and the log is seen."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys

import anyio

from fsm_agents import Agent, AgentSession, CascadingPipeline, JobContext, RoomOptions, WorkerJob
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD

backend, how = sys.argv[1:]


def say(line):
    print(line, flush=True)


class MyAgent(Agent):
    async def on_enter(self):
        await self.session.say("Hi.")

    async def on_exit(self):
        await self.session.say("Bye.")
        say("exit")


async def entrypoint(ctx):
    ctx.add_shutdown_callback(lambda: say("callback"))
    if how == "before it has joined":
        say("ready")
        await anyio.sleep_forever()
    await ctx.connect()
    session = AgentSession(agent=MyAgent(), pipeline=CascadingPipeline(stt=FakeSTT(), llm=FakeLLM(), tts=FakeTTS(), vad=FakeVAD()))
    await session.start()
    if how == "after it returned":
        ctx.start_soon(lambda: ready(session), "ready")
        return
    try:
        await ready(session)
        await anyio.Event().wait()
    finally:
        say("finally")
        await session.close()
        await ctx.shutdown()


async def ready(session):
    say("ready")
    say(await session.wait_closed())


def make_context():
    return JobContext(room_options=RoomOptions(room_id="r", auth_token="t", name="Agent", room="memory"))


if __name__ == "__main__":
    WorkerJob(entrypoint=entrypoint, jobctx=make_context).start(backend=backend)
    say("over")
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as a file."""
    path = tmp_path_factory.mktemp("jobs") / "program.py"
    path.write_text(textwrap.dedent(PROGRAM), encoding="utf-8")
    return path


def log_of(number: signal.Signals, how: str) -> list[str]:
    """What a program shows that configures no logging: where it is, and how it ended."""
    if how == "before it has joined":
        return [f"INFO  {number.name}: closing"]
    where = "Agent is in a local room in memory (RoomOptions): no caller ever comes, Ctrl-C ends it; wav:IN.wav is a caller"
    return [f"INFO  {where}", f"INFO  {number.name}: closing", f"INFO  session closed: signal {number.name}"]


def end(program: Path, number: signal.Signals, backend: str, how: str) -> list[str]:
    """Start it, send the signal when it is ready, and give what it printed after that."""
    process = subprocess.Popen(
        [sys.executable, str(program), backend, how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first == "ready\n"
        process.send_signal(number)
        out, error = process.communicate(timeout=30)
        assert process.returncode == 0
        assert error.splitlines() == log_of(number, how)
        return out.splitlines()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("number", "backend"), [(signal.SIGTERM, "asyncio"), (signal.SIGINT, "trio")])
def test_a_signal_closes_the_session_of_an_entrypoint_that_returned(program: Path, number: signal.Signals, backend: str) -> None:
    """With the goodbye, and the signal as the reason."""
    lines = end(program, number, backend, "after it returned")
    assert sorted(lines[:2]) == sorted(["exit", f"signal {number.name}"])
    assert lines[2:] == ["callback", "over"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_signal_ends_an_entrypoint_that_waits_for_ever(program: Path, backend: str) -> None:
    """Its ``finally`` runs, after the session is closed."""
    lines = end(program, signal.SIGTERM, backend, "while it waits")
    assert sorted(lines[:2]) == sorted(["exit", "signal SIGTERM"])
    assert lines[2:] == ["finally", "callback", "over"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_signal_ends_an_entrypoint_that_has_no_session_yet(program: Path, backend: str) -> None:
    """There is nothing to close; callbacks run all the same."""
    assert end(program, signal.SIGINT, backend, "before it has joined") == ["callback", "over"]
