"""``fsm-agents replay``: a recorded call done again through the tables, and compared line by line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from fsm_agents.cli.logs import joint_of_log, naming, read_log
from fsm_agents.fsm.replay import replay

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("log", type=Path, metavar="LOG", help="the step log, for example fsm-agents-demo/steps.jsonl")


def run(options: Namespace) -> int:
    """Replay. 1: a step comes out otherwise."""
    lines = read_log(options.log)
    joint, make_data = joint_of_log(options.log, lines)
    with naming(options.log):
        found = replay(joint, make_data, lines)
    print(f"{'same' if found.same else 'different'}: {found}")
    return 0 if found.same else 1
