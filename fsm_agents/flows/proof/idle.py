"""What is written and can never matter: what comes too late for a state's tries, conditions that never hold, names nobody uses. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.problems import NOWHERE, Place, Problem
from fsm_agents.flows.proof.cases import Condition, possible
from fsm_agents.flows.proof.told import ON, WHEN, Teller, cell, event_text
from fsm_agents.flows.proof.ways import Ways
from fsm_agents.flows.spec import FlowSpec
from fsm_agents.flows.syntax import STAY, After, Failure, Goto, Llm, PromptPart, Said, SayPrompt, Says, SetSlot, Text, Visit
from fsm_agents.flows.words.pack import pack

__all__ = ["idle"]

WORDS_A_SECOND: Final = 2.5
"""The usual pace of speech on the telephone: 150 words a minute."""
VALUE: Final = 3
"""Words that a value is taken for."""


def idle(ways: Ways, tell: Teller) -> Iterator[Problem]:
    """F417, F418, F509."""
    told: set[tuple[int, int]] = set()
    for name in ways.reached:
        state = ways.flat.states[name]
        for edge in ways.live[name]:
            problem = _too_late(ways, state, edge, tell)
            if problem is not None and (id(edge.row), id(edge.trigger)) not in told:
                told.add((id(edge.row), id(edge.trigger)))
                yield problem
    specs = {id(scope.spec): scope for scope in ways.flat.scopes.values()}
    for scope in specs.values():
        for row in scope.spec.rows:
            if row.when is not None and not possible([Condition(row.when, scope)], []):
                message = f"'{row.cells[WHEN]}' never holds"
                why = "no value of its slots and fields fits"
                yield tell("F509", message, scope.spec, cell(row, WHEN), why=why, fix="another condition, or take the row out")
        yield from _unused(scope.spec, tell)


# --- F417 -----------------------------------------------------------------------------------------------------------------------------


def _too_late(ways: Ways, state: FlatState, edge: Edge, tell: Teller) -> Problem | None:
    """A row for a time or a count that a state's tries are over before."""
    trigger, row = edge.trigger, edge.row
    if row is None or not state.listens or not _gives_up(ways, state):
        return None
    if isinstance(trigger, After):
        over = _patience(state)
        if trigger.seconds <= over:
            return None
        message = f"'{event_text(edge)}' comes in '{state.spec.name}' only if the caller speaks"
        why = f"{state.spec.tries} silences are over after about {over:.0f}s, and out_of_tries leads away"
        fix = f"after {int(over // 2)}s, or more tries"
    elif isinstance(trigger, Failure) and trigger.count > state.spec.tries and not _stays(ways, state):
        message = f"'{event_text(edge)}' never comes in '{state.spec.name}'"
        why = f"failure {state.spec.tries} is out_of_tries, which leads away"
        fix = f"tries = {trigger.count} in [states.{state.spec.name}], or a smaller number"
    else:
        return None
    return tell("F417", message, edge.scope.spec, cell(row, ON), why=why, fix=fix)


def _gives_up(ways: Ways, state: FlatState) -> bool:
    """Whether the last try surely leads out of a state."""
    first = next(iter(ways.named(state, "out_of_tries")), None)
    return first is not None and first.row is not None and first.row.when is None and isinstance(first.target, Goto | Visit)


def _stays(ways: Ways, state: FlatState) -> bool:
    """Whether some row for a failure keeps the caller in the state whatever the tries."""
    return any(isinstance(edge.trigger, Failure) and edge.target is STAY for edge in ways.live[state.name])


def _patience(state: FlatState) -> float:
    """Seconds from entering a state until its last try, if the caller says nothing: the prompts at the usual pace, and the silences."""
    spec = state.spec
    silence = spec.timeout if spec.timeout is not None else state.scope.spec.defaults.no_input_after
    texts = spec.no_input or spec.retry
    usual = spec.again or spec.say
    said = [spec.say, *(texts[min(at, len(texts) - 1)] if texts else usual for at in range(spec.tries - 1))]
    return sum(silence + (_words(prompt.parts) if prompt is not None else 0) / WORDS_A_SECOND for prompt in said)


