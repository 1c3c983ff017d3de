"""Pronunciations: your own, the dictionary's, espeak-ng's reading; and a word that has none."""

from __future__ import annotations

from pathlib import Path

import pocketsphinx
import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.plugins.local import PocketsphinxSTT
from fsm_agents.plugins.local.g2p import ARPABET, phones
from fsm_agents.plugins.local.phrases import PhraseSet
from fsm_agents.plugins.local.sphinx_words import Lexicon

DICTIONARY = Path(pocketsphinx.get_model_path("en-us")) / "cmudict-en-us.dict"


def test_every_hundredth_word_of_the_dictionary_is_found_with_all_its_pronunciations() -> None:
    known: dict[str, list[str]] = {}
    for line in DICTIONARY.read_text().splitlines():
        word, _, sound = line.partition(" ")
        known.setdefault(word.partition("(")[0], []).append(sound)
    lexicon = Lexicon(DICTIONARY)
    picked = [*list(known)[::100], *list(known)[-3:], "read"]
    assert {word: list(lexicon.sounds(word)) for word in picked} == {word: known[word] for word in picked}
    assert not any(lexicon.guessed(word) for word in picked)


def test_a_small_dictionary_is_searched_to_both_ends(tmp_path: Path) -> None:
    file = tmp_path / "small.dict"
    file.write_text("a AH\na(2) EY\nb B IY\nzed Z EH D")
    lexicon = Lexicon(file)
    assert [lexicon.sounds(word) for word in ("a", "b", "zed")] == [("AH", "EY"), ("B IY",), ("Z EH D",)]
    assert [lexicon.guessed(word) for word in ("a", "aa", "zz")] == [False, True, True]


def test_a_phrase_leaves_out_the_full_stop_that_the_dictionary_has() -> None:
    assert Lexicon(DICTIONARY).sounds("a.m") == ("EY EH M",)


def test_own_pronunciations_go_first_and_are_checked() -> None:
    lexicon = Lexicon(DICTIONARY, {"Gnocchi": "N Y OW  K IY"})
    assert lexicon.sounds("gnocchi") == ("N Y OW K IY",)
    assert not lexicon.guessed("gnocchi")
    with pytest.raises(MisuseError, match="'NY' is not a phoneme"):
        Lexicon(DICTIONARY, {"gnocchi": "NY OW K IY"})
    with pytest.raises(MisuseError, match="it is empty"):
        Lexicon(DICTIONARY, {"gnocchi": " "})


def test_reading_agrees_with_the_dictionary_on_nine_phonemes_of_ten() -> None:
    def distance(left: list[str], right: list[str]) -> int:
        row = list(range(len(right) + 1))
        for number, phone in enumerate(left, 1):
            last, row[0] = row[:], number
            for at, other in enumerate(right, 1):
                row[at] = min(last[at] + 1, row[at - 1] + 1, last[at - 1] + (phone != other))
        return row[-1]

    lines = [line.split() for line in DICTIONARY.read_text().splitlines() if "(" not in line][::500]
    read = [phones(line[0]).split() for line in lines]
    assert all(set(sound) <= ARPABET for sound in read)
    errors = sum(distance(sound, line[1:]) for sound, line in zip(read, lines, strict=True))
    assert errors <= 0.13 * sum(len(line) - 1 for line in lines)  # 10.2 % over the whole dictionary


@pytest.mark.parametrize(
    ("word", "sound"), [("kubernetes", "K UW B ER N EH T IY Z"), ("jalapeño", "JH AE L AH P IY N Y OW"), ("wii", "W IY")]
)
def test_words_that_no_dictionary_has_are_read(word: str, sound: str) -> None:
    assert phones(word) == sound


@pytest.mark.parametrize("word", ["北京", "привет", "42", "-"])
def test_a_word_without_rules_is_refused(word: str) -> None:
    with pytest.raises(MisuseError, match=f"'{word}' cannot be pronounced"):
        phones(word)


def test_the_phrase_of_an_unpronounceable_word_is_named() -> None:
    with pytest.raises(MisuseError, match="phrase 'fly to 北京': the word '北京' cannot be pronounced"):
        Lexicon(DICTIONARY).check(PhraseSet(["hello", "fly to 北京"]))


def test_words_that_are_added_later_leave_the_host_s_own_and_stand_beside_each_other() -> None:
    lexicon = Lexicon(DICTIONARY, {"tomato": "T OW"})
    assert lexicon.sounds("zedra")
    assert lexicon.guessed("zedra")
    lexicon.add({"Zedra": "Z EH D R AH", "tomato": "T AH M AA T OW"})
    lexicon.add({"zedra": "Z IY D R AH"})
    lexicon.add({"zedra": "Z EH  D R AH"})
    assert lexicon.sounds("zedra") == ("Z EH D R AH", "Z IY D R AH")
    assert lexicon.sounds("tomato") == ("T OW",)
    assert not lexicon.guessed("zedra")


def test_wrong_sounds_are_refused_as_a_whole_and_named() -> None:
    stt = PocketsphinxSTT()
    with pytest.raises(MisuseError, match="the pronunciation 'Q' of 'zedra': 'Q' is not a phoneme"):
        stt.pronounce({"yes": "N OW", "zedra": "Q"})
    assert stt.sounds("yes") == ("Y EH S",)
