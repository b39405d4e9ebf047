"""What follows from a setting: a run under way is joined, once and only where one belongs; withdrawals are counted."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.residents import Resident
from bot.services import subscriptions
from bot.services.results import UNSUBSCRIBED
from bot.storage import presses, residents
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from scheduler import ledger
from scheduler.model import Blocked, Delivery, DeliveryState, Kind, OptedOut, Outcome, Run, Sent
from tests.sending import AUDIENCE, LASTS, open_run_of, settle
from tests.support import NOON, add_resident, campaign

LATER = NOON + timedelta(minutes=5)
SOON = timedelta(days=7)
DAY = timedelta(days=1)


async def sets(conn: Connection, resident: Resident, now: datetime = LATER, **values: Any) -> Resident:
    """A resident sets something, as a turn stores it."""
    after = await residents.change(conn, resident.id, **values)
    await subscriptions.changed(conn, resident, after, now)
    return after


async def waiting(conn: Connection, run: Run) -> int:
    balance = await ledger.balance(conn, run.id)
    assert balance.holds
    return balance[DeliveryState.WAITING]


# --- joining


async def test_who_subscribes_to_alerts_while_one_is_being_sent_gets_it_once(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", alerts=True)
        late = await add_resident(conn, "telegram:2")
        run = await open_run_of(conn, campaign(kind="alert"), NOON)
        assert await waiting(conn, run) == 1

        late = await sets(conn, late, alerts=True)
        assert await waiting(conn, run) == 2

        late = await sets(conn, late, alerts=False)
        late = await sets(conn, late, alerts=True)
        assert await waiting(conn, run) == 2
        assert (await ledger.load_run(conn, run.id)).audience == 2

        await settle(conn, LATER)
        await sets(conn, late, LATER, district=7)
        assert await ledger.finish_runs(conn, LATER)
        assert (await ledger.balance(conn, run.id)).counts == {DeliveryState.SENT: 2}


@pytest.mark.parametrize(
    ("content", "joins"),
    [
        ({"kind": "alert"}, True),
        ({"kind": "alert", "late_joiners": False}, False),
        ({"kind": "tip"}, False),
        ({"kind": "tip", "late_joiners": True}, True),
    ],
)
async def test_the_campaign_says_whether_late_joiners_are_taken_in(
    database: Database, content: dict[str, Any], joins: bool
) -> None:
    async with database.begin() as conn:
        late = await add_resident(conn)
        run = await open_run_of(conn, campaign(**content), NOON)

        await sets(conn, late, alerts=True, campaigns=True)

        assert await waiting(conn, run) == joins


async def test_who_comes_to_match_by_a_setting_joins_and_who_does_not_match_does_not(database: Database) -> None:
    async with database.begin() as conn:
        here, elsewhere, silent = [await add_resident(conn, f"telegram:{n}", alerts=n < 3) for n in (1, 2, 3)]
        run = await open_run_of(conn, campaign(kind="alert", audience={"districts": [7]}), NOON)

        await sets(conn, here, district=7)
        await sets(conn, elsewhere, district=8)
        await sets(conn, silent, district=7)

        assert await waiting(conn, run) == 1
        assert await ledger.has_reached(conn, run.id, here.id)


@pytest.mark.parametrize("outcome", [OptedOut(), Blocked()])
async def test_who_left_a_run_stays_out_of_it(database: Database, outcome: Outcome) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn, alerts=True)
        run = await open_run_of(conn, campaign(kind="alert"), NOON)
        await settle(conn, NOON, lambda _: outcome)

        resident = await sets(conn, resident, alerts=False)
        await sets(conn, resident, alerts=True)

        assert await waiting(conn, run) == 0
        assert (await ledger.load_run(conn, run.id)).audience == 1


async def test_nobody_joins_what_is_over_or_has_not_begun_or_cannot_be_written_to(database: Database) -> None:
    async with database.begin() as conn:
        over = await open_run_of(conn, campaign(kind="alert"), NOON)
        await ledger.finish_runs(conn, NOON)
        expired = await open_run_of(conn, campaign(kind="alert"), NOON - 2 * LASTS)
        for number, address in enumerate(("telegram:1", "web:2")):
            await sets(conn, await add_resident(conn, address), NOON, alerts=True, district=number + 1)

        assert [await waiting(conn, run) for run in (over, expired)] == [0, 0]


async def test_a_paused_run_is_joined_too_and_goes_on_with_them(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:1", alerts=True)
        run = await open_run_of(conn, campaign(kind="alert"), NOON)
        await ledger.pause_run(conn, run.id, "too many failures", who="delivery", now=NOON)

        await sets(conn, await add_resident(conn, "telegram:2"), alerts=True)

        assert await waiting(conn, run) == 2
        assert await ledger.claim(conn, "telegram", 9, worker="w", now=LATER, lease_s=60) == []


async def test_an_empty_run_that_is_joined_is_empty_no_more(database: Database) -> None:
    async with database.begin() as conn:
        run = await open_run_of(conn, campaign(kind="alert"), NOON)
        assert run.reason

        await sets(conn, await add_resident(conn), alerts=True)

        assert (await ledger.load_run(conn, run.id)).reason is None


async def test_a_late_joiner_may_be_one_of_the_held_out(database: Database) -> None:
    async with database.begin() as conn:
        people = [await add_resident(conn, f"telegram:{number}") for number in range(40)]
        content = campaign(late_joiners=True, audience={"held_out": 50})
        run = await open_run_of(conn, content, NOON)

        for one in people:
            await sets(conn, one, campaigns=True)

        balance = await ledger.balance(conn, run.id)
    assert balance.holds
    assert balance[DeliveryState.HELD_OUT] + balance[DeliveryState.WAITING] == 40
    assert 5 < balance[DeliveryState.HELD_OUT] < 35


async def test_the_weekly_cap_holds_late_joiners_too(database: Database) -> None:
    async with database.begin() as conn:
        sated, hungry = [await add_resident(conn, f"telegram:{number}", campaigns=True) for number in (1, 2)]
        for days in range(5):
            await open_run_of(conn, campaign(), NOON - days * DAY)
            await settle(conn, NOON - days * DAY, lambda one: Sent("m") if one.recipient == sated.id else OptedOut())
        stopped = [await residents.change(conn, one.id, campaigns=False) for one in (sated, hungry)]
        run = await open_run_of(conn, campaign(late_joiners=True), NOON + timedelta(minutes=1))

        for one in stopped:
            await sets(conn, one, campaigns=True)

        assert await waiting(conn, run) == 1
        assert await ledger.has_reached(conn, run.id, hungry.id)


async def test_a_run_is_not_finished_over_the_head_of_who_is_just_joining_it(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        run = await open_run_of(conn, campaign(kind="alert"), NOON)

    async def finish() -> list[Run]:
        async with database.begin() as other:
            return await ledger.finish_runs(other, LATER)

    async with database.begin() as conn:
        await sets(conn, resident, alerts=True)
        finishing = asyncio.create_task(finish())
        await asyncio.sleep(0.2)  # it asks, and has to wait for the joining to end
        assert not finishing.done()
    assert await finishing == []

    async with database.begin() as conn:
        assert await waiting(conn, run) == 1
        await settle(conn, LATER)
        assert [one.id for one in await ledger.finish_runs(conn, LATER)] == [run.id]


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "alerts": st.booleans(),
        "campaigns": st.booleans(),
        "district": st.sampled_from([None, 7, 8]),
        "language": st.sampled_from(["pl", "uk"]),
        "road": st.booleans(),
        "cyber": st.booleans(),
        "age": st.sampled_from([None, "19-64", "65-plus"]),
    },
).filter(bool)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "districts": st.just([7]),
        "languages": st.just(["uk"]),
        "topics": st.just(["road"]),
        "ages": st.just(["65-plus"]),
    },
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(SETTINGS, max_size=4), wanted=FILTERS, kind=st.sampled_from(["alert", "news"]))
async def test_whoever_matches_at_any_moment_is_in_exactly_once_and_the_balance_holds(
    database: Database, changes: list[dict[str, Any]], wanted: dict[str, Any], kind: str
) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        run = await open_run_of(conn, campaign(kind=kind, late_joiners=True, audience=wanted), NOON)
        stored = await ledger.load_campaign(conn, run.campaign_id or 0)
        matched = False
        for values in changes:
            resident = await sets(conn, resident, **values)
            everybody = await conn.execute(AUDIENCE.select(run, stored))
            matched = matched or resident.id in {row.recipient for row in everybody}

            assert await waiting(conn, run) == matched
        await conn.rollback()


async def test_looking_at_one_resident_alone_says_the_same_as_looking_at_all(database: Database) -> None:
    async with database.begin() as conn:
        people = [await add_resident(conn, f"telegram:{n}", campaigns=True, road=n % 2 == 0) for n in range(6)]
        run = await open_run_of(conn, campaign(audience={"topics": ["road"], "held_out": 30}), NOON)
        stored = await ledger.load_campaign(conn, run.campaign_id or 0)

        together = set(map(tuple, await conn.execute(ResidentsAudience().select(run, stored))))
        alone = {
            tuple(row)
            for one in people
            for row in await conn.execute(ResidentsAudience(only=one.id).select(run, stored))
        }

    assert alone == together


# --- withdrawals


async def unsubscribed(conn: Connection, run: Run) -> int:
    return (await presses.of_run(conn, run.id)).get(UNSUBSCRIBED, 0)


async def test_a_consent_taken_back_is_counted_for_the_newest_message_that_stood_on_it(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn, alerts=True, campaigns=True, tip_hour=12)
        older, newer = [await open_run_of(conn, campaign(), NOON + days * DAY) for days in (0, 1)]
        alert = await open_run_of(conn, campaign(kind="alert"), NOON + 2 * DAY)
        for days in (0, 1, 2):
            await settle(conn, NOON + days * DAY)

        resident = await sets(conn, resident, NOON + 3 * DAY, tip_hour=None)
        resident = await sets(conn, resident, NOON + 3 * DAY, campaigns=False)
        resident = await sets(conn, resident, NOON + 3 * DAY, campaigns=False)  # a double press withdraws once

        assert [await unsubscribed(conn, run) for run in (older, newer, alert)] == [0, 1, 0]
        await sets(conn, resident, NOON + 3 * DAY, alerts=False)
        assert [await unsubscribed(conn, run) for run in (older, newer, alert)] == [0, 1, 1]


@pytest.mark.parametrize(
    ("after", "outcome", "counted"),
    [
        (SOON, Sent("m"), 1),
        (SOON + timedelta(seconds=1), Sent("m"), 0),
        (DAY, Blocked(), 0),
        (DAY, OptedOut(), 0),
    ],
)
async def test_it_is_counted_within_a_week_of_a_message_that_was_sent(
    database: Database, after: timedelta, outcome: Outcome, counted: int
) -> None:
    def answer(_: Delivery) -> Outcome:
        return outcome

    async with database.begin() as conn:
        resident = await add_resident(conn, campaigns=True)
        run = await open_run_of(conn, campaign(), NOON)
        await settle(conn, NOON, answer)

        await sets(conn, resident, NOON + after, campaigns=False)

        assert await unsubscribed(conn, run) == counted


async def test_nothing_of_the_person_is_in_the_count(database: Database) -> None:
    async with database.begin() as conn:
        people = [await add_resident(conn, f"telegram:{number}", campaigns=True) for number in (1, 2)]
        run = await open_run_of(conn, campaign(), NOON)
        await settle(conn, NOON)
        for one in people:
            await sets(conn, one, campaigns=False)
        for one in people:
            await ledger.forget(conn, one.id)
            await residents.erase(conn, one.id)

        assert await presses.of_run(conn, run.id) == {UNSUBSCRIBED: 2}
        assert run.kind is Kind.TIP
