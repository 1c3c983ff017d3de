"""Files that are no flows and no logs of one: one line that says what they are, exit code 2, in bounded time, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fsm_agents.cli.main import main
from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.observe.flow_again import again
from fsm_agents.observe.flow_calls import read_call
from fsm_agents.observe.flow_counts import FlowCounts
from fsm_agents.observe.flow_turn import told_turn
from tests.cli.flow_recorder import DRINKS, Recorded, drinks, ordered

Captured = pytest.CaptureFixture[str]

FLOW_COMMANDS = [
    ["check"],
    ["fmt"],
    ["explore"],
    ["stats", "{log}", "--flow"],
    ["replay", "{log}", "--flow"],
    ["why", "{log}", "--turn", "1", "--flow"],
]
LOG_COMMANDS = [["stats"], ["replay"], ["replay", "--flow", "{flow}"], ["why", "--turn", "1"], ["why"]]


def refused(words: list[str], capsys: Captured, code: int = 2) -> str:
    assert main(words) == code
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err + captured.out
    return captured.err


def named(words: list[str], tmp_path: Path) -> list[str]:
    flow = drinks(tmp_path, "good.toml")
    log = ordered(flow).write(tmp_path / "good.jsonl")
    return [word.format(flow=flow, log=log) for word in words]


def make(kind: str, path: Path) -> Path:
    if kind == "a folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"RIFF\xff\xfe\x00\x01" * 100)
    elif kind == "ten megabytes":
        path.write_bytes(b"garbage, all of it, line after line\n" * 300_000)
    elif kind == "ten megabytes in one line":
        path.write_bytes(b"[" * 10_000_000)
    elif kind == "empty":
        path.write_text("", encoding="utf-8")
    return path


KINDS = ["missing", "a folder", "binary", "ten megabytes", "ten megabytes in one line"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", FLOW_COMMANDS, ids=lambda words: words[0])
def test_what_is_no_flow_file_is_one_line(command: list[str], kind: str, tmp_path: Path, capsys: Captured) -> None:
    path = make(kind, tmp_path / "bad.toml")
    said = refused([*named(command, tmp_path), str(path)], capsys)
    assert said.count("\n") == 1
    assert said.count(str(path)) == 1


@pytest.mark.parametrize("kind", [*KINDS, "empty"])
@pytest.mark.parametrize("command", LOG_COMMANDS, ids=" ".join)
def test_what_is_no_log_is_one_line(command: list[str], kind: str, tmp_path: Path, capsys: Captured) -> None:
    path = make(kind, tmp_path / "bad.jsonl")
    first, *rest = named(command, tmp_path)
    said = refused([first, str(path), *rest], capsys)
    assert said.count("\n") == 1
    assert said.count(str(path)) == 1


@pytest.mark.parametrize(
    "text", ["", "x", "flow = 1", "[[[[", "\x00", 'flow = "x"\n' * 3, "'''", "[" * 100_000, "x = " + "[" * 100_000]
)
def test_a_text_that_is_no_flow_has_problems(text: str, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    assert main(["check", str(path), "--no-cache"]) == 1
    shown = capsys.readouterr()
    assert " F0" in shown.out
    assert "Traceback" not in shown.err
    assert main(["explore", str(path)]) == 1


HEADER = json.loads("".join(Recorded(Flow.loads(DRINKS)).lines).splitlines()[0])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"format": 1}, "no header"),
        ({"format": 2}, "another format"),
        ({**HEADER, "joint": None}, "no header"),
        ({**HEADER, "more": 1}, "no header"),
        ({**HEADER, "cells": {}}, "damaged"),
        ({**HEADER, "cells": {"flow": 5}}, "damaged"),
        ({**HEADER, "cells": {**HEADER["cells"], "flow": ["nowhere", 0, []]}}, "no state 'nowhere'"),
        ({**HEADER, "cells": {**HEADER["cells"], "flow": ["count"]}}, "damaged"),
        ({**HEADER, "data": {"slots": {"_": "Heard", "x": 1}}}, "is not what"),
        ({**HEADER, "redacted": True}, "redacted"),
        ({**HEADER, "settings": {**HEADER["settings"], "flow": "pizza"}}, "a log of the flow 'pizza'"),
        ({**HEADER, "settings": {}}, "log of 'drinks'"),
    ],
)
def test_a_header_that_is_not_that_of_this_flow_is_one_line(
    header: object, message: str, tmp_path: Path, capsys: Captured
) -> None:
    flow, log = drinks(tmp_path), tmp_path / "bad.jsonl"
    log.write_text(json.dumps(header) + "\n", encoding="utf-8")
    said = refused(["replay", str(log), "--flow", str(flow)], capsys)
    assert said.count("\n") == 1
    assert message in said


def test_logs_of_two_flows_are_not_counted_together(tmp_path: Path, capsys: Captured) -> None:
    one = ordered(drinks(tmp_path)).write(tmp_path / "a.jsonl")
    other = ordered(drinks(tmp_path, "other.toml", ('= "drinks"', '= "others"'))).write(tmp_path / "b.jsonl")
    assert "count one flow at a time" in refused(["stats", str(one), str(other)], capsys)
    assert "is a log of the flow 'others'" in refused(["stats", str(other), "--flow", str(tmp_path / "drinks.toml")], capsys)
    assert "not of 'drinks'" in refused(["replay", str(other), "--flow", str(tmp_path / "drinks.toml")], capsys)
    assert "is a log of the flow 'others'" in refused(
        ["why", str(other), "--turn", "1", "--flow", str(tmp_path / "drinks.toml")], capsys
    )


def test_a_log_of_a_session_is_no_log_of_a_flow(tmp_path: Path, capsys: Captured) -> None:
    log = tmp_path / "steps.jsonl"
    log.write_text(
        '{"format":1,"joint":"conversation","tables":"x","redacted":false,"settings":{},"cells":{},"delays":{},"data":{}}\n',
        encoding="utf-8",
    )
    for words in (["stats", str(log)], ["replay", str(log), "--flow", str(drinks(tmp_path))]):
        assert "this is a log of 'conversation', not of a flow" in refused(words, capsys)


def test_a_last_line_that_was_cut_off_is_left_out_and_told(tmp_path: Path, capsys: Captured) -> None:
    """As a crash leaves it: the call is counted, held again and explained as far as it goes."""
    flow, log = drinks(tmp_path), tmp_path / "cut.jsonl"
    log.write_text("".join(ordered(flow).lines)[:-40], encoding="utf-8")
    for words in (
        ["stats", str(log)],
        ["why", str(log)],
        ["why", str(log), "--turn", "1"],
        ["replay", str(log)],
        ["replay", str(log), "--flow", str(flow)],
    ):
        assert main(words) == 0
        assert "the last line is cut off and was left out" in capsys.readouterr().err


def test_a_line_that_is_damaged_in_the_middle_is_one_line(tmp_path: Path, capsys: Captured) -> None:
    flow, log = drinks(tmp_path), tmp_path / "bad.jsonl"
    lines = "".join(ordered(flow).lines).splitlines()
    for bad in (
        "{",
        '{"n":3,"at":"x","on":{"_":"Heard"},"to":{"flow":"a"}}',
        '{"n":3,"at":1,"on":[[[[]]]],"do":5}',
        "[" * 200_000,
    ):
        log.write_text("\n".join([*lines[:3], bad, *lines[4:]]), encoding="utf-8")
        for words in (["stats", str(log)], ["why", str(log), "--turn", "1"], ["replay", str(log), "--flow", str(flow)]):
            said = refused(words, capsys)
            assert said.count("\n") == 1
            assert "damaged" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stats", "{log}", "--out", "x.gif"], "give a name that ends with .html, .svg, .png, .dot"),
        (["stats", "{log}", "--out", "{tmp}/no/where.dot"], "give a file in a folder that exists"),
        (["replay", "{log}", "{log}"], "say --flow FLOW"),
        (["replay", "{log}", "{flow}"], "say --flow {flow}"),
        (["why", "{log}", "--turn", "4"], "there is no turn 4; give 1 to 3"),
        (["why", "{log}", "--turn", "0"], "give a whole number, 1 or more"),
        (["why", "{empty}", "--turn", "1"], "the caller said nothing in this call"),
        (["stats"], "LOG"),
    ],
)
def test_what_cannot_be_asked_of_a_log_is_one_line(words: list[str], message: str, tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(tmp_path)
    log, empty = ordered(flow).write(tmp_path / "a.jsonl"), Recorded(flow).write(tmp_path / "b.jsonl")
    names = {"log": log, "flow": flow, "empty": empty, "tmp": tmp_path}
    try:
        code = main([word.format(**names) for word in words])
    except SystemExit as stopped:
        code = stopped.code  # type: ignore[assignment]
    assert code == 2
    said = capsys.readouterr().err
    assert message.format(**names) in said
    assert said.count("\n") == 1


# --- fuzzed -----------------------------------------------------------------------------------------------------------------------------

FLOW = Flow.loads(DRINKS)
WHOLE = "".join(ordered(FLOW).lines)


def _mutated(draw: st.DrawFn) -> str:
    """The log with pieces cut out, doubled, moved or replaced; or a value in it that is of another kind."""
    text = WHOLE
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        stop = min(len(text), start + draw(st.integers(0, 60)))
        piece = draw(
            st.sampled_from(
                ["", "null", "[]", "{}", '"x"', "-1", "1e400", "\n", "true", "\u2028", text[start:stop] * 2, '{"_":"Due"}']
            )
        )
        text = text[:start] + piece + text[stop:]
    return text


def _retyped(draw: st.DrawFn) -> str:
    """The log with one value of one line replaced, so that it stays JSON."""
    lines = [json.loads(line) for line in WHOLE.splitlines()]
    here = draw(st.sampled_from(lines))
    while True:
        key = draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        if isinstance(here[key], dict | list) and here[key] and draw(st.booleans()):
            here = here[key]
            continue
        here[key] = draw(
            st.sampled_from(
                [None, 5, -1, "x", [], {}, [[]], {"_": "Heard"}, {"_": "Secret", "value": 1}, 1.5, True, "flow:99999"]
            )
        )
        return "\n".join(json.dumps(line) for line in lines)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.composite(_mutated)() | st.composite(_retyped)())
def test_whatever_is_in_a_log_it_is_read_or_refused(text: str) -> None:
    """Reading, counting, explaining and holding again raise nothing else than what commands tell in one line."""
    lines = text.splitlines()
    try:
        call = read_call(lines, "x")
        FlowCounts(FLOW).add(call)
        again(FLOW, call)
        for turn in call.turns:
            list(told_turn(FLOW, call, turn.number))
    except (MisuseError, FlowError):
        pass
