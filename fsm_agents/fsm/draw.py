"""Drawing a table: Markdown, Mermaid, DOT, SVG, PNG, HTML, and a folder of diagrams with a check that it is fresh.

Text is the same on every machine, Python and hash seed, and holds no line numbers of rows: they would change with every edit.
Pictures that Graphviz lays out are made when asked and not committed. Nothing here runs a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.draw_dot import dot, png, svg
from fsm_agents.fsm.draw_html import html
from fsm_agents.fsm.draw_markdown import escape, markdown
from fsm_agents.fsm.draw_mermaid import mermaid
from fsm_agents.fsm.draw_sketch import sketch
from fsm_agents.fsm.draw_words import Marks
from fsm_agents.fsm.table import StateTable

__all__ = ["Marks", "document", "dot", "drift", "html", "markdown", "mermaid", "png", "sketch", "svg", "write_all"]

Tables = Iterable[StateTable[Any, Any]] | Mapping[str, StateTable[Any, Any]]

NOTE = "<!-- Generated from the table. Change the table, then write the diagrams again. -->"


def document(table: StateTable[Any, Any], marks: Marks | None = None) -> str:
    """The Markdown file of a table: title, states, timers, rows, matrix and a Mermaid block."""
    return f"# {escape(table.name)}\n\n{NOTE}\n\n{markdown(table, marks)}\n## Diagram\n\n```mermaid\n{mermaid(table, marks)}```\n"


def write_all(folder: Path | str, tables: Tables) -> list[Path]:
    """Write ``<table>.md`` and ``<table>.dot`` of every table; the files that were changed. Strangers are left alone.

    Raises:
        MisuseError: two tables have one name, or a name is not a file name.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, text in _files(tables).items():
        path = place / name
        if not path.is_file() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())
            changed.append(path)
    return changed


def drift(folder: Path | str, tables: Tables) -> list[str]:
    """What is not as :func:`write_all` would leave it, one sentence a file: differs, is missing, or belongs to no table.

    ``README.md`` and files that are neither ``.md`` nor ``.dot`` are not looked at.

    Raises:
        MisuseError: two tables have one name, or a name is not a file name.
    """
    place, files = Path(folder), _files(tables)
    found = []
    for name, text in files.items():
        path = place / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.read_bytes() != text.encode():
            found.append(f"{name} differs from its table")
    there = sorted(path.name for path in place.glob("*") if path.suffix in (".md", ".dot") and path.name != "README.md")
    return found + [f"{name} belongs to no table" for name in there if name not in files]


def _files(tables: Tables) -> dict[str, str]:
    files: dict[str, str] = {}
    for table in tables.values() if isinstance(tables, Mapping) else tables:
        if not re.fullmatch(r"[^\\/:*?\"<>|\x00-\x1f]+", table.name):
            msg = f"the table name {table.name!r} cannot be a file name: use a plain word"
            raise MisuseError(msg)
        if f"{table.name}.md" in files:
            msg = f"two tables are called {table.name!r}; their diagrams would overwrite each other: rename one"
            raise MisuseError(msg)
        files[f"{table.name}.md"] = document(table)
        files[f"{table.name}.dot"] = dot(table)
    return files
