"""``fsm-agents stats``: what became of many recorded calls in a flow: outcomes, worst states, what nobody took, which rows were taken."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from fsm_agents.cli.flow_files import flow_of_call, read_flow_log, write_text
from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.observe.flow_calls import FlowCall
from fsm_agents.observe.flow_counts import FlowCounts, StateCount
from fsm_agents.observe.flow_words import row_text, short

__all__ = ["add_arguments", "run"]

WORST = 5
"""States that are named as the worst."""
REJECTED = 8
"""Phrases that are named for each of them."""
WIDTH = 120
"""Characters of a phrase in a line of a terminal."""
FORMS = (".html", ".svg", ".png", ".dot")


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("logs", nargs="+", type=Path, metavar="LOG", help="logs of one flow: flow.jsonl of each call")
    parser.add_argument(
        "--flow", type=Path, metavar="FLOW", help="the flow file (default: the one that the logs name, if it is still the same)"
    )
    parser.add_argument("--rows", action="store_true", help="how often each row was taken")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"show it there, on the diagram: {', '.join(FORMS)} (svg and png need [diagrams])",
    )


def run(options: Namespace) -> int:
    """Count, and tell."""
    if options.out is not None and options.out.suffix not in FORMS:
        msg = f"--out {options.out}: give a name that ends with {', '.join(FORMS)}"
        raise MisuseError(msg)
    calls = [(path, read_flow_log(path)) for path in options.logs]
    path, first = calls[0]
    for other, call in calls:
        if call.flow != first.flow:
            msg = f"{other}: is a log of the flow {call.flow!r}, and {path} of {first.flow!r}; count one flow at a time"
            raise MisuseError(msg)
    flow = _flow(calls, options.flow)
    if flow is None and (options.out is not None or options.rows):
        msg = f"the logs' own flow {first.flow!r} v{first.version} is not at hand ({first.file or 'no file is named'}): say --flow FLOW"
        raise MisuseError(msg)
    counts = FlowCounts(flow)
    for _, call in calls:
        counts.add(call)
    print(*_told(counts, first, rows=options.rows), sep="\n")
    if options.out is not None and flow is not None:
        _draw(flow, counts, options.out)
    return 0


def _flow(calls: list[tuple[Path, FlowCall]], given: Path | None) -> Flow | None:
    """The flow in whose rows the calls are counted."""
    for path, call in calls if given is None else calls[:1]:
        found = flow_of_call(call, path, given)
        if found is not None:
            return found
    return None


def _told(counts: FlowCounts, first: FlowCall, *, rows: bool) -> Iterator[str]:
    parts = [f"calls {counts.calls}"]
    parts += [f"{short(outcome)} {_share(count, counts.calls)}" for outcome, count in counts.outcomes.most_common()]
    worst = counts.worst()
    if worst:
        name, count = worst[0]
        kind, most = count.failures.most_common(1)[0]
        parts.append(f"worst state: {name} ({kind} {_share(most, count.turns + count.failures['no_input'])})")
    yield " · ".join(parts)
    if counts.flow is None:
        yield f"the flow {first.flow!r} v{first.version} is not at hand, so failures and rows are not counted: say --flow FLOW"
    elif counts.others:
        yield f"{counts.others} of the calls were held in another version than {counts.flow.spec.file}: their failures and rows are not counted"
    if worst:
        yield f"\n{'state':<24}{'turns':>8}{'failed':>8}{'no_match':>10}{'no_input':>10}{'invalid':>9}{'out_of_tries':>14}"
        for name, count in worst[:WORST]:
            yield _line(name, count)
        if len(worst) > WORST:
            yield f"… and {len(worst) - WORST} more states in which something failed"
    for name, count in worst[:WORST]:
        yield from _rejected(name, count)
    if rows:
        yield "\nrows"
        for edge, taken in counts.edges():
            assert edge.row is not None  # noqa: S101 - edges() gives rows
            yield f"{taken:>8}  {row_text(edge.row)}"


def _line(name: str, count: StateCount) -> str:
    kinds = [
        f"{count.failures[kind]:>{width}}"
        for kind, width in (("no_match", 10), ("no_input", 10), ("invalid", 9), ("out_of_tries", 14))
    ]
    return f"{name:<24}{count.turns:>8}{f'{count.share:.0%}':>8}{''.join(kinds)}"


def _rejected(name: str, count: StateCount) -> Iterator[str]:
    if not count.rejected:
        return
    yield f"\nnobody took in {name}: {len(count.rejected)} distinct phrase{'' if len(count.rejected) == 1 else 's'}"
    for text, times in count.rejected.most_common(REJECTED):
        yield f"{times:>8}  {short(text, WIDTH)}"
    if len(count.rejected) > REJECTED:
        yield f"       …  {len(count.rejected) - REJECTED} more"


def _share(count: int, whole: int) -> str:
    return f"{count / whole:.0%}".replace("%", " %") if whole else "–"


def _draw(flow: Flow, counts: FlowCounts, out: Path) -> None:
    from fsm_agents.flows.draw.dot import dot, png, svg
    from fsm_agents.flows.draw.page import page

    colours, labels = counts.colours()
    if out.suffix == ".html":
        data = page(flow.flat, counts=counts.for_page(), colours=colours, labels=labels).encode("utf-8")
    elif out.suffix == ".png":
        data = png(flow.flat, colours=colours, labels=labels)
    else:
        draw = svg if out.suffix == ".svg" else dot
        data = draw(flow.flat, colours=colours, labels=labels).encode("utf-8")
    write_text(out, data)
    print(f"drawn in {out}", file=sys.stdout)
