"""``fsm-agents replay`` for logs of flows: the same call in the same flow, step by step; or past calls in a new version of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fsm_agents.cli.flow_files import flow_of_call, load_flow, read_flow_log
from fsm_agents.cli.logs import naming
from fsm_agents.errors import MisuseError
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.fsm.replay import replay
from fsm_agents.observe.flow_again import Held, again
from fsm_agents.observe.flow_calls import CLASSES, FlowCall
from fsm_agents.observe.flow_words import short

__all__ = ["run_again", "run_same"]

SHOWN = 20
"""Calls that go differently and are shown one by one."""


def run_same(path: Path, lines: Sequence[str]) -> int:
    """A call again in its own flow. 1: a step comes out otherwise."""
    call = read_flow_log(path, lines)
    flow = flow_of_call(call, path, None)
    if flow is None:
        msg = (
            f"{path}: was held in {call.flow} v{call.version}, and {call.file or 'no file'} is not that flow any more: "
            "say --flow FLOW to see which calls would go differently"
        )
        raise MisuseError(msg)
    with naming(path):
        found = replay(flow.joint, FlowData, lines, classes=CLASSES)
    print(f"{'same' if found.same else 'different'}: {found}")
    return 0 if found.same else 1


def run_again(paths: Sequence[Path], file: Path) -> int:
    """Past calls in a flow. 1: one would go differently."""
    flow = load_flow(file)
    held: list[Held] = []
    for path in paths:
        call = read_flow_log(path)
        with naming(path):
            held.append(again(flow, call))
    differ = [each for each in held if each.verdict == "differs"]
    unknown = [each for each in held if each.verdict == "unknown"]
    print(_summary(held, differ, unknown))
    for each in differ[:SHOWN]:
        print(*_told(each), sep="\n")
    if len(differ) > SHOWN:
        print(f"… and {len(differ) - SHOWN} more calls differ")
    for each in unknown:
        print(f"call {short(each.call.name)}: cannot be told from turn {each.turn} on: {each.why}", file=sys.stderr)
    assumed = sorted({name for each in held for name in each.assumed})
    if assumed:
        print(f"taken as no, since the logs do not say: {', '.join(assumed)}", file=sys.stderr)
    if any(each.call.began is None for each in held):
        print("some logs do not say when the call was: dates in them are understood as of today", file=sys.stderr)
    return 1 if differ else 0


def _summary(held: list[Held], differ: list[Held], unknown: list[Held]) -> str:
    same = len(held) - len(differ) - len(unknown)
    parts = [f"{same} same path"]
    if differ:
        first = differ[0]
        parts.append(
            f"{len(differ)} differ: first at call {short(first.call.name)} turn {first.turn} ({first.before} → {first.now})"
        )
    if unknown:
        parts.append(f"{len(unknown)} cannot be told")
    return f"{len(held)} call{'' if len(held) == 1 else 's'}: {', '.join(parts)}"


def _told(each: Held) -> Iterator[str]:
    yield f"\ncall {short(each.call.name)}  turn {each.turn}  {_said(each)}"
    path = [state for state in each.path if not state.startswith("(")]  # without the one before the first
    yield f"    before  {' → '.join([*path, each.before])}{_rest(each.call, each)}"
    yield f"    now     {' → '.join([*path, each.now])}"


def _said(each: Held) -> str:
    return f'"{short(each.said)}"' if each.said else "before the caller said anything"


def _rest(call: FlowCall, each: Held) -> str:
    """How the call went on in the log."""
    rest = [move.state for move in call.moves if move.n > each.n]
    shown = "".join(f" → {state}" for state in rest[:8]) + (" → …" if len(rest) > 8 else "")  # noqa: PLR2004 - a line or two
    return f"{shown}   {short(call.outcome) or '(no end in the log)'}"
