"""The one door: a step at once or next, effects started and not awaited, failures kept inside, watchers that cannot steer, threads."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import attrs
import pytest

from fsm_agents import MisuseError
from fsm_agents.fsm.engine import Fault
from fsm_agents.fsm.joint import Step
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.machines.session import Session
from fsm_agents.machines.talk import Talk
from fsm_agents.runtime.driver import Driver
from fsm_agents.runtime.perform import performer
from fsm_agents.runtime.threads import run_in_thread

pytestmark = pytest.mark.anyio


@attrs.define(eq=False)
class World:
    """A driver whose effects are noted, and may fail or post."""

    fails: tuple[type[Any], ...] = ()
    done: list[object] = attrs.field(factory=list)
    posts: dict[type[Any], object] = attrs.field(factory=dict)
    driver: Driver[Talk] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.driver = Driver(CONVERSATION, new_talk(), self.perform)

    def perform(self, effect: object) -> None:
        """Note it, fail, or post what belongs to it."""
        self.done.append(effect)
        if isinstance(effect, self.fails):
            raise RuntimeError("no")
        if type(effect) in self.posts:
            assert self.driver.post(self.posts[type(effect)]) is None

    @property
    def session(self) -> object:
        """Where the session stands."""
        return self.driver.talk.cell("session").state


async def test_a_step_runs_at_once() -> None:
    """Its effects are started before ``post`` returns."""
    world = World()
    step = world.driver.post(on.StartAsked())
    assert step is not None
    assert world.done == step.effects == [do.JoinRoom(), do.RunOnEnter()]
    assert world.session is Session.STARTED


async def test_what_is_posted_inside_a_step_comes_next_and_in_order() -> None:
    """Never in the middle of it."""
    world = World()
    world.posts = {do.JoinRoom: on.Entered(), do.RunOnEnter: on.LeaveAsked()}
    world.driver.post(on.StartAsked())
    assert world.session is Session.LEFT
    assert world.done == [do.JoinRoom(), do.RunOnEnter(), do.LeaveRoom()]


async def test_an_event_that_cannot_be_stepped_closes_the_session_and_spares_the_poster() -> None:
    """States and data are as before that step."""
    world = World()
    world.driver.post(on.StartAsked())
    assert world.driver.post(object()) is not None
    assert world.session is Session.EXITING
    assert "step on object failed: MisuseError" in world.driver.talk.reason


async def test_an_effect_that_cannot_be_started_closes_the_session_and_the_others_are_started() -> None:
    """The second effect of the same step runs all the same."""
    world = World(fails=(do.JoinRoom,))
    world.driver.post(on.StartAsked())
    assert do.RunOnEnter() in world.done
    assert world.driver.talk.reason == "error: the effect JoinRoom failed: RuntimeError: no"


async def test_a_close_that_fails_is_not_asked_for_again_and_again(caplog: pytest.LogCaptureFixture) -> None:
    """Asking would fail for ever."""
    world = World()
    world.driver.joint = attrs.make_class("Broken", ["step"])(lambda _talk, _event: 1 / 0)
    world.driver.post(on.CloseAsked("enough"))
    world.driver.post(on.StartAsked())
    assert "cannot even be told" in caplog.text


async def test_every_effect_failing_does_not_loop() -> None:
    """However many fail."""
    world = World(fails=(object,))
    for event in (on.StartAsked(), on.Entered(), on.SpeechStarted(), on.CloseAsked("x"), on.Exited(), on.TornDown()):
        world.driver.post(event)
    assert world.session is Session.CLOSED


async def test_a_watcher_sees_every_step_at_rest_and_cannot_harm(caplog: pytest.LogCaptureFixture) -> None:
    """One that raises is logged; the others see it all the same, before the effects are started."""
    world = World()
    seen: list[tuple[int, Step, int]] = []

    def broken(at: int, step: Step) -> None:
        raise ValueError("watcher")

    world.driver.watchers += [broken, lambda at, step: seen.append((at, step, len(world.done)))]
    await anyio.sleep_until(2.5)
    world.driver.post(on.StartAsked())
    world.driver.post(on.Entered())
    assert [(at, type(step.event), done) for at, step, done in seen] == [
        (2_500_000, on.StartAsked, 0),
        (2_500_000, on.Entered, 2),
    ]
    assert "a watcher failed" in caplog.text


async def test_a_watcher_that_posts_comes_after_the_step_it_saw() -> None:
    """It should not; nothing breaks."""
    world = World()
    world.driver.watchers.append(
        lambda _at, step: world.driver.post(on.LeaveAsked()) if isinstance(step.event, on.Entered) else None  # type: ignore[arg-type,func-returns-value]
    )
    world.driver.post(on.StartAsked())
    world.driver.post(on.Entered())
    assert world.session is Session.LEFT


async def test_another_thread_of_ours_is_handed_to_the_loop() -> None:
    """A sync tool may use its session; steps run in the loop's own thread."""
    from contextvars import copy_context

    world = World()
    world.driver.enter(copy_context())
    seen: list[int] = []
    world.driver.watchers.append(lambda _at, _step: seen.append(threading.get_ident()))
    await run_in_thread(world.driver.in_loop, world.driver.post, on.StartAsked())
    assert seen == [threading.get_ident()]
    assert world.session is Session.STARTED


async def test_a_thread_of_somebody_else_is_refused_before_anything_happens() -> None:
    """It gets an error that says what to do, and the tables stand where they stood."""
    from contextvars import copy_context

    world = World()
    world.driver.enter(copy_context())
    caught: list[BaseException] = []

    def run() -> None:
        try:
            world.driver.in_loop(world.driver.post, on.StartAsked())
        except MisuseError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "hand the call to the loop" in str(caught[0])
    assert world.session is Session.CREATED


async def test_every_effect_of_the_tables_has_a_performer() -> None:
    """And each goes to its part: a missing one would close the session when it is first needed."""

    class Part:
        def __init__(self, name: str) -> None:
            self.name = name

        def __getattr__(self, method: str) -> Any:
            return lambda *given, **named: told.append((self.name, method, *given, *named.values()))

    class Parts:
        ear, mouth, host = Part("ear"), Part("mouth"), Part("host")

    told: list[tuple[Any, ...]] = []
    perform = performer(Parts())
    say = on.Say(1, "x")
    given = {"reply": 7, "segment": 3, "reason": "why", "say": say, "texts": ("t",), "says": (say,), "text": "words"}
    for name in do.__all__:
        cls = getattr(do, name)
        fields = {field.name: given[field.name] for field in attrs.fields(cls) if field.name in given}
        perform(cls(**fields))
    perform(Fault("turn", "AWAY", "WordsHeard"))
    assert len(told) == len(do.__all__) + 1
    assert ("mouth", "begin", 7, ("t",), (say,), False) in told
    assert ("mouth", "cancel", 7, "why") in told
    assert ("host", "discarded", "words", "why") in told
