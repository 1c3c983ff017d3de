"""Flows that the tests of this folder talk to, and what they bind them to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel

from fsm_agents.flows.flow import Flow
from fsm_agents.session.flows.text import Out, Said
from tests.session.flows.spoken import loaded

__all__ = ["CLINIC", "HELPDESK", "NOW", "PIN", "clinic", "helpdesk", "noon", "said", "takes"]

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

CLINIC = """
flow    = "clinic"
version = 1
lang    = "en-US"
start   = "welcome"
events  = ["closed"]

[rows]
main = '''
| in              | on                 | when       | to      | do                                           |
|-----------------|--------------------|------------|---------|----------------------------------------------|
| welcome         | said               |            | service |                                              |
| service         | filled             |            | confirm |                                              |
| confirm         | yes                |            | booking |                                              |
| confirm         | no                 |            | service | clear service                                |
| confirm         | after 40s          |            | stay    | say "Are you still there?"                   |
| booking         | ok                 | book.taken | service | clear service; say "That one has just gone." |
| booking         | ok                 |            | done    | emit booked                                  |
| booking         | failed, timeout    |            | human   | say "I could not book it."                   |
| human           | ok                 |            | passed  |                                              |
| human           | failed, timeout    |            | sorry   |                                              |
| any             | repeat             |            | stay    | say last                                     |
| any             | out_of_tries       |            | human   |                                              |
| any but booking | operator, press 0  |            | human   |                                              |
| any but booking | closed             |            | sorry   |                                              |
'''

[slots.service]
type = "choice"
[slots.service.values]
checkup  = "check up / checkup"
cleaning = "[teeth] cleaning"
[slots.service.keys]
1 = "checkup"
2 = "cleaning"

[tools.book]
args    = ["service"]
returns = { taken = "yesno" }
timeout = "8s"
once    = true
example = { taken = false }

[states.welcome]
say = "Harbour dental practice."
[states.service]
ask   = "service"
say   = "A check up or a cleaning?"
retry = ["Say check up, or cleaning."]
[states.confirm]
say = "{service}. Shall I book it?"
[states.booking]
call = "book"
wait = ["Nearly there."]
[states.human]
say     = "I'll put you through."
handoff = "queue:desk"
carry   = ["service"]
timeout = "45s"
[states.done]
say = "Booked: {service}."
end = "booked"
[states.passed]
end = "handed_off"
[states.sorry]
say = "Please call again."
end = "failed"
"""

HELPDESK = """
flow    = "helpdesk"
version = 1
lang    = "en-US"
start   = "menu"

[rows]
main = '''
| in    | on                                        | to    | do               |
|-------|-------------------------------------------|-------|------------------|
| menu  | "[my] bill"                               | bill  |                  |
| menu  | llm "it is about money" sets day          | bill  |                  |
| menu  | llm "the line is slow"                    | talk  |                  |
| talk  | llm "it works again"                      | good  |                  |
| talk  | llm "it does not help"                    | human | set reason = bad |
| good  | yes                                       | bye   |                  |
| good  | no                                        | talk  |                  |
| bill  | yes                                       | bye   |                  |
| bill  | no                                        | menu  |                  |
| human | ok                                        | bye   |                  |
| human | failed, timeout                           | bye   |                  |
| any   | llm "the caller is angry"                 | human | set reason = mad |
| any   | out_of_tries                              | human |                  |
| any   | goodbye                                   | bye   |                  |
'''

[slots.day]
type   = "date"
future = "90d"
[slots.customer]
type   = "digits"
length = "6"
[slots.reason]
type = "choice"
[slots.reason.values]
bad = "bad"
mad = "mad"

[tools.line_status]
args    = ["customer"]
returns = { up = "yesno" }
timeout = "6s"
example = { up = true }
[tools.refund]
args = ["customer"]

[states.menu]
say   = "Is it about your bill or your line?"
retry = ["Your bill, or your line?"]
[states.bill]
say   = "[On {day}: ]Forty two dollars. Fine?"
[states.talk]
say   = "Let's have a look."
talk  = "Guide the caller through a restart. Never promise a refund."
tools = ["line_status"]
turns = 3
[states.good]
say = "So it works again?"
[states.human]
say     = "A colleague will help."
handoff = "queue:support"
carry   = ["reason"]
[states.bye]
say = "Goodbye."
end = "done"
"""

PIN = """
flow    = "bank"
version = 1
lang    = "en-US"
start   = "pin"

[rows]
main = '''
| in   | on                                   | to   |
|------|--------------------------------------|------|
| pin  | filled                               | talk |
| pin  | out_of_tries                         | bye  |
| talk | llm "the caller is done" sets note   | bye  |
| talk | out_of_tries                         | bye  |
| any  | llm "the caller is angry"            | bye  |
'''

[slots.pin]
type   = "digits"
length = "4"
secret = true
[slots.note]
type = "text"

[tools.balance]
args    = ["pin"]
returns = { owner = "text" }

[states.pin]
ask = "pin"
say = "Your four digit code?"
[states.talk]
say   = "Thank you, code {pin:last4}. How can I help?"
talk  = "Help with the account."
tools = ["balance"]
[states.bye]
say = "Goodbye."
end = "done"
"""


def clinic(
    book: Callable[..., Any] | None = None, hand_off: Callable[..., Any] | None = None, *, once: bool = True, text: str = CLINIC
) -> Flow:
    """The clinic, whose tool is ``book``; without one it answers that the time is free."""

    async def free(service: str) -> dict[str, bool]:
        await anyio.lowlevel.checkpoint()
        return {"taken": False}

    flow = loaded(text if once else text.replace("once    = true", "once    = false"))
    return flow.bind({"book": book or free}, hand_offs={"queue": hand_off} if hand_off else None)


def helpdesk(line_status: Callable[..., Any] | None = None, refund: Callable[..., Any] | None = None) -> Flow:
    """The help desk; nobody may ever call ``refund``."""

    def up(customer: str) -> bool:
        return True

    def never(customer: str) -> None:
        raise AssertionError("refund was called")

    return loaded(HELPDESK).bind({"line_status": line_status or up, "refund": refund or never})


def said(outs: list[Out]) -> list[str]:
    """The words of what was said."""
    return [out.text for out in outs if isinstance(out, Said)]


def noon() -> datetime:
    """A Monday in November, at noon."""
    return NOW


async def takes(seconds: float) -> None:
    """Until so many seconds have passed."""
    await anyio.sleep_until(anyio.current_time() + seconds)
