"""Small flows to be tested: one that is right, and what breaks it."""

from __future__ import annotations

from functools import cache

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.notation.folder import read_text

__all__ = ["SHOP", "broken", "shop", "unproved"]

SHOP = """
flow = "shop"
version = 1
lang = "en-US"
start = "welcome"
events = ["closing"]
conditions = ["open_now"]

[rows]
order = '''
| in      | on                                 | when      | to      | do                  |
|---------|------------------------------------|-----------|---------|---------------------|
| welcome | said                               |           | count   |                     |
| count   | "{count} [coffees] for {who}"      |           | next    |                     |
| count   | filled                             | count > 6 | many    |                     |
| count   | filled                             |           | code    |                     |
| many    | yes                                |           | code    |                     |
| many    | no                                 |           | count   | clear count         |
| code    | filled                             |           | confirm |                     |
| confirm | yes                                |           | placing | say "Great."        |
| confirm | no                                 |           | count   | clear all           |
| confirm | llm "the caller wants to pay" sets who |       | stay    | say "At the till."  |
| confirm | after 30s                          |           | again   | say "Still there?"  |
| placing | ok                                 |           | done    | emit ordered        |
| placing | failed, timeout                    |           | human   | say "It is broken." |
| human   | ok                                 |           | passed  |                     |
| human   | failed, timeout                    |           | lost    |                     |
'''
everywhere = '''
| in              | on                 | when         | to    | do             |
|-----------------|--------------------|--------------|-------|----------------|
| any but placing | operator, press 0  | open_now     | human |                |
| any but placing | operator, press 0  | not open_now | stay  | say "Closed."  |
| any but placing | closing            |              | lost  |                |
| any             | repeat             |              | stay  | say last       |
| any but placing | goodbye            |              | left  |                |
| any             | out_of_tries       |              | human |                |
'''

[slots.count]
type = "number"
range = "1..20"
says = "{} [coffees]"
invalid = "One to twenty."
[slots.code]
type = "digits"
length = "4"
secret = true
[slots.who]
type = "choice"
[slots.who.values]
anna = "anna"
bert = "bert"

[tools.order]
args = ["count", "code"]
returns = { minutes = "number", late = "yesno", names = "list" }
timeout = "8s"
once = true
example = { minutes = 5, late = false, names = ["Anna"] }

[states.welcome]
say = "Hello."
barge_in = "none"
[states.count]
ask = "count"
say = "How many?"
retry = ["How many, please?", "Press a number."]
[states.many]
say = "{count} take long. All right?"
retry = ["Is that all right?"]
[states.code]
ask = "code"
say = "Your code?"
[states.confirm]
say = "{count} coffees[ for {who}]?"
retry = ["Yes or no?"]
barge_in = "match"
[states.placing]
call = "order"
wait = ["One moment."]
[states.human]
say = "A colleague comes."
handoff = "queue:shop"
carry = ["count"]
timeout = "20s"
[states.done]
say = "Ready in {order.minutes} minutes."
end = "ordered"
[states.passed]
end = "handed_off"
[states.lost]
say = "Sorry."
end = "failed"
[states.left]
say = "Bye."
end = "left"
"""


@cache
def shop() -> Flow:
    """The flow that is right."""
    return Flow.loads(SHOP, file="shop.toml")


@cache
def broken(old: str, new: str, *more: str) -> Flow:
    """The same with something replaced; ``more`` are further pairs."""
    pairs = [(old, new), *zip(more[::2], more[1::2], strict=True)]
    text = SHOP
    for before, after in pairs:
        assert before in text, before
        text = text.replace(before, after)
    return Flow.loads(text, file="shop.toml")


def unproved(text: str) -> Flow:
    """A flow as it stands, also where loading it would refuse it: walks must find out by themselves."""
    return Flow(read_text(text, file="shop.toml").spec)
