"""What a program pays for the package before it does anything: time and memory of the import, in fresh processes."""

from __future__ import annotations

import statistics
import subprocess
import sys

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
    """Import of the package and of the names that every program uses. The start of the interpreter is in the memory, not in the time."""
    told = [
        subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.split()  # noqa: S603 - ours
        for _ in range(size.imports)
    ]
    return {
        "import_s": statistics.median(float(seconds) for seconds, _ in told),
        "import_rss_mb": statistics.median(float(memory) for _, memory in told),
    }
