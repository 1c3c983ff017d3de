"""The pytest plugin, in a process of its own: scenes are collected as tests, and sessions without any do not notice it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.testing.flows.flows import SHOP

PLUGIN = "fsm_agents.testing.flows.plugin"
CONFIG = "[pytest]\naddopts = -ra\nfilterwarnings = error\nstrict = true\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text(CONFIG)
    (tmp_path / "shop.toml").write_text(SHOP)
    (tmp_path / "scenes").mkdir()
    return tmp_path


def run(folder: Path, *words: str) -> tuple[int, str]:
    installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *([] if installed else ["-p", PLUGIN]), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def scene(folder: Path, name: str, text: str) -> None:
    (folder / "scenes" / f"{name}.toml").write_text(text)


def test_scenes_are_tests(folder: Path) -> None:
    scene(folder, "good", "flow = 'shop.toml'\nscene = '''\ncaller: goodbye\nend: left\n'''\n")
    scene(folder, "bad", "flow = 'shop.toml'\n[[scenes]]\nname = 'lost'\nscene = '''\ncaller: two\nstate: many\n'''\n")
    scene(folder, "other", "colour = 'red'\n")
    code, text = run(folder, "-v")
    assert code == 1
    assert "scenes/good.toml::good PASSED" in text
    assert "scenes/bad.toml::lost FAILED" in text
    assert "but the flow is in code" in text
    assert "other.toml" not in text
    assert "1 failed, 1 passed" in text
    code, text = run(folder, "scenes/good.toml::good", "-q")
    assert code == 0, text


def test_a_broken_scene_is_an_error_with_all_its_problems(folder: Path) -> None:
    scene(folder, "bad", "flow = 'shop.toml'\nscene = '''\ncallr: two\nstate: mny\n'''\n")
    code, text = run(folder)
    assert code != 0
    assert "F032 'callr'" in text
    assert "F034 'mny'" in text
    assert "Traceback" not in text


def test_sessions_without_scenes_pay_nothing(folder: Path) -> None:
    (folder / "test_nothing.py").write_text(
        "import sys\n"
        "def test_nothing_is_imported():\n"
        f"    ours = {{name for name in sys.modules if name.startswith('fsm_agents')}}\n"
        f"    assert ours == {{'fsm_agents', 'fsm_agents.lazily', 'fsm_agents.testing', 'fsm_agents.testing.flows', '{PLUGIN}'}}\n"
    )
    code, text = run(folder, "-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:xdist")
    assert code == 0, text
    assert "1 passed" in text
