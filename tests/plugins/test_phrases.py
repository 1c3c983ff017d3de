"""Phrases: what they allow, where they end, what is refused. The oracle writes every sentence out."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from fsm_agents.errors import MisuseError
from fsm_agents.plugins.local.phrase_graph import MAX_STATES
from fsm_agents.plugins.local.phrases import Match, PhraseSet, words_of

# A phrase as a tree: a word, ("seq", parts), ("opt", part), ("alt", parts)
Tree = str | tuple[str, list["Tree"]]
WORDS = st.sampled_from(["one", "two", "a.m", "o'clock"])
TREES: st.SearchStrategy[Tree] = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.tuples(st.just("seq"), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.just("opt"), st.lists(inner, min_size=1, max_size=1)),
        st.tuples(st.just("alt"), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


def written(tree: Tree) -> str:
    if isinstance(tree, str):
        return tree
    kind, parts = tree
    texts = [written(part) for part in parts]
    return {"seq": " ".join(texts), "opt": f"[{texts[0]}]", "alt": f"({' | '.join(texts)})"}[kind]


def sentences(tree: Tree) -> set[tuple[str, ...]]:
    if isinstance(tree, str):
        return {(tree,)}
    kind, parts = tree
    if kind == "opt":
        return sentences(parts[0]) | {()}
    if kind == "alt":
        return set().union(*(sentences(part) for part in parts))
    found: set[tuple[str, ...]] = {()}
    for part in parts:
        found = {left + right for left in found for right in sentences(part)}
    return found


@given(st.lists(TREES, min_size=1, max_size=3), st.lists(WORDS, max_size=5))
def test_matches_exactly_the_sentences_written_out(trees: list[Tree], words: list[str]) -> None:
    allowed = [sentences(tree) for tree in trees]
    if any(() in each for each in allowed):
        with pytest.raises(MisuseError, match="without a word"):
            PhraseSet([written(tree) for tree in trees])
        return
    every = set().union(*allowed)
    phrases = PhraseSet([written(tree) for tree in trees])
    for said in [tuple(words), *list(every)[:5]]:
        longer = any(sentence[: len(said)] == said and len(sentence) > len(said) for sentence in every)
        expected = Match.COMPLETE if said in every else Match.PREFIX if longer else Match.NONE
        assert phrases.match(" ".join(said)) is expected
        assert phrases.ends(" ".join(said)) is (said in every and not longer)
    assert set(phrases.words) == {word for sentence in every for word in sentence}


def test_a_transcript_is_compared_without_case_and_punctuation() -> None:
    phrases = PhraseSet(["yes [please]", "it is nine a.m."])
    assert phrases.match("Yes, please!") is Match.COMPLETE
    assert phrases.match("It is nine A.M.") is Match.COMPLETE
    assert words_of(" «Don’t»  stop… ") == ["don't", "stop"]


def test_a_star_lets_its_bracket_be_said_any_number_of_times() -> None:
    digits = PhraseSet(["number (one | two) (one | two)*", "[very]* good"])
    assert digits.match("number") is Match.PREFIX
    assert digits.match("number one two two one") is Match.COMPLETE
    assert not digits.ends("number one")
    assert digits.match("very very very good") is Match.COMPLETE
    assert digits.match("good") is Match.COMPLETE


def test_the_ways_to_say_a_number_share_one_state() -> None:
    words = [f"{first}{second}" for first in "abcdefghij" for second in "klmnopqrst"]
    assert len(PhraseSet([f"i want ({'|'.join(words)}) pizzas"]).graph.rows) == 7  # with the start and the end of all phrases


def test_a_slash_says_the_same_as_a_bar() -> None:
    assert PhraseSet(["(a / b) [c/d]"]).graph.rows == PhraseSet(["(a | b) [c|d]"]).graph.rows
    with pytest.raises(MisuseError, match="is empty"):
        PhraseSet(["a /"])


def test_a_phrase_that_is_too_long_is_refused() -> None:
    with pytest.raises(MisuseError, match="too large"):
        PhraseSet([" ".join(["a"] * 30_000)])


def test_either_goes_on_or_begins_again() -> None:
    phrases = PhraseSet(["two large pizzas", "goodbye"])
    inside = phrases.walk(["two"])
    assert inside is not None
    both = phrases.either(phrases.start, inside)
    assert phrases.next_words(both) == {"two", "goodbye", "large"}
    end = phrases.walk(["large", "pizzas"], both)
    assert end is not None
    assert end.accepts


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        ("2 pizzas", "write '2' as it is spoken"),
        ("[please]", "without a word"),
        ("", "without a word"),
        ("(a | b", r"'\(' has no partner"),
        ("a ] b", "']' has no partner"),
        ("(a | )", "one side of a | is empty"),
        ("a [ ] b", "brackets is empty"),
        ("a * b", "stands behind a closing bracket"),
        ("{size} pizza", "'{' means nothing here"),
        ("snake_case", "is not a word"),
        ("'", "is not a word"),
        ("(" * 30 + "a" + ")" * 30, "nest deeper than 20"),
    ],
)
def test_a_phrase_that_cannot_be_read_is_named(phrase: str, why: str) -> None:
    with pytest.raises(MisuseError, match=why) as caught:
        PhraseSet(["fine", phrase])
    assert repr(phrase) in str(caught.value)


def test_no_phrases_and_too_many_combinations_are_refused() -> None:
    with pytest.raises(MisuseError, match="at least one phrase"):
        PhraseSet([])
    blowing_up = "(a | b)* a " + " ".join(["(a | b)"] * 14)
    with pytest.raises(MisuseError, match=f"more than {MAX_STATES} ways"):
        PhraseSet([blowing_up])
