"""``fsm-agents explore FLOW --scene FILE``: what breaks a property is a scene file that ``fsm-agents test`` plays, and that goes the same way."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.testing.flows.scene import Scene
from tests.cli.flow_recorder import drinks

Captured = pytest.CaptureFixture[str]

BOUNDED = ('[slots.name]\ntype  = "text"\nwords = "1..4"', '[slots.name]\ntype  = "choice"\n[slots.name.values]\nanna = "anna"')
PROPERTY = "never call make without yes in many"


def explored(flow: Path, out: Path, *more: str) -> int:
    return main(["explore", str(flow), "--scene", str(out), *more])


def test_a_counterexample_is_a_scene_that_test_plays(tmp_path: Path, capsys: Captured) -> None:
    """It names its flow from where it stands, says which property it breaks, and passes: the flow does just that."""
    flow = drinks(tmp_path, "drinks.toml", BOUNDED)
    folder = tmp_path / "found"
    folder.mkdir()
    out = folder / "broken.toml"
    assert explored(flow, out, "--property", PROPERTY) == 1
    said = capsys.readouterr().out
    assert f"wrote {out}; play it: fsm-agents test {flow} --scenes {out}" in said
    assert "goes otherwise" not in said
    text = out.read_text(encoding="utf-8")
    assert 'flow = "../drinks.toml"' in text
    assert f"# {PROPERTY}: make is called without yes in many" in text
    (scene,) = Scene.load(out)
    assert scene.play().where == "making"
    assert main(["test", str(flow), "--scenes", str(out), "--walks", "0", "--out", str(tmp_path)]) == 0
    assert "scenes 1/1" in capsys.readouterr().out


def test_a_scene_stops_to_pass_when_the_flow_is_mended(tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "broken.toml"
    assert explored(drinks(tmp_path, "drinks.toml", BOUNDED), out, "--property", PROPERTY) == 1
    mended = drinks(
        tmp_path,
        "drinks.toml",
        BOUNDED,
        ("| count   | filled                |                        | drink  |", "| count   | filled | | many |"),
    )
    assert main(["test", str(mended), "--scenes", str(out), "--walks", "0", "--out", str(tmp_path)]) == 1
    assert "broken.toml:" in capsys.readouterr().out


def test_a_prompt_that_would_end_the_block_stays_in_it(tmp_path: Path) -> None:
    flow = drinks(tmp_path, "drinks.toml", BOUNDED, ('say   = "How many?"', 'say   = "How \'\'\' many \\\\ \\"now\\"?"'))
    out = tmp_path / "broken.toml"
    assert explored(flow, out, "--property", PROPERTY) == 1
    (scene,) = Scene.load(out)
    assert any("How ''' many" in line.text for line in scene.lines)
    scene.play()


def test_nothing_is_written_where_nothing_is_broken(tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "broken.toml"
    assert explored(drinks(tmp_path, "drinks.toml", BOUNDED), out) == 0
    assert f"nothing broken was found, so {out} is not written" in capsys.readouterr().out
    assert not out.exists()


def test_what_cannot_be_written_is_one_line(tmp_path: Path, capsys: Captured) -> None:
    flow = drinks(tmp_path, "drinks.toml", BOUNDED)
    assert explored(flow, tmp_path / "nowhere" / "x.toml", "--property", PROPERTY) == 2
    assert "cannot be written (no such file or directory)" in capsys.readouterr().err
    assert main(["explore", "--scene", "x.toml"]) == 2
    assert "--scene and --notes are about a flow" in capsys.readouterr().err
