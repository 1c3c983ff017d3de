"""Frames of yes and no become edges."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.audio import Edge, SpeechDetector, SpeechState
from fsm_agents.errors import MisuseError

FRAMES = st.lists(st.booleans(), max_size=200)


def edges(detector: SpeechDetector, frames: str) -> str:
    """Push frames written as '#' (speech) and '.' (silence); give 'S' (started), 'E' (stopped) or '-' for each."""
    return "".join({Edge.STARTED: "S", Edge.STOPPED: "E", None: "-"}[detector.push(frame == "#")] for frame in frames)


def test_two_of_three_frames_open_and_four_silent_ones_close() -> None:
    """The defaults, after the guard."""
    detector = SpeechDetector(guard_frames=0)
    assert edges(detector, "..##.....") == "---S---E-"


def test_a_gap_of_one_frame_does_not_keep_it_closed() -> None:
    """Two of the last three, not two in a row."""
    assert edges(SpeechDetector(guard_frames=0), "#.#") == "--S"


def test_a_gap_of_two_frames_does() -> None:
    """The first frame has left the window by then."""
    assert edges(SpeechDetector(guard_frames=0), "#..#..#") == "-------"


def test_any_speech_restarts_the_closing() -> None:
    """Only silence in a row closes."""
    assert edges(SpeechDetector(guard_frames=0), "##...#...#....") == "-S-----------E"


def test_the_first_frames_of_a_session_are_not_believed() -> None:
    """A detector's start-up transient opens nothing, and leaves nothing behind."""
    detector = SpeechDetector()
    assert edges(detector, "#" * 15) == "-" * 15
    assert edges(detector, "#.") == "--"
    assert edges(detector, "##") == "S-"


def test_the_guard_passes_on_silence_too() -> None:
    """It counts frames, whatever they are."""
    detector = SpeechDetector(guard_frames=2)
    assert detector.state is SpeechState.GUARDING
    edges(detector, "..")
    assert detector.state is SpeechState.SILENT


def test_one_frame_is_enough_if_asked_for() -> None:
    """The shortest settings."""
    assert edges(SpeechDetector(1, 1, 1, 0), ".#.##.") == "-SESSE".replace("SS", "S-")


def test_what_was_spoken_before_a_close_does_not_help_to_open() -> None:
    """With a window longer than the closing time."""
    detector = SpeechDetector(open_frames=2, open_window=10, close_frames=1, guard_frames=0)
    assert edges(detector, "##.#.") == "-SE--"


def test_overruled_while_it_speaks_it_starts_again() -> None:
    """No edge for the overruling itself; new speech frames make a new one."""
    detector = SpeechDetector(guard_frames=0)
    edges(detector, "##")
    detector.rearm()
    assert not detector.speaking
    assert edges(detector, "####") == "-S--"


def test_overruled_and_silent_it_stays_silent() -> None:
    """The end of speech that nobody believes in any more is no edge."""
    detector = SpeechDetector(guard_frames=0)
    edges(detector, "##")
    detector.rearm()
    assert edges(detector, "......") == "------"


@pytest.mark.parametrize(("frames", "state"), [("", SpeechState.GUARDING), ("....", SpeechState.SILENT)])
def test_overruling_one_that_does_not_speak_changes_nothing(frames: str, state: SpeechState) -> None:
    """The guard goes on, the window is kept."""
    detector = SpeechDetector(guard_frames=3)
    edges(detector, frames)
    detector.rearm()
    assert detector.state is state


def test_overruling_in_silence_keeps_the_window() -> None:
    """A first frame of speech still counts."""
    detector = SpeechDetector(guard_frames=0)
    edges(detector, "#")
    detector.rearm()
    assert edges(detector, "#") == "S"


@given(st.integers(1, 4), st.integers(0, 4), st.integers(1, 6), st.integers(0, 20), FRAMES)
def test_it_does_what_the_words_say(opening: int, more: int, closing: int, guard: int, frames: list[bool]) -> None:
    """Against the definition, written out slowly, for any settings and frames."""
    detector = SpeechDetector(opening, opening + more, closing, guard)
    since = guard  # where the window may begin
    speaking = False
    for at, frame in enumerate(frames):
        expected = None
        if at >= guard:
            if speaking and at + 1 - since >= closing and not any(frames[max(since, at + 1 - closing) : at + 1]):
                expected, speaking, since = Edge.STOPPED, False, at + 1
            elif not speaking and sum(frames[max(since, at + 1 - opening - more) : at + 1]) >= opening:
                expected, speaking, since = Edge.STARTED, True, at + 1
        assert detector.push(frame) is expected
        assert detector.speaking is speaking


@given(FRAMES)
def test_edges_alternate(frames: list[bool]) -> None:
    """A start, a stop, a start; the first is a start."""
    detector = SpeechDetector()
    seen = [edge for frame in frames if (edge := detector.push(frame))]
    assert not seen or seen[0] is Edge.STARTED
    assert all(one is not other for one, other in pairwise(seen))


@pytest.mark.parametrize(
    ("name", "value", "least"), [("open_frames", 0, 1), ("open_window", 1, 2), ("close_frames", 0, 1), ("guard_frames", -1, 0)]
)
def test_numbers_out_of_range_are_refused(name: str, value: int, least: int) -> None:
    """The message names the argument, its value and the least possible."""
    with pytest.raises(MisuseError, match=rf"{name}={value}.*{least} or more"):
        SpeechDetector(**{name: value})
