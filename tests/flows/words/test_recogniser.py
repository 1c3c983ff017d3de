"""What is said in a state: which edges take it, with which values, how far a sentence is, and what speech-to-text is told."""

from __future__ import annotations

import datetime

import pytest

from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import PhraseRef, Ref, Sequence, SlotRef, Word
from fsm_agents.flows.words.recogniser import KEPT_VARIANTS, Parse, Progress, Recogniser
from fsm_agents.flows.words.types import Moment
from fsm_agents.flows.words.vocabulary import Edge, Vocabulary, question
from fsm_agents.plugins.local.phrases import Match, PhraseSet

NOW = Moment(datetime.date(2026, 11, 23))
VALUES = {"small": "small / personal", "medium": "medium / regular", "large": "large / big / family [size]"}
SLOTS = {
    "count": SlotSpec("count", "number", range=(1, 20), says=read_phrase("{} [pizza / pizzas] / just {}")),
    "size": SlotSpec("size", "choice", values={name: read_phrase(text) for name, text in VALUES.items()}),
    "toppings": SlotSpec(
        "toppings", "choice", many=True, says=read_phrase("[with] {}"),
        values={name: read_phrase(text) for name, text in {"ham": "ham", "olives": "[black] olives", "cheese": "[extra] cheese"}.items()},
    ),
    "name": SlotSpec("name", "text", words=(1, 4), says=read_phrase("[it's / my name is / for] {}")),
    "day": SlotSpec("day", "date", future=90),
    "customer": SlotSpec("customer", "digits", length=(6, 6)),
    "pick": SlotSpec("pick", "choice", values_from=Ref("find_times", "times"), ordinals=True),
    "identify/phone": SlotSpec("phone", "digits", length=(7, 11)),
}  # fmt: skip
WORDS = Vocabulary()


def state(*texts: str, phrases: dict[str, str] | None = None) -> Recogniser:
    named = {name: read_phrase(text) for name, text in (phrases or {}).items()}
    return Recogniser([Edge(number, read_phrase(text), SLOTS, named) for number, text in enumerate(texts, 1)], WORDS)


ORDER = state(
    "{count} {size} [pizzas] [with {toppings}]",
    "[a] {size} [pizza] [with {toppings}]",
    "<correction> [make (it / that)] [a] {size} [pizza]",
    "<correction> [make (it / that)] {count} [pizzas]",
    "<correction> [on] {day}",
    "<repeat>",
)


@pytest.mark.parametrize(
    ("text", "edge", "values"),
    [
        ("um two large pizzas with ham and olives please", 1, {"count": 2, "size": "large", "toppings": ["ham", "olives"]}),
        ("2 Large pizzas", 1, {"count": 2, "size": "large"}),
        ("I'd like a small pizza with extra cheese, thanks", 2, {"size": "small", "toppings": ["cheese"]}),
        ("sorry, I meant medium", 3, {"size": "medium"}),
        ("no, make it 3", 4, {"count": 3}),
        ("actually next Friday", 5, {"day": "2026-12-04"}),
        ("Can you repeat that?", 6, {}),
    ],
)
def test_sentences(text: str, edge: int, values: dict[str, object]) -> None:
    assert ORDER.read(text, NOW) == (Parse(edge, tuple(values.items())),)
    assert ORDER.read([word for word, _ in WORDS.pack.normalise(text)], NOW) == (Parse(edge, tuple(values.items())),)


def test_what_nobody_takes_is_nothing() -> None:
    for text in ("", "um", "two", "large large", "please please", "the weather is nice", "x" * 10_000, "two large " * 10_000):
        assert ORDER.read(text, NOW) == ()


def test_valid_slots_of_a_sentence_are_kept() -> None:
    assert ORDER.read("Forty large pizzas", NOW) == (
        Parse(1, (("size", "large"),), (("count", "Forty"),), reasons=("40 is not between 1 and 20",)),
    )


def test_every_edge_that_accepts_comes_in_the_given_order_and_free_text_is_marked() -> None:
    read = state("{name}", "[my name is] anna", "<yes>", "my name is {name}").read
    assert read("My name is Anna", NOW) == (
        Parse(1, (("name", "My name is Anna"),), free=True),
        Parse(2),
        Parse(4, (("name", "Anna"),), free=True),
    )
    assert [(parse.edge, parse.free) for parse in read("yes", NOW)] == [(1, True), (3, False)]


