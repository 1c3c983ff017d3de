"""Slot types: what is understood, which value it is, how it is said; and that what is said is understood again."""

from __future__ import annotations

import datetime
from typing import Any

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import given

from fsm_agents.errors import MisuseError
from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import Ref, SlotRef
from fsm_agents.flows.words.automaton import machine_of
from fsm_agents.flows.words.choices import KEPT_GIVEN, MAX_GIVEN, Choice, first_words
from fsm_agents.flows.words.numbers import MAX_NUMBER, cardinal, cardinals, digit_words, ordinal, read_cardinal
from fsm_agents.flows.words.recogniser import Recogniser
from fsm_agents.flows.words.types import MAX_TEXT, Custom, Invalid, Moment, Said, SlotType, register_type, slot_type, slot_types
from fsm_agents.flows.words.vocabulary import Edge, Vocabulary

MONDAY = datetime.date(2026, 11, 23)
NOW = Moment(MONDAY, datetime.time(9, 0))
WORDS = Vocabulary()


def heard(slot: SlotSpec, text: str, *given: str, moment: Moment = NOW) -> Any:
    """The value of what is said for a slot; ``None``: not understood; an ``Invalid`` with the reason."""
    state = Recogniser([Edge(0, SlotRef(slot.name), {slot.name: slot})], WORDS, {slot.name: given})
    parses = state.read(text, moment)
    if not parses:
        return None
    return Invalid(parses[0].reasons[0]) if parses[0].invalid else parses[0].values[0][1]


def kind(slot: SlotSpec) -> SlotType:
    return slot_type(slot.type, WORDS.pack)


def spoken(slot: SlotSpec, value: Any, moment: Moment | None = NOW) -> str:
    return kind(slot).spoken(value, slot, moment)


# --- numbers --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("half a dozen", 6), ("a half dozen", 6), ("half dozen", 6), ("a dozen", 12), ("one dozen", 12), ("eight dozen", 96),
        ("number seven", 7), ("number a dozen", 12),
        ("dozen", None), ("nine dozen", None), ("twelve dozen", None), ("half dozens", None), ("number", None), ("number number two", None),
    ],
)  # fmt: skip
def test_dozens_and_number_seven(text: str, value: int | None) -> None:
    assert heard(SlotSpec("n", "number"), text) == value


@pytest.mark.parametrize(
    ("hears", "said"), [((0, 5), ""), ((0, 11), "half"), ((0, 30), "half a two one"), ((13, 30), "two"), ((40, 47), "")]
)
def test_no_more_dozens_than_are_in_the_range(hears: tuple[int, int], said: str) -> None:
    slot = SlotSpec("n", "number", hear=hears)
    heads = ("half", "a", "one", "two", "three")
    assert {head for head in heads if heard(slot, f"{head} dozen") is not None} == set(said.split())


def test_number_seven_is_heard_in_transcripts_and_not_searched_for_in_sound() -> None:
    number, line = (
        SlotSpec("n", "number"),
        SlotSpec("c", "choice", values={"7": read_phrase("seven"), "tram": read_phrase("tram / two")}),
    )
    assert "number" not in kind(number).grammar(number, (), WORDS.spell)
    assert "dozen" in kind(number).grammar(number, (), WORDS.spell)
    assert (heard(line, "number seven"), heard(line, "number two"), heard(line, "number tram")) == ("7", "tram", None)


def test_behind_number_stands_the_place_of_what_is_offered_if_the_slot_has_places() -> None:
    offers = ("seven", "eight", "one")
    assert heard(PICK, "number one", *offers) == "seven"
    assert heard(attrs.evolve(PICK, ordinals=False), "number one", *offers) == "one"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("two", 2), ("0", 0), ("twenty two", 22), ("22", 22), ("twenty-two please", 22), ("a hundred", None), ("ninety nine", 99),
        ("um two thanks", 2), ("second", None), ("minus two", None), ("two point five", None), ("twenty zero", None), ("", None),
    ],
)  # fmt: skip
def test_numbers_up_to_99(text: str, value: int | None) -> None:
    assert heard(SlotSpec("n", "number"), text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a hundred", 100), ("a hundred and two", 102), ("one hundred two", 102), ("1,200", 1200), ("twelve hundred", 1200),
        ("a thousand", 1000), ("nine thousand nine hundred and ninety nine", 9999), ("two thousand and five", 2005),
        ("nineteen hundred eighty two", 1982), ("ten thousand", None), ("hundred", None),
    ],
)  # fmt: skip
def test_larger_numbers(text: str, value: int | None) -> None:
    assert heard(SlotSpec("n", "number", range=(1, 2000)), text) == (
        value if value is None or value <= 2000 else Invalid(f"{value} is not between 1 and 2000")
    )


