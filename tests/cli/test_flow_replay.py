"""``fsm-agents replay`` with logs of flows: the same call in the same flow, and past calls in a new version of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.events import Resumed
from fsm_agents.observe.flow_again import again, renamed
from fsm_agents.observe.flow_calls import read_call
from tests.cli.flow_recorder import DRINKS, OPEN, Recorded, drinks, lines_of, ordered

Captured = pytest.CaptureFixture[str]


def test_a_call_in_its_own_flow_is_the_same(tmp_path: Path, capsys: Captured) -> None:
    log = ordered(drinks(tmp_path)).write(tmp_path / "a.jsonl")
    assert main(["replay", str(log)]) == 0
    assert capsys.readouterr().out == "same: 6 steps the same\n"
    lines = log.read_text(encoding="utf-8").replace('"to":{"flow":"name"}', '"to":{"flow":"many"}')
    log.write_text(lines, encoding="utf-8")
    assert main(["replay", str(log)]) == 1
    assert "different: 3 steps the same" in capsys.readouterr().out


def calls(tmp_path: Path) -> list[Recorded]:
    """Calls of all kinds: words, keys, timers, failures, guards, a tool that is late, a caller who leaves."""
    flow = Flow.load(drinks(tmp_path))

    def begin(facts: tuple[tuple[str, bool], ...] = OPEN) -> Recorded:
        return Recorded(flow, facts=facts).prompt_heard()

    return [
        ordered(flow),
        begin().heard("7", "tea", "no", "two", "tea", "anna").returned(minutes=3),
        begin().heard("7", "no", "forty", "2", "what do you have", "tea", "what do you have").failed(),
        begin().pressed("12").heard("yes", "coffee", "bob").timer("timeout 8s"),
        begin().pressed("2").timer("between_keys").silence(2).heard("water", "goodbye"),
        begin().heard("how many can i have", "repeat", "two", "cola", "cola", "cola"),
        begin((("open_now", False),)).heard("how many can i have").hung_up(),
        begin().heard("two", "tea", "anna").returned(minutes=45),
        begin(),
    ]


def test_every_call_goes_the_same_way_in_the_flow_it_was_held_in(tmp_path: Path) -> None:
    for recorded in calls(tmp_path):
        held = again(recorded.flow, read_call(lines_of(recorded), "x"))
        assert (held.verdict, held.before, held.now, held.assumed) == ("same", "", "", ())


def test_every_call_goes_the_same_way_in_a_flow_that_only_reads_otherwise(tmp_path: Path, capsys: Captured) -> None:
    """Other rows, other numbers, other words of the agent: the callers' words are understood anew."""
    paths = [str(each.write(tmp_path / f"{number}.jsonl")) for number, each in enumerate(calls(tmp_path))]
    new = drinks(
        tmp_path, "new.toml", ("version = 1", "version = 2"), ('say   = "How many?"', 'say = "How many cups would you like?"'),
        ("| welcome | said ", '| count | "a dozen" | | stay | say menu |\n| welcome | said '),
    )  # fmt: skip
    assert main(["replay", *paths, "--flow", str(new)]) == 0
    assert capsys.readouterr().out == f"{len(paths)} calls: {len(paths)} same path\n"


def test_a_call_that_would_go_otherwise_names_the_turn_and_both_ways(tmp_path: Path, capsys: Captured) -> None:
    flow = Flow.load(drinks(tmp_path))
    swallowed = Recorded(flow, "7f3a", facts=OPEN).prompt_heard().heard("two", "tea", "what do you have").returned(minutes=3)
    logs = [ordered(flow).write(tmp_path / "a.jsonl"), swallowed.write(tmp_path / "b.jsonl")]
    new = drinks(
        tmp_path, "new.toml", ("| name    | filled ", '| name    | "what do you have" | | stay | say menu |\n| name    | filled ')
    )
    assert main(["replay", *map(str, logs), "--flow", str(new)]) == 1
    first, *rest = capsys.readouterr().out.splitlines()
    assert (
        first
        == '2 calls: 1 same path, 1 differ: first at call 7f3a turn 3 (making (make(count = 2, drink = "tea", name = "what do you have")) → name)'
    )
    assert rest == [
        "",
        'call 7f3a  turn 3  "what do you have"',
        '    before  welcome → count → drink → name → making (make(count = 2, drink = "tea", name = "what do you have")) → done   ordered',
        "    now     welcome → count → drink → name → name",
    ]


@pytest.mark.parametrize(
    ("change", "before", "now"),
    [
        (("count > 6", "count > 1"), "drink", "many"),
        (("make.minutes > 30", "make.minutes > 2"), "done (emits ordered; ends ordered)", "sorry (ends failed)"),
        (("emit ordered", "emit sold"), "done (emits ordered)", "done (emits sold)"),
        (
            ('args    = ["count", "drink", "name"]', 'args    = ["count", "drink"]'),
            'making (make(count = 2, drink = "tea", name = "anna"))',
            'making (make(count = 2, drink = "tea"))',
        ),
    ],
)
def test_what_counts_as_going_otherwise(change: tuple[str, str], before: str, now: str, tmp_path: Path) -> None:
    """The state, the tools and what they get, events, the outcome; not the words of the agent."""
    recorded = ordered(drinks(tmp_path))
    held = again(Flow.load(drinks(tmp_path, "new.toml", change)), read_call(lines_of(recorded), "x"))
    assert (held.verdict, held.before, held.now) == ("differs", before, now)


