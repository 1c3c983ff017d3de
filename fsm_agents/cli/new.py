"""``fsm-agents new``: the folder of an agent of one's own, with everything in it that is needed to change it and to know that it works."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from importlib.resources import files
from pathlib import Path

from fsm_agents.errors import MisuseError

__all__ = ["FILES", "add_arguments", "run"]

FILES = {
    "agent.py": "agent.py.in",
    "flow.toml": "flow.toml.in",
    "scenes/hello.toml": "hello.toml.in",
    "tests/test_flow.py": "test_flow.py.in",
}
"""What is made, of which template."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("name", metavar="NAME", help="how the agent is called, and the folder that is made for it here: my-agent")


def run(options: Namespace) -> int:
    """Make it."""
    name: str = options.name
    if not _NAME.fullmatch(name):
        msg = (
            f"{name[:60]!r} is no name for an agent: give a letter, then up to 49 letters, digits, - and _, for example my-agent"
        )
        raise MisuseError(msg)
    folder = Path(name)
    texts = {path: _text(template, name) for path, template in FILES.items()}
    try:
        _claim(folder)
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{name}: cannot be made here ({(error.strerror or str(error)).lower()})"
        raise MisuseError(msg) from error
    lines = texts["agent.py"].count("\n")
    print(f"{name}/  agent.py ({lines} lines)  flow.toml (3 states)  scenes/hello.toml  tests/test_flow.py")
    print(f"next: cd {name}")
    for command, what in (
        ("fsm-agents chat flow.toml", "talk to it as text"),
        ("fsm-agents check flow.toml", "after each change: what is wrong, and how to mend it"),
        ("fsm-agents test flow.toml", "its scenes, and five hundred callers at random"),
        ("pytest", "the same as a test suite"),
        ("fsm-agents show flow.toml --html", "its diagram as a page: click a state"),
        ("python agent.py wav:caller.wav:call.wav", "spoken; needs the extra [voice] and a recorded caller"),
        ("FSM_AGENTS_RECORD=call python agent.py …", "the same, recorded: then  fsm-agents why call/flow.jsonl --turn 1"),
    ):
        print(f"      {command:<42} {what}")
    return 0


def _claim(folder: Path) -> None:
    """The folder is there, and nothing is in it.

    Raises:
        MisuseError: something is.
    """
    if folder.is_dir():
        if any(folder.iterdir()):
            msg = f"the folder {folder} is there already, and not empty; give another name"
            raise MisuseError(msg)
    elif folder.exists() or folder.is_symlink():
        msg = f"{folder} is there already, and is no folder; give another name"
        raise MisuseError(msg)
    else:
        folder.mkdir()


def _text(template: str, name: str) -> str:
    text = files("fsm_agents.cli").joinpath("new_files", template).read_text(encoding="utf-8")
    flow = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return text.replace("@NAME@", name).replace("@FLOW@", flow)
