"""Same words twice: every case that was tried on paper, proofs that there is none, and generated flows."""

from __future__ import annotations

import datetime
from itertools import product

import pytest
from hypothesis import given, settings

from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import Phrase, Ref
from fsm_agents.flows.words.ambiguity import Common, Overlaps, TooLarge, TwoMeanings, TwoValues
from fsm_agents.flows.words.sounds import Sounds, SoundsAlike
from fsm_agents.flows.words.types import Moment
from fsm_agents.flows.words.vocabulary import Edge, Vocabulary
from tests.flows.words import large
from tests.flows.words.test_automaton import PLAIN, naive_parses, phrases
from tests.flows.words.test_automaton import SLOTS as AUTOMATON_SLOTS

NOW = Moment(datetime.date(2026, 11, 23))
WORDS = Vocabulary()
OVERLAPS = Overlaps(WORDS, NOW)
SLOTS = {
    "n": SlotSpec("n", "number"),
    "m": SlotSpec("m", "number"),
    "hundreds": SlotSpec("hundreds", "number", hear=(0, 999)),
    "date": SlotSpec("date", "date"),
    "id": SlotSpec("id", "digits", length=(6, 6)),
    "phone": SlotSpec("phone", "digits", length=(7, 11)),
    "name": SlotSpec("name", "text"),
    "tops": SlotSpec("tops", "choice", many=True, values={"cheese": read_phrase("[extra] cheese"), "ham": read_phrase("ham")}),
    "toppings": SlotSpec("toppings", "choice", many=True, values={"olives": read_phrase("olives"), "corn": read_phrase("corn")}),
    "pick": SlotSpec("pick", "choice", values_from=Ref("t", "f")),
}


def edge(text: str, number: int = 0) -> Edge:
    return Edge(number, read_phrase(text), SLOTS)


def shared(one: str, other: str) -> str | None:
    found = OVERLAPS.common(edge(one), edge(other))
    assert not isinstance(found, TooLarge)
    backwards = OVERLAPS.common(edge(other), edge(one))
    assert (found is None) == (backwards is None)
    return " ".join(found.words) if found else None


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ("large [pizza]", "[a] large / huge", "large"),
        ("okay", "okay thanks", "okay thanks"),
        ("{n} pizzas", "(twenty two / a few) pizzas", "twenty two pizzas"),
        ("<yes>", "right / left", "right"),
        ("{n}", "[the] {date}", None),
        ("agent", "<operator>", "agent"),
        ("nothing / [the] toppings", "nothing / nothing else", "nothing"),
        ("{id}", "{phone}", None),
        ("{id}", "{n}", None),
        ("{n}", "{m} [pizzas]", "zero"),
        ("<correction> {n}", "<correction> {date}", None),
        ("<correction> {tops}", "<correction> {toppings}", None),
        ("check-up", "check up", "check up"),
        ("{name}", "yes", None),
        ("{pick}", "{n}", None),
        ("yes", "yes", "yes"),
        ("a b", "a c", None),
    ],
)
def test_two_edges(one: str, other: str, sentence: str | None) -> None:
    assert shared(one, other) == sentence


@given(phrases(slots=False), phrases(slots=False))
def test_a_common_sentence_is_one_of_both_and_none_is_shorter(one: Phrase, other: Phrase) -> None:
    edges = Edge(0, one), Edge(1, other)
    found = Overlaps(PLAIN, NOW).common(*edges)
    short = [(), ("one",), ("two",), ("red",), ("and",), ("one", "two"), ("um",), ("please",), ("one", "one"), ("red", "and")]
    both = [words for words in short if naive_parses(one, words) and naive_parses(other, words)]
    if found is None:
        assert not both
    else:
        assert isinstance(found, Common)
        assert all((node := PLAIN.net(each).walk(found.words)) is not None and node.accepts for each in edges)
        assert all(len(found.words) <= len(words) for words in both)


def test_what_is_too_large_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsm_agents.flows.words.ambiguity.MAX_PAIRS", 3)
    found = Overlaps(WORDS, NOW).common(edge("a b c d e f g h"), edge("a b c d e f [f] g h h / a b c d e f g h h"))
    assert isinstance(found, TooLarge)
    assert found.pairs > 3
    assert isinstance(Overlaps(WORDS, NOW).two_meanings(edge("{hundreds} {m}")), TooLarge)


def test_answers_are_kept() -> None:
    overlaps = Overlaps(WORDS, NOW)
    one, other = edge("large"), edge("[a] large")
    assert overlaps.common(one, other) is overlaps.common(one, other)
    both = edge("{hundreds} {m}")
    assert overlaps.two_meanings(both) is overlaps.two_meanings(both)


def test_an_edge_that_takes_silence_or_free_text() -> None:
    assert [OVERLAPS.silent(edge(text)) for text in ("[please]", "[a] [b]", "a [b]")] == [True, True, False]
    assert [OVERLAPS.free(edge(text)) for text in ("{name}", "{n}", "a [{name}]")] == [True, False, True]


# --- one edge ---------------------------------------------------------------------------------------------------------------------------


def test_two_readings_of_a_sentence_with_different_values() -> None:
    found = OVERLAPS.two_meanings(edge("{hundreds} {m}"))
    assert isinstance(found, TwoMeanings)
    assert len(found.words) == 4
    assert found.one.values != found.other.values
    assert {slot for slot, _ in found.one.values} == {"hundreds", "m"}


