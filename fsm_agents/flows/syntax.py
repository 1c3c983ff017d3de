"""What the cells and texts of a flow mean once they are read: phrases, prompts, triggers, conditions, targets, acts. Data only.

Reading is :mod:`fsm_agents.flows.notation`; these classes are what both notations (files and Python rows) become, and what everything
behind them works on.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

import attrs

__all__ = [
    "AGAIN", "BACK", "NEXT", "STAY", "Act", "After", "All", "Alternatives", "AnyOf", "Clear", "Comparison", "Emit", "EndedWith", "Failure",
    "Function", "Goto", "Inside", "Llm", "Move", "Named", "Not", "OneOf", "Optional", "Phrase", "PhraseRef", "Press", "Prompt",
    "PromptPart", "Ref", "Said", "SayLast", "SayPrompt", "SayText", "Says", "Sequence", "SetSlot", "SlotRef", "Target", "Test", "Text",
    "Trigger", "Truth", "Value", "ValueOf", "Visit", "Whole", "Word", "phrase_text", "prompt_text",
]  # fmt: skip


# --- references -----------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Ref:
    """A slot (``count``), a field of a tool's last result (``find_times.count``), a condition (``open_now``), or ``tries``."""

    name: str
    field: str = ""

    def __str__(self) -> str:
        return f"{self.name}.{self.field}" if self.field else self.name


Whole: TypeAlias = "str | int | float | bool"
"""A value written in a cell. A bare name is a ``str``."""


# --- phrases: what callers say --------------------------------------------------------------------------------------------------------


@attrs.frozen
class Word:
    """One word, lower case, as it is spoken."""

    text: str


@attrs.frozen
class SlotRef:
    """``{size}``: what the slot's type accepts. ``{}`` (an empty name): the slot the phrase belongs to."""

    slot: str = ""


@attrs.frozen
class PhraseRef:
    """``<correction>``: a named phrase."""

    name: str


@attrs.frozen
class Sequence:
    """One after the other."""

    items: tuple[Phrase, ...]


@attrs.frozen
class Optional:
    """``[ … ]``: said or left out."""

    inner: Phrase


@attrs.frozen
class Alternatives:
    """``one / another``: one of them."""

    ways: tuple[Phrase, ...]


Phrase: TypeAlias = Word | SlotRef | PhraseRef | Sequence | Optional | Alternatives


# --- prompts: what the agent says -----------------------------------------------------------------------------------------------------


@attrs.frozen
class Text:
    """Words to say as they are."""

    text: str


@attrs.frozen
class Value:
    """``{day}``, ``{read_bill.owed:money}``: the value as it is spoken; ``form`` is empty for the slot type's own way."""

    ref: Ref
    form: str = ""


@attrs.frozen
class Said:
    """``[ … ]`` in a prompt: said only if every value in it is set."""

    parts: tuple[PromptPart, ...]


PromptPart: TypeAlias = Text | Value | Said


@attrs.frozen
class Prompt:
    """Something the agent says.

    Args:
        parts: The words and values.
        audio: A recording that is played instead of a voice, as written in the file; empty: none. Its ``parts`` say what it says.
    """

    parts: tuple[PromptPart, ...]
    audio: str = ""


# --- in -------------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Inside:
    """Where a row holds: in the states and groups named, or (``anywhere``) in all but those in ``but``."""

    names: tuple[str, ...] = ()
    anywhere: bool = False
    but: tuple[str, ...] = ()


# --- on -------------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Says:
    """The caller says this. ``name`` is that of a named phrase, or empty for words in quotes."""

    phrase: Phrase
    name: str = ""


@attrs.frozen
class Named:
    """A built-in event (``filled``, ``said``, ``ok`` …) or one that the host sends (``clinic_closed``)."""

    name: str


@attrs.frozen
class Failure:
    """``no_input``, ``no_match`` or ``invalid``: each time, the ``count``-th time in this state, or from then on (``more``)."""

    kind: Literal["no_input", "no_match", "invalid"]
    count: int = 0
    more: bool = False


@attrs.frozen
class Press:
    """The caller presses a key: ``0`` to ``9``, ``*`` or ``#``."""

    key: str


@attrs.frozen
class After:
    """So many seconds after the state was entered."""

    seconds: float
    text: str = ""


