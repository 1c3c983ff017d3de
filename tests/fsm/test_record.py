"""The step log: what a line says, what it refuses, what it hides, and the JSON of events and back."""

from __future__ import annotations

import gc
import json
import math
import os
import subprocess
import sys
import weakref
from enum import Enum, Flag
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.codec import Codec
from fsm_agents.fsm.engine import Due, Fault
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.record import StepLog, fields_of, fingerprint
from fsm_agents.fsm.rows import STAY, drop, row
from fsm_agents.fsm.table import StateTable
from tests.fsm.phone import HELLO, LINE, PHONE, Call, Called, HungUp, L, Mood, PickedUp, Ring, Spoke, Word, begin

if TYPE_CHECKING:
    from decimal import Decimal


def record(*events: object, **options: Any) -> list[str]:
    """The log of a telephone, one event a second."""
    lines: list[str] = []
    data = begin()
    log = StepLog(PHONE, lines.append, **options)
    log.begin(data)
    for second, event in enumerate(events):
        log.add(second * 1_000_000, PHONE.step(data, event), data)
    return lines


def test_the_header_says_where_the_conversation_stands() -> None:
    """Tables, states with epochs and group memory, delays in µs, data, and what the writer adds."""
    lines: list[str] = []
    log = StepLog(PHONE, lines.append)
    log.begin(begin(), {"flow": "pizza", "version": (1, 2)})
    assert json.loads(lines[0]) == {
        "format": 1,
        "joint": "phone",
        "tables": fingerprint(PHONE),
        "redacted": False,
        "settings": {"flow": "pizza", "version": [1, 2]},
        "cells": {"line": ["IDLE", 0, ["TALKING"]], "voice": ["SILENT", 0, []]},
        "delays": {"line.ring_limit": 20_000_000, "line.hold_limit": 60_000_000, "voice.speak_limit": 250_000},
        "data": {"call": 0, "rings": 0, "said": []},
    }


def test_a_line_says_what_came_and_what_followed() -> None:
    """Only the machines that moved; every row; effects and timers in order."""
    lines = record(Called("1", 7), PickedUp())
    assert lines[1] == (
        '{"n":1,"at":0,"on":{"_":"Called","number":"1","call":7},"to":{"line":"RINGING"},"rows":["line:1"],'
        '"do":[{"_":"Ring","times":1}],"arm":[["line","ring_limit",20000000,1]]}\n'
    )
    assert lines[2] == (
        '{"n":2,"at":1000000,"on":{"_":"PickedUp"},"to":{"line":"TALKING","voice":"SPEAKING"},"rows":["line:4","voice:1"],'
        '"do":[{"_":"Connect","call":7},{"_":"Play","text":"hello"},"light on"],"arm":[["voice","speak_limit",250000,1]]}\n'
    )


def test_a_machine_that_did_not_move_is_not_told_again() -> None:
    """Only what changed in this step; entering the same state again shows in the timers."""
    lines = [json.loads(line) for line in record(Called("1", 1), Due("line", "ring_limit", 1), PickedUp(), HELLO, HungUp())]
    assert "to" not in lines[2]
    assert lines[2]["arm"] == [["line", "ring_limit", 20_000_000, 2]]
    assert [line.get("to") for line in lines[3:]] == [
        {"line": "TALKING", "voice": "SPEAKING"},
        None,
        {"line": "IDLE", "voice": "SILENT"},
    ]


def test_a_line_of_an_event_that_means_nothing_is_short() -> None:
    """A drop names its row; a stale event took none."""
    lines = record(HungUp(), Spoke((), 99), Due("line", "ring_limit", 5))
    assert lines[1] == '{"n":1,"at":0,"on":{"_":"HungUp"},"rows":["line:2"]}\n'
    assert lines[2].endswith('"line":"a"},"stale":true}\n')
    assert lines[3] == '{"n":3,"at":2000000,"on":{"_":"Due","machine":"line","timer":"ring_limit","epoch":5},"stale":true}\n'


def test_a_string_event_is_its_name() -> None:
    assert json.loads(record("unplugged")[1])["on"] == "unplugged"


def test_a_step_that_raised_is_written_without_its_text() -> None:
    """The text of an error may hold a caller's words."""
    lines: list[str] = []
    log = StepLog(PHONE, lines.append)
    log.begin(begin())
    log.failed(5, PickedUp(), ValueError("said by the caller"))
    assert lines[1] == '{"n":1,"at":5,"on":{"_":"PickedUp"},"raised":"ValueError"}\n'


