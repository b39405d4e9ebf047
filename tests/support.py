"""A small world for tests: a tiny library, an empty database, residents made in a line."""

from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from bot.catalogue.library import Library
from bot.catalogue.programme import Programme
from bot.catalogue.schema import Campaign, Question, Quiz, Tip
from bot.catalogue.search import Search
from bot.catalogue.words import Words
from bot.domain.actions import Action
from bot.domain.areas import Area
from bot.domain.errors import BotError
from bot.domain.messages import Block, Button, Phrase, Screen
from bot.domain.residents import Address, Resident
from bot.domain.workshops import BookingState
from bot.services.courier import Posted
from bot.storage import residents, tables, workshops
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from bot.storage.vault import Vault
from scheduler import ledger
from scheduler import tables as scheduler_tables
from scheduler.model import Kind, Run

CONTENT = Path(__file__).parents[1] / "content"
NOON = datetime(2026, 12, 1, 11, tzinfo=UTC)
"""12:00 in Kraków on a Tuesday in winter, far from quiet hours."""
VAULT = Vault(b"a secret of thirty-two characters")
SOURCE = {"title": "A source", "url": "https://example.org/source", "publisher": "A publisher"}
REVIEW_ON = date(2030, 1, 1)


def texts(text: str) -> dict[str, str]:
    """A text that says which language it is in."""
    return {language: f"{text} ({language})" for language in ("pl", "uk", "en")}


@cache
def real_words() -> Words:
    """The words of `content/words`."""
    return Words.load(CONTENT / "words")


def tip(slug: str = "czujka", **changes: Any) -> Tip:
    values = {
        "id": slug,
        "area": Area.EVERYDAY,
        "topic": "fire",
        "title": texts(f"Tip {slug}"),
        "text": texts(f"Do {slug}"),
        "source": SOURCE,
        "review_on": REVIEW_ON,
    }
    return Tip.model_validate(values | changes)


def question(slug: str = "one", *, right: int = 0, tip: str = "czujka", **changes: Any) -> Question:
    options = [
        {"text": texts(f"Option {place}"), "right": place == right, "feedback": texts(f"Because {place}")}
        for place in range(3)
    ]
    values = {
        "id": slug,
        "text": texts(f"Question {slug}?"),
        "options": options,
        "explanation": texts(f"Explanation {slug}"),
        "source": SOURCE,
        "review_on": REVIEW_ON,
        "tip": tip,
    }
    return Question.model_validate(values | changes)


def quiz(slug: str = "czad", **changes: Any) -> Quiz:
    values = {
        "id": slug,
        "area": Area.EVERYDAY,
        "level": 1,
        "title": texts(f"Quiz {slug}"),
        "about": texts(f"About {slug}"),
        "questions": [question(name).model_dump() for name in ("one", "two", "three")],
    }
    return Quiz.model_validate(values | changes)


def campaign(slug: str = "jesien", **changes: Any) -> Campaign:
    values = {"id": slug, "kind": "tip", "title": texts(f"Campaign {slug}"), "text": texts("Check your alarm")}
    return Campaign.model_validate(values | changes)


def programme() -> Programme:
    districts = [{"number": number, "name": f"District {number}"} for number in range(1, 19)]
    return Programme.model_validate(
        {
            "name": "Bezpieczny Kraków",
            "operator": texts("The city"),
            "source": SOURCE,
            "areas": {area: {"name": texts(area.value), "about": texts(area.value)} for area in Area},
            "topics": {"fire": {"area": Area.EVERYDAY, "name": texts("Fire")}},
            "districts": districts,
            "numbers": [{"number": "112", "name": texts("Emergency"), "source": SOURCE}],
            "emergency_words": {"pl": ["pali"], "uk": ["горить"], "en": ["fire"]},
            "budget": [{"year": 2026, "million_pln": 1.4}],
        }
    )