@attrs.frozen
class EndedWith:
    """The sub-flow reached an end with this outcome."""

    outcome: str


@attrs.frozen
class Llm:
    """The model judges that this is so; it may fill the slots in ``sets``."""

    text: str
    sets: tuple[str, ...] = ()


Trigger: TypeAlias = Says | Named | Failure | Press | After | EndedWith | Llm


# --- when -----------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Truth:
    """A reference that is set, and not false, zero or empty."""

    ref: Ref


@attrs.frozen
class ValueOf:
    """In a comparison or ``set``: the value of a reference."""

    ref: Ref


@attrs.frozen
class Comparison:
    """``count > 6``. False if the reference is unset, whatever the operator."""

    ref: Ref
    operator: Literal["=", "!=", "<", "<=", ">", ">="]
    value: Whole


@attrs.frozen
class OneOf:
    """``size in (small, medium)``."""

    ref: Ref
    values: tuple[Whole, ...]


@attrs.frozen
class Not:
    """``not open_now``; written only before a bare reference."""

    inner: Test


@attrs.frozen
class All:
    """``a and b``."""

    parts: tuple[Test, ...]


@attrs.frozen
class AnyOf:
    """``a or b``; ``and`` binds closer."""

    parts: tuple[Test, ...]


@attrs.frozen
class Function:
    """A Python function in a Python row: of the slots by name, to yes or no (``when``) or to slots that change (``do``).

    It has no form in a file, so it cannot be written to one.
    """

    name: str
    call: Callable[[dict[str, Any]], Any]


Test: TypeAlias = Truth | Comparison | OneOf | Not | All | AnyOf | Function


# --- to -------------------------------------------------------------------------------------------------------------------------------


class Move(Enum):
    """The targets that are no state."""

    STAY = "stay"
    AGAIN = "again"
    NEXT = "next"
    BACK = "back"


STAY: Final = Move.STAY
AGAIN: Final = Move.AGAIN
NEXT: Final = Move.NEXT
BACK: Final = Move.BACK


@attrs.frozen
class Goto:
    """Leave, and enter this state."""

    state: str


@attrs.frozen
class Visit:
    """Remember this state, and enter that one until ``back``."""

    state: str


Target: TypeAlias = Move | Goto | Visit


# --- do -------------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class SayText:
    """``say "…"``."""

    prompt: Prompt


@attrs.frozen
class SayPrompt:
    """``say menu``: a prompt by its name."""

    name: str


@attrs.frozen
class SayLast:
    """``say last``: what was said before, again."""


@attrs.frozen
class SetSlot:
    """``set count = 1``, ``set patient = find_patient.id``."""

    slot: str
    value: Whole | ValueOf


@attrs.frozen
class Clear:
    """``clear day, pick``; no names: ``clear all``."""

    slots: tuple[str, ...] = ()


@attrs.frozen
class Emit:
    """``emit booked``: tell the host."""

    name: str


Act: TypeAlias = SayText | SayPrompt | SayLast | SetSlot | Clear | Emit | Function


# --- as text --------------------------------------------------------------------------------------------------------------------------


def phrase_text(phrase: Phrase, *, inner: bool = False) -> str:
    """A phrase as it is written, in the one canonical way.

    Args:
        phrase: The phrase.
        inner: Whether alternatives need brackets here.
    """
    match phrase:
        case Word(text):
            return text
        case SlotRef(slot):
            return f"{{{slot}}}"
        case PhraseRef(name):
            return f"<{name}>"
        case Optional(body):
            return f"[{phrase_text(body)}]"
        case Sequence(items):
            return " ".join(phrase_text(item, inner=True) for item in items)
        case _:
            text = " / ".join(phrase_text(way) for way in phrase.ways)
            return f"({text})" if inner else text


def prompt_text(prompt: Prompt) -> str:
    """A prompt as it is written."""
    return "".join(map(_part_text, prompt.parts))


def _part_text(part: PromptPart) -> str:
    match part:
        case Text(text):
            doubled = text
            for sign in "{}[]":
                doubled = doubled.replace(sign, sign * 2)
            return doubled
        case Value(ref, form):
            return f"{{{ref}:{form}}}" if form else f"{{{ref}}}"
        case _:
            return f"[{''.join(map(_part_text, part.parts))}]"