def test_a_redacted_log_keeps_names_and_numbers_and_no_words() -> None:
    """Every str is hidden but in fields marked public; a field marked secret is hidden whatever it holds."""
    data = begin()
    lines: list[str] = []
    log = StepLog(PHONE, lines.append, redact=True)
    log.begin(data, {"who": "Anna"})
    for event in (Called("+420 5", 1), PickedUp(), HELLO, "unplugged", Due("voice", "speak_limit", 1)):
        log.add(0, PHONE.step(data, event), data)
    text = "".join(lines)
    assert json.loads(lines[0])["redacted"] is True
    assert json.loads(lines[0])["settings"] == {"who": "***"}
    assert json.loads(lines[1])["on"] == {"_": "Called", "number": "***", "call": 1}
    assert json.loads(lines[3])["on"] == {
        "_": "Spoke",
        "words": [{"_": "Word", "text": "***", "weight": 1.0}, {"_": "Word", "text": "***", "weight": 0.5}],
        "call": 1,
        "mood": {"_": "Mood.CALM"},
        "line": "a",
    }
    assert json.loads(lines[4])["on"] == "unplugged"
    assert json.loads(lines[5])["on"]["timer"] == "speak_limit"
    for words in ("+420", "hello", "there", "Anna", "light"):
        assert words not in text


def test_a_secret_is_hidden_whatever_it_is() -> None:
    """A number too; without redacting it is written, because a replay needs it."""

    @attrs.frozen
    class Dialled:
        pin: int = attrs.field(metadata={"secret": True})
        tone: int = 5
        names: tuple[str, int] = attrs.field(default=("a", 1), metadata={"public": True})

    assert Codec(ODDS, redact=True).effect(Dialled(1234)) == '{"_":"Dialled","pin":"***","tone":5,"names":["a",1]}'
    assert '"pin":1234' in Codec(ODDS).effect(Dialled(1234))


def test_a_fault_names_its_table_in_a_redacted_log_too() -> None:
    assert json.loads(Codec(PHONE, redact=True).effect(Fault("line", "IDLE", "Called")))["state"] == "IDLE"


@attrs.frozen
class Odd:
    value: Any


@attrs.frozen
class Hidden:
    """Nothing at run time says what this holds."""

    value: Decimal


class Way(Flag):
    IN = 1
    OUT = 2


def odd(event: Odd, _data: Shared) -> tuple[object, ...]:
    return (event,)


ODD: StateTable[str, Any] = StateTable("odd", ("a", "b"), "a", [
    row("a", Odd, STAY, lambda event, _: (event.value,)), row("a", Hidden, "b"), drop("b", Odd, Hidden),
])  # fmt: skip
ODDS: Joint[Any] = Joint("odds", {"odd": ODD})


class Bare(Shared):
    """It has a ``__dict__``."""


def odd_log() -> tuple[StepLog[Any], list[str], Any]:
    lines: list[str] = []
    data = ODDS.start(Bare())
    log: StepLog[Any] = StepLog(ODDS, lines.append)
    log.begin(data)
    return log, lines, data


REFUSED = [[1], {"a": 1}, {1}, b"x", object(), print, Way.IN, math.nan, math.inf, -math.inf, type("Str", (str,), {})()]


@pytest.mark.parametrize("value", [*REFUSED, *((1, (value,)) for value in REFUSED)])
def test_what_a_log_cannot_hold_is_refused_when_it_is_recorded(value: object) -> None:
    """And nothing is written: the next step has the number."""
    log, lines, data = odd_log()
    with pytest.raises(MisuseError, match="a log cannot hold"):
        log.add(0, ODDS.step(data, Odd(value)), data)
    assert len(lines) == 1
    log.add(0, ODDS.step(data, Odd(1)), data)
    assert lines[1].startswith('{"n":1,')


def test_an_event_that_could_not_be_read_back_is_refused() -> None:
    """No annotation leads to Word here; as an effect it is only compared, so there it may stand."""
    log, _, data = odd_log()
    with pytest.raises(MisuseError, match=r"a Word could not be read back from the log.*pass it in classes="):
        log.add(0, ODDS.step(data, Odd(Word("x"))), data)
    lines: list[str] = []
    known: StepLog[Any] = StepLog(ODDS, lines.append, classes=(Word,))
    known.begin(data)
    known.add(0, ODDS.step(data, Odd(Word("x"))), data)
    assert '"on":{"_":"Odd","value":{"_":"Word","text":"x","weight":1.0}}' in lines[1]


def test_an_annotation_that_only_a_type_checker_sees_is_passed_over() -> None:
    """The classes it names can be given by hand."""
    assert "Hidden" in Codec(ODDS).classes


def test_a_log_begins_with_its_header() -> None:
    data = begin()
    with pytest.raises(MisuseError, match=r"call begin\(data\)"):
        StepLog(PHONE, print).add(0, PHONE.step(data, HungUp()), data)


@pytest.mark.parametrize("at", [1.5, True, "1"])
def test_a_time_is_a_whole_number_of_microseconds(at: Any) -> None:
    data = begin()
    log = StepLog(PHONE, lambda _: None)
    log.begin(data)
    with pytest.raises(MisuseError, match="whole number of µs"):
        log.add(at, PHONE.step(data, HungUp()), data)