def test_free_text_is_as_short_as_it_can_be_and_not_used_if_it_need_not() -> None:
    read = state("[it's / my name is] {name}", "{name} / call me anna").read
    assert [parse.values for parse in read("um my name is Anna please", NOW)] == [
        (("name", "Anna"),), (("name", "my name is Anna"),),
    ]  # fmt: skip
    assert [(parse.edge, parse.values, parse.free) for parse in read("call me anna", NOW)] == [
        (1, (("name", "call me anna"),), True), (2, (), False),
    ]  # fmt: skip


def test_full_names_of_slots_and_named_phrases_of_a_flow() -> None:
    read = state("<call_me> anna", phrases={"call_me": "[please] <ring>", "ring": "call / ring"}).read
    assert [parse.edge for parse in read("ring anna", NOW)] == [1]
    edge = Edge(7, SlotRef("identify/phone"), SLOTS)
    assert Recogniser([edge], WORDS).read("555-1234", NOW) == (Parse(7, (("identify/phone", "5551234"),)),)


def test_the_question_of_a_slot_has_its_carriers() -> None:
    assert question(SLOTS["size"]) == SlotRef("size")
    assert question(SLOTS["size"], "order/size") == SlotRef("order/size")
    assert question(SLOTS["toppings"], "order/toppings") == Sequence((read_phrase("[with]"), SlotRef("order/toppings")))
    ask = Recogniser([Edge(1, question(SLOTS["count"]), SLOTS)], WORDS)
    assert [bool(ask.read(text, NOW)) for text in ("two", "two pizzas", "just two", "two of them")] == [True, True, True, False]
    named = SlotSpec("s", "choice", values={"a": Word("a")}, says=read_phrase("<yes> {} / {other}"))
    assert question(named) == read_phrase("<yes> {s} / {other}")


def test_a_slot_said_twice_has_its_last_value_and_an_invalid_one_can_be_mended() -> None:
    read = state("{count} <correction> {count}").read
    assert read("two no three", NOW) == (Parse(1, (("count", 3),)),)
    assert read("forty no three", NOW) == (Parse(1, (("count", 3),)),)
    assert [(parse.values, parse.invalid) for parse in read("three no forty", NOW)] == [((), (("count", "forty"),))]


def test_of_several_readings_the_first_valid_one_is_taken() -> None:
    slots = {"n": SlotSpec("n", "number", range=(100, 100)), "m": SlotSpec("m", "number", hear=(0, 99))}
    read = Recogniser([Edge(1, read_phrase("{n} {m}"), slots)], WORDS).read
    assert read("one hundred twenty two", NOW) == (Parse(1, (("n", 100), ("m", 22))),)
    assert [parse.invalid for parse in read("two hundred two", NOW)] == [(("n", "two hundred"),)]


# --- digits in transcripts --------------------------------------------------------------------------------------------------------------


def test_numbers_are_digits_where_digits_are_expected() -> None:
    both = state("{customer}", "{count}")
    assert both.read("482913", NOW) == (Parse(1, (("customer", "482913"),)),)
    assert both.read("12", NOW) == (Parse(2, (("count", 12),)),)
    assert [parse.invalid for parse in both.read("4829", NOW)] == [(("customer", "4 8 2 9"),)]
    assert both.read("hello", NOW) == ()
    assert both.read(["four", "eight", "two", "nine", "one", "three"], NOW) == (Parse(1, (("customer", "482913"),)),)


def test_exact_digits_go_before_free_text_and_too_few_do_not() -> None:
    both = Recogniser(
        [Edge(at, SlotRef(name), {**SLOTS, "note": SlotSpec("note", "text")}) for at, name in ((1, "customer"), (2, "note"))],
        WORDS,
    )
    assert [(parse.edge, parse.free) for parse in both.read("482913", NOW)] == [(1, False), (2, True)]
    assert [(parse.edge, parse.values) for parse in both.read("4829", NOW)] == [(2, (("note", "4829"),))]


# --- values of a tool -----------------------------------------------------------------------------------------------------------------


def test_offers_of_a_tool_make_a_variant_that_is_kept() -> None:
    empty = state("{pick} / the {pick} one", "<no>")
    assert empty.read("two fifteen", NOW) == ()
    offered = empty.with_given({"pick": ["half past nine", "2:15", "два"]})
    assert offered is empty.with_given({"pick": ["half past nine", "2:15", "два"]})
    assert offered.given == {"pick": ("half past nine", "2:15")}
    assert offered.read("2:15 please", NOW) == (Parse(1, (("pick", "2:15"),)),)
    assert offered.read("the second one", NOW) == (Parse(1, (("pick", "2:15"),)),)
    assert offered.phrases() != empty.phrases()
    assert "fifteen" in offered.keywords()
    for at in range(KEPT_VARIANTS + 1):
        empty.with_given({"pick": [str(at)]})
    assert empty.with_given({"pick": ["half past nine", "2:15", "два"]}) is not offered


