"""How long flow files take: ``python -m fsm_agents.testing.bench_flows`` prints one JSON object. Figures, not tests.

The flow is :func:`~fsm_agents.testing.big_flow.big_flow` (as it comes: 1,007 rows in 202 states). Figures are milliseconds of processor
time, the least of several runs: other work on the machine does not count, but a hot machine does.

    ``load_ms``       ``Flow.loads``: everything below up to ``structure``, from a text to a flow
    ``read_ms``       the text read, every name in it looked up
    ``flat_ms``       every state given its edges
    ``structure_ms``  what is proved at each load
    ``unset_ms``      what may be unset when it is said (F404), asked when a flow is bound or first begins
    ``table_ms``      the state table of the engine, built when the first conversation begins
    ``proofs_ms``     everything that ``check`` proves
    ``match_us``      a sentence that the first state takes is matched, in microseconds

    --states N  --rows N   how many states ask, and rows of each
    --runs N               how often each is measured
    --file FLOW            a flow file in its place
    --write                print the flow, and measure nothing
"""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.events import Begun
from fsm_agents.flows.machine.flatten import flatten
from fsm_agents.flows.machine.joined import flow_joint
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.notation.folder import read_text
from fsm_agents.flows.proof.check import check
from fsm_agents.flows.proof.structure import structure
from fsm_agents.flows.proof.told import Teller
from fsm_agents.flows.proof.unset_told import unset
from fsm_agents.flows.proof.ways import Ways
from fsm_agents.flows.words.pack import pack
from fsm_agents.flows.words.types import Moment
from fsm_agents.testing.big_flow import big_flow

__all__ = ["main", "measure"]

SENTENCES = 2_000
"""Sentences that are matched in one run."""


def measure(text: str, folder: Path | None = None, runs: int = 7) -> dict[str, float]:
    """The figures of one flow.

    Args:
        text: The file.
        folder: Where the files that it names are.
        runs: How often each figure is taken; the least counts.
    """
    spec = read_text(text, folder=folder).spec
    flow = Flow(spec)
    flat, ways = flatten(spec), Ways(flatten(spec))
    world = World(flat, pack(spec.lang))

    def load() -> None:
        made = Flow(read_text(text, folder=folder).spec)
        structure(made.flat)

    return {
        "rows": len(spec.rows),
        "states": len(flat.states),
        "load_ms": _least(load, runs),
        "read_ms": _least(lambda: read_text(text, folder=folder), runs),
        "flat_ms": _least(lambda: flatten(spec), runs),
        "structure_ms": _least(lambda: structure(flat), runs),
        "unset_ms": _least(lambda: unset(ways, Teller()), runs),
        "table_ms": _least(lambda: flow_joint(world), runs),
        "proofs_ms": _least(lambda: check(flat), min(runs, 3)),
        "match_us": _match(flow, runs),
    }


def _least(run: Callable[[], Any], runs: int) -> float:
    """The least milliseconds of some runs, with what was made before cleared away."""
    found = []
    for _ in range(runs):
        gc.collect()
        begun = time.process_time()
        run()
        found.append(time.process_time() - begun)
    return round(min(found) * 1e3, 2)


def _match(flow: Flow, runs: int) -> float:
    """Microseconds for the shortest sentence that the first state takes, with a filler before it."""
    data = flow.start()
    flow.step(data, Begun())
    words = flow.recogniser(data)
    moment = Moment(datetime.date(2026, 1, 5))
    said = f"um {min(words.keywords(), key=len, default='yes')}"

    def many() -> None:
        for _ in range(SENTENCES):
            words.read(said, moment)

    return round(_least(many, runs) * 1e3 / SENTENCES, 1)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m fsm_agents.testing.bench_flows", description="How long flow files take.")
    parser.add_argument("--states", type=int, default=200)
    parser.add_argument("--rows", type=int, default=5)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(argv)
    text = big_flow(given.states, given.rows) if given.file is None else given.file.read_text("utf-8")
    folder = None if given.file is None else given.file.parent
    if given.write:
        print(text)
        return 0
    print(json.dumps(measure(text, folder, given.runs), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
