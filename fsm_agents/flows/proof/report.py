"""Problems for other programs, and in one line for people: JSON, SARIF 2.1.0, a summary. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.problems import Place, Problem, Severity
from fsm_agents.flows.proof.codes import CODES

__all__ = ["summary", "to_json", "to_sarif"]

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final[Mapping[Severity, str]] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def to_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Problems as plain data: ``code severity message file line col width why fix shown trail``. Lines and columns from 1; 0: not known."""
    return [
        {
            "code": p.code, "severity": _LEVELS[p.severity], "message": p.message, "file": p.place.file, "line": p.place.line,
            "col": p.place.col, "width": p.place.width, "why": p.why, "fix": p.fix, "shown": p.shown, "trail": list(p.trail),
        }
        for p in problems
    ]  # fmt: skip


def to_sarif(problems: Iterable[Problem], tool_version: str) -> dict[str, Any]:
    """Problems as one SARIF 2.1.0 log, which code hosts show beside the lines.

    Args:
        problems: In the order in which they are to be shown.
        tool_version: The version of this package.
    """
    listed = list(problems)
    codes = sorted({problem.code for problem in listed})
    rules = [
        {"id": code, "shortDescription": {"text": _title(code)}, "defaultConfiguration": {"level": _usual(code)}}
        for code in codes
    ]
    driver = {"name": "fsm-agents check", "version": tool_version, "rules": rules}
    results = [_result(problem, codes.index(problem.code)) for problem in listed]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _title(code: str) -> str:
    return CODES[code][1] if code in CODES else "A flow file cannot be read as it is written"


def _usual(code: str) -> str:
    return _LEVELS[CODES[code][0]] if code in CODES else "error"


def _result(problem: Problem, index: int) -> dict[str, Any]:
    told = [problem.message, *problem.trail]
    told += [f"why: {problem.why}"] * bool(problem.why) + [f"fix: {problem.fix}"] * bool(problem.fix)
    made: dict[str, Any] = {
        "ruleId": problem.code, "ruleIndex": index, "level": _LEVELS[problem.severity], "message": {"text": "\n".join(told)},
    }  # fmt: skip
    if problem.place.file:
        made["locations"] = [{"physicalLocation": _location(problem.place, problem.shown)}]
    extra = {"why": problem.why, "fix": problem.fix, "trail": list(problem.trail)}
    made["properties"] = {name: value for name, value in extra.items() if value}
    return made


def _location(place: Place, shown: str) -> dict[str, Any]:
    made: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.file)}}
    if place.line:
        region: dict[str, Any] = {"startLine": place.line}
        if place.col:
            region |= {"startColumn": place.col, "endColumn": place.col + max(1, place.width)}
        if shown:
            region["snippet"] = {"text": shown}
        made["region"] = region
    return made


def _uri(file: str) -> str:
    """A path as a URI reference."""
    path = file.replace("\\", "/")
    return "".join(c if c in _PLAIN else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "surrogatepass")) for c in path)


def summary(flat: FlatFlow, problems: Sequence[Problem], *, proved: int = 0) -> str:
    """What was found, in one line.

    Args:
        flat: The flow.
        problems: Everything that was found.
        proved: Pairs of phrases that have no sentence in common.
    """
    specs = {id(scope.spec): scope.spec for scope in flat.scopes.values()}.values()
    states, rows = _count(sum(len(spec.states) for spec in specs), "state"), _count(sum(len(spec.rows) for spec in specs), "row")
    errors, warnings, notes = (
        sum(p.severity is level for p in problems) for level in (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    )
    if errors:
        return f"{_count(errors, 'error')}, {_count(warnings, 'warning')} in {states}, {rows}"
    ends = sum(state.ends for state in flat.states.values())
    told = [f"ok: {states}, {rows}, {_count(ends, 'end')}", f"every state can reach {'it' if ends == 1 else 'one'}"]
    told += [f"{_count(proved, 'pair')} of phrases proved different"] if proved else []
    told += [_count(warnings, "warning")] if warnings else []
    told += [f"{_count(notes, 'note')} (--notes)"] if notes else []
    return "; ".join(told)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
