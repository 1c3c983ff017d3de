"""README tells the truth: its picture is the table's, its first agent is the example's, its commands are there."""

from __future__ import annotations

from pathlib import Path

from fsm_agents.fsm.draw_mermaid import mermaid
from fsm_agents.machines.turn import TURN

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_picture_of_the_turn_is_drawn_from_its_table() -> None:
    """After a change of the table, put what `fsm-agents show turn --as mermaid` prints between the two markers."""
    shown = README.partition("<!-- turn -->")[2].partition("<!-- /turn -->")[0]
    assert shown.strip() == f"```mermaid\n{mermaid(TURN)}```"


def test_the_first_agent_is_the_example() -> None:
    shown = README.partition("```python\n")[2].partition("```")[0]
    assert shown in (ROOT / "examples" / "barista.py").read_text(encoding="utf-8")


def test_the_two_commands_are_there() -> None:
    commands = [line.strip() for line in README.splitlines() if line.strip().startswith("python3 -m venv .venv &&")]
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install -e '.[voice,web]' && .venv/bin/fsm-agents demo",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
    ]
