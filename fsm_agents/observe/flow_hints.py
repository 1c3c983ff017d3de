"""What might go better next time: for a turn that went wrong, text that can be pasted into the flow, where it is known. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.proof.told import event_text
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, Prompt, Said, SlotRef, Value
from fsm_agents.flows.syntax import Sequence as Words
from fsm_agents.fsm.codec import HIDDEN
from fsm_agents.observe.flow_nearest import nearest_sentences

__all__ = ["invalid_hints", "no_match_hints", "swallowed_hints"]

MANY_WORDS: Final = 2
"""More words than that in free text are perhaps no name, but a sentence that somebody wanted to be understood."""


def no_match_hints(flow: Flow, state: FlatState, data: FlowData, text: str, words: Sequence[str]) -> Iterator[str]:
    """Nobody took it: what is nearest, and the row that would take it."""
    if text == HIDDEN or not words:
        return
    recogniser = flow.recogniser(data)
    edges = flow.flat.edges
    near = nearest_sentences(recogniser, words)
    if near:
        told = ", ".join(f'"{each.words}" ({_where(edges[each.edge])})' for each in near)
        yield f"nearest here: {told}"
    else:
        offers = [event_text(edge) if edge.row is not None else f"an answer to {state.spec.ask}" for edge in state.words[:4]]
        yield f"nothing here is near it; {state.name} takes: {', '.join(offers) or 'no words'}{' …' if len(state.words) > 4 else ''}"  # noqa: PLR2004
    said = " ".join(words)
    yield f'a row for it: | {state.spec.name} | "{said}" | | ??? | |'
    if near and near[0].cost <= 1 and edges[near[0].edge].row is None:
        yield f"or as a way to say a value of {state.spec.ask}: [slots.{state.spec.ask}]"


def swallowed_hints(flow: Flow, state: FlatState, data: FlowData, edge: Edge, words: Sequence[str]) -> Iterator[str]:
    """Free text took it: was it meant so?"""
    if len(words) <= MANY_WORDS:
        return
    slot = next((name for name in _texts(flow, edge)), "")
    own = slot.rpartition("/")[2]
    hints = [f'a row for it in {state.spec.name}: | {state.spec.name} | "{" ".join(words)}" | | ??? | |']
    if slot and flow.flat.slots[slot].words[1] > MANY_WORDS:
        hints.append(f'[slots.{own}] words = "1..{MANY_WORDS}"')
    if slot and not _said_somewhere(flow, edge, own):
        hints.append(f"say {{{own}}} in a state that answers yes and no")
    near = nearest_sentences(flow.recogniser(data), words, 1)
    if near:
        yield f'nearest of the words that are written: "{near[0].words}" ({_where(flow.flat.edges[near[0].edge])})'
    yield "if it was not meant as free text: " + ", or ".join(hints)


def invalid_hints(flow: Flow, slots: Sequence[str]) -> Iterator[str]:
    """Words fitted, a value did not: what is valid."""
    for name in slots:
        slot = flow.flat.slots[name]
        bounds = {
            "range": slot.range and f"{slot.range[0]}..{slot.range[1]}",
            "length": slot.length and f"{slot.length[0]}..{slot.length[1]}",
            "future": slot.future is not None and f"{slot.future}d",
            "past": slot.past and "true",
            "check": slot.check,
        }
        told = ", ".join(f"{key} = {value}" for key, value in bounds.items() if value)
        says = "" if slot.invalid is not None else f'; say so: [slots.{slot.name}] invalid = "…"'
        if told or says:
            yield f"{slot.name} takes {told or f'a {slot.type}'}{says}"


def _where(edge: Edge) -> str:
    return f"line {edge.place.line}" if edge.row is not None and edge.place.line else event_text(edge)


def _texts(flow: Flow, edge: Edge) -> list[str]:
    """The slots of free text in an edge."""
    found: list[str] = []
    waiting: list[Phrase] = [edge.phrase] if edge.phrase is not None else []
    while waiting:
        match waiting.pop():
            case SlotRef(name):
                found += [name] * (flow.flat.slots[name].type == "text")
            case Words(parts) | Alternatives(parts):
                waiting += parts
            case Optional(inner):
                waiting.append(inner)
            case _:
                pass
    return found


def _said_somewhere(flow: Flow, edge: Edge, slot: str) -> bool:
    """Whether some state that answers yes says the slot."""
    for state in flow.flat.states.values():
        prompts = [prompt for prompt in (state.spec.say, state.spec.again) if prompt is not None]
        answers = any(getattr(each.trigger, "name", "") == "yes" for each in state.edges)
        if answers and state.scope is edge.scope and any(slot in _refs(prompt) for prompt in prompts):
            return True
    return False


def _refs(prompt: Prompt) -> set[str]:
    found: set[str] = set()
    waiting = list(prompt.parts)
    while waiting:
        part = waiting.pop()
        if isinstance(part, Value):
            found.add(part.ref.name)
        elif isinstance(part, Said):
            waiting += part.parts
    return found
