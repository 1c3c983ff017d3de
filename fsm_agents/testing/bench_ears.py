"""How well, and how cheaply, the embedded ear hears a flow: ``python -m fsm_agents.testing.bench_ears`` prints one JSON object.

For every state of a flow, sentences are drawn from each of its edges and spoken by flite (a small speech synthesiser; with sox, both of
them Debian packages), cut by the detector of voice activity as in a session, and heard with the state's grammar. Then other people's
sentences: those of the other states, everyday ones, and whatever recordings are given. Nothing of it is shipped; the clips are made anew,
or kept in the folder of ``--corpus``.

    --flow FILE     a flow; may be given several times
    --corpus DIR    where the clips are kept for the next time
    --strange DIR   recordings (WAV, 16 kHz) of what no state expects, such as the prompts of a telephone exchange
    --voices NAMES  of flite, parted by commas
    --sentences N   drawn from each state
    --seed N        of the drawing: other sentences
    --noise KIND:DB white or babble, so many dB below the voice

What is counted of sentences of the grammar: ``right`` (the same edge with the same values), ``wrong`` (another meaning), ``rejected`` (no
edge takes it: ``no_match``). Of all others: ``rejected`` and ``wrong``. ``rtf``: processor seconds for each second of sound.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import attrs

from fsm_agents.audio.speech import Edge, SpeechDetector
from fsm_agents.errors import FSMAgentsError, MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.words.recogniser import Progress, Recogniser
from fsm_agents.flows.words.types import Moment
from fsm_agents.machines.caller import COMPLETE
from fsm_agents.pipelines.ear import PRE_ROLL
from fsm_agents.plugins.local import PocketsphinxSTT, WebRTCVAD
from fsm_agents.session.flows.ears import JOINED
from fsm_agents.stages.base import Transcript
from fsm_agents.testing.bench_sounds import EVERYDAY, QUIET, RATE, VOICES, Clips, Rooms, drawn, recordings

__all__ = ["Count", "Heard", "Listener", "State", "main", "meaning", "measure", "sentences", "states"]

SECONDS = 0.02
FRAME = RATE // 50 * 2
NOW = Moment(date(2026, 3, 4))


@attrs.frozen
class State:
    """One state of a flow: its name, what it understands, and which phrases."""

    name: str
    recogniser: Recogniser

    @property
    def phrases(self) -> tuple[str, ...]:
        """What speech-to-text is told to expect."""
        return self.recogniser.phrases()


def states(flow: Flow) -> list[State]:
    """Those in which something may be said; a tool's choices are taken from its example."""
    found = []
    for state in flow.flat.states.values():
        known = flow.recogniser(flow.start(), state)
        offers = {
            name: tuple(str(value) for value in flow.flat.tools[source.name].example[source.field])
            for edge in known.edges
            for name, slot in edge.slots.items()
            if (source := slot.values_from) is not None
        }
        known = known.with_given(offers) if offers else known
        if known.phrases():
            found.append(State(f"{flow.id}.{state.name}", known))
    return found


# --- hearing ----------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Heard:
    """What was made of a clip: the words, whether they were complete, how long after the last sound (seconds), and what it cost."""

    text: str
    early: float | None
    stopped: float
    seconds: float
    cost: float


