"""What the caller does, told to the flow: turns, keys, silence; and what the flow says, held back while the caller's words come first.

Each word is told once. A sentence that was meant for an earlier prompt does not count against the caller: it is dropped, the log says why,
and what was not heard is said.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import attrs

from fsm_agents.flows.machine.around import Keypad
from fsm_agents.flows.machine.effects import SayLines
from fsm_agents.flows.words.recogniser import Progress
from fsm_agents.fsm.joint import Arm, Step
from fsm_agents.fsm.rows import Kind
from fsm_agents.machines.caller import Caller
from fsm_agents.machines.turn import Turn
from fsm_agents.session.flows.ears import WHOLE
from fsm_agents.session.flows.says import Group
from fsm_agents.stages.base import Transcript

if TYPE_CHECKING:
    from fsm_agents.machines.talk import Talk
    from fsm_agents.session.flows.voice import FlowVoice
    from fsm_agents.session.session import AgentSession

__all__ = ["FlowTurns"]

log = logging.getLogger("fsm_agents")

_WITH_FLOOR = (Caller.TALKING, Caller.TRAILING, Caller.PAUSING, Caller.TRANSCRIBING)


class FlowTurns:
    """The caller of one session, for its flow.

    Args:
        voice: The flow in the session.

    Attributes:
        answering: What is said now answers what the caller said last.
        held: What is said when the floor is free, unless the caller's words answer it first.
    """

    def __init__(self, voice: FlowVoice) -> None:
        self._voice = voice
        session: AgentSession = voice.session
        self._talk: Talk = session.host.driver.talk
        self.answering = False
        self.held: SayLines | None = None
        self._prompt_over = False  # what is said now follows a prompt that is over
        self._keys_come = False
        self._early: list[str] = []
        self._touched = 0.0  # when a key was pressed last
        session.watch(self._look)

    # --- what the flow says --------------------------------------------------------------------------------------------------------------

    def say(self, said: SayLines) -> None:
        """Say it: at once, or when the floor is free. What follows a prompt waits for the words that cut it, or came while it sounded."""
        voice, held = self._voice, self.held
        self.held = None
        if held is not None:
            said = SayLines((*held.lines, *said.lines), said.barge_in, held.entry or said.entry)
        if self._prompt_over and not voice.run.ended and self._caller_first():
            self.held = said
            return
        if not self.answering and voice.asking.outdated:  # what the model was saying is not so any more
            voice.session.interrupt(force=True)
        voice.says.say(said, voice.run, answer=self.answering)

    def over(self, group: Group) -> None:
        """Lines are over: played, or cut."""
        voice = self._voice
        if voice.speaking and group.run is voice.run and not group.refused:
            self._prompt_over = True
            try:
                if group.cut:
                    voice.run.interrupted()
                if group.said.entry:
                    voice.run.prompt_heard()
            finally:
                self._prompt_over = False
        voice.settle()

    def flush(self) -> None:
        """Say what was held back, if the floor is free."""
        held = self.held
        if held is not None and not self._caller_first():
            self.held = None
            self._voice.says.say(held, self._voice.run, answer=False)

    def _caller_first(self) -> bool:
        """Whether something of the caller's is on its way to the flow."""
        return self._keys_come or bool(self._talk.pending) or self._talk.cell("caller").state in _WITH_FLOOR

    def _look(self, _now: int, _step: Step) -> None:
        """Watch the floor become free."""
        if self.held is not None and self._talk.cell("turn").state is Turn.LISTENING:
            self._voice.session.host.driver.timers.call(0, self.flush)

    # --- turns ---------------------------------------------------------------------------------------------------------------------------

    def heard(self, transcript: Transcript) -> Transcript:
        """What speech-to-text heard, before the tables are told. A sentence of the state cuts a prompt that yields to nothing else."""
        voice = self._voice
        shown, progress = voice.ears.take(transcript)
        if voice.says.barge_in != "match" or not shown.text:
            return shown
        if progress in WHOLE:
            if set(self._talk.firm) <= voice.says.numbers:
                voice.session.interrupt(force=True)
        elif progress is Progress.NONE and transcript.final:
            log.info(
                "%d characters of the caller are dropped: they came over a prompt that only an answer may cut",
                len(transcript.text),
            )
            return attrs.evolve(shown, text="")
        return shown

    def taken(self, texts: tuple[str, ...]) -> None:
        """A reply to the caller begins: tell the flow what was said. No texts: what was said before is still not answered."""
        voice = self._voice
        words = [voice.ears.opened(text) for text in texts]
        for each in texts:
            voice.ears.forget(each)
        if not voice.begun:
            self._early += words
        elif voice.run.ended:
            log.info("%s is over: %d turns of the caller are not answered", voice.run.flow.id, len(words))
        elif words:
            self._answer(words)
        elif voice.asking.question is None and voice.says.unheard is not None:
            voice.says.say(voice.says.unheard, voice.run, answer=True)

    def begin(self) -> None:
        """The flow has begun: tell it what was said before, if its first state takes that."""
        early, self._early = self._early, []
        if early:
            self._answer(early)

    def _answer(self, turns: list[str]) -> None:
        """Tell the flow turns that came before it could answer: all as one sentence if that is one, else the last that the state takes."""
        whole = " ".join(turns)
        candidates = (whole, *reversed(turns)) if len(turns) > 1 else ()
        text = next((each for each in candidates if self._takes(each)), whole)
        if text is not whole and len(text) < len(whole):
            log.info("%d characters of the caller are dropped: later words were taken", len(whole) - len(text))
        with self.as_answer():
            self._tell(text)

    def _tell(self, text: str) -> None:
        voice = self._voice
        held, self.held = self.held, None
        if (held or voice.says.live or voice.says.unheard) and not self._takes(text):
            log.info("%s: %d characters of the caller are dropped: what is asked was not heard yet", voice.run.flow.id, len(text))
            again = held or (None if voice.says.live else voice.says.unheard)
            if again is not None:
                voice.says.say(again, voice.run, answer=self.answering)
            return
        count = voice.says.count
        step = voice.run.heard(text)
        if step is not None and step.trail and step.trail[-1][1].row.kind is Kind.DROP:
            log.info("%s: %d characters of the caller are dropped: a tool or a hand-off is at work", voice.run.flow.id, len(text))
        if held is not None and voice.says.count == count and voice.asking.question is None:
            voice.says.say(held, voice.run, answer=self.answering)

    def _takes(self, text: str) -> bool:
        """Whether some edge of the state takes a sentence, or a model looks at it."""
        run = self._voice.run
        state = run.flow.state(run.data)
        if state is None or state.judged or state.spec.kind == "talk":
            return state is not None
        return bool(run.flow.recogniser(run.data).read(text, run.moment))

    # --- silence ---------------------------------------------------------------------------------------------------------------------------

    def silence(self) -> bool:
        """The session's wake-up. Returns whether the flow has it: where the flow listens, silence is ``no_input``."""
        voice = self._voice
        if not voice.speaking or voice.run.ended:
            return False
        state = voice.run.flow.state(voice.run.data)
        if state is None or not state.listens:
            return False
        if voice.asking.busy or voice.run.data.cell("keypad").state is Keypad.ENTERING:
            return True
        delay = self._talk.delays[next(timer for timer in self._talk.delays if timer.name == "wake_up")] or 0
        left = round((self._touched - anyio.current_time()) * 1_000_000) + delay
        if self._touched and left > 0:  # a key ended the silence
            driver = voice.session.host.driver
            driver.timers.arm(Arm("turn", "wake_up", left, self._talk.cell("turn").epoch))
        elif voice.says.unheard is not None:
            voice.says.say(voice.says.unheard, voice.run, answer=False)
        else:
            voice.run.silence()
        return True

    # --- keys ------------------------------------------------------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        """The caller pressed a key: it ends the silence, cuts what may be cut, and is told to the flow."""
        voice = self._voice
        if not voice.speaking or voice.run.ended:
            log.info("a key is not told: nobody waits for it")
            return
        self._touched = anyio.current_time()
        self._keys_come = True
        try:
            cuts = voice.says.barge_in
            if cuts == "any" or (cuts == "match" and self._means(key)):
                voice.session.interrupt(force=cuts == "match")
            held, self.held = self.held, None
            count = voice.says.count
            voice.run.pressed(key)
        finally:
            self._keys_come = False
        if held is not None and voice.says.count == count:
            self.held = held
        self.flush()

    def _means(self, key: str) -> bool:
        """Whether a key means something where the flow stands."""
        run = self._voice.run
        state = run.flow.state(run.data)
        if state is None:
            return False
        pressed = any(getattr(edge.trigger, "key", "") == key for edge in state.keys)
        return pressed or bool(state.slot)

    # --- where the flow stands ---------------------------------------------------------------------------------------------------------------

    @contextmanager
    def as_answer(self) -> Generator[None]:
        """What is said inside answers what the caller said last."""
        before, self.answering = self.answering, True
        try:
            yield
        finally:
            self.answering = before
