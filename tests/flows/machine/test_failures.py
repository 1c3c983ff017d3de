"""Silence, what nobody takes, values that are not valid: counted together, said one after the other, and given up in the end."""

from __future__ import annotations

from tests.flows.machine.play import BYE, USUAL, Play, text

STATES = """
[states.a]
ask = "count"
say = "How many?"
no_input = ["Are you there?", "Hello?"]
retry = ["Once more: how many?", "A number, please."]
tries = 4
[states.b]
say = "Sure?"
[states.lost]
say = "Nobody there."
end = "lost"
[slots.count]
type = "number"
range = "1..20"
invalid = "One to twenty."
"""
ROWS = """
a | "{count} and {size}" | | next |
a | filled | | b |
b | yes | | bye |
b | no_input 2+ | | lost |
b | no_match 2 | | stay | say "Yes or no."
b | "a joke" | | stay | say "Ha."
"""
SIZE = """
[slots.size]
type = "choice"
[slots.size.values]
small = "small"
"""


def play(rows: str = ROWS) -> Play:
    return Play(text(rows + USUAL, STATES + SIZE + BYE))


def test_the_texts_come_one_after_the_other_by_kind_or_by_tries() -> None:
    one = play()
    assert one.silence() == ["Are you there?"]
    assert one.hear("what nonsense is this") == ["A number, please."]
    assert one.silence() == ["Hello?"]


def test_failures_of_any_kind_end_together() -> None:
    one = play()
    one.silence()
    one.hear("nonsense")
    assert one.hear("fifty") == ["One to twenty."]
    assert one.silence() == ["Bye."]
    assert one.state == "bye"


def test_a_value_that_is_not_valid_keeps_the_others() -> None:
    one = play()
    assert one.hear("fifty and small") == ["One to twenty."]
    assert one.slots == {"size": "small"}
    assert one.data.failures.invalid == 1
    one.hear("six")
    assert one.state == "b"
    assert one.slots == {"size": "small", "count": 6}


def test_numbered_rows_go_before_the_texts_and_count_their_own_kind() -> None:
    one = play()
    one.hear("six")
    assert one.hear("nonsense")[0] == "Sorry, I did not get that."
    assert one.silence() == ["Sure?"]
    assert one.hear("nonsense") == ["Yes or no."], "the third failure, and still the row's: it says more than giving up"
    assert one.hear("nonsense") == ["Bye."]


def test_a_numbered_row_from_there_on() -> None:
    one = play()
    one.hear("six")
    one.silence()
    assert one.silence() == ["Nobody there."]


def test_a_taken_sentence_resets_the_count() -> None:
    one = play()
    one.hear("six")
    one.silence()
    assert one.hear("a joke") == ["Ha."]
    assert one.data.failures.tries == 0


def test_without_a_text_for_it_an_invalid_value_is_told_and_asked_for_again() -> None:
    states = STATES.replace('invalid = "One to twenty."\n', "")
    one = Play(text(ROWS + USUAL, states + SIZE + BYE))
    assert one.hear("fifty") == ["Sorry, that is not possible.", "Once more: how many?"]


def test_a_row_may_answer_an_invalid_value() -> None:
    one = play('a | invalid | | stay | say "No."\n' + ROWS)
    assert one.hear("fifty") == ["No."]
    assert one.data.failures.invalid == 1
