"""Reads the settings of a file, one by one, each by its kind. Names are not looked up here; what cannot be read is told and left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.kinds import ANYTHING, PHRASE, PROMPT, WORDS, Kind
from fsm_agents.flows.notation.names import NAME, SLOT_TYPES
from fsm_agents.flows.notation.readers import Wrong
from fsm_agents.flows.notation.scan import Path
from fsm_agents.flows.notation.settings import (
    DEFAULTS,
    FILE,
    GROUP,
    MIGRATION,
    NEEDS,
    PROVE,
    SLOT,
    SLOT_OF,
    STATE,
    TABLES,
    TOOL,
)  # fmt: skip
from fsm_agents.flows.notation.sheet import BAD, Sheet
from fsm_agents.flows.syntax import Phrase, Prompt

__all__ = ["Draft", "Given", "read_draft"]

Given = dict[str, Any]
"""The settings of one entry, read."""

_TOP = (*FILE, *TABLES)
_ELSEWHERE: Mapping[str, Mapping[str, Kind]] = {
    "[states.X]": STATE, "[slots.X]": SLOT, "[tools.X]": TOOL, "[groups.X]": GROUP, "[defaults]": DEFAULTS,
}  # fmt: skip
_ELSEWHERE_CALLED = {
    "reprompt": "retry", "prompt": "say", "message": "say", "text": "say", "slot": "ask", "collect": "ask", "tool": "call",
    "function": "call", "flow": "run", "subflow": "run", "transfer": "handoff", "outcome": "end", "exit": "end", "bargein": "barge_in",
    "interruptible": "barge_in", "instructions": "talk", "max_turns": "turns", "max_tries": "tries",
}  # fmt: skip
"""What settings of states are called by other systems."""


@attrs.define
class Draft:
    """A file whose settings are read, and whose names are not looked up yet.

    Args:
        sheet: The file.
        head: What stands above the first table.
        states: The settings that each state has itself.
        slots: Those of each slot.
        tools: Those of each tool.
        groups: Those of each group.
        phrases: The file's own.
        prompts: The file's own.
        defaults: What ``[defaults]`` says.
        words: Pronunciations.
        migrations: By version.
        prove: Properties, by the word they begin with.
    """

    sheet: Sheet
    head: Given
    states: dict[str, Given]
    slots: dict[str, Given]
    tools: dict[str, Given]
    groups: dict[str, Given]
    phrases: dict[str, Phrase]
    prompts: dict[str, Prompt]
    defaults: Given
    words: dict[str, str]
    migrations: dict[int, Given]
    prove: dict[str, tuple[str, ...]]


def read_draft(sheet: Sheet) -> Draft:
    """The file's settings."""
    head = _head(sheet)
    tables = _Tables(sheet)
    words = sheet.read(WORDS, ("words",), dict(sheet.table("words")))
    return Draft(
        sheet, head,
        states=tables.entries("states", STATE),
        slots={name: _slot(sheet, name) for name in tables.named("slots")},
        tools=tables.entries("tools", TOOL),
        groups=tables.entries("groups", GROUP),
        phrases=tables.single("phrases", PHRASE),
        prompts=tables.single("prompts", PROMPT),
        defaults=_settings(sheet, ("defaults",), sheet.table("defaults"), DEFAULTS, "[defaults]"),
        words=words if words is not BAD else {},
        migrations=_migrations(sheet),
        prove=_settings(sheet, ("prove",), sheet.table("prove"), PROVE, "[prove]"),
    )  # fmt: skip


def _head(sheet: Sheet) -> Given:
    for name in TABLES:
        value = sheet.tree.get(name, {})
        if not isinstance(value, dict):
            fix = f"[{name}]" if name != "rows" else "[rows]  order = '''"
            sheet.problem("F007", f"[{name}] is a table", (name,), fix=fix)
    own = {key: value for key, value in sheet.tree.items() if key not in TABLES}
    head = _settings(sheet, (), own, FILE, "")
    for name, fix in NEEDS.items():
        if name not in own:
            sheet.problem("F008", f"'{name}' is missing", (), why="a file says what it is and where it begins", fix=fix)
    if "states" not in sheet.tree:
        sheet.problem("F008", "no [states.…]", (), fix="[states.welcome]")
    return head


def _settings(sheet: Sheet, path: Path, table: Mapping[str, Any], known: Mapping[str, Kind], where: str) -> Given:
    found: Given = {}
    for key, value in table.items():
        kind = known.get(key)
        if kind is None:
            _unknown(sheet, (*path, key), known, where)
            continue
        try:
            found[key] = kind.read(value)
        except (Fault, Wrong) as wrong:
            sheet.wrong((*path, key), wrong)
    return found


