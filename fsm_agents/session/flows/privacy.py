"""Words of the caller that may be a secret: the tables of the session get a name in their place until the flow is told of them.

Words may be heard in one state and told in the next one: a tool returns, a timer is over, the host sends an event in between. So they
are held back wherever the flow may come, without another word of the caller, to a state that asks for a secret. What of them may be
kept is decided when they are told, by where they were heard and where they are told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from weakref import WeakKeyDictionary

import attrs

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.flat import FlatState
from fsm_agents.flows.machine.takes import ENTERED
from fsm_agents.flows.syntax import BACK, NEXT, Goto, Named, Says, Visit
from fsm_agents.session.flows.run import FlowRun
from fsm_agents.stages.base import Transcript

__all__ = ["HIDDEN_WORDS", "HeldWords", "secret_ahead"]

HIDDEN_WORDS = "(hidden)"
"""What history has in the place of words that may be secret."""

_NAME = re.compile(r"<hidden (\d+)>")
_HIDDEN_RUN = re.compile(r"\(hidden\)(?: \(hidden\))+")
_AHEAD: WeakKeyDictionary[Flow, dict[str, bool]] = WeakKeyDictionary()


def secret_ahead(flow: Flow, state: FlatState) -> bool:
    """Whether a secret may be said in a state, or in one that the flow may come to from it without another word of the caller."""
    known = _AHEAD.setdefault(flow, {})
    found = known.get(state.name)
    if found is None:
        found = known[state.name] = any(flow.hears_secret(each) or _hands_on(each) for each in _wordless(flow, state))
    return found


def _hands_on(state: FlatState) -> bool:
    """Whether another flow goes on, whose first state may ask for a secret: only the session knows which one that is."""
    return state.spec.handoff.startswith("flow:")


def _wordless(flow: Flow, start: FlatState) -> Iterator[FlatState]:
    states = flow.flat.states
    seen, fresh = {start.name}, [start.name]
    while fresh:
        state = states[fresh.pop()]
        yield state
        for name in _leads(flow, state, by_words=state is start):
            if name not in seen:
                seen.add(name)
                fresh.append(name)


def _leads(flow: Flow, state: FlatState, *, by_words: bool) -> Iterator[str]:
    """Where the edges of a state lead that no words of the caller take; ``by_words``: only words or keys can fill its slot now."""
    slot = flow.flat.slots[state.slot] if state.slot else None
    fills = slot is not None and (not by_words or bool(slot.check or slot.keys or slot.type in ENTERED))
    for edge in state.edges:
        if edge.phrase is not None or isinstance(edge.trigger, Says):
            continue
        if isinstance(edge.trigger, Named) and edge.trigger.name == "filled" and not fills:
            continue
        if isinstance(edge.target, Goto | Visit):
            yield edge.target.state
        elif edge.target is BACK:
            yield from flow.flat.visitors
        elif edge.target is NEXT:
            yield from (e.target.state for e in state.named("filled") if isinstance(e.target, Goto | Visit))


@attrs.frozen
class _Held:
    """Words that the flow was not told yet, and whether they were heard where a secret may be said."""

    words: str
    secret: bool


class HeldWords:
    """The words of one session's caller that are held back.

    Args:
        run: Gives the conversation in its flow.
    """

    def __init__(self, run: Callable[[], FlowRun]) -> None:
        self._run = run
        self._held: dict[int, _Held] = {}
        self._secret = set[int]()  # segments that were open where a secret may be said, though their words may come long after
        self._plain: dict[int, str] = {}  # told where nothing is secret: history has them too

    def mark(self, segments: Iterable[int]) -> None:
        """The caller is saying something: it is a secret if one may be said where the flow stands, wherever its words come."""
        if self._run().flow.hears_secret(self._stands()):
            self._secret.update(segments)

    def hide(self, transcript: Transcript) -> Transcript:
        """A transcript as the tables may have it."""
        state, flow, segment = self._stands(), self._run().flow, transcript.segment
        self.mark([segment])
        if segment not in self._secret and (state is None or not secret_ahead(flow, state)):
            return transcript
        self._held[segment] = _Held(transcript.text, segment in self._secret)
        return attrs.evolve(transcript, text=f"<hidden {transcript.segment}>", alternatives=())

    def _stands(self) -> FlatState | None:
        """Where the flow stands, or will begin."""
        run = self._run()
        state = run.flow.state(run.data)
        return run.flow.flat.states[run.flow.flat.start] if state is None and not run.ended else state

    def opened(self, text: str) -> str:
        """A text of the tables, with the words in the place of names."""
        return _NAME.sub(lambda found: self._words(int(found[1])), text)

    def _words(self, segment: int) -> str:
        held = self._held.get(segment)
        return self._plain.get(segment, "") if held is None else held.words

    def forget(self, text: str) -> None:
        """The flow was told of these words."""
        for found in _NAME.finditer(text):
            self._held.pop(int(found[1]), None)

    def shown(self, text: str) -> str:
        """A text of the tables, as history and a model may have it; asked first when the flow is about to be told of it."""
        return _HIDDEN_RUN.sub(HIDDEN_WORDS, _NAME.sub(lambda found: self._shown(int(found[1])), text))

    def _shown(self, segment: int) -> str:
        held = self._held.get(segment)
        if held is not None and not held.secret and not self._told_in_secret():
            self._plain[segment] = held.words
        return self._plain.get(segment, HIDDEN_WORDS)

    def _told_in_secret(self) -> bool:
        run, state = self._run(), self._stands()
        if state is None:
            return False
        began = run.flow.state(run.data) is not None
        return run.flow.hears_secret(state) if began else secret_ahead(run.flow, state)
