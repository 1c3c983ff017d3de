"""``fsm-agents draw``: the folder of generated diagrams, written or checked."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from fsm_agents.cli.overview import overview
from fsm_agents.cli.tables import shown_tables
from fsm_agents.errors import MisuseError
from fsm_agents.fsm.draw import drift, write_all
from fsm_agents.machines import effects
from fsm_agents.machines.joined import CONVERSATION

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("diagrams"), metavar="DIR", help="the folder (default: diagrams)"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing: say which files are not those of the tables, and exit with 1"
    )


def run(options: Namespace) -> int:
    """Write, or check."""
    folder: Path = options.folder
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file; give a folder"
        raise MisuseError(msg)
    return _check(folder) if options.check else _write(folder)


def _write(folder: Path) -> int:
    changed = write_all(folder, shown_tables())
    for name, text in _overviews().items():
        if not (folder / name).is_file() or (folder / name).read_bytes() != text.encode():
            (folder / name).write_bytes(text.encode())
            changed.append(folder / name)
    for path in sorted(changed):
        print(f"wrote {path}")
    if not changed:
        print(f"{folder} is fresh")
    return 0


def _check(folder: Path) -> int:
    overviews = _overviews()
    found = [line for line in drift(folder, shown_tables()) if line.partition(" ")[0] not in overviews]
    for name, text in overviews.items():
        if not (folder / name).is_file():
            found.append(f"{name} is missing")
        elif (folder / name).read_bytes() != text.encode():
            found.append(f"{name} differs from its tables")
    for line in found:
        print(line)
    print(f"{folder}: {len(found)} of the files are not fresh: run `fsm-agents draw`" if found else f"{folder} is fresh")
    return 1 if found else 0


def _overviews() -> dict[str, str]:
    """The files about joined machines, by name."""
    return {f"{CONVERSATION.name}.md": overview(CONVERSATION, effects.__all__)}