@pytest.mark.parametrize(
    "text",
    [
        "{n} {m}", "[extra] {tops}", "{tops} [with {toppings}]", "[a] {n} pizzas", "<correction> {date}", "{name} {n}", "yes", "{id} [{phone}]",
        "[{n}] [please]", "um {n} / {n} please", "[i want] {n} / i want {n}", "{n} / {n} [pizzas]", "okay {n} / {n}",
    ],
)  # fmt: skip
def test_edges_that_are_read_in_one_way(text: str) -> None:
    assert OVERLAPS.two_meanings(edge(text)) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{n} / {m}", "zero"),
        ("{n} [pizzas] / {m} pizzas", "zero pizzas"),
        ("okay {n} / {m}", "okay zero"),
        ("[{n}] {m} / {m} [{n}]", None),
    ],
)
def test_edges_that_are_read_in_two(text: str, sentence: str | None) -> None:
    found = OVERLAPS.two_meanings(edge(text))
    assert isinstance(found, TwoMeanings)
    assert sentence is None or " ".join(found.words) == sentence


SHORT = [words for count in range(1, 4) for words in product(("one", "two", "red", "and", "um", "please"), repeat=count)]
MEANT = {("one",): 1, ("two",): 2, ("red",): "red", ("red", "and", "one"): "both"}


@given(phrases(slots=True))
@settings(max_examples=200)
def test_two_readings_that_trying_everything_finds_are_found(phrase: Phrase) -> None:
    edge = Edge(0, phrase, AUTOMATON_SLOTS)
    net = PLAIN.net(edge)
    found = Overlaps(PLAIN, NOW).two_meanings(edge)
    if net.free:
        assert found is None
        return
    for words in SHORT if found is None else ():
        meanings = {
            tuple(sorted({slot: str(MEANT[words[a:b]]) for slot, a, b in spans}.items())) for spans in naive_parses(phrase, words)
        }
        assert len(meanings) < 2, words
    if found is not None:
        assert isinstance(found, TwoMeanings)
        assert len(net.spans(found.words)) > 1


def test_readings_that_differ_in_words_only_are_looked_at_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsm_agents.flows.words.ambiguity.MAX_CANDIDATES", 0)
    assert OVERLAPS.two_meanings(edge("[extra] {tops} [corn]")) is None


def test_two_values_of_one_choice() -> None:
    clash = SlotSpec(
        "c", "choice", many=True, values={"big": read_phrase("large / big"), "huge": read_phrase("[very] big / huge")}
    )
    assert OVERLAPS.two_values(clash) == TwoValues(("big",), "big", "huge")
    assert OVERLAPS.two_values(SLOTS["tops"]) is None
    assert OVERLAPS.two_values(SLOTS["pick"], ("2:15", "two fifteen")) == TwoValues(("two", "fifteen"), "2:15", "two fifteen")
    assert OVERLAPS.two_values(SLOTS["id"]) is None


# --- by sound ---------------------------------------------------------------------------------------------------------------------------

PHONES = {
    "flour": "F L AW ER", "flower": "F L AW ER", "to": "T UW", "too": "T UW", "two": "T UW", "won": "W AH N", "one": "W AH N",
    "pizzas": "P IY T S AH Z", "ice": "AY S", "cream": "K R IY M", "i": "AY", "scream": "S K R IY M", "four": "F AO R", "candles": "K AE N D AH L Z",
    "fork": "F AO R K", "handles": "HH AE N D AH L Z", "a": "AH|EY", "yes": "Y EH S", "no": "N OW", "know": "N OW", "grade": "G R EY D",
    "gray": "G R EY", "day": "D EY", "grey": "G R EY", "d": "D IY",
}  # fmt: skip
SOUNDS = Sounds(
    Vocabulary(before=read_phrase("xx"), after=read_phrase("yy")), lambda word: tuple(PHONES.get(word, "").split("|"))
)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("flour", "flower", ("flour", "flower")),
        ("to pizzas", "{n} pizzas", ("to pizzas", "two pizzas")),
        ("ice cream", "i scream", ("ice cream", "i scream")),
        ("i scream", "ice cream", ("i scream", "ice cream")),
        ("won", "{n}", ("won", "one")),
        ("no won", "no one", ("no won", "no one")),
        ("four candles", "fork handles", None),
        ("yes", "no", None),
        ("yes", "yes", None),
        ("{name}", "yes", None),
        ("yes gray day", "yes grade a", ("yes gray day", "yes grade a")),
        ("gray", "grade", None),
        ("flour", "four", None),
        ("unknownword", "otherword", None),
    ],
)
def test_edges_that_sound_alike(one: str, other: str, alike: tuple[str, str] | None) -> None:
    found = SOUNDS.alike(edge(one), edge(other))
    assert not isinstance(found, TooLarge)
    assert (found and (" ".join(found.one), " ".join(found.other))) == alike
    if isinstance(found, SoundsAlike):
        assert found.phones.split()[0] == PHONES[found.one[0]].split()[0]


def test_sounds_that_are_too_many_are_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsm_agents.flows.words.sounds.MAX_PLACES", 1)
    assert isinstance(SOUNDS.alike(edge("ice cream"), edge("i scream")), TooLarge)


# --- whole flows ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("states", "rows"), [(20, 5), (10, 10)])
def test_generated_flows_overlap_only_where_they_are_made_to(states: int, rows: int) -> None:
    found, pairs = large.prove(Overlaps(Vocabulary(), NOW), large.flow(states, rows))
    assert pairs > 500
    assert states <= found <= 3 * states
