"""The public face of a flow: loading, what it is, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_agents.errors import MisuseError, TableError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine import flatten as flattening
from fsm_agents.flows.problems import FlowError
from tests.flows.machine.play import BYE, USUAL, Play, text

FILE = text('a | yes | | bye |\na | "{what}" | | bye |\na | clinic_closed | | bye |' + USUAL, '[states.a]\nsay = "Well?"\n[slots.what]\ntype = "text"' + BYE, head='events = ["clinic_closed"]')  # fmt: skip


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(FILE, encoding="utf-8")
    flow = Flow.load(path)
    assert (flow.id, flow.version, repr(flow)) == ("t", 1, "<Flow t v1: 2 states, 4 rows>")
    assert flow.table.members == ("(begin)", "a", "bye", "(hung up)")
    assert "bye" in flow.to_toml()


def test_the_digest_is_of_the_content_and_not_of_how_it_is_aligned() -> None:
    flow = Flow.loads(FILE)
    assert flow.digest == Flow.loads(FILE.replace("| yes |", "|   yes   |")).digest
    assert flow.digest != Flow.loads(FILE.replace("Well?", "Well!")).digest
    assert Flow.loads(flow.to_toml()).spec.rows == flow.spec.rows or Flow.loads(flow.to_toml()).digest


def test_errors_of_the_structure_are_raised_at_load() -> None:
    with pytest.raises(FlowError, match="F412"):
        Flow.loads(FILE.replace("out_of_tries", "operator"))


def test_an_event_of_the_host_is_known_by_name() -> None:
    flow = Flow.loads(FILE)
    assert flow.check_event("clinic_closed") == "clinic_closed"
    with pytest.raises(MisuseError, match="did you mean 'clinic_closed'"):
        flow.check_event("clinic_close")


def test_where_it_is_before_it_begins_nothing_is_understood() -> None:
    one = Play(Flow.loads(FILE), begin=False)
    assert one.flow.state(one.data) is None
    assert one.hear("yes") == []
    assert not one.flow.ended(one.data)


def test_free_text_is_understood_where_a_row_takes_it() -> None:
    one = Play(FILE)
    assert one.flow.recogniser(one.data).open
    assert one.hear("The Blue One") == ["Bye."]
    assert one.slots == {"what": "The Blue One"}


def test_too_many_states_and_edges_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = Flow.loads(FILE)
    monkeypatch.setattr(flattening, "MOST_STATES", 1)
    with pytest.raises(TableError, match="more than 1 states"):
        flattening.flatten(flow.spec)
    monkeypatch.undo()
    monkeypatch.setattr(flattening, "MOST_EDGES", 1)
    with pytest.raises(TableError, match="more than 1 edges"):
        flattening.flatten(flow.spec)
