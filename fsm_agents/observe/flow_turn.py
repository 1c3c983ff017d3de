"""One turn of a recorded call in a flow, explained: what was heard, which edges were tried, which row was taken, what came of it.

The log's events go through the flow's own tables once more, on a copy. It needs the flow that the call was held in, to the letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import AskModel, CallTool, EmitEvent, EndFlow, HandOver, SayLines
from fsm_agents.flows.machine.events import (
    Broke,
    Failed,
    GivenInvalid,
    Heard,
    KeyPressed,
    NotMatched,
    Proposed,
    SilenceLasted,
    Succeeded,
)  # fmt: skip
from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.machine.guards import parse_of
from fsm_agents.flows.machine.view import View
from fsm_agents.flows.proof.told import event_text
from fsm_agents.fsm.codec import HIDDEN
from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.explain import Asked, Explained, Raised, explain
from fsm_agents.fsm.explore import clone
from fsm_agents.fsm.rows import Kind, Row
from fsm_agents.observe.flow_calls import CallTurn, FlowCall, damage_told
from fsm_agents.observe.flow_hints import invalid_hints, no_match_hints, swallowed_hints
from fsm_agents.observe.flow_steps import events_of, need_same, standing_at
from fsm_agents.observe.flow_words import edge_of, event_name, pairs_text, place_text, refs_of, row_text, short, value_text

__all__ = ["told_steps", "told_turn"]


def told_turn(flow: Flow, call: FlowCall, number: int) -> Iterator[str]:
    """The lines about one turn of the caller, up to the next one.

    Raises:
        MisuseError: there is no such turn; or the call was held in another flow, or in another version of it.
    """
    if not 1 <= number <= len(call.turns):
        offer = f"give 1 to {len(call.turns)}" if call.turns else "the caller said nothing in this call"
        raise MisuseError(f"there is no turn {number}; {offer}")
    turn = call.turns[number - 1]
    until = call.turns[number].n if number < len(call.turns) else len(call.entries) + 1
    yield from told_steps(flow, call, turn, until)


def told_steps(flow: Flow, call: FlowCall, turn: CallTurn, until: int) -> Iterator[str]:
    """The lines about the steps of a turn that come before step ``until``."""
    need_same(flow, call)
    with damage_told():
        yield from list(_steps(flow, call, turn, until))


def _steps(flow: Flow, call: FlowCall, turn: CallTurn, until: int) -> Iterator[str]:
    data = standing_at(flow, call)
    telling = _Telling(flow, call, turn)
    for entry, event in events_of(flow, call.entries):
        if entry.n >= until:
            return
        if entry.n == turn.n:
            yield from telling.first(clone(data), event, str(entry.json.get("raised", "")))
        elif entry.n > turn.n:
            yield from telling.later(entry.at, clone(data), event)
        if "raised" in entry.json:
            continue
        try:
            flow.step(data, event)
        except Exception:  # noqa: BLE001, S112 - a step that raised is in the log, and left everything as it was
            continue


# --- telling --------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class _Winner:
    """The row of the flow's machine that was taken, and its edge."""

    asked: Asked
    row: Row[Any, Any]
    edge: Edge | None

    @property
    def goal(self) -> str:
        if self.edge is not None and self.edge.row is not None:
            return self.edge.row.cells[3]
        return "next" if self.edge is not None else ""


