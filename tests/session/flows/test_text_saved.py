"""A conversation that is stored and goes on elsewhere; and what becomes of stored conversations that somebody has edited."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.chat.tool import ToolContext
from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.session.flows.signed import signed
from fsm_agents.session.flows.text import Ended, FlowSession
from tests.session.flows.texts import CLINIC, PIN, clinic, noon, said, takes

pytestmark = pytest.mark.anyio

RESUMED = CLINIC.replace(
    "| any             | repeat ", '| any | resumed | | again | say "Welcome back." |\n| any             | repeat '
)


async def stored(flow: Flow, *texts: str) -> Any:
    """A conversation as it comes back from a database."""
    session = FlowSession(flow, id="s1")
    for text in texts:
        await session.send(text)
    return json.loads(json.dumps(session.save()))


async def test_a_restored_conversation_goes_on_and_asks_again() -> None:
    saved = await stored(clinic(), "cleaning")
    session = FlowSession.restore(clinic(), saved)
    assert (session.id, session.state, session.slots) == ("s1", "confirm", {"service": "cleaning"})
    assert [item.text for item in session.history.items][-1] == "cleaning. Shall I book it?"  # type: ignore[union-attr]
    outs = await session.send("yes")
    assert said(outs) == ["cleaning. Shall I book it?", "Booked: cleaning."]
    assert outs[-1] == Ended("booked")


async def test_a_row_says_what_a_resumed_caller_hears() -> None:
    saved = await stored(clinic(text=RESUMED), "cleaning")
    session = FlowSession.restore(clinic(text=RESUMED), saved)
    assert said(await session.begin()) == ["Welcome back.", "cleaning. Shall I book it?"]
    assert said(await session.send("no")) == ["A check up or a cleaning?"]


async def test_messages_that_are_each_stored_need_no_welcome() -> None:
    """Each message of a text conversation is a process of its own; the caller notices nothing of it."""
    heard: list[str] = []
    saved: Any = None
    for text in ("hello", "cleaning", "no", "check up", "yes"):
        flow = clinic(text=RESUMED)
        session = FlowSession(flow) if saved is None else FlowSession.restore(flow, saved, resumed=False)
        heard += said(await session.send(text))
        saved = json.loads(json.dumps(session.save()))
    assert heard == [
        "Harbour dental practice.", "A check up or a cleaning?", "Say check up, or cleaning.", "cleaning. Shall I book it?",
        "A check up or a cleaning?", "check up. Shall I book it?", "Booked: check up.",
    ]  # fmt: skip


async def test_a_conversation_that_is_over_stays_over() -> None:
    saved = await stored(clinic(), "cleaning", "yes")
    session = FlowSession.restore(clinic(), saved)
    assert (session.ended, session.outcome) == (True, "booked")
    with pytest.raises(MisuseError, match="the conversation is over"):
        await session.send("hello")


async def test_one_that_has_not_begun_begins() -> None:
    saved = json.loads(json.dumps(FlowSession(clinic()).save()))
    session = FlowSession.restore(clinic(), saved)
    assert said(await session.begin())[0] == "Harbour dental practice."


async def test_what_was_being_worked_on_is_asked_again_with_the_same_key() -> None:
    """Saved while the tool works, as before a crash; the first of the two calls never ends."""
    keys: list[str] = []
    kept: list[Any] = []

    async def crashes(service: str, ctx: ToolContext) -> None:
        keys.append(ctx.call_id)
        kept.append(json.loads(json.dumps(session.save())))
        await anyio.sleep_forever()

    async def books(service: str, ctx: ToolContext) -> bool:
        keys.append(ctx.call_id)
        await takes(7)  # the time limit begins anew, too
        return False

    session = FlowSession(clinic(crashes, once=False))
    await session.send("cleaning")
    with anyio.move_on_after(5):
        await session.send("yes")
    for resumed in (True, False):
        again = FlowSession.restore(clinic(books, once=False), kept[0], resumed=resumed)
        assert again.state == "booking"
        assert (await again.send("hello?"))[-1] == Ended("booked")
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert keys[0].startswith(session.id)


async def test_what_is_said_to_a_flow_that_was_working_is_heard_while_it_works() -> None:
    """It answers nothing that the caller has not been asked yet."""
    kept: list[Any] = []

    async def desk(to: str, carry: dict[str, Any]) -> None:
        kept.append(session.save())
        await anyio.sleep_forever()

    session = FlowSession(clinic(hand_off=desk))
    with anyio.move_on_after(1):
        await session.send("operator")
    again = FlowSession.restore(clinic(), kept[0])
    assert [type(out).__name__ for out in await again.send("cleaning")] == ["HandedOver", "Ended"]
    assert again.slots == {}


PROGRAM = """
import json, sys
import anyio
from fsm_agents.chat.tool import ToolContext
from fsm_agents.flows.flow import Flow
from fsm_agents.session.flows.text import FlowSession, Said

