"""Reads the lines of a scene: ``caller: yes``, ``tool: place_order ok minutes=25``. Names are held against the flow."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import attrs

from fsm_agents.errors import nearest
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.quantities import duration
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import After, Emit, Llm
from fsm_agents.testing.flows.answers import HandOff, Model, Tool
from fsm_agents.testing.flows.expectations import AgentSays, EmittedIt, Ends, Expectation, InState, SlotHolds
from fsm_agents.testing.flows.stimuli import CutIn, Event, HangUp, Pause, Pressed, Resume, Says, Silence, Stimulus, Until
from fsm_agents.testing.flows.times import ANSWERS_AFTER, SECOND

__all__ = ["KINDS", "Line", "Setting", "read_line", "slot_value"]


@attrs.frozen
class Setting:
    """What the world is like: a condition of the host's, the date, the time of day; or a slot that a sub-flow is given.

    Args:
        kind: ``when``, ``today``, ``now`` or ``takes``.
        name: Of the condition or slot.
        value: What it is.
    """

    kind: str
    value: Any
    name: str = ""


@attrs.frozen
class Line:
    """One line of a scene.

    Args:
        number: Of the scene's lines, from 1.
        text: As it is written.
        what: What happens, or what is expected, or how the world is.
    """

    number: int
    text: str
    what: Stimulus | Expectation | Setting


Read: TypeAlias = Callable[[str, Flow], "Stimulus | Expectation | Setting"]
_LINE = re.compile(r"\s*([A-Za-z][A-Za-z ]*?)\s*:\s*(.*?)\s*\Z")
_FIELD = re.compile(r"\s*([A-Za-z_]\w*)=(\"(?:[^\"\\]|\\.)*\"|\[[^\]\n]*\]|[^\s,\"\[]\S*|)")
_HOW = ("ok", "failed", "timeout")


def read_line(text: str, number: int, flow: Flow) -> Line | None:
    """One line; ``None``: it is empty or a comment.

    Raises:
        Fault: it cannot be read, or names what the flow has not (F032 to F035); its ``at`` counts in ``text``.
    """
    if not text.strip() or text.lstrip().startswith("#"):
        return None
    found = _LINE.match(text)
    start = len(text) - len(text.lstrip())
    if found is None or found[1].lower() not in KINDS:
        word = found[1] if found else text.split(maxsplit=1)[0]
        known = nearest(word.lower(), KINDS)
        raise Fault(
            "F032", f"'{word[:40]}' is nothing that a scene knows", at=start, width=len(word), fix=f"{known}  As in  caller: yes"
        )
    try:
        return Line(number, text.strip(), KINDS[found[1].lower()](found[2], flow))
    except Fault as fault:
        raise Fault(
            fault.code, fault.message, at=found.start(2), width=max(1, len(found[2])), why=fault.why, fix=fault.fix
        ) from None


# --- one kind of line after the other -------------------------------------------------------------------------------------------------


def _words(text: str, example: str) -> str:
    if not text:
        raise Fault("F033", "nothing stands behind the colon", fix=example)
    return text


def _none(text: str, what: str) -> None:
    if text:
        raise Fault("F033", f"'{text[:40]}' means nothing here", fix=f"{what}:")


def _name(name: str, known: Iterable[str], what: str) -> str:
    found = list(known)
    if name not in found:
        raise Fault("F034", f"'{name[:60]}' is no {what} of this flow", fix=nearest(name, found))
    return name


def _micros(text: str) -> int:
    try:
        return round(duration(text) * SECOND)
    except Fault as fault:
        raise Fault("F035", fault.message, fix="4s, 250ms, 1m") from None


def _caller(text: str, _flow: Flow) -> Stimulus:
    return Says(_words(text, "caller: yes"))


def _cuts_in(text: str, _flow: Flow) -> Stimulus:
    return CutIn(_words(text, "cuts in: stop"))


def _agent(text: str, _flow: Flow) -> Expectation:
    return AgentSays(_words(text, "agent: How many?"))


def _press(text: str, _flow: Flow) -> Pressed:
    keys = text.replace(" ", "")
    if not re.fullmatch(r"[0-9*#]{1,40}", keys):
        raise Fault("F035", f"'{text[:40]}' are no keys", fix="press: 1")
    return Pressed(keys)


def _press_over(text: str, flow: Flow) -> Stimulus:
    return attrs.evolve(_press(text, flow), over=True)


def _silence(text: str, _flow: Flow) -> Stimulus:
    return Pause(_micros(text), silent=True) if text else Silence()


def _wait(text: str, flow: Flow) -> Stimulus:
    word, _, time = _words(text, "wait: 4s").partition(" ")
    if word != "after":
        return Pause(_micros(text))
    times = (e.trigger.seconds for e in flow.flat.edges.values() if isinstance(e.trigger, After))
    timers = dict.fromkeys(f"after {seconds:g}s" for seconds in times)
    name = f"after {_micros(time) / SECOND:g}s"
    return Until(_name(name, timers, "timer"))


def _event(text: str, flow: Flow) -> Stimulus:
    return Event(_name(text, sorted({e for scope in flow.flat.scopes.values() for e in scope.spec.events}), "event"))


def _hang_up(text: str, _flow: Flow) -> Stimulus:
    _none(text, "hang up")
    return HangUp()


def _resume(text: str, _flow: Flow) -> Stimulus:
    _none(text, "resume")
    return Resume()


def _answer(text: str, what: str, example: str) -> tuple[str, str, int, str]:
    """``place_order after 3s ok minutes=25``: the name, how, after how long, and the rest."""
    name, _, rest = text.partition(" ")
    after, how = ANSWERS_AFTER, ""
    while rest.strip():
        word, _, left = rest.strip().partition(" ")
        if word == "after":
            time, _, left = left.strip().partition(" ")
            after = 0 if time == "0s" else _micros(time)
        elif not how and word in _HOW:
            how = word
        else:
            break
        rest = left
    if not how:
        raise Fault("F033", f"this does not say what came of the {what}: ok, failed or timeout", fix=example)
    return name, how, after, rest.strip()


def _tool(text: str, flow: Flow) -> Stimulus:
    tools = flow.flat.tools
    known = {name.rpartition("/")[2]: name for name in tools} | {name: name for name in tools}
    first = next(iter(tools), "place_order")
    name, how, after, rest = _answer(text, "tool", f"tool: {first} ok")
    tool = tools[known[_name(name, known, "tool")]]
    fields = _fields(rest, tool.returns, f"result of {tool.name}")
    if fields and how != "ok":
        raise Fault("F033", f"a tool that {how} returns nothing", fix=f"tool: {name} {how}")
    return Tool(name, how, fields, after)  # type: ignore[arg-type]  # one of _HOW


def _hand_off(text: str, flow: Flow) -> Stimulus:
    targets = [state.spec.handoff for state in flow.flat.states.values() if state.spec.handoff]
    name, how, after, rest = _answer(text, "hand-off", f"hand off: {targets[0] if targets else 'queue:shop'} ok")
    _none(rest, f"hand off: {name} {how}")
    return HandOff(_name(name, dict.fromkeys(targets), "hand-off"), how, after)  # type: ignore[arg-type]  # one of _HOW


def _fields(text: str, returns: Mapping[str, str], what: str) -> tuple[tuple[str, Any], ...]:
    found: list[tuple[str, Any]] = []
    at = 0
    while text[at:].strip():
        match = _FIELD.match(text, at)
        if match is None:
            raise Fault("F033", f"'{text[at:].strip()[:40]}' is no field", fix=f"{next(iter(returns), 'minutes')}=25")
        at = match.end()
        if match[1] not in returns:
            raise Fault("F034", f"'{match[1]}' is no field of the {what}", fix=nearest(match[1], returns))
        found.append((match[1], _field(_unquoted(match[2]), returns[match[1]], match[1])))
    return tuple(found)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _field(text: str, kind: str, name: str) -> Any:
    """A value of a tool's result."""
    if kind == "number" and re.fullmatch(r"-?\d{1,15}(\.\d{1,10})?", text):
        return float(text) if "." in text else int(text)
    if kind == "yesno" and text in ("yes", "no", "true", "false"):
        return text in ("yes", "true")
    if kind == "list" and text.startswith("["):
        return tuple(_unquoted(part.strip()) for part in _parts(text[1:-1]) if part.strip())
    if kind in ("text", "date", "time"):
        return text
    example = {"number": "25", "yesno": "yes", "list": "[nine, half past ten]"}.get(kind, "text")
    raise Fault("F035", f"'{text[:40]}' is no {kind}", fix=f"{name}={example}")


