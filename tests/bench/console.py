"""Every page of the console over a large city, beside a page that does nothing."""

import asyncio
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select

from bot.catalogue.library import Library, Shelf
from bot.catalogue.loader import Reader
from bot.dialogue.turn import Tools
from bot.services import content_check, kept
from bot.services.links import Links
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.staff import Role
from bot.storage.tables import answers, residents
from bot.web.app import create_app
from bot.web.console import app as console_app
from bot.web.console.app import ROUTES
from bot.web.console.gate import cookie_name
from bot.web.console.house import House
from scheduler.tables import deliveries
from tests.bench import machine, town
from tests.bench.figures import median, percentile
from tests.bench.report import Section, at_most
from tests.support import CONTENT, NOON, VAULT
from tests.web.world import FakeDialogue, tokens

ROUNDS = 50
MILLISECONDS = 100.0
URL = "http://127.0.0.1:8080"
BARE = "a bare page of FastAPI and Jinja"
NO_PAGES = re.compile(r"/live$|/pdf$|\{rest|\{token|^/staff/invitation$")
"""Streams do not end, papers take their time; whatever no section has; and what is shown once, after a press."""
STRANGERS = ("/sign-in",)
"""What only who is not signed in gets to see."""
GOING = town.FIRST_RUN + town.RUNS - 1
"""The campaign that is going out."""
WORKSHOP = 1001

_TEMPLATE = Environment(autoescape=True).from_string(
    "<!doctype html><title>{{ title }}</title><table>"
    "{% for row in rows %}<tr><th>{{ row }}</th><td>{{ row * 7 }}</td></tr>{% endfor %}</table>"
)


@dataclass(frozen=True, slots=True)
class Page:
    """An address of the console, and what it took: seconds of the first look, and of each later one."""

    path: str
    first_s: float
    later_s: tuple[float, ...]
    cpu_s: float
    """Of each later look, in all threads."""
    size: int


