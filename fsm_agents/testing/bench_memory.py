"""How much memory this process has. A file of its own, and without imports, because it is loaded into processes that are measured."""

from __future__ import annotations

import os
import sys

__all__ = ["resident_mb"]


def resident_mb() -> float:
    """Resident memory of this process in MB (10⁶ bytes); where the system does not say, the highest it ever was."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - pathlib would be measured too
            pages = int(file.read().split()[1])
    except OSError:
        import resource

        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return highest / 1e6 if sys.platform == "darwin" else highest / 1e3
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
