"""Logs of flows: why for a turn, stats of many calls, replay in the same flow and in a new version of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.flows.flow import Flow
from fsm_agents.observe.flow_again import again, renamed
from fsm_agents.observe.flow_calls import read_call
from tests.cli.flow_recorder import DRINKS, Recorded, drinks, ordered

Captured = pytest.CaptureFixture[str]
OPEN = (("open_now", True),)


def lines_of(recorded: Recorded) -> list[str]:
    return "".join(recorded.lines).splitlines()


# --- what a log says by itself ------------------------------------------------------------------------------------------------------------


def test_a_log_tells_its_call_without_the_flow(tmp_path: Path) -> None:
    call = read_call(lines_of(ordered(drinks(tmp_path), "7f3a")), "other")
    assert (call.name, call.flow, call.version, call.outcome, call.truncated) == ("7f3a", "drinks", 1, "ordered", False)
    assert call.path == ("welcome", "count", "drink", "name", "making", "done")
    assert [(turn.number, turn.state, turn.text, turn.how) for turn in call.turns] == [
        (1, "count", "two", "words"), (2, "drink", "tea", "words"), (3, "name", "anna", "words"),
    ]  # fmt: skip
    assert str(call.at(call.turns[0].at)) == "2026-11-23 12:04:21.500000+00:00"


def test_keys_are_one_turn_however_the_number_ended(tmp_path: Path) -> None:
    """By the end key, by the number of keys, and by waiting."""
    flow = drinks(tmp_path)
    for recorded in (
        Recorded(flow).prompt_heard().pressed("2#"),
        Recorded(flow).prompt_heard().pressed("2").timer("between_keys"),
        Recorded(flow).prompt_heard().pressed("12"),
    ):
        call = read_call(lines_of(recorded), "x")
        assert [turn.how for turn in call.turns] == ["keys"]
        assert call.path[-1] in ("drink", "many")


# --- why ----------------------------------------------------------------------------------------------------------------------------------


def why(path: Path, turn: int, capsys: Captured, *more: str) -> str:
    assert main(["why", str(path), "--turn", str(turn), *more]) == 0
    return capsys.readouterr().out


def test_why_lists_the_turns(tmp_path: Path, capsys: Captured) -> None:
    log = ordered(drinks(tmp_path), "7f3a").write(tmp_path / "a.jsonl")
    assert main(["why", str(log)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "call 7f3a · drinks v1 · 3 turns of the caller; `--turn N` explains one",
        '   1  at 1.5 s  [count → drink]  "two"',
        '   2  at 2.0 s  [drink → name]  "tea"',
        '   3  at 2.5 s  [name → done]  "anna"',
        "  ended ordered",
    ]


def test_why_names_the_row_with_its_place_and_what_came_of_it(tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(tmp_path)
    said = why(ordered(flow, "7f3a").write(tmp_path / "a.jsonl"), 1, capsys)
    assert said.splitlines()[0] == "call 7f3a · drinks v1 · 12:04:21.500 · turn 1 · state count (ask count: number)"
    assert 'heard   "two"   (normalised: unchanged)' in said
    assert "question  ask count" in said
    assert "took it: count = 2" in said
    assert f"then    filled: | count | filled | | drink | |  {flow}:13" in said
    assert "now     drink" in said


def test_why_tells_the_steps_after_the_turn_too(tmp_path: Path, capsys: Captured) -> None:
    said = why(ordered(drinks(tmp_path)).write(tmp_path / "a.jsonl"), 3, capsys)
    assert 'calls   make(count = 2, drink = tea, name = anna)' in said
    assert "+0.5 s  ok: minutes = 3   | making | ok | | done | emit ordered |" in said
    assert "emits   ordered" in said
    assert "ends    ordered" in said


def test_why_says_of_a_guard_that_did_not_hold_what_it_asked_for(tmp_path: Path, capsys: Captured) -> None:
    recorded = Recorded(drinks(tmp_path), facts=(("open_now", False),)).prompt_heard().heard("how many can i have")
    said = why(recorded.write(tmp_path / "a.jsonl"), 1, capsys)
    assert "its words fit, but not: open_now (open_now is no)" in said
    assert "then    no_match: ask again after no_match  (try 1)" in said


def test_why_offers_the_nearest_sentences_for_what_nobody_took(tmp_path: Path, capsys: Captured) -> None:
    recorded = Recorded(drinks(tmp_path), facts=OPEN).prompt_heard().heard("two", "expresso")
    said = why(recorded.write(tmp_path / "a.jsonl"), 2, capsys)
    assert "took    nobody's row: nobody takes it" in said
    assert 'next time  nearest here: "espresso" (its own question)' in said
    assert 'a row for it: | drink | "expresso" | | ??? | |' in said


def test_why_says_of_swallowed_free_text_what_would_keep_it_out(tmp_path: Path, capsys: Captured) -> None:
    recorded = Recorded(drinks(tmp_path), facts=OPEN).prompt_heard().heard("two", "tea", "what do you have")
    said = why(recorded.write(tmp_path / "a.jsonl"), 3, capsys)
    assert 'took it as free text: name = "what do you have"' in said
    assert '| name | "what do you have" | | ??? | |, or [slots.name] words = "1..2", or say {name} in a state' in said


def test_why_says_which_value_was_not_valid(tmp_path: Path, capsys: Captured) -> None:
    recorded = Recorded(drinks(tmp_path), facts=OPEN).prompt_heard().heard("forty")
    said = why(recorded.write(tmp_path / "a.jsonl"), 1, capsys)
    assert 'took it, but "forty" is not valid (40 is not between 1 and 20)' in said
    assert "then    invalid (count): ask again after invalid  (try 1)" in said
    assert "count takes range = 1..20" in said


def test_why_explains_keys(tmp_path: Path, capsys: Captured) -> None:
    recorded = Recorded(drinks(tmp_path), facts=OPEN).prompt_heard().pressed("7#")
    said = why(recorded.write(tmp_path / "a.jsonl"), 1, capsys)
    assert "pressed 7#" in said
    assert "then    filled: | count | filled | count > 6 | many | |" in said


def test_a_secret_is_in_neither_log_nor_explanation(tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(tmp_path, "drinks.toml", ('[slots.name]\ntype  = "text"\nwords = "1..4"', '[slots.name]\ntype = "digits"\nsecret = true'), ("minutes, {name}.", "minutes."))
    recorded = Recorded(flow, facts=OPEN).prompt_heard().heard("two", "tea", "four seven one one")
    assert "4711" not in "".join(recorded.lines)
    said = why(recorded.write(tmp_path / "a.jsonl"), 3, capsys)
    assert "words that are not kept" in said
    assert "name = ***" in said


def test_why_without_the_flow_says_what_the_log_says(tmp_path: Path, capsys: Captured) -> None:
    """The file has changed since: its rows are others, and nothing is claimed of them; the version of then can be given."""
    flow = drinks(tmp_path)
    log = ordered(flow).write(tmp_path / "a.jsonl")
    then = tmp_path / "then.toml"
    then.write_text(DRINKS, encoding="utf-8")
    drinks(tmp_path, "drinks.toml", ("| drink   | filled ", '| drink   | "nothing" | | left | |\n| drink   | filled '))
    said = why(log, 1, capsys)
    assert "now     drink" in said
    assert "say --flow FLOW" in said
    assert "tried" not in said
    assert "took it: count = 2" in why(log, 1, capsys, "--flow", str(then))


# --- stats --------------------------------------------------------------------------------------------------------------------------------


def many(tmp_path: Path) -> list[str]:
    flow = Flow.load(drinks(tmp_path))
    made = [ordered(flow, f"good-{number}") for number in range(6)]
    made.append(Recorded(flow, facts=OPEN).prompt_heard().heard("two", "lemonade", "lemonade", "cola"))
    made.append(Recorded(flow, facts=OPEN).prompt_heard().heard("two", "lemonade", "tea").hung_up())
    made.append(Recorded(flow, facts=OPEN).prompt_heard().silence(3))
    made.append(Recorded(flow, facts=OPEN).prompt_heard())
    return [str(each.write(tmp_path / f"call-{number}" / "flow.jsonl")) for number, each in enumerate(made)]


def test_stats_tell_outcomes_worst_states_and_what_nobody_took(tmp_path: Path, capsys: Captured) -> None:
    assert main(["stats", *many(tmp_path)]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("calls 10 · ordered 60 % · failed 20 % · hung_up 10 % · (no end in the log) 10 %")
    assert "worst state: drink (no_match 36 %)" in first
    table = {line.split()[0]: line.split()[1:] for line in rest if line.startswith(("drink", "count"))}
    assert table["drink"] == ["11", "36%", "4", "0", "0", "1"]
    assert table["count"] == ["8", "27%", "0", "3", "0", "1"]
    assert rest[rest.index("nobody took in drink: 2 distinct phrases") + 1 :][:2] == ["       3  lemonade", "       1  cola"]


def test_stats_count_every_row(tmp_path: Path, capsys: Captured) -> None:
    logs = many(tmp_path)
    assert main(["stats", *logs, "--rows", "--flow", str(tmp_path / "drinks.toml")]) == 0
    rows = capsys.readouterr().out.partition("\nrows\n")[2].splitlines()
    assert len(rows) == len(Flow.load(tmp_path / "drinks.toml").spec.rows)
    assert rows[0].split() == ["10", "|", "welcome", "|", "said", "|", "|", "count", "|", "|", f"{tmp_path}/drinks.toml:11"]
    assert any(line.split()[:4] == ["0", "|", "many", "|"] for line in rows)


def test_stats_of_another_version_count_what_the_logs_say(tmp_path: Path, capsys: Captured) -> None:
    logs = many(tmp_path)
    newer = drinks(tmp_path, "new.toml", ("version = 1", "version = 2"), ("| drink   | filled ", '| drink   | "nothing" | | left | |\n| drink   | filled '))
    assert main(["stats", *logs, "--flow", str(newer)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("calls 10 · ordered 60 %")
    assert "10 of the calls were held in another version" in said
    (tmp_path / "drinks.toml").unlink()
    assert main(["stats", *logs]) == 0
    assert "is not at hand, so failures and rows are not counted: say --flow FLOW" in capsys.readouterr().out


def test_stats_are_drawn_with_colours(tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "drinks.dot"
    assert main(["stats", *many(tmp_path), "--out", str(out)]) == 0
    drawn = out.read_text(encoding="utf-8")
    assert "×10" in drawn
    assert "#8c959f" in drawn, "what was never reached is grey"
    assert f"drawn in {out}" in capsys.readouterr().out


def test_stats_can_be_drawn_as_svg(tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz", reason="the extra [diagrams] is optional")
    out = tmp_path / "drinks.svg"
    assert main(["stats", *many(tmp_path), "--out", str(out)]) == 0
    assert "<svg" in out.read_text(encoding="utf-8")


# --- replay -------------------------------------------------------------------------------------------------------------------------------


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
    begin = lambda facts=OPEN: Recorded(flow, facts=facts).prompt_heard()  # noqa: E731 - each test call begins so
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
    new = drinks(tmp_path, "new.toml", ("| name    | filled ", '| name    | "what do you have" | | stay | say menu |\n| name    | filled '))
    assert main(["replay", *map(str, logs), "--flow", str(new)]) == 1
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == '2 calls: 1 same path, 1 differ: first at call 7f3a turn 3 (making (make(count = 2, drink = "tea", name = "what do you have")) → name)'
    assert rest == [
        "",
        'call 7f3a  turn 3  "what do you have"',
        '    before  (begin) → welcome → count → drink → name → making (make(count = 2, drink = "tea", name = "what do you have")) → done   ordered',
        "    now     (begin) → welcome → count → drink → name → name",
    ]


@pytest.mark.parametrize(
    ("change", "before", "now"),
    [
        (("count > 6", "count > 1"), "drink", "many"),
        (("make.minutes > 30", "make.minutes > 2"), "done (emits ordered; ends ordered)", "sorry (ends failed)"),
        (("emit ordered", "emit sold"), "done (emits ordered)", "done (emits sold)"),
        (('args    = ["count", "drink", "name"]', 'args    = ["count", "drink"]'), 'making (make(count = 2, drink = "tea", name = "anna"))', 'making (make(count = 2, drink = "tea"))'),
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
    held = again(Flow.load(drinks(tmp_path, "new.toml", ('timeout = "8s"', 'timeout = "5s"'))), read_call(lines_of(recorded), "x"))
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
    secret = ('[slots.name]\ntype  = "text"\nwords = "1..4"', '[slots.name]\ntype = "digits"\nsecret = true'), ("minutes, {name}.", "minutes.")
    flow = Flow.load(drinks(tmp_path, "old.toml", *secret))
    good = Recorded(flow, facts=OPEN).prompt_heard().heard("two", "tea", "four seven one one").returned(minutes=3)
    left = Recorded(flow, "gone", facts=OPEN).prompt_heard().heard("two", "tea", "goodbye")
    logs = [str(good.write(tmp_path / "a.jsonl")), str(left.write(tmp_path / "b.jsonl"))]
    new = drinks(tmp_path, "new.toml", *secret, ("version = 1", "version = 2"), ("| welcome | said ", '| count | "a dozen" | | stay | say menu |\n| welcome | said '))
    assert main(["replay", *logs, "--flow", str(new)]) == 0
    captured = capsys.readouterr()
    assert captured.out == "2 calls: 1 same path, 1 cannot be told\n"
    assert "call gone: cannot be told from turn 3 on: the words may have been secret" in captured.err


def test_a_condition_that_no_log_knows_is_taken_as_no(tmp_path: Path, capsys: Captured) -> None:
    log = Recorded(drinks(tmp_path)).prompt_heard().heard("two", "tea").write(tmp_path / "a.jsonl")
    new = drinks(tmp_path, "new.toml", ('["open_now"]', '["open_now", "full"]'), ("| drink   | filled                |                        |", "| drink   | filled                | not full               |"), ("| drink   | \"what", "| drink | filled | | sorry | |\n| drink   | \"what"))
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
    more = SUPPORT.replace("| menu | llm \"the caller t", "| menu | \"a pizza\" | line | |\n| menu | llm \"the caller t")
    assert again(Flow.loads(more), call).verdict == "same"
    held = again(Flow.loads(SUPPORT.replace("talks of money", "is angry")), call)
    assert (held.verdict, held.before, held.now) == ("differs", "bill (ends bill)", "menu")


def test_a_conversation_that_was_resumed_is_held_again_from_there(tmp_path: Path) -> None:
    from fsm_agents.flows.machine.events import Resumed

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
