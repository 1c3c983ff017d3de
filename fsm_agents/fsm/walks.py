"""Random walks that stay where something happens: Hypothesis draws among the events that are live in the resting state.

Uniformly random events miss real holes: most of them are dropped. Here most events have a row where the conversation stands, some
do not, and all meet the timers of a virtual clock: just before, at, and just after they are due. A walk that breaks a property
shrinks to a short, readable scene. Exhaustive search (:mod:`fsm_agents.fsm.explore`) is complete and comes first; walks go where
it abstracts.

Nothing waits: time is a number. Needs the extra ``[test]``.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from fsm_agents.errors import MissingExtra
from fsm_agents.fsm.engine import Due, Fault, TableState, TableTransition
from fsm_agents.fsm.explore import Finding, Move, Properties, World, clone, describe, is_idle
from fsm_agents.fsm.joint import Arm, Joint, Shared, Step

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["JITTER", "Scene", "Stop", "Walk", "WalkFailed", "is_live", "walk", "walks"]

S = TypeVar("S", bound=Shared)

JITTER = 1_000
"""How far around a due timer events fall, in µs: a millisecond, about what an event loop is late."""

ENDLESS = 1_000
"""Timers due between two events before the walk says that they never end. Usually it is one, rarely a few."""

DULL = 2
"""Steps in a row without anything live, and without a timer, after which a walk is over: nothing more can happen."""

# Most events come in quick succession: a walk that runs from timer to timer sees only what follows long silences.
_MOMENTS = ("now", "now", "now", "now", "now", "before", "at", "after")


@attrs.frozen
class Stop:
    """One step of a scene: the event, and when it came (µs). A timer's epoch is not part of it: scenes are shortened."""

    event: object
    at: int

    def __str__(self) -> str:
        return f"at {self.at / 1_000_000:.3f} s: {describe(self.event)}" if self.at else describe(self.event)


Scene = tuple[Stop, ...]


class WalkFailed(AssertionError):  # noqa: N818 - a failed test, named after what failed
    """A walk broke a property. The message is the shortest scene that was found.

    Attributes:
        finding: The property, what it says, and the scene as lines.
        scene: The scene as events.
    """

    def __init__(self, finding: Finding, scene: Scene) -> None:
        super().__init__(str(finding))
        self.finding = finding
        self.scene = scene


def is_live(joint: Joint[Any], data: Shared, event: object) -> bool:
    """Whether some machine has a row for ``event`` where it rests, neither drop nor never, whatever its guard will say."""
    return any(way.acts for _, way in _ways(joint, data, event))


def _ways(joint: Joint[Any], data: Shared, event: object) -> Iterator[tuple[TableState, TableTransition]]:
    """The rows for ``event`` where the machines rest."""
    for place, rows in joint.routes.get(_key(event), ()):
        node = data.cells[place].node
        for way in rows.index.get(node, ()):
            yield node, way


def _key(event: object) -> object:
    return event if isinstance(event, str) else type(event)


def _lively(joint: Joint[Any]) -> frozenset[TableState]:
    """The states from which something can go round and round; from the others it can only end."""
    lively: set[TableState] = set()
    for engine in joint.engines:
        ways = [way for event in engine.by_key.values() for found in event.index.values() for way in found]
        leads = {node: {way.node for way in ways if way.source == node.name} - {node, None} for node in engine.states.values()}
        while over := [node for node, goals in leads.items() if not goals & leads.keys()]:
            for node in over:
                del leads[node]
        lively |= leads.keys()
    return frozenset(lively)


