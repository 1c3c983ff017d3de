"""What only a search through a whole flow finds is told when it is bound or a session is made, and never in a call; bounds of made flows."""

from __future__ import annotations

import attrs
import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.flatten import flatten
from fsm_agents.flows.notation.folder import read_text
from fsm_agents.flows.notation.rows import ANY, FILLED, OUT_OF_TRIES, flow_of, on, says
from fsm_agents.flows.phrases import MAX_WORDS, read_phrase
from fsm_agents.flows.problems import FlowError
from fsm_agents.session.flow import ConversationFlow
from fsm_agents.session.flows.text import FlowSession
from tests.flows.proof.small import BYE, EXAMPLES, SIZE, USUAL, text

UNSET = text(
    f"a | filled | | b |\na | skip | | b |\nb | yes | | bye |\n{USUAL}",
    f'[phrases]\nskip = "skip it"\n[states.a]\nask = "size"\nsay = "Size?"\n[states.b]\nsay = "{{size}}?"\n[tools.tea]\n{BYE}{SIZE}',
)


def test_a_value_that_may_be_unset_is_told_before_any_call() -> None:
    """F404 by bind, with what the host forgot; by a session of a flow that needs no host."""
    flow = Flow.loads(UNSET)
    with pytest.raises(FlowError) as raised:
        flow.bind()
    assert [problem.code for problem in raised.value.problems] == ["F404", "F701"]
    for refused in (lambda: flow.bind(tools={"tea": lambda: None}), lambda: ConversationFlow(flow), lambda: FlowSession(flow)):
        with pytest.raises(FlowError, match=r"F404 \{size\} may be unset when 'b' says it: a → \(skip\) → b"):
            refused()


def test_a_function_may_set_any_slot() -> None:
    """What a Python function sets is not known: it is not held against the flow. Without it, it is."""
    tree = {
        "flow": "t", "start": "a", "slots": {"size": {"type": "choice", "values": {"small": "small"}}},
        "states": {"a": {"ask": "size", "say": "Size?"}, "b": {"say": "{size}?"}, "bye": {"end": "done"}},
    }  # fmt: skip
    rest = [on("a", FILLED, to="b"), says("b", "yes", to="bye"), on(ANY, OUT_OF_TRIES, to="bye")]
    Flow.of(tree, [says("a", "any", to="b", do=lambda _slots: {"size": "small"}), *rest]).ready()
    with pytest.raises(FlowError, match="F404"):
        Flow.of(tree, [says("a", "any", to="b"), *rest]).ready()


def test_it_is_compiled_once_for_all_who_bind_it() -> None:
    """The first caller waits for nothing; notes do not keep a flow from being bound."""
    flow = Flow.load(EXAMPLES / "identify.toml")
    one = flow.bind(tools={"find_patient": lambda phone, born: None})
    assert "joint" in vars(one)
    assert flow.bind(tools={"find_patient": lambda phone, born: None}).joint is one.joint


@pytest.mark.parametrize("name", ["pizza", "appointment", "identify", "support"])
def test_the_examples_are_ready(name: str) -> None:
    """None of them uses what may be unset."""
    Flow.load(EXAMPLES / f"{name}.toml").ready()


# --- bounds of what was made, not read --------------------------------------------------------------------------------------------------

TREE = {"flow": "t", "start": "a", "states": {"a": {"say": "Well?"}, "bye": {"end": "done"}}}


def doubled(levels: int) -> dict[str, str]:
    """Phrases of which each is twice the one before: the last is 2 ** levels words."""
    return {"p0": "word", **{f"p{n}": f"<p{n - 1}> <p{n - 1}>" for n in range(1, levels + 1)}}


def test_phrases_of_python_rows_are_bounded_as_those_of_files() -> None:
    """The same code and the same words, before anything is written out."""
    rows = [says("a", "<p30>", to="bye"), on(ANY, OUT_OF_TRIES, to="bye")]
    with pytest.raises(FlowError) as python:
        flow_of({**TREE, "phrases": doubled(30)}, rows)
    written = "\n".join(f'{name} = "{phrase}"' for name, phrase in doubled(30).items())
    with pytest.raises(FlowError) as file:
        read_text(text('a | "<p30>" | | bye |\n' + USUAL, f'[phrases]\n{written}\n[states.a]\nsay = "Well?"\n{BYE}'))
    assert {(p.code, p.message, p.fix) for p in python.value.problems} == {
        (p.code, p.message, p.fix) for p in file.value.problems
    }
    assert {p.code for p in python.value.problems} == {"F306"}


def test_a_flow_of_objects_is_bounded_too() -> None:
    """Nobody read it: it is refused when it is laid flat, too large or running in a circle."""
    spec = flow_of({**TREE, "phrases": {"p": "word"}}, [says("a", "<p> <p>", to="bye"), on(ANY, OUT_OF_TRIES, to="bye")]).spec
    many = read_phrase(" ".join(["word"] * (MAX_WORDS // 2 + 1)))
    with pytest.raises(FlowError, match=r"F306 5,002 words when its named phrases are filled in"):
        flatten(attrs.evolve(spec, phrases={**spec.phrases, "p": many}))
    with pytest.raises(FlowError, match=r"F308 named phrases run in a circle: p"):
        flatten(attrs.evolve(spec, phrases={**spec.phrases, "p": read_phrase("a <p>")}))
    fits = read_phrase(" ".join(["word"] * (MAX_WORDS // 2)))
    assert flatten(attrs.evolve(spec, phrases={**spec.phrases, "p": fits})).states["a"].words


def test_what_many_rows_share_is_written_out_once() -> None:
    """10,000 rows that each use a phrase of 4,000 words do not become 40 million words."""
    rows = [says("a", f"<p> and <p{n % 2}>", to="bye") for n in range(9_990)]
    phrases = {"p": " / ".join(["word"] * 2_000), "p0": "one", "p1": "two"}
    flat = flatten(flow_of({**TREE, "phrases": phrases}, [*rows, on(ANY, OUT_OF_TRIES, to="bye")]).spec)
    shared = {id(edge.phrase.items[0]) for edge in flat.states["a"].words[:9_990]}  # type: ignore[union-attr]
    assert len(shared) == 1
