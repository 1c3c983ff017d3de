"""Whether a conversation can still end, hanging up aside: a search from where it stands over what callers, tools and the model may do."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Hashable, Iterator
from typing import Final

import attrs

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.hearing import heard
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import AskModel
from fsm_agents.flows.machine.events import (
    Facts,
    Failed,
    HostSent,
    KeyPressed,
    PromptHeard,
    Proposed,
    SilenceLasted,
    Succeeded,
)
from fsm_agents.flows.machine.flat import CHECKING, FlatState
from fsm_agents.flows.syntax import Press
from fsm_agents.flows.words.recogniser import Parse
from fsm_agents.flows.words.types import Moment
from fsm_agents.fsm.explore import clone, live_timers
from fsm_agents.testing.flows.player import Player
from fsm_agents.testing.flows.results import samples
from fsm_agents.testing.flows.sentences import Sentences
from fsm_agents.testing.flows.times import NOW, TODAY

__all__ = ["Endings"]

MOST: Final = 2_000
"""Conversations that one search looks at. The flows shipped here need 20."""
TRIES: Final = 2
"""Sentences of each edge that a search tries in each state."""


@attrs.frozen(eq=False)
class _Node:
    data: FlowData
    asked: AskModel | None
    before: _Node | None = None


class Endings:
    """Searches of one flow; what one found out is known to the next."""

    def __init__(self, flow: Flow, sentences: Sentences) -> None:
        self.flow, self.sentences = flow, sentences
        self.good: set[Hashable] = set()
        self.far = _distances(flow)
        conditions = sorted({name for scope in flow.flat.scopes.values() for name in scope.spec.conditions})
        self.facts: list[Facts] = [
            tuple((name, yes) for name in conditions) for yes in ((True, False) if conditions else (False,))
        ]
        self._said: dict[str, list[str]] = {}

    def can_end(self, player: Player) -> bool | None:
        """Whether it can; ``None``: the search was given up."""
        count = 0
        first = _Node(clone(player.data), player.asked)
        waiting: list[tuple[int, int, _Node]] = [(0, 0, first)]
        seen = {self._key(first)}
        while waiting:
            _, _, node = heapq.heappop(waiting)
            if self.flow.ended(node.data) or self._key(node) in self.good:
                self._remember(node)
                return True
            for event in self._events(node):
                after = self._after(node, event)
                key = self._key(after) if after is not None else None
                if after is not None and key not in seen:
                    seen.add(key)
                    count += 1
                    heapq.heappush(waiting, (self.far.get(self._state(after.data), 0), count, after))
            if count > MOST:
                return None
        return False

    def _after(self, node: _Node, event: object) -> _Node | None:
        data = clone(node.data)
        try:
            step = self.flow.step(data, event)
        except Exception:  # noqa: BLE001 - what raises is no way to an end; a walk that meets it tells it
            return None
        if not step.trail:
            return None
        asked = next((effect for effect in step.effects if isinstance(effect, AskModel)), node.asked)
        return _Node(data, asked if asked is not None and asked.number == data.call else None, node)

    def _remember(self, node: _Node | None) -> None:
        while node is not None:
            self.good.add(self._key(node))
            node = node.before

    def _state(self, data: FlowData) -> str:
        return str(data.cell("flow").state)

    def _key(self, node: _Node) -> Hashable:
        data = node.data
        mark = data.bookmark.state if data.bookmark is not None else ""
        slots, results = tuple(name for name, _ in data.slots), tuple(name for name, _ in data.results)
        return self._state(data), slots, results, data.failures.tries, mark, data.turns, node.asked is not None, data.keys

    def _events(self, node: _Node) -> Iterator[object]:
        data = node.data
        state = self.flow.state(data)
        yield from live_timers(self.flow.joint, data)
        for facts in self.facts:
            yield SilenceLasted(facts)
            yield PromptHeard(facts)
            if node.asked is not None:
                yield Proposed(node.asked.number, (), "", facts=facts)
                yield from (Proposed(node.asked.number, (Parse(offer.edge),), facts=facts) for offer in node.asked.offers)
            if state is None:
                continue
            if state.works or self._state(data).endswith(CHECKING):
                yield from self._results(state, data, facts)
            yield from self._words(state, data, facts)
            yield from (HostSent(name, facts) for name in state.scope.spec.events)

    def _results(self, state: FlatState, data: FlowData, facts: Facts) -> Iterator[object]:
        yield Failed(data.call, "", facts)
        name = state.spec.call or (self.flow.flat.slots[state.slot].check if state.slot else "")
        tool = state.scope.spec.tools.get(name)
        if tool is None or not tool.returns:
            yield Succeeded(data.call, (), facts)
            return
        values = {field: samples(tool, field, self.sentences.numbers) for field in tool.returns}
        usual = {field: found[0] for field, found in values.items()}
        yield Succeeded(data.call, tuple(usual.items()), facts)
        for field, found in values.items():
            yield from (Succeeded(data.call, tuple((usual | {field: value}).items()), facts) for value in found[1:])

    def _words(self, state: FlatState, data: FlowData, facts: Facts) -> Iterator[object]:
        texts = self._said.get(state.name)
        if texts is None or any(self.flow.flat.slots[name].values_from for name in self.flow.flat.slots):
            tries = [random.Random(seed).randrange for seed in range(TRIES)]  # noqa: S311 - words, no keys
            texts = [self.sentences.of(edge, data, choose) for edge in state.words for choose in tries]
            self._said[state.name] = texts = [*dict.fromkeys((*texts, "purple elephants"))]
        ears, moment = self.flow.recogniser(data), Moment(TODAY, NOW)
        yield from (heard(self.flow.world, state, ears, text, moment, facts) for text in texts)
        yield from (KeyPressed(edge.trigger.key, facts) for edge in state.keys if isinstance(edge.trigger, Press))


def _distances(flow: Flow) -> dict[str, int]:
    """For each state how many edges it is away from an end, at least; others are not in it."""
    flat = flow.flat
    back: dict[str, list[str]] = {}
    for name in flat.states:
        for after in flat.nexts(name):
            back.setdefault(after, []).append(name)
    far = {name: 0 for name, state in flat.states.items() if state.ends}
    waiting = deque(far)
    while waiting:
        name = waiting.popleft()
        for before in back.get(name, ()):
            if before not in far:
                far[before] = far[name] + 1
                waiting.append(before)
    return far
