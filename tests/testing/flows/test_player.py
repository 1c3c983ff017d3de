"""A conversation is played without a clock: speech takes time by one rule, silence counts from its end, and barge-in is what the state says."""

from __future__ import annotations

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.flows.machine.events import Heard, Interrupted, PromptHeard
from fsm_agents.testing.flows.answers import Late, Tool
from fsm_agents.testing.flows.player import Player
from fsm_agents.testing.flows.seen import Seen
from fsm_agents.testing.flows.times import BETWEEN_KEYS, SECOND
from tests.testing.flows.flows import broken, shop


def begun(*said: str) -> tuple[Player, list[Seen]]:
    seen: list[Seen] = []
    player = Player(shop(), watch=seen.append)
    player.begin()
    for text in said:
        player.hear(text)
    return player, seen


def lines(player: Player) -> list[str]:
    return [line.text for line in player.said]


def test_two_words_and_a_half_take_a_second() -> None:
    player, _ = begun()
    player.listen()
    assert lines(player) == ["Hello.", "How many?"]
    assert player.time == round(3 / 2.5 * SECOND)
    assert player.where == "count"


def test_a_turn_of_the_caller_takes_its_words_and_the_end_of_the_turn() -> None:
    player, _ = begun()
    player.listen()
    before = player.time
    player.hear("two coffees for anna")
    assert player.time - before == round(4 / 2.5 * SECOND) + 300_000
    assert dict(player.data.slots) == {"count": 2, "who": "anna"}


def test_silence_counts_from_the_end_of_what_is_said() -> None:
    player, _ = begun()
    player.listen()
    end = player.time
    assert player.silence()
    assert player.time == end + 7 * SECOND
    assert lines(player)[-1] == "How many, please?"


def test_silence_means_nothing_where_a_tool_works() -> None:
    player, _ = begun("two coffees for anna", "4829", "yes")
    assert player.where == "placing"
    assert not player.listening
    assert not player.silence() or player.where != "placing"


def test_what_is_uninterruptible_is_heard_first() -> None:
    player, seen = begun()
    player.cut_in("two coffees for bert")
    assert not any(isinstance(each.event, Interrupted) for each in seen)
    assert player.where == "code"


@pytest.mark.parametrize(("late", "order"), [(False, [Interrupted, PromptHeard]), (True, [PromptHeard, Interrupted])])
def test_speech_cuts_what_may_be_cut_and_its_words_come_after(late: bool, order: list[type]) -> None:
    player, seen = begun("two coffees for anna")
    player.cut_in("4829", told_late=late)
    kinds = [type(each.event) for each in seen]
    assert kinds[-3:] == [*order, Heard]
    assert player.where == "confirm"


def test_match_lets_only_a_sentence_cut() -> None:
    player, seen = begun("two coffees for anna", "4829")
    count = len(seen)
    player.cut_in("hm")
    assert len(seen) == count
    player.cut_in("yes")
    assert player.where == "placing"


def test_keys_make_a_number_and_take_their_time() -> None:
    player, _ = begun("two coffees for anna")
    player.listen()
    before = player.time
    player.press("4829")
    assert player.time - before == 4 * BETWEEN_KEYS
    assert player.where == "confirm"


def test_a_tool_that_never_answers_runs_out_of_time() -> None:
    player, _ = begun("two coffees for anna", "4829", "yes")
    began = player.time
    Tool("order", "timeout").play(player)
    assert player.where == "human"
    assert player.time - began == 8 * SECOND
    assert lines(player).count("One moment.") == 1
    assert Late().fits(player)
    Late().play(player)
    assert player.where == "human"


def test_conditions_are_what_is_told_else_what_the_host_says_else_no() -> None:
    player, _ = begun()
    assert player.facts() == (("open_now", False),)
    player.conditions["open_now"] = True
    player.hear("operator")
    assert player.where == "human"
    bound = shop().bind(tools={"order": lambda count, code: None}, conditions={"open_now": lambda: True})
    assert Player(bound).facts() == (("open_now", True),)


def test_it_goes_on_elsewhere_with_its_timers() -> None:
    player = Player(shop(), conditions={"open_now": True})
    player.begin()
    player.hear("operator")
    before = player.pending
    player.resume()
    after = player.pending
    assert before is not None
    assert after is not None
    assert before.key == after.key
    assert player.time_out()


def test_a_twin_does_the_next_event_too() -> None:
    player, seen = begun()
    player.listen()
    player.store()
    player.hear("three coffees")
    assert seen[-1].twin is not None
    assert seen[-1].twin.effects == seen[-1].step.effects


def test_an_event_that_the_flow_does_not_know_is_refused() -> None:
    player, _ = begun()
    with pytest.raises(MisuseError, match="did you mean 'closing'"):
        player.send("closin")


def test_a_timer_finds_the_conditions_of_now() -> None:
    flow = broken('| confirm | after 30s                          |           | again   | say "Still there?"  |',
                  '| confirm | after 5s | open_now | placing | say "Now." |')  # fmt: skip
    player = Player(flow)
    player.begin()
    for text in ("two coffees for anna", "4829"):
        player.hear(text)
    player.conditions["open_now"] = True
    player.pass_time(6 * SECOND)
    assert player.where == "placing"


def test_a_prompt_of_a_state_that_was_left_is_not_that_of_the_next() -> None:
    flow = broken("| any but placing | closing            |              | lost  |                |",
                  "| any but placing | closing | | welcome | |")  # fmt: skip
    player = Player(flow)
    player.begin()
    player.pass_time(SECOND // 2)  # "How many?" sounds until 1.2 s
    player.send("closing")
    player.pass_time(SECOND)
    assert player.where == "welcome", "its own prompt sounds until 1.6 s"
    player.pass_time(SECOND // 4)
    assert player.where == "count"
