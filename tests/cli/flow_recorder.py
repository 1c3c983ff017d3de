"""Records calls of a flow as a session would: events in, a log out, no clock but the one that a test moves."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.effects import AskModel, CallTool, HandOver
from fsm_agents.flows.machine.events import Begun, Failed, HungUp, KeyPressed, PromptHeard, Proposed, SilenceLasted, Succeeded
from fsm_agents.flows.words.recogniser import Parse
from fsm_agents.flows.words.types import Moment
from fsm_agents.fsm.engine import Due
from fsm_agents.observe.flow_calls import FlowLog

__all__ = ["BEGAN", "DRINKS", "OPEN", "Recorded", "drinks", "lines_of", "ordered"]

OPEN = (("open_now", True),)
"""The host's condition, as the events of a call bring it."""

BEGAN = datetime.datetime(2026, 11, 23, 12, 4, 20, tzinfo=datetime.UTC)

DRINKS = """flow    = "drinks"
version = 1
lang    = "en-US"
start   = "welcome"
conditions = ["open_now"]

[rows]
main = '''
| in      | on                    | when                   | to     | do                |
|---------|-----------------------|------------------------|--------|-------------------|
| welcome | said                  |                        | count  |                   |
| count   | filled                | count > 6              | many   |                   |
| count   | filled                |                        | drink  |                   |
| count   | "how many can i have" | open_now               | stay   | say most          |
| many    | yes                   |                        | drink  |                   |
| many    | no                    |                        | count  | clear count       |
| drink   | filled                |                        | name   |                   |
| drink   | "what do you have"    |                        | stay   | say menu          |
| name    | filled                |                        | making |                   |
| making  | ok                    | make.minutes > 30      | sorry  |                   |
| making  | ok                    |                        | done   | emit ordered      |
| making  | failed, timeout       |                        | sorry  |                   |
| any     | repeat                |                        | stay   | say last          |
| any but making | goodbye        |                        | left   |                   |
| any     | out_of_tries          |                        | sorry  |                   |
'''

[prompts]
most = "Six."
menu = "Coffee, tea and water."

[slots.count]
type    = "number"
range   = "1..20"
invalid = "From one to twenty."

[slots.drink]
type = "choice"
[slots.drink.values]
coffee = "coffee / espresso"
tea    = "[green] tea"
water  = "water"

[slots.name]
type  = "text"
words = "1..4"

[tools.make]
args    = ["count", "drink", "name"]
returns = { minutes = "number" }
timeout = "8s"
example = { minutes = 3 }

[states.welcome]
say = "Hello."
[states.count]
ask   = "count"
say   = "How many?"
retry = ["How many, please?"]
[states.many]
say   = "{count} take an hour. Is that all right?"
retry = ["Yes or no?"]
[states.drink]
ask   = "drink"
say   = "Which drink?"
retry = ["Coffee, tea or water?"]
[states.name]
ask   = "name"
say   = "And your name?"
retry = ["Your name?"]
[states.making]
call = "make"
[states.done]
say = "In {make.minutes} minutes, {name}."
end = "ordered"
[states.sorry]
say = "Sorry."
end = "failed"
[states.left]
end = "left"
"""


def drinks(folder: Path, name: str = "drinks.toml", *changes: tuple[str, str]) -> Path:
    """The flow in a file, with pieces of its text replaced."""
    text = DRINKS
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


class Recorded:
    """One call, being recorded."""

    def __init__(self, flow: Flow | Path, call: str = "", *, facts: tuple[tuple[str, bool], ...] = (), ears: str = "") -> None:
        self.flow = flow if isinstance(flow, Flow) else Flow.load(flow)
        self.lines: list[str] = []
        self.log = FlowLog(self.flow, self.lines.append, began=BEGAN, call=call, ears=ears)
        self.data = self.flow.start()
        self.facts = facts
        self.now = 0
        self.arms: list[tuple[int, Any]] = []
        self.effects: list[Any] = []
        self.log.begin(self.data)
        self.post(Begun(facts))

    def post(self, event: object) -> Recorded:
        """It happens, half a second later."""
        self.now += 500_000
        step = self.flow.step(self.data, event)
        self.log.add(self.now, step, self.data)
        self.effects += step.effects
        self.arms += [(self.now + arm.delay, arm) for arm in step.arms]
        return self

    def heard(self, *texts: str) -> Recorded:
        """The caller says these, one after the other."""
        for text in texts:
            event = self.flow.heard(self.data, text, Moment(BEGAN.date(), BEGAN.time()))
            self.post(type(event)(event.text, event.parses, self.facts))
        return self

    def pressed(self, keys: str) -> Recorded:
        for key in keys:
            self.post(KeyPressed(key, self.facts))
        return self

    def silence(self, times: int = 1) -> Recorded:
        for _ in range(times):
            self.post(SilenceLasted(self.facts))
        return self

    def prompt_heard(self) -> Recorded:
        return self.post(PromptHeard(self.facts))

    def hung_up(self) -> Recorded:
        return self.post(HungUp(self.facts))

    def returned(self, **fields: Any) -> Recorded:
        """The tool or the hand-off that is waited for succeeds."""
        return self.post(Succeeded(self._number(CallTool, HandOver), tuple(fields.items()), self.facts))

    def failed(self) -> Recorded:
        return self.post(Failed(self._number(CallTool, HandOver), "TimeoutError", self.facts))

    def judged(self, *texts: str, words: str = "", **sets: Any) -> Recorded:
        """The model chooses the edges with these texts."""
        asked = next(each for each in reversed(self.effects) if isinstance(each, AskModel))
        parses = tuple(Parse(offer.edge, tuple(sets.items())) for offer in asked.offers if offer.text in texts)
        return self.post(Proposed(asked.number, parses, words, facts=self.facts))

    def timer(self, name: str) -> Recorded:
        """The timer of that name fires when it is due."""
        due, arm = next(pair for pair in reversed(self.arms) if pair[1].timer == name)
        self.now = due - 500_000 + 20_000
        return self.post(Due(arm.machine, arm.timer, arm.epoch))

    def _number(self, *kinds: type[Any]) -> int:
        return int(next(each.number for each in reversed(self.effects) if isinstance(each, kinds)))

    def write(self, path: Path) -> Path:
        """The log as a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(self.lines), encoding="utf-8")
        return path


def ordered(flow: Flow | Path, call: str = "", *, count: str = "two", drink: str = "tea", name: str = "anna") -> Recorded:
    """A call in which everything goes well."""
    made = Recorded(flow, call, facts=(("open_now", True),)).prompt_heard().heard(count, drink, name)
    return made.returned(minutes=3)


def lines_of(recorded: Recorded) -> list[str]:
    """The log as lines."""
    return "".join(recorded.lines).splitlines()
