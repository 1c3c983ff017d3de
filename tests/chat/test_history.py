"""The history: a model is never shown half a tool call, and what is forgotten is the oldest."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.chat import ChatContext, ChatItem, ChatMessage, ToolCall, ToolResult, estimate_tokens
from fsm_agents.errors import MisuseError

IDS = st.sampled_from("abc")
ITEMS: st.SearchStrategy[ChatItem] = st.one_of(
    st.builds(ChatMessage, st.sampled_from(["user", "assistant"]), st.text(max_size=30), st.booleans()),
    st.builds(ToolCall, IDS, st.just("look"), st.just("{}")),
    st.builds(ToolResult, IDS, st.just("look"), st.text(max_size=30), st.booleans()),
)
CONTEXTS = st.builds(ChatContext, st.text(max_size=10), st.lists(ITEMS, max_size=20))

USER, AGENT = ChatMessage("user", "A pizza."), ChatMessage("assistant", "Which size?")
CALL, RESULT = ToolCall("1", "look", "{}"), ToolResult("1", "look", "found")
CALL2, RESULT2 = ToolCall("2", "look", "{}"), ToolResult("2", "look", "nothing")


def test_items_are_kept_in_order_without_the_instructions() -> None:
    """As a tuple that nobody changes."""
    context = ChatContext("Be brief.")
    context.add(USER)
    context.add(AGENT)
    assert context.items == (USER, AGENT)
    assert len(context) == 2


def test_the_instructions_can_be_changed_and_stand_first() -> None:
    """There is one such text."""
    context = ChatContext("Be brief.", [USER])
    context.system = "Be long."
    assert context.export() == (ChatMessage("system", "Be long."), USER)
    context.system = ""
    assert context.export() == (USER,)


def test_a_system_message_is_no_item() -> None:
    """The message says where instructions go."""
    with pytest.raises(MisuseError, match=r"set context\.system"):
        ChatContext().add(ChatMessage("system", "Be brief."))


def test_what_is_no_item_is_refused() -> None:
    """The message names what it is and what it could be."""
    with pytest.raises(MisuseError, match=r"str is not a chat item; give a ChatMessage"):
        ChatContext("", ["hello"])  # type: ignore[list-item]


def test_an_item_can_be_replaced_or_taken_out() -> None:
    """That very object, not another that is equal: what was said twice stays once. What was forgotten stays so."""
    first, second = ChatMessage("assistant", "Hello."), ChatMessage("assistant", "Hello.")
    context = ChatContext("", [USER, first, second])
    context.replace(second, AGENT)
    assert context.items == (USER, first, AGENT)
    context.replace(first, None)
    assert context.items == (USER, AGENT)
    context.replace(second, USER)
    assert context.items == (USER, AGENT)
    with pytest.raises(MisuseError, match=r"set context\.system"):
        context.replace(AGENT, ChatMessage("system", "Be brief."))


def test_a_copy_changes_apart() -> None:
    """Neither sees what the other is told."""
    context = ChatContext("Be brief.", [USER])
    copy = context.copy()
    assert copy == context
    copy.add(AGENT)
    copy.system = "Be long."
    assert context == ChatContext("Be brief.", [USER])
    assert copy != context
    assert context != [USER]


def test_a_context_in_a_log_does_not_tell_what_was_said() -> None:
    """Transcripts are private words."""
    assert repr(ChatContext("Be brief.", [USER])) == "ChatContext(<1 items, 9 characters of instructions>)"


def test_a_result_follows_its_call_at_once() -> None:
    """Whenever it was reported; two calls at a time keep their own."""
    context = ChatContext("", [USER, CALL, CALL2, AGENT, RESULT2, USER, RESULT])
    assert context.export() == (USER, CALL, RESULT, CALL2, RESULT2, AGENT, USER)


def test_calls_and_results_alone_are_not_shown_but_kept() -> None:
    """A call that waits is shown as soon as its result is there."""
    context = ChatContext("", [RESULT2, CALL, AGENT])
    assert context.export() == (AGENT,)
    context.add(RESULT)
    assert context.export() == (CALL, RESULT, AGENT)


def test_a_result_belongs_to_the_latest_call_before_it() -> None:
    """Some servers count call ids from 0 in every answer."""
    again = ToolCall("1", "look", '{"at": 2}')
    assert ChatContext("", [CALL, RESULT, again, RESULT]).export() == (CALL, RESULT, again, RESULT)
    assert ChatContext("", [CALL, again, RESULT, RESULT]).export() == (again, RESULT)
    assert ChatContext("", [CALL, RESULT, ToolResult("1", "look", "late")]).export() == (CALL, RESULT)


@given(CONTEXTS)
def test_whatever_happened_a_model_is_shown_whole_pairs_only(context: ChatContext) -> None:
    """For any history: each call is followed by a result with its id, each result comes so; messages are all there, in order."""
    shown = context.export()[1 if context.system else 0 :]
    for at, item in enumerate(shown):
        if isinstance(item, ToolCall):
            follower = shown[at + 1]
            assert isinstance(follower, ToolResult)
            assert follower.id == item.id
        elif isinstance(item, ToolResult):
            assert isinstance(shown[at - 1], ToolCall)
    messages = [item for item in context.items if isinstance(item, ChatMessage)]
    assert [item for item in shown if isinstance(item, ChatMessage)] == messages
    assert not Counter(shown) - Counter(context.items)


def test_the_oldest_is_forgotten_first_and_pairs_go_together() -> None:
    """A limit inside of a pair takes the whole pair."""
    context = ChatContext("Be brief.", [USER, CALL, RESULT, AGENT])
    context.trim(max_items=3)
    assert context.items == (CALL, RESULT, AGENT)
    context.trim(max_items=2)
    assert context.items == (AGENT,)
    context.trim(max_items=0)
    assert context.items == ()
    assert context.system == "Be brief."


def test_without_a_limit_only_results_without_a_call_go() -> None:
    """Nobody will ever be shown them."""
    context = ChatContext("", [RESULT2, USER, CALL])
    context.trim()
    assert context.items == (USER, CALL)


def test_a_call_that_waits_goes_last() -> None:
    """The slow tool's result must find it."""
    context = ChatContext("", [CALL, USER, AGENT])
    context.trim(max_items=2)
    assert context.items == (CALL, AGENT)
    context.trim(max_items=0)
    assert context.items == ()