flow_file, store, *texts = sys.argv[1:]

async def book(service: str, ctx: ToolContext) -> bool:
    print("key", ctx.call_id)
    if texts == ["cleaning", "yes"]:
        with open(store, "w") as file:
            json.dump(session.save(), file)
        sys.exit(3)
    return False

flow = Flow.load(flow_file).bind({"book": book})
try:
    with open(store) as file:
        session = FlowSession.restore(flow, json.load(file))
except FileNotFoundError:
    session = FlowSession(flow)

async def main():
    for text in texts:
        for out in await session.send(text):
            print(out)

anyio.run(main)
"""


@pytest.mark.real_clock
def test_a_process_dies_in_a_tool_and_another_goes_on(tmp_path: Path) -> None:
    (tmp_path / "clinic.toml").write_text(CLINIC)

    def process(*texts: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-c", PROGRAM, str(tmp_path / "clinic.toml"), str(tmp_path / "store.json"), *texts]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

    first = process("cleaning", "yes")
    assert first.returncode == 3
    second = process("hello?")
    assert second.returncode == 0, second.stderr
    assert "Ended(outcome='booked')" in second.stdout
    (key,) = {line for line in (first.stdout + second.stdout).splitlines() if line.startswith("key ")}
    assert "booking" in key


# --- edited, truncated, foreign -------------------------------------------------------------------------------------------------------


async def test_what_is_asked_again_has_its_time_limit() -> None:
    kept: list[Any] = []

    async def never(service: str) -> None:
        kept.append(session.save())
        await anyio.sleep_forever()

    session = FlowSession(clinic(never, once=False))
    await session.send("cleaning")
    with anyio.move_on_after(5):
        await session.send("yes")
    again = FlowSession.restore(clinic(never, once=False), kept[0])
    before = anyio.current_time()
    assert said(await again.begin())[0] == "I could not book it."
    assert anyio.current_time() - before == pytest.approx(8)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (None, "is NoneType"), ([], "is list"), ("{}", "is str"), ({}, "the form of the stored session is 'None'"),
        ({"format": 2}, "reads 1"), ({"format": 1, "session": "a", "history": {}}, "the history"),
        ({"format": 1, "session": 7, "history": [], "flow": {}}, "a stored conversation|F80|the id of a session"),
        ({"format": 1, "x": {1, 2}}, "plain JSON"), ({"format": float("nan")}, "reads 1"),
    ],
)  # fmt: skip
def test_what_is_no_stored_session_is_refused(change: Any, told: str) -> None:
    with pytest.raises((MisuseError, FlowError), match=told):
        FlowSession.restore(clinic(), change)


def test_a_deep_nest_is_refused() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(MisuseError, match="plain JSON"):
        FlowSession.restore(clinic(), {"format": 1, "history": deep})


async def test_one_of_another_flow_or_another_text_is_refused() -> None:
    saved = await stored(clinic(), "cleaning")
    with pytest.raises(FlowError, match="F803"):
        FlowSession.restore(Flow.loads(PIN), saved, judge=lambda question: question)
    with pytest.raises(FlowError, match="F805"):
        FlowSession.restore(clinic(text=RESUMED), saved)


KEY = bytes(range(32))
FLOW = clinic()
SAVED: dict[str, Any] = {
    "format": 1,
    "session": "s1",
    "flow": {
        "format": 1, "flow": "clinic", "version": 1, "digest": FLOW.digest, "state": "confirm", "slots": {"service": "cleaning"},
        "results": {"book": {"taken": False}}, "checked": [], "failures": {"no_input": 0, "no_match": 1, "invalid": 0}, "bookmark": None,
        "turns": 0, "call": 4, "visit": 4, "step": 5, "said": [["Shall I book it?", ""]], "outcome": "",
    },
    "history": [
        {"type": "message", "role": "user", "text": "cleaning", "interrupted": False},
        {"type": "tool_call", "id": "1", "name": "x", "arguments": "{}"},
        {"type": "tool_result", "id": "1", "name": "x", "output": "y", "is_error": False},
    ],
}  # fmt: skip

odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["confirm", "(begin)", "booking", "service:checking", "s" * 5000]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["service", "book", "state"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def _paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here] * bool(here) + [path for key, inner in items for path in _paths(inner, (*here, key))]


@st.composite
def edited(draw: st.DrawFn) -> Any:
    """A stored session of which some parts were changed, taken out, or put elsewhere."""
    saved = copy.deepcopy(SAVED)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(_paths(saved)))
        place: Any = saved
        for key in way:
            place = place[key]
        match draw(st.sampled_from(["change", "take", "add"])):
            case "change":
                place[last] = draw(odd)
            case "take":
                del place[last]
            case _ if isinstance(place, dict):
                place[draw(st.text(max_size=8))] = draw(odd)
            case _:
                place.append(draw(odd))
    return saved


@given(saved=edited())
async def test_an_edited_file_is_refused_or_is_a_conversation_that_goes_on(saved: Any) -> None:
    try:
        session = FlowSession.restore(FLOW, saved)
    except (FlowError, MisuseError):
        return
    assert session.state in FLOW.flat.states or session.state == ""
    if not session.ended:
        await session.send("operator")
        assert session.state in FLOW.flat.states


SIGNED = signed(SAVED, KEY)


@given(saved=edited(), signature=st.sampled_from([SIGNED["signature"], "", "é", None, 1, []]))
def test_no_edit_passes_a_signature(saved: Any, signature: Any) -> None:
    if json.dumps(saved, sort_keys=True) == json.dumps(SAVED, sort_keys=True):
        return
    saved["signature"] = signature
    with pytest.raises(FlowError, match="F808"):
        FlowSession.restore(FLOW, saved, key=KEY)


@given(cut=st.integers(0, 1200))
def test_a_truncated_file_is_no_json_or_refused(cut: int) -> None:
    text = json.dumps(SAVED)[:cut]
    try:
        found = json.loads(text)
    except ValueError:
        return
    if found != SAVED:
        with pytest.raises((FlowError, MisuseError)):
            FlowSession.restore(FLOW, found)


@given(found=odd)
def test_any_json_is_refused(found: Any) -> None:
    with pytest.raises((FlowError, MisuseError)):
        FlowSession.restore(FLOW, found)


async def test_a_secret_is_asked_for_again() -> None:
    async def answers(question: Any) -> Any:
        return question.answer(text="Gladly.")

    flow = Flow.loads(PIN)
    session = FlowSession(flow, judge=answers, now=noon)
    await session.send("4829")
    assert "four eight" not in json.dumps(session.save())
    saved = json.loads(json.dumps(session.save()))
    again = FlowSession.restore(flow, saved, judge=answers, now=noon)
    assert again.slots == {}
    assert again.state == "pin"
    assert said(await again.begin()) == ["Your four digit code?"]
    assert said(await again.send("4829")) == ["Thank you, code four eight two nine. How can I help?"]
    assert said(await again.send("what is my balance")) == ["Gladly."]


async def test_a_secret_is_asked_for_again_where_every_message_is_stored() -> None:
    """The caller notices that: what they know and we do not is asked for."""

    async def answers(question: Any) -> Any:
        return question.answer(text="Gladly.")

    flow = Flow.loads(PIN)
    session = FlowSession(flow, judge=answers, now=noon)
    await session.send("4829")
    again = FlowSession.restore(flow, session.save(), resumed=False, judge=answers, now=noon)
    assert said(await again.begin()) == ["Your four digit code?"]
    other = FlowSession.restore(clinic(), await stored(clinic(), "cleaning"), resumed=False)
    assert said(await other.begin()) == []


async def test_a_signed_conversation_is_read_with_its_key_only() -> None:
    session = FlowSession(clinic(), id="s1")
    await session.send("cleaning")
    saved = json.loads(json.dumps(session.save(key=KEY)))
    assert saved["signature"].startswith("hmac-sha256:")
    again = FlowSession.restore(clinic(), dict(reversed(saved.items())), key=KEY)
    assert again.state == "confirm"
    for key, told in ((bytes(32), "not that of this key"), (None, "no key was given")):
        with pytest.raises(FlowError, match=f"F808.*{told}"):
            FlowSession.restore(clinic(), saved, key=key)
    with pytest.raises(FlowError, match=r"F808.*is not signed"):
        FlowSession.restore(clinic(), session.save(), key=KEY)


@pytest.mark.parametrize("key", ["a text that is long enough", b"too short", 7])
def test_what_is_no_key_is_refused(key: Any) -> None:
    session = FlowSession(clinic())
    with pytest.raises(MisuseError, match="the key of stored sessions"):
        session.save(key=key)
    with pytest.raises(MisuseError, match="the key of stored sessions"):
        FlowSession.restore(clinic(), session.save(), key=key)
