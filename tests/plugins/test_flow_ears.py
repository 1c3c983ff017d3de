"""The local ear on the example flows: every state compiles ahead, every word has a sound, and entering a state compiles nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.words import types
from fsm_agents.flows.words.types import Custom, register_type
from fsm_agents.plugins.local import PocketsphinxSTT
from fsm_agents.plugins.local.phrase_graph import MAX_STATES
from fsm_agents.plugins.local.sphinx_stream import SphinxStream
from fsm_agents.testing.bench_ears import states

FLOWS = Path(__file__).parents[2] / "examples" / "flows"
FILES = sorted(str(path.relative_to(FLOWS)) for path in FLOWS.rglob("*.toml") if "[states." in path.read_text())
GUESSED = {"erm"}
"""Words of which only espeak-ng's reading is known. A new one here wants a line in the flow's ``[words]``, or a look at the reading."""


def load(name: str) -> Flow:
    return Flow.load(FLOWS / name)


def given(flow: Flow) -> dict[str, str]:
    """The pronunciations of a flow and its sub-flows."""
    return {word: sound for scope in flow.flat.scopes.values() for word, sound in scope.spec.words.items()}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What streams compile while a test runs."""
    made: list[object] = []
    compile_one = SphinxStream._make

    def counted(self: SphinxStream, place: object) -> str:
        made.append(place)
        return compile_one(self, place)  # type: ignore[arg-type]

    monkeypatch.setattr(SphinxStream, "_make", counted)
    return made


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    """The slot type that the host of ``bank.toml`` brings."""
    register_type(
        Custom("zone", grammar="zone (a / b)", parse=lambda words: words[-1].upper(), say=lambda value: f"zone {value.lower()}")
    )
    yield
    types._CUSTOM.pop("zone")


def test_all_examples_are_here() -> None:
    assert {"pizza.toml", "appointment.toml", "identify.toml", "support.toml", "more/bank.toml", "more/code.toml"} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_state_is_compiled_ahead_and_entering_it_compiles_nothing(name: str, compiled: list[object]) -> None:
    flow, stt = load(name), PocketsphinxSTT()
    stt.pronounce(given(flow))
    heard = states(flow)
    assert heard, "nothing can be said in this flow"
    stream = stt.open(lambda _: None)
    for state in heard:
        stream.make_ready(state.phrases)
        assert len(stt.prepare(state.phrases).graph.rows) <= MAX_STATES
    ahead = len(compiled)
    assert ahead == len({state.phrases for state in heard})
    for state in [*heard, *reversed(heard)]:
        stream.expect(state.phrases)
        stream.begin(1)
        stream.push(bytes(640))
        stream.finish(1)
    assert len(compiled) == ahead


@pytest.mark.parametrize("name", FILES)
def test_every_word_has_a_pronunciation_and_the_guessed_ones_are_known(name: str) -> None:
    flow, stt = load(name), PocketsphinxSTT()
    stt.pronounce(given(flow))
    words = {word for state in states(flow) for word in stt.prepare(state.phrases).words}
    assert all(stt.sounds(word) for word in words)
    assert {word for state in states(flow) for word in stt.guessed(state.phrases)} <= GUESSED
    assert stt.sounds("erm") == ("ER M",)


def test_a_state_that_was_not_made_ahead_is_compiled_when_it_is_entered(compiled: list[object]) -> None:
    """What the count above would show."""
    stream = PocketsphinxSTT().open(lambda _: None)
    stream.make_ready(["yes", "no"])
    stream.make_ready([])
    stream.expect(["yes", "no", "perhaps"])
    assert len(compiled) == 2
