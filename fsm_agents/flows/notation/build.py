"""Makes a flow of a file whose settings are read: reads its rows, looks every name up, fills in what groups and defaults give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.notation.draft import Draft
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.known import Known, known_names
from fsm_agents.flows.notation.links import link
from fsm_agents.flows.notation.meaning import Cell, Meaning
from fsm_agents.flows.notation.names import KINDS
from fsm_agents.flows.notation.phrasebook import Phrasebook
from fsm_agents.flows.notation.rawrows import RawRow
from fsm_agents.flows.notation.troubles import Troubles
from fsm_agents.flows.problems import Place, Severity
from fsm_agents.flows.spec import Defaults, FlowSpec, GroupSpec, Migration, PropertySpec, RowSpec, SlotSpec, StateSpec, ToolSpec
from fsm_agents.flows.syntax import Act, EndedWith, Inside
from fsm_agents.flows.words.pack import LanguagePack, pack

__all__ = ["build"]

LANG = "en-US"
"""The language of a file that names none: the one that is built in."""


def build(draft: Draft, rows: Sequence[RawRow], flows: Mapping[str, FlowSpec | None]) -> FlowSpec | None:
    """The flow, or ``None`` if something is wrong with it; that is told to the troubles of its sheet.

    Args:
        draft: Its settings.
        rows: Its rows.
        flows: Its sub-flows; ``None`` for one that could not be read.
    """
    sheet, head = draft.sheet, draft.head
    language = _language(draft, flows)
    if language is None:
        return None
    known = known_names(draft, flows, language)
    book = Phrasebook(known)
    link(draft, known, book)
    reading = _Rows(known, Meaning(known, book), draft)
    done = tuple([row for raw in rows if (row := reading.row(raw)) is not None])
    if not rows and not sheet.bad:
        sheet.problem("F008", "no rows", ("rows",), fix="[rows]  order = '''")
    if sheet.bad:
        return None
    filling = _Filling(draft)
    fixed: Any = MappingProxyType
    return FlowSpec(
        name=head["flow"], version=head.get("version", 1), lang=language.lang, start=head["start"],
        rows=done,
        states=fixed({name: filling.state(name) for name in draft.states}),
        slots=fixed({name: filling.slot(name) for name in draft.slots}),
        groups=fixed({name: filling.group(name) for name in draft.groups}),
        phrases=fixed(draft.phrases | {name: phrase for name, phrase in language.phrases.items() if name not in draft.phrases}),
        prompts=fixed(draft.prompts),
        tools=fixed({name: ToolSpec(name, **tool, place=sheet.place(("tools", name))) for name, tool in draft.tools.items()}),
        takes=head.get("takes", ()), gives=head.get("gives", ()),
        flows=fixed({name: flow for name, flow in flows.items() if flow is not None}),
        events=head.get("events", ()), conditions=head.get("conditions", ()),
        defaults=filling.defaults,
        words=fixed(draft.words),
        migrations=fixed({number: Migration(number, **given) for number, given in draft.migrations.items()}),
        prove=tuple(_properties(draft)),
        file=sheet.source.file, text=sheet.source.text,
        tree=fixed({key: value for key, value in sheet.tree.items() if key not in ("rows", "include")}),
    )  # fmt: skip


def _language(draft: Draft, flows: Mapping[str, FlowSpec | None]) -> LanguagePack | None:
    lang = draft.head.get("lang", LANG)
    try:
        found = pack(lang)
    except MisuseError as wrong:
        draft.sheet.fault(("lang",), Fault("F009", str(wrong).partition(". ")[0], width=len(lang), fix=f'lang = "{LANG}"'))
        return None
    for name, flow in flows.items():
        if flow is not None and flow.lang != lang:
            draft.sheet.problem(
                "F009", f"'{name}' is in {flow.lang}, this flow in {lang}", ("flows", name), why="a call has one language"
            )
    return found


def _properties(draft: Draft) -> Iterator[PropertySpec]:
    sheet = draft.sheet
    for word, texts in draft.prove.items():
        for number, text in enumerate(texts):
            place = sheet.source.inside(("prove", word, number), 0, len(text))
            yield PropertySpec(f"{word} {' '.join(text.split())}", place)


class _Rows:
    """Reads rows."""

    def __init__(self, known: Known, meaning: Meaning, draft: Draft) -> None:
        self.known, self.meaning, self.draft = known, meaning, draft
        self.cells = tuple(meaning.memo.values())  # most are read already, and asking for them costs more than the rest
        self.troubles: Troubles = known.troubles
        self.running = {name: given.get("run", "") for name, given in draft.states.items()}
        for group in draft.groups.values():
            for name in group.get("states", ()):
                if not any(key in draft.states.get(name, ()) for key in KINDS):
                    self.running[name] = group.get("run", "")

    def row(self, raw: RawRow) -> RowSpec | None:
        """The row, or nothing if it cannot be read."""
        texts, read = raw.cells, self.meaning.read
        in_, on_, when_, to_, do_ = texts
        known_in, known_on, known_when, known_to, known_do = self.cells
        cells = (
            known_in.get(in_) or read("in", in_),
            known_on.get(on_) or read("on", on_),
            (known_when.get(when_) or read("when", when_)) if raw.when is None else Cell(raw.when),
            known_to.get(to_) or read("to", to_),
            (known_do.get(do_) or read("do", do_)) if raw.do is None else self._mixed(raw.do),
        )
        (inside, a, i), (on, b, j), (when, c, k), (to, d, m), (do, e, n) = cells
        if a or b or c or d or e or i or j or k or m or n:
            for number, cell in enumerate(cells):
                self._tell(cell, raw, number)
        if on and inside and "ended" in texts[1]:
            self._outcomes(on, inside, raw)
        if not inside or not on or not to:
            return None
        return RowSpec(inside, on, to, when, do or (), texts, raw.block, raw.spot)

    def _mixed(self, parts: Sequence[str | Act]) -> Cell:
        """Acts of which some are Python functions."""
        acts: list[Act] = []
        faults: list[Fault] = []
        for part in parts:
            if isinstance(part, str):
                cell = self.meaning.cell("do", part)
                acts += cell.value or ()
                faults += cell.faults
            else:
                acts.append(part)
        return Cell(tuple(acts), tuple(faults))

    def _tell(self, cell: Cell, raw: RawRow, number: int) -> None:
        for fault in cell.faults:
            self.troubles.fault(fault, self._place(raw, number, fault))
        for note in cell.notes:
            self.troubles.add(
                note.code, note.message, self._place(raw, number, note), why=note.why, fix=note.fix, severity=Severity.NOTE
            )

    @staticmethod
    def _place(raw: RawRow, number: int, fault: Fault) -> Place:
        place = raw.spot.cell(number, raw.cells[number])
        if not raw.spot.cells:
            return place
        return attrs.evolve(place, col=place.col + fault.at, width=max(1, fault.width))

    def _outcomes(self, on: Sequence[object], inside: Inside, raw: RawRow) -> None:
        """Each outcome is one that some sub-flow run here can have."""
        groups = self.draft.groups
        if inside.anywhere:
            here = list(self.running)
        else:
            here = [state for name in inside.names for state in groups.get(name, {}).get("states", (name,))]
        run = [self.running[state] for state in here if self.running.get(state)]
        flows = [self.known.flows.get(name) for name in run]
        if None in flows:
            return
        known = {state.end for flow in flows if flow is not None for state in flow.states.values() if state.end}
        for trigger in on:
            if isinstance(trigger, EndedWith) and trigger.outcome not in known:
                at = max(0, raw.cells[1].find(f"ended {trigger.outcome}"))
                message = f"no sub-flow that runs here ends with '{trigger.outcome[:60]}'" if run else "no sub-flow runs here"
                fix = self.troubles.near(trigger.outcome, known) or f"outcomes: {', '.join(sorted(known)) or 'none'}"
                fault = Fault("F315", message, at=at, width=len(trigger.outcome) + 6, fix=fix)
                self.troubles.fault(fault, self._place(raw, 1, fault))


class _Filling:
    """Fills in what groups and defaults give."""

    def __init__(self, draft: Draft) -> None:
        self.draft, self.sheet = draft, draft.sheet
        self.defaults = Defaults(**draft.defaults)
        self.group_of = {name: group for group in draft.groups.values() for name in group.get("states", ())}

    def state(self, name: str) -> StateSpec:
        """A state's settings: its own, else its group's, else the defaults."""
        own = self.draft.states[name]
        given = dict(own)
        group = self.group_of.get(name)
        if group is not None:
            does = any(key in own for key in KINDS)
            given = {key: value for key, value in group.items() if key != "states" and not (does and key in KINDS)} | own
        given.setdefault("tries", self.defaults.tries)
        given.setdefault("turns", self.defaults.turns)
        given.setdefault("barge_in", "none" if "end" in given else self.defaults.barge_in)
        path = ("states", name)
        if "with" in given:
            given["with_"] = given.pop("with")
        return StateSpec(name, **given, place=self.sheet.place(path), places=self.sheet.places(path, own))

    def group(self, name: str) -> GroupSpec:
        """A group."""
        given = self.draft.groups[name]
        settings = {key: value for key, value in given.items() if key != "states"}
        return GroupSpec(name, given["states"], settings, self.sheet.place(("groups", name)))

    def slot(self, name: str) -> SlotSpec:
        """A slot."""
        given = self.draft.slots[name]
        path = ("slots", name)
        own = [key for key in given if key != "extra"] + list(given.get("extra", ()))
        return SlotSpec(name, **given, place=self.sheet.place(path), places=self.sheet.places(path, own))
