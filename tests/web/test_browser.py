"""The chat page in a real browser: with and without scripts, by keyboard, on a small phone, in both themes."""

import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, Route, expect

from bot.web import verify
from tests.chromium import needs_chromium
from tests.support import NOON, VAULT
from tests.web.world import FakeDialogue, make_app

PHONE, SMALL = (390, 844), (320, 568)
TOUCH = 44
"""CSS pixels a finger needs (WCAG 2.5.5)."""

pytestmark = needs_chromium


class NobodyWrote:
    """A database that nobody has to ask: a code that is not ours is known by itself."""

    @asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        yield None


class House:
    """A served application; `address` is where."""

    def __init__(self) -> None:
        self.dialogue = FakeDialogue()
        database: Any = NobodyWrote()
        app = make_app(self.dialogue, verification=verify.routes(database=database, vault=VAULT, clock=lambda: NOON))
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", ws="none", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run)

    @property
    def address(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/"

    def __enter__(self) -> "House":
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture
def house() -> Iterator[House]:
    with House() as house:
        yield house


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, house: House) -> Iterator[Open]:
    """Opens the chat page; afterwards nothing may have been complained of or asked of others."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def requested(request: Request) -> None:
        if not request.url.startswith((house.address, "data:")):
            complaints.append(f"asked for {request.url}")

    def opened(path: str = "", *, size: tuple[int, int] = PHONE, **how: Any) -> Page:
        width, height = size
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="pl-PL", reduced_motion="reduce", **how
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.on("request", requested)
        page.goto(house.address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")


def latest(page: Page) -> Locator:
    return page.locator("#now")


def said(page: Page) -> list[str]:
    """What the person is shown to have said."""
    return page.locator(".mine .said").all_text_contents()


# --- a whole exchange


def test_a_conversation_with_the_script(open_page: Open, house: House) -> None:
    page = open_page()
    navigations: list[str] = []
    page.on("framenavigated", lambda frame: navigations.append(frame.url))

    press(page, "Zacznij od pytania")
    expect(latest(page)).to_contain_text("Kto ma pierwszeństwo?")
    expect(latest(page)).to_be_focused()
    expect(page.get_by_role("button", name="Rozejrzę się")).to_have_count(0)
    expect(page.locator(".note")).to_have_count(0)

    press(page, "A. Ja, bo to przejście")
    expect(latest(page)).to_contain_text("Blisko, ale nie tu.")
    write(page, "pali sie olej na patelni")
    expect(latest(page)).to_contain_text("Nie gaś wodą.")
    expect(page.get_by_role("textbox")).to_be_focused()
    expect(page.get_by_role("textbox")).to_have_value("")

    assert said(page) == ["Zacznij od pytania", "A. Ja, bo to przejście", "pali sie olej na patelni"]
    expect(page.locator(".bot")).to_have_count(4)
    expect(page.get_by_role("log").locator("form")).to_have_count(1)
    expect(latest(page).get_by_role("link", name="112")).to_have_attribute("href", "tel:112")
    assert navigations == []
    assert len(house.dialogue.counted) == 3

    page.reload()
    expect(latest(page)).to_contain_text("Nie gaś wodą.")


def test_a_conversation_without_the_script(open_page: Open, house: House) -> None:
    page = open_page(java_script_enabled=False)

    press(page, "Zacznij od pytania")
    expect(latest(page)).to_contain_text("Kto ma pierwszeństwo?")
    assert page.url == house.address + "#now"
    press(page, "A. Ja, bo to przejście")
    expect(latest(page)).to_contain_text("Blisko, ale nie tu.")
    write(page, "pali sie olej na patelni")
    expect(latest(page)).to_contain_text("Nie gaś wodą.")
    page.reload()
    expect(latest(page)).to_contain_text("Nie gaś wodą.")

    assert len(house.dialogue.events) == 3
    assert len(house.dialogue.people) == 1


def test_the_keyboard_is_enough(open_page: Open) -> None:
    page = open_page()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Przejdź do rozmowy")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # past the number in the first bubble
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Zacznij od pytania")).to_be_focused()
    page.keyboard.press("Enter")
    expect(latest(page)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="B. Tramwaj")).to_be_focused()
    page.keyboard.press("Space")

    expect(latest(page)).to_contain_text("Blisko, ale nie tu.")
    expect(latest(page)).to_be_focused()
    assert said(page) == ["Zacznij od pytania", "B. Tramwaj"]


def test_the_focus_can_be_seen(open_page: Open) -> None:
    page = open_page()
    for _ in range(8):
        page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style != "none"


def test_the_same_words_twice_are_two_messages(open_page: Open, house: House) -> None:
    page = open_page()
    for times in (1, 2):
        write(page, "tak")
        expect(page.locator(".mine")).to_have_count(times)

    assert len(house.dialogue.counted) == 2


def test_the_label_says_what_the_field_is_for(open_page: Open) -> None:
    page = open_page()
    press(page, "Rozejrzę się")
    press(page, "Zapytaj")
    expect(page.get_by_label("Co się dzieje?")).to_be_visible()

    press(page, "Menu")
    expect(page.get_by_label("Napisz wiadomość")).to_be_visible()


# --- buttons that change in place


def test_a_ticked_box_changes_in_place_and_keeps_the_focus(open_page: Open, house: House) -> None:
    page = open_page()
    press(page, "Rozejrzę się")
    press(page, "Co mi przysyłać")
    expect(page.get_by_role("button", name="☐ Ostrzeżenia")).to_be_visible()
    before = page.locator(".turn").count()

    press(page, "☐ Ostrzeżenia")
    expect(page.get_by_role("button", name="☑ Ostrzeżenia")).to_be_focused()
    press(page, "☐ Porada codziennie")
    expect(page.get_by_role("button", name="☑ Porada codziennie")).to_be_focused()

    expect(page.locator(".turn")).to_have_count(before)
    (person,) = house.dialogue.people.values()
    assert person.agreed == {"alerts", "tips"}


# --- what can go wrong on the way


def test_offline_nothing_is_lost_and_the_same_is_sent_again(open_page: Open, house: House) -> None:
    page = open_page()
    press(page, "Zacznij od pytania")
    expect(latest(page)).to_be_focused()
    page.context.set_offline(True)

    press(page, "A. Ja, bo to przejście")
    expect(page.get_by_role("alert")).to_contain_text("Nic nie przepadło")
    expect(page.get_by_role("button", name="A. Ja, bo to przejście")).to_be_visible()
    press(page, "Wyślij ponownie")
    expect(page.get_by_role("alert")).to_have_count(1)
    page.context.set_offline(False)
    press(page, "Wyślij ponownie")

    expect(latest(page)).to_contain_text("Blisko, ale nie tu.")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert len(house.dialogue.events) == 2


def test_a_lost_answer_is_asked_for_again_and_counts_once(open_page: Open, house: House) -> None:
    page = open_page()
    press(page, "Zacznij od pytania")
    expect(latest(page)).to_be_focused()

    def processed_but_lost(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(house.address, processed_but_lost, times=1)
    press(page, "A. Ja, bo to przejście")
    press(page, "Wyślij ponownie")

    expect(latest(page)).to_contain_text("Blisko, ale nie tu.")
    assert len(house.dialogue.events) == 3
    assert len(house.dialogue.counted) == 2


def test_our_failure_keeps_what_was_written(open_page: Open, house: House) -> None:
    page = open_page()
    house.dialogue.trouble = RuntimeError("broken")
    write(page, "co robić")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_value("co robić")

    house.dialogue.trouble = None
    press(page, "Wyślij ponownie")

    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("textbox")).to_have_value("")
    assert said(page) == ["co robić"]


def test_a_message_too_long_is_explained_and_the_buttons_stay(open_page: Open) -> None:
    page = open_page()
    write(page, "x" * 20_000)

    expect(latest(page)).to_contain_text("To za długa wiadomość")
    expect(page.get_by_role("textbox")).to_have_value("x" * 20_000)
    press(page, "Zacznij od pytania")
    expect(latest(page)).to_contain_text("Kto ma pierwszeństwo?")
    expect(page.get_by_role("log").locator("form")).to_have_count(1)


def test_a_double_press_counts_once(open_page: Open, house: House) -> None:
    page = open_page()
    page.get_by_role("button", name="Zacznij od pytania").dblclick()

    expect(latest(page)).to_contain_text("Kto ma pierwszeństwo?")
    assert len(house.dialogue.events) == 1
    assert said(page) == ["Zacznij od pytania"]


# --- languages, files, links, erasing


@pytest.mark.parametrize("scripts", [True, False])
def test_the_language_changes_the_whole_page(open_page: Open, house: House, scripts: bool) -> None:
    page = open_page(java_script_enabled=scripts)
    page.get_by_role("navigation").get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_label("Write a message")).to_be_visible()
    assert house.dialogue.events == []
    assert page.context.cookies() == []

    press(page, "Look around")
    page.get_by_role("navigation").get_by_role("button", name="Українська").click()
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    expect(latest(page)).to_contain_text("Що далі?")


def test_a_language_button_in_the_conversation_does_so_too(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("log").get_by_role("button", name="English").click()

    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(latest(page)).to_contain_text("Hello!")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_file_can_be_kept(open_page: Open, scripts: bool) -> None:
    page = open_page(java_script_enabled=scripts)
    press(page, "Rozejrzę się")
    press(page, "Moje dane")
    with page.expect_download() as download:
        page.get_by_role("link", name="Pobierz plik moje-dane.json").click()

    assert download.value.suggested_filename == "moje-dane.json"
    assert Path(download.value.path()).read_bytes() == b'{"language": "pl"}'


def test_a_start_link_starts_by_its_button(open_page: Open, house: House) -> None:
    page = open_page("?start=subscribe")
    assert house.dialogue.events == []

    press(page, "Zaczynamy")

    expect(page.get_by_role("button", name="☐ Ostrzeżenia")).to_be_visible()
    assert page.url == house.address + "#now"


@pytest.mark.parametrize("scripts", [True, False])
def test_erasing_leaves_nothing_in_the_browser(open_page: Open, scripts: bool) -> None:
    page = open_page(java_script_enabled=scripts)
    press(page, "Rozejrzę się")
    expect(latest(page)).to_contain_text("Co teraz?")
    assert [cookie["httpOnly"] for cookie in page.context.cookies()] == [True]

    press(page, "Usuń wszystko")
    expect(latest(page)).to_contain_text("Skasowane.")

    assert page.context.cookies() == []
    expect(page.locator(".bot")).to_have_count(1)
    expect(page.get_by_text("Co teraz?")).to_have_count(0)


# --- sizes


@contextmanager
def on_every_screen(page: Page) -> Iterator[list[Callable[[], None]]]:
    """Runs the checks put into the list on each of a round of screens."""
    checks: list[Callable[[], None]] = []
    yield checks
    ways = [
        *("Zacznij od pytania", "A. Ja, bo to przejście", "Porada: pieszy", "Menu", "Co mi przysyłać", "Gotowe"),
        *("Moje dane", "Menu", "Udostępnij klasie", "Menu", "Zapytaj"),
    ]
    for way in ("", *ways):
        if way:
            press(page, way)
            expect(page.locator(".mine").last).to_contain_text(way)
        for check in checks:
            check()


def test_a_small_phone_shows_everything_without_scrolling_sideways(open_page: Open) -> None:
    page = open_page(size=SMALL)

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= SMALL[0]

    with on_every_screen(page) as checks:
        checks.append(fits)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_code_is_checked_on_a_small_phone(open_page: Open, scripts: bool) -> None:
    page = open_page("sprawdz", size=SMALL, java_script_enabled=scripts)
    page.get_by_role("textbox").fill("1 AAAAA")
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_role("main")).to_contain_text("8080")
    assert page.get_by_role("textbox").input_value() == "1 AAAAA"
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth") <= SMALL[0]


def test_everything_to_press_is_large_enough(open_page: Open) -> None:
    page = open_page(size=SMALL)

    def large() -> None:
        for target in page.locator("button, input:not([type=hidden]), a:not(.text a):not(.skip)").all():
            box = target.bounding_box()
            assert box
            assert min(box["height"], box["width"]) >= TOUCH, target.text_content()

    with on_every_screen(page) as checks:
        checks.append(large)


def test_the_new_screen_is_in_view(open_page: Open) -> None:
    page = open_page()

    def seen() -> None:
        expect(latest(page)).to_be_in_viewport(ratio=1)

    with on_every_screen(page) as checks:
        checks.append(seen)


# --- for everybody


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, (1280, 900)])
def test_axe_finds_nothing(open_page: Open, theme: str, size: tuple[int, int]) -> None:
    page = open_page(size=size, color_scheme=theme)

    def accessible() -> None:
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()

    with on_every_screen(page) as checks:
        checks.append(accessible)
    page.context.set_offline(True)
    press(page, "Menu")
    expect(page.get_by_role("alert")).to_be_visible()
    accessible()
    page.context.set_offline(False)
    for path in ("nowhere", "?start=subscribe", "sprawdz", "sprawdz?kod=1-aaaaa"):
        page.goto(re.sub(r"[^/]*$", path, page.url.partition("#")[0]))
        accessible()


def test_the_dark_theme_is_dark(open_page: Open) -> None:
    colours = []
    for theme in ("light", "dark"):
        page = open_page(color_scheme=theme)
        rgb = page.evaluate("getComputedStyle(document.body).backgroundColor")
        colours.append(sum(map(int, re.findall(r"\d+", rgb)[:3])))

    light, dark = colours
    assert light > 600
    assert dark < 150
