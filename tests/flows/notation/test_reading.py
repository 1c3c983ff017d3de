"""What the flows of the examples mean once they are read, and where everything in them stands."""

from __future__ import annotations

import pytest

from fsm_agents.flows.notation.folder import read_text
from fsm_agents.flows.notation.prompts import read_prompt
from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.problems import Severity
from fsm_agents.flows.syntax import (
    AGAIN,
    BACK,
    NEXT,
    STAY,
    After,
    All,
    Clear,
    Comparison,
    Emit,
    EndedWith,
    Failure,
    Goto,
    Inside,
    Llm,
    Named,
    Not,
    OneOf,
    Press,
    Ref,
    SayLast,
    SayPrompt,
    Says,
    SayText,
    SetSlot,
    Truth,
    ValueOf,
    Visit,
)  # fmt: skip
from fsm_agents.flows.words.pack import pack
from tests.flows.notation.small import NAMES, SMALL, changed, read


@pytest.mark.parametrize("name", NAMES)
def test_a_flow_of_the_examples_can_be_read_without_a_warning(name: str) -> None:
    reading = read(name)
    assert reading.spec.name == name
    assert [p for p in reading.problems if p.severity > Severity.NOTE] == []


ROWS = [
    (("ask", "said", "", "tool", ""), (Inside(("ask",)), (Named("said"),), None, Goto("tool"), ())),
    (("ask, work", "hung_up", "", "end", ""), (Inside(("ask", "work")), (Named("hung_up"),), None, Goto("end"), ())),
    (("any but (ask, tool)", "closed", "", "again", ""), (Inside(anywhere=True, but=("ask", "tool")), (Named("closed"),), None, AGAIN, ())),
    (
        ("ask", '"[a] {size}", drop, yes', "", "next", "set count = 1; say menu"),
        (
            Inside(("ask",)),
            (Says(read_phrase("[a] {size}")), Says(read_phrase("never mind"), "drop"), Says(pack("en-US").phrases["yes"], "yes")),
            None, NEXT, (SetSlot("count", 1), SayPrompt("menu")),
        ),
    ),
    (("any", "press 0, press *", "", "stay", "say last"), (Inside(anywhere=True), (Press("0"), Press("*")), None, STAY, (SayLast(),))),
    (
        ("any", "no_input, no_match 2, invalid 3+", "", "back", "clear all"),
        (
            Inside(anywhere=True), (Failure("no_input"), Failure("no_match", 2), Failure("invalid", 3, more=True)), None, BACK, (Clear(),),
        ),
    ),
    (
        ("ask", 'after 40s, llm "angry" sets size', "not member", "visit tool", 'say "Hm."; clear size, count; emit sold'),
        (
            Inside(("ask",)), (After(40.0, "40s"), Llm("angry", ("size",))), Not(Truth(Ref("member"))), Visit("tool"),
            (SayText(read_prompt("Hm.")), Clear(("size", "count")), Emit("sold")),
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "meaning"), ROWS, ids=[cells[1] for cells, _ in ROWS])
def test_a_row_means_what_its_cells_say(cells: tuple[str, ...], meaning: tuple[object, ...]) -> None:
    row = read_text(SMALL.replace("| any | closed", f"| {' | '.join(cells)} |\n| any | closed")).spec.rows[5]
    assert row.cells == cells
    assert (row.inside, row.on, row.when, row.to, row.do) == meaning


def test_an_outcome_of_a_sub_flow() -> None:
    [row] = [row for row in read("appointment").spec.rows if EndedWith("known") in row.on]
    assert row.cells[1] == "ended known"


def test_values_become_what_their_slot_holds() -> None:
    text = (
        SMALL.replace('type = "digits"', 'type = "yesno"')
        .replace("say menu", "set caller = no")
        .replace("tea.hot  ", "tea.hot = yes")
    )
    rows = read_text(text.replace("for {caller}", "")).spec.rows
    assert rows[1].do == (SetSlot("caller", value=False),)
    assert rows[3].when == Comparison(Ref("tea", "hot"), "=", value=True)
    assert SetSlot("patient", ValueOf(Ref("find_patient", "id"))) in [act for row in read("identify").spec.rows for act in row.do]


def test_states_have_what_their_group_and_the_defaults_give() -> None:
    text = changed(
        'wait = ["Boiling."]',
        'wait = ["Boiling."]\ntimeout = "1m"\n[states.chat]\ntalk = "Chat."\nturns = 4\n[states.plain]\n[states.pass]\nhandoff = "queue:x"',
    )
    spec = read_text(text).spec
    assert {name: state.barge_in for name, state in spec.states.items()} == {
        "ask": "any", "tool": "match", "chat": "any", "plain": "any", "pass": "any", "end": "none",
    }  # fmt: skip
    assert spec.groups["work"].settings == {"barge_in": "match"}
    assert (spec.states["chat"].turns, spec.states["ask"].turns, spec.states["ask"].tries) == (4, 8, 3)
    assert (spec.states["tool"].timeout, spec.states["ask"].timeout) == (60.0, None)
    assert [state.kind for state in spec.states.values()] == ["ask", "call", "talk", "say", "handoff", "end"]
    assert [name for name, state in spec.states.items() if state.works] == ["tool", "pass"]
    group = spec.group_of("tool")
    assert group is spec.groups["work"]
    assert spec.group_of("ask") is None


def test_a_group_gives_what_a_state_does_to_states_that_do_nothing_of_their_own() -> None:
    text = changed('states = ["tool"]\nbarge_in = "match"', 'states = ["tool", "end"]\ncall = "tea"\nretry = ["No?"]\ntries = 5')
    spec = read_text(text).spec
    assert (spec.states["tool"].kind, spec.states["end"].kind) == ("call", "end")
    assert spec.states["end"].tries == 5
    assert spec.states["end"].retry == (read_prompt("No?"),)
    lent = changed('call = "tea"\n', "").replace('barge_in = "match"', 'call = "tea"')
    assert read_text(lent).spec.states["tool"].call == "tea"


def test_defaults_hold_for_states_that_say_nothing_else() -> None:
    text = changed(
        "[states.ask]", '[defaults]\ntries = 2\nbarge_in = "none"\nno_input_after = "4500ms"\nbefore = "please"\n[states.ask]'
    )
    spec = read_text(text).spec
    assert (spec.states["ask"].tries, spec.states["ask"].barge_in, spec.states["tool"].barge_in) == (2, "none", "match")
    assert (spec.defaults.no_input_after, spec.defaults.before, spec.defaults.after) == (4.5, read_phrase("please"), None)


def test_slots_of_every_type() -> None:
    slots = """
[slots.n]
type = "number"
range = "1..9"
hear = "0..99"
check = "tea"
[slots.d]
type = "digits"
length = "6"
secret = true
[slots.b]
type = "date"
past = true
future = "90d"
[slots.t]
type = "time"
between = "08:00..18:30"
[slots.w]
type = "text"
words = "1..4"
invalid = "Again, {n}?"
[slots.c]
type = "choice"
values_from = "tea.kinds"
ordinals = true
[slots.p]
type = "postcode"
grid = { fine = 1, since = 2020-01-01, of = [true, 1.5] }
"""
    got = read_text(SMALL + slots).spec.slots
    assert (got["n"].range, got["n"].hear, got["n"].check) == ((1, 9), (0, 99), "tea")
    assert (got["d"].length, got["d"].secret) == ((6, 6), True)
    assert (got["b"].past, got["b"].future) == (True, 90)
    assert got["t"].between == (480, 1110)
    assert (got["w"].words, got["w"].invalid) == ((1, 4), read_prompt("Again, {n}?"))
    assert (got["c"].values_from, got["c"].ordinals) == (Ref("tea", "kinds"), True)
    assert got["p"].extra == {"grid": {"fine": 1, "since": "2020-01-01", "of": [True, 1.5]}}
    assert got["size"].values == {"small": read_phrase("small"), "large": read_phrase("large / big")}
    assert (got["size"].keys, got["size"].says) == ({"1": "small"}, read_phrase("{} / a {} one"))


def test_recordings_words_migrations_and_the_head() -> None:
    text = changed('say = "Bye."', 'say = { audio = "sounds/bye.wav", text = "Bye, {caller}." }') + '[words]\ntea = "T IY1"\n'
    spec = read_text(text).spec
    bye = spec.states["end"].say
    assert bye is not None
    assert (bye.audio, bye.parts) == ("sounds/bye.wav", read_prompt("Bye, {caller}.").parts)
    assert dict(spec.words) == {"tea": "T IY1"}
    assert spec.migrations[1].states == {"old": "ask"}
    assert (spec.version, spec.lang, spec.takes, spec.events, spec.conditions) == (
        2,
        "en-US",
        ("caller",),
        ("closed",),
        ("member",),
    )
    assert spec.phrases["drop"] == read_phrase("never mind")
    assert spec.phrases["yes"] == pack("en-US").phrases["yes"]


def test_a_phrase_of_the_file_wins_over_one_of_the_language() -> None:
    spec = read_text(changed('drop = "never mind"', 'drop = "never mind"\nyes = "aye / <drop>"')).spec
    assert spec.phrases["yes"] == read_phrase("aye / <drop>")


@pytest.mark.parametrize(
    ("cell", "test"),
    [
        ("not member or count = 2 and size in (small, large)", None),
        ("size != small", Comparison(Ref("size"), "!=", "small")),
        ("tea.hot = no", Comparison(Ref("tea", "hot"), "=", value=False)),
        ("count in (1, 2)", OneOf(Ref("count"), (1, 2))),
        ("tries >= 2 and count", All((Comparison(Ref("tries"), ">=", 2), Truth(Ref("count"))))),
        ('caller = "0123"', Comparison(Ref("caller"), "=", "0123")),
        ('tea.kinds = "green"', Comparison(Ref("tea", "kinds"), "=", "green")),
    ],
)
def test_conditions(cell: str, test: object) -> None:
    found = read_text(changed("count > 2", cell)).spec.rows[1].when
    assert test is None or found == test


@pytest.mark.parametrize(
    ("cell", "act"),
    [
        ("set size = small", SetSlot("size", "small")),
        ('set size = "large"', SetSlot("size", "large")),
        ("set count = other", SetSlot("count", ValueOf(Ref("other")))),
        ("set other = tries", SetSlot("other", ValueOf(Ref("tries")))),
        ("set free = size", SetSlot("free", ValueOf(Ref("size")))),
        ("set free = hello", SetSlot("free", "hello")),
        ('set day = "2026-05-31"', SetSlot("day", "2026-05-31")),
        ('set hour = "09:30"', SetSlot("hour", "09:30")),
        ("set agreed = yes", SetSlot("agreed", value=True)),
        ("set agreed = member", SetSlot("agreed", ValueOf(Ref("member")))),
        ("set several = tea.kinds", SetSlot("several", ValueOf(Ref("tea", "kinds")))),
        ("set several = whatever", SetSlot("several", "whatever")),
        ("set own = tea.hot", SetSlot("own", ValueOf(Ref("tea", "hot")))),
        ("set own = 3", SetSlot("own", 3)),
        ('set caller = "012"', SetSlot("caller", "012")),
        ("clear size, count", Clear(("size", "count"))),
    ],
)
def test_what_a_slot_can_be_set_to(cell: str, act: object) -> None:
    slots = "".join(
        f'[slots.{name}]\ntype = "{kind}"\n{more}\n'
        for name, kind, more in [
            ("other", "number", ""), ("free", "text", ""), ("day", "date", ""), ("hour", "time", ""), ("agreed", "yesno", ""),
            ("several", "choice", 'many = true\nvalues_from = "tea.kinds"'), ("own", "postcode", ""),
        ]
    )  # fmt: skip
    assert read_text(changed("say menu", cell) + slots).spec.rows[1].do == (act,)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ('set day = "2026-02-30"', "F313"), ('set day = "tomorrow"', "F313"), ('set hour = "25:00"', "F313"),
        ("set several = tea.hot", "F313"), ("set agreed = perhaps", "F313"), ("set count = tea", "F309"), ('set caller = "12a"', "F313"),
    ],
)  # fmt: skip
def test_what_a_slot_cannot_be_set_to(cell: str, code: str) -> None:
    from tests.flows.notation.small import wrong

    slots = (
        '[slots.day]\ntype = "date"\n[slots.hour]\ntype = "time"\n[slots.agreed]\ntype = "yesno"\n'
        '[slots.several]\ntype = "choice"\nmany = true\nvalues = { a = "a" }\n'
    )
    assert [p.code for p in wrong(changed("say menu", cell) + slots)] == [code]


