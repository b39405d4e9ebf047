"""The programme run from the console, in a real browser, against a Bot API: from the first sign-in to the report."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from bot import running
from bot.running import Running
from bot.settings import Settings
from bot.storage import migrate
from bot.storage.database import Database
from scheduler.calendar import ZONE
from tests.acceptance.conftest import free_port
from tests.chaos.program import Clock
from tests.chromium import ARGUMENTS, CHROMIUM, needs_chromium
from tests.support import add_resident
from tests.telegram_api import TelegramApi
from tests.telegram_api.server import TOKEN

pytestmark = needs_chromium

PEOPLE = 60
RATE = 8
"""Messages a second: slow enough to pause in the middle."""
PATIENCE_MS = 30_000


class City:
    """The program with its Bot API, and a browser beside it."""

    def __init__(self, on: Running, browser: Browser, clock: Clock) -> None:
        self.on = on
        self.browser = browser
        self.clock = clock

    async def window(self) -> Page:
        """A browser of somebody else: no cookies yet."""
        context = await self.browser.new_context(locale="pl-PL", viewport={"width": 1280, "height": 900})
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page

    def at(self, path: str) -> str:
        return f"{self.on.address}/console{path}"


@pytest.fixture
async def city(tmp_path: Path, api: TelegramApi) -> AsyncIterator[City]:
    port, clock = free_port(), Clock.at_noon()
    settings = Settings.model_validate(
        {
            "data": tmp_path / "data",
            "port": port,
            "telegram": {"token": TOKEN, "base_url": api.base_url, "rate": RATE},
        }
    )
    await settle(settings, clock)
    async with running_city(settings, clock) as on, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield City(on, browser, clock)
        await browser.close()


async def settle(settings: Settings, clock: Clock) -> None:
    settings.data.mkdir()
    database = Database(settings.database_url.get_secret_value())
    await migrate.upgrade(database)
    async with database.begin() as conn:
        for number in range(PEOPLE):
            await add_resident(conn, f"telegram:{1000 + number}", now=clock(), campaigns=True)
    await database.close()


@asynccontextmanager
async def running_city(settings: Settings, clock: Clock) -> AsyncIterator[Running]:
    stop, on = asyncio.Event(), asyncio.get_running_loop().create_future()
    program = asyncio.create_task(running.run(settings, stop, on.set_result, clock=clock))
    done, _ = await asyncio.wait({program, on}, return_when=asyncio.FIRST_COMPLETED)
    if program in done:
        program.result()
    yield on.result()
    stop.set()
    await program


async def sign_in(page: Page, link: str) -> None:
    await page.goto(link)
    await page.get_by_role("button", name="Zaloguj: ").click()
    await expect(page).to_have_url(re.compile(r"/console$"))


async def test_the_programme_is_run_from_the_console(city: City, api: TelegramApi) -> None:
    for number in range(PEOPLE):
        api.user(1000 + number)
    assert city.on.first_link
    author = await city.window()
    await sign_in(author, city.on.first_link)

    # A second person.
    await author.goto(city.at("/staff"))
    await author.get_by_label("Imię i nazwisko").fill("Druga Osoba (przykład)")
    await author.get_by_label("Rola").select_option(label="zatwierdzanie")
    await author.get_by_role("button", name="Dodaj i pokaż link").click()
    second = await city.window()
    await sign_in(second, await author.get_by_label("Link", exact=True).input_value())

    await approve_and_send(city, api, author, second)
    await hold_a_workshop(city, api, author)

    await author.goto(city.at(f"/report?year={city.clock().astimezone(ZONE).year}"))
    await expect(author.locator("main")).to_contain_text("Dzień 112 (przykład)")


async def approve_and_send(city: City, api: TelegramApi, author: Page, second: Page) -> None:
    """A campaign from its template to its end, with a pause in the middle."""
    await author.goto(city.at("/campaigns/new?template=zima-dzien-112"))
    await author.get_by_label("Tytuł (Polski)").fill("Dzień 112 (przykład)")
    await expect(author.locator("#prospects")).to_contain_text(str(PEOPLE))
    await author.get_by_role("button", name="Zapisz i poproś o zatwierdzenie").click()
    await expect(author.locator("main")).to_contain_text("czeka na zgodę")
    found = re.search(r"/campaigns/(\d+)", author.url)
    assert found
    here = city.at(f"/campaigns/{found[1]}")
    await author.goto(here)
    await expect(author.get_by_role("button", name="Zatwierdź")).to_have_count(0)

    await second.goto(here)
    await second.get_by_role("button", name="Zatwierdź").click()
    await expect(second.locator("main")).to_contain_text("Treść jest zatwierdzona")

    await author.reload()
    await author.get_by_text("Ustaw termin").click()
    await author.get_by_label("Teraz", exact=True).check()
    await author.get_by_role("button", name="Zapisz termin").click()
    live = author.locator("[data-live]")
    await expect(live).to_contain_text(re.compile(r"Załatwione: [1-9]"), timeout=PATIENCE_MS)  # it moves by itself

    await author.get_by_role("button", name="Wstrzymaj").click()
    await expect(author.locator("main")).to_contain_text("Wstrzymana: nic nie wychodzi")
    await asyncio.sleep(1)  # what was in flight
    before = api.asked["sendMessage"]
    assert 0 < before < PEOPLE
    await asyncio.sleep(2)
    assert api.asked["sendMessage"] == before

    await author.get_by_role("button", name="Wznów").click()
    await expect(author.locator("main")).to_contain_text("Wszystko, co miało wyjść, wyszło.", timeout=PATIENCE_MS)
    assert api.asked["sendMessage"] == PEOPLE
    await author.locator("table a").first.click()
    await expect(author.locator("main")).to_contain_text(f"{PEOPLE} = {PEOPLE} wysłanych")


async def hold_a_workshop(city: City, api: TelegramApi, author: Page) -> None:
    """A workshop that somebody books in the chat; its roster, and who came."""
    begins = city.clock().astimezone(ZONE) + timedelta(days=7)
    await author.goto(city.at("/workshops/new"))
    await author.get_by_label("Tytuł po polsku").fill("Pierwsza pomoc (przykład)")
    await author.get_by_label("Opis po polsku").fill("Ćwiczymy resuscytację.")
    await author.get_by_label("Początek").fill(f"{begins:%Y-%m-%dT17:00}")
    await author.get_by_label("Koniec").fill(f"{begins:%Y-%m-%dT19:00}")
    await author.get_by_label("Miejsce", exact=True).fill("Park Jordana (przykład)")
    await author.get_by_label("Liczba miejsc").fill("10")
    await author.locator("main form button.main").click()
    await expect(author.locator("main h1")).to_contain_text("Pierwsza pomoc (przykład)")

    ola = api.user(7, first_name="Ola")
    await ola.says("/warsztaty")
    await ola.presses("Pierwsza pomoc (przykład)")
    await ola.presses("2 miejsca")
    await ola.says("Ola Przykładowa")
    await ola.says("600 100 200")
    await ola.presses("Zapisuję się")

    await author.goto(city.at("/workshops/1/roster"))
    await expect(author.locator("main")).to_contain_text("Ola Przykładowa")
    await expect(author.locator("main")).to_contain_text("600 100 200")
    await author.goto(city.at("/audit"))
    await expect(author.locator("main")).to_contain_text("Druga Osoba (przykład)")
