"""``fsm-agents check``: the review of tables and of flows, all problems at once."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from fsm_agents.cli.flow_files import holds_flow, is_flow, read_text
from fsm_agents.cli.tables import joint_of, shown_tables, table
from fsm_agents.errors import MisuseError
from fsm_agents.fsm.check import check, level, render
from fsm_agents.fsm.table import StateTable

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="FLOW",
        help=f"flow files, or one of the tables: {', '.join(shown_tables())} (default: all tables)",
    )
    parser.add_argument("--format", choices=("text", "json", "sarif"), default="text", help="of flows: how (default: text)")
    parser.add_argument("--notes", action="store_true", help="of flows: notes too")
    parser.add_argument(
        "--ears", choices=("open", "grammar"), default="open",
        help="of flows: grammar: speech-to-text that knows nothing but the words of a state (default: open)",
    )  # fmt: skip
    parser.add_argument("--no-cache", action="store_true", help="of flows: prove it again, though it was proved before")
    parser.add_argument(
        "--only-flows",
        action="store_true",
        help="pass over TOML files that are no flows (for hooks, which are given all of them)",
    )
    parser.add_argument("--bind", metavar="MODULE:FUNCTION", help="of flows: also hold it against what this function binds")


def run(options: Namespace) -> int:
    """Check. 1: a table or a flow has an error; warnings and notes are only told."""
    flows = [name for name in options.names if is_flow(name)]
    if flows:
        if len(flows) < len(options.names):
            other = next(name for name in options.names if name not in flows)
            msg = f"check {other}: flow files end with .toml; check tables and flows one after the other"
            raise MisuseError(msg)
        from fsm_agents.cli.check_flow import run_flows  # tables need nothing of flows

        paths = [Path(name) for name in dict.fromkeys(flows)]
        return run_flows(options, [path for path in paths if not options.only_flows or holds_flow(read_text(path))])
    if (
        options.format != "text"
        or options.notes
        or options.ears != "open"
        or options.no_cache
        or options.bind
        or options.only_flows
    ):
        msg = "--format, --notes, --ears, --no-cache, --only-flows and --bind are about flows: name their files, for example flow.toml"
        raise MisuseError(msg)
    return _tables({name: table(name) for name in options.names} or shown_tables())


def _tables(tables: dict[str, StateTable[Any, Any]]) -> int:
    failed = False
    for name, each in tables.items():
        found = check(each, joint=joint_of(name))
        failed |= any(level(problem) == "error" for problem in found)
        *lines, counted = render(found).splitlines()
        print(f"{name}: {counted}", *(f"  {line}" for line in lines), sep="\n")
    return 1 if failed else 0
