"""Transcripts as the words of phrases: a corpus of pairs, the pieces, and what holds of any text at all."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from fsm_agents.flows.words.normalise import MAX_WORDS, normalise
from fsm_agents.flows.words.types import Said

CORPUS = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "corpus.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def words(text: str) -> str:
    return " ".join(word for word, _ in normalise(text))


@pytest.mark.parametrize(("transcript", "expected"), CORPUS)
def test_the_corpus(transcript: str, expected: str) -> None:
    assert words(transcript) == expected


def test_the_corpus_is_large_enough() -> None:
    assert len(set(CORPUS)) >= 150


def as_said(text: str) -> str:
    return Said((), tuple(piece for _, piece in normalise(text))).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Anna-Lena McDonald.", "Anna-Lena McDonald"),
        ("It's at 5pm, O.K.?", "It's at 5pm O.K."),
        ("anna@example.com", "anna@example.com"),
        ("12 Harbour St", "12 Harbour St"),
        ("O’Brien", "O'Brien"),
        ("and/or 2026-12-01", "and/or 2026-12-01"),
    ],
)
def test_the_pieces_give_the_transcript_back(text: str, said: str) -> None:
    assert as_said(text) == said


@given(st.text() | st.text(alphabet="0123456789abpm.,:/-'$£%&@# th½\u2044"))
@example("\u2044½")
@example("1\u20440")
@example("٣ pizzas")
@example("²²² ①")
def test_any_text_gives_words_and_normalising_them_changes_nothing(text: str) -> None:
    found = normalise(text)
    said = [word for word, _ in found]
    assert all(word and word == word.strip() and " " not in word for word in said)
    assert [word for word, _ in normalise(" ".join(said))] == said
    assert len(found) <= MAX_WORDS


@pytest.mark.parametrize(
    "text", ["9" * 100_000, "a" * 100_000, "1,000," * 50_000, "$" * 100_000, "a." * 50_000, "½" * 50_000, "x1" * 50_000]
)
def test_huge_texts_are_cut(text: str) -> None:
    assert len(normalise(text)) <= MAX_WORDS
