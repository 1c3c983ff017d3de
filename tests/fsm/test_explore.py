"""Exhaustive search: it reaches everything, finds planted faults, tells them by the shortest story, and says when it was cut off."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import attrs
import pytest

from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.explore import (
    Finding,
    Graph,
    Move,
    Properties,
    Report,
    World,
    clone,
    describe,
    explore,
    live_timers,
    states_of,
)  # fmt: skip
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import STAY, Effects, Row, Timer, after, always, drop, never, row
from fsm_agents.fsm.table import StateTable
from tests.fsm.voice import (
    EAR,
    FLOOR,
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
    states,
)  # fmt: skip


def stimuli(talk: Talk) -> Iterator[object]:
    yield Started()
    yield Stopped()
    if len(talk.words) < 1:
        yield Heard("w")
    yield Played(talk.reply)


def abstract(talk: Talk) -> Hashable:
    return len(talk.words), bool(talk.pending)


def world(joint: Joint[Talk] = VOICE, **given: Any) -> World[Talk]:
    options: dict[str, Any] = {"stimuli": stimuli, "abstract": abstract, **given}
    return World(joint, lambda: joint.start(Talk()), **options)


def never_both(talk: Talk) -> str | None:
    """The planted fault's property: we are not silent while the floor is ours."""
    if talk.cell("floor").state is Floor.OURS and talk.cell("mouth").state is not Mouth.SPEAKING:
        return "the floor is ours and nothing speaks"
    return None


def speaks_what_it_heard(move: Move[Talk]) -> str | None:
    return None if all(effect.text for effect in move.did(Speak)) else "an empty reply"


class TestSearch:
    def test_every_combination_that_can_rest_is_found_and_no_other(self) -> None:
        report = explore(world())
        assert report.complete
        assert report.findings == []
        assert report.combinations == {
            ("QUIET", "STILL", "LISTENING"), ("TALKING", "STILL", "THEIRS"), ("PAUSING", "STILL", "THEIRS"),
            ("QUIET", "SPEAKING", "OURS"), ("PAUSING", "SPEAKING", "OURS"), ("TALKING", "SPEAKING", "HELD"),
        }  # fmt: skip
        assert report.steps >= sum(len(edges) for edges in report.graph.edges)

    def test_what_was_taken_and_what_came_out(self) -> None:
        report = explore(world())
        assert report.effects == {Speak, str}
        assert FLOOR.rows[-1] not in report.taken  # the wake-up is off
        assert ("ear", Ear.PAUSING, Heard) in report.cells
        assert ("mouth", Mouth.SPEAKING, Begun) not in report.cells
        assert report.refused == set()

    def test_a_cell_is_the_event_that_came_not_all_that_its_row_names(self) -> None:
        """One drop row names Played and Cut in STILL; Cut never comes there."""
        cells = explore(world()).cells
        assert ("mouth", Mouth.STILL, Played) in cells
        assert ("mouth", Mouth.STILL, Cut) not in cells

    def test_timers_are_tried_where_they_are_on(self) -> None:
        off = explore(world())
        on = explore(World(VOICE, lambda: VOICE.start(Talk(), {"wake": 1.0}), stimuli, abstract))
        assert FLOOR.rows[-1] in on.taken
        assert on.steps > off.steps

    def test_it_stops_where_the_world_stops(self) -> None:
        report = explore(world(stop=lambda talk: talk.cell("ear").state is Ear.TALKING))
        assert ("TALKING", "STILL", "THEIRS") in report.combinations
        assert not any(names[0] == "PAUSING" for names in report.combinations)

    def test_it_says_when_it_was_cut_off(self) -> None:
        def grows(talk: Talk) -> Iterator[object]:
            yield Started()
            yield Heard("w")

        report = explore(world(stimuli=grows), limit=20)
        assert not report.complete
        assert len(report.graph.nodes) > 20

    def test_the_same_search_gives_the_same_report(self) -> None:
        one, two = explore(world()), explore(world())
        assert list(map(states_of, one.graph.nodes)) == list(map(states_of, two.graph.nodes))
        assert one.steps == two.steps


