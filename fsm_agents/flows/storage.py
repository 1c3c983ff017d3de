"""A conversation as plain JSON, under the flow's id and version; and back, into the same flow or a later one that says how.

A stored conversation is foreign input: every name and value in it is held against the flow, and a wrong one is an error, never half a
conversation. Secrets are not stored; which of them were known is, and :mod:`fsm_agents.flows.recall` says where a conversation goes on
that may need one again: where it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from fsm_agents.errors import nearest
from fsm_agents.flows.machine.build import BEGIN, GONE
from fsm_agents.flows.machine.data import Bookmark, Failures, FlowData, changed
from fsm_agents.flows.machine.effects import Line
from fsm_agents.flows.machine.flat import CHECKING, FlatFlow
from fsm_agents.flows.machine.secret import Secret, takes_secret
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.problems import FlowError, Place, Problem
from fsm_agents.flows.recall import Recall, result

__all__ = ["FORMAT", "read", "write"]

FORMAT = 1
"""The version of the form. Another one is refused."""
MOST_COUNTED = 10**9
MOST_LINES = 100


def write(flat: FlatFlow, digest: str, data: FlowData, state: str) -> dict[str, Any]:
    """The conversation as JSON values."""
    mark = data.bookmark
    return {
        "format": FORMAT,
        "flow": flat.spec.name,
        "version": flat.spec.version,
        "digest": digest,
        "state": state,
        "slots": {name: _plain(value) for name, value in data.slots if not isinstance(value, Secret)},
        "results": {
            tool: {name: _plain(value) for name, value in fields} for tool, fields in data.results if _public(flat, tool)
        },
        "secrets": {
            "slots": [name for name, value in data.slots if isinstance(value, Secret)],
            "results": [tool for tool, _ in data.results if not _public(flat, tool)],
        },
        "checked": [name for name, value in data.checked if not isinstance(value, Secret)],
        "failures": attrs.asdict(data.failures),
        "bookmark": None if mark is None else {"state": mark.state, "failures": attrs.asdict(mark.failures)},
        "turns": data.turns,
        "call": data.call,
        "visit": data.visit,
        "step": data.step,
        "said": [[line.text, line.audio] for line in data.said[1] if not line.parts],
        "outcome": data.outcome,
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _public(flat: FlatFlow, tool: str) -> bool:
    """Whether a tool was given no secret: what it returned may repeat it otherwise."""
    path = tool.rpartition("/")[0]
    scope = flat.scopes[path + "/" if path else ""]
    return not takes_secret(scope, tool.rpartition("/")[2])


def read(world: World, digest: str, saved: object) -> tuple[FlowData, str]:
    """The conversation that was stored, and its state.

    Raises:
        FlowError: it is none of this flow, or was edited; says what, and how a changed flow says what became of it (F8).
    """
    return _Reader(world, digest).read(saved)


class _Reader:
    def __init__(self, world: World, digest: str) -> None:
        self.world, self.flat, self.digest = world, world.flat, digest
        self.problems: list[Problem] = []
        self.states: Mapping[str, str] = {}
        self.slots: Mapping[str, str] = {}

    def read(self, saved: object) -> tuple[FlowData, str]:
        if not isinstance(saved, Mapping):
            self.fail("F802", f"a stored conversation is a JSON object, this is {type(saved).__name__}")
            raise FlowError(self.problems)
        self._head(saved)
        if self.problems:
            raise FlowError(self.problems)
        self._migrate(saved["version"])
        stood = self._state(saved.get("state"), "state")
        state = self._recalled(stood, saved.get("secrets"))
        data = FlowData(
            slots=changed((), **self._slots(saved.get("slots", {}))),
            results=changed((), **self._results(saved.get("results", {}))),
            failures=self._failures(saved.get("failures", {})),
            bookmark=self._bookmark(saved.get("bookmark")),
            turns=self._count(saved, "turns"),
            call=self._count(saved, "call"),
            visit=self._count(saved, "visit"),
            step=self._count(saved, "step"),
            outcome=self._outcome(saved.get("outcome", "")),
        )
        data.said = data.step, self._said(saved.get("said", []))
        if state != stood:  # what was counted there, and where a visit there came from, is over
            data.failures, data.bookmark, data.turns = Failures(), None, 0
        names = saved.get("checked", [])
        known = dict(data.slots)
        checked = [self._renamed(name) for name in names if isinstance(name, str)] if isinstance(names, list) else []
        data.checked = changed((), **{name: known.get(name) for name in checked})
        if self.problems:
            raise FlowError(self.problems)
        return data, state

    def fail(self, code: str, message: str, fix: str = "") -> None:
        self.problems.append(Problem(code, message, Place("store"), fix=fix))

    def _head(self, saved: Mapping[str, Any]) -> None:
        spec = self.flat.spec
        if saved.get("format") != FORMAT:
            self.fail("F802", f"the form of the stored conversation is {saved.get('format')!r}; this reads {FORMAT}")
        if saved.get("flow") != spec.name:
            self.fail("F803", f"saved in the flow {saved.get('flow')!r}; this is {spec.name!r}", "load that flow")
        version = saved.get("version")
        if not isinstance(version, int) or isinstance(version, bool):
            self.fail("F802", f"the version of the stored conversation is {version!r}, no whole number")
        elif version > spec.version:
            self.fail(
                "F804", f"saved at {spec.name} v{version}; this is v{spec.version}", "load the newer flow: calls go on there"
            )
        elif version == spec.version and saved.get("digest") != self.digest:
            said = f"saved at {spec.name} v{version}, whose text was another one"
            self.fail("F805", said, f"version = {version + 1}, and [migrate.{version}] if names changed")
        elif version < spec.version and not any(old >= version for old in spec.migrations):
            self._unmigrated(saved, version)

    def _unmigrated(self, saved: Mapping[str, Any], version: int) -> None:
        """No migration is written: that is right where every name still stands."""
        state = saved.get("state")
        if state not in (*self.flat.states, BEGIN, GONE):
            known = nearest(str(state), self.flat.states).removeprefix("did you mean ").rstrip("?")
            fix = f'[migrate.{version}] states = {{ {state} = "{known.strip(chr(39))}" }}'
            spec = self.flat.spec
            self.fail(
                "F801", f"saved at {spec.name} v{version}, state {state!r}; this is v{spec.version} and has no {state!r}", fix
            )

    def _migrate(self, version: int) -> None:
        """Old names to new ones, one version after the other."""
        states: dict[str, str] = {}
        slots: dict[str, str] = {}
        for _, step in sorted(self.flat.spec.migrations.items()):
            if step.version >= version:
                states = {old: step.states.get(new, new) for old, new in states.items()} | {
                    old: new for old, new in step.states.items() if old not in states
                }
                slots = {old: step.slots.get(new, new) for old, new in slots.items()} | {
                    old: new for old, new in step.slots.items() if old not in slots
                }
        self.states, self.slots = states, slots

    def _renamed(self, name: str) -> str:
        return self.slots.get(name, name)

    def _state(self, name: object, what: str) -> str:
        found = self.states.get(name, name) if isinstance(name, str) else name
        if not isinstance(found, str) or not (found in (BEGIN, GONE) or self._stands(found)):
            fix = nearest(str(found)[:80], self.flat.states)
            self.fail("F801", f"the stored {what} {str(found)[:80]!r} is no state of {self.flat.spec.name}", fix)
            return BEGIN
        return str(found)

    def _stands(self, name: str) -> bool:
        """Whether the table has such a state: one whose slot a tool looks at has a second one for that."""
        state = self.flat.states.get(name.removesuffix(CHECKING))
        if state is None or name == state.name:
            return state is not None
        return bool(state.slot and self.flat.slots[state.slot].check)

    def _recalled(self, state: str, stored: object) -> str:
        """Where it goes on: a secret that was known, and may be used again, is asked for again first."""
        found = Recall(self.flat, self._lost(stored)).place(state)
        if found is not None:
            return found
        plain = state.removesuffix(CHECKING)
        secret = " or ".join(repr(name) for name in self._lost(stored))
        fix = f"| {plain.rpartition('/')[2]} | resumed | | STATE | |, where STATE asks for it; or ask for it before {plain!r}"
        self.fail(
            "F807", f"from {plain!r} on {secret} may be used: it is secret, was not stored, and nothing asks for it again", fix
        )
        return BEGIN

    def _lost(self, stored: object) -> list[str]:
        """The secrets that were known, and the results that are not stored because of them; all that may be, if that is not said."""
        flat = self.flat
        if stored is None:
            slots, tools = [name for name, slot in flat.slots.items() if slot.secret], list(flat.tools)
        elif isinstance(stored, Mapping) and set(stored) <= {"slots", "results"}:
            slots, tools = (self._names(stored.get(part, [])) for part in ("slots", "results"))
            slots = list(map(self._renamed, slots))
        else:
            self.fail("F802", "the stored names of secrets are no object")
            return []
        if any(name not in flat.slots or not flat.slots[name].secret for name in slots) or not set(tools) <= set(flat.tools):
            self.fail("F806", "among the stored names of secrets is one that is no secret of this flow")
            return []
        return [*slots, *(result(tool) for tool in tools if not _public(flat, tool))]

    def _names(self, stored: object) -> list[str]:
        if isinstance(stored, list) and all(isinstance(name, str) for name in stored):
            return stored
        self.fail("F802", "the stored names of secrets are no list of names")
        return []

    def _slots(self, stored: object) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for old, value in self._items(stored, "slots"):
            name = self._renamed(old)
            slot = self.flat.slots.get(name)
            if slot is None:
                self.fail("F806", f"the stored slot {name[:80]!r} is unknown", nearest(name[:80], self.flat.slots))
            elif slot.secret:
                self.fail("F806", f"the slot {name!r} is secret, and secrets are not stored", "take it out")
            elif not self.world.type_of(slot).fits(value, slot):
                self.fail("F806", f"{str(value)[:80]!r} is no value of the slot {name!r} ({slot.type})")
            else:
                found[name] = tuple(value) if isinstance(value, list) else value
        return found

    def _results(self, stored: object) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, fields in self._items(stored, "results"):
            tool = self.flat.tools.get(name)
            if tool is None or not isinstance(fields, Mapping):
                self.fail("F806", f"the stored result of {name[:80]!r} is of no tool of this flow")
                continue
            wrong = [field for field, value in fields.items() if field not in tool.returns or not _scalar(value)]
            if wrong:
                self.fail(
                    "F806", f"the stored result of {name!r} has {', '.join(map(str, wrong))[:80]!r}, which it does not return"
                )
            found[name] = tuple(
                (field, tuple(v) if isinstance(v, list) else v) for field, v in fields.items() if field not in wrong
            )
        return found

    def _items(self, stored: object, what: str) -> Iterable[tuple[str, Any]]:
        if not isinstance(stored, Mapping):
            self.fail("F802", f"the stored {what} are {type(stored).__name__}, no object")
            return ()
        return [(str(name), value) for name, value in stored.items()]

    def _failures(self, stored: object) -> Failures:
        kinds = [field.name for field in attrs.fields(Failures)]
        if not isinstance(stored, Mapping):
            self.fail("F802", "the stored failures are no object")
            return Failures()
        return Failures(**{kind: self._count(stored, kind) for kind in kinds})

    def _bookmark(self, stored: object) -> Bookmark | None:
        if stored is None:
            return None
        if not isinstance(stored, Mapping):
            self.fail("F802", "the stored bookmark is no object")
            return None
        return Bookmark(self._state(stored.get("state"), "bookmark"), self._failures(stored.get("failures", {})))

    def _count(self, stored: Mapping[str, Any], name: str) -> int:
        value = stored.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_COUNTED:
            self.fail("F802", f"the stored {name} is {str(value)[:80]!r}, no count")
            return 0
        return value

    def _outcome(self, stored: object) -> str:
        known = {state.spec.end for state in self.flat.states.values() if state.ends} | {"", "hung_up"}
        if not isinstance(stored, str) or stored not in known:
            self.fail("F802", f"the stored outcome {str(stored)[:80]!r} is none of this flow")
            return ""
        return stored

    def _said(self, stored: object) -> tuple[Line, ...]:
        if not isinstance(stored, list) or len(stored) > MOST_LINES:
            self.fail("F802", "what was said last is no list")
            return ()
        lines = []
        for pair in stored:
            if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):  # noqa: PLR2004 - text, audio
                self.fail("F802", "what was said last is not [text, recording]")
                return ()
            lines.append(Line(*pair))
        return tuple(lines)


def _scalar(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str | int | float | bool) for item in value)
    return isinstance(value, str | int | float | bool)
