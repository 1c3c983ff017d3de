"""``fsm-agents show FLOW.toml``: a flow as text, picture, page, or as the script of everything the agent can say."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_agents.errors import MisuseError

if TYPE_CHECKING:
    from fsm_agents.flows.machine.flat import FlatFlow

__all__ = ["FLOW_FORMS", "render_flow", "show_flow"]

FLOW_FORMS: Mapping[str, str] = {
    "md": "its rows by state, and the matrix (the default)",
    "matrix": "states × events",
    "mermaid": "a Mermaid diagram",
    "dot": "Graphviz's language",
    "svg": "a picture (needs [diagrams])",
    "png": "a picture (needs [diagrams])",
    "html": "a page: click a state; play calls",
    "script": "every sentence the agent can say, for a writer or a translator",
    "csv": "the same as a table for a spreadsheet",
}
"""How a flow can be shown; each is an option of the command."""

_FILES = ("svg", "png", "html")
"""What a terminal cannot show: without ``--out`` it is written beside the reader, as ``pizza.svg``."""


def render_flow(flat: FlatFlow, form: str) -> str | bytes:
    """A flow in one of :data:`FLOW_FORMS`.

    Raises:
        MissingExtra: svg or png, and the extra ``[diagrams]`` is not installed.
    """
    from fsm_agents.flows.draw import dot, markdown, mermaid, page, script

    forms: Mapping[str, Callable[[FlatFlow], str | bytes]] = {
        "md": markdown.markdown, "matrix": markdown.matrix, "mermaid": mermaid.mermaid, "dot": dot.dot, "svg": dot.svg, "png": dot.png,
        "html": page.page, "script": script.script, "csv": script.script_csv,
    }  # fmt: skip
    return forms[form](flat)


def show_flow(path: Path, form: str, out: Path | None, calls: Sequence[Path] = ()) -> int:
    """Show the flow in a file; as a page with the calls of these logs in it.

    Raises:
        FlowError: what is wrong with it, all at once.
        MisuseError: there is no such file, or ``out`` cannot be written; or a log is none of this flow.
    """
    from fsm_agents.cli.flow_files import read_text
    from fsm_agents.flows.machine.flatten import flatten
    from fsm_agents.flows.notation.folder import read_flow

    read_text(path)
    shown = _with_calls(path, calls) if calls else render_flow(flatten(read_flow(path).spec), form)
    data = shown if isinstance(shown, bytes) else shown.encode()
    if out is None and form in _FILES and sys.stdout.isatty():
        out = Path(f"{path.stem}.{form}")
    if out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return 0
    try:
        out.write_bytes(data)
    except OSError as error:
        msg = f"--out {out}: cannot be written ({(error.strerror or str(error)).lower()}); give a file in a folder that exists"
        raise MisuseError(msg) from error
    print(f"wrote {out}")
    return 0


def _with_calls(path: Path, logs: Sequence[Path]) -> str:
    from fsm_agents.cli.flow_files import load_flow, read_flow_log
    from fsm_agents.cli.logs import naming
    from fsm_agents.flows.draw.page import CallTrace, page
    from fsm_agents.observe.flow_trace import MOST_STEPS, call_trace

    flow, calls, count = load_flow(path), list[CallTrace](), 0
    for log in logs:
        call = read_flow_log(log)
        with naming(log):
            calls.append(call_trace(flow, call))
        count += len(calls[-1].steps)
        if count > MOST_STEPS:
            msg = f"{log}: with this call the page would have {count:,} lines, more than {MOST_STEPS:,}; give fewer logs"
            raise MisuseError(msg)
    return page(flow.flat, calls=calls)
