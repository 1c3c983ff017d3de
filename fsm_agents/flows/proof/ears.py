"""What of a flow a recogniser that knows only a grammar cannot hear: free text, and whatever a model must understand. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.problems import Place, Problem
from fsm_agents.flows.proof.told import ON, Teller, cell, once_each
from fsm_agents.flows.spec import FlowSpec
from fsm_agents.flows.syntax import Llm

__all__ = ["needs_open_ears"]


def needs_open_ears(flat: FlatFlow) -> list[Problem]:
    """F409 for each llm edge, talk state and text slot; empty: a grammar is enough.

    For speech-to-text that is given each state's grammar and no language model; text chat needs no ears at all.
    """
    tell = Teller()
    found: list[Problem] = []
    for what, spec, place in _sites(flat):
        message = f"{what} needs open speech-to-text; these ears are grammar-only"
        why = "a grammar yields no words for what stands in no phrase"
        fix = "speech-to-text with dictation, or words instead. Text chat is not affected"
        found.append(tell("F409", message, spec, place, why=why, fix=fix))
    return once_each(found)


def _sites(flat: FlatFlow) -> Iterator[tuple[str, FlowSpec, Place]]:
    for state in flat.states.values():
        spec = state.scope.spec
        if state.spec.kind == "talk":
            yield f"the talk state '{state.spec.name}'", spec, state.spec.places.get("talk", state.spec.place)
        for edge in state.edges:
            if edge.row is None:
                if edge.free:
                    yield f"the text slot '{state.spec.ask}'", spec, state.spec.places.get("ask", state.spec.place)
            elif isinstance(edge.trigger, Llm):
                yield "an llm edge", edge.scope.spec, cell(edge.row, ON)
            elif edge.free:
                yield "free text in a phrase", edge.scope.spec, cell(edge.row, ON)
