"""Nested states and history, flattened: whose row wins, what is left and entered in which order, and where history leads."""

from __future__ import annotations

from fsm_agents.fsm.engine import Engine, Session
from fsm_agents.fsm.rows import STAY, Action, Effects, Group, Row, Timer, after, anywhere, back_to, drop, enter, leave, row
from fsm_agents.fsm.table import StateTable

TIMER = Timer("timer", 1.0)


def says(word: str) -> Action[object, object]:
    def act(event: object, data: object) -> Effects:
        return (word,)

    return act


def yes(event: object, data: object) -> bool:
    return True


def no(event: object, data: object) -> bool:
    return False


def table(
    rows: list[Row[str, object]], states: str = "a b c d e", start: str = "a", groups: tuple[Group[str], ...] = ()
) -> Engine:
    made: StateTable[str, object] = StateTable("nested", states.split(), start, rows, groups=groups, strict=False)
    return made.engine


def play(engine: Engine, *events: str) -> tuple[str, list[object]]:
    session: Session[None] = engine.start(None)
    said: list[object] = []
    for event in events:
        said += engine.step(session, event) or ()
    return session.state, said


INNER: Group[str] = Group("inner", ("b", "c"), "b")
OUTER: Group[str] = Group("outer", ("a", INNER), "a")


class TestWhoseRowWins:
    def test_the_states_own_row_then_its_group_then_the_outer_group_then_anywhere(self) -> None:
        rows: list[Row[str, object]] = [
            anywhere("x", STAY, says("anywhere")),
            row(OUTER, "x", STAY, says("outer")),
            row(INNER, "x", STAY, says("inner")),
            row("b", "x", STAY, says("own")),
            row("a", "in", INNER),
            row("b", "next", "c"),
            row("c", "out", "d"),
        ]
        assert play(table(rows), "x")[1] == ["outer"]
        assert play(table(rows), "in", "x")[1] == ["own"]
        assert play(table(rows), "in", "next", "x")[1] == ["inner"]
        assert play(table(rows), "in", "next", "out", "x")[1] == ["anywhere"]

    def test_a_refused_own_row_leaves_the_event_to_the_group_and_a_refused_group_to_anywhere(self) -> None:
        rows: list[Row[str, object]] = [
            row("b", "x", STAY, says("own"), no),
            row(INNER, "x", STAY, says("inner"), no),
            anywhere("x", STAY, says("anywhere")),
        ]
        assert play(table(rows, start="b"), "x")[1] == ["anywhere"]

    def test_an_own_drop_stops_the_groups_row(self) -> None:
        rows: list[Row[str, object]] = [row(INNER, "x", "d"), drop("b", "x")]
        assert play(table(rows, start="b"), "x")[0] == "b"
        assert play(table(rows, start="c"), "x")[0] == "d"

    def test_an_own_drop_is_tried_after_the_own_guarded_rows_wherever_it_is_written(self) -> None:
        rows: list[Row[str, object]] = [drop("b", "x"), row("b", "x", "d", when=yes)]
        assert play(table(rows, start="b"), "x")[0] == "d"

    def test_anywhere_leaves_out_what_but_names(self) -> None:
        rows: list[Row[str, object]] = [anywhere("x", "d", but=("b", "d"))]
        engine = table(rows, start="b")
        assert play(engine, "x")[0] == "b"
        assert play(table(rows, start="c"), "x")[0] == "d"

    def test_a_groups_timer_belongs_to_each_of_its_states(self) -> None:
        rows: list[Row[str, object]] = [after(INNER, TIMER, "d")]
        made: StateTable[str, object] = StateTable("nested", list("abcd"), "a", rows, strict=False)
        assert [state for state in made.members if made.timers_of(state)] == ["b", "c"]

    def test_of_two_groups_with_the_same_states_the_inner_one_is_nearer_whichever_is_named_first(self) -> None:
        inner: Group[str] = Group("inner", ("b",), "b")
        outer: Group[str] = Group("outer", (inner,), inner)
        for first, second in ((inner, outer), (outer, inner)):
            rows: list[Row[str, object]] = [row(first, "x", STAY, says(first.name)), row(second, "x", STAY, says(second.name))]
            assert play(table(rows, start="b"), "x")[1] == ["inner"]