def test_data_that_a_log_cannot_hold_is_only_named() -> None:
    """Whoever replays must bring it."""
    data = ODDS.start(Bare())
    data.flow = print
    data.turn = 3
    lines: list[str] = []
    StepLog(ODDS, lines.append).begin(data)
    assert json.loads(lines[0])["data"] == {"flow": {"?": "builtin_function_or_method"}, "turn": 3}


def test_the_fields_of_data_are_its_own_slots() -> None:
    """Not the engine's; one that was never set is left out."""

    class More(Call):
        __slots__ = ("__hidden", "unset")

        def __init__(self) -> None:
            super().__init__()
            self.__hidden = 1

    assert dict(fields_of(PHONE.start(More()))) == {"call": 0, "rings": 0, "said": (), "_More__hidden": 1}


def test_two_classes_of_one_name_are_refused() -> None:
    """A log could not tell them apart."""
    other = attrs.make_class("Word", ["text"])
    with pytest.raises(MisuseError, match="two classes are called Word"):
        Codec(PHONE, (other,))


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    """It depends on names only."""
    code = "from fsm_agents.fsm.record import *; from tests.fsm.phone import *; print(fingerprint(PHONE))"
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, cwd=Path(__file__).parents[2],
            capture_output=True, check=True, text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }  # fmt: skip
    assert told == {fingerprint(PHONE)}


@pytest.mark.parametrize("number", [1, 2, 3, 9, 24])
def test_the_fingerprint_changes_with_every_row(number: int) -> None:
    changed = Joint("phone", {**PHONE.tables, "line": LINE.without(LINE.rows[number - 1])}, stale=PHONE.stale)
    assert fingerprint(changed) != fingerprint(PHONE)


def test_the_fingerprint_knows_what_is_stale() -> None:
    assert fingerprint(Joint("phone", PHONE.tables)) != fingerprint(PHONE)


def test_logs_of_one_joint_share_their_tables_and_let_the_joint_go() -> None:
    """A session's log is cheap, and a joint that nobody holds is not kept alive by it."""
    joint: Joint[Any] = Joint("odds", {"odd": ODD})
    assert StepLog(joint, print).form is StepLog(joint, print).form
    assert StepLog(joint, print).form is not StepLog(joint, print, redact=True).form
    gone = weakref.ref(joint)
    del joint
    gc.collect()
    assert gone() is None


WORDS = st.builds(Word, st.text(), st.floats(allow_nan=False, allow_infinity=False))
NUMBERS = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | NUMBERS | st.text() | WORDS | st.sampled_from(Mood),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    """Types too: 1 is not 1.0 and not True."""
    codec = Codec(ODDS, (Word, Mood))
    text = codec.event(Odd(value))
    assert text.isascii()
    assert "\n" not in text
    back = codec.decode(json.loads(text))
    assert repr(back) == repr(Odd(value))
    assert codec.event(back) == text


def test_only_what_the_constructor_takes_is_written() -> None:
    """Under the name that the constructor takes it by; the rest follows."""

    @attrs.frozen
    class Sum:
        _left: int
        right: int = attrs.field(kw_only=True)
        total: int = attrs.field(init=False)

        def __attrs_post_init__(self) -> None:
            object.__setattr__(self, "total", self._left + self.right)

    codec = Codec(ODDS, (Sum,))
    assert codec.event(Sum(1, right=2)) == '{"_":"Sum","left":1,"right":2}'
    assert codec.decode(json.loads(codec.event(Sum(1, right=2)))) == Sum(1, right=2)


class Colour(Enum):
    RED = 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"_":"Wrod","text":"x"}', "a Wrod, which the tables do not speak of.*did you mean 'Word'"),
        ('{"text":"x"}', "holds a mapping"),
        ('{"_":"Word","txt":"x"}', "the log's Word is not what Word is now.*txt"),
        ('{"_":"Mood.SAD"}', "the log's Mood is not what Mood is now.*SAD"),
        ('{"_":"Colour.RED"}', "a Colour, which the tables do not speak of"),
    ],
)
def test_a_log_of_other_classes_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(MisuseError, match=message):
        Codec(PHONE).decode(json.loads(text))


def test_nested_classes_are_found_by_annotation() -> None:
    """Events bring Word and Mood along; a string event brings none."""
    assert {"Due", "Called", "Spoke", "Word", "Mood", "TextGiven"} <= set(Codec(PHONE).classes)
    assert Codec(PHONE).classes["Word"] is Word
    assert json.loads(Codec(PHONE).effect(Ring(2))) == {"_": "Ring", "times": 2}
    assert LINE.state("IDLE") is L.IDLE
