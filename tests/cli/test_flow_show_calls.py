"""``fsm-agents show FLOW --html --calls LOG…``: recorded calls in the page of their flow; a log that does not fit is one line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fsm_agents.cli.main import main
from fsm_agents.flows.flow import Flow
from fsm_agents.observe import flow_trace
from tests.cli.flow_recorder import DRINKS, OPEN, Recorded, drinks, lines_of, ordered

Captured = pytest.CaptureFixture[str]

EVIL = "</script><script>alert(1)</script> \x00\u202egnp.exe & \ud83d"


def shown(flow: Path, *logs: Path) -> dict[str, Any]:
    """What the page knows."""
    out = flow.parent / "page.html"
    assert main(["show", str(flow), "--html", "--out", str(out), "--calls", *map(str, logs)]) == 0
    return known(out)


def known(out: Path) -> dict[str, Any]:
    found = re.search(r'id="flow">(.*?)</script>', out.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    made: dict[str, Any] = json.loads(found[1])
    return made


def test_a_call_is_in_the_page_line_by_line(tmp_path: Path) -> None:
    """Who, what, when; the row and where it led; what is set from there on."""
    flow = drinks(tmp_path)
    page = shown(flow, ordered(flow, "7f3a").write(tmp_path / "a.jsonl"))
    (call,) = page["calls"]
    assert call["name"] == "7f3a · ended ordered"
    assert [line[2] for line in call["steps"] if line[2]] == ["welcome", "count", "drink", "name", "making", "done"]
    at = next(i for i, line in enumerate(call["steps"]) if line[4] == "two")
    assert call["steps"][at] == [1.5, "", "", "caller", "two", "", {"count": "2"}]
    row = next(key for key, row in page["rows"].items() if row["n"] == 3)
    assert call["steps"][at + 1] == [1.5, "s_drink", "drink", "flow", "count | filled | | drink", row, None]
    assert call["steps"][at + 2][3:5] == ["agent", "Which drink?"]
    assert [line[3:5] for line in call["steps"][-3:]] == [
        ["flow", "emits ordered"], ["agent", "In three minutes, anna."], ["flow", "ends: ordered"],
    ]  # fmt: skip


def test_several_calls_keep_their_order_and_names(tmp_path: Path) -> None:
    flow = drinks(tmp_path)
    cut = Recorded(flow, facts=OPEN).prompt_heard().silence().pressed("2#").hung_up().write(tmp_path / "b" / "flow.jsonl")
    page = shown(flow, cut, ordered(flow, "7f3a").write(tmp_path / "a.jsonl"))
    assert [call["name"] for call in page["calls"]] == ["b · ended hung_up", "7f3a · ended ordered"]
    said = [line[4] for line in page["calls"][0]["steps"] if line[3] == "caller"]
    assert said == ["(says nothing)", "(presses 2)", "(presses #)", "(hangs up)"]


def test_no_secret_is_in_the_page(tmp_path: Path) -> None:
    flow = drinks(
        tmp_path, "drinks.toml",
        ('[slots.name]\ntype  = "text"\nwords = "1..4"', '[slots.name]\ntype = "digits"\nsecret = true'), ("minutes, {name}.", "minutes."),
    )  # fmt: skip
    log = Recorded(flow, facts=OPEN).prompt_heard().heard("two", "tea", "four seven one one").returned(minutes=3)
    page = shown(flow, log.write(tmp_path / "a.jsonl"))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "4711" not in text
    assert "four seven" not in text
    assert {"count": "2", "drink": "tea", "name": "***"} in [line[6] for line in page["calls"][0]["steps"]]


def test_what_a_stranger_said_stays_text(tmp_path: Path) -> None:
    flow = drinks(tmp_path)
    log = Recorded(flow, EVIL, facts=OPEN).prompt_heard().heard("two", EVIL)
    page = shown(flow, log.write(tmp_path / "a.jsonl"))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    (said,) = [line[4] for line in page["calls"][0]["steps"] if "alert" in line[4]]
    assert said.startswith("</script><script>alert(1)</script> \ufffd")
    assert not set("\x00\u202e\ud83d") & set(said)


def test_a_long_call_is_whole_and_one_too_long_is_refused(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,000 turns of one call; the limit is that of a page."""
    flow = Flow.load(drinks(tmp_path))
    recorded = Recorded(flow, facts=OPEN).prompt_heard()
    for _ in range(500):
        recorded.heard("nine", "no")
        recorded.heard("how many can i have", "repeat")
    log = recorded.write(tmp_path / "long.jsonl")
    page = shown(tmp_path / "drinks.toml", log)
    assert sum(line[3] == "caller" for line in page["calls"][0]["steps"]) == 2_000
    monkeypatch.setattr(flow_trace, "MOST_STEPS", 1_000)
    assert main(["show", str(tmp_path / "drinks.toml"), "--html", "--calls", str(log)]) == 2
    assert "give fewer logs" in capsys.readouterr().err


