"""The words of a table: what each builder makes of its arguments, and that it remembers its line."""

from __future__ import annotations

import inspect
from enum import Enum

import pytest

from fsm_agents.errors import MissingExtra, MisuseError, ProviderError, nearest, strict_keywords
from fsm_agents.fsm import rows
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import ALWAYS, STAY, All, Group, History, Kind, Level, Row, Timer, Where
from fsm_agents.fsm.table import StateTable

IDLE = Timer("idle", 8.0, "a phone rings for eight seconds")


class Door(Enum):
    OPEN = "anyone may pass"
    SHUT = "nobody may pass"


class Pushed:
    pass


def yes(event: object, data: object) -> bool:
    return True


def note(event: object, data: object) -> tuple[str, ...]:
    return ("noted",)


def line() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def test_a_row_remembers_where_it_was_written() -> None:
    made: Row[Door, object] = rows.row(Door.OPEN, Pushed, Door.SHUT)
    here = line() - 1
    assert made.where == Where(__file__, here)
    assert str(made.where) == f"test_rows.py:{here}"


@pytest.mark.parametrize(
    ("made", "kind", "on"),
    [
        (rows.row(Door.OPEN, Pushed, Door.SHUT), Kind.ROW, (Pushed,)),
        (rows.after(Door.OPEN, IDLE, Door.SHUT), Kind.AFTER, (IDLE,)),
        (rows.always(Door.OPEN, Door.SHUT, when=yes), Kind.ALWAYS, (ALWAYS,)),
        (rows.drop(Door.OPEN, Pushed, "knock"), Kind.DROP, (Pushed, "knock")),
        (rows.never(Door.OPEN, Pushed), Kind.NEVER, (Pushed,)),
        (rows.owes(Door.OPEN, "the porter"), Kind.OWES, ()),
        (rows.enter(Door.OPEN, note), Kind.ENTER, ()),
        (rows.leave(Door.OPEN, note), Kind.LEAVE, ()),
    ],
)
def test_each_builder_says_its_kind_and_events(made: Row[Door, object], kind: Kind, on: tuple[object, ...]) -> None:
    assert (made.kind, made.on, made.states) == (kind, on, (Door.OPEN,))


def test_one_state_or_action_may_stand_without_a_tuple() -> None:
    single = rows.row(Door.OPEN, Pushed, STAY, note, yes)
    several: Row[Door, object] = rows.row((Door.OPEN, Door.SHUT), Pushed, STAY, (note, note), yes)
    assert (single.states, single.do, single.when) == ((Door.OPEN,), (note,), yes)
    assert (several.states, several.do) == ((Door.OPEN, Door.SHUT), (note, note))
    assert rows.row(Door.OPEN, Pushed, STAY).do == ()


def test_anywhere_stands_in_no_state_of_its_own() -> None:
    made = rows.anywhere(Pushed, Door.SHUT, note, yes, but=(Door.SHUT,))
    assert (made.everywhere, made.states, made.but) == (True, (), (Door.SHUT,))


def test_owes_keeps_who() -> None:
    assert rows.owes(Door.OPEN, "the porter shuts it at night").note == "the porter shuts it at night"


def test_back_to_is_a_destination() -> None:
    group: Group[Door] = Group("both", (Door.OPEN, Door.SHUT), Door.OPEN)
    target = rows.back_to(group)
    assert isinstance(target, History)
    assert target.group is group


def test_two_timers_of_one_name_are_two_timers() -> None:
    """A timer is an object, not a name: equal arguments do not make it the same one."""
    assert len({IDLE, Timer("idle", 8.0, "a phone rings for eight seconds")}) == 2


def test_level_guards_are_named_after_what_they_read() -> None:
    inside, outside = Level("door", (Door.OPEN, Door.SHUT)), Level("door", ("ajar",), negated=True)
    assert inside.__name__ == "door in OPEN SHUT"
    assert outside.__name__ == "door not in ajar"
    assert All((inside, yes)).__name__ == "door in OPEN SHUT and yes"
    assert inside == Level("door", (Door.OPEN, Door.SHUT))


def test_level_guards_can_be_asked_where_no_joint_compiled_them() -> None:
    """Mutants and diagrams call the guard itself; it must say what the joint's own test says."""
    table: StateTable[Door, Shared] = StateTable(
        "door", Door, Door.OPEN, [rows.row(Door.OPEN, "push", Door.SHUT), rows.drop(Door.SHUT, "push")]
    )
    talk = Joint("house", {"door": table}).start(Shared())
    is_open, not_open = Level("door", (Door.OPEN,)), Level("door", (Door.OPEN,), negated=True)
    due = Due("door", "idle", 0)
    assert (is_open(due, talk), not_open(due, talk)) == (True, False)
    assert (All((is_open, yes))(due, talk), All((yes, not_open))(due, talk)) == (True, False)


def test_errors_say_what_is_possible() -> None:
    """The sentences that the messages of the floor are made with."""
    assert nearest("opne", ["open", "shut"]) == "did you mean 'open'?"
    assert nearest("zzz", ["open", "shut"]) == "known: open, shut"
    assert nearest("zzz", []) == "known: none"
    assert str(MissingExtra("voice", "Ear")) == "Ear needs the extra [voice]: pip install 'fsm_agents[voice]'"
    assert str(MissingExtra("voice", "Ear", "no wheels")).endswith("(no wheels)")
    assert (ProviderError("down").retryable, ProviderError("busy", retryable=True).retryable) == (False, True)


def test_a_misspelt_keyword_is_refused_with_the_nearest() -> None:
    @strict_keywords
    class Room:
        def __init__(self, name: str, **more: object) -> None:
            self.name = name

    assert Room(name="lobby").name == "lobby"
    with pytest.raises(MisuseError, match=r"Room has no option 'nmae'; did you mean 'name'\?"):
        Room(nmae="lobby")  # type: ignore[call-arg]
