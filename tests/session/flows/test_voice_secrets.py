"""No secret is kept anywhere, by whichever side it was said, and whenever: history, both step logs, what is stored, what a model reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, ConversationFlow
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.jobs.recording import Recording
from fsm_agents.pipelines.playback import Utterance
from fsm_agents.session.flows.privacy import secret_ahead
from fsm_agents.stages.base import SpeechChunk
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.flows.kept import kept
from tests.session.flows.spoken import asked, call, flow_of, turn

pytestmark = pytest.mark.anyio

KEY = bytes(range(16))
BANK = '''
flow    = "bank"
version = 1
start   = "menu"
events  = ["fraud"]
[rows]
main = """
| in              | on                  | to     | do |
|-----------------|---------------------|--------|----|
| menu            | "[my] balance"      | look   |    |
| menu            | "[my] phone number" | number |    |
| number          | filled              | ask    |    |
| look            | ok, failed, timeout | ask    |    |
| ask             | filled              | tell   |    |
| tell            | yes                 | bye    |    |
| tell            | repeat              | stay   | say last |
| any but (look)  | fraud               | ask    |    |
| any but (look)  | out_of_tries        | bye    |    |
"""
[slots.pin]
type = "digits"
length = "4"
secret = true
[slots.phone]
type = "digits"
length = "5"
[tools.find]
[states.menu]
say = "How can I help?"
[states.number]
ask = "phone"
say = "Your number?"
[states.look]
call = "find"
timeout = "8s"
[states.ask]
ask = "pin"
say = "Your pin?"
[states.tell]
say = "The pin ends with {pin:last4}, and four eight is no secret. Right?"
[states.bye]
say = "Thank you."
end = "done"
'''
ON = """[states.on]
say     = "I put you through."
handoff = "agent:listener"
[states.over]
end = "handed_on"
[states.bye]"""
DESK = '''
flow    = "desk"
version = 1
start   = "what"
events  = ["now"]
[rows]
main = """
| in   | on                  | to   |
|------|---------------------|------|
| what | now                 | on   |
| on   | ok, failed, timeout | over |
| what | out_of_tries        | over |
"""
[states.what]
say = "What is it about?"
[states.on]
handoff = "flow:bank"
[states.over]
end = "handed_on"
'''
SPOKEN = "The pin ends with four eight two nine, and four eight is no secret. Right?"
KEPT = "The pin ends with ***, and four eight is no secret. Right?"


def bank(find: Any = lambda: None) -> Flow:
    return flow_of(BANK, tools={"find": find})


def recorded(folder: Path) -> Agent:
    class Recorded(Agent):
        async def on_enter(self) -> None:
            Recording(self.session, folder)

    return Recorded()


def written(folder: Path) -> str:
    return kept("".join(path.read_text() for path in folder.glob("*") if path.suffix in (".jsonl", ".html", ".txt", ".json")))


async def test_a_secret_that_is_spoken_is_heard_and_not_kept(tmp_path: Path) -> None:
    """It stands in the template where a secret is: its words are hidden there, and the same words elsewhere are not."""
    led = ConversationFlow(bank())
    words = ["balance", "four eight two nine", "repeat", "yes"]
    async with call(led, *words, agent=recorded(tmp_path)) as s:
        await asked(s, "How can I help?")
        await turn(s)
        await asked(s, "Your pin?")
        await turn(s)
        await asked(s, SPOKEN)
        assert "eight two nine" not in kept(led.save())
        await turn(s)
        await s.until(lambda: s.heard().count(SPOKEN) == 1 and len(s.said()) == 4)
        await turn(s)
        assert await s.session.wait_closed() == "done"
    assert s.said() == ["How can I help?", "Your pin?", KEPT, KEPT, "Thank you."]
    everything = written(tmp_path)
    assert "The pin ends with ***" in everything
    assert "two nine" not in everything
    assert "4829" not in everything


def test_of_a_line_that_was_cut_only_what_was_heard_is_kept() -> None:
    pieces = (("The pin is ", "The pin is "), ("***", "four eight two nine"), (", right?", ", right?"))
    said = Utterance(1, "The pin is ***, right?", (8000, 8000), say=1, pieces=pieces)
    assert said.words == "The pin is four eight two nine, right?"
    said.feed(SpeechChunk(bytes(2 * 100 * len(said.words))))
    said.finish()
    seen = []
    for heard in (0, 5, 12, 20, 27, 30, 33, len(said.words)):
        said.pulled = heard * 100
        seen.append(said.heard())
    assert seen[:4] == ["", "The", "The pin is", "The pin is ***"]
    assert seen[4:] == ["The pin is ***", "The pin is ***", "The pin is ***,", "The pin is ***, right?"]


async def test_a_pin_that_is_said_before_it_is_asked_for(tmp_path: Path) -> None:
    """The words come while a tool is at work, and are told in the state behind it, which asks for a secret."""
    done = anyio.Event()
    stt = FakeSTT(["balance", "four eight two nine"])

    async with call(ConversationFlow(bank(done.wait)), agent=recorded(tmp_path), stt=stt) as s:
        await asked(s, "How can I help?")
        await turn(s)
        await s.until(lambda: s.session.conversation_flow.state == "look")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(turn, s)
            await s.until(lambda: s.session._talk.heard)
            assert s.session.conversation_flow.state == "look"
            done.set()  # between the words and the end of the turn
        await s.caller.wait(1)
        await s.until(lambda: SPOKEN in s.heard())
        await s.label("listening")
    assert s.said("user") == ["balance", "(hidden)"]
    for word in ("4829", "two nine"):
        assert word not in written(tmp_path)


async def test_what_turns_out_to_be_no_secret_is_kept() -> None:
    """Words that might have been told where a pin is asked for, and were told elsewhere: history has them."""
    async with call(bank(), "phone number", "five five five one two") as s:
        await asked(s, "How can I help?")
        await turn(s)
        await asked(s, "Your number?")
        await turn(s)
        await asked(s, "Your pin?")
    assert s.said("user") == ["phone number", "five five five one two"]
    assert s.session.conversation_flow.slots == {"phone": "55512"}


CLOSES = BANK.replace('"fraud"]', '"fraud", "closing"]').replace(
    "| any but (look)  | out", "| any but (look)  | closing | bye | |\n| any but (look)  | out"
)


@pytest.mark.parametrize("event", ["closing", "fraud"])
@pytest.mark.parametrize("interim", [True, False])
async def test_a_pin_whose_words_come_when_nobody_waits_for_them_any_more(tmp_path: Path, event: str, interim: bool) -> None:
    """It was being said where a pin is asked for: that the host ends the flow, or asks anew, makes it no less secret."""
    stt = FakeSTT(["balance", "four eight two nine", "four eight two nine"], interim=interim, delay=0.6)
    led = ConversationFlow(flow_of(CLOSES, tools={"find": lambda: None}))
    async with call(led, agent=recorded(tmp_path), stt=stt) as s:
        await asked(s, "How can I help?")
        await turn(s)
        await asked(s, "Your pin?")
        await s.caller.speak(0.6)
        await led.send_event(event)
        if event == "closing":
            assert await s.session.wait_closed() == "done"
        else:
            await s.caller.wait(3)
    for word in ("4829", "eight two", "two nine"):
        assert word not in written(tmp_path) + repr(s.session.history.export())


class Listener(Agent):
    """Takes over, and answers with a model."""

    def __init__(self) -> None:
        super().__init__("You listen.")


async def test_a_pin_that_is_said_while_an_agent_takes_over() -> None:
    """It was asked for by the flow; the model of the agent is not to read it."""
    text = BANK.replace(
        "| any but (look)  | fraud               | ask ",
        "| on | ok, failed, timeout | over | |\n| any but (look, on) | fraud | on",
    )
    llm = FakeLLM(["I listen.", "I listen."])
    flow = flow_of(text.replace("[states.bye]", ON), tools={"find": lambda: None})
    led = ConversationFlow(flow, agents={"listener": Listener()})
    stt = FakeSTT(["balance", "four eight two nine"], interim=False, delay=3.0)
    async with call(led, stt=stt, llm=llm) as s:
        await asked(s, "How can I help?")
        await turn(s)
        await asked(s, "Your pin?")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(turn, s)
            await s.caller.wait(0.3)
            await led.send_event("fraud")
        await s.until(lambda: led.outcome == "handed_on")
        await s.caller.wait(5)
    shown = repr(s.session.history.export()) + repr(llm.asked)
    assert "eight two" not in shown
    assert "(hidden)" in shown


async def test_a_pin_that_is_said_when_another_flow_is_about_to_ask_for_it(tmp_path: Path) -> None:
    """The words are there before the flow that asks for a pin begins, and are told to it."""
    desk = flow_of(DESK)
    asks = flow_of(
        BANK.replace('start   = "menu"', 'start   = "ask"').replace(
            "| tell            | repeat", "| tell | no | menu | |\n| tell | repeat"
        ),
        tools={"find": lambda: None},
    )
    led = ConversationFlow(desk, flows={"bank": asks})
    async with call(led, "four eight two nine", agent=recorded(tmp_path)) as s:
        await asked(s, "What is it about?")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(turn, s)
            await s.until(lambda: s.session._talk.heard)
            await led.send_event("now")
        await s.caller.wait(6)
        assert s.said("user") == ["(hidden)"]
    for word in ("4829", "eight two", "two nine"):
        assert word not in written(tmp_path) + repr(s.session.history.export())


@pytest.mark.parametrize("state", ["menu", "number", "look", "ask", "tell"])
def test_where_a_secret_may_be_told_without_another_word(state: str) -> None:
    flow = bank()
    assert secret_ahead(flow, flow.flat.states[state])  # by an event of the host, by keys, by a tool
    quiet = flow_of(
        BANK.replace('events  = ["fraud"]\n', "").replace("any but (look)  | fraud ", "tell | no "), tools={"find": lambda: None}
    )
    assert secret_ahead(quiet, quiet.flat.states[state]) == (state in ("number", "look", "ask"))


async def test_a_stored_call_asks_for_its_secret_again() -> None:
    """Where the code may be spoken: the caller is asked for it, by voice too, and told where they were."""
    led = ConversationFlow(bank())
    async with call(led, "balance", "four eight two nine") as s:
        await asked(s, "How can I help?")
        await turn(s)
        await asked(s, "Your pin?")
        await turn(s)
        await asked(s, SPOKEN)
        saved = led.save(key=KEY)
    again = ConversationFlow.restore(bank(), saved, key=KEY)
    async with call(again, "one two three four") as s:
        await asked(s, "Your pin?")
        assert again.state == "ask"
        await turn(s)
        await asked(s, SPOKEN.replace("four eight two nine", "one two three four"))
    with pytest.raises(FlowError, match="F808"):
        ConversationFlow.restore(bank(), saved, key=bytes(16))
