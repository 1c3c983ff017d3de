"""The log of a chat, and what reads it: why, stats, replay, show. And flows whose slot types only a host has."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.flows.words import types
from tests.session.flows.kept import kept
from tests.session.flows.texts import CLINIC, HELPDESK, PIN

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured):  # type: ignore[no-untyped-def]
    """Hold a chat with these lines, and its log; gives what is on stderr."""

    def hold(text: str, *lines: str, log: str = "a.jsonl", words: tuple[str, ...] = (), code: int = 0) -> str:
        flow = tmp_path / "flow.toml"
        flow.write_text(text)
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(line + "\n" for line in lines)))
        assert main(["chat", str(flow), "--log", str(tmp_path / log), *words]) == code
        return capsys.readouterr().err

    return hold


def test_what_was_chatted_is_explained_counted_and_done_again(chat, tmp_path: Path, capsys: Captured) -> None:  # type: ignore[no-untyped-def]
    flow, one, other = (str(tmp_path / name) for name in ("flow.toml", "a.jsonl", "b.jsonl"))
    told = chat(CLINIC, "lemonade", "check up", "yes")
    assert told == f"its log: {one}; fsm-agents why {one} lists its turns\n"
    chat(CLINIC, ":silence", ":press 2", ":after", ":timeout", "yes", ":failed", log="b.jsonl")
    assert main(["why", one, "--turn", "1"]) == 0
    shown = capsys.readouterr().out
    assert 'heard   "lemonade"   (text; normalised: unchanged)' in shown
    assert "state service (ask service: choice)" in shown
    assert main(["stats", one, other, "--rows"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("calls 2 · booked 50 %")
    assert "1  lemonade" in shown
    for log in (one, other):
        assert main(["replay", log]) == 0
        assert capsys.readouterr().out.startswith("same: ")
    assert main(["replay", one, other, "--flow", flow]) == 0
    assert capsys.readouterr().out == "2 calls: 2 same path\n"
    assert main(["show", flow, "--html", "--calls", one, other, "--out", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "lemonade" in page
    assert "ended booked" in page


def test_a_person_in_place_of_the_model_is_in_the_log(chat, tmp_path: Path, capsys: Captured) -> None:  # type: ignore[no-untyped-def]
    chat(HELPDESK, "it crawls", "2", "lights are red", "Which ones?", "all", "0", "oh well", "1", "yes")
    assert main(["replay", str(tmp_path / "a.jsonl")]) == 0
    assert main(["stats", str(tmp_path / "a.jsonl")]) == 0
    assert "calls 1 · done 100 %" in capsys.readouterr().out


def test_a_conversation_that_goes_on_has_a_log_of_its_second_part(chat, tmp_path: Path, capsys: Captured) -> None:  # type: ignore[no-untyped-def]
    words = ("--session", str(tmp_path / "s.json"))
    chat(CLINIC, "cleaning", words=words)
    chat(CLINIC, "yes", log="b.jsonl", words=words)
    log = str(tmp_path / "b.jsonl")
    assert main(["replay", log]) == 0
    assert main(["why", log]) == 0
    assert '[confirm → done]  "yes"' in capsys.readouterr().out


def test_no_secret_is_in_it(chat, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    chat(PIN, "four eight two nine", ":quit")
    lines = kept((tmp_path / "a.jsonl").read_text())
    assert "***" in lines
    assert "eight" not in lines
    assert "4829" not in lines


@pytest.mark.parametrize("place", ["nowhere/a.jsonl", "."])
def test_a_log_that_cannot_be_written_is_one_line(chat, place: str) -> None:  # type: ignore[no-untyped-def]
    errors = chat(CLINIC, "cleaning", log=place, code=2)
    assert errors.count("\n") == 1
    assert "cannot be written" in errors


# --- a host's slot types ----------------------------------------------------------------------------------------------------------------

HOST = """
from fsm_agents.flows.words.types import Custom, register_type

register_type(Custom("zone", grammar="zone (a / b)", parse=lambda words: words[-1]))

def first(number):
    return number

def given(flow):
    return flow.bind({"book": lambda service: {"taken": False}})
"""

ZONES = CLINIC.replace('type = "choice"\n', 'type = "zone"\n').partition("[slots.service.values]")
ZONED = ZONES[0] + "[tools.book]" + ZONES[2].partition("[tools.book]")[2]


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    """In the folder of the flow; what the host registers is gone afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "flow.toml").write_text(ZONED)
    yield tmp_path
    types._CUSTOM.pop("zone", None)
    sys.modules.pop("flow", None)


@pytest.mark.parametrize("command", ["check", "test", "chat"])
def test_what_is_told_to_be_typed_works(forgotten: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    (forgotten / "flow.py").write_text(HOST)
    assert main([command, "flow.toml"]) == 2
    told = capsys.readouterr().err
    assert "flow.toml:" in told
    assert "no slot type is called 'zone'; known: choice, date" in told
    typed = told.rpartition(f"fsm-agents {command} ")[2].split()
    assert typed == ["flow.toml", "--bind", "flow:given"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("zone b\nyes\n"))
    assert main([command, *typed]) == 0
    shown = capsys.readouterr().out
    assert "end:    booked" in shown or command != "chat"


@pytest.mark.parametrize(
    ("program", "told"),
    [(None, "MODULE:FUNCTION"), ("def (", "MODULE:FUNCTION"), ("x = 1", "flow:FUNCTION"), ("def f(flow): ...", "flow:FUNCTION")],
)
def test_a_host_that_is_not_beside_the_flow_is_left_open(
    forgotten: Path, capsys: Captured, program: str | None, told: str
) -> None:
    if program is not None:
        (forgotten / "flow.py").write_text(program)
    assert main(["check", "flow.toml"]) == 2
    assert capsys.readouterr().err.rstrip().endswith(f"--bind {told}")


def test_a_host_elsewhere_is_named_from_here_or_left_open(forgotten: Path, capsys: Captured) -> None:
    for folder, told in (("my/flows", "my.flows.flow:given"), ("my flows", "MODULE:given")):
        place = forgotten / folder
        place.mkdir(parents=True)
        (place / "flow.toml").write_text(ZONED)
        (place / "flow.py").write_text(HOST)
        assert main(["check", str(place / "flow.toml")]) == 2
        assert capsys.readouterr().err.rstrip().endswith(f"--bind {told}")
