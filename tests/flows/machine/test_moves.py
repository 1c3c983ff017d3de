"""stay, again, next, visit and back; an any row that leads where the conversation is; what is joined into one reply."""

from __future__ import annotations

from tests.flows.machine.play import BYE, USUAL, Play, text

STATES = """
[states.hello]
say = "Hello."
[states.a]
say = "First a. Yes or no?"
again = "Again a?"
retry = ["Really, yes or no?"]
[states.b]
say = "Here is b."
[states.shop]
say = "We are in Main Street."
[states.map]
say = "It is near the bridge."
[prompts]
menu = "Tea or coffee."
"""
ROWS = """
hello | said | | a |
a | yes | | b | say "Good."
a | no | | stay | say menu
b | yes | | bye |
b | "to a" | | a |
shop | "thanks" | | back | say "Back to it."
shop | "a map" | | map |
map | "thanks" | | back |
map | "stop" | | b |
shop | "deeper" | | visit map |
any but hello | "where are you" | | visit shop |
any | "say that" | | stay | say last
any | "to b" | | b |
any | "once more" | | again | say "Sure."
"""


def play() -> Play:
    one = Play(text(ROWS + USUAL, STATES + BYE, start="hello"))
    assert one.said == ["Hello."]
    assert one.prompt_heard() == ["First a. Yes or no?"]
    return one


def test_what_a_row_says_and_the_prompt_are_one_reply() -> None:
    one = play()
    assert one.hear("yes") == ["Good.", "Here is b."]
    assert len(one.effects) == 1


def test_stay_keeps_the_state_and_says_only_what_the_row_says() -> None:
    one = play()
    before = one.data.visit
    assert one.hear("no") == ["Tea or coffee."]
    assert (one.state, one.data.visit) == ("a", before)


def test_again_enters_the_state_with_other_words() -> None:
    one = play()
    assert one.hear("once more") == ["Sure.", "Again a?"]
    one.hear("yes")
    assert one.hear("once more") == ["Sure.", "Here is b."]


def test_an_any_row_to_the_state_itself_is_again() -> None:
    one = play()
    one.hear("to b")
    assert one.hear("to b") == ["Here is b."]


def test_say_last_repeats_all_of_the_last_reply() -> None:
    one = play()
    one.hear("yes")
    assert one.hear("say that") == ["Good.", "Here is b."]
    assert one.hear("say that") == ["Good.", "Here is b."]


def test_back_leads_where_the_visit_came_from() -> None:
    one = play()
    one.silence()
    assert one.data.failures.tries == 1
    one.hear("where are you")
    assert (one.state, one.data.failures.tries) == ("shop", 0)
    one.silence()
    assert one.hear("thanks") == ["Back to it.", "Again a?"]
    assert (one.state, one.data.bookmark) == ("a", None)
    assert one.data.failures.tries == 1, "a visit's return does not forget how the caller had done"


def test_a_visit_inside_a_visit_keeps_the_first_bookmark() -> None:
    one = play()
    one.hear("yes")
    one.hear("where are you")
    one.hear("deeper")
    assert one.hear("thanks") == ["Here is b."]


def test_a_state_that_only_a_visit_reaches_keeps_the_bookmark_and_others_drop_it() -> None:
    one = play()
    one.hear("where are you")
    one.hear("a map")
    assert one.data.bookmark is not None
    one.hear("stop")
    assert (one.state, one.data.bookmark) == ("b", None)


def test_where_nothing_is_marked_back_is_what_nobody_takes() -> None:
    one = play()
    one.hear("where are you")
    one.data.bookmark = None
    assert one.hear("thanks")[0] == "Sorry, I did not get that."
