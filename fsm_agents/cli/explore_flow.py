"""``fsm-agents explore FLOW``: everything that can happen in a flow, searched with a few values for all; what breaks a property is a scene."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from fsm_agents.cli.flow_files import load_flow, print_error, write_text
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.flows.proof.explore import LIMIT, Counterexample, explore_flow

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
    if options.scene and found.broken:
        _write_scenes(Path(options.scene), Path(options.table), flow, found.broken)
    elif options.scene:
        print(f"nothing broken was found, so {options.scene} is not written")
    return 1 if found.broken or not found.complete else 0


def _write_scenes(out: Path, path: Path, flow: Flow, broken: Sequence[Counterexample]) -> None:
    """Each counterexample as a scene. The search knows no time: one that a clock does not allow is told."""
    from fsm_agents.testing.flows.scene import Scene, SceneFailed  # here: who only searches needs none of it

    named = os.path.relpath(path, out.parent)
    parts = [
        f"# what fsm-agents explore {path.name} found; a scene passes as long as the flow does this\nflow = {_quoted(named)}"
    ]
    odd: list[str] = []
    for number, one in enumerate(broken, 1):
        text, name = "".join(f"{line}\n" for line in one.scene), f"counterexample {number}"
        about = " ".join(f"{one.property}: {one.message}".split())
        parts.append(f"# {about}\n[[scenes]]\nname  = {_quoted(name)}\nscene = {_block(text)}")
        try:
            Scene.of(flow, text, name).play()
        except (SceneFailed, FlowError) as wrong:
            odd.append(f"{name}: goes otherwise when a clock runs: {str(wrong).strip()}")
    write_text(out, ("\n\n".join(parts) + "\n").encode(), "--scene")
    print(f"\nwrote {out}; play it: fsm-agents test {path} --scenes {out}", *odd, sep="\n")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _block(text: str) -> str:
    """Lines as TOML: as they stand, unless they hold what ends or spoils a block."""
    plain = "'''" not in text and all(sign.isprintable() or sign == "\n" for sign in text)
    return f"'''\n{text}'''" if plain else _quoted(text)


def _name(flow: Flow) -> str:
    return f"{flow.id} v{flow.version}: {len(flow.flat.states)} states, {len(flow.spec.rows)} rows"
