"""What was said, read from a growing history: new messages, words that are known better, and what is no news."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ChatMessage, ToolCall, ToolResult
from fsm_agents.observe.dialogue import Dialogue


def caller(text: str) -> ChatMessage:
    return ChatMessage("user", text)


def agent(text: str, *, cut: bool = False) -> ChatMessage:
    return ChatMessage("assistant", text, cut)


def texts(told: list[tuple[int, ChatMessage | None]]) -> list[tuple[int, str | None]]:
    return [(number, message.text if message else None) for number, message in told]


def test_what_is_added_is_told_once_and_numbered() -> None:
    history, dialogue = ChatContext(), Dialogue()
    history.add(agent("hello"))
    assert texts(dialogue.look(history.items)) == [(1, "hello")]
    assert dialogue.look(history.items) == []
    history.add(caller("tea"))
    history.add(agent("hello"))
    assert texts(dialogue.look(history.items)) == [(2, "tea"), (3, "hello")], "the same words again are another message"


def test_what_was_there_before_the_call_was_not_said_in_it() -> None:
    history = ChatContext(items=[caller("yesterday")])
    dialogue = Dialogue(history.items)
    assert dialogue.look(history.items) == []
    history.add(caller("today"))
    assert texts(dialogue.look(history.items)) == [(1, "today")]


def test_words_that_come_late_are_the_same_message_known_better() -> None:
    """Also if the answer was added in the meantime, or is added at the same time."""
    history, dialogue = ChatContext(), Dialogue()
    first, second = caller("(speech)"), caller("(speech)")
    history.add(first)
    history.add(agent("one moment"))
    history.add(second)
    dialogue.look(history.items)
    history.replace(first, caller("tea"))
    assert texts(dialogue.look(history.items)) == [(1, "tea")]
    history.replace(second, caller("and milk"))
    history.add(agent("of course"))
    assert texts(dialogue.look(history.items)) == [(3, "and milk"), (4, "of course")]


def test_what_was_only_noise_is_taken_out_and_what_is_only_forgotten_is_not() -> None:
    history, dialogue = ChatContext(max_items=3), Dialogue()
    noise = caller("(speech)")
    for item in (agent("hello"), noise, agent("yes?")):
        history.add(item)
    dialogue.look(history.items)
    history.replace(noise, None)
    assert texts(dialogue.look(history.items)) == [(2, None)]
    history.add(caller("tea"))
    history.add(agent("here"))
    assert len(history) == 3, "the oldest is forgotten"
    assert texts(dialogue.look(history.items)) == [(4, "tea"), (5, "here")]


def test_noise_is_taken_out_also_if_nothing_was_said_before_it() -> None:
    history, dialogue = ChatContext(), Dialogue()
    noise = caller("(speech)")
    history.add(noise)
    dialogue.look(history.items)
    history.replace(noise, None)
    assert texts(dialogue.look(history.items)) == [(1, None)]


def test_an_agent_that_takes_over_brings_no_news() -> None:
    mine, theirs, dialogue = ChatContext(), ChatContext(items=[agent("from elsewhere")]), Dialogue()
    mine.add(caller("a bill, please"))
    dialogue.look(mine.items)
    mine.take_over(theirs)
    assert dialogue.look(mine.items) == []
    mine.add(agent("here it is"))
    assert texts(dialogue.look(mine.items)) == [(2, "here it is")]


def test_tools_are_not_said() -> None:
    history, dialogue = ChatContext(), Dialogue()
    for item in (caller("time?"), ToolCall("1", "clock", "{}"), ToolResult("1", "clock", "ten"), agent("ten")):
        history.add(item)
    assert texts(dialogue.look(history.items)) == [(1, "time?"), (2, "ten")]


STEPS = st.lists(
    st.tuples(st.sampled_from(["user", "assistant", "tool", "better", "noise", "look"]), st.integers(0, 5)), max_size=40
)


@given(STEPS)
def test_whoever_looks_after_each_change_knows_the_history(steps: list[Any]) -> None:
    """Numbers in order, and the latest words of each."""
    history, dialogue = ChatContext(), Dialogue()
    known: dict[int, ChatMessage] = {}
    for what, which in steps:
        if what in ("user", "assistant"):
            history.add(ChatMessage(what, f"words {which}"))
        elif what == "tool":
            history.add(ToolCall(str(which), "tool", "{}"))
        messages = [item for item in history.items if isinstance(item, ChatMessage)]
        if what in ("better", "noise") and which < len(messages):
            old = messages[which]
            history.replace(old, ChatMessage(old.role, old.text + "!") if what == "better" else None)
        for number, message in dialogue.look(history.items):
            known[number] = message or ChatMessage("user", "")
    assert [known[number] for number in sorted(known) if known[number].text] == [
        item for item in history.items if isinstance(item, ChatMessage)
    ]
