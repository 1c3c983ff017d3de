"""What recognisers in the cloud write, and people who type, as values of slots: each pair once failed, or is easily broken."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import SlotRef
from fsm_agents.flows.words.recogniser import Progress, Recogniser
from fsm_agents.flows.words.types import Moment
from fsm_agents.flows.words.vocabulary import Edge, Vocabulary

NOW = Moment(datetime.date(2026, 11, 23), datetime.time(9, 0))
WORDS = Vocabulary()
SERVICES = {"checkup": read_phrase("check up / checkup"), "cleaning": read_phrase("[teeth] cleaning")}
LINES = {"seven": read_phrase("seven"), "twenty_two": read_phrase("twenty two / [the] tram")}
SLOTS = {
    "number": SlotSpec("x", "number"),
    "number 0..9999": SlotSpec("x", "number", range=(0, 9999)),
    "digits 4": SlotSpec("x", "digits", length=(4, 4)),
    "digits 6": SlotSpec("x", "digits", length=(6, 6)),
    "digits 8": SlotSpec("x", "digits", length=(8, 8)),
    "digits 10": SlotSpec("x", "digits", length=(10, 10)),
    "digits 7..11": SlotSpec("x", "digits", length=(7, 11)),
    "date": SlotSpec("x", "date"),
    "date past": SlotSpec("x", "date", past=True),
    "time": SlotSpec("x", "time"),
    "time 17:00..22:00": SlotSpec("x", "time", between=(17 * 60, 22 * 60)),
    "yesno": SlotSpec("x", "yesno"),
    "choice": SlotSpec("x", "choice", values=SERVICES, ordinals=True),
    "line": SlotSpec("x", "choice", values=LINES),
}
HEARD = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "heard.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("slot", "transcript", "value"), HEARD)
def test_what_is_written_is_understood(slot: str, transcript: str, value: str) -> None:
    """As this value, and as a whole sentence: nobody waits for more of it."""
    state = Recogniser([Edge(0, SlotRef("x"), {"x": SLOTS[slot]})], WORDS)
    (parse,) = state.read(transcript, NOW)
    assert (parse.values, parse.invalid) == ((("x", json.loads(value)),), ())
    assert state.progress(transcript) in {Progress.COMPLETE, Progress.ENDS}


def test_there_are_sixty_and_every_slot_has_some() -> None:
    assert len(set(HEARD)) >= 60
    assert {slot for slot, _, _ in HEARD} == SLOTS.keys()
