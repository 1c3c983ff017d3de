"""The loopback provider as a process: ``python -m fsm_agents.testing.provider [--port N] [--script FILE.json]``.

Or for a program, which it starts with its address and a key in the environment, showing what is said:

    python -m fsm_agents.testing.provider --run examples/cascading.py wav:examples/caller.wav

``--run --record DIR PROGRAM …`` also leaves in DIR what was said and decided: conversation.html, conversation.wav, steps.jsonl.

It then answers with a script of its own unless it is given another, with real ears and a voice where the extra [voice] is installed.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import attrs

from fsm_agents.errors import FSMAgentsError, MissingExtra, MisuseError
from fsm_agents.testing.provider.script import Script, read_script


def main() -> int:
    """Read the command line, and serve, or run a program."""
    options = _parser().parse_args()
    try:
        if find_spec("uvicorn") is None or find_spec("starlette") is None:
            raise MissingExtra("web", "the loopback provider")
        script = _script(options.script)
        if options.run is not None:
            return _run(options.run, script, options.port)
    except FSMAgentsError as wrong:
        print(wrong, file=sys.stderr)  # noqa: T201 - a command line
        return 2
    from fsm_agents.testing.provider.server import serve

    serve(script or Script(), options.port, with_parent=options.with_parent, show=options.show)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m fsm_agents.testing.provider",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--port", type=int, default=0, help="where on 127.0.0.1; any free one unless given")
    parser.add_argument("--script", type=Path, help="a JSON file: what to answer")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input is closed")
    parser.add_argument("--show", action="store_true", help="write what is said on standard error")
    parser.add_argument(
        "--run",
        nargs=argparse.REMAINDER,
        metavar="PROGRAM …",
        help="the last option: a program, and its arguments; --record DIR before the program records the call",
    )
    return parser


def _run(words: list[str], script: Script | None, port: int) -> int:
    from fsm_agents.testing.provider.dialogue import dialogue
    from fsm_agents.testing.provider.run import run_program

    return run_program(words, attrs.asdict(script or dialogue()), port=port)


def _script(path: Path | None) -> Script | None:
    if path is None:
        return None
    try:
        return read_script(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as broken:
        if isinstance(broken, FSMAgentsError):
            raise
        raise MisuseError(f"{path}: cannot be read as a script ({broken})") from None


if __name__ == "__main__":
    sys.exit(main())