class Walk(Generic[S]):
    """One conversation on a virtual clock, with its timers and what it has done so far.

    Args:
        world: Where it walks.
        properties: What is checked: safety in every resting state, response on every step. A ``never`` that comes and anything
            that a
            step raises are findings too.

    Attributes:
        data: The conversation.
        now: The time, in µs.
        scene: What came, in order.
        steps: The steps.
        finding: The first property that broke.
    """

    def __init__(self, world: World[S], properties: Properties | None = None) -> None:
        self.world = world
        self.properties = properties or Properties()
        self.data = world.start()
        self.now = 0
        self.scene: list[Stop] = []
        self.steps: list[Step] = []
        self.finding: Finding | None = None
        self._armed: list[tuple[int, int, Due]] = []
        self._sequence = 0
        self._arm(world.joint.arms(self.data))
        self._check_safety()

    @property
    def ended(self) -> bool:
        """Whether the walk is over: a property broke, or the world says stop."""
        return self.finding is not None or self.world.stop(self.data)

    @property
    def due(self) -> int | None:
        """When the next timer that is not stale is due, in µs."""
        while self._armed and self.data.cell(self._armed[0][2].machine).epoch != self._armed[0][2].epoch:
            heapq.heappop(self._armed)
        return self._armed[0][0] if self._armed else None

    def come(self, event: object, at: int) -> None:
        """An event from outside comes at ``at``. Timers due before it come first; it beats a timer due at the same time."""
        fired = 0
        while not self.ended and (due := self.due) is not None and due < at:
            self.fire()
            fired += 1
            if fired == ENDLESS:
                self._find("timers", f"{ENDLESS} timers were due before {describe(event)} could come at {at} µs")
        if not self.ended:
            self.now = max(self.now, at)
            self._step(event)

    def fire(self) -> None:
        """The next timer is due: the earliest; of equal ones, the first armed. Does nothing if none is armed."""
        if (due := self.due) is not None:
            self.now = max(self.now, due)
            self._step(heapq.heappop(self._armed)[2])

    def play(self, scene: Sequence[Stop]) -> None:
        """Do a scene: events from outside at their times, timers as the clock has them."""
        for stop in scene:
            if self.ended:
                return
            if isinstance(stop.event, Due):
                self.fire()
            else:
                self.come(stop.event, stop.at)

    def _step(self, event: object) -> None:
        before = clone(self.data)
        self.scene.append(Stop(event, self.now))
        try:
            step = self.world.joint.step(self.data, event)
        except Exception as broken:  # noqa: BLE001 - whatever a table raises is the finding
            self._find("raised", f"{type(broken).__name__}: {broken}")
            return
        self.steps.append(step)
        self._arm(step.arms)
        for effect in step.effects:
            if isinstance(effect, Fault):
                story = f"{effect.event} came in {effect.state}, where the table says it never does"
                self._find(f"never {effect.machine}.{effect.state}.{effect.event}", story)
        move = Move(before, step, self.data)
        for response in self.properties.about(move, idle=is_idle(step)):
            if message := response(move):
                self._find(response.__name__, message)
        self._check_safety()

    def _check_safety(self) -> None:
        for safety in self.properties.safety:
            if message := safety(self.data):
                self._find(safety.__name__, message)

    def _arm(self, arms: Sequence[Arm]) -> None:
        for arm in arms:
            self._sequence += 1
            heapq.heappush(self._armed, (self.now + arm.delay, self._sequence, Due(arm.machine, arm.timer, arm.epoch)))

    def _find(self, name: str, message: str) -> None:
        if self.finding is None:
            self.finding = Finding(name, message, tuple(map(str, self.scene)))


def walks(
    world: World[S],
    properties: Properties | None = None,
    *,
    steps: int = 60,
    payloads: Mapping[type[Any], SearchStrategy[Any]] | None = None,
    dead: int = 12,
) -> SearchStrategy[Walk[S]]:
    """A Hypothesis strategy of finished walks, for a test of one's own.

    Args:
        world: Where to walk; its ``stimuli`` are the candidates.
        properties: What is checked on the way; a walk ends with its first finding.
        steps: How many steps at the most.
        payloads: For classes of events, a strategy that draws one instead of the candidate that the world offers.
        dead: One step in about so many is any candidate, also one that is dropped or that leads to the end.

    Raises:
        MissingExtra: Hypothesis is not installed.
    """
    _, st = _hypothesis()
    chooser = _Chooser(st, world.joint, payloads, dead)

    def build(draw: Callable[[Any], Any]) -> Walk[S]:
        drawn: Walk[S] = Walk(world, properties)
        dull = 0
        for _ in range(steps):
            # the first draw of a step says whether there is one: shrinking it to 0 ends the walk
            if drawn.ended or dull > DULL or not draw(st.integers(0, 63)):
                break
            dull = 0 if chooser.step(draw, drawn) else dull + 1
        return drawn

    found: SearchStrategy[Walk[S]] = st.composite(build)()
    return found


