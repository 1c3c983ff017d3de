"""What a cell means in its file: read, every name in it looked up. Each text is read once, however many rows hold it.

The classes of the syntax know no positions. Where a name stands in a cell is searched only when something is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from fsm_agents.flows.notation import values
from fsm_agents.flows.notation.acts import read_do
from fsm_agents.flows.notation.cells import read_inside, read_on, read_to, read_when
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.known import Known
from fsm_agents.flows.notation.names import EVENTS
from fsm_agents.flows.notation.phrasebook import Phrasebook
from fsm_agents.flows.notation.prompts import values_of
from fsm_agents.flows.syntax import (
    Act,
    All,
    AnyOf,
    Clear,
    Comparison,
    Goto,
    Inside,
    Llm,
    Named,
    Not,
    OneOf,
    Prompt,
    Ref,
    SayPrompt,
    Says,
    SayText,
    SetSlot,
    Test,
    Trigger,
    Truth,
    ValueOf,
    Visit,
)  # fmt: skip

__all__ = ["Cell", "Meaning", "prompt_faults", "spot"]

LONG: Final = 40
"""Words in a cell longer than this are better named (F305)."""
_QUOTED = re.compile(r'"[^"]*"')


class Cell(NamedTuple):
    """A cell that was read.

    Args:
        value: What it means; ``None`` if it cannot be read.
        faults: What is wrong with it.
        notes: What could be better.
    """

    value: Any
    faults: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()


def spot(fault: Fault, text: str, name: str, *, quoted: bool = False) -> Fault:
    """The fault at the place of a name in a cell: outside of quotes, or (``quoted``) in the braces of a text."""
    if quoted:
        found = re.search(rf"\{{\s*({re.escape(name)})(?!\w)", text)
    else:
        bare = _QUOTED.sub(lambda part: " " * len(part.group()), text)
        found = re.search(rf"(?<!\w)({re.escape(name)})(?!\w)", bare) or re.search(rf"({re.escape(name)})", text)
    if found is not None:
        fault.at, fault.width = found.start(1), len(name)
    return fault


def prompt_faults(prompt: Prompt, text: str, known: Known) -> Iterator[Fault]:
    """What is wrong with the values that a prompt says."""
    for value in values_of(prompt.parts):
        name = str(value.ref)
        if not value.ref.field and value.ref.name in known.conditions:
            yield spot(Fault("F309", f"'{name}' is a condition, and cannot be said"), text, name, quoted=True)
            continue
        try:
            values.kind_of(value.ref, known)
        except Fault as fault:
            yield spot(fault, text, name, quoted=True)
        if value.form and known.pack.forms and value.form not in known.pack.forms:
            fix = known.troubles.near(value.form, known.pack.forms) or f"known: {', '.join(sorted(known.pack.forms))}"
            at = max(0, text.find(f"{name}:{value.form}") + len(name) + 1)
            message = f"no value is spoken as '{value.form}' in {known.pack.lang}"
            yield Fault("F316", message, at=at, width=len(value.form), fix=fix)


def _long(words: re.Match[str]) -> Fault:
    message, size = f"{len(words.group()) - 2} characters of words in a cell", len(words.group())
    why = "a table is read more easily with their name"
    return Fault("F305", message, at=words.start(), width=size, why=why, fix=f"[phrases]  some_name = {words.group()}")


class Meaning:
    """Reads cells.

    Args:
        known: The names of the file.
        book: Its phrases.

    Attributes:
        memo: What was read, by column and text.
    """

    def __init__(self, known: Known, book: Phrasebook) -> None:
        self.known, self.book = known, book
        self.memo: dict[str, dict[str, Cell]] = {"in": {}, "on": {}, "when": {}, "to": {}, "do": {}}
        self._readers: dict[str, Callable[[str], Cell]] = {
            "in": self._in, "on": self._on, "when": self._when, "to": self._to, "do": self._do,
        }  # fmt: skip

    def cell(self, column: str, text: str) -> Cell:
        """What the text means in a column."""
        return self.memo[column].get(text) or self.read(column, text)

    def read(self, column: str, text: str) -> Cell:
        """The same for a text that was not read before."""
        try:
            found = self._readers[column](text)
        except Fault as fault:
            found = Cell(None, (fault,))
        self.memo[column][text] = found
        return found

    # --- in, to -------------------------------------------------------------------------------------------------------------------------

    def _in(self, text: str) -> Cell:
        inside: Inside = read_inside(text)
        known = self.known
        names = (*inside.names, *inside.but)
        return Cell(
            inside,
            tuple(
                spot(known.no_state(name, groups=True), text, name)
                for name in names
                if name not in known.states and name not in known.groups
            ),
        )

    def _to(self, text: str) -> Cell:
        target = read_to(text)
        if isinstance(target, Goto | Visit) and target.state not in self.known.states:
            return Cell(target, (spot(self.known.no_state(target.state), text, target.state),))
        return Cell(target)

    # --- on -----------------------------------------------------------------------------------------------------------------------------

    def _on(self, text: str) -> Cell:
        found: list[Trigger] = []
        faults: list[Fault] = []
        notes: list[Fault] = []
        known = self.known
        quoted = _QUOTED.finditer(text)
        for trigger in read_on(text):
            match trigger:
                case Says(phrase):
                    words = next(quoted)
                    start, inner = words.start() + 1, words.group()[1:-1]
                    if not self.book.plain(inner, known.slots):
                        faults += [fault.moved(start) for fault in self.book.faults(phrase, inner, known.slots)]
                    if len(inner) > LONG:
                        notes.append(_long(words))
                case Named(name) if name not in EVENTS and name not in known.events:
                    named = known.phrases.get(name)
                    if name not in known.phrases:
                        faults.append(spot(known.no_event(name), text, name))
                    elif named is not None:
                        found.append(Says(named, name))
                        continue
                case Llm(_, sets):
                    next(quoted)
                    unknown = [name for name in sets if name not in known.slots]
                    faults += [spot(known.unknown(name, "slot", known.slots), text, name) for name in unknown]
                case _:
                    pass
            found.append(trigger)
        return Cell(tuple(found), tuple(faults), tuple(notes))

    # --- when ---------------------------------------------------------------------------------------------------------------------------

    def _when(self, text: str) -> Cell:
        faults: list[Fault] = []
        test = read_when(text)
        return Cell(test if test is None else self._test(test, text, faults), tuple(faults))

    def _test(self, test: Any, text: str, faults: list[Fault]) -> Test:
        match test:
            case All(parts):
                return All(tuple(self._test(part, text, faults) for part in parts))
            case AnyOf(parts):
                return AnyOf(tuple(self._test(part, text, faults) for part in parts))
            case Not(inner):
                return Not(self._test(inner, text, faults))
            case _:
                try:
                    return self._atom(test)
                except Fault as fault:
                    faults.append(spot(fault, text, str(test.ref)))
                    return Truth(test.ref)

    def _atom(self, test: Truth | Comparison | OneOf) -> Test:
        ref, name = test.ref, str(test.ref)
        kind, slot = values.kind_of(ref, self.known)
        match test:
            case Comparison(_, sign, value):
                values.ordered(kind, sign, name)
                return Comparison(ref, sign, values.literal(value, kind, slot, self.known, name))
            case OneOf(_, listed):
                return OneOf(ref, tuple(values.literal(value, kind, slot, self.known, name) for value in listed))
            case _:
                return test

    # --- do -----------------------------------------------------------------------------------------------------------------------------

    def _do(self, text: str) -> Cell:
        faults: list[Fault] = []
        return Cell(tuple(self._act(act, text, faults) for act in read_do(text)), tuple(faults))

    def _act(self, act: Act, text: str, faults: list[Fault]) -> Act:
        known = self.known
        match act:
            case SayText(prompt):
                faults += prompt_faults(prompt, text, known)
            case SayPrompt(name) if name not in known.prompts:
                fault = known.unknown(name, "prompt", known.prompts, "F312")
                fault.fix = fault.fix or f'for words, use quotes: say "{name}"'
                faults.append(spot(fault, text, name))
            case SetSlot(slot, value):
                try:
                    return self._set(slot, value)
                except Fault as fault:
                    written = re.search(rf'set\s+{slot}\s*=\s*("[^"]*"|[^\s;]+)', text) if slot in known.slots else None
                    faults.append(spot(fault, text, written[1] if written else slot))
            case Clear(slots):
                faults += [
                    spot(known.unknown(name, "slot", known.slots), text, name) for name in slots if name not in known.slots
                ]
            case _:
                pass
        return act

    def _set(self, name: str, value: Any) -> SetSlot:
        slot = self.known.slots.get(name)
        if slot is None:
            raise self.known.unknown(name, "slot", self.known.slots)
        kind = slot.get("type", "")
        if isinstance(value, ValueOf) and not self._is_value(value.ref, kind, slot):
            source, _ = values.kind_of(value.ref, self.known)
            if not values.copied(kind, slot, source):
                raise Fault("F313", f"'{value.ref}' is {source}, and '{name}' is {kind}")
            return SetSlot(name, value)
        written = value.ref.name if isinstance(value, ValueOf) else value
        typed = values.literal(written, kind, slot, self.known, name)
        values.fits(typed, kind, slot, name)
        return SetSlot(name, typed)

    def _is_value(self, ref: Ref, kind: str, slot: dict[str, Any]) -> bool:
        """Whether a bare name is a value of the slot, and not the name of something that has one."""
        if ref.field:
            return False
        if kind == "choice" and "values" in slot:
            return ref.name in slot["values"] or ref.name not in self.known.slots
        if kind == "yesno" and ref.name in ("yes", "no"):
            return True
        known = self.known
        return not (ref.name in known.slots or ref.name in known.conditions or ref.name in known.tools or ref.name == "tries")
