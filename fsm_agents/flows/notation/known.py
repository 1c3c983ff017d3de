"""The names of one file: what each cell and setting may speak of, and which names get in each other's way (F304).

A name is looked up where it can stand: states and groups in ``in``; phrases and events in ``on``; slots, tools and conditions in
``when``, ``{…}`` and ``set``; prompts behind ``say``. Within each of these four it stands for one thing. (A state may be called like
the slot it asks for: files that ask for a size call both ``size``.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import attrs

from fsm_agents.flows.notation.draft import Draft, Given
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.names import EVENTS, RESERVED
from fsm_agents.flows.notation.scan import Path
from fsm_agents.flows.notation.troubles import Troubles
from fsm_agents.flows.spec import FlowSpec
from fsm_agents.flows.syntax import Phrase, Ref
from fsm_agents.flows.words.pack import LanguagePack

__all__ = ["Known", "known_names"]


@attrs.frozen(eq=False)
class Known:
    """What is known in a file, by what it is.

    Args:
        troubles: Where problems go, and who finds the nearest name.
        states: The states.
        groups: The groups.
        slots: The slots, with their settings.
        tools: The tools, with their settings.
        conditions: What the host answers.
        events: What the host sends.
        phrases: The file's own and the language's.
        own: The file's own phrases.
        prompts: The named prompts.
        flows: The sub-flows; ``None`` for one that could not be read.
        pack: The language.
        broken: The settings that could not be read: what follows from them is not told.
    """

    troubles: Troubles
    states: Mapping[str, Given]
    groups: Mapping[str, Given]
    slots: Mapping[str, Given]
    tools: Mapping[str, Given]
    conditions: frozenset[str]
    events: frozenset[str]
    phrases: Mapping[str, Phrase | None]
    own: Mapping[str, Phrase]
    prompts: frozenset[str]
    flows: Mapping[str, FlowSpec | None]
    pack: LanguagePack
    broken: AbstractSet[Path] = frozenset()

    def no_state(self, name: str, *, groups: bool = False) -> Fault:
        """F202."""
        known = [*self.states, *(self.groups if groups else ())]
        fix = self.troubles.near(name, known)
        if name in self.groups:
            fix = f"'{name}' is a group; a row leads to a state"
        moves = "" if groups else "known moves: stay again next back visit X"
        what = "neither a state nor a group" if groups else "not a state"
        return Fault("F202", f"'{name[:60]}' is {what}", width=len(name), fix="  ".join(filter(None, (fix, moves))))

    def no_event(self, name: str) -> Fault:
        """F303."""
        near = self.troubles.near(name, [*EVENTS, *self.events, *self.phrases])
        quoted = f'For words, use quotes: "{name.replace("_", " ")}"'
        return Fault(
            "F303",
            f"'{name[:60]}' is neither an event nor a phrase",
            width=len(name),
            fix="  ".join(filter(None, (near, quoted))),
        )

    def unknown(self, name: str, what: str, known: Iterable[str], code: str = "F309") -> Fault:
        """A name that stands for nothing where it stands."""
        fix = self.troubles.near(name, known) or self._other(name)
        return Fault(code, f"'{name[:60]}' is no {what}", width=max(1, len(name)), fix=fix)

    def _other(self, name: str) -> str:
        """What else has this name."""
        kinds: tuple[tuple[str, Iterable[str]], ...] = (
            ("state", self.states), ("group", self.groups), ("slot", self.slots), ("tool", self.tools), ("condition", self.conditions),
            ("host event", self.events), ("phrase", self.phrases), ("prompt", self.prompts), ("sub-flow", self.flows),
        )  # fmt: skip
        return next((f"'{name}' is a {kind}" for kind, names in kinds if name in names), "")

    def field_type(self, ref: Ref) -> str:
        """The type of a field of a tool's result; nothing, if it could not be read.

        Raises:
            Fault: F309: there is no such tool or field.
        """
        tool = self.tools.get(ref.name)
        if tool is None:
            raise self.unknown(ref.name, "tool", self.tools)
        if ("tools", ref.name, "returns") in self.broken:
            return ""
        returns: Mapping[str, str] = tool.get("returns", {})
        if ref.field not in returns:
            fix = self.troubles.near(ref.field, returns) or f'returns = {{ {ref.field} = "text" }} in [tools.{ref.name}]'
            raise Fault("F309", f"{ref.name} returns no '{ref.field}'", width=len(str(ref)), fix=fix)
        return returns[ref.field]


def known_names(draft: Draft, flows: Mapping[str, FlowSpec | None], pack: LanguagePack) -> Known:
    """The names of a file; clashes and reserved ones are told."""
    head, table = draft.head, draft.sheet.table
    own = dict(draft.phrases)
    named: dict[str, Phrase | None] = dict.fromkeys(table("phrases")) | own
    named |= {name: phrase for name, phrase in pack.phrases.items() if name not in named}
    known = Known(
        draft.sheet.troubles, draft.states, draft.groups, draft.slots, draft.tools,
        conditions=frozenset(head.get("conditions", ())),
        events=frozenset(head.get("events", ())),
        phrases=named,
        own=own,
        prompts=frozenset(table("prompts")),
        flows=flows,
        pack=pack,
        broken=draft.sheet.broken,
    )  # fmt: skip
    _clashes(draft, known)
    return known


_CALLED = {
    "states": "a state", "groups": "a group", "phrases": "a phrase", "events": "a host event", "slots": "a slot", "tools": "a tool",
    "conditions": "a condition", "prompts": "a prompt", "flows": "a sub-flow",
}  # fmt: skip
_SHARED = (("states", "groups"), ("phrases", "events"), ("slots", "tools", "conditions"))
"""Names that are looked up in the same places."""


def _clashes(draft: Draft, known: Known) -> None:
    sheet, why = draft.sheet, "one name stands for one thing"
    tables = {kind: _named(draft, kind) for kind in _CALLED}
    for kind, entries in tables.items():
        for name, path in entries.items():
            if name in RESERVED:
                fix = f"{name}_{kind[:-1]}"
                sheet.problem(
                    "F304", f"'{name}' cannot be {_CALLED[kind]}'s name", path, why="the notation keeps this word", fix=fix
                )
    for kinds in _SHARED:
        seen: dict[str, str] = {}
        for kind in kinds:
            for name, path in tables[kind].items():
                if name in seen:
                    sheet.problem(
                        "F304", f"'{name}' is {_CALLED[seen[name]]} and {_CALLED[kind]}", path, why=why, fix="rename one"
                    )
                seen.setdefault(name, kind)
    for name, path in tables["events"].items():
        if name in known.pack.phrases and name not in tables["phrases"]:
            sheet.problem(
                "F304", f"'{name}' is a phrase of {known.pack.lang} and a host event", path, why=why, fix="rename the event"
            )


def _named(draft: Draft, kind: str) -> dict[str, Path]:
    """The names of one kind, and where each is given."""
    if kind in ("events", "conditions"):
        return {name: (kind, number) for number, name in enumerate(draft.head.get(kind, ()))}
    names = draft.head.get("flows", ()) if kind == "flows" else draft.sheet.table(kind)
    return {name: (kind, name) for name in names}
