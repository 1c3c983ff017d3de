"""Reads the cells ``in``, ``on``, ``when`` and ``to`` into the classes of :mod:`fsm_agents.flows.syntax`; ``do`` is next door. Pure.

    in      = "any" [ "but" ( name | "(" name { "," name } ")" ) ] | name { "," name } ;
    on      = trigger { "," trigger } ;
    trigger = '"' phrase '"' | name | ("no_input" | "no_match" | "invalid") [ int [ "+" ] ]
            | "press" key | "after" duration | "ended" name | "llm" string [ "sets" name { "," name } ] ;
    when    = conj { "or" conj } ;   conj = test { "and" test } ;
    test    = [ "not" ] ref | ref op value | ref "in" "(" value { "," value } ")" ;
    to      = name | "stay" | "again" | "next" | "back" | "visit" name ;

Names are not looked up here.
"""

from __future__ import annotations

import re
from typing import Final, Literal, cast

from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.names import EVENTS, FAILURES, KEYS, MOVES, NAME, RESERVED
from fsm_agents.flows.notation.quantities import duration
from fsm_agents.flows.notation.tokens import MAX_CELL, Tokens, kind_of
from fsm_agents.flows.phrases import PhraseError, read_phrase
from fsm_agents.flows.syntax import (
    After,
    All,
    AnyOf,
    Comparison,
    EndedWith,
    Failure,
    Goto,
    Inside,
    Llm,
    Move,
    Named,
    Not,
    OneOf,
    Phrase,
    Press,
    Ref,
    Says,
    Target,
    Test,
    Trigger,
    Truth,
    Visit,
    Whole,
)  # fmt: skip

__all__ = ["read_inside", "read_on", "read_ref", "read_to", "read_value", "read_when"]

MOST_FAILURES: Final = 99
"""Largest count behind ``no_input``."""
_WORDS = re.compile(r'"([^"\x00-\x1f\x7f]*)"(?:, press ([0-9*#]))?\Z')
"""A cell that is words in quotes, perhaps with a key: most that are not one name."""
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
_WRONG = {"==": "=", "<>": "!=", "!": "not", "&": "and"}


def read_inside(text: str) -> Inside:
    """The states a row holds in.

    Raises:
        Fault: F104, F201.
    """
    if NAME.match(text) and text not in RESERVED:  # most cells are one name
        return Inside(names=(text,))
    tokens = Tokens(text, "F201")
    if not tokens.word:
        raise Fault(
            "F104", "no state in this row", why="every row names its state, so that it can be moved and found", fix="| any | …"
        )
    if not tokens.skip("any"):
        found = tokens.names("a state or group")
        tokens.end()
        return Inside(names=found)
    if not tokens.word:
        return Inside(anywhere=True)
    if not tokens.skip("but"):
        tokens.fail(f"'{tokens.word}' after any", why="any is every state", fix="any, or: any but (size, name)")
    if tokens.skip("("):
        but = tokens.names("a state or group")
        if not tokens.skip(")"):
            tokens.fail("the bracket is never closed", fix=f"any but ({', '.join(but)})")
    else:
        but = (tokens.name("a state or group"),)
        if tokens.word == ",":
            rest = text[tokens.at + 1 :].strip() or "…"
            tokens.fail("any but with several states", why="it can be read two ways", fix=f"any but ({but[0]}, {rest})")
    tokens.end()
    return Inside(anywhere=True, but=but)


def read_to(text: str) -> Target:
    """Where a row leads.

    Raises:
        Fault: F201, F203.
    """
    if NAME.match(text) and text not in RESERVED:
        return Goto(text)
    tokens = Tokens(text, "F201")
    if not tokens.word:
        raise Fault("F203", "empty 'to'", why='a forgotten target looks like "stay"', fix="write stay")
    if tokens.skip("visit"):
        target: Target = Visit(tokens.name("a state"))
    else:
        name = tokens.name("a state")
        target = Move(name) if name in MOVES else Goto(name)
    if tokens.word == ",":
        tokens.fail("two targets", why="a row leads to one state", fix="write two rows, each with a when")
    tokens.end()
    return target


# --- on -------------------------------------------------------------------------------------------------------------------------------


def read_on(text: str) -> tuple[Trigger, ...]:
    """What a row answers.

    Raises:
        Fault: F301, F306, F307.
    """
    if NAME.match(text) and text not in RESERVED:
        return (Named(text),)
    words = _WORDS.match(text)
    if words is not None and len(text) <= MAX_CELL:
        said = Says(_phrase(words[1], 1))
        return (said, Press(words[2])) if words[2] else (said,)
    tokens = Tokens(text, "F301")
    if not tokens.word:
        raise Fault("F301", "empty 'on'", why="a row answers something", fix='"words", filled, ok, press 0, after 40s …')
    found = [_trigger(tokens)]
    while tokens.skip(","):
        found.append(_trigger(tokens))
    if tokens.kind == "name":
        tokens.fail(f"'{tokens.word}' is left over", why="a name is one word", fix=f'for words, use quotes: "{text}"')
    tokens.end()
    return tuple(found)


