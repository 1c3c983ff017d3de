"""``fsm-agents explore``: the exhaustive search over the joined voice machines, with every property that must hold; or over a flow."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from time import perf_counter

from fsm_agents.cli.flow_files import is_flow
from fsm_agents.cli.parser import at_least
from fsm_agents.errors import MisuseError
from fsm_agents.fsm.check import check_explored, level, render
from fsm_agents.fsm.explore import Report, explore
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.machines.responses import PROPERTIES
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.world import USUAL, Bounds, voice_world

__all__ = ["add_arguments", "run"]

DEEP = (Bounds(1, 1), Bounds(1, 1, final_ends_turn=True), Bounds(2, 1, losses=False))
"""What a deep search covers: all that is told apart, together, and two turns that are owed at a time."""
LIMIT = 1_000_000
"""Joint states of a search at the most: 3.4 kB each. The largest of the usual searches has 19,408."""


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("table", nargs="?", metavar="FLOW", help="a flow file (default: the voice machines)")
    parser.add_argument(
        "--property", action="append", dest="properties", metavar="TEXT",
        help='of a flow: what must hold, for example "never call place_order without yes in confirm"; may be repeated',
    )  # fmt: skip
    parser.add_argument("--limit", type=at_least(1), metavar="N", help="of a flow: most states to look at")
    parser.add_argument(
        "--scene", metavar="FILE", help="of a flow: write what breaks a property there, as scenes that fsm-agents test plays"
    )
    parser.add_argument("--notes", action="store_true", help="of a flow: name the rows that were never taken")
    parser.add_argument(
        "--texts", type=at_least(0), metavar="N", help="one search: turns of the caller that may be owed at a time"
    )
    parser.add_argument("--says", type=at_least(0), metavar="N", help="one search: says that may wait at a time")
    parser.add_argument("--deep", action="store_true", help="everything that is told apart, together: takes many minutes")


def run(options: Namespace) -> int:
    """Search. 1: something does not hold."""
    machines = options.texts is not None or options.says is not None or options.deep
    if options.table is not None:
        return _flow(options, machines=machines)
    if options.properties or options.limit or options.notes or options.scene:
        msg = "--property, --limit, --scene and --notes are about a flow: name its file, for example flow.toml"
        raise MisuseError(msg)
    own = options.texts is not None or options.says is not None
    bounds = (Bounds(options.texts or 0, options.says or 0),) if own else DEEP if options.deep else USUAL
    reports = [_search(each) for each in bounds]
    findings = [finding for report in reports for finding in report.findings]
    print()
    for finding in findings:
        print(f"{finding}\n")
    about_tables = (
        [] if own else check_explored(CONVERSATION, *reports)
    )  # in one small world most rows are idle, and that is no fault
    if about_tables:
        print(f"the tables, held against what happened:\n{render(about_tables)}")
    wrong = any(level(problem) == "error" for problem in about_tables) or not all(report.complete for report in reports)
    print("everything that must hold does hold" if not findings else f"{len(findings)} of what must hold does not")
    return 1 if findings or wrong else 0


def _flow(options: Namespace, *, machines: bool) -> int:
    from fsm_agents.cli.explore_flow import run_flow  # the voice machines need nothing of flows

    if not is_flow(options.table):
        msg = f"explore {options.table}: give a flow file that ends with .toml; without one the voice machines are searched"
        raise MisuseError(msg)
    if machines:
        msg = "--texts, --says and --deep are about the voice machines, not about a flow"
        raise MisuseError(msg)
    return run_flow(options)


def _search(bounds: Bounds) -> Report[Talk]:
    how = "ends" if bounds.final_ends_turn else "does not end"
    losses = "speech-to-text may fail" if bounds.losses else "speech-to-text works"
    losses += ", an apology may have failed before" if bounds.mute else ""
    print(
        f"searching with {bounds.texts} text(s) and {bounds.says} say(s), {losses}, a final transcript {how} a turn …", flush=True
    )
    begun = perf_counter()
    report = explore(voice_world(bounds), PROPERTIES, limit=LIMIT)
    states, steps = len(report.graph.nodes), report.steps
    whole = "" if report.complete else ", and then the search was cut off"
    print(f"  {states:,} joint states, {len(report.combinations)} combinations of resting states, {steps:,} steps{whole}")
    print(f"  {len(report.taken)} rows taken, {len(report.findings)} findings, {perf_counter() - begun:.1f} s")
    return report
