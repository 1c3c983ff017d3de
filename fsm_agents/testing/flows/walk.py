"""One random walk through a flow: what happens is drawn from what the state offers, and every step is held against the properties."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import attrs

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.effects import AskModel, CallTool
from fsm_agents.flows.machine.flat import CHECKING, Edge, FlatState
from fsm_agents.flows.syntax import Goto, Visit
from fsm_agents.flows.syntax import Says as Words
from fsm_agents.testing.flows.answers import HandOff, How, Late, Model, Tool, Unplayable
from fsm_agents.testing.flows.endings import Endings
from fsm_agents.testing.flows.player import Player
from fsm_agents.testing.flows.promises import Promises
from fsm_agents.testing.flows.properties import CODES, Property
from fsm_agents.testing.flows.results import drawn_fields
from fsm_agents.testing.flows.seen import Seen
from fsm_agents.testing.flows.sentences import Choose, Sentences, pick, taken_values
from fsm_agents.testing.flows.stimuli import (
    Condition,
    CutIn,
    Event,
    HangUp,
    Pause,
    Pressed,
    Resume,
    Says,
    Silence,
    Stimulus,
    Store,
)

__all__ = ["JITTER", "Drawer", "Finding", "Walk"]

JITTER: Final = 1_000
"""µs before and after a timer is due at which things happen too: a millisecond, about what an event loop is late."""
WHAT: Final = dict(
    enumerate(("silence", "strange", "press", "event", "store", "resume", "hang up", "late", "cut in", "cut in"), 7)
)
WHATS: Final = 24
"""What callers do, of so many times; else they say what the state takes. In the middle: the ends of a range are drawn more often."""
AFTER: Final = (500_000, 500_000, 500_000, 0, 4_000_000, 7_999_000)
"""µs until something that was asked for answers: usually soon, sometimes at once, beside a wait line, or just before its time is over."""
KEYS: Final = "0123456789*#"


@attrs.frozen
class Finding:
    """A property that does not hold.

    Args:
        name: Of the property; the text of one of the flow's ``[prove]``.
        message: What is wrong.
        state: Where.
    """

    name: str
    message: str
    state: str = ""

    @property
    def code(self) -> str:
        """The code of the same in ``fsm-agents check``; empty if it has none."""
        return CODES.get(self.name, "F611" if self.name.startswith(("never ", "always ")) else "")


class Walk:
    """One conversation, and what was found.

    Args:
        flow: The flow.
        properties: What is asked of every step.
        watch: Is shown every step too, for coverage.

    Attributes:
        player: The conversation.
        happened: What happened, in order.
        finding: The first property that broke; with it the walk is over.
    """

    def __init__(self, flow: Flow, properties: Sequence[Property], watch: Any = None) -> None:
        self.properties, self.watch = properties, watch
        self.promises = Promises(flow)
        self.player = Player(flow, watch=self._see)
        self.happened: list[Stimulus] = []
        self.finding: Finding | None = None
        self.player.take(taken_values(flow))
        self._try(self.player.begin)

    @property
    def over(self) -> bool:
        """Whether nothing more can happen."""
        return self.finding is not None or self.player.ended

    def come(self, what: Stimulus) -> None:
        """Something happens, if it can."""
        if self.over or not what.fits(self.player):
            return
        self.happened.append(what)
        self._try(lambda: what.play(self.player))

    def listen(self) -> None:
        """The agent says all it has to say: what the caller says next does that first in any case."""
        self._try(self.player.listen)

    def play(self, several: Iterable[Stimulus]) -> None:
        """All of it, as far as it can happen."""
        for what in several:
            self.come(what)

    def check_end(self, endings: Endings) -> bool:
        """Ask whether the conversation can still end. Whether that is known: a search for an end is given up after some time."""
        found = True if self.over else endings.can_end(self.player)
        if found is False:
            self.finding = Finding("can_end", f"from {self.player.where} no end can be reached any more", self.player.where)
        return found is not None

    def _try(self, act: Any) -> None:
        try:
            act()
        except _FoundError:
            return
        except Unplayable:
            return  # it fitted before time passed
        except Exception as broken:  # noqa: BLE001 - whatever a flow raises is a finding
            self.finding = self.finding or Finding("raised", f"{type(broken).__name__}: {broken}", self.player.where)

    def _see(self, seen: Seen) -> None:
        if self.watch is not None:
            self.watch(seen)
        for each in self.properties:
            message = each(seen)
            if message:
                self._found(each.__name__, message, seen)
        text, message = self.promises.broken(seen)
        if message:
            self._found(text, message, seen)

    def _found(self, name: str, message: str, seen: Seen) -> None:
        self.finding = Finding(name, message, seen.before.state)
        raise _FoundError


class _FoundError(Exception):
    """A property broke: the step that did it is the last."""


class Drawer:
    """Draws what happens next in a walk, from what the state offers; mostly what it takes, now and then anything else.

    Args:
        flow: The flow.
        sentences: Draws what callers say.
    """

    def __init__(self, flow: Flow, sentences: Sentences) -> None:
        self.flow, self.sentences = flow, sentences
        self.events = sorted({name for scope in flow.flat.scopes.values() for name in scope.spec.events})
        self.conditions = sorted({name for scope in flow.flat.scopes.values() for name in scope.spec.conditions})
        self.lively = _lively(flow)
        self.open = {name for name in flow.flat.states if any(after in self.lively for after in flow.flat.nexts(name))}

    def next(self, walk: Walk, choose: Choose) -> Iterator[Stimulus]:
        """What happens next: one thing, or a pause and one thing."""
        player = walk.player
        if self.conditions and choose(6) == 3:  # noqa: PLR2004
            yield Condition(pick(choose, self.conditions), bool(choose(2)))
        if choose(16) == 9:  # noqa: PLR2004 - now and then something happens around a timer
            yield from self._beside_timer(player, choose)
        if player.asked is not None and choose(8):
            yield self._model(player.asked, choose)
            return
        if player.pending is not None and choose(4):
            yield self._work(player, choose)
            return
        kind = WHAT.get(choose(WHATS), "says")
        if kind in ("says", "silence"):
            walk.listen()
        if walk.over or player.state is None:
            return
        yield self._caller(kind, player.state, player, choose)

    def _beside_timer(self, player: Player, choose: Choose) -> Iterator[Stimulus]:
        due = player.due()
        if due is not None:
            yield Pause(max(0, due + (-JITTER, -1, JITTER)[choose(3)]))

    def _work(self, player: Player, choose: Choose) -> Stimulus:
        asked = player.pending
        how: How = ("ok", "ok", "failed", "timeout", "ok", "ok")[choose(6)]
        after = AFTER[choose(len(AFTER))]
        if not isinstance(asked, CallTool):
            assert asked is not None  # noqa: S101 - the caller asked
            return HandOff(asked.to, how, after)
        tool = self.flow.flat.tools[asked.tool]
        fields = drawn_fields(tool, self.sentences.numbers, choose) if how == "ok" else ()
        return Tool(asked.tool, how, fields, after)

    def _model(self, asked: AskModel, choose: Choose) -> Stimulus:
        chosen = []
        for offer in asked.offers:
            if not choose(3):
                values = tuple((name.rpartition("/")[2], self._model_value(name, choose)) for name in offer.sets if choose(4))
                chosen.append((offer.text, values))
        text = ("", "Let me see.", "Have you tried turning it off and on again?")[choose(3)]
        strays = (0, 999_999, -1)[: choose(3) + 1] if choose(8) == 7 else ()  # noqa: PLR2004
        return Model(tuple(chosen), text, strays)

    def _model_value(self, name: str, choose: Choose) -> Any:
        """What a model fills in: something that fits, or nonsense."""
        slot = self.flow.flat.slots[name]
        if slot.values and choose(2):
            value = pick(choose, list(slot.values))
            return (value,) if slot.many else value
        return pick(choose, ("123456", 1, True, "Anna", "2026-05-04", "", "nothing", "a" * 50))

    def _caller(self, kind: str, state: FlatState, player: Player, choose: Choose) -> Stimulus:
        """What the caller, or the host, does."""
        match kind:
            case "silence":
                return Silence() if state.listens else Pause(1_000_000)
            case "strange":
                return Says(self.sentences.strange(player.data, choose))
            case "press":
                return Pressed(self._keys(state, choose), over=player.sounds)
            case "store":
                return Store()
            case "late" if player.late:
                return Late(bool(choose(2)))
            case _:
                return self._seldom(kind, player, choose) or self._says(kind, state, player, choose)

    def _seldom(self, kind: str, player: Player, choose: Choose) -> Stimulus | None:
        """What ends many conversations, or begins them anew."""
        if kind == "event" and self.events:
            return Event(pick(choose, self.events))
        if kind == "resume" and not player.where.endswith(CHECKING):
            return Resume()
        return HangUp() if kind == "hang up" and choose(4) == 1 else None

    def _says(self, kind: str, state: FlatState, player: Player, choose: Choose) -> Stimulus:
        text = self._sentence(state, player, choose)
        return CutIn(text, bool(choose(2))) if kind == "cut in" and player.sounds else Says(text)

    def _sentence(self, state: FlatState, player: Player, choose: Choose) -> str:
        """A sentence of one of the state's edges: nearer ones come more often, so that walks get somewhere."""
        if not state.words:
            return self.sentences.strange(player.data, choose)
        near = [edge for edge in state.words if edge.near.rank < 2 and edge.near.depth == 0]  # noqa: PLR2004 - the state, its question
        if _polar(state) and choose(6) == 3:  # noqa: PLR2004
            return str(pick(choose, ("yes", "no")))
        edge = pick(choose, near) if near and choose(4) else pick(choose, state.words)
        if self._closes(state, edge) and choose(5) != 2:  # noqa: PLR2004
            going = [other for other in (near or state.words) if not self._closes(state, other)]
            edge = pick(choose, going) if going else edge
        return self.sentences.of(edge, player.data, choose) or "hello"

    def _closes(self, state: FlatState, edge: Edge) -> bool:
        """Whether from here on it can only end: a walk that takes every such chance gets nowhere."""
        target = edge.target
        return state.name in self.open and isinstance(target, Goto | Visit) and target.state not in self.lively

    def _keys(self, state: FlatState, choose: Choose) -> str:
        slot = self.flow.flat.slots[state.slot] if state.slot else None
        if slot is not None and slot.type in ("digits", "number") and choose(4):
            most = slot.length[1] if slot.length else 2
            return "".join(KEYS[choose(10)] for _ in range(1 + choose(min(most, 12)))) + ("#" if choose(2) else "")
        return KEYS[choose(len(KEYS))]


def _lively(flow: Flow) -> frozenset[str]:
    """The states from which a conversation can come back to where it was."""
    leads = {name: set(flow.flat.nexts(name)) for name in flow.flat.states}
    while over := [name for name, after in leads.items() if not after & leads.keys() - {name}]:
        for name in over:
            del leads[name]
    return frozenset(leads)


def _polar(state: FlatState) -> bool:
    """Whether it is a question of yes and no."""
    return any(isinstance(edge.trigger, Words) and edge.trigger.name in ("yes", "no") for edge in state.words)
