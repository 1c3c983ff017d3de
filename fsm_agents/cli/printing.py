"""Printing to somebody who may have gone away (``fsm-agents demo | head``): what was begun is finished all the same."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

__all__ = ["any_terminal", "nobody_reads", "say"]


def any_terminal() -> None:
    """Print on whatever there is: a terminal that has no … and no ·, and none at all (``fsm-agents check flow.toml >&-``)."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if name == "stdout" else "backslashreplace")


def say(line: str = "") -> None:
    """Print a line at once; if nobody reads any more, nothing is printed from here on."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        nobody_reads()


def nobody_reads() -> None:
    """Send what is still printed to nowhere; else Python itself would complain when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