def _parts(text: str) -> list[str]:
    return re.findall(r'\s*"(?:[^"\\]|\\.)*"|[^,]+', text)


def _model(text: str, flow: Flow) -> Stimulus:
    if text in ("silent", "fails"):
        return Model(fails=text == "fails")
    edges = {e.trigger.text: e.trigger for e in flow.flat.edges.values() if isinstance(e.trigger, Llm)}
    chosen: list[tuple[str, tuple[tuple[str, Any], ...]]] = []
    said, rest = "", text
    while rest.strip(" ,"):
        match = _CHOICE.match(rest)
        if match is None:
            raise Fault(
                "F033",
                f"'{rest.strip()[:40]}' is nothing that a model does",
                fix='model: chooses "…", model: says "…", model: silent, model: fails',
            )
        rest = rest[match.end() :]
        if match[1] == "says":
            said = _unquoted(match[2])
            continue
        words = _name(_unquoted(match[2]), edges, "llm edge")
        chosen.append((words, _sets(match[3] or "", edges[words], flow)))
    return Model(tuple(chosen), said)


_CHOICE = re.compile(
    r"[\s,]*(chooses|says)\s*(\"(?:[^\"\\]|\\.)*\")(?:\s+sets((?:\s+[A-Za-z_]\w*=(?:\"(?:[^\"\\]|\\.)*\"|\[[^\]\n]*\]|\S+))+))?"
)


