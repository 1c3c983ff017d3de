"""Slot values that a model gives: what it is told they may be, and how they are read. What does not fit is not taken."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from fsm_agents.errors import FSMAgentsError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData, get
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import SlotRef
from fsm_agents.flows.words.recogniser import Recogniser
from fsm_agents.flows.words.types import Invalid, Moment
from fsm_agents.flows.words.vocabulary import Edge, Vocabulary

__all__ = ["MOST_CHOICES", "Values"]

log = logging.getLogger("fsm_agents")

MOST_CHOICES = 500
"""Values of a choice that a model is shown: as many as are understood."""
LONGEST_WRONG = 80
"""Characters of a wrong value that are kept for the log."""

_VOCABULARIES: WeakKeyDictionary[Flow, Vocabulary] = WeakKeyDictionary()


class Values:
    """The slots of one conversation, as a model gives them.

    Args:
        flow: The flow.
        data: The conversation.
        moment: When, for dates.
    """

    def __init__(self, flow: Flow, data: FlowData, moment: Moment) -> None:
        self._flow, self._data, self._moment = flow, data, moment

    def secret(self, name: str) -> bool:
        """Whether no model may know or give it."""
        return self._flow.flat.slots[name].secret

    def schema(self, name: str) -> dict[str, Any]:
        """The JSON schema of a slot; ``name`` is its full name."""
        slot = self._flow.flat.slots[name]
        made: dict[str, Any] = _SCHEMAS.get(slot.type, _any_text)(slot)
        if slot.type == "choice":
            one = {"type": "string", "enum": self._choices(name, slot)[:MOST_CHOICES]}
            made = {"type": "array", "items": one, "minItems": 1, "uniqueItems": True} if slot.many else one
        about = made.pop("description", "")
        return {**made, "description": " ".join(filter(None, (slot.name.replace("_", " "), about)))}

    def read(self, name: str, value: object) -> Any:
        """A value as the slot holds it, lists as tuples; :class:`Invalid` if it is none."""
        slot = self._flow.flat.slots[name]
        try:
            found = self._read(name, slot, value)
        except FSMAgentsError:
            found = Invalid("it cannot be read")
        except Exception as broken:  # a slot type of the host's
            log.error("%s: the slot type %s raised", self._flow.id, slot.type, exc_info=broken)
            found = Invalid("it cannot be read")
        return tuple(found) if isinstance(found, list) else found

    def _read(self, name: str, slot: SlotSpec, value: object) -> Any:
        kind, choices = self._flow.world.type_of(slot), self._choices(name, slot) if slot.type == "choice" else []
        for way in _ways(slot, value, choices):
            known = slot.type != "choice" or set(way if isinstance(way, list) else [way]) <= set(choices)
            if known and kind.fits(way, slot, self._moment):
                return way
        if not isinstance(value, str) or slot.type == "text" or len(value) > LONGEST_WRONG:
            return Invalid(f"no {slot.type} of this slot")
        for parse in self._ears(name, slot, choices).read(value, self._moment):  # "tomorrow", "a large one"
            for _, found in parse.values:
                return found
        return Invalid(f"no {slot.type} of this slot")

    def _ears(self, name: str, slot: SlotSpec, choices: list[str]) -> Recogniser:
        flow = self._flow
        if flow not in _VOCABULARIES:
            _VOCABULARIES[flow] = Vocabulary(flow.pack)
        given = {name: tuple(choices)} if slot.values_from is not None else {}
        return Recogniser([Edge(1, SlotRef(name), {name: slot})], _VOCABULARIES[flow], given)

    def _choices(self, name: str, slot: SlotSpec) -> list[str]:
        if slot.values_from is None:
            return list(slot.values)
        path, slash, _ = name.rpartition("/")
        offered = get(dict(self._data.results).get(path + slash + slot.values_from.name, ()), slot.values_from.field)
        return [*slot.values, *(str(value) for value in offered or ())]


def _ways(slot: SlotSpec, value: Any, choices: list[str]) -> Iterator[Any]:
    """A value as it is, and as models write it otherwise."""
    if slot.type == "text":
        least, most = slot.words
        if isinstance(value, str) and least <= len(value.split()) <= most:
            yield value.strip()
        return
    if isinstance(value, list) and not all(isinstance(one, str) for one in value):
        return
    yield value
    if slot.type == "number" and (isinstance(value, float) or (isinstance(value, str) and value.strip().lstrip("-").isdecimal())):
        yield int(value) if float(value).is_integer() else value
    elif slot.type == "digits" and isinstance(value, str | int) and not isinstance(value, bool):
        yield "".join(sign for sign in str(value) if sign not in " -")
    elif slot.type == "yesno" and isinstance(value, str):
        yield {"yes": True, "true": True, "no": False, "false": False}.get(value.strip().casefold())
    elif slot.type == "choice" and isinstance(value, str | list):
        same = {one.casefold(): one for one in choices}
        items = [same.get(one.strip().casefold(), one) for one in ([value] if isinstance(value, str) else value)]
        yield from (items, list(dict.fromkeys(items))) if slot.many else items[: len(items) == 1]


# --- schemas --------------------------------------------------------------------------------------------------------------------------


def _any_text(_slot: SlotSpec) -> dict[str, Any]:
    return {"type": "string"}


def _number(slot: SlotSpec) -> dict[str, Any]:
    least, most = slot.range or (0, None)
    return {"type": "integer", "minimum": least, **({} if most is None else {"maximum": most})}


def _digits(slot: SlotSpec) -> dict[str, Any]:
    least, most = slot.length or (1, 50)
    return {"type": "string", "pattern": f"^[0-9]{{{least},{most}}}$"}


def _date(slot: SlotSpec) -> dict[str, Any]:
    told = ["as 2026-12-31"] + ["in the past"] * slot.past
    if slot.future is not None:
        told.append(f"at most {slot.future} days from today")
    return {"type": "string", "format": "date", "description": f"({', '.join(told)})"}


def _time(slot: SlotSpec) -> dict[str, Any]:
    told = ["as 18:30"]
    if slot.between is not None:
        first, last = (f"{minute // 60:02}:{minute % 60:02}" for minute in slot.between)
        told.append(f"from {first} to {last}")
    return {"type": "string", "description": f"({', '.join(told)})"}


def _text(slot: SlotSpec) -> dict[str, Any]:
    return {"type": "string", "description": "({} to {} words)".format(*slot.words)}


_SCHEMAS: Mapping[str, Any] = {
    "number": _number, "digits": _digits, "date": _date, "time": _time, "text": _text, "yesno": lambda _slot: {"type": "boolean"},
}  # fmt: skip
