"""Properties of one line, as people write them: what must never happen, what must always be possible. Data and their reading. Pure.

    property  = "never" what unless | "always" promise ;
    what      = "call" tool | "reach" state | "end" outcome ;
    unless    = "without" event { "or" event } "in" state | "before" state | "with" slot "unset" ;
    promise   = "an end is reachable" [ "from everywhere" ] | state "answers within" number "failures" ;

What stands behind ``never`` and ``always`` may be put in quotes. An event is written as in a row: ``yes``, ``filled``, ``press 1``.
"without yes in confirm" means since confirm was entered last: a yes that the caller has taken back does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias

import attrs

from fsm_agents.errors import nearest
from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.problems import FlowError, Problem
from fsm_agents.flows.proof.told import trigger_text

__all__ = ["END_REACHABLE", "Answers", "EndReachable", "Never", "Property", "read_properties", "read_property"]


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
    word, _, rest = " ".join(text[:LONGEST].split()).partition(" ")
    if len(rest) > 1 and rest[0] == rest[-1] == '"':
        rest = rest[1:-1].strip()
    whole = f"{word} {rest}"
    if word == "always" and _END.match(rest):
        return END_REACHABLE
    if word == "always" and (found := _ANSWERS.match(rest)):
        return Answers(whole, _states(found["state"], flat, text), int(found["count"]))
    if word == "never" and (found := _NEVER.match(rest)):
        return _never(whole, found, flat)
    raise _wrong(f"'{_short(text)}' is no property", fix=_FORMS)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - a line


def _never(text: str, found: re.Match[str], flat: FlatFlow) -> Never:
    verb: Any = found["verb"]
    if verb == "call":
        what = _known(found["what"], flat.tools, "tool", text)
    elif verb == "reach":
        what = _states(found["what"], flat, text)
    else:
        outcomes = {state.spec.end: None for state in flat.states.values() if state.ends}
        what = _known(found["what"], outcomes, "outcome of an end", text)
    if found["unless"]:
        states = _states(found["state"], flat, text)
        return Never(text, verb, what, "without", _events(found["event"], states, flat, text), states=states)
    if found["before"]:
        return Never(text, verb, what, "before", states=_states(found["first"], flat, text))
    (slot, *_) = sorted(_known(found["slot"], flat.slots, "slot", text))
    return Never(text, verb, what, "with", slot=slot)


def _known(name: str, names: Iterable[str], sort: str, text: str) -> frozenset[str]:
    """The full names that a name may mean: itself, else in every sub-flow."""
    names = list(names)
    found = [full for full in names if full == name] or [full for full in names if full.rpartition("/")[2] == name]
    if not found:
        raise _wrong(f"'{name}' is no {sort}: {_short(text)}", fix=nearest(name, [full.rpartition("/")[2] for full in names]))
    return frozenset(found)


def _states(name: str, flat: FlatFlow, text: str) -> frozenset[str]:
    """The flat states that a name means; of a state that runs a sub-flow, the first of that."""
    runners = {path.removesuffix("/"): flat.landing(scope, scope.spec.start) for path, scope in flat.scopes.items() if path}
    found = _known(name, [*flat.states, *runners], "state", text)
    return frozenset(runners.get(full, full) for full in found)


def _events(written: str, states: frozenset[str], flat: FlatFlow, text: str) -> frozenset[str]:
    """The events as rows write them."""
    events = dict.fromkeys(
        trigger_text(edge.trigger) for name in sorted(states) for edge in flat.states[name].edges if edge.row is not None
    )
    known = {event.strip('"'): event for event in events} | {event: event for event in events}
    wanted = [written] if written in known else written.split(" or ")
    for event in wanted:
        if event not in known:
            where = ", ".join(sorted(states))
            raise _wrong(f"no row of '{where}' answers '{event}': {_short(text)}", fix=nearest(event, list(events)))
    return frozenset(known[event] for event in wanted)


def _wrong(message: str, fix: str) -> FlowError:
    return FlowError([Problem("F610", message, why="it cannot be proved", fix=fix)])
