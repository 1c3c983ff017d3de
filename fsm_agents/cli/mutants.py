"""``fsm-agents mutants``: what the properties of the voice machines are worth. Each row and action is deleted in turn."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from time import perf_counter

from fsm_agents.cli.parser import at_least
from fsm_agents.errors import MisuseError, nearest
from fsm_agents.fsm.explore import World
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.mutants import score
from fsm_agents.machines.joined import CONVERSATION, TABLES, join
from fsm_agents.machines.responses import PROPERTIES
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.world import USUAL, voice_world

__all__ = ["add_arguments", "run"]

ENOUGH = 95.0
"""Per cent of the mutants that must be noticed; survivors are named in any case."""


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("table", nargs="?", help=f"only the mutants of one: {', '.join(TABLES)} (default: all, some minutes)")
    parser.add_argument("--processes", type=at_least(1), metavar="N", default=os.cpu_count() or 1, help="how many at a time")


def run(options: Namespace) -> int:
    """Score. 1: too few are noticed."""
    if options.table is not None and options.table not in TABLES:
        msg = f"there are no mutants of {options.table!r}; {nearest(options.table, TABLES)}"
        raise MisuseError(msg)
    print(f"deleting each row and action of {options.table or ', '.join(TABLES)} in turn …", flush=True)
    begun = perf_counter()
    found = score(
        _worlds, PROPERTIES, CONVERSATION, rebuild=join, processes=options.processes,
        only=lambda mutant: options.table in (None, mutant.machine),
    )  # fmt: skip
    print(found)
    print(f"{100 * found.killed / max(1, len(found.verdicts)):.1f} % noticed, {perf_counter() - begun:.0f} s")
    return 0 if found.killed * 100 >= ENOUGH * len(found.verdicts) else 1


def _worlds(joint: Joint[Talk]) -> list[World[Talk]]:
    """From small to large: most mutants are noticed in the smallest."""
    return [voice_world(bounds, joint) for bounds in USUAL]