def test_a_number_that_is_understood_and_not_valid() -> None:
    assert heard(SlotSpec("n", "number", range=(1, 20)), "forty") == Invalid("40 is not between 1 and 20")
    assert heard(SlotSpec("n", "number", range=(1, 20), hear=(0, 30)), "forty") is None


@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3100))
def test_a_range_is_heard_exactly(one: int, other: int, number: int) -> None:
    least, most = min(one, other), max(one, other)
    machine = machine_of([("", cardinals(least, most))], WORDS.spell)
    assert machine.takes(cardinal(number).split()) == (least <= number <= most)


@given(st.integers(0, MAX_NUMBER))
def test_a_number_is_understood_as_it_is_said(number: int) -> None:
    slot = SlotSpec("n", "number", hear=(0, MAX_NUMBER))
    assert read_cardinal(tuple(cardinal(number).split())) == number
    assert heard(slot, spoken(slot, number)) == number
    assert kind(slot).fits(number, slot)


def test_words_of_numbers() -> None:
    hundred = machine_of([("", cardinals(0, 100))], WORDS.spell)
    assert [hundred.takes(text.split()) for text in ("one hundred", "a hundred", "one hundred one")] == [True, True, False]
    assert cardinal(MAX_NUMBER + 1) == digit_words(str(MAX_NUMBER + 1))
    assert [ordinal(n) for n in (1, 2, 3, 5, 8, 9, 12, 20, 21, 40, 100)] == [
        "first", "second", "third", "fifth", "eighth", "ninth", "twelfth", "twentieth", "twenty first", "fortieth", "one hundredth",
    ]  # fmt: skip
    assert cardinal(-7) == "minus seven"


def test_values_from_elsewhere_must_be_numbers_in_range() -> None:
    slot = SlotSpec("n", "number", range=(1, 20))
    assert [value for value in (0, 1, 20, 21, True, "3", 3.0, None) if kind(slot).fits(value, slot)] == [1, 20]
    keyed = {keys: kind(slot).keyed(keys, slot) for keys in ("7", "07", "40", "#", "9" * 30)}
    assert keyed == {"7": 7, "07": 7, "40": Invalid("40 is not valid"), "#": None, "9" * 30: None}


# --- digits ---------------------------------------------------------------------------------------------------------------------------

CUSTOMER = SlotSpec("d", "digits", length=(6, 6))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("four eight two nine one three", "482913"), ("482913", "482913"), ("48 29 13", "482913"), ("48-29-13", "482913"),
        ("oh four double two one three", "042213"), ("triple five o one two", "555012"), ("double oh seven one two three", "007123"),
        ("007 123", "007123"), ("twenty two", None), ("double", None), ("triple double five", None),
    ],
)  # fmt: skip
def test_digits(text: str, value: str | None) -> None:
    assert heard(CUSTOMER, text) == value


def test_the_wrong_number_of_digits_is_invalid_unless_another_edge_takes_them() -> None:
    assert heard(CUSTOMER, "one two three") == Invalid("3 digits, not 6")
    assert heard(CUSTOMER, "12345678") == Invalid("8 digits, not 6")
    phone = SlotSpec("p", "digits", length=(7, 11))
    edges = [Edge(0, SlotRef("d"), {"d": CUSTOMER}), Edge(1, SlotRef("p"), {"p": phone}), Edge(2, read_phrase("one / two"))]
    state = Recogniser(edges, WORDS)
    assert [(p.edge, p.values) for p in state.read("5551234", NOW)] == [(1, (("p", "5551234"),))]
    assert [p.edge for p in state.read("one", NOW)] == [2]
    assert [(p.edge, p.invalid) for p in state.read("12", NOW)] == [(0, (("d", "1 2"),)), (1, (("p", "1 2"),))]
    assert heard(phone, "one") == Invalid("1 digits, not 7 to 11")


@given(st.text(alphabet="0123456789", min_size=1, max_size=30))
def test_digits_are_understood_as_they_are_said(digits: str) -> None:
    slot = SlotSpec("d", "digits")
    assert heard(slot, spoken(slot, digits)) == digits
    assert kind(slot).fits(digits, slot)
    assert kind(slot).keyed(digits, slot) == digits


def test_digits_from_elsewhere() -> None:
    assert [value for value in ("482913", "48291", "48291a", "٤٨٢٩١٣", 482913, None) if kind(CUSTOMER).fits(value, CUSTOMER)] == [
        "482913"
    ]
    assert kind(CUSTOMER).keyed("12", CUSTOMER) == Invalid("2 digits, not 6")
    assert kind(CUSTOMER).keyed("*", CUSTOMER) is None
    assert spoken(CUSTOMER, "5551234") == "five five five, one two three four"


# --- choices --------------------------------------------------------------------------------------------------------------------------

