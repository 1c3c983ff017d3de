"""A flow in DOT and as SVG: ids and classes by which others find states and rows, colours, hostile texts; and the layers without Graphviz."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET

import pytest

from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.flows.draw.dot import dot, png, svg
from fsm_agents.flows.draw.layered import layered
from fsm_agents.flows.draw.names import Ids
from fsm_agents.flows.draw.picture import picture
from fsm_agents.flows.machine.flat import FlatFlow
from tests.flows.draw.small import EVIL, EXAMPLES, bank, example, hostile, sampler, trunk

FLOWS = {"sampler": sampler, "bank": bank, "hostile": hostile}
every = pytest.mark.parametrize("name", [*EXAMPLES, *FLOWS])


def flow(name: str) -> FlatFlow:
    """By name."""
    return FLOWS[name]() if name in FLOWS else example(name)


def parts(drawn: str) -> dict[str, set[str]]:
    """The ids of an SVG with their classes; each id is there once."""
    found = [(each.get("id", ""), set(each.get("class", "").split())) for each in ET.fromstring(drawn).iter() if each.get("id")]
    assert len({key for key, _ in found}) == len(found)
    return dict(found)


@every
@pytest.mark.parametrize("draw", [svg, layered])
def test_states_and_rows_are_found_in_the_svg(name: str, draw: object) -> None:
    """By id, and by class where a row has several arrows; whoever drew it."""
    assert callable(draw)
    flat = flow(name)
    found, drawn = parts(draw(flat)), picture(flat)
    assert set(Ids(flat).states.values()) <= {key for key, classes in found.items() if "node" in classes}
    for arrow in drawn.arrows:
        assert {"edge", f"from-{arrow.source}", f"to-{arrow.dest}", *(line.row for line in arrow.lines)} <= found[arrow.id]


@pytest.mark.parametrize("draw", [svg, layered])
def test_colours_and_counts_reach_the_svg(draw: object) -> None:
    assert callable(draw)
    drawn = draw(
        sampler(),
        colours={"s_size": "#1a7f37", "r_11": "#c0392b", "r_12": "#1a7f37", "r_05": "#c0392b"},
        labels={"s_size": "×7", "r_12": "×2"},
    )
    found = parts(drawn)
    assert "coloured" in found["s_size"]
    assert "coloured" in found["r_11"]
    assert "coloured" not in found["s_hello"] | found["r_01"]
    assert "size ×7" in drawn
    assert "ok ×2" in drawn
    assert "#c0392b" in drawn
    with pytest.raises(MisuseError):
        draw(sampler(), colours={"s_size": '"/>'})


def test_dot_has_clusters_and_is_the_same_each_time() -> None:
    text = dot(sampler())
    assert re.findall(r"subgraph (\w+)", text) == ["cluster_g_talking", "cluster_g_ident"]
    assert text == dot(sampler())
    assert "s_size -> s_ident_lost" in text, "what leads back is laid out the other way round"
    assert 'dir="back"' in text


def test_a_note_and_a_visit_look_different() -> None:
    text = dot(sampler())
    (visit,) = [line for line in text.splitlines() if "n_any -> s_shop" in line]
    assert 'style="dashed"' in visit
    assert "visit " in visit
    (note,) = [line for line in text.splitlines() if "n_any -> s_bye" in line]
    assert 'style="dotted"' in note


@pytest.mark.parametrize("draw", [svg, layered])
def test_hostile_texts_stay_texts(draw: object) -> None:
    """It is well-formed, nothing of it is a script, and the words can be read."""
    assert callable(draw)
    drawn = draw(hostile())
    root = ET.fromstring(drawn)
    assert not [each for each in root.iter() if each.tag.endswith("script")]
    assert EVIL not in drawn
    assert "</script><script>alert(1)" in "".join(root.itertext())


def test_a_picture_is_a_picture() -> None:
    assert png(sampler()).startswith(b"\x89PNG")


def test_without_graphviz_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(MissingExtra, match=r"fsm_agents\[diagrams\]"):
        svg(sampler())
    with pytest.raises(MissingExtra, match=r"fsm_agents\[diagrams\]"):
        png(sampler())


def test_many_rows_of_one_arrow_are_counted() -> None:
    import attrs

    from fsm_agents.flows.machine.flatten import flatten
    from fsm_agents.flows.spec import RowSpec
    from fsm_agents.flows.syntax import Goto, Inside, Named

    spec = trunk(3).spec
    rows = [RowSpec(Inside(("s0",)), (Named(f"event_{n}"),), Goto("s2")) for n in range(12)]
    flat = flatten(attrs.evolve(spec, rows=(*spec.rows, *rows)))
    assert "event_7<BR/>+4 more" in dot(flat)
    assert ">event_1</tspan><tspan" in layered(flat)
    assert "+10</tspan>" in layered(flat)


def test_the_layers_lead_downwards() -> None:
    """A state stands below those it comes from, but for what leads back."""
    flat = bank()
    drawn, root = picture(flat), ET.fromstring(layered(flat))
    heights = {
        each.get("id"): float(each.findall(".//{*}rect")[0].get("y", 0))
        for each in root.iter()
        if each.get("class", "").startswith("node")
    }
    for arrow in drawn.arrows:
        below = heights[arrow.source] < heights[arrow.dest]
        assert below is (arrow.id not in drawn.returns), arrow


def test_a_long_flow_is_drawn_in_bounded_time() -> None:
    """A thousand states in a row: no recursion, no quadratic search (it takes a tenth of a second)."""
    flat = trunk(1000)
    assert dot(flat).count("->") == 1000
    assert len(parts(layered(flat))) == 1000 + 999 + 1
