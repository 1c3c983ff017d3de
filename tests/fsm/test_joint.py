"""Joined machines: one event from outside is one macro step. Delivery, order, levels, the fixed point, and building."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fsm_agents.errors import MisuseError, TableError
from fsm_agents.fsm import joint as joint_module
from fsm_agents.fsm.engine import Due, Fault, Set
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import STAY, Effects, Level, Row, Timer, after, always, anywhere, drop, enter, leave, never, row
from fsm_agents.fsm.table import StateTable
from tests.fsm.voice import (
    EAR,
    MOUTH,
    VOICE,
    Begun,
    Cut,
    Ear,
    Floor,
    Heard,
    Mouth,
    Played,
    Speak,
    Started,
    Stopped,
    Talk,
    joined,
    rows,
    stands,
    states,
    up_to_speaking,
)  # fmt: skip


@pytest.fixture
def talk() -> Talk:
    return VOICE.start(Talk())


class TestMacroSteps:
    def test_one_event_moves_all_machines_that_it_concerns(self, talk: Talk) -> None:
        step = up_to_speaking(talk)
        assert states(talk) == (Ear.QUIET, Mouth.SPEAKING, Floor.OURS)
        assert step.effects == [Speak("two pizzas"), "committed"]
        assert (talk.words, talk.pending, talk.reply) == ((), "", 1)

    def test_the_trail_tells_the_order(self, talk: Talk) -> None:
        """The turn is taken while the floor is still theirs; then the levels are tried until nothing holds."""
        step = up_to_speaking(talk)
        assert rows(step) == ["ear PAUSING", "floor THEIRS", "floor THEIRS", "floor LISTENING", "mouth STILL"]

    def test_a_dropped_event_changes_nothing_and_settles_nothing(self, talk: Talk) -> None:
        step = VOICE.step(talk, Heard("late"))
        assert (rows(step), step.effects, step.arms, step.stale) == (["ear QUIET"], [], [], False)
        assert talk.words == ()

    def test_a_never_that_comes_is_a_fault_and_nothing_moves(self, talk: Talk) -> None:
        up_to_speaking(talk)
        before = stands(talk)
        assert VOICE.step(talk, Begun("again")).effects == [Fault("mouth", "SPEAKING", "Begun")]
        assert stands(talk) == before

    def test_an_event_of_the_past_is_dropped_before_any_table(self, talk: Talk) -> None:
        up_to_speaking(talk)
        step = VOICE.step(talk, Played(0))
        assert (step.stale, step.trail) == (True, [])
        assert VOICE.step(talk, Played(1)).stale is False
        assert states(talk) == (Ear.QUIET, Mouth.STILL, Floor.LISTENING)

    def test_an_unknown_event_is_refused_with_what_is_answered(self, talk: Talk) -> None:
        with pytest.raises(MisuseError, match="voice does not know the event int; it answers: Started, Stopped, Heard"):
            VOICE.step(talk, 3)
        with pytest.raises(MisuseError, match="voice does not know the event go;"):
            VOICE.step(talk, "go")
        assert talk.stepping == 0

    def test_string_events_are_routed_by_name(self) -> None:
        one: StateTable[str, Shared] = StateTable("one", ["a", "b"], "a", [row("a", "go", "b"), row("b", "go", "a")])
        pair = Joint("pair", {"one": one, "other": one})
        data = pair.start(Shared())
        pair.step(data, "go")
        assert [cell.state for cell in data.cells] == ["b", "b"]


class TestOrder:
    def test_raised_events_are_delivered_depth_first_in_place(self) -> None:
        """What an action raises is answered before its next effect is looked at, by a machine that has already moved."""

        def says(*effects: object) -> Callable[[object, Shared], Effects]:
            return lambda _event, _data: effects

        first = type("First", (), {})()
        second = type("Second", (), {})()
        outer: StateTable[str, Shared] = StateTable(
            "outer",
            ["a", "b", "c"],
            "a",
            [row("a", "go", "b", says("1", first, "6")), row("b", type(second), "c", says("4"))],
            strict=False,
        )
        inner: StateTable[str, Shared] = StateTable(
            "inner", ["x"], "x", [row("x", type(first), STAY, says("2", "3", second, "5"))]
        )
        pair = Joint("pair", {"outer": outer, "inner": inner})
        data = pair.start(Shared())
        assert pair.step(data, "go").effects == ["1", "2", "3", "4", "5", "6"]
        assert data.cell("outer").state == "c"

    def test_several_machines_answer_in_the_order_of_the_joint(self) -> None:
        def tells(machine: str) -> StateTable[str, Shared]:
            return StateTable(machine, ["x"], "x", [row("x", "ended", STAY, lambda _event, _data: (machine,))])

        tables = {name: tells(name) for name in ("session", "caller", "turn")}
        assert Joint("j", tables).step(Joint("j", tables).start(Shared()), "ended").effects == ["session", "caller", "turn"]
        back = dict(reversed(tables.items()))
        assert Joint("j", back).step(Joint("j", back).start(Shared()), "ended").effects == ["turn", "caller", "session"]

    def test_one_table_may_be_two_machines(self) -> None:
        """Arms, faults and due timers go by the machine's name in the joint, not by the table's."""
        timer = Timer("retry", 1.0)
        link: StateTable[str, Shared] = StateTable(
            "link", ["up", "down"], "up", [row("up", "fell", "down"), after("down", timer, "up"), never("down", "fell")]
        )
        pair = Joint("links", {"ear": link, "mouth": link})
        data = pair.start(Shared())
        assert [(arm.machine, arm.timer) for arm in pair.step(data, "fell").arms] == [("ear", "retry"), ("mouth", "retry")]
        assert pair.step(data, "fell").effects == [Fault("ear", "down", "fell"), Fault("mouth", "down", "fell")]
        pair.step(data, Due("mouth", "retry", 1))
        assert [cell.state for cell in data.cells] == ["down", "up"]


class TestFixedPoint:
    def test_levels_follow_a_sibling_in_the_same_step(self, talk: Talk) -> None:
        VOICE.step(talk, Started())
        assert states(talk) == (Ear.TALKING, Mouth.STILL, Floor.THEIRS)

    def test_a_negated_level_holds_in_all_other_states(self, talk: Talk) -> None:
        up_to_speaking(talk)
        VOICE.step(talk, Started())
        assert states(talk)[2] is Floor.HELD
        VOICE.step(talk, Stopped())
        assert states(talk)[2] is Floor.OURS

    def test_rows_that_chase_each_other_are_named_and_undone(self) -> None:
        endless: StateTable[str, Talk] = StateTable(
            "endless",
            ["a", "b", "c"],
            "a",
            [row("a", "go", "b", lambda _e, _d: (Set("reply", 7),)), always("b", "c"), always("c", "b"), drop(("b", "c"), "go")],
        )
        pair = Joint("pair", {"endless": endless})
        data = pair.start(Talk())
        before = stands(data)
        with pytest.raises(
            TableError, match=r"the always rows never come to rest after go; .*endless: test_joint.py:\d+ → endless"
        ):
            pair.step(data, "go")
        assert stands(data) == before

    def test_as_many_rounds_as_the_limit_are_fine(self) -> None:
        def count_down(event: object, talk: Talk) -> Effects:
            return (Set("reply", talk.reply - 1),)

        def is_left(event: object, talk: Talk) -> bool:
            return talk.reply > 0

        table: StateTable[str, Talk] = StateTable("t", ["a"], "a", [row("a", "go", STAY), always("a", STAY, count_down, is_left)])
        pair = Joint("pair", {"t": table})
        data = pair.start(Talk())
        data.reply = joint_module.ROUNDS - 1
        pair.step(data, "go")
        assert data.reply == 0
        data.reply = joint_module.ROUNDS
        with pytest.raises(TableError, match="never come to rest"):
            pair.step(data, "go")

    def test_events_that_raise_each_other_without_end_are_a_table_error_too(self) -> None:
        table: StateTable[str, Talk] = StateTable(
            "t",
            ["a"],
            "a",
            [
                row("a", Started, STAY, lambda _e, d: (Set("reply", d.reply + 1), Stopped())),
                row("a", Stopped, STAY, lambda _e, _d: (Started(),)),
            ],
        )
        pair = Joint("pair", {"t": table})
        data = pair.start(Talk())
        before = stands(data)
        with pytest.raises(
            TableError, match=r"pair: Started raises events without end; the last rows taken: t: test_joint.py:\d+ → t"
        ):
            pair.step(data, Started())
        assert stands(data) == before


class TestBuilding:
    def test_two_classes_of_one_name_in_two_machines(self) -> None:
        other = type("Started", (), {})
        table: StateTable[str, Talk] = StateTable("t", ["a"], "a", [drop("a", other)])
        with pytest.raises(TableError, match="voice: two events are called Started"):
            joined(ear=EAR, t=table)

    @pytest.mark.parametrize(
        ("level", "said"),
        [
            (Level("mooth", (Mouth.STILL,)), "reads the machine 'mooth'; did you mean 'mouth'?"),
            (Level("mouth", (Ear.QUIET,)), "reads the state QUIET of mouth; known: SPEAKING, STILL"),
        ],
    )
    def test_a_misspelt_level_is_refused_wherever_it_stands(self, level: Level, said: str) -> None:
        for line in (always(Ear.QUIET, Ear.TALKING, when=level), row(Ear.QUIET, Started, Ear.TALKING, None, level)):
            table = EAR.without(EAR.rows[0], line)
            with pytest.raises(TableError) as caught:
                joined(ear=table, mouth=MOUTH)
            assert f"voice: ear (test_joint.py:{line.where.line}) {said}" in str(caught.value)

    def test_a_level_may_guard_an_ordinary_row(self) -> None:
        line = row(Ear.QUIET, Started, Ear.TALKING, None, Level("mouth", (Mouth.STILL,)))
        voice = joined(ear=EAR.without(EAR.rows[0], line), mouth=MOUTH)
        talk = voice.start(Talk())
        voice.step(talk, Begun("hello"))
        assert voice.step(talk, Started()).trail == []
        voice.step(talk, Cut())
        voice.step(talk, Started())
        assert talk.cell("ear").state is Ear.TALKING

    def test_entering_and_leaving_and_anywhere_work_joined(self) -> None:
        def says(word: str) -> Callable[[object, Shared], Effects]:
            return lambda _event, _data: (word,)

        lines: list[Row[str, Shared]] = [
            anywhere("end", "over", says("end")),
            leave("a", says("leave")),
            enter("over", says("enter")),
        ]
        table: StateTable[str, Shared] = StateTable("t", ["a", "over"], "a", lines)
        lone = Joint("lone", {"t": table})
        assert lone.step(lone.start(Shared()), "end").effects == ["leave", "end", "enter"]


def test_conversations_share_nothing(talk: Talk) -> None:
    other = VOICE.start(Talk())
    up_to_speaking(talk)
    assert states(other) == (Ear.QUIET, Mouth.STILL, Floor.LISTENING)
    assert other.words == ()
