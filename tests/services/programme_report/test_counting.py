"""Every table against a second count: over the rows of a city, in plain Python, on both databases."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from bot.domain.quizzes import Given, Ref
from bot.services.programme_report import counting
from bot.services.programme_report.effect import t_quantile
from bot.services.programme_report.model import TOTAL, Gap, Name, Report, Value, as_data, from_data
from bot.storage import learning, tables
from bot.storage.database import Connection, Database
from scheduler.calendar import ZONE
from scheduler.tables import deliveries, runs
from tests.domain.test_suppression import solved
from tests.services.programme_report.city import (
    NOW,
    Rows,
    books,
    build,
    month,
    rows,
)
from tests.services.programme_report.oracle import check
from tests.support import NOON, add_resident, add_workshop, book, library, open_database

YEARS = (2026, 2027)


async def report_of(database: Database, year: int, now: datetime = NOW) -> tuple[Report, Rows]:
    async with database.read() as conn:
        return await counting.count(conn, books(), year, now), await rows(conn)


async def test_every_number_of_the_city_is_right(database: Database) -> None:
    await build(database)
    for year in YEARS:
        report, all_rows = await report_of(database, year)
        check(report, all_rows)
        assert from_data(json.loads(json.dumps(as_data(report)))) == report
        assert report.demo


# --- years


async def attempt_at(conn: Connection, resident: int, at: datetime, seed: int, *, right: bool = True) -> None:
    made = await learning.add_attempt(conn, [Ref("czad", "one")], seed=seed, now=at, resident_id=resident, quiz="czad")
    await learning.add_answer(conn, made, 0, Given("0", right), at)
    await learning.finish_attempt(conn, made.id, at)


def kept(report: Report, name: Name = Name.KEY) -> Any:
    return report.table(name).row(TOTAL)


async def test_a_year_begins_and_ends_at_midnight_in_krakow(database: Database) -> None:
    midnight = datetime(2027, 1, 1, tzinfo=ZONE)
    summer = datetime(2026, 8, 1, tzinfo=ZONE)
    moments = [midnight - timedelta(seconds=1)] * 7 + [midnight] * 6 + [summer - timedelta(seconds=1)] * 5
    async with database.begin() as conn:
        for number, at in enumerate(moments):
            one = await add_resident(conn, f"telegram:{number}", now=at)
            await attempt_at(conn, one.id, at, seed=number)
        old = await counting.count(conn, library(), 2026, NOON.replace(year=2028))
        new = await counting.count(conn, library(), 2027, NOON.replace(year=2028))

    assert kept(old)["attempts"] == 12
    assert kept(new)["attempts"] == 6
    months = old.table(Name.MONTH)
    assert months.row("12")["attempts"] == 7
    assert months.row("7")["attempts"] == 5
    assert months.row("8")["attempts"] == 0
    assert months.row("6")["attempts"] == Gap.UNMEASURED  # nobody was there yet
    assert not old.in_progress


async def test_a_year_of_which_nothing_is_known_holds_no_noughts(database: Database) -> None:
    async with database.begin() as conn:
        report = await counting.count(conn, library(), 2025, NOON)

    assert set(kept(report).values()) == {Gap.UNMEASURED, 0}
    assert kept(report)["messages"] == 0  # the ledger would know
    assert kept(report, Name.COST) == {"budget": Gap.UNMEASURED, "active": Gap.UNMEASURED, "cost": Gap.UNMEASURED}
    assert set(report.table(Name.DISTRICT).column("active")) == {Gap.UNMEASURED}
    assert set(report.table(Name.CONSENTS).column("alerts")) == {Gap.UNMEASURED}
    assert report.table(Name.WORKSHOPS).row(TOTAL)["attended"] == Gap.UNMEASURED
    assert report.table(Name.CAMPAIGNS).rows == ()
    assert not report.demo


async def test_a_year_in_progress_says_so_and_leaves_its_end_open(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, now=NOON - timedelta(days=40))
        report = await counting.count(conn, library(), 2026, NOON - timedelta(days=20))

    assert report.in_progress
    months = report.table(Name.MONTH)
    assert [months.row(str(number))["active"] for number in (9, 10, 11, 12)] == [
        *(Gap.UNMEASURED, 0, 0),
        Gap.AHEAD,
    ]
    assert report.table(Name.CONSENTS).row("12")["alerts"] == Gap.AHEAD


async def test_cost_is_the_budget_over_those_reached(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(8):
            one = await add_resident(conn, f"telegram:{number}")
            await learning.mark_tip(conn, one.id, "czujka", NOON)
        report = await counting.count(conn, library(), 2026, NOON)

    assert kept(report, Name.COST) == {"budget": 1_400_000, "active": 8, "cost": 175_000}


async def test_whoever_leaves_is_not_counted_any_more(database: Database) -> None:
    async with database.begin() as conn:
        people = [await add_resident(conn, f"telegram:{number}") for number in range(8)]
        for number, one in enumerate(people):
            await attempt_at(conn, one.id, NOON, seed=number)
        await conn.execute(tables.residents.delete().where(tables.residents.c.id == people[0].id))
        report = await counting.count(conn, library(), 2026, NOON)

    assert (kept(report)["active"], kept(report)["attempts"], kept(report)["right"]) == (7, 7, 1.0)


async def test_four_people_are_never_seen(database: Database) -> None:
    async with database.begin() as conn:
        workshop = await add_workshop(conn, starts_at=NOON - timedelta(days=1))
        for number in range(4):
            one = await add_resident(conn, f"telegram:{number}", district=3)
            for go in range(3):
                await attempt_at(conn, one.id, NOON, seed=go)
            await book(conn, workshop, one.id)
        await conn.execute(update(tables.bookings).values(attended=1))
        report = await counting.count(conn, library(), 2026, NOON)

    for name in (Name.AREA, Name.MONTH, Name.DISTRICT, Name.AREA_MONTH, Name.AREA_DISTRICT, Name.GAIN):
        for row in report.table(name).rows:
            shown = {key: value for key, value in report.table(name).row(row.key).items() if key != "messages"}
            assert set(shown.values()) <= {*Gap, 0}
    assert kept(report)["active"] == kept(report)["attempts"] == kept(report)["right"] == Gap.HIDDEN
    assert report.table(Name.WORKSHOPS).row(TOTAL)["attended"] == Gap.HIDDEN
    assert kept(report, Name.COST)["cost"] == Gap.HIDDEN


@pytest.mark.parametrize("seed", range(4))
async def test_nobody_can_be_worked_out_of_all_tables_together(tmp_path: Path, seed: int) -> None:
    async with open_database(tmp_path) as database:
        await build(database, people=90, seed=seed)
        async with database.read() as conn:
            report = await counting.count(conn, books(), 2026, NOW)

    hidden = {place for place, value in attempts_in(report).items() if value == Gap.HIDDEN}
    assert len(hidden) > 10
    assert told(attempts_in(report)) == set()


def attempts_in(report: Report) -> dict[tuple[str, str], Value]:
    """(month or district, area) → attempts, with the totals of both, from all the tables that have some."""
    found: dict[tuple[str, str], Value] = {}
    for name, by in ((Name.AREA_MONTH, "m"), (Name.AREA_DISTRICT, "d")):
        for row in report.table(name).rows:
            for area, value in report.table(name).row(row.key).items():
                found[row.key if row.key == TOTAL else by + row.key, area] = value
    return {place: value for place, value in found.items() if value not in (Gap.UNMEASURED, Gap.AHEAD)}


def told(found: dict[tuple[str, str], Value]) -> set[tuple[str, str]]:
    """The hidden numbers that follow from the others by sums alone."""
    unknown = sorted(place for place, value in found.items() if value == Gap.HIDDEN)
    areas = sorted({area for _, area in found if area != TOTAL})
    keys = sorted({key for key, _ in found if key != TOTAL})
    sums = [([(key, area) for area in areas], (key, TOTAL)) for key in [*keys, TOTAL]]
    for by in "md":
        sums += [([(key, area) for key in keys if key[0] == by], (TOTAL, area)) for area in [*areas, TOTAL]]
    lines = []
    for parts, total in sums:
        signs = dict.fromkeys(parts, 1) | {total: -1}
        known = sum(sign * int(found[place]) for place, sign in signs.items() if place not in unknown)
        lines.append([*(signs.get(place, 0) for place in unknown), -known])
    return {unknown[place] for place in solved(lines)}


async def test_consents_are_those_of_a_months_last_night(database: Database) -> None:
    def night(day: str, measure: str, part: str, count: int) -> dict[str, object]:
        return {"day": datetime.fromisoformat(day).date(), "measure": measure, "part": part, "count": count}

    nights = [
        *(night("2026-10-31", "alerts", "telegram", 40), night("2026-10-31", "alerts", "web", 7)),
        *(night("2026-10-30", "alerts", "telegram", 39), night("2026-10-31", "campaigns", "telegram", 3)),
        *(night("2026-11-12", "alerts", "telegram", 50), night("2026-11-30", "alerts", "telegram", 60)),
    ]
    async with database.begin() as conn:
        await conn.execute(insert(tables.snapshots), nights)
        report = await counting.count(conn, library(), 2026, NOON)

    found = report.table(Name.CONSENTS)
    assert found.row("9")["alerts"] == Gap.UNMEASURED
    assert found.row("10")["alerts"] == 47
    assert found.row("10")["campaigns"] == Gap.HIDDEN
    assert found.row("11")["alerts"] == 60
    assert found.row("12")["alerts"] == 60  # the first of December: last night's


async def test_a_small_run_counts_nowhere(database: Database) -> None:
    await build(database, people=300)
    async with database.begin() as conn:
        all_rows = await rows(conn)
        run = next(one for one in all_rows.runs if one["campaign_id"] and month(one["slot_at"])[0] == 2027)
        before = await counting.count(conn, books(), 2027, NOW)
        theirs = [one for one in all_rows.deliveries if one["run_id"] == run["id"]]
        gone = [one["recipient"] for one in theirs][4:]
        await conn.execute(
            deliveries.delete().where(deliveries.c.run_id == run["id"], deliveries.c.recipient.in_(gone))
        )
        after = await counting.count(conn, books(), 2027, NOW)

    sent = sum(one["state"] == "sent" for one in theirs)
    row = after.table(Name.CAMPAIGNS).row(str(run["campaign_id"]))
    assert row["delivered"] == row["audience"] == row["failed"] == Gap.HIDDEN
    assert kept(before)["messages"] - kept(after)["messages"] == sent


async def test_a_campaign_that_went_out_twice_is_one_line(database: Database) -> None:
    await build(database, people=300)
    async with database.begin() as conn:
        before = await counting.count(conn, books(), 2027, NOW)
        first, second, *_ = before.table(Name.CAMPAIGNS).rows
        joined = update(runs).where(runs.c.campaign_id == int(second.key))
        await conn.execute(joined.values(campaign_id=int(first.key)))
        after = await counting.count(conn, books(), 2027, NOW)

    old, new = before.table(Name.CAMPAIGNS), after.table(Name.CAMPAIGNS)
    assert [row.key for row in new.rows] == [row.key for row in old.rows if row.key != second.key]
    assert new.row(first.key)["runs"] == 2
    assert new.row(first.key)["first"] == old.row(first.key)["first"]
    for column in ("audience", "delivered"):
        assert new.row(first.key)[column] == sum(int(old.row(one.key)[column]) for one in (first, second))


def test_t_is_that_of_the_tables() -> None:
    told = {4: 2.776, 9: 2.262, 29: 2.045, 1000: 1.962}  # NIST/SEMATECH e-Handbook, 1.3.6.7.2
    assert {freedom: round(t_quantile(0.975, freedom), 3) for freedom in told} == told
