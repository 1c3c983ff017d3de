"""JSON, SARIF and the one line; the cache of proofs; tools that a model may use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from fsm_agents.flows.problems import Place, Problem, Severity
from fsm_agents.flows.proof import check as checking
from fsm_agents.flows.proof.check import check_cached, check_flow, digest
from fsm_agents.flows.proof.report import summary, to_json, to_sarif
from fsm_agents.flows.proof.structure import structure
from tests.flows.proof.small import BYE, USUAL, example, flat, found, text

SAY = '[states.a]\nsay = "Yes or no?"\n'
GOOD = text(f'a | yes | | bye |\na | "go" | | again |\n{USUAL}', SAY + BYE)
BROKEN = text("a | yes | | bye |", SAY + BYE)

# What SARIF 2.1.0 requires of the parts that are used, and the types it gives them.
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"enum": ["2.1.0"]},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {"type": "object", "required": ["id"]},
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "properties": {
                                "message": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "properties": {"uri": {"type": "string", "pattern": "^[^ ]*$"}}
                                                    },
                                                    "region": {
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                            "endColumn": {"type": "integer", "minimum": 1},
                                                        }
                                                    },
                                                },
                                            }
                                        }
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_json_has_every_field() -> None:
    """And is JSON."""
    (problem,) = found(BROKEN)
    (told,) = json.loads(json.dumps(to_json([problem])))
    assert told == {
        "code": "F412", "severity": "error", "message": "'out_of_tries' reaches nobody from 'a'", "file": "flow.toml", "line": 12, "col": 1,
        "width": 10, "why": "3 failures and the caller is stuck", "fix": "| any | out_of_tries | | bye | |", "shown": "[states.a]", "trail": [],
    }  # fmt: skip


def test_sarif_has_what_the_format_requires() -> None:
    """Rules once, results with level and region, files as URIs, also for codes of other folders."""
    problems = [
        *found(BROKEN), *found(text("a | yes | | bye |", SAY + BYE)), Problem("F202", "no state", Place("ä b.toml", 3), severity=Severity.ERROR),
        Problem("F502", "overrides", Place("x.toml", 4, 2, 3), severity=Severity.NOTE, trail=("one",)), Problem("F504", "nowhere"),
    ]  # fmt: skip
    made = to_sarif(problems, "1.2.3")
    jsonschema.validate(made, SARIF)
    (run,) = made["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["F202", "F412", "F502", "F504"]
    assert run["tool"]["driver"]["version"] == "1.2.3"
    first, _, other, note, nowhere = run["results"]
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "F412"
    assert first["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 12, "startColumn": 1, "endColumn": 11, "snippet": {"text": "[states.a]"},
    }  # fmt: skip
    assert first["message"]["text"].endswith("why: 3 failures and the caller is stuck\nfix: | any | out_of_tries | | bye | |")
    assert other["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "%C3%A4%20b.toml"},
        "region": {"startLine": 3},
    }
    assert (note["level"], note["message"]["text"], note["properties"]) == ("note", "overrides\none", {"trail": ["one"]})
    assert "locations" not in nowhere
    assert to_sarif([Problem("F202", "x", Place("x.toml"))], "1")["runs"][0]["results"][0]["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "x.toml"}}}
    ]


def test_the_one_line() -> None:
    """What was found, counted."""
    flow = flat(GOOD)
    checked = check_flow(flow)
    assert summary(flow, checked.problems, proved=checked.proved) == (
        "ok: 2 states, 3 rows, 1 end; every state can reach it; 1 pair of phrases proved different"
    )
    assert summary(flat(BROKEN), found(BROKEN)) == "1 error, 0 warnings in 2 states, 1 row"
    some = [Problem("F502", "", severity=Severity.NOTE), Problem("F507", "", severity=Severity.WARNING)]
    assert summary(flow, some) == "ok: 2 states, 3 rows, 1 end; every state can reach it; 1 warning; 1 note (--notes)"
    assert summary(example("pizza"), []).endswith("every state can reach one")


# --- the cache ------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often a flow was really checked."""
    calls: list[int] = []
    real = checking.check_flow

    def counting(*args: Any, **settings: Any) -> Any:
        calls.append(1)
        return real(*args, **settings)

    monkeypatch.setattr(checking, "check_flow", counting)
    return calls


def test_what_was_proved_is_read_again(tmp_path: Path, counted: list[int]) -> None:
    """The same problems, to the letter; another text, other ears or other sounds are proved anew."""
    folder = tmp_path / "made" / "here"
    first = check_cached(flat(BROKEN), folder)
    assert check_cached(flat(BROKEN), folder) == first == check_flow(flat(BROKEN))
    assert len(counted) == 1
    assert len(list(folder.iterdir())) == 1
    check_cached(flat(BROKEN + "\n"), folder)
    check_cached(flat(BROKEN), folder, ears="grammar")
    check_cached(flat(BROKEN), folder, phones=lambda word: (word,), sounds="en")
    check_cached(flat(BROKEN), folder, phones=lambda word: (word,), sounds="de")
    assert len(counted) == 5
    check_cached(flat(BROKEN), folder, phones=lambda word: (word,), sounds="de")
    assert len(counted) == 5


