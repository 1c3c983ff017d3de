"""The flows that drawings are tested with: one that has a bit of everything, one whose texts are hostile, and the examples."""

from __future__ import annotations

from pathlib import Path

import attrs

from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.machine.flatten import flatten
from fsm_agents.flows.notation.folder import read_flow, read_text
from fsm_agents.flows.spec import FlowSpec, RowSpec
from fsm_agents.flows.syntax import Emit, Function, Goto, Inside, Llm, Named, Prompt, SayText, Text
from tests.flows.draw.forty import FILES, forty

__all__ = ["EVIL", "EXAMPLES", "bank", "example", "hostile", "sampler", "trunk"]

EXAMPLES = ("pizza", "appointment", "support")
EVIL = "</script><script>alert(1)</script> \"x\"; y: z #1 %% --> @FLOW@ &amp; <b>{'a'}\\n \u202ebad\u202c \x01 `c` |d|"
"""What a stranger may write into a prompt: markup, separators of each notation, marks of the page's own template, letters that turn."""

ID = """flow = "who"
version = 2
lang = "en-US"
start = "phone"

[rows]
main = '''
| in    | on           | to    | do |
|-------|--------------|-------|----|
| phone | filled       | found |    |
| any   | out_of_tries | lost  | say "That did not work." |
'''

[slots.phone]
type = "digits"
length = "7..11"

[states.phone]
ask = "phone"
say = "Your phone number?"
[states.found]
end = "found"
[states.lost]
end = "nobody"
"""

SAMPLER = """flow = "sampler"
version = 7
lang = "en-US"
start = "hello"
flows = { who = "who.toml" }
events = ["closed"]
conditions = ["open_now"]

[rows]
main = '''
| in      | on                                   | when                                             | to         | do |
|---------|--------------------------------------|--------------------------------------------------|------------|----|
| hello   | said                                 |                                                  | size       |    |
| size    | "{size} please", press 1             | not open_now or size in (small, large) and tries > 1 | next   | set paid = yes; set size = small |
| size    | filled                               | size = small                                     | work       |    |
| size    | filled                               |                                                  | ident      |    |
| size    | no_input 2+                          |                                                  | again      | say menu |
| size    | no_input                             |                                                  | stay       |    |
| size    | after 40s                            |                                                  | size       |    |
| ident   | ended found                          |                                                  | work       |    |
| ident   | ended nobody                         |                                                  | size       |    |
| ident   | "never mind"                         |                                                  | size       | clear size |
| work    | ok                                   | find.note = "a b"                                | chat       | set note = find.note |
| work    | ok                                   |                                                  | chat       |    |
| work    | failed, timeout                      |                                                  | bye        |    |
| chat    | llm "the caller is done" sets note   |                                                  | bye        |    |
| chat    | llm "the caller wants a person with a very long explanation of why" | find.count != 2   | person     |    |
| person  | ok                                   |                                                  | bye        |    |
| person  | failed, timeout                      |                                                  | bye        |    |
| talking | "talk to me in many more words than a label could ever show", interrupted, help, operator, press 9 | | chat | clear all; say last |
| shop    | "thanks"                             |                                                  | back       |    |
| any     | "where is the shop"                  |                                                  | visit shop |    |
| any but (chat, talking) | goodbye, hung_up     |                                                  | bye        | emit gone |
| any but chat | closed                          | open_now                                         | bye        |    |
| any     | repeat                               |                                                  | stay       | say last |
'''

[groups.talking]
states = ["hello", "size"]

[prompts]
menu = "Small or large."
unused = "Nobody says this."

[slots.size]
type = "choice"
says = "[a] {}"
invalid = "We have small and large."
[slots.size.values]
small = "small / tiny"
large = "large"
[slots.paid]
type = "yesno"
[slots.note]
type = "text"
invalid = "Too long."
[slots.pick]
type = "choice"
values_from = "find.all"
[slots.count]
type = "number"
range = "1..9"

[tools.find]
args = ["size"]
returns = { note = "text", count = "number", all = "list" }
example = { note = "x", count = 1, all = ["a"] }

[states.hello]
say = { audio = "hello.wav", text = "Hello." }
[states.size]
ask = "size"
say = "Which size?"
again = "Which size, then?"
retry = ["Small?", "Large?"]
no_match = ["What?"]
[states.ident]
run = "who"
[states.work]
call = "find"
wait = ["Still at it."]
[states.chat]
talk = "Be kind."
tools = ["find"]
[states.person]
say = "One moment."
handoff = "queue:shop"
[states.pick]
ask = "pick"
say = "Which one?"
[states.count]
ask = "count"
[states.shop]
say = "At the harbour."
[states.bye]
say = "Goodbye[, {note}]."
end = "done"
"""


def sampler() -> FlatFlow:
    """A bit of everything."""
    return flatten(read_text(SAMPLER, files={"who.toml": ID}).spec)


def example(name: str) -> FlatFlow:
    """A flow of the examples."""
    return flatten(read_flow(Path(__file__).parents[3] / "examples" / "flows" / f"{name}.toml").spec)


def bank() -> FlatFlow:
    """Forty states."""
    return flatten(read_text(forty(), files=FILES).spec)


def hostile() -> FlatFlow:
    """Texts that no notation would let through everywhere, put in behind its back."""
    spec = read_text(SAMPLER, files={"who.toml": ID}).spec
    prompt = Prompt((Text(EVIL),), audio=EVIL)
    states = {name: attrs.evolve(state, say=prompt) for name, state in spec.states.items()}
    states["bye"] = attrs.evolve(states["bye"], end=EVIL)
    states["person"] = attrs.evolve(states["person"], handoff=EVIL)
    states["chat"] = attrs.evolve(states["chat"], talk=EVIL)
    states[EVIL] = attrs.evolve(states["shop"], name=EVIL)
    bad = [
        RowSpec(Inside((EVIL,)), (Llm(EVIL),), Goto("bye"), Function(EVIL, bool), (SayText(prompt), Emit(EVIL))),
        RowSpec(Inside(anywhere=True, but=(EVIL,)), (Named(EVIL),), Goto(EVIL), None, (Function(EVIL, dict),)),
    ]
    slots = {name: attrs.evolve(slot, invalid=prompt) for name, slot in spec.slots.items()}
    return flatten(
        attrs.evolve(spec, name=EVIL, states=states, slots=slots, prompts={"menu": prompt, EVIL: prompt}, rows=(*spec.rows, *bad))
    )


def trunk(states: int) -> FlatFlow:
    """One state after the other: a flow as long as wanted."""
    prompt = Prompt((Text("Next?"),))
    made = {f"s{n}": attrs.evolve(_STATE, name=f"s{n}", say=prompt, end="" if n < states - 1 else "done") for n in range(states)}
    rows = tuple(RowSpec(Inside((f"s{n}",)), (Named("said"),), Goto(f"s{n + 1}")) for n in range(states - 1))
    return flatten(FlowSpec("trunk", 1, "en-US", "s0", rows, made))


_STATE = read_text(ID).spec.states["found"]
