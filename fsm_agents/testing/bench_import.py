"""What a program pays for the package before it does anything: time and memory of the import, in fresh processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from tempfile import TemporaryDirectory

from fsm_agents.testing.bench_setup import Figures, Size

__all__ = ["measure_import"]

PROGRAM = """
import time
began = time.perf_counter()
import fsm_agents
from fsm_agents import (
    Agent, AgentSession, CascadingPipeline, ConversationFlow, JobContext, RoomOptions, WorkerJob, function_tool,
)
took = time.perf_counter() - began
from fsm_agents.testing.bench_memory import resident_mb
print(took, resident_mb())
"""


def measure_import(size: Size) -> Figures:
    """Import of the package and of the names that every program uses. The start of the interpreter is in the memory, not in the time.

    Byte code is cached, as in an installed package: in a folder of our own, whatever the environment says, filled by a first process.
    """
    with TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = folder
        command = [sys.executable, "-c", PROGRAM]
        told = [
            subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603 - ours
            for _ in range(size.imports + 1)
        ][1:]
    return {
        "import_s": statistics.median(float(seconds) for seconds, _ in told),
        "import_rss_mb": statistics.median(float(memory) for _, memory in told),
    }
