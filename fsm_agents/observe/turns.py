"""What a timeline is made of: turns of the caller, speech of the agent, interruptions. All times in µs of the recording's clock."""

from __future__ import annotations

import attrs

__all__ = ["Interruption", "Span", "Speech", "Spoken", "Turn", "Words"]


@attrs.define
class Span:
    """Something that lasted.

    Attributes:
        what: A label, or the name of a state.
        begin: When it began.
        end: When it ended; ``None`` if it had not when the recording stopped.
    """

    what: str
    begin: int
    end: int | None = None


@attrs.define
class Speech:
    """One stretch of the agent's sound. A reply that was held and resumed has several.

    Attributes:
        reply: The number of the reply.
        begin: First frame.
        end: Last frame; ``None`` if it sounded when the recording stopped.
        how: Why it ended: ``played``, ``cut``, ``failed``, ``held`` (the caller talks over it), ``waiting`` (more is to come).
    """

    reply: int
    begin: int
    end: int | None = None
    how: str = ""


@attrs.define
class Spoken:
    """One thing that was said, as the session's history has it.

    Attributes:
        number: 1 is the first. What is told again with the same number is known better now.
        who: ``caller`` or ``agent``.
        at: When history first had it: the caller's when it was answered, the agent's when it was over.
        text: The words; the agent's as far as they were heard. Empty: there was nothing, after all.
        reply: The number of the reply, if it was the agent.
        interrupted: Whether it was cut.
        known: When the words that are here now were known; the same as ``at`` unless they came late.
    """

    number: int
    who: str
    at: int
    text: str
    reply: int = 0
    interrupted: bool = False
    known: int = 0


@attrs.frozen
class Words:
    """A transcript as it came.

    Attributes:
        at: When.
        text: The words; empty: nothing was said.
        final: Whether they are settled.
        complete: For interim words: whether they are a whole sentence of what was expected.
        segment: Which stretch of speech they are of.
        late: Whether their turn was taken before they came.
    """

    at: int
    text: str
    final: bool
    complete: bool
    segment: int
    late: bool


@attrs.define
class Turn:
    """One turn of the caller, from the first sound to the end of the reply.

    Attributes:
        number: 1 is the first.
        first: The number of the step it began with.
        last: The number of the step that ended it: its reply was over. So far, if it is not.
        heard: The transcripts, in the order in which they came.
        text: What the caller said: what was taken as said, or the words that were settled later.
        told: What was taken as said: what the tables were told.
        settled: When the words were settled that were not known when the turn was taken; ``None``: there are no such words.
        started: When the detector heard the caller begin; ``None``: it missed it.
        stopped: When the detector heard the caller's last silence begin; ``None``: the turn was taken before.
        taken: When the turn was taken.
        reply: The number of the reply that answered, or was to.
        begun: When that reply was begun.
        audible: When its answer sounded first; ``None``: it never did.
        over: When the reply was over.
        how: How it ended: ``played``, ``cut``, ``failed``; empty if it had not.
        why: Why it was cut or failed.
    """

    number: int
    first: int
    last: int
    heard: list[Words] = attrs.field(factory=list)
    text: str = ""
    told: str = ""
    settled: int | None = None
    started: int | None = None
    stopped: int | None = None
    taken: int | None = None
    reply: int | None = None
    begun: int | None = None
    audible: int | None = None
    over: int | None = None
    how: str = ""
    why: str = ""

    @property
    def speaking(self) -> int | None:
        """µs from the caller's first sound to the last silence, as the detector heard it."""
        return _between(self.started, self.stopped)

    @property
    def endpointing(self) -> int | None:
        """µs from the caller's last silence to taking the turn."""
        return _between(self.stopped, self.taken)

    @property
    def thinking(self) -> int | None:
        """µs from taking the turn to the first sound of the answer."""
        return _between(self.taken, self.audible)

    @property
    def response(self) -> int | None:
        """µs from the caller's last silence to the first sound of the answer: what a caller feels."""
        return _between(self.stopped, self.audible)

    @property
    def answering(self) -> int | None:
        """µs from the first sound of the answer to the end of the reply."""
        return _between(self.audible, self.over)


@attrs.define
class Interruption:
    """The caller spoke while the agent did.

    Attributes:
        reply: The reply that was talked over.
        at: When the caller began.
        until: When it was decided; ``None``: not yet.
        outcome: ``cut`` (the reply ended), ``resumed`` (it was a cough), ``over it`` (the reply went on: it could not be interrupted),
            ``ended`` (the reply was over anyway); empty: undecided.
    """

    reply: int
    at: int
    until: int | None = None
    outcome: str = ""


def _between(begin: int | None, end: int | None) -> int | None:
    return None if begin is None or end is None else end - begin
