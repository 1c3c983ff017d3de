"""The page of a flow in a browser: click a state, search, play a call, with the mouse and with the keyboard; nothing leaves the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fsm_agents.flows.draw.layered import layered
from fsm_agents.flows.draw.page import CallTrace, page
from fsm_agents.flows.draw.picture import picture
from tests.browser.devtools import Browser, Page
from tests.flows.draw.small import EVIL, bank, example, hostile

CALL = CallTrace("a correction", [
    (0.0, "welcome", "agent", "Mario's pizza, good evening."),
    (0.4, "count", "agent", "How many pizzas would you like?"),
    (0.9, "", "caller", "two large"),
    (1.3, "size", "agent", "What size?"),
    (1.6, "gone", "agent", "Goodbye."),
])  # fmt: skip
OTHER = CallTrace("another", [(0.0, "human", "agent", "I'll get a colleague.")])

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
    assert '"{count} {size} [pizzas] [with {toppings}]"' in told
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
    place.write_text(page(hostile(), calls=[CallTrace(EVIL, [(0, "hello", EVIL, EVIL)])]), encoding="utf-8")
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
