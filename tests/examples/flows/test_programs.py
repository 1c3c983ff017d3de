"""The programs beside the flows: by voice on local parts, by voice with a model, and by messages."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from fsm_agents import JobContext, RoomOptions, WavRoom
from fsm_agents.chat.message import ChatMessage
from fsm_agents.cli.main import main
from fsm_agents.flows.words import types
from tests.examples.programs import PATIENCE, ROOT, short_call
from tests.session.flows.kept import kept

FLOWS = ROOT / "examples" / "flows"


def program(name: str) -> ModuleType:
    """A program, loaded and not run; new each time."""
    spec = spec_from_file_location(f"flows_{name}", FLOWS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("name", ["appointment", "support", "sms", "more/bank"])
def test_it_is_short(name: str) -> None:
    assert len((FLOWS / f"{name}.py").read_text(encoding="utf-8").splitlines()) < 60


# --- appointment.py ------------------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_an_appointment_is_made_by_voice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Recorded lines in, heard by local ears with the grammar of each state; the sub-flow and three tools; the date of birth is hidden."""
    pytest.importorskip("pocketsphinx", reason="the extra [voice] is not installed, and nothing listens")
    made = program("appointment")
    async with JobContext(RoomOptions(room=WavRoom(made.caller, tmp_path / "call.wav"))) as ctx:
        await made.start(ctx)
        (session,) = ctx.sessions
        assert await session.wait_closed() == "booked"
    said = [(item.role, item.text) for item in session.history.items if isinstance(item, ChatMessage)]
    heard = [text.removeprefix("uh ").removeprefix("a ") for role, text in said if role == "user"]  # small words sound alike
    assert heard == [
        "book an appointment", "five five five one two three four", "(hidden)", "checkup tomorrow", "the second one", "yes",
    ]  # fmt: skip
    assert said[-1][1].startswith("Booked. See you on ")
    (booked,) = capsys.readouterr().out.splitlines()
    assert booked.startswith("booked for p-17: checkup on ")
    assert booked.endswith(" at two fifteen")
    assert (tmp_path / "call.wav").stat().st_size > 1_000_000


def test_what_the_caller_says_is_small() -> None:
    clips = list((FLOWS / "voice").glob("*.wav"))
    assert {clip.stem for clip in clips} == {Path(state).name for state in program("appointment").ANSWERS}
    assert sum(clip.stat().st_size for clip in clips) < 300_000


# --- support.py ----------------------------------------------------------------------------------------------------------------------


def test_the_support_line_runs_against_the_loopback_provider(tmp_path: Path) -> None:
    """A sentence that no row knows: the model chooses an edge by calling its function, and a person takes over."""
    script = tmp_path / "script.json"
    script.write_text(
        json.dumps({"transcripts": ["i am moving to another company"], "answers": [{"calls": [{"name": "go_3_human"}]}]}),
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "fsm_agents.testing.provider", "--script", str(script), "--run"]
    done = subprocess.run(
        [*command, "examples/flows/support.py", f"wav:{short_call(tmp_path / 'caller.wav')}"],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(("agent:", "caller:"))]
    assert " / ".join(line.partition(":")[2].strip() for line in lines) == (
        "Northnet. Is it about your bill or your connection? / i am moving to another company / I'll put you through to a colleague."
    )
    assert done.stdout.splitlines() == ["put through to queue:support: {'reason': 'leaving'}"]
    assert done.stderr.splitlines()[-1] == "INFO  session closed: handed_off"


# --- sms.py --------------------------------------------------------------------------------------------------------------------------


def messages(store: Path, *texts: str) -> list[str]:
    """What is answered to messages, in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(FLOWS / "sms.py"), str(store)], input="".join(f"{text}\n" for text in texts),
        capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_the_bank_runs_with_its_host() -> None:
    """Its own slot type, the check of a slot, a secret, and an agent who takes over: as its host gives them, in a process of its own."""
    folder = FLOWS / "more"
    said = "4712 / 4711 / 0000 / send it to zone b / my balance / operator".replace(" / ", "\n")
    done = subprocess.run(
        [sys.executable, "bank.py"], input=said, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=folder,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "Harbour bank. What is your account number?", "I know no such account.", "And your code for account four seven one one?",
        "What can I do for you?", "To zone b.", "You owe twelve dollars.", "What can I do for you?", "A clerk will help.",
        "(over to agent:clerk, with {'account': '4711'})", "(ended: handed_off)",
    ]  # fmt: skip


def test_the_bank_is_checked_with_its_host(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """``--bind`` brings the slot type too, and without it the message says what is missing."""
    monkeypatch.chdir(FLOWS / "more")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(types, "_CUSTOM", {})
    monkeypatch.delitem(sys.modules, "bank", raising=False)
    assert main(["check", "bank.toml", "--no-cache"]) == 2
    assert capsys.readouterr().err.endswith("fsm-agents check bank.toml --bind bank:bound\n")
    assert main(["check", "bank.toml", "--no-cache", "--bind", "bank:bound"]) == 0
    assert capsys.readouterr().out.startswith("ok: ")


def test_messages_go_on_in_another_process(tmp_path: Path) -> None:
    """The conversation is a line of JSON between them, in which no secret stands; it is gone when it is over."""
    store = tmp_path / "conversations.json"
    assert messages(store, "book an appointment", "555 1234", "may 4th 1982")[-1] == "Is it a check up, a cleaning or a filling?"
    saved = store.read_text(encoding="utf-8")
    assert "5551234" in saved
    assert "1982" not in kept(saved)
    said = messages(store, "a check up tomorrow", "the first one", "yes")
    assert said[0] == "Let me look."
    assert said[-1].startswith("Booked. See you on ")
    assert said[-1].endswith(" at half past nine.")
    assert json.loads(store.read_text(encoding="utf-8")) == {}


# --- the host of bank.toml ------------------------------------------------------------------------------------------------------------


def commands_of_the_page() -> list[str]:
    page = (FLOWS / "README.md").read_text(encoding="utf-8")
    return [line.removeprefix("fsm-agents ") for line in page.splitlines() if line.startswith("fsm-agents ") and "--bind" in line]


def test_the_page_has_commands_with_a_host() -> None:
    assert [line.split()[0] for line in commands_of_the_page()] == ["check", "test", "chat"]


@pytest.mark.parametrize("line", commands_of_the_page(), ids=lambda line: line.split()[0])
def test_the_commands_of_the_page_work(line: str, tmp_path: Path) -> None:
    """Typed in the root of the repository, each in a process of its own: what one registers another does not know."""
    more = ["--walks", "20", "--seed", "1", "--out", str(tmp_path)] if line.startswith("test") else []
    said = "4711\nzero zero zero zero\nsend it to zone b\nnothing\n"
    done = subprocess.run(
        [sys.executable, "-m", "fsm_agents", *line.split(), *more],
        input=said,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    if line.startswith("chat"):
        assert "To zone b." in done.stdout
