"""The small worlds: the same proof with fewer texts and says, in seconds; here every branch of the tables' functions is run.

Those that lose words are searched in test_conversation, which also counts the rows that were taken there.
"""

from __future__ import annotations

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.explore import explore
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.machines.label import LABELS, label
from fsm_agents.machines.responses import PROPERTIES
from fsm_agents.machines.world import USUAL, Bounds, voice_world


def name(bounds: Bounds) -> str:
    """Of a test."""
    return (
        f"{bounds.texts} texts, {bounds.says} says"
        + (", a final one ends the turn" if bounds.final_ends_turn else "")
        + (", mute" if bounds.mute else "")
    )


LOSSES = [bounds for bounds in USUAL[:-1] if bounds in (Bounds(1, 0), Bounds(0, 1))]
SMALL = [bounds for bounds in USUAL[:-1] if bounds not in LOSSES]


def test_two_are_searched_in_the_other_file() -> None:
    assert len(LOSSES) == 2


@pytest.mark.parametrize("bounds", SMALL, ids=name)
def test_a_small_world_holds(bounds: Bounds) -> None:
    report = explore(voice_world(bounds), PROPERTIES)
    assert report.findings == []
    assert report.complete


def test_every_label_occurs() -> None:
    report = explore(voice_world(Bounds(1, 1)), limit=3_000)
    assert {label(talk) for talk in report.graph.nodes} == set(LABELS)


@pytest.mark.parametrize("seconds", [0, -5, True, "5", float("nan")])
def test_a_delay_that_cannot_be_is_refused(seconds: object) -> None:
    with pytest.raises(MisuseError, match="wake_up must be above 0 seconds"):
        new_talk(wake_up=seconds)  # type: ignore[arg-type]


def test_a_timer_that_is_not_known_is_refused_with_the_nearest_that_is() -> None:
    with pytest.raises(MisuseError, match="no timer is called 'endpont': did you mean 'endpoint'"):
        new_talk(endpont=1.0)


def test_an_idle_conversation_is_small() -> None:
    talk = new_talk()
    assert CONVERSATION.arms(talk) == []
