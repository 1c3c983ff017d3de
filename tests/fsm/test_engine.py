"""One machine, one event at a time: moves, data, epochs of timers, faults, and that a step which raises changes nothing."""

from __future__ import annotations

import logging
from enum import Enum
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.engine import Due, Engine, Fault, Session, Set
from fsm_agents.fsm.rows import STAY, Effects, Group, Row, Timer, after, always, anywhere, back_to, drop, enter, leave, never, row
from fsm_agents.fsm.table import StateTable

RING = Timer("ring", 30.0)
TIRED = Timer("tired", 5.0)


class Call(Enum):
    IDLE = "nobody calls"
    RINGING = "somebody calls"
    TALKING = "two people talk"


@attrs.frozen
class Dialled:
    number: str = ""


@attrs.frozen
class Spoke:
    words: str


class HungUp:
    pass


class Data:
    __slots__ = ("count", "number", "said")

    def __init__(self) -> None:
        self.number = ""
        self.said: tuple[str, ...] = ()
        self.count = 0


def is_known(event: Dialled, data: Data) -> bool:
    return event.number.startswith("+")


def keep(event: Dialled, data: Data) -> Effects:
    return "bell", Set("number", event.number)


def listen(event: Spoke, data: Data) -> Effects:
    yield Set("said", (*data.said, event.words))
    yield f"heard {event.words} after {len(data.said)}"


def counted(event: object, data: Data) -> Effects:
    return (Set("count", data.count + 1),)


# fmt: off
CALL: StateTable[Call, Data] = StateTable("call", Call, Call.IDLE, [
    row    (Call.IDLE,     Dialled, Call.RINGING,  keep,    is_known),
    row    (Call.IDLE,     Dialled, STAY                            ),
    never  (Call.IDLE,     Spoke                                    ),
    drop   (Call.IDLE,     HungUp                                   ),
    row    (Call.RINGING,  Dialled, Call.RINGING                    ),
    row    (Call.RINGING,  Spoke,   Call.TALKING,  listen           ),
    row    (Call.RINGING,  HungUp,  Call.IDLE                       ),
    after  (Call.RINGING,  RING,    Call.IDLE                       ),
    row    (Call.TALKING,  Spoke,   STAY,          listen           ),
    row    (Call.TALKING,  HungUp,  Call.IDLE                       ),
    drop   (Call.TALKING,  Dialled                                  ),
    after  (Call.TALKING,  TIRED,   Call.TALKING                    ),
    after  (Call.TALKING,  RING,    Call.IDLE                       ),
    enter  (Call.TALKING,  counted                                  ),
])
# fmt: on


@pytest.fixture
def engine() -> Engine:
    return CALL.engine


@pytest.fixture
def session(engine: Engine) -> Session[Data]:
    return engine.start(Data())


def stands(session: Session[Data]) -> tuple[Any, ...]:
    return session.node, session.epoch, session.past, session.data.number, session.data.said, session.data.count