class Listener:
    """An ear, with sound cut for it as in a session: a segment goes on over a gap shorter than the hangover.

    Args:
        stt: Speech-to-text.
        hangover: Seconds of silence that end a segment.
    """

    def __init__(self, stt: PocketsphinxSTT, hangover: float = JOINED) -> None:
        self._told: list[tuple[float, Transcript]] = []
        self._at = 0.0
        self._stream = stt.open(lambda told: self._told.append((self._at, told)))
        self._segments = 0
        self._hangover = hangover

    def listen(self, phrases: Sequence[str], pcm: bytes) -> Heard:
        """Hear ``pcm`` of a caller who may say ``phrases``; a clip has a second of silence, or of its noise, before and after."""
        self._told.clear()
        self._stream.expect(phrases)
        vad, detector, before = WebRTCVAD().open(), SpeechDetector(), deque[bytes](maxlen=round(PRE_ROLL / SECONDS))
        ended = len(pcm) / 2 / RATE - QUIET - 0.05  # clips have 50 ms of silence at their end
        stopped = cost = pushed = 0.0
        quiet: float | None = None  # seconds since the voice stopped; None: it did not
        is_open = False
        for start in range(0, len(pcm) - FRAME + 1, FRAME):
            frame = pcm[start : start + FRAME]
            self._at = (start + FRAME) / 2 / RATE
            edge = detector.push(vad.is_speech(frame))
            began = time.process_time()
            if not is_open:
                before.append(frame)
            else:
                self._stream.push(frame)
                pushed += SECONDS
            if edge is Edge.STARTED:
                quiet = None
                if not is_open:
                    is_open = True
                    self._segments += 1
                    self._stream.begin(self._segments)
                    for piece in before:
                        self._stream.push(piece)
                    pushed += SECONDS * len(before)
                    before.clear()
            elif edge is Edge.STOPPED:
                quiet, stopped = 0.0, self._at
            elif quiet is not None:
                quiet += SECONDS
            if is_open and quiet is not None and quiet >= self._patience() - 0.001:
                self._stream.finish(self._segments)
                is_open, quiet = False, None
            cost += time.process_time() - began
        text = " ".join(told.text for _, told in self._told if told.final and told.text)
        early = next((at for at, told in self._told if told.complete and not told.final), None)
        return Heard(text, None if early is None else early - ended, stopped - ended, pushed, cost)

    def _patience(self) -> float:
        last = self._told[-1][1] if self._told else None
        return COMPLETE.seconds or 0.0 if last is not None and last.complete and not last.final else self._hangover


# --- counting ---------------------------------------------------------------------------------------------------------------------------


@attrs.define
class Count:
    """Of one kind of sentences in one state or by one voice."""

    kinds: Counter[str] = attrs.Factory(Counter)
    seconds: float = 0.0
    cost: float = 0.0

    def add(self, kind: str, heard: Heard) -> None:
        """One more that was heard so."""
        self.kinds[kind] += 1
        self.seconds += heard.seconds
        self.cost += heard.cost

    def report(self) -> dict[str, Any]:
        """How many of each kind, and what they cost."""
        total = sum(self.kinds.values())
        shares = {kind: round(100 * self.kinds[kind] / total, 1) for kind in sorted(self.kinds)} if total else {}
        return {"of": total, **shares, "rtf": round(self.cost / self.seconds, 4) if self.seconds else None}


def meaning(state: State, text: str) -> Any:
    """What the flow makes of words: the first edge with its values; None: nothing (``no_match``)."""
    found = state.recogniser.read(text, NOW) if text else ()
    return (found[0].edge, found[0].values, found[0].invalid) if found else None


def sentences(state: State, count: int, seed: int) -> list[str]:
    """Sentences of a state, each edge in turn; without those of which only lead-in or tail are said."""
    chance = random.Random(f"{seed} {state.name}")  # noqa: S311 - not for secrets
    phrases = state.phrases
    return list(dict.fromkeys(drawn(phrases[number % len(phrases)], chance) for number in range(count)))


