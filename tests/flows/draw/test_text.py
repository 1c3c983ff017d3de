"""A flow as Markdown and as a script: every row and every sentence is there, once, and what is hostile stays a cell."""

from __future__ import annotations

import csv
import io

import pytest

from fsm_agents.flows.draw.markdown import markdown, matrix
from fsm_agents.flows.draw.script import files_of, script, script_csv, sentences
from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.spec import FlowSpec
from fsm_agents.flows.syntax import Prompt, SayText, prompt_text
from fsm_agents.flows.words.pack import pack
from tests.flows.draw.small import EXAMPLES, bank, example, hostile, sampler, trunk

FLOWS = {"sampler": sampler, "bank": bank, "hostile": hostile}
every = pytest.mark.parametrize("name", [*EXAMPLES, *FLOWS])


def flow(name: str) -> FlatFlow:
    """By name."""
    return FLOWS[name]() if name in FLOWS else example(name)


def cells(line: str) -> list[str]:
    """The cells of a line of a pipe table; escaped bars are none."""
    return [cell.strip() for cell in line.replace("\\|", "\0").strip("|").split("|")]


def tables(text: str) -> list[list[list[str]]]:
    """The pipe tables of a Markdown text."""
    found: list[list[list[str]]] = []
    before = ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            found[-1].append(cells(line))
        before = line
    return found


@every
def test_every_row_is_in_the_markdown(name: str) -> None:
    """Under each state it names, with its number; and no cell opens another column."""
    flat = flow(name)
    *rows, last = tables(markdown(flat))
    assert all(len(line) == len(table[0]) for table in [*rows, last] for line in table)
    shown = [line[0] for table in rows for line in table[2:]]
    named = [f"{n:02d}" for spec in files_of(flat) for n, row in enumerate(spec.rows, 1) for _ in row.inside.names or ("any",)]
    assert sorted(shown) == sorted(named)
    assert [line[0] for line in last[2:]] == [cells(f"| {name} |")[0] for name in map(_escaped, flat.states)]


def _escaped(name: str) -> str:
    from fsm_agents.flows.draw.cells import clean
    from fsm_agents.fsm.draw_markdown import escape

    return escape(clean(name))


def test_columns_are_aligned() -> None:
    block = markdown(sampler()).partition("### work\n")[2].partition("###")[0].strip().splitlines()
    assert block[0] == "Calls find."
    assert [len(line) for line in block[2:]] == [len(block[2])] * 5
    assert block[4] == '| 11  | ok              | find.note = "a b" | chat | set note = find.note |'


def test_the_markdown_has_a_section_for_each_thing() -> None:
    text = markdown(sampler())
    assert "# sampler\n\nversion 7, en-US, starts in hello, 10 states, 23 rows\n" in text
    assert "## who\n\nA sub-flow. version 2, en-US, starts in phone, 3 states, 2 rows\n" in text
    assert "### talking\n\nA group: hello, size.\n" in text
    assert "### bye\n\nEnds: done. “Goodbye[, {note}].”\n" in text
    assert "### person\n\nHands over to queue:shop. “One moment.”\n" in text
    assert "### ident\n\nRuns who.\n" in text
    assert "### any state\n" in text
    assert "| 21  | any but (chat, talking) | goodbye, hung_up    |          | bye        | emit gone |" in text


def test_the_matrix_says_where_each_state_leads() -> None:
    """Whatever row says so: its own, that of its group, of any state, of a state around it."""
    head, _, *lines = tables(matrix(sampler()))[0]
    table = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert table["size"]["filled"] == "?work / ident/phone"
    assert table["size"]["answer"] == "next"
    assert table["size"]["words"] == "?next / chat / visit shop"
    assert table["size"]["no_input"] == "?again / stay"
    assert table["size"]["keys"] == "?next / chat"
    assert table["size"]["after"] == "size"
    assert table["work"]["ok"] == "?chat / chat"
    assert table["chat"]["llm"] == "bye / ?person"
    assert table["chat"]["closed"] == ""
    assert table["person"]["closed"] == "?bye"
    assert table["ident/found"]["ended"] == "work"
    assert table["ident/phone"]["words"] == "size / visit shop"
    assert table["ident/phone"]["out_of_tries"] == "ident/lost"
    assert table["shop"]["words"] == "back / visit shop"
    assert table["bye"]["repeat"] == ""
    assert head[:4] == ["state", "answer", "words", "help"]


