"""The examples run, on the clock they are tested with: the first agent hears a real recording and answers it."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from fsm_agents.audio.wav import read_wav
from fsm_agents.jobs.worker_job import WorkerJob
from fsm_agents.testing.clock import run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_first_agent_takes_an_order(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = []

    def start(job: WorkerJob) -> None:
        async def watched() -> None:
            assert callable(job.jobctx)
            context = job.jobctx()
            job.jobctx = context
            sessions.append(context.sessions)
            await job.run()

        run(watched, backend=backend)

    monkeypatch.setattr(WorkerJob, "start", start)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "caller.wav").write_bytes((ROOT / "examples" / "caller.wav").read_bytes())
    runpy.run_path(str(ROOT / "examples" / "barista.py"), run_name="__main__")
    (session,) = sessions[0]
    said = [(item.role, item.text) for item in session.history.items]
    assert said == [
        ("assistant", "Hello! Coffee or tea?"),
        ("user", "coffee"),
        ("assistant", "One coffee. Anything else?"),
        ("user", "nothing thank you"),
        ("assistant", "Goodbye!"),
    ]
    assert session.close_reason == "nothing was ordered"
    pcm, _ = read_wav(tmp_path / "call.wav", mix=True)
    assert any(pcm)
    assert sys.modules.keys() >= {"pocketsphinx"}
