"""``python -m fsm_agents.testing.provider [--port N] [--script FILE.json]``: the loopback provider as a process."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path

from fsm_agents.errors import FSMAgentsError, MissingExtra, MisuseError
from fsm_agents.testing.provider.script import Script, read_script


def main() -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser("python -m fsm_agents.testing.provider", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where on 127.0.0.1; any free one unless given")
    parser.add_argument("--script", type=Path, help="a JSON file: what to answer")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input is closed")
    options = parser.parse_args()
    try:
        script = _script(options.script)
        if find_spec("uvicorn") is None or find_spec("starlette") is None:
            raise MissingExtra("web", "the loopback provider")
    except FSMAgentsError as wrong:
        print(wrong, file=sys.stderr)  # noqa: T201 - a command line
        return 2
    from fsm_agents.testing.provider.server import serve

    serve(script, options.port, with_parent=options.with_parent)
    return 0


def _script(path: Path | None) -> Script:
    if path is None:
        return Script()
    try:
        return read_script(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as broken:
        if isinstance(broken, FSMAgentsError):
            raise
        raise MisuseError(f"{path}: cannot be read as a script ({broken})") from None


if __name__ == "__main__":
    sys.exit(main())
