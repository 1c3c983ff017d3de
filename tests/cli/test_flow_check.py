"""``fsm-agents check``, ``fmt``, ``schema`` and ``explore`` with flow files: what they print, and with which code they end."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.flows.notation.fmt import format_text
from fsm_agents.flows.notation.schema import schema
from tests.cli.flow_recorder import DRINKS, drinks

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


# --- check --------------------------------------------------------------------------------------------------------------------------------


def test_a_flow_without_errors_is_one_line_that_says_what_was_proved(tmp_path: Path, capsys: Captured) -> None:
    assert main(["check", str(drinks(tmp_path))]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"ok: 9 states, 15 rows, 3 ends; every state can reach one; \d+ pairs of phrases proved different; \d+ notes? \(--notes\) \(\d+ ms\)",
        line,
    )


def test_an_error_is_shown_with_its_line_and_what_to_write_instead(tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(
        tmp_path,
        "drinks.toml",
        (
            "| count   | filled                |                        | drink  |",
            "| count   | filled                |                        | drnik  |",
        ),
    )
    assert main(["check", str(flow)]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"{flow}:13:62 F202 'drnik' is not a state"
    assert shown[1].strip() == "| count   | filled                |                        | drnik  |                   |"
    assert shown[2].strip().startswith("^^^^^")
    assert "did you mean 'drink'?" in "\n".join(shown)
    assert re.fullmatch(r"1 error, 0 warnings in 9 states, 15 rows \(\d+ ms\)", shown[-1])


def test_what_can_only_be_proved_is_an_error_too(tmp_path: Path, capsys: Captured) -> None:
    """A clearing that leaves a value unset that is then said (F404), and two rows with the same words (F503): both at once."""
    flow = drinks(
        tmp_path, "drinks.toml", ("| stay   | say menu          |\n| name", '| stay   | say menu          |\n| drink   | "what [drinks] do you have" | | left | |\n| name'),
        ("| making  | failed, timeout       |                        | sorry  |                   |", "| making  | failed, timeout       |                        | sorry  | clear name; say bye |"),
        ("[prompts]", '[prompts]\nbye = "Sorry, {name}."'),
    )  # fmt: skip
    assert main(["check", str(flow)]) == 1
    codes = re.findall(r"^\S+:\d+:\d+ (F\d+)", capsys.readouterr().out, re.MULTILINE)
    assert {"F404", "F503"} <= set(codes)


def test_notes_are_shown_when_they_are_asked_for(tmp_path: Path, capsys: Captured) -> None:
    flow = str(drinks(tmp_path, "drinks.toml", ('"how many can i have"', '"how many okonomiyaki can i have"')))
    main(["check", flow])
    assert "(note)" not in capsys.readouterr().out
    assert main(["check", flow, "--notes"]) == 0
    shown = capsys.readouterr().out
    assert "F408" in shown
    if "F507 words that sound alike were not looked for" not in shown:  # with the extra [voice]
        assert "F307 'okonomiyaki' is not in the pronunciation dictionary; guessed" in shown


def test_without_the_dictionary_it_says_what_was_not_asked(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    assert main(["check", str(drinks(tmp_path)), "--notes"]) == 0
    assert "F507 words that sound alike were not looked for: the extra [voice] is not installed" in capsys.readouterr().out


def test_words_that_sound_alike_are_a_warning_and_no_error(tmp_path: Path, capsys: Captured) -> None:
    pytest.importorskip("pocketsphinx", reason="the extra [voice] is optional")
    flow = drinks(
        tmp_path,
        "drinks.toml",
        ('| drink   | "what do you have"    |', '| drink   | "flower" | | left | |\n| drink   | "flour"    |'),
    )
    assert main(["check", str(flow)]) == 0
    shown = capsys.readouterr().out
    assert "F507" in shown
    assert "1 warning" in shown


def test_ears_that_know_only_a_grammar_cannot_take_free_text(tmp_path: Path, capsys: Captured) -> None:
    flow = str(drinks(tmp_path))
    assert main(["check", flow, "--ears", "grammar"]) == 1
    assert "F409" in capsys.readouterr().out
    assert main(["check", flow, "--ears", "open"]) == 0


def test_every_file_is_told(tmp_path: Path, capsys: Captured) -> None:
    good, bad = drinks(tmp_path), drinks(tmp_path, "bad.toml", ('start   = "welcome"', 'start   = "wlcome"'))
    assert main(["check", str(good), str(bad)]) == 1
    summaries = [line for line in capsys.readouterr().out.splitlines() if line.startswith((f"{good}: ", f"{bad}: "))]
    assert [line.partition(": ")[2][:4] for line in summaries] == ["ok: ", "1 er"]


def test_what_a_host_binds_is_held_against_it(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hosts.py").write_text(
        "def make(count, drink, name): ...\n"
        "def good(flow):\n    return flow.bind(tools=[make], conditions={'open_now': lambda: True})\n"
        "def bad(flow):\n    return flow.bind(tools=[make])\n"
        "def broken(flow):\n    return 1 / 0\n"
        "def nothing(flow):\n    pass\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    flow = str(drinks(tmp_path))
    assert main(["check", flow, "--bind", "hosts:good"]) == 0
    assert main(["check", flow, "--bind", "hosts:bad"]) == 1
    assert "F703 the condition 'open_now' is missing" in capsys.readouterr().out
    for word, said in {
        "hosts:broken": "ZeroDivisionError", "hosts:nothing": "it gave NoneType", "hosts:none": "AttributeError", "nowhere:good": "No module",
        "hosts": "give module:function",
    }.items():  # fmt: skip
        assert main(["check", flow, "--bind", word]) == 2
        assert said in capsys.readouterr().err


def test_json_and_sarif_are_what_other_programs_read(tmp_path: Path, capsys: Captured) -> None:
    flow = str(drinks(tmp_path, "drinks.toml", ('start   = "welcome"', 'start   = "wlcome"')))
    assert main(["check", flow, "--format", "json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)
    assert (problem["code"], problem["severity"], problem["file"], problem["line"]) == ("F202", "error", flow, 4)
    assert main(["check", flow, "--format", "sarif"]) == 1
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["F202"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 4


def test_what_was_proved_is_kept_by_content(
    tmp_path: Path, cache: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second check reads what the first one proved; a change is proved again; --no-cache asks nobody and keeps nothing."""
    flow = drinks(tmp_path)
    main(["check", str(flow), "--no-cache"])
    assert list(cache.iterdir()) == []
    main(["check", str(flow)])
    (kept,) = (cache / "fsm_agents").iterdir()
    kept.write_text(kept.read_text(encoding="utf-8").replace('"proved": ', '"proved": 1000'), encoding="utf-8")
    capsys.readouterr()
    main(["check", str(flow)])
    assert re.search(r"1000\d+ pairs", capsys.readouterr().out)
    main(["check", str(flow), "--no-cache"])
    assert not re.search(r"1000\d+ pairs", capsys.readouterr().out)
    flow.write_text(flow.read_text(encoding="utf-8").replace("Hello.", "Hi."), encoding="utf-8")
    main(["check", str(flow)])
    assert not re.search(r"1000\d+ pairs", capsys.readouterr().out)
    assert len(list((cache / "fsm_agents").iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert main(["check", str(drinks(tmp_path))]) == 0
    assert capsys.readouterr().err == ""


# --- fmt, schema --------------------------------------------------------------------------------------------------------------------------


def test_a_flow_is_aligned_and_then_left_alone(tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(tmp_path, "drinks.toml", ("| welcome | said                  |", "| welcome | said |"))
    assert main(["fmt", str(flow), "--check"]) == 1
    assert capsys.readouterr().out == f"{flow}: not aligned: run  fsm-agents fmt {flow}\n"
    assert main(["fmt", str(flow)]) == 0
    assert "order of rows untouched" in capsys.readouterr().out
    text = flow.read_text(encoding="utf-8")
    assert text == format_text(text)
    assert main(["fmt", str(flow), "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_line_ends_are_kept(tmp_path: Path) -> None:
    flow = tmp_path / "drinks.toml"
    flow.write_bytes(DRINKS.replace("| said                  |", "| said |").replace("\n", "\r\n").encode())
    assert main(["fmt", str(flow)]) == 0
    data = flow.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") > 0


def test_nothing_is_written_of_a_file_with_errors(tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(tmp_path, "drinks.toml", ("| welcome | said                  |", "| welcome | said"))
    before = flow.read_text(encoding="utf-8")
    assert main(["fmt", str(flow)]) == 1
    assert "F101" in capsys.readouterr().err
    assert flow.read_text(encoding="utf-8") == before


def test_a_hook_is_given_other_files_too(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    (tmp_path / "broken.toml").write_text("[rows]\nmain = '''\n| in |", encoding="utf-8")
    (tmp_path / "other.toml").write_text("x = ", encoding="utf-8")
    assert main(["fmt", "--check", "--only-flows", str(tmp_path / "pyproject.toml"), str(tmp_path / "other.toml")]) == 0
    assert main(["fmt", "--check", "--only-flows", str(tmp_path / "broken.toml")]) == 1


def test_the_schema_is_printed_or_written(tmp_path: Path, capsys: Captured) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()
    assert main(["schema", "--out", str(tmp_path / "flow.json")]) == 0
    assert json.loads((tmp_path / "flow.json").read_text(encoding="utf-8")) == schema()


# --- explore ------------------------------------------------------------------------------------------------------------------------------


def test_a_property_that_holds_is_told(tmp_path: Path, capsys: Captured) -> None:
    assert main(["explore", str(drinks(tmp_path)), "--property", "never call make before name"]) == 0
    said = capsys.readouterr().out
    assert "holds: always an end is reachable from everywhere" in said
    assert "holds: never call make before name" in said


def test_a_property_that_does_not_hold_is_shown_as_a_scene(tmp_path: Path, capsys: Captured) -> None:
    assert main(["explore", str(drinks(tmp_path)), "--property", "never call make without yes in many", "--notes"]) == 1
    said = capsys.readouterr().out
    assert "does not hold: never call make without yes in many" in said
    assert "    caller: " in said


def test_a_search_that_is_cut_off_says_so_and_proves_nothing(tmp_path: Path, capsys: Captured) -> None:
    assert main(["explore", str(drinks(tmp_path)), "--limit", "5"]) == 1
    said = capsys.readouterr().out
    assert "there the search was cut off (--limit 5)" in said
    assert "holds so far: " in said


def test_a_flow_with_errors_is_not_explored(tmp_path: Path, capsys: Captured) -> None:
    assert main(["explore", str(drinks(tmp_path, "drinks.toml", ('start   = "welcome"', 'start   = "wlcome"')))]) == 1
    assert "F202" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["explore", "{flow}", "--property", "never eat"], "F610 'never eat' is no property"),
        (["explore", "{flow}", "--texts", "1"], "about the voice machines"),
        (["explore", "--property", "x"], "name its file"),
        (["explore", "turn"], "give a flow file that ends with .toml"),
        (["explore", "{flow}", "--limit", "0"], "give a whole number, 1 or more"),
        (["check", "{flow}", "turn"], "one after the other"),
        (["check", "--notes"], "name their files"),
        (["check", "turn", "--format", "json"], "name their files"),
        (["check", "{flow}", "--ears", "open2"], "did you mean 'open'?"),
        (["schema", "--out", "{tmp}/no/where"], "give a file in a folder that exists"),
        (["fmt"], "FLOW"),
    ],
)
def test_what_cannot_be_asked_is_one_line(words: list[str], message: str, tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(tmp_path)
    try:
        code = main([word.format(flow=flow, tmp=tmp_path) for word in words])
    except SystemExit as stopped:
        code = stopped.code  # type: ignore[assignment]
    assert code == 2
    assert message in capsys.readouterr().err
