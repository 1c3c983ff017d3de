"""Random callers: long walks with more texts and says than the exhaustive search allows, and timers a millisecond early and late."""

from __future__ import annotations

import pytest

from fsm_agents.fsm.walks import WalkFailed, walk
from fsm_agents.machines.events import WordsHeard
from fsm_agents.machines.floor import soft
from fsm_agents.machines.joined import TABLES, join
from fsm_agents.machines.responses import PROPERTIES
from fsm_agents.machines.turn import TURN
from fsm_agents.machines.turn import Turn as T
from fsm_agents.machines.world import Bounds, voice_world

PER_RUN = 5_000


@pytest.mark.parametrize("final_ends_turn", [False, True])
def test_no_walk_breaks_a_property(final_ends_turn: bool) -> None:
    steps = walk(voice_world(Bounds(3, 3, final_ends_turn=final_ends_turn)), PROPERTIES, examples=120, steps=80)
    assert steps >= PER_RUN // 2


def test_a_walk_finds_a_hole_and_tells_it_in_few_lines() -> None:
    """Without its row for words in ANSWERING the agent talks on over a caller who says something."""
    row = next(row for row in TURN.rows if row.on == (WordsHeard,) and row.when is soft and T.ANSWERING in row.states)
    broken = join({**TABLES, "turn": TURN.without(row)})
    with pytest.raises(WalkFailed) as found:
        walk(voice_world(Bounds(1, 1), broken), PROPERTIES, examples=300, steps=80, seed=1)
    assert len(found.value.scene) <= 6
