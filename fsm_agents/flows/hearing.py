"""What a sentence means in a state: every edge that takes it, with values; and what of it a log must not show."""

from __future__ import annotations

from typing import Any

import attrs

from fsm_agents.flows.binding import Binding
from fsm_agents.flows.machine.data import FlowData, get
from fsm_agents.flows.machine.events import Facts, Heard
from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.machine.secret import Secret
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.words.recogniser import Parse, Recogniser
from fsm_agents.flows.words.types import Moment
from fsm_agents.flows.words.vocabulary import Edge as Sentence
from fsm_agents.flows.words.vocabulary import Vocabulary
from fsm_agents.fsm.codec import HIDDEN

__all__ = ["Ears", "facts", "heard", "hears_secret"]


def facts(binding: Binding) -> Facts:
    """The host's conditions as they are now. All of them: a step may lead through several states."""
    return tuple((name, bool(ask())) for name, ask in sorted(binding.conditions.items()))


def hears_secret(world: World, state: FlatState) -> bool:
    """Whether what is said in a state may be a secret."""
    return any(world.flat.slots[name].secret for name in state.slots)


class Ears:
    """The recognisers of one flow, each made when it is first needed."""

    def __init__(self, world: World) -> None:
        defaults = world.flat.spec.defaults
        self.world = world
        self.vocabulary = Vocabulary(world.pack, before=defaults.before, after=defaults.after)
        self.nobody = Recogniser((), self.vocabulary)
        self.made: dict[str, Recogniser] = {}

    def of(self, state: FlatState | None, data: FlowData) -> Recogniser:
        """What a state understands now."""
        if state is None:
            return self.nobody
        found = self.made.get(state.name)
        if found is None:
            found = self.made[state.name] = Recogniser([self._sentence(edge) for edge in state.words], self.vocabulary)
        given = self._given(state, data)
        return found.with_given(given) if given else found

    def _sentence(self, edge: Edge) -> Sentence:
        assert edge.phrase is not None  # noqa: S101 - what FlatState.words gives
        slots = self.world.flat.slots
        return Sentence(edge.number, edge.phrase, {name: slots[name] for name in edge.slots})

    def _given(self, state: FlatState, data: FlowData) -> dict[str, tuple[str, ...]]:
        """For the slots whose values a tool returned: those values."""
        found: dict[str, tuple[str, ...]] = {}
        results = dict(data.results)
        for name in state.slots:
            source = self.world.flat.slots[name].values_from
            if source is not None:
                path, slash, _ = name.rpartition("/")
                values = get(results.get(path + slash + source.name, ()), source.field)
                found[name] = tuple(str(value) for value in values or ())
        return found


def heard(world: World, state: FlatState | None, ears: Recogniser, text: str, moment: Moment, known: Facts) -> Heard:
    """The event that ``text`` was said."""
    if state is None:
        return Heard(text, (), known)
    hidden = hears_secret(world, state)
    parses = tuple(_safe(world, parse) for parse in ears.read(text, moment))
    return Heard(HIDDEN if hidden else text, parses, known)


def _safe(world: World, parse: Parse) -> Parse:
    """A reading with its secrets hidden, and its lists as tuples, which a log can hold."""
    values = tuple((name, _value(world, name, value)) for name, value in parse.values)
    invalid = tuple((name, HIDDEN if world.flat.slots[name].secret else words) for name, words in parse.invalid)
    return attrs.evolve(parse, values=values, invalid=invalid)


def _value(world: World, name: str, value: Any) -> Any:
    plain = tuple(value) if isinstance(value, list) else value
    return Secret(plain) if world.flat.slots[name].secret else plain