SIZE = SlotSpec(
    "s",
    "choice",
    values={"small": read_phrase("small / personal"), "large": read_phrase("[the] large [one] / big / family [size]")},
    keys={"1": "small"},
)
TOPPINGS = SlotSpec(
    "t",
    "choice",
    many=True,
    values={
        v: read_phrase(p)
        for v, p in (("ham", "ham"), ("both", "ham and cheese"), ("cheese", "[extra] cheese"), ("olives", "olives"))
    },
    keys={"1": "ham"},
)
PICK = SlotSpec("p", "choice", values_from=Ref("find", "times"), ordinals=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("personal", "small"),
        ("the large one", "large"),
        ("Family", "large"),
        ("BIG please", "large"),
        ("huge", None),
        ("small large", None),
    ],
)
def test_a_choice(text: str, value: str | None) -> None:
    assert heard(SIZE, text) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("ham", ["ham"]), ("olives and ham", ["olives", "ham"]), ("olives, ham", ["olives", "ham"]), ("ham with olives", ["ham", "olives"]),
        ("olives olives", ["olives"]), ("ham and cheese", ["both"]), ("ham and extra cheese", ["ham", "cheese"]),
        ("ham and cheese and olives", ["both", "olives"]), ("ham and", None), ("and ham", None),
    ],
)  # fmt: skip
def test_several_at_once(text: str, values: list[str] | None) -> None:
    assert heard(TOPPINGS, text) == values


@pytest.mark.parametrize(
    "slot", [SIZE, TOPPINGS, *(SlotSpec(name, name) for name in ("number", "digits", "date", "time", "yesno", "text"))]
)
def test_no_arc_leads_back_to_the_first_state_of_a_slot(slot: SlotSpec) -> None:
    assert all(0 not in row.values() for row in WORDS.machine(slot).rows)


def test_what_a_tool_returned() -> None:
    times = ("half past nine", "2:15", "北京", "!!!")
    assert heard(PICK, "two fifteen", *times) == "2:15"
    assert heard(PICK, "the first one", *times) == "half past nine"
    assert heard(PICK, "number two", *times) == "2:15"
    assert heard(PICK, "the last", "a", "b", "c") == "c"
    assert heard(PICK, "the third one", *times[:2]) is None
    assert heard(PICK, "first") is None
    assert heard(PICK, "x" * 30, *("x" * 30,)) == "x" * 30
    assert heard(PICK, " ".join(["y"] * 30), " ".join(["y"] * 30)) is None
    many = tuple(f"time {ordinal(at)}" for at in range(1, MAX_GIVEN + 10))
    assert heard(PICK, many[MAX_GIVEN - 1], *many) == many[MAX_GIVEN - 1]
    assert heard(PICK, many[MAX_GIVEN], *many) is None


def test_offers_are_kept_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsm_agents.flows.words.choices.KEPT_SLOTS", 1)
    choice = Choice(read_phrase("and"))
    for at in range(KEPT_GIVEN + 2):
        assert choice.machine(PICK, (ordinal(at),), WORDS.spell).takes(ordinal(at).split())
    assert choice.machine(SIZE, (), WORDS.spell).takes(("small",))
    assert choice.value(Said(("small",)), SIZE, NOW) == "small"


@given(st.lists(st.sampled_from(["ham", "cheese", "olives"]), min_size=1, max_size=3, unique=True))
def test_choices_are_understood_as_they_are_said(values: list[str]) -> None:
    if values != ["ham", "cheese"] and ("ham", "cheese") not in zip(values, values[1:], strict=False):
        assert heard(TOPPINGS, spoken(TOPPINGS, values)) == values
    for value in SIZE.values:
        assert heard(SIZE, spoken(SIZE, value)) == value


def test_choices_as_they_are_said_and_from_elsewhere() -> None:
    assert (spoken(SIZE, "large"), spoken(PICK, "2:15"), spoken(TOPPINGS, ["ham", "olives", "cheese"])) == (
        "large", "2:15", "ham, olives and cheese",
    )  # fmt: skip
    assert (first_words(read_phrase("check up / checkup")), first_words(read_phrase("[a] <x> (b / c)"))) == ("check up", "<x> b")
    assert [v for v in ("small", "tiny", 1, None, ["small"]) if kind(SIZE).fits(v, SIZE)] == ["small"]
    told: list[object] = [["ham"], [], ["ham", "ham"], ["ham", "x"], "ham", [["ham"]]]
    assert [v for v in told if kind(TOPPINGS).fits(v, TOPPINGS)] == [["ham"]]
    assert [v for v in ("2:15", "") if kind(PICK).fits(v, PICK)] == ["2:15"]
    assert (kind(SIZE).keyed("1", SIZE), kind(TOPPINGS).keyed("1", TOPPINGS), kind(SIZE).keyed("9", SIZE)) == (
        "small",
        ["ham"],
        None,
    )
    assert kind(PICK).grammar(PICK, (), WORDS.spell) == ""
    assert kind(TOPPINGS).content(TOPPINGS, (), WORDS.spell) == {"ham", "and", "extra", "cheese", "olives"}


