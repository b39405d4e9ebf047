"""The town with the program in it, life after life, and time going by."""

import asyncio
import sqlite3
import tracemalloc
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from bot.domain.residents import Resident
from bot.domain.workshops import BookingState
from bot.services import broadcasts, privacy, retention, workshops
from bot.storage import classroom, residents
from bot.storage.classroom import QuizLink
from bot.storage.database import Connection
from scheduler import ledger, lifecycle
from scheduler.tables import deliveries, runs
from tests.acceptance.months.books import instant, name_of, out_of_balance, schedule
from tests.acceptance.months.house import BREATH_S, Life, Post, marked
from tests.acceptance.months.notes import Notes, Row, measure
from tests.acceptance.months.plan import moments
from tests.acceptance.months.sky import Sky, TownDatabase
from tests.acceptance.months.town import (
    DAY,
    HOUR,
    SECOND,
    Block,
    CallOff,
    Change,
    Course,
    Doom,
    Erase,
    Flood,
    GiveBack,
    LoseAnswer,
    Moment,
    Off,
    Open,
    Pause,
    Restart,
    Resume,
    Return,
    Step,
    Town,
    is_quiet,
    local,
)
from tests.support import VAULT, add_resident, add_workshop, book

MOST_BREATHS = 4000
MEASURED_ON = (10, 53, 59)
"""The days of the plan on which memory is looked at; the last two, late in one long life, byte by byte."""
TRACED_FROM = 45
NEXT_DUE = """
    SELECT total(d.state = 'sending' OR d.worker IS NOT NULL),
        min(d.due_at) FILTER (WHERE r.state = 'running' AND r.expires_at > :now AND (:loud OR r.kind = 'alert'))
    FROM runs r CROSS JOIN deliveries d ON d.run_id = r.id
    WHERE r.finished_at IS NULL AND d.state IN ('waiting', 'sending')
"""
NAMED = "SELECT w.ends_at, count(b.name) FROM workshops w JOIN bookings b ON b.workshop_id = w.id GROUP BY w.id"


