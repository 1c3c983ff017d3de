"""Random failures of three providers: while one works there is an answer, soon, by whom it should be, and nothing flaps."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.chat.history import ChatContext
from fsm_agents.errors import FSMAgentsError
from fsm_agents.pipelines.fallback_link import LEFT_OUT
from fsm_agents.pipelines.fallback_llm import FIRST_TOKEN, FallbackLLM
from fsm_agents.pipelines.fallback_stream import GIVE_UP
from fsm_agents.pipelines.fallback_stt import FINAL, FallbackSTT
from fsm_agents.stages.base import TextDelta, Transcript
from tests.pipelines.fallback_parts import Engine, Model, at

pytestmark = pytest.mark.anyio

PROVIDERS = 3
WORKS = ("ok", "0.4", "2")
FAILS = ("busy", "key", "bug", "hang", "drip", "toolfail")


@attrs.frozen
class Turn:
    """What a turn finds: the seconds since the one before, and what each provider would do."""

    pause: float
    does: tuple[str, ...]


def turns(kinds: Sequence[str]) -> st.SearchStrategy[list[Turn]]:
    """Some turns; the pauses are about as long as what the tables wait for."""
    pauses = st.sampled_from((0.5, 3.0, 10.0, 29.0, 31.0, 59.9, 60.1, 125.0, 600.0))
    does = st.tuples(*[st.sampled_from(kinds)] * PROVIDERS)
    return st.lists(st.builds(Turn, pauses, does), min_size=1, max_size=25)


async def answer(llm: FallbackLLM) -> tuple[str, float]:
    """Its text and how long the first word took; empty: it failed."""
    start, first, said = anyio.current_time(), 0.0, ""
    try:
        async for chunk in llm.chat(ChatContext(), ()):
            if isinstance(chunk, TextDelta) and chunk.text.strip():
                first = first or anyio.current_time() - start
                said += chunk.text
    except FSMAgentsError:
        return "", anyio.current_time() - start
    return said.strip(), first


@given(walk=turns(WORKS + FAILS))
async def test_while_one_works_there_is_an_answer(walk: list[Turn]) -> None:
    """Within a deadline for each that was asked in vain, by the first in order; who is left out is asked last."""
    models = [Model(name) for name in "abc"]
    llm = FallbackLLM(models)
    away: list[float] = []  # when somebody else took over although the one before had not failed
    last = ""
    for turn in walk:
        await at(anyio.current_time() + turn.pause)
        book: list[str] = []
        for model, does in zip(models, turn.does, strict=True):
            model.then, model.book = does, book
        ready = [model.model for model, member in zip(models, llm.members.all, strict=True) if member.ready]
        start = anyio.current_time()
        said, first = await answer(llm)
        assert bool(said) == any(does in WORKS for does in turn.does)
        assert len(set(book)) == len(book)
        in_place = [name for name in book if name in ready]
        assert in_place == ready[: len(in_place)]
        if book[: len(ready)] != ready[: len(book)]:  # somebody before them: only one that cooled down while others hung
            assert anyio.current_time() > start
        if said:
            assert first <= FIRST_TOKEN * (len(book) - 1) + 2 + 1e-6
            assert said == f"{book[-1]} speaks"
            if last not in ("", *book):
                away.append(start)
            last = book[-1]
    for begins in away:
        assert sum(begins <= each < begins + LEFT_OUT for each in away) <= PROVIDERS - 1


@given(walk=turns((*WORKS, *FAILS)))
async def test_one_that_always_works_is_never_missed(walk: list[Turn]) -> None:
    """Whatever the two before it do, and the preferred one is not tried more often than its failures allow."""
    first, second, last = Model("a"), Model("b"), Model("c")
    llm = FallbackLLM([first, second, last])
    tried: list[float] = []
    for turn in walk:
        await at(anyio.current_time() + turn.pause)
        first.then, second.then = turn.does[0], turn.does[1]
        before = len(first.asked)
        said, _ = await answer(llm)
        assert said.endswith("speaks")
        if len(first.asked) > before and first.then in FAILS:
            tried.append(first.asked[-1])
    assert all(later - earlier >= LEFT_OUT - 1e-6 for earlier, later in zip(tried, tried[1:], strict=False))


HEARS = ("ok", "0.3", "1.5")
DEAF = ("busy", "key", "bug", "push", "finish", "unread", "hang", "dies")


@given(walk=turns((*HEARS, *DEAF, "empty", "early")), rates=st.tuples(*[st.sampled_from((8000, 16000))] * PROVIDERS))
async def test_no_words_are_lost_and_none_come_twice(walk: list[Turn], rates: tuple[int, ...]) -> None:
    """Each segment has one final transcript, whose words are one engine's; it is empty only if nobody who was asked had any."""
    engines = [Engine(name, rate=rate) for name, rate in zip("abc", rates, strict=True)]
    for place, engine in enumerate(engines):
        engine.plan = {number: turn.does[place] for number, turn in enumerate(walk)}
    stt = FallbackSTT(engines)
    finals: dict[int, list[str]] = {}
    gone = False

    def hear(told: Transcript) -> None:
        if told.final:
            finals.setdefault(told.segment, []).append(told.text)

    stream = stt.open(hear)

    async def run() -> None:
        nonlocal gone
        try:
            await stream.run()
        except FSMAgentsError:
            gone = True

    said = 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await anyio.lowlevel.checkpoint()
        for number, turn in enumerate(walk):
            stream.begin(number)
            stream.push(b"\x01\x00" * 1600)
            await at(anyio.current_time() + 0.1)
            stream.push(b"\x01\x00" * 1600)
            stream.finish(number)
            await at(anyio.current_time() + min(turn.pause, 3.0))
            said += 1
            if gone:
                break
        await at(anyio.current_time() + 2 * PROVIDERS * FINAL + GIVE_UP + 20)
        running = [each for engine in engines for each in engine.streams if each.running == ["began"]]
        assert len(running) <= 1
        tasks.cancel_scope.cancel()
    dies = any("dies" in turn.does for turn in walk)  # it takes the words of others with it
    for number, turn in enumerate(walk[:said]):
        words = finals.get(number, [])
        assert len(words) == 1 or (gone and not words), (number, finals)
        if words and not dies and "empty" not in turn.does and any(does in HEARS for does in turn.does):
            assert words[0], (number, finals)


@given(walk=turns((*HEARS, *DEAF)))
async def test_segments_that_overlap_do_not_disturb_each_other(walk: list[Turn]) -> None:
    """The caller speaks on while words are owed: all of the sound of each reaches whoever answers it."""
    engines = [Engine("a"), Engine("b"), Engine("c")]
    told: list[tuple[int, str]] = []
    stream = FallbackSTT(engines).open(lambda each: told.append((each.segment, each.text)) if each.final else None)

    async def run() -> None:
        await stream.run()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await anyio.lowlevel.checkpoint()
        for number, turn in enumerate(walk):
            for engine, does in zip(engines[:2], turn.does, strict=False):
                engine.plan[number] = does
            stream.begin(number)
            stream.push(b"\x01\x00" * (100 + number))
            await at(anyio.current_time() + turn.pause / 20)
            stream.push(b"\x01\x00" * 100)
            stream.finish(number)
        await at(anyio.current_time() + 60)
        tasks.cancel_scope.cancel()
    assert sorted(number for number, _ in told) == list(range(len(walk)))
    for number, text in told:
        assert int(text.split()[1]) == 2 * (200 + number)
