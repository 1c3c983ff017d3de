"""Everything that may happen in a resting state of a flow, sampled: words, keys, silence, results, the model, the host. Pure.

Each edge's words come as its shortest sentence with each set of slots it can fill; edges of a state with the same words hear them together.
The model, once asked, may choose any edge of the state, offered or not: a search that allows more than can be is safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, combinations
from typing import Any, Final

import attrs

from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.events import (
    Begun,
    ConditionsRead,
    Failed,
    Heard,
    HostSent,
    HungUp,
    Interrupted,
    NotJudged,
    Pressed,
    PromptHeard,
    Proposed,
    Resumed,
    SilenceLasted,
    Succeeded,
)
from fsm_agents.flows.machine.flat import CHECKING, Edge, FlatState
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.proof.cases import refs_of
from fsm_agents.flows.proof.samples import Samples, combined
from fsm_agents.flows.proof.sentences import example_sentence, shortest, unfit
from fsm_agents.flows.syntax import Named, Press, Says
from fsm_agents.flows.words.recogniser import Parse

__all__ = ["NOBODY", "Happenings"]

NOBODY: Final = "mumble"
"""What a caller says that nobody takes."""
_NOTHING: Final = FlowData()
MOST_OFFERS: Final = 3
"""Offers of which the model chooses any subset; of more it chooses one, or two."""


class Happenings:
    """The events of one flow.

    Args:
        world: The flow.
    """

    def __init__(self, world: World) -> None:
        self.world, self.flat = world, world.flat
        self.samples = Samples(world.flat)
        self._kept: dict[str, tuple[object, ...]] = {}
        self._sets: dict[int, list[tuple[str, ...]]] = {}

    def of(self, data: FlowData, *, asked: bool = True, sounds: bool = False) -> Iterable[object]:
        """What may happen where a conversation rests.

        Args:
            data: The conversation.
            asked: Whether a question to the model is open. Meanwhile the caller waits for an answer, and silence means nothing.
            sounds: Whether what the state said on entering is not heard to its end: words and keys come behind that, or end it.
        """
        name: str = data.cell("flow").state
        if name.endswith(CHECKING):
            return (*self._checked(self.flat.states[name.removesuffix(CHECKING)], data), Failed(data.call, "it broke"), HungUp())
        state = self.flat.states.get(name)
        if state is None:
            return self._with_facts([Begun()])
        if state.spec.kind == "end":
            return ()
        if name not in self._kept:
            self._kept[name] = tuple(self._with_facts(self._always(state)))
        model = self._model(state, data) if asked and (state.judged or state.spec.kind == "talk") else ()
        ends = (Heard, Pressed) if state.spec.barge_in == "any" else (Heard,)
        never = (SilenceLasted,) if model else ends if sounds and state.passes else ()
        found = chain(self._kept[name], self._with_facts(chain(self._now(state, data), model)))
        return (event for event in found if not isinstance(event, never)) if never else found

    def _checked(self, state: FlatState, data: FlowData) -> Iterator[object]:
        """What comes of looking at a value: its first field says whether it is valid."""
        tool = state.scope.full(self.flat.slots[state.slot].check)
        for fields in self.samples.results(tool)[:1]:
            for valid in (True, False) if fields else ():
                yield Succeeded(data.call, ((fields[0][0], valid), *fields[1:]))

    def _with_facts(self, events: Iterable[Any]) -> Iterator[object]:
        for event in events:
            if isinstance(event, HungUp) or not hasattr(event, "facts"):
                yield event
            else:
                yield from (attrs.evolve(event, facts=facts) if facts else event for facts in self.samples.facts)

    # --- the same whenever a state rests ------------------------------------------------------------------------------------------

    def _always(self, state: FlatState) -> Iterator[object]:
        if state.listens:
            yield SilenceLasted()
            yield Heard(NOBODY)
        yield from self._words(state, None)
        yield from self._keys(state)
        if not state.works and (state.passes or state.named("said")):
            yield PromptHeard()
        if state.named("interrupted"):
            yield Interrupted()
        for edge in state.edges:
            if isinstance(edge.trigger, Named) and edge.trigger.name in edge.scope.spec.events:
                yield HostSent(edge.trigger.name)
        yield Resumed()
        yield HungUp()
        if self.timers_ask(state):
            yield ConditionsRead()

    def _keys(self, state: FlatState) -> Iterator[object]:
        for edge in state.keys:
            assert isinstance(edge.trigger, Press)  # noqa: S101 - what FlatState.keys gives
            yield Pressed(edge.trigger.key)
        slot = self.flat.slots[state.slot] if state.slot else None
        if slot is not None and slot.type == "digits":
            least, most = slot.length or (1, 50)
            yield Pressed("5" * least)
            yield Pressed("5" * (most + 1))
        elif slot is not None and slot.keys:
            yield Pressed(next(iter(slot.keys)))

    @staticmethod
    def timers_ask(state: FlatState) -> bool:
        """Whether a timer's row asks the host for something."""
        timed = (*state.timed, *(state.named("timeout") if state.works else ()))
        tests = [(edge.row.when, edge.scope) for edge in timed if edge.row is not None]
        return any(ref.name in scope.spec.conditions for test, scope in tests for ref in refs_of(test))

    # --- what depends on the conversation ------------------------------------------------------------------------------------------

    def _now(self, state: FlatState, data: FlowData) -> Iterator[object]:
        if any(self._offered(names) for edge in state.words for names in self._fillable(edge)):
            yield from self._words(state, data)
        if state.works:
            tool = state.scope.full(state.spec.call) if state.spec.call else ""
            for fields in self.samples.results(tool) if tool else [()]:
                yield Succeeded(data.call, fields)
            yield Failed(data.call, "it broke")

    def _words(self, state: FlatState, data: FlowData | None) -> Iterator[object]:
        """Sentences: without ``data`` those that are always the same, with it those that offer what a tool returned."""
        alike: dict[Any, list[Edge]] = {}
        for edge in state.words:
            key = (
                (edge.scope.path, edge.trigger.phrase) if isinstance(edge.trigger, Says) and edge.row is not None else edge.number
            )
            alike.setdefault(key, []).append(edge)
        for edges in alike.values():
            for names in self._fillable(edges[0]):
                if self._offered(names) is (data is not None):
                    yield from self._sentences(edges, names, data or _NOTHING)

    def _offered(self, names: tuple[str, ...]) -> bool:
        return any(self.flat.slots[name].values_from is not None for name in names)

    def _sentences(self, edges: list[Edge], names: tuple[str, ...], data: FlowData) -> Iterator[object]:
        choices = [self.samples.slot(name, data) for name in names]
        for values in combined(choices) if all(choices) else ():
            given = tuple(zip(names, values, strict=True))
            text = example_sentence(self.world, edges[0], dict(given))
            yield Heard(text, tuple(Parse(edge.number, given, free=edge.free) for edge in edges))
        first = dict(zip(names, (values[0] for values in choices), strict=True)) if all(choices) else {}
        for name in first:
            words = unfit(self.world, name)
            if words:
                others = tuple((other, value) for other, value in first.items() if other != name)
                text = example_sentence(self.world, edges[0], first, {name: words})
                yield Heard(text, tuple(Parse(edge.number, others, ((name, words),)) for edge in edges))
                break

    def _fillable(self, edge: Edge) -> list[tuple[str, ...]]:
        """The sets of slots that a sentence of an edge can fill."""
        assert edge.phrase is not None  # noqa: S101 - what FlatState.words gives
        found = self._sets.get(id(edge.phrase))
        if found is None:
            found = self._sets[id(edge.phrase)] = [tuple(sorted(names)) for names in shortest(edge.phrase)]
        return found

    def _model(self, state: FlatState, data: FlowData) -> Iterator[object]:
        number = data.call
        yield NotJudged(number, "no answer")
        yield Proposed(number, (), "Let me see.")
        edges = state.judged
        sizes = range(1, len(edges) + 1) if len(edges) <= MOST_OFFERS else (1, 2)
        for chosen in chain.from_iterable(combinations(edges, size) for size in sizes):
            yield Proposed(number, tuple(Parse(edge.number) for edge in chosen))
        for edge in edges:
            sets = [edge.scope.full(name) for name in getattr(edge.trigger, "sets", ())]
            if sets:
                values = combined([self.samples.slot(name, data) for name in sets])
                yield from (Proposed(number, (Parse(edge.number, tuple(zip(sets, some, strict=True))),)) for some in values)