# --- progress -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "progress"),
    [
        ("", Progress.PREFIX), ("um", Progress.PREFIX), ("two", Progress.PREFIX), ("two large", Progress.COMPLETE),
        ("two large pizzas", Progress.COMPLETE), ("two large pizzas with", Progress.PREFIX), ("sorry i meant", Progress.PREFIX),
        ("two large pizzas please", Progress.ENDS), ("two large pizzas with ham and", Progress.PREFIX), ("nonsense", Progress.NONE),
        ("no make it 3 pizzas", Progress.ENDS), ("no make it thirty", Progress.COMPLETE), ("sorry i meant medium", Progress.COMPLETE), ("repeat that please", Progress.ENDS),
    ],
)  # fmt: skip
def test_progress(text: str, progress: Progress) -> None:
    assert ORDER.progress(text) is progress
    assert ORDER.progress([word for word, _ in WORDS.pack.normalise(text)]) is progress


def test_a_sentence_ends_only_if_it_ends_for_every_edge() -> None:
    asked = state("large", "large pizza")
    assert [asked.progress(text) for text in ("large", "large pizza")] == [Progress.COMPLETE, Progress.ENDS]


def test_progress_of_digits_knows_their_number() -> None:
    ask = state("{customer}")
    said = ["4", "48291", "482913", "4829134"]
    assert [ask.progress(text) for text in said] == [Progress.PREFIX, Progress.PREFIX, Progress.ENDS, Progress.NONE]


# --- speech-to-text -------------------------------------------------------------------------------------------------------------------


def test_phrases_for_a_grammar_take_what_the_automata_take() -> None:
    told = PhraseSet(ORDER.phrases())
    assert len(ORDER.phrases()) == 6
    for text in (
        "um two large pizzas with ham and olives please",
        "sorry i meant medium",
        "actually next friday",
        "can you repeat that",
    ):
        assert told.match(text) is Match.COMPLETE
    assert told.match("pizza") is Match.NONE
    assert not ORDER.open


def test_every_type_has_a_grammar_that_can_be_read() -> None:
    slots = {name: SlotSpec(name, name) for name in ("date", "time", "digits", "number", "yesno")} | {"pick": SLOTS["pick"]}
    asked = Recogniser([Edge(1, SlotRef(name), slots) for name in slots], WORDS, {"pick": ["nine"]})
    told = PhraseSet(asked.phrases())
    for text in (
        "the fourth of may nineteen eighty two",
        "half past nine",
        "five double two",
        "ninety nine",
        "yes",
        "the last one",
    ):
        assert told.match(text) is Match.COMPLETE


def test_free_text_and_silence_have_no_grammar() -> None:
    asked = state("{name}", "[please]", "{pick}", "<no>")
    assert asked.open
    assert len(asked.phrases()) == 1
    bare = Vocabulary(before=Word("um"), after=Word("now"))
    assert Recogniser([Edge(1, PhraseRef("go"), {}, {"go": Word("go")})], bare).phrases() == ("[um] go [now]",)


def test_keywords_are_the_words_that_matter() -> None:
    asked = state("{count} {size} [pizzas] [with {toppings}]", "(book / i need) [an] [new] appointment", "<operator>", "on {day}")
    assert asked.keywords() == (
        "pizzas", "big", "family", "large", "medium", "personal", "regular", "size", "small", "black", "cheese", "extra", "ham", "olives", "book",
        "appointment",
    )  # fmt: skip


def test_a_state_without_edges_expects_nothing() -> None:
    nothing = Recogniser([])
    assert (nothing.read("yes", NOW), nothing.progress("yes"), nothing.phrases(), nothing.keywords(), nothing.open) == (
        (),
        Progress.NONE,
        (),
        (),
        False,
    )


def test_edges_are_built_once_for_all_states_and_forgotten_when_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    words = Vocabulary()
    one, other = Edge(1, read_phrase("{size} [pizza]"), SLOTS), Edge(2, read_phrase("{size} [pizza]"), {"size": SLOTS["size"]})
    assert words.net(one) is words.net(other)
    assert words.net(one, loose=True) is not words.net(one)
    monkeypatch.setattr("fsm_agents.flows.words.vocabulary.MAX_NETS", 1)
    before = words.net(one)
    words.net(Edge(3, Word("hello")))
    assert words.net(one) is not before
