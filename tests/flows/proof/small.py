"""Small flows for the checks: rows without a header, states in a few lines, and where in the file something stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.machine.flatten import flatten
from fsm_agents.flows.notation.folder import read_flow, read_text
from fsm_agents.flows.problems import Problem, Severity
from fsm_agents.flows.proof.check import check

EXAMPLES = Path(__file__).parents[3] / "examples" / "flows"

SIZE = """
[slots.size]
type = "choice"
[slots.size.values]
small = "small"
large = "large"
"""
BYE = """
[states.bye]
say = "Bye."
end = "done"
"""
ASK = """
[states.a]
ask = "size"
say = "Which size?"
"""
USUAL = "any | out_of_tries | | bye |"


def text(rows: str, body: str, head: str = "", start: str = "a") -> str:
    """A flow file."""
    lines = "\n".join(f"| {line.strip().strip('|').strip()} |" for line in rows.strip().splitlines() if line.strip())
    lines = "\n".join(
        line if line.count("|") == 6 else line.rstrip(" |") + " |" * (6 - line.rstrip(" |").count("|"))
        for line in lines.splitlines()
    )
    return (
        f'flow = "t"\nversion = 1\nlang = "en-US"\nstart = "{start}"\n{head}\n[rows]\nmain = \'\'\'\n'
        f"| in | on | when | to | do |\n|----|----|------|----|----|\n{lines}\n'''\n{body}"
    )


def flat(written: str, files: Mapping[str, str] | None = None) -> FlatFlow:
    """The flow laid flat."""
    return flatten(read_text(written, files=files or {}).spec)


def example(name: str, **changed: tuple[str, str]) -> FlatFlow:
    """One of the example flows, with texts exchanged."""
    path = EXAMPLES / f"{name}.toml"
    if not changed:
        return flatten(read_flow(path).spec)
    written = path.read_text("utf-8")
    for old, new in changed.values():
        assert old in written, old
        written = written.replace(old, new)
    return flatten(read_text(written, path.name, folder=EXAMPLES).spec)


def found(written: str, files: Mapping[str, str] | None = None, **settings: object) -> list[Problem]:
    """Everything that is found."""
    return check(flat(written, files), **settings)  # type: ignore[arg-type]


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def at(written: str, snippet: str) -> tuple[int, int]:
    """Line and column of a text in a file."""
    before = written[: written.index(snippet)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def stands(problem: Problem, written: str, snippet: str) -> bool:
    """Whether a problem stands where ``snippet`` begins; of a setting the line counts, of a cell the column too."""
    line, col = at(written, snippet)
    return problem.place.line == line and (problem.place.col == col or not written.splitlines()[line - 1].startswith("|"))
