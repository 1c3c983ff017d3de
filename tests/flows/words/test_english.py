"""The English pack: what callers say is understood, its phrases are told apart, values are spoken."""

from __future__ import annotations

import datetime
from itertools import combinations

import attrs
import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.syntax import PhraseRef
from fsm_agents.flows.words.ambiguity import Overlaps
from fsm_agents.flows.words.english import ENGLISH
from fsm_agents.flows.words.pack import pack, packs, register_pack
from fsm_agents.flows.words.recogniser import Recogniser
from fsm_agents.flows.words.types import Moment
from fsm_agents.flows.words.vocabulary import Edge, Vocabulary

NOW = Moment(datetime.date(2026, 11, 23))
NAMES = tuple(ENGLISH.phrases)
EVERYTHING = Recogniser([Edge(at, PhraseRef(name)) for at, name in enumerate(NAMES)], Vocabulary(ENGLISH))
SAID = {
    "yes": "Yes. / yeah / yes please / Yep / sure / okay / O.K. / that's right / right / correct / uh huh / go ahead / yes that's fine / of course / it is / alright / yes, it is / sounds good / please do",
    "no": "No. / nope / no thanks / no thank you / not really / that's wrong / no that's not right / no it isn't / I don't think so / not yet / no no / wrong",
    "repeat": "repeat / repeat that / can you repeat that / say that again please / what did you say / what / pardon / sorry I didn't catch that / come again / could you say that again / again / once more / what was that / one more time please",
    "help": "help / help me / I need help / can you help me / what can I say / what are my options / what do I do now / how does this work / I'm lost",
    "operator": "operator / agent / I want to talk to a person / can I speak to a human / speak to someone / a real person please / customer service / get me a manager / connect me to an agent / put me through to customer support / talk to a representative / can you transfer me",
    "goodbye": "goodbye / bye / bye bye / thanks bye / thank you goodbye / hang up / have a nice day / I have to go / good night / thank you very much bye / okay bye now",
    "start_over": "start over / start again / begin again / I want to start over / can we start again / from the beginning / restart",
    "cancel": "cancel / cancel that / I'd like to cancel / never mind / forget it / stop / I changed my mind / cancel it please",
    "nothing": "nothing / nothing else / that's all / that's it / no that's all / nothing thanks / none of them / I'm good / I'm done / nothing more / no nothing else",
    "dont_know": "I don't know / not sure / I'm not sure / no idea / I don't remember / I can't remember / i do not know",
    "hold_on": "hold on / one moment / just a second / wait / wait a minute / give me a second / let me think / hang on a sec / one moment please / let me check",
}


@pytest.mark.parametrize("name", SAID)
def test_what_callers_say(name: str) -> None:
    for text in SAID[name].split(" / "):
        found = [NAMES[parse.edge] for parse in EVERYTHING.read(text, NOW) if NAMES[parse.edge] != "correction"]
        assert found == [name], text


def test_corrections_begin_a_sentence() -> None:
    for text in (
        "sorry",
        "no",
        "actually",
        "i meant",
        "no i meant",
        "wait",
        "sorry i said",
        "no make that",
        "change it to",
        "oh sorry",
    ):
        assert "correction" in [NAMES[parse.edge] for parse in EVERYTHING.read(text, NOW)], text


def test_every_phrase_is_told_apart_from_every_other() -> None:
    overlaps = Overlaps(Vocabulary(ENGLISH), NOW)
    edges = {name: Edge(0, PhraseRef(name)) for name in NAMES}
    for one, other in combinations([name for name in NAMES if name != "correction"], 2):
        found = overlaps.common(edges[one], edges[other])
        assert found is None, (one, other, found)
    assert not any(overlaps.silent(edge) for edge in edges.values())


def test_lead_ins_and_tails_alone_mean_nothing() -> None:
    for text in ("um", "please", "I'd like", "thanks", "hi um please", "can I have"):
        assert not EVERYTHING.read(text, NOW), text


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("money", 42, "forty two dollars"), ("money", 1, "one dollar"), ("money", 42.5, "forty two dollars and fifty cents"),
        ("money", 0.01, "one cent"), ("money", 0, "zero dollars"), ("money", -3.1, "minus three dollars and ten cents"), ("money", "7.25", "seven dollars and twenty five cents"),
        ("or", ["a", "b", "c"], "a, b or c"), ("or", ["a"], "a"), ("or", [], ""), ("and", ("a", "b"), "a and b"), ("and", "abc", "abc"), ("and", 3, "3"),
        ("last4", "4111 1111 1111 1234", "one two three four"), ("last4", "ab", "ab"), ("last4", 12, "one two"),
        ("digits", "042", "zero four two"), ("digits", 17, "one seven"), ("digits", "x", "x"), ("cardinal", 12, "twelve"), ("ordinal", 3, "third"),
        ("plain", 3, "3"),
    ],
)  # fmt: skip
def test_forms(form: str, value: object, text: str) -> None:
    assert ENGLISH.forms[form](value) == text


def test_the_alphabet() -> None:
    assert [word for word in ("pizza", "Café", "don't", "check-up", "пицца", "北京", "a1", "") if ENGLISH.alphabet(word)] == [
        "pizza", "Café", "don't", "check-up",
    ]  # fmt: skip


def test_packs() -> None:
    assert pack("en-US") is ENGLISH
    other = attrs.evolve(ENGLISH, lang="en-XX")
    register_pack(other)
    assert pack("en-XX") is other
    assert {"en-US", "en-XX"} <= set(packs())
    with pytest.raises(MisuseError, match="no language pack is called 'tlh'; known: en-US"):
        pack("tlh")
    assert Vocabulary().pack is ENGLISH
    assert set(ENGLISH.texts) == {"wait", "no_match", "no_input", "invalid", "failed", "resumed"}
    assert set(ENGLISH.types) == {"choice", "number", "digits", "date", "time", "yesno", "text"}


@pytest.mark.parametrize(
    ("phrase", "text", "taken"),
    [
        ("[a] large [pizza]", "i'd like to large", False),  # sounds as "i'd like two large"
        ("[a / my] large", "i want to my large", False),
        ("<thing>", "i need to a large", False),
        ("[a] large", "um i'd like to have a large", True),
        ("[a] large / the small", "we want the small", True),
        ("(book / get) [a] table", "i'd like to book a table", True),
        ("[a] table / book a table", "i'd like to book a table", True),  # one of its ways is something done
        ("(a / book a) table", "i want to book a table", True),
    ],
)
def test_before_a_thing_nobody_says_to(phrase: str, text: str, *, taken: bool) -> None:
    """An article begins a thing, and "i'd like to" something that is done."""
    edge = Edge(0, read_phrase(phrase), phrases={"thing": read_phrase("a large / an extra large")})
    assert bool(Recogniser([edge]).read(text, NOW)) is taken
