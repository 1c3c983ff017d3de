"""The benchmark runs, fills the keys it promises, and keeps the budgets that depend on no machine. Its times are nobody's test."""

from __future__ import annotations

import json
import math

import pytest

from fsm_agents.testing import bench

KEYS = [
    "turn_p50_ms", "turn_p99_ms", "turn_cpu_ms", "barge_in_p50_ms", "barge_in_p99_ms", "stale_frames",
    "sessions_per_core_silent", "sessions_per_core_silent_grid", "sessions_per_core_webrtcvad", "sessions_per_core_webrtcvad_grid",
    "rss_mb_per_session", "tasks_per_session", "threads_per_session",
]  # fmt: skip
"""Measured on both loops."""
PURE = [
    "import_s",
    "import_rss_mb",
    "engine_us_per_transition",
    "macro_step_us",
    "bytes_per_conversation",
    "simulated_s_per_cpu_s",
]
ABOUT = ["python", "version", "cpus"]


@pytest.fixture(scope="module")
def report() -> dict[str, float]:
    """A few of everything."""
    return bench.measure(quick=True)  # type: ignore[return-value]  # the three that are no numbers are not calculated with


def test_the_report_has_all_keys(report: dict[str, float]) -> None:
    """Those of asyncio first, then the same of trio, then where it was measured."""
    assert list(report) == [*KEYS, *PURE, *(f"trio_{key}" for key in KEYS), *ABOUT]


def test_every_figure_is_a_number(report: dict[str, float]) -> None:
    """Nothing that is measured here needs an extra that tests go without; only memory may come out as nothing."""
    figures = {key: value for key, value in report.items() if key not in ABOUT}
    assert [key for key, value in figures.items() if not math.isfinite(value)] == []
    assert [
        key
        for key, value in figures.items()
        if value <= 0 and not key.endswith(("frames", "threads_per_session", "rss_mb_per_session"))
    ] == []


@pytest.mark.parametrize("prefix", ["", "trio_"])
def test_no_frame_of_a_reply_sounds_after_its_cut(report: dict[str, float], prefix: str) -> None:
    """Counted at the sink."""
    assert report[f"{prefix}stale_frames"] == 0


@pytest.mark.parametrize("prefix", ["", "trio_"])
def test_a_session_has_at_most_four_tasks_and_no_thread(report: dict[str, float], prefix: str) -> None:
    """Its own, one for its timers, one for the room, and room for one more."""
    assert report[f"{prefix}tasks_per_session"] <= 4
    assert report[f"{prefix}threads_per_session"] == 0


def test_an_idle_conversation_is_small(report: dict[str, float]) -> None:
    """States and data of all machines; what conversations share does not count."""
    assert report["bytes_per_conversation"] <= 512


def test_only_what_is_asked_for_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """By the beginning of the key; the report is one JSON object."""
    bench.main(["--quick", "--only", "barge"])
    assert list(json.loads(capsys.readouterr().out)) == ["barge_in_p50_ms", "barge_in_p99_ms", *ABOUT]


def test_a_part_is_measured_in_a_process_of_its_own() -> None:
    """What one part leaves behind does not count in the next."""
    assert list(bench.measure("engine")) == ["engine_us_per_transition", *ABOUT]


def test_a_prefix_that_fits_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the keys there are."""
    with pytest.raises(SystemExit):
        bench.main(["--only", "latency"])
    assert "turn_p50_ms" in capsys.readouterr().err


def test_without_trio_its_figures_are_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an optional dependency."""
    monkeypatch.setattr(bench, "find_spec", lambda _name: None)
    assert bench.measure("trio_barge", quick=True)["trio_barge_in_p50_ms"] is None
