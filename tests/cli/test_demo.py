"""The demo, held for real: a recorded voice in, what it said recognised word for word, the order as it was ordered, all files left."""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
import sys
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fsm_agents.cli import demo_call
from fsm_agents.cli.demo_caller import LINES, recordings
from fsm_agents.cli.demo_flow import FOLDER, pizza
from fsm_agents.cli.main import main
from fsm_agents.fsm.draw_words import identifiers
from fsm_agents.fsm.table import StateTable, state_name
from fsm_agents.machines.turn import TURN
from fsm_agents.observe.recorded import timeline
from fsm_agents.observe.timeline import Timeline
from tests.cli.conftest import on_a_terminal

FILES = ["conversation.html", "conversation.wav", "flow.jsonl", "steps.jsonl"]


def call_of(demo: Any) -> Timeline:
    return timeline(demo.lines("steps.jsonl"))


def page_of(demo: Any) -> str:
    return "\n".join(demo.lines("conversation.html"))


def data_of(demo: Any) -> Any:
    found = re.search(r'<script type="application/json" id="call">(.*?)</script>', page_of(demo), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_it_comes_to_its_end_and_says_where_its_files_are(demo: Any) -> None:
    assert (demo.code, demo.errors) == (0, "")
    assert demo.output.splitlines()[-1] == (
        "Begin your own: fsm-agents new my-agent. This one came to its end: ordered. Its files are in fsm-agents-demo"
    )
    assert sorted(path.name for path in demo.folder.iterdir()) == FILES


def test_every_line_of_the_caller_is_recognised_word_for_word(demo: Any) -> None:
    voice = recordings()
    assert [turn.text for turn in call_of(demo).turns] == [voice[line][1] for line in LINES]


def test_it_takes_less_than_a_minute(demo: Any) -> None:
    assert 25_000_000 < call_of(demo).end < 60_000_000


def test_the_barge_in_stops_the_agent_and_history_has_what_was_heard(demo: Any) -> None:
    call = call_of(demo)
    (found,) = call.interruptions
    assert found.outcome == "cut"
    assert found.until is not None
    assert found.until - found.at < 500_000
    cut = next(part for part in call.speech if part.reply == found.reply)
    assert cut.end == found.at, "nothing sounds from the caller's first sound on"
    line = next(line for line in demo.output.splitlines() if "interrupted" in line)
    assert "That's two large with" in line
    assert "Is that right?" not in line


def test_the_silence_is_no_input_of_the_state_which_asks_again(demo: Any) -> None:
    call = call_of(demo)
    (woken,) = call.wake_ups
    before = max(part.end for part in call.speech if part.end is not None and part.end <= woken)
    patience = pizza().flat.states["name"].spec.timeout
    assert patience is not None
    assert woken - before == pytest.approx(patience * 1e6, abs=40_000)
    assert "Are you still there? What name is it for?" in demo.output
    assert any('"_":"SilenceLasted"' in line for line in demo.lines("flow.jsonl"))


def test_the_end_of_the_flow_is_heard_and_ends_the_call(demo: Any) -> None:
    call = call_of(demo)
    assert call.reason == "ordered"
    assert call.closed == call.end
    assert [part.how for part in call.speech[-2:]] == ["played", "played"]
    assert "three large with mushrooms" in demo.output
    assert "It will be ready in twenty five minutes." in demo.output


def test_the_flow_is_the_one_of_the_examples() -> None:
    example = Path(__file__).parents[2] / "examples" / "flows" / "pizza.toml"
    assert (FOLDER / "pizza.toml").read_text(encoding="utf-8") == example.read_text(encoding="utf-8")


def test_the_output_shows_dialogue_states_and_progress(demo: Any) -> None:
    kinds = [line.split()[2] for line in demo.output.splitlines() if re.match(r" *\d+\.\d\d s ", line)]
    assert (kinds.count("caller"), kinds.count("agent")) == (5, 8)
    assert kinds.count("state") > 30
    progress = [f"the caller speaks, line {number} of 5" in demo.output for number in range(1, 6)]
    assert all(progress)


def test_the_recording_has_the_caller_left_and_the_agent_right_where_the_log_says(demo: Any) -> None:
    with wave.open(str(demo.folder / "conversation.wav")) as recording:
        assert (recording.getnchannels(), recording.getframerate(), recording.getsampwidth()) == (2, 16000, 2)
        samples = np.frombuffer(recording.readframes(recording.getnframes()), "<i2").reshape(-1, 2).astype(float)
    call = call_of(demo)
    assert len(samples) / 16000 == pytest.approx(call.end / 1e6, abs=0.1)
    for channel, spans in ((0, call.voice), (1, call.speech)):
        inside = np.zeros(len(samples), bool)
        for span in spans:
            assert span.end is not None
            begin, end = (round(at * 0.016) for at in (span.begin, span.end))
            assert np.abs(samples[begin:end, channel]).max() > 3000, "it says that somebody speaks, and nothing is recorded"
            inside[max(0, begin - 4000) : end + 1600] = True  # the detector is late at the beginning
        assert np.abs(samples[~inside, channel]).max(initial=0) < 100, "something is recorded where nobody speaks"


def test_both_step_logs_replay_the_same(demo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for name, count in (("steps.jsonl", call_of(demo).steps), ("flow.jsonl", 17)):
        assert main(["replay", str(demo.folder / name)]) == 0
        assert capsys.readouterr().out == f"same: {count} steps the same\n"


def test_why_says_for_each_turn_what_was_heard_and_which_rows_decided(demo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    log = str(demo.folder / "steps.jsonl")
    assert main(["why", log]) == 0
    listed = capsys.readouterr().out
    for turn in call_of(demo).turns:
        assert f"{turn.number}  at" in listed
        assert main(["why", log, "--turn", str(turn.number)]) == 0
        said = capsys.readouterr().out
        assert said.startswith(f"turn {turn.number} of 5: '{turn.text}'")
        assert f"'{turn.text}' (final, segment {turn.number})" in said
        assert "raises TurnTaken" in said
        assert "took r_05 → ANSWERING / speak when text_pending" in said
        assert re.search(r"no   r_03 → AWAY when caller in ABSENT GONE", said), "the rows that did not win are told too"
        assert re.search(r"response +\d+ ms", said)


def test_why_tells_of_the_barge_in(demo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", str(demo.folder / "steps.jsonl"), "--turn", "3"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"it is over reply 4, which is held at once and ended \d+ ms later", said)
    assert re.search(r"took r_\d+ → HOLDING / hold when caller in TALKING TRAILING", said)
    assert "raises ReplyCut" in said


def test_the_page_asks_nobody_for_anything(demo: Any) -> None:
    """No address at all, and every source inside the page."""
    page = page_of(demo)
    assert (
        re.findall(r"https?:|//[a-z0-9.-]+\.[a-z]{2,}|@import|<link|<iframe|\bfetch\(|XMLHttpRequest|WebSocket|import\(", page)
        == []
    )
    assert {source.partition(":")[0] for source in re.findall(r'(?:src|href)="([^"]*)"', page)} == {"data"}
    assert {target[:1] for target in re.findall(r"url\(([^)]*)\)", page)} <= {"#"}
    assert "default-src 'none'" in page


def test_the_page_holds_the_recording(demo: Any) -> None:
    found = re.search(r'src="data:audio/wav;base64,([^"]*)"', page_of(demo))
    assert found
    assert base64.b64decode(found[1]) == (demo.folder / "conversation.wav").read_bytes()


def test_the_page_knows_the_whole_call(demo: Any) -> None:
    data, call = data_of(demo), call_of(demo)
    assert [line["who"] for line in data["dialogue"]].count("caller") == 5
    cut = next(line for line in data["dialogue"] if line["interrupted"])
    assert cut["text"].startswith("That's two large")
    assert sorted(mark["kind"] for mark in data["marks"]) == ["barge-in", "closed", "wake-up"]
    assert len(data["steps"]) == call.steps + 17
    assert all(step["rows"] or step["on"] for step in data["steps"])
    assert (
        len(data["peaks"]["caller"]) == len(data["peaks"]["agent"]) == pytest.approx(data["seconds"] / data["peakSeconds"], abs=2)
    )
    for spans in (data["labels"], *data["states"].values()):
        assert spans[0][0] == 0
        assert spans[-1][1] == data["seconds"]
        assert all(one[1] == other[0] for one, other in pairwise(spans))
    said = [(line["begin"], line["end"]) for line in data["dialogue"]]
    assert all(0 <= begin < end <= data["seconds"] for begin, end in said)


def test_the_page_draws_every_state_and_can_light_it(demo: Any) -> None:
    page, ids = page_of(demo), data_of(demo)["ids"]
    tables: dict[str, StateTable[Any, Any]] = {"turn": TURN}
    for machine, table in tables.items():
        names = [state_name(state) for state in table.members]
        assert ids[machine] == dict(zip(names, [f"{machine}-{key}" for key in identifiers(names, "s_")], strict=True))
        assert all(f'<g id="{key}"' in page for key in ids[machine].values())
    assert set(ids["flow"]) == set(pizza().flat.states)
    assert all(f'<g id="{key}"' in page for key in ids["flow"].values())


def test_what_the_page_shows_is_quoted(demo: Any) -> None:
    """Words go into the page as JSON in which no ``<`` is left, and are escaped when they are shown."""
    found = re.search(r'id="call">(.*?)</script>', page_of(demo), re.DOTALL)
    assert found
    assert "<" not in found[1]


def test_both_backends_go_through_the_same_states(demo: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whose turn it was, and where the order was, one after the other, does not depend on the event loop."""
    kept = tmp_path_factory.getbasetemp() / "states"
    order = [json.loads(line)["rows"] for line in demo.lines("flow.jsonl")[1:] if not line.startswith('{"note"')]
    went = [[span.what for span in call_of(demo).states["turn"]], order]
    if not kept.exists():
        kept.write_text(json.dumps(went), encoding="utf-8")
    assert json.loads(kept.read_text(encoding="utf-8")) == went


def test_a_conversation_that_does_not_come_to_its_end_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One clear line, exit code 1, and what there is of the call is kept."""
    monkeypatch.setattr(demo_call, "LIMIT", 10.0)
    assert main(["demo", "--fast", "--out", str(tmp_path / "call")]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"The demo failed: the conversation did not end within 10 s. What there is of it is in {tmp_path / 'call'}"
    )
    assert sorted(path.name for path in (tmp_path / "call").iterdir()) == FILES
    assert main(["replay", str(tmp_path / "call" / "steps.jsonl")]) == 0


def test_an_order_that_ends_elsewhere_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A caller who hangs up in the middle: the session is closed, and the order is not at its end."""

    async def hang_up(_self: object, _caller: object) -> None:
        return

    monkeypatch.setattr("fsm_agents.cli.demo_caller.DemoCaller.__call__", hang_up)
    assert main(["demo", "--fast", "--out", str(tmp_path)]) == 1
    assert "and not as 'ordered': the caller left" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["pocketsphinx", "espeakng_loader"])
def test_a_missing_extra_is_one_line_and_nothing_is_written(missing: str, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\nfrom fsm_agents.cli.main import main\nsys.exit(main(['demo', '--fast']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "pip install 'fsm_agents[voice]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_call_is_held_to_its_end_when_nobody_reads_any_more(tmp_path: Path) -> None:
    """``fsm-agents demo | head -1``."""
    with subprocess.Popen(
        [sys.executable, "-m", "fsm_agents", "demo", "--fast"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert main(["replay", str(tmp_path / "fsm-agents-demo" / "steps.jsonl")]) == 0
    assert (tmp_path / "fsm-agents-demo" / "conversation.html").exists()


def test_ctrl_c_ends_the_call_in_order(tmp_path: Path) -> None:
    """In real time, while the agent greets: the call is closed, the files are whole, and there is one line."""
    words = [sys.executable, "-m", "fsm_agents", "demo", "--out", "call"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "speaking" in line:
                break
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "interrupted\n")
    assert "closed, flow welcome" in output
    assert main(["replay", str(tmp_path / "call" / "steps.jsonl")]) == 0
    with wave.open(str(tmp_path / "call" / "conversation.wav")) as recording:
        assert recording.getnframes() > 0


def test_without_trio_its_backend_is_one_line(tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec\nu.find_spec = lambda name, *a: None if name == 'trio' else find(name, *a)\n"
        "from fsm_agents.cli.main import main\nsys.exit(main(['demo', '--fast', '--backend', 'trio']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_it_is_plain_in_a_pipe_and_where_it_is_told_to_be(demo: Any) -> None:
    """On asyncio it ran on a terminal, with ``--plain``."""
    assert "\x1b[" not in demo.output


def test_on_a_terminal_there_are_colours_and_a_line_that_says_how_far_it_is(tmp_path: Path) -> None:
    """A second demo in the same place, too: it gets a folder of its own."""
    (tmp_path / "fsm-agents-demo").mkdir()
    code, written = on_a_terminal("demo", "--fast", cwd=tmp_path)
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)
    assert "\x1b[" in written
    assert "caller  two large pizzas with mushrooms please" in plain
    assert "interrupted: this much was heard" in plain
    assert re.search(r"line 3 of 5 +holding +flow confirm", plain)
    assert plain.rstrip().endswith("Its files are in fsm-agents-demo-2")
    assert sorted(path.name for path in (tmp_path / "fsm-agents-demo-2").iterdir()) == FILES
