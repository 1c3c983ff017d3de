"""Keys: one that means something at once, and a number that is entered key by key."""

from __future__ import annotations

from tests.flows.machine.play import BYE, USUAL, Play, text

STATES = """
[states.a]
ask = "size"
say = "Which size?"
[states.b]
ask = "number"
say = "Your number?"
[states.c]
ask = "count"
say = "How many?"
[states.d]
ask = "sure"
say = "Sure?"
[slots.size]
type = "choice"
[slots.size.values]
small = "small"
large = "large"
[slots.size.keys]
1 = "small"
2 = "large"
[slots.number]
type = "digits"
length = "3..5"
[slots.count]
type = "number"
range = "1..20"
[slots.sure]
type = "yesno"
"""
ROWS = """
a | press 2 | tries > 0 | c | say "Two, then."
a | filled | | b |
b | filled | | c |
c | filled | | d |
d | filled | | bye |
any | press 0 | | bye |
any | "to c" | | c |
"""


def play() -> Play:
    return Play(text(ROWS + USUAL, STATES + BYE))


def test_a_key_of_the_slot_is_an_answer() -> None:
    one = play()
    assert one.press("2") == ["Your number?"]
    assert one.slots == {"size": "large"}


def test_a_row_of_the_state_goes_before_the_keys_of_its_slot() -> None:
    one = play()
    one.silence()
    assert one.press("2") == ["Two, then.", "How many?"]


def test_a_key_that_means_nothing_is_no_match() -> None:
    one = play()
    assert one.press("7")[0] == "Sorry, I did not get that."


def test_a_global_key() -> None:
    one = play()
    one.press("0")
    assert one.state == "bye"


def test_a_number_is_whole_at_its_longest_at_the_end_key_or_after_a_while() -> None:
    for keys, seconds in (("12045", 0.0), ("120#", 0.0), ("120", 3.1)):
        one = play()
        one.press("1")
        one.press(keys)
        assert one.wait(seconds) is not None
        assert (one.state, one.slots["number"]) == ("c", keys.strip("#"))


def test_zero_counts_as_a_command_only_if_it_was_the_whole_entry() -> None:
    one = play()
    one.press("1")
    one.press("0")
    assert one.state == "b"
    one.wait(3.1)
    assert one.state == "bye"


def test_too_short_a_number_is_invalid() -> None:
    one = play()
    one.press("1")
    one.press("12#")
    assert (one.state, one.data.failures.invalid) == ("b", 1)


def test_an_end_key_alone_is_nothing() -> None:
    one = play()
    one.press("1")
    assert one.press("#") == []
    assert one.data.failures.tries == 0


def test_a_count_is_entered_too() -> None:
    one = play()
    one.press("1")
    one.press("123#")
    one.press("15")
    assert (one.state, one.slots["count"]) == ("d", 15)
    two = play()
    two.hear("to c")
    two.press("99")
    assert two.data.failures.invalid == 1


def test_yes_and_no_are_one_and_two() -> None:
    one = play()
    one.hear("to c")
    one.press("5#")
    one.press("2")
    assert one.slots["sure"] is False


def test_keys_of_a_state_that_was_left_are_forgotten() -> None:
    one = play()
    one.press("1")
    one.press("12")
    assert one.data.keys == "12"
    one.hear("to c")
    assert one.wait(5) == []
    assert (one.state, one.data.keys, one.data.failures.tries) == ("c", "", 0)


def test_a_number_without_bounds_has_an_end_too() -> None:
    states = STATES.replace('length = "3..5"\n', "").replace('range = "1..20"\n', "")
    one = Play(text(ROWS + USUAL, states + BYE))
    one.press("1")
    one.press("1" * 30)
    assert one.state == "c"
    one.press("9" * 9)
    assert (one.state, one.slots["count"]) == ("d", 999_999_999)
