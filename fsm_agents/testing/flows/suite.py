"""All tests of a flow at once: its scenes, random walks, and what they covered; as text and as JUnit XML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import attrs

from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.testing.flows.coverage import Coverage
from fsm_agents.testing.flows.properties import Property
from fsm_agents.testing.flows.scene import Scene, SceneFailed, flow_path
from fsm_agents.testing.flows.walks import Walked, WalkFailed, walk_flow

__all__ = ["Case", "Suite", "find_scenes", "flow_test", "run_suite", "scenes_of"]


@attrs.frozen
class Case:
    """One scene, or all walks together.

    Args:
        name: Its name.
        file: Where it stands; empty for walks.
        wrong: What went wrong; empty: it passed.
    """

    name: str
    file: str = ""
    wrong: str = ""


@attrs.define
class Suite:
    """What came of all tests.

    Attributes:
        flow: The flow.
        coverage: What was covered.
        scenes: Each scene.
        walked: What was walked; ``None``: nothing, or a walk failed.
        failed: The walk that failed.
        walks: How many walks were asked for.
        steps: How long one may be.
    """

    flow: Flow
    coverage: Coverage
    scenes: list[Case]
    walked: Walked | None = None
    failed: WalkFailed | None = None
    walks: int = 0
    steps: int = 0

    @property
    def passed(self) -> bool:
        """Whether everything is as it should be."""
        return self.failed is None and not any(case.wrong for case in self.scenes)

    @property
    def cases(self) -> list[Case]:
        """The scenes, then the walks, if there were any."""
        if not self.walks:
            return self.scenes
        return [*self.scenes, Case(f"{self.walks} walks", "", str(self.failed) if self.failed is not None else "")]

    def lines(self) -> list[str]:
        """What is told: every case, if one of them went wrong; the summary last."""
        found: list[str] = []
        if not self.passed:
            for case in self.scenes:
                found.append(f"scene {case.name} {'FAILED' if case.wrong else 'ok'}")
                found += [f"  {line}" for line in case.wrong.splitlines()]
            found += str(self.failed).splitlines() if self.failed is not None else []
        return [*found, self.summary()]

    def summary(self) -> str:
        """In one line."""
        good = sum(not case.wrong for case in self.scenes)
        told = [f"scenes {good}/{len(self.scenes)}"] if self.scenes else ["no scenes"]
        if self.walked is not None:
            walked = self.walked
            told.append(f"walks {walked.walks} × {self.steps} steps, {_endings(walked)}")
        elif self.failed is not None:
            told.append("a walk failed")
        return " · ".join([*told, self.coverage.summary()])

    def junit(self) -> str:
        """As JUnit XML, for build servers."""
        cases = self.cases
        failures = sum(bool(case.wrong) for case in cases)
        lines = [
            '<?xml version="1.0" encoding="utf-8"?>',
            f'<testsuites><testsuite name={_quoted(self.flow.id)} tests={_quoted(len(cases))} failures={_quoted(failures)} errors="0">',
        ]
        for case in cases:
            file = f" file={_quoted(case.file)}" if case.file else ""
            lines.append(f"<testcase classname={_quoted(self.flow.id)} name={_quoted(case.name)}{file}>")
            if case.wrong:
                lines.append(f"<failure message={_quoted(case.wrong.splitlines()[0])}>{escape(_clean(case.wrong))}</failure>")
            lines.append("</testcase>")
        return "\n".join([*lines, "</testsuite></testsuites>"]) + "\n"

    def draw(self, folder: Path, stem: str) -> Path:
        """Draw the coverage into a folder: ``pizza.coverage.svg``, or without the extra ``[diagrams]`` a page, ``….html``.

        Raises:
            OSError: it cannot be written.
        """
        try:
            path, text = folder / f"{stem}.coverage.svg", self.coverage.svg()
        except MissingExtra:
            from fsm_agents.flows.draw.page import page

            path = folder / f"{stem}.coverage.html"
            text = page(self.flow.flat, colours=self.coverage.colours(), labels=self.coverage.labels())
        path.write_text(text, encoding="utf-8")
        return path


def _endings(walked: Walked) -> str:
    """Of how many a way to an end is known: it was walked, or a search from where the walk stopped found one."""
    known = walked.walks - walked.unknown
    return "all can end" if not walked.unknown else f"{known} can end, of {walked.unknown} the search was given up"


_UNPRINTABLE: Final = {code: "?" for code in range(32) if code not in (9, 10, 13)}


def _clean(text: str) -> str:
    return text.translate(_UNPRINTABLE)


def _quoted(what: object) -> str:
    return quoteattr(_clean(str(what)))


def find_scenes(flow: Path) -> list[Path]:
    """The scene files of a flow file: those in the folder ``scenes`` beside it that name it, in order.

    A file that is no TOML is among them, so that it is told.
    """
    return [path for path in sorted((flow.parent / "scenes").glob("*.toml")) if _names(path, flow)]


def _names(path: Path, flow: Path) -> bool:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    named = tree.get("flow")
    if not ("scene" in tree or "scenes" in tree) or not isinstance(named, str):
        return "scene" in tree or "scenes" in tree
    return flow_path(path, named).resolve() == flow.resolve()


def scenes_of(paths: Iterable[Path]) -> list[Path]:
    """Scene files that were named, and those in folders that were named.

    Raises:
        MisuseError: there is no such file or folder, or a folder holds none.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.glob("*.toml"))
            if not inside:
                raise MisuseError(f"{path}: holds no scenes; a scene is a file such as {path / 'hello.toml'}")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise MisuseError(f"{path}: there is no such file or folder of scenes")
    return list(dict.fromkeys(found))