def _words(parts: Iterable[PromptPart]) -> int:
    count = 0
    for part in parts:
        count += len(part.text.split()) if isinstance(part, Text) else _words(part.parts) if isinstance(part, Said) else VALUE
    return count


# --- F418 -----------------------------------------------------------------------------------------------------------------------------


def _unused(spec: FlowSpec, tell: Teller) -> Iterator[Problem]:
    """Slots that nothing fills; tools, prompts and phrases that nothing names. Not those of included files: others may use them."""
    written = " ".join([*_texts(spec.tree), *(text for row in spec.rows for text in row.cells)])
    acts = [act for row in spec.rows for act in row.do]
    triggers = [trigger for row in spec.rows for trigger in row.on]
    filled = {state.ask for state in spec.states.values()} | {act.slot for act in acts if isinstance(act, SetSlot)}
    filled |= {name for trigger in triggers if isinstance(trigger, Llm) for name in trigger.sets}
    filled |= {*spec.takes, *(name for flow in spec.flows.values() for name in flow.gives)}
    words = " ".join([*(row.cells[ON] for row in spec.rows), *_texts(spec.tree.get("phrases", {})), *_texts(_says(spec.tree))])
    for name, slot in spec.slots.items():
        if name not in filled and f"{{{name}}}" not in words and _own(spec, slot.place):
            fix = f'a state with  ask = "{name}", or take it out'
            yield tell("F418", f"nothing ever fills '{name}'", spec, slot.place, why="it is unset wherever it stands", fix=fix)
    called = {name for state in spec.states.values() for name in (state.call, *state.tools)}
    called |= {slot.check for slot in spec.slots.values()} | {s.values_from.name for s in spec.slots.values() if s.values_from}
    for name, tool in spec.tools.items():
        if name not in called and _own(spec, tool.place):
            yield tell(
                "F418", f"nothing ever calls '{name}'", spec, tool.place, fix=f'a state with  call = "{name}", or take it out'
            )
    spoken = {act.name for act in acts if isinstance(act, SayPrompt)}
    heard = {trigger.name for trigger in triggers if isinstance(trigger, Says)} | set(pack(spec.lang).phrases)
    for name in spec.tree.get("prompts", {}):
        if name not in spoken and _own(spec, place := _place(spec, name)):
            yield tell("F418", f"nothing ever says '{name}'", spec, place, fix=f"say {name}, or take it out")
    for name in spec.tree.get("phrases", {}):
        if name not in heard and f"<{name}>" not in written and _own(spec, place := _place(spec, name)):
            yield tell("F418", f"no row hears '{name}'", spec, place, fix="a row that it stands in, or take it out")


def _own(spec: FlowSpec, place: Place) -> bool:
    """Whether it is written in the flow's own file, or the flow in Python."""
    return not spec.text or place.file == spec.file


def _says(tree: Mapping[str, Any]) -> Iterator[Any]:
    """How slots may be answered: one slot's words may hold another."""
    for slot in tree.get("slots", {}).values():
        yield slot.get("says", "")


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        for inner in tree.values():
            yield from _texts(inner)
    elif isinstance(tree, Iterable):
        for inner in tree:
            yield from _texts(inner)


def _place(spec: FlowSpec, name: str) -> Place:
    """Where a named prompt or phrase is written."""
    found = re.search(rf"(?m)^[ \t]*{re.escape(name)}[ \t]*=|^\[(?:prompts|phrases)\.{re.escape(name)}\]", spec.text)
    return Place(spec.file, spec.text.count("\n", 0, found.start()) + 1, 1, len(name)) if found is not None else NOWHERE
