"""The state is what may be said: for speech-to-text, for the end of a turn, for barge-in and silence, and for what is kept out of logs."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, AgentSession, CascadingPipeline, ConversationFlow, MemoryRoom
from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.testing.fakes import FakeSTT, FakeTTS, FakeVAD
from tests.session.flows.kept import kept
from tests.session.flows.spoken import asked, call, flow_of, shop, tries, turn

pytestmark = pytest.mark.anyio

MINIMAL = '''
flow = "small"
version = 1
start = "ask"
[rows]
m = """
{rows}
"""
{tables}
'''


def small(rows: str, tables: str, **bound: Any) -> Flow:
    return flow_of(MINIMAL.format(rows="| in | on | to | do |\n|---|---|---|---|\n" + rows, tables=tables), **bound)


# --- what is expected ----------------------------------------------------------------------------------------------------------------


class GrammarSTT(FakeSTT):
    """Ears that take a grammar."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.prepared: list[tuple[str, ...]] = []

    def prepare(self, phrases: tuple[str, ...]) -> None:
        self.prepared.append(tuple(phrases))


async def test_entering_a_state_sets_what_ears_expect() -> None:
    """Grammar ears get the sentences, those of the next states are prepared before they are needed."""
    stt = GrammarSTT(["two large", "yes"])
    async with call(shop(), stt=stt) as s:
        assert any("boxes" in phrase for phrase in stt.expected[0])  # over "Good day." too: its words are kept
        await asked(s, "How many boxes?")
        before = len(stt.expected)
        await turn(s)
        await asked(s, "two large, right?")
        assert len(stt.expected) > before
        now = stt.expected[-1]
        assert any("yes" in phrase for phrase in now)
        assert not any("boxes" in phrase for phrase in now)
        assert now in stt.prepared
        await turn(s)
        await s.session.wait_closed()


async def test_other_ears_get_the_words_that_matter() -> None:
    """Hints are plain words, without everyday ones."""
    stt = FakeSTT(["two large"])
    async with call(shop(), stt=stt) as s:
        await asked(s, "How many boxes?")
        assert "large" in stt.expected[-1]
        assert all(" " not in word and "[" not in word for word in stt.expected[-1])


async def test_a_tool_result_sets_what_is_expected() -> None:
    """Also of a state that is entered while nobody speaks: before the caller can answer, the values that the tool returned are there."""
    flow = small(
        '| ask | "times" | looking | |\n| looking | ok | offer | |\n| looking | failed, timeout | bye | |\n| offer | filled | bye | |\n| any | out_of_tries | bye | |',
        """
[slots.pick]
type = "choice"
values_from = "find.times"
[tools.find]
args = []
returns = { times = "list" }
[states.ask]
say = "What?"
[states.looking]
call = "find"
[states.offer]
ask = "pick"
say = "Which one?"
[states.bye]
say = "Bye."
end = "done"
""",
        tools={"find": lambda: {"times": ["half past nine", "noon"]}},
    )
    stt = GrammarSTT(["times", "half past nine"])
    async with call(flow, stt=stt) as s:
        await asked(s, "What?")
        await turn(s)
        await asked(s, "Which one?")
        assert any("half past nine" in phrase for phrase in stt.expected[-1])
        await turn(s)
        assert await s.session.wait_closed() == "done"


async def test_grammar_ears_are_refused_for_open_words() -> None:
    """F409 at start, by the ears themselves or because the user says so; never silence in the call."""
    flow = small(
        "| ask | filled | bye | |\n| any | out_of_tries | bye | |",
        '[slots.name]\ntype = "text"\n[states.ask]\nask = "name"\nsay = "Your name?"\n[states.bye]\nsay = "Bye."\nend = "done"',
    )
    cases: list[tuple[FakeSTT, Any]] = [(GrammarSTT(), "auto"), (FakeSTT(), "grammar")]
    for stt, ears in cases:
        session = AgentSession(
            Agent(),
            CascadingPipeline(stt=stt, tts=FakeTTS(), vad=FakeVAD()),
            ConversationFlow(flow, ears=ears),
            room=MemoryRoom(),
        )
        with pytest.raises(FlowError, match="F409"):
            async with session:
                pass
    async with call(ConversationFlow(flow, ears="open"), stt=GrammarSTT(["Anna"])) as s:
        await asked(s, "Your name?")
        await turn(s)
        assert await s.session.wait_closed() == "done"
        assert s.session.conversation_flow.slots == {"name": "Anna"}


