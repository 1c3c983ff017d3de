"""``fsm-agents new``: what it makes works at once, and it takes nothing away."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.notation.fmt import format_text

Captured = pytest.CaptureFixture[str]
REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my-agent"]) == 0
    return tmp_path / "my-agent"


def in_folder(folder: Path, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """A command in a folder, with the package that is tested."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(folder / "cache"), "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=120,
        input=said,
        env=environment,
    )


def test_it_says_what_it_made_and_what_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my-agent"]) == 0
    first, after, *commands = capsys.readouterr().out.splitlines()
    assert first == "my-agent/  agent.py (26 lines)  flow.toml (3 states)  scenes/hello.toml  tests/test_flow.py"
    assert after == "next: cd my-agent"
    assert commands[0].split("  ")[3] == "fsm-agents chat flow.toml"
    files = sorted(str(path.relative_to(tmp_path / "my-agent")) for path in (tmp_path / "my-agent").rglob("*") if path.is_file())
    assert files == ["agent.py", "flow.toml", "scenes/hello.toml", "tests/test_flow.py"]
    assert "@" not in "".join((tmp_path / "my-agent" / name).read_text(encoding="utf-8") for name in files)


def test_the_flow_has_three_states_no_problem_and_is_aligned(made: Path) -> None:
    flow = Flow.load(made / "flow.toml")
    assert (flow.id, len(flow.flat.states), flow.problems) == ("my_agent", 3, ())
    text = (made / "flow.toml").read_text(encoding="utf-8")
    assert text == format_text(text)
    assert len((made / "agent.py").read_text(encoding="utf-8").splitlines()) <= 30


def test_it_passes_its_own_check(made: Path) -> None:
    done = in_folder(made, "-m", "fsm_agents", "check", "flow.toml", "--notes", "--ears", "grammar")
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (0, 1, "")
    assert done.stdout.startswith("ok: 3 states, 5 rows, 2 ends")


def test_one_can_talk_to_it_at_once(made: Path) -> None:
    done = in_folder(made, "-m", "fsm_agents", "chat", "flow.toml", said="what do you have\na tea please\n")
    assert done.returncode == 0
    assert "A tea, coming up." in done.stdout


def test_its_scene_and_random_callers_pass(made: Path) -> None:
    done = in_folder(made, "-m", "fsm_agents", "test", "flow.toml", "--walks", "50")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "scenes 1/1" in done.stdout


def test_its_suite_passes(made: Path) -> None:
    done = in_folder(made, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


def test_its_agent_starts(made: Path) -> None:
    """The program is imported as it stands: every name in it is there, and the flow is found from anywhere."""
    pytest.importorskip("pocketsphinx", reason="the extra [voice] is optional")
    done = in_folder(
        made.parent,
        "-c",
        "import runpy; made = runpy.run_path('my-agent/agent.py'); print(made['FLOW'].id, made['make_context']())",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("my_agent ")


@pytest.mark.parametrize("name", ["any", "Drink", "yes", "a-1_b", "x" * 50])
def test_whatever_it_is_called_the_flow_is_a_flow(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", name]) == 0
    assert Flow.load(tmp_path / name / "flow.toml").problems == ()


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "ä", "1a", ".x", "x" * 51, "a\n", "$HOME", "flow.toml"])
def test_a_bad_name_makes_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", name]) == 2
    said = capsys.readouterr().err
    assert "is no name for an agent" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """A folder with something in it, a file and a link to nowhere are refused; an empty folder is taken."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    for name in ("full", "file", "link"):
        assert main(["new", name]) == 2
        assert "is there already" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    assert not (tmp_path / "nowhere").exists()
    assert main(["new", "empty"]) == 0
    assert Flow.load(tmp_path / "empty" / "flow.toml").id == "empty"


def test_the_hooks_run_commands_that_there_are() -> None:
    """Read by hand: the suite has no YAML."""
    text = (REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entries = [line.partition(":")[2].split() for line in text.splitlines() if line.strip().startswith("entry:")]
    assert [(words[0], words[1]) for words in entries] == [("fsm-agents", "fmt"), ("fsm-agents", "check")]
    assert main(["check", "--only-flows", str(REPOSITORY / "pyproject.toml")]) == 0
    assert main(["fmt", "--only-flows", str(REPOSITORY / "pyproject.toml")]) == 0
    assert "fsm-agents" in tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
