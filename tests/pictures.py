"""`make pictures`: the pictures in the README, taken of the program as it is. Needs Debian's chromium."""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from bot.storage.staff import Role
from tests.acceptance.conftest import Program
from tests.chromium import ARGUMENTS, CHROMIUM
from tests.web.console.served import Served, served

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
PHONE = (390, 844)
DESKTOP = (1100, 1000)
SETTLED_MS = 600
"""The page scrolls to what is new."""


async def press(page: Page, name: str) -> None:
    """Press a button and wait for what follows."""
    await page.get_by_role("button", name=name).last.click()
    await page.wait_for_load_state("networkidle")


async def question(page: Page, url: str) -> None:
    """A question on a phone."""
    await page.goto(url)
    for name in ("Rozejrzę się", "Quiz", "Ruch drogowy", "Pieszy, pasy i tramwaj", "5 pytań"):
        await press(page, name)


async def distress(page: Page, url: str) -> None:
    """What to do now."""
    await page.goto(url)
    await page.get_by_role("textbox").fill("pali sie olej na patelni")
    await page.keyboard.press("Enter")
    await page.wait_for_load_state("networkidle")


async def share(page: Page, url: str) -> None:
    """A quiz on the classroom's screen."""
    await page.goto(url)
    for name in ("Rozejrzę się", "Quiz", "Ruch drogowy", "Pieszy, pasy i tramwaj", "Udostępnij klasie"):
        await press(page, name)


SCENES = (
    ("chat", question, PHONE, "light"),
    ("card", distress, PHONE, "dark"),
    ("share", share, DESKTOP, "light"),
)

OFFICE, TALL = (1440, 900), (1440, 1250)
CITY = 3000
"""Residents of the demo city in the pictures."""
CONSOLE = (
    ("console-today", "", OFFICE, "light"),
    ("console-editor", "/campaigns/9/edit", TALL, "light"),
    ("console-calendar", "/campaigns/calendar", OFFICE, "dark"),
    ("console-phone", "/campaigns/8", PHONE, "light"),
    ("console-report", "/report?year=2026#month", OFFICE, "light"),
    ("console-quality", "/content/quality", OFFICE, "dark"),
)
"""Name of the picture, page of the console over the demo city, size, theme."""


async def take_console(browser: Browser, house: Served) -> None:
    """The console's main pages."""
    for name, path, (width, height), theme in CONSOLE:
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            locale="pl-PL",
            color_scheme="dark" if theme == "dark" else "light",
        )
        await context.add_cookies([house.cookie(Role.ADMIN)])  # type: ignore[list-item] # a cookie is a dictionary to it
        page = await context.new_page()
        await page.goto(f"{house.address}/console{path}")
        await page.wait_for_timeout(SETTLED_MS)
        await page.screenshot(path=FOLDER / f"{name}.png")
        await context.close()


async def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder))
        await program.start()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            for name, scene, (width, height), theme in SCENES:
                page = await browser.new_page(
                    viewport={"width": width, "height": height},
                    locale="pl-PL",
                    color_scheme="dark" if theme == "dark" else "light",
                )
                await scene(page, program.url)
                await page.wait_for_timeout(SETTLED_MS)
                await page.screenshot(path=FOLDER / f"{name}.png")
                await page.close()
            with served(Path(folder), residents=CITY) as house:
                await take_console(browser, house)
            await browser.close()
        await program.stop()


if __name__ == "__main__":
    asyncio.run(main())