# --- the end of a turn ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "least", "most"),
    [("two large boxes", 0.0, 0.35), ("two", 0.28, 0.45), ("two and a", 0.9, 1.1), ("blue cheese", 0.45, 0.6)],
)
async def test_a_whole_sentence_ends_the_turn_and_a_begun_one_waits(words: str, least: float, most: float) -> None:
    """Silence until the turn is taken: little for a sentence that cannot go on, a second for one that has only begun."""
    flow = small(
        '| ask | "{count} large boxes" | bye | |\n| ask | "{count} and a half" | bye | |\n| ask | "{count}" | bye | |\n| any | out_of_tries | bye | |',
        '[slots.count]\ntype = "number"\nrange = "1..9"\n[states.ask]\nsay = "Yes?"\n[states.bye]\nsay = "Bye."\nend = "done"',
    )
    async with call(flow, stt=FakeSTT([words])) as s:
        await asked(s, "Yes?")
        await s.caller.speak(0.6)
        fell_silent = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(s.caller.wait, 2.0)
            await s.until(
                lambda: any(
                    "TurnTaken" in str(taped.step.effects) or s.session._talk.asked or s.said("user") for taped in s.steps[-1:]
                )
            )
            took = anyio.current_time() - fell_silent
            tasks.cancel_scope.cancel()
        assert least <= took <= most, took


async def test_only_a_tail_is_no_turn() -> None:
    """A late word of thanks or "please" is not a sentence that nobody understands."""
    async with call(shop(), "two large", "please") as s:
        await asked(s, "How many boxes?")
        await turn(s)
        await asked(s, "two large, right?")
        await turn(s, 0.3)
        await s.caller.wait(1)
        assert tries(s) == 0
        assert s.said("user") == ["two large"]


# --- silence and keys ----------------------------------------------------------------------------------------------------------------


async def test_silence_is_the_states_own() -> None:
    """Measured from the end of what sounds; each state has its own, and three of them end it."""
    async with call(shop(), "two") as s:
        await asked(s, "How many boxes?")
        ended = anyio.current_time()
        await s.until(lambda: s.sounded("How many?"))
        assert anyio.current_time() - ended == pytest.approx(7.0, abs=0.1)
        await s.label("listening")
        await turn(s)
        await asked(s, "Small or large?")
        ended = anyio.current_time()
        await s.until(lambda: s.sounded("Which size?"))
        assert anyio.current_time() - ended == pytest.approx(3.0, abs=0.1)
        assert await s.session.wait_closed() == "failed"


async def test_a_users_wake_up_is_for_states_that_do_not_listen() -> None:
    """The flow's own silence goes first."""
    rung: list[str] = []

    async def place(count: int, size: str) -> dict[str, Any]:
        await anyio.sleep_until(anyio.current_time() + 3)
        return {"minutes": 1}

    async with call(shop(place), "two large", "yes", wake_up=2) as s:
        s.session.on_wake_up = lambda: rung.append(s.session.conversation_flow.state)
        await asked(s, "How many boxes?")
        await s.until(lambda: s.sounded("How many?"))
        await s.label("listening")
        assert rung == []
        await turn(s)
        await asked(s, "two large, right?")
        await turn(s)
        await s.session.wait_closed()
    assert rung == ["placing"]


async def test_keys_are_told_like_words() -> None:
    """They cut the prompt, end the silence, and fill a slot."""
    async with call(shop(), "two") as s:
        await asked(s, "How many boxes?")
        flow = s.session.conversation_flow
        with pytest.raises(MisuseError, match="keys"):
            flow.press("a")
        flow.press("1")
        await anyio.sleep_until(anyio.current_time() + 2)
        flow.press("2")
        await s.until(lambda: s.sounded("Small or large?"))
        assert flow.slots == {"count": 12}
        flow.press("2")
        await asked(s, "twelve large, right?")
        assert len(s.sounded("Small or large?")) < 10


async def test_a_key_over_the_greeting() -> None:
    """It cuts it, and is told to the state it leads to."""
    async with call(shop()) as s:
        await s.until(lambda: s.sounded("Good day."))
        s.session.conversation_flow.press("7")
        s.session.conversation_flow.press("#")
        await asked(s, "Small or large?")
        assert s.session.conversation_flow.slots == {"count": 7}
    assert "How many boxes?" not in s.heard()


async def test_a_key_ends_the_silence() -> None:
    """It is counted anew from there."""
    async with call(shop()) as s:
        await asked(s, "How many boxes?")
        ended = anyio.current_time()
        await anyio.sleep_until(anyio.current_time() + 5)
        s.session.conversation_flow.press("#")  # nothing was entered: it means nothing
        await s.until(lambda: s.sounded("How many?"))
        assert anyio.current_time() - ended == pytest.approx(12.0, abs=0.2)


