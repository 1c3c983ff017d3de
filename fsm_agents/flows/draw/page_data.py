"""What the page of a flow knows, as JSON values: its states, what is said and may be said in each, its rows, and recorded calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from fsm_agents.flows.draw.cells import acts_text, clean, inside_text, target_text, trigger_text, when_text
from fsm_agents.flows.draw.names import Ids
from fsm_agents.flows.draw.picture import KINDS, Picture
from fsm_agents.flows.draw.script import sentences
from fsm_agents.flows.machine.flat import Edge, FlatFlow, FlatState, Scope
from fsm_agents.flows.spec import RowSpec, SlotSpec
from fsm_agents.flows.syntax import EndedWith, Goto, Llm, Press, Says, Trigger, Visit, phrase_text

__all__ = ["CallStep", "CallTrace", "Counts", "page_data"]


@attrs.frozen
class CallStep:
    """One line of a call.

    Args:
        at: Seconds from the beginning.
        state: The flat name of the state that was entered; empty: unchanged. One that the flow has not is shown by name only.
        who: ``caller``, ``agent``, ``flow``, ``tool`` …
        text: What was said or came.
        row: The id of the row that was taken (:class:`~fsm_agents.flows.draw.names.Ids`); empty: none.
        slots: All that is set from here on, as text; ``None``: unchanged.
    """

    at: float
    state: str
    who: str
    text: str
    row: str = ""
    slots: Mapping[str, str] | None = None


@attrs.frozen
class CallTrace:
    """A call as it went, to be played along the diagram.

    Args:
        name: What it is called in the page.
        steps: In order.
    """

    name: str
    steps: Sequence[CallStep]


@attrs.frozen
class Counts:
    """What became of many calls.

    Args:
        calls: How many.
        outcomes: How they ended, with how often.
        states: By flat name what is to be said of a state, in a line.
        worst: The states in which callers were not understood, the worst first.
        rejected: By flat name what nobody took there, with how often.
        rows: By id how often a row was taken.
        note: What a reader must know of the numbers; may be empty.
    """

    calls: int
    outcomes: Sequence[tuple[str, int]]
    states: Mapping[str, str]
    worst: Sequence[str]
    rejected: Mapping[str, Sequence[tuple[str, int]]]
    rows: Mapping[str, int]
    note: str = ""


def page_data(flat: FlatFlow, drawn: Picture, calls: Sequence[CallTrace] = (), counts: Counts | None = None) -> dict[str, Any]:
    """Everything the page shows beside the drawing. Every text is plain: the page makes no markup of it."""
    ids = Ids(flat)
    made = _Made(flat, ids)
    nodes = {node.id: node for node in drawn.nodes()}
    states = [made.state(state) | {"kind": nodes[ids.states[name]].kind} for name, state in flat.states.items()]
    notes = [made.note(node.id, node.title) for node in nodes.values() if node.kind == "any"]
    count = len([state for state in flat.states.values() if state.ends])
    return {
        "name": clean(flat.spec.name),
        "facts": f"version {flat.spec.version} · {len(flat.states)} states · {len(made.rows)} rows and questions · {count} ends",
        "start": ids.states[flat.start],
        "kinds": dict(KINDS),
        "states": [*states, *notes],
        "rows": made.rows,
        "calls": [_call(call, ids.states) for call in calls],
        "counts": None if counts is None else _counts(counts, ids.states),
    }


def _call(call: CallTrace, ids: Mapping[str, str]) -> dict[str, Any]:
    return {"name": clean(call.name), "steps": [_step(step, ids) for step in call.steps]}


def _step(step: CallStep, ids: Mapping[str, str]) -> list[Any]:
    slots = None if step.slots is None else {clean(name): clean(value) for name, value in step.slots.items()}
    at = round(float(step.at), 3)
    return [at, ids.get(step.state, ""), clean(step.state), clean(step.who), clean(step.text), step.row, slots]


def _counts(counts: Counts, ids: Mapping[str, str]) -> dict[str, Any]:
    return {
        "calls": counts.calls,
        "outcomes": [[clean(name), count, f"{count / max(1, counts.calls):.0%}"] for name, count in counts.outcomes],
        "states": {ids[name]: clean(told) for name, told in counts.states.items() if name in ids},
        "worst": [[ids.get(name, ""), clean(name), clean(counts.states[name])] for name in counts.worst],
        "rejected": {ids[name]: [[clean(text), n] for text, n in said] for name, said in counts.rejected.items() if name in ids},
        "rows": dict(counts.rows),
        "note": clean(counts.note),
    }


class _Made:
    """Makes the entries; rows are told once, and states name them."""

    def __init__(self, flat: FlatFlow, ids: Ids) -> None:
        self.flat, self.ids = flat, ids
        self.rows: dict[str, dict[str, Any]] = {}
        self.starts: dict[str, frozenset[str]] = {}
        for scope in flat.scopes.values():
            for number, row in enumerate(scope.spec.rows, 1):
                self.rows[ids.row(scope, number)] = self._row(scope, row, number)
                self.starts[ids.row(scope, number)] = frozenset(self._notes(scope, row))
        self.said: dict[tuple[str, str], list[list[str]]] = {}
        for each in sentences(flat):
            self.said.setdefault((each.flow, each.state), []).append([each.when, each.text, each.audio])

    def state(self, state: FlatState) -> dict[str, Any]:
        spec, scope = state.spec, state.scope
        said = [edge for edge in state.edges if isinstance(edge.trigger, Press | Llm)]
        others = [edge for edge in state.edges if not isinstance(edge.trigger, Says | Press | Llm)]
        return {
            "id": self.ids.states[state.name],
            "name": state.name,
            "about": _about(state),
            "place": str(spec.place),
            "says": self.said.get((scope.spec.name, spec.name), []),
            "hears": list(dict.fromkeys(self._key(edge, state) for edge in (*state.words, *said))),
            "events": list(dict.fromkeys(self._key(edge, state) for edge in others)),
        }

    def note(self, key: str, name: str) -> dict[str, Any]:
        """The entry of a note: the rows that start from it."""
        rows = [row for row, notes in self.starts.items() if key in notes]
        said, others = (
            [row for row in rows if any(part[0] == who for part in self.rows[row]["on"])] for who in ("caller", "event")
        )
        about = "rows of many states"
        return {"id": key, "name": name, "kind": "any", "about": about, "place": "", "says": [], "hears": said, "events": others}

    def _notes(self, scope: Scope, row: RowSpec) -> Iterator[str]:
        """The notes that a row starts from."""
        if row.inside.anywhere:
            yield f"n{self.ids.boxes[scope.path][1:]}" if scope.path else "n_any"
        for name in row.inside.names:
            key = self.ids.boxes.get(scope.full(name)) or self.ids.boxes.get(scope.full(name) + "/")
            if key and not all(isinstance(trigger, EndedWith) for trigger in row.on):
                yield f"n{key[1:]}"

    def _key(self, edge: Edge, state: FlatState) -> str:
        key = self.ids.edge(edge, state.name)
        if edge.row is None and key not in self.rows:
            slot = self.flat.slots[state.slot]
            on = [["caller", answer, ""] for answer in _answers(slot)]
            self.rows[key] = {
                "in": state.spec.name,
                "on": on,
                "when": "",
                "to": "next",
                "dest": "",
                "do": "",
                "place": str(slot.place),
                "n": 0,
            }
        return key

    def _row(self, scope: Scope, row: RowSpec, number: int) -> dict[str, Any]:
        target = row.to
        dest = self.ids.states[self.flat.landing(scope, target.state)] if isinstance(target, Goto | Visit) else ""
        return {
            "in": clean(inside_text(row.inside)),
            "on": [self._trigger(trigger) for trigger in row.on],
            "when": clean(when_text(row)),
            "to": clean(target_text(target)),
            "dest": dest,
            "do": clean(acts_text(row.do)),
            "place": str(row.place),
            "n": number,
        }

    def _trigger(self, trigger: Trigger) -> list[str]:
        """Who does it, what it is called, and the whole of it."""
        who = "caller" if isinstance(trigger, Says | Press | Llm) else "event"
        more = ""
        if isinstance(trigger, Says):
            more = clean(phrase_text(trigger.phrase)) if trigger.name else ""
        return [who, clean(trigger_text(trigger)), more]


def _answers(slot: SlotSpec) -> list[str]:
    """How a slot may be answered, in a few lines."""
    says = [f"says {phrase_text(slot.says)}"] if slot.says is not None else []
    values = [f"{value}: {phrase_text(phrase)}" for value, phrase in slot.values.items()]
    bounds = f" {slot.range[0]} to {slot.range[1]}" if slot.range is not None else ""
    kind = [f"{{}} is one of {slot.values_from}"] if slot.values_from is not None else [f"{{}} is a {slot.type}{bounds}"]
    return [clean(line) for line in (*says, *(values or kind))]


def _about(state: FlatState) -> str:
    spec = state.spec
    told = {
        "ask": f"asks for {spec.ask}", "call": f"calls {spec.call}", "handoff": f"hands over to {spec.handoff}",
        "talk": "the model talks" + (f", with {', '.join(spec.tools)}" if spec.tools else ""), "end": f"ends: {spec.end}",
        "say": "goes on by itself" if state.passes else "says something and listens", "run": "",
    }  # fmt: skip
    return clean(told[spec.kind])