def _resident() -> int:
    """Memory of this process in KB; 0 where nobody tells."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * 4 if told.exists() else 0


def _ready(stt: PocketsphinxSTT, state: State) -> tuple[Listener, dict[str, float]]:
    """An ear that expects what the state expects, and what that took."""
    began = time.process_time()
    stt.prepare(state.phrases)
    prepared = time.process_time()
    ear = Listener(stt)
    opened, before = time.process_time(), _resident()
    ear._stream.expect(state.phrases)  # noqa: SLF001
    compiled, after = time.process_time(), _resident()
    ear._stream.expect(state.phrases)  # noqa: SLF001
    switched = time.process_time()
    return ear, {
        "prepare_ms": round(1000 * (prepared - began), 1),
        "compile_ms": round(1000 * (compiled - opened), 1),
        "memory_kb": after - before,
        "switch_us": round(1e6 * (switched - compiled)),
    }


def _others(state: State, said: dict[str, list[str]], count: int, chance: random.Random) -> list[str]:
    """What is said elsewhere and means nothing here."""
    others = [text for name, texts in said.items() if name != state.name for text in texts] + list(EVERYDAY)
    others = [text for text in others if meaning(state, text) is None and state.recogniser.progress(text) is Progress.NONE]
    return chance.sample(others, min(count, len(others)))


def measure(
    flows: Iterable[Flow], clips: Clips, voices: Sequence[str], count: int, seed: int,
    strange: Sequence[tuple[str, bytes]] = (), noise: str = "",
) -> dict[str, Any]:  # fmt: skip
    """All figures; see the module."""
    every = [state for flow in flows for state in states(flow)]
    said = {state.name: sentences(state, count, seed) for state in every}
    stt = PocketsphinxSTT()
    report: dict[str, Any] = {"states": {}, "voices": {}}
    by_voice: dict[tuple[str, str], Count] = {}
    latency: dict[str, list[float]] = {"complete_ms": [], "detector_ms": []}
    wrongs: list[str] = []
    whole = Counter[str]()
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    rooms = Rooms(
        noise, [clips.spoken(text, voice) for text in EVERYDAY for voice in VOICES] if noise.startswith("babble") else ()
    )
    for state in every:
        ear, times = _ready(stt, state)
        counts: dict[str, Count] = {}
        others = _others(state, said, count, chance)
        todo = [(text, voice, clips.spoken(text, voice), "in") for voice in voices for text in said[state.name]]
        todo += [(text, voice, clips.spoken(text, voice), "out") for voice in voices for text in others]
        todo += [(name, "recorded", pcm, "out") for name, pcm in chance.sample(strange, min(2 * count, len(strange)))]
        for number, (text, voice, pcm, kind) in enumerate(todo):
            heard = ear.listen(state.phrases, rooms.around(pcm, number))
            took = meaning(state, heard.text)
            wanted = meaning(state, text) if kind == "in" else None
            outcome = "rejected" if took is None else "right" if took == wanted else "wrong"
            if outcome == "wrong" or (kind == "in" and outcome == "rejected"):
                wrongs.append(f"{state.name} {voice} {kind}: {text!r} -> {heard.text!r}")
            counts.setdefault(kind, Count()).add(outcome, heard)
            by_voice.setdefault((voice, kind), Count()).add(outcome, heard)
            if outcome == "right":
                ends = stt.prepare(state.phrases).ends(heard.text)
                whole[f"{'final' if ends else 'open'} {'early' if heard.early is not None else 'late'}"] += 1
                if heard.early is not None:
                    latency["complete_ms"].append(1000 * heard.early)
                latency["detector_ms"].append(1000 * heard.stopped)
        report["states"][state.name] = {
            **times,
            **{kind: one.report() for kind, one in counts.items()},
        }
    for (voice, kind), one in by_voice.items():
        report["voices"].setdefault(voice, {})[kind] = one.report()
    report["end_of_turn"] = {key: _quantiles(values) for key, values in latency.items()} | dict(whole)
    report["mistakes"] = wrongs
    return report


def _quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return (
        {f"p{share}": round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)]) for share in (10, 50, 90)}
        if ordered
        else {}
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m fsm_agents.testing.bench_ears", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--flow", action="append", type=Path)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--strange", type=Path)
    parser.add_argument("--voices", default=",".join(VOICES))
    parser.add_argument("--sentences", type=int, default=12)
    parser.add_argument("--noise", default="")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    try:
        missing = [tool for tool in ("flite", "sox") if shutil.which(tool) is None]
        if missing:
            raise MisuseError(
                f"{' and '.join(missing)} not found: this benchmark speaks with flite and cuts with sox; install them"
            )
        paths = given.flow or [Path(__file__).parents[1] / "cli" / "demo_voice" / "pizza.toml"]
        folder = given.corpus or Path(mkdtemp(prefix="ears"))
        folder.mkdir(parents=True, exist_ok=True)
        strange = recordings(given.strange) if given.strange else []
        report = measure(
            [Flow.load(path) for path in paths],
            Clips(folder),
            given.voices.split(","),
            given.sentences,
            given.seed,
            strange,
            given.noise,
        )
    except FSMAgentsError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