def library(
    *,
    quizzes: Iterable[Quiz] | None = None,
    tips: Iterable[Tip] | None = None,
    campaigns: Iterable[Campaign] | None = None,
    words: Words | None = None,
) -> Library:
    """A library of one quiz, one tip and one campaign template, or of what is given."""
    all_quizzes = {one.id: one for one in (quizzes if quizzes is not None else (quiz(),))}
    all_tips = {one.id: one for one in (tips if tips is not None else (tip(),))}
    all_campaigns = {one.id: one for one in (campaigns if campaigns is not None else (campaign(),))}
    about = programme()
    search = Search(all_quizzes.values(), all_tips.values(), about)
    return Library(
        quizzes=all_quizzes,
        tips=all_tips,
        surveys={},
        campaigns=all_campaigns,
        programme=about,
        words=words or real_words(),
        pictures={},
        search=search,
    )


@asynccontextmanager
async def open_database(folder: Path, url: str | None = None) -> AsyncIterator[Database]:
    """A database with the bot's tables and the scheduler's: SQLite's in a file, or the one at `url`."""
    database = Database(url or f"sqlite:///{folder / 'test.sqlite3'}")
    try:
        async with database.begin() as conn:
            await conn.run_sync(scheduler_tables.metadata.create_all)
            await conn.run_sync(tables.metadata.create_all)
        yield database
    finally:
        await database.close()


async def add_resident(
    conn: Connection, address: str = "telegram:1", language: str = "pl", *, now: datetime = NOON, **values: Any
) -> Resident:
    """A resident in the database; `values` are columns (`alerts=True`, `tip_hour=8`, `road=True`, …)."""
    channel, _, name = address.partition(":")
    added = await residents.add(conn, Address(channel, name), language, now)
    return await residents.change(conn, added.id, **values) if values else added


async def add_workshop(conn: Connection, *, starts_at: datetime = NOON + timedelta(days=7), **values: Any) -> int:
    """A workshop of two hours with ten places; returns its number."""
    about = {
        "area": Area.EVERYDAY.value,
        "title": texts("First aid"),
        "about": texts("Hands on"),
        "place": "Rynek 1",
        "district": 1,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=2),
        "capacity": 10,
    }
    return await workshops.add(conn, now=NOON - timedelta(days=30), **(about | values))


async def book(
    conn: Connection,
    workshop: int,
    resident: int,
    *,
    places: int = 1,
    state: BookingState = BookingState.CONFIRMED,
    now: datetime = NOON,
) -> None:
    """A booking with a name and a contact."""
    await workshops.save_booking(
        conn,
        VAULT,
        workshop_id=workshop,
        resident_id=resident,
        now=now,
        places=places,
        state=state.value,
        name="Somebody",
        contact="somebody@example.org",
    )


async def pause_tips(conn: Connection, reason: str = "11 of the last 50 failed") -> Run:
    """The daily tips of NOON, `daily-tip:2026-12-01T12`, which the deliverer has paused."""
    run = await ledger.open_run(
        conn,
        ResidentsAudience(),
        key="daily-tip:2026-12-01T12",
        kind=Kind.DAILY_TIP,
        slot_at=NOON,
        expires_at=NOON + timedelta(hours=4),
        now=NOON,
    )
    await ledger.pause_run(conn, run.id, reason, who="delivery", now=NOON)
    return run


class FakeSender:
    """A channel that takes every message, or refuses as it is told; keeps what it was given."""

    def __init__(self, *refusals: BotError | None) -> None:
        self._refusals = deque(refusals)
        self.sent: list[tuple[Address, str, Screen]] = []
        self.keys: list[str] = []

    async def send(self, address: Address, language: str, screen: Screen, *, key: str) -> Posted:
        """See `bot.services.courier.Sender`; the refusals come first, in order (None: it goes through)."""
        self.keys.append(key)
        if self._refusals and (refusal := self._refusals.popleft()):
            raise refusal
        self.sent.append((address, language, screen))
        return Posted(f"m{len(self.sent)}")

    def read(self) -> list[tuple[str, str]]:
        """What arrived, as its readers saw it: chat and words, but for the code that every message ends with."""
        words = real_words()
        return [
            (address.id, "\n".join(words.label(block, language) for block in _without_code(screen.blocks)))
            for address, language, screen in self.sent
        ]


def _without_code(blocks: tuple[Block, ...]) -> list[Block]:
    return [block for block in blocks if not (isinstance(block, Phrase) and block.key == "message.code")]


def actions_of(screen: Screen) -> list[Action]:
    """What the buttons of a screen do."""
    return [way.action for row in screen.rows for way in row if isinstance(way, Button)]
