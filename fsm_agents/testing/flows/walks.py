"""Many random walks through a flow, drawn by Hypothesis; the first that breaks a property is shortened, and told as a scene.

Needs the extra ``[test]``. Nothing waits: 500 walks of 40 steps take seconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import attrs

from fsm_agents.errors import MissingExtra
from fsm_agents.flows.flow import Flow
from fsm_agents.testing.flows.endings import Endings
from fsm_agents.testing.flows.properties import PROPERTIES, Property
from fsm_agents.testing.flows.seen import Seen
from fsm_agents.testing.flows.sentences import Sentences
from fsm_agents.testing.flows.stimuli import Pause, Stimulus
from fsm_agents.testing.flows.story import story
from fsm_agents.testing.flows.walk import Drawer, Finding, Walk

__all__ = ["WalkFailed", "Walked", "walk_flow"]


class WalkFailed(AssertionError):  # noqa: N818 - a failed test, named after what failed
    """A walk broke a property. The message tells it as a scene.

    Attributes:
        finding: The property, and what is wrong.
        walk: The shortest walk that was found.
    """

    def __init__(self, walk: Walk) -> None:
        assert walk.finding is not None  # noqa: S101 - it failed
        self.finding: Finding = walk.finding
        self.walk = walk
        super().__init__(story(walk))


@attrs.define
class Walked:
    """What was walked.

    Attributes:
        walks: How many conversations.
        steps: What happened in them.
        ended: How many came to an end.
        unknown: How many stopped where an end was looked for and the search was given up.
    """

    walks: int = 0
    steps: int = 0
    ended: int = 0
    unknown: int = 0


def walk_flow(
    flow: Flow,
    *,
    walks: int = 500,
    steps: int = 40,
    seed: int | None = None,
    properties: Sequence[Property] = (),
    watch: Callable[[Seen], None] | None = None,
) -> Walked:
    """Walk at random.

    Args:
        flow: The flow. Its tools are not called: their results are drawn.
        walks: How many conversations.
        steps: So much happens in one at the most.
        seed: Makes the walks the same every time; ``None`` leaves it to Hypothesis's settings.
        properties: Asked of every step, beside :data:`~fsm_agents.testing.flows.properties.PROPERTIES`.
        watch: Is shown every step, for coverage.

    Returns:
        What was walked.

    Raises:
        WalkFailed: a property broke.
        MissingExtra: Hypothesis is not installed.
    """
    hypothesis, st = _hypothesis()
    asked = (*PROPERTIES, *properties)
    sentences = Sentences(flow)
    drawer, endings, done = Drawer(flow, sentences), Endings(flow, sentences), Walked()

    def check(number: int) -> None:
        walk = Walk(flow, asked, watch)
        choose = random.Random(number).randrange  # noqa: S311 - a walk, no key
        while len(walk.happened) < steps and not walk.over:
            before = len(walk.happened)
            for what in drawer.next(walk, choose):
                walk.come(what)
            if len(walk.happened) == before and not walk.over:
                walk.come(Pause(1_000_000))
        done.unknown += not walk.check_end(endings)
        done.walks += 1
        done.steps += len(walk.happened)
        done.ended += walk.player.ended
        if walk.finding is not None:
            raise WalkFailed(_shortest(flow, asked, endings, walk))

    _draw_all(hypothesis, st, check, walks, seed)
    return done


def _draw_all(hypothesis: Any, st: Any, check: Callable[[int], None], walks: int, seed: int | None) -> None:
    """Have Hypothesis draw a number for each walk; all its choices follow from it.

    One draw for each choice was tried: it is three times slower, and most walks were short or nearly the same, because Hypothesis likes
    small numbers. Its shrinking is not missed: what happened is shortened below, and reads better.
    """
    failed: list[WalkFailed] = []

    def once(number: int) -> None:
        if failed:
            return  # Hypothesis would run it again to show it: once was enough
        try:
            check(number)
        except WalkFailed as wrong:
            failed.append(wrong)

    settings = hypothesis.settings(
        max_examples=walks, phases=[hypothesis.Phase.generate], deadline=None, database=None, report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    run = settings(hypothesis.given(st.integers(0, 2**64 - 1))(once))
    (run if seed is None else hypothesis.seed(seed)(run))()
    if failed:
        raise failed[0]


def _shortest(flow: Flow, properties: Sequence[Property], endings: Endings, failed: Walk) -> Walk:
    """Leave out what happened, one after the other, while the same property breaks in the same state."""
    best, tried = failed, 0
    shorter = True
    while shorter and tried < MOST_TRIED:
        shorter = False
        for happened in _smaller(best.happened):
            tried += 1
            again = Walk(flow, properties)
            again.play(happened)
            again.check_end(endings)
            if _same(again, failed) and _size(again.happened) < _size(best.happened):
                best, shorter = again, True
                break
    return best


MOST_TRIED: Final = 2_000
"""Walks that are tried to shorten one."""


def _same(one: Walk, other: Walk) -> bool:
    return one.finding is not None and other.finding is not None and one.finding.name == other.finding.name


def _smaller(happened: Sequence[Stimulus]) -> Iterator[list[Stimulus]]:
    half = len(happened) // 2
    if half > 1:
        yield list(happened[half:])
        yield list(happened[:half])
    for place in range(len(happened)):
        yield [*happened[:place], *happened[place + 1 :]]


def _size(happened: Sequence[Stimulus]) -> tuple[int, int]:
    return len(happened), sum(len(what.line()) for what in happened)


def _hypothesis() -> tuple[Any, Any]:
    """Hypothesis and its strategies."""
    try:
        import hypothesis
        from hypothesis import strategies
    except ImportError as missing:
        raise MissingExtra("test", "random walks") from missing
    return hypothesis, strategies
