"""Mermaid itself draws our text: every state and every arrow arrives, and hostile texts arrive as texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fsm_agents.flows.draw.mermaid import mermaid
from fsm_agents.flows.draw.picture import Box, picture
from fsm_agents.flows.machine.flat import FlatFlow
from tests.browser.devtools import Browser, BrowserError, Page
from tests.flows.draw.small import EXAMPLES, bank, example, hostile

FLOWS = {"bank": bank, "hostile": hostile}

DRAW = """mermaid.render('drawn', TEXT).then(({svg}) => {
  document.body.innerHTML = svg;
  const all = (what) => [...document.querySelectorAll(what)];
  return {
    text: document.body.textContent,
    nodes: all('.node').map(({id}) => id.replace(/^.*state-/, '').replace(/-\\d+$/, '')).sort(),
    boxes: all('.statediagram-cluster').length,
    arrows: all('path.transition').length,
    scripts: all('script').length + all('*').filter((each) => [...each.attributes].some(({name}) => name.startsWith('on'))).length,
  };
})"""


@pytest.fixture(scope="module")
def page(chrome: Browser, mermaid_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with nothing but Mermaid."""
    place = tmp_path_factory.mktemp("mermaid") / "page.html"
    place.write_text(
        f'<!doctype html><meta charset="utf-8"><body><script src="{mermaid_file.resolve().as_uri()}"></script>', encoding="utf-8"
    )
    made = chrome.page(place)
    yield made
    made.close()


def flow(name: str) -> FlatFlow:
    """By name."""
    return FLOWS[name]() if name in FLOWS else example(name)


@pytest.mark.parametrize("name", [*EXAMPLES, *FLOWS])
def test_mermaid_draws_the_whole_flow(name: str, page: Page) -> None:
    flat = flow(name)
    drawn = picture(flat)
    found = page.run(DRAW.replace("TEXT", json.dumps(mermaid(flat))))
    nodes = list(drawn.nodes())
    boxes = [part for part in drawn.parts if isinstance(part, Box)]
    assert found["nodes"] == sorted([*(node.id for node in nodes), "root_start", "root_end"])
    assert found["boxes"] == len(boxes)
    ends = sum(node.kind == "end" for node in nodes)
    assert found["arrows"] == len(drawn.arrows) + 1 + ends
    shown = "".join(found["text"].split())
    assert [node.title for node in nodes if "".join(node.title.split()) not in shown] == []
    assert [line.text for node in nodes for line in node.lines[:6] if "".join(line.text.split()) not in shown] == []
    assert [line.text for arrow in drawn.arrows for line in arrow.lines[:6] if "".join(line.text.split()) not in shown] == []
    assert found["scripts"] == 0
    assert page.browser.errors == []
    assert page.browser.asked == []


def test_mermaid_does_refuse_what_is_none(page: Page) -> None:
    """So that the test above can fail."""
    with pytest.raises(BrowserError):
        page.run(DRAW.replace("TEXT", json.dumps("stateDiagram-v2\n    a --> ")))
