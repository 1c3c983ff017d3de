"""A recorded call is done again and comes out byte for byte; what does not is named."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.explain import explain
from fsm_agents.fsm.explore import live_timers
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.record import StepLog
from fsm_agents.fsm.replay import Log, replay, standing
from fsm_agents.fsm.rows import STAY, row
from fsm_agents.fsm.table import StateTable
from tests.fsm.phone import (
    HELLO,
    LINE,
    PHONE,
    VOICE,
    Call,
    Called,
    HoldPressed,
    HungUp,
    Knocked,
    L,
    PickedUp,
    Spoke,
    Word,
    begin,
    few_rings,
    stimuli,
)  # fmt: skip


def record(*events: object, joint: Joint[Call] = PHONE, data: Call | None = None) -> list[str]:
    """The log of a telephone, one event each half second."""
    lines: list[str] = []
    data = begin(joint, hold=30.0) if data is None else data
    log = StepLog(joint, lines.append)
    log.begin(data, {"for": "test"})
    for n, event in enumerate(events):
        at = n * 500_000
        try:
            step = joint.step(data, event)
        except ValueError as error:
            log.failed(at, event, error)
        else:
            log.add(at, step, data)
    return lines


CALL = record(Called("1", 7), PickedUp(), Spoke((Word("ahoj"),), 7), HoldPressed(), Spoke((), 3), HungUp())


def test_a_call_comes_out_the_same() -> None:
    """And the conversation stands where the call ended."""
    done = replay(PHONE, Call, CALL)
    assert (done.steps, done.same, done.first_difference, done.changed, done.truncated) == (6, True, "", False, False)
    assert str(done) == "6 steps the same"
    assert done.data.cell("line").state is L.IDLE
    assert done.data.delays == begin(hold=30.0).delays


@given(st.data())
def test_any_call_comes_out_the_same(data: st.DataObject) -> None:
    """Whatever events and timers came."""
    here = begin()
    lines: list[str] = []
    log = StepLog(PHONE, lines.append)
    log.begin(here)
    for n in range(data.draw(st.integers(0, 25))):
        event = data.draw(st.sampled_from([*stimuli(here), *live_timers(PHONE, here)]))
        log.add(n, PHONE.step(here, event), here)
    done = replay(PHONE, Call, lines)
    assert done.same, done.first_difference
    assert done.steps == log.count


def test_a_log_may_begin_in_the_middle() -> None:
    """States, epochs, group memory and data are in the header."""
    data = begin()
    for event in (Called("1", 7), HungUp(), Called("1", 7), PickedUp(), HoldPressed(), HELLO):
        PHONE.step(data, event)
    lines = record(Knocked(), PickedUp(), HoldPressed(), Spoke((Word("x"),), 7), HoldPressed(), data=data)
    assert '"cells":{"line":["HELD",5,["TALKING"]],"voice":["SPEAKING",1,[]]}' in lines[0]
    assert '"arm":[["line","hold_limit",60000000,7]]' in lines[2]
    done = replay(PHONE, Call, lines)
    assert done.same, done.first_difference
    assert done.data.said == (Word("x"),)


def changed(number: int, instead: Any = None) -> Joint[Call]:
    """The telephone with one row of the line taken out or replaced."""
    return Joint("phone", {"line": LINE.without(LINE.rows[number - 1], instead), "voice": VOICE}, stale=PHONE.stale)


def test_the_first_difference_is_named_in_a_sentence() -> None:
    """Of tables with another row: the state in which the line comes to rest."""
    joint = changed(13, row(L.TALKING, HoldPressed, L.IDLE))
    done = replay(joint, Call, CALL)
    assert (done.steps, done.same, done.changed) == (3, False, True)
    assert done.first_difference == (
        "step 4 at 1.500000 s, HoldPressed: at rest: the log says "
        '{"line": "HELD"}, the tables say {"line": "IDLE", "voice": "SILENT"}'
    )
    assert str(done).startswith("3 steps the same; the tables have changed since: rows were not compared\nstep 4 at 1.5")


def test_rows_are_compared_when_the_tables_have_the_same_names() -> None:
    """A guard may answer otherwise under its old name."""
    lines = record(Called("1", 1), *(event for _ in range(1) for event in live_timers(PHONE, ringing())))

    def few_rings(_event: object, _data: Call) -> bool:
        return False

    old = LINE.rows[5]
    done = replay(changed(6, attrs.evolve(old, when=few_rings)), Call, lines)
    assert not done.changed
    assert 'at rest: the log says nothing, the tables say {"line": "IDLE"}' in done.first_difference


def ringing() -> Call:
    data = begin()
    PHONE.step(data, Called("1", 1))
    return data


def test_a_row_number_that_differs_is_named() -> None:
    lines = [*CALL]
    lines[1] = lines[1].replace('"line:1"', '"line:2"')
    assert 'rows: the log says ["line:2"], the tables say ["line:1"]' in replay(PHONE, Call, lines).first_difference


def test_a_line_that_is_written_otherwise_is_a_difference() -> None:
    """Byte for byte."""
    lines = [CALL[0], json.dumps(json.loads(CALL[1])) + "\n"]
    assert "means the same but is not written as" in replay(PHONE, Call, lines).first_difference


def test_tables_that_have_changed_without_effect_come_out_the_same() -> None:
    """Row numbers are left out then: a row was inserted above."""
    joint = changed(3)  # a line that is no row of any cell: all numbers below it move
    done = replay(joint, Call, CALL)
    assert done.same
    assert done.changed
    assert str(done) == "6 steps the same; the tables have changed since: rows were not compared"


def test_a_last_line_that_is_cut_off_is_said_and_left_out() -> None:
    """As a crash leaves it."""
    done = replay(PHONE, Call, [*CALL[:2], CALL[2][:30]])
    assert (done.steps, done.same, done.truncated) == (1, True, True)
    assert str(done) == "1 step the same; the last line is cut off and was left out"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "its first line is no header"),
        (["hello\n"], "its first line is no header"),
        (["[1]\n"], "its first line is no header"),
        (['{"format":2}\n'], "another format than 1"),
        (["[" * 100_000 + "\n"], "its first line is no header"),
        ([CALL[0].replace('"redacted"', '"more":1,"redacted"')], "it has 'more', which is no part of one"),
        ([CALL[0].replace('"redacted":false,', "")], "it lacks 'redacted'"),
        ([CALL[0].replace('"redacted":false', '"redacted":0')], "'redacted' is int, not bool"),
        ([CALL[0], "[" * 100_000 + "\n", CALL[2]], "the line after step 0 cannot be read"),
        ([CALL[0], CALL[1][:20], CALL[2]], "the line after step 0 cannot be read"),
        ([CALL[0], "5\n", CALL[2]], "the line after step 0 cannot be read"),
        ([CALL[0], CALL[1], CALL[3]], "step 3 follows step 1"),
        ([CALL[0].replace('"phone"', '"car"')], "a log of 'car', not of 'phone'"),
        ([CALL[0].replace('"redacted":false', '"redacted":true')], "redacted: its words are hidden"),
        ([CALL[0].replace('"IDLE"', '"LAZY"')], "no state 'LAZY'"),
    ],
)  # fmt: skip
def test_what_is_no_log_of_this_joint_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(MisuseError, match=message):
        replay(PHONE, Call, lines)


def test_an_event_that_is_not_known_any_more_is_the_first_difference() -> None:
    lines = [CALL[0], CALL[1].replace('"_":"Called"', '"_":"Rang"')]
    done = replay(PHONE, Call, lines)
    assert done.first_difference.startswith("step 1 at 0.000000 s: the log holds a Rang, which the tables do not speak of")


def test_empty_lines_are_no_lines() -> None:
    assert replay(PHONE, Call, [CALL[0], "\n", CALL[1], "\r\n"]).steps == 1


def test_a_reader_may_look_at_the_settings_first() -> None:
    """Which flow it was, for example."""
    log = Log(CALL)
    assert log.header.settings == {"for": "test"}
    assert [entry.n for entry in log] == [1, 2, 3, 4, 5, 6]


class Count(Shared):
    __slots__ = ("limit", "note", "total")

    def __init__(self, limit: int = 2) -> None:
        self.total = 0
        self.limit = limit
        self.note: list[str] = []


def count(_event: object, data: Count) -> tuple[object, ...]:
    if data.total >= data.limit:
        raise ValueError("full")
    return (Set("total", data.total + 1),)


COUNTER: Joint[Count] = Joint("counter", {"counter": StateTable("counter", ("on",), "on", [row("on", "go", STAY, count)])})


def counted() -> list[str]:
    lines: list[str] = []
    data = COUNTER.start(Count())
    log = StepLog(COUNTER, lines.append)
    log.begin(data)
    for n in range(3):
        try:
            log.add(n, COUNTER.step(data, "go"), data)
        except ValueError as error:
            log.failed(n, "go", error)
    return lines


def test_a_step_that_raised_raises_again() -> None:
    assert replay(COUNTER, Count, counted()).same


def test_a_step_that_raises_only_now_is_a_difference() -> None:
    """With what it says."""
    lines = [line.replace('"limit":2', '"limit":1') for line in counted()]
    assert replay(COUNTER, Count, lines).first_difference == (
        'step 2 at 0.000001 s, go: raised: the log says nothing, the tables say "ValueError" (full)'
    )


def test_what_a_log_cannot_hold_comes_from_the_maker() -> None:
    """A list is opaque: the fresh object's own is kept."""
    done = replay(COUNTER, Count, counted())
    assert done.data.note == []
    assert done.data.total == 2


