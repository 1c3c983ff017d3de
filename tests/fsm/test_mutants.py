"""One row less: does a property notice? The score, the names of survivors, one process and two."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from typing import Any

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.fsm import mutants as module
from fsm_agents.fsm.explore import Move, Properties
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.mutants import Mutant, Score, Verdict, mutants, score
from fsm_agents.fsm.rows import Kind
from fsm_agents.fsm.table import StateTable
from tests.fsm.phone import LINE, PHONE, PROPERTIES, Called, Connect, HungUp, L, PickedUp, Ring, V, music_only_on_hold, world


def test_every_row_and_every_action_is_deleted_once() -> None:
    """Drops, nevers and owes are not: without a drop the event is dropped all the same."""
    names = [mutant.name for mutant in mutants(PHONE)]
    acting = [row for table in PHONE.tables.values() for row in table.rows if row.kind in (Kind.ROW, Kind.AFTER, Kind.ALWAYS)]
    actions = [do for table in PHONE.tables.values() for row in table.rows for do in row.do]
    assert len(names) == len(set(names)) == len(acting) + len(actions)
    assert f"line: row IDLE on Called → RINGING ({LINE.rows[0].where}) deleted" in names
    assert f"line: action greet of row RINGING on PickedUp → TALKING ({LINE.rows[3].where}) deleted" in names
    assert f"line: action light_on of row enter live ({LINE.rows[8].where}) deleted" in names
    assert f"voice: row SPEAKING after speak_limit → SILENT ({PHONE.tables['voice'].rows[6].where}) deleted" in names
    assert f"voice: row SILENT always → MUSIC ({PHONE.tables['voice'].rows[1].where}) deleted" in names


def find(text: str) -> Mutant[Any]:
    return next(mutant for mutant in mutants(PHONE) if text in mutant.name)


def test_a_mutant_is_the_joint_without_the_row() -> None:
    """It still knows the event, so that what notices is a property; the original is as it was."""
    joint = find("row IDLE on Called").build()
    data = world(joint).start()
    assert joint.step(data, Called("", 1)).trail == []
    assert data.cell("line").state is L.IDLE
    assert joint.stale == PHONE.stale
    assert PHONE.tables["line"].cell(L.IDLE, Called) != ()


def test_a_mutant_is_the_joint_without_the_action() -> None:
    joint = find("action greet of row RINGING").build()
    data = world(joint).start()
    joint.step(data, Called("", 1))
    assert joint.step(data, PickedUp()).effects == [Connect(1), "light on"]  # the other action is still there
    assert (data.cell("line").state, data.cell("voice").state) == (L.TALKING, V.SILENT)


def test_an_anywhere_row_is_deleted_everywhere() -> None:
    joint = find("row anywhere but DOWN").build()
    assert joint.step(world(joint).start(), "unplugged").trail == []


def test_tables_are_joined_as_the_caller_says() -> None:
    """A joint may be made by more than its tables."""
    seen: list[list[str]] = []

    def rebuild(tables: Mapping[str, StateTable[Any, Any]]) -> Joint[Any]:
        seen.append(list(tables))
        return Joint("mine", tables)

    assert next(iter(mutants(PHONE, rebuild))).build().name == "mine"
    assert seen == [["line", "voice"]]


def hanging_up_ends_it(move: Move[Any]) -> str | None:
    ended = move.after.cell("line").state in (L.IDLE, L.DOWN)
    return "it goes on" if isinstance(move.event, HungUp) and not ended else None


def a_call_rings(move: Move[Any]) -> str | None:
    idle = move.before.cell("line").state is L.IDLE
    return "silent" if isinstance(move.event, Called) and idle and not move.did(Ring) else None


BETTER = Properties(PROPERTIES.safety, (hanging_up_ends_it, a_call_rings))


def test_properties_kill_and_their_lack_lets_live() -> None:
    """The score is about the properties: with two more of them more mutants die."""
    weak, better = score(world, PROPERTIES, PHONE), score(world, BETTER, PHONE)
    assert len(weak.verdicts) == len(better.verdicts) == 40
    assert weak.killed < better.killed
    hung = f"line: row live on HungUp → IDLE ({LINE.rows[10].where}) deleted"
    assert hung in weak.survivors
    assert hung not in better.survivors
    assert f"{hung}, killed by hanging_up_ends_it" in map(str, better.verdicts)
    assert str(better).splitlines()[0] == f"{better.killed} of 40 mutants killed"
    assert f"  survived: {weak.survivors[0]}" in str(weak)


def test_a_table_that_cannot_be_built_is_dead_at_birth() -> None:
    """The last row of a timer is gone, and the guarded one above it would strand the state."""
    verdicts = {verdict.mutant: verdict.killer for verdict in score(world, PROPERTIES, PHONE).verdicts}
    assert verdicts[f"line: row RINGING after ring_limit → IDLE ({LINE.rows[6].where}) deleted"] == "raised TableError"


def test_a_search_that_does_not_end_has_noticed_nothing() -> None:
    """It says so beside the name."""
    few = score(world, Properties(), PHONE, limit=3, only=lambda mutant: mutant.name.startswith("voice: row"))
    assert few.killed == 0
    assert all(name.endswith(" deleted (search stopped at 3 states)") for name in few.survivors)
    assert len(few.survivors) == 7


def test_tables_that_break_a_property_as_they_are_prove_nothing() -> None:
    def impossible(_data: object) -> str | None:
        return "always"

    with pytest.raises(MisuseError, match=r"the tables as they are break a property.*\nimpossible: always"):
        score(world, Properties(safety=(impossible,)), PHONE)


def test_two_processes_say_what_one_says() -> None:
    """In the same order."""
    assert score(world, BETTER, PHONE, processes=2) == score(world, BETTER, PHONE)


def test_a_child_does_what_it_was_forked_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs there, run here, where it is measured."""
    monkeypatch.setattr(module, "_JUDGE", [])
    module._adopt(lambda place: Verdict(str(place), ""))
    assert module._adopted(3) == Verdict("3", "")


def test_where_there_is_no_fork_one_process_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    properties = Properties(safety=(music_only_on_hold,))
    assert score(world, properties, PHONE, processes=2, only=lambda mutant: mutant.machine == "voice").killed > 0


def test_a_score_reads_well() -> None:
    told = str(Score((Verdict("a deleted", "p"), Verdict("b deleted", "", "search stopped at 9 states"))))
    assert told == "1 of 2 mutants killed\n  survived: b deleted (search stopped at 9 states)"
