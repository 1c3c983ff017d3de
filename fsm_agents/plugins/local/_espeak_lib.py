"""The espeak-ng library, as ``espeakng_loader`` brings it: the binding (ctypes), the one lock, the one thread.

espeak-ng keeps its voice and its output buffer in global variables: one utterance at a time per process. So everything here goes
through one lock, and nobody may hold it while waiting for anything but the processor. Rejected: a bounded hand-over that waits
for the listener inside the call. It would silence every other session meanwhile, and block the event loop for good as soon as
that loop wants a pronunciation. So an ``Utterance`` takes in what the engine gives without a bound (callers keep its text short:
a minute of speech is 2.6 MB), and is emptied at leisure.

The engine makes a second of sound in 1 to 2 ms. One daemon thread per process runs utterances in order; it starts with the first.
"""

from __future__ import annotations

import ctypes
import os
import queue
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from fsm_agents.errors import MissingExtra, ProviderError

__all__ = ["Engine", "Piece", "Speaker", "Utterance", "Word", "engine"]

_SYNCHRONOUS = 2  # espeak_Initialize: the call returns when all is spoken; the library starts no thread
_BUFFER_MS = 20  # smallest piece; the library hands out up to 60 ms
_NO_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: an error is a return value, not the end of the process
_UTF8 = 1
_IPA_PARTED = 0x02 | ord("_") << 8  # espeak_TextToPhonemes: IPA, with "_" between phonemes
_SPEED, _PITCH = 1, 3  # espeak_PARAMETER
_LIST_ENDS, _WORD, _CLAUSE_ENDS = 0, 1, 5  # espeak_EVENT_TYPE
_NEEDS = "espeak-ng (EspeakTTS, and PocketsphinxSTT for words that no dictionary has)"
_GO_ON, _STOP = 0, 1  # what the callback may answer


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters, not bytes; the first is 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # ms: coarser than
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),  # one byte of priority, then the language
        ("identifier", ctypes.c_char_p),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@attrs.frozen
class Speaker:
    """How to speak: a voice the library knows, words per minute, pitch (0 to 100)."""

    voice: str
    speed: int = 175
    pitch: int = 50


@attrs.frozen
class Word:
    """The engine comes to a word: its first character in the text, its length, its first sample. Length 0: a clause ends here."""

    text_start: int
    length: int
    sample: int


@attrs.frozen
class Piece:
    """Up to 60 ms of sound (PCM int16 little endian mono) with the words that begin, and the clauses that end, in it."""

    pcm: bytes
    words: tuple[Word, ...]


class Utterance:
    """A text on its way to sound: made by the engine's thread, emptied by whoever listens.

    Args:
        text: What to say; no NUL characters.
        speaker: How.
    """

    def __init__(self, text: str, speaker: Speaker) -> None:
        self.text = text
        self.speaker = speaker
        self._stopped = threading.Event()
        self._made: queue.SimpleQueue[Piece | BaseException | None] = queue.SimpleQueue()

    def take(self) -> list[Piece]:
        """What has been made since the last call, at least one piece; empty: that was all. Blocks (milliseconds): not on a loop.

        Raises:
            ProviderError: The engine refused the text.
        """
        pieces: list[Piece] = []
        item = self._made.get()
        while isinstance(item, Piece):
            pieces.append(item)
            if self._made.empty():
                return pieces
            item = self._made.get()
        self._made.put(item)  # for the next call: an end stays the end
        if isinstance(item, BaseException) and not pieces:
            raise item
        return pieces

    def stop(self) -> None:
        """No more, please: the engine stops within its current piece. May be called at any time, also twice."""
        self._stopped.set()

    def run(self, engine: Engine) -> None:
        """Be spoken; what happens goes to :meth:`take`. Called in the engine's thread."""
        try:
            if not self._stopped.is_set():
                engine.say(self.text, self.speaker, self._add)
        except BaseException as failure:  # noqa: BLE001 - take() raises it
            self._made.put(failure)
        else:
            self._made.put(None)

    def _add(self, piece: Piece) -> bool:
        if self._stopped.is_set():
            return False
        self._made.put(piece)
        return True


