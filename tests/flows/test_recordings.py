"""Recorded prompts: read when the flow is loaded, only from its folder, and what cannot be played is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_agents.audio.wav import write_wav
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.notation import recordings as module
from fsm_agents.flows.problems import FlowError
from tests.flows.machine.play import BYE, USUAL, text
from tests.flows.machine.test_subflows import MORE, SUB, TOP

STATES = """
[states.a]
say = { audio = "a.wav", text = "Well?" }
again = { audio = "a.wav", text = "Well?" }
[slots.n]
type = "number"
invalid = { audio = "b.wav", text = "No." }
"""


def folder_of(tmp_path: Path) -> Path:
    folder = tmp_path / "flow"
    folder.mkdir()
    (folder / "t.toml").write_text(
        text('a | yes | | bye | say "Good."\na | "{n}" | | stay |' + USUAL, STATES + BYE), encoding="utf-8"
    )
    for name in ("a", "b"):
        write_wav(folder / f"{name}.wav", b"\1\0" * 800, 8000)
    return folder


def test_they_are_read_once_with_their_rate(tmp_path: Path) -> None:
    flow = Flow.load(folder_of(tmp_path) / "t.toml")
    assert {name: (len(pcm), rate) for name, (pcm, rate) in flow.recordings.items()} == {
        "a.wav": (1600, 8000),
        "b.wav": (1600, 8000),
    }


@pytest.mark.parametrize("spoil", ["no file", "not a WAV", "outside", "longer than", "in all"])
def test_what_cannot_be_played_is_told(tmp_path: Path, spoil: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path)
    sound = folder / "a.wav"
    sound.unlink()
    if spoil == "not a WAV":
        sound.write_text("hello", encoding="utf-8")
    elif spoil == "outside":
        write_wav(tmp_path / "c.wav", b"\0\0", 8000)
        sound.symlink_to(tmp_path / "c.wav")
    elif spoil == "longer than":
        write_wav(sound, b"\0\0" * 8000 * 61, 8000)
    elif spoil == "in all":
        write_wav(sound, b"\0\0" * 800, 8000)
        monkeypatch.setattr(module, "MOST_BYTES", 10)
    with pytest.raises(FlowError, match=spoil) as told:
        Flow.load(folder / "t.toml").recordings  # noqa: B018 - reading it is the test
    assert {problem.code for problem in told.value.problems} == {"F011"}


def test_links_without_end_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path)
    spec = Flow.loads((folder / "t.toml").read_text(encoding="utf-8")).spec
    monkeypatch.setattr(Path, "resolve", _loop)
    _, problems = module.recordings(spec, folder)
    assert {problem.code for problem in problems} == {"F011"}
    assert "cannot be read" in problems[0].message


def _loop(self: Path, strict: bool = False) -> Path:
    raise RuntimeError("symlinks without end")


def test_a_text_has_no_folder(tmp_path: Path) -> None:
    flow = Flow.loads((folder_of(tmp_path) / "t.toml").read_text(encoding="utf-8"))
    with pytest.raises(FlowError, match="no folder"):
        flow.recordings  # noqa: B018 - as above


def test_sub_flows_are_looked_through_too() -> None:
    flow = Flow.loads(
        TOP, files={"identify.toml": SUB.replace('say = "Pity."', 'say = { audio = "p.wav", text = "Pity." }'), "more.toml": MORE}
    )
    _, problems = module.recordings(flow.spec, None)
    assert "p.wav" in problems[0].message
