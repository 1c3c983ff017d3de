"""Properties of one line, as people write them: what must never happen, what must always be possible. Data and their reading. Pure.

    property  = "never" what unless | "always" promise ;
    what      = "call" tool | "reach" state | "end" outcome ;
    unless    = "without" event { "or" event } "in" state | "before" state | "with" slot "unset" ;
    promise   = "an end is reachable" [ "from everywhere" ] | state "answers within" number "failures" ;

What stands behind ``never`` and ``always`` may be put in quotes. An event is written as in a row: ``yes``, ``filled``, ``press 1``.
"without yes in confirm" means since confirm was entered last: a yes that the caller has taken back does not count.

A flow file has its own in ``[prove]``, where ``never`` and ``always`` are the keys of two lists. Those of a sub-flow speak of its own names,
and hold wherever it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, TypeAlias

import attrs

from fsm_agents.errors import nearest
from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.problems import FlowError, Place, Problem
from fsm_agents.flows.proof.told import Teller, trigger_text
from fsm_agents.flows.spec import PropertySpec

__all__ = [
    "END_REACHABLE", "Answers", "EndReachable", "Never", "Property", "own_problems", "own_properties", "read_properties", "read_property",
]  # fmt: skip


@attrs.frozen
class Never:
    """Something must not happen without a condition.

    Args:
        text: As it is written.
        verb: What must not happen: ``call`` a tool, ``reach`` a state, ``end`` with an outcome.
        what: The tool, state (flat names that it may have) or outcome.
        unless: The condition that excuses it: ``without`` an event, ``before`` a state was reached, ``with`` a slot unset.
        events: Of ``without``: the events, as rows write them.
        slot: Of ``with``: the slot's full name.
        states: Of ``without`` and ``before``: the flat states.
    """

    text: str
    verb: Literal["call", "reach", "end"]
    what: frozenset[str]
    unless: Literal["without", "before", "with"]
    events: frozenset[str] = frozenset()
    slot: str = ""
    states: frozenset[str] = frozenset()


@attrs.frozen
class EndReachable:
    """From everywhere an end can be reached."""

    text: str = "always an end is reachable from everywhere"


@attrs.frozen
class Answers:
    """After so many failures in a row, of whatever kind, the caller is no longer in this state."""

    text: str
    states: frozenset[str]
    within: int


Property: TypeAlias = "Never | EndReachable | Answers"
END_REACHABLE: Final = EndReachable()

_NEVER: Final = re.compile(
    r"(?P<verb>call|reach|end)\s+(?P<what>[\w/]+)\s+"
    r"(?:(?P<unless>without)\s+(?P<event>.+?)\s+in\s+(?P<state>[\w/]+)|(?P<before>before)\s+(?P<first>[\w/]+)"
    r"|(?P<with>with)\s+(?P<slot>[\w/]+)\s+unset)\Z"
)
_ANSWERS: Final = re.compile(r"(?P<state>[\w/]+)\s+answers\s+within\s+(?P<count>\d{1,3})\s+failures?\Z")
_END: Final = re.compile(r"an\s+end\s+is\s+reachable(?:\s+from\s+everywhere)?\Z")
_FORMS: Final = (
    "never call TOOL | reach STATE | end OUTCOME, then: without EVENT [or EVENT] in STATE | before STATE | with SLOT unset; "
    "always an end is reachable from everywhere | always STATE answers within N failures"
)
LONGEST: Final = 500
"""Most characters of one property."""
UNPROVED: Final = "it cannot be proved"


def own_properties(flat: FlatFlow) -> list[Property]:
    """The properties in the ``[prove]`` of a flow and of its sub-flows, wherever they run.

    Raises:
        FlowError: some cannot be read (F610); a flow that was loaded has none of them.
    """
    found: dict[str, Property] = {}
    problems = own_problems(flat, Teller(), found)
    if problems:
        raise FlowError(problems)
    return list(found.values())


def own_problems(flat: FlatFlow, tell: Teller, found: dict[str, Property] | None = None) -> list[Problem]:
    """What is wrong with the ``[prove]`` of a flow and of its sub-flows; those that can be read are put into ``found`` by their text."""
    problems = []
    for path, scope in flat.scopes.items():
        names = _Names(flat, path)
        for one in scope.spec.prove:
            try:
                made = names.read(one.text)
            except _WrongError as wrong:
                problems.append(tell("F610", wrong.message, scope.spec, _spot(one, wrong.name), why=UNPROVED, fix=wrong.fix))
            else:
                if found is not None:
                    found[made.text] = made
    return problems


def _spot(one: PropertySpec, name: str) -> Place:
    """Where a name stands in a line of ``[prove]``; the line, if that is not known."""
    place, written = one.place, one.text.partition(" ")[2]
    found = re.search(rf"(?<![\w/]){re.escape(name)}(?![\w/])", written) if name else None
    if found is None or place.width != len(written):
        return place
    return Place(place.file, place.line, place.col + found.start(), len(name))


def read_properties(texts: Iterable[str], flat: FlatFlow) -> list[Property]:
    """Properties from their texts.

    Raises:
        FlowError: some cannot be read or name what there is not (F610); all of them at once.
    """
    found: list[Property] = []
    problems: list[Problem] = []
    for text in texts:
        try:
            found.append(read_property(text, flat))
        except FlowError as wrong:
            problems += wrong.problems
    if problems:
        raise FlowError(problems)
    return found


def read_property(text: str, flat: FlatFlow) -> Property:
    """The property that a text is.

    Raises:
        FlowError: it is none (F610).
    """
    try:
        return _Names(flat).read(text)
    except _WrongError as wrong:
        message = f"{wrong.message}: {_short(text)}" if wrong.name else wrong.message
        raise FlowError([Problem("F610", message, why=UNPROVED, fix=wrong.fix)]) from None


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - a line


class _WrongError(Exception):
    """A text is no property, or speaks of a ``name`` that there is not."""

    def __init__(self, message: str, fix: str, name: str = "") -> None:
        super().__init__(message)
        self.message, self.fix, self.name = message, fix, name


class _Names:
    """Reads properties with the names of a flow, or of a sub-flow in one place where it runs.

    Args:
        flat: The flow.
        path: Of the sub-flow: what stands before its names.
    """

    def __init__(self, flat: FlatFlow, path: str = "") -> None:
        self.flat, self.path = flat, path
        self.runners = {one.removesuffix("/"): flat.landing(scope, scope.spec.start) for one, scope in flat.scopes.items() if one}

    def read(self, text: str) -> Property:
        word, _, rest = " ".join(text[:LONGEST].split()).partition(" ")
        if len(rest) > 1 and rest[0] == rest[-1] == '"':
            rest = rest[1:-1].strip()
        whole = f"{word} {rest}" + (f" (in {self.path.removesuffix('/')})" if self.path else "")
        if word == "always" and _END.match(rest):
            return END_REACHABLE
        if word == "always" and (found := _ANSWERS.match(rest)):
            return Answers(whole, self.states(found["state"]), int(found["count"]))
        if word == "never" and (found := _NEVER.match(rest)):
            return self.never(whole, found)
        raise _WrongError(f"'{_short(text)}' is no property", _FORMS)

    def never(self, text: str, found: re.Match[str]) -> Never:
        verb: Any = found["verb"]
        if verb == "call":
            what = self.known(found["what"], self.flat.tools, "tool")
        elif verb == "reach":
            what = self.states(found["what"])
        else:
            what = self.known(found["what"], self.ends(), "outcome of an end")
        if verb == "end" and self.path:  # a sub-flow's end is a state, from which it goes on
            verb, ends = "reach", self.flat.states.values()
            what = frozenset(one.name for one in ends if one.scope.path == self.path and one.spec.end in what)
        if found["unless"]:
            states = self.states(found["state"])
            return Never(text, verb, what, "without", self.events(found["event"], states), states=states)
        if found["before"]:
            return Never(text, verb, what, "before", states=self.states(found["first"]))
        (slot, *_) = sorted(self.known(found["slot"], self.flat.slots, "slot"))
        return Never(text, verb, what, "with", slot=slot)

    def ends(self) -> Iterator[str]:
        """The outcomes that the flow may have."""
        scope = self.flat.scopes[self.path]
        yield from (state.end for state in scope.spec.states.values() if state.end)

    def known(self, name: str, names: Iterable[str], sort: str) -> frozenset[str]:
        """The full names that a name may mean: itself, else in every sub-flow."""
        names = [full for full in names if sort.startswith("outcome") or full.startswith(self.path)]
        found = [full for full in names if full in (name, self.path + name)] or [
            full for full in names if full.rpartition("/")[2] == name
        ]
        if not found:
            near = nearest(name, {full.rpartition("/")[2] for full in names})
            raise _WrongError(f"'{name}' is no {sort}", near, name)
        return frozenset(found)

    def states(self, name: str) -> frozenset[str]:
        """The flat states that a name means; of a state that runs a sub-flow, the first of that."""
        found = self.known(name, [*self.flat.states, *self.runners], "state")
        return frozenset(self.runners.get(full, full) for full in found)

    def events(self, written: str, states: frozenset[str]) -> frozenset[str]:
        """The events as rows write them."""
        rows = [edge for name in sorted(states) for edge in self.flat.states[name].edges if edge.row is not None]
        events = dict.fromkeys(trigger_text(edge.trigger) for edge in rows)
        known = {event.strip('"'): event for event in events} | {event: event for event in events}
        wanted = [written] if written in known else written.split(" or ")
        for event in wanted:
            if event not in known:
                where = ", ".join(sorted(states))
                raise _WrongError(f"no row of '{where}' answers '{event}'", nearest(event, list(events)), event)
        return frozenset(known[event] for event in wanted)