class World:
    """The town with the program in it, and time going by."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self.notes = Notes()
        self.sky = sky = Sky(town.start)
        self.database = TownDatabase(f"sqlite:///{folder / 'test.sqlite3'}")
        self._eyes = sqlite3.connect(folder / "test.sqlite3", isolation_level=None)
        self._post = Post(sky, self.notes, town.seed)
        self.life: Life | None = None
        self._away = timedelta()
        self.ids: dict[int, int] = {}
        self.campaigns: dict[str, int] = {}
        self.courses: dict[str, int] = {}

    # - before it begins

    async def settle_in(self) -> None:
        """Residents, campaigns that were approved, workshops with bookings."""
        now = self.town.start
        await self.database.create()
        async with self.database.begin_elsewhere() as conn:
            for who, wishes in self.town.people.items():
                self.ids[who] = (await add_resident(conn, f"telegram:{who}", now=now, **asdict(wishes))).id
            for spec in self.town.specs:
                self.campaigns[spec.mark] = await schedule(conn, spec, now)
            await self._leave_traces(conn, now)

    async def _leave_traces(self, conn: Connection, now: datetime) -> None:
        """What is to be forgotten within the two months: a page closed for good, a booking never confirmed, a link."""
        page = await add_resident(conn, "web:page", now=now)
        workshop = await add_workshop(conn, starts_at=self.town.end + 3 * DAY, title=marked("never"))
        await book(conn, workshop, page.id, state=BookingState.DRAFT, now=now)
        await classroom.add_link(conn, QuizLink("abc", "czad", None, now, now + DAY))

    async def _open(self, conn: Connection, course: Course) -> None:
        self.courses[course.mark] = number = await add_workshop(
            conn,
            starts_at=course.starts_at,
            ends_at=course.starts_at + 2 * HOUR,
            title=marked(course.mark),
            capacity=course.capacity,
        )
        for place, who in enumerate(course.booked):
            state = BookingState.CONFIRMED if place < course.capacity else BookingState.WAITING
            await book(conn, number, self.ids[who], state=state, now=self.sky() + timedelta(seconds=place))

    # - while it lasts

    async def live(self) -> None:
        """Every moment of the plan, in order, and a look at what is left."""
        self._start()
        today = local(self.sky()).date()
        for moment in moments(self.town):
            await self._pass_time(moment.at)
            if today != (today := local(self.sky()).date()):
                await self._end_of_day((today - local(self.town.start).date()).days)
            if self.sky() - moment.at < SECOND or moment.happens_late:
                await self._meet(moment)
        await self._pass_time(self.town.end + HOUR)
        await self._look()
        await self._look_back()

    async def _meet(self, moment: Moment) -> None:
        if moment.step:
            self.notes.steps.append((self.sky(), moment.step))
            await self._take(moment.step)
        await self._look(sweep=moment.sweep)

    async def _look(self, *, sweep: bool = False) -> None:
        assert self.life
        self.notes.looks.append(self.sky())
        await self.life.look(sweep=sweep)
        if self.life.is_over:
            await self._rise_again()

    async def _pass_time(self, until: datetime) -> None:
        """At its pace while anything is going on, at a leap otherwise."""
        for _ in range(MOST_BREATHS):
            if self.sky() >= until:
                return
            wake = self._next_due() if self.life else None
            if wake is None or wake >= until:
                self.sky.leap_to(until)
            elif wake > self.sky() + SECOND:
                self.sky.leap_to(wake)
            else:
                await asyncio.sleep(min(BREATH_S, (until - self.sky()).total_seconds()))
            if self.life and self.life.is_over:
                await self._rise_again()
        raise AssertionError(f"it does not come to rest before {until}")

    def _next_due(self) -> datetime | None:
        """When the deliverer has something to do: now while anything is under way."""
        now, loud = self.sky(), not is_quiet(self.sky())
        values = {"now": f"{now:%Y-%m-%d %H:%M:%S.%f}", "loud": loud}
        under_way, due = self._eyes.execute(NEXT_DUE, values).fetchone()
        return now if under_way else due and instant(due)

    def _start(self) -> None:
        self.life = Life(self.database, self.sky, self._post)

    async def _stop(self) -> None:
        assert self.life
        await self.life.stop()
        if self.life.fate.died.is_set():
            self.notes.deaths.append(self.sky())
        await self.life.bury()
        self.life = None

    async def _rise_again(self) -> None:
        """The program died: after a while it is started again."""
        assert self.life
        self.notes.deaths.append(self.sky())
        await self.life.bury()
        self.sky.leap_to(self.sky() + self._away)
        self._start()
        await self._look()

    # - what befalls it

    async def _take(self, step: Step) -> None:
        match step:
            case Doom(touches, away):
                assert self.life
                self.life.fate.left, self._away = touches, away
            case Restart():
                await self._stop()
                self._start()
            case Off(until):
                await self._stop()
                await self._pass_time(until)
                self._start()
            case Block(who):
                self._post.blocked.add(who)
            case Flood(silence):
                self._post.silence = silence
            case LoseAnswer():
                self._post.loses_answer = True
            case _:
                async with self.database.begin_elsewhere() as conn:
                    await self._change(conn, step)

    async def _change(self, conn: Connection, step: Step) -> None:
        now = self.sky()
        match step:
            case Change(who, values):
                await residents.change(conn, self.ids[who], **values)
            case Return(who):
                self._post.blocked.discard(who)
                await residents.note_seen(conn, await self._resident(conn, who), now)
            case Erase(who):
                self.notes.rows += await self._rows(conn, who)
                await privacy.erase(conn, await self._resident(conn, who))
            case GiveBack(who, course):
                resident = await self._resident(conn, who)
                await broadcasts.cancel_booking(conn, VAULT, resident, self.courses[course], now=now)
            case Open(course):
                await self._open(conn, course)
            case CallOff(course):
                await workshops.call_off(conn, self.courses[course], now)
            case Pause(mark) | Resume(mark):
                found = await ledger.load_campaign(conn, self.campaigns[mark])
                changed = lifecycle.pause(found, now) if isinstance(step, Pause) else lifecycle.resume(found, now)
                await ledger.save_campaign(conn, changed, who="staff", what="held", now=now)
            case _:
                raise AssertionError(step)

    async def _resident(self, conn: Connection, who: int) -> Resident:
        found = await residents.get(conn, self.ids[who])
        assert found
        return found

    async def close(self) -> None:
        if self.life:
            await self.life.bury()
        await self.database.close()
        self._eyes.close()

    # - what can be seen

    async def _end_of_day(self, day: int) -> None:
        async with self.database.read() as conn:
            assert await out_of_balance(conn) == []
        await asyncio.sleep(0)  # what has just ended is gone
        if day == TRACED_FROM:
            tracemalloc.start()
        if self.life and self._next_due() is None:
            self.notes.measures[day] = measure(deep=day in MEASURED_ON)

    async def _rows(self, conn: Connection, who: int | None = None) -> list[Row]:
        marks = {number: mark for mark, number in self.campaigns.items()}
        titles = {number: mark for mark, number in self.courses.items()}
        chats = {number: chat for chat, number in self.ids.items()}
        query = select(deliveries, runs.c.campaign_id, runs.c.kind, runs.c.subject, runs.c.started_at).join(runs)
        if who is not None:
            query = query.where(deliveries.c.recipient == self.ids[who])
        return [
            Row(
                name_of(row.kind, marks.get(row.campaign_id), row.subject, titles),
                chats[row.recipient],
                row.state.value,
                row.doubts,
                row.started_at,
            )
            for row in await conn.execute(query)
        ]

    async def _look_back(self) -> None:
        """What is left at the end, and what is left of that when the time to keep it is over."""
        notes, now = self.notes, self.sky()
        async with self.database.read() as conn:
            notes.rows += await self._rows(conn)
            notes.left_open = [run.key for run in await ledger.list_runs(conn) if run.finished_at is None]
        notes.named = [(instant(ends_at), names) for ends_at, names in self._eyes.execute(NAMED)]
        notes.traces = self._count(
            drafts="bookings WHERE state = 'draft'", links="quiz_links", pages="residents WHERE channel = 'web'"
        )
        await retention.sweep(self.database, now + 91 * DAY)
        notes.traces_later = self._count(deliveries="deliveries", names="bookings WHERE name IS NOT NULL")
        async with self.database.read() as conn:
            notes.unbalanced = await out_of_balance(conn)

    def _count(self, **tables: str) -> dict[str, int]:
        counts = {name: f"SELECT count(*) FROM {table}" for name, table in tables.items()}  # noqa: S608 - our own words
        return {name: self._eyes.execute(query).fetchone()[0] for name, query in counts.items()}
