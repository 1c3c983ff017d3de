"""The demo's table and words: every phrase is understood, every cell is decided, and the flow speaks with any voice."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

import fsm_agents.cli
from fsm_agents import AgentSession, CascadingPipeline
from fsm_agents.cli.demo_agent import PizzaAgent, PizzaFlow
from fsm_agents.cli.demo_flow import (
    DEMO,
    ORDERING,
    Agreed,
    ChangeAsked,
    CountGiven,
    GoodbyeSaid,
    HelpAsked,
    Named,
    NotUnderstood,
    Order,
    Ordered,
    Ordering,
    Prompt,
    SilenceLasted,
    SizeGiven,
)
from fsm_agents.cli.demo_words import EXPECTS, goodbye, pizzas, sentence, understood
from fsm_agents.fsm.check import check, check_explored
from fsm_agents.fsm.explore import World, explore
from fsm_agents.plugins.local.phrases import PhraseSet
from fsm_agents.rooms.wav import Caller, WavRoom
from fsm_agents.testing.fakes import FakeSTT, FakeTTS, FakeVAD

SAID = [
    ("ORDER", "two large pizzas with mushrooms please", Ordered(2, "large", "mushrooms")),
    ("ORDER", "i want a pizza", Ordered(1, "", "")),
    ("ORDER", "six pizzas with ham", Ordered(6, "", "ham")),
    ("ORDER", "two large", NotUnderstood("two large")),
    ("ORDER", "yes", NotUnderstood("yes")),
    ("NAME", "my name is anna", Named("anna")),
    ("NAME", "peter", Named("peter")),
    ("CONFIRM", "yes please", Agreed()),
    ("CONFIRM", "stop i want to change it", ChangeAsked()),
    ("CONFIRM", "i want to change it", ChangeAsked()),
    ("CHANGE", "make it three", CountGiven(3)),
    ("CHANGE", "make them small", SizeGiven("small")),
    ("DONE", "thank you goodbye", GoodbyeSaid()),
    ("DONE", "thank you", GoodbyeSaid()),
    ("NAME", "goodbye", GoodbyeSaid()),
    ("CHANGE", "help", HelpAsked()),
    ("ENDED", "goodbye", NotUnderstood("goodbye")),
    ("NAME", "", NotUnderstood("")),
]


@pytest.mark.parametrize(("state", "text", "event"), SAID, ids=lambda part: part if isinstance(part, str) else "")
def test_what_is_said_is_understood_as_the_state_expects_it(state: str, text: str, event: object) -> None:
    assert understood(Ordering[state], text) == event


def test_the_table_has_no_problem() -> None:
    assert check(ORDERING, joint=DEMO) == []


def sentences(state: Ordering) -> Iterator[str]:
    """Every sentence of up to six words that a state expects, shortest first."""
    phrases = PhraseSet(EXPECTS[state])
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        words = waiting.pop(0)
        node = phrases.walk(words, phrases.start)
        assert node is not None
        if node.accepts:
            yield " ".join(words)
        for word in phrases.nodes[node] if len(words) < 6 else ():
            waiting.append((*words, word))


def test_exploring_reaches_every_state_and_takes_every_row_and_nothing_that_never_comes() -> None:
    """The events offered in a state are what its phrases can mean, whatever is said, and silence."""
    said = {state: {understood(state, text) for text in sentences(state)} for state in Ordering if EXPECTS[state]}

    def stimuli(order: Order) -> Iterator[object]:
        state: Ordering = order.cell("demo").state
        yield from said.get(state, ())
        yield from (NotUnderstood("hm"), SilenceLasted())

    report = explore(World(DEMO, lambda: DEMO.start(Order()), stimuli, lambda order: order.silences))
    assert report.findings == []
    assert check_explored(DEMO, report) == []


def test_every_prompt_has_words_in_every_state_in_which_it_is_spoken() -> None:
    order = DEMO.start(Order(count=2, size="large", topping="ham", name="anna"))
    for prompt in Prompt:
        for state in Ordering:
            words = sentence(prompt, state, order)
            assert prompt is Prompt.HELP or words.strip()
            assert "{" not in words


def test_an_order_is_read_back_in_words() -> None:
    assert pizzas(Order(count=1, topping="ham")) == "one pizza with ham"
    assert pizzas(Order(count=3, size="small")) == "three small pizzas with cheese"
    assert (goodbye(Order()), goodbye(Order(name="ben"))) == ("Goodbye!", "Goodbye, Ben!")


def test_the_recordings_expect_what_the_flow_expects() -> None:
    """The recogniser was measured with the phrases of ``transcript.toml``: they are those that a call uses."""
    text = (Path(fsm_agents.cli.__file__).parent / "demo_voice" / "transcript.toml").read_text(encoding="utf-8")
    for name, line in tomllib.loads(text)["lines"].items():
        state = Ordering[line["state"].upper()]
        assert tuple(line["expects"]) == EXPECTS[state], name
        assert not isinstance(understood(state, line["text"]), NotUnderstood), name


async def call(script: object, *words: str | None) -> tuple[PizzaFlow, AgentSession]:
    """A call on scripted stages: what the caller's segments say is given."""
    flow = PizzaFlow()
    pipeline = CascadingPipeline(stt=FakeSTT(words), tts=FakeTTS(), vad=FakeVAD())
    session = AgentSession(PizzaAgent(flow.order), pipeline, flow, 4.0, room=WavRoom(script, linger=60))  # type: ignore[arg-type]
    session.on_wake_up = flow.wake_up
    async with session:
        await session.wait_closed()
    return flow, session


@pytest.mark.anyio
async def test_a_caller_who_never_answers_is_asked_twice_and_then_left() -> None:
    async def silent(caller: Caller) -> None:
        await anyio.sleep_forever()

    flow, session = await call(silent)
    assert flow.state is Ordering.ABANDONED
    assert session.close_reason == "nobody answered any more"
    said = [item.text for item in session.history.items]  # type: ignore[union-attr]
    again = "Are you still there? What would you like?"
    assert said[1:] == [again, again, "I cannot hear you. Please call again.", "Goodbye!"]
