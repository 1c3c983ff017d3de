"""``fsm-agents show``: a state table, or a flow, as text or picture."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fsm_agents.cli.show_flow import FLOW_FORMS, show_flow
from fsm_agents.cli.tables import shown_tables, table
from fsm_agents.errors import MisuseError
from fsm_agents.fsm.draw import document, dot, html, mermaid, png, svg
from fsm_agents.fsm.table import StateTable

__all__ = ["FORMS", "add_arguments", "run"]

FORMS: dict[str, Callable[[StateTable[Any, Any]], str | bytes]] = {
    "markdown": document,
    "mermaid": mermaid,
    "dot": dot,
    "html": html,
    "svg": svg,
    "png": png,
}
_PICTURES = ("png",)
_SHORT = {"markdown": "md"}
"""What a form of a table is called as an option, where that differs."""


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "table", nargs="?", metavar="TABLE|FLOW.toml", help=f"a flow file, or one of: {', '.join(shown_tables())}"
    )
    parser.add_argument("--all", action="store_true", help="every table, one after the other")
    parser.add_argument(
        "--as", dest="form", choices=FORMS, default="markdown", help="how (default: markdown; svg and png need [diagrams])"
    )
    for form, meaning in FLOW_FORMS.items():
        parser.add_argument(f"--{form}", dest="forms", action="append_const", const=form, help=meaning)
    parser.add_argument(
        "--calls", nargs="+", type=Path, metavar="LOG", help="with --html: recorded calls to play along it, flow.jsonl of each"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="where to (default: the terminal)")


def run(options: Namespace) -> int:
    """Show it."""
    form = _form(options)
    if options.table and Path(options.table).suffix == ".toml":
        return _flow(options, form)
    if options.calls:
        msg = "--calls are played along a flow; name its file first: fsm-agents show FLOW.toml --html --calls LOG"
        raise MisuseError(msg)
    return _tables(options, form)


def _flow(options: Namespace, form: str) -> int:
    if options.all:
        msg = f"show {options.table} --all: --all is every table; a flow is shown by itself"
        raise MisuseError(msg)
    if options.calls and form != "html":
        msg = f"show {options.table} --calls: calls are played in a page; say --html"
        raise MisuseError(msg)
    return show_flow(Path(options.table), form, options.out, options.calls or ())


def _tables(options: Namespace, form: str) -> int:
    options.form = next((each for each in FORMS if _SHORT.get(each, each) == form), "")
    if not options.form:
        msg = f"--{form} is for flows: fsm-agents show FLOW.toml --{form}"
        raise MisuseError(msg)
    if options.table and options.all:
        msg = f"show {options.table} --all: name one table, or say --all"
        raise MisuseError(msg)
    if not options.table and not options.all:
        msg = f"show: which table? {', '.join(shown_tables())}; or --all"
        raise MisuseError(msg)
    tables = list(shown_tables().values()) if options.all else [table(options.table)]
    if options.all and options.form not in ("markdown", "mermaid", "dot"):
        msg = f"show --all --as {options.form}: several tables are no one file of that kind; name one table"
        raise MisuseError(msg)
    shown = [FORMS[options.form](each) for each in tables]
    if options.out is not None:
        _write(options.out, shown)
    elif options.form in _PICTURES and sys.stdout.isatty():
        msg = f"--as {options.form} is not for a terminal: say --out FILE"
        raise MisuseError(msg)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(_joined(shown))
        sys.stdout.flush()
    return 0


def _form(options: Namespace) -> str:
    """How to show it, by its short name."""
    given: list[str] = list(dict.fromkeys(options.forms or ()))
    if len(given) > 1:
        msg = f"--{' and --'.join(given)}: one at a time"
        raise MisuseError(msg)
    asked: str = options.form
    return given[0] if given else _SHORT.get(asked, asked)


def _joined(shown: list[str | bytes]) -> bytes:
    return b"\n".join(part if isinstance(part, bytes) else part.encode() for part in shown)


def _write(out: Path, shown: list[str | bytes]) -> None:
    try:
        out.write_bytes(_joined(shown))
    except OSError as error:
        msg = f"--out {out}: cannot be written ({(error.strerror or str(error)).lower()}); give a file in a folder that exists"
        raise MisuseError(msg) from error