def spoiled(tmp_path: Path, how: str) -> Path:
    flow = drinks(tmp_path)
    lines = lines_of(ordered(flow))
    if how == "another flow":
        lines[0] = lines[0].replace('"flow":"drinks"', '"flow":"shop"')
    elif how == "another version":
        other = drinks(
            tmp_path,
            "old.toml",
            ("version = 1", "version = 2"),
            ("| any     | repeat ", "| count | help | | stay | |\n| any | repeat "),
        )
        lines = lines_of(ordered(other))
    elif how == "a broken line":
        lines[3] = lines[3][:20]
    elif how == "an event of nobody's":
        lines[3] = lines[3].replace('"_":"Heard"', '"_":"Sneezed"')
    elif how == "redacted":
        lines[0] = lines[0].replace('"redacted":false', '"redacted":true')
    elif how == "empty":
        lines = []
    path = tmp_path / "bad.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("another flow", "this is a log of the flow 'shop', not of 'drinks'"),
        ("another version", "the call was held in drinks v2"),
        ("a broken line", "the log is damaged: the line after step 2 cannot be read"),
        ("an event of nobody's", "Sneezed"),
        ("redacted", "this log is redacted"),
        ("empty", "this is not a step log"),
    ],
)
def test_a_log_that_does_not_fit_is_one_line(how: str, message: str, tmp_path: Path, capsys: Captured) -> None:
    log = spoiled(tmp_path, how)
    out = tmp_path / "page.html"
    assert main(["show", str(tmp_path / "drinks.toml"), "--html", "--out", str(out), "--calls", str(log)]) == 2
    said = capsys.readouterr().err
    assert str(log) in said
    assert message in said
    assert "Traceback" not in said
    assert not out.exists()


def test_a_last_line_that_is_cut_off_is_left_out_and_said(tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(tmp_path)
    log = tmp_path / "a.jsonl"
    log.write_text("".join(ordered(flow, "cut").lines)[:-30], encoding="utf-8")
    assert shown(flow, log)["calls"][0]["name"] == "cut · no end in the log"
    assert "the last line is cut off" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{flow}", "--calls", "{log}"], "calls are played in a page; say --html"),
        (["{flow}", "--svg", "--calls", "{log}"], "calls are played in a page; say --html"),
        (["--html", "--calls", "{log}", "{flow}"], "name its file first"),
        (["turn", "--as", "html", "--calls", "{log}"], "name its file first"),
        (["{flow}", "--html", "--calls", "{flow}"], "this is not a step log"),
        (["{flow}", "--html", "--calls", "nowhere.jsonl"], "cannot be read (no such file or directory)"),
    ],
)
def test_what_cannot_be_asked_is_one_line(words: list[str], message: str, tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(tmp_path)
    names = {"flow": flow, "log": ordered(flow).write(tmp_path / "a.jsonl")}
    assert main(["show", *(word.format(**names) for word in words)]) == 2
    assert message in capsys.readouterr().err


def test_stats_are_a_page_too(tmp_path: Path, capsys: Captured) -> None:
    """Counts on the drawing, ends, the worst states, and what nobody took; of another version only what its logs say."""
    flow = drinks(tmp_path)
    logs = [ordered(flow, f"good {number}").write(tmp_path / f"{number}.jsonl") for number in range(2)]
    logs.append(Recorded(flow, facts=OPEN).prompt_heard().heard("two", EVIL, "tea").hung_up().write(tmp_path / "bad.jsonl"))
    out = tmp_path / "stats.html"
    assert main(["stats", *map(str, logs), "--out", str(out)]) == 0
    assert f"drawn in {out}" in capsys.readouterr().out
    counts = known(out)["counts"]
    assert (counts["calls"], counts["outcomes"]) == (3, [["ordered", 2, "67%"], ["hung_up", 1, "33%"]])
    assert counts["worst"] == [["s_drink", "drink", "entered ×3 · 4 turns · 25% failed: no_match 1"]]
    assert counts["states"]["s_count"] == "entered ×3 · 3 turns"
    assert [(said[:9], times) for said, times in counts["rejected"]["s_drink"]] == [("</script>", 1)]
    assert counts["rows"]["r_01"] == 3
    text = out.read_text(encoding="utf-8")
    assert "drink ×3, 25% failed" in text
    assert "<script>alert" not in text
    (tmp_path / "new.toml").write_text(
        DRINKS.replace("| drink   | filled ", '| drink | "nothing" | | left | |\n| drink   | filled ')
    )
    assert main(["stats", *map(str, logs), "--flow", str(tmp_path / "new.toml"), "--out", str(out)]) == 0
    assert known(out)["counts"]["note"] == "3 of them in another version of the flow: of those only states and ends are counted"