class TestMoves:
    def test_a_session_begins_where_the_table_says_or_where_it_is_told(self, engine: Engine) -> None:
        assert engine.start(Data()).state is Call.IDLE
        assert engine.start(Data(), Call.TALKING).state is Call.TALKING
        with pytest.raises(MisuseError, match="call: no state 'BUSY'"):
            engine.start(Data(), "BUSY")

    def test_the_first_row_whose_guard_holds_is_taken(self, engine: Engine, session: Session[Data]) -> None:
        assert engine.step(session, Dialled("112")) == ()
        assert session.state is Call.IDLE
        assert engine.step(session, Dialled("+112")) == ("bell",)
        assert session.state is Call.RINGING

    def test_effects_come_out_in_order_and_set_is_applied_not_returned(self, engine: Engine, session: Session[Data]) -> None:
        engine.step(session, Dialled("+112"))
        assert engine.step(session, Spoke("hello")) == ("heard hello after 0",)
        assert (session.data.number, session.data.said, session.data.count) == ("+112", ("hello",), 1)

    def test_all_actions_of_a_move_see_the_data_as_it_was(self) -> None:
        """Computes, then commits: what leaving sets is not yet there when entering is asked."""

        def reads(event: object, data: Data) -> Effects:
            return (f"count is {data.count}",)

        rows: list[Row[str, Data]] = [row("a", "go", "b", counted), leave("a", counted), enter("b", (counted, reads))]
        table: StateTable[str, Data] = StateTable("t", ["a", "b"], "a", rows, strict=False)
        session = table.engine.start(Data())
        assert table.engine.step(session, "go") == ("count is 0",)
        assert session.data.count == 1

    def test_a_dropped_event_gives_none_and_a_taken_one_without_effects_gives_nothing(self, engine: Engine) -> None:
        idle = engine.start(Data())
        assert engine.step(idle, HungUp()) is None
        assert engine.step(idle, Dialled()) == ()

    def test_an_undecided_cell_of_a_lenient_table_drops(self) -> None:
        table: StateTable[str, None] = StateTable("t", ["a", "b"], "a", [row("b", "go", "a")], strict=False)
        assert table.engine.step(table.engine.start(None), "go") is None

    def test_the_library_can_read_its_transitions(self, engine: Engine) -> None:
        """Not needed for a step, but an engine is a machine: what lists or draws machines finds source and destination."""
        assert engine.get_triggers("IDLE") == ["Dialled", "Spoke", "HungUp"]
        assert [found.dest for found in engine.get_transitions("Dialled", "IDLE")] == ["RINGING", None]

    def test_an_event_or_timer_whose_rows_stand_nowhere_is_known_and_dropped(self) -> None:
        rows: list[Row[str, None]] = [row((), "gone", "a"), after((), RING, "a"), row("a", "go", "a")]
        table: StateTable[str, None] = StateTable("t", ["a"], "a", rows, strict=False)
        assert table.engine.step(table.engine.start(None), "gone") is None
        assert table.engine.step(table.engine.start(None), Due("t", "ring", 0)) is None

    def test_an_event_that_never_comes_is_a_fault_that_names_the_cell(self, engine: Engine, session: Session[Data]) -> None:
        assert engine.step(session, Spoke("hello")) == (Fault("call", "IDLE", "Spoke"),)
        assert session.state is Call.IDLE

    @pytest.mark.parametrize("event", [object(), "go", 3, "always"])
    def test_an_unknown_event_is_refused_with_what_the_table_answers(
        self, engine: Engine, session: Session[Data], event: object
    ) -> None:
        with pytest.raises(MisuseError, match=r"call does not know the event .+; it answers: Dialled, Spoke, HungUp"):
            engine.step(session, event)

    def test_always_rows_are_the_joints_and_not_an_event(self) -> None:
        table: StateTable[str, None] = StateTable("t", ["a", "b"], "a", [always("a", "b"), drop("a", "go")], strict=False)
        session = table.engine.start(None)
        with pytest.raises(MisuseError, match="does not know the event always; it answers: go"):
            table.engine.step(session, "always")

    def test_an_event_is_known_by_its_class_not_by_a_base_class(self, engine: Engine, session: Session[Data]) -> None:
        class Redialled(Dialled):
            pass

        with pytest.raises(MisuseError, match="Redialled"):
            engine.step(session, Redialled())

    def test_names_that_the_library_reads_as_wildcards_are_only_names_here(self) -> None:
        rows: list[Row[str, None]] = [row("*", "=", "="), row("=", "state", "a"), row("a", "to_a", "*")]
        table: StateTable[str, None] = StateTable("t", ["*", "=", "a"], "*", rows, strict=False)
        session = table.engine.start(None)
        assert [(table.engine.step(session, event), session.state) for event in ("=", "state", "to_a")] == [
            ((), "="),
            ((), "a"),
            ((), "*"),
        ]
        assert table.engine.step(session, "state") is None


class TestEpochs:
    def test_every_entry_raises_the_epoch_and_staying_keeps_it(self, engine: Engine, session: Session[Data]) -> None:
        epochs = [session.epoch]
        for event in (Dialled("112"), Dialled("+112"), Dialled(), Spoke("a"), Spoke("b")):
            engine.step(session, event)
            epochs.append(session.epoch)
        # 112: stays · +112: rings · rings again, which restarts · talks · stays
        assert epochs == [0, 0, 1, 2, 3, 3]

    def test_a_timer_of_this_epoch_is_taken(self, engine: Engine, session: Session[Data]) -> None:
        engine.step(session, Dialled("+112"))
        assert engine.step(session, Due("call", "ring", session.epoch)) == ()
        assert session.state is Call.IDLE

    def test_a_timer_of_an_older_epoch_is_dropped(self, engine: Engine, session: Session[Data]) -> None:
        engine.step(session, Dialled("+112"))
        armed = Due("call", "ring", session.epoch)
        engine.step(session, Dialled())
        assert engine.step(session, armed) is None
        assert session.state is Call.RINGING

    @pytest.mark.parametrize("due", [Due("call", "tired", 1), Due("call", "nap", 1), Due("other", "ring", 1)])
    def test_a_timer_that_this_state_does_not_own_is_dropped(self, engine: Engine, session: Session[Data], due: Due) -> None:
        engine.step(session, Dialled("+112"))
        assert engine.step(session, due) is None
        assert session.epoch == 1

    def test_a_state_may_own_several_timers_and_one_may_restart_them(self, engine: Engine, session: Session[Data]) -> None:
        for event in (Dialled("+112"), Spoke("hello")):
            engine.step(session, event)
        before = session.epoch
        engine.step(session, Due("call", "tired", before))
        assert (session.state, session.epoch) == (Call.TALKING, before + 1)
        assert engine.step(session, Due("call", "ring", before)) is None
        assert engine.step(session, Due("call", "ring", before + 1)) == ()


