"""The command ``fsm-agents``: finds the command and hands over. Each command is a file of its own, imported when it is used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from fsm_agents.cli.parser import Parser
from fsm_agents.cli.printing import any_terminal, nobody_reads
from fsm_agents.errors import FSMAgentsError, nearest

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "demo": "hold a spoken conversation on the embedded parts, and leave its recording, its log and a page",
    "new": "begin an agent of your own: a folder with an agent, a flow, a scene and a test",
    "chat": "hold a flow as text: what you type the caller says",
    "test": "play the scenes of a flow, walk through it at random, and say what was covered",
    "show": "show a state table: Markdown, Mermaid, DOT, SVG, PNG or HTML",
    "draw": "write the diagrams of all tables, or check that they are fresh",
    "check": "review flows and tables: undecided cells, dead ends, words taken twice, …",
    "fmt": "align the tables of flow files",
    "explore": "search everything that can happen in a flow, or in the voice machines, and prove properties",
    "mutants": "delete each row and each action, and see whether a property notices",
    "replay": "do a recorded call again and compare; or hold many in a new version of their flow",
    "stats": "say what became of recorded calls: outcomes, where callers were not understood, which rows were taken",
    "why": "say for one turn of a recorded call what was heard, and which rows decided",
    "schema": "show the JSON schema of flow files, for editors",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit code: 0 fine, 1 something was found wrong, 2 it could not be done."""
    any_terminal()
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0].startswith("-"):
        return _without_command(words)
    name, *rest = words
    if name not in COMMANDS:
        return _refuse(f"there is no command {name!r}; {nearest(name, COMMANDS)}")
    command = importlib.import_module(f"fsm_agents.cli.{name}")
    parser = Parser(prog=f"fsm-agents {name}", description=f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}.")
    command.add_arguments(parser)
    try:
        code: int = command.run(parser.parse_args(rest))
    except FSMAgentsError as wrong:
        return _refuse(str(wrong))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `fsm-agents show turn | head`
        nobody_reads()
        return 0
    return code


def _without_command(words: list[str]) -> int:
    lines = "\n".join(f"  {name:<9} {what}" for name, what in COMMANDS.items())
    parser = Parser(
        prog="fsm-agents",
        usage="fsm-agents COMMAND …",
        description="Voice agents as explicit state machines.",
        epilog=f"commands:\n{lines}\n\nfsm-agents COMMAND --help says more about one.",
    )
    parser.add_argument("--version", action="store_true", help="say which version this is")
    if parser.parse_args(words).version:
        from fsm_agents import __version__

        print(f"fsm-agents {__version__}")
        return 0
    parser.print_help(sys.stderr)
    return 2


def _refuse(message: str) -> int:
    print(f"fsm-agents: {message}", file=sys.stderr)
    return 2