def run_suite(
    flow: Flow,
    scenes: Sequence[Path] = (),
    *,
    walks: int = 500,
    steps: int = 40,
    seed: int | None = None,
    properties: Sequence[Property] = (),
) -> Suite:
    """Play the scenes, then walk.

    Args:
        flow: The flow; its tools are not called.
        scenes: Scene files.
        walks: How many random walks; 0: none.
        steps: How long a walk may be.
        seed: Makes the walks the same every time.
        properties: Asked of every step of a walk, beside those that every flow must keep.

    Raises:
        MissingExtra: there are walks, and Hypothesis is not installed.
    """
    coverage = Coverage.of(flow)
    suite = Suite(flow, coverage, [case for path in scenes for case in _file(flow, path, coverage)], walks=walks, steps=steps)
    if walks:
        try:
            suite.walked = walk_flow(flow, walks=walks, steps=steps, seed=seed, properties=properties, watch=coverage.see)
        except WalkFailed as failed:
            suite.failed = failed
    return suite


def _file(flow: Flow, path: Path, coverage: Coverage) -> list[Case]:
    try:
        scenes = Scene.load(path, flow)
    except FlowError as wrong:
        return [Case(path.stem, str(path), str(wrong))]
    return [Case(scene.name, str(path), _played(scene, coverage)) for scene in scenes]


def _played(scene: Scene, coverage: Coverage) -> str:
    try:
        scene.play(coverage.see)
    except SceneFailed as failed:
        return str(failed)
    except Exception as broken:  # noqa: BLE001 - a slot type or a function in a row of the user's may raise anything
        return "\n".join([f"{type(broken).__name__}: {broken}", *getattr(broken, "__notes__", [])])
    return ""


def flow_test(
    flow: Flow | str | Path,
    *,
    scenes: Sequence[str | Path] | None = None,
    walks: int = 100,
    steps: int = 40,
    seed: int | None = None,
    properties: Sequence[Property] = (),
) -> Coverage:
    """Test a flow in one line of a test of your own.

    Args:
        flow: The flow, or its file.
        scenes: Scene files and folders; left out: the folder ``scenes`` beside the file.
        walks: How many random walks; 0: none.
        steps: How long a walk may be.
        seed: Makes the walks the same every time; ``None`` leaves it to Hypothesis's settings.
        properties: Asked of every step of a walk.

    Returns:
        What was covered.

    Raises:
        AssertionError: a scene or a walk failed; the message says how.
        FlowError: the flow itself is wrong.
        MisuseError: there is no such scene.
    """
    loaded = flow if isinstance(flow, Flow) else Flow.load(flow)
    beside = [] if isinstance(flow, Flow) else find_scenes(Path(flow))
    paths = beside if scenes is None else scenes_of(map(Path, scenes))
    suite = run_suite(loaded, paths, walks=walks, steps=steps, seed=seed, properties=properties)
    if not suite.passed:
        raise AssertionError("\n".join(suite.lines()))
    return suite.coverage
