"""Printing to somebody who may have gone away (``fsm-agents demo | head``): what was begun is finished all the same."""

from __future__ import annotations

import os
import sys

__all__ = ["nobody_reads", "say"]


def say(line: str = "") -> None:
    """Print a line at once; if nobody reads any more, nothing is printed from here on."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        nobody_reads()


def nobody_reads() -> None:
    """Send what is still printed to nowhere; else Python itself would complain when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
