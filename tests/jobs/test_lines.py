"""What a program shows that configures nothing, as a process: the log, and one line for an error that it does not catch."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ran(tmp_path: Path, body: str, *options: str, before: str = "", after: str = "") -> tuple[int, str, list[str]]:
    """Exit code, what was printed, and the lines on standard error, of a program whose entrypoint is ``body``."""
    path = tmp_path / "program.py"
    head = "import logging, sys\nfrom fsm_agents import JobContext, MissingExtra, MisuseError, RoomOptions, WorkerJob\n"
    entrypoint = f"async def entrypoint(ctx):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    start = after or "WorkerJob(entrypoint, lambda: JobContext(RoomOptions(auth_token='your-token'))).start()"
    path.write_text(f"{head}{before}\n{entrypoint}\n{textwrap.dedent(start)}\nprint('over')\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *options, str(path), "memory"], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


LINE = "Agent is in a local room in memory (first argument): no caller ever comes, Ctrl-C ends it; wav:IN.wav is a caller"


def test_the_line_of_the_room_is_seen(tmp_path: Path) -> None:
    """Though the program configures no logging."""
    assert ran(tmp_path, "await ctx.connect()") == (0, "over\n", [f"INFO  {LINE}"])


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("logging.basicConfig(level='INFO', format='mine: %(message)s')", [f"mine: {LINE}"]),
        ("logging.basicConfig(level='WARNING')", []),
        ("logging.getLogger('fsm_agents').addHandler(logging.NullHandler())", []),
        ("logging.getLogger('fsm_agents').setLevel('ERROR')", []),
    ],
)
def test_configured_logging_is_left_alone(tmp_path: Path, before: str, expected: list[str]) -> None:
    """Where somebody decided, nothing is decided again."""
    assert ran(tmp_path, "await ctx.connect()", before=before) == (0, "over\n", expected)


def test_an_error_of_ours_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    """Its text says what to do; forty lines of frames above it would hide that."""
    assert ran(tmp_path, "raise MisuseError('give a key')") == (1, "", ["MisuseError: give a key"])


def test_an_error_that_the_log_has_told_is_not_told_twice(tmp_path: Path) -> None:
    """One line, once."""
    body = """
        error = MisuseError('give a key')
        logging.getLogger("fsm_agents").error("session closed: error: %s", error)
        raise error
    """
    assert ran(tmp_path, body) == (1, "", ["ERROR session closed: error: give a key"])


def test_our_error_in_the_log_has_no_frames(tmp_path: Path) -> None:
    """Those of others have them."""
    body = """
        log = logging.getLogger("fsm_agents")
        for error in (MisuseError("give a key"), KeyError("theirs")):
            try:
                raise error
            except Exception:
                log.exception("it failed")
    """
    code, _, lines = ran(tmp_path, body)
    assert code == 0
    assert lines[:2] == ["ERROR it failed: give a key", "ERROR it failed"]
    assert (lines[2], lines[-1]) == ("Traceback (most recent call last):", "KeyError: 'theirs'")


def test_other_errors_keep_their_traceback(tmp_path: Path) -> None:
    """They are the program's own."""
    code, _, lines = ran(tmp_path, "raise KeyError('theirs')")
    assert (code, lines[0], lines[-1]) == (1, "Traceback (most recent call last):", "KeyError: 'theirs'")


def test_in_development_mode_all_is_shown(tmp_path: Path) -> None:
    code, _, lines = ran(tmp_path, "raise MisuseError('give a key')", "-X", "dev")
    assert (code, lines[-1]) == (1, "fsm_agents.errors.MisuseError: give a key")
    assert len(lines) > 5


def test_an_error_can_be_caught(tmp_path: Path) -> None:
    """It is raised; only what nobody catches is told shortly."""
    after = """
        try:
            WorkerJob(entrypoint).start()
        except MisuseError as error:
            print("caught", error)
        print(logging.getLogger("fsm_agents").handlers)
        raise MisuseError("another")
    """
    code, out, lines = ran(tmp_path, "raise MisuseError('give a key')", after=after)
    assert (code, out) == (1, "caught give a key\n[]\n")
    assert (lines[0], lines[-1]) == ("Traceback (most recent call last):", "fsm_agents.errors.MisuseError: another")


def test_somebody_elses_hook_stays(tmp_path: Path) -> None:
    before = "sys.excepthook = lambda kind, error, trace: print('mine:', error, file=sys.stderr)"
    assert ran(tmp_path, "raise MisuseError('give a key')", before=before) == (1, "", ["mine: give a key"])
