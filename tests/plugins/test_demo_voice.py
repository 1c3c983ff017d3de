"""The demo's caller: every shipped line is recognised in its state, cut by the detector as in a session."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from fsm_agents.audio.wav import read_wav
from fsm_agents.cli.demo_flow import pizza
from fsm_agents.plugins.local.phrases import Match, PhraseSet

FOLDER = Path(str(files("fsm_agents"))) / "cli" / "demo_voice"
LINES: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "transcript.toml").read_text())["lines"]
FLOW = pizza()
EXPECTS = {line["state"]: FLOW.recogniser(FLOW.start(), FLOW.flat.states[line["state"]]).phrases() for line in LINES.values()}
"""What the recogniser is told to expect in each state: what the flow says."""


@pytest.mark.parametrize("name", LINES)
def test_a_line_is_recognised_exactly(ear: Callable[..., Any], name: str) -> None:
    line = LINES[name]
    pcm, rate = read_wav(FOLDER / line["file"])
    assert rate == 16000
    finals = ear(EXPECTS[line["state"]]).listen(pcm)
    assert " ".join(final.text for final in finals if final.text) == line["text"]


def test_a_line_is_recognised_in_the_course_of_the_call(ear: Callable[..., Any]) -> None:
    hearing = ear(["goodbye"])
    for line in [*LINES.values(), *LINES.values()]:
        hearing.stream.expect(EXPECTS[line["state"]])
        finals = hearing.listen(read_wav(FOLDER / line["file"])[0])
        assert " ".join(final.text for final in finals if final.text) == line["text"]


def test_a_line_of_another_state_is_hardly_ever_taken_for_one_of_this(ear: Callable[..., Any]) -> None:
    """Rejection is a limit on a measure, so not all are."""
    strange, taken = 0, []
    for line in {line["state"]: line for line in LINES.values()}.values():
        expected = PhraseSet(EXPECTS[line["state"]])
        for other in LINES.values():
            if expected.match(other["text"]) is Match.NONE:
                finals = ear(EXPECTS[line["state"]]).listen(read_wav(FOLDER / other["file"])[0])
                heard = " ".join(final.text for final in finals if final.text)
                strange += 1
                if expected.match(heard) is Match.COMPLETE:
                    taken.append(f"{other['text']} in {line['state']}: {heard}")
    assert strange == 20
    assert len(taken) <= 2, taken


def test_the_transcript_lists_what_is_there_and_it_is_small() -> None:
    assert {line["file"] for line in LINES.values()} == {path.name for path in FOLDER.glob("*.wav")}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 400_000
    script = (FOLDER / "make.sh").read_text()
    assert all(f'"{line["text"]}"' in script for line in LINES.values())
