"""Scenes: every kind of line, what a failure says, and all that is wrong with a file at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.testing.flows.scene import Scene, SceneFailed, read_scenes
from fsm_agents.testing.flows.suite import find_scenes
from tests.testing.flows.flows import SHOP, shop

WHOLE = """
# a comment
agent: Hello.
caller: two coffees for anna
slot: count = 2
state: code
caller: 4829
agent: 2 coffees for anna?
caller: yes
agent: Great.
state: placing
tool: order after 5s ok minutes=25 names=[Anna, "John Smith"]
agent: One moment.
agent: *in twenty five minutes*
emitted: ordered
end: ordered within 60s
"""


def play(lines: str) -> Scene:
    scene = Scene.of(shop(), lines)
    scene.play()
    return scene


def test_a_whole_call() -> None:
    play(WHOLE)


@pytest.mark.parametrize(
    "lines",
    [
        "caller: two\ncaller: 4829\ncaller: yes\nend: ordered",  # the tool answers with its example
        "caller: seven\nagent: seven take long. All right?\ncaller: no\nagent: How many?\nslot: count unset",
        "silence:\nagent: How many, please?\nsilence: 7s\nagent: Press a number.\nsilence:\nstate: human",
        "press: 3\nstate: code\npress: 4829\nstate: confirm",
        "press: 3#\npress: 48\nagent: Sorry*\nstate: code",
        "caller: two\ncaller: 4829\ncaller: yes\ntool: order failed\nhand off: queue:shop ok\nend: handed_off",
        "caller: two\ncaller: 4829\ncaller: yes\ntool: order timeout\nhand off: queue:shop timeout\nend: failed",
        "caller: operator\nagent: Closed.\nwhen: open_now = yes\ncaller: operator\nhand off: queue:shop failed\nend: failed",
        "when: open_now = yes\ntoday: 2026-12-24\nnow: 18:30\npress: 0\nstate: human",
        "event: closing\nend: failed",
        "caller: two\nhang up:\nend: hung_up",
        'caller: two\ncaller: 4829\ncaller: i want to pay\nmodel: chooses "the caller wants to pay" sets who=bert\nagent: At the till.\nslot: who = bert',
        "caller: two\ncaller: 4829\ncaller: what is this\nmodel: silent\nagent: Yes or no?",
        "caller: two\ncaller: 4829\nwait: 2s\nresume:\nslot: count = 2\nslot: code unset",  # a secret is not saved
        "caller: two\ncuts in: 4829\nagent: two coffees?\ncuts in: yes\nagent: Great.",
        "caller: two\ncaller: 4829\ncaller: yes\ncaller: repeat\ntool: order ok\nend: ordered",
        "press over: 0\nagent: *",  # while the agent speaks
        "caller: two\ncaller: 4829\ncaller: hm\nmodel: fails\nagent: Yes or no?\ncaller: yes\ntool: order after 0s ok\nend: ordered",
        "agent: Hello. How many?",  # two lines of the agent that follow each other
        "agent: *llo*How*\ncaller: goodbye\nend: left within 1m",
    ],
)
def test_every_kind_of_line(lines: str) -> None:
    play(lines)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            "caller: two\nagent: How many?",
            ["line:2  agent: How many?", 'the agent says "Your code?"', "state code", "| count | filled |"],
        ),
        ("agent: How many?\nagent: Hello.", ["the agent says nothing"]),  # in order
        ("caller: two\nslot: count = 3", ["count is 2"]),
        ("caller: two\nslot: count unset", ["count is 2"]),
        ("slot: count = 3", ["count is unset"]),
        ("state: code", ["the flow is in count"]),
        ("caller: goodbye\nend: ordered", ["the call ended with left"]),
        ("end: left", ["the call goes on: count waits for the caller"]),
        ("caller: goodbye\nend: left within 1s", ["the call took"]),
        ("caller: goodbye\ncaller: hello", ["the call is over (left)"]),
        ("emitted: ordered", ["the host was told nothing"]),
        ("tool: order ok", ["order is not being called", "waits for the caller"]),
        ("hand off: queue:shop ok", ["nobody is handed over to queue:shop"]),
        ("model: silent", ["the model is not asked"]),
        (
            "caller: two\ncaller: 4829\ncaller: hm\nagent: Yes or no?",
            ["the model is asked", 'model: chooses "the caller wants to pay"'],
        ),
        (
            "when: open_now = yes\ncaller: operator\nend: handed_off",
            ["human hands over to queue:shop", "fix: say what it answers", "hand off: queue:shop ok"],
        ),
        ("when: open_now = yes\ncaller: operator\nsilence:", ["silence means nothing here"]),
        ("caller: two\ncaller: 4829\ncaller: yes\nresume:", ["it cannot go on elsewhere", "'code' may be used"]),
        ("caller: two\ncaller: 4829\ncaller: yes\ntool: order ok minutes=4\nagent: *five*", ["Ready in four minutes."]),
    ],
)
def test_a_failure_says_line_expectation_and_what_happened(lines: str, told: list[str]) -> None:
    scene = Scene.of(shop(), lines, "line")
    with pytest.raises(SceneFailed) as failed:
        scene.play()
    for part in told:
        assert part in str(failed.value)


BAD = {
    "calller: x": ("F032", "did you mean 'caller'?"),
    "just words": ("F032", "caller: yes"),
    "agent:": ("F033", "agent: How many?"),
    "press: x": ("F035", "press: 1"),
    "silence: 3": ("F035", "4s"),
    "wait: ever": ("F035", "4s"),
    "wait: after ever": ("F035", "4s"),
    "wait: after 5s": ("F034", ""),
    "press over: x": ("F035", "press: 1"),
    "event: closin": ("F034", "did you mean 'closing'?"),
    "hang up: now": ("F033", "hang up:"),
    "tool: oder ok": ("F034", "did you mean 'order'?"),
    "tool: order": ("F033", "tool: order ok"),
    "tool: order ok minuts=2": ("F034", "did you mean 'minutes'?"),
    "tool: order ok minutes=soon": ("F035", "minutes=25"),
    "tool: order ok late=maybe": ("F035", "late=yes"),
    "tool: order ok names=Anna": ("F035", "names=["),
    "tool: order ok 5": ("F033", "minutes=25"),
    "tool: order failed minutes=2": ("F033", "tool: order failed"),
    "hand off: queue:shp ok": ("F034", "did you mean 'queue:shop'?"),
    "model: thinks": ("F033", "model: silent"),
    'model: chooses "the caller wants to play"': ("F034", "did you mean 'the caller wants to pay'?"),
    'model: chooses "the caller wants to pay" sets count=1': ("F034", "known: who"),
    "state: cnt": ("F034", "did you mean 'count'?"),
    "slot: cout = 1": ("F034", "did you mean 'count'?"),
    "slot: count": ("F033", "slot: size = large"),
    "slot: count = many": ("F035", "25"),
    "slot: who = ana": ("F035", "did you mean 'anna'?"),
    "emitted: orderd": ("F034", "did you mean 'ordered'?"),
    "end: orderd": ("F034", "did you mean 'ordered'?"),
    "end: ordered soon": ("F033", "within 60s"),
    "when: open_now": ("F033", "when: open_now = no"),
    "when: open_nw = yes": ("F034", "did you mean 'open_now'?"),
    "takes: count = 2": ("F034", "known: none"),
    "takes: count": ("F033", "takes: number = 4829"),
    "today: tomorrow": ("F035", "today: 2026-11-23"),
    "now: late": ("F035", "now: 18:30"),
}


@pytest.mark.parametrize(("line", "code", "fix"), [(line, *what) for line, what in BAD.items()])
def test_a_bad_line_has_a_code_a_place_and_a_fix(line: str, code: str, fix: str) -> None:
    with pytest.raises(FlowError) as wrong:
        Scene.of(shop(), f"caller: hello\n  {line}", "bad")
    (problem,) = wrong.value.problems
    assert problem.code == code
    assert problem.place.line == 2
    assert problem.place.col >= 3
    assert fix in problem.fix


def test_all_problems_of_a_file_come_at_once_with_their_lines() -> None:
    text = f"flow = 'shop.toml'\ncolour = 1\nscene = '''\n{chr(10).join(BAD)}\n'''\n"
    with pytest.raises(FlowError) as wrong:
        read_scenes(text, "s.toml", shop())
    codes = [(problem.code, problem.place.line) for problem in wrong.value.problems]
    assert codes[0] == ("F031", 2)
    assert [line for _, line in codes[1:]] == list(range(4, 4 + len(BAD)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("flow = ", "F001"),
        ("scene = 'caller: yes'", "F031"),
        ("flow = 'shop.toml'", "F031"),
        ("flow = 'shop.toml'\nscenes = 3", "F031"),
        ("flow = 'shop.toml'\nscenes = [3]", "F031"),
        ("flow = 'shop.toml'\nscene = ''", "F031"),
        ("flow = 'shop.toml'\n[[scenes]]\nnme = 'x'\nscene = 'caller: yes'", "F031"),
        ("flow = 'shp.toml'\nscene = 'caller: yes'", "F031"),
        (b"\xff\xfe", "F005"),
    ],
)
def test_a_file_that_is_none(text: str | bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "scenes" / "s.toml"
    path.parent.mkdir()
    (tmp_path / "shop.toml").write_text(SHOP)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FlowError) as wrong:
        Scene.load(path)
    assert {problem.code for problem in wrong.value.problems} == {code}


def test_several_scenes_of_a_file_and_its_flow_beside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "scenes").mkdir()
    (tmp_path / "shop.toml").write_text(SHOP)
    path = tmp_path / "scenes" / "two.toml"
    path.write_text(
        "flow = 'shop.toml'\n[[scenes]]\nname = 'short'\nscene = 'hang up:'\n[[scenes]]\nscene = '''\ncaller: two\nstate: many\n'''\n"
    )
    short, other = Scene.load(path)
    assert (short.name, other.name) == ("short", "two 2")
    short.play()
    with pytest.raises(SceneFailed, match=r"two\.toml:8  state: many"):
        other.play()


def test_a_scene_file_may_have_the_name_of_its_flow(tmp_path: Path) -> None:
    """Beside the folder comes first; beside itself only where there is no such folder."""
    (tmp_path / "scenes").mkdir()
    (tmp_path / "shop.toml").write_text(SHOP)
    path = tmp_path / "scenes" / "shop.toml"
    path.write_text("flow = 'shop.toml'\nscene = 'hang up:'\n")
    (tmp_path / "scenes" / "other.toml").write_text("flow = 'shop.toml'\nscene = 'hang up:'\n")
    assert [scene.flow.id for where in (path, path.with_name("other.toml")) for scene in Scene.load(where)] == ["shop", "shop"]
    assert [found.name for found in find_scenes(tmp_path / "shop.toml")] == ["other.toml", "shop.toml"]
    beside = tmp_path / "here.toml"
    beside.write_text("flow = 'shop.toml'\nscene = 'hang up:'\n")
    assert Scene.load(beside)[0].flow.id == "shop"


def test_a_sub_flow_is_given_what_it_takes() -> None:
    flow = Flow.loads(
        SHOP.replace('start = "welcome"', 'start = "count"\ntakes = ["count", "code"]')
        .replace("| welcome | said                               |           | count   |                     |\n", "")
        .replace('[states.welcome]\nsay = "Hello."\nbarge_in = "none"\n', "")
    )
    Scene.of(flow, "takes: count = 3\ntakes: code = 4829\nagent: three coffees?").play()
    Scene.of(flow, "agent: How many?").play()


def test_what_a_flow_raises_says_in_which_line() -> None:
    def breaks(seen: object) -> None:
        if len(seen.player.said) > 2:  # type: ignore[attr-defined]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as broken:
        Scene.of(shop(), "state: count\ncaller: two").play(breaks)
    assert "line 2" in broken.value.__notes__[0] or ":2  caller: two" in broken.value.__notes__[0]
