"""The flows of the examples: what their scenes say happens, their pages and drawings are those of the tables, and nothing is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fsm_agents.cli.main import main
from fsm_agents.flows.draw.dot import dot
from fsm_agents.flows.draw.mermaid import mermaid
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.words import types
from fsm_agents.flows.words.types import Custom, register_type
from fsm_agents.session.flows.text import FlowSession
from fsm_agents.testing.flows.coverage import Coverage
from fsm_agents.testing.flows.scene import Scene
from fsm_agents.testing.flows.scene_lines import KINDS

FLOWS = Path(__file__).parents[3] / "examples" / "flows"
THREE = ("pizza", "appointment", "support")
MORE = ("more/table", "more/bank", "more/note", "more/parcel", "more/survey")


@pytest.fixture(autouse=True, scope="module")
def zone() -> Iterator[None]:
    """The slot type that the host of ``bank.toml`` brings."""
    register_type(
        Custom("zone", grammar="zone (a / b)", parse=lambda words: words[-1].upper(), say=lambda value: f"zone {value.lower()}")
    )
    yield
    types._CUSTOM.pop("zone")


def load(name: str) -> Flow:
    return Flow.load(FLOWS / f"{name}.toml")


def scenes(name: str) -> Path:
    path = FLOWS / f"{name}.toml"
    return path.parent / "scenes" / path.name


@pytest.mark.parametrize("name", [*THREE, *MORE])
def test_nothing_is_wrong_with_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No error and no warning, also of words that sound alike where the dictionary for that is installed."""
    assert main(["check", "--no-cache", str(FLOWS / f"{name}.toml")]) == 0
    assert [
        line for line in capsys.readouterr().out.splitlines() if "F507 words that sound alike were not looked for" not in line
    ][1:] == []


@pytest.mark.parametrize("name", [*THREE, *MORE])
def test_its_scenes_happen_as_they_say(name: str) -> None:
    """And those of the three flows take every row."""
    flow = load(name)
    covered = Coverage.of(flow)
    played = Scene.load(scenes(name), flow)
    for scene in played:
        scene.play(covered.see)
    assert len(played) >= (4 if name in THREE else 2)
    if name in THREE:
        assert "never taken" not in covered.text()


def test_a_scene_that_is_wrong_is_seen() -> None:
    with pytest.raises(AssertionError, match="How many pizzas would you like"):
        Scene.of(load("pizza"), "agent: Good morning.").play()


def between(page: str, mark: str) -> str:
    return page.partition(f"<!-- {mark} -->\n")[2].partition(f"<!-- /{mark} -->")[0]


@pytest.mark.parametrize("name", THREE)
def test_its_page_shows_its_rows_and_its_diagram(name: str) -> None:
    page = (FLOWS / f"{name}.md").read_text(encoding="utf-8")
    flow = load(name)
    assert between(page, "flow") == f"```mermaid\n{mermaid(flow.flat).rstrip()}\n```\n"
    shown = [line for line in between(page, "rows").splitlines() if line]
    assert shown == [line for line in flow.spec.text.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("name", THREE)
def test_its_drawing_is_that_of_the_table(name: str) -> None:
    """Compared is what Graphviz was given: its pictures differ from version to version. Each state and row is in the picture."""
    text = dot(load(name).flat)
    assert (FLOWS / "diagrams" / f"{name}.dot").read_text(encoding="utf-8") == text
    picture = (FLOWS / "diagrams" / f"{name}.svg").read_text(encoding="utf-8")
    drawn = set(re.findall(r'\bid="?([sr]_\w+)', text))
    assert drawn
    assert {one for one in drawn if f'id="{one}"' not in picture} == set()


@pytest.mark.parametrize("name", THREE)
def test_files_that_a_page_names_are_there(name: str) -> None:
    page = (FLOWS / f"{name}.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert links
    assert [link for link in links if not (FLOWS / link).exists()] == []


ITEMS = [
    (cells[0], cells[1], cells[2].strip("`"))
    for line in (FLOWS / "README.md").read_text(encoding="utf-8").partition("| item |")[2].partition("\n\n")[0].splitlines()
    if len(cells := [cell.strip() for cell in line.strip("| ").split(" | ")]) == 3 and "`" in cells[2]
]


LINES = [
    (found[1], found[2], found[3])
    for line in (FLOWS / "README.md").read_text(encoding="utf-8").partition("| line |")[2].splitlines()
    if (found := re.fullmatch(r"\| `([a-z ]+):` \| .+ \| ([\w/.]+): `(.+)` \|", line))
]


def test_every_kind_of_line_of_a_scene_is_on_the_page() -> None:
    assert sorted(kind for kind, _, _ in LINES) == sorted(KINDS)


@pytest.mark.parametrize(("kind", "file", "line"), LINES, ids=[kind for kind, _, _ in LINES])
def test_each_line_of_a_scene_stands_where_the_page_says(kind: str, file: str, line: str) -> None:
    assert line.startswith(f"{kind}:")
    assert line in (FLOWS / file).read_text(encoding="utf-8").splitlines()


def test_the_list_of_items_is_read() -> None:
    assert len(ITEMS) > 50


@pytest.mark.parametrize(("item", "file", "words"), ITEMS, ids=[item for item, _, _ in ITEMS])
def test_each_item_stands_where_the_readme_says(item: str, file: str, words: str) -> None:
    """Spaces aside: they are for the eye."""
    assert " ".join(words.split()) in " ".join((FLOWS / file).read_text(encoding="utf-8").split())


@pytest.mark.anyio
async def test_a_running_call_finishes_on_the_version_it_began_with(tmp_path: Path) -> None:
    """The file is changed while somebody talks: they go on as before, and who begins then has the new one."""
    path = tmp_path / "survey.toml"
    for name in ("survey.toml", "phrases.toml"):
        (tmp_path / name).write_text((FLOWS / "more" / name).read_text(encoding="utf-8"), encoding="utf-8")
    running = FlowSession(Flow.load(path))
    assert "Were you happy" in repr(await running.begin())
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("version = 1", "version = 2").replace("Thank you.", "Many thanks."), encoding="utf-8")
    later = FlowSession(Flow.load(path))
    said = [repr(await session.send("yes")) for session in (running, later)]
    assert ["Thank you." in said[0], "Many thanks." in said[1]] == [True, True]
    assert (running.flow.spec.version, later.flow.spec.version) == (1, 2)
