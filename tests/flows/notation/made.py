"""Hypothesis: phrases, prompts, conditions, acts and whole flows in Python rows, all of them in order."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fsm_agents.flows.notation.rawrows import RawRow
from fsm_agents.flows.notation.rows import any_but, on

STATES = ("ask", "tell", "work", "end")
SLOTS = ("size", "count", "day", "agreed", "note")
WORDS = ("tea", "please", "don't", "one-way", "café", "i")
LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters='"|{}[]'), max_size=12)


def joined(parts: st.SearchStrategy[str], by: str, most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(parts, min_size=1, max_size=most).map(by.join)


words = st.sampled_from(WORDS)
_item = st.recursive(
    words | st.sampled_from(["{size}", "{count}", "<yes>", "<hello>"]),
    lambda inner: st.one_of(
        joined(inner, " ").map(lambda t: f"[{t}]"), joined(joined(inner, " "), " / ").map(lambda t: f"({t})")
    ),
    max_leaves=6,
)
phrases = joined(joined(_item, " "), " / ", 2)
prompts = st.lists(
    LETTERS | st.sampled_from(["{size}", "{tea.price}", "{{", "]]", "[ with {note}]"]), min_size=1, max_size=4
).map("".join)  # fmt: skip
states = st.sampled_from(STATES)
slots = st.sampled_from(SLOTS)
strings = prompts.filter(lambda text: '"' not in text and "|" not in text).map(lambda text: f'"{text}"')

triggers = st.one_of(
    phrases.map(lambda text: f'"{text}"'),
    st.sampled_from(
        ["filled", "said", "ok", "hung_up", "yes", "hello", "closed", "no_input", "no_match 2", "invalid 3+", "out_of_tries"]
    ),
    st.sampled_from("0123456789*#").map(lambda key: f"press {key}"),
    st.sampled_from(["after 40s", "after 0.5m", "after 250ms"]),
    LETTERS.filter(str.strip).map(lambda text: f'llm "{text}"'),
)
_tests = st.sampled_from(
    [
        "size",
        "not member",
        "count > 6",
        "tea.price <= 2.5",
        "size in (small, large)",
        "agreed = yes",
        'note != "x y"',
        "tries = 2",
        'day < "2026-05-31"',
    ]
)
conditions = st.just("") | joined(joined(_tests, " and "), " or ")
targets = st.sampled_from([*STATES, "stay", "again", "next", "back", "visit tell"])
_acts = st.one_of(
    strings.map(lambda text: f"say {text}"),
    st.sampled_from(["say last", "say menu", "set count = 3", "set size = small", "set agreed = no", "set note = tea.name", "clear all", "clear size, day", "emit x"]),
)  # fmt: skip
acts = st.just("") | joined(_acts, "; ")
inside = st.one_of(
    st.just("any"),
    joined(states | st.just("both"), ", "),
    st.lists(states, min_size=1, max_size=3).map(lambda names: any_but(*names)),
)


@st.composite
def rows(draw: Any) -> RawRow:
    return on(
        draw(inside),
        tuple(draw(st.lists(triggers, min_size=1, max_size=3))),
        when=draw(conditions),
        to=draw(targets),
        do=draw(acts),
    )


@st.composite
def trees(draw: Any) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "flow": "made", "start": draw(st.sampled_from(STATES)), "events": ["closed"], "conditions": ["member"],
        "slots": {
            "size": {"type": "choice", "values": {"small": draw(words), "large": "large", "x y": draw(words)}, "keys": {"1": "small"}},
            "count": {"type": "number", "range": "1..20"}, "day": {"type": "date"}, "agreed": {"type": "yesno"}, "note": {"type": "text"},
        },
        "phrases": {"hello": draw(words)},
        "prompts": {"menu": draw(prompts)},
        "tools": {"tea": {"args": ["size"], "returns": {"price": "number", "name": "text"}, "example": {"price": draw(st.integers() | st.floats(-1e9, 1e9)), "name": draw(st.text(max_size=9))}}},
        "groups": {"both": {"states": ["ask", "tell"], "barge_in": draw(st.sampled_from(["any", "match", "none"]))}},
        "states": {"ask": {"ask": draw(slots), "say": draw(prompts)}, "tell": {"say": {"audio": "a.wav", "text": "x"}}, "work": {"call": "tea"}, "end": {"end": "done"}},
    }  # fmt: skip
    for key, value in {
        "version": 3,
        "lang": "en-US",
        "takes": ["size"],
        "words": {"tea": "T IY"},
        "migrate": {"1": {"states": {"a": "ask"}}},
        "prove": {"never": ["call tea with size unset", 'reach "end" before work\n']},
    }.items():
        if draw(st.booleans()):
            tree |= {key: value}
    if "migrate" in tree:
        tree["version"] = 2
    tree["states"]["ask"]["retry"] = draw(st.lists(prompts, max_size=2))
    return tree
