"""``fsm-agents explore FLOW``: everything that can happen in a flow, searched with a few values for all; what breaks a property is a scene."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from time import perf_counter

from fsm_agents.cli.flow_files import load_flow, print_error
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.flows.proof.explore import LIMIT, explore_flow

__all__ = ["run_flow"]


def run_flow(options: Namespace) -> int:
    """Search. 1: the flow has errors, a property does not hold, or the search was cut off. 2: a property cannot be read."""
    begun = perf_counter()
    try:
        flow = load_flow(Path(options.table))
    except FlowError as wrong:
        print_error(wrong)
        return 1
    limit = options.limit or LIMIT
    print(f"searching {_name(flow)} …", flush=True, file=sys.stderr)
    found = explore_flow(flow.flat, options.properties or (), limit=limit, language=flow.pack)
    cut = "" if found.complete else f", and there the search was cut off (--limit {limit})"
    print(f"{found.places:,} states of the conversation, {found.steps:,} steps{cut} ({perf_counter() - begun:.1f} s)")
    for text in found.held:
        print(f"{'holds' if found.complete else 'holds so far'}: {text}")
    for broken in found.broken:
        print(f"\ndoes not hold: {broken}")
    if found.untaken and options.notes:
        print("\nnever taken:", *(f"  {place}" for place in found.untaken), sep="\n")
    return 1 if found.broken or not found.complete else 0


def _name(flow: Flow) -> str:
    return f"{flow.id} v{flow.version}: {len(flow.flat.states)} states, {len(flow.spec.rows)} rows"