def walk(
    world: World[S],
    properties: Properties,
    *,
    examples: int = 200,
    steps: int = 60,
    payloads: Mapping[type[Any], SearchStrategy[Any]] | None = None,
    dead: int = 12,
    seed: int | None = None,
) -> int:
    """Walk at random and raise the shortest scene that breaks a property; else the number of steps that were done.

    Args:
        world: Where to walk; its ``stimuli`` are the candidates.
        properties: What must hold: safety and response (liveness needs the whole graph: explore it).
        examples: How many walks.
        steps: How many steps a walk has at the most.
        payloads: For classes of events, a strategy that draws one instead of the candidate that the world offers.
        dead: One step in about so many is any candidate, also one that is dropped or that leads to the end.
        seed: Makes the walks the same every time; ``None`` leaves it to Hypothesis's settings.

    Raises:
        WalkFailed: a property broke.
        MissingExtra: Hypothesis is not installed.
    """
    hypothesis, _ = _hypothesis()
    done = 0

    def check(drawn: Walk[S]) -> None:
        nonlocal done
        done += len(drawn.scene)
        if drawn.finding is not None:
            raise WalkFailed(drawn.finding, tuple(drawn.scene))

    # Scenes are shortened below, a hundred times faster than Hypothesis can; only it can shrink what it drew for a payload.
    phases = [hypothesis.Phase.generate, *([hypothesis.Phase.shrink] if payloads else [])]
    settings = hypothesis.settings(
        max_examples=examples,
        phases=phases,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    test = settings(hypothesis.given(walks(world, properties, steps=steps, payloads=payloads, dead=dead))(check))
    try:
        (test if seed is None else hypothesis.seed(seed)(test))()
    except WalkFailed as failed:
        raise _shortest(world, properties, failed) from None
    return done


def _shortest(world: World[S], properties: Properties, failed: WalkFailed) -> WalkFailed:
    """Hypothesis shrinks choices, not scenes: leave out events, and bring them forward, while the same property breaks."""
    best, name = failed, failed.finding.name
    shorter = True
    while shorter:
        shorter = False
        for scene in _smaller(best.scene):
            tried: Walk[S] = Walk(world, properties)
            tried.play(scene)
            if tried.finding is not None and tried.finding.name == name and _size(tried.scene) < _size(best.scene):
                best, shorter = WalkFailed(tried.finding, tuple(tried.scene)), True
                break
    return best


def _smaller(scene: Scene) -> Iterator[Scene]:
    for place, stop in enumerate(scene):
        yield scene[:place] + scene[place + 1 :]
        earlier = stop.at - (scene[place - 1].at if place else 0)
        if earlier > 0 and not isinstance(stop.event, Due):
            yield (*scene[:place], *(Stop(later.event, later.at - earlier) for later in scene[place:]))


def _size(scene: Sequence[Stop]) -> tuple[int, int]:
    return len(scene), sum(stop.at for stop in scene)


class _Chooser(Generic[S]):
    """Draws the steps of a walk."""

    def __init__(self, st: Any, joint: Joint[S], payloads: Mapping[type[Any], SearchStrategy[Any]] | None, dead: int) -> None:
        self.st = st
        self.joint = joint
        self.payloads = payloads or {}
        self.dead = dead
        self.lively = _lively(joint)

    def step(self, draw: Callable[[Any], Any], drawn: Walk[S]) -> bool:
        """One step: an event (usually a live one) now or around the next timer, or the timer itself. Whether anything was live."""
        st, due = self.st, drawn.due
        every = list(drawn.world.stimuli(drawn.data))
        live, going = self._sorted(drawn, every)
        if due is not None and (not every or draw(st.integers(0, 7)) == 7):  # noqa: PLR2004 - an eighth of the steps
            drawn.fire()
            return True
        if not every:
            return False
        if not going or draw(st.integers(1, self.dead)) == self.dead:
            chosen = draw(st.sampled_from(every))
        else:
            chosen = draw(st.sampled_from(draw(st.sampled_from(list(going.values())))))
        if type(chosen) in self.payloads:
            chosen = draw(self.payloads[type(chosen)])
        at = drawn.now
        if due is not None:
            moment = draw(st.sampled_from(_MOMENTS))
            at = {"now": at, "before": max(at, due - JITTER), "at": due, "after": due + JITTER}[moment]
        drawn.come(chosen, at)
        return live or due is not None

    def _sorted(self, drawn: Walk[S], every: Sequence[object]) -> tuple[bool, dict[object, list[object]]]:
        """Whether anything is live, and the live events by class: one with many candidates is no likelier than another.

        Those that lead to where it can only end are left to the rare draws: a walk that closes at every chance gets nowhere.
        """
        live, going = False, dict[object, list[object]]()
        for event in every:
            ways = [(node, way.node) for node, way in _ways(self.joint, drawn.data, event) if way.acts]
            live = live or bool(ways)
            if ways and not any(node in self.lively and goal is not None and goal not in self.lively for node, goal in ways):
                going.setdefault(_key(event), []).append(event)
        return live, going


def _hypothesis() -> tuple[Any, Any]:
    """Hypothesis and its strategies."""
    try:
        import hypothesis
        from hypothesis import strategies
    except ImportError as missing:
        raise MissingExtra("test", "walks") from missing
    return hypothesis, strategies