def measure() -> list[Section]:
    """One process: the pages, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> list[Section]:
    library = Reader(CONTENT, strict=False).load()
    file = folder / "town.sqlite3"
    begun = time.perf_counter()
    await town.found(f"sqlite:///{file}", file, library, VAULT, NOON)
    made_s = time.perf_counter() - begun
    database = Database(f"sqlite:///{file}")
    try:
        sizes = await _sizes(database)
        app = _app(database, library, folder)
        found = [await _ask(app, path, database) for path in (None, *_paths(library))]
        found.append(await _count(app))
    finally:
        await database.close()
    return [_section(found, sizes, made_s, file.stat().st_size)]


def _app(database: Database, library: Library, folder: Path) -> FastAPI:
    shelf = Shelf(library)
    house = House(
        settings=Settings(data=folder, public_url=URL, content=CONTENT),
        database=database,
        shelf=shelf,
        tools=Tools(VAULT, Links(URL, lambda: "demo_bot"), lambda: 1, lambda: "code1234"),
        clock=lambda: NOON,
        new_token=tokens(),
        rates={"telegram": 25.0},
        senders={},
    )
    app = create_app(
        dialogue=FakeDialogue(),
        shelf=shelf,
        new_token=tokens(),
        public_url=URL,
        checks={},
        registry=CollectorRegistry(),
        console=console_app.routes(house),
    )

    @app.get("/bare", response_class=HTMLResponse)
    async def bare() -> str:
        return _TEMPLATE.render(title=BARE, rows=range(25))

    return app


def _paths(library: Library) -> list[str]:
    """Each page of the table of routes, with something large filled in."""
    filled: Mapping[str, str] = {
        "/campaigns/{number:int}/edit": f"/campaigns/{_draft()}/edit",
        "/content/quizzes/{name}": f"/content/quizzes/{next(iter(library.quizzes))}",
        "/content/surveys/{name}": f"/content/surveys/{next(iter(library.surveys))}",
        "/content/tips/{name}": f"/content/tips/{next(iter(library.tips))}",
        "/content/templates/{name}": f"/content/templates/{next(iter(library.campaigns))}",
        "/staff/member": "/staff/member?name=demo-editor",
    }
    routes = [route.path for route in ROUTES if route.method == "GET" and not NO_PAGES.search(route.path)]
    return [filled.get(path, _numbered(path)) for path in routes] + [f"/campaigns/{GOING}"]


def _draft() -> int:
    """A campaign of the demo city that can still be edited."""
    return 9


def _numbered(path: str) -> str:
    number = WORKSHOP if path.startswith("/workshops") else town.FIRST_RUN
    return re.sub(r"\{(number|run):int\}", str(number), path)


async def _ask(app: FastAPI, path: str | None, database: Database) -> Page:
    address = "/bare" if path is None else f"/console{path}"
    cookies = {} if path in STRANGERS else {cookie_name(secure=False): f"session-{Role.ADMIN}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL, cookies=cookies) as client:
        first_s, _ = await _once(client, address)
        await _settled(database)
        before = machine.cpu_s()
        later = [await _once(client, address) for _ in range(ROUNDS)]
        cpu_s = (machine.cpu_s() - before) / ROUNDS
    return Page(BARE if path is None else address, first_s, tuple(one for one, _ in later), cpu_s, later[-1][1])


async def _count(app: FastAPI) -> Page:
    """The live count of the editor, for another audience each time: none of them has been counted before."""
    address = "/console/campaigns/audience"
    cookies = {cookie_name(secure=False): f"session-{Role.ADMIN}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL, cookies=cookies) as client:
        csrf = re.search(r'name="csrf" value="(\w+)"', (await client.get("/console/campaigns/new?kind=news")).text)
        if csrf is None:
            raise RuntimeError("there is no form to send")
        typed = {"csrf": csrf[1], "key": "live", "kind": "news", "window": "24", "held_out": "0"}
        later_s, size, before = [], 0, machine.cpu_s()
        for days in range(1, ROUNDS + 1):
            begun = time.perf_counter()
            answer = await client.post(address, data={**typed, "active_days": str(days)})
            later_s.append(time.perf_counter() - begun)
            size = len(answer.content)
            answer.raise_for_status()
        cpu_s = (machine.cpu_s() - before) / ROUNDS
    return Page(f"{address}, another each time", later_s[0], tuple(later_s), cpu_s, size)


async def _settled(database: Database) -> None:
    """Wait for what the first look has begun beside: it is not what the later ones take."""
    await kept.settled(database)
    if task := content_check.being_made(database):
        await task


async def _once(client: httpx.AsyncClient, address: str) -> tuple[float, int]:
    begun = time.perf_counter()
    answer = await client.get(address)
    seconds = time.perf_counter() - begun
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return seconds, len(answer.content)


async def _sizes(database: Database) -> str:
    async with database.read() as conn:
        counts = [
            (await conn.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (residents, deliveries, answers)
        ]
    return "{:,} residents, {:,} deliveries, {:,} answers".format(*counts)


def _section(found: Sequence[Page], sizes: str, made_s: float, size: int) -> Section:
    bare, *pages = found
    ordered = [bare, *sorted(pages, key=lambda page: -percentile(page.later_s, 0.95))]
    slowest = ordered[1]
    return Section(
        "Pages of the console, SQLite",
        ("page", "median", "p95", "worst", "CPU ms each", "first look", "beside a bare page", "KiB"),
        tuple(_row(page, bare) for page in ordered),
        (at_most(f"p95 of the slowest page ({slowest.path})", _p95_ms(slowest), MILLISECONDS, "ms", digits=1),),
        (
            f"{sizes}, {town.WORKSHOPS} workshops; made in {made_s:.0f} s, {size / 1024**3:.1f} GiB. Each page "
            f"{ROUNDS} times, one after another, through the whole application, without a network.",
            "The first look is before anything is kept: what takes long is counted then, later beside. An audience's "
            "count is kept for 15 s, so the editor counts when the audience changes, not with each word; the row of "
            "the audience counts another each time.",
        ),
    )


def _row(page: Page, bare: Page) -> tuple[str, ...]:
    middle = median(page.later_s)
    return (
        page.path,
        f"{1000 * middle:.1f} ms",
        f"{_p95_ms(page):.1f} ms",
        f"{1000 * max(page.later_s):.1f} ms",
        f"{1000 * page.cpu_s:.1f}",
        f"{1000 * page.first_s:,.0f} ms",
        f"{middle / median(bare.later_s):.0f} ×",
        f"{page.size / 1024:.0f}",
    )


def _p95_ms(page: Page) -> float:
    return 1000 * percentile(page.later_s, 0.95)
