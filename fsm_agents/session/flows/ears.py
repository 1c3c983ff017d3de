"""The state of a flow is what the caller can be expected to say: for speech-to-text, for the end of the turn, and for what may be logged.

Grammars are made ahead, in a worker thread; what is heard is looked at inline (some 0.1 ms) and nothing here waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

import anyio
import attrs

from fsm_agents.errors import FSMAgentsError
from fsm_agents.flows.machine.flat import FlatState
from fsm_agents.flows.syntax import Goto
from fsm_agents.flows.words.recogniser import Progress, Recogniser
from fsm_agents.fsm.joint import Step
from fsm_agents.machines.caller import Caller
from fsm_agents.machines.events import SpeechStarted, SpeechStopped, TurnCompleted
from fsm_agents.runtime.threads import run_in_thread
from fsm_agents.session.flows.privacy import HeldWords
from fsm_agents.session.flows.run import FlowRun
from fsm_agents.stages.base import Transcript

if TYPE_CHECKING:
    from fsm_agents.session.session import AgentSession

__all__ = ["WHOLE", "FlowEars"]

log = logging.getLogger("fsm_agents")

JOINED = 0.4
"""Seconds of silence within a sentence that do not cut it for ears with a grammar: its parts are heard as one. An answer does not wait
for it: a whole sentence ends the turn by its interim words."""
MOST_CHAINED = 8
"""So many states that only say something are looked through for the words that are kept while they speak."""
MOST_AHEAD = 40
"""So many states are made ready ahead of the one where the flow stands; each is made once for all calls."""

WHOLE = (Progress.COMPLETE, Progress.ENDS)
"""What a sentence that some edge takes may be."""
_PREPARED: WeakKeyDictionary[Any, WeakSet[Recogniser]] = WeakKeyDictionary()
"""For each speech-to-text what was made ready for it; its sessions share it."""


def _ready_for(stt: Any) -> WeakSet[Recogniser]:
    try:
        return _PREPARED.setdefault(stt, WeakSet())
    except TypeError:  # there is none, or nobody can refer to it weakly
        return WeakSet()


class FlowEars:
    """The ears of one session, as its flow has them.

    Args:
        session: The session.
        run: Gives the conversation in its flow.
    """

    def __init__(self, session: AgentSession, run: Callable[[], FlowRun]) -> None:
        self._session, self._run = session, run
        self._stt = getattr(session.pipeline, "stt", None)
        self._ready = _ready_for(self._stt)
        self._known: tuple[Recogniser, ...] = ()
        self._made = set[tuple[Recogniser, ...]]()
        self._held = HeldWords(run)
        self._heard = 0  # counts what was heard, to know whether there is news
        self._wait: float | None = None  # seconds of silence that end the turn as it is now; None: the tables' own
        self._quiet_since = 0.0
        session.watch(self._look)

    @property
    def ends_turns(self) -> bool:
        """Whether the tables end a turn, and no model does."""
        return self._stt is not None or getattr(getattr(self._session.pipeline, "model", None), "tail", 0.0) is None

    @property
    def takes_grammars(self) -> bool:
        """Whether speech-to-text knows only what it is told to expect."""
        return hasattr(self._stt, "prepare")

    # --- what is expected --------------------------------------------------------------------------------------------------------------

    def follow(self, *, anew: bool = False) -> None:
        """The flow may stand in another state: tell speech-to-text what may be said there, and prepare what may come next."""
        known = tuple(self._recognisers())
        if known == self._known and not anew:
            return
        self._known = known
        self._session.host.expect(self._phrases(known))
        after = [tuple(self._of(state)) for state in self._next()]
        todo = [known for known in after if known not in self._made]
        if todo:
            self._session.host.spawn(partial(self._make_ready, todo), "grammars")

    async def get_ready(self) -> None:
        """Make the grammars of where the flow stands, and of what may come next.

        Raises:
            FSMAgentsError: speech-to-text cannot hear some word of them.
        """
        await run_in_thread(self._prepare, [tuple(self._recognisers()), *(tuple(self._of(state)) for state in self._next())])

    async def _make_ready(self, todo: list[tuple[Recogniser, ...]]) -> None:
        try:
            unread = [known for known in todo if not all(each in self._ready for each in known)]
            if unread:
                await run_in_thread(self._prepare, unread)
            for known in todo:
                await anyio.lowlevel.checkpoint()  # each takes some 10 ms of this thread: sound goes on between them
                self._make(known)
        except FSMAgentsError as broken:  # said again when the state is entered
            log.error("%s: speech-to-text cannot hear what may be said next: %s", self._run().flow.id, broken)

    def _prepare(self, todo: list[tuple[Recogniser, ...]]) -> None:
        if hasattr(self._stt, "pronounce"):
            scopes = self._run().flow.flat.scopes.values()
            self._stt.pronounce({word: sound for scope in scopes for word, sound in scope.spec.words.items()})  # type: ignore[union-attr]  # asked before
        for known in todo:
            phrases = self._phrases(known)
            if self.takes_grammars and phrases:
                self._stt.prepare(phrases)  # type: ignore[union-attr]  # asked before
            self._ready.update(known)

    def _make(self, known: tuple[Recogniser, ...]) -> None:
        """Have the session's own ear compile what may come next, so that entering the state only switches."""
        prepare = getattr(self._session.host.ear, "prepare", None)
        phrases = self._phrases(known)
        if self.takes_grammars and prepare is not None and phrases:
            prepare(phrases)
        self._made.add(known)

    def _phrases(self, known: tuple[Recogniser, ...]) -> tuple[str, ...]:
        """For ears that take a grammar the sentences, for all others the words that matter."""
        found = (phrase for each in known for phrase in (each.phrases() if self.takes_grammars else each.keywords()))
        return tuple(dict.fromkeys(found))

    def _recognisers(self) -> Iterator[Recogniser]:
        run = self._run()
        state = run.flow.state(run.data)
        if state is None and not run.ended:  # not begun: what is said now is answered in the first state
            state = run.flow.flat.states[run.flow.flat.start]
        if state is not None and not run.ended:
            yield from self._of(state)

    def _of(self, state: FlatState) -> Iterator[Recogniser]:
        """What a state understands, and where it only says something, what is understood when it has said it."""
        run, flat = self._run(), self._run().flow.flat
        waiting, seen = [state.name], set[str]()
        while waiting and len(seen) < MOST_CHAINED:
            name = waiting.pop(0)
            if name in seen:
                continue
            seen.add(name)
            yield run.flow.recogniser(run.data, flat.states[name])
            if flat.states[name].passes:
                waiting += [edge.target.state for edge in flat.states[name].named("said") if isinstance(edge.target, Goto)]

    def _next(self) -> list[FlatState]:
        """The states that the next sentence may lead to: also those behind questions it may have answered already, and behind a tool."""
        run = self._run()
        state, flat = run.flow.state(run.data), run.flow.flat
        found: dict[str, None] = {}
        waiting = [flat.start] if state is None else list(flat.nexts(state.name))
        while waiting and len(found) < MOST_AHEAD:
            name = waiting.pop(0)
            if name not in found:
                found[name] = None
                after = flat.states[name]
                if after.slot or after.works or after.passes:
                    waiting += flat.nexts(name)
        return [flat.states[name] for name in found]

    # --- what is heard -----------------------------------------------------------------------------------------------------------------

    def take(self, transcript: Transcript) -> tuple[Transcript, Progress]:
        """Look at a transcript of a turn.

        Returns:
            What the tables are told of it, and how the turn so far stands to what some edge takes.
        """
        if not transcript.text:
            return transcript, Progress.NONE
        if not self._known:
            return self.hidden(transcript), Progress.NONE
        text = self._so_far(transcript)
        progress = self._progress(text)
        if progress not in WHOLE and self._is_filler(text):
            log.info("%d characters of the caller are only a lead-in or a tail, and are left out", len(transcript.text))
            return attrs.evolve(transcript, text="", complete=False), progress
        self._end_turn(progress)
        ends = progress is Progress.ENDS and not transcript.final
        shown = attrs.evolve(transcript, complete=transcript.complete or ends)
        return self.hidden(shown), progress

    def _progress(self, text: str) -> Progress:
        found = [each.progress(text) for each in self._known]
        order = (Progress.COMPLETE, Progress.ENDS, Progress.PREFIX)
        if Progress.ENDS in found and Progress.PREFIX in found:  # a sentence of one state may go on as one of the next
            return Progress.COMPLETE
        return next((each for each in order if each in found), Progress.NONE)

    def _so_far(self, transcript: Transcript) -> str:
        """All that is heard of the turn, in order."""
        talk = self._session.host.driver.talk
        parts = {heard.segment: heard.text for heard in talk.heard} | {transcript.segment: transcript.text}
        return self.opened(" ".join(parts[segment] for segment in sorted(parts)))

    def _is_filler(self, text: str) -> bool:
        run = self._run()
        state = run.flow.state(run.data)
        if state is None or state.judged or state.spec.kind == "talk" or any(each.open for each in self._known):
            return False  # a model, or free text, takes anything
        vocabulary = self._known[0].vocabulary
        words = [word for word, _ in vocabulary.pack.normalise(text)]
        return bool(words) and set(words) <= vocabulary.fillers

    # --- what may be secret ------------------------------------------------------------------------------------------------------------

    def mark(self) -> None:
        """What the caller is saying now is a secret if one may be said here."""
        self._held.mark(self._session.host.driver.talk.open)

    def hidden(self, transcript: Transcript) -> Transcript:
        """A transcript as the tables may have it, also when the flow is over."""
        return self._held.hide(transcript)

    def opened(self, text: str) -> str:
        """A text of the tables, with the words in the place of names."""
        return self._held.opened(text)

    def forget(self, text: str) -> None:
        """The flow was told of these words."""
        self._held.forget(text)

    def shown(self, text: str) -> str:
        """A text of the tables, as history and a model may have it."""
        return self._held.shown(text)

    # --- the end of a turn -------------------------------------------------------------------------------------------------------------

    def _end_turn(self, progress: Progress) -> None:
        """How much silence ends the turn as it is now: a whole sentence needs less of it than one that was only begun."""
        run, turn = self._run(), self._session.pipeline.turn
        state = run.flow.state(run.data)
        defaults = run.flow.spec.defaults if state is None else state.scope.spec.defaults
        plain = turn.hangover + turn.endpoint
        if progress is Progress.ENDS:
            wait: float | None = turn.complete
        elif progress is Progress.COMPLETE:
            loose = any(each.open for each in self._known) or (state is not None and self._asks_digits(state))
            wait = max(plain, defaults.complete) if loose else defaults.complete
        elif progress is Progress.PREFIX:
            wait = None
        else:
            wait = plain
        self._heard += 1
        self._wait = wait
        self._schedule()

    def _asks_digits(self, state: FlatState) -> bool:
        return bool(state.slot) and self._run().flow.flat.slots[state.slot].type == "digits"

    def _look(self, _now: int, step: Step) -> None:
        """Watch the caller begin to speak, and fall silent."""
        self.mark()
        if isinstance(step.event, SpeechStopped):
            self._quiet_since = anyio.current_time()
            self._schedule()
        elif isinstance(step.event, SpeechStarted):
            self._heard += 1
            self._wait = None

    def _schedule(self) -> None:
        talk = self._session.host.driver.talk
        if self._wait is not None and talk.cell("caller").state in (Caller.TRAILING, Caller.PAUSING):
            due = max(0.0, self._quiet_since + self._wait - anyio.current_time())
            self._session.host.driver.timers.call(round(due * 1_000_000), partial(self._over, self._heard))

    def _over(self, heard: int) -> None:
        """Enough silence for what was said. The tables know whether the turn is there, and whole."""
        talk = self._session.host.driver.talk
        if heard == self._heard and talk.cell("caller").state in (Caller.TRAILING, Caller.PAUSING):
            self._wait = None
            self._session.post(TurnCompleted())