def test_a_slot_needs_no_blank_before_it() -> None:
    found, apart = (read_text(SMALL.replace("[a] {size} cup", text)).spec for text in ("a{size}cup", "a {size} cup"))
    assert found.rows[0].on == apart.rows[0].on


def test_everything_knows_where_it_stands() -> None:
    spec = read_text(SMALL, "small.toml").spec
    lines = SMALL.split("\n")
    row = spec.rows[0]
    assert lines[row.place.line - 1][row.place.col - 1 :] == lines[11]
    assert [lines[place.line - 1][place.col - 1 :][: place.width] for place in row.places] == [
        "ask", '"[a] {size} cup"', " ", "next", "set count = 1",
    ]  # fmt: skip
    state, slot = spec.states["tool"], spec.slots["size"]
    assert lines[state.place.line - 1] == "[states.tool]"
    assert {name: lines[place.line - 1][place.col - 1 :][: place.width] for name, place in state.places.items()} == {
        "call": "call", "wait": "wait",
    }  # fmt: skip
    assert lines[slot.places["keys"].line - 1] == "[slots.size.keys]"
    assert (len(slot.places), sorted(slot.places)) == (4, ["keys", "says", "type", "values"])
    assert ("keys" in slot.places, "range" in slot.places, slot.places.get("range")) == (True, False, None)
    assert str(spec.groups["work"].place).startswith("small.toml:")
    assert lines[spec.tools["tea"].place.line - 1] == "[tools.tea]"