def test_tokens_are_counted_with_the_instructions() -> None:
    """Which stay, even if they alone are too much; calls and results count by what the model reads."""
    context = ChatContext("x" * 40, [USER, CALL, RESULT, AGENT])  # 10 + 2 + 2 + 2 + 3 tokens
    context.trim(max_tokens=19)
    assert len(context) == 4
    context.trim(max_tokens=18)
    assert context.items == (CALL, RESULT, AGENT)
    context.trim(max_tokens=14)
    assert context.items == (AGENT,)
    context.trim(max_tokens=1)
    assert context.items == ()
    assert context.system


def test_a_real_tokenizer_can_count() -> None:
    """Words here."""
    context = ChatContext("", [ChatMessage("user", "one two three"), ChatMessage("user", "four")])
    context.trim(max_tokens=3, count=lambda text: len(text.split()))
    assert context.items == (ChatMessage("user", "four"),)


def test_a_token_is_about_four_characters() -> None:
    """Rounded up: no text is free."""
    assert [estimate_tokens("x" * length) for length in (0, 1, 4, 5)] == [0, 1, 1, 2]


@given(CONTEXTS, st.none() | st.integers(0, 20), st.none() | st.integers(0, 60))
def test_trimming_keeps_the_limits_and_forgets_no_more_than_needed(
    context: ChatContext, items: int | None, tokens: int | None
) -> None:
    """For any history and limits: both hold, pairs stay whole, no result without a call is left, and the order is kept."""
    before = context.copy()
    context.trim(items, tokens)
    assert items is None or len(context) <= items
    used = sum(map(estimate_tokens, _texts(context)))
    assert tokens is None or used + estimate_tokens(context.system) <= tokens or not len(context)
    assert context.system == before.system
    rest = iter(before.items)
    assert all(any(item is other for other in rest) for item in context.items)
    shown = [item for item in context.export() if not isinstance(item, ChatMessage)]
    results = [item for item in context.items if isinstance(item, ToolResult)]
    assert sum(isinstance(item, ToolResult) for item in shown) == len(results)
    assert not context.items or not isinstance(context.items[0], ToolResult)
    again = context.copy()
    again.trim(items, tokens)
    assert again == context
    if items is None and tokens is None:
        assert context.export() == before.export()


