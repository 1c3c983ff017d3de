"""Rows are deleted and altered in turn: what scenes and properties do not notice is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.testing.flows.mutants import mutants_of, noticed, report, told, tried

FLOW = """
flow = "t"
version = 1
lang = "en-US"
start = "a"
conditions = ["open"]

[rows]
main = '''
| in  | on           | when | to  | do         |
|-----|--------------|------|-----|------------|
| a   | yes          | open | bye | say "Yes." |
| a   | yes          |      | bye |            |
| a   | no           |      | b   |            |
| b   | yes          |      | bye |            |
| b   | no           |      | a   |            |
| any | out_of_tries |      | bye |            |
'''

[states.a]
say = "A?"
[states.b]
say = "B?"
[states.bye]
say = "Bye."
end = "done"
"""
SCENE = "flow = 't.toml'\nscene = '''\ncaller: no\nagent: B?\ncaller: no\nagent: A?\ncaller: yes\nagent: Bye.\nend: done\n'''\n"


def loaded(folder: Path) -> Flow:
    (folder / "t.toml").write_text(FLOW)
    (folder / "scene.toml").write_text(SCENE)
    return Flow.load(folder / "t.toml")


def test_each_row_is_changed_in_every_way(tmp_path: Path) -> None:
    """Deleted; led elsewhere; without its condition or what it does, if it has them."""
    made = [str(mutant) for mutant in mutants_of(loaded(tmp_path))]
    assert len(made) == 6 * 2 + 2
    assert made[:4] == [
        '12: deleted: | a | yes | open | bye | say "Yes." |', '12: when dropped: | a | yes | open | bye | say "Yes." |',
        '12: do dropped: | a | yes | open | bye | say "Yes." |', '12: to stay: | a | yes | open | bye | say "Yes." |',
    ]  # fmt: skip


def test_what_nobody_notices_is_named(tmp_path: Path) -> None:
    """No scene says what happens while it is open, so nobody misses it."""
    flow = loaded(tmp_path)
    *unnoticed, last = report(tried(flow, tmp_path, [tmp_path / "scene.toml"]))
    assert any(line.startswith("nobody notices 12: do dropped") for line in unnoticed)
    assert not any("no |" in line for line in unnoticed)
    assert last.startswith(f"mutants {14 - len(unnoticed)}/14 noticed (")
    more = tmp_path / "more.toml"
    more.write_text("flow = 't.toml'\nscene = '''\nwhen: open = yes\ncaller: yes\nagent: Yes.\nend: done\n'''\n")
    dropped = next(mutant for mutant in mutants_of(flow) if mutant.what == "do dropped")
    assert noticed(dropped, flow, tmp_path, [more], told(flow)) == "scene"


def test_a_scene_that_fails_anyway_would_notice_everything(tmp_path: Path) -> None:
    """So it is told first."""
    flow = loaded(tmp_path)
    (tmp_path / "scene.toml").write_text(SCENE.replace("Bye.", "Good bye."))
    with pytest.raises(MisuseError, match="a scene fails already"):
        next(tried(flow, tmp_path, [tmp_path / "scene.toml"]))
