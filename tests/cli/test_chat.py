"""``fsm-agents chat``: a flow at the keys, piped and on a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from tests.session.flows.texts import CLINIC, HELPDESK

Captured = pytest.CaptureFixture[str]

NO_EXAMPLE = CLINIC.replace("example = { taken = false }\n", "")


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured):  # type: ignore[no-untyped-def]
    """Hold a chat with these lines; gives the exit code, what was printed, and the errors."""

    def hold(text: str, *lines: str, words: tuple[str, ...] = ()) -> tuple[int, str, str]:
        (tmp_path / "flow.toml").write_text(text)
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(line + "\n" for line in lines)))
        code = main(["chat", str(tmp_path / "flow.toml"), *words])
        return code, *capsys.readouterr()

    return hold


def test_a_whole_conversation(chat) -> None:  # type: ignore[no-untyped-def]
    code, shown, errors = chat(CLINIC, "Um, a check-up", "check up", "yes")
    assert (code, errors) == (0, "")
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines == [
        "[welcome] agent Harbour dental practice.",
        "[welcome → service] agent A check up or a cleaning?",
        "caller Um, a check-up",
        "[service] agent Say check up, or cleaning.",
        "caller check up",
        "service=checkup flow.toml:13",
        "[service → confirm] agent check up. Shall I book it?",
        "caller yes",
        "[confirm → done] emitted booked",
        "[done] agent Booked: check up.",
        "[done] end: booked",
    ]


def test_the_end_of_the_lines_is_no_failure(chat) -> None:  # type: ignore[no-untyped-def]
    assert chat(CLINIC)[0] == 0
    assert chat(CLINIC, "", "  ", "cleaning")[0] == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (":silence", "Say check up, or cleaning."), (":press 2", "cleaning. Shall I book it?"), (":hangup", "end:    hung_up"),
        (":event closed", "Please call again."), (":state", "  service"), (":slots", "none are set"), (":help", ":silence"),
        (":event close", "did you mean 'closed'?"), (":press x", "of the keys 0 to 9"), (":pres 1", "there is no command ':pres'; did you mean 'press'?"),
        (":", "there is no command ':'"), (":save", "save where?"), (":condition open yes", "has no condition 'open'"),
        (":save /nowhere/at/all", "/nowhere/at/all cannot be written"), ("x" * 20_000, "a caller says at most"), (":quit", ""),
        ("operator", "handed  over to queue:desk"),
    ],
)  # fmt: skip
def test_commands(chat, line: str, told: str) -> None:  # type: ignore[no-untyped-def]
    code, shown, errors = chat(CLINIC, line)
    assert (code, errors) == (0, "")
    assert told in shown


def test_what_comes_after_a_time(chat) -> None:  # type: ignore[no-untyped-def]
    assert "Are you still there?" in chat(CLINIC, "cleaning", ":after")[1]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (":ok taken=yes", "That one has just gone."),
        (":failed", "I could not book it."),
        (":timeout", "I could not book it."),
        (":ok", "end:    booked"),
    ],
)
def test_how_the_next_tool_answers(chat, answer: str, told: str) -> None:  # type: ignore[no-untyped-def]
    code, shown, errors = chat(CLINIC, "cleaning", answer, "yes")
    assert (code, errors) == (0, "")
    assert told in shown


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ((":ok taken=no",), "end:    booked"), (("ok taken=yes",), "That one has just gone."), ((":failed",), "I could not book it."),
        ((":timeout",), "I could not book it."), ((), "I could not book it."), ((":ok takken=no", ":ok taken=no"), "did you mean 'taken'?"),
        ((":ok taken=perhaps", ":ok taken=no"), "taken is yes or no"), (("what?", ":ok taken=no"), "is no answer"),
        ((':ok taken="', ":ok taken=no"), "No closing quotation"), ((":ok", "x"), "I could not book it."),
    ],
)  # fmt: skip
def test_a_tool_without_an_example_asks(chat, answers: tuple[str, ...], told: str) -> None:  # type: ignore[no-untyped-def]
    code, shown, errors = chat(NO_EXAMPLE, "cleaning", "yes", *answers)
    assert (code, errors) == (0, "")
    assert "tool book(service) answers?   :ok taken=<yesno>   :failed   :timeout" in shown
    assert told in shown


def test_a_person_chooses_for_the_model(chat) -> None:  # type: ignore[no-untyped-def]
    code, shown, _ = chat(HELPDESK, "it crawls", "9", "2", "lights are red", "Which ones?", "all", "0", "oh well", "1", "yes")
    assert code == 0
    assert "    2  the line is slow   → talk" in shown
    assert "'9': give numbers from 1 to 3, or 0" in shown
    assert "agent   Which ones?" in shown
    assert shown.splitlines()[-1].endswith("end:    done")


def test_slots_that_an_edge_fills_are_asked_for(chat) -> None:  # type: ignore[no-untyped-def]
    _, shown, _ = chat(HELPDESK, "too dear", "1", "2030-01-01", "too dear", "1, 3", "tomorrow")
    assert "day=20" in shown
    assert "Forty two dollars. Fine?" in shown


def test_conditions_are_set(chat) -> None:  # type: ignore[no-untyped-def]
    text = CLINIC.replace('events  = ["closed"]', 'events  = ["closed"]\nconditions = ["open_now"]')
    text = text.replace("| operator, press 0  |            | human   |", "| operator, press 0  | open_now | human |")
    _, shown, _ = chat(
        text, ":condition open_now perhaps", ":condition open_now no", "operator", ":condition open_now yes", "operator"
    )
    assert ":condition open_now yes, or :condition open_now no" in shown
    assert shown.index("Say check up") < shown.index("put you through")


# --- sessions --------------------------------------------------------------------------------------------------------------------------


def test_a_session_is_kept_and_gone_on_with(chat, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    words = ("--session", str(tmp_path / "s.json"))
    chat(CLINIC, "cleaning", words=words)
    _, shown, _ = chat(CLINIC, "yes", words=words)
    assert shown.startswith("[confirm]                  agent   cleaning. Shall I book it?")
    assert "end:    booked" in shown
    code, _, errors = chat(CLINIC, "hello", words=words)
    assert code == 2
    assert "the conversation is over (outcome: booked)" in errors


def test_saved_by_a_command(chat, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _, shown, _ = chat(CLINIC, "cleaning", f":save {tmp_path / 'a.json'}")
    assert "go on with it by  --session" in shown
    assert json.loads((tmp_path / "a.json").read_text())["flow"]["state"] == "confirm"
    assert "Booked: cleaning." in chat(CLINIC, "yes", words=("--session", str(tmp_path / "a.json")))[1]


@pytest.mark.parametrize(
    ("content", "told"),
    [("{", "cannot be read as JSON"), ("[]", "a stored session is a JSON object"), ('{"format": 3}', "this reads 1")],
)
def test_a_session_file_that_is_none(chat, tmp_path: Path, content: str, told: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "s.json").write_text(content)
    code, _, errors = chat(CLINIC, words=("--session", str(tmp_path / "s.json")))
    assert code == 2
    assert told in errors
    assert (tmp_path / "s.json").read_text() == content


def test_a_session_of_another_flow_is_refused(chat, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    words = ("--session", str(tmp_path / "s.json"))
    chat(CLINIC, "cleaning", words=words)
    code, _, errors = chat(HELPDESK, words=words)
    assert code == 2
    assert "F803" in errors


# --- errors ----------------------------------------------------------------------------------------------------------------------------


def test_a_flow_with_errors_is_told_with_its_problems(chat) -> None:  # type: ignore[no-untyped-def]
    code, shown, errors = chat(CLINIC.replace("| confirm |", "| confrim |", 1))
    assert (code, shown) == (1, "")
    assert "did you mean 'confirm'?" in errors
    assert "Traceback" not in errors
    assert "error" in errors.splitlines()[-1]


def test_a_file_that_is_not_there(capsys: Captured, tmp_path: Path) -> None:
    assert main(["chat", str(tmp_path / "none.toml")]) in (1, 2)
    assert "none.toml" in capsys.readouterr().err


def test_on_a_terminal_there_is_a_prompt(tmp_path: Path) -> None:
    """What is typed is not shown twice."""
    (tmp_path / "flow.toml").write_text(CLINIC)
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "fsm_agents", "chat", str(tmp_path / "flow.toml")]
    with subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        os.close(theirs)
        os.write(ours, b"cleaning\nyes\n")
        shown, errors = process.communicate(timeout=60)
    os.close(ours)
    assert (process.returncode, errors) == (0, "")
    assert "> " in shown
    assert "caller" not in shown
    assert "end:    booked" in shown
