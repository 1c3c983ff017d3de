"""``python -m tests.faults.matrix``: every fault × stage × turn state, each in a call of its own; prints what came of it as Markdown.

Several calls at a time, each with a provider process of its own, and one more that behaves: the last. ``--quick`` plays what the tests play.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterable

import anyio

from fsm_agents.testing.provider import ProviderServer
from tests.faults.cells import Cell, Result, play, quick_retries
from tests.faults.lanes import providers
from tests.faults.outcomes import LASTING, STAGES, TURN_STATES

__all__ = ["crossings", "every_fault", "every_state", "play_all", "slow_first"]

LANES = 4


async def play_all(cells: Iterable[Cell], servers: list[ProviderServer], *, warm: bool = True) -> list[Result]:
    """Play all cells, on as many lanes as there are providers but for the last, which behaves.

    Args:
        cells: What to play.
        servers: Where.
        warm: First load what the client loads with the first call of a kind: that takes seconds of life.
    """
    quick_retries()
    *lanes, good = servers
    waiting, results = list(reversed(list(cells))), []

    async def lane(server: ProviderServer) -> None:
        while waiting:
            results.append(await play(waiting.pop(), server, good))

    if warm:
        async with anyio.create_task_group() as tasks:
            for stage, server in zip(STAGES, lanes, strict=False):
                tasks.start_soon(play, Cell("", stage), server, good)
    async with anyio.create_task_group() as tasks:
        for server in lanes:
            tasks.start_soon(lane, server)
    return results


def every_fault(*, lasts: bool) -> list[Cell]:
    """Each fault on each stage, in the caller's first turn."""
    return [Cell(fault, stage, lasts=lasts) for fault in slow_first(LASTING) for stage in STAGES]


def slow_first(faults: Iterable[str]) -> list[str]:
    """Faults, but those that take long at the beginning: the lanes end at about the same time then."""
    return sorted(faults, key=lambda fault: fault not in ("slow", "stall", "empty", "huge"))


def every_state(fault: str = "error_event") -> list[Cell]:
    """Each stage in each state of the turn, with one fault."""
    return [Cell(fault, stage, state) for state in TURN_STATES for stage in STAGES]


def crossings() -> list[Cell]:
    """All of it: what lasts and what passes, alone and with a second provider."""
    cells = [
        Cell(fault, stage, state, lasts)
        for fault in LASTING
        for stage in STAGES
        for state in TURN_STATES
        for lasts in (True, False)
    ]
    return cells + [Cell(fault, stage, fallback=True) for fault in LASTING for stage in STAGES if stage != "realtime"]


def table(title: str, rows: Iterable[str], results: dict[tuple[str, str], str]) -> str:
    """A Markdown table of outcomes."""
    lines = [f"| {title} | {' | '.join(STAGES)} |", "|---|" + "---|" * len(STAGES)]
    shown = [row for row in rows if any((row, stage) in results for stage in STAGES)]
    lines += [f"| {row} | {' | '.join(results.get((row, stage), '·') for stage in STAGES)} |" for row in shown]
    return "\n".join(lines)


def report(results: list[Result]) -> str:
    """The tables, the longest silence of each stage, and what must never be."""
    first = [each for each in results if each.cell.moment == "first turn"]
    parts = []
    for title, chosen in {
        "lasting": [each for each in first if each.cell.lasts and not each.cell.fallback],
        "once": [each for each in first if not each.cell.lasts],
        "with a fallback": [each for each in first if each.cell.fallback],
    }.items():
        if chosen:
            parts.append(table(f"fault, {title}", LASTING, {(each.cell.fault, each.cell.stage): each.outcome for each in chosen}))
    for lasts in (True, False):
        states: dict[tuple[str, str], set[str]] = {}
        for each in results:
            if each.cell.lasts == lasts and not each.cell.fallback:
                states.setdefault((each.cell.moment, each.cell.stage), set()).add(each.outcome)
        if states:
            title = "turn state, lasting" if lasts else "turn state, once"
            parts.append(table(title, TURN_STATES, {key: ", ".join(sorted(found)) for key, found in states.items()}))
    worst = {stage: max((each.silence for each in results if each.cell.stage == stage), default=0.0) for stage in STAGES}
    parts.append(
        "Longest silence, in seconds of life: " + ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in worst.items())
    )
    wrong = [f"* {each.cell}: {each.outcome}: {what}" for each in results for what in each.wrong]
    parts.append("\n".join(wrong) or f"{len(results)} calls, and nothing that must never be.")
    return "\n\n".join(parts)


def main() -> int:
    """Play, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each fault × stage and each stage × state once")
    parser.add_argument("--backend", choices=("asyncio", "trio"), default="asyncio")
    parser.add_argument("--lanes", type=int, default=LANES, help="calls at a time")
    parser.add_argument("--only", default="", help="only cells whose line has these words")
    parser.add_argument("--log", action="store_true", help="show the log")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO if asked.log else logging.CRITICAL)
    cells = [*every_fault(lasts=True), *every_fault(lasts=False), *every_state()] if asked.quick else crossings()
    cells = [cell for cell in cells if asked.only in str(cell)]
    with providers(asked.lanes + 1) as servers:
        results = anyio.run(play_all, cells, servers, backend=asked.backend)
    print(report(results))
    return 1 if any(each.wrong for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
