"""How rows, guards and actions are called: one spelling, no addresses."""

from __future__ import annotations

from functools import partial

import pytest

from fsm_agents.fsm.draw_words import function_name, identifiers, row_text
from tests.fsm.phone import LINE, VOICE, begin, few_rings


def test_states_whose_ids_would_be_one_get_two() -> None:
    """``wake-up`` and ``wake_up`` differ for the table."""
    assert identifiers(["wake-up", "wake_up", "Wake Up", "!"], "s_") == ["s_wake_up", "s_wake_up__2", "s_wake_up__3", "s_x"]


class Calm:
    def __call__(self, event: object, data: object) -> bool:
        return True


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (few_rings, "few_rings"),
        (partial(few_rings, data=begin()), "few_rings"),
        (Calm(), "Calm"),
        (lambda _e, _d: True, "lambda"),
    ],
)
def test_guards_and_actions_are_called_without_addresses(part: object, name: str) -> None:
    assert function_name(part) == name


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "IDLE on Called → RINGING"), (2, "IDLE on PickedUp, HungUp, HoldPressed, Knocked, Spoke → drop"),
     (6, "RINGING after ring_limit → RINGING"), (9, "enter live"), (21, "KNOCKED on PickedUp → back to live"),
     (24, "anywhere but DOWN on unplugged → DOWN")],
)  # fmt: skip
def test_a_row_is_one_line(number: int, text: str) -> None:
    assert row_text(LINE.rows[number - 1]) == text


def test_a_row_can_be_told_for_one_of_its_states() -> None:
    assert row_text(VOICE.rows[0], VOICE.start) == "SILENT on TextGiven → SPEAKING"
    assert row_text(VOICE.rows[4]) == "SPEAKING on TextGiven → never"
