"""Other delays in the middle of a conversation, in a replay too; and fields that no log shows."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.codec import HIDDEN, Codec
from fsm_agents.fsm.replay import RETIMED, Note, retime
from fsm_agents.machines.link import Line, link_joint


@attrs.frozen
class Told:
    """Something of which a part is nobody's business."""

    text: str
    key: str = attrs.field(metadata={"secret": "always"})


def test_delays_change_from_the_next_arming_on() -> None:
    joint = link_joint()
    line, other = joint.start(Line()), joint.start(Line())
    (timer, *_) = line.delays
    assert joint.retime(line, {timer.name: 9})
    assert not joint.retime(line, {timer.name: 9})
    assert line.delays[timer] == 9_000_000
    assert other.delays[timer] != 9_000_000, "settings are shared, and not changed for others"
    with pytest.raises(MisuseError, match="no timer is called"):
        joint.retime(line, {"nonsense": 1})
    line.stepping = 1  # type: ignore[misc]  # a slot of its base
    with pytest.raises(MisuseError, match="inside a step"):
        joint.retime(line, {timer.name: 3})


def test_a_replay_heeds_notes_of_that_kind_only() -> None:
    joint = link_joint()
    line = joint.start(Line())
    (timer, *_) = line.delays
    values: dict[str, Any] = {timer.name: 4}
    retime(joint, line, [_note("other", values)])
    assert line.delays[timer] != 4_000_000
    retime(joint, line, [_note(RETIMED, values)])
    assert line.delays[timer] == 4_000_000


def _note(kind: str, values: dict[str, Any]) -> Note:
    given: dict[str, Any] = {"at": 0, "kind": kind, "values": values}
    names = {field.name for field in attrs.fields(Note)}
    return Note(**{name: given.get(name, 0) for name in names})


def test_a_field_that_is_always_secret_is_in_no_log() -> None:
    codec = Codec(link_joint(), [Told])
    written = codec.event(Told("hello", "1234"))
    assert "1234" not in written
    assert HIDDEN in written
    assert "hello" in written
