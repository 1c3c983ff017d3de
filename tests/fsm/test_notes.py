"""Notes in a step log: what readers want to know and no step says. A replay passes over them."""

from __future__ import annotations

import json

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.record import StepLog
from fsm_agents.fsm.replay import Log, Note, replay
from tests.fsm.phone import HELLO, PHONE, Call, Called, PickedUp, begin


def noted(*, redact: bool = False) -> list[str]:
    """A call with a note before each step, and one at its end."""
    lines: list[str] = []
    data = begin()
    log = StepLog(PHONE, lines.append, redact=redact)
    log.begin(data)
    for second, event in enumerate((Called("1", 7), PickedUp(), HELLO)):
        log.note(second, "said", {"text": f"words {second}", "number": second, "cut": False})
        log.add(second, PHONE.step(data, event), data)
    log.note(9, "end", {})
    return lines


def test_a_note_is_a_line_of_its_own() -> None:
    assert noted()[1] == '{"note":"said","at":0,"text":"words 0","number":0,"cut":false}\n'
    assert noted()[-1] == '{"note":"end","at":9}\n'


def test_a_replay_passes_over_notes_and_steps_keep_their_numbers() -> None:
    done = replay(PHONE, Call, noted())
    assert (done.same, done.steps) == (True, 3)
    assert [entry.n for entry in Log(noted())] == [1, 2, 3]


def test_a_reader_finds_them_between_the_steps() -> None:
    log = Log(noted())
    assert log.notes == []
    assert len(list(log)) == 3
    said = {"text": "words 1", "number": 1, "cut": False}
    assert log.notes[1] == Note(after=1, at=1, kind="said", values=said)
    assert [(note.after, note.kind) for note in log.notes] == [(0, "said"), (1, "said"), (2, "said"), (3, "end")]


def test_words_in_a_note_are_redacted_like_those_of_steps() -> None:
    assert json.loads(noted(redact=True)[1]) == {"note": "said", "at": 0, "text": "***", "number": 0, "cut": False}


def test_what_cannot_be_noted_is_refused() -> None:
    lines: list[str] = []
    log = StepLog(PHONE, lines.append)
    with pytest.raises(MisuseError, match="no header yet"):
        log.note(0, "said", {})
    log.begin(begin())
    with pytest.raises(MisuseError, match="whole number of µs"):
        log.note(0.5, "said", {})  # type: ignore[arg-type]
    with pytest.raises(MisuseError, match=r"cannot hold a builtins\.list"):
        log.note(0, "said", {"texts": []})
    assert len(lines) == 1


@pytest.mark.parametrize("line", ['"note"', '{"note":"said"}', "[1]", '{"note":"sa'])
def test_a_damaged_note_is_damage(line: str) -> None:
    """As the last line it was cut off; before others it is an error."""
    cut = Log([*noted(), line])
    assert len(list(cut)) == 3
    assert cut.truncated
    lines = noted()
    lines.insert(2, line)
    with pytest.raises(MisuseError, match="damaged"):
        list(Log(lines))
