"""Dates and times: what is understood, which day or time it is, how it is said; and that what is said is understood again."""

from __future__ import annotations

import datetime

import hypothesis.strategies as st
import pytest
from hypothesis import given

from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.words.dates import YEARS, date_text, year_words
from fsm_agents.flows.words.numbers import cardinal
from fsm_agents.flows.words.recogniser import Recogniser
from fsm_agents.flows.words.times import time_text
from fsm_agents.flows.words.types import Invalid
from fsm_agents.flows.words.vocabulary import Edge, Vocabulary
from tests.flows.words.test_types import MONDAY, NOW, heard, kind, spoken

# --- dates ----------------------------------------------------------------------------------------------------------------------------

DAY, PAST, SOON = SlotSpec("d", "date"), SlotSpec("d", "date", past=True), SlotSpec("d", "date", future=90)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", "2026-11-23"), ("tomorrow", "2026-11-24"), ("the day after tomorrow", "2026-11-25"), ("yesterday", "2026-11-22"),
        ("day before yesterday", "2026-11-21"), ("Monday", "2026-11-30"), ("tuesday", "2026-11-24"), ("this friday", "2026-11-27"),
        ("next friday", "2026-12-04"), ("next monday", "2026-11-30"), ("this coming sunday", "2026-11-29"), ("last sunday", "2026-11-22"),
        ("the fifth", "2026-12-05"), ("23rd", "2026-11-23"), ("the thirty first", "2026-12-31"), ("the fourth of May", "2027-05-04"),
        ("May 4th", "2027-05-04"), ("May four", "2027-05-04"), ("fourth may", "2027-05-04"), ("Nov 23", "2026-11-23"),
        ("november twenty second", "2027-11-22"), ("friday the fourth", "2026-12-04"), ("Monday, May 3rd", "2027-05-03"),
        ("may twenty two thousand six", "2006-05-20"), ("May 22, 2006", "2006-05-22"), ("the 1st of Jan. 2000", "2000-01-01"),
        ("may first nineteen oh five", "1905-05-01"), ("May 4 two thousand and twenty six", "2026-05-04"),
        ("the twenty ninth of february", "2028-02-29"), ("5/4/1982", "1982-05-04"), ("12/31/1999", "1999-12-31"),
        ("2026-12-01", "2026-12-01"), ("may first nineteen hundred", "1900-05-01"), ("1/20/2005", "2005-01-20"),
        ("five", None), ("the five", None), ("monday may", None), ("may", None), ("13/5/1982", None), ("next the fourth", None),
        ("the thirty second of may", None),
    ],
)  # fmt: skip
def test_dates(text: str, day: str | None) -> None:
    assert heard(DAY, text) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("monday", "2026-11-16"), ("friday", "2026-11-20"), ("last friday", "2026-11-20"), ("this monday", "2026-11-23"),
        ("the fifth", "2026-11-05"), ("the fourth of may", "2026-05-04"), ("today", "2026-11-23"), ("the 24th of november", "2025-11-24"),
    ],
)  # fmt: skip
def test_dates_in_the_past(text: str, day: str) -> None:
    assert heard(PAST, text) == day


def test_dates_that_are_not_valid() -> None:
    assert heard(PAST, "tomorrow") == Invalid("2026-11-24 is not in the past")
    assert heard(SOON, "yesterday") == Invalid("2026-11-22 is not within 90 days from 2026-11-23")
    assert heard(SOON, "the fourth of may") == Invalid("2027-05-04 is not within 90 days from 2026-11-23")
    assert heard(DAY, "the thirty first of february") == Invalid("there is no thirty first of February")
    assert heard(DAY, "February 29 2027") == Invalid("there is no twenty ninth of February 2027")
    assert heard(DAY, "Tuesday, May 3rd, 2027") == Invalid("there is no third of May 2027 on a Tuesday")
    assert heard(DAY, "monday the thirty first of february") == Invalid("there is no thirty first of February on a Monday")


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)), st.sampled_from([DAY, PAST, SOON]), st.booleans())
def test_a_date_is_understood_as_it_is_said(day: datetime.date, slot: SlotSpec, knows: bool) -> None:
    value = day.isoformat()
    again = heard(slot, spoken(slot, value, NOW if knows else None))
    if kind(slot).fits(value, slot, NOW):
        assert again == value
    elif slot is not SOON:
        assert isinstance(again, Invalid)


def test_dates_as_they_are_said_and_from_elsewhere() -> None:
    assert spoken(SOON, "2026-12-04") == "Friday, the fourth of December"
    assert spoken(PAST, "1982-05-04") == "Tuesday, the fourth of May, nineteen eighty two"
    assert (spoken(DAY, "2026-12-04"), spoken(DAY, "2026-12-04", None)) == (
        "Friday, the fourth of December", "Friday, the fourth of December, twenty twenty six",
    )  # fmt: skip
    assert spoken(DAY, "soon") == "soon"
    assert [v for v in ("2026-12-04", "2026-13-04", 20261204, None) if kind(DAY).fits(v, DAY)] == ["2026-12-04"]
    assert not kind(PAST).fits("2026-12-04", PAST, NOW)
    assert (year_words(1850), year_words(2000), year_words(2100)) == (
        "one thousand eight hundred fifty",
        "two thousand",
        "two thousand one hundred",
    )
    assert date_text(MONDAY, year=False) == "Monday, the twenty third of November"
    assert kind(DAY).keyed("1", DAY) is None


