"""``fsm-agents why`` with the log of a flow: what was heard, what was tried, what came of it, and what would help next time."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.flows.words.types import Moment
from fsm_agents.observe.flow_calls import read_call
from tests.cli.flow_recorder import BEGAN, DRINKS, OPEN, Recorded, drinks, lines_of, ordered

Captured = pytest.CaptureFixture[str]


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


def why(path: Path, turn: int, capsys: Captured, *more: str) -> str:
    assert main(["why", str(path), "--turn", str(turn), *more]) == 0
    return capsys.readouterr().out


def test_why_lists_the_turns(tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(tmp_path)
    log = ordered(flow, "7f3a").write(tmp_path / "a.jsonl")
    assert main(["why", str(log)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "call 7f3a · drinks v1 · 3 turns of the caller; `--turn N` explains one",
        '   1  at 1.5 s  [count → drink]  "two"',
        '   2  at 2.0 s  [drink → name]  "tea"',
        '   3  at 2.5 s  [name → done]  "anna"',
        "  ended ordered",
        f"  along its diagram: fsm-agents show {flow} --html --calls {log}",
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
    assert "calls   make(count = 2, drink = tea, name = anna)" in said
    assert "+0.5 s  ok: minutes = 3   | making | ok | | done | emit ordered |" in said
    assert "emits   ordered" in said
    assert "ends    ordered" in said


def test_why_says_of_a_guard_that_did_not_hold_what_it_asked_for(tmp_path: Path, capsys: Captured) -> None:
    recorded = Recorded(drinks(tmp_path), facts=(("open_now", False),)).prompt_heard().heard("how many can i have")
    said = why(recorded.write(tmp_path / "a.jsonl"), 1, capsys)
    assert "its words fit, but not: open_now (open_now is no)" in said
    assert "then    no_match: ask again after no_match  (try 1)" in said


def test_why_tells_a_row_that_came_too_late_and_names_no_others_behind_the_winner(tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(
        tmp_path, "drinks.toml", ("| name    | filled ", "| drink   | repeat | | stay | say menu |\n| name    | filled ")
    )
    recorded = Recorded(flow, facts=OPEN).prompt_heard().heard("two", "repeat")
    tried = why(recorded.write(tmp_path / "a.jsonl"), 2, capsys).partition("tried")[2].partition("\nsaid")[0].splitlines()
    assert [line.split()[:2] for line in tried] == [["state", "no:"], ["state", "repeat"], ["any", "repeat"]]
    assert "took it" in tried[1]
    assert tried[2].endswith("its words fit too; a row before it took them")


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
    flow = drinks(
        tmp_path,
        "drinks.toml",
        ('[slots.name]\ntype  = "text"\nwords = "1..4"', '[slots.name]\ntype = "digits"\nsecret = true'),
        ("minutes, {name}.", "minutes."),
    )
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


def test_what_a_terminal_would_obey_is_shown_and_not_sent(tmp_path: Path, capsys: Captured) -> None:
    """A transcript with control characters, with a half of a character, and with letters that turn the line round."""
    flow = drinks(tmp_path)
    log = (
        Recorded(flow, "\x1b[2Jevil\n", facts=OPEN)
        .prompt_heard()
        .heard("two", "\x1b]0;hit\x07 \ud83d \u202e tea\nnow")
        .write(tmp_path / "a.jsonl")
    )
    newer = drinks(
        tmp_path,
        "new.toml",
        ("| count   | filled                |                        | drink  |", "| count   | filled | | many |"),
    )
    for words in (
        ["why"],
        ["why", "--turn", "2"],
        ["stats"],
        ["replay", "--flow", str(newer)],
        ["why", "--turn", "2", "--flow", str(newer)],
    ):
        main([words[0], str(log), *words[1:]])
        captured = capsys.readouterr()
        assert not set("\x1b\x07\ud83d\u202e") & set(captured.out + captured.err), words


@pytest.mark.parametrize(
    ("ears", "speech", "told"),
    [
        ("whisper-1", 1.13, "(whisper-1, 1.1 s of speech; normalised: unchanged)"),
        ("text", None, "(text; normalised: unchanged)"),
        ("", 0.5, "(0.5 s of speech; normalised: unchanged)"),
        ("", None, "(normalised: unchanged)"),
    ],
)
def test_why_says_what_heard_it_and_how_long_it_was(
    ears: str, speech: float | None, told: str, tmp_path: Path, capsys: Captured
) -> None:
    recorded = Recorded(drinks(tmp_path), ears=ears).prompt_heard()
    if speech is not None:
        recorded.log.heard(recorded.now, speech)
    log = recorded.heard("two").write(tmp_path / "a.jsonl")
    assert f'heard   "two"   {told}' in why(log, 1, capsys)
    assert main(["replay", str(log)]) == 0, "a note is no step"


def test_a_log_of_before_is_still_read(tmp_path: Path, capsys: Captured) -> None:
    """One that says neither what heard the words nor how long they were; and one that says it wrongly is damaged."""
    recorded = Recorded(drinks(tmp_path), ears="whisper-1").prompt_heard()
    recorded.log.heard(recorded.now, 2.0)
    lines = lines_of(recorded.heard("two"))
    old = tmp_path / "old.jsonl"
    old.write_text("\n".join([lines[0].replace(',"ears":"whisper-1"', ""), *(line for line in lines[1:] if "note" not in line)]))
    assert "(normalised: unchanged)" in why(old, 1, capsys)
    bad = tmp_path / "bad.jsonl"
    bad.write_text("\n".join(line.replace('"speech":2.0', '"speech":"long"') for line in lines))
    assert main(["why", str(bad)]) == 2
    assert "the log is damaged" in capsys.readouterr().err


def test_a_step_that_raised_then_is_not_done_now(tmp_path: Path, capsys: Captured) -> None:
    """What the host gave raised, and no log holds that: the conversation stood where it stood, in every report."""
    flow = drinks(tmp_path)
    recorded = Recorded(flow).prompt_heard()
    recorded.now += 500_000
    recorded.log.failed(
        recorded.now, recorded.flow.heard(recorded.data, "three", Moment(BEGAN.date(), BEGAN.time())), ValueError("x")
    )
    log = recorded.heard("two").write(tmp_path / "a.jsonl")
    assert "failed  the step raised ValueError: nothing of it was kept, and the conversation stayed in count" in why(
        log, 1, capsys
    )
    said = why(log, 2, capsys)
    assert "state count (ask count: number)" in said
    assert "took it: count = 2" in said
    out = tmp_path / "page.html"
    assert main(["show", str(flow), "--html", "--out", str(out), "--calls", str(log)]) == 0
    shown = out.read_text(encoding="utf-8")
    assert '"flow","a step failed: ValueError"' in shown
    assert '{"count":"3"}' not in shown
    assert '{"count":"2"}' in shown
