"""Finds out which prompt a line is, and whether a value in it was missing. By the words alone: nothing in the flow is touched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.syntax import Prompt, Said, SayText, Text, Value

__all__ = ["unset_in"]


def unset_in(flow: Flow, line: str) -> str:
    """The value that a line is said without; empty: none is missing, or the line is no prompt of the flow (a model's answer)."""
    return _prompts(flow).hole(line)


@lru_cache(16)
def _prompts(flow: Flow) -> _Prompts:
    return _Prompts(flow)


class _Prompts:
    """Every prompt of a flow as two patterns: with all its values, and with some missing."""

    def __init__(self, flow: Flow) -> None:
        prompts = [prompt for prompt in dict.fromkeys(_all(flow)) if any(isinstance(part, Value) for part in prompt.parts)]
        plain = {_plain(prompt) for prompt in _all(flow) if not any(isinstance(part, Value | Said) for part in prompt.parts)}
        self.whole = [re.compile(_pattern(prompt, WHOLE)) for prompt in prompts]
        self.holed = [(re.compile(_pattern(prompt, ANYTHING)), prompt) for prompt in prompts]
        self.known: dict[str, str] = dict.fromkeys(plain, "")

    def hole(self, line: str) -> str:
        if len(line) > LONGEST:
            return ""
        found = self.known.get(line)
        if found is None:
            if len(self.known) > MOST_KNOWN:
                self.known.clear()
            found = self.known[line] = self._hole(line)
        return found

    def _hole(self, line: str) -> str:
        if any(pattern.fullmatch(line) for pattern in self.whole):
            return ""
        for pattern, prompt in self.holed:
            match = pattern.fullmatch(line)
            if match is not None:
                values = [part for part in prompt.parts if isinstance(part, Value)]
                missing = [str(part.ref) for part, text in zip(values, match.groups(), strict=True) if not text.strip()]
                return missing[0] if missing else ""
        return ""


MOST_KNOWN: Final = 10_000
"""Lines that are remembered."""
LONGEST: Final = 2_000
"""Signs of a line that is looked at; a model's answer may be longer, and is no prompt."""
WHOLE, ANYTHING = r"\S(?:.*?\S)?", r".*?"
"""A value that is there, and one that may be missing."""


def _all(flow: Flow) -> Iterator[Prompt]:
    for scope in flow.flat.scopes.values():
        spec = scope.spec
        yield from spec.prompts.values()
        for state in spec.states.values():
            yield from (prompt for prompt in (state.say, state.again) if prompt is not None)
            yield from (*state.retry, *state.no_input, *state.no_match, *state.wait)
        yield from (slot.invalid for slot in spec.slots.values() if slot.invalid is not None)
        for row in spec.rows:
            yield from (act.prompt for act in row.do if isinstance(act, SayText))


def _plain(prompt: Prompt) -> str:
    return " ".join("".join(part.text for part in prompt.parts if isinstance(part, Text)).split())


def _pattern(prompt: Prompt, value: str) -> str:
    return rf"\s*{''.join(_part(part, f'({value})') for part in prompt.parts)}\s*"


def _part(part: object, value: str) -> str:
    if isinstance(part, Value):
        return value
    if isinstance(part, Said):  # it is said only if all of it is set
        return f"(?:{''.join(_part(inner, f'(?:{WHOLE})') for inner in part.parts)})?"
    assert isinstance(part, Text)  # noqa: S101 - there is nothing else in a prompt
    words = r"\s*".join(map(re.escape, part.text.split()))
    lead = r"\s*" if part.text[:1].isspace() else ""
    tail = r"\s*" if part.text[-1:].isspace() and words else ""
    return lead + words + tail
