"""What was heard: never more than was played, and all of it when all was played."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.audio import Playout
from fsm_agents.errors import MisuseError

TEXT = "Your table is booked."
MARKS = ((4, 400), (10, 1000), (13, 1300), (21, 2000))
WORDS = st.lists(st.text("abcdeé", min_size=1, max_size=8), min_size=1, max_size=8)


def played_whole(*sentences: tuple[str, int]) -> Playout:
    """A playout of complete sentences without marks."""
    playout = Playout()
    for text, samples in sentences:
        playout.sentence(text)
        playout.wrote(samples)
        playout.end_sentence()
    return playout


def test_before_anything_is_played_nothing_was_heard() -> None:
    """Also when there is nothing to play, and when a room counts strangely."""
    playout = played_whole(("Hello.", 1000))
    assert playout.heard(0) == ""
    assert playout.heard(-5) == ""
    assert Playout().heard(100) == ""


def test_whole_sentences_and_the_words_whose_end_was_played() -> None:
    """By the marks of the sentence that was cut, to the sample."""
    playout = Playout()
    playout.sentence("Good day.")
    playout.wrote(1000, [(4, 500), (9, 1000)])
    playout.end_sentence()
    playout.sentence(TEXT)
    playout.wrote(1200, MARKS[:2])
    playout.wrote(1000, MARKS[2:])
    playout.end_sentence()
    assert playout.total == 3200
    assert playout.heard(999) == "Good"
    assert playout.heard(1000) == "Good day."
    assert playout.heard(1399) == "Good day."
    assert playout.heard(1400) == "Good day. Your"
    assert playout.heard(2299) == "Good day. Your table"
    assert playout.heard(2300) == "Good day. Your table is"
    assert playout.heard(3200) == "Good day. " + TEXT
    assert playout.heard(99999) == "Good day. " + TEXT


def test_without_marks_the_share_that_was_played_back_to_a_word() -> None:
    """Half of the sound is half of the characters, without the word that was cut in two."""
    playout = played_whole(("one two three four", 1800))
    assert playout.heard(300) == "one"
    assert playout.heard(900) == "one two"
    assert playout.heard(1799) == "one two three"
    assert playout.heard(1800) == "one two three four"


def test_a_sentence_still_being_made_is_not_whole_although_all_of_it_so_far_was_played() -> None:
    """Three seconds of text, one second of sound so far: a third, not all."""
    playout = Playout(rate=15000)  # one thousand samples a character by the guess
    playout.sentence("one two three four five")
    playout.wrote(8000)
    assert playout.heard(8000) == "one two"


def test_the_guess_learns_from_sentences_that_are_complete() -> None:
    """A slow voice: 4000 samples a character instead of 1000."""
    playout = Playout(rate=15000)
    playout.sentence("four")
    playout.wrote(16000)
    playout.end_sentence()
    playout.sentence("one two three four five")
    playout.wrote(16000)
    assert playout.heard(32000) == "four one"


def test_a_sentence_longer_than_the_guess_is_never_more_than_its_text() -> None:
    """More sound than expected: the share is of the sound that there is."""
    playout = Playout(rate=8000)
    playout.sentence("one two")
    playout.wrote(80000)
    assert playout.heard(40000) == "one"
    assert playout.heard(80000) == "one two"


def test_a_sentence_that_broke_off_counts_by_its_words() -> None:
    """Its provider failed in the middle, and another sentence followed."""
    playout = Playout()
    playout.sentence(TEXT)
    playout.wrote(1100, MARKS[:2])
    playout.sentence("Sorry.")
    playout.wrote(500)
    playout.end_sentence()
    assert playout.heard(1600) == "Your table Sorry."


def test_a_sentence_without_sound_was_not_heard() -> None:
    """Text for which no sound was made, a lone symbol for example."""
    assert played_whole(("Hello.", 1000), ("*", 0), ("Bye.", 1000)).heard(2000) == "Hello. Bye."


def test_marks_out_of_order_or_out_of_the_text_do_no_harm() -> None:
    """They come from an engine or a wire."""
    playout = Playout()
    playout.sentence(TEXT)
    playout.wrote(2000, [(10, 1000), (4, 400), (999, 1900), (-3, 100)])
    assert playout.heard(150) == ""
    assert playout.heard(1500) == "Your table"
    assert playout.heard(1999) == TEXT


def test_scripts_without_spaces_are_cut_between_characters_and_joined_without_a_space() -> None:
    """Chinese: half of the sound is half of the characters, and no space stands after its full stop."""
    playout = played_whole(("今天天气很好。", 700), ("再见了朋友", 500))
    assert playout.heard(350) == "今天天"
    assert playout.heard(1000) == "今天天气很好。再见了"


@given(st.lists(st.tuples(WORDS, st.integers(1, 5000)), min_size=1, max_size=5), st.data())
def test_heard_grows_word_by_word_and_ends_with_everything(sentences: list[tuple[list[str], int]], data: st.DataObject) -> None:
    """For any sentences: more playing never means fewer words, no word is ever cut in two, and the end is the whole text."""
    playout = played_whole(*((" ".join(words), samples) for words, samples in sentences))
    said = [word for words, _ in sentences for word in words]
    moments = sorted(data.draw(st.lists(st.integers(0, playout.total), max_size=10)))
    before = 0
    for moment in moments:
        heard = playout.heard(moment).split()
        assert heard == said[: len(heard)]
        assert len(heard) >= before
        before = len(heard)
    assert playout.heard(playout.total) == " ".join(said)


@given(WORDS, st.data())
def test_marks_say_exactly_which_words(words: list[str], data: st.DataObject) -> None:
    """With a mark at the end of each word: exactly the words whose end was played."""
    text = " ".join(words)
    lengths = data.draw(st.lists(st.integers(1, 500), min_size=len(words), max_size=len(words)))
    ends = [sum(lengths[: at + 1]) for at in range(len(words))]
    marks = [(len(" ".join(words[: at + 1])), end) for at, end in enumerate(ends)]
    playout = Playout()
    playout.sentence(text)
    for length, mark in zip(lengths, marks, strict=True):
        playout.wrote(length, [mark])
    played = data.draw(st.integers(0, playout.total))
    assert playout.heard(played) == " ".join(words[: sum(end <= played for end in ends)])


def test_sound_without_a_sentence_is_refused() -> None:
    """Both before the first one and after the end of one."""
    playout = Playout()
    for _ in range(2):
        with pytest.raises(MisuseError, match=r"no sentence is open; call sentence"):
            playout.wrote(10)
        with pytest.raises(MisuseError, match="no sentence is open"):
            playout.end_sentence()
        playout.sentence("A.")
        playout.wrote(1)
        playout.end_sentence()


def test_a_negative_length_is_refused() -> None:
    """It would rewrite what was heard."""
    playout = Playout()
    playout.sentence("A.")
    with pytest.raises(MisuseError, match="0 or more"):
        playout.wrote(-1)
