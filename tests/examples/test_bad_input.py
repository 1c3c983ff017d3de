"""What the three programs say when they cannot work: one clear line before or at ``start()``, exit code 1, and never the key."""

from __future__ import annotations

import re

import pytest

from fsm_agents.testing.provider import provider_process
from tests.examples.programs import NAMES, Program, Ran, ours, run_all, short_call

KEY = "sk-proj-canary0123456789abcdefABCDEF"
WRONG = {
    "no key": "has no API key: set OPENAI_API_KEY, or give api_key=…",
    "wrong key": "refused the API key (401); check api_key=… or OPENAI_API_KEY",
    "unknown model": "has no such model (404): The model `gpt-4o-realtme` does not exist",
    "unreachable": "http://127.0.0.1:9/v1 cannot be reached",
    "no address": "OPENAI_BASE_URL is no address of a server; give for example 'http://localhost:8000/v1'",
    "no recording": "nobody.wav: cannot be read",
    "no room": "'browser' (first argument) comes with a later version; give memory, wav:IN.wav or wav:IN.wav:OUT.wav",
    "an account": "the token is of a VideoSDK account, and its rooms come with a later version",
}
SAME_FOR_ALL = ("no address", "no recording", "no room", "an account")
CASES = [(name, wrong) for wrong in WRONG for name in NAMES if wrong not in SAME_FOR_ALL or name == "cascading"]
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJhcGlrZXkiOiJjYW5hcnkifQ.canarycanarycanarycanary"


def program(name: str, wrong: str) -> Program:
    """Our program with one thing wrong."""
    text = ours(name)
    environment = {"OPENAI_API_KEY": KEY}
    room: tuple[str, ...] = ("wav:caller.wav",)
    if wrong == "no key":
        environment = {"OPENAI_API_KEY": ""}
    if wrong == "wrong key":
        environment = {"OPENAI_API_KEY": f"{KEY}-another"}
    if wrong == "unknown model":
        text = re.sub(r'model="(gpt-4o-realtime-preview|whisper-1)"', 'model="gpt-4o-realtme"', text)
    if wrong in ("unreachable", "no address"):
        environment["OPENAI_BASE_URL"] = {"unreachable": "http://127.0.0.1:9/v1", "no address": f"{KEY}@localhost"}[wrong]
    if wrong in ("no recording", "no room"):
        room = ({"no recording": "wav:nobody.wav", "no room": "browser"}[wrong],)
    if wrong == "an account":
        text = re.sub(r'auth_token="[^"]*"', f'auth_token="{TOKEN}"', text)
        room = ()
    return Program(f"{name} {wrong}", text, room, environment)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """Every program with every thing wrong, against a provider that takes one key."""
    folder = tmp_path_factory.mktemp("wrong")
    short_call(folder / "caller.wav")
    with provider_process({"key": KEY}) as server:
        return run_all([program(*case) for case in CASES], server, folder)


@pytest.mark.parametrize(("name", "wrong"), CASES)
def test_one_line_says_what_is_wrong(name: str, wrong: str, ran: dict[str, Ran]) -> None:
    """It is the last one, there are no frames above it, and whoever started the program sees that it failed."""
    went = ran[f"{name} {wrong}"]
    assert went.code == 1
    assert WRONG[wrong] in went.err[-1]
    assert not [line for line in went.err if "Traceback" in line or "File " in line]


@pytest.mark.parametrize(("name", "wrong"), CASES)
def test_the_key_and_the_token_are_never_shown(name: str, wrong: str, ran: dict[str, Ran]) -> None:
    """The provider repeats the key it is sent; so did a debug line, once, somewhere else."""
    went = ran[f"{name} {wrong}"]
    assert "canary" not in "\n".join([*went.out, *went.err]).lower()


@pytest.mark.parametrize("wrong", ["no key", "wrong key", "unknown model", "unreachable"])
def test_the_session_that_failed_is_closed_in_order(wrong: str, ran: dict[str, Ran]) -> None:
    """``closing(error)``: the session says why, and the ``finally`` of the program ran."""
    lines = [line for line in ran[f"lifecycle {wrong}"].err if line.startswith("ERROR session closed: error: ")]
    assert len(lines) == 1
    assert WRONG[wrong] in lines[0]
