"""The demo, held once for each backend in a process of its own: what it printed and what it left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import attrs
import pytest

__all__ = ["Demo", "demo", "fsm_agents"]


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


@pytest.fixture(scope="session", params=["asyncio", "trio"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """``fsm-agents demo --fast`` on pocketsphinx and espeak-ng, as a newcomer runs it: in a folder of theirs, without ``--out``."""
    place = tmp_path_factory.mktemp(request.param)
    done = fsm_agents("demo", "--fast", "--backend", request.param, cwd=place)
    return Demo(done.returncode, done.stdout, done.stderr, place / done.stdout.split()[-1] if done.stdout else place)
