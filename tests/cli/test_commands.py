"""The other commands: show, draw, check, explore, mutants; what they print and with which code they end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fsm_agents import __version__
from fsm_agents.cli import explore, mutants
from fsm_agents.cli.main import COMMANDS, main
from fsm_agents.cli.show import FORMS
from fsm_agents.cli.tables import shown_tables
from fsm_agents.fsm.explore import Properties
from fsm_agents.fsm.mutants import Score, Verdict
from fsm_agents.fsm.rows import Kind

Captured = pytest.CaptureFixture[str]


def test_help_names_every_command_and_loads_almost_nothing() -> None:
    """``--help`` is there at once: no table, no event loop, no numpy."""
    code = (
        "import sys\nfrom fsm_agents.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as done:\n    print('code', done.code)\n"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'transitions', 'anyio', 'attr', 'numpy', 'rich', 'asyncio'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("code 0\n\n")
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_of_its_own(command: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as done:
        main([command, "--help"])
    assert done.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: fsm-agents {command}")


def test_the_version(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"fsm-agents {__version__}\n"


def test_without_a_command_it_says_what_there_is(capsys: Captured) -> None:
    assert main([]) == 2
    assert "commands:" in capsys.readouterr().err


# --- show ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["markdown", "mermaid", "dot", "html"])
@pytest.mark.parametrize("name", shown_tables())
def test_every_table_can_be_shown_as_text(name: str, form: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["show", name, "--as", form]) == 0
    shown = capsysbinary.readouterr().out.decode()
    assert name in shown
    assert shown == FORMS[form](shown_tables()[name])


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_table_can_be_shown_as_a_picture(form: str, begins: bytes, tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz", reason="the extra [diagrams] is optional")
    assert main(["show", "turn", "--as", form, "--out", str(tmp_path / "turn")]) == 0
    assert (tmp_path / "turn").read_bytes().startswith(begins)


def test_all_tables_can_be_shown_in_one_file(tmp_path: Path) -> None:
    assert main(["show", "--all", "--out", str(tmp_path / "all.md")]) == 0
    text = (tmp_path / "all.md").read_text(encoding="utf-8")
    assert all(f"\n# {name}\n" in f"\n{text}" for name in shown_tables())


def test_a_reader_that_goes_away_is_no_error() -> None:
    """``fsm-agents show turn | head -1``."""
    show = subprocess.Popen([sys.executable, "-m", "fsm_agents", "show", "--all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with show:
        assert show.stdout is not None
        assert show.stderr is not None
        show.stdout.readline()
        show.stdout.close()
        assert show.stderr.read() == b""


# --- draw ----------------------------------------------------------------------------------------------------------------------------


def test_diagrams_are_written_once_and_checked(tmp_path: Path, capsys: Captured) -> None:
    folder = str(tmp_path / "diagrams")
    assert main(["draw", folder]) == 0
    written = {path.name for path in (tmp_path / "diagrams").iterdir()}
    assert written == {f"{name}.{end}" for name in shown_tables() for end in ("md", "dot")} | {"conversation.md"}
    capsys.readouterr()
    assert main(["draw", folder]) == 0
    assert main(["draw", "--check", folder]) == 0
    assert capsys.readouterr().out == f"{folder} is fresh\n" * 2


def test_a_diagram_that_is_not_its_table_s_is_told(tmp_path: Path, capsys: Captured) -> None:
    main(["draw", str(tmp_path)])
    (tmp_path / "turn.md").write_text("old", encoding="utf-8")
    (tmp_path / "conversation.md").write_text("old", encoding="utf-8")
    (tmp_path / "link.dot").unlink()
    (tmp_path / "gone.md").write_text("of a table that was deleted", encoding="utf-8")
    capsys.readouterr()
    assert main(["draw", "--check", str(tmp_path)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[:-1] == [
        "turn.md differs from its table",
        "link.dot is missing",
        "gone.md belongs to no table",
        "conversation.md differs from its tables",
    ]
    assert (tmp_path / "turn.md").read_text(encoding="utf-8") == "old", "--check writes nothing"


def test_the_overview_tells_who_tells_whom(tmp_path: Path) -> None:
    """The events that machines raise for each other are read from their actions, those made once at import too."""
    main(["draw", str(tmp_path)])
    text = (tmp_path / "conversation.md").read_text(encoding="utf-8")
    for arrow in (
        'session -->|"Opened, Ended, Parted"| caller',
        'caller -->|"WordsHeard, TurnTaken, WordsLost"| turn',
        'turn -->|"ReplyBegun, ReplyCut"| reply',
        'reply -->|"ReplyFailed"| turn',
        "caller -. is read .-> turn",
    ):
        assert arrow in text
    asked = next(line for line in text.splitlines() if line.startswith("| turn |")).split("|")[-2]
    for effect in ("BeginReply", "Interject", "HoldMouth", "ResumeMouth", "CallWakeUp", "GiveUp", "DropSay", "Discard"):
        assert effect in asked


# --- check, explore, mutants ---------------------------------------------------------------------------------------------------------


def test_the_shipped_tables_have_no_errors(capsys: Captured) -> None:
    assert main(["check"]) == 0
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")] == list(
        shown_tables()
    )


def test_a_table_with_an_error_ends_with_1(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    table = shown_tables()["turn"]
    broken = table.without(next(row for row in table.rows if row.kind is Kind.DROP))
    monkeypatch.setattr("fsm_agents.cli.check.table", lambda _name: broken)
    assert main(["check", "turn"]) == 1
    assert "error T101" in capsys.readouterr().out


def test_a_small_world_is_explored_and_holds(capsys: Captured) -> None:
    assert main(["explore", "--texts", "0", "--says", "0"]) == 0
    said = capsys.readouterr().out
    assert said.count("joint states") == 1
    assert said.endswith("everything that must hold does hold\n")


def test_what_does_not_hold_is_told_with_its_scene(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def nobody_ever_speaks(talk: object) -> str | None:
        return "somebody does" if talk.cell("caller").node.name == "TALKING" else None  # type: ignore[attr-defined]

    monkeypatch.setattr(explore, "PROPERTIES", Properties(safety=(nobody_ever_speaks,)))
    assert main(["explore", "--texts", "0", "--says", "0"]) == 1
    said = capsys.readouterr().out
    assert "nobody_ever_speaks: somebody does\n    1. StartAsked\n    2. SpeechStarted" in said
    assert said.endswith("1 of what must hold does not\n")


@pytest.mark.parametrize(("survivors", "code"), [(1, 0), (2, 1)])
def test_the_score_of_the_mutants_decides(survivors: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """95 of 100 noticed is enough, less is not; survivors are named in any case."""
    verdicts = tuple(Verdict(f"mutant {number}", "" if number < survivors else "a property") for number in range(20))
    asked = []

    def scored(*_args: object, only: object, **_options: object) -> Score:
        asked.append(only)
        return Score(verdicts)

    monkeypatch.setattr(mutants, "score", scored)
    assert main(["mutants", "turn", "--processes", "1"]) == code
    assert "survived: mutant 0" in capsys.readouterr().out
    assert len(asked) == 1


# --- errors --------------------------------------------------------------------------------------------------------------------------

HEADER = '{"format":1,"joint":"%s","tables":"x","redacted":%s,"settings":{},"cells":{},"delays":{},"data":{}}\n'

ERRORS = [
    (["dmeo"], "there is no command 'dmeo'; did you mean 'demo'?"),
    (["--verison"], "did you mean '--version'?"),
    (["demo", "--fsat"], "did you mean '--fast'?"),
    (["demo", "--backend", "tri"], "'tri' is not possible for --backend; did you mean 'trio'?"),
    (["demo", "--out", "{tmp}/file"], "no files can be written there"),
    (["demo", "extra"], "too many words"),
    (["show", "tunr"], "there is no table 'tunr'; did you mean 'turn'?"),
    (["show"], "which table? session, caller, reply, turn, link, job; or --all"),
    (["show", "turn", "--all"], "name one table, or say --all"),
    (["show", "turn", "--as", "sgv"], "'sgv' is not possible for --as; did you mean 'svg'?"),
    (["show", "--all", "--as", "png"], "name one table"),
    (["show", "turn", "--out", "{tmp}/no/where"], "give a file in a folder that exists"),
    (["draw", "{tmp}/file"], "is a file; give a folder"),
    (["check", "sesion"], "did you mean 'session'?"),
    (["explore", "--texts", "-1"], "give a whole number, 0 or more"),
    (["explore", "--says", "two"], "give a whole number, 0 or more"),
    (["mutants", "link"], "there are no mutants of 'link'"),
    (["replay"], "LOG"),
    (["replay", "{tmp}/none"], "cannot be read (no such file or directory)"),
    (["replay", "{tmp}"], "cannot be read (is a directory)"),
    (["replay", "{tmp}/file"], "not a step log"),
    (["replay", "{tmp}/sound"], "is not text"),
    (["replay", "{tmp}/stranger"], "is a log of 'coffee', which these commands do not know"),
    (["replay", "{tmp}/redacted"], "redacted: its words are hidden"),
    (["why", "{tmp}/flow", "--turn", "1"], "turns are in the log of a conversation"),
    (["why", "{tmp}/empty", "--turn", "1"], "the caller said nothing in this call"),
    (["why", "{tmp}/empty", "--turn", "0"], "give a whole number, 1 or more"),
    (["why", "{tmp}/redacted", "--turn", "1"], "redacted: its words are hidden"),
]


@pytest.mark.parametrize(("words", "message"), ERRORS, ids=lambda part: " ".join(part) if isinstance(part, list) else "")
def test_what_cannot_be_done_is_one_line_with_what_can(words: list[str], message: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").write_text("hello\n", encoding="utf-8")
    (tmp_path / "sound").write_bytes(b"RIFF\xff\xfe")
    for name, joint, redacted in (
        ("stranger", "coffee", "false"),
        ("redacted", "conversation", "true"),
        ("flow", "link", "false"),
        ("empty", "conversation", "false"),
    ):
        (tmp_path / name).write_text(HEADER % (joint, redacted), encoding="utf-8")
    try:
        code = main([word.replace("{tmp}", str(tmp_path)) for word in words])
    except SystemExit as done:
        code = int(str(done.code))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert message in err


def test_a_log_that_comes_out_otherwise_names_the_first_difference(tmp_path: Path, capsys: Captured) -> None:
    lines = [HEADER % ("link", "false"), '{"n":1,"at":5,"on":{"_":"DialAsked"},"rows":["link:99"]}\n']
    (tmp_path / "log").write_text("".join(lines), encoding="utf-8")
    assert main(["replay", str(tmp_path / "log")]) == 1
    assert capsys.readouterr().out.startswith("different: 0 steps the same")
