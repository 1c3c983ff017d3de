"""``fsm-agents check FLOW…``: everything that reading finds and that can be proved, of each file, all problems at once."""

from __future__ import annotations

import json
import tomllib
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter

import attrs

from fsm_agents import __version__
from fsm_agents.cli.flow_files import bound, cache_folder, host_function, read_text
from fsm_agents.cli.flow_host import need_types
from fsm_agents.cli.flow_sounds import Sounds
from fsm_agents.errors import MisuseError, TableError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.machine.flatten import flatten
from fsm_agents.flows.notation.folder import read_flow
from fsm_agents.flows.problems import FlowError, Place, Problem, Severity, render
from fsm_agents.flows.proof.check import check_cached
from fsm_agents.flows.proof.report import summary, to_json, to_sarif

__all__ = ["FORMATS", "Told", "run_flows"]

FORMATS = ("text", "json", "sarif")


@attrs.frozen
class Told:
    """What was found in one file.

    Args:
        path: The file.
        problems: All of them, in the order of the files.
        flat: The flow, if it could be read.
        proved: Pairs of phrases that were proved different.
        took: Seconds.
        silent: Why nothing was asked of how words sound; empty: it was.
    """

    path: Path
    problems: tuple[Problem, ...]
    flat: FlatFlow | None
    proved: int
    took: float
    silent: str = ""

    def count(self, severity: Severity) -> int:
        """How many problems of a severity."""
        return sum(problem.severity is severity for problem in self.problems)


def run_flows(options: Namespace, paths: list[Path]) -> int:
    """Check. 1: a flow has an error; warnings and notes are only told."""
    for path in paths:
        read_text(path)  # what is no text at all is a misuse of the command, before anything is told
    found = [_checked(path, options) for path in paths]
    least = Severity.NOTE if options.notes else Severity.WARNING
    if options.format == "text":
        for told in found:
            _print(told, least, several=len(found) > 1)
    else:
        print(_machine_readable(options.format, [p for told in found for p in told.problems if p.severity >= least]))
    return 1 if any(told.count(Severity.ERROR) for told in found) else 0


def _checked(path: Path, options: Namespace) -> Told:
    begun = perf_counter()
    try:
        reading = read_flow(path)
        flat = flatten(reading.spec)
    except FlowError as wrong:
        return Told(path, wrong.problems, None, 0, perf_counter() - begun)
    except TableError as large:
        return Told(path, (Problem("F004", str(large), Place(str(path))),), None, 0, perf_counter() - begun)
    if options.bind:
        host_function(options.bind)
    need_types(flat, path, "check")
    sounds = Sounds.of(flat)
    folder = None if options.no_cache else cache_folder()
    checked = check_cached(flat, folder, ears=options.ears, phones=sounds.phones, sounds=sounds.name)
    problems = [*reading.problems, *checked.problems, *sounds.guessed(flat)]
    if options.bind:
        problems += _bound(Flow(reading.spec), options.bind)
    problems.sort(key=lambda p: (p.place.file, p.place.line, p.place.col, p.code))
    return Told(path, tuple(problems), flat, checked.proved, perf_counter() - begun, sounds.missing)


def _bound(flow: Flow, word: str) -> Iterable[Problem]:
    try:
        bound(flow, word)
    except FlowError as wrong:
        return wrong.problems
    return ()


# --- telling ----------------------------------------------------------------------------------------------------------------------------


def _print(told: Told, least: Severity, *, several: bool) -> None:
    for problem in told.problems:
        if problem.severity >= least:
            print(render(problem))
    if least is Severity.NOTE and told.silent:
        print(f"{told.path} F507 words that sound alike were not looked for: {told.silent} (note)")
    print(f"{told.path}: {_summary(told)}" if several else _summary(told))


def _summary(told: Told) -> str:
    took = f" ({told.took * 1000:.0f} ms)"
    if told.flat is not None:
        return summary(told.flat, told.problems, proved=told.proved) + took
    parts = [_count(told.count(Severity.ERROR), "error"), _count(told.count(Severity.WARNING), "warning")]
    return ", ".join(parts) + _size(told.path) + took


def _size(path: Path) -> str:
    """How much there is in a file that cannot be read as a flow, as far as it is TOML."""
    try:
        tree = tomllib.loads(read_text(path))
        blocks = [block.splitlines() for block in tree["rows"].values()]
        lines = [line.strip() for block in blocks for line in block]
        rows = sum(line.startswith("|") and not set(line) <= set("|-: ") for line in lines) - len(blocks)
        return f" in {_count(len(tree['states']), 'state')}, {_count(max(0, rows), 'row')}"
    except (MisuseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _machine_readable(form: str, problems: list[Problem]) -> str:
    made = to_json(problems) if form == "json" else to_sarif(problems, __version__)
    return json.dumps(made, indent=2, ensure_ascii=False)
