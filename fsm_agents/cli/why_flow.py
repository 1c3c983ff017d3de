"""``fsm-agents why`` for the log of a flow: one turn of the caller, from the words to the row that was taken and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fsm_agents.cli.flow_files import flow_of_call, read_flow_log
from fsm_agents.cli.logs import naming
from fsm_agents.errors import MisuseError
from fsm_agents.observe.flow_calls import CallTurn, FlowCall
from fsm_agents.observe.flow_turn import told_turn
from fsm_agents.observe.flow_words import short

__all__ = ["run_flow", "told_between"]


def run_flow(path: Path, lines: Sequence[str], number: int | None, file: Path | None) -> int:
    """Explain a turn; without a number, list them."""
    call = read_flow_log(path, lines)
    if number is None:
        print(*_listed(path, call), sep="\n")
        return 0
    if not 1 <= number <= len(call.turns):
        offer = f"give 1 to {len(call.turns)}" if call.turns else "the caller said nothing in this call"
        msg = f"{path}: there is no turn {number}; {offer}"
        raise MisuseError(msg)
    print(*_told(path, call, call.turns[number - 1], file), sep="\n")
    return 0


def told_between(path: Path, lines: Sequence[str], begin: int, end: int, file: Path | None) -> Iterator[str]:
    """The flow's turns in a part of a session, in µs."""
    call = read_flow_log(path, lines)
    found = [turn for turn in call.turns if begin <= turn.at <= end]
    if not found:
        yield "  nothing: no words came to it"
    for turn in found:
        yield from (f"  {line}" for line in _told(path, call, turn, file))


def _told(path: Path, call: FlowCall, turn: CallTurn, file: Path | None) -> Iterator[str]:
    flow = flow_of_call(call, path, file)
    if flow is None:
        yield f"call {short(call.name)} · {short(call.flow)} v{call.version} · turn {turn.number} · state {turn.state}"
        yield f'{"heard" if turn.how == "words" else "pressed":<8}"{short(turn.text)}"'
        yield f"now     {_after(call, turn)}"
        where = call.file or "the log names no file"
        yield f"the rows are those of {short(call.flow)} v{call.version}, and {where} is not that flow (any more): say --flow FLOW"
        return
    with naming(path):
        yield from told_turn(flow, call, turn.number)


def _listed(path: Path, call: FlowCall) -> Iterator[str]:
    yield f"call {short(call.name)} · {short(call.flow)} v{call.version} · {_count(len(call.turns))} of the caller; `--turn N` explains one"
    for turn in call.turns:
        said = f'"{short(turn.text)}"' if turn.how == "words" else f"pressed {short(turn.text)}"
        yield f"  {turn.number:>2}  at {turn.at / 1e6:.1f} s  [{turn.state} → {_after(call, turn)}]  {said}"
    yield f"  {'ended ' + short(call.outcome) if call.outcome else 'no end in the log'}"
    file = short(call.file) if call.file.endswith(".toml") else "FLOW.toml"
    yield f"  along its diagram: fsm-agents show {file} --html --calls {path}"


def _after(call: FlowCall, turn: CallTurn) -> str:
    """Where the flow rested before the caller's next turn."""
    until = call.turns[turn.number].n if turn.number < len(call.turns) else len(call.entries) + 1
    last = [move.state for move in call.moves if move.n < until]
    return last[-1] if last else turn.state


def _count(turns: int) -> str:
    return f"{turns} turn{'' if turns == 1 else 's'}"
