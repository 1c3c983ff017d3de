"""Phrases as automata against a matcher that simply tries everything, and what is refused because it has no bounds."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from fsm_agents.errors import MisuseError
from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.problems import FlowError
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import Alternatives, Optional, Phrase, PhraseRef, Sequence, SlotRef, Word
from fsm_agents.flows.words.automaton import ANY, NEVER, machine_of, phrase_words, repeated
from fsm_agents.flows.words.net import MAX_KEPT, MAX_WAYS, Spans
from fsm_agents.flows.words.vocabulary import Edge, Vocabulary
from fsm_agents.plugins.local.phrases import Match, PhraseSet

WORDS = ("one", "two", "red", "and")
SLOTS = {
    "n": SlotSpec("n", "number"),
    "c": SlotSpec("c", "choice", values={"red": Word("red"), "both": read_phrase("red and one")}),
    "t": SlotSpec("t", "text", words=(1, 2)),
}
SENTENCES: dict[str, list[tuple[str, ...]]] = {"n": [("one",), ("two",)], "c": [("red",), ("red", "and", "one")]}
PLAIN = Vocabulary(before=Word("um"), after=Word("please"))


def phrases(*, slots: bool) -> st.SearchStrategy[Phrase]:
    leaf = st.sampled_from([Word(word) for word in WORDS])
    start = leaf | st.sampled_from([SlotRef("n"), SlotRef("c"), SlotRef("t")]) if slots else leaf
    return st.recursive(
        start,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3).map(lambda items: Sequence(tuple(items)))
            | inner.map(Optional)
            | st.lists(inner, min_size=1, max_size=3).map(lambda ways: Alternatives(tuple(ways)))
        ),
        max_leaves=7,
    )


def naive(phrase: Phrase, words: tuple[str, ...], at: int) -> set[tuple[int, Spans]]:
    """Where ``phrase`` may stop if it begins at ``at``, each with its slots: every way tried."""
    match phrase:
        case Word(text):
            return {(at + 1, ())} if words[at : at + 1] == (text,) else set()
        case SlotRef("t"):
            return {(at + count, (("t", at, at + count),)) for count in (1, 2) if at + count <= len(words)}
        case SlotRef(name):
            return {(at + len(s), ((name, at, at + len(s)),)) for s in SENTENCES[name] if words[at : at + len(s)] == s}
        case Optional(inner):
            return {(at, ())} | naive(inner, words, at)
        case Alternatives(ways):
            return {one for way in ways for one in naive(way, words, at)}
        case Sequence(items):
            found: set[tuple[int, Spans]] = {(at, ())}
            for item in items:
                found = {(end, (*told, *more)) for stop, told in found for end, more in naive(item, words, stop)}
            return found
        case PhraseRef():
            raise AssertionError(phrase)


def naive_parses(phrase: Phrase, words: tuple[str, ...]) -> set[Spans]:
    led = next((at for at, word in enumerate(words) if word != "um"), len(words))
    tail = len(words) - next((at for at, word in enumerate(reversed(words)) if word != "please"), len(words))
    ends = range(tail, len(words) + 1)
    return {spans for start in range(led + 1) for end, spans in naive(phrase, words, start) if end in ends}


SAID = st.lists(st.sampled_from([*WORDS, "um", "please"]), max_size=6).map(tuple)


@given(phrases(slots=True), SAID)
@settings(max_examples=400)
def test_the_automaton_agrees_with_trying_everything(phrase: Phrase, words: tuple[str, ...]) -> None:
    net = PLAIN.net(Edge(0, phrase, SLOTS))
    expected = naive_parses(phrase, words)
    node = net.walk(words)
    assert (node is not None and node.accepts) == bool(expected)
    if len(expected) <= 16:
        assert set(net.spans(words)) == expected


@given(phrases(slots=False), SAID)
def test_slots_of_words_are_the_same_automata(phrase: Phrase, words: tuple[str, ...]) -> None:
    machine = machine_of([("it", phrase)], PLAIN.spell)
    assert machine.takes(words) == any(end == len(words) for end, _ in naive(phrase, words, 0))
    assert machine.tagged(words) == (("it",) if machine.takes(words) else ())
    shortest = machine.shortest
    assert shortest is not None
    assert machine.takes(shortest)
    assert machine.lives(frozenset(shortest))


@given(phrases(slots=False), SAID)
def test_the_grammar_text_says_the_same(phrase: Phrase, words: tuple[str, ...]) -> None:
    edge = Edge(0, phrase)
    text = PLAIN.grammar(edge)
    if PLAIN.net(edge).silent:
        assert text == ""
        return
    once = {tuple(w for at, w in enumerate(words) if w not in ("um", "please"))}
    for said in once:
        node = PLAIN.net(edge).walk(said)
        assert (PhraseSet([text]).match(" ".join(said)) is Match.COMPLETE) == (node is not None and node.accepts and bool(said))


@given(phrases(slots=True))
def test_needed_words_and_living_words_are_sound(phrase: Phrase) -> None:
    net = PLAIN.net(Edge(0, phrase, SLOTS))
    needed, _ = net.needs
    for words in [(), ("one",), ("red", "and"), ("two", "red"), ("one", "two"), ("red", "and", "one")]:
        node = net.walk(words)
        if node is not None and node.accepts and not net.free:
            assert needed <= set(words)
            assert net.lives(frozenset(words))


def test_hyphens_and_short_forms_in_phrases_are_words_of_transcripts() -> None:
    net = PLAIN.net(Edge(0, read_phrase("check-up / ok / alright")))
    for said in (("check", "up"), ("okay",), ("all", "right")):
        node = net.walk(said)
        assert node is not None
        assert node.accepts


def test_an_unknown_word_is_not_remembered_but_free_text_takes_it() -> None:
    net = PLAIN.net(Edge(0, SlotRef("t"), SLOTS))
    after = net.step(net.start, "whatever")
    assert after is not None
    assert after.accepts
    assert after is net.step(net.start, "other")
    assert net.free
    assert ANY not in net.words


def test_what_was_walked_is_forgotten_when_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_KEPT > 1000
    monkeypatch.setattr("fsm_agents.flows.words.net.MAX_KEPT", 3)
    net = Vocabulary(before=Word("um"), after=Word("please")).net(Edge(0, read_phrase("one two three four five")))
    assert net.walk(("um", "one", "two", "three", "four", "five", "please")) is not None
    assert net.walk(("one", "two", "five")) is None


def test_many_ways_are_cut_to_the_best() -> None:
    text = SlotSpec("t", "text", words=(1, 20))
    net = PLAIN.net(Edge(0, Sequence(tuple(map(SlotRef, "tuv"))), dict.fromkeys("tuv", text)))
    spans = net.spans(tuple("a b c d e f g h i j k l m n o p q r".split()))
    assert spans[0] == (("t", 0, 16), ("u", 16, 17), ("v", 17, 18))
    assert len(spans) <= MAX_WAYS


def test_repeated_says_it_any_number_of_times() -> None:
    machine = repeated(read_phrase("um / i want [to]"), PLAIN.spell)
    assert machine.takes(())
    assert machine.takes(("um", "i", "want", "um"))
    assert not machine.takes(("i",))
    assert repeated(None, PLAIN.spell).takes(())
    assert not NEVER.takes(())
    assert NEVER.shortest is None
    assert NEVER.tagged(("a",)) == ()
    assert not NEVER.lives(frozenset("a"))


def test_answers_about_words_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsm_agents.flows.words.automaton.MAX_LIVES", 1)
    machine = machine_of([("", read_phrase("a / b / c"))], PLAIN.spell)
    assert [machine.lives(frozenset(w)) for w in ("a", "b", "x", "a")] == [True, True, False, True]


def test_an_empty_sequence_is_nothing_said() -> None:
    assert machine_of([("", Sequence(()))], PLAIN.spell).takes(())


# --- bounds ---------------------------------------------------------------------------------------------------------------------------


def refused(phrase: Phrase, named: dict[str, Phrase] | None = None) -> None:
    with pytest.raises(FlowError, match="too large to decide") as caught:
        PLAIN.net(Edge(0, phrase, {}, named or {}))
    assert [problem.code for problem in caught.value.problems] == ["F504"]


def test_a_circle_of_named_phrases_is_refused() -> None:
    refused(PhraseRef("a"), {"a": Alternatives((PhraseRef("b"), Word("x"))), "b": PhraseRef("a")})


def test_named_phrases_that_double_are_refused() -> None:
    doubled: dict[str, Phrase] = {f"p{at}": Sequence((PhraseRef(f"p{at + 1}"),) * 2) for at in range(40)}
    refused(PhraseRef("p0"), {**doubled, "p40": Word("x")})
    doubled = {f"p{at}": Alternatives((PhraseRef(f"p{at + 1}"),) * 2) for at in range(40)}
    refused(PhraseRef("p0"), {**doubled, "p40": Word("x")})


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    phrase: Phrase = Word("x")
    for _ in range(5000):
        phrase = Optional(phrase)
    machine = machine_of([("", phrase)], PLAIN.spell)
    assert machine.takes(("x",))
    assert phrase_words(phrase, lambda ref: "", PLAIN.spell).count("[") == 5000


def test_a_slot_with_too_many_states_is_refused() -> None:
    # whether the fifteenth word from the end is an "a": that takes a state for each pattern of fifteen words
    phrase = read_phrase(" ".join(["[a / b]"] * 15 + ["a"] + ["(a / b)"] * 15))
    with pytest.raises(FlowError, match="the choice 'x' is too large"):
        PLAIN.machine(SlotSpec("x", "choice", values={"v": phrase}))


def test_a_choice_of_hundreds_of_which_several_may_be_said_is_built_or_refused() -> None:
    names = [f"{a}{b}{c}" for a in "abcdefghij" for b in "abcdefghij" for c in "abcdefghij"]
    plain = {name: Word(name) for name in names}
    assert len(PLAIN.machine(SlotSpec("x", "choice", values=plain, many=True)).rows) < 10
    with pytest.raises(FlowError, match="the choice 'x' is too large"):
        PLAIN.machine(
            SlotSpec("x", "choice", values={name: read_phrase(f"[the] {name} [one] [{name}]") for name in names}, many=True)
        )


def test_references_inside_a_slot_are_refused() -> None:
    for inside in (SlotRef("n"), PhraseRef("yes")):
        with pytest.raises(FlowError, match="cannot be used in here"):
            PLAIN.machine(SlotSpec("x", "choice", values={"v": inside}))


def test_unknown_names_are_refused_by_name() -> None:
    with pytest.raises(MisuseError, match="does not know the slot 'm'; it knows: n"):
        PLAIN.net(Edge(0, SlotRef("m"), {"n": SLOTS["n"]}))
    with pytest.raises(MisuseError, match="nothing is called 'nobody'"):
        PLAIN.net(Edge(0, PhraseRef("nobody")))
    with pytest.raises(MisuseError, match="nothing is called 'n'"):
        Vocabulary(before=SlotRef("n"))


def test_a_net_without_a_way_through_says_no() -> None:
    vocabulary = Vocabulary()
    net = vocabulary.net(Edge(0, SlotRef("pick"), {"pick": SlotSpec("pick", "choice")}))
    assert not net.lives(net.words)
    assert net.needs == (frozenset(), (NEVER,))
    assert net.spans(("a",)) == []
