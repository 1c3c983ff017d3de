"""The demo, held once for each backend in a process of its own: what it printed and what it left behind."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

__all__ = ["Demo", "demo", "fsm_agents", "on_a_terminal"]


@attrs.frozen
class Demo:
    """One demo that was held: exit code, output, and the folder it names in its last line."""

    code: int
    output: str
    errors: str
    folder: Path

    def lines(self, name: str) -> list[str]:
        """The lines of one of its files."""
        return (self.folder / name).read_text(encoding="utf-8").splitlines()


def fsm_agents(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "fsm_agents", *words], capture_output=True, text=True, check=False, cwd=cwd, timeout=120
    )


def on_a_terminal(*words: str, cwd: Path) -> tuple[int, str]:
    """The command on a pseudo-terminal: exit code and everything it wrote there."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    with subprocess.Popen(
        [sys.executable, "-m", "fsm_agents", *words], stdout=theirs, stderr=theirs, cwd=cwd, env=environment
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not piece:
                break
            written += piece
        code = process.wait()
    os.close(ours)
    return code, written.decode().replace("\r\n", "\n")


@pytest.fixture(scope="session", params=["asyncio", "trio"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """``fsm-agents demo --fast`` on pocketsphinx and espeak-ng, as a newcomer runs it: in a folder of theirs, without ``--out``.

    On trio into a pipe, where it is plain by itself; on asyncio on a terminal, where it is told to be.
    """
    place = tmp_path_factory.mktemp(request.param)
    if request.param == "asyncio":
        code, output = on_a_terminal("demo", "--fast", "--plain", cwd=place)
        return Demo(code, output, "", place / output.split()[-1] if output else place)
    done = fsm_agents("demo", "--fast", "--backend", request.param, cwd=place)
    return Demo(done.returncode, done.stdout, done.stderr, place / done.stdout.split()[-1] if done.stdout else place)
