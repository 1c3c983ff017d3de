"""The log of a session's flow: what heard the words and how long they were; a step that raised; and what becomes of it in the reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fsm_agents import Agent, FallbackSTT
from fsm_agents.cli.main import main
from fsm_agents.errors import ProviderError
from fsm_agents.flows.machine.events import Heard
from fsm_agents.jobs.flow_log import ears_name, ears_now
from fsm_agents.jobs.recording import Recording
from fsm_agents.observe.flow_calls import FlowCall, read_call
from fsm_agents.stages.base import STTStream, Transcript
from fsm_agents.testing.fakes import FakeSTT
from tests.session.flows.spoken import SHOP, asked, call, flow_of, place, shop, turn

pytestmark = pytest.mark.anyio


class Recorded(Agent):
    """An agent whose call is recorded."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    async def on_enter(self) -> None:
        self.kept = Recording(self.session, self.folder)


def found_in(folder: Path) -> FlowCall:
    return read_call((folder / "flow.jsonl").read_text(encoding="utf-8").splitlines(), "call")


async def test_the_log_says_what_heard_the_words_and_how_long_they_were(tmp_path: Path) -> None:
    """Each turn the seconds in which the detector heard the caller, without the silence that ended it."""
    flow = shop()
    async with call(flow, "two", "large", "yes", agent=Recorded(tmp_path)) as s:
        await asked(s, "How many boxes?")
        await turn(s, 0.6)
        await asked(s, "Small or large?")
        await turn(s, 1.5)
        await asked(s, "two large, right?")
        await turn(s)
        assert await s.session.wait_closed() == "ordered"
    found = found_in(tmp_path)
    assert found.ears == "FakeSTT"
    assert [(each.text, each.speech) for each in found.turns] == [
        ("two", pytest.approx(0.6, abs=0.1)), ("large", pytest.approx(1.5, abs=0.1)), ("yes", pytest.approx(0.6, abs=0.1)),
    ]  # fmt: skip


async def test_of_several_ears_each_turn_names_the_one_that_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the log, and in what ``why`` tells of the turn; the header names all of them."""

    class Gone(FakeSTT):
        def open(self, heard: Callable[[Transcript], None]) -> STTStream:
            raise ProviderError("the line to it is down", retryable=True)

    (tmp_path / "shop.toml").write_text(SHOP, encoding="utf-8")
    several = FallbackSTT([Gone([]), FakeSTT(["two", "large", "yes"])])
    async with call(shop(), agent=Recorded(tmp_path), stt=several) as s:
        await asked(s, "How many boxes?")
        await turn(s)
        await asked(s, "Small or large?")
        await turn(s)
        await asked(s, "two large, right?")
        await turn(s)
        assert await s.session.wait_closed() == "ordered"
    found = found_in(tmp_path)
    assert found.ears == "Gone, else FakeSTT"
    assert [(each.text, each.ears) for each in found.turns] == [("two", "FakeSTT"), ("large", "FakeSTT"), ("yes", "FakeSTT")]
    capsys.readouterr()
    assert main(["why", str(tmp_path / "flow.jsonl"), "--turn", "2", "--flow", str(tmp_path / "shop.toml")]) == 0
    assert 'heard   "large"   (FakeSTT, 0.' in capsys.readouterr().out


async def test_a_step_that_raises_is_in_the_log_and_in_the_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On which words, which error; the next line says how the flow went on. Its reports and its page tell it, and nothing stumbles."""
    path = tmp_path / "shop.toml"
    path.write_text(SHOP, encoding="utf-8")
    flow = flow_of(SHOP, tools={"place": place})
    step = flow.joint.step

    def broken(data: Any, event: object) -> Any:
        if isinstance(event, Heard):
            raise ZeroDivisionError("the secret of the shop")
        return step(data, event)

    agent = Recorded(tmp_path)
    async with call(flow, "two", agent=agent) as s:
        await asked(s, "How many boxes?")
        s.session.voice.run.driver.joint.step = broken  # type: ignore[method-assign, union-attr]
        await turn(s)
        await s.session.wait_closed()
    del flow.joint.step
    lines = [json.loads(line) for line in (tmp_path / "flow.jsonl").read_text(encoding="utf-8").splitlines()]
    at = next(i for i, line in enumerate(lines) if "raised" in line)
    assert (lines[at]["on"]["text"], lines[at]["raised"]) == ("two", "ZeroDivisionError")
    assert lines[at + 1]["on"]["_"] == "Broke"
    log = str(tmp_path / "flow.jsonl")
    capsys.readouterr()
    assert main(["why", log, "--turn", "1", "--flow", str(path)]) == 0
    said = capsys.readouterr().out
    assert "failed  the step raised ZeroDivisionError: nothing of it was kept, and the conversation stayed in count" in said
    out = tmp_path / "page.html"
    assert main(["show", str(path), "--html", "--out", str(out), "--calls", log]) == 0
    assert "a step failed: ZeroDivisionError" in out.read_text(encoding="utf-8")
    assert main(["stats", log, "--flow", str(path)]) == 0
    assert await agent.kept.write_page()


def test_ears_have_a_name() -> None:
    """The model's, else that of the class; of several all."""

    class Ears(FakeSTT):
        model = "whisper-1"

    class Pipeline:
        def __init__(self, **stages: object) -> None:
            self.__dict__ = stages

    assert ears_name(Pipeline(stt=Ears([]))) == "whisper-1"
    assert ears_name(Pipeline(stt=None, model=Ears([]))) == "whisper-1"
    assert ears_name(Pipeline(stt=FallbackSTT([Ears([]), FakeSTT([])]))) == "whisper-1, else FakeSTT"
    assert ears_name(Pipeline()) == ""
    several = FallbackSTT([Ears([]), FakeSTT([])])
    assert (ears_now(Pipeline(stt=several)), ears_now(Pipeline(stt=Ears([]))), ears_now(Pipeline())) == ("", "", "")
    several.members.serving = several.members.all[0]
    assert ears_now(Pipeline(stt=several)) == "whisper-1"
