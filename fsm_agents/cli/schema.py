"""``fsm-agents schema``: the JSON schema of flow files, for editors."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fsm_agents.cli.flow_files import write_text
from fsm_agents.flows.notation.schema import schema

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--out", metavar="FILE", type=Path, help="where to (default: the terminal)")


def run(options: Namespace) -> int:
    """Show it."""
    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if options.out is not None:
        write_text(options.out, text.encode("utf-8"))
    else:
        print(text, end="")
    return 0
