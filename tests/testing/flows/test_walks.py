"""Random callers: a good flow keeps every property, and each property has a flow that breaks it, told as a short scene with the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.testing.flows.answers import Model
from fsm_agents.testing.flows.endings import Endings
from fsm_agents.testing.flows.player import Player
from fsm_agents.testing.flows.properties import PROPERTIES
from fsm_agents.testing.flows.scene import read_scenes
from fsm_agents.testing.flows.seen import Seen
from fsm_agents.testing.flows.sentences import Sentences
from fsm_agents.testing.flows.stimuli import Says, Store
from fsm_agents.testing.flows.story import as_scene, story
from fsm_agents.testing.flows.suite import flow_test
from fsm_agents.testing.flows.walk import Walk
from fsm_agents.testing.flows.walks import WalkFailed, walk_flow
from tests.testing.flows.flows import SHOP, broken, shop, unproved

EXAMPLES = Path(__file__).parents[3] / "examples" / "flows"


def fails(flow: Flow, walks: int = 300, **more: object) -> WalkFailed:
    with pytest.raises(WalkFailed) as failed:
        walk_flow(flow, walks=walks, seed=1, **more)  # type: ignore[arg-type]
    return failed.value


def test_a_good_flow_keeps_everything() -> None:
    walked = walk_flow(shop(), walks=60, seed=1)
    assert walked.walks == 60
    assert walked.steps > 300
    assert walked.unknown == 0


@pytest.mark.parametrize("name", ["pizza", "appointment", "support"])
def test_the_flows_that_are_shipped_keep_everything(name: str) -> None:
    walk_flow(Flow.load(EXAMPLES / f"{name}.toml"), walks=25, seed=2)


def test_the_same_seed_walks_the_same_way() -> None:
    def told(seed: int) -> list[str]:
        seen: list[str] = []
        walk_flow(shop(), walks=5, seed=seed, watch=lambda each: seen.append(repr(each.event)))
        return seen

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_a_question_without_a_no() -> None:
    failed = fails(broken("| many    | no                                 |           | count   | clear count         |\n", ""))
    assert failed.finding.name == "takes_yes_and_no"
    lines = str(failed).splitlines()
    assert lines[0] == 'walk FAILED: F411 many has no way out for "no": it takes yes only'
    assert "nobody takes it" in lines[-3]
    assert lines[-1] == "   fix: | many | no | | ??? | |"
    assert len(failed.walk.happened) <= 3, "the shortest scene"


def test_a_value_that_is_not_set_is_spoken() -> None:
    failed = fails(broken('say = "{count} coffees[ for {who}]?"', 'say = "{count} coffees for {who}?"'))
    assert failed.finding.code == "F404"
    assert "coffees for" in str(failed)
    assert "[ … ]" in str(failed)


def test_a_secret_is_spoken() -> None:
    failed = fails(unproved(SHOP.replace('say = "Ready in {order.minutes} minutes."', 'say = "Ready for {code:digits}."')))
    assert failed.finding.name == "keeps_secrets"
    assert "the secret code is in what is said" in str(failed)


ACCOUNT = """
flow  = "account"
version = 1
lang  = "en-US"
start = "account"
[rows]
main = '''
| in      | on           | to  |
|---------|--------------|-----|
| account | filled       | pin |
| pin     | filled       | ask |
| ask     | yes, no      | bye |
| any     | out_of_tries | bye |
'''
[slots.account]
type = "digits"
length = "6"
[slots.pin]
type   = "digits"
length = "4"
secret = true
[states.account]
ask = "account"
say = "Account?"
[states.pin]
ask = "pin"
say = "Code?"
[states.ask]
say = "Anything else?"
[states.bye]
end = "done"
"""


def test_a_secret_that_stands_in_what_may_be_told_is_not_taken_for_a_leak() -> None:
    """Nor do walks say such a one: they could not see a leak of it."""
    flow = Flow.loads(ACCOUNT)
    walk = Walk(flow, PROPERTIES)
    walk.play(map(Says, ("482930", "8293", "yes")))
    assert (walk.finding, walk.player.ended) == (None, True)
    values = Sentences(flow)
    said = {name: {value.replace(",", "") for value in values._special(slot)} for name, slot in flow.flat.slots.items()}
    assert not [pin for pin in said["pin"] for account in said["account"] if pin in account]


def test_a_state_is_left_while_a_tool_runs_that_is_called_once() -> None:
    flow = unproved(SHOP.replace("| any but placing | goodbye ", "| any             | goodbye "))
    walk = Walk(flow, PROPERTIES)
    walk.play(map(Says, ("two coffees", "4829", "yes", "goodbye")))
    assert walk.finding is not None
    assert walk.finding.name == "keeps_once_tools"
    assert walk.finding.code == "F603"


def test_a_caller_who_is_left_in_silence() -> None:
    flow = broken("| any             | repeat             |              | stay  | say last       |",
                  "| any             | repeat             |              | stay  |                |")  # fmt: skip
    failed = fails(flow)
    assert failed.finding.name == "answers_the_caller"
    assert len(failed.walk.happened) == 1


def test_a_conversation_that_cannot_end() -> None:
    """The table has a way to an end, and no value takes it."""
    rows = """