class TestWhatIsLeftAndEntered:
    ROWS: tuple[Row[str, object], ...] = (
        *(enter(part, says(f"+{getattr(part, 'name', part)}")) for part in ("a", "b", "c", "d", INNER, OUTER)),
        *(leave(part, says(f"-{getattr(part, 'name', part)}")) for part in ("a", "b", "c", "d", INNER, OUTER)),
        row("d", "in", "b", says("go")),
        row("b", "next", "c", says("go")),
        row("b", "again", "b", says("go")),
        row("b", "up", "a", says("go")),
        row("b", "stay", STAY, says("go")),
        row("b", "out", "d", says("go")),
        row("b", "group", INNER, says("go")),
    )

    def said(self, event: str) -> list[object]:
        return play(table(list(self.ROWS), start="d" if event == "in" else "b"), event)[1]

    def test_going_out_leaves_the_innermost_first(self) -> None:
        assert self.said("out") == ["-b", "-inner", "-outer", "go", "+d"]

    def test_going_in_enters_the_outermost_first(self) -> None:
        assert self.said("in") == ["-d", "go", "+outer", "+inner", "+b"]

    def test_one_line_may_be_about_several_states(self) -> None:
        rows: list[Row[str, object]] = [
            enter(("b", "c"), says("+")),
            leave(("a", "b"), says("-")),
            row("a", "go", "b"),
            row("b", "go", "c"),
        ]
        assert play(table(rows), "go", "go")[1] == ["-", "+", "-", "+"]

    def test_a_shared_group_is_neither_left_nor_entered(self) -> None:
        assert self.said("next") == ["-b", "go", "+c"]
        assert self.said("up") == ["-b", "-inner", "go", "+a"]

    def test_naming_the_same_state_leaves_and_enters_it_and_stay_does_not(self) -> None:
        assert self.said("again") == ["-b", "go", "+b"]
        assert self.said("stay") == ["go"]

    def test_going_to_the_group_one_is_in_enters_its_start_but_not_the_group(self) -> None:
        assert self.said("group") == ["-b", "go", "+b"]


class TestHistory:
    def engine(self, *, deep: bool) -> Engine:
        low: Group[str] = Group("low", ("b", "c"), "b")
        work: Group[str] = Group("work", ("a", low), "a", deep=deep)
        rows: list[Row[str, object]] = [
            row("a", "down", low),
            row("b", "next", "c"),
            row("c", "next", "b"),
            row(work, "pause", "d", says("pause")),
            row("d", "resume", back_to(work), says("resume")),
            row(work, "back", back_to(work)),
            *(enter(part, says(f"+{getattr(part, 'name', part)}")) for part in ("a", "b", "c", low, work)),
        ]
        return table(rows, start="a")

    def test_deep_history_leads_to_the_innermost_state(self) -> None:
        state, said = play(self.engine(deep=True), "down", "next", "pause", "resume")
        assert state == "c"
        assert said[-4:] == ["resume", "+work", "+low", "+c"]

    def test_shallow_history_enters_the_child_afresh(self) -> None:
        assert play(self.engine(deep=False), "down", "next", "pause", "resume")[0] == "b"
        assert play(self.engine(deep=False), "pause", "resume")[0] == "a"

    def test_history_of_a_group_that_was_never_left_is_its_start(self) -> None:
        low: Group[str] = Group("low", ("b", "c"), "c")
        assert play(table([row("a", "go", back_to(low))]), "go")[0] == "c"

    def test_moving_inside_a_group_is_not_leaving_it(self) -> None:
        """Where the group was when it was last *left*: never, so its start, although a state inside it was left."""
        assert play(self.engine(deep=True), "down", "next", "back")[0] == "a"

    def test_history_is_the_sessions_own(self) -> None:
        engine = self.engine(deep=True)
        one, other = engine.start(None), engine.start(None)
        for event in ("down", "next", "pause"):
            engine.step(one, event)
        engine.step(other, "pause")
        engine.step(one, "resume")
        engine.step(other, "resume")
        assert (one.state, other.state) == ("c", "a")

    def test_two_groups_remember_each_for_itself(self) -> None:
        low: Group[str] = Group("low", ("b", "c"), "b")
        high: Group[str] = Group("high", (low, "a"), "a")
        rows: list[Row[str, object]] = [
            row("c", "up", "a"),
            row(high, "out", "d"),
            row("d", "low", back_to(low)),
            row("d", "high", back_to(high)),
        ]
        assert play(table(rows, start="c"), "up", "out", "low")[0] == "c"
        assert play(table(rows, start="c"), "up", "out", "high")[0] == "a"


def test_groups_that_only_the_table_names_count_too() -> None:
    made: StateTable[str, object] = StateTable(
        "t", list("ab"), "a", [row("a", "x", "b")], groups=(Group("both", ("a", "b"), "a"),), strict=False
    )
    assert [group.name for group in made.nest.paths["a"]] == ["both"]