def _unknown(sheet: Sheet, path: Path, known: Iterable[str], where: str) -> None:
    """F002 for what belongs above the first table, else F003."""
    if sheet.troubles.full:
        sheet.troubles.errors += 1
        return
    key = str(path[-1])
    shown = key[:40]
    if where and key == "rows":
        sheet.problem(
            "F002", f"'rows' belongs to {where} here", path,
            why="a key after a [table] line is part of that table", fix="put it under a line [rows], as  order = '''",
        )  # fmt: skip
        return
    if where and key in _TOP and key not in TABLES:
        sheet.problem(
            "F002", f"'{shown}' belongs to {where} here", path,
            why="a key after a [table] line is part of that table", fix="put it above the first [table]",
        )  # fmt: skip
        return
    inside = f" in {where}" if where else ""
    fix = sheet.troubles.near(key, known)
    if not fix and known is STATE and (meant := sheet.troubles.nearest(key, _ELSEWHERE_CALLED)):
        fix = f"did you mean '{_ELSEWHERE_CALLED[meant]}'?"
    if not fix:
        fix = next((f"'{key}' stands in {other}" for other, names in _ELSEWHERE.items() if key in names), "")
    if not fix:
        fix = next(
            (f"{near} (in {other})" for other, names in _ELSEWHERE.items() if (near := sheet.troubles.near(key, names))), ""
        )
    sheet.problem("F003", f"unknown setting '{shown}'{inside}", path, fix=fix or f"known: {', '.join(known)}")


class _Tables:
    """The tables whose entries have names."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def named(self, table: str) -> list[str]:
        """The entries with a good name."""
        found = []
        for name in self.sheet.table(table):
            if NAME.match(name):
                found.append(name)
            else:
                self.sheet.problem(
                    "F314", f"'{name[:40]}' is no name", (table, name), fix="small letters, digits and _, a letter first"
                )
        return found

    def entries(self, table: str, known: Mapping[str, Kind]) -> dict[str, Given]:
        """Entries that have settings."""
        found: dict[str, Given] = {}
        for name in self.named(table):
            value = self.sheet.table(table)[name]
            found[name] = {}
            if isinstance(value, dict):
                found[name] = _settings(self.sheet, (table, name), value, known, f"[{table}.{name}]")
            elif name not in known:
                self.sheet.problem("F007", f"[{table}.{name}] is a table", (table, name), fix=f"[{table}.{name}]")
            else:
                self.sheet.problem(
                    "F007", f"'{name}' is a setting of one of [{table}.…]", (table, name), fix=f"[{table}.X] {name} = …"
                )
        return found

    def single(self, table: str, kind: Kind) -> dict[str, Any]:
        """Entries that are one value."""
        read = {name: self.sheet.read(kind, (table, name), self.sheet.table(table)[name]) for name in self.named(table)}
        return {name: value for name, value in read.items() if value is not BAD}


def _slot(sheet: Sheet, name: str) -> Given:
    """A slot: what settings it may have goes by its type; a type that the host brings may have any."""
    path, value = ("slots", name), sheet.table("slots")[name]
    if not isinstance(value, dict):
        sheet.problem("F007", f"[slots.{name}] is a table", path, fix=f'[slots.{name}] type = "number"')
        return {}
    kind = value.get("type")
    if "type" not in value:
        sheet.problem("F008", f"slot '{name}' has no type", path, fix=f'type = "{_guess(value)}"')
    custom = isinstance(kind, str) and kind not in SLOT_TYPES
    extra = {key: item for key, item in value.items() if custom and key not in SLOT}
    found = _settings(sheet, path, {key: item for key, item in value.items() if key not in extra}, SLOT, f"[slots.{name}]")
    for key in found:
        if kind in SLOT_TYPES and SLOT_OF.get(key, kind) != kind:
            fix = f'type = "{SLOT_OF[key]}", or leave it out'
            sheet.problem("F003", f"'{key}' is a setting of {SLOT_OF[key]} slots, and '{name}' is {kind}", (*path, key), fix=fix)
    read = {key: sheet.read(ANYTHING, (*path, key), item) for key, item in extra.items()}
    if custom:
        found["extra"] = {key: item for key, item in read.items() if item is not BAD}
    return found


def _guess(value: Mapping[str, Any]) -> str:
    return next((SLOT_OF[key] for key in value if key in SLOT_OF), "text")


def _migrations(sheet: Sheet) -> dict[int, Given]:
    found = {}
    for key, value in sheet.table("migrate").items():
        path = ("migrate", key)
        if not (key.isdecimal() and key.isascii() and 0 < len(key) < 8 and int(key) > 0):  # noqa: PLR2004
            sheet.problem("F007", f"'{key[:40]}' is no version", path, fix="[migrate.2]")
        elif not isinstance(value, dict):
            sheet.problem("F007", f"[migrate.{key}] is a table", path)
        else:
            found[int(key)] = _settings(sheet, path, value, MIGRATION, f"[migrate.{key}]")
    return found