def _texts(context: ChatContext) -> list[str]:
    """What a model reads of each item."""
    return [
        item.text
        if isinstance(item, ChatMessage)
        else item.output
        if isinstance(item, ToolResult)
        else item.name + item.arguments
        for item in context.items
    ]


@pytest.mark.parametrize("limits", [{"max_items": -1}, {"max_tokens": -1}])
def test_a_negative_limit_is_refused(limits: dict[str, Any]) -> None:
    """The message names it."""
    with pytest.raises(MisuseError, match=rf"{next(iter(limits))}=-1\): a limit is 0 or more"):
        ChatContext().trim(**limits)


@given(CONTEXTS)
def test_a_history_survives_a_file(context: ChatContext) -> None:
    """Through JSON and back."""
    assert ChatContext.from_dicts(json.loads(json.dumps(context.to_dicts()))) == context


def test_the_form_of_the_file() -> None:
    """Plain and stable: other programs read it."""
    context = ChatContext("Be brief.", [USER, CALL, RESULT])
    assert context.to_dicts() == [
        {"type": "message", "role": "system", "text": "Be brief.", "interrupted": False},
        {"type": "message", "role": "user", "text": "A pizza.", "interrupted": False},
        {"type": "tool_call", "id": "1", "name": "look", "arguments": "{}"},
        {"type": "tool_result", "id": "1", "name": "look", "output": "found", "is_error": False},
    ]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"type": "mesage", "role": "user", "text": "hi"}, r"entry 1: the type 'mesage' is not known; did you mean 'message'"),
        ({"role": "user", "text": "hi"}, "the type None is not known"),
        ({"type": ["message"]}, r"the type \['message'\] is not known"),
        ({"type": "message", "role": "user", "txt": "hi"}, r"\(message\): 'txt' is not known; did you mean 'text'"),
        ({"type": "message", "role": "user"}, "'text' is missing"),
        ({"type": "message", "role": "user", "text": 5}, "'text' is 5, and must be a str"),
        ({"type": "message", "role": "user", "text": "", "interrupted": "no"}, "'interrupted' is 'no', and must be a bool"),
        ({"type": "message", "role": "tool", "text": ""}, "role 'tool' is not known"),
        ({"type": "message", "role": "system", "text": ""}, r"set context\.system"),
        ("hello", "entry 1 is not an object"),
    ],
)
def test_a_broken_file_is_refused_by_place_and_reason(entry: Any, says: str) -> None:
    """Whoever edited it by hand is told where."""
    with pytest.raises(MisuseError, match=says):
        ChatContext.from_dicts([{"type": "message", "role": "user", "text": "hi"}, entry])


# --- limits that hold by themselves -------------------------------------------------------------------------------------------------------


def test_a_context_with_a_limit_forgets_as_it_grows() -> None:
    """The oldest; what the caller said last and the tools since stay, or they would be called again."""
    context = ChatContext("Be brief.", [USER, AGENT], max_items=2)
    context.add(ChatMessage("user", "Large."))
    assert context.items == (AGENT, ChatMessage("user", "Large."))
    for item in (CALL, RESULT, CALL2, RESULT2):
        context.add(item)
    assert context.items == (ChatMessage("user", "Large."), CALL, RESULT, CALL2, RESULT2)
    context.add(AGENT)
    assert context.items == (ChatMessage("user", "Large."), CALL, RESULT, CALL2, RESULT2, AGENT)  # until the caller goes on
    context.add(USER)
    assert context.items == (AGENT, USER)


def test_a_question_longer_than_the_limit_stays() -> None:
    """There must be something to answer."""
    context = ChatContext("x" * 400, [USER, AGENT], max_tokens=10)
    question = ChatMessage("user", "y" * 400)
    context.add(question)
    assert context.items == (question,)


