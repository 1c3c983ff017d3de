"""One browser for all tests of a process; without Chromium, or for Mermaid without its file, they are left out and say why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.devtools import Browser, browser, chromium

__all__ = ["chrome", "mermaid_file"]


@pytest.fixture(scope="session")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A running browser."""
    program = chromium()
    if program is None:
        pytest.skip("no Chromium here: install the package chromium")
    with browser(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture(scope="session")
def mermaid_file() -> Path:
    """Mermaid itself: the path of ``mermaid.min.js`` stands in the environment variable FSM_AGENTS_MERMAID."""
    named = os.environ.get("FSM_AGENTS_MERMAID", "")
    if not named:
        pytest.skip(
            "FSM_AGENTS_MERMAID names no mermaid.min.js: npm pack mermaid@12.3.0, unpack it, and name package/dist/mermaid.min.js"
        )
    return Path(named)
