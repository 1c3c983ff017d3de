"""A made-up flow of forty states (a bank's line: six groups, a sub-flow that runs twice, globals) for drawings that must stay readable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

__all__ = ["FILES", "forty"]

TOPICS = ("card", "transfer", "loan", "account", "app")
STEPS = ("which", "amount", "look", "tell", "more")

PROVE = """flow = "prove"
version = 1
lang = "en-US"
start = "number"

[rows]
main = '''
| in     | on                   | when             | to     | do |
|--------|----------------------|------------------|--------|----|
| number | filled               |                  | code   |    |
| code   | filled               |                  | verify |    |
| code   | "send it again"      |                  | stay   | say sent |
| verify | ok                   | verify_it.good   | proved |    |
| verify | ok                   |                  | code   | clear code |
| verify | failed, timeout      |                  | doubt  |    |
| any    | out_of_tries         |                  | doubt  |    |
'''

[prompts]
sent = "I have sent it again."

[slots.number]
type = "digits"
length = "8"
[slots.code]
type = "digits"
length = "6"
secret = true

[tools.verify_it]
args = ["number", "code"]
returns = { good = "yesno" }
example = { good = true }

[states.number]
ask = "number"
say = "Your account number?"
[states.code]
ask = "code"
say = "And the code that I have just sent you?"
[states.verify]
call = "verify_it"
[states.proved]
end = "proved"
[states.doubt]
end = "doubt"
"""


def _rows() -> Iterator[str]:
    yield "| hello | said | | menu | |"
    for key, topic in enumerate(TOPICS, 1):
        yield f'| menu | "[my] {topic} [please]", press {key} | | {topic}_which | |'
        yield f"| {topic}_which | filled | {topic}_kind = new | {topic}_more | |"
        yield f"| {topic}_which | filled | | prove_{topic if topic in ('loan', 'transfer') else 'none'} | |".replace(
            "prove_none", f"{topic}_amount"
        )
        yield f"| {topic}_amount | filled | | {topic}_look | |"
        yield f"| {topic}_look | ok | {topic}_read.count = 0 | {topic}_amount | clear {topic}_sum |"
        yield f"| {topic}_look | ok | | {topic}_tell | |"
        yield f"| {topic}_look | failed, timeout | | human | |"
        yield f"| {topic}_tell | yes | | {topic}_more | emit {topic}_done |"
        yield f"| {topic}_tell | no | | {topic}_amount | clear {topic}_sum |"
        yield f"| {topic}_more | yes | | menu | |"
        yield f"| {topic}_more | no | | bye | |"
        yield f'| {topic} | "[the] wrong {topic}" | | {topic}_which | clear {topic}_kind |'
    for topic in ("loan", "transfer"):
        yield f"| prove_{topic} | ended proved | | {topic}_amount | |"
        yield f"| prove_{topic} | ended doubt | | human | |"
    yield "| human | ok | | passed | |"
    yield "| human | failed, timeout | | sorry | |"
    yield '| advice | llm "the caller has understood" | | menu | |'
    yield '| menu | llm "the caller wants to know how to save" | | advice | |'
    yield "| any | repeat | | stay | say last |"
    yield '| any but human | "what are your opening hours" | | stay | say hours |'
    yield "| any | operator, press 0 | | human | |"
    yield "| any | out_of_tries | | human | |"
    yield "| any but human | start_over | | menu | clear all |"
    yield "| any | goodbye, hung_up | | bye | |"


def _states() -> Iterator[str]:
    yield '[states.hello]\nsay = "Harbour bank."\n[states.menu]\nsay = "Card, transfer, loan, account or app?"'
    for topic in TOPICS:
        yield f'[states.{topic}_which]\nask = "{topic}_kind"\nsay = "Old or new?"'
        yield f'[states.{topic}_amount]\nask = "{topic}_sum"\nsay = "How much is it about?"'
        yield f'[states.{topic}_look]\ncall = "{topic}_read"'
        yield f'[states.{topic}_tell]\nsay = "I found {{{topic}_read.count}}. Is that right?"'
        yield f'[states.{topic}_more]\nsay = "Anything else?"'
    yield '[states.prove_loan]\nrun = "prove"\n[states.prove_transfer]\nrun = "prove"'
    yield '[states.advice]\ntalk = "Explain savings plans."\n[states.human]\nsay = "One moment."\nhandoff = "queue:bank"'
    yield '[states.passed]\nend = "handed_off"\n[states.sorry]\nend = "failed"\n[states.bye]\nsay = "Goodbye."\nend = "done"'


def _rest() -> Iterator[str]:
    for topic in TOPICS:
        yield f"[groups.{topic}]\nstates = [{', '.join(f'{chr(34)}{topic}_{step}{chr(34)}' for step in STEPS)}]"
        yield f'[slots.{topic}_kind]\ntype = "choice"\n[slots.{topic}_kind.values]\nold = "old"\nnew = "new"'
        yield f'[slots.{topic}_sum]\ntype = "number"\nrange = "1..999"'
        yield f'[tools.{topic}_read]\nargs = ["{topic}_sum"]\nreturns = {{ count = "number" }}\nexample = {{ count = 1 }}'


def forty() -> str:
    """The text of the top file; its sub-flow is in :data:`FILES`."""
    head = 'flow = "bank"\nversion = 1\nlang = "en-US"\nstart = "hello"\nflows = { prove = "prove.toml" }\n'
    rows = "\n".join(["| in | on | when | to | do |", "|----|----|------|----|----|", *_rows()])
    prompts = '[prompts]\nhours = "From nine to five."'
    return "\n".join([head, f"[rows]\nmain = '''\n{rows}\n'''", prompts, *_states(), *_rest()]) + "\n"


FILES: Mapping[str, str] = {"prove.toml": PROVE}
