"""The page of a flow in a browser: click a state, search, play a call, with the mouse and with the keyboard; nothing leaves the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fsm_agents.flows.draw.layered import layered
from fsm_agents.flows.draw.page import CallStep, CallTrace, page
from fsm_agents.flows.draw.picture import picture
from fsm_agents.flows.flow import Flow
from fsm_agents.observe.flow_calls import read_call
from fsm_agents.observe.flow_counts import FlowCounts
from fsm_agents.observe.flow_trace import call_trace
from tests.browser.devtools import Browser, Page
from tests.cli.flow_recorder import OPEN, Recorded, drinks, lines_of, ordered
from tests.flows.draw.small import EVIL, bank, example, hostile

CALL = CallTrace("a correction", [
    CallStep(0.0, "welcome", "agent", "Mario's pizza, good evening."),
    CallStep(0.4, "count", "agent", "How many pizzas would you like?"),
    CallStep(0.9, "", "caller", "two large"),
    CallStep(1.3, "size", "agent", "What size?"),
    CallStep(1.6, "gone", "agent", "Goodbye."),
])  # fmt: skip
OTHER = CallTrace("another", [CallStep(0.0, "human", "agent", "I'll get a colleague.")])

DETAIL = "document.querySelector('#detail').innerText"
HERE = "document.querySelector('.here')?.id ?? ''"
NOW = "document.querySelector('#talk .now')?.innerText ?? ''"


@pytest.fixture
def pizza(chrome: Browser, tmp_path: Path) -> Iterator[Page]:
    """The pizza flow with two calls."""
    place = tmp_path / "pizza.html"
    place.write_text(page(example("pizza"), calls=[CALL, OTHER]), encoding="utf-8")
    made = chrome.page(place)
    yield made
    assert chrome.errors == []
    assert chrome.asked == []
    made.close()


def test_a_clicked_state_says_what_it_says_and_hears(pizza: Page) -> None:
    assert pizza.run(DETAIL).startswith("welcome"), "it begins with the first"
    pizza.click("#s_count")
    told = pizza.run(DETAIL)
    assert told.startswith("count")
    assert "How many pizzas would you like?" in told
    assert "We can bake between one and twenty." in told
    assert '"{count} {size} [pizza / pizzas] [with {toppings}]"' in told
    assert "when count > 6 → many" in told
    assert "operator" in told
    chosen = pizza.run("[...document.querySelectorAll('.edge.out')].map((edge) => edge.id).sort()")
    assert chosen == sorted(arrow.id for arrow in picture(example("pizza")).arrows if arrow.source == "s_count")


def test_the_way_leads_on(pizza: Page) -> None:
    """A link goes to the next state; a note tells its rows."""
    pizza.click("#s_confirm")
    pizza.click('#detail a[href="#s_placing"]')
    assert pizza.run(DETAIL).startswith("placing")
    assert "confirm" in pizza.run(DETAIL), "where it comes from"
    pizza.click("#n_any")
    assert "start_over" in pizza.run(DETAIL)


def test_a_keyboard_is_enough(pizza: Page) -> None:
    """Tab reaches every state, Enter opens it, a slash searches, the arrows step."""
    pizza.run("document.querySelector('#s_size').focus()")
    pizza.key("Enter", 13, "\r")
    assert pizza.run(DETAIL).startswith("size")
    assert pizza.run("document.querySelectorAll('.node[tabindex=\"0\"][role=button][aria-label]').length") == 15
    pizza.run("document.activeElement.blur()")
    pizza.key("ArrowRight", 39)
    pizza.key("ArrowRight", 39)
    assert pizza.run(HERE) == "s_count"
    pizza.key("ArrowLeft", 37)
    assert pizza.run(HERE) == "s_welcome"
    pizza.key("/", 191, "/")
    assert pizza.run("document.activeElement.id") == "search"


def test_search_finds_names_sentences_and_phrases(pizza: Page) -> None:
    for words, states in (("kitchen", ["placing"]), ("how many", ["count", "change"]), ("QUEUE:shop", ["human"]), ("zzz", [])):
        pizza.run(
            f"(() => {{ const box = document.querySelector('#search'); box.value = '{words}'; box.dispatchEvent(new Event('input')) }})()"
        )
        assert pizza.run("[...document.querySelectorAll('#found a')].map((found) => found.textContent)") == states
        assert pizza.run("document.querySelectorAll('.node.match').length") == len(states)
    pizza.key("Escape", 27)
    assert pizza.run("document.querySelector('#found').hidden")


def test_a_call_is_stepped_through(pizza: Page) -> None:
    for here, now in (
        ("s_welcome", "good evening"),
        ("s_count", "How many"),
        ("s_count", "two large"),
        ("s_size", "What size"),
        ("", "Goodbye."),
    ):
        pizza.click("#step")
        assert (pizza.run(HERE), now in pizza.run(NOW)) == (here, True)
    assert "gone is not in this flow" in pizza.run("document.querySelector('#clock').textContent")
    pizza.click("#back")
    assert pizza.run(HERE) == "s_size"
    assert pizza.run(DETAIL).startswith("size")
    pizza.click("#talk li:nth-child(2)")
    assert pizza.run(HERE) == "s_count"


def test_a_call_plays_by_itself_and_stops(pizza: Page) -> None:
    """To its end, once; a second press while it plays holds it."""
    pizza.run("document.querySelector('#speed').value = '16'")
    pizza.click("#play")
    assert "Pause" in pizza.run("document.querySelector('#play').textContent")
    pizza.until("document.querySelector('#talk .now:last-child') && document.querySelector('#play').textContent.includes('Play')")
    assert "Play" in pizza.run("document.querySelector('#play').textContent")
    pizza.run("document.querySelector('#speed').value = '1'")
    pizza.click("#play")
    pizza.click("#play")
    assert "Play" in pizza.run("document.querySelector('#play').textContent")


def test_another_call_can_be_chosen(pizza: Page) -> None:
    pizza.run(
        "(() => { const box = document.querySelector('#calls'); box.value = '1'; box.dispatchEvent(new Event('change')) })()"
    )
    pizza.click("#step")
    assert pizza.run(HERE) == "s_human"


def test_a_recorded_call_plays_along_the_drawing(chrome: Browser, tmp_path: Path) -> None:
    """A log of a real call: the state that is lit follows it, the row that was taken is lit, and what is set is told."""
    flow = Flow.load(drinks(tmp_path))
    calls = [read_call(lines_of(each), name) for name, each in (
        ("good", ordered(flow)), ("lost", Recorded(flow, facts=OPEN).prompt_heard().heard("nine", "no", "two", "lemonade")),
    )]  # fmt: skip
    place = tmp_path / "drinks.html"
    place.write_text(page(flow.flat, calls=[call_trace(flow, call) for call in calls]), encoding="utf-8")
    made = chrome.page(place)
    assert made.run("[...document.querySelectorAll('#calls option')].map((each) => each.textContent)") == [
        "good · ended ordered", "lost · no end in the log",
    ]  # fmt: skip
    made.run("""(() => {
        window.lit = [];
        new MutationObserver(() => {
            const here = document.querySelector('.here')?.id;
            if (here && window.lit.at(-1) !== here) window.lit.push(here);
        }).observe(document.querySelector('#sheet svg'), {attributes: true, subtree: true});
        document.querySelector('#speed').value = '16';
    })()""")
    made.click("#play")
    made.until("document.querySelector('#talk .now:last-child') && document.querySelector('#play').textContent.includes('Play')")
    assert made.run("window.lit") == ["s_welcome", "s_count", "s_drink", "s_name", "s_making", "s_done"]
    slots = "[...document.querySelectorAll('#slots > *')].map((each) => each.textContent)"
    assert made.run(slots) == ["count", "2", "drink", "tea", "name", "anna"]
    made.run(
        "(() => { const box = document.querySelector('#calls'); box.value = '1'; box.dispatchEvent(new Event('change')) })()"
    )
    assert made.run(slots) == []
    made.run("[...document.querySelectorAll('#talk li')].find((line) => line.textContent.includes('many | no')).click()")
    assert made.run(HERE) == "s_count"
    (back,) = [arrow.id for arrow in picture(flow.flat).arrows if (arrow.source, arrow.dest) == ("s_many", "s_count")]
    assert made.run("[...document.querySelectorAll('.edge.taken')].map((edge) => edge.id)") == [back]
    assert made.run(slots) == [], "the number was cleared"
    assert "row 6" in made.run(NOW)
    assert (chrome.errors, chrome.asked) == ([], [])
    made.close()


def test_a_very_long_call_is_listed_in_parts(chrome: Browser, tmp_path: Path) -> None:
    """50,000 lines: some hundred at a time, and those are where the call is."""
    lines = [CallStep(float(i), ("count", "size")[i % 2], "caller", f"line {i}.") for i in range(50_000)]
    place = tmp_path / "long.html"
    place.write_text(page(example("pizza"), calls=[CallTrace("long", lines)]), encoding="utf-8")
    made = chrome.page(place)
    shown = "[...document.querySelectorAll('#talk li')].map((line) => line.textContent).filter((_, i, all) => !i || i === all.length - 1)"
    assert [text.split("caller")[-1] for text in made.run(shown)] == [" line 0. → count", "… 49600 more lines"]
    made.run("document.querySelector('#talk li:last-child').click()")
    assert "line 400." in made.run(NOW)
    made.click("#back")
    assert "line 399." in made.run(NOW)
    assert made.run(HERE) == "s_size"
    made.run("show(49999)")
    assert "line 49999." in made.run(NOW)
    first, last = made.run(shown)
    assert (first, "line 49999." in last) == ("… 49600 lines before", True)
    made.run("document.querySelector('#talk li').click()")
    assert "line 49599." in made.run(NOW)
    assert (chrome.errors, chrome.asked) == ([], [])
    made.close()


def test_many_calls_are_counted_on_the_page(chrome: Browser, tmp_path: Path) -> None:
    """How they ended, where callers were not understood, what nobody took; the colours of the numbers stay on a chosen state."""
    flow = Flow.load(drinks(tmp_path))
    counts = FlowCounts(flow)
    for recorded in (ordered(flow), Recorded(flow, facts=OPEN).prompt_heard().heard("two", EVIL, "tea").hung_up()):
        counts.add(read_call(lines_of(recorded), "x"))
    colours, labels = counts.colours()
    place = tmp_path / "drinks.html"
    place.write_text(page(flow.flat, counts=counts.for_page(), colours=colours, labels=labels), encoding="utf-8")
    made = chrome.page(place)
    told = made.run("document.querySelector('#counts').innerText")
    assert "2 calls" in told
    assert "ordered ×1 · 50%" in told
    stroke = "getComputedStyle(document.querySelector('#s_drink path, #s_drink polygon')).stroke"
    before = made.run(stroke)
    made.click('#counts a[href="#s_drink"]')
    detail = made.run(DETAIL)
    assert detail.startswith("drink")
    assert "nobody took ×1: “</script><script>alert(1)</script>" in detail
    assert "taken ×2" in detail
    assert made.run(stroke) == before, "how well it went is still to be seen"
    assert (chrome.errors, chrome.asked) == ([], [])
    made.close()


def test_it_is_dark_where_the_reader_likes_it_dark(pizza: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = pizza.run(ground)
    pizza.dark(on=True)
    pizza.until("document.documentElement.classList.contains('dark')")
    assert pizza.run(ground) != light
    pizza.click("#theme")
    assert pizza.run(ground) == light


def test_a_stranger_s_page_runs_nothing_of_theirs(chrome: Browser, tmp_path: Path) -> None:
    """Its texts are shown; a script that got in all the same would be stopped by the page's policy."""
    place = tmp_path / "hostile.html"
    place.write_text(page(hostile(), calls=[CallTrace(EVIL, [CallStep(0, "hello", EVIL, EVIL)])]), encoding="utf-8")
    made = chrome.page(place)
    made.run("window.alert = () => { window.hit = true }")
    made.click("#s_hello")
    made.click("#step")
    assert "</script><script>alert(1)</script>" in made.run(DETAIL)
    assert "</script><script>alert(1)</script>" in made.run(NOW)
    said = made.run("document.querySelector('#detail li p:nth-child(2)').textContent")
    assert said.startswith("</script><script>alert(1)</script>"), "the sentence itself"
    assert made.run("document.querySelectorAll('aside :is(script, b)').length") == 1, "who speaks, in bold"
    assert made.run("window.hit ?? false") is False
    assert chrome.errors == []
    made.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hit = true'}))")
    assert made.run("window.hit ?? false") is False
    made.close()


@pytest.mark.parametrize("name", ["support", "bank"])
@pytest.mark.parametrize("drawn", ["graphviz", "layers"])
def test_every_state_can_be_clicked(name: str, drawn: str, chrome: Browser, tmp_path: Path) -> None:
    """Whoever drew it; each click shows the state."""
    flat = bank() if name == "bank" else example(name)
    place = tmp_path / f"{name}.html"
    place.write_text(page(flat, drawing=layered(flat) if drawn == "layers" else None), encoding="utf-8")
    made = chrome.page(place)
    shown = made.run("""flow.states.map((state) => {
        document.getElementById(state.id).dispatchEvent(new MouseEvent('click'));
        return document.querySelector('#detail h2').textContent === state.name && document.getElementById(state.id).classList.contains('chosen');
    })""")
    assert len(shown) == len(list(picture(flat).nodes()))
    assert all(shown)
    assert (chrome.errors, chrome.asked) == ([], [])
    made.close()
