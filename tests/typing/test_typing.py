"""The type checkers' half of the promise: what a table may say passes, and what it may not is refused on exactly those lines.

``accepted.py`` and ``refused.py`` are read by mypy always, and by pyright where it is installed.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = ("accepted.py", "refused.py")
Lines = dict[str, list[int]]


def run(command: list[str], cwd: Path) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr  # 1: there are errors; anything else: it did not run
    return done.stdout


def mypy(folder: Path, kept: Path) -> Lines:
    """The lines that mypy refuses, in its strict mode and without any configuration of ours. What it knows of the package is kept."""
    options = ["--strict", "--config-file=", f"--cache-dir={kept}", "--no-error-summary"]
    said = run(["mypy", *options, *FILES], folder)
    return {name: lines(said, rf"^{name}:(\d+): error:") for name in FILES}


def pyright(folder: Path, kept: Path) -> Lines:
    """The lines that pyright refuses, in its strict mode."""
    (folder / "pyrightconfig.json").write_text(json.dumps({"include": ["."], "typeCheckingMode": "strict"}))
    said = json.loads(run(["pyright", "--outputjson", "--pythonpath", sys.executable], folder))
    found = [(Path(told["file"]).name, told["range"]["start"]["line"] + 1) for told in said["generalDiagnostics"]]
    return {name: sorted({line for file, line in found if file == name}) for name in FILES}


def lines(text: str, pattern: str) -> list[int]:
    return sorted({int(found) for found in re.findall(pattern, text, re.MULTILINE)})


def marked(name: str) -> list[int]:
    """The lines that say ``# E:``."""
    return [number for number, line in enumerate((HERE / name).read_text("utf-8").splitlines(), 1) if "# E:" in line]


@pytest.fixture(params=[mypy, pyright], ids=["mypy", "pyright"])
def checker(request: pytest.FixtureRequest) -> Callable[[Path, Path], Lines]:
    chosen: Callable[[Path, Path], Lines] = request.param
    if chosen is pyright and importlib.util.find_spec("pyright") is None:
        pytest.skip("pyright is not installed: pip install 'pyright[nodejs]' (the checks of every change have it)")
    return chosen


def test_tables_are_accepted_and_refused_line_by_line(
    checker: Callable[[Path, Path], Lines], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    cache = getattr(pytestconfig, "cache", None)  # none with -p no:cacheprovider
    for name in FILES:
        shutil.copy(HERE / name, tmp_path)
    kept = tmp_path / "cache" if cache is None else cache.mkdir("mypy")
    assert checker(tmp_path, kept) == {name: marked(name) for name in FILES}


def test_there_is_something_to_refuse() -> None:
    assert (marked("accepted.py"), len(marked("refused.py"))) == ([], 31)
