"""One caller's ear: a decoder of its own that works inline while the caller speaks.

A push of 20 ms takes 0.3 ms (10 µs of it to read the words so far), the end of a segment 0.7 ms. Nothing here waits or starts a
thread: the engine holds the interpreter's lock anyway. This file may not look at files or download anything; the grammar was made
when the phrases were announced.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import attrs

from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.plugins.local.phrases import Node, PhraseSet
from fsm_agents.plugins.local.sphinx_fit import Fit, fit
from fsm_agents.plugins.local.voicing import Voicing
from fsm_agents.stages.base import Transcript

__all__ = ["Settings", "SphinxStream"]

#: Grammars that one decoder keeps; the one not used for the longest time goes first. A grammar is made again in 2 to 20 ms.
KEPT_GRAMMARS = 64

BREATH = 0.12
"""Seconds below which a last word may be a breath: the shortest words that end sentences ("two", "it") take 0.15 s and more."""

SELDOM = 0.1
"""How likely a lead-in, a tail, or a new sentence within an old one is, against going on without: the engine takes it for 15 nats, those of
a few badly fitting frames. Without it sounds that are half a word become "to" and "can I" before the words that were said."""

_log = logging.getLogger(__name__)


class Settings(Protocol):
    """What a stream needs of its ``PocketsphinxSTT``."""

    rejection: float | None
    settle: float

    def prepare(self, phrases: Sequence[str]) -> PhraseSet:
        """The phrases, read; every word of them can be pronounced."""
        ...

    def sounds(self, word: str) -> tuple[str, ...]:
        """The ways to pronounce a word, in ARPABET."""
        ...


@attrs.frozen
class _Place:
    """Where in a set of phrases a segment starts: at the beginning, or also inside the sentence that was begun before."""

    expected: PhraseSet
    start: Node
    rest: frozenset[int]  # where the sentence goes on that is expected most: another one begins seldom

    def after(self, text: str) -> Node | None:
        return self.expected.walk(text.split(), self.start)

    def whole(self, text: str) -> bool:
        """Whether ``text`` completes a sentence to which nothing can be added."""
        node = self.after(text)
        return node is not None and node.accepts and not node.follow


@attrs.define
class _Segment:
    """What is being heard: its number, the place it started from (None: nothing is expected), what was told about it last."""

    number: int
    place: _Place | None
    voicing: Voicing = attrs.Factory(Voicing)
    told: tuple[str, bool] = ("", False)


class SphinxStream:
    """Speech-to-text for one session (implements :class:`fsm_agents.stages.base.STTStream`); made by ``PocketsphinxSTT.open``.

    **Sentences in several segments.** A caller who stops inside a sentence ("two large … pizzas please") makes two segments. The
    first gets its words as final transcript; the next one may then go on with that sentence or begin another, until ``expect`` is
    called or a sentence is whole. Each transcript has the words of its own segment only.
    """

    def __init__(self, stt: Settings, decoder: Any, heard: Callable[[Transcript], None]) -> None:
        self._stt = stt
        self._decoder = decoder
        self._heard = heard
        self._place: _Place | None = None
        self._grammars: dict[tuple[tuple[str, ...], Node], str] = {}
        self._made = 0
        self._active = ""  # the search that decodes now, or did last
        self._segment: _Segment | None = None
        self._warned = False

    def expect(self, phrases: Sequence[str]) -> None:
        """What may be said from the next segment on; a new sentence begins. Nothing: this ear then hears nothing at all.

        Phrases that ``make_ready`` or an earlier ``expect`` had cost 10 µs; others are read and compiled here: 1 ms for a menu, up to
        60 ms for a wide state of a flow. ``PocketsphinxSTT.prepare`` does the larger part once per process.

        Raises:
            MisuseError: A phrase that cannot be read, or a word that cannot be pronounced.
        """
        self._place = None
        if phrases:
            expected = self._stt.prepare(phrases)
            self._place = _Place(expected, expected.start, expected.start.follow)
            self._grammar(self._place)

    def make_ready(self, phrases: Sequence[str]) -> None:
        """Compile what may be expected later: 2 to 20 ms of this thread, and ``expect`` then only switches.

        Raises:
            MisuseError: As ``expect``.
        """
        if phrases:
            expected = self._stt.prepare(phrases)
            self._grammar(_Place(expected, expected.start, expected.start.follow))

    def begin(self, segment: int) -> None:
        """The caller starts to speak. A segment still open is finished first.

        What is pushed is heard: a pre-roll may not repeat sound that was already pushed to the segment before.
        """
        if self._segment is not None:
            self.finish(self._segment.number)
        if self._place is None:
            self._warn()
        else:
            self._active = self._grammar(self._place)
            self._decoder.activate_search(self._active)
            self._decoder.start_utt()
        self._segment = _Segment(segment, self._place)

    def push(self, pcm: bytes) -> None:
        """The next sound; tells the words so far when they have changed and fit what was heard."""
        segment = self._segment
        if segment is None:
            raise MisuseError("PocketsphinxSTT: push() without an open segment; call begin() first")
        if len(pcm) % 2:
            raise MisuseError(f"PocketsphinxSTT: push() of {len(pcm)} bytes; give a whole number of samples, two bytes each")
        if segment.place is None:
            return
        try:
            self._decoder.process_raw(pcm)
        except RuntimeError as error:
            raise ProviderError(f"pocketsphinx could not decode {len(pcm)} bytes: {error}") from error
        segment.voicing.push(pcm)
        self._tell_interim(segment, segment.place)

    def finish(self, segment: int) -> None:
        """The caller paused: tells the final transcript, empty if nothing that was expected was said.

        Raises:
            MisuseError: ``segment`` is not the open one.
        """
        closed = self._segment
        if closed is None or closed.number != segment:
            raise MisuseError(
                f"PocketsphinxSTT: finish({segment}), but {f'segment {closed.number}' if closed else 'no segment'} is open"
            )
        self._segment = None
        text, complete = ("", False) if closed.place is None else self._result(closed, closed.place)
        self._heard(Transcript(segment=segment, text=text, final=True, complete=complete))

    async def run(self) -> None:
        """Nothing to wait for: all work is done inline."""

    def _tell_interim(self, segment: _Segment, place: _Place) -> None:
        text = self._text()
        if not text or segment.told == (text, True):
            return
        whole = place.whole(text)
        if text == segment.told[0] and not whole:
            return
        found = self._fit(segment)
        if found is None:
            return  # not yet, perhaps: it is looked at again with the next sound
        news = (text, whole and found.quiet_for >= self._stt.settle)
        if news != segment.told:
            segment.told = news
            self._heard(Transcript(segment=segment.number, text=text, final=False, complete=news[1]))

    def _result(self, segment: _Segment, place: _Place) -> tuple[str, bool]:
        so_far = self._without_breath(place, self._believed(segment))
        self._decoder.end_utt()
        # The engine ends with whole sentences only, however badly the missing words fit; what was said of one is the words
        # before.
        text = self._without_breath(place, self._believed(segment)) or so_far
        if not text:
            return "", False  # a sentence begun before may still go on: a cough between its parts does not end it
        if place is self._place:
            self._place = self._next_place(place, text)
        return text, place.whole(text)

    def _without_breath(self, place: _Place, text: str) -> str:
        """A last word that is over in no time is the caller's breath, if the sentence was whole without it ("no", and not "no two")."""
        words = text.split()
        if len(words) < 2:  # noqa: PLR2004 - one word stays
            return text
        spans = fit(self._decoder.seg()).spans
        if len(spans) != len(words) or spans[-1][1] - spans[-1][0] >= BREATH:
            return text
        shorter = " ".join(words[:-1])
        node = place.after(shorter)
        return shorter if node is not None and node.accepts else text

    def _next_place(self, place: _Place, text: str) -> _Place:
        """From where the segment after ``text`` starts: a new sentence, or also the rest of this one."""
        expected, node = place.expected, place.after(text)
        if node is None or not node.follow:
            return _Place(expected, expected.start, expected.start.follow)
        following = _Place(expected, expected.either(expected.start, node), node.follow)
        self._grammar(following)
        return following

    def _believed(self, segment: _Segment) -> str:
        """The words of the best path if they fit the sound, else nothing."""
        text = self._text()
        return text if text and self._fit(segment) is not None else ""

    def _fit(self, segment: _Segment) -> Fit | None:
        """How the best path fits the sound; None if it is not to be believed."""
        limit = self._stt.rejection
        found = fit(self._decoder.seg())
        if limit is None or (found.good(limit, self._width(segment)) and segment.voicing.explained(found.spans, found.until)):
            return found
        return None

    def _width(self, segment: _Segment) -> int:
        return len(segment.place.expected.words) if segment.place is not None else 0

    def _text(self) -> str:
        best = self._decoder.hyp()
        return best.hypstr if best is not None else ""

    def _grammar(self, place: _Place) -> str:
        """The name of the decoder's search for a place; made if it is not there."""
        key = (place.expected.phrases, place.start)
        name = self._grammars.pop(key, None)
        if name is None:
            name = self._make(place)
            if len(self._grammars) >= KEPT_GRAMMARS:
                oldest = next(old for old, search in self._grammars.items() if search != self._active)
                self._decoder.remove_search(self._grammars.pop(oldest))
        self._grammars[key] = name  # now the youngest
        return name

    def _make(self, place: _Place) -> str:
        # Not the engine's own text format for grammars: its parser refuses without naming the word, and it weights the branches.
        expected = place.expected
        for word in expected.words:
            if self._decoder.lookup_word(word) is None:
                for number, sound in enumerate(self._stt.sounds(word), 1):
                    self._decoder.add_word(word if number == 1 else f"{word}({number})", sound, update=False)
        self._made += 1
        name = f"g{self._made}"
        # 0 is the end, 1 the start; then the graph's places. Silent arcs go straight to where something may be said.
        graph = expected.graph
        likely = {at: SELDOM if at in graph.aside else 1.0 for at in range(len(graph.rows))}
        arcs: list[tuple[int, int, float] | tuple[int, int, float, str]] = [
            (1, at + 2, likely[at] if at in place.rest else likely[at] * SELDOM) for at in sorted(place.start.follow)
        ]
        for at, row in enumerate(graph.rows):
            arcs.extend((at + 2, after + 2, 1.0, word) for word, after in row.items())
            others = graph.reached[at][1:]
            arcs.extend((at + 2, after + 2, likely[after]) for after in others if graph.rows[after])
            if at in graph.ends or not graph.ends.isdisjoint(others):
                arcs.append((at + 2, 0, 1.0))
        self._decoder.add_fsg(name, self._decoder.create_fsg(name, 1, 0, arcs))
        return name

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            _log.warning(
                "PocketsphinxSTT hears expected phrases only, and none are expected: it will answer with empty transcripts. "
                "Call expect(phrases), or use a speech-to-text without a grammar here."
            )
