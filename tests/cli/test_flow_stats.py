"""``fsm-agents stats``: outcomes, worst states, what nobody took, how often each row was taken, and all of it drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.flows.flow import Flow
from tests.cli.flow_recorder import OPEN, Recorded, drinks, ordered

Captured = pytest.CaptureFixture[str]


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
    newer = drinks(
        tmp_path,
        "new.toml",
        ("version = 1", "version = 2"),
        ("| drink   | filled ", '| drink   | "nothing" | | left | |\n| drink   | filled '),
    )
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
