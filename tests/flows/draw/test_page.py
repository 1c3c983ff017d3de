"""The page of a flow: whole, without the network, and no text of a stranger is more than text. What it does is tested in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

from fsm_agents.flows.draw.names import Ids
from fsm_agents.flows.draw.page import CallStep, CallTrace, Counts, page
from tests.flows.draw.small import EVIL, EXAMPLES, bank, example, hostile, sampler

FLOWS = {"sampler": sampler, "bank": bank, "hostile": hostile}
CALL = CallTrace(
    EVIL,
    [
        CallStep(0, "hello", "agent", "Hello."),
        CallStep(1.23456, "", "caller", EVIL, "r_02", {"size": "a \x00 b"}),
        CallStep(2, "gone", "agent", "?"),
    ],
)


class Read(HTMLParser):
    """What is in a page: its scripts, its tags with what they say, and whatever asks for something elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.inside: dict[str, str | None] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "xlink:href")]
        self.inside = dict(attrs) if tag == "script" else None

    def handle_data(self, data: str) -> None:
        if self.inside is not None:
            self.scripts.append((self.inside, data))

    def handle_endtag(self, tag: str) -> None:
        self.inside = None


def data(text: str) -> dict[str, Any]:
    """What the page knows."""
    (found,) = [script for about, script in Read(text).scripts if about.get("type") == "application/json"]
    made: dict[str, Any] = json.loads(found)
    return made


@pytest.mark.parametrize("name", [*EXAMPLES, *FLOWS])
def test_it_asks_nobody_for_anything(name: str) -> None:
    """Two scripts, of which one is data and the other the one that its policy names; no handler in markup, no address."""
    flat = FLOWS[name]() if name in FLOWS else example(name)
    text = page(flat, calls=[CALL])
    read = Read(text)
    assert [about.get("type") for about, _ in read.scripts] == ["application/json", None]
    assert read.handlers == []
    assert read.addresses == []
    assert "://" not in text.partition('id="flow"')[0]
    digest = base64.b64encode(hashlib.sha256(read.scripts[1][1].encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'" in text
    marks = set(re.findall(r"@[A-Z]+@", text))
    assert marks == {"@FLOW@"}, "that of the call, and none of the template"


def test_a_stranger_s_text_stays_text() -> None:
    """It ends no script, and no mark of the template in it is filled in."""
    text = page(hostile(), calls=[CALL])
    assert "<script>alert" not in text
    found = data(text)
    said = [line for state in found["states"] for line in state["says"]]
    assert any("</script><script>alert(1)</script>" in line[1] and "@FLOW@" in line[1] for line in said)
    assert "</script>" in found["calls"][0]["steps"][1][4]


def test_it_knows_what_each_state_says_and_hears() -> None:
    flat = sampler()
    found = data(page(flat))
    states = {state["id"]: state for state in found["states"]}
    assert set(states) == {*Ids(flat).states.values(), "n_any", "n_ident", "n_talking"}
    size = states["s_size"]
    assert size["says"][0] == ["on entering", "Which size?", ""]
    assert size["hears"][:2] == ["r_02", "q_size"], "nearest first"
    assert found["rows"]["q_size"]["on"] == [
        ["caller", "says [a] {}", ""],
        ["caller", "small: small / tiny", ""],
        ["caller", "large: large", ""],
    ]
    assert size["events"][:2] == ["r_03", "r_04"]
    assert found["rows"]["r_04"] == {
        "in": "size", "on": [["event", "filled", ""]], "when": "", "to": "ident", "dest": "s_ident_phone", "do": "", "place": "flow.toml:16:1", "n": 4,
    }  # fmt: skip
    (operator,) = [part for part in found["rows"]["r_18"]["on"] if part[1] == "operator"]
    assert "operator" in operator[2], "a named phrase is written out"
    assert found["rows"]["q_pick"]["on"] == [["caller", "{} is one of find.all", ""]]
    assert found["rows"]["q_count"]["on"] == [["caller", "{} is a number 1 to 9", ""]]
    assert states["n_any"]["hears"] == ["r_20", "r_21", "r_23"]
    assert states["n_any"]["events"] == ["r_21", "r_22"]
    assert states["n_talking"]["hears"] == ["r_18"]
    assert states["n_ident"]["hears"] == ["r_10"]
    assert states["n_ident"]["events"] == ["r_ident_02"]
    assert [states[key]["about"] for key in ("s_hello", "s_work", "s_chat", "s_person", "s_bye", "s_shop")] == [
        "goes on by itself", "calls find", "the model talks, with find", "hands over to queue:shop", "ends: done", "says something and listens",
    ]  # fmt: skip
    assert found["start"] == "s_hello"


def test_calls_are_in_the_page() -> None:
    """A state that is not in this flow keeps its name; time is rounded to milliseconds; what is set stands where it changed."""
    found = data(page(sampler(), calls=[CALL]))
    steps = found["calls"][0]["steps"]
    assert steps[0] == [0.0, "s_hello", "hello", "agent", "Hello.", "", None]
    assert steps[1][:4] == [1.235, "", "", "caller"]
    assert steps[1][5:] == ["r_02", {"size": "a \ufffd b"}]
    assert steps[2][:3] == [2.0, "", "gone"]
    assert data(page(sampler()))["calls"] == []


def test_counts_are_in_the_page() -> None:
    counts = Counts(
        3,
        [("done", 2), (EVIL, 1)],
        {"size": "×3", "gone": "×1", "work": "×2"},
        ["gone", "size"],
        {"size": [(EVIL, 2)], "gone": [("x", 1)]},
        {"r_02": 3},
        "old",
    )
    found = data(page(sampler(), counts=counts))["counts"]
    assert (found["calls"], found["outcomes"][0], found["rows"], found["note"]) == (3, ["done", 2, "67%"], {"r_02": 3}, "old")
    assert found["states"] == {"s_size": "×3", "s_work": "×2"}
    assert found["worst"] == [["", "gone", "×1"], ["s_size", "size", "×3"]]
    assert list(found["rejected"]) == ["s_size"], "a state that is not in this flow has no place"
    assert data(page(sampler()))["counts"] is None


def test_without_graphviz_the_states_stand_in_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert 'marker id="tip"' in page(sampler())


def test_a_drawing_can_be_given() -> None:
    text = page(
        sampler(),
        drawing='<?xml version="1.0"?>\n<svg xmlns="http://x.example/" xmlns:xlink="http://y.example/" id="mine"><g/></svg>',
    )
    assert '<svg id="mine"><g/></svg>' in text
    assert "example/" not in text
