"""What the commands print reaches any terminal: one that knows ASCII only, and none at all; and a file tells a terminal nothing."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.flows.flow import Flow
from tests.cli.flow_recorder import drinks, ordered

COMMANDS = [
    "check FLOW --notes", "show FLOW", "show FLOW --script", "test FLOW --walks 1", "explore FLOW", "why LOG --turn 1", "stats LOG",
    "replay LOG --flow FLOW", "new here", "--help",
]  # fmt: skip


def words(command: str, folder: Path) -> list[str]:
    flow = drinks(folder)
    log = ordered(Flow.load(flow), "call").write(folder / "call" / "flow.jsonl") if "LOG" in command else folder
    return [{"FLOW": str(flow), "LOG": str(log)}.get(word, word) for word in command.split()]


def code_of(given: list[str]) -> object:
    try:
        return main(given)
    except SystemExit as ended:
        return ended.code


@pytest.mark.parametrize("command", COMMANDS)
def test_a_terminal_that_knows_ascii_only_gets_all_it_can_show(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = words(command, tmp_path)
    monkeypatch.chdir(tmp_path)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    code = code_of(given)
    written = [stream.buffer for stream in (out, err)]
    assert code in {0, 1, 2}
    assert any(isinstance(buffer, io.BytesIO) and buffer.getvalue() for buffer in written)


@pytest.mark.parametrize("command", ["check FLOW", "show FLOW", "show FLOW --html", "stats LOG"])
def test_nobody_is_told_where_nothing_is_open(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with ``>&-``: Python has no such stream then."""
    given = words(command, tmp_path)
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    code = code_of(given)
    sys.stdout.close()
    sys.stderr.close()
    assert code == 0


@pytest.mark.parametrize("command", ["check", "show", "test", "chat"])
def test_a_file_does_not_command_the_terminal(command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The line that is shown with a problem may hold what clears a screen, or turns the writing round."""
    path = tmp_path / "hostile.toml"
    path.write_text(
        drinks(tmp_path).read_text(encoding="utf-8").replace("version = 1", "vers\x1b[2Jion\u202e = 1\t\0"), encoding="utf-8"
    )
    assert main([command, str(path)]) in {1, 2}
    shown = "".join(capfd.readouterr())
    assert "vers\ufffd[2Jion\ufffd = 1 \ufffd" in shown
    assert not any(char in shown for char in "\x1b\u202e\0")