def _trigger(tokens: Tokens) -> Trigger:
    if tokens.kind == "string":
        words, step = tokens.string("words")
        return Says(_phrase(words, tokens.start(step) + 1))
    if tokens.word == '"':
        tokens.string("words")
    begun = tokens.step
    name = tokens.name("an event, a phrase or words in quotes")
    if name in FAILURES:
        return _failure(tokens, name)
    if name == "press":
        return Press(_key(tokens))
    if name == "after":
        return _after(tokens)
    if name == "ended":
        return EndedWith(tokens.name("an outcome"))
    if name == "llm":
        said, step = tokens.string("what the model is asked")
        if not said.strip():
            tokens.fail("the model is asked nothing", at=tokens.start(step))
        return Llm(said, _sets(tokens) if tokens.skip("sets") else ())
    if name in RESERVED and name not in EVENTS:
        raise Fault(
            "F301", f"'{name}' is no event", at=tokens.start(begun), width=len(name), fix=f'for words, use quotes: "{name}"'
        )
    return Named(name)


def _phrase(words: str, at: int) -> Phrase:
    """The phrase whose words begin at ``at`` in the cell."""
    try:
        return read_phrase(words)
    except PhraseError as wrong:
        raise Fault(wrong.code, str(wrong), at=at + wrong.at, fix=wrong.fix) from None


def _failure(tokens: Tokens, name: str) -> Failure:
    kind = cast("Literal['no_input', 'no_match', 'invalid']", name)
    if tokens.kind != "number":
        return Failure(kind)
    if not tokens.word.isdecimal() or not 1 <= int(tokens.word[:4]) <= MOST_FAILURES:
        tokens.fail(f"'{tokens.word[:20]}' is no count", fix=f"{name} 2, or {name} 2+ from there on")
    return Failure(kind, int(tokens.take()), more=tokens.skip("+"))


def _key(tokens: Tokens) -> str:
    if tokens.word not in KEYS:
        tokens.fail(f"a key expected{tokens.here}", fix="press 0 … press 9, press *, press #; two keys: press 1, press 2")
    return tokens.take()


def _after(tokens: Tokens) -> After:
    begun, text = tokens.step, tokens.word
    if tokens.kind != "number":
        tokens.fail(f"a duration expected{tokens.here}", fix="after 40s")
    tokens.take()
    try:
        return After(duration(text), text)
    except Fault as wrong:
        raise Fault(
            "F301", wrong.message, at=tokens.start(begun), width=len(text), fix="after 40s, after 500ms, after 2m"
        ) from None


def _sets(tokens: Tokens) -> tuple[str, ...]:
    """Slots, up to a comma behind which another trigger begins."""
    found = [tokens.name("a slot")]
    while tokens.word == ",":
        if kind_of(tokens.follows) != "name" or tokens.follows in RESERVED:
            break
        tokens.take()
        found.append(tokens.name("a slot"))
    return tuple(found)


# --- when -----------------------------------------------------------------------------------------------------------------------------


def read_when(text: str) -> Test | None:
    """A row's condition; ``None`` for an empty cell.

    Raises:
        Fault: F302.
    """
    tokens = Tokens(text, "F302")
    if not tokens.word:
        return None
    ways = [_conjunction(tokens)]
    while tokens.skip("or"):
        ways.append(_conjunction(tokens))
    if tokens.word in _WRONG:
        tokens.fail(f"'{tokens.word}' means nothing here", fix=f"write {_WRONG[tokens.word]}")
    tokens.end()
    return ways[0] if len(ways) == 1 else AnyOf(tuple(ways))


def _conjunction(tokens: Tokens) -> Test:
    parts = [_test(tokens)]
    while tokens.skip("and"):
        parts.append(_test(tokens))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _test(tokens: Tokens) -> Test:
    if tokens.word == "(":
        tokens.fail("no brackets here", why="and binds closer than or", fix="write two rows")
    negated = tokens.skip("not")
    ref = read_ref(tokens)
    if negated:
        if tokens.word in _OPERATORS or tokens.word == "in":
            tokens.fail("not stands before a bare name only", fix=f"{ref} != …")
        return Not(Truth(ref))
    if tokens.skip("in"):
        return OneOf(ref, _list(tokens))
    if tokens.word in _OPERATORS:
        operator = cast("Literal['=', '!=', '<', '<=', '>', '>=']", tokens.take())
        return Comparison(ref, operator, read_value(tokens))
    return Truth(ref)


def _list(tokens: Tokens) -> tuple[Whole, ...]:
    if not tokens.skip("("):
        tokens.fail(f"'(' expected{tokens.here}", fix="in (small, large)")
    found = [read_value(tokens)]
    while tokens.skip(","):
        found.append(read_value(tokens))
    if not tokens.skip(")"):
        tokens.fail("the bracket is never closed", fix="in (small, large)")
    return tuple(found)


def read_ref(tokens: Tokens) -> Ref:
    """``name [ "." name ]``."""
    if tokens.word in RESERVED and tokens.word != "tries":
        tokens.fail(f"'{tokens.word}' names no value")
    name = tokens.name("a slot, tool.field or condition")
    return Ref(name, tokens.name("a field")) if tokens.skip(".") else Ref(name)


def read_value(tokens: Tokens) -> Whole:
    """``number | name | string``."""
    if tokens.kind == "number":
        text = tokens.word
        if not text.lstrip("-").replace(".", "", 1).isdecimal() or len(text) > 15:  # noqa: PLR2004 - exact in JSON
            tokens.fail(f"'{text[:20]}' is no number")
        tokens.take()
        return float(text) if "." in text else int(text)
    if tokens.kind == "string":
        return tokens.string("a text")[0]
    if tokens.kind == "name" and tokens.word in RESERVED - {"no"}:
        tokens.fail(f"'{tokens.word}' is no value", fix=f'a text stands in quotes: "{tokens.word}"')
    if tokens.word == '"':
        tokens.string("a text")
    return tokens.name("a number, name or text")
