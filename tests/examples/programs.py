"""Programs as processes: the page's and our own, against one provider, several at a time."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
import wave
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import attrs
import numpy as np

from fsm_agents.testing.provider import ProviderServer
from fsm_agents.testing.provider.run import program_environment

ROOT = Path(__file__).parents[2]
NAMES = ("realtime", "cascading", "lifecycle")
PATIENCE = 100
_AT_ONCE = 2  # a program loads the client for seconds of a core; more of them at once are too slow for a call in real time
_LISTENS = 5  # seconds: the greeting; nobody is heard before everything is loaded
_WAITS = 3  # for an answer, beside the two seconds of the room; a busy machine is slow with it


@attrs.frozen
class Program:
    """A program to run: its text, its arguments, and what is different in its environment."""

    name: str
    text: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Ran:
    """How it went: the exit code, and the lines of standard output and standard error."""

    code: int
    out: list[str]
    err: list[str]


def ours(name: str) -> str:
    """The text of our own example."""
    return (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")


def of_the_page(name: str) -> str:
    """The page's program, with nothing changed but the package that it imports from."""
    text = (ROOT / "tests" / "examples" / "page" / f"{name}.py").read_text(encoding="utf-8")
    return text.replace("videosdk.agents", "fsm_agents").replace("videosdk.plugins.openai", "fsm_agents.plugins.openai")


def run_all(programs: Iterable[Program], server: ProviderServer, folder: Path) -> dict[str, Ran]:
    """Run them to their end, by name. No room is in their environment unless they say so."""
    wake(server)

    def run(program: Program) -> tuple[str, Ran]:
        path = folder / f"{program.name.replace(' ', '_')}.py"
        path.write_text(program.text, encoding="utf-8")
        environment = {**program_environment(server), "FSM_AGENTS_ROOM": "", "PYTHONPATH": str(ROOT), **program.environment}
        done = subprocess.run(
            [sys.executable, str(path), *program.arguments],
            env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=folder,
        )  # fmt: skip
        return program.name, Ran(done.returncode, done.stdout.splitlines(), done.stderr.splitlines())

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(pool.map(run, programs))


def wake(server: ProviderServer) -> None:
    """Have the provider load what it answers with, which takes it seconds: no program is to wait for that."""
    request = urllib.request.Request(f"{server.base_url}/models", headers={"Authorization": f"Bearer {server.key}"})
    with suppress(urllib.error.HTTPError):  # it may want another key
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE).close()


def short_call(path: Path) -> Path:
    """A caller who listens to the greeting, says "coffee", and then nothing more."""
    with wave.open(str(ROOT / "examples" / "caller.wav")) as recording:
        rate = recording.getframerate()
        pcm = recording.readframes(recording.getnframes())
    coffee = pcm[int(3.1 * rate) * 2 : int(3.9 * rate) * 2]
    with wave.open(str(path), "wb") as short:
        short.setparams((1, 2, rate, 0, "NONE", ""))
        short.writeframes(bytes(_LISTENS * rate * 2) + coffee + bytes(_WAITS * rate * 2))
    return path


def spurts(path: Path, channel: int) -> list[tuple[float, float]]:
    """When somebody sounds in a stereo recording: seconds from and to, where gaps below 0.5 s are none."""
    with wave.open(str(path)) as recording:
        rate = recording.getframerate()
        samples = np.frombuffer(recording.readframes(recording.getnframes()), "<i2").reshape(-1, 2)[:, channel]
    size = rate // 50
    loud = np.abs(samples[: len(samples) // size * size].reshape(-1, size).astype(int)).mean(axis=1) > 50
    found: list[tuple[float, float]] = []
    for at in np.flatnonzero(loud) / 50:
        if found and at - found[-1][1] < 0.5:
            found[-1] = (found[-1][0], at + 0.02)
        else:
            found.append((at, at + 0.02))
    return found
