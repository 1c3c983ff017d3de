"""Reads a flow with its sub-flows and what it includes; every file lies in the folder of the top one, and is read once.

Paths in every file start from that folder. They are written with ``/``, lead neither up nor out of it, and end with ``.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from fsm_agents.flows.notation.build import build
from fsm_agents.flows.notation.draft import Draft, read_draft
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.kinds import STRINGS
from fsm_agents.flows.notation.layout import MAX_ROWS
from fsm_agents.flows.notation.rawrows import RawRow, raw_rows
from fsm_agents.flows.notation.readers import Wrong
from fsm_agents.flows.notation.settings import SHARED, TABLES
from fsm_agents.flows.notation.sheet import Sheet
from fsm_agents.flows.notation.source import MAX_BYTES, Source, read_source
from fsm_agents.flows.notation.troubles import Troubles
from fsm_agents.flows.problems import Place, Problem
from fsm_agents.flows.spec import FlowSpec

__all__ = ["MAX_FILES", "MAX_RUNS", "Folder", "Reading", "read_flow", "read_text"]

MAX_FILES: Final = 100
"""Most files of one flow."""
MAX_DEPTH: Final = 8
"""Deepest nesting of sub-flows."""
MAX_RUNS: Final = 1_000
"""Most times that a flow's sub-flows stand in it when it is laid out flat: two runs of two runs of … double with every file."""


@attrs.frozen
class Reading:
    """A flow that was read.

    Args:
        spec: The flow.
        problems: Warnings and notes, of all its files.
    """

    spec: FlowSpec
    problems: tuple[Problem, ...] = ()


def read_flow(path: str | Path) -> Reading:
    """Read a flow file, and the files it names.

    Raises:
        FlowError: something is wrong; it carries every problem of every file.
    """
    troubles = Troubles()
    top = Path(path)
    folder = Folder(troubles, top.parent)
    text = folder.read(top, str(path))
    spec = None
    if text is not None:
        spec = folder.flow(top.name, read_source(text, str(path)))
    return _reading(spec, troubles)


def read_text(text: str, file: str = "flow.toml", folder: Path | None = None, files: Mapping[str, str] | None = None) -> Reading:
    """Read a flow from a text.

    Args:
        text: The file's text.
        file: How it is called in messages.
        folder: Where the files that it names are; ``None``: nowhere.
        files: Texts by name, asked before the folder.

    Raises:
        FlowError: something is wrong; it carries every problem of every file.
    """
    troubles = Troubles()
    spec = Folder(troubles, folder, files or {}).flow(file, read_source(text, file))
    return _reading(spec, troubles)


def _reading(spec: FlowSpec | None, troubles: Troubles) -> Reading:
    problems = troubles.done()
    assert spec is not None  # noqa: S101 - without a problem there is a flow
    return Reading(spec, problems)


