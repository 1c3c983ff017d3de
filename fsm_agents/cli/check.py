"""``fsm-agents check``: the review of tables, all problems at once."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from fsm_agents.cli.tables import joint_of, shown_tables, table
from fsm_agents.fsm.check import check, level, render

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("table", nargs="?", help=f"one of: {', '.join(shown_tables())} (default: all)")


def run(options: Namespace) -> int:
    """Check. 1: a table has an error; warnings and notes are only told."""
    tables = {options.table: table(options.table)} if options.table else shown_tables()
    failed = False
    for name, each in tables.items():
        found = check(each, joint=joint_of(name))
        failed |= any(level(problem) == "error" for problem in found)
        *lines, counted = render(found).splitlines()
        print(f"{name}: {counted}", *(f"  {line}" for line in lines), sep="\n")
    return 1 if failed else 0
