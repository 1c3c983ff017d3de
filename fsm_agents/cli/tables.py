"""The tables that the commands know by name: those of a voice agent. A flow is known by its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fsm_agents.errors import MisuseError, nearest
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.table import StateTable
from fsm_agents.machines.job import JOB, job_joint
from fsm_agents.machines.joined import CONVERSATION, TABLES
from fsm_agents.machines.link import LINK, Line, link_joint
from fsm_agents.machines.talk import Talk

__all__ = ["JOINTS", "joint_of", "shown_tables", "table"]

JOINTS: dict[str, tuple[Joint[Any], Callable[[], Any]]] = {
    "conversation": (CONVERSATION, Talk),
    "link": (link_joint(), Line),
    "job": (job_joint(), Shared),
}
"""What a log can be of: the joined machines by name, with what makes their data."""


def shown_tables() -> dict[str, StateTable[Any, Any]]:
    """Every table by name, those of a voice agent first."""
    return {**TABLES, "link": LINK, "job": JOB}


def table(name: str) -> StateTable[Any, Any]:
    """The table of that name.

    Raises:
        MisuseError: there is none; the message names the nearest.
    """
    found = shown_tables().get(name)
    if found is None:
        msg = f"there is no table {name!r}; {nearest(name, shown_tables())}"
        raise MisuseError(msg)
    return found


def joint_of(name: str) -> Joint[Any]:
    """The machines that a table is joined with, itself among them."""
    return next(joint for joint, _ in JOINTS.values() if name in joint.tables)