| a | "go"         |           | a    | say "No." |
| a | out_of_tries |           | a    | say "Once more." |
| a | "stop"       | tries > 9 | end  |           |
"""
    flow = Flow.loads(
        f"flow='t'\nversion=1\nlang='en-US'\nstart='a'\n[rows]\nm='''\n| in | on | when | to | do |\n|--|--|--|--|--|{rows}'''\n"
        "[states.a]\nsay='Well?'\n[states.end]\nend='over'\n"
    )
    failed = fails(flow, walks=5)
    assert failed.finding.name == "can_end"
    assert "from a no end can be reached" in str(failed)


def test_a_step_that_raises_is_a_finding() -> None:
    def boom(slots: dict[str, object]) -> bool:
        raise ZeroDivisionError("boom")

    from fsm_agents.flows.notation.rows import ANY, FILLED, OUT_OF_TRIES, on

    tree = {
        "flow": "t", "version": 1, "lang": "en-US", "start": "a", "slots": {"x": {"type": "number", "range": "1..9"}},
        "states": {"a": {"ask": "x", "say": "Which?"}, "b": {"end": "over", "say": "Done."}},
    }  # fmt: skip
    flow = Flow.of(tree, [on("a", FILLED, when=boom, to="b"), on("a", FILLED, to="b"), on(ANY, OUT_OF_TRIES, to="b")])
    failed = fails(flow)
    assert failed.finding.name == "raised"
    assert "ZeroDivisionError: boom" in str(failed)


def test_what_is_saved_and_goes_on_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that forgets its slots when it is saved."""
    saved = Flow.save
    monkeypatch.setattr(Flow, "save", lambda self, data: {**saved(self, data), "slots": {}})
    walk = Walk(shop(), PROPERTIES)
    walk.play((Says("two coffees"), Store(), Says("4829")))
    assert walk.finding is not None
    assert walk.finding.name == "goes_on_after_saving"
    assert "after it was saved it does" in story(walk)


def test_a_property_of_ones_own() -> None:
    def never_more_than_six(seen: Seen) -> str:
        count = dict(seen.player.data.slots).get("count", 0)
        return f"{count} coffees" if count > 6 else ""

    failed = fails(shop(), properties=[never_more_than_six])
    assert failed.finding.name == "never_more_than_six"
    assert failed.walk.happened[-1].line().startswith("caller:")
    assert len(failed.walk.happened) == 1


def test_a_failed_walk_is_a_scene_that_does_the_same() -> None:
    flow = broken("| many    | no                                 |           | count   | clear count         |\n", "")
    failed = fails(flow)
    text = as_scene(failed.walk, "shop.toml")
    (scene,) = read_scenes(text, "again.toml", flow)
    player = scene.play()
    assert player.where == "many"


def test_models_that_choose_nonsense_reach_nothing() -> None:
    player = Player(shop())
    player.begin()
    for text in ("two coffees for anna", "4829", "i want to pay"):
        player.hear(text)
    assert player.asked is not None
    Model((("the caller wants to pay", (("who", "nobody"),)),), "hm", (0, 999)).play(player)
    assert player.where == "confirm"
    assert dict(player.data.slots)["who"] == "anna"


def test_the_search_for_an_end_finds_one_from_everywhere() -> None:
    sentences = Sentences(shop())
    endings = Endings(shop(), sentences)
    player = Player(shop())
    assert endings.can_end(player) is None or not endings.can_end(player)  # nothing has begun
    player.begin()
    for text in ("two coffees for anna", "4829", "yes"):
        assert endings.can_end(player)
        player.hear(text)
    assert endings.can_end(player)


def test_flow_test_tests_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(SHOP)
    (tmp_path / "scenes").mkdir()
    scene = tmp_path / "scenes" / "short.toml"
    scene.write_text("flow = 'shop.toml'\nscene = 'state: count'\n")
    coverage = flow_test(path, walks=10, seed=1)
    assert coverage.percent("rows") > 30
    scene.write_text("flow = 'shop.toml'\nscene = 'state: code'\n")
    with pytest.raises(AssertionError, match="the flow is in count"):
        flow_test(path, walks=0)
    flow_test(path, walks=0, scenes=[])


PROVED = (
    SHOP
    + '\n[prove]\nnever = ["call order without yes in confirm", "end ordered with count unset"]\nalways = ["count answers within 4 failures"]\n'
)


def test_what_a_flow_says_of_itself_is_held_on_walks() -> None:
    """Its ``[prove]``: kept by the flow that is right; broken, it is named with its code, and told as a walk."""
    assert walk_flow(Flow.loads(PROVED, file="shop.toml"), walks=40, seed=1).walks == 40
    row = "| confirm | yes                                |"
    assert row in PROVED
    failed = fails(unproved(PROVED.replace(row, row.replace("yes", "yes, no_match"))))
    assert (failed.finding.code, failed.finding.name) == ("F611", "never call order without yes in confirm")
    assert "F611 order is called without yes in confirm: never call order without yes in confirm" in str(failed)


def test_a_state_that_does_not_answer_soon_enough() -> None:
    """The count of failures goes by tries, of whatever kind."""
    failed = fails(unproved(PROVED.replace("within 4 failures", "within 2 failures")))
    assert failed.finding.name == "always count answers within 2 failures"
    assert failed.finding.message == "after 2 failures the caller is still in 'count'"