def test_a_block_with_escapes_is_read_and_its_places_are_those_of_the_block() -> None:
    escaped = SMALL.replace("'''", '"""').replace('say "Sorry."', 'say "So\\u0072ry."').replace("never mind", "never mind")
    spec = read_text(escaped).spec
    assert spec.rows[4].do == (SayText(read_prompt("Sorry.")),)
    assert {(row.place.line, row.places[0]) for row in spec.rows} == {(9, spec.rows[0].place)}
    plain = read_text(SMALL.replace("'''", '"""')).spec
    assert plain.rows[4].place.line == 16


def test_windows_line_ends_a_byte_order_mark_and_odd_keys_change_nothing() -> None:
    spec = read_text("\ufeff" + SMALL.replace("\n", "\r\n")).spec
    assert spec.rows == read_text(SMALL).spec.rows
    odd = changed('[states.end]\nsay = "Bye."\nend = "done"', '[ states . "end" ]\n\'say\' = "Bye."\n"e\\u006ed" = \'done\' # x')
    assert read_text(odd).spec.states["end"].end == "done"


def test_dotted_keys_inline_tables_and_comments_are_found_too() -> None:
    text = changed(
        "[states.tool]\ncall", "[states]\ntool.say = 'Hm.' # c\ntool.wait = [ # why\n 'a', # b\n 'b {x}',\n]\ntool.call"
    )
    text = text.replace('wait = ["Boiling."]\n', "")
    from tests.flows.notation.small import wrong

    [problem] = wrong(text)
    assert problem.shown[problem.place.col - 1 :].startswith("x}")


def test_without_conditions_a_separator_or_columns_that_are_not_used() -> None:
    text = (
        'flow = "x"\nstart = "a"\n[rows]\nr = """| to | in | on |\n# why\n\n  | a | any | repeat |  """\n[states.a]\nend = "e"\n'
    )
    spec = read_text(text).spec
    assert spec.rows[0].cells == ("any", "repeat", "", "a", "")
    assert spec.rows[0].places[2] == read_text(text).spec.rows[0].places[4]
