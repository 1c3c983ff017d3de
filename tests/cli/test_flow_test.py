"""``fsm-agents test FLOW``: what it says, what it leaves behind, and its exit codes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from tests.cli.conftest import fsm_agents
from tests.testing.flows.flows import SHOP

NO = "| many    | no                                 |           | count   | clear count         |\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.toml").write_text(SHOP)
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes" / "short.toml").write_text("flow = 'shop.toml'\nscene = '''\ncaller: goodbye\nend: left\n'''\n")
    (tmp_path / "scenes" / "foreign.toml").write_text("flow = 'other.toml'\nscene = '''\ncaller: goodbye\n'''\n")
    return tmp_path


def told(capsys: pytest.CaptureFixture[str]) -> str:
    found = capsys.readouterr()
    return found.out + found.err


def test_a_good_flow(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "shop.toml", "--walks", "40", "--seed", "1", "--junit"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("scenes 1/1 · walks 40 × 40 steps, all can end · rows ")
    drawn = Path(line.rpartition(" ")[2])
    assert drawn.name in ("shop.coverage.svg", "shop.coverage.html")
    assert drawn.stat().st_size > 1000
    suite = ET.parse(folder / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "0")


def test_nothing_is_left_behind_but_what_is_named(folder: Path) -> None:
    """In a process of its own: Hypothesis writes its folder once in each."""
    before = {path.name for path in folder.iterdir()}
    done = fsm_agents("test", "shop.toml", "--walks", "100", "--seed", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in folder.iterdir()} - before == {done.stdout.split()[-1]}


def test_a_walk_that_fails_is_told_and_kept_as_a_scene(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "shop.toml").write_text(SHOP.replace(NO, ""))
    out = folder / "out"
    out.mkdir()
    assert main(["test", "shop.toml", "--seed", "1", "--out", str(out), "--junit", "j.xml"]) == 1
    text = told(capsys)
    assert "scene short ok" in text
    assert 'walk FAILED: F411 many has no way out for "no"' in text
    assert "fix: | many | no | | ??? | |" in text
    assert (out / "shop.failed.toml").read_text().startswith("# takes_yes_and_no")
    assert "F411" in (out / "j.xml").read_text()


def test_a_scene_that_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "scenes" / "wrong.toml").write_text("flow = 'shop.toml'\nscene = '''\nstate: code\n'''\n")
    (folder / "scenes" / "typo.toml").write_text("flow = 'shop.toml'\nscene = '''\nstat: code\n'''\n")
    assert main(["test", "shop.toml", "--walks", "0"]) == 1
    text = told(capsys)
    assert "scene short ok" in text
    assert "scene wrong FAILED" in text
    assert "F032 'stat'" in text
    assert "scenes 1/3 · rows" in text


def test_scenes_that_are_named_are_played_against_this_flow(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "shop.toml", "--walks", "0", "--scenes", "scenes", "--missing"]) == 0
    text = told(capsys)
    assert "scenes 2/2" in text
    assert "never taken: | many | no |" in text


def test_a_flow_with_errors(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "shop.toml").write_text(
        SHOP.replace("| code    | filled                             |           | confirm |", "| code | filled | | confrm |")
    )
    assert main(["test", "shop.toml"]) == 1
    assert "F202 'confrm' is not a state" in told(capsys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.toml"], "cannot be read"),
        (["."], "cannot be read"),
        (["shop.toml", "--scenes", "nowhere"], "there is no such file or folder of scenes"),
        (["shop.toml", "--scenes", "empty"], "holds no scenes"),
        (["shop.toml", "--out", "nowhere"], "there is no such folder"),
        (["shop.toml", "--walks", "many"], "give a whole number"),
        (["shop.toml", "--bind", "nothing"], "give module:function"),
    ],
)
def test_what_cannot_be_done_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    (folder / "empty").mkdir()
    try:
        code = main(["test", *words])
    except SystemExit as left:
        code = int(str(left.code))
    assert code == 2
    text = told(capsys)
    assert said in text
    assert len(text.splitlines()) == 1


def test_what_the_host_gives_is_bound(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "host_of_shop.py").write_text(
        "def bind(flow):\n    return flow.bind(tools={'order': lambda count, code: None}, conditions={'open_now': lambda: True})\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    (folder / "scenes" / "open.toml").write_text("flow = 'shop.toml'\nscene = '''\ncaller: operator\nstate: human\n'''\n")
    assert main(["test", "shop.toml", "--walks", "0", "--bind", "host_of_shop:bind"]) == 0, told(capsys)
