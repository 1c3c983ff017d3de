"""Looks up every name that the settings of a file speak of: slots, tools, sub-flows, states, groups, phrases, values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from fsm_agents.flows.notation.draft import Draft, Given
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.known import Known
from fsm_agents.flows.notation.meaning import prompt_faults
from fsm_agents.flows.notation.names import KINDS, SLOT_TYPES
from fsm_agents.flows.notation.phrasebook import Phrasebook
from fsm_agents.flows.notation.scan import Path
from fsm_agents.flows.notation.settings import STATE, USED_BY
from fsm_agents.flows.problems import Severity
from fsm_agents.flows.syntax import Phrase, Prompt, Ref

__all__ = ["link"]


def link(draft: Draft, known: Known, book: Phrasebook) -> None:
    """Tell what is wrong with the names in the settings."""
    linker = _Linker(draft, known, book)
    linker.head()
    linker.phrases()
    for name, prompt in draft.prompts.items():
        linker.prompt(("prompts", name), prompt)
    for name, tool in draft.tools.items():
        linker.slots(("tools", name, "args"), tool.get("args", ()))
    for name, slot in draft.slots.items():
        linker.slot(name, slot)
    for name, state in draft.states.items():
        linker.state(("states", name), state)
    linker.groups()
    linker.migrations()


class _Linker:
    def __init__(self, draft: Draft, known: Known, book: Phrasebook) -> None:
        self.draft, self.known, self.book = draft, known, book
        self.sheet, self.near = draft.sheet, known.troubles.near

    # --- the head -----------------------------------------------------------------------------------------------------------------------

    def head(self) -> None:
        head = self.draft.head
        start = head.get("start")
        if start is not None and start not in self.known.states:
            self.sheet.fault(("start",), self.known.no_state(start))
        for key in ("takes", "gives"):
            self.slots((key,), head.get(key, ()))

    # --- names in settings ---------------------------------------------------------------------------------------------------------------

    def slots(self, path: Path, names: Iterable[str]) -> None:
        self.listed(path, names, "slot", self.known.slots)

    def listed(self, path: Path, names: Iterable[str], what: str, known: Iterable[str], code: str = "F309") -> None:
        for number, name in enumerate(names):
            if name not in known:
                self.sheet.fault((*path, number), self.known.unknown(name, what, known, code))

    def one(self, path: Path, given: Given, key: str, what: str, known: Iterable[str]) -> None:
        name = given.get(key)
        if name is not None and name not in known:
            self.sheet.fault((*path, key), self.known.unknown(name, what, known))

    # --- phrases and prompts ---------------------------------------------------------------------------------------------------------------

    def phrases(self) -> None:
        for name, fault in self.book.check_named(self.draft.phrases):
            self.sheet.fault(("phrases", name), fault)
        for name, phrase in self.draft.phrases.items():
            self.phrase(("phrases", name), phrase, self.known.slots)
        for key in ("before", "after"):
            if key in self.draft.defaults:
                self.phrase(("defaults", key), self.draft.defaults[key])

    def phrase(self, path: Path, phrase: Phrase, slots: Collection[str] = (), *, whole: bool = False) -> None:
        for fault in self.book.faults(phrase, self.written(path), slots, whole=whole):
            self.sheet.fault(path, fault)

    def prompt(self, path: Path, prompt: Prompt) -> None:
        text = self.written(path)
        if isinstance(text, dict):
            path, text = (*path, "text"), text["text"]
        for fault in prompt_faults(prompt, text, self.known):
            self.sheet.fault(path, fault)

    @staticmethod
    def plain(prompt: Prompt) -> bool:
        return len(prompt.parts) < 2 and (not prompt.parts or hasattr(prompt.parts[0], "text"))  # noqa: PLR2004 - one part of words

    def written(self, path: Path) -> Any:
        """What stands in the file."""
        found: Any = self.sheet.tree
        for step in path:
            found = found[step]
        return found

    # --- slots ---------------------------------------------------------------------------------------------------------------------------

    def slot(self, name: str, slot: Given) -> None:
        path, kind = ("slots", name), slot.get("type", "")
        if "says" in slot:
            self.phrase((*path, "says"), slot["says"], whole=True)
        for value, phrase in slot.get("values", {}).items():
            self.phrase((*path, "values", value), phrase)
        if "invalid" in slot:
            self.prompt((*path, "invalid"), slot["invalid"])
        self.one(path, slot, "check", "tool", self.known.tools)
        if kind and kind not in SLOT_TYPES and kind not in self.known.pack.types:
            fix = self.near(kind, SLOT_TYPES) or f"built in: {', '.join(SLOT_TYPES)}"
            self.sheet.problem(
                "F317", f"the host must bring the slot type '{kind}'", (*path, "type"), fix=fix,
                severity=Severity.WARNING if self.near(kind, SLOT_TYPES) else Severity.NOTE,
            )  # fmt: skip
        if kind == "choice":
            self.choice(path, name, slot)

    def choice(self, path: Path, name: str, slot: Given) -> None:
        table = self.sheet.tree["slots"][name]
        if "values" not in table and "values_from" not in table:
            self.sheet.problem(
                "F008", f"choice '{name}' has no values", path, fix=f'[slots.{name}.values] small = "small / little"'
            )
        elif "values" in slot and not slot["values"]:
            self.sheet.problem("F008", f"choice '{name}' has no values", (*path, "values"), fix='small = "small / little"')
        elif "values" in table and "values_from" in table:
            self.sheet.problem(
                "F204", f"choice '{name}' has values and values_from", (*path, "values_from"), fix="leave one of them out"
            )
        if "values_from" in slot:
            self.offered((*path, "values_from"), slot["values_from"])
        elif slot.get("ordinals"):
            message = "'ordinals' counts what values_from offers"
            self.sheet.problem("F205", message, (*path, "ordinals"), severity=Severity.WARNING, fix="leave it out")
        values: Mapping[str, Phrase] = slot.get("values", {})
        for key, value in slot.get("keys", {}).items():
            if values and value not in values:
                fix = self.near(value, values) or f"known: {', '.join(list(values)[:12])}"
                self.sheet.fault(
                    (*path, "keys", key), Fault("F313", f"'{value[:40]}' is no value of '{name}'", width=len(value), fix=fix)
                )

    def offered(self, path: Path, ref: Ref) -> None:
        """The list in a tool's result from which the caller chooses."""
        try:
            if self.known.field_type(ref) != "list":
                self.sheet.fault(path, Fault("F313", f"{ref} is no list", width=len(str(ref)), fix=f'{ref.field} = "list"'))
        except Fault as fault:
            self.sheet.fault(path, fault)

    # --- states and groups ---------------------------------------------------------------------------------------------------------------

    def state(self, path: Path, given: Given) -> None:
        known = self.known
        does = [key for key in KINDS if key in given]
        if len(does) > 1:
            why = "so that it is known what can happen in it"
            fix = f"make two states of it: one with {does[0]}, one with {does[1]}"
            self.sheet.problem("F204", f"'{path[-1]}' does two things: {', '.join(does)}", (*path, does[1]), why=why, fix=fix)
        self.one(path, given, "ask", "slot", known.slots)
        self.one(path, given, "call", "tool", known.tools)
        self.one(path, given, "run", "sub-flow in flows", known.flows)
        if "carry" in given:
            self.slots((*path, "carry"), given["carry"])
        for number, tool in enumerate(given.get("tools", ())):
            if tool not in known.tools:
                message = f"'talk' state may use '{tool}', which is not in [tools]"
                fault = Fault("F602", message, width=len(tool), fix=self.near(tool, known.tools))
                self.sheet.fault((*path, "tools", number), fault)
        if "run" in given or "with" in given:
            self.sub_flow(path, given)
        for key, value in given.items():
            for number, item in enumerate(value) if isinstance(value, tuple) else [(-1, value)]:
                if isinstance(item, Prompt) and not self.plain(item):
                    self.prompt((*path, key, number) if number >= 0 else (*path, key), item)
        if path[0] == "states":
            self.unused(path, given, does[0] if does else "say")

    def sub_flow(self, path: Path, given: Given) -> None:
        """What is handed in exists on both sides, and what comes back has a place here."""
        spec = self.known.flows.get(given.get("run", ""))
        for name, slot in given.get("with", {}).items():
            if spec is not None and name not in spec.takes:
                fix = self.near(name, spec.takes) or f"it takes: {', '.join(spec.takes) or 'nothing'}"
                self.sheet.problem("F309", f"{spec.name} does not take '{name}'", (*path, "with", name), fix=fix)
            if slot not in self.known.slots:
                self.sheet.fault((*path, "with", name), self.known.unknown(slot, "slot", self.known.slots))
        for name in spec.gives if spec is not None else ():
            own = self.known.slots.get(name)
            if own is None:
                message = f"{given['run']} gives '{name}', and no slot here is called so"
                self.sheet.problem("F309", message, (*path, "run"), fix=f"[slots.{name}] here, or take it out of 'gives' there")

    def unused(self, path: Path, given: Given, kind: str) -> None:
        for key in given:
            if key in USED_BY and kind not in USED_BY[key]:
                why = f"it is for states with {' or '.join(k for k in USED_BY[key])}" if key != "tries" else "it never fails"
                self.sheet.problem(
                    "F205",
                    f"'{key}' means nothing in '{path[-1]}'",
                    (*path, key),
                    why=why,
                    fix="leave it out",
                    severity=Severity.WARNING,
                )

    def groups(self) -> None:
        seen: dict[str, str] = {}
        for group, given in self.draft.groups.items():
            path = ("groups", group)
            if "states" not in self.sheet.table("groups")[group]:
                self.sheet.problem("F008", f"group '{group}' has no states", path, fix='states = ["…"]')
            for number, name in enumerate(given.get("states", ())):
                if name not in self.known.states:
                    self.sheet.fault((*path, "states", number), self.known.no_state(name))
                elif name in seen:
                    message = f"'{name}' is in the groups '{seen[name]}' and '{group}'"
                    fault = Fault("F206", message, width=len(name), why="nearness needs one", fix="take it out of one")
                    self.sheet.fault((*path, "states", number), fault)
                seen.setdefault(name, group)
            self.state(path, {key: value for key, value in given.items() if key in STATE})

    def migrations(self) -> None:
        version = self.draft.head.get("version", 1)
        for number, given in self.draft.migrations.items():
            path = ("migrate", str(number))
            if number >= version and ("version",) not in self.sheet.broken:
                fix = f"version = {number + 1}, or another number here"
                self.sheet.problem(
                    "F007", f"[migrate.{number}] is for sessions of an older version than {version}", path, fix=fix
                )
            for old, new in given.get("states", {}).items():
                if new not in self.known.states and not self._migrates(number, "states", new):
                    self.sheet.fault((*path, "states", old), self.known.no_state(new))
            for old, new in given.get("slots", {}).items():
                if new not in self.known.slots and not self._migrates(number, "slots", new):
                    self.sheet.fault((*path, "slots", old), self.known.unknown(new, "slot", self.known.slots))

    def _migrates(self, number: int, what: str, name: str) -> bool:
        """Whether a name is one of a sub-flow (``identify/phone``), or of a version in between that a later table leads on from."""
        later = (given for version, given in self.draft.migrations.items() if version > number)
        return "/" in name or any(name in given.get(what, {}) for given in later)
