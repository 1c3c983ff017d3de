"""Asking a model what the table asks: what it is shown, what its calls mean, and that everything it emits ends in one answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ChatMessage, ToolCall
from fsm_agents.errors import ProviderError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.effects import AskModel, Offer
from fsm_agents.flows.machine.events import NotJudged, Proposed
from fsm_agents.flows.words.recogniser import Parse
from fsm_agents.session.agent import Agent
from fsm_agents.session.flows.model import LONGEST, MOST_CALLS, MOST_ROUNDS, MOST_TEXT, SILENT, ask
from fsm_agents.session.flows.question import Question
from fsm_agents.session.flows.text import FlowSession
from fsm_agents.stages.base import TextDelta, Usage
from fsm_agents.testing.fakes import FakeLLM
from tests.session.flows.asked import TO_TALK, Asked, at_menu, talking
from tests.session.flows.texts import HELPDESK, PIN, helpdesk, noon, said, takes

pytestmark = pytest.mark.anyio

# --- what it is shown -----------------------------------------------------------------------------------------------------------------


async def test_edges_are_functions_in_the_order_in_which_they_win() -> None:
    questions: list[Question] = []

    async def judge(question: Question) -> Proposed:
        questions.append(question)
        return question.answer()

    session = FlowSession(helpdesk(), judge=judge, now=noon, agent=Agent("You work for Northnet."))
    await session.begin()
    await session.send("well")
    (question,) = questions
    assert [tool.name for tool in question.tools] == ["go_1_bill", "go_2_talk", "go_3_human"]
    assert [tool.description for tool in question.tools] == ["it is about money", "the line is slow", "the caller is angry"]
    assert question.tools[0].parameters["properties"] == {
        "day": {"type": "string", "format": "date", "description": "day (as 2026-12-31, at most 90 days from today)"}
    }
    assert question.instructions == (
        "You work for Northnet.\n\n"
        "You judge what the caller of a conversation means. You do not answer the caller: nobody hears what you write.\n\n"
        "In this part of the conversation the caller was told: Is it about your bill or your line?\n\n"
        "If one of these is so, call its function and say nothing about it:\n"
        "- go_1_bill: it is about money\n- go_2_talk: the line is slow\n- go_3_human: the caller is angry\n"
        "If none of them is so, call none.\n\n"
        "Today is Monday, 2026-11-23, 12:00. (hidden) stands for what you may not know."
    )


async def test_names_are_legal_and_unique() -> None:
    long = "s" * 80
    text = re.sub(r"\bgood\b", long, HELPDESK).replace("[tools.refund]", "[tools.go_1_bye]")
    text = text.replace('tools = ["line_status"]', 'tools = ["line_status", "go_1_bye"]').replace(
        f'works again" | {long}', 'works again" | bye'
    )
    names: list[str] = []

    async def judge(question: Question) -> Proposed:
        names[:] = [tool.name for tool in question.tools]
        return (
            question.answer([question.parse(question.asked.offers[1], {})])
            if question.asked.state == "menu"
            else question.answer()
        )

    session = FlowSession(Flow.loads(text), judge=judge, examples=True)
    await session.send("it is slow")
    await session.send("red lights")
    assert len(names) == len(set(names)) == 5
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in names)


async def test_the_model_is_shown_what_was_said() -> None:
    model = Asked(["no idea"])
    await at_menu("my cat is ill", model)
    system, *shown = model.contexts[0]
    assert system.role == "system"
    assert shown == [ChatMessage("assistant", "Is it about your bill or your line?"), ChatMessage("user", "my cat is ill")]


async def test_a_talk_state_offers_its_tools_and_no_others() -> None:
    _, model, _ = await talking(["Which lights are on?"])
    assert model.tools == [["go_1_bill", "go_2_talk", "go_3_human"], ["go_1_good", "go_2_human", "go_3_human", "line_status"]]


async def test_a_state_that_begins_with_the_model_greets() -> None:
    flow = Flow.loads(HELPDESK.replace('say   = "Let\'s have a look."\n', "")).bind(
        {"line_status": lambda customer: None, "refund": lambda customer: None}
    )
    model = Asked([TO_TALK], ["Hello, what do the lights show?"])
    _, spoken = await at_menu("it is slow", model, flow)
    assert spoken == ["Hello, what do the lights show?"]
    assert "you speak first" in model.contexts[1][0].text


def test_a_secret_is_no_parameter_of_an_edge() -> None:
    """Such a flow is not loaded; a question that is made by hand leaves it out too."""
    session = FlowSession(Flow.loads(PIN), llm=Asked([]))
    run = session._host.run
    asked = AskModel(1, "pin", (Offer(next(iter(run.flow.flat.edges)), "it is so", ("pin", "note")),))
    question = Question(run, asked)
    assert list(question.edges[0].parameters["properties"]) == ["note"]
    found = question.chosen(ToolCall("1", question.edges[0].name, '{"pin": "4829", "note": "hello"}'))
    assert isinstance(found, Parse)
    assert found.values == (("note", "hello"),)


# --- what it chooses ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "slots"),
    [
        ("{}", {}), ("", {}), ('{"day": "2026-12-01"}', {"day": "2026-12-01"}), ('{"day": "tomorrow"}', {"day": "2026-11-24"}),
        ('{"day": null}', {}), ('{"stranger": 1}', {}),
    ],
)  # fmt: skip
async def test_slots_of_an_edge_are_read_by_their_type(arguments: str, slots: dict[str, Any]) -> None:
    session, spoken = await at_menu("that is too much", Asked([ToolCall("1", "go_1_bill", arguments)]))
    assert (session.state, session.slots) == ("bill", slots)
    assert spoken[0].endswith("Forty two dollars. Fine?")


@pytest.mark.parametrize(
    "value", ['"2020-01-01"', '"2027-12-01"', "7", '"banana"', "[1]", '{"a": 1}', "true", '"' + "9" * 5000 + '"']
)
async def test_a_value_that_does_not_fit_is_invalid(value: str) -> None:
    session, spoken = await at_menu("that is too much", Asked([ToolCall("1", "go_1_bill", f'{{"day": {value}}}')]))
    assert (session.state, session.slots) == ("menu", {})
    assert spoken


async def test_two_edges_are_both_proposed() -> None:
    """And the earlier row wins, whichever came first."""
    for order in (("go_3_human", "go_1_bill"), ("go_1_bill", "go_3_human")):
        session, _ = await at_menu("it costs too much, damn", Asked([ToolCall(name, name, "{}") for name in order]))
        assert session.state == "bill"


async def test_an_edge_is_chosen_twice_with_other_values() -> None:
    calls = [ToolCall("1", "go_1_bill", '{"day": "banana"}'), ToolCall("1", "go_1_bill", '{"day": "2026-12-01"}')]
    session, _ = await at_menu("that is too much", Asked(calls))
    assert session.slots == {"day": "2026-12-01"}


async def test_wrong_json_for_an_edge_with_slots_is_told_and_corrected() -> None:
    model = Asked([ToolCall("1", "go_1_bill", '{"day": ')], [ToolCall("1", "go_1_bill", '{"day": "2026-12-01"}')])
    session, _ = await at_menu("that is too much", model)
    assert session.slots == {"day": "2026-12-01"}
    assert "no JSON object" in model.results[0]


async def test_what_it_says_beside_its_choice_is_not_heard() -> None:
    session, spoken = await at_menu("it is slow", Asked(["I think that is ", TO_TALK, "the line."]))
    assert (session.state, spoken) == ("talk", ["Let's have a look."])


# --- whatever it emits ----------------------------------------------------------------------------------------------------------------


def endless(part: Any) -> Any:
    class Endless:
        async def chat(self, context: ChatContext, tools: Any) -> AsyncIterator[Any]:
            while True:
                await takes(0.05)
                yield part

    return Endless()


class Mute:
    """Says nothing for ever."""

    async def chat(self, context: ChatContext, tools: Any) -> AsyncIterator[Any]:
        await anyio.sleep_forever()
        yield TextDelta("")  # pragma: no cover


ODD: dict[str, Callable[[], Any]] = {
    "nothing": lambda: Asked([]),
    "usage only": lambda: Asked([Usage(1, 2)]),
    "spaces": lambda: Asked(["  ", "\n"]),
    "raises": lambda: Asked(RuntimeError("hunter2")),
    "raises after text": lambda: Asked(["I ", ProviderError("gone")]),
    "unknown tool": lambda: Asked([ToolCall("1", "sudo", "{}")]),
    "forbidden tool": lambda: Asked([ToolCall("1", "refund", '{"customer": "123456"}')]),
    "bad json": lambda: Asked([ToolCall("1", "go_1_bill", "{{{")]),
    "a thousand calls": lambda: Asked([ToolCall(str(at), f"tool{at}", "{}") for at in range(1000)]),
    "a thousand calls for ever": lambda: endless(ToolCall("1", "refund", "{}")),
    "huge text": lambda: Asked(["x" * 5_000_000]),
    "text for ever": lambda: endless(TextDelta("blah ")),
    "empty text for ever": lambda: endless(TextDelta("")),
    "mute": Mute,
    "no chunk": lambda: Asked([object()]),
    "wrong text": lambda: Asked([TextDelta(7)]),  # type: ignore[arg-type]
    "wrong call": lambda: Asked([ToolCall(None, None, None)]),  # type: ignore[arg-type]
    "no iterator": lambda: type("No", (), {"chat": lambda self, context, tools: 7})(),
    "no model": object,
    "surrogates": lambda: Asked(["\ud800", ToolCall("\ud800", "\udfff", "\ud800")]),
    "deep json": lambda: Asked([ToolCall("1", "go_1_bill", "[" * 100_000)]),
}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("state", ["menu", "talk"])
async def test_whatever_it_emits_there_is_one_answer_and_something_is_said(what: str, state: str) -> None:
    answers: list[Any] = []
    refunds: list[str] = []
    session = FlowSession(helpdesk(refund=lambda customer: refunds.append(customer)), llm=Asked([TO_TALK]), now=noon)
    session.watch(lambda _time, step: answers.append(step.event) if isinstance(step.event, Proposed | NotJudged) else None)
    await session.begin()
    if state == "talk":
        await session.send("it is slow")
        answers.clear()
    session._llm = ODD[what]()
    before = anyio.current_time()
    spoken = said(await session.send("what is the meaning of this"))
    assert session.state == state
    assert len(answers) == 1
    assert spoken
    assert refunds == []
    assert max(map(len, spoken)) <= MOST_TEXT
    assert anyio.current_time() - before <= LONGEST + 1


async def test_a_silent_model_is_given_up() -> None:
    before = anyio.current_time()
    await at_menu("well", Mute())
    assert anyio.current_time() - before == pytest.approx(SILENT)


async def test_rounds_are_bounded_and_the_last_offers_no_tools() -> None:
    _, model, spoken = await talking([ToolCall("1", "line_status", '{"customer": "123456"}')])
    assert len(model.tools) == 1 + MOST_ROUNDS
    assert model.tools[-1] == ["go_1_good", "go_2_human", "go_3_human"]
    assert spoken


async def test_calls_of_one_round_are_bounded() -> None:
    asked: list[str] = []

    def status(customer: str) -> str:
        asked.append(customer)
        return "up"

    calls = [ToolCall("x", "line_status", f'{{"customer": "{at:06}"}}') for at in range(1000)]
    await talking(calls, ["It is up."], flow=helpdesk(status))
    assert len(asked) == MOST_CALLS


async def test_an_edge_that_was_chosen_stands_though_the_model_fails_after_it() -> None:
    session, _ = await at_menu("it is slow", Asked([TO_TALK, ProviderError("gone")]))
    assert session.state == "talk"


# --- pieces as they come --------------------------------------------------------------------------------------------------------------


async def test_text_comes_in_pieces_until_an_edge_is_chosen() -> None:
    questions: list[Any] = []
    pieces: list[str] = []
    answers: list[Any] = []

    async def judge(question: Question) -> Any:
        if question.asked.state == "menu":
            return question.answer([question.parse(question.asked.offers[1], {})])
        questions.append(question)
        model = FakeLLM([["one two", ToolCall("1", "go_1_good", "{}"), "three"]])
        answers.append(await ask(question.asked, question.run, model, session.history, on_text=pieces.append))
        return answers[0]

    session = FlowSession(helpdesk(), judge=judge)
    await session.send("it is slow")
    await session.send("it works")
    assert pieces == ["one ", "two "]
    assert (answers[0].spoken, answers[0].text, session.state) == (True, "one two three ", "good")


async def test_text_of_a_state_that_only_chooses_is_not_given() -> None:
    pieces: list[str] = []

    async def take(piece: str) -> None:
        pieces.append(piece)

    async def judge(question: Question) -> Any:
        return await ask(question.asked, question.run, FakeLLM(["well well"]), session.history, on_text=take)

    session = FlowSession(helpdesk(), judge=judge)
    await session.send("hm")
    assert pieces == []


async def test_a_judge_that_raises_is_no_answer() -> None:
    async def judge(question: Question) -> Any:
        raise RuntimeError("hunter2")

    session = FlowSession(helpdesk(), judge=judge)
    outs = said(await session.send("hm"))
    assert outs[-1] == "Your bill, or your line?"


async def test_a_question_that_nobody_waits_for_ends() -> None:
    """The host moves the flow while the model thinks: its answer would come too late."""
    ends: list[str] = []
    asked = anyio.Event()

    async def judge(question: Question) -> Any:
        asked.set()
        try:
            await takes(5)
        except anyio.get_cancelled_exc_class():
            ends.append("cut")
            raise

    text = HELPDESK.replace('start   = "menu"', 'start   = "menu"\nevents = ["closed"]').replace(
        "| any   | goodbye ", "| any | closed | bye | |\n| any   | goodbye "
    )
    async with FlowSession(Flow.loads(text), judge=judge, examples=True) as session:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.send, "hm")
            await asked.wait()
            await session.event("closed")
        await takes(1)
        assert (ends, session.outcome) == (["cut"], "done")
