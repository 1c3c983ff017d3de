"""What a search says as a scene: lists, waits, interruptions, and words on the other side of every bound."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.flows.machine.world import World
from fsm_agents.flows.proof.explore import explore_flow
from fsm_agents.flows.proof.sentences import spoken, unfit
from fsm_agents.flows.words.pack import pack
from tests.flows.proof.small import BYE, USUAL, flat, text


def scenes_of(written: str, *properties: Any) -> dict[str, tuple[str, ...]]:
    return {one.property: one.scene for one in explore_flow(flat(written), properties).broken}


def waited(move: Any) -> str | None:
    return "it waits" if str(move.event).startswith("Due") and "patience" in str(move.event) else None


def listed(move: Any) -> str | None:
    return "it came" if type(move.event).__name__ == "Succeeded" else None


def test_lists_waits_and_interruptions_as_scenes_write_them() -> None:
    """A list of a tool's in brackets, a line said while it works, and words that cut in, on one line."""
    body = (
        '[tools.look]\nargs = []\nreturns = { all = "list" }\nexample = { all = ["nine", "half past ten"] }\n[states.l]\ncall = "look"\n'
        '[states.a]\nsay = "A?"\n[states.b]\nsay = "B?"\n' + BYE
    )
    rows = f"l | ok | | a |\nl | failed, timeout | | bye |\na | interrupted | | b |\na | yes | | bye |\nb | no | | bye |\nb | yes | | again |\n{USUAL}"
    found = scenes_of(text(rows, body, start="l"), waited, listed, "never end done without yes in a")
    assert found["waited"] == ("wait:   4s", "agent:  One moment, please.", "state:  l")
    assert found["listed"] == ('tool:   look ok all=[nine, "half past ten"]', "agent:  A?", "state:  a")

    def said_no(move: Any) -> str | None:
        return "no" if move.before.cell("flow").state == "b" and str(getattr(move.event, "text", "")) == "no" else None

    assert scenes_of(text(rows, body, start="l"), said_no)["said_no"][1:4] == ("agent:  A?", "cuts in: no", "agent:  B?")


@pytest.mark.parametrize(
    ("slot", "says"),
    [
        ('type = "time"\nbetween = "09:00..17:00"', "eight a.m."), ('type = "time"\nbetween = "00:00..07:00"', "eight a.m."),
        ('type = "number"\nrange = "1..9"', "ten"), ('type = "digits"\nlength = "2"', "five five five"),
        ('type = "date"', "the thirtieth of February"), ('type = "date"\nfuture = "30d"', "Sunday, the first of March, twenty twenty six"),
        ('type = "date"\npast = true', "Tuesday, the third of March, twenty twenty six"), ('type = "yesno"', ""),
        ('type = "number"\nrange = "1..9"\nhear = "1..9"', ""), ('type = "time"\nbetween = "00:00..23:59"', ""),
    ],
)  # fmt: skip
def test_words_that_are_no_valid_value(slot: str, says: str) -> None:
    """On the other side of every bound; none where there is no other side."""
    flow = flat(text(f"a | filled | | bye |\n{USUAL}", f'[slots.v]\n{slot}\n[states.a]\nask = "v"\nsay = "V?"\n' + BYE))
    assert unfit(World(flow, pack("en-US")), "v").replace(",", "") == says.replace(",", "")


def test_a_type_that_the_host_brings_is_said_as_text() -> None:
    """The search needs no host."""
    flow = flat(text(f"a | filled | | bye |\n{USUAL}", '[slots.v]\ntype = "zone"\n[states.a]\nask = "v"\nsay = "V?"\n' + BYE))
    assert spoken(World(flow, pack("en-US")), "v", "north") == "north"
