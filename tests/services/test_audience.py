"""Whom a message reaches, held against the same rules in plain Python."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from bot.domain.areas import Area
from bot.domain.workshops import BookingState
from bot.storage import residents
from bot.storage.audience import Count, Filter, ResidentsAudience, Standing
from bot.storage.database import Connection, Database
from scheduler import ledger, lifecycle
from scheduler.model import Campaign, Kind, Run
from scheduler.tables import deliveries
from tests.support import NOON, add_resident, add_workshop, book, open_database

ON = frozenset({"telegram"})
CAP = 2
BROADCASTS = (Kind.TIP, Kind.NEWS, Kind.ALERT, Kind.QUIZ, Kind.WORKSHOP)


@dataclass(frozen=True)
class Person:
    channel: str
    language: str
    topics: frozenset[Area]
    district: int | None
    alerts: bool
    campaigns: bool
    blocked: bool
    received: int
    """How many campaigns they were sent this week."""


# Weighted so that most people pass most rules: then each rule alone decides about somebody.
people = st.builds(
    Person,
    channel=st.sampled_from(["telegram"] * 6 + ["matrix", "web", "terminal"]),
    language=st.sampled_from(["pl", "uk", "en"]),
    topics=st.frozensets(st.sampled_from(Area)),
    district=st.none() | st.integers(1, 4),
    alerts=st.sampled_from([True, True, False]),
    campaigns=st.sampled_from([True, True, False]),
    blocked=st.sampled_from([False, False, False, True]),
    received=st.integers(0, CAP + 1),
)
filters = st.builds(
    Filter,
    topics=st.just(()) | st.lists(st.sampled_from(Area), unique=True, max_size=2).map(tuple),
    districts=st.just(()) | st.lists(st.integers(1, 4), unique=True, max_size=2).map(tuple),
    languages=st.just(()) | st.lists(st.sampled_from(["pl", "uk", "en"]), unique=True, max_size=2).map(tuple),
)


def standing(person: Person, kind: Kind, wanted: Filter) -> Standing:
    """The rules, as one would say them."""
    follows = not wanted.topics or not person.topics or bool(person.topics & set(wanted.topics))
    lives = not wanted.districts or person.district in wanted.districts
    reads = not wanted.languages or person.language in wanted.languages
    agreed = person.alerts if kind is Kind.ALERT else person.campaigns
    reasons = {
        Standing.BROWSER: person.channel in {"web", "terminal"},
        Standing.OFF: person.channel not in ON,
        Standing.ELSEWHERE: not (follows and lives and reads),
        Standing.MUTED: not agreed,
        Standing.BLOCKED: person.blocked,
        Standing.CAPPED: kind is not Kind.ALERT and person.received >= CAP,
    }
    return next((reason for reason, holds in reasons.items() if holds), Standing.REACHED)


def test_audience_and_preview_follow_the_rules(tmp_path: Path) -> None:
    with asyncio.Runner() as runner, ExitStack() as closing:
        opening = open_database(tmp_path)
        database = runner.run(opening.__aenter__())
        closing.callback(lambda: runner.run(opening.__aexit__(None, None, None)))

        # Each example asks a database, so a failing one is shown as it was found rather than shrunk for minutes.
        @settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
        @given(crowd=st.lists(people, min_size=4, max_size=14), wanted=filters)
        def check(crowd: list[Person], wanted: Filter) -> None:
            for kind, (reached, counted) in runner.run(_ask(database, crowd, wanted)).items():
                expected = [standing(person, kind, wanted) for person in crowd]
                assert reached == {
                    (number, person.channel)
                    for number, (person, where) in enumerate(zip(crowd, expected, strict=True), start=1)
                    if where is Standing.REACHED
                }
                assert counted.of == Counter(expected)
                assert sum(counted.accounts.values()) == counted.reached == len(reached)

        check()


async def _ask(
    database: Database, crowd: Sequence[Person], wanted: Filter
) -> dict[Kind, tuple[set[tuple[int, str]], Count]]:
    """What the database says of a crowd, for each kind; it is as empty as before afterwards."""
    audience = ResidentsAudience(lambda: ON, cap=CAP)
    async with database.begin() as conn:
        for number, person in enumerate(crowd, start=1):
            await add_resident(
                conn,
                f"{person.channel}:{number}",
                person.language,
                now=NOON,
                **{area.value: area in person.topics for area in Area},
                district=person.district,
                alerts=person.alerts,
                campaigns=person.campaigns,
                blocked_at=NOON - timedelta(days=1) if person.blocked else None,
            )
        await _send_earlier(conn, [person.received for person in crowd])
        found = {}
        for kind in BROADCASTS:
            campaign = await _campaign(conn, kind, wanted)
            run = await _open(conn, audience, kind, key=kind.value, campaign=campaign)
            written = await conn.execute(select(deliveries.c.recipient, deliveries.c.account).filter_by(run_id=run.id))
            reached = {(recipient, account) for recipient, account in written}
            found[kind] = reached, await audience.count(conn, kind, wanted, NOON)
        await conn.rollback()
        return found


async def _send_earlier(conn: Connection, received: Sequence[int]) -> None:
    """So many campaigns this week; a longer ago one, an alert, and one that failed, none of which counts."""
    noise = [(NOON - timedelta(days=8), Kind.NEWS, "sent"), (NOON, Kind.ALERT, "sent"), (NOON, Kind.NEWS, "failed")]
    this_week = [(NOON - timedelta(days=3), Kind.NEWS, "sent")] * (CAP + 1)
    for place, (at, kind, state) in enumerate([*noise, *this_week], start=-len(noise)):
        run = await _open(conn, _NOBODY, kind, key=f"earlier:{place}", at=at)
        rows = [
            {"run_id": run.id, "recipient": number, "account": "telegram", "state": state, "attempt": 1, "doubts": 0,
             "due_at": at}
            for number, count in enumerate(received, start=1) if count > place
        ]  # fmt: skip
        if rows:
            await conn.execute(insert(deliveries), rows)


_NOBODY = ResidentsAudience(lambda: ())


async def _open(
    conn: Connection,
    audience: ResidentsAudience,
    kind: Kind,
    *,
    key: str = "run",
    at: datetime = NOON,
    subject: str = "",
    campaign: Campaign | None = None,
) -> Run:
    return await ledger.open_run(
        conn,
        audience,
        key=key,
        kind=kind,
        slot_at=at,
        expires_at=at + timedelta(hours=1),
        now=at,
        subject=subject,
        campaign=campaign,
    )


async def _campaign(conn: Connection, kind: Kind, wanted: Filter) -> Campaign:
    audience = {"topics": list(wanted.topics), "districts": list(wanted.districts), "languages": list(wanted.languages)}
    draft = lifecycle.draft(kind=kind, title="t", content={}, audience=audience, author="ada", now=NOON)
    return await ledger.create_campaign(conn, draft)


async def _recipients(conn: Connection, run: Run) -> set[int]:
    return set((await conn.execute(select(deliveries.c.recipient).filter_by(run_id=run.id))).scalars())


async def test_a_daily_tip_reaches_those_who_chose_this_hour_in_krakow(database: Database) -> None:
    async with database.begin() as conn:
        noon = await add_resident(conn, "telegram:1", tip_hour=12)
        await add_resident(conn, "telegram:2", tip_hour=11)  # the hour in UTC
        await add_resident(conn, "telegram:3", alerts=True, campaigns=True)
        await add_resident(conn, "telegram:4", tip_hour=12, blocked_at=NOON)
        await add_resident(conn, "web:5", tip_hour=12)

        run = await _open(conn, ResidentsAudience(lambda: ON), Kind.DAILY_TIP)

        assert await _recipients(conn, run) == {noon.id}


async def test_who_changes_the_hour_after_the_tip_gets_no_second_one_that_day(database: Database) -> None:
    audience = ResidentsAudience(lambda: ON)
    async with database.begin() as conn:
        ada = await add_resident(conn, tip_hour=12)
        await _open(conn, audience, Kind.DAILY_TIP, key="twelve")
        await residents.change(conn, ada.id, tip_hour=13)

        later = await _open(conn, audience, Kind.DAILY_TIP, key="thirteen", at=NOON + timedelta(hours=1))
        tomorrow = await _open(conn, audience, Kind.DAILY_TIP, key="next", at=NOON + timedelta(hours=25))

        assert await _recipients(conn, later) == set()
        assert await _recipients(conn, tomorrow) == {ada.id}


async def test_a_reminder_reaches_confirmed_bookings_of_its_workshop_made_over_an_hour_ago(database: Database) -> None:
    long_ago, just_now = NOON - timedelta(hours=2), NOON - timedelta(minutes=30)
    cases = [
        (BookingState.CONFIRMED, long_ago),
        (BookingState.CONFIRMED, just_now),
        (BookingState.WAITING, long_ago),
        (BookingState.CANCELLED, long_ago),
        (BookingState.DRAFT, long_ago),
    ]
    async with database.begin() as conn:
        workshop, other = await add_workshop(conn), await add_workshop(conn)
        for number, (state, at) in enumerate(cases, start=1):
            resident = await add_resident(conn, f"telegram:{number}")
            await book(conn, workshop, resident.id, state=state, now=at)
        elsewhere = await add_resident(conn, "telegram:9")
        await book(conn, other, elsewhere.id, now=long_ago)
        audience = ResidentsAudience(lambda: ON)

        reminded = await _open(conn, audience, Kind.REMINDER, key="a", subject=f"24h:{workshop}")
        moved = await _open(conn, audience, Kind.REMINDER, key="b", subject=f"moved:{workshop}:2")
        called_off = await _open(conn, audience, Kind.REMINDER, key="c", subject=f"off:{workshop}")

        assert await _recipients(conn, reminded) == {1}
        assert await _recipients(conn, moved) == {2}
        assert await _recipients(conn, called_off) == {1, 2, 3}