class Engine:
    """The library, loaded. One per process, by :func:`engine`.

    Attributes:
        rate: Samples per second of all sound (22050).
    """

    def __init__(self) -> None:
        self._library, self._data = _load()
        self.rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, str(self._data).encode(), _NO_EXIT)
        if self.rate <= 0:
            # it keeps the path in 160 bytes; a longer one looks to it like missing data
            raise ProviderError(
                f"espeak-ng cannot read its data in {self._data} (it can read no path longer than about 140 characters)"
            )
        self._take: Callable[[Piece], bool] = _refuse
        self._failure: BaseException | None = None
        self._callback = _Callback(self._on_sound)  # the library keeps only its address: it must live as long
        self._library.espeak_SetSynthCallback(self._callback)
        self._begin_afresh()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_afresh)

    def _begin_afresh(self) -> None:
        # A forked child has neither the thread nor, perhaps, anyone who will release the lock.
        self._lock = threading.Lock()
        self._starting = threading.Lock()  # another one: an event loop takes it, and may not wait for somebody's sentence
        self._jobs: queue.SimpleQueue[Utterance] | None = None
        self._speaker: Speaker | None = None

    def has_voice(self, voice: str) -> bool:
        """Whether the library can speak as ``voice``: a language or a voice, perhaps with ``+variant``. It tries."""
        base, plus, variant = voice.partition("+")
        if plus and variant not in self.variants():
            return False  # the library would take any variant and quietly use none
        with self._lock:
            self._speaker = None
            return bool(base) and self._library.espeak_SetVoiceByName(voice.encode()) == 0

    def voices(self) -> list[str]:
        """The languages listed, sorted, without variants. Not every one can be spoken: ask :meth:`has_voice`."""
        with self._lock:
            listed = self._library.espeak_ListVoices(None)
            names = set()
            index = 0
            while listed[index]:
                names.add(listed[index].contents.languages[1:].decode())
                index += 1
        return sorted(names)

    def variants(self) -> list[str]:
        """What may stand behind the ``+`` of a voice, sorted."""
        return sorted(path.name for path in (self._data / "voices" / "!v").iterdir())

    def phonemes(self, text: str, voice: str) -> str:
        """``text`` in IPA as ``voice`` reads it: phonemes parted by ``_``, words by a space, stress marks before vowels."""
        with self._lock:
            self._become(Speaker(voice))
            position = ctypes.c_char_p(text.encode())
            parts = []
            while position.value is not None:  # one clause per call; the library puts the pointer to NULL at the end
                parts.append(self._library.espeak_TextToPhonemes(ctypes.byref(position), _UTF8, _IPA_PARTED).decode())
        return " ".join(parts)

    def begin(self, text: str, speaker: Speaker) -> Utterance:
        """Have ``text`` spoken in the engine's thread, after the utterances before it."""
        utterance = Utterance(text, speaker)
        with self._starting:
            if self._jobs is None:
                self._jobs = queue.SimpleQueue()
                threading.Thread(target=self._work, args=(self._jobs,), name="espeak-ng", daemon=True).start()
            jobs = self._jobs
        jobs.put(utterance)
        return utterance

    def _work(self, jobs: queue.SimpleQueue[Utterance]) -> None:
        while True:
            jobs.get().run(self)

    def say(self, text: str, speaker: Speaker, take: Callable[[Piece], bool]) -> None:
        """Speak ``text`` in this thread and give every piece to ``take``, which may not block, until it answers False.

        Raises:
            ProviderError: The engine refused. What ``take`` raises ends the speaking and is raised here.
        """
        with self._lock:
            self._become(speaker)
            self._take, self._failure = take, None
            data = text.encode()
            code = self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _UTF8, None, None)
            self._take, failure = _refuse, self._failure
        if failure is not None:
            raise failure
        if code:
            raise ProviderError(f"espeak-ng could not speak {text[:60]!r} (its error number is {code})", retryable=True)

    def _become(self, speaker: Speaker) -> None:
        # the lock is held
        if speaker == self._speaker:
            return
        self._speaker = None
        if self._library.espeak_SetVoiceByName(speaker.voice.encode()):
            raise ProviderError(f"espeak-ng has no voice {speaker.voice!r}")
        self._library.espeak_SetParameter(_SPEED, speaker.speed, 0)
        self._library.espeak_SetParameter(_PITCH, speaker.pitch, 0)
        self._speaker = speaker

    def _on_sound(self, samples: Any, count: int, events: Any) -> int:
        """The library's callback, ``count`` samples at a time; no exception may leave it."""
        try:
            if not samples:
                return _GO_ON  # the end
            piece = Piece(ctypes.string_at(samples, 2 * count), _words(events))
            return _GO_ON if self._take(piece) else _STOP
        except BaseException as failure:  # noqa: BLE001 - say() raises it; nothing may pass through C
            self._failure = failure
            return _STOP


def _words(events: Any) -> tuple[Word, ...]:
    words = []
    index = 0
    while (event := events[index]).type != _LIST_ENDS:
        if event.type == _WORD:
            words.append(Word(event.text_position - 1, event.length, event.sample))
        elif event.type == _CLAUSE_ENDS:
            words.append(Word(event.text_position, 0, event.sample))
        index += 1
    return tuple(words)


def _refuse(_piece: Piece) -> bool:
    return False


def _load() -> tuple[ctypes.CDLL, Path]:
    try:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = Path(espeakng_loader.get_data_path())
    except ImportError as error:
        raise MissingExtra("voice", _NEEDS) from error
    except (OSError, RuntimeError) as error:
        raise MissingExtra("voice", _NEEDS, hint=f"espeakng_loader is installed, but: {error}") from error
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    number, pointer = ctypes.c_uint, ctypes.c_void_p
    library.espeak_Synth.argtypes = [ctypes.c_char_p, ctypes.c_size_t, number, ctypes.c_int, number, number, pointer, pointer]
    return library, data


_loading = threading.Lock()


def engine() -> Engine:
    """The engine of this process; the first call loads it (10 ms).

    Raises:
        MissingExtra: ``espeakng_loader`` is not installed, or has no library for this system.
        ProviderError: The library does not find its data.
    """
    with _loading:
        return _the_engine()


@cache
def _the_engine() -> Engine:
    return Engine()
