"""Generated flows for measuring: many states, each with rows of its own, a question, and corrections that hold everywhere."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations, product

from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.words.ambiguity import Common, Overlaps, TooLarge
from fsm_agents.flows.words.vocabulary import Edge, question

WORDS = tuple(
    f"{head}{tail}"
    for head, tail in product(("ba", "do", "fi", "gu", "lo", "mi", "ne", "pa", "ro", "su", "ta", "vi"), ("n", "r", "lo", "mi"))
)
SLOTS = {
    "count": SlotSpec("count", "number", range=(1, 20)),
    "day": SlotSpec("day", "date", future=90),
    "size": SlotSpec(
        "size", "choice", values={name: read_phrase(f"{name} / {name} one") for name in ("small", "medium", "large")}
    ),
}
EVERYWHERE = tuple(
    Edge(number, read_phrase(text), SLOTS)
    for number, text in enumerate(
        ("<correction> [make (it / that)] [a] {size} [pizza]", "<correction> [on] {day}", "<correction> {count} [pizzas]", "<repeat>",
         "<start_over>", "<operator>", "<goodbye>"),
        10_000,
    )
)  # fmt: skip


def state(seed: int, rows: int) -> list[Edge]:
    """The edges of one state: rows of random words, three corrections of its own, and the question for a choice."""
    chance = random.Random(seed)
    values = chance.sample(WORDS, 4)
    slot = SlotSpec("own", "choice", values={value: read_phrase(f"[the] {value} [one]") for value in values})
    slots = {**SLOTS, "own": slot}
    texts = ["<correction> [make it] {own}", "<correction> [for] {count} [more]"]
    while len(texts) < rows - 1:
        one, two, three, four = chance.sample(WORDS, 4)
        texts.append(f"[the / my] ({one} / {two}) {three} [{four}]")
    return [*(Edge(number, read_phrase(text), slots) for number, text in enumerate(texts)), Edge(rows, question(slot), slots)]


def flow(states: int, rows: int) -> list[list[Edge]]:
    """So many states of so many edges."""
    return [state(seed, rows) for seed in range(states)]


def prove(overlaps: Overlaps, states: Sequence[Sequence[Edge]]) -> tuple[int, int]:
    """What a proof of a flow asks for: every pair in a state, every edge of it against those that hold everywhere, every edge alone."""
    found = pairs = 0
    for edges in (*states, EVERYWHERE):
        for edge in edges:
            found += overlaps.two_meanings(edge) is not None
        others = product(edges, EVERYWHERE) if edges is not EVERYWHERE else ()
        for one, other in (*combinations(edges, 2), *others):
            pairs += 1
            found += isinstance(overlaps.common(one, other), Common | TooLarge)
    return found, pairs
