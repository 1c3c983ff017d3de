"""The benchmark: ``python -m fsm_agents.testing.bench`` prints one JSON object. Figures to reach and to compare, not tests.

Each part runs in a process of its own, one after the other: what one leaves behind (memory, caches, a loop) must not count in the next.
Keys that begin with ``trio_`` are the same on trio, the others on asyncio or on no loop at all. ``null``: something it needs is missing.

    --only PREFIX   only keys that begin with it (``--only barge``, ``--only trio_``)
    --quick         a few of everything, in this process: to see that it runs; the figures mean nothing

What each figure is, exactly, says the file that measures it (``fsm_agents/testing/bench_*.py``).
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import platform
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib.util import find_spec
from typing import cast

import anyio
import attrs

from fsm_agents import __version__
from fsm_agents.testing.bench_crowd import measure_idle, measure_sessions_silent, measure_sessions_webrtcvad
from fsm_agents.testing.bench_engine import measure_engine
from fsm_agents.testing.bench_import import measure_import
from fsm_agents.testing.bench_setup import FULL, QUICK, Figures, Size
from fsm_agents.testing.bench_speak import measure_barge_in, measure_turn
from fsm_agents.testing.bench_talk import measure_talk

__all__ = ["PARTS", "Part", "keys", "main", "measure"]


@attrs.frozen
class Part:
    """What is measured together.

    Args:
        name: What it is called.
        keys: The keys of the report that it fills.
        function: Measures; where it is async it is run on both loops.
    """

    name: str
    keys: tuple[str, ...]
    function: Callable[[Size], Figures] | Callable[[Size], Awaitable[Figures]]

    @property
    def backends(self) -> tuple[str, ...]:
        """On which loops it is run."""
        return ("asyncio", "trio") if inspect.iscoroutinefunction(self.function) else ("",)

    def run(self, size: Size, backend: str) -> Figures:
        """Measure, on this loop (empty: on none)."""
        if backend:
            return anyio.run(cast(Callable[[Size], Awaitable[Figures]], self.function), size, backend=backend)
        return cast(Callable[[Size], Figures], self.function)(size)


PARTS = (
    Part("turn", ("turn_p50_ms", "turn_p99_ms", "turn_cpu_ms"), measure_turn),
    Part("barge_in", ("barge_in_p50_ms", "barge_in_p99_ms", "stale_frames"), measure_barge_in),
    Part("silent", ("sessions_per_core_silent", "sessions_per_core_silent_grid"), measure_sessions_silent),
    Part("webrtcvad", ("sessions_per_core_webrtcvad", "sessions_per_core_webrtcvad_grid"), measure_sessions_webrtcvad),
    Part("idle", ("rss_mb_per_session", "tasks_per_session", "threads_per_session"), measure_idle),
    Part("import", ("import_s", "import_rss_mb"), measure_import),
    Part("engine", ("engine_us_per_transition",), measure_engine),
    Part("talk", ("macro_step_us", "bytes_per_conversation", "simulated_s_per_cpu_s"), measure_talk),
)


def keys(only: str = "") -> dict[str, tuple[Part, str]]:
    """The keys of the report that begin with ``only``, in order, each with its part and the loop it is measured on."""
    named = {
        ("trio_" if backend == "trio" else "") + key: (part, backend)
        for part in PARTS
        for backend in part.backends
        for key in part.keys
    }
    return {key: named[key] for key in sorted(named, key=lambda key: key.startswith("trio_")) if key.startswith(only)}


def measure(only: str = "", *, quick: bool = False) -> dict[str, float | int | str | None]:
    """The report.

    Args:
        only: Measure only what fills keys that begin with this.
        quick: A few of everything, in this process.
    """
    wanted = keys(only)
    found: dict[str, float | int | str | None] = {}
    for part, backend in dict.fromkeys(wanted.values()):
        prefix = "trio_" if backend == "trio" else ""
        figures: Figures = dict.fromkeys(part.keys)
        if backend != "trio" or find_spec("trio"):
            figures = part.run(QUICK, backend) if quick else _in_a_process(part, backend)
        found |= {prefix + key: value if value is None else _rounded(value) for key, value in figures.items()}
    about = {"python": platform.python_version(), "version": __version__, "cpus": os.cpu_count()}
    return {key: found[key] for key in wanted} | about


def _in_a_process(part: Part, backend: str) -> Figures:
    command = [sys.executable, "-m", "fsm_agents.testing.bench", "--part", part.name, "--backend", backend]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - this file
    return cast(Figures, json.loads(done.stdout))


def _rounded(value: float) -> float | int:
    """Four digits are more than a benchmark knows."""
    return value if isinstance(value, int) else float(f"{value:.4g}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m fsm_agents.testing.bench", description="Measure fsm_agents; prints JSON.")
    parser.add_argument("--only", metavar="PREFIX", default="", help="only keys that begin with it")
    parser.add_argument("--quick", action="store_true", help="a few of everything: the figures mean nothing")
    parser.add_argument("--part", choices=[part.name for part in PARTS], help=argparse.SUPPRESS)
    parser.add_argument("--backend", default="", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.part:
        part = next(part for part in PARTS if part.name == given.part)
        print(json.dumps(part.run(FULL, given.backend)))
        return
    if not keys(given.only):
        parser.error(f"no key begins with {given.only!r}; there are: {', '.join(keys())}")
    print(json.dumps(measure(given.only, quick=given.quick), indent=2))


if __name__ == "__main__":
    main()
