"""What a row's parts are called in a drawing: triggers, conditions, targets and acts as they are written in cells, or shortened.

Made from what was read and not from the cells, so that files and Python rows are drawn alike. Words only, no layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fsm_agents.flows.spec import RowSpec
from fsm_agents.flows.syntax import (
    Act,
    After,
    All,
    AnyOf,
    Clear,
    Comparison,
    Emit,
    EndedWith,
    Failure,
    Function,
    Goto,
    Inside,
    Named,
    Not,
    OneOf,
    Press,
    SayPrompt,
    Says,
    SayText,
    SetSlot,
    Target,
    Test,
    Trigger,
    Truth,
    ValueOf,
    Visit,
    phrase_text,
    prompt_text,
)  # fmt: skip

__all__ = [
    "act_text", "acts_text", "clean", "inside_text", "label", "on_text", "short", "target_text", "test_text", "trigger_text", "when_text",
]  # fmt: skip

SHORT = 24
"""Characters of a caller's words in a label: two or three words say which row is meant, the rest is in the page and the tables."""

LONG = 44
"""Characters of a whole label's line."""

_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
"""Control characters, and those that turn or hide text: XML refuses some, and others make a label say what is not there."""


def clean(text: str) -> str:
    """Text on one line, with a replacement character for what cannot be shown."""
    return " ".join(_UNPRINTABLE.sub("\ufffd", text).split())


def short(text: str, most: int = SHORT) -> str:
    """The first words of a text, with ``…`` if more follow.

    >>> short("the caller has a question about money", 24)
    'the caller has a…'
    """
    text = clean(text)
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    at_word, gap, _ = cut.rpartition(" ")
    return (at_word if gap and len(at_word) > most // 2 else cut).rstrip(" ,;:/([") + "…"


def trigger_text(trigger: Trigger, most: int = 0) -> str:
    """A trigger as it is written; ``most``: characters of words that are shown, 0 for all."""
    match trigger:
        case Says(phrase, name):
            text = phrase_text(phrase)
            return name or f'"{short(text, most) if most else text}"'
        case Named(name):
            return name
        case Failure(kind, count, more):
            return kind + (f" {count}" if count else "") + ("+" if more else "")
        case Press(key):
            return f"press {key}"
        case After(seconds, text):
            return f"after {text or f'{seconds:g}s'}"
        case EndedWith(outcome):
            return f"ended {outcome}"
        case _:
            filled = f" sets {', '.join(trigger.sets)}" if trigger.sets and not most else ""
            return f'llm "{short(trigger.text, most) if most else trigger.text}"{filled}'


def on_text(row: RowSpec) -> str:
    """The cell ``on``."""
    return ", ".join(map(trigger_text, row.on))


def test_text(test: Test) -> str:
    """A condition as it is written."""
    match test:
        case Truth(ref):
            return str(ref)
        case Not(inner):
            return f"not {test_text(inner)}"
        case All(parts):
            return " and ".join(map(test_text, parts))
        case AnyOf(parts):
            return " or ".join(map(test_text, parts))
        case Comparison(ref, operator, value):
            return f"{ref} {operator} {_value(value)}"
        case OneOf(ref, values):
            return f"{ref} in ({', '.join(map(_value, values))})"
        case _:
            return f"{test.name}()"


def when_text(row: RowSpec) -> str:
    """The cell ``when``."""
    return "" if row.when is None else test_text(row.when)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f'"{text}"' if isinstance(value, str) and not re.fullmatch(r"[a-z][a-z0-9_]*", text) else text


def target_text(target: Target) -> str:
    """The cell ``to``."""
    match target:
        case Goto(state):
            return state
        case Visit(state):
            return f"visit {state}"
        case move:
            return move.value


def act_text(act: Act) -> str:
    """One act as it is written."""
    match act:
        case SayText(prompt):
            return f'say "{prompt_text(prompt)}"'
        case SayPrompt(name):
            return f"say {name}"
        case SetSlot(slot, value):
            return f"set {slot} = {value.ref if isinstance(value, ValueOf) else _value(value)}"
        case Clear(slots):
            return f"clear {', '.join(slots) or 'all'}"
        case Emit(name):
            return f"emit {name}"
        case Function(name):
            return f"{name}()"
        case _:
            return "say last"


def acts_text(acts: Iterable[Act]) -> str:
    """The cell ``do``."""
    return "; ".join(map(act_text, acts))


def inside_text(inside: Inside) -> str:
    """The cell ``in``."""
    if not inside.anywhere:
        return ", ".join(inside.names)
    if not inside.but:
        return "any"
    return f"any but {inside.but[0]}" if len(inside.but) == 1 else f"any but ({', '.join(inside.but)})"


def label(row: RowSpec, triggers: Iterable[Trigger]) -> str:
    """A row in a few words: ``filled [count > 6]``; its exceptions, if it holds anywhere: ``goodbye (not in placing)``."""
    words = [short(trigger_text(trigger, SHORT), LONG) for trigger in triggers]
    shown = words[:1]
    for word in words[1:]:
        if len(", ".join([*shown, word])) > LONG:
            shown.append(f"+{len(words) - len(shown)}")
            break
        shown.append(word)
    text = ", ".join(shown)
    if row.when is not None:
        text = f"{text} [{short(test_text(row.when), LONG)}]".lstrip()
    if row.inside.but:
        text += f" (not in {short(', '.join(row.inside.but), LONG)})"
    return clean(text)
