"""Tokens become pieces to speak: where they end, where not, and that nothing is lost on the way."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fsm_agents.chat import SentenceSplitter
from fsm_agents.errors import MisuseError

# Drawn so that the rules meet: ends, abbreviations, numbers, quotes, both scripts, odd white space.
FRAGMENTS = st.sampled_from(
    [
        "Hello", "there", "the quick brown fox", "I", "Mr", "Dr", "e.g", "U.S", "No", "no", "1", "12", "3.50", "a.b@c.de",
        "www.x.org/a?b=c", ".", "...", "…", "!", "?", "?!", ";", ",", ":", "—", "\n", "\n\n", " ", "  ", "\t", '"', "”", ")",
        "(", "*", "你好", "。", "！？", "，", "」", "🙂", "\x1c", "\u00a0",
    ]
)  # fmt: skip
TEXTS = st.lists(FRAGMENTS, max_size=40).map("".join) | st.text(max_size=60)
SPLITTERS = st.tuples(st.integers(1, 15), st.none() | st.integers(1, 30), st.integers(15, 60))


def split(text: str, min_chars: int = 1, first_chars: int | None = None, max_chars: int = 300) -> list[str]:
    """A text at once."""
    splitter = SentenceSplitter(min_chars, first_chars, max_chars)
    return splitter.push(text) + splitter.flush()


@pytest.mark.parametrize(
    "pieces",
    [
        ["Hello there.", "How are you?", "Fine!", "Good;", "and you…", "Well."],
        ["Really?!", "No way!!!", "Yes."],
        ['He said "stop!"', '"Why?"', "(Nobody knew.)", "*Nobody.*", "And so on."],
        ["You said “yes.”", "Then we left."],
        ["I wonder...", "What time is it?"],
        ["It was 5.", "Then it was 6."],
        ["So do I.", "Then we are two."],
        ["No.", "I will not."],
        ["It is on page 12.", "5 people read it."],
        ["Visit example.com.", "Then come back."],
        ["Is it www.x.org?a=b;c=d?", "Yes."],
        ["你好。", "很好吗？", "是的！", "「再见。」", "走了"],
        ["你好!", "再见"],
        ["Great!", "🙂 Next one."],
    ],
)
def test_sentences_end_where_they_end(pieces: list[str]) -> None:
    """With their closing quotes; the scripts without spaces at once."""
    joint = "" if "你" in pieces[0] else " "
    assert split(joint.join(pieces)) == pieces


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Smith met Dr. Jones and Prof. Lee in St. Louis.",
        "They are in the U.S. Army, e.g. in Fort Knox, i.e. far away.",
        "J. R. Tolkien wrote it (cf. Lewis).",
        "We open at 9 a.m. Monday to Friday.",
        "She has a Ph.D. Her brother has none.",
        "Smith Inc. Berlin and Jones Ltd. London merged.",
        "It costs 3.50 or 1,000.75 euros.",
        "Call No. 5, see p. 7 and Fig. 3 now.",
        "Well... maybe not.",
        "Well… maybe not.",
        "Wait...what?",
        "Mail john.doe@example.co.uk or see https://example.com/a.b?c=d!e;f now.",
        '"Really?" she asked.',
        "Version 2.0.1 of node.js is out.",
        "It is approx. five.",
        "今天……很好",
        "A&B;C",
        "Wow!important",
    ],
)
def test_a_sentence_does_not_end_in_the_middle(text: str) -> None:
    """Abbreviations, initials, numbers, addresses, ellipses, quotes."""
    assert split(text) == [text]


def test_a_line_is_a_piece() -> None:
    """Lists and headings have no full stops; a line break ends even what goes on in lower case."""
    assert split("To do:\n- buy milk\n- sleep\n\nthe end.\nfoo") == ["To do:", "- buy milk", "- sleep", "the end.", "foo"]


def test_a_numbering_belongs_to_its_line() -> None:
    """At the start of a text, of a line, and after a colon; a year is no numbering."""
    assert split("1. Open the door.\n2. Close it.\n  10. Rest.") == ["1. Open the door.", "2. Close it.", "10. Rest."]
    assert split("One way: 1. Wait.") == ["One way: 1. Wait."]
    assert split("2026. What a year.") == ["2026.", "What a year."]


def test_short_sentences_are_spoken_with_what_follows() -> None:
    """One request for "Yes. Of course."; the text is not changed, line breaks included."""
    assert split("Yes. Of course. Ok\nthen. Let us go on. Ok.", min_chars=8) == [
        "Yes. Of course.",
        "Ok\nthen.",
        "Let us go on.",
        "Ok.",
    ]
    assert split("好。很好。非常好非常好。好", min_chars=5) == ["好。很好。", "非常好非常好。", "好"]


def test_a_sentence_comes_as_soon_as_it_is_sure() -> None:
    """With the character after its end; a full stop waits for the next word to begin."""
    splitter = SentenceSplitter(min_chars=1)
    assert splitter.push("Really?") == []
    assert splitter.push(" ") == ["Really?"]
    assert splitter.push("Yes.") == []
    assert splitter.push(" ") == []
    assert splitter.push("S") == ["Yes."]
    assert splitter.push("o.\n") == ["So."]
    assert splitter.push("好。") == []
    assert splitter.push("好") == ["好。"]


def test_only_the_first_piece_may_end_early() -> None:
    """At a comma, colon or dash, once it is long enough: sound begins sooner, and then has time."""
    text = "Of course, I can help you with that, no problem at all, right away. One moment please, I am looking, wait."
    assert split(text, first_chars=20) == [
        "Of course, I can help you with that,",
        "no problem at all, right away.",
        "One moment please, I am looking, wait.",
    ]
    assert split(text)[0] == "Of course, I can help you with that, no problem at all, right away."


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("It costs you 1,000 euros, all in all", "It costs you 1,000 euros,"),
        ("At 10:30 he came: nobody was there", "At 10:30 he came:"),
        ("He came late — nobody was there", "He came late —"),
        ("我今天很高兴，你呢", "我今天很高兴，"),
        ("Short one. Then, a comma", "Short one."),
        ("We know Smith Inc., and others", "We know Smith Inc., and others"),
    ],
)
def test_where_the_first_piece_ends_early(text: str, first: str) -> None:
    """Not within numbers and times, and a full sentence ends it too."""
    assert split(text, first_chars=6)[0] == first


def test_after_a_flush_there_is_a_first_piece_again() -> None:
    """Each reply begins quickly."""
    splitter = SentenceSplitter(1, 5, 300)
    text = "Of course, yes"
    assert splitter.push(text) + splitter.flush() == ["Of course,", "yes"]
    assert splitter.push(text) + splitter.flush() == ["Of course,", "yes"]
    assert splitter.flush() == []


def test_a_text_without_any_end_is_cut_at_white_space() -> None:
    """Or anywhere: nothing may wait for ever, nor grow for ever."""
    pieces = split("word " * 100, max_chars=42)
    assert max(map(len, pieces)) <= 42
    assert set(" ".join(pieces).split()) == {"word"}
    assert split("x" * 100, max_chars=42) == ["x" * 42, "x" * 42, "x" * 16]
    assert split(" " * 100 + "x", max_chars=42) == ["x"]


@given(TEXTS, SPLITTERS, st.lists(st.integers(0, 200)))
@example("Hello there .\nno", (1, None, 60), [13, 14])
@example("No. \n5 no", (1, None, 60), [4, 5, 6])
def test_the_pieces_do_not_depend_on_the_tokens(text: str, settings: tuple[int, int | None, int], cuts: list[int]) -> None:
    """At once, in any tokens, and character by character: the same pieces."""
    whole = split(text, *settings)
    borders = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for tokens in ([text[a:b] for a, b in pairwise(borders)], list(text)):
        splitter = SentenceSplitter(*settings)
        pieces = [piece for token in tokens for piece in splitter.push(token)]
        assert pieces + splitter.flush() == whole


@given(TEXTS, SPLITTERS)
def test_nothing_is_lost_and_nothing_comes_twice(text: str, settings: tuple[int, int | None, int]) -> None:
    """All pieces together are the text, white space aside; and each is trimmed, not empty, and not too long."""
    pieces = split(text, *settings)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(piece and piece == piece.strip() and len(piece) <= settings[2] for piece in pieces)


@pytest.mark.parametrize(
    ("settings", "says"), [((0, None, 300), "min_chars=0"), ((9, None, 8), "max_chars=8"), ((1, 0, 8), "first_chars=0")]
)
def test_numbers_out_of_range_are_refused(settings: tuple[int, int | None, int], says: str) -> None:
    """The message names them."""
    with pytest.raises(MisuseError, match=says):
        SentenceSplitter(*settings)