class TestPlantedFaults:
    def test_safety_with_the_shortest_story(self) -> None:
        """The mouth forgets to speak: the shortest way there is four events, and that is what is told."""
        silent = MOUTH.without(MOUTH.rows[0], row(Mouth.STILL, Begun, STAY))
        watched = FLOOR.without(FLOOR.rows[7])  # and the floor forgets to look
        report = explore(world(joined(ear=EAR, mouth=silent, floor=watched)), Properties(safety=[never_both]))
        (found,) = report.findings
        assert (found.name, found.message) == ("never_both", "the floor is ours and nothing speaks")
        assert found.scene == ("Started", "Stopped", "Heard(words='w')", "after pause (ear)")
        assert str(found).splitlines() == [
            "never_both: the floor is ours and nothing speaks",
            "    1. Started",
            "    2. Stopped",
            "    3. Heard(words='w')",
            "    4. after pause (ear)",
        ]

    def test_safety_of_the_start(self) -> None:
        report = explore(world(), Properties(safety=[lambda _talk: "wrong"]))
        assert [(found.message, found.scene) for found in report.findings] == [("wrong", ())]

    def test_response_judges_one_move(self) -> None:
        forgets = EAR.without(
            EAR.rows[5], after(Ear.PAUSING, EAR.timers[0], Ear.QUIET, lambda _e, _d: (Begun(""),), EAR.rows[5].when)
        )
        report = explore(world(joined(ear=forgets, mouth=MOUTH, floor=FLOOR)), Properties(response=[speaks_what_it_heard]))
        assert report.findings[0].message == "an empty reply"
        assert report.findings[0].scene[-1] == "after pause (ear)"

    def test_a_never_that_comes_is_a_finding(self) -> None:
        wrong = MOUTH.without(MOUTH.rows[3], never(Mouth.STILL, Played))
        report = explore(world(joined(ear=EAR, mouth=wrong, floor=FLOOR)))
        (found,) = report.findings
        assert found == Finding(
            "never mouth.STILL.Played", "Played came in STILL, where the table says it never does", ("Played(reply=0)",)
        )  # fmt: skip
        assert report.refused == {("mouth", Mouth.STILL, Played)}  # and Cut, which the row named too, is undecided now

    def test_what_raises_is_a_finding_and_the_search_goes_on(self) -> None:
        def broken(event: Heard, talk: Talk) -> Effects:
            msg = "no words"
            raise LookupError(msg)

        bad = EAR.without(EAR.rows[2], row(Ear.TALKING, Heard, STAY, broken))
        report = explore(world(joined(ear=bad, mouth=MOUTH, floor=FLOOR)))
        assert report.findings == [Finding("raised", "LookupError: no words", ("Started", "Heard(words='w')"))]
        assert ("PAUSING", "STILL", "THEIRS") in report.combinations

    def test_only_the_first_of_a_kind_is_told(self) -> None:
        report = explore(world(), Properties(safety=[lambda _talk: "always wrong"], response=[lambda _move: "always wrong"]))
        assert len(report.findings) == 1  # both are called <lambda>: one name, one finding

    def test_first_stops_at_the_first_finding(self) -> None:
        properties = Properties(safety=[lambda talk: "talks" if talk.cell("ear").state is Ear.TALKING else None])
        whole = explore(world(), properties)
        assert len(explore(world(), properties, first=True).graph.nodes) < len(whole.graph.nodes)
        assert len(whole.graph.nodes) == len(explore(world()).graph.nodes)  # without it a finding ends nothing

    def test_liveness_looks_at_the_whole_graph(self) -> None:
        def comes_to_rest(graph: Graph) -> Iterable[tuple[int, str]]:
            """Timers alone end every pause: not so where we speak, the mouth owes us its Played."""
            good = graph.reaches(lambda talk: talk.cell("ear").state is Ear.QUIET, by=lambda event: isinstance(event, Due))
            for number, data in enumerate(graph.nodes):
                if number not in good:
                    yield number, f"{' '.join(states_of(data))} waits for ever"

        report = explore(world(), Properties(liveness=[comes_to_rest]))
        (found,) = report.findings
        assert (found.name, found.message, found.scene) == ("comes_to_rest", "TALKING STILL THEIRS waits for ever", ("Started",))