# --- yes or no, text, custom ----------------------------------------------------------------------------------------------------------


def test_yes_or_no() -> None:
    slot = SlotSpec("y", "yesno")
    assert [heard(slot, text) for text in ("yes", "Nope.", "that's right", "not really", "maybe")] == [
        True,
        False,
        True,
        False,
        None,
    ]
    assert [heard(slot, spoken(slot, value)) for value in (True, False)] == [True, False]
    assert [value for value in (True, False, 1, "yes", None) if kind(slot).fits(value, slot)] == [True, False]
    assert [kind(slot).keyed(key, slot) for key in "123"] == [True, False, None]
    own = SlotSpec("y", "yesno", keys={"5": "yes"})
    assert [kind(own).keyed(key, own) for key in "51"] == [True, None]
    assert "sure" in kind(slot).grammar(slot, (), WORDS.spell)


def test_text_keeps_the_transcript() -> None:
    slot = SlotSpec("x", "text", words=(2, 3))
    assert heard(slot, "Anna-Lena Smith.") == "Anna-Lena Smith"
    assert heard(slot, "um Anna Smith, please") == "Anna Smith"
    assert heard(slot, "Anna") is None
    assert heard(slot, "a b c d") is None
    assert [v for v in ("x", " ", "", 1, "y" * (MAX_TEXT + 1)) if kind(slot).fits(v, slot)] == ["x"]
    assert spoken(slot, "Anna") == "Anna"
    assert kind(slot).grammar(slot, (), WORDS.spell) == ""


def test_a_type_of_a_host() -> None:
    letters = {"alpha": "A", "bravo": "B"}

    def parse(words: tuple[str, ...]) -> str | None:
        return None if words == ("bravo",) else "".join(letters[word] for word in words)

    register_type(
        Custom(
            "spelled",
            grammar="(alpha / bravo) [alpha / bravo]",
            parse=parse,
            say=lambda value: f"code {value}",
            fits=lambda value: value == "A",
        )
    )
    slot = SlotSpec("c", "spelled")
    assert [heard(slot, text) for text in ("alpha bravo", "bravo", "charlie")] == ["AB", Invalid("not a spelled"), None]
    assert (spoken(slot, "A"), kind(slot).fits("A", slot), kind(slot).fits("B", slot), kind(slot).keyed("1", slot)) == (
        "code A",
        True,
        False,
        None,
    )
    assert "alpha" in kind(slot).grammar(slot, (), WORDS.spell)
    assert kind(slot).content(slot, (), WORDS.spell) == frozenset()
    assert "spelled" in slot_types(WORDS.pack)
    plain = Custom("plain", grammar="a", parse=lambda words: 1)
    assert plain.machine(slot, (), WORDS.spell) is plain.machine(slot, (), WORDS.spell)
    told: list[object] = ["a", 1, 1.5, True, None, []]
    assert [v for v in told if plain.fits(v, slot)] == ["a", 1, 1.5]


def test_types_of_a_host_that_are_refused() -> None:
    with pytest.raises(MisuseError, match="the grammar of the slot type 'bad': '\\['"):
        Custom("bad", grammar="[x", parse=lambda words: 1)
    register_type(Custom("empty", grammar="[x]", parse=lambda words: 1))
    with pytest.raises(MisuseError, match="'empty' accepts nothing said"):
        WORDS.machine(SlotSpec("e", "empty"))
    register_type(Custom("nested", grammar="<yes>", parse=lambda words: 1))
    with pytest.raises(MisuseError, match="a slot's own phrases are words"):
        slot_type("nested", WORDS.pack).grammar(SlotSpec("e", "nested"), (), WORDS.spell)
    with pytest.raises(MisuseError, match=r"no slot type is called 'colour'; known: choice, custom|choice, date"):
        slot_type("colour", WORDS.pack)


def test_the_interface_has_no_answers_of_its_own() -> None:
    base, slot = SlotType(), SlotSpec("x", "x", keys={"1": "a"})
    for call in (
        lambda: base.machine(slot, (), WORDS.spell), lambda: base.grammar(slot, (), WORDS.spell),
        lambda: base.value(Said(()), slot, NOW), lambda: base.fits(1, slot),
    ):  # fmt: skip
        with pytest.raises(NotImplementedError):
            call()
    assert (base.loose(slot, (), WORDS.spell), base.spoken(3, slot), base.keyed("1", slot)) == (None, "3", "a")
