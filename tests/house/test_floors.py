"""The floors hold: the contracts of the import linter are kept, README shows the same floors, and a light import stays light."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: What ``import fsm_agents`` may not bring along: slow to import, or of an extra that may be missing.
HEAVY = {
    "espeakng_loader",
    "numpy",
    "openai",
    "pocketsphinx",
    "pygraphviz",
    "rich",
    "starlette",
    "uvicorn",
    "webrtcvad",
    "websockets",
}


def floors() -> list[list[str]]:
    """The floors as the linter knows them, top first; each a list of folders."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(each for each in config["tool"]["importlinter"]["contracts"] if each["type"] == "layers")
    return [re.findall(r"\w+", layer) for layer in contract["layers"]]


def test_the_contracts_are_kept() -> None:
    """In a process of its own: the linter turns off every logger that exists. ``lint-imports`` alone shows the same."""
    linter = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    command = [sys.executable, "-c", linter, "--no-cache", "--no-logo"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_folder_has_a_floor_and_says_so() -> None:
    """A package without ``__init__.py`` would be invisible to the linter."""
    folders = {path.name for path in (ROOT / "fsm_agents").iterdir() if any(path.glob("**/*.py"))}
    placed = {folder for floor in floors() for folder in floor}
    assert folders - placed == set()
    packages = {path.parent for path in (ROOT / "fsm_agents").rglob("*.py")}
    assert [str(each) for each in packages if not (each / "__init__.py").exists()] == []


def test_readme_shows_the_floors_in_order() -> None:
    """One line of README for each floor, top first, with its folders in backquotes."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    places = {
        floor[0]: [number for number, line in enumerate(lines) if all(f"`{folder}`" in line for folder in floor)]
        for floor in floors()
    }
    assert [floor for floor, found in places.items() if not found] == [], "floors that no line of README.md names"
    first = [found[0] for found in places.values()]
    assert first == sorted(first)


def test_importing_the_package_is_light() -> None:
    """Providers and numpy load when they are used."""
    code = "import sys, fsm_agents; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert HEAVY & set(done.stdout.split()) == set()