class _Telling:
    def __init__(self, flow: Flow, call: FlowCall, turn: CallTurn) -> None:
        self.flow, self.call, self.turn = flow, call, turn

    # --- the turn itself ----------------------------------------------------------------------------------------------------------------

    def first(self, data: FlowData, event: Any, raised: str) -> Iterator[str]:
        state = self.flow.state(data)
        yield self._head(state, data)
        words = self._words(event)
        yield self._heard(event, words)
        if raised:
            yield f"failed  the step raised {short(raised)}: nothing of it was kept, and the conversation stayed in {data.cell('flow').state}"
            return
        found = explain(self.flow.joint, data, event)
        winner = self._winner(found.asked)
        if isinstance(event, Heard) and state is not None:
            yield from self._tried(state, data, event, winner)
        elif winner is not None:
            yield from self._keys(winner)
        if found.stale or winner is None:
            yield "took    nothing: it means nothing there, or came too late"
        elif winner.edge is None:
            yield f"took    nobody's row: {winner.row.do[0].__name__ if winner.row.do else 'it is dropped'}"
        yield from self._came_of_it(found, winner, data)
        if isinstance(event, Heard) and state is not None:
            for hint in self._hints(found, winner, state, data, event, words):
                yield f"next time  {hint}"

    def _head(self, state: FlatState | None, data: FlowData) -> str:
        when = self.call.at(self.turn.at)
        clock = f"{when:%H:%M:%S}.{when.microsecond // 1000:03}" if when is not None else f"{self.turn.at / 1e6:.3f} s"
        about = "" if state is None else f" ({_about(self.flow, state)})"
        name: str = data.cell("flow").state
        return f"call {short(self.call.name)} · {self.call.flow} v{self.call.version} · {clock} · turn {self.turn.number} · state {name}{about}"

    def _words(self, event: Any) -> tuple[str, ...]:
        if not isinstance(event, Heard) or event.text == HIDDEN:
            return ()
        return tuple(word for word, _ in self.flow.pack.normalise(event.text))

    def _heard(self, event: Any, words: tuple[str, ...]) -> str:
        if not isinstance(event, Heard):
            return f"pressed {short(self.turn.text)}"
        ears = self.turn.ears or self.call.ears
        about = [short(ears)] if ears else []
        if self.turn.speech is not None:
            about.append(f"{self.turn.speech:.1f} s of speech")
        heard = ", ".join(about)
        if event.text == HIDDEN:
            return "heard   words that are not kept: they may hold a secret" + (f"   ({heard})" if heard else "")
        said = " ".join(words)
        how = "unchanged" if said == event.text.strip() else f'"{short(said)}"'
        return f'heard   "{short(event.text)}"   ({heard}{"; " * bool(heard)}normalised: {how})'

    # --- what was tried -------------------------------------------------------------------------------------------------------------------

    def _tried(self, state: FlatState, data: FlowData, event: Heard, winner: _Winner | None) -> Iterator[str]:
        """Every edge that takes words, in winning order; those whose words are others stand in one line for each nearness."""
        edges, won = state.words, None if winner is None else winner.edge
        over = False
        head = "tried"
        others: list[Edge] = []
        for index, edge in enumerate(edges):
            said = "" if over and parse_of(event, edge.number) is None else self._verdict(edge, data, event, winner, over=over)
            last = index + 1 == len(edges) or _level(edges[index + 1]) != _level(edge)
            others += [edge] * (not said and not over)
            if others and (last or said):
                yield f"{head:<8}{_level(edge):<9} no: {short(', '.join(_name(state, each) for each in others))}"
                head, others = "", []
            if said:
                yield f"{head:<8}{_level(edge):<9} {_name(state, edge):<44} {said}"
                head = ""
            over = over or (edge is won)
        if not edges:
            yield f"{head:<8}no edge of {state.name} takes words"

    def _verdict(self, edge: Edge, data: FlowData, event: Heard, winner: _Winner | None, *, over: bool) -> str:
        parse = parse_of(event, edge.number)
        if parse is None:
            return ""
        values = pairs_text(parse.values)
        if winner is not None and edge is winner.edge and not over:
            wrong = ", ".join(f'"{words}"' for _, words in parse.invalid)
            took = f"took it, but {wrong} is not valid ({', '.join(parse.reasons) or 'refused'})" if wrong else "took it"
            free = " as free text" if parse.free else ""
            where = f"  ← {place_text(edge.row)}" if edge.row is not None else ""
            return f"{took}{free}{f': {values}' if values else ''}{where}"
        if over:
            return "its words fit too; a row before it took them"
        if parse.invalid:
            return f"its words fit, but {', '.join(words for _, words in parse.invalid)} is not valid"
        return f"its words fit, but not: {self._condition(edge, data, event, parse.values)}"

    def _condition(self, edge: Edge, data: FlowData, event: Any, given: tuple[tuple[str, Any], ...]) -> str:
        row = edge.row
        if row is None or row.when is None:
            return "nothing else"
        view = View(self.flow.world, data, getattr(event, "facts", ()), given)
        found = {str(ref): view.value(ref, edge.scope) for ref in refs_of(row.when)}
        known = ", ".join(f"{name} is {'not set' if value is None else value_text(value)}" for name, value in found.items())
        return f"{row.cells[2]} ({known})" if known else row.cells[2]

    def _keys(self, winner: _Winner) -> Iterator[str]:
        head = "tried"
        for attempt in winner.asked.tries:
            edge = edge_of(attempt.row)
            name = event_text(edge) if edge is not None else attempt.row.do[0].__name__ if attempt.row.do else "nothing"
            level = _level(edge) if edge is not None else "usual"
            where = f"  ← {place_text(edge.row)}" if attempt.answer and edge is not None and edge.row is not None else ""
            yield f"{head:<8}{level:<9} {name:<44} {'took it' if attempt.answer else 'no'}{where}"
            head = ""

    # --- what came of it ------------------------------------------------------------------------------------------------------------------

    def later(self, at: int, data: FlowData, event: Any) -> Iterator[str]:
        """A step after the turn's own: a result, a timer, the model's answer."""
        if isinstance(event, KeyPressed):
            return
        if isinstance(event, Broke):
            yield f"+{(at - self.turn.at) / 1e6:.1f} s  failed: {short(event.why)}"
        found = explain(self.flow.joint, data, event)
        winner = self._winner(found.asked)
        if winner is None and not found.effects:
            return
        told = f"{event_name(event)}{self._brought(event)}"
        if winner is not None and winner.row.kind is Kind.DROP:
            return
        row = f"   {row_text(winner.edge.row)}" if winner is not None and winner.edge is not None and winner.edge.row else ""
        yield f"+{(at - self.turn.at) / 1e6:.1f} s  {told}{row}"
        yield from self._came_of_it(found, winner, data)

    def _brought(self, event: Any) -> str:
        if isinstance(event, Succeeded) and event.fields:
            return f": {pairs_text(event.fields)}"
        if isinstance(event, Failed) and event.why:
            return f" ({event.why})"
        if isinstance(event, Proposed):
            chosen = [self.flow.flat.edges[each.edge] for each in event.parses if each.edge in self.flow.flat.edges]
            return f": {', '.join(event_text(edge) for edge in chosen)}" if chosen else ": it chose no edge"
        return ""

    def _came_of_it(self, found: Explained, winner: _Winner | None, data: FlowData) -> Iterator[str]:
        sets: dict[str, Any] = {part.field: part.value for part in _all_did(found) if isinstance(part, Set)}
        slots, failures = dict(sets.get("slots", data.slots)), sets.get("failures", data.failures)
        new = [(name, value) for name, value in slots.items() if dict(data.slots).get(name) != value]
        gone = [name for name, _ in data.slots if name not in slots]
        if new or gone:
            parts = [pairs_text(new)] * bool(new) + [f"cleared: {', '.join(gone)}"] * bool(gone)
            yield f"slots   {'; '.join(parts)}"
        for raised, asked in self._chain(winner):
            row = next((attempt.row for attempt in asked.tries if attempt.answer), None)
            if row is None or row.kind is Kind.DROP:
                continue
            edge = edge_of(row)
            told = (
                row_text(edge.row) if edge is not None and edge.row is not None else row.do[0].__name__ if row.do else "goes on"
            )
            tries = f"  (try {failures.tries})" if isinstance(raised, NotMatched | SilenceLasted | GivenInvalid) else ""
            yield f"then    {event_name(raised)}: {told}{tries}"
        yield from self._effects(found.effects)
        rests = found.after.get("flow", "")
        if rests != found.before.get("flow"):
            yield f"now     {rests}"

    def _effects(self, effects: Sequence[object]) -> Iterator[str]:
        for effect in effects:
            match effect:
                case SayLines(lines):
                    yield f'said    "{short(" ".join(line.text for line in lines))}"'
                case CallTool(_, tool, args):
                    yield f"calls   {tool}({pairs_text(args)})"
                case HandOver(_, to, carry):
                    yield f"hands over to {to}" + (f" with {pairs_text(carry)}" if carry else "")
                case AskModel(_, _, offers, talk):
                    chosen = ", ".join(f'"{offer.text}"' for offer in offers)
                    yield f"asks    the model{' to answer' if talk else ''}{f', or to choose from: {short(chosen)}' if chosen else ''}"
                case EmitEvent(name):
                    yield f"emits   {name}"
                case EndFlow(outcome):
                    yield f"ends    {outcome}"
                case _:
                    pass

    def _chain(self, winner: _Winner | None) -> Iterator[tuple[object, Asked]]:
        waiting: list[object] = list(winner.asked.did) if winner is not None else []
        while waiting:
            part = waiting.pop(0)
            if isinstance(part, Raised):
                for asked in part.asked:
                    if asked.machine == "flow":
                        yield part.event, asked
                        waiting = [*asked.did, *waiting]

    def _winner(self, asked: Sequence[Asked]) -> _Winner | None:
        """The row that the flow took: directly, or for the keys that the keypad made an entry of."""
        for each in asked:
            if each.machine == "flow" and each.taken is not None:
                return _Winner(each, each.taken.row, edge_of(each.taken.row))
            for part in each.did:
                if isinstance(part, Raised) and (found := self._winner(part.asked)) is not None:
                    return found
        return None

    def _hints(
        self, found: Explained, winner: _Winner | None, state: FlatState, data: FlowData, event: Heard, words: tuple[str, ...]
    ) -> Iterator[str]:
        raised = [each for each, _ in self._chain(winner)]
        if any(isinstance(each, NotMatched) for each in raised):
            yield from no_match_hints(self.flow, state, data, event.text, words)
        parse = None if winner is None or winner.edge is None else parse_of(event, winner.edge.number)
        if winner is not None and winner.edge is not None and parse is not None:
            if parse.invalid:
                yield from invalid_hints(self.flow, [name for name, _ in parse.invalid])
            elif parse.free:
                yield from swallowed_hints(self.flow, state, data, winner.edge, words)


def _all_did(found: Explained) -> Iterator[object]:
    waiting: list[object] = [part for asked in (*found.asked, *found.settled) for part in asked.did]
    while waiting:
        part = waiting.pop(0)
        yield part
        if isinstance(part, Raised):
            waiting = [*(inner for asked in part.asked for inner in asked.did), *waiting]


def _about(flow: Flow, state: FlatState) -> str:
    spec = state.spec
    told = {
        "ask": f"ask {spec.ask}: {flow.flat.slots[state.slot].type}" if state.slot else "",
        "call": f"calls {spec.call}",
        "handoff": f"hands over to {spec.handoff}",
        "talk": "the model talks",
        "end": f"ends: {spec.end}",
    }
    return told.get(spec.kind, "goes on by itself" if state.passes else "waits for an answer")


def _level(edge: Edge) -> str:
    return str(edge.near)


def _name(state: FlatState, edge: Edge) -> str:
    if edge.row is None:
        return f"ask {state.spec.ask}"
    text = event_text(edge)
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004 - a line of a terminal
