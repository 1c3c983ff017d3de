"""What the checks, scenes and properties of a flow are worth: each row is deleted and altered in turn, and somebody must notice.

    fsm-agents test pizza.toml --mutants

A mutant that nobody notices is a row without a scene, or a property that is missing from ``[prove]``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.notation.folder import read_text
from fsm_agents.flows.problems import FlowError, Severity
from fsm_agents.flows.proof.check import check
from fsm_agents.flows.proof.explore import explore_flow
from fsm_agents.testing.flows.scene import Scene, SceneFailed
from fsm_agents.testing.flows.walks import WalkFailed, walk_flow

__all__ = ["Mutant", "mutants_of", "noticed", "report", "told", "tried"]

WALKS, STEPS, STATES = 30, 25, 1_500
"""Of each mutant; what is looked at is small, because there are many."""


@attrs.frozen
class Mutant:
    """One change.

    Args:
        line: The row's line in the file.
        what: What was done: ``deleted``, ``when dropped``, ``do dropped``, ``to … instead of …``.
        row: The row as it was.
        text: The whole file with the change.
    """

    line: int
    what: str
    row: str
    text: str

    def __str__(self) -> str:
        return f"{self.line}: {self.what}: {' '.join(self.row.split())}"


def mutants_of(flow: Flow) -> Iterator[Mutant]:
    """Each row of a flow's own file: deleted; without its condition; without what it does; leading to ``stay``, or from there to the start."""
    lines = flow.spec.text.splitlines(keepends=True)
    for row in flow.spec.rows:
        at = row.place.line - 1
        old = lines[at] if row.place.file == flow.spec.file and at >= 0 else ""
        cells = old.split("|")
        if len(cells) < 3:  # noqa: PLR2004 - a row of a file has them
            continue
        yield Mutant(at + 1, "deleted", old, "".join([*lines[:at], *lines[at + 1 :]]))
        headers = ([name.strip() for name in line.split("|")] for line in reversed(lines[:at]))
        names = next(header for header in headers if header[1:2] == ["in"])
        target = "stay" if row.cells[3] != "stay" else flow.spec.start
        for name, cell, what in (("when", " ", "when dropped"), ("do", " ", "do dropped"), ("to", f" {target} ", f"to {target}")):
            place = names.index(name) if name in names else 0
            if place and cells[place].strip():
                changed = "|".join([*cells[:place], cell, *cells[place + 1 :]])
                yield Mutant(at + 1, what, old, "".join([*lines[:at], changed, *lines[at + 1 :]]))


def noticed(mutant: Mutant, flow: Flow, folder: Path, scenes: list[Path], known: frozenset[str]) -> str:
    """Who notices: ``check``, ``scene``, ``explore``, ``walk``; empty: nobody.

    Args:
        mutant: The change.
        flow: The flow without it.
        folder: Where the flow's file is.
        scenes: Its scene files.
        known: What the check says of the flow without it, notes aside; see :func:`told`.
    """
    try:
        changed = Flow(read_text(mutant.text, flow.spec.file, folder=folder).spec)
        if told(changed) - known:
            return "check"
    except FlowError:
        return "check"
    try:
        for path in scenes:
            for scene in Scene.load(path, changed):
                scene.play()
    except (SceneFailed, FlowError):
        return "scene"
    if explore_flow(changed.flat, language=changed.pack, limit=STATES).broken:
        return "explore"
    try:
        walk_flow(changed, walks=WALKS, steps=STEPS, seed=1)
    except WalkFailed:
        return "walk"
    return ""


def told(flow: Flow) -> frozenset[str]:
    """The errors and warnings of a flow, without the lines they are in."""
    return frozenset(f"{one.code} {one.message}" for one in check(flow.flat) if one.severity > Severity.NOTE)


def tried(flow: Flow, folder: Path, scenes: list[Path]) -> Iterator[tuple[Mutant, str]]:
    """Every mutant of a flow, and who notices it: see :func:`noticed`.

    Raises:
        MisuseError: a scene fails, or a property does not hold, without any change: then everything would be noticed.
    """
    known = told(flow)
    who = noticed(Mutant(0, "nothing", "", flow.spec.text), flow, folder, scenes, known)
    if who:
        raise MisuseError(f"{flow.spec.file}: a {who} fails already, so it would notice everything; mend that first")
    for mutant in mutants_of(flow):
        yield mutant, noticed(mutant, flow, folder, scenes, known)


def report(found: Iterable[tuple[Mutant, str]]) -> Iterator[str]:
    """Lines: each mutant that nobody notices, and how many are noticed by whom."""
    counts: Counter[str] = Counter()
    for mutant, who in found:
        counts[who] += 1
        if not who:
            yield f"nobody notices {mutant}"
    noted = ", ".join(f"{counts[who]} by {who}" for who in ("check", "scene", "explore", "walk"))
    yield f"mutants {counts.total() - counts['']}/{counts.total()} noticed ({noted})"
