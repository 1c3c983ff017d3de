"""What the model may do: choose among what is offered, fill what it may fill, talk where the flow lets it. The table disposes."""

from __future__ import annotations

from fsm_agents.flows.machine.events import Heard, NotJudged, Proposed
from fsm_agents.flows.words.recogniser import Parse
from tests.flows.machine.play import BYE, USUAL, AskModel, Play, text

STATES = """
[states.a]
say = "What is it?"
[states.b]
say = "Bill[ {customer}]?"
[states.c]
talk = "Be helpful."
say = "Let us see."
tools = ["status"]
turns = 2
[states.d]
talk = "Open the talk."
[slots.customer]
type = "digits"
length = "6"
[tools.status]
[tools.other]
"""
ROWS = """
a | "the bill" | | b |
a | llm "it is about money" sets customer | | b |
a | llm "it is about money of late" | open_now | c |
a | llm "it is slow" | | c |
b | yes | | bye |
c | "it works" | | bye |
c | llm "it works again" | | b |
d | "stop" | | bye |
any | "to d" | | d |
any | llm "the caller is angry" | | bye |
"""


def play(open_now: bool = False) -> Play:
    from fsm_agents.flows.flow import Flow

    flow = Flow.loads(text(ROWS + USUAL, STATES + BYE, head='conditions = ["open_now"]'))
    tools = {"status": lambda: None, "other": lambda: None}
    return Play(flow.bind(tools=tools, conditions={"open_now": lambda: open_now}))


def test_words_that_no_row_knows_are_judged_by_the_model_if_an_edge_could_be_taken() -> None:
    one = play()
    assert one.hear("my money is gone") == []
    asked = one.one(AskModel)
    assert [offer.text for offer in asked.offers] == ["it is about money", "it is slow", "the caller is angry"]
    assert asked.offers[0].sets == ("customer",)
    assert (asked.talk, asked.tools) == ("", ())
    assert "it is about money of late" in [offer.text for offer in _asked(play(open_now=True)).offers]


def _asked(one: Play) -> AskModel:
    one.hear("my money is gone")
    asked: AskModel = one.one(AskModel)
    return asked


def test_exact_words_need_no_model() -> None:
    one = play()
    one.hear("the bill")
    assert one.state == "b"


def test_of_two_choices_the_earlier_row_wins_in_whatever_order_they_come() -> None:
    one = play()
    one.hear("hm")
    one.propose("the caller is angry", "it is slow")
    assert one.state == "c"


def test_the_model_fills_slots_and_one_that_does_not_fit_is_invalid() -> None:
    one = play()
    one.hear("hm")
    one.propose("it is about money", customer="123456")
    assert one.said == ["Bill one two three, four five six?"] or one.state == "b"
    assert one.slots == {"customer": "123456"}
    two = play()
    two.hear("hm")
    edge = next(e.number for e in two.flow.flat.states["a"].judged if getattr(e.trigger, "sets", ()))
    two.post(Proposed(two.data.call, (Parse(edge, (), (("customer", "x"),)),)))
    assert two.state == "a"
    assert two.data.failures.invalid == 1


def test_an_edge_of_another_state_or_a_guard_that_does_not_hold_is_not_taken() -> None:
    one = play()
    one.hear("hm")
    foreign = next(e.number for e in one.flow.flat.states["c"].judged)
    one.post(Proposed(one.data.call, (Parse(foreign), Parse(10**6))))
    assert one.state == "a"
    assert one.data.failures.no_match == 1
    two = play(open_now=False)
    two.hear("hm")
    two.propose("it is about money of late")
    assert two.state == "a"


def test_no_answer_is_no_match() -> None:
    one = play()
    one.hear("hm")
    assert one.post(NotJudged(one.data.call, "down"))[0] == "Sorry, I did not get that."


def test_an_answer_to_an_older_question_is_stale() -> None:
    one = play()
    one.hear("hm")
    old = one.data.call
    one.hear("and another thing")
    assert one.flow.step(one.data, Proposed(old)).stale
    one.hear("the bill")
    assert one.flow.step(one.data, NotJudged(one.data.call - 1)).stale


def test_in_a_talk_state_the_model_answers_in_so_many_turns() -> None:
    one = play()
    one.hear("hm")
    assert one.propose("it is slow") == ["Let us see."]
    one.hear("the lights are red")
    asked = one.one(AskModel)
    assert (asked.talk, asked.tools) == ("Be helpful.", ("status",))
    assert one.propose(words="Press the button.") == ["Press the button."]
    assert one.state == "c"
    one.hear("now what")
    assert one.propose(words="Wait.") == ["Wait.", "Bye."], "the second answer was the last one"


def test_words_that_were_streamed_are_not_said_twice() -> None:
    one = play()
    one.hear("hm")
    one.propose("it is slow")
    one.hear("hm")
    assert one.propose(words="Spoken already.", spoken=True) == []
    assert one.data.turns == 1


def test_the_model_may_choose_to_leave_a_talk_state() -> None:
    one = play()
    one.hear("hm")
    one.propose("it is slow")
    one.hear("hm")
    one.propose("it works again", words="Fine!")
    assert one.state == "b"
    assert "Fine!" not in one.said


def test_silence_of_the_model_in_a_talk_state_is_no_match() -> None:
    one = play()
    one.hear("hm")
    one.propose("it is slow")
    one.hear("hm")
    assert one.propose()[0] == "Sorry, I did not get that."


def test_a_talk_state_without_a_prompt_is_opened_by_the_model() -> None:
    one = play()
    one.hear("to d")
    assert one.one(AskModel).greets


def test_only_what_the_caller_said_is_judged() -> None:
    one = play()
    one.hear("hm")
    one.post(Heard("hm again", ()))
    assert one.one(AskModel).number == one.data.call