def test_what_can_never_win_is_not_in_the_matrix() -> None:
    """A later row behind one that always wins."""
    head, _, *lines = tables(matrix(example("appointment")))[0]
    table = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert table["identify/phone"]["out_of_tries"] == "identify/unknown"


def prompts(spec: FlowSpec) -> list[Prompt]:
    """Every prompt of a file."""
    found = []
    for state in spec.states.values():
        found += [p for p in (state.say, state.again) if p is not None]
        found += [*state.retry, *state.no_input, *state.no_match, *state.wait]
    found += [slot.invalid for slot in spec.slots.values() if slot.invalid is not None]
    found += [act.prompt for row in spec.rows for act in row.do if isinstance(act, SayText)]
    return [*found, *spec.prompts.values()]


@pytest.mark.parametrize("name", [*EXAMPLES, "sampler", "bank"])
def test_every_sentence_is_in_the_script_once(name: str) -> None:
    """Those of the language too; a file that runs twice is written once."""
    flat = flow(name)
    found = sentences(flat)
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    said = [each.text for each in found if not each.when.startswith("the model")]
    wanted = [prompt_text(prompt) for spec in files_of(flat) for prompt in prompts(spec)]
    assert sorted(said) == sorted([*wanted, *pack("en-US").texts.values()])


def test_the_script_is_for_reading() -> None:
    text = script(sampler())
    assert text.startswith("sampler, version 7: ")
    assert "\nsampler: size\n    2  on entering                            Which size?\n" in text
    assert "Goodbye[, {note}]." in text
    assert "Hello.  (recorded: hello.wav)" in text
    assert "prompt menu (rows 5)" in text
    assert "prompt unused (unused)" in text
    assert "the model talks, told" in text
    assert "row 2: out_of_tries" in text


def test_the_script_as_csv_is_read_back() -> None:
    head, *lines = csv.reader(io.StringIO(script_csv(sampler())))
    assert head == ["number", "flow", "state", "when", "text", "audio"]
    assert lines == [[str(s.number), s.flow, s.state, s.when, s.text, s.audio] for s in sentences(sampler())]


def test_a_spreadsheet_takes_no_text_for_a_formula() -> None:
    import attrs

    from fsm_agents.flows.machine.flatten import flatten
    from fsm_agents.flows.syntax import Text

    spec = sampler().spec
    prompts_ = {f"p{n}": Prompt((Text(text),)) for n, text in enumerate(("=1+1", "+1", "-1", "@a"))}
    lines = list(csv.reader(io.StringIO(script_csv(flatten(attrs.evolve(spec, prompts=prompts_ | {"menu": Prompt(())}))))))
    assert [line[4] for line in lines if line[3].startswith("prompt p")] == ["'=1+1", "'+1", "'-1", "'@a"]


def test_hostile_texts_stay_on_their_line() -> None:
    text = script(hostile())
    assert len(text.splitlines()) == len(text.split("\n")) - 1
    assert "\x01" not in text
    assert "\u202e" not in text + markdown(hostile())


def test_a_long_flow_without_global_rows_is_told_too() -> None:
    """Two thousand states: nothing searches all rows for each."""
    text = markdown(trunk(2000))
    assert "any state" not in text
    assert text.count("### s") == 2000
    assert len(sentences(trunk(2000))) == 2000 + len(pack("en-US").texts)
