"""Reads the cell ``do`` into acts. Pure; names are not looked up here.

do  = act { ";" act } ;
act = "say" ( string | name | "last" ) | "set" name "=" ( value | ref ) | "clear" ( "all" | name { "," name } ) | "emit" name ;
"""

from __future__ import annotations

import re
from typing import Final

from fsm_agents.flows.notation.cells import read_ref, read_value
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.prompts import read_prompt
from fsm_agents.flows.notation.tokens import MAX_CELL, Tokens
from fsm_agents.flows.syntax import Act, Clear, Emit, SayLast, SayPrompt, SayText, SetSlot, ValueOf, Whole

__all__ = ["ACTS", "read_do"]

ACTS: Final = ("say", "set", "clear", "emit")
"""The words that begin an act."""

_WORDS = re.compile(r'say "([^"{}\[\]]*+)"\Z')
"""A cell that says words and does nothing else: most of those that are not empty."""


def read_do(text: str) -> tuple[Act, ...]:
    """What a row does, in order.

    Raises:
        Fault: F302, F311.
    """
    words = _WORDS.match(text)
    if words is not None and len(text) <= MAX_CELL and text.isprintable():
        return (SayText(read_prompt(words[1])),)
    tokens = Tokens(text, "F302")
    if not tokens.word:
        return ()
    acts = [_act(tokens)]
    while tokens.skip(";"):
        acts.append(_act(tokens))
    if tokens.word in (",", *ACTS):
        tokens.fail(f"'{tokens.word}' after an act", why="';' separates acts", fix="say full; clear day")
    tokens.end()
    return tuple(acts)


def _act(tokens: Tokens) -> Act:
    if tokens.skip("say"):
        return _say(tokens)
    if tokens.skip("set"):
        return _set(tokens)
    if tokens.skip("clear"):
        return Clear() if tokens.skip("all") else Clear(tokens.names("a slot, or all,"))
    if tokens.skip("emit"):
        return Emit(tokens.name("what the host is told"))
    if tokens.kind == "string":
        tokens.fail("words alone do nothing", fix=f"say {tokens.word}"[:100])
    return tokens.fail(f"say, set, clear or emit expected{tokens.here}")


def _say(tokens: Tokens) -> Act:
    if tokens.skip("last"):
        return SayLast()
    if tokens.kind == "name":
        return SayPrompt(tokens.take())
    words, step = tokens.string("a prompt's name, or words")
    try:
        return SayText(read_prompt(words))
    except Fault as wrong:
        raise wrong.moved(tokens.start(step) + 1) from None


def _set(tokens: Tokens) -> SetSlot:
    """A bare name is kept as a reference: only who knows the slots can say whether it is a value."""
    slot = tokens.name("a slot")
    if not tokens.skip("="):
        tokens.fail(f"'=' expected{tokens.here}", fix=f"set {slot} = …")
    value: Whole | ValueOf = ValueOf(read_ref(tokens)) if tokens.kind == "name" else read_value(tokens)
    if tokens.word == ",":
        tokens.fail("',' after a value", why="';' separates acts", fix=f"set {slot} = …; set …")
    return SetSlot(slot, value)
