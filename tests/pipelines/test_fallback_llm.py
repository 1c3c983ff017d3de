"""Several models as one: the next is asked as long as nothing was said, and never after."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall
from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.pipelines.fallback_asking import STALL
from fsm_agents.pipelines.fallback_llm import FIRST_TOKEN, FallbackLLM
from fsm_agents.runtime.link import CLOSE_GRACE
from fsm_agents.stages.base import LLM, TextDelta
from tests.pipelines.fallback_parts import CALL, Model, at, taken

pytestmark = pytest.mark.anyio


async def ask(llm: FallbackLLM) -> str:
    """What is said; a call is ``[call]``."""
    said = ""
    async for chunk in llm.chat(ChatContext(), ()):
        said += chunk.text if isinstance(chunk, TextDelta) else "[call]" if isinstance(chunk, ToolCall) else ""
    return said.strip()


async def test_it_is_a_model() -> None:
    llm = FallbackLLM([Model("a")])
    assert isinstance(llm, LLM)
    assert llm.serving is None


@pytest.mark.parametrize("how", ["busy", "key", "misuse", "bug", "toolfail"])
async def test_the_next_is_asked_when_one_fails_before_it_says_anything(how: str) -> None:
    """Also when it called a tool: nobody calls it."""
    a, b = Model("a", how), Model("b")
    llm = FallbackLLM([a, b])
    assert await ask(llm) == "b speaks"
    assert llm.serving is b
    assert await ask(llm) == "b speaks"
    assert len(a.asked) == 1


@pytest.mark.parametrize("how", ["hang", "drip"])
async def test_one_that_does_not_begin_costs_the_deadline_once(how: str) -> None:
    """Pieces without a word are no beginning."""
    llm = FallbackLLM([Model("a", how), Model("b", "0.5", "0.5")])
    start = anyio.current_time()
    assert await ask(llm) == "b speaks"
    assert anyio.current_time() - start == pytest.approx(FIRST_TOKEN + 0.5)
    assert await ask(llm) == "b speaks"
    assert anyio.current_time() - start == pytest.approx(FIRST_TOKEN + 1)


async def test_one_that_cannot_be_left_costs_a_second_more() -> None:
    """The caller does not wait for a clean end, nor hears of an unclean one."""

    class Clinging:
        def __aiter__(self) -> Clinging:
            return self

        async def __anext__(self) -> TextDelta:
            raise ProviderError("busy", retryable=True)

        async def aclose(self) -> None:
            await at(anyio.current_time() + 99)

    class Rude(Clinging):
        async def aclose(self) -> None:
            raise ValueError

    class Holder(Model):
        def chat(self, context: object, tools: object) -> Any:
            return Rude() if self.model == "rude" else Clinging()

    start = anyio.current_time()
    assert await ask(FallbackLLM([Holder("a"), Holder("rude"), Model("b")])) == "b speaks"
    assert anyio.current_time() - start == pytest.approx(CLOSE_GRACE)


@pytest.mark.parametrize(("how", "said"), [("tools", "[call]"), ("none", "")])
async def test_an_answer_without_words_is_an_answer(how: str, said: str) -> None:
    """Tools alone, or silence: nobody else is asked, nobody is left out."""
    a, b = Model("a", how), Model("b")
    llm = FallbackLLM([a, b])
    assert await ask(llm) == said
    assert llm.serving is a
    assert await ask(llm) == "a speaks"
    assert b.asked == []


@pytest.mark.parametrize(("how", "takes"), [("mid", 0.0), ("stall", STALL)])
async def test_after_the_first_word_a_failure_comes_through(how: str, takes: float) -> None:
    """Nobody goes on with another's sentence; the next turn is the next one's."""
    a, b = Model("a", how), Model("b")
    llm = FallbackLLM([a, b])
    start, said = anyio.current_time(), ""
    with pytest.raises(ProviderError, match=r"FallbackLLM: broken off in the middle: Model \(a\)"):
        async for chunk in llm.chat(ChatContext(), ()):
            assert isinstance(chunk, TextDelta)
            said += chunk.text
    assert said.strip() == "a"
    assert anyio.current_time() - start == pytest.approx(takes)
    assert await ask(llm) == "b speaks"


async def test_a_caller_who_is_slow_is_not_a_model_that_is_slow() -> None:
    """The time in which nobody asks for more does not count."""
    a, b = Model("a"), Model("b")
    llm = FallbackLLM([a, b])
    async for _ in llm.chat(ChatContext(), ()):
        await at(anyio.current_time() + 10 * STALL)
    await ask(llm)
    assert b.asked == []


async def test_stopping_it_is_no_failure() -> None:
    """A barge-in, before or after the first word, leaves nobody out."""
    a, b = Model("a", "hang", "stall"), Model("b")
    llm = FallbackLLM([a, b])
    for _ in range(2):
        with anyio.move_on_after(1):
            await ask(llm)
        await at(anyio.current_time() + 100)
    assert await ask(llm) == "a speaks"
    assert b.asked == []


async def test_the_failures_of_all_are_named() -> None:
    """In one line; it may work later if one of them may."""
    llm = FallbackLLM([Model("a", "busy"), Model("b", "key")])
    with pytest.raises(ProviderError) as raised:
        await ask(llm)
    assert str(raised.value) == ("FallbackLLM: none of 2 answers: Model (a): a is busy; Model (b): b refused the key")
    assert raised.value.retryable
    assert await ask(llm) in ("a speaks", "b speaks")


async def test_if_none_can_ever_work_that_is_misuse() -> None:
    llm = FallbackLLM([Model("a", then="misuse"), Model("b", then="misuse")])
    for _ in range(2):
        with pytest.raises(MisuseError, match=r"^a has no key$"):
            await ask(llm)


async def test_it_stands_for_one_of_another() -> None:
    """A fallback is a stage like any other."""
    inner = FallbackLLM([Model("a", then="busy"), Model("b", then="busy")])
    assert await ask(FallbackLLM([inner, Model("c")])) == "c speaks"


async def test_calls_and_words_keep_their_order() -> None:
    """What was held until the first word comes before it."""

    class Mixed(Model):
        async def chat(self, context: object, tools: object):  # type: ignore[no-untyped-def,override]
            for chunk in (CALL, TextDelta("one "), CALL, TextDelta("two")):
                yield chunk

    chunks = await taken(FallbackLLM([Mixed("a")]).chat(ChatContext(), ()))
    assert chunks == [CALL, TextDelta("one "), CALL, TextDelta("two")]
