"""Who goes on: agents and flows that a flow hands over to, models that it asks, recordings that it plays, and the log that is kept of it."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, AgentSession, CascadingPipeline, ConversationFlow, MemoryRoom, RealTimePipeline
from fsm_agents.audio.wav import write_wav
from fsm_agents.chat.message import ToolCall
from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.fsm.replay import replay
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.machines.talk import Talk
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD
from tests.session.flows.spoken import asked, call, flow_of, shop, tries, turn

pytestmark = pytest.mark.anyio

DESK = '''
flow = "desk"
version = 1
start = "what"
[rows]
m = """
| in    | on              | to    | do |
|-------|-----------------|-------|----|
| what  | "{topic}"       | human |    |
| human | ok              | over  |    |
| human | failed, timeout | sorry |    |
| any but (human) | out_of_tries    | sorry |    |
"""
[slots.topic]
type = "choice"
[slots.topic.values]
bills = "bills"
[states.what]
say = "What is it about?"
[states.human]
say = "I'll put you through."
handoff = "TARGET"
carry = ["topic"]
[states.over]
end = "handed_off"
[states.sorry]
say = "Sorry."
end = "failed"
'''
SURVEY = '''
flow = "survey"
version = 1
start = "ask"
[rows]
m = """
| in  | on           | to   | do |
|-----|--------------|------|----|
| ask | yes          | done |    |
| any | out_of_tries | done |    |
"""
[slots.topic]
type = "choice"
[slots.topic.values]
bills = "bills"
[states.ask]
say = "Were the [{topic}] fine?"
[states.done]
say = "Thank you."
end = "surveyed"
'''


class Billing(Agent):
    def __init__(self) -> None:
        super().__init__("You know bills.")

    async def on_enter(self) -> None:
        self.session.say("Billing here.")


async def test_an_agent_takes_over() -> None:
    """It greets, the model answers from then on, and the session stays open though the flow has ended."""
    flow = flow_of(DESK.replace("TARGET", "agent:billing"))
    led = ConversationFlow(flow, agents={"billing": Billing()})
    async with call(led, "bills", "how much", llm=FakeLLM(["Ten pounds."])) as s:
        await asked(s, "What is it about?")
        await turn(s)
        await asked(s, "Billing here.")
        assert led.outcome == "handed_off"
        await turn(s)
        await asked(s, "Ten pounds.")
        assert s.session.state == "running"
    assert s.heard()[1:3] == ["I'll put you through.", "Billing here."]


async def test_another_flow_goes_on() -> None:
    """Slots that are carried are there under the same name; the session ends with the outcome of the last flow."""
    flow, survey = flow_of(DESK.replace("TARGET", "flow:survey")), flow_of(SURVEY)
    led = ConversationFlow(flow, flows={"survey": survey})
    async with call(led, "bills", "yes") as s:
        await asked(s, "What is it about?")
        await turn(s)
        await asked(s, "Were the bills fine?")
        assert led.slots == {"topic": "bills"}
        await turn(s)
        assert await s.session.wait_closed() == "surveyed"


async def test_a_bound_function_takes_over() -> None:
    """``queue:…`` by the host; what it raises is ``failed``."""
    taken: list[Any] = []

    async def queue(target: str, carry: dict[str, Any]) -> None:
        taken.append((target, carry))
        await anyio.sleep_until(anyio.current_time() + 1)
        raise RuntimeError("nobody")

    flow = Flow.loads(DESK.replace("TARGET", "queue:desk")).bind(hand_offs={"queue": queue})
    async with call(flow, "bills") as s:
        await asked(s, "What is it about?")
        await turn(s)
        assert await s.session.wait_closed() == "failed"
    assert taken == [("queue:desk", {"topic": "bills"})]


async def test_whoever_is_missing_is_named_at_the_start() -> None:
    """Not in the call."""
    flow = flow_of(DESK.replace("TARGET", "agent:billing"))
    session = AgentSession(
        Agent(), CascadingPipeline(stt=FakeSTT(), tts=FakeTTS(), vad=FakeVAD()), ConversationFlow(flow, agents={"biling": Billing()}),
        room=MemoryRoom(),
    )  # fmt: skip
    with pytest.raises(MisuseError, match="billing"):
        async with session:
            pass


def test_options_of_a_flow_need_one() -> None:
    """And ears are one of three."""
    with pytest.raises(MisuseError, match="belong to a flow"):
        ConversationFlow(agents={"x": Billing()})
    with pytest.raises(MisuseError, match="'grammar'"):
        ConversationFlow(shop(), ears="good")  # type: ignore[arg-type]


# --- models ----------------------------------------------------------------------------------------------------------------------------

MODEL = '''
flow = "help"
version = 1
start = "menu"
[rows]
m = """
| in   | on                                  | to   | do |
|------|-------------------------------------|------|----|
| menu | "bill"                              | bye  |    |
| menu | llm "the internet is down"          | talk |    |
| talk | llm "it works again"                | bye  |    |
| any  | out_of_tries                        | bye  |    |
| any  | "goodbye now"                       | bye  |    |
"""
[states.menu]
say = "Bill or connection?"
[states.talk]
say = "Let us see."
talk = "Guide the caller."
[states.bye]
say = "Goodbye."
end = "done"
'''


class EdgeLLM(FakeLLM):
    """Chooses the offered edge whose description holds a word; what it is offered is kept."""

    def __init__(self, *script: Any) -> None:
        super().__init__()
        self.script = list(script)
        self.offered: list[list[str]] = []

    async def chat(self, context: Any, tools: Any) -> Any:
        self.offered.append([tool.description for tool in tools])
        self.asked.append(context.export())
        from fsm_agents.stages.base import TextDelta

        for part in self.script.pop(0) if self.script else ():
            if part.startswith("!"):
                tool = next(each for each in tools if part[1:] in each.description)
                yield ToolCall(f"c{len(self.offered)}", tool.name, "{}")
            else:
                for word in part.split(" "):
                    await anyio.sleep_until(anyio.current_time() + 0.01)
                    yield TextDelta(word + " ")


async def test_the_model_proposes_and_talks() -> None:
    """An edge it chooses is taken, its words in a talk state are spoken as they come, and words of the table go first."""
    llm = EdgeLLM(["!internet"], ["Please restart the router. Then wait."], ["!works"])
    async with call(flow_of(MODEL), "my page does not load", "and now", "great it does", llm=llm) as s:
        await asked(s, "Bill or connection?")
        await turn(s)
        await asked(s, "Let us see.")
        assert s.session.conversation_flow.state == "talk"
        await turn(s)
        await asked(s, "Then wait.")
        assert s.heard()[-2:] == ["Please restart the router.", "Then wait."]
        await turn(s)
        assert await s.session.wait_closed() == "done"
    assert "the caller" not in str(s.said())


async def test_a_model_that_fails_is_a_no_match() -> None:
    """The caller is asked again; the session goes on."""

    class Broken(FakeLLM):
        async def chat(self, context: Any, tools: Any) -> Any:
            raise RuntimeError("no")
            yield

    async with call(flow_of(MODEL), "my page does not load", llm=Broken()) as s:
        await asked(s, "Bill or connection?")
        await turn(s)
        await s.until(lambda: len(s.said()) >= 2)
        await s.label("listening")
        assert s.session.conversation_flow.state == "menu"
        assert tries(s) == 1


async def test_a_noise_while_the_model_thinks() -> None:
    """The model is asked again: the caller is not left without an answer."""

    class Slow(EdgeLLM):
        async def chat(self, context: Any, tools: Any) -> Any:
            await anyio.sleep_until(anyio.current_time() + 2)
            async for chunk in super().chat(context, tools):
                yield chunk

    llm = Slow(["!internet"], ["!internet"])
    async with call(flow_of(MODEL), "my page does not load", "", llm=llm) as s:
        await asked(s, "Bill or connection?")
        await turn(s)
        await s.caller.speak(0.8)
        await s.caller.wait(1)
        await asked(s, "Let us see.")


async def test_the_host_moves_the_flow_while_the_model_talks() -> None:
    """What the model still says is not spoken: the flow is elsewhere."""
    text = MODEL.replace("[rows]", 'events = ["closing"]\n[rows]').replace(
        '| any  | "goodbye now"', '| any  | closing | bye | |\n| any  | "goodbye now"'
    )
    llm = EdgeLLM(["!internet"], ["First unplug it. " + "And then wait a while for it. " * 20])
    async with call(flow_of(text), "my page does not load", "and now", llm=llm) as s:
        await asked(s, "Bill or connection?")
        await turn(s)
        await asked(s, "Let us see.")
        await turn(s)
        await s.until(lambda: s.sounded("First unplug it."))
        await s.session.conversation_flow.send_event("closing")
        assert await s.session.wait_closed() == "done"
    assert s.heard()[-1] == "Goodbye."
    assert not any(text.startswith("And then") for text in s.heard())


async def test_a_flow_that_needs_a_model_says_so_at_the_start() -> None:
    """Not when the caller has said something."""
    session = AgentSession(
        Agent(),
        CascadingPipeline(stt=FakeSTT(), tts=FakeTTS(), vad=FakeVAD()),
        ConversationFlow(flow_of(MODEL)),
        room=MemoryRoom(),
    )
    with pytest.raises(MisuseError, match="llm="):
        async with session:
            pass


# --- recordings ------------------------------------------------------------------------------------------------------------------------


def recorded(folder: Path, sound: bytes = b"\x07\x00" * 8000) -> Path:
    """A flow in a folder, with a recorded greeting."""
    from tests.session.flows.spoken import SHOP

    text = SHOP.replace('say = "Good day."', 'say = { audio = "sounds/day.wav", text = "Good day." }')
    (folder / "sounds").mkdir()
    (folder / "flow.toml").write_text(text)
    write_wav(folder / "sounds" / "day.wav", sound, 8000)
    return folder / "flow.toml"


async def test_a_recorded_prompt_is_played(tmp_path: Path) -> None:
    """Its sound, and no synthesis; history has its words."""
    flow = Flow.load(recorded(tmp_path)).bind(tools={"place": lambda count, size: {"minutes": 1}})
    async with call(flow) as s:
        await asked(s, "How many boxes?")
        assert "Good day." not in s.tts.spoken
        assert s.said() == ["Good day. How many boxes?"]
        assert s.sounded("How many boxes?")[0] == pytest.approx(1.0, abs=0.1)  # a second of sound goes before


@pytest.mark.parametrize(
    ("spoil", "told"), [("missing", "no file"), ("text", "not a WAV"), ("long", "longer than"), ("outside", "outside")]
)
def test_what_cannot_be_played_is_an_error_at_load(tmp_path: Path, spoil: str, told: str) -> None:
    """With the place of the setting."""
    folder = tmp_path / "flow"
    folder.mkdir()
    path = recorded(folder, b"\0\0" * 8000 * (61 if spoil == "long" else 1))
    sound = folder / "sounds" / "day.wav"
    if spoil in ("missing", "outside"):
        sound.unlink()
    if spoil == "text":
        sound.write_text("hello")
    if spoil == "outside":
        write_wav(tmp_path / "other.wav", b"\0\0" * 800, 8000)
        sound.symlink_to(tmp_path / "other.wav")
    with pytest.raises(FlowError, match=told) as caught:
        Flow.load(path)
    assert caught.value.problems[0].code == "F011"
    assert caught.value.problems[0].place.line > 0


def test_a_text_has_no_recordings(tmp_path: Path) -> None:
    """It is refused when a session is to speak it."""
    flow = Flow.loads(recorded(tmp_path).read_text())
    with pytest.raises(FlowError, match="no folder"):
        ConversationFlow(flow)


# --- the log ---------------------------------------------------------------------------------------------------------------------------


async def test_both_logs_replay(tmp_path: Path) -> None:
    """The flow's steps are kept beside the session's, and both come out the same when they are done again."""
    from fsm_agents.flows.machine.data import FlowData
    from fsm_agents.jobs.recording import Recording
    from fsm_agents.observe.flow_calls import CLASSES, read_call

    flow = shop()

    class Recorded(Agent):
        async def on_enter(self) -> None:
            self.kept = Recording(self.session, tmp_path)

    agent = Recorded()
    async with call(flow, "two large", "yes", agent=agent) as s:
        await asked(s, "How many boxes?")
        await s.until(lambda: s.sounded("How many?"))
        await s.label("listening")
        await turn(s)
        await asked(s, "two large, right?")
        await turn(s)
        assert await s.session.wait_closed() == "ordered"
    steps, own = ((tmp_path / name).read_text().splitlines() for name in ("steps.jsonl", "flow.jsonl"))
    assert str(replay(CONVERSATION, Talk, steps)).endswith("the same")
    assert str(replay(flow.joint, FlowData, own, classes=CLASSES)).endswith("the same")
    found = read_call(own, "call")
    assert (found.flow, found.outcome, [turn.text for turn in found.turns]) == ("shop", "ordered", ["two large", "yes"])
    assert any(json.loads(line).get("note") == "retimed" for line in steps)


async def test_a_realtime_model_leads_nothing() -> None:
    """On a realtime model the table's words go first, its edges are the model's tools, and its own words are spoken by it."""
    from fsm_agents.testing.fakes_realtime import FakeRealtime

    model = FakeRealtime(["Please restart it."], words=["my page does not load", "and now", "goodbye now"])
    flow = flow_of(MODEL.replace('llm "the internet is down"', '"my page does not load"'))
    room = MemoryRoom(paced=True)
    session = AgentSession(Agent("Be kind."), RealTimePipeline(model), ConversationFlow(flow), room=room)
    from fsm_agents.testing.fakes import ScriptedCaller

    frames: list[str] = []
    room._sink = lambda frame: frames.append(model.text_of(frame))
    caller = ScriptedCaller(room)
    with anyio.fail_after(600):
        async with session:

            async def until(text: str) -> None:
                while text not in frames or session.label != "listening":
                    await caller.wait(0.1)

            await until("Bill or connection?")
            await caller.speak(0.6)
            await until("Let us see.")
            assert session.conversation_flow.state == "talk"
            await caller.speak(0.6)
            await until("Please restart it.")
            told = model.now.settings
            assert "Guide the caller." in told.instructions
            assert any("works again" in tool.description for tool in told.tools)
            assert not any(asked.exactly == "Please restart it." for asked in model.asked)  # its own voice said it
            with suppress(MisuseError):
                await caller.speak(0.6)
                while session.state == "running":
                    await caller.wait(0.1)
            assert await session.wait_closed() == "done"


async def test_secrets_are_not_told_to_a_model_that_hears() -> None:
    """A realtime model would hear them: refused at the start."""
    from fsm_agents.testing.fakes_realtime import FakeRealtime

    text = SURVEY.replace('type = "choice"\n[slots.topic.values]\nbills = "bills"', 'type = "digits"\nsecret = true').replace(
        "[{topic}] ", ""
    )
    session = AgentSession(Agent(), RealTimePipeline(FakeRealtime()), ConversationFlow(flow_of(text)), room=MemoryRoom())
    with pytest.raises(MisuseError, match="secret"):
        async with session:
            pass
