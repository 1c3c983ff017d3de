"""``fsm-agents replay``: a recorded call done again through the tables, and compared line by line; calls of a flow, in a new version of it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from fsm_agents.cli.flow_files import is_flow
from fsm_agents.cli.logs import is_log_of_flow, joint_of_log, naming, read_log
from fsm_agents.errors import MisuseError
from fsm_agents.fsm.replay import replay

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "logs",
        nargs="+",
        type=Path,
        metavar="LOG",
        help="the step log, for example fsm-agents-demo/steps.jsonl; with --flow: several",
    )
    parser.add_argument(
        "--flow", type=Path, metavar="FLOW", help="hold the calls in this flow, and say which would go differently"
    )


def run(options: Namespace) -> int:
    """Replay. 1: a step comes out otherwise; a call would go differently."""
    if options.flow is not None:
        from fsm_agents.cli.replay_flow import run_again  # other logs need nothing of flows

        return run_again(options.logs, options.flow)
    path, *more = options.logs
    if more:
        what = f"--flow {more[-1]}" if is_flow(more[-1]) else "--flow FLOW"
        msg = f"several logs are compared with a flow: say {what}; without it one log is done again"
        raise MisuseError(msg)
    lines = read_log(path)
    if is_log_of_flow(path, lines):
        from fsm_agents.cli.replay_flow import run_same

        return run_same(path, lines)
    joint, make_data = joint_of_log(path, lines)
    with naming(path):
        found = replay(joint, make_data, lines)
    print(f"{'same' if found.same else 'different'}: {found}")
    return 0 if found.same else 1
