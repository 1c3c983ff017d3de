"""Reading a step log for a command: its lines, and what it is a log of."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsm_agents.cli.tables import JOINTS
from fsm_agents.errors import MisuseError, nearest
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.replay import Log

__all__ = ["is_log_of_flow", "joint_of_log", "naming", "read_log"]


@contextmanager
def naming(path: Path) -> Generator[None]:
    """Put the path before what is wrong with a log."""
    try:
        yield
    except MisuseError as wrong:
        msg = f"{path}: {wrong}"
        raise MisuseError(msg) from wrong


def read_log(path: Path) -> list[str]:
    """The lines of a log.

    Raises:
        MisuseError: the file cannot be read as text.
    """
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        msg = f"{path}: cannot be read ({(error.strerror or str(error)).lower()}); give the path of a step log, for example steps.jsonl"
        raise MisuseError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: is no step log: it is not text; give the path of one, for example steps.jsonl"
        raise MisuseError(msg) from error


def is_log_of_flow(path: Path, lines: list[str]) -> bool:
    """Whether it is a log of a flow, whose machines are made of its file.

    Raises:
        MisuseError: it is no log.
    """
    with naming(path):
        settings = Log(lines[:1]).header.settings
    return "flow" in settings and "digest" in settings


def joint_of_log(path: Path, lines: list[str]) -> tuple[Joint[Any], Callable[[], Any]]:
    """The machines that a log is of, and what makes their data.

    Raises:
        MisuseError: it is no log, or of machines that this program does not have.
    """
    with naming(path):
        name = Log(lines[:1]).header.joint
    if name not in JOINTS:
        msg = f"{path}: is a log of {name!r}, which these commands do not know; {nearest(name, JOINTS)}"
        raise MisuseError(msg)
    return JOINTS[name]
