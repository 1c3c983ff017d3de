"""A walk that failed, told as a scene: what happened, where it led, what was said; and as a scene file, to be played again."""

from __future__ import annotations

import json
from typing import Final

from fsm_agents.testing.flows.answers import Model
from fsm_agents.testing.flows.seen import Seen
from fsm_agents.testing.flows.taken import Trail, last_row
from fsm_agents.testing.flows.walk import Finding, Walk

__all__ = ["as_scene", "story"]

WIDTH: Final = 120
"""Signs of a line of the story."""


def story(walk: Walk) -> str:
    """The walk as lines: who, what, where it led, what was said; the property first, the fix last."""
    finding = walk.finding
    assert finding is not None  # noqa: S101 - it failed
    named = f": {finding.name}" if finding.code == "F611" else ""
    head = (
        f"walk FAILED: {finding.code} {finding.message}{named}"
        if finding.code
        else f"walk FAILED: {finding.name}: {finding.message}"
    )
    told = _Told(walk)
    lines = [head, *told.lines()]
    row, fix = told.row, _fix(finding)
    lines += [f"   last row  {row}"] if row else []
    lines += [f"   fix: {fix}"] if fix else []
    return "\n".join(lines)


def as_scene(walk: Walk, flow: str) -> str:
    """The walk as a scene file that does the same again, up to where it failed.

    Args:
        walk: The walk.
        flow: What the file names as its flow.
    """
    lines = [what.line() for what in walk.happened if not (isinstance(what, Model) and what.strays)]
    block = "\n".join(line.replace("'''", "'") for line in lines)
    finding = walk.finding
    about = f"# {finding.name}: {finding.message}".replace("\n", " ")[:400] if finding is not None else "#"
    return f"{about}\nflow = {json.dumps(flow, ensure_ascii=False)}\nscene = '''\n{block}\n'''\n"


class _Told:
    """The walk done once more, and listened to."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        flow = walk.player.flow
        self.trail = Trail(flow)
        self.row = ""
        self.missed = False
        self.again = Walk(flow, walk.properties, self._see)

    def _see(self, seen: Seen) -> None:
        self.row = last_row(self.trail, seen.step) or self.row
        self.missed = self.missed or any("nobody takes it" in taken.fallback for taken in self.trail.of(seen.step))

    def lines(self) -> list[str]:
        player = self.again.player
        found = [self._line("begin", "", 0)]
        for what in self.walk.happened:
            self.missed, before = False, len(player.said)
            self.again.come(what)
            who, _, text = what.line().partition(":")
            found.append(self._line(who, text.strip(), before))
        return found

    def _line(self, who: str, text: str, before: int) -> str:
        player = self.again.player
        said = " ".join(f'"{line.text}"' for line in player.said[before:])
        where = player.where
        if self.missed:
            state = player.state
            tries = f"  (try {player.data.failures.tries} of {state.spec.tries})" if state is not None else ""
            led = f"→ nobody takes it: {said}{tries}"
        else:
            led = f"→ {where:<12} {said}"
        line = f"   {who:<8} {text[:60]:<26} {led}".rstrip()
        return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def _fix(finding: Finding) -> str:
    """What to write, where that is known."""
    state = finding.state.rpartition("/")[2]
    if finding.name == "takes_yes_and_no":
        missing = "no" if 'for "no"' in finding.message else "yes"
        return f"| {state} | {missing} | | ??? | |"
    if finding.name == "keeps_once_tools":
        return f"any but ({state})"
    if finding.name == "can_end":
        return f"| {state} | … | | (a state that ends) | |"
    if finding.name == "speaks_no_unset_value":
        return "put what may be unset into [ … ], or ask for it first"
    if finding.name == "keeps_secrets":
        return "say only  {slot:last4}  of a secret, and emit nothing of it"
    return ""
