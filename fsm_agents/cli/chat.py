"""``fsm-agents chat``: a flow as text on a terminal, with the person at the keys as caller, as host, and where there is none as model."""

from __future__ import annotations

import json
import logging
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import anyio

from fsm_agents.cli.chat_talk import Chat
from fsm_agents.cli.flow_files import load_flow
from fsm_agents.errors import MisuseError
from fsm_agents.flows.problems import FlowError, Severity, render

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("flow", metavar="FLOW", type=Path, help="a flow file (TOML)")
    parser.add_argument(
        "--session",
        metavar="FILE",
        type=Path,
        help="go on with the conversation in this file, if it is there; it is kept up to date",
    )


def run(options: Namespace) -> int:
    """Hold it. 0: it ended or was left; 1: the flow has errors; 2: it could not be held."""
    try:
        flow = load_flow(options.flow)
    except FlowError as wrong:
        for problem in wrong.problems:
            print(render(problem), file=sys.stderr)
        print(_counted(len(wrong.problems), "error"), file=sys.stderr)
        return 1
    warnings = sum(problem.severity is Severity.WARNING for problem in flow.problems)
    if warnings:
        print(f"{_counted(warnings, 'warning')}: fsm-agents check {options.flow} shows them", file=sys.stderr)
    chat = Chat(flow, _stored(options.session))
    log = logging.getLogger("fsm_agents")
    quiet = logging.NullHandler()  # what a person made fail on purpose need not be told to them with a traceback
    log.addHandler(quiet)
    try:
        anyio.run(chat.run)
    finally:
        log.removeHandler(quiet)
        if options.session is not None and chat.begun:
            chat.save(options.session)
    return 0


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _stored(path: Path | None) -> Any:
    if path is None or not path.exists():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as wrong:
        msg = f"--session {path}: cannot be read as JSON ({wrong}); give a file that chat has written, or another name"
        raise MisuseError(msg) from None
