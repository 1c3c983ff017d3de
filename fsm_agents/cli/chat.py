"""``fsm-agents chat``: a flow as text on a terminal, with the person at the keys as caller, as host, and where there is none as model."""

from __future__ import annotations

import json
import logging
import sys
from argparse import ArgumentParser, Namespace
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TextIO

import anyio

from fsm_agents.cli.chat_talk import Chat
from fsm_agents.cli.flow_files import bound, load_flow
from fsm_agents.cli.flow_host import need_types
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
    parser.add_argument(
        "--log", metavar="FILE", type=Path, help="write its log there, for fsm-agents why, stats, replay and show --calls"
    )
    parser.add_argument(
        "--bind", metavar="MODULE:FUNCTION", help="what the host gives: slot types; tools and conditions are yours to answer"
    )


def run(options: Namespace) -> int:
    """Hold it. 0: it ended or was left; 1: the flow has errors; 2: it could not be held."""
    try:
        flow = load_flow(options.flow)
        if options.bind:
            bound(flow, options.bind)
    except FlowError as wrong:
        for problem in wrong.problems:
            print(render(problem), file=sys.stderr)
        print(_counted(len(wrong.problems), "error"), file=sys.stderr)
        return 1
    need_types(flow.flat, options.flow, "chat")
    warnings = sum(problem.severity is Severity.WARNING for problem in flow.problems)
    if warnings:
        print(f"{_counted(warnings, 'warning')}: fsm-agents check {options.flow} shows them", file=sys.stderr)
    chat = Chat(flow, _stored(options.session))
    log = logging.getLogger("fsm_agents")
    quiet = logging.NullHandler()  # what a person made fail on purpose need not be told to them with a traceback
    with _opened(options.log) as file:
        if file is not None:
            chat.session.record(file.write)
        log.addHandler(quiet)
        try:
            anyio.run(chat.run)
        finally:
            log.removeHandler(quiet)
            if options.session is not None and chat.begun:
                chat.save(options.session)
    if options.log is not None:
        print(f"its log: {options.log}; fsm-agents why {options.log} lists its turns", file=sys.stderr)
    return 0


def _opened(path: Path | None) -> AbstractContextManager[TextIO | None]:
    """The log, line by line: what was said is in it, however the conversation ends."""
    if path is None:
        return nullcontext()
    try:
        return path.open("w", encoding="utf-8", buffering=1)
    except OSError as error:
        msg = f"--log {path}: cannot be written ({(error.strerror or str(error)).lower()}); give a file in a folder that exists"
        raise MisuseError(msg) from error


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
