"""The page's three programs hold a call with the loopback provider, and so does our third: the real client, in processes of their own.

Our other two are run in ``test_run.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_agents.testing.provider import provider_process
from tests.examples.programs import NAMES, Program, Ran, of_the_page, ours, run_all, short_call, spurts

SCRIPT = {
    "lengths": [{"seconds": 10, "within": 10, "text": "coffee"}],
    "answers": [{"when": "coffee", "text": "One coffee, with pleasure."}],
}
CASES = [*(("page", name) for name in NAMES), ("ours", "lifecycle")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="module")
def ran(folder: Path) -> dict[str, Ran]:
    """All of them: the page's with the room as an argument, ours with the room in the environment."""
    short_call(folder / "caller.wav")
    programs = [
        *(Program(f"page {name}", of_the_page(name), (f"wav:caller.wav:page_{name}.wav",)) for name in NAMES),
        Program("ours lifecycle", ours("lifecycle"), (), {"FSM_AGENTS_ROOM": "wav:caller.wav:ours_lifecycle.wav"}),
    ]
    with provider_process(SCRIPT) as server:
        return run_all(programs, server, folder)


@pytest.mark.parametrize(("whose", "name"), CASES)
def test_it_ends_well_when_the_caller_has_left(whose: str, name: str, ran: dict[str, Ran]) -> None:
    """And says in one line which room it was in, and who chose it."""
    went = ran[f"{whose} {name}"]
    assert went.code == 0, went.err
    agent = "Agent" if name == "lifecycle" else "Assistant Bot"
    by = "first argument" if whose == "page" else "FSM_AGENTS_ROOM"
    where = f"the caller is caller.wav, and the call is recorded in {whose}_{name}.wav"
    connected = [] if name == "cascading" else ["INFO  OpenAIRealtime: connected"]
    assert [line for line in went.err if not line.startswith("WARNING")] == [  # a busy machine may be slow to load, and says so
        f"INFO  {agent} is in a local room of WAV files ({by}): {where}",
        *connected,
        "INFO  session closed: the caller left",
    ]


@pytest.mark.parametrize(("whose", "name"), CASES)
def test_the_agent_greets_and_answers(whose: str, name: str, ran: dict[str, Ran], folder: Path) -> None:
    """In the recording of the call: first the agent, then the caller, then the agent again."""
    assert ran[f"{whose} {name}"].code == 0
    caller, agent = (spurts(folder / f"{whose}_{name}.wav", channel) for channel in (0, 1))
    assert (len(caller), len(agent)) == (1, 2)
    greeting, answer = agent
    assert greeting[1] < caller[0][0] < caller[0][1] < answer[0]


@pytest.mark.parametrize("whose", ["page", "ours"])
def test_the_goodbye_hook_runs(whose: str, ran: dict[str, Ran]) -> None:
    """Though the entrypoint waits for ever: the job ends that."""
    expected = {"page": "Agent is leaving the session", "ours": "The agent leaves."}[whose]
    assert ran[f"{whose} lifecycle"].out == [expected]


@pytest.mark.parametrize("name", NAMES)
def test_ours_has_the_page_s_shape(name: str) -> None:
    """The same classes, hooks, functions and calls in the same order; the words are ours."""

    def shape(text: str) -> list[str]:
        body = text[text.index("class MyAgent") :]
        lines = [line.partition("#")[0].strip() for line in body.splitlines()]
        kept = (
            "class",
            "def",
            "async",
            "await",
            "stt",
            "llm",
            "tts",
            "model",
            "pipeline",
            "session",
            "try",
            "finally",
            "job",
            "return",
        )
        return [line.partition("(")[0] for line in lines if line.startswith(kept) and not line.endswith(",")]

    page, mine = shape(of_the_page(name)), shape(ours(name))
    assert [line for line in mine if line not in page] == []
    assert [line for line in page if line not in mine and "=" not in line] == []