def _sets(text: str, edge: Llm, flow: Flow) -> tuple[tuple[str, Any], ...]:
    slots = {name: slot for full, slot in flow.flat.slots.items() for name in (full.rpartition("/")[2],)}
    found = []
    for match in _FIELD.finditer(text):
        name = _name(match[1], edge.sets, "slot set by this edge")
        found.append((name, slot_value(_unquoted(match[2]), slots[name], strict=False)))
    return tuple(found)


def _state(text: str, flow: Flow) -> Expectation:
    names = dict.fromkeys((*flow.flat.states, *(state.spec.name for state in flow.flat.states.values())))
    return InState(_name(_words(text, f"state: {flow.flat.start}"), names, "state"))


def _slot(text: str, flow: Flow) -> Expectation:
    match = re.fullmatch(r"(\S+)\s*(?:=\s*(.+)|unset)", text)
    if match is None:
        raise Fault("F033", f"'{text[:40]}' says nothing of a slot", fix="slot: size = large, or  slot: size unset")
    full = {name.rpartition("/")[2]: name for name in flow.flat.slots} | {name: name for name in flow.flat.slots}
    name = full[_name(match[1], full, "slot")]
    return SlotHolds(name, None if match[2] is None else slot_value(match[2], flow.flat.slots[name]))


def slot_value(text: str, slot: SlotSpec, *, strict: bool = True) -> Any:
    """A slot's value as a scene writes it. A value of another type is refused if ``strict``, else taken as text: a model may say it.

    Raises:
        Fault: F035.
    """
    if slot.type == "number" and re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    if slot.type == "yesno" and text in ("yes", "no"):
        return text == "yes"
    if slot.type == "choice" and slot.many:
        return tuple(part.strip() for part in text.strip("[]").split(","))
    if strict and slot.type in ("number", "yesno"):
        raise Fault("F035", f"'{text[:40]}' is no {slot.type}", fix="yes or no" if slot.type == "yesno" else "25")
    known = slot.values if slot.type == "choice" and slot.values_from is None else {}
    if strict and known and text not in known:
        raise Fault("F035", f"'{text[:40]}' is no value of '{slot.name}'", fix=nearest(text, known))
    return text


def _emitted(text: str, flow: Flow) -> Expectation:
    rows = (row for scope in flow.flat.scopes.values() for row in scope.spec.rows)
    return EmittedIt(
        _name(text, dict.fromkeys(act.name for row in rows for act in row.do if isinstance(act, Emit)), "emitted event")
    )


def _end(text: str, flow: Flow) -> Expectation:
    outcome, _, rest = text.partition(" ")
    outcomes = [state.spec.end for state in flow.flat.states.values() if state.ends]
    _name(outcome, dict.fromkeys((*outcomes, "hung_up")), "outcome")
    word, _, time = rest.strip().partition(" ")
    if word not in ("", "within"):
        raise Fault("F033", f"'{rest.strip()[:40]}' means nothing here", fix=f"end: {outcome} within 60s")
    return Ends(outcome, _micros(time.strip()) if word else 0)


def _when(text: str, flow: Flow) -> Setting:
    match = re.fullmatch(r"(\w+)\s*=\s*(yes|no)", text)
    known = sorted({name for scope in flow.flat.scopes.values() for name in scope.spec.conditions})
    if match is None:
        raise Fault("F033", f"'{text[:40]}' says nothing of a condition", fix=f"when: {known[0] if known else 'open_now'} = no")
    return Setting("when", match[2] == "yes", _name(match[1], known, "condition"))


def _takes(text: str, flow: Flow) -> Setting:
    name, sign, value = (part.strip() for part in text.partition("="))
    takes = flow.spec.takes
    if not sign or not value:
        raise Fault("F033", f"'{text[:40]}' gives no slot", fix=f"takes: {takes[0] if takes else 'number'} = 4829")
    _name(name, takes, "taken slot")
    return Setting("takes", slot_value(value, flow.spec.slots[name]), name)


def _today(text: str, _flow: Flow) -> Setting:
    try:
        return Setting("today", datetime.date.fromisoformat(text))
    except ValueError:
        raise Fault("F035", f"'{text[:40]}' is no date", fix="today: 2026-11-23") from None


def _now(text: str, _flow: Flow) -> Setting:
    try:
        return Setting("now", datetime.time.fromisoformat(text))
    except ValueError:
        raise Fault("F035", f"'{text[:40]}' is no time of day", fix="now: 18:30") from None


KINDS: Final[Mapping[str, Read]] = {
    "caller": _caller, "cuts in": _cuts_in, "agent": _agent, "press": _press, "press over": _press_over, "silence": _silence, "tool": _tool,
    "event": _event, "hang up": _hang_up, "model": _model, "state": _state, "slot": _slot, "emitted": _emitted, "hand off": _hand_off,
    "wait": _wait, "end": _end, "takes": _takes, "when": _when, "today": _today, "now": _now, "resume": _resume,
}  # fmt: skip
"""What a line may begin with."""
