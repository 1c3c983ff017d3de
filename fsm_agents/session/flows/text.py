"""``FlowSession``: a flow as text, with no audio; for chat, for messages that come hours apart, and for tests.

    session = FlowSession(flow)
    for said in await session.send("two large pizzas"):
        print(said)

A call gives back what the agent says until the flow waits for the caller: tools and models are awaited in it, with the flow's own time
limits. Inside ``async with`` the flow's clock runs on between two calls (``after 40s``); without it, it stands still.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeAlias

import anyio

from fsm_agents.chat.history import ChatContext
from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.build import BEGIN
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.effects import AskModel
from fsm_agents.flows.machine.events import NotJudged, Proposed
from fsm_agents.flows.machine.secret import Secret
from fsm_agents.fsm.codec import HIDDEN
from fsm_agents.fsm.joint import Shared
from fsm_agents.runtime.driver import Watcher
from fsm_agents.session.agent import Agent
from fsm_agents.session.flows.model import ask
from fsm_agents.session.flows.question import Question
from fsm_agents.session.flows.recorded import TextLog
from fsm_agents.session.flows.run import local_now
from fsm_agents.session.flows.said import Emitted, Ended, HandedOver, Out, Said
from fsm_agents.session.flows.saved import checked_id, read_saved, write_saved
from fsm_agents.session.flows.text_host import TextHost
from fsm_agents.session.flows.tools import StandIn, TextTools, by_example
from fsm_agents.stages.base import LLM

__all__ = ["Emitted", "Ended", "FlowSession", "HandedOver", "Judge", "Out", "Said"]

Judge: TypeAlias = Callable[[Question], Awaitable["Proposed | NotJudged"]]
"""Who answers in place of a model: a person, a script."""

MOST_SAID = 10_000
"""Characters that a caller may say at once."""
MOST_KEYS = 100
"""Keys that a caller may press at once."""
_KEYS = frozenset("0123456789*#")


@strict_keywords
class FlowSession:
    """One conversation in a flow, as text.

    Every call returns what the agent says until the flow waits for the caller: :class:`Said`, :class:`Emitted`, :class:`HandedOver` and at
    last :class:`Ended`. If a call is cancelled, the tools it waits for are cancelled too, and the next call goes on where the flow is: a
    tool is asked again with the same idempotency key. A tool with ``once = true`` is never cut: a call that leaves it behind, or that is
    cancelled, returns when it has ended; inside ``async with`` it goes on by itself.

    Args:
        flow: The flow, bound to its tools.
        id: The session's name, which stands before the idempotency keys of its tools; left out: a new one.
        llm: The model, for ``llm`` edges and ``talk`` states.
        judge: Who answers in place of the model.
        agent: Its instructions are the model's; its tools, and the tools of its servers that the flow lists with ``mcp = true``, may be
            used where the flow allows it. Servers run inside ``async with``.
        examples: What tools answer that no host gave: their ``example`` (``True``), or what this gives for one; ``False``: they fail.
        waits: Whether ``wait`` lines are said while a tool works.
        clock: Whether the flow's own times run: ``after``, and the time limits of tools. Without, they are over when :meth:`after` and
            :meth:`time_out` say so.
        now: The date and time where the caller is.

    Raises:
        FlowError: A value is used on a way on which it is not set (F404).
        MisuseError: The flow needs a model and there is none; or the id cannot be one.
    """

    def __init__(  # noqa: PLR0913 - keywords, each documented
        self, flow: Flow, *, id: str | None = None, llm: LLM | None = None, judge: Judge | None = None,  # noqa: A002 - what it is
        agent: Agent | None = None, examples: bool | StandIn = False, waits: bool = False, clock: bool = True,
        now: Callable[[], datetime] = local_now,
    ) -> None:  # fmt: skip
        if not isinstance(flow, Flow):
            raise MisuseError(f"FlowSession({type(flow).__name__}): give a Flow, by Flow.load(path)")
        flow.ready()
        self.flow, self.id = flow, checked_id(str(uuid.uuid4()) if id is None else id)
        self._llm, self._judge, self._agent, self._waits, self._clock, self._now = llm, judge, agent, waits, clock, now
        if llm is None and judge is None and (needs := _judged(flow)):
            raise MisuseError(f"{flow.id} asks a model in {needs}: give llm=…, or judge=… (who answers in its place)")
        stand_in = by_example if examples is True else examples or None
        self._tools = TextTools(flow, agent, stand_in)
        self._host = self._hosted(None, ChatContext())
        self._stored = False
        self._busy = False
        self._home: Any = None

    def _hosted(self, data: FlowData | None, history: ChatContext) -> TextHost:
        host = TextHost(self.flow, self.id, self._tools, self._now, data, history)
        host.answerer = self._answer
        timers = {timer.name for _, timer in self.flow.joint.timers.values()}
        off = {name for name in timers if not self._clock or (name == "wait" and not self._waits)}
        talk: Shared = host.run.data
        talk.delays = self.flow.joint.start(FlowData(), dict.fromkeys(off)).delays
        return host

    @classmethod
    def restore(cls, flow: Flow, saved: object, *, key: bytes | None = None, resumed: bool = True, **options: Any) -> Self:
        """The conversation that :meth:`save` gave, perhaps with a later version of the flow. The next call tells the flow ``resumed``.

        Args:
            flow: The flow.
            saved: What was saved, as JSON values. It is checked against the flow, so it cannot break anything; but what is well made is
                taken, whoever wrote it. Keep it where only you can write, or sign it: ``save(key=…)``.
            key: The key it was signed with; with one, an unsigned or edited conversation is refused (F808).
            resumed: Whether the caller notices that it was stored: a state asks again, unless a row says otherwise. Give ``False`` where
                every message is stored and restored: then only what was being worked on is asked for again, and a secret that was not
                stored: if one was known that may still be used, the flow goes on in the nearest state before that asks for it.
            options: As of the class, but for ``id``.

        Raises:
            MisuseError: It is no stored session, or the key is none.
            FlowError: It is none of this flow, or of a version that this one does not migrate, or was edited, or needs a secret that
                nothing asks for again (F8).
        """
        found = read_saved(flow, saved, key)
        session = cls(flow, id=found.id, **options)
        session._host = session._hosted(found.data, found.history)
        session._stored = resumed or found.asks
        return session

    def save(self, *, key: bytes | None = None) -> dict[str, Any]:
        """The conversation as plain JSON, without secrets. At any time, also while a tool works: it is asked again then.

        Args:
            key: Sign it with this key, of 16 bytes and more (``secrets.token_bytes(32)``): nobody without the key can change it unseen.

        Raises:
            MisuseError: The key is none.
        """
        return write_saved(self.flow, self._host.run.data, self.id, self._host.history, key)

    # --- what happens ------------------------------------------------------------------------------------------------------------------

    async def begin(self) -> list[Out]:
        """Begin, or go on after it was restored; the first other call does it too."""
        return await self._turn(None)

    async def send(self, text: str) -> list[Out]:
        """The caller says something.

        Args:
            text: 1 to 10,000 characters.

        Raises:
            MisuseError: It is no such text; another call is running; or the conversation is over. So of all calls.
        """
        if not isinstance(text, str):
            raise MisuseError(f"send({type(text).__name__}): give what the caller said, a text")
        if not text.strip():
            raise MisuseError("send() got no words; that the caller says nothing is silence()")
        if len(text) > MOST_SAID:
            raise MisuseError(f"send() got {len(text):,} characters; a caller says at most {MOST_SAID:,} at once")
        return await self._turn(lambda: self._host.hear(text))

    async def press(self, keys: str) -> list[Out]:
        """The caller presses keys, all of an entry at once: ``"1"``, ``"5551234#"``."""
        if not isinstance(keys, str) or not keys or len(keys) > MOST_KEYS or not _KEYS.issuperset(keys):
            raise MisuseError(f"press({str(keys)[:40]!r}): give 1 to {MOST_KEYS} of the keys 0 to 9, * and #")
        return await self._turn(lambda: self._host.press(keys))

    async def silence(self) -> list[Out]:
        """The caller says nothing for as long as the state waits."""
        return await self._turn(self._host.run.silence)

    async def after(self) -> list[Out]:
        """The next ``after`` time of the state is over; nothing happens where there is none."""
        return await self._turn(self._host.run.after)

    def time_out(self) -> None:
        """The tool or hand-off that a running call waits for takes too long: its time is over."""
        self._host.run.time_out()

    async def event(self, name: str) -> list[Out]:
        """The host sends one of the flow's ``events``. While another call runs it returns at once, and what is said comes with that one."""
        self.flow.check_event(name)
        return await self._from_outside(lambda: self._host.run.sent(name))

    async def hang_up(self) -> list[Out]:
        """The caller leaves. While another call runs it returns at once, as :meth:`event` does."""
        return await self._from_outside(self._host.run.hung_up)

    async def later(self) -> list[Out]:
        """Wait for what the flow says by itself: a timer, an event. Only inside ``async with``; cancelling it changes nothing."""
        if self._home is None:
            raise MisuseError("later() waits for the flow's clock, which runs inside  async with FlowSession(…)  only")
        with self._alone():
            while not self._host.has_news and not self.ended:
                await self._host.stirred()
            await self._host.rest()
        return self._host.taken()

    async def _from_outside(self, act: Callable[[], object]) -> list[Out]:
        if self._busy and not self.ended:
            act()
            return []
        return await self._turn(act)

    def watch(self, watcher: Watcher) -> None:
        """See every step at rest, with the time in µs of the loop's clock. A watcher may not call the session."""
        self._host.run.driver.watchers.append(watcher)

    def record(self, write: Callable[[str], object], *, call: str = "") -> None:
        """Write each step from now on: the log that ``fsm-agents why``, ``stats``, ``replay`` and ``show --calls`` read. No secret is in it.

        Args:
            write: Called with each line: ``file.write``. If it raises the log ends, and the conversation goes on.
            call: What the call is called in reports; left out: the name of the log's file.
        """
        TextLog(self._host.run, write, call)

    # --- one turn ----------------------------------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Generator[None]:
        if self._busy:
            raise MisuseError("another call of this session is running; await it first")
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    async def _turn(self, act: Callable[[], object] | None) -> list[Out]:
        if self.ended and not self._host.has_news:
            raise MisuseError(f"the conversation is over (outcome: {self.outcome or 'none'}); begin another FlowSession")
        with self._alone():
            if self._home is not None:
                await self._taken_turn(act)
            else:
                await self._own_turn(act)
        return self._host.taken()

    async def _own_turn(self, act: Callable[[], object] | None) -> None:
        """A turn with tasks of its own: they end with it, but for tools that must not be cut, which it waits for."""
        if self._tools.needs_servers:
            raise MisuseError("tool servers of an agent run inside  async with FlowSession(…)  only")
        host = self._host
        failed: Exception | None = None
        async with anyio.create_task_group() as group:
            host.group = group
            host.start_clock()
            try:
                await self._taken_turn(act)
            except Exception as broken:  # raised below, without a group around it
                failed = broken
            finally:
                group.cancel_scope.cancel()
        host.group = None
        if failed is not None:
            raise failed

    async def _taken_turn(self, act: Callable[[], object] | None) -> None:
        host = self._host
        try:
            if host.run.data.cell("flow").state == BEGIN:
                host.run.begin()
                await host.rest()
            elif self._stored or host.run.forsaken:
                self._stored = False
                host.run.resume()
                host.settle()
            if act is not None and not self.ended:
                act()
            await host.rest()
        except BaseException:
            host.stop()
            raise

    async def _answer(self, asked: AskModel) -> Proposed | NotJudged:
        run, own = self._host.run, self._agent.instructions if self._agent is not None else ""
        if self._judge is not None:
            return await self._judge(Question(run, asked, own))
        assert self._llm is not None  # noqa: S101 - the constructor asked
        return await ask(asked, run, self._llm, self._host.history, own)

    # --- inside async with -------------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Let the flow's clock run, and start the agent's tool servers."""
        if self._home is not None or self._busy:
            raise MisuseError("this session is in use already")
        group = anyio.create_task_group()
        await group.__aenter__()
        self._home = self._host.group = group
        self._host.start_clock()
        try:
            await self._tools.serve(self._host.spawn)
        except BaseException as broken:
            await self.__aexit__(type(broken), broken, broken.__traceback__)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, broken: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what may be stopped, and wait for what may not."""
        group, self._home = self._home, None
        self._host.stop()
        group.cancel_scope.cancel()
        try:
            await group.__aexit__(None, None, None)
        finally:
            self._host.group = None

    # --- what it is ----------------------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """Where the conversation is, by the state's flat name (``identify/phone``); empty before it began, and when the caller left."""
        return self._host.state

    @property
    def slots(self) -> dict[str, Any]:
        """What is known, by full name. Of a secret only that it is known."""
        return {
            name: HIDDEN if isinstance(value, Secret) else list(value) if isinstance(value, tuple) else value
            for name, value in self._host.run.data.slots
        }

    @property
    def results(self) -> Mapping[str, Mapping[str, Any]]:
        """What tools returned last, by full name."""
        return {tool: dict(fields) for tool, fields in self._host.run.data.results}

    @property
    def outcome(self) -> str:
        """How it ended; empty while it goes on."""
        return self._host.run.data.outcome

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._host.run.ended

    @property
    def history(self) -> ChatContext:
        """What was said, without secrets."""
        return self._host.history

    def __repr__(self) -> str:
        return f"<FlowSession {self.flow.id} {self.id}: {self.state or ('ended' if self.ended else 'not begun')}>"


def _judged(flow: Flow) -> str:
    """The states in which a flow asks a model."""
    names = [name for name, state in flow.flat.states.items() if state.spec.talk or (state.listens and state.judged)]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")  # noqa: PLR2004 - as above
