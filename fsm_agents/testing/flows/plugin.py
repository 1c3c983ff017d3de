"""The pytest plugin: collects ``scenes/*.toml``, each scene as a test. It imports nothing of the package until there is such a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fsm_agents.testing.flows.scene import Scene

__all__ = ["SceneFile", "SceneItem", "pytest_collect_file"]

_SCENE = re.compile(r"^[ \t]*(?:scene[ \t]*=|\[\[[ \t]*scenes[ \t]*\]\])", re.MULTILINE)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A TOML file in a folder ``scenes`` that holds scenes."""
    if file_path.suffix != ".toml" or file_path.parent.name != "scenes":
        return None
    try:
        text = file_path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    return SceneFile.from_parent(parent, path=file_path) if _SCENE.search(text) else None


class SceneFile(pytest.File):
    """A file of scenes."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its scenes, read and held against their flow; what is wrong with them is told all at once."""
        from fsm_agents.errors import FSMAgentsError
        from fsm_agents.testing.flows.scene import Scene

        try:
            scenes = Scene.load(self.path)
        except FSMAgentsError as wrong:
            raise self.CollectError(str(wrong)) from None
        known: dict[str, int] = {}
        for scene in scenes:
            known[scene.name] = known.get(scene.name, 0) + 1
            name = scene.name if known[scene.name] == 1 else f"{scene.name} {known[scene.name]}"
            yield SceneItem.from_parent(self, name=name, scene=scene)


class SceneItem(pytest.Item):
    """One scene."""

    def __init__(self, *, scene: Scene, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scene = scene

    def runtest(self) -> None:
        """Play it."""
        self.scene.play()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What a scene says of its failure is enough; frames would be those of the player."""
        from fsm_agents.testing.flows.scene import SceneFailed

        if isinstance(excinfo.value, SceneFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands."""
        return self.path, max(0, self.scene.place.line - 1), f"scene {self.name}"
