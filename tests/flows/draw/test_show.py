"""``fsm-agents show FLOW.toml``: every form of it, where it goes, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.cli.show_flow import FLOW_FORMS, render_flow
from tests.flows.draw.small import ID, SAMPLER, sampler


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    """A flow file with its sub-flow."""
    (tmp_path / "who.toml").write_text(ID, encoding="utf-8")
    (tmp_path / "sampler.toml").write_text(SAMPLER, encoding="utf-8")
    return tmp_path / "sampler.toml"


@pytest.mark.parametrize("form", ["md", "matrix", "mermaid", "dot", "script", "csv"])
def test_a_flow_is_shown_as_text(form: str, flow: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["show", str(flow), f"--{form}"]) == 0
    shown = render_flow(sampler(), form)
    assert isinstance(shown, str)
    assert capsysbinary.readouterr().out == shown.encode()


def test_markdown_is_what_is_shown_unless_something_else_is_asked_for(flow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["show", str(flow)])
    plain = capsys.readouterr().out
    assert plain == render_flow(sampler(), "md")
    main(["show", str(flow), "--as", "mermaid"])
    assert "stateDiagram-v2" in capsys.readouterr().out


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("html", b"<!doctype html>")])
def test_a_flow_is_shown_as_a_picture(form: str, begins: bytes, flow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = flow.with_suffix(".out")
    assert main(["show", str(flow), f"--{form}", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(begins)
    assert capsys.readouterr().out == f"wrote {out}\n"
    assert set(FLOW_FORMS) >= {form}


def test_on_a_terminal_a_picture_becomes_a_file(
    flow: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(flow.parent)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["show", "sampler.toml", "--html"]) == 0
    assert capsys.readouterr().out == "wrote sampler.html\n"
    assert (flow.parent / "sampler.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{flow}", "--md", "--svg"], "--md and --svg: one at a time"),
        (["{flow}", "--all"], "a flow is shown by itself"),
        (["turn", "--script"], "--script is for flows: fsm-agents show FLOW.toml --script"),
        (["{flow}", "--md", "--out", "{flow}/no"], "give a file in a folder that exists"),
        (["nowhere.toml"], "nowhere.toml"),
        (["{flow}", "--sgv"], "did you mean '--svg'?"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(
    words: list[str], told: str, flow: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["show", *(word.format(flow=flow) for word in words)])
    except SystemExit as left:  # the parser's own
        code = int(str(left.code))
    assert code == 2
    assert told in capsys.readouterr().err


def test_a_broken_flow_is_told_with_its_problems(flow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flow.write_text(
        SAMPLER.replace(
            "| hello   | said                                 |", "| hallo   | said                                 |"
        ),
        encoding="utf-8",
    )
    assert main(["show", str(flow)]) == 2
    assert "'hallo'" in capsys.readouterr().err


def test_tables_have_the_short_options_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "turn", "--mermaid"]) == 0
    assert "stateDiagram-v2" in capsys.readouterr().out
