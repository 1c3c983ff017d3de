"""Which room a program is in: by its options, its first argument, the environment, or because no account is given."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from fsm_agents import MemoryRoom, MisuseError, WavRoom
from fsm_agents.jobs import choose
from fsm_agents.jobs.choose import VARIABLE, choose_room, is_placeholder, room_argument

ROOT = Path(__file__).parents[2]
REAL = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcGlrZXkiOiJhYmMifQ.c2lnbmF0dXJlLW9mLWEtdG9rZW4"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A folder with a recording, no room in the environment, and the log from INFO on."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "examples" / "caller.wav", "in.wav")
    caplog.set_level(logging.INFO, "fsm_agents")


def test_the_options_go_before_the_argument_and_that_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And each says in one line that it was the one."""
    monkeypatch.setenv(VARIABLE, "wav:environment.wav")
    for room, argument, by in [
        ("wav:in.wav", "wav:argument.wav", "RoomOptions"),
        (None, "wav:in.wav", "first argument"),
    ]:
        assert isinstance(choose_room(room, name="Bob", argument=argument), WavRoom)
        assert caplog.messages == [f"Bob is in a local room of WAV files ({by}): the caller is in.wav"]
        caplog.clear()
    with pytest.raises(MisuseError, match=r"environment\.wav: cannot be read"):
        choose_room(None)
    monkeypatch.setenv(VARIABLE, " wav:in.wav:out.wav\n")
    assert isinstance(choose_room(None), WavRoom)
    assert caplog.messages == [
        "Agent is in a local room of WAV files (FSM_AGENTS_ROOM): the caller is in.wav, and the call is recorded in out.wav"
    ]


def test_a_room_object_is_taken_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever else is said."""
    room = MemoryRoom()
    assert choose_room(room, argument="wav:in.wav", auth_token=REAL) is room
    assert caplog.messages == ["Agent is in a MemoryRoom (RoomOptions)"]


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (None, "no VideoSDK account"),
        ("your-token", "no VideoSDK account: the token is a placeholder"),
    ],
)
def test_without_an_account_the_room_is_in_memory(token: str | None, why: str, caplog: pytest.LogCaptureFixture) -> None:
    """The line says that nobody will call there, and what to do for a caller."""
    assert isinstance(choose_room(None, auth_token=token), MemoryRoom)
    (line,) = caplog.messages
    assert f"in memory ({why}): no caller ever comes" in line
    assert "wav:IN.wav" in line


def test_the_token_of_an_account_is_not_ignored() -> None:
    """An agent that waits in a room on this machine, while people wait for it in a meeting, would be worse. The token is not shown."""
    with pytest.raises(MisuseError, match=r"VideoSDK account.*later version.*wav:IN\.wav") as refused:
        choose_room(None, auth_token=REAL)
    assert REAL[:10] not in str(refused.value)
    assert isinstance(choose_room("memory", auth_token=REAL), MemoryRoom)


@pytest.mark.parametrize(
    "token", [None, "", " ", "your-auth-token", "YOUR_VIDEOSDK_AUTH_TOKEN", "<token>", "eyJhbGciOi…", "t", "xxxxx.yyyyy.zzzzz"]
)
def test_a_placeholder(token: str | None) -> None:
    assert is_placeholder(token)


@pytest.mark.parametrize("token", [REAL, f" {REAL}\n", REAL + "your", "4f0c6e1d2a7b4f0c6e1d2a7b4f0c6e1d"])
def test_no_placeholder(token: str) -> None:
    """In doubt it is taken for a real one: that is refused, and not ignored."""
    assert not is_placeholder(token)


@pytest.mark.parametrize("word", ["browser", "console", "videosdk"])
def test_rooms_that_come_later_say_so(word: str) -> None:
    with pytest.raises(MisuseError, match=rf"'{word}' \(first argument\) comes with a later version; give memory, wav:IN.wav or"):
        choose_room(None, argument=word)


@pytest.mark.parametrize(
    ("word", "offer"),
    [
        ("memroy", "did you mean 'memory'"),
        ("wave:in.wav", "did you mean 'wav'"),
        ("in.wav", "did you mean 'wav:in.wav'"),
        ("meeting", "give memory, wav:IN.wav or wav:IN.wav:OUT.wav"),
        ("wav:", "give wav:IN.wav or"),
        ("wav::out.wav", "give wav:IN.wav or"),
        ("wav:a:b:c", r"RoomOptions\(room=WavRoom\(IN, OUT\)\)"),
        ("wav:nothing.wav", "nothing.wav: cannot be read"),
        ("wav:in.wav:no/such/folder.wav", "no recording can be written there"),
        ("memory:", "did you mean 'memory'"),
    ],
)
def test_what_cannot_be_a_room_is_told_with_what_could(word: str, offer: str) -> None:
    with pytest.raises(MisuseError, match=offer) as refused:
        choose_room(word)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("word", "files"),
    [
        ("a.wav", ("a.wav", None)),
        ("/x/a.wav:/y/b.wav", ("/x/a.wav", "/y/b.wav")),
        ("../a b.wav:b.wav", ("../a b.wav", "b.wav")),
        ("C:\\x\\a.wav", ("C:\\x\\a.wav", None)),
        ("C:\\x\\a.wav:d:\\b.wav", ("C:\\x\\a.wav", "d:\\b.wav")),
        ("a:/y/b.wav", ("a", "/y/b.wav")),
    ],
)
def test_paths_behind_wav(word: str, files: tuple[str, str | None]) -> None:
    """A drive's colon parts nothing."""
    assert choose._files(word, "here") == files


def test_only_a_word_of_a_room_is_read_from_the_command_line() -> None:
    """The rest belongs to the program."""
    assert room_argument(["program", "wav:in.wav", "more"]) == "wav:in.wav"
    assert room_argument(["program", "memory"]) == "memory"
    assert room_argument(["program", "browser"]) == "browser"
    for argv in ([], ["program"], ["program", "memory.txt"], ["program", "--room", "memory"], ["program", "trio"]):
        assert room_argument(argv) is None