def test_a_machine_or_timer_that_the_log_does_not_know_starts_fresh() -> None:
    """Tables grow; an old log still says what its machines did."""
    head = json.loads(CALL[0])
    del head["cells"]["voice"], head["delays"]["line.ring_limit"]
    done = replay(PHONE, Call, [json.dumps(head), CALL[1]])
    assert done.same, done.first_difference


def test_the_conversation_before_a_step_can_be_asked_why() -> None:
    """What was lost in step 4 is found by explaining it."""
    data, event = standing(PHONE, Call, CALL, 4)
    assert event == HoldPressed()
    assert data.cell("line").state is L.TALKING
    assert "voice SPEAKING" in str(explain(PHONE, data, event))


def test_a_step_that_is_not_there_is_refused() -> None:
    with pytest.raises(MisuseError, match="no step 9: it has 1 to 6"):
        standing(PHONE, Call, CALL, 9)
    with pytest.raises(MisuseError, match="no step 1: it is empty"):
        standing(PHONE, Call, CALL[:1], 1)
    with pytest.raises(MisuseError, match=r"step 4 at 1\.5"):
        standing(changed(13, row(L.TALKING, HoldPressed, L.IDLE)), Call, CALL, 5)


def test_the_guard_of_the_sample_is_the_one_replaced() -> None:
    """The test above would prove nothing if the names differed."""
    assert LINE.rows[5].when is few_rings