def test_every_way_to_say_a_year_is_understood() -> None:
    for words, year in YEARS.items():
        assert heard(DAY, f"the second of march {' '.join(words)}") == f"{year}-03-02"


def test_the_last_two_digits_of_every_year_are_understood_where_the_past_is_asked_for() -> None:
    for year in range(1927, 2027):
        if year == 2000:
            continue
        tens = f"oh {cardinal(year % 100)}" if year % 100 < 10 else cardinal(year % 100)
        assert heard(PAST, f"the second of march {tens}") == f"{year}-03-02"
        assert heard(PAST, f"monday march second {tens}") in (f"{year}-03-02", no_monday(year))


def no_monday(year: int) -> Invalid:
    return Invalid(f"there is no second of March {year} on a Monday")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("may fifth ninety one", "1991-05-05"), ("may five ninety one", "1991-05-05"), ("may fifth oh five", "2005-05-05"),
        ("may thirty first, sixty", "1960-05-31"), ("five thirty one sixty", "1960-05-31"), ("may fifth of forty", "1940-05-05"),
        ("may fifth ten", None), ("may fifth twenty six", None), ("five four ten", None), ("the fifth ninety one", None),
        ("may nineteen ninety one", None), ("may twenty twenty six", None), ("may twenty ninety one", None), ("twelve thirty", None),
        ("may fifth ninety zero", None),
    ],
)  # fmt: skip
def test_two_digits_of_a_year_where_a_time_or_another_number_may_be_meant(text: str, day: str | None) -> None:
    assert heard(DAY, text) == day


@pytest.mark.parametrize(
    "text", ["may fifth ten thirty", "may fifth ten ten", "the fifth of may twenty thirty", "may fifth twenty oh five"]
)
def test_a_time_behind_a_date_is_no_year(text: str) -> None:
    slots = {"d": DAY, "t": SlotSpec("t", "time")}
    (parse,) = Recogniser([Edge(0, read_phrase("{d} {t}"), slots)], Vocabulary()).read(text, NOW)
    assert parse.values[:1] == (("d", "2027-05-05"),)


# --- times ----------------------------------------------------------------------------------------------------------------------------

ANY_TIME, OFFICE = SlotSpec("t", "time"), SlotSpec("t", "time", between=(480, 1080))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("nine", "09:00"), ("9:30", "09:30"), ("nine thirty", "09:30"), ("nine oh five", "09:05"), ("two", "14:00"), ("2 p.m.", "14:00"),
        ("half past nine", "09:30"), ("quarter to six", "17:45"), ("a quarter past four", "16:15"), ("ten minutes to nine", "08:50"),
        ("twenty five after ten", "10:25"), ("five of twelve", "11:55"), ("noon", "12:00"), ("midday", "12:00"), ("quarter past noon", "12:15"),
        ("nine o'clock", "09:00"), ("3 in the afternoon", "15:00"), ("nine in the morning", "09:00"), ("14:30", "14:30"),
        ("fourteen hundred hours", "14:00"), ("twelve", "12:00"), ("half past 12", "12:30"), ("5 pm", "17:00"), ("nine am", "09:00"),
        ("half past fourteen", None), ("thirty", None), ("second", None), ("twenty four", None),
    ],
)  # fmt: skip
def test_times_of_an_office(text: str, time: str | None) -> None:
    assert heard(OFFICE, text) == time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("midnight", "00:00"), ("ten to midnight", "23:50"), ("12 am", "00:00"), ("12 pm", "12:00"), ("twelve thirty a.m.", "00:30"),
        ("twenty one thirty", "21:30"), ("twenty thirty", "20:30"), ("twenty twenty five", "20:25"), ("zero thirty", "00:30"),
        ("0:30 am", "00:30"), ("eleven at night", "23:00"), ("two at night", "02:00"), ("7 in the evening", "19:00"), ("23:59", "23:59"),
        ("14:00 pm", "14:00"), ("five past midnight", "00:05"),
    ],
)  # fmt: skip
def test_times_of_a_whole_day(text: str, time: str) -> None:
    assert heard(ANY_TIME, text) == time


def test_times_that_are_not_valid() -> None:
    assert heard(ANY_TIME, "nine") == Invalid("09:00 or 21:00?")
    assert heard(OFFICE, "seven") == Invalid("07:00 or 19:00 is not between 08:00 and 18:00")
    assert heard(OFFICE, "7 am") == Invalid("07:00 is not between 08:00 and 18:00")
    assert heard(ANY_TIME, "14 am") == Invalid("there is no such time")


@given(st.times(), st.sampled_from([ANY_TIME, OFFICE]))
def test_a_time_is_understood_as_it_is_said(time: datetime.time, slot: SlotSpec) -> None:
    value = time.strftime("%H:%M")
    if kind(slot).fits(value, slot):
        assert heard(slot, spoken(slot, value)) == value


def test_times_as_they_are_said_and_from_elsewhere() -> None:
    assert (spoken(OFFICE, "09:00"), spoken(OFFICE, "09:05"), spoken(ANY_TIME, "21:30"), spoken(OFFICE, "12:00")) == (
        "nine o'clock", "nine oh five", "nine thirty p.m.", "noon",
    )  # fmt: skip
    assert (time_text(0, half=True), spoken(ANY_TIME, "later")) == ("midnight", "later")
    assert [v for v in ("09:00", "9:00", "24:00", "07:00", 900) if kind(OFFICE).fits(v, OFFICE)] == ["09:00"]
