"""What must hold of every step of a flow, each a function with a name: of what was seen, to what is wrong, or nothing.

Write your own in the same shape: ``def never_more_than_six(seen: Seen) -> str: …``, and hand it to ``walk_flow`` or ``FlowMachine``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeAlias

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.effects import AskModel, CallTool, EmitEvent, HandOver, SayLines
from fsm_agents.flows.machine.events import Heard, HungUp, KeyPressed, SilenceLasted
from fsm_agents.flows.machine.flat import FlatState
from fsm_agents.flows.machine.secret import Secret
from fsm_agents.flows.syntax import PhraseRef, Says
from fsm_agents.flows.words.recogniser import Recogniser
from fsm_agents.flows.words.types import Moment
from fsm_agents.flows.words.vocabulary import Edge, Vocabulary
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Step
from fsm_agents.testing.flows.seen import Seen
from fsm_agents.testing.flows.spoken import unset_in
from fsm_agents.testing.flows.times import TODAY

__all__ = [
    "CODES", "PROPERTIES", "Property", "answers_the_caller", "comes_to_rest", "goes_on_after_saving", "keeps_once_tools", "keeps_secrets",
    "speaks_no_unset_value", "stands_in_a_declared_state", "takes_yes_and_no",
]  # fmt: skip

Property: TypeAlias = Callable[[Seen], str]
"""What is wrong with a step; empty: nothing."""

RESTLESS: Final = 200
"""Steps of its own that a flow may make before somebody does something: wait lines of a tool for minutes are fewer."""
SHORT: Final = 4
"""Secrets of fewer signs are not searched for in texts: they would be found by chance."""


def stands_in_a_declared_state(seen: Seen) -> str:
    """The flow rests in one of its states."""
    where = seen.player.where
    return "" if where in seen.player.flow.table.members else f"it rests in {where!r}, which is no state of the flow"


def comes_to_rest(seen: Seen) -> str:
    """It does not go on for ever by itself."""
    if seen.player.idle <= RESTLESS:
        return ""
    return f"{RESTLESS} steps, and nobody did anything: it goes round in {seen.player.where}"


def answers_the_caller(seen: Seen) -> str:
    """After what a caller does something is said, asked, worked on, or over: nobody is left in silence."""
    player = seen.player
    if not isinstance(seen.event, Heard | SilenceLasted | KeyPressed) or player.ended:
        return ""
    if any(isinstance(effect, SayLines | AskModel | CallTool | HandOver) for effect in seen.step.effects):
        return ""
    if player.pending is not None or player.asked is not None or player.sounds or player.data.keys:
        return ""
    if isinstance(seen.event, KeyPressed) and seen.event.key == player.flow.spec.defaults.end_key:
        return ""  # the end of nothing entered
    return f"nothing is said, asked or worked on in {player.where}"


def keeps_secrets(seen: Seen) -> str:
    """No secret in anything but what tools and those who take over are handed; nor in what is saved."""
    data = seen.player.data
    secrets = [(name, value.value) for name, value in data.slots if isinstance(value, Secret)]
    if not secrets:
        return ""
    known = " ".join(str(value) for _, value in data.slots if not isinstance(value, Secret))
    flow = seen.player.flow
    said = " ".join(seen.lines)
    told = [effect.slots for effect in seen.step.effects if isinstance(effect, EmitEvent)]
    asked = [(effect.talk, effect.offers) for effect in seen.step.effects if isinstance(effect, AskModel)]
    saved = json.dumps(flow.save(data), ensure_ascii=False)
    for name, value in secrets:
        if len(str(value)) < SHORT or str(value) in known:
            continue  # nobody can tell whose it is
        spoken = flow.world.spoken(value, flow.flat.slots[name])
        for where, text in (
            ("what is said", said),
            ("an event", repr(told)),
            ("a question to the model", repr(asked)),
            ("what is saved", saved),
        ):
            if str(value) in text or (len(spoken) >= SHORT and spoken.lower() in text.lower()):
                return f"the secret {name} is in {where}"
    return ""


def goes_on_after_saving(seen: Seen) -> str:
    """A conversation that was saved and restored does at its next event what this one does."""
    if seen.twin is None or any(isinstance(value, Secret) for _, value in seen.before.slots) or _forgets(seen):
        return ""
    here, there = _told(seen.step), _told(seen.twin)
    if here == there:
        return ""
    first = next((pair for pair in zip(here, there, strict=False) if pair[0] != pair[1]), (here[-1:], there[-1:]))
    return f"after it was saved it does {str(first[1])[:160]}, and not {str(first[0])[:160]}"


def _forgets(seen: Seen) -> bool:
    """Results of tools that were given a secret are not saved: what follows from them may differ."""
    flat = seen.player.flow.flat
    return any(slot.secret for slot in flat.slots.values()) and any(
        flat.slots[_path(name) + arg].secret for name, _ in seen.player.data.results for arg in flat.tools[name].args
    )


def _path(name: str) -> str:
    path, slash, _ = name.rpartition("/")
    return path + slash


def _told(step: Step) -> list[Any]:
    return [*(str(taken.row.where) + str(taken.source) for place, taken in step.trail if place == 0), *step.effects]


def speaks_no_unset_value(seen: Seen) -> str:
    """Nothing is said with a hole where a value should be."""
    for line in seen.lines:
        hole = unset_in(seen.player.flow, line)
        if hole:
            return f'"{line}" is said while {hole} is unset'
    return ""


def keeps_once_tools(seen: Seen) -> str:
    """Nobody leaves a state while a tool runs that is called once; only the caller can, and the tool's own time."""
    player = seen.player
    if isinstance(seen.event, HungUp | Due):
        return ""
    for number, asked in player.work.items():
        if isinstance(asked, CallTool) and asked.once and number == seen.before.call and number != player.data.call:
            return f"{seen.before.state} is left while {asked.tool} runs, which is called once"
    return ""