def test_without_a_folder_or_a_name_for_the_sounds_nothing_is_kept(tmp_path: Path, counted: list[int]) -> None:
    """Every time anew."""
    for _ in range(2):
        check_cached(flat(BROKEN), None)
        check_cached(flat(BROKEN), tmp_path, phones=lambda word: (word,))
    assert len(counted) == 4
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "spoilt",
    [
        "", "[", "[]", "null", '{"content": "other"}', "[" * 100_000, '{"content": "%s"}', '{"content": "%s", "proved": 1, "problems": [{}]}',
        '{"content": "%s", "proved": "x", "problems": []}',
        ('{"content": "%s", "proved": 1, "problems": [{"code": 1, "message": "", "why": "", "fix": "", "shown": "", "severity": 2, "trail": [],'
        ' "place": {"file": "", "line": 1, "col": 1, "width": 1}}]}'),
        ('{"content": "%s", "proved": 1, "problems": [{"code": "", "message": "", "why": "", "fix": "", "shown": "", "severity": 9, "trail": [],'
        ' "place": {"file": "", "line": 1, "col": 1, "width": 1}}]}'),
    ],
)  # fmt: skip
def test_a_spoilt_file_is_passed_over_and_written_anew(tmp_path: Path, spoilt: str, counted: list[int]) -> None:
    """Whatever is in it."""
    first = check_cached(flat(BROKEN), tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_text("utf-8")
    path.write_text(spoilt.replace("%s", json.loads(whole)["content"]), "utf-8")
    assert check_cached(flat(BROKEN), tmp_path) == first
    assert path.read_text("utf-8") == whole
    assert len(counted) == 2


def test_what_was_proved_of_another_flow_is_not_believed(tmp_path: Path) -> None:
    """Whatever its file is called."""
    check_cached(flat(BROKEN), tmp_path)
    (other,) = tmp_path.iterdir()
    check_cached(flat(GOOD), tmp_path)
    (own,) = (path for path in tmp_path.iterdir() if path != other)
    own.write_text(other.read_text("utf-8"), "utf-8")
    assert check_cached(flat(GOOD), tmp_path).problems == ()


def test_a_folder_that_cannot_be_written_to_is_no_fault(tmp_path: Path) -> None:
    """The proof is made all the same."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", "utf-8")
    assert check_cached(flat(BROKEN), blocked / "below").problems


def test_the_digest_covers_every_file_and_setting() -> None:
    """And is empty for what stands in no file."""
    top = example("appointment").spec
    assert digest(top) == digest(example("appointment").spec)
    assert digest(top) != digest(top, "grammar")
    assert digest(top) != digest(example("appointment", said=("Let me look.", "Let me see.")).spec)
    twice = text("a | ended good | | b |\nb | ended good | | bye |", RUNS + BYE, 'flows = { sub = "sub.toml" }')
    sub = text(
        f"x | yes | | good |\n{USUAL.replace('bye', 'good')}", '[states.x]\nsay = "X?"\n[states.good]\nend = "good"\n', start="x"
    )
    made = flat(twice, {"sub.toml": sub})
    assert digest(made.spec)
    same = text(
        "a | ended good | | b |\nb | ended good | | bye |",
        RUNS.replace('b]\nrun = "sub"', 'b]\nrun = "too"') + BYE,
        'flows = { sub = "sub.toml", too = "sub.toml" }',
    )
    assert digest(flat(same, {"sub.toml": sub}).spec)
    assert digest(made.spec) != digest(flat(twice, {"sub.toml": sub + "\n"}).spec)


RUNS = '[states.a]\nrun = "sub"\n[states.b]\nrun = "sub"\n'


def test_a_sub_flow_that_runs_twice_is_told_once() -> None:
    """Its file has the fault once."""
    outer = text(f"a | ended good | | b |\nb | ended good | | bye |\n{USUAL}", RUNS + BYE, 'flows = { sub = "sub.toml" }')
    sub = text(
        "x | filled | | good |",
        '[slots.n]\ntype = "number"\n[states.x]\nask = "n"\nsay = "N?"\n[states.good]\nend = "good"\n',
        start="x",
    )
    broken = sub.replace("x | filled | | good |", "x | filled | n > 3 | good |")
    assert [(p.code, p.place.file) for p in structure(flat(outer, {"sub.toml": broken})) if p.severity is Severity.ERROR] == [
        ("F403", "sub.toml")
    ]


def test_python_rows_have_no_digest() -> None:
    """Their functions cannot be compared."""
    import attrs

    made = flat(GOOD)
    assert digest(attrs.evolve(made.spec, text="")) == ""