# --- barge-in ------------------------------------------------------------------------------------------------------------------------


async def test_what_cannot_be_interrupted_is_heard_and_the_words_are_answered_then() -> None:
    """``none``: the prompt goes on; what was said over it counts for the next state, whose question is not asked."""
    async with call(shop(welcome='barge_in = "none"'), "two large") as s:
        await s.until(lambda: s.sounded("Good day."))
        await turn(s, 0.8)
        await asked(s, "two large, right?")
    assert len(s.sounded("Good day.")) >= len("Good day.") * 0.06 / 0.02 - 1
    assert "How many boxes?" not in s.heard()


async def test_a_goodbye_is_not_cut() -> None:
    """An end state does not yield."""
    async with call(shop(), "two large", "yes", "wait wait") as s:
        await asked(s, "How many boxes?")
        await turn(s)
        await asked(s, "two large, right?")
        await turn(s)
        await s.until(lambda: s.sounded("Ready in twenty minutes."))
        await turn(s, 1.0)
        assert await s.session.wait_closed() == "ordered"
    assert len(s.sounded("Ready in twenty minutes.")) >= len("Ready in twenty minutes.") * 0.06 / 0.02 - 1


async def test_only_an_answer_cuts_a_hotword_prompt(caplog: pytest.LogCaptureFixture) -> None:
    """``match``: other words over it are dropped, and the log says why; a sentence of the state ends it and is answered."""
    long = "{count} {size}, is that right, and may I place it for you now, then?"
    text = shop(confirm='barge_in = "match"').spec.text.replace("{count} {size}, right?", long)
    async with call(
        flow_of(text, tools={"place": lambda count, size: {"minutes": 1}}), "two large", "well my dog is", "yes"
    ) as s:
        await asked(s, "How many boxes?")
        await turn(s)
        spoken = long.format(count="two", size="large")
        await s.until(lambda: s.sounded(spoken))
        with caplog.at_level(logging.INFO):
            await turn(s, 0.8)
        assert s.session.label in ("speaking", "overlapping")
        assert s.session.conversation_flow.state == "confirm"
        before = len(s.sounded(spoken))
        await turn(s, 0.4)
        assert await s.session.wait_closed() == "ordered"
        assert len(s.sounded(spoken)) < len(spoken) * 0.06 / 0.02 - 10
        assert len(s.sounded(spoken)) >= before


async def test_words_over_a_hotword_prompt_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """They are not answered afterwards either: nobody asked for them."""
    with caplog.at_level(logging.INFO, logger="fsm_agents"):
        async with call(shop(confirm='barge_in = "match"\ntries = 5'), "two large", "well my dog is") as s:
            await asked(s, "How many boxes?")
            await turn(s)
            await s.until(lambda: s.sounded("two large, right?"))
            await s.caller.speak(0.3)
            await s.caller.wait(1.5)
            await s.label("listening")
            assert tries(s) == 0
    assert "only an answer may cut" in caplog.text


# --- secrets -------------------------------------------------------------------------------------------------------------------------


SECRET = """
[slots.pin]
type = "digits"
length = "4"
secret = true
[tools.check]
args = ["pin"]
returns = { good = "yesno" }
[states.ask]
ask = "pin"
say = "Your pin?"
[states.checking]
call = "check"
[states.bye]
say = "Thank you."
end = "done"
"""


async def test_a_secret_is_in_no_history_and_no_log(tmp_path: Any) -> None:
    """What was said in a state that hears secrets reaches the tool, and nothing that is kept."""
    from fsm_agents.jobs.recording import Recording

    given: list[str] = []

    def check(pin: str) -> dict[str, Any]:
        given.append(pin)
        return {"good": True}

    flow = small(
        "| ask | filled | checking | |\n| checking | ok, failed, timeout | bye | |\n| any | out_of_tries | bye | |",
        SECRET,
        tools={"check": check},
    )
    led = ConversationFlow(flow)
    recordings: list[Recording] = []

    class Recorded(Agent):
        async def on_enter(self) -> None:
            recordings.append(Recording(self.session, tmp_path))

    async with call(led, "four eight two nine", agent=Recorded(), stt=FakeSTT(["four eight two nine"], interim=True)) as s:
        await asked(s, "Your pin?")
        await turn(s)
        assert await s.session.wait_closed() == "done"
        assert led.slots == {"pin": "***"}
        assert "4829" not in kept(led.save())
    assert given == ["4829"]
    assert s.said("user") == ["(hidden)"]
    everything = kept("".join(path.read_text() for path in tmp_path.glob("*.jsonl")))
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    for word in ("4829", "eight", "nine"):
        assert word not in everything