class Folder:
    """Where a flow's files are.

    Args:
        troubles: Where problems go.
        folder: The folder of the top file; ``None``: no file is read.
        files: Texts by name, asked before the folder.
    """

    def __init__(self, troubles: Troubles, folder: Path | None, files: Mapping[str, str] | None = None) -> None:
        self.troubles, self.folder, self.files = troubles, folder, files or {}
        self.specs: dict[str, FlowSpec | None] = {}
        self.sources: dict[str, tuple[Source, Fault | None] | None] = {}
        self.open: list[str] = []
        self.rows = 0
        self.size = 0
        self.runs: dict[str, int] = {}

    def flow(self, name: str, source: tuple[Source, Fault | None]) -> FlowSpec | None:
        """The flow that a file is; ``None`` if it cannot be read, which is told."""
        sheet = self._sheet(source)
        return None if sheet is None else self.build(name, sheet)

    def build(
        self, name: str, sheet: Sheet, rows: list[RawRow] | None = None, given: Mapping[str, FlowSpec] | None = None
    ) -> FlowSpec | None:
        """The flow of a file or tree.

        Args:
            name: Its path in the folder.
            sheet: Its settings.
            rows: Its rows; ``None``: those of its ``[rows]``.
            given: Sub-flows that are read already, by the name they have in it.
        """
        self._include(sheet)
        draft = read_draft(sheet)
        raw = raw_rows(sheet, MAX_ROWS - self.rows) if rows is None else rows
        self.rows += len(raw)
        paths = {key: path for key, path in draft.head.get("flows", {}).items() if key not in (given or {})}
        self.open.append(name)
        flows = {**(given or {}), **{key: self._sub_flow(sheet, key, path) for key, path in paths.items()}}
        self.open.pop()
        self._count(name, draft)
        return build(draft, raw, flows)

    def _sheet(self, source: tuple[Source, Fault | None]) -> Sheet | None:
        made, fault = source
        sheet = Sheet(made, self.troubles)
        if fault is None:
            return sheet
        self.troubles.fault(fault, made.at(fault.at, fault.width))
        return None

    # --- sub-flows ------------------------------------------------------------------------------------------------------------------------

    def _sub_flow(self, sheet: Sheet, key: str, path: str) -> FlowSpec | None:
        where = sheet.source.inside(("flows", key), 0, len(path))
        if path in self.open:
            circle = " → ".join([*self.open[self.open.index(path) :], path])
            message, why = f"sub-flows run in a circle: {circle}", "a call must come to an end"
            self.troubles.add("F405", message, where, why=why, fix="leave one of them out")
            return None
        if len(self.open) > MAX_DEPTH:
            self.troubles.add("F004", f"sub-flows nest deeper than {MAX_DEPTH}", where)
            return None
        if path not in self.specs:
            source = self._source(path, where)
            self.specs[path] = None if source is None else self.flow(path, source)
        return self.specs[path]

    def _count(self, name: str, draft: Draft) -> None:
        """How many flows this one is, laid out flat."""
        paths = draft.head.get("flows", {})
        uses = [given["run"] for given in [*draft.states.values(), *draft.groups.values()] if "run" in given]
        self.runs[name] = 1 + sum(self.runs.get(paths.get(use, ""), 1) for use in uses)
        if self.runs[name] > MAX_RUNS:
            self.runs[name] = 1
            fix = "run a sub-flow from one state, and come back to it"
            draft.sheet.problem("F004", f"sub-flows stand more than {MAX_RUNS:,} times in this flow", ("flows",), fix=fix)

    # --- files ----------------------------------------------------------------------------------------------------------------------------

    def _source(self, path: str, where: Place) -> tuple[Source, Fault | None] | None:
        """A file by its path in the folder; ``None`` if it cannot be read, which is told."""
        if path in self.sources:
            return self.sources[path]
        text = self.files.get(path)
        shown = path
        if text is None and self.folder is not None:
            full = self.folder / path
            shown = str(full)
            text = self.read(full, shown, where)
        elif text is None:
            self.troubles.add("F005", f"'{path}' was not given", where, fix=f"files = {{'{path}': …}}")
        self.size += len(text or "")
        if len(self.sources) >= MAX_FILES or self.size > MAX_BYTES:
            self.troubles.add("F004", f"more than {MAX_FILES} files, or {MAX_BYTES:,} bytes in all", where)
            text = None
        self.sources[path] = None if text is None else read_source(text, shown)
        return self.sources[path]

    def read(self, path: Path, shown: str, where: Place | None = None) -> str | None:
        """A file's text; ``None`` if it cannot be read, which is told."""
        at = where or Place(shown)
        try:
            real = path.resolve()
            if where is not None and self.folder is not None and not real.is_relative_to(self.folder.resolve()):
                self.troubles.add(
                    "F006", f"'{path.name}' lies outside of the flow's folder", at, why="it is a link that leads out"
                )
                return None
            if not real.is_file():
                self.troubles.add("F005", f"no file '{shown}'", at)
                return None
            with real.open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
            return data.decode("utf-8")
        except UnicodeDecodeError as wrong:
            self.troubles.add("F005", f"'{shown}' is not UTF-8: byte {wrong.start}", at, fix="save it as UTF-8")
        except (OSError, ValueError, RuntimeError) as wrong:  # RuntimeError: links in a circle
            self.troubles.add("F005", f"'{shown[:200]}' cannot be read: {wrong}"[:400], at)
        return None

    def _include(self, sheet: Sheet) -> None:
        """Take in the shared tables of the files that this one includes."""
        try:
            paths: tuple[str, ...] = STRINGS.read(sheet.tree.get("include", []))
        except (Fault, Wrong):
            return  # told when the head is read
        for number, path in enumerate(paths):
            source = self._source(path, sheet.source.inside(("include", number), 0, len(path)))
            shared = None if source is None else self._sheet(source)
            if shared is not None:
                _merge(sheet, shared)


def _merge(sheet: Sheet, shared: Sheet) -> None:
    for table, entries in shared.tree.items():
        if table not in SHARED:
            what = f"[{table}]" if table in TABLES else f"'{table}'"
            shared.problem("F010", f"an included file cannot have {what[:40]}", (table,), fix=f"it may have: {', '.join(SHARED)}")
            continue
        if not isinstance(entries, dict):
            shared.problem("F007", f"[{table}] is a table", (table,), fix=f"[{table}]")
            continue
        own: Any = sheet.tree.get(table, {})
        if not isinstance(own, dict):
            continue
        taken = dict(own)
        for name, value in entries.items():
            if name in taken:
                message = f"'{name[:60]}' stands in {sheet.home((table, name)).file} too"
                shared.problem("F304", message, (table, name), fix="rename one, or leave it out")
                continue
            taken[name] = value
            sheet.homes[table, name] = shared.source
        sheet.tree[table] = taken
