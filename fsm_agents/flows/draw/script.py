"""The script of a flow: every sentence the agent can say, by state, numbered, for whoever approves, records or translates it.

A sub-flow that runs in two places is written once. Values stand as ``{day}``; ``[ … ]`` is said only if every value in it is set.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

import attrs

from fsm_agents.flows.draw.cells import clean, label
from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.spec import FlowSpec, RowSpec, StateSpec
from fsm_agents.flows.syntax import Prompt, SayPrompt, SayText, prompt_text
from fsm_agents.flows.words.pack import pack

__all__ = ["MANY", "Sentence", "files_of", "script", "script_csv", "sentences"]

MANY = ""
"""The state of a sentence that is said in many states."""

_LISTS: Mapping[str, str] = {
    "retry": "after failure", "no_input": "after silence", "no_match": "not understood", "wait": "while waiting",
}  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@attrs.frozen
class Sentence:
    """One sentence.

    Args:
        number: From 1, in the order of the files.
        flow: The name of its flow.
        state: Its state, by the name in its own file; :data:`MANY` for rows of many states, prompts and the language's texts.
        when: When it is said.
        text: As it is written.
        audio: The recording that is played instead; empty: none.
        prompt: Of a named prompt: its name.
    """

    number: int
    flow: str
    state: str
    when: str
    text: str
    audio: str = ""
    prompt: str = ""


def files_of(flat: FlatFlow) -> list[FlowSpec]:
    """The flow and its sub-flows, each once."""
    return list({id(scope.spec): scope.spec for scope in flat.scopes.values()}.values())


def sentences(flat: FlatFlow) -> list[Sentence]:
    """Everything the agent can say. What a model makes up in a ``talk`` state is not among it: its instructions are."""
    found: list[Sentence] = []
    for spec in files_of(flat):
        for state, when, prompt, name in _File(spec).said():
            text = prompt if isinstance(prompt, str) else prompt_text(prompt)
            audio = "" if isinstance(prompt, str) else prompt.audio
            found.append(Sentence(len(found) + 1, spec.name, state, when, clean(text), clean(audio), name))
    for lang in dict.fromkeys(spec.lang for spec in files_of(flat)):
        for key, text in pack(lang).texts.items():
            found.append(Sentence(len(found) + 1, lang, MANY, f"where the flow says nothing: {key}", clean(text)))
    return found


_Said = tuple[str, str, "Prompt | str", str]


class _File:
    """What is said in one file."""

    def __init__(self, spec: FlowSpec) -> None:
        self.spec = spec
        self.rows: dict[str, list[tuple[int, RowSpec]]] = {}
        for number, row in enumerate(spec.rows, 1):
            named = [name for name in row.inside.names if name in spec.states]
            self.rows.setdefault(named[0] if named else MANY, []).append((number, row))

    def said(self) -> Iterator[_Said]:
        told: set[str] = set()
        for name, state in self.spec.states.items():
            yield from self._of_state(state)
            if state.ask and state.ask not in told:
                told.add(state.ask)
                yield from self._invalid(name, state.ask)
            yield from self._of_rows(name)
        yield from self._of_rows(MANY)
        for slot in self.spec.slots:
            if slot not in told:
                yield from self._invalid(MANY, slot)
        used = self._used()
        for name, prompt in self.spec.prompts.items():
            yield MANY, f"prompt {clean(name)}" + (f" (rows {used[name]})" if name in used else " (unused)"), prompt, name

    def _of_state(self, state: StateSpec) -> Iterator[_Said]:
        if state.say is not None:
            yield state.name, "on entering", state.say, ""
        if state.again is not None:
            yield state.name, "on entering again", state.again, ""
        for setting, when in _LISTS.items():
            texts: tuple[Prompt, ...] = getattr(state, setting)
            for number, prompt in enumerate(texts, 1):
                more = "+" if number == len(texts) else ""
                yield state.name, f"{when} {number}{more}", prompt, ""
        if state.talk:
            yield state.name, "the model talks, told", state.talk, ""

    def _invalid(self, state: str, slot: str) -> Iterator[_Said]:
        prompt = self.spec.slots[slot].invalid
        if prompt is not None:
            yield state, f"{clean(slot)} is not valid", prompt, ""

    def _of_rows(self, name: str) -> Iterator[_Said]:
        for number, row in self.rows.get(name, ()):
            for act in row.do:
                if isinstance(act, SayText):
                    yield name, f"row {number}: {label(row, row.on)}", act.prompt, ""

    def _used(self) -> dict[str, str]:
        found: dict[str, list[str]] = {}
        for number, row in enumerate(self.spec.rows, 1):
            for act in row.do:
                if isinstance(act, SayPrompt):
                    found.setdefault(act.name, []).append(str(number))
        return {name: ", ".join(numbers) for name, numbers in found.items()}


def script(flat: FlatFlow) -> str:
    """The script as text: a block for each state, a line for each sentence."""
    found = sentences(flat)
    lines = [f"{clean(flat.spec.name)}, version {flat.spec.version}: {len(found)} sentences"]
    wide = min(44, max((len(each.when) for each in found), default=0))
    block = ("", "")
    for each in found:
        if (each.flow, each.state) != block:
            block = each.flow, each.state
            lines += ["", f"{clean(each.flow)}: {clean(each.state) or 'many states'}"]
        audio = f"  (recorded: {each.audio})" if each.audio else ""
        lines.append(f"{each.number:5}  {each.when:{wide}}  {each.text}{audio}")
    return "\n".join(lines) + "\n"


def script_csv(flat: FlatFlow) -> str:
    """The script as CSV (RFC 4180, with a head): number, flow, state, when, text, audio.

    A text that a spreadsheet would take for a formula has an apostrophe put before it.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("number", "flow", "state", "when", "text", "audio"))
    for each in sentences(flat):
        cells = map(clean, (each.flow, each.state, each.when, each.text, each.audio))
        writer.writerow((each.number, *(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)))
    return out.getvalue()
