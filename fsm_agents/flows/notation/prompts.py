"""Reads what the agent says: text, ``{ref}``, ``{ref:form}``, ``[ said only if every value in it is set ]``. Pure.

``{{ }} [[ ]]`` write one brace or bracket. Where brackets nest, ``]]`` closes two of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.syntax import Prompt, PromptPart, Ref, Said, Text, Value

__all__ = ["MAX_DEPTH", "read_prompt", "values_of"]

MAX_DEPTH: Final = 5
"""Deepest nesting of brackets: what is said in parts of parts of parts is not understood by whoever approves the wording."""
LONG: Final = 40
"""Longest text that is repeated in a message."""

_PIECE = re.compile(r"(\{\{|\}\}|\[\[|\]\])|(\{[^{}\[\]]*\})|([{}\[\]])|([^{}\[\]]+)")
_VALUE = re.compile(r"\{\s*([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?(?::([a-z][a-z0-9_]*))?\s*\}\Z")
_SIGNS = re.compile(r"[{}\[\]]")


def read_prompt(text: str, audio: str = "") -> Prompt:
    """The prompt that ``text`` is; ``audio`` names its recording.

    Raises:
        Fault: it is none; says where and why.

    >>> read_prompt("{count} pizzas[ with {toppings}]").parts[0]
    Value(ref=Ref(name='count', field=''), form='')
    """
    if not _SIGNS.search(text):  # most prompts are plain words
        return Prompt((Text(text),) if text else (), audio)
    return Prompt(_Reader(text).read(), audio)


def values_of(parts: Iterable[PromptPart]) -> Iterator[Value]:
    """Every value in these parts, in order."""
    for part in parts:
        if isinstance(part, Value):
            yield part
        elif isinstance(part, Said):
            yield from values_of(part.parts)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.open: list[tuple[int, list[PromptPart]]] = [(0, [])]

    def read(self) -> tuple[PromptPart, ...]:
        for found in _PIECE.finditer(self.text):
            doubled, value, single, words = found.groups()
            at = found.start()
            if doubled == "]]" and len(self.open) > 2:  # noqa: PLR2004 - a bracket inside a bracket
                self.close(at)
                self.close(at + 1)
            elif doubled or words:
                self.add(doubled[0] if doubled else words)
            elif value:
                self.open[-1][1].append(_value(value, at))
            elif single == "[":
                if len(self.open) > MAX_DEPTH:
                    raise Fault("F311", f"brackets nest deeper than {MAX_DEPTH}", at=at)
                self.open.append((at, []))
            elif single == "]":
                self.close(at)
            else:
                raise Fault(
                    "F311", f"'{single}' has no partner", at=at, fix=f"{single * 2} says a brace; {{size}} the value of size"
                )
        if len(self.open) > 1:
            raise Fault("F311", "'[' is never closed", at=self.open[-1][0], fix="[[ says a bracket")
        return tuple(self.open[0][1])

    def add(self, text: str) -> None:
        parts = self.open[-1][1]
        if parts and isinstance(parts[-1], Text):
            parts[-1] = Text(parts[-1].text + text)
        else:
            parts.append(Text(text))

    def close(self, at: int) -> None:
        if len(self.open) == 1:
            raise Fault("F311", "']' closes nothing", at=at, fix="]] says a bracket")
        opened, parts = self.open.pop()
        if next(values_of(parts), None) is None:
            why = "it is said only if all its values are set"
            raise Fault("F311", "'[ … ]' has no {value} in it", at=opened, why=why, fix="[[ … ]] says brackets")
        self.open[-1][1].append(Said(tuple(parts)))


def _value(text: str, at: int) -> Value:
    found = _VALUE.match(text)
    if found is None:
        shown = text if len(text) < LONG else "{…}"
        raise Fault("F311", f"'{shown}' names no value", at=at, width=len(text), fix="{size}, {tool.field}, {day:form}")
    return Value(Ref(found[1], found[2] or ""), found[3] or "")
