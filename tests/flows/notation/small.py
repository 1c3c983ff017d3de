"""A small flow to be changed by tests, and what is wrong with the change."""

from __future__ import annotations

from pathlib import Path

from fsm_agents.flows.notation.folder import Reading, read_text
from fsm_agents.flows.problems import FlowError, Problem

EXAMPLES = Path(__file__).parents[3] / "examples" / "flows"
NAMES = ("pizza", "appointment", "identify", "support")

SMALL = """\
flow = "small"
version = 2
start = "ask"
takes = ["caller"]
events = ["closed"]
conditions = ["member"]

[rows]
main = '''
| in  | on                     | when      | to   | do             |
|-----|------------------------|-----------|------|----------------|
| ask | "[a] {size} cup"       |           | next | set count = 1  |
| ask | filled, drop           | count > 2 | tool | say menu       |
| ask | llm "angry" sets size  | member    | stay | clear size     |
| tool | ok                    | tea.hot   | end  | emit sold      |
| tool | failed, timeout       |           | end  | say "Sorry."   |
| any | closed, press 0        |           | end  |                |
'''

[phrases]
drop = "never mind"

[prompts]
menu = "We have tea for {caller}."

[slots.size]
type = "choice"
says = "{} / a {} one"
[slots.size.values]
small = "small"
large = "large / big"
[slots.size.keys]
1 = "small"

[slots.count]
type = "number"
range = "1..20"

[slots.caller]
type = "digits"

[tools.tea]
args = ["size", "count"]
returns = { hot = "yesno", kinds = "list" }

[groups.work]
states = ["tool"]
barge_in = "match"

[states.ask]
ask = "size"
say = "What size?"
retry = ["Small or large?"]

[states.tool]
call = "tea"
wait = ["Boiling."]

[states.end]
say = "Bye."
end = "done"

[migrate.1]
states = { old = "ask" }

[prove]
never  = ["call tea with size unset", "end done before tool"]
always = ["an end is reachable"]
"""


def changed(old: str, new: str) -> str:
    """The small flow with one change; the text that is changed stands in it once."""
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


def wrong(text: str) -> tuple[Problem, ...]:
    """The problems of a text that cannot be read."""
    try:
        read_text(text)
    except FlowError as error:
        return error.problems
    raise AssertionError("it can be read")


def read(name: str) -> Reading:
    """One of the flows of the examples."""
    return read_text((EXAMPLES / f"{name}.toml").read_text("utf-8"), f"{name}.toml", EXAMPLES)
