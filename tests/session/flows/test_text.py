"""A flow as text: turns, keys, silence, events, ends; what is refused."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.session.flows.text import Emitted, Ended, FlowSession, HandedOver, Said
from tests.session.flows.kept import kept
from tests.session.flows.texts import CLINIC, PIN, clinic, helpdesk, noon, said, takes

pytestmark = pytest.mark.anyio


async def test_the_first_send_begins_and_over_answers_skip_questions() -> None:
    session = FlowSession(clinic())
    assert session.state == ""
    outs = await session.send("Um, teeth cleaning please.")
    assert outs == [
        Said("Harbour dental practice.", "welcome"),
        Said("A check up or a cleaning?", "service"),
        Said("cleaning. Shall I book it?", "confirm"),
    ]
    assert (session.state, session.slots) == ("confirm", {"service": "cleaning"})


async def test_a_whole_conversation() -> None:
    session = FlowSession(clinic())
    assert said(await session.begin()) == ["Harbour dental practice.", "A check up or a cleaning?"]
    await session.send("Check-up!")
    assert await session.send("yes") == [
        Emitted("booked", {"service": "checkup"}),
        Said("Booked: check up.", "done"),
        Ended("booked"),
    ]
    assert (session.ended, session.outcome, session.results) == (True, "booked", {"book": {"taken": False}})
    with pytest.raises(MisuseError, match=r"the conversation is over \(outcome: booked\)"):
        await session.send("hello?")


async def test_begin_again_says_nothing_more() -> None:
    session = FlowSession(clinic())
    await session.begin()
    assert await session.begin() == []


async def test_keys_silence_and_giving_up() -> None:
    session = FlowSession(clinic())
    await session.begin()
    assert said(await session.silence()) == ["Say check up, or cleaning."]
    assert said(await session.press("2")) == ["cleaning. Shall I book it?"]
    outs = await session.press("0")
    assert outs == [
        Said("I'll put you through.", "human"),
        HandedOver("queue:desk", {"service": "cleaning"}),
        Ended("handed_off"),
    ]
    assert "cleaning" not in repr(outs[1])


async def test_three_failures_hand_over() -> None:
    session = FlowSession(clinic())
    await session.begin()
    assert said(await session.send("a haircut")) == ["Say check up, or cleaning."]
    assert said(await session.silence()) == ["Say check up, or cleaning."]
    assert (await session.send("no really"))[-1] == Ended("handed_off")


async def test_a_hand_off_that_fails_goes_where_the_row_says() -> None:
    async def nobody(to: str, carry: dict[str, Any]) -> None:
        raise RuntimeError("the queue is closed")

    session = FlowSession(clinic(hand_off=nobody))
    assert (await session.send("operator"))[-2:] == [Said("Please call again.", "sorry"), Ended("failed")]


async def test_a_bound_hand_off_is_called_and_told() -> None:
    taken: list[Any] = []

    async def desk(to: str, carry: dict[str, Any]) -> None:
        await takes(20)
        taken.append((to, carry))

    session = FlowSession(clinic(hand_off=desk))
    await session.send("cleaning")
    assert HandedOver("queue:desk", {"service": "cleaning"}) in await session.send("operator")
    assert taken == [("queue:desk", {"service": "cleaning"})]


async def test_an_event_of_the_host_and_one_that_is_unknown() -> None:
    session = FlowSession(clinic())
    await session.begin()
    with pytest.raises(MisuseError, match=r"takes no event 'close'; did you mean 'closed'\?"):
        await session.event("close")
    assert await session.event("closed") == [Said("Please call again.", "sorry"), Ended("failed")]


async def test_the_caller_leaves() -> None:
    session = FlowSession(clinic())
    await session.begin()
    assert await session.hang_up() == [Ended("hung_up")]
    assert (session.state, session.outcome, session.ended) == ("", "hung_up", True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (7, r"send\(int\)"),
        (None, r"send\(NoneType\)"),
        ("", "no words"),
        (" \n", "no words"),
        ("x" * 1_000_000, "1,000,000 characters"),
    ],
)
async def test_what_cannot_be_said_is_refused(given: Any, told: str) -> None:
    session = FlowSession(clinic())
    with pytest.raises(MisuseError, match=told):
        await session.send(given)
    assert session.state == ""


@pytest.mark.parametrize("keys", ["", "a", "12a", 3, "1" * 101])
async def test_keys_that_no_telephone_has_are_refused(keys: Any) -> None:
    with pytest.raises(MisuseError, match="of the keys 0 to 9"):
        await FlowSession(clinic()).press(keys)


@pytest.mark.parametrize("text", ["\uffff\ufffe", "\x00\x00", "\u202epu kcehc", "日本語で", "🦷" * 100, "\ud800 surrogate"])
async def test_odd_words_are_words_that_nobody_takes(text: str) -> None:
    session = FlowSession(clinic())
    assert said(await session.send(text))[-1] == "Say check up, or cleaning."


async def test_two_calls_at_once_are_refused_and_the_first_goes_on() -> None:
    async def slow(service: str) -> dict[str, bool]:
        await takes(3)
        return {"taken": False}

    session = FlowSession(clinic(slow))
    await session.send("check up")
    outs: list[Any] = []

    async def first() -> None:
        outs.extend(await session.send("yes"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await takes(1)
        with pytest.raises(MisuseError, match="another call of this session is running"):
            await session.send("yes")
    assert outs[-1] == Ended("booked")


async def test_an_event_may_come_while_a_call_runs() -> None:
    """What it brings about is said with the call that runs."""
    started = anyio.Event()

    async def desk(to: str, carry: dict[str, Any]) -> None:
        started.set()
        await takes(30)

    session = FlowSession(clinic(hand_off=desk))
    await session.begin()
    outs: list[Any] = []

    async def first() -> None:
        outs.extend(await session.send("operator"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await started.wait()
        assert await session.event("closed") == []
    assert outs == [Said("I'll put you through.", "human"), Said("Please call again.", "sorry"), Ended("failed")]
    assert anyio.current_time() < 30


async def test_wait_lines_are_said_if_they_are_asked_for() -> None:
    async def slow(service: str) -> dict[str, bool]:
        await takes(6)
        return {"taken": False}

    quiet, loud = FlowSession(clinic(slow)), FlowSession(clinic(slow), waits=True)
    for session in (quiet, loud):
        await session.send("cleaning")
    assert said(await quiet.send("yes")) == ["Booked: cleaning."]
    assert said(await loud.send("yes")) == ["Nearly there.", "Booked: cleaning."]


async def test_the_clock_of_the_flow_runs_on_inside_async_with() -> None:
    async with FlowSession(clinic()) as session:
        await session.send("cleaning")
        before = anyio.current_time()
        assert said(await session.later()) == ["Are you still there?"]
        assert anyio.current_time() - before == pytest.approx(40)


async def test_what_was_said_between_two_calls_comes_with_the_next() -> None:
    async with FlowSession(clinic()) as session:
        await session.send("cleaning")
        await takes(41)
        assert said(await session.send("no")) == ["Are you still there?", "A check up or a cleaning?"]


async def test_outside_async_with_the_clock_stands_still() -> None:
    session = FlowSession(clinic())
    await session.send("cleaning")
    await takes(100)
    assert said(await session.send("no")) == ["A check up or a cleaning?"]
    with pytest.raises(MisuseError, match="async with"):
        await session.later()


async def test_without_a_clock_times_are_over_when_they_are_said_to_be() -> None:
    async def never(service: str) -> None:
        session.time_out()
        await takes(1000)

    session = FlowSession(clinic(never, once=False), clock=False)
    await session.send("cleaning")
    assert said(await session.after()) == ["Are you still there?"]
    assert said(await session.send("yes"))[:2] == ["I could not book it.", "I'll put you through."]
    assert anyio.current_time() < 1


async def test_examples_answer_for_tools_that_no_host_gave() -> None:
    flow = Flow.loads(CLINIC)
    session = FlowSession(flow, examples=True)
    await session.send("cleaning")
    assert (await session.send("yes"))[-1] == Ended("booked")
    without = FlowSession(flow)
    await without.send("cleaning")
    assert "I could not book it." in said(await without.send("yes"))


async def test_a_stand_in_answers_for_each_tool() -> None:
    session = FlowSession(
        Flow.loads(CLINIC), examples=lambda spec: lambda **given: {"taken": spec.name == "book" and bool(given)}
    )
    await session.send("cleaning")
    assert said(await session.send("yes"))[0] == "That one has just gone."


def test_a_flow_that_asks_a_model_needs_one() -> None:
    with pytest.raises(MisuseError, match="helpdesk asks a model in menu, bill, talk, good: give llm"):
        FlowSession(helpdesk())


def test_a_misspelt_option_is_refused() -> None:
    wrong: dict[str, Any] = {"example": True}
    with pytest.raises(MisuseError, match="did you mean 'examples'"):
        FlowSession(clinic(), **wrong)
    with pytest.raises(MisuseError, match="give a Flow"):
        FlowSession("clinic.toml")  # type: ignore[arg-type]


async def test_no_secret_is_in_slots_history_or_what_is_saved() -> None:
    async def answers(question: Any) -> Any:
        assert "4829" not in question.instructions
        return question.answer(text="Gladly.")

    session = FlowSession(Flow.loads(PIN), judge=answers, now=noon)
    outs = await session.send("4829")
    assert "four eight two nine" in said(outs)[-1]
    await session.send("what is my balance")
    everything = repr((session.slots, session.history.items)) + kept(session.save())
    assert "4829" not in everything
    assert "four eight two nine" not in everything
    assert session.slots == {"pin": "***"}
    assert [item.text for item in session.history.items if item.role == "user"] == ["(hidden)", "what is my balance"]  # type: ignore[union-attr]


async def test_states_that_pass_on_to_each_other_for_ever_come_to_rest() -> None:
    text = CLINIC.replace(
        "| welcome         | said               |            | service |",
        "| welcome         | said               |            | echo    |",
    )
    text = (
        text.replace("| service         | filled ", "| echo | said | | welcome | |\n| service         | filled ", 1)
        + '[states.echo]\nsay = "And again."\n'
    )
    text = text.replace(
        "| any             | repeat ", '| welcome, echo | "check" | | service | |\n| any             | repeat ', 1
    )
    session = FlowSession(Flow.loads(text), examples=True)
    assert len(said(await session.begin())) == 101
    assert said(await session.send("check"))[-1] == "A check up or a cleaning?"


def test_an_id_is_made_or_given() -> None:
    assert FlowSession(clinic()).id != FlowSession(clinic()).id
    assert FlowSession(clinic(), id="call 7").id == "call 7"
    for wrong in ("", "  ", "x" * 201, 7):
        with pytest.raises(MisuseError, match="the id of a session"):
            FlowSession(clinic(), id=wrong)  # type: ignore[arg-type]


async def test_a_watcher_sees_every_step() -> None:
    session, events = FlowSession(clinic()), []
    session.watch(lambda _time, step: events.append(type(step.event).__name__))
    await session.send("cleaning")
    assert events == ["Begun", "PromptHeard", "PromptHeard", "Heard", "PromptHeard"]
    assert repr(session) == f"<FlowSession clinic {session.id}: confirm>"
