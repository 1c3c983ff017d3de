"""Files of files: includes, sub-flows, circles, bounds, and everything that would lead out of the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fsm_agents.flows.notation import folder as module
from fsm_agents.flows.notation.folder import read_flow, read_text
from fsm_agents.flows.notation.source import MAX_BYTES
from fsm_agents.flows.problems import FlowError, Problem
from tests.flows.notation.small import EXAMPLES, SMALL, changed


def flow(name: str, runs: dict[str, str] | None = None, *, head: str = "", ends: str = "done", more: str = "") -> str:
    """A flow that runs these sub-flows (by state) one after the other."""
    runs = runs or {}
    states = [*runs, "end"]
    rows = (
        "".join(f"| {a} | ended done | {b} |\n" for a, b in zip(states, states[1:], strict=False)) or "| end | repeat | stay |\n"
    )
    files = ", ".join(f'{state} = "{path}"' for state, path in runs.items())
    return (
        f'flow = "{name}"\nstart = "{states[0]}"\n' + (f"flows = {{ {files} }}\n" if runs else "") + head
        + f"[rows]\nmain = '''\n| in | on | to |\n{rows}'''\n"
        + "".join(f'[states.{state}]\nrun = "{state}"\n' for state in runs) + f'[states.end]\nend = "{ends}"\n{more}'
    )  # fmt: skip


def problems(text: str, files: dict[str, str] | None = None, folder: Path | None = None) -> list[Problem]:
    """What is wrong with a flow and its files."""
    with pytest.raises(FlowError) as raised:
        read_text(text, "top.toml", folder, files)
    return list(raised.value.problems)


def test_a_flow_of_a_file_has_its_sub_flows_and_messages_name_the_path() -> None:
    reading = read_flow(EXAMPLES / "appointment.toml")
    identify = reading.spec.flows["identify"]
    assert (identify.name, identify.gives) == ("identify", ("patient", "born"))
    assert Path(identify.file) == EXAMPLES / "identify.toml"
    assert reading.spec.file == str(EXAMPLES / "appointment.toml")
    assert reading.spec.text == (EXAMPLES / "appointment.toml").read_text("utf-8")
    assert "rows" not in reading.spec.tree


def test_a_sub_flow_is_read_once_however_often_it_runs() -> None:
    spec = read_text(flow("top", {"a": "x.toml", "b": "x.toml"}), files={"x.toml": flow("x")}).spec
    assert spec.flows["a"] is spec.flows["b"]


def test_problems_of_all_files_come_together() -> None:
    found = problems(
        flow("top", {"a": "x.toml"}).replace("stay", "sty").replace("| end |", "| ende |"), {"x.toml": flow("x", ends="Done")}
    )
    assert {(p.place.file, p.code) for p in found} == {("top.toml", "F202"), ("x.toml", "F314")}


def test_outcomes_are_those_of_the_sub_flow() -> None:
    [problem] = problems(flow("top", {"a": "x.toml"}), {"x.toml": flow("x", ends="gone")})
    assert (problem.code, problem.fix) == ("F315", "did you mean 'gone'?")
    grouped = flow("top", {"a": "x.toml"}, more='[groups.g]\nstates = ["a"]\n').replace("| a | ended", "| g | ended")
    assert read_text(grouped, files={"x.toml": flow("x")}).spec.rows[0].inside.names == ("g",)
    anywhere = flow("top", {"a": "x.toml"}).replace("| a | ended", "| any | ended")
    assert read_text(anywhere, files={"x.toml": flow("x")}).spec.rows[0].inside.anywhere


def test_a_group_may_run_a_sub_flow_for_its_states() -> None:
    text = flow("top", {"a": "x.toml"}, more='[groups.g]\nstates = ["a"]\nrun = "a"\n').replace(
        '[states.a]\nrun = "a"', "[states.a]"
    )
    assert read_text(text, files={"x.toml": flow("x")}).spec.states["a"].run == "a"


def test_what_is_handed_in_and_out_exists_on_both_sides() -> None:
    x = flow(
        "x", head='takes = ["phone"]\ngives = ["who"]\n', more='[slots.phone]\ntype = "digits"\n[slots.who]\ntype = "text"\n'
    )
    more = '[slots.number]\ntype = "digits"\n[slots.who]\ntype = "text"\n'
    good = flow("top", {"a": "x.toml"}, more=more).replace('run = "a"', 'run = "a"\nwith = { phone = "number" }')
    assert read_text(good, files={"x.toml": x}).spec.states["a"].with_ == {"phone": "number"}
    [taken] = problems(good.replace("{ phone", "{ fone"), {"x.toml": x})
    assert (taken.code, taken.message, taken.fix) == ("F309", "x does not take 'fone'", "did you mean 'phone'?")
    [unknown] = problems(good.replace('"number" }', '"numbr" }'), {"x.toml": x})
    assert (unknown.code, unknown.message) == ("F309", "'numbr' is no slot")
    [given] = problems(good.replace("[slots.who]", "[slots.whom]"), {"x.toml": x})
    assert (given.code, given.message) == ("F309", "a gives 'who', and no slot here is called so")


def test_one_call_has_one_language(monkeypatch: pytest.MonkeyPatch) -> None:
    import attrs

    from fsm_agents.flows.words import pack as packs

    monkeypatch.setitem(packs._PACKS, "xx", attrs.evolve(packs.pack("en-US"), lang="xx"))
    [problem] = problems(flow("top", {"a": "x.toml"}), {"x.toml": flow("x", head='lang = "xx"\n')})
    assert (problem.code, problem.message) == ("F009", "'a' is in xx, this flow in en-US")


@pytest.mark.parametrize("first", ["top.toml", "x.toml"])
def test_sub_flows_in_a_circle_are_refused(first: str) -> None:
    found = problems(flow("top", {"a": "x.toml"}), {"top.toml": flow("top", {"a": "x.toml"}), "x.toml": flow("x", {"a": first})})
    assert [p.code for p in found if p.code != "F315"] == ["F405"]
    assert "x.toml" in found[0].message


def test_depth_number_and_size_of_files_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = {f"x{n}.toml": flow(f"x{n}", {"a": f"x{n + 1}.toml"}) for n in range(12)}
    assert "nest deeper" in problems(flow("top", {"a": "x0.toml"}), deep)[0].message
    wide = {f"x{n}.toml": flow(f"x{n}") for n in range(120)}
    found = problems(flow("top", {f"a{n}": f"x{n}.toml" for n in range(120)}), wide)
    assert {(p.code, p.message) for p in found} == {("F004", f"more than 100 files, or {MAX_BYTES:,} bytes in all")}
    monkeypatch.setattr(module, "MAX_ROWS", 1)
    found = problems(flow("top", {"a": "x.toml"}), {"x.toml": flow("x")})
    assert [(p.place.file, p.code) for p in found] == [("x.toml", "F004")]


def test_flows_that_double_with_every_file_are_refused() -> None:
    double = {f"x{n}.toml": flow(f"x{n}", dict.fromkeys("abcd", f"x{n + 1}.toml")) for n in range(6)} | {"x6.toml": flow("x6")}
    found = problems(flow("top", {"a": "x0.toml"}), double)
    assert found[0].code == "F004"
    assert "more than 1,000 times" in found[0].message


def test_included_tables_are_this_files_own() -> None:
    common = (
        '[phrases]\nplain = "just plain"\n[prompts]\nhi = "Hello {who}."\n[slots.who]\ntype = "text"\n'
        '[tools.find]\nargs = ["who"]\n[words]\nnaan = "N AA N"\n'
    )
    text = (
        changed("version = 2", 'version = 2\ninclude = ["shared/common.toml"]')
        .replace("say menu", "say hi")
        .replace("filled, drop", "filled, plain")
    )
    spec = read_text(text, files={"shared/common.toml": common}).spec
    assert {"plain", "drop"} < set(spec.phrases)
    assert "find" in spec.tools
    assert dict(spec.words) == {"naan": "N AA N"}
    assert spec.slots["who"].place.file == "shared/common.toml"
    assert "include" not in spec.tree
    assert spec.tree["prompts"]["hi"] == "Hello {who}."


def test_several_flows_may_include_one_file() -> None:
    common = '[phrases]\nplain = "just plain"\n'
    include = 'include = ["common.toml"]\n'
    spec = read_text(
        flow("top", {"a": "x.toml"}, head=include), files={"common.toml": common, "x.toml": flow("x", head=include)}
    ).spec
    assert "plain" in spec.phrases
    assert "plain" in spec.flows["a"].phrases
    again = problems(flow("top", head='include = ["common.toml", "common.toml"]\n'), {"common.toml": common})
    assert [p.code for p in again] == ["F304"]


def test_mistakes_in_an_included_file_are_told_where_they_stand() -> None:
    common = '[prompts]\nhi = "Hello {whom}."\nmenu = "x"\n[states.a]\nsay = "x"\n[phrases]\nbad = "[x"\n'
    text = changed("version = 2", 'version = 2\ninclude = ["common.toml"]')
    found = problems(text, {"common.toml": common})
    assert [(p.place.file, p.place.line, p.place.col, p.code) for p in found] == [
        ("common.toml", 2, 14, "F309"), ("common.toml", 3, 1, "F304"), ("common.toml", 4, 1, "F010"), ("common.toml", 7, 8, "F306"),
    ]  # fmt: skip
    assert "top.toml too" in found[1].message


@pytest.mark.parametrize(
    ("common", "code"),
    [("slots = 3", "F007"), ("x = 1", "F010"), ('include = ["x.toml"]', "F010"), ("[", "F001"), ("[rows]\nr = '''x'''", "F010")],
)
def test_an_included_file_may_have_shared_tables_only(common: str, code: str) -> None:
    text = changed("version = 2", 'version = 2\ninclude = ["common.toml"]')
    found = problems(text, {"common.toml": common})
    assert [(p.place.file, p.code) for p in found] == [("common.toml", code)]


def test_an_include_does_not_hide_that_the_files_own_table_is_none() -> None:
    text = 'flow = "x"\nstart = "a"\ninclude = ["common.toml"]\nwords = 3\n[rows]\nr = "x"\n[states.a]\n'
    assert ("top.toml", "F007") in {(p.place.file, p.code) for p in problems(text, {"common.toml": '[words]\na = "AH"\n'})}
    assert "F007" in {p.code for p in problems(text.replace('["common.toml"]', "3"))}


def test_files_come_from_the_folder_unless_they_are_given(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(flow("x"), "utf-8")
    assert read_text(flow("top", {"a": "x.toml"}), folder=tmp_path).spec.flows["a"].name == "x"
    assert read_text(flow("top", {"a": "x.toml"}), folder=tmp_path, files={"x.toml": flow("y")}).spec.flows["a"].name == "y"
    [problem] = [p for p in problems(flow("top", {"a": "z.toml"}), {"x.toml": ""}) if p.code == "F005"]
    assert problem.message == "'z.toml' was not given"
    [problem] = [p for p in problems(flow("top", {"a": "z.toml"}), None, tmp_path) if p.code == "F005"]
    assert problem.message == f"no file '{tmp_path / 'z.toml'}'"


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "x.toml").write_text(flow("x"), "utf-8")
    (inside / "x.toml").symlink_to(tmp_path / "x.toml")
    (inside / "up").symlink_to(tmp_path)
    for path in ("x.toml", "up/x.toml"):
        assert [p.code for p in problems(flow("top", {"a": path}), None, inside)] == ["F006"]
    (inside / "y.toml").write_text(flow("y"), "utf-8")
    (inside / "also.toml").symlink_to(inside / "y.toml")
    assert read_text(flow("top", {"a": "also.toml"}), folder=inside).spec.flows["a"].name == "y"


def test_what_is_no_file_of_text_cannot_be_read(tmp_path: Path) -> None:
    cases = {
        "missing.toml": "no file",
        "folder.toml": "no file",
        "pipe.toml": "no file",
        "latin.toml": "is not UTF-8: byte 11",
        "loop.toml": "",
    }
    (tmp_path / "folder.toml").mkdir()
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "latin.toml").write_bytes('flow = "caf\xe9"'.encode("latin-1"))
    (tmp_path / "loop.toml").symlink_to(tmp_path / "loop.toml")
    for name, said in cases.items():
        with pytest.raises(FlowError) as raised:
            read_flow(tmp_path / name)
        [problem] = raised.value.problems
        assert problem.code == "F005"
        assert said in problem.message
    with pytest.raises(FlowError, match="F005"):
        read_flow("nul\0.toml")


def test_a_file_that_is_too_large_is_not_taken_in_whole(tmp_path: Path) -> None:
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(MAX_BYTES + 100_000_000)
    with pytest.raises(FlowError) as raised:
        read_flow(tmp_path / "large.toml")
    assert [p.code for p in raised.value.problems] == ["F004"]


def test_half_a_character_is_refused() -> None:
    [problem] = problems(SMALL + "# \ud800")
    assert (problem.code, problem.message) == ("F005", "the text is not Unicode: it holds half a character")


def test_an_empty_file_says_what_is_missing() -> None:
    assert [p.message for p in problems("")] == ["'flow' is missing", "'start' is missing", "no [states.…]"]


def test_a_flow_needs_rows() -> None:
    [problem] = problems('flow = "x"\nstart = "a"\n[states.a]\nend = "e"\n')
    assert (problem.code, problem.message) == ("F008", "no rows")
    [problem] = problems('flow = "x"\nstart = "a"\n[rows]\nr = """\n# none\n"""\n[states.a]\nend = "e"\n')
    assert (problem.code, problem.message) == ("F106", "no header")
