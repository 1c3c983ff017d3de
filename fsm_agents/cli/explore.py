"""``fsm-agents explore``: the exhaustive search over the joined voice machines, with every property that must hold."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from time import perf_counter

from fsm_agents.cli.parser import at_least
from fsm_agents.fsm.check import check_explored, level, render
from fsm_agents.fsm.explore import Report, explore
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.machines.responses import PROPERTIES
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.world import voice_world

__all__ = ["add_arguments", "run"]

DEEP = 2
"""Texts and says of a deep search: two of a kind are the fewest that can overtake each other."""
LIMIT = 500_000
"""Joint states of a search at the most: 3.4 kB each. The usual search has 10,370."""


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "--texts", type=at_least(0), metavar="N", help="turns of the caller that may be owed at a time (default: 1)"
    )
    parser.add_argument("--says", type=at_least(0), metavar="N", help="says that may wait at a time (default: 1)")
    parser.add_argument("--deep", action="store_true", help=f"{DEEP} of each: takes some minutes")


def run(options: Namespace) -> int:
    """Search. 1: something does not hold."""
    usual = DEEP if options.deep else 1
    texts = usual if options.texts is None else options.texts
    says = usual if options.says is None else options.says
    reports = [_search(texts, says, final_ends_turn=setting) for setting in (False, True)]
    findings = [finding for report in reports for finding in report.findings]
    print()
    for finding in findings:
        print(f"{finding}\n")
    talked = min(texts, says) > 0  # where nothing is said, most rows are idle, and that is no fault of theirs
    about_tables = check_explored(CONVERSATION, *reports) if talked else []
    if about_tables:
        print(f"the tables, held against what happened:\n{render(about_tables)}")
    wrong = any(level(problem) == "error" for problem in about_tables) or not all(report.complete for report in reports)
    print("everything that must hold does hold" if not findings else f"{len(findings)} of what must hold does not")
    return 1 if findings or wrong else 0


def _search(texts: int, says: int, *, final_ends_turn: bool) -> Report[Talk]:
    how = "ends" if final_ends_turn else "does not end"
    print(f"searching with {texts} text(s) and {says} say(s), where a final transcript {how} a turn …", flush=True)
    begun = perf_counter()
    report = explore(voice_world(texts=texts, says=says, final_ends_turn=final_ends_turn), PROPERTIES, limit=LIMIT)
    states, steps = len(report.graph.nodes), report.steps
    whole = "" if report.complete else ", and then the search was cut off"
    print(f"  {states:,} joint states, {len(report.combinations)} combinations of resting states, {steps:,} steps{whole}")
    print(f"  {len(report.taken)} rows taken, {len(report.findings)} findings, {perf_counter() - begun:.1f} s")
    return report
