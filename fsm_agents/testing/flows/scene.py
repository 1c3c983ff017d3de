"""Scenes: what a caller does, and what must happen, in a TOML file beside the flow. Played in virtual time, without audio, loop or model.

    flow = "pizza.toml"
    scene = '''
    caller: two large pizzas with ham
    agent:  What name is it for?
    caller: Anna
    caller: yes
    tool:   place_order ok minutes=25
    end:    ordered within 60s
    '''

Several scenes of a file stand under ``[[scenes]]``, each with ``name`` and ``scene``. What lines there are: :mod:`.scene_lines`. How long
things take: :mod:`.player`. A tool that no later line of the scene answers returns its ``example``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.effects import CallTool
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.source import Source, read_source
from fsm_agents.flows.notation.troubles import Troubles
from fsm_agents.flows.problems import NOWHERE, FlowError, Place
from fsm_agents.testing.flows.answers import Tool, Unplayable, waiting
from fsm_agents.testing.flows.expectations import Ends, Expectation, Heard
from fsm_agents.testing.flows.player import Player
from fsm_agents.testing.flows.scene_lines import Line, Setting, read_line
from fsm_agents.testing.flows.seen import Seen
from fsm_agents.testing.flows.stimuli import CutIn, Pressed, Says, Silence, Stimulus
from fsm_agents.testing.flows.taken import Trail, last_row
from fsm_agents.testing.flows.times import seconds

__all__ = ["Scene", "SceneFailed", "flow_path", "read_scenes"]

_ACTS = (Says, CutIn, Pressed, Silence)
"""What the caller does: what the agent says after it is looked at anew."""


class SceneFailed(AssertionError):  # noqa: N818 - a failed test, named after what failed
    """Something did not happen as a scene says. The message names the line, what was expected, what happened, and the last row."""


@attrs.frozen
class Scene:
    """One scene, read and held against its flow.

    Args:
        name: Its name.
        lines: Its lines.
        flow: The flow it is about.
        place: Where it begins.
    """

    name: str
    lines: tuple[Line, ...]
    flow: Flow = attrs.field(repr=False)
    place: Place = NOWHERE

    @classmethod
    def load(cls, path: str | Path, flow: Flow | None = None) -> tuple[Scene, ...]:
        """The scenes of a file.

        Args:
            path: A TOML file.
            flow: The flow; without it, the one that the file names.

        Raises:
            FlowError: all that is wrong with the file, or with its flow.
        """
        text = _text(Path(path))
        return read_scenes(text, str(path), flow or _Flows(Path(path)))

    @classmethod
    def of(cls, flow: Flow, text: str, name: str = "scene") -> Scene:
        """The scene in a text of lines.

        Raises:
            FlowError: all that is wrong with it.
        """
        troubles = Troubles()
        troubles.knows(name, text.split("\n"))
        lines = _read(text, flow, troubles, lambda at, width: _place(text, name, at, width))
        troubles.done()
        return cls(name, lines, flow, Place(name, 1))

    def play(self, watch: Callable[[Seen], None] | None = None) -> Player:
        """Play it.

        Args:
            watch: Is shown every step, for coverage.

        Returns:
            The conversation at its end.

        Raises:
            SceneFailed: something is not as the scene says.
        """
        return _Playing(self, watch).run()


def read_scenes(text: str, file: str, flow: Flow | Callable[[str, Troubles, Place], Flow | None]) -> tuple[Scene, ...]:
    """The scenes of a text in TOML.

    Args:
        text: The text.
        file: How messages call it.
        flow: The flow, or how to get the one that the file names.

    Raises:
        FlowError: all problems at once: F001 no TOML, F031 no such setting, F032 to F035 in the lines of scenes.
    """
    troubles = Troubles()
    source, fault = read_source(text, file)
    troubles.knows(file, source.lines())
    if fault is not None:
        troubles.fault(fault, source.at(fault.at, fault.width))
        troubles.done()
    found = [*_texts(source, troubles)]
    known = flow if isinstance(flow, Flow) else _flow(source, troubles, flow)
    scenes = []
    for name, path, lines in found if known is not None else ():
        assert known is not None  # noqa: S101 - asked above
        read = _read(lines, known, troubles, lambda at, width, path=path: source.inside(path, at, width))  # type: ignore[misc]
        scenes.append(Scene(name, read, known, source.inside(path)))
    troubles.done()
    return tuple(scenes)


def flow_path(source: Path, name: str) -> Path:
    """The flow that a scene file names: beside the folder ``scenes`` that it is in, else beside it.

    Beside the folder first: a scene file may have the name of its flow.
    """
    outside = source.parent.parent / name
    return outside if source.parent.name == "scenes" and outside.exists() else source.parent / name


# --- reading --------------------------------------------------------------------------------------------------------------------------


_TOP = ("flow", "name", "scene", "scenes")
_EACH = ("name", "scene")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as wrong:
        troubles = Troubles()
        said = getattr(wrong, "strerror", None) or "it is not UTF-8 text"
        troubles.add("F005", f"the scene file cannot be read: {said}", Place(str(path)))
        raise FlowError(troubles.found) from None


def _texts(source: Source, troubles: Troubles) -> Iterator[tuple[str, tuple[str | int, ...], str]]:
    """Name, place and text of each scene."""
    tree = source.tree
    stem = str(tree.get("name", Path(source.file).stem))
    for key in tree:
        if key not in _TOP:
            troubles.add("F031", f"unknown setting '{key}' in a scene file", source.place((key,)), fix=troubles.near(key, _TOP))
    if "scene" in tree:
        yield from _one(source, troubles, stem, ("scene",), tree["scene"])
    several = tree.get("scenes", [])
    if not isinstance(several, list) or ("scene" not in tree and not several):
        troubles.add("F031", "no scene in this file", source.place(("scenes",)), fix="scene = '''")
        return
    for number, each in enumerate(several):
        if not isinstance(each, Mapping):
            troubles.add("F031", "a scene is a table", source.place(("scenes",)), fix="[[scenes]]")
            continue
        for key in each:
            if key not in _EACH:
                place = source.place(("scenes", number, key))
                troubles.add("F031", f"unknown setting '{key}' of a scene", place, fix=troubles.near(key, _EACH))
        name = str(each.get("name", f"{stem} {number + 1}"))
        yield from _one(source, troubles, name, ("scenes", number, "scene"), each.get("scene"))


def _one(
    source: Source, troubles: Troubles, name: str, path: tuple[str | int, ...], text: Any
) -> Iterator[tuple[str, tuple[str | int, ...], str]]:
    if not isinstance(text, str) or not text.strip():
        troubles.add("F031", f"the scene '{name}' has no lines", source.place(path), fix="scene = '''")
        return
    yield name, path, text


def _flow(source: Source, troubles: Troubles, get: Callable[[str, Troubles, Place], Flow | None]) -> Flow | None:
    named = source.tree.get("flow")
    if not isinstance(named, str) or not named:
        troubles.add(
            "F031", "the file does not say which flow its scenes are about", Place(source.file, 1), fix='flow = "pizza.toml"'
        )
        return None
    return get(named, troubles, source.place(("flow",)))


@attrs.frozen
class _Flows:
    """Loads the flow that a scene file names."""

    path: Path

    def __call__(self, name: str, troubles: Troubles, place: Place) -> Flow | None:
        found = flow_path(self.path, name)
        if found.is_file():
            return Flow.load(found)
        around = sorted(path.name for path in (*self.path.parent.glob("*.toml"), *self.path.parent.parent.glob("*.toml")))
        troubles.add("F031", f"there is no flow '{name[:80]}' beside the scene", place, fix=troubles.near(name, around))
        return None


def _read(text: str, flow: Flow, troubles: Troubles, place: Callable[[int, int], Place]) -> tuple[Line, ...]:
    found: list[Line] = []
    at = 0
    for number, line in enumerate(text.split("\n"), 1):
        try:
            read = read_line(line, number, flow)
        except Fault as fault:
            troubles.fault(fault, place(at + fault.at, fault.width))
        else:
            found += [read] if read is not None else []
        at += len(line) + 1
    return tuple(found)


def _place(text: str, file: str, at: int, width: int) -> Place:
    before = text[:at]
    return Place(file, before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1, width)


# --- playing --------------------------------------------------------------------------------------------------------------------------


class _Playing:
    """One run of a scene."""

    def __init__(self, scene: Scene, watch: Callable[[Seen], None] | None) -> None:
        self.scene = scene
        self.player = Player(scene.flow, watch=self._watch)
        self.watch = watch
        self.heard = Heard()
        self.trail = Trail(scene.flow)
        self.row = ""
        self.left = [line.what for line in scene.lines]

    def run(self) -> Player:
        lines = list(self.scene.lines)
        for line in lines:  # how the world is from the beginning
            if not isinstance(line.what, Setting):
                break
            self._set(line.what)
        self.player.begin()
        for line in lines:
            self.left.pop(0)
            try:
                self._line(line)
            except Unplayable as wrong:
                self._fail(line, str(wrong))
            except SceneFailed:
                raise
            except Exception as broken:
                broken.add_note(self._message(line, "the flow raised"))
                raise
        return self.player

    def _watch(self, seen: Seen) -> None:
        self.row = last_row(self.trail, seen.step) or self.row
        if self.watch is not None:
            self.watch(seen)

    def _line(self, line: Line) -> None:
        what = line.what
        if isinstance(what, Setting):
            self._set(what)
        elif isinstance(what, Expectation):
            self._expect(line, what)
        else:
            self._act(line, what)

    def _expect(self, line: Line, what: Expectation) -> None:
        """It is so now, or when all that goes on by itself is over; an end has to be heard."""
        if not isinstance(what, Ends) and not what.wrong(self.player, self.heard):
            return
        self._settle()
        wrong = what.wrong(self.player, self.heard)
        if wrong:
            self._fail(line, wrong)

    def _act(self, line: Line, what: Stimulus) -> None:
        if isinstance(what, CutIn) or (isinstance(what, Pressed) and what.over):
            self._answer_all()
        elif isinstance(what, _ACTS) or not what.fits(self.player):
            self._settle()
        if self.player.ended:
            self._fail(line, f"the call is over ({self.player.outcome})")
        if isinstance(what, _ACTS):
            self.heard.lines = len(self.player.said)
        what.play(self.player)
        if isinstance(what, Pressed):
            self._finish_keys()

    def _set(self, setting: Setting) -> None:
        player = self.player
        match setting.kind:
            case "when":
                player.conditions[setting.name] = setting.value
            case "today":
                player.today = setting.value
            case "now":
                player.clock = setting.value
            case _:
                player.take({setting.name: setting.value})

    def _settle(self) -> None:
        """Time passes until the flow waits for somebody whom the scene has not spoken of yet."""
        while True:
            self.player.listen()
            if not self._answer():
                return

    def _answer_all(self) -> None:
        while self._answer():
            pass

    def _answer(self) -> bool:
        """A tool that no later line answers returns its example."""
        asked = self.player.pending
        if not isinstance(asked, CallTool) or self.player.ended:
            return False
        names = (asked.tool, asked.tool.rpartition("/")[2])
        tool = self.player.flow.flat.tools[asked.tool]
        scripted = any(isinstance(what, Tool) and what.tool in names for what in self.left)
        if scripted or (tool.returns and not tool.example):
            return False
        Tool(asked.tool).play(self.player)
        return True

    def _finish_keys(self) -> None:
        """The caller has pressed the last key: the flow waits for another, and goes on."""
        while self.player.data.keys and not self.player.ended:
            self.player.pass_time(max(1, self.player.due() or 1))

    def _fail(self, line: Line, happened: str) -> None:
        raise SceneFailed(self._message(line, happened)) from None

    def _message(self, line: Line, happened: str) -> str:
        player, place = self.player, self.scene.place
        at = f"{place.file}:{place.line + line.number - 1}" if place.file else f"line {line.number}"
        if (player.asked is not None or player.pending is not None) and waiting(player) not in happened:
            happened += f"; {waiting(player)}"
        told = [f"{at}  {line.text}", f"    but {happened}", f"    state {player.where} · {seconds(player.time)}"]
        if player.pending is not None or player.asked is not None:
            told.append(f"    fix: say what it answers, in a line  {_answer_line(player)}")
        return "\n".join([*told, *([f"    last row: {self.row}"] if self.row else [])])


def _answer_line(player: Player) -> str:
    asked = player.pending
    if player.asked is not None:
        offers = [offer.text for offer in player.asked.offers]
        return f'model: chooses "{offers[0]}"' if offers else 'model: says "…"'
    if isinstance(asked, CallTool):
        tool = player.flow.flat.tools[asked.tool]
        return f"tool: {tool.name} ok{''.join(f' {name}=…' for name in tool.returns)}"
    return f"hand off: {asked.to} ok" if asked is not None else ""
