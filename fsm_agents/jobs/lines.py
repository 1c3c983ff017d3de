"""What a program shows that configures nothing: the log's lines on standard error, and one line for an error it did not catch.

It belongs to :meth:`WorkerJob.start`, which is a program's last line. It changes nothing where logging is configured, and nothing for
whoever catches what ``start()`` raises.
"""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

from fsm_agents.errors import FSMAgentsError

__all__ = ["program_lines"]

log = logging.getLogger("fsm_agents")


@contextmanager
def program_lines() -> Generator[None]:
    """While it runs, a log that nobody reads is shown from INFO on. An :class:`FSMAgentsError` that leaves it is told in one line.

    "Nobody reads" means that neither the root logger nor ``fsm_agents`` has a handler. The line instead of a traceback is for errors
    that end the program: their text says what to do, and the frames are ours. ``python -X dev`` shows them.
    """
    shown: list[str] = []
    handler = None if log.hasHandlers() else _Handler(shown)
    level = log.level
    if handler is not None:
        log.addHandler(handler)
        if level == logging.NOTSET:
            log.setLevel(logging.INFO)
    try:
        yield
    except FSMAgentsError as error:
        _tell_shortly(error, shown)
        raise
    finally:
        if handler is not None:
            log.removeHandler(handler)
            log.setLevel(level)


class _Handler(logging.StreamHandler[TextIO]):
    """Standard error, in lines that remember what they said."""

    def __init__(self, shown: list[str]) -> None:
        super().__init__()
        self.setFormatter(_Lines("%(levelname)-5s %(message)s"))
        self._shown = shown

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = super().format(record)
        self._shown.append(line)
        return line


class _Lines(logging.Formatter):
    """Our own errors without their traceback, as above: what they say follows the message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; for errors of others, and their frames, several."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, FSMAgentsError) or sys.flags.dev_mode:
            return super().format(record)
        short = logging.makeLogRecord({**record.__dict__, "msg": f"{record.getMessage()}: {error}", "args": None})
        short.exc_info = short.exc_text = None
        return super().format(short)


def _tell_shortly(error: FSMAgentsError, shown: list[str]) -> None:
    """Have Python say one line if ``error`` ends the program, and none if the log has said it. Its exit code stays 1."""
    before = sys.excepthook
    if before is not sys.__excepthook__ or sys.flags.dev_mode:
        return  # somebody else's business
    ours = weakref.ref(error)

    def hook(kind: type[BaseException], raised: BaseException, trace: TracebackType | None) -> None:
        if raised is not ours():
            before(kind, raised, trace)
        elif not any(str(raised) in line for line in shown):
            print(f"{kind.__name__}: {raised}", file=sys.stderr)  # noqa: T201 - where the traceback would have gone

    sys.excepthook = hook
