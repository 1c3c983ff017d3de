"""Large flows for measuring and for hostile tests: as many states and rows as asked for, all alike in shape and different in words.

``python -m fsm_agents.testing.bench_flows --write`` prints one.
"""

from __future__ import annotations

from typing import Final

__all__ = ["big_flow"]

_SYLLABLES: Final = [a + b for a in "bdfgklmnprstv" for b in "aeiou"]


def _word(number: int) -> str:
    """A word of its own for every number."""
    text = ""
    for _ in range(3):
        number, rest = divmod(number, len(_SYLLABLES))
        text += _SYLLABLES[rest]
    return text


def big_flow(states: int = 200, rows: int = 5, *, corrections: bool = False) -> str:
    """A flow of ``states`` states that ask, each with ``rows`` rows (at least 2), a fifth as many slots, seven global rows, two ends.

    Args:
        states: How many states ask for something.
        rows: Rows of each of them.
        corrections: Whether three slots can be corrected from everywhere.
    """
    slots = max(1, states // 5)
    cells = [row for number in range(states) for row in _rows(number, states, rows, slots)]
    parts = [
        'flow = "big"\nversion = 1\nlang = "en-US"\nstart = "s0"\n',
        "[rows]\nmain = '''\n" + _table(["in | on | when | to | do", *cells]) + "'''",
        "everywhere = '''\n" + _table(["in | on | to | do", *_everywhere(slots, corrections=corrections)]) + "'''",
        "[phrases]\n" + "\n".join(f'help{n} = "help [me] with {_word(8 * n)} / what is {_word(8 * n)}"' for n in range(slots)),
        '[prompts]\nmenu = "You can say many things."',
        *(_slot(number) for number in range(slots)),
        *(_state(number, slots) for number in range(states)),
        '[states.person]\nsay = "One moment."\nend = "handed_off"',
        '[states.done]\nsay = "Goodbye."\nend = "done"',
    ]
    return "\n\n".join(parts) + "\n"


def _rows(number: int, states: int, rows: int, slots: int) -> list[str]:
    here, after = f"s{number}", f"s{number + 1}" if number + 1 < states else "done"
    slot = number % slots
    a, b, c = (_word(8 * number + step) for step in range(1, 4))
    all_rows = [
        f"{here} | filled | | {after} |",
        f'{here} | "(want / need) [a] {a} [or {b}]", press {number % 9 + 1} | | {after} | set v{slot} = {_value(slot)}',
        f'{here} | no_match 2+ | not v{(slot + 1) % slots} | stay | say "You can say {a}, or {b}."',
        f"{here} | help{slot} | | stay | say menu",
        f'{here} | "(take / give) me {{v{slot}}} and [a] {c}" | v{(slot + 2) % slots} = {_value((slot + 2) % slots)} and tries < 3 | next |',
    ]
    while len(all_rows) < rows:
        other = _word(8 * states + number * rows + len(all_rows))
        all_rows.append(f'{here} | "(tell / ask) [me] about {other}" | | stay | say "{other} is good."')
    return all_rows[: max(2, rows)]


def _everywhere(slots: int, *, corrections: bool) -> list[str]:
    fixed = [
        f'any | "<correction> [the] {_word(8 * n)} {{v{n}}}" | again | say "Okay, {{v{n}}}."' for n in range(min(3, slots))
    ] * corrections
    return [
        *fixed,
        "any | repeat | stay | say last",
        "any | operator, press 0 | person |",
        "any | start_over | s0 | clear all",
        "any | goodbye | done | emit left",
        "any | out_of_tries | person |",
        "any | hung_up | done |",
        "any | resumed | again |",
    ]


def _table(rows: list[str]) -> str:
    return "".join(f"| {row} |\n" for row in [rows[0], "|".join(["---"] * (rows[0].count("|") + 1)), *rows[1:]])


def _value(slot: int) -> str:
    return _word(8 * slot + 6)


def _slot(number: int) -> str:
    c, d, e = (_word(8 * number + step) for step in (5, 6, 7))
    return (
        f'[slots.v{number}]\ntype = "choice"\nsays = "{{}} / [a] {{}} [one]"\n'
        f'[slots.v{number}.values]\n{c} = "{c} [size]"\n{d} = "{d} / {e}"'
    )


def _state(number: int, slots: int) -> str:
    return (
        f'[states.s{number}]\nask = "v{number % slots}"\nsay = "What about {_word(8 * number + 3)}?"\n'
        f'retry = ["{_word(8 * number + 3)} or {_word(8 * number + 5)}?", "Please say one of them."]'
    )
