"""The conversation flow: what the agent answers. Users override ``run``, or give a flow's table; without either, the model is asked."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self, TypeGuard

from fsm_agents.errors import MisuseError

if TYPE_CHECKING:
    from fsm_agents.flows.flow import Flow
    from fsm_agents.flows.machine.effects import EmitEvent
    from fsm_agents.session.agent import Agent
    from fsm_agents.session.flows.voice import FlowVoice, Options
    from fsm_agents.session.session import AgentSession

__all__ = ["ConversationFlow", "opened", "reads_words"]

opened: ContextVar[list[AsyncGenerator[str]] | None] = ContextVar("fsm_agents_opened", default=None)
"""The model's answers that the running answer has asked for, closed with it; ``None`` outside one."""


class ConversationFlow:
    """What the agent answers to each turn of the caller.

    Either override ``run`` (an async generator of text), ``on_turn_start`` and ``on_turn_end`` as needed; ``process_with_llm()`` is the
    answer of the model with its tools. Or give a flow, and its table leads the conversation::

        flow = Flow.load("pizza.toml").bind(tools=[place_order])
        AgentSession(Agent(), pipeline, ConversationFlow(flow))

    The flow begins when ``on_enter`` has returned, and the session closes when the words of its end state were heard, for the reason that
    is its outcome. ``run`` is not called then; the other hooks are.

    Args:
        agent: The agent (the session sets it), or the flow.
        agents: With a flow: who takes over as ``agent:NAME``. The agent goes on with the model when the flow has ended.
        flows: With a flow: what goes on as ``flow:NAME`` when it has ended; slots that are carried are copied by name.
        ears: With a flow: whether speech-to-text hears only what it is told to expect (``"grammar"``) or anything (``"open"``);
            ``"auto"``: as it says itself. What a flow needs is checked when the session starts.
        on_event: With a flow: called with the name of each event that it emits and the slots that are set and not secret; sync or async.
        now: With a flow: the date and time where the caller is; left out: where this program runs.

    Attributes:
        on_event: As given; set it whenever you like.

    Raises:
        FlowError: a value is used on a way of the flow on which it is not set (F404), or a recording is missing.
        MisuseError: an option that needs a flow was given without one.
    """

    expects: Sequence[str] = ()
    """What the caller is expected to say now: a grammar for local speech-to-text, a hint for others. Read after each answer. A flow's table
    knows that by itself."""

    _options: Options | None = None

    def __init__(
        self, agent: Agent | Flow | None = None, *, agents: Mapping[str, Agent] | None = None, flows: Mapping[str, Flow] | None = None,
        ears: Literal["auto", "open", "grammar"] = "auto", on_event: Callable[[str, dict[str, Any]], Any] | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:  # fmt: skip
        self._session: AgentSession | None = None
        self.on_event = on_event
        if _is_flow(agent):
            from fsm_agents.session.flows.run import local_now  # here: most conversations have no table
            from fsm_agents.session.flows.voice import Options

            if ears not in ("auto", "open", "grammar"):
                msg = f"ConversationFlow(ears={ears!r}): give 'auto', 'open' or 'grammar'"
                raise MisuseError(msg)
            agent.ready()
            agent.recordings  # noqa: B018 - what cannot be played is an error here, and not in the call
            self._options = Options(
                agent, agents=agents or {}, flows=flows or {}, ears=ears, emitted=self._emitted, now=now or local_now
            )
            self.agent: Agent | None = None
            return
        if agents or flows or ears != "auto" or on_event is not None or now is not None:
            msg = f"{type(self).__name__}: agents, flows, ears, on_event and now belong to a flow: give it first, ConversationFlow(flow, …)"
            raise MisuseError(msg)
        self.agent = agent  # type: ignore[assignment]  # asked above

    @classmethod
    def restore(cls, flow: Flow, saved: Mapping[str, Any], *, key: bytes | None = None, **options: Any) -> Self:
        """The conversation that :meth:`save` (or that of a ``FlowSession`` in text) gave, to go on in another session.

        Args:
            flow: The flow.
            saved: What was saved. What is well made is taken, whoever wrote it: keep it where only you can write, or sign it.
            key: The key it was signed with; with one, an unsigned or edited conversation is refused.
            options: As of the class.

        Raises:
            FlowError: it is none of this flow, or of a version that this one does not migrate, or was edited, or needs a secret that
                nothing asks for again.
            MisuseError: it was not saved by a session, or the key is none.
        """
        from fsm_agents.session.flows.saved import read_saved

        made = cls(flow, **options)
        assert made._options is not None  # noqa: S101 - it was given a flow
        made._options.saved = read_saved(flow, saved, key)
        return made

    def __init_subclass__(cls, **options: Any) -> None:
        """A ``process_with_llm`` of one's own is closed with the answer that asked for it, as ours is."""
        super().__init_subclass__(**options)
        own: Any = cls.__dict__.get("process_with_llm")
        if inspect.isasyncgenfunction(own):

            @functools.wraps(own)
            def process_with_llm(self: ConversationFlow) -> AsyncIterator[str]:
                made: AsyncGenerator[str] = own(self)
                asked = opened.get()
                if asked is not None:
                    asked.append(made)
                return made

            cls.process_with_llm = process_with_llm  # type: ignore[method-assign]

    @property
    def session(self) -> AgentSession:
        """The session this flow is in."""
        if self._session is None:
            msg = f"{type(self).__name__} is in no session yet: AgentSession(conversation_flow=…) puts it in one"
            raise MisuseError(msg)
        return self._session

    @property
    def has_table(self) -> bool:
        """Whether a flow's table leads the conversation."""
        return self._options is not None

    # --- with a flow's table -------------------------------------------------------------------------------------------------------------

    @property
    def _voice(self) -> FlowVoice:
        voice = self.session.voice
        if voice is None:
            msg = f"this {type(self).__name__} has no table: give it a flow, ConversationFlow(flow)"
            raise MisuseError(msg)
        return voice

    def _joined(self, session: AgentSession) -> FlowVoice | None:
        """The session takes it."""
        if self._options is None:
            return None
        from fsm_agents.session.flows.voice import FlowVoice  # as above

        return FlowVoice(session, self._options)

    @property
    def state(self) -> str:
        """The state of the flow, as ``identify/phone`` in a sub-flow; empty before it begins and after the caller left."""
        voice = self._voice
        state = voice.run.flow.state(voice.run.data)
        return "" if state is None else state.name

    @property
    def slots(self) -> dict[str, Any]:
        """The slots that are set, by full name; what is secret is ``"***"``."""
        from fsm_agents.flows.machine.secret import Secret
        from fsm_agents.fsm.codec import HIDDEN

        plain = {name: HIDDEN if isinstance(value, Secret) else value for name, value in self._voice.run.data.slots}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}

    @property
    def outcome(self) -> str:
        """Of the end state; empty before."""
        outcome: str = self._voice.run.data.outcome
        return outcome

    async def send_event(self, name: str) -> None:
        """Tell the flow that one of its ``events`` has happened.

        Raises:
            MisuseError: the flow takes none of that name.
        """
        voice = self._voice
        voice.run.flow.check_event(name)
        if voice.speaking:
            self.session.in_loop(voice.run.sent, name)

    def press(self, keys: str) -> None:
        """The caller pressed keys: it ends the silence, and cuts what speech may cut.

        Raises:
            MisuseError: it is no key of a telephone.
        """
        if not isinstance(keys, str) or not keys or set(keys) - set("0123456789*#"):
            msg = f"press({keys!r}): give keys out of 0 to 9, * and #"
            raise MisuseError(msg)
        for key in keys:
            self.session.in_loop(self._voice.turns.press, key)

    def save(self, *, key: bytes | None = None) -> dict[str, Any]:
        """The conversation as plain JSON, without secrets: :meth:`restore` goes on with it, here or elsewhere.

        Args:
            key: Sign it with this key, of 16 bytes and more: nobody without the key can change it unseen.
        """
        from fsm_agents.session.flows.saved import write_saved

        voice = self._voice
        return write_saved(voice.run.flow, voice.run.data, voice.key, self.session.history, key)

    def _emitted(self, event: EmitEvent) -> None:
        tell = self.on_event
        if tell is not None:
            self.session.host.hooks.run("on_event", lambda: tell(event.name, dict(event.slots)), lambda _failed: None)

    # --- without one ---------------------------------------------------------------------------------------------------------------------

    async def run(self, transcript: str) -> AsyncIterator[str]:
        """The answer to a turn, in pieces of any size; sentences are spoken as they become whole.

        Args:
            transcript: What the caller said. It is in the history already.
        """
        async for text in self.process_with_llm():
            yield text

    async def on_turn_start(self, transcript: str) -> None:
        """Called with each turn of the caller, before ``run``."""

    async def on_turn_end(self) -> None:
        """Called when the reply to a turn is over: played, cut or failed."""

    def process_with_llm(self) -> AsyncIterator[str]:
        """The answer of the pipeline's model to the history, in pieces; tools are run as the model calls them."""
        return self.session.process_with_llm()


def _is_flow(given: object) -> TypeGuard[Flow]:
    """Whether it is a flow. Asked without importing what flows are made of: nobody has one who has not."""
    module = sys.modules.get("fsm_agents.flows.flow")
    return module is not None and isinstance(given, module.Flow)


def reads_words(flow: ConversationFlow) -> bool:
    """Whether a flow reads what the caller said before the answer is made; the default one leaves that to the model."""
    own, plain = type(flow), ConversationFlow
    return flow.has_table or own.run is not plain.run or own.on_turn_start is not plain.on_turn_start
