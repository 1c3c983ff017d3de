"""Which edge wins: by kind, then nearness, then the order of rows."""

from __future__ import annotations

import pytest

from tests.flows.machine.play import BYE, USUAL, Play, text

STATES = """
[states.a]
ask = "size"
say = "Which size?"
[states.b]
say = "And now?"
[states.c]
say = "Here is c."
[states.d]
say = "Here is d."
[slots.size]
type = "choice"
[slots.size.values]
small = "small"
large = "large"
[groups.g]
states = ["a", "d"]
"""
REST = """
a | filled | | b |
b | yes | | bye |
b | "go c" | | c |
b | "go d" | | d |
c | yes | | bye |
d | yes | | bye |
"""


def play(rows: str) -> Play:
    return Play(text(rows + REST + USUAL, STATES + BYE))


@pytest.mark.parametrize(
    ("rows", "words", "where"),
    [
        ('g | "small" | | d |\n a | "small" | | c |', "small", "c"),
        ('any | "small" | | d |\n g | "small" | | c |', "small", "b"),
        ('any | "huge" | | d |\n g | "huge" | | c |', "huge", "c"),
        ('any | "huge" | | d |', "huge", "d"),
    ],
)
def test_the_state_wins_over_its_question_over_its_group_over_any(rows: str, words: str, where: str) -> None:
    one = play(rows)
    one.hear(words)
    assert one.state == where


def test_the_earlier_row_wins_where_both_hold() -> None:
    one = play('a | "go [on]" | size = small | c |\n a | "go on" | | d |')
    one.hear("go on")
    assert one.state == "d"


def test_a_guard_sees_the_slots_of_the_sentence_and_those_before() -> None:
    rows = 'a | "{size} please now" | size = large | c |\n a | "{size} please now" | | d |'
    assert _state(rows, "large please now") == "c"
    assert _state(rows, "small please now") == "d"


def _state(rows: str, words: str) -> str:
    one = play(rows)
    one.hear(words)
    return one.state


def test_exact_words_win_over_free_text() -> None:
    states = """
[states.a]
ask = "name"
say = "Your name?"
[states.b]
say = "{name}?"
[slots.name]
type = "text"
"""
    rows = "a | filled | | b |\n b | yes | | bye |\n any | operator | | bye |"
    one = Play(text(rows + USUAL, states + BYE))
    one.hear("operator")
    assert one.state == "bye"
    two = Play(text(rows + USUAL, states + BYE))
    assert two.hear("Anna Maria") == ["Anna Maria?"]


def test_what_nobody_takes_is_no_match() -> None:
    one = play('a | "x" | | c |')
    assert one.hear("purple elephants") == ["Sorry, I did not get that.", "Which size?"]
    assert one.state == "a"