class BrokenError(Exception):
    pass


class Fuse:
    """Counts the calls of guards and actions, and breaks at one of them."""

    def __init__(self, at: int) -> None:
        self.left = at

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise BrokenError


def fused(fuse: Fuse) -> Engine:
    """A machine whose every move asks two guards and runs five actions, with nested states and history."""

    def no(event: object, data: Data) -> bool:
        fuse.burn()
        return False

    def yes(event: object, data: Data) -> bool:
        fuse.burn()
        return True

    def sets(event: object, data: Data) -> Effects:
        fuse.burn()
        return Set("count", data.count + 1), "effect"

    group: Group[str] = Group("g", ("a", "b"), "a")
    rows: list[Row[str, Data]] = [
        row("a", "go", "c", sets, no),
        row("a", "go", "b", sets, yes),
        row("b", "go", "c", sets, yes),
        row("c", "go", back_to(group), (sets, sets), yes),
        *(enter(part, sets) for part in ("a", "b", "c", group)),
        *(leave(part, sets) for part in ("a", "b", "c", group)),
        anywhere("stay", STAY, sets, yes),
    ]
    table: StateTable[str, Data] = StateTable("fused", ["a", "b", "c"], "a", rows, strict=False)
    return table.engine


class TestRollback:
    @given(at=st.integers(1, 30), events=st.lists(st.sampled_from(["go", "stay"]), min_size=1, max_size=6))
    def test_whatever_raises_at_whichever_call_the_session_is_as_before_that_step(self, at: int, events: list[str]) -> None:
        engine = fused(Fuse(at))
        session = engine.start(Data())
        for event in events:
            before = stands(session)
            try:
                engine.step(session, event)
            except BrokenError:
                assert stands(session) == before
                break
        healthy = fused(Fuse(0))
        replayed = healthy.start(Data(), session.state)
        assert healthy.step(replayed, "go") is not None  # and it goes on from there

    def test_the_fuse_does_break_steps(self) -> None:
        """The property above is empty if nothing ever raises: count which calls of one step can."""
        calls = 0
        for at in range(1, 10):
            session = (engine := fused(Fuse(at))).start(Data())
            try:
                engine.step(session, "go")
            except BrokenError:
                calls += 1
        assert calls == 5  # two guards, leaving, the row's action, entering

    def test_an_interrupt_of_the_process_rolls_back_too(self, session: Session[Data]) -> None:
        def interrupted(event: object, data: Data) -> Effects:
            raise KeyboardInterrupt

        table = CALL.without(CALL.rows[0], row(Call.IDLE, Dialled, Call.RINGING, (keep, interrupted)))
        session = table.engine.start(Data())
        before = stands(session)
        with pytest.raises(KeyboardInterrupt):
            table.engine.step(session, Dialled("+112"))
        assert stands(session) == before

    def test_a_set_of_a_field_that_is_not_there_undoes_the_sets_before_it(self) -> None:
        def typo(event: object, data: Data) -> Effects:
            return Set("count", 5), Set("nubmer", "+112")

        table: StateTable[str, Data] = StateTable("t", ["a", "b"], "a", [row("a", "go", "b", typo)], strict=False)
        session = table.engine.start(Data())
        before = stands(session)
        with pytest.raises(AttributeError, match="nubmer"):
            table.engine.step(session, "go")
        assert stands(session) == before


class TestSet:
    def test_equal_by_value_readable_and_matchable(self) -> None:
        assert Set("count", 1) == Set("count", 1)
        assert Set("count", 1) != Set("count", 2)
        assert Set("count", 1) != ("count", 1)
        assert len({Set("count", 1), Set("count", 1)}) == 1
        assert repr(Set("count", "a")) == "Set('count', 'a')"
        match Set("count", 1):
            case Set(field, value):
                assert (field, value) == ("count", 1)


def test_a_session_is_small_and_readable(session: Session[Data]) -> None:
    assert repr(session) == "<Session IDLE epoch 0>"
    assert not hasattr(session, "__dict__")
    assert Session.__slots__ == ("data", "epoch", "node", "past")


def test_a_step_logs_nothing_and_leaves_the_librarys_logger_alone(
    engine: Engine, session: Session[Data], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for event in (Dialled("+112"), Spoke("hello"), HungUp()):
        engine.step(session, event)
    assert caplog.records == []
    assert logging.getLogger("transitions").level == logging.NOTSET
