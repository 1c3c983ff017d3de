"""Grammars are made before a state is entered, and the flow's own pronunciations reach the local speech-to-text."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.pipelines.ear import CascadeEar
from fsm_agents.plugins.local import PocketsphinxSTT
from fsm_agents.session.flows.ears import JOINED
from fsm_agents.testing.fakes import FakeSTT
from tests.session.flows.spoken import asked, call, flow_of, shop, turn

pytestmark = pytest.mark.anyio

TOMATO = '''
flow = "soup"
version = 1
start = "ask"
[rows]
m = """
| in  | on           | to  |
|-----|--------------|-----|
| ask | "tomato"     | bye |
| any | out_of_tries | bye |
"""
[words]
tomato = "T AH M AA T OW"
[states.ask]
say = "Which soup?"
[states.bye]
say = "Bye."
end = "done"
'''


class Compiled:
    """A scripted stream that tells what it was asked to make, and when it was switched."""

    def __init__(self, stream: Any, log: list[tuple[str, tuple[str, ...]]]) -> None:
        self._inner, self._log = stream, log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def make_ready(self, phrases: tuple[str, ...]) -> None:
        self._log.append(("made", tuple(phrases)))

    def expect(self, phrases: tuple[str, ...]) -> None:
        self._log.append(("expected", tuple(phrases)))
        self._inner.expect(phrases)


class CompilingSTT(FakeSTT):
    """Ears that take a grammar and can make it ahead."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.log: list[tuple[str, tuple[str, ...]]] = []

    def open(self, heard: Any) -> Any:
        """A stream."""
        return Compiled(super().open(heard), self.log)

    def prepare(self, phrases: tuple[str, ...]) -> None:
        """Nothing to read."""


async def test_entering_a_state_only_switches() -> None:
    """All but the first were made before the state was entered; also in the second call with the same speech-to-text."""
    stt = CompilingSTT(["two large", "yes"])
    for _ in range(2):
        stt.log.clear()
        async with call(shop(), stt=stt) as s:
            await asked(s, "How many boxes?")
            await turn(s)
            await asked(s, "two large, right?")
            await turn(s)
            await s.session.wait_closed()
        switched = [number for number, (what, phrases) in enumerate(stt.log) if what == "expected" and phrases]
        assert len(switched) >= 3
        for number in switched[1:]:
            assert ("made", stt.log[number][1]) in stt.log[:number]


async def test_only_ears_with_a_grammar_hear_over_a_longer_gap() -> None:
    """The parts of a sentence are one segment for them; all others get each part as soon as it is over."""
    for stt, hangover in ((CompilingSTT(), JOINED), (FakeSTT(), 0.2)):
        async with call(shop(), stt=stt) as s:
            await asked(s, "How many boxes?")
            delays = s.session.host.driver.talk.delays
            assert delays[next(timer for timer in delays if timer.name == "hangover")] == hangover * 1_000_000


async def test_the_words_of_a_flow_reach_the_local_speech_to_text() -> None:
    """Before it is told what to expect: its engine keeps the first sound it is given."""
    stt = PocketsphinxSTT()
    assert stt.sounds("tomato") != ("T AH M AA T OW",)
    async with call(flow_of(TOMATO), stt=stt) as s:
        await asked(s, "Which soup?")
        ear = s.session.host.ear
        assert isinstance(ear, CascadeEar)
        stream: Any = ear._stream
        assert stream._decoder.lookup_word("tomato") == "T AH M AA T OW"
    assert stt.sounds("tomato") == ("T AH M AA T OW",)