def test_a_call_at_work_stays_until_its_result_is_there() -> None:
    """Of a slow tool, over any number of turns."""
    context = ChatContext("", [CALL, *[USER] * 9], max_items=2)
    assert context.items == (CALL, USER)
    context.add(RESULT)
    assert context.items == (CALL, USER, RESULT)
    context.add(AGENT)
    context.add(USER)
    assert context.items == (AGENT, USER)


def test_a_limit_can_be_set_later_and_is_copied() -> None:
    """It holds from the next item on; so does the tokenizer."""
    context = ChatContext("", [USER, AGENT, USER], count=lambda text: 100)
    context.max_tokens = 200
    assert len(context) == 3
    copy = context.copy()
    assert copy == context
    copy.add(AGENT)
    assert (copy.items, len(context)) == ((USER, AGENT), 3)


@pytest.mark.parametrize("limits", [{"max_items": 0}, {"max_tokens": -1}])
def test_a_limit_of_a_context_is_at_least_one(limits: dict[str, Any]) -> None:
    """The message names it."""
    with pytest.raises(MisuseError, match=rf"{next(iter(limits))}=.*a limit is 1 or more"):
        ChatContext(**limits)


@given(st.lists(ITEMS, max_size=40), st.none() | st.integers(1, 10), st.none() | st.integers(1, 40))
def test_whatever_is_added_the_limits_hold_but_for_what_is_at_work(
    items: list[ChatItem], max_items: int | None, max_tokens: int | None
) -> None:
    """The last words of the caller and the tools since are there; what else is there fits; pairs are whole, the order is kept."""
    context = ChatContext("", max_items=max_items, max_tokens=max_tokens)
    for item in items:
        context.add(item)
    rest = iter(items)
    assert all(any(item is other for other in rest) for item in context.items)
    assert _pairs_left_open(context) <= _pairs_left_open(ChatContext("", items))
    questions = [at for at, item in enumerate(items) if isinstance(item, ChatMessage) and item.role == "user"]
    if questions:
        assert any(item is items[questions[-1]] for item in context.items)
    last = questions[-1] if questions else len(items)
    at_work = {id(item) for at, item in enumerate(items) if at >= last and (at == last or not isinstance(item, ChatMessage))}
    waiting = {id(item) for item in context.items if isinstance(item, ToolCall)}
    free = [item for item in context.items if id(item) not in at_work | waiting and not isinstance(item, ToolResult)]
    assert max_items is None or len(free) <= max_items
    if items and not isinstance(items[-1], ToolResult):
        assert context.items[-1] is items[-1]


def _pairs_left_open(context: ChatContext) -> int:
    """How many results have no call."""
    shown = context.export()
    return sum(isinstance(item, ToolResult) for item in context.items) - sum(isinstance(item, ToolResult) for item in shown)


# --- somebody else goes on ----------------------------------------------------------------------------------------------------------------


def test_taking_over_brings_instructions_items_and_limits() -> None:
    """The object stays the same: whoever writes it goes on."""
    context = ChatContext("Old.", [USER, AGENT, USER], max_items=9)
    context.take_over(ChatContext("New.", [CALL, RESULT]))
    assert context == ChatContext("New.", [CALL, RESULT, USER, AGENT, USER])
    assert context.max_items == 9
    context.take_over(ChatContext("Newer.", max_tokens=5), keep=2)
    assert context == ChatContext("Newer.", [AGENT, USER])
    assert (context.max_items, context.max_tokens) == (None, 5)
    context.take_over(ChatContext("Newest."), keep=0)
    assert context == ChatContext("Newest.")
    with pytest.raises(MisuseError, match="max_items=-1"):
        context.take_over(ChatContext(), keep=-1)


@given(CONTEXTS, CONTEXTS, st.none() | st.integers(0, 20))
def test_taking_over_keeps_pairs_and_order(context: ChatContext, other: ChatContext, keep: int | None) -> None:
    """What is kept is the newest, behind what the other brings, which stays as it was."""
    before, brought = context.items, other.items
    context.take_over(other, keep)
    assert context.system == other.system
    assert context.items[: len(brought)] == brought == other.items
    kept = context.items[len(brought) :]
    expected = ChatContext("", before)
    expected.trim(max_items=keep)
    assert kept == expected.items
