"""``python -m fsm_agents.testing.provider --run PROGRAM …``: one command, and an example holds a call with a provider on this machine."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.machines.turn import TURN
from tests.examples.programs import PATIENCE, ROOT, short_call, spurts

COMMAND = [sys.executable, "-m", "fsm_agents.testing.provider"]


def run(*words: str, script: Path | None = None, **environment: str) -> tuple[int, list[str], list[str]]:
    """Exit code, and the lines of standard output and of standard error."""
    options = () if script is None else ("--script", str(script))
    done = subprocess.run(
        [*COMMAND, *options, "--run", *words], cwd=ROOT, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def dialogue(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(("agent:", "caller:"))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calls")


@pytest.fixture(scope="module")
def calls(folder: Path) -> dict[str, tuple[int, list[str], list[str]]]:
    """Our two programs with the dialogue that comes with the command, recorded in two ways, and one with a script of its own."""
    caller = f"wav:{short_call(folder / 'caller.wav')}"
    script = folder / "script.json"
    script.write_text(
        json.dumps({"transcripts": ["tea"], "answers": [{"when": "tea", "text": "We have none."}]}), encoding="utf-8"
    )
    with ThreadPoolExecutor(2) as pool:
        running = {
            "cascading": pool.submit(run, "examples/cascading.py", caller, FSM_AGENTS_RECORD=str(folder / "cascading")),
            "realtime": pool.submit(run, "--record", str(folder / "realtime"), "examples/realtime.py", caller),
            "script": pool.submit(run, "examples/realtime.py", caller, script=script),
        }
        return {name: call.result() for name, call in running.items()}


@pytest.mark.parametrize("name", ["cascading", "realtime"])
def test_an_example_in_one_command_with_real_ears(name: str, calls: dict[str, tuple[int, list[str], list[str]]]) -> None:
    """The recording is listened to: nothing but its sound says that it is "coffee"."""
    pytest.importorskip("pocketsphinx", reason="the extra [voice] is not installed, and nothing listens")
    code, _, lines = calls[name]
    assert code == 0
    said = " ".join(line.partition(":")[2].strip() for line in dialogue(lines))
    assert said == "Hello! What would you like? coffee One coffee, with pleasure. Anything else?"
    assert "caller: coffee" in dialogue(lines)


@pytest.mark.parametrize("name", ["cascading", "realtime"])
def test_its_recording_shows_the_same_table_in_log_and_page(
    name: str, calls: dict[str, tuple[int, list[str], list[str]]], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever pipeline it is: the commands read the log, and the page draws the turn with the states it went through."""
    pytest.importorskip("pocketsphinx", reason="the extra [voice] is not installed, and nothing listens")
    assert calls[name][0] == 0
    assert sorted(path.name for path in (folder / name).iterdir()) == ["conversation.html", "conversation.wav", "steps.jsonl"]
    log = folder / name / "steps.jsonl"
    assert main(["replay", str(log)]) == 0
    assert main(["why", str(log), "--turn", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("same: ")
    assert "turn 1 of 1: 'coffee'" in said
    assert re.search(r"took r_\d+ → ANSWERING / speak when text_pending", said)
    assert ("its words are known: 'coffee'" in said) is (name == "realtime")
    page = (folder / name / "conversation.html").read_text(encoding="utf-8")
    data = json.loads(page.partition('id="call">')[2].partition("</script>")[0])
    assert [line["text"] for line in data["dialogue"]] == [
        "Hello! What would you like?", "coffee", "One coffee, with pleasure. Anything else?",
    ]  # fmt: skip
    spans = data["states"]["turn"]
    assert [span[2] for span in spans if span[2] != "AWAY"][-6:] == [
        "ANSWERING", "LISTENING", "YIELDING", "ANSWERING", "LISTENING", "CLOSED",
    ]  # fmt: skip
    assert all(f'<g id="{data["ids"]["turn"][state.name]}"' in page for state in TURN.members)
    assert {move[1] for move in data["moves"]} == {"turn"}, "each move lights the rows that were taken"
    sound = base64.b64decode(page.partition("data:audio/wav;base64,")[2].partition('"')[0])
    assert sound == (folder / name / "conversation.wav").read_bytes()
    assert len(spurts(folder / name / "conversation.wav", 0)) == 1
    assert len(spurts(folder / name / "conversation.wav", 1)) == 2


def test_a_script_of_one_s_own(calls: dict[str, tuple[int, list[str], list[str]]]) -> None:
    """It replaces the dialogue; nothing of the extra [voice] is needed."""
    code, _, lines = calls["script"]
    assert (code, dialogue(lines)) == (0, ["agent:  Hello! What would you like?", "caller: tea", "agent:  We have none."])


def test_the_commands_of_the_readme_are_these() -> None:
    """One for each of the three programs, which are there, with a recording that is there."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    commands = [line.split() for line in lines if " --run examples/" in line]
    assert [Path(words[-2]).stem for words in commands] == ["cascading", "realtime", "lifecycle"]
    for words in commands:
        assert words[:4] == [".venv/bin/python", "-m", "fsm_agents.testing.provider", "--run"]
        assert (ROOT / words[4]).is_file()
        assert (ROOT / words[5].removeprefix("wav:")).is_file()


def test_the_program_gets_arguments_address_and_key_and_gives_its_exit_code(tmp_path: Path) -> None:
    """The key is the provider's: the user's own stays at home."""
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys\nprint(sys.argv[1:], os.environ['OPENAI_BASE_URL'], os.environ['OPENAI_API_KEY'])\nsys.exit(3)\n",
        encoding="utf-8",
    )
    code, (line,), _ = run(str(program), "--port", "x", OPENAI_API_KEY="mine", NO_PROXY="elsewhere")
    assert code == 3
    assert line.startswith("['--port', 'x'] http://127.0.0.1:")
    assert line.endswith("/v1 a-key-for-loopback")


@pytest.mark.parametrize("words", [("--record",), ("--record", "examples/realtime.py")])
def test_a_recording_needs_a_folder(words: tuple[str, ...]) -> None:
    code, _, lines = run(*words)
    assert code == 2
    assert lines == ["--record: give a folder, and then the program: --run --record DIR examples/realtime.py"]


@pytest.mark.parametrize("words", [(), ("examples/cascadin.py",)])
def test_a_program_that_is_not_there(words: tuple[str, ...]) -> None:
    code, _, lines = run(*words)
    assert code == 2
    assert lines == [f"--run {' '.join(words) or '…'}: give the path of a Python program, for example examples/cascading.py"]


def test_the_signal_that_ends_the_command_ends_the_program(tmp_path: Path) -> None:
    """In order: the program hears of it, and says goodbye."""
    program = tmp_path / "program.py"
    program.write_text(
        "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: (print('goodbye'), sys.exit(4)))\n"
        "print('ready')\nsignal.pause()\n",
        encoding="utf-8",
    )
    command = subprocess.Popen([*COMMAND, "--run", str(program)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert command.stdout is not None
        assert command.stdout.readline() == "ready\n"
        command.send_signal(signal.SIGTERM)
        out, _ = command.communicate(timeout=PATIENCE)
        assert (command.returncode, out) == (4, "goodbye\n")
    finally:
        command.kill()
        command.wait()
