"""Every page of the console in a real browser: no barrier that axe knows, in both themes, nothing wider than a phone.

The pages are those of the table of routes, so a new one is looked at without being named here.
"""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot.domain.residents import Address, Resident
from bot.services.support_code import code_for
from bot.storage.staff import Role
from bot.web.console.app import ROUTES
from tests.chromium import needs_chromium
from tests.support import NOON, VAULT
from tests.web.console.served import Served, served

pytestmark = needs_chromium

NO_PAGES = re.compile(r"\.(csv|xlsx|pdf|zip|json)$|/(live|stream|csv|xlsx|pdf|zip)$|\{rest|/enter/|/sign-in$")
"""Files, streams, whatever no section has, and the ways in, which whoever is in does not see."""
EXAMPLES = {
    "/campaigns/new": "/campaigns/new?template=zima-dzien-112",
    "/campaigns/{number:int}": "/campaigns/8",
    "/campaigns/{number:int}/edit": "/campaigns/9/edit",
    "/campaigns/{number:int}/preview": "/campaigns/6/preview",
    "/campaigns/{number:int}/runs/{run:int}": "/campaigns/1/runs/1",
    "/content/quizzes/{name}": "/content/quizzes/dziecko-w-sieci",
    "/content/surveys/{name}": "/content/surveys/pomiar-cyber",
    "/content/templates/{name}": "/content/templates/zima-dzien-112",
    "/content/tips/{name}": "/content/tips/pozar-oleju",
    "/staff/invitation": "/staff/invitation?name=demo-editor",
    "/staff/member": "/staff/member?name=demo-editor",
    "/workshops/{number:int}": "/workshops/5",
    "/workshops/{number:int}/edit": "/workshops/5/edit",
    "/workshops/{number:int}/message": "/workshops/5/message",
    "/workshops/{number:int}/repeat": "/workshops/5/repeat?every=month&count=3&on=2020-01-01",
    "/workshops/{number:int}/roster": "/workshops/4/roster",
    "/workshops/{number:int}/roster/sheet": "/workshops/5/roster/sheet",
}
"""Addresses with something to fill in → one that the demo city has."""
SMALL = {"width": 320, "height": 640}
ZOOMED = {"width": 640, "height": 480}
"""What a screen of 1280 × 960 shows at 200 % zoom."""
WIDE = {"width": 1280, "height": 900}
SOMEBODY = Resident(1, Address("web", "demo-1"), "pl", frozenset(), None, None, None, False, False, None, None, NOON)
"""Whom the support finds: the first resident of the demo city."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pages() -> list[str]:
    """The path of each page, with its example filled in."""
    paths = [route.path for route in ROUTES if route.method == "GET" and not NO_PAGES.search(route.path)]
    return [EXAMPLES.get(path, path) for path in paths]


def test_each_page_with_a_place_to_fill_in_has_an_example() -> None:
    assert [path for path in pages() if "{" in path] == []


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("console")) as opened:
        yield opened


@pytest.fixture(scope="module")
def context(chromium: Browser, house: Served) -> Iterator[BrowserContext]:
    opened = chromium.new_context(locale="pl-PL", reduced_motion="reduce")
    opened.add_cookies([house.cookie(Role.ADMIN)])  # type: ignore[list-item] # a cookie is a dictionary to it
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


@pytest.mark.parametrize("path", pages())
def test_a_page_has_no_barriers(path: str, page: Page, house: Served) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.set_viewport_size(WIDE)  # type: ignore[arg-type] # both sides are there
    answer = page.goto(house.address + "/console" + path)
    assert answer is not None
    assert answer.status == 200
    assert barriers(page) == []
    assert complaints == []


def barriers(page: Page) -> list[str]:
    """What axe finds on the page in both themes, what is wider than a phone or a zoomed screen, or too low to press."""
    told = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found = Axe().run(page, options={"runOnly": TAGS}).response["violations"]
        told += [f"{theme}: {one['help']}: {node['html'][:160]}" for one in found for node in one["nodes"][:3]]
    for size in (SMALL, ZOOMED):
        page.set_viewport_size(size)  # type: ignore[arg-type] # both sides are there
        told += [f"{size['width']} px: {one}" for one in wider(page)]
    told += [f"low: {one}" for one in small(page)]
    page.set_viewport_size(WIDE)  # type: ignore[arg-type] # both sides are there
    return told


def test_what_answers_a_form_has_no_barriers_either(page: Page, house: Served) -> None:
    page.set_viewport_size(WIDE)  # type: ignore[arg-type] # both sides are there
    page.goto(f"{house.address}/console/campaigns/9/edit")
    page.get_by_label("Tytuł (Polski)").fill("")
    page.get_by_role("button", name="Zapisz szkic").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Popraw zaznaczone pola")
    assert barriers(page) == []

    page.goto(f"{house.address}/console/tokens")
    page.locator("input[name=name]").fill("Demo system")
    page.locator("main form button.main").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert barriers(page) == []
    page.locator("main form input[type=checkbox]").first.check()
    page.locator("main form button.main").click()
    expect(page.locator("main input[readonly]")).to_have_value(re.compile("^bk_"))
    assert barriers(page) == []

    page.goto(f"{house.address}/console/people")
    page.locator("main form[action$='/people/find'] input[name=code]").fill(code_for(VAULT, SOMEBODY))
    page.locator("main form[action$='/people/find'] button").click()
    expect(page.locator("form[action$='/people/erase']")).to_have_count(1)
    assert barriers(page) == []

    page.goto(f"{house.address}/console/account")
    page.locator("main form[action$='/account/chat'] button").click()
    expect(page.locator("main input[readonly]")).to_have_value(re.compile("^!start staff_"))
    assert barriers(page) == []


def wider(page: Page) -> list[str]:
    """What sticks out to the right, if the page can be scrolled that way."""
    return list(
        page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth ? [] :
            [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1
              && !one.closest(".scroll, .hidden")).map((one) => one.outerHTML.slice(0, 120)).slice(0, 5)
              .concat([`${document.documentElement.scrollWidth} px`])"""
        )
    )


def small(page: Page) -> list[str]:
    """What is there to be pressed and too low for a finger."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll(
              "main :is(button:not(.hidden), .button, summary, select), main .field input"
            )].filter((one) => one.checkVisibility()).map((one) => [one, one.getBoundingClientRect()])
            .filter(([, box]) => box.height > 0 && box.height < 40)
            .map(([one, box]) => `${one.outerHTML.slice(0, 80)} ${box.height}`)"""
        )
    )


def test_a_stranger_and_each_role_can_read_the_way_in(chromium: Browser, house: Served) -> None:
    page = chromium.new_page(locale="pl-PL")
    page.goto(house.address + "/console/people")
    assert "/console/sign-in" in page.url
    found = Axe().run(page, options={"runOnly": TAGS}).response["violations"]
    page.close()
    assert [one["id"] for one in found] == []