def test_a_shorter_patience_is_found_by_the_clock_of_the_log(tmp_path: Path) -> None:
    """The tool answered after six seconds; a flow that waits five has given up by then."""
    recorded = Recorded(drinks(tmp_path), facts=OPEN).prompt_heard().heard("two", "tea", "anna")
    recorded.now += 6_000_000
    recorded.returned(minutes=3)
    held = again(
        Flow.load(drinks(tmp_path, "new.toml", ('timeout = "8s"', 'timeout = "5s"'))), read_call(lines_of(recorded), "x")
    )
    assert (held.verdict, held.now.partition(" ")[0]) == ("differs", "sorry")


def test_states_that_were_renamed_are_the_same_states(tmp_path: Path) -> None:
    recorded = ordered(drinks(tmp_path))
    new = tmp_path / "new.toml"
    text = DRINKS.replace("version = 1", "version = 3").replace("making", "brewing")
    text += '[migrate.1]\nstates = { making = "cooking" }\n[migrate.2]\nstates = { cooking = "brewing" }\n'
    new.write_text(text, encoding="utf-8")
    flow = Flow.load(new)
    assert renamed(flow, 1) == {"making": "brewing", "cooking": "brewing"}
    assert again(flow, read_call(lines_of(recorded), "x")).verdict == "same"


def test_what_a_secret_decides_cannot_be_told(tmp_path: Path, capsys: Captured) -> None:
    """Words that may be secret are not in the log: the slots they filled say which edge it was, as long as there is one."""
    secret = (
        ('[slots.name]\ntype  = "text"\nwords = "1..4"', '[slots.name]\ntype = "digits"\nsecret = true'),
        ("minutes, {name}.", "minutes."),
    )
    flow = Flow.load(drinks(tmp_path, "old.toml", *secret))
    good = Recorded(flow, facts=OPEN).prompt_heard().heard("two", "tea", "four seven one one").returned(minutes=3)
    left = Recorded(flow, "gone", facts=OPEN).prompt_heard().heard("two", "tea", "goodbye")
    logs = [str(good.write(tmp_path / "a.jsonl")), str(left.write(tmp_path / "b.jsonl"))]
    new = drinks(
        tmp_path,
        "new.toml",
        *secret,
        ("version = 1", "version = 2"),
        ("| welcome | said ", '| count | "a dozen" | | stay | say menu |\n| welcome | said '),
    )
    assert main(["replay", *logs, "--flow", str(new)]) == 0
    captured = capsys.readouterr()
    assert captured.out == "2 calls: 1 same path, 1 cannot be told\n"
    assert "call gone: cannot be told from turn 3 on: the words may have been secret" in captured.err


def test_a_condition_that_no_log_knows_is_taken_as_no(tmp_path: Path, capsys: Captured) -> None:
    log = Recorded(drinks(tmp_path)).prompt_heard().heard("two", "tea").write(tmp_path / "a.jsonl")
    new = drinks(
        tmp_path,
        "new.toml",
        ('["open_now"]', '["open_now", "full"]'),
        (
            "| drink   | filled                |                        |",
            "| drink   | filled                | not full               |",
        ),
        ('| drink   | "what', '| drink | filled | | sorry | |\n| drink   | "what'),
    )
    assert main(["replay", str(log), "--flow", str(new)]) == 0
    assert "taken as no, since the logs do not say: full, open_now" in capsys.readouterr().err


SUPPORT = """flow    = "help"
version = 1
lang    = "en-US"
start   = "menu"
[rows]
main = '''
| in   | on                                 | to   | do |
| menu | "bill"                             | bill |    |
| menu | llm "the caller talks of money"    | bill |    |
| menu | llm "the caller's line is down"    | line |    |
| any  | out_of_tries                       | line |    |
'''
[states.menu]
say = "Bill or line?"
[states.bill]
end = "bill"
[states.line]
end = "line"
"""


def test_what_the_model_chose_is_taken_from_the_log(tmp_path: Path) -> None:
    flow = Flow.loads(SUPPORT)
    recorded = Recorded(flow).heard("it costs too much").judged("the caller talks of money")
    call = read_call(lines_of(recorded), "x")
    assert (call.outcome, [turn.text for turn in call.turns]) == ("bill", ["it costs too much"])
    assert again(flow, call).verdict == "same"
    more = SUPPORT.replace('| menu | llm "the caller t', '| menu | "a pizza" | line | |\n| menu | llm "the caller t')
    assert again(Flow.loads(more), call).verdict == "same"
    held = again(Flow.loads(SUPPORT.replace("talks of money", "is angry")), call)
    assert (held.verdict, held.before, held.now) == ("differs", "bill (ends bill)", "menu")


def test_a_conversation_that_was_resumed_is_held_again_from_there(tmp_path: Path) -> None:
    flow = Flow.load(drinks(tmp_path))
    first = Recorded(flow, facts=OPEN).prompt_heard().heard("two", "tea", "anna")
    second = Recorded(flow, facts=OPEN)
    second.lines.clear()
    second.data = flow.restore(json.loads(json.dumps(flow.save(first.data))))
    second.log.log.count = 0
    second.log.begin(second.data)
    second.post(Resumed(OPEN)).returned(minutes=3)
    call = read_call(lines_of(second), "x")
    assert call.path == ("making", "done")
    assert again(flow, call).verdict == "same"
    held = again(Flow.load(drinks(tmp_path, "new.toml", ("make.minutes > 30", "make.minutes > 2"))), call)
    assert (held.verdict, held.turn) == ("differs", 0)
