"""What a search finds is a scene that can be played: it goes the same way, row by row, and ends in the same state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.flat import Edge
from fsm_agents.flows.proof.explore import explore_flow
from fsm_agents.flows.proof.watch import taken
from fsm_agents.testing.flows.scene import Scene, SceneFailed
from fsm_agents.testing.flows.seen import Seen
from fsm_agents.testing.flows.taken import Trail
from tests.flows.proof.small import BYE, USUAL, flat, text
from tests.testing.flows.flows import unproved

EXAMPLES = Path(__file__).parents[3] / "examples" / "flows"
SEARCHED = {"pizza": 250, "appointment": 250, "identify": 100, "more/code": 100, "more/note": 100, "more/table": 300}
"""How many states of each are searched: of the large ones some, of the others all."""


class Took:
    """Which rows a move took; each move is looked at once, though many properties ask."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.move: Any = None
        self.rows: frozenset[str] = frozenset()

    def of(self, move: Any) -> frozenset[str]:
        if move is not self.move:
            edges = (edge for _, edge, _ in taken(self.flow.joint, move.step) if edge is not None)
            self.move, self.rows = move, frozenset(map(name_of, edges))
        return self.rows

    def never(self, row: str) -> Callable[[Any], str | None]:
        """The property that a row is never taken: what breaks it is the shortest way to the row."""

        def look(move: Any) -> str | None:
            return "it is taken" if row in self.of(move) else None

        look.__name__ = row
        return look


def name_of(edge: Edge) -> str:
    return f"{edge.scope.path}{edge.place.line}"


def rows_of(scene: Scene) -> set[str]:
    """The rows that a scene takes; it must go as it says."""
    trail, found = Trail(scene.flow), set[str]()

    def watch(seen: Seen) -> None:
        found.update(name_of(took.edge) for took in trail.of(seen.step) if took.edge is not None)

    scene.play(watch)
    return found


@pytest.mark.parametrize("name", SEARCHED)
def test_the_way_to_every_row_can_be_played(name: str) -> None:
    """For each row of a flow: the shortest way that the search finds, read as a scene and played, takes it, and says and ends alike."""
    flow = Flow.load(EXAMPLES / f"{name}.toml")
    took, rows = Took(flow), dict.fromkeys(name_of(edge) for edge in flow.flat.edges.values() if edge.row is not None)
    found = explore_flow(flow.flat, [took.never(row) for row in rows], language=flow.pack, limit=SEARCHED[name])
    ways = [one for one in found.broken if one.message == "it is taken"]
    assert len(ways) == len(rows) - len(found.untaken) if found.complete else len(ways) > len(rows) // 2
    for way in ways:
        assert way.property in rows_of(Scene.of(flow, "\n".join(way.scene))), "\n".join(way.scene)


def test_what_time_does_not_allow_is_told() -> None:
    """The search lets any timer be the first; played, the patience of the state is over before."""
    rows = f'a | after 60s | | bye |\na | yes | | stay | say "Mm."\na | no | | bye |\na | out_of_tries | | out |\n{USUAL}'
    body = '[states.a]\nsay = "A?"\n[states.out]\nsay = "Out."\nend = "out"\n' + BYE
    (one,) = explore_flow(flat(text(rows, body)), ["never end done without no in a"]).broken
    assert one.scene == ("agent:  A?", "wait:   after 60s", "agent:  Bye.", "end:    done")
    flow = unproved(text(rows, body))
    with pytest.raises(SceneFailed) as failed:
        Scene.of(flow, "\n".join(one.scene)).play()
    assert "'after 60s' was never due: the call is over (out)" in str(failed.value)
    Scene.of(flow, "wait: 20s\ncaller: yes\nwait: 20s\ncaller: yes\nwait: after 60s\nend: done").play()