def takes_yes_and_no(seen: Seen) -> str:
    """A question that takes a yes takes a no as well, and the other way round."""
    state = seen.player.flow.flat.states.get(seen.before.state)
    if not isinstance(seen.event, Heard) or state is None or not state.listens or seen.event.parses:
        return ""
    answers = _polar(state)
    if len(answers) != 1:
        return ""
    other = "no" if answers == {"yes"} else "yes"
    if other not in seen.player.flow.pack.phrases or not _says(seen.player.flow, seen.event.text, other):
        return ""
    return f'{state.name} has no way out for "{other}": it takes {answers.pop()} only'


def _polar(state: FlatState) -> set[str]:
    return {edge.trigger.name for edge in state.words if isinstance(edge.trigger, Says) and edge.trigger.name in ("yes", "no")}


def _says(flow: Flow, text: str, name: str) -> bool:
    """Whether words are the language's ``yes`` or ``no``."""
    return bool(_polar_ears(flow, name).read(text, Moment(TODAY)))


@lru_cache(16)
def _polar_ears(flow: Flow, name: str) -> Recogniser:
    defaults = flow.spec.defaults
    return Recogniser([Edge(1, PhraseRef(name))], Vocabulary(flow.pack, before=defaults.before, after=defaults.after))


PROPERTIES: Final[tuple[Property, ...]] = (
    stands_in_a_declared_state, comes_to_rest, answers_the_caller, keeps_secrets, goes_on_after_saving, speaks_no_unset_value,
    keeps_once_tools, takes_yes_and_no,
)  # fmt: skip
"""What is asked of every flow."""

CODES: Final = {
    "comes_to_rest": "F413", "keeps_secrets": "F604", "speaks_no_unset_value": "F404", "keeps_once_tools": "F603",
    "takes_yes_and_no": "F411", "can_end": "F411",
}  # fmt: skip
"""The code under which ``fsm-agents check`` speaks of the same."""
