"""``fsm-agents fmt``: the tables of flow files, aligned. The order of rows and everything else stays as it is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from fsm_agents.cli.flow_files import holds_flow, print_error, read_text, write_text
from fsm_agents.flows.notation.fmt import format_text
from fsm_agents.flows.problems import FlowError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("flows", nargs="+", type=Path, metavar="FLOW", help="flow files")
    parser.add_argument("--check", action="store_true", help="write nothing: say which files are not aligned, and exit with 1")
    parser.add_argument(
        "--only-flows",
        action="store_true",
        help="pass over TOML files that are no flows (for hooks, which are given all of them)",
    )


def run(options: Namespace) -> int:
    """Align. 1: a file has errors, or with ``--check`` is not aligned."""
    texts = {path: read_text(path) for path in options.flows}  # all of them can be read before the first is written
    code = 0
    for path, text in texts.items():
        if options.only_flows and not holds_flow(text):
            continue
        code = max(code, _format(path, text, check=options.check))
    return code


def _format(path: Path, text: str, *, check: bool) -> int:
    try:
        made = format_text(text, str(path))
    except FlowError as wrong:
        print_error(wrong)
        return 1
    if made == text:
        return 0
    if check:
        print(f"{path}: not aligned: run  fsm-agents fmt {path}")
        return 1
    write_text(path, made.encode("utf-8"), "fmt")
    count = sum(old != new for old, new in zip(text.splitlines(), made.splitlines(), strict=False))
    print(f"{path}: aligned ({count} line{'' if count == 1 else 's'}); order of rows untouched")
    return 0
