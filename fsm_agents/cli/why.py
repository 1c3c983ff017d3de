"""``fsm-agents why``: one turn of a recorded call: what was heard, which rows were tried and won, what was done, how long it took."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fsm_agents.cli.logs import is_log_of_flow, joint_of_log, naming, read_log
from fsm_agents.cli.parser import at_least
from fsm_agents.errors import MisuseError
from fsm_agents.fsm.explain import explain
from fsm_agents.fsm.explore import clone
from fsm_agents.fsm.joint import Joint
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.observe.recorded import steps, timeline
from fsm_agents.observe.timeline import Timeline
from fsm_agents.observe.turns import Interruption, Turn, Words
from fsm_agents.pipelines.realtime_words import UNKNOWN, name_of

__all__ = ["add_arguments", "run"]

FLOW = "flow.jsonl"
"""The log of the flow's own table, looked for beside the session's."""


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("log", type=Path, metavar="LOG", help="the step log, for example fsm-agents-demo/steps.jsonl")
    parser.add_argument(
        "--turn", type=at_least(1), metavar="N", help="which turn of the caller; without it, the turns are listed"
    )
    parser.add_argument(
        "--flow",
        type=Path,
        metavar="FLOW",
        help="of a flow's log: its flow file (default: the one that the log names, if it is the same)",
    )


def run(options: Namespace) -> int:
    """Explain it."""
    path: Path = options.log
    lines = read_log(path)
    if is_log_of_flow(path, lines):
        from fsm_agents.cli.why_flow import run_flow  # other logs need nothing of flows

        return run_flow(path, lines, options.turn, options.flow)
    joint, _ = joint_of_log(path, lines)
    if joint is not CONVERSATION:
        msg = f"{path}: is a log of {joint.name!r}; turns are in the log of a conversation, for example {path.parent / 'steps.jsonl'}"
        raise MisuseError(msg)
    with naming(path):
        call = timeline(lines)
        if options.turn is None:
            print(*_turns(call), sep="\n")
            return 0
        if options.turn > len(call.turns):
            offer = f"give 1 to {len(call.turns)}" if call.turns else "the caller said nothing in this call"
            msg = f"there is no turn {options.turn}; {offer}"
            raise MisuseError(msg)
        turn = call.turns[options.turn - 1]
        print(*_told(call, turn), sep="\n")
        print(*_decided(path, lines, turn, options.flow), sep="\n")
    return 0


def _turns(call: Timeline) -> Iterator[str]:
    yield f"{len(call.turns)} turns of the caller in {_seconds(call.end)}; `--turn N` explains one"
    for turn in call.turns:
        wait = "" if turn.response is None else f", answered {_seconds(turn.response)} after the caller fell silent"
        yield f"  {turn.number:>2}  at {_seconds(turn.started or turn.taken)}  {turn.text!r}{wait}" + (
            f" ({turn.how})" if turn.how else ""
        )


def _told(call: Timeline, turn: Turn) -> Iterator[str]:
    yield f"turn {turn.number} of {len(call.turns)}: {turn.text!r}"
    yield "\nwhat was heard"
    for at, what in sorted(_heard(call, turn), key=lambda each: each[0]):
        yield f"  {_at(at)}  {what}"
    yield "\nhow long each part took"
    over = f"reply {turn.reply}: {turn.how or 'not over'}" + (f", {turn.why}" if turn.why else "") if turn.reply else "no reply"
    for what, part, note in (
        ("speaking", turn.speaking, "the caller, as the detector heard it"),
        ("endpointing", turn.endpointing, "silence until the turn was taken"),
        ("thinking", turn.thinking, "until the answer sounded"),
        ("response", turn.response, "the two together: what the caller waited"),
        ("answering", turn.answering, over),
    ):
        yield f"  {what:<12} {_seconds(part):>8}  {note}"


def _heard(call: Timeline, turn: Turn) -> Iterator[tuple[int, str]]:
    if turn.started is not None:
        yield turn.started, "the detector hears speech"
    for found in call.interruptions:
        if turn.started is not None and turn.taken is not None and turn.started <= found.at <= turn.taken:
            yield found.at, f"it is over reply {found.reply}, which {_outcome(found)}"
    for words in turn.heard:
        if not words.late:
            yield words.at, _words(words)
    if turn.stopped is not None:
        yield turn.stopped, "the detector hears no speech any more"
    if turn.taken is not None:
        yield turn.taken, f"the turn is taken: {'its words are not known yet' if turn.settled else repr(turn.told)}"
    yield from _late(turn)


def _late(turn: Turn) -> Iterator[tuple[int, str]]:
    """What came of its words when the turn was taken already."""
    for words in turn.heard:
        if words.late:
            yield words.at, f"{_words(words)}, late: the turn was taken before"
    if turn.settled is not None and turn.taken is not None:
        after = f"{_seconds(turn.settled - turn.taken)} after the turn was taken"
        yield turn.settled, "its words never came" if turn.text == UNKNOWN else f"its words are known: {turn.text!r}, {after}"


def _words(words: Words) -> str:
    if words.text == name_of(words.segment):
        return f"the model has heard it, and tells its words later (segment {words.segment})"
    kind = "final" if words.final else "interim, a whole sentence" if words.complete else "interim"
    return f"{words.text!r} ({kind}, segment {words.segment})"


def _outcome(found: Interruption) -> str:
    after = "" if found.until is None else f" {_seconds(found.until - found.at)} later"
    said = {
        "cut": f"is held at once and ended{after}",
        "resumed": f"is held, and goes on{after}",
        "over it": "goes on: it is not to be interrupted",
    }
    return said.get(found.outcome, "ends anyway")


def _decided(path: Path, lines: list[str], turn: Turn, file: Path | None) -> Iterator[str]:
    """Every step of the turn, explained; the steps of the flow's own table between them, those of a flow before them."""
    found = list(_explained(lines, CONVERSATION, lambda n, _at: turn.first <= n <= turn.last))
    beside = path.parent / FLOW
    if beside.is_file() and found:
        begin, end = found[0][0], turn.audible or found[-1][0]
        flow = read_log(beside)
        if is_log_of_flow(beside, flow):
            from fsm_agents.cli.why_flow import told_between

            yield "\nwhat the flow made of it"
            yield from told_between(beside, flow, begin, end, file)
        else:
            with naming(beside):
                joint, _ = joint_of_log(beside, flow)
                found += _explained(flow, joint, lambda _n, at: begin <= at <= end)
    yield "\nwhat was decided"
    for _, text in sorted(found, key=lambda each: each[0]):
        yield text


def _explained(lines: list[str], joint: Joint[Any], wanted: Callable[[int, int], bool]) -> Iterator[tuple[int, str]]:
    from fsm_agents.cli.tables import JOINTS

    before: Any = None
    for recorded in steps(lines, joint, JOINTS[joint.name][1]):
        if recorded.n and wanted(recorded.n, recorded.at):
            said = str(explain(joint, before, recorded.event)).replace("\n", "\n    ")
            yield recorded.at, f"\n  {_at(recorded.at).strip()}, step {recorded.n} of the {joint.name}\n    {said}"
        before = clone(recorded.data)


def _at(micros: int) -> str:
    return f"{micros / 1e6:8.3f} s"


def _seconds(micros: int | None) -> str:
    if micros is None:
        return "–"
    return f"{micros / 1e6:.1f} s" if micros >= 1_000_000 else f"{micros / 1000:.0f} ms"  # noqa: PLR2004 - a second
