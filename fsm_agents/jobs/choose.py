"""Which room: said by the options, the command line or the environment, in a word. It opens no sound and joins nothing.

The first that says anything is believed:

    RoomOptions(room=…)            a room object, or a word
    the first argument             python program.py wav:IN.wav          (WorkerJob.start(), and only if it is such a word)
    FSM_AGENTS_ROOM                FSM_AGENTS_ROOM=wav:IN.wav python program.py
    nothing                        memory, where no VideoSDK account is given

One line in the log says which room it is, and who said so.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence

from fsm_agents.errors import MisuseError, nearest
from fsm_agents.rooms.base import Room

__all__ = ["RECORD", "VARIABLE", "WORDS", "choose_room", "is_placeholder", "room_argument"]

log = logging.getLogger("fsm_agents")

VARIABLE = "FSM_AGENTS_ROOM"
"""The environment variable that names a room."""
RECORD = "FSM_AGENTS_RECORD"
"""The one that names a folder to record in. It stands here, since what records is loaded only where something is recorded."""
WORDS = ("memory", "wav:IN.wav", "wav:IN.wav:OUT.wav")
"""What it, and the others, may say."""
_LATER = ("browser", "console", "videosdk")
_OFFER = f"give {', '.join(WORDS[:-1])} or {WORDS[-1]}"
_DRIVE = r"(?:[A-Za-z]:(?=\\))?" if os.name != "nt" else r"(?:[A-Za-z]:(?=[\\/]))?"
_FILES = re.compile(rf"({_DRIVE}[^:]+)(?::({_DRIVE}[^:]+))?")
_SHORTEST_TOKEN = 20  # characters; signed tokens have more than a hundred
_SIGNED = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_STAND_IN = re.compile(r"your|token|secret|example|placeholder|xxx|[<>…\s]|\.\.\.", re.IGNORECASE)


def choose_room(
    room: Room | str | None, *, name: str = "Agent", argument: str | None = None, auth_token: str | None = None
) -> Room:
    """The room that is meant.

    Args:
        room: What the options say.
        name: Who is in it, for the log.
        argument: What the command line says.
        auth_token: Of a VideoSDK account. It matters only if nobody names a room.

    Raises:
        MisuseError: there is no room of that name, or not yet, or its file cannot be used.
    """
    if room is not None and not isinstance(room, str):
        log.info("%s is in a %s (RoomOptions)", name, type(room).__name__)
        return room
    word, by = _word(room, argument, auth_token)
    kind, _, rest = word.partition(":")
    if word == "memory":
        from fsm_agents.rooms.memory import MemoryRoom

        log.info("%s is in a local room in memory (%s): no caller ever comes, Ctrl-C ends it; wav:IN.wav is a caller", name, by)
        return MemoryRoom(paced=True)
    if kind == "wav":
        from fsm_agents.rooms.wav import WavRoom

        source, target = _files(rest, by)
        made = WavRoom(source, target)
        recorded = f", and the call is recorded in {target}" if target else ""
        log.info("%s is in a local room of WAV files (%s): the caller is %s%s", name, by, source, recorded)
        return made
    if word in _LATER:
        raise MisuseError(f"the room {word!r} ({by}) comes with a later version; {_OFFER}")
    if kind == word and word.endswith(".wav"):
        raise MisuseError(f"there is no room {word!r} ({by}); did you mean 'wav:{word}'?")
    raise MisuseError(f"there is no room {word!r} ({by}); {nearest(kind, ('memory', 'wav', *_LATER))}; {_OFFER}")


def room_argument(argv: Sequence[str]) -> str | None:
    """The first argument of a program if it is the word of a room; anything else is the program's own business."""
    word = argv[1] if len(argv) > 1 else ""
    return word if word == "memory" or word in _LATER or word.startswith("wav:") else None


def is_placeholder(token: str | None) -> bool:
    """Whether a token is none, or one that only shows where a token goes ("your-auth-token")."""
    token = (token or "").strip()
    if _SIGNED.fullmatch(token) and len(token) >= _SHORTEST_TOKEN:
        return False
    return len(token) < _SHORTEST_TOKEN or _STAND_IN.search(token) is not None


def _word(room: str | None, argument: str | None, auth_token: str | None) -> tuple[str, str]:
    """The word, and who said it."""
    said = [(room, "RoomOptions"), (argument, "first argument"), (os.environ.get(VARIABLE, "").strip(), VARIABLE)]
    for word, by in said:
        if word:
            return word, by
    if not is_placeholder(auth_token):
        raise MisuseError(
            "the token is of a VideoSDK account, and its rooms come with a later version; for a local room say which: "
            f"as first argument, in {VARIABLE} or RoomOptions(room=…), {_OFFER}"
        )
    return "memory", "no VideoSDK account: the token is a placeholder" if auth_token else "no VideoSDK account"


def _files(text: str, by: str) -> tuple[str, str | None]:
    r"""The two files behind ``wav:``. A colon parts them, so none may be in a path, but for a drive's: ``C:\in.wav``."""
    found = _FILES.fullmatch(text)
    if found is None:
        raise MisuseError(
            f"'wav:{text}' ({by}) names no room; give wav:IN.wav or wav:IN.wav:OUT.wav (for paths with a colon: "
            "RoomOptions(room=WavRoom(IN, OUT)))"
        )
    return found[1], found[2]
