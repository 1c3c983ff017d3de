"""All that is proved of a flow at once, in the order of its files; and the same from a cache, by the contents of the files.

Pure but for the cache: one small JSON file for each content in a folder that the caller names; a file that is not ours is passed over.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.problems import FlowError, Place, Problem, Severity
from fsm_agents.flows.proof.ears import needs_open_ears
from fsm_agents.flows.proof.idle import idle
from fsm_agents.flows.proof.notes import notes
from fsm_agents.flows.proof.sayings import Sayings
from fsm_agents.flows.proof.structure import structure
from fsm_agents.flows.proof.told import Teller, once_each
from fsm_agents.flows.proof.unset_told import unset
from fsm_agents.flows.proof.ways import Ways
from fsm_agents.flows.spec import FlowSpec
from fsm_agents.flows.words.sounds import Phones
from fsm_agents.flows.words.types import Moment
from fsm_agents.flows.words.vocabulary import Vocabulary

__all__ = ["Checked", "check", "check_cached", "check_flow", "digest"]

ANY_DAY: Final = Moment(datetime.date(2026, 1, 5))
"""Values of dates are compared at one moment; which one makes no difference."""
RULES: Final = 4
"""Raised whenever a rule changes, so that older caches are not believed."""


@attrs.frozen
class Checked:
    """What was found.

    Args:
        problems: Everything, in the order of the files.
        proved: Pairs of phrases that have no sentence in common.
    """

    problems: tuple[Problem, ...]
    proved: int = 0


def check(flat: FlatFlow, *, ears: Literal["open", "grammar"] = "open", phones: Phones | None = None) -> list[Problem]:
    """Every problem of a flow: structure, values that may be unset, notes, phrases.

    Args:
        flat: The flow.
        ears: ``grammar``: the speech-to-text knows only the grammar of a state, so what it cannot hear is an error (F409).
        phones: How words sound, for words that sound alike (F507); ``None``: not asked.
    """
    return list(check_flow(flat, ears=ears, phones=phones).problems)


def check_flow(flat: FlatFlow, *, ears: Literal["open", "grammar"] = "open", phones: Phones | None = None) -> Checked:
    """As :func:`check`, with what was proved."""
    ways, tell = Ways(flat), Teller()
    found = [*structure(flat, ways), *unset(ways, tell), *notes(ways, tell), *idle(ways, tell)]
    if ears == "grammar":
        found += needs_open_ears(flat)
    proved = 0
    try:
        vocabulary = Vocabulary(flat.spec.lang, before=flat.spec.defaults.before, after=flat.spec.defaults.after)
    except FlowError as large:
        found += large.problems
    else:
        sayings = Sayings(ways, vocabulary, ANY_DAY, tell)
        found += sayings.all(phones)
        proved = sayings.proved
    return Checked(tuple(once_each(found)), proved)


# --- the cache ------------------------------------------------------------------------------------------------------------------------


def digest(spec: FlowSpec, *settings: str) -> str:
    """What a flow's files hold, as one short text; empty if it was not read from files."""
    made = hashlib.sha256(f"{RULES} {settings}".encode())
    waiting, seen = [spec], set[int]()
    while waiting:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if not here.text or here.tree.get("include"):
            return ""
        made.update(f"\0{here.file}\0{here.text}".encode())
        waiting += here.flows.values()
    return made.hexdigest()[:32]


def check_cached(
    flat: FlatFlow,
    folder: Path | None,
    *,
    ears: Literal["open", "grammar"] = "open",
    phones: Phones | None = None,
    sounds: str = "",
) -> Checked:
    """As :func:`check_flow`; what was found for the same files before is read from ``folder``, what is new is written there.

    Args:
        flat: The flow.
        folder: Where the cache is; ``None``: there is none. A folder that cannot be written to is no fault.
        ears: As of :func:`check`.
        phones: As of :func:`check`.
        sounds: Names the dictionary behind ``phones``.
    """
    ident = digest(flat.spec, ears, sounds if phones is not None else "silent") if folder is not None else ""
    if folder is None or not ident or (phones is not None and not sounds):
        return check_flow(flat, ears=ears, phones=phones)
    path = folder / f"{flat.spec.name}-{ident}.json"
    known = _read(path, ident)
    if known is not None:
        return known
    made = check_flow(flat, ears=ears, phones=phones)
    _write(path, ident, made)
    return made


def _read(path: Path, ident: str) -> Checked | None:
    try:
        tree = json.loads(path.read_text("utf-8"))
        if tree["content"] != ident:
            return None
        return Checked(tuple(map(_problem, tree["problems"])), int(tree["proved"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _problem(tree: Mapping[str, Any]) -> Problem:
    place = Place(**tree["place"])
    texts = {name: tree[name] for name in ("code", "message", "why", "fix", "shown")}
    if not all(isinstance(text, str) for text in (*texts.values(), *tree["trail"], place.file)):
        raise TypeError(tree)
    return Problem(**texts, place=place, severity=Severity(tree["severity"]), trail=tuple(tree["trail"]))


def _write(path: Path, ident: str, made: Checked) -> None:
    text = json.dumps({"content": ident, "proved": made.proved, "problems": _plain(made.problems)}, indent=1)
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, "utf-8")
        fresh.replace(path)
    except OSError:
        return


def _plain(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [attrs.asdict(problem) | {"severity": int(problem.severity)} for problem in problems]
