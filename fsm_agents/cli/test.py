"""``fsm-agents test FLOW``: plays its scenes, walks through it at random, and says what of it was covered. Nothing waits, nothing is called."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fsm_agents.cli.flow_files import bound, load_flow, print_error, write_text
from fsm_agents.cli.flow_host import need_types
from fsm_agents.cli.parser import at_least
from fsm_agents.errors import MisuseError
from fsm_agents.flows.problems import FlowError
from fsm_agents.testing.flows.mutants import report, tried
from fsm_agents.testing.flows.story import as_scene
from fsm_agents.testing.flows.suite import Suite, find_scenes, run_suite, scenes_of

__all__ = ["add_arguments", "run"]

WALKS, STEPS = 500, 40
"""Enough to take nearly every row of the flows shipped here, in seconds."""


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("flow", metavar="FLOW", help="a flow file, for example flow.toml")
    parser.add_argument(
        "--scenes", nargs="+", metavar="PATH", help="scene files or folders (default: the folder scenes beside the flow)"
    )
    parser.add_argument("--walks", type=at_least(0), default=WALKS, metavar="N", help=f"random callers (default: {WALKS})")
    parser.add_argument(
        "--steps", type=at_least(1), default=STEPS, metavar="N", help=f"what one does at the most (default: {STEPS})"
    )
    parser.add_argument("--seed", type=at_least(0), metavar="N", help="the same callers every time")
    parser.add_argument("--out", metavar="DIR", default=".", help="where the drawn coverage goes (default: here)")
    parser.add_argument(
        "--bind", metavar="MODULE:FUNCTION", help="what the host gives: slot types, conditions; tools are not called"
    )
    parser.add_argument(
        "--junit", nargs="?", const="junit.xml", metavar="FILE", help="also write JUnit XML (default: junit.xml in --out)"
    )
    parser.add_argument(
        "--mutants",
        action="store_true",
        help="also delete and alter each row in turn, and name what nobody notices (takes minutes)",
    )
    parser.add_argument("--missing", action="store_true", help="list all that was not covered")


def run(options: Namespace) -> int:
    """Test. 1: the flow has errors, or a scene or a walk failed. 2: something could not be read or written."""
    path, out = Path(options.flow), Path(options.out)
    if not out.is_dir():
        msg = f"--out {out}: there is no such folder"
        raise MisuseError(msg)
    try:
        flow = load_flow(path)
        flow = bound(flow, options.bind) if options.bind else flow
    except FlowError as wrong:
        print_error(wrong)
        return 1
    need_types(flow.flat, path, "test")
    scenes = scenes_of(map(Path, options.scenes)) if options.scenes else find_scenes(path)
    with _nothing_left():
        suite = run_suite(flow, scenes, walks=options.walks, steps=options.steps, seed=options.seed)
    *lines, summary = suite.lines()
    for line in lines:
        print(line)
    print(f"{summary} · {_drawn(suite, out, path.stem)}")
    if options.missing:
        print(suite.coverage.text())
    if options.mutants and suite.passed:
        with _nothing_left():
            for line in report(tried(flow, path.parent, scenes)):
                print(line, flush=True)
    if suite.failed is not None:
        failed = out / f"{path.stem}.failed.toml"
        write_text(failed, as_scene(suite.failed.walk, path.name).encode())
        print(f"the walk as a scene: {failed}")
    if options.junit:
        write_text(out / options.junit, suite.junit().encode(), "--junit")
    return 0 if suite.passed else 1


@contextmanager
def _nothing_left() -> Generator[None]:
    """Hypothesis keeps what it found in modules in a folder ``.hypothesis``, here; this command walks anew each time, and needs none."""
    try:
        from hypothesis import configuration
    except ImportError:  # the walks say so
        yield
        return
    with TemporaryDirectory() as folder:
        if "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
            configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(None)


def _drawn(suite: Suite, out: Path, stem: str) -> str:
    try:
        return f"coverage drawn in {suite.draw(out, stem)}"
    except OSError as wrong:
        msg = f"--out {out}: cannot be written ({(wrong.strerror or str(wrong)).lower()}); give a folder of yours"
        raise MisuseError(msg) from wrong