class TestReaches:
    def graph(self, *edges: list[tuple[object, int]]) -> Graph:
        return Graph(nodes=list(range(len(edges))), edges=list(edges), parents=[None] * len(edges))

    def good(self, *edges: list[tuple[object, int]]) -> set[int]:
        return self.graph(*edges).reaches(lambda node: node == 0, by=lambda event: event == "t")

    def test_all_ways_must_lead_there(self) -> None:
        assert self.good([], [("t", 0)], [("t", 1)], [("t", 0), ("t", 4)], []) == {0, 1, 2}

    def test_events_that_do_not_count_are_ignored_and_alone_are_not_enough(self) -> None:
        assert self.good([], [("t", 0), ("x", 2)], [("x", 0)]) == {0, 1}

    def test_a_ring_never_reaches_it(self) -> None:
        assert self.good([], [("t", 2)], [("t", 1)], [("t", 2), ("t", 0)]) == {0}

    def test_a_goal_is_reached_however_it_goes_on(self) -> None:
        assert self.good([("t", 1)], [("t", 1)]) == {0}


class TestClone:
    def test_a_clone_stands_where_the_other_stands_and_moves_alone(self) -> None:
        talk = VOICE.start(Talk())
        for event in (Started(), Heard("two")):
            VOICE.step(talk, event)
        twin = clone(talk)
        assert (states(twin), twin.words, [c.epoch for c in twin.cells]) == (
            states(talk),
            talk.words,
            [c.epoch for c in talk.cells],
        )
        VOICE.step(twin, Stopped())
        VOICE.step(twin, Heard("more"))
        assert (states(talk)[0], talk.words) == (Ear.TALKING, ("two",))
        assert all(cell.data is twin for cell in twin.cells)

    def test_whatever_way_a_class_keeps_its_data(self) -> None:
        class One(Shared):
            __slots__ = "text"  # noqa: PLC0205 - the one string that it may be

            def __init__(self) -> None:
                self.text = "kept"

        class Private(One):
            __slots__ = ("__secret", "unset")

            def __init__(self) -> None:
                super().__init__()
                self.__secret = 7

            def secret(self) -> int:
                return self.__secret

        class Open(Private):
            def __init__(self) -> None:
                super().__init__()
                self.more = "kept too"

        table: StateTable[str, Any] = StateTable("t", ["a"], "a", [row("a", "go", STAY)])
        data = Joint("j", {"t": table}).start(Open())
        twin = clone(data)
        assert (twin.text, twin.secret(), twin.more, twin.cell("t").state) == ("kept", 7, "kept too", "a")
        assert not hasattr(twin, "unset")


@attrs.frozen
class Said:
    text: str = ""
    count: int = 1
    firm: bool = False


class TestDescribe:
    @pytest.mark.parametrize(
        ("event", "line"),
        [
            (Said("hi", 0), "Said(text='hi', count=0)"),
            (Said("", 2, firm=True), "Said(count=2, firm=True)"),
            (Started(), "Started"),
            ("go", "go"),
            (Due("ear", "pause", 7), "after pause (ear)"),
        ],
    )
    def test_an_event_as_a_line_leaves_out_what_is_empty_but_not_a_zero(self, event: object, line: str) -> None:
        assert describe(event) == line


def test_live_timers_are_those_that_are_on_where_it_rests() -> None:
    on, off = Timer("on", 1.0), Timer("off")
    lines: list[Row[str, Shared]] = [
        after("a", on, "b"),
        after("a", off, "b"),
        always("b", "a", when=lambda _e, _d: False),
        drop("a", "x"),
        drop("b", "x"),
    ]
    table: StateTable[str, Shared] = StateTable("t", ["a", "b"], "a", lines)
    pair = Joint("pair", {"t": table})
    assert list(live_timers(pair, pair.start(Shared()))) == [Due("t", "on", 0)]
    assert list(live_timers(pair, pair.start(Shared(), {"on": None, "off": 2.0}))) == [Due("t", "off", 0)]


def test_a_report_of_nothing() -> None:
    assert Report(Graph(), [], 0, set(), set(), set(), complete=True).combinations == set()
