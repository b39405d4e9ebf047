"""A run's numbers: presses in total, reasons, speed, a comparison; each counted from what really happened."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import actions as do
from bot.domain.errors import StaleAction, UnknownItem
from bot.domain.quizzes import Ref
from bot.domain.residents import Address, Resident
from bot.services import results
from bot.services.results import Group, Results, as_data
from bot.storage import learning, presses, residents
from bot.storage.database import Connection, Database
from scheduler import ledger
from scheduler.errors import UnknownCampaign
from scheduler.model import Blocked, Delivery, DeliveryState, GiveUp, Kind, Outcome, Run, Sent, Uncertain
from tests.sending import AUDIENCE, LASTS, open_run_of, settle
from tests.support import NOON, add_resident, campaign, library, texts

BOOKS = library()
QUIZ, LINK = {"quiz": "czad"}, {"url": "https://example.org/a", "text": texts("Look")}
WORKSHOPS, GONE = {"workshops": True, "text": texts("Come")}, {"tip": "dropped-since"}
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def reached(conn: Connection, people: int = 1, **content: Any) -> Run:
    """A run that reached so many people at noon."""
    for number in range(people):
        await add_resident(conn, f"telegram:{number}", campaigns=True)
    run = await open_run_of(conn, campaign(**content), NOON)
    await settle(conn, NOON)
    return run


async def person(conn: Connection, number: int = 0) -> Resident:
    found = await residents.find(conn, Address("telegram", str(number)))
    assert found
    return found


async def report(conn: Connection, run: Run) -> Results:
    (found,) = await results.of_campaign(conn, BOOKS, run.campaign_id or 0)
    return found


# --- presses


async def test_a_press_does_what_the_button_says_and_is_counted_with_all_the_others(database: Database) -> None:
    async with database.begin() as conn:
        run = await reached(conn, 2, buttons=[QUIZ, WORKSHOPS])
        ada, ben = [await person(conn, number) for number in (0, 1)]

        assert await results.press(conn, BOOKS, ada, run.id, "0") == do.QuizIntro("czad")
        assert await results.press(conn, BOOKS, ben, run.id, "0") == do.QuizIntro("czad")
        assert await results.press(conn, BOOKS, ben, run.id, "1") == do.Workshops()
        assert await results.press(conn, BOOKS, ben, run.id, do.FEWER) == do.Consents()

        found = await report(conn, run)

    assert [(one.button, one.label, one.count) for one in found.presses] == [
        ("0", "Quiz: Quiz czad (pl)", 2),
        ("1", "Come (pl)", 1),
        ("fewer", "Mniej takich wiadomości", 1),
    ]


@pytest.mark.parametrize("place", ["1", "2", "-1", "00", "", "x", "unsubscribed", "٠"])
async def test_what_is_no_button_of_the_message_leads_nowhere_and_is_not_counted(
    database: Database, place: str
) -> None:
    async with database.begin() as conn:
        run = await reached(conn, buttons=[QUIZ, LINK])

        with pytest.raises(StaleAction):
            await results.press(conn, BOOKS, await person(conn), run.id, place)

        assert await presses.of_run(conn, run.id) == {}


async def test_a_button_to_an_item_that_is_gone_says_so_and_counts(database: Database) -> None:
    async with database.begin() as conn:
        run = await reached(conn, buttons=[GONE])

        with pytest.raises(UnknownItem):
            await results.press(conn, BOOKS, await person(conn), run.id, "0")

        assert await presses.of_run(conn, run.id) == {"0": 1}


async def test_presses_of_a_run_that_never_reached_them_work_and_do_not_count(database: Database) -> None:
    async with database.begin() as conn:
        run = await reached(conn, buttons=[QUIZ])
        stranger = await add_resident(conn, "telegram:stranger")

        assert await results.press(conn, BOOKS, stranger, run.id, "0") == do.QuizIntro("czad")
        assert await presses.of_run(conn, run.id) == {}
        with pytest.raises(StaleAction):
            await results.press(conn, BOOKS, stranger, run.id + 1, "0")


# --- how it went


async def test_the_numbers_of_a_run_come_from_what_the_channel_said(database: Database) -> None:
    def answer(delivery: Delivery) -> Outcome:
        told: list[Outcome] = [
            Sent("m"),
            Blocked(),
            GiveUp("too long"),
            GiveUp("too long"),
            GiveUp("odd"),
            Uncertain("?"),
        ]
        return told[(delivery.recipient - 1) % len(told)]

    async with database.begin() as conn:
        for number in range(12):
            await add_resident(conn, f"telegram:{number}", campaigns=True)
        run = await open_run_of(conn, campaign(), NOON)
        await settle(conn, NOON + MINUTE, answer)
        found = await report(conn, run)

    assert found.balance.counts == {
        DeliveryState.SENT: 2,
        DeliveryState.BLOCKED: 2,
        DeliveryState.FAILED: 6,
        DeliveryState.UNCERTAIN: 2,
    }
    assert found.summary.reasons == (("too long", 4), ("odd", 2))
    assert found.summary.doubts == 2
    assert (found.summary.first_at, found.summary.last_at) == (NOON + MINUTE, NOON + MINUTE)
    assert found.summary.per_second is None  # all in one instant: no speed to tell


async def test_the_speed_is_that_of_the_work_without_its_pauses(database: Database) -> None:
    async with database.begin() as conn:
        for number in range(60):
            await add_resident(conn, f"telegram:{number}", campaigns=True)
        run = await open_run_of(conn, campaign(), NOON)
        for part in range(6):  # thirty messages in half a minute, an hour of rest, and the same again
            at = NOON + (part // 3) * HOUR + (part % 3) * timedelta(seconds=10)
            batch = await ledger.claim(conn, "telegram", 10, worker="w", now=at, lease_s=60)
            await ledger.mark(conn, batch, worker="w", now=at, lease_s=60)
            await ledger.record(conn, [(one, Sent("m")) for one in batch], at)
        summary = (await report(conn, run)).summary

    assert summary.tried == 60
    assert (summary.first_at, summary.last_at) == (NOON, NOON + HOUR + timedelta(seconds=20))
    assert summary.working_s == 60
    assert summary.per_second == 1


async def test_who_was_never_tried_does_not_count_for_the_speed(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, campaigns=True)
        run = await open_run_of(conn, campaign(), NOON)
        await ledger.finish_runs(conn, NOON + LASTS)
        summary = (await report(conn, run)).summary

    assert (summary.tried, summary.first_at, summary.per_second) == (0, None, None)


async def test_the_newest_runs_come_first_and_a_campaign_that_is_not_there_says_so(database: Database) -> None:
    async with database.begin() as conn:
        run = await reached(conn)
        sent = await ledger.load_campaign(conn, run.campaign_id or 0)
        again = await ledger.open_run(
            conn,
            AUDIENCE,
            key="again",
            kind=Kind.TIP,
            slot_at=NOON + DAY,
            expires_at=NOON + 2 * DAY,
            now=NOON + DAY,
            campaign=sent,
        )

        assert [one.run.id for one in await results.of_campaign(conn, BOOKS, sent.id)] == [again.id, run.id]
        assert [one.run.id for one in await results.of_campaign(conn, BOOKS, sent.id, 1)] == [again.id]
        with pytest.raises(UnknownCampaign):
            await results.of_campaign(conn, BOOKS, 99)


# --- beside the held out


async def compared(conn: Connection, *, sent: int, held_out: int, late: int = 0) -> Results:
    """A run with a held-out share, after so many of each group have finished its quiz (`late`: too late to count)."""
    for number in range(60):
        await add_resident(conn, f"telegram:{number}", campaigns=True)
    run = await open_run_of(conn, campaign(buttons=[QUIZ], audience={"held_out": 50}), NOON)
    stored = await ledger.load_campaign(conn, run.campaign_id or 0)
    await settle(conn, NOON)
    rows = (await conn.execute(AUDIENCE.select(run, stored))).all()
    groups = [[row.recipient for row in rows if bool(row.held_out) is out] for out in (False, True)]
    assert min(map(len, groups)) > 12
    done = [*groups[0][:sent], *groups[1][:held_out]]
    for recipient in done:
        await finish(conn, recipient, NOON + DAY)
        await finish(conn, recipient, NOON + 2 * DAY)  # again: still one person
    for recipient in groups[0][sent : sent + late]:
        await finish(conn, recipient, NOON + results.SOON)
        await finish(conn, recipient, NOON - MINUTE)
    return await report(conn, run)


async def finish(conn: Connection, recipient: int, at: Any) -> None:
    seed = int(at.timestamp())
    attempt = await learning.add_attempt(
        conn, [Ref("czad", "one")], seed=seed, now=at, resident_id=recipient, quiz="czad"
    )
    await learning.finish_attempt(conn, attempt.id, at)


async def test_those_who_got_it_are_compared_with_those_held_out(database: Database) -> None:
    async with database.begin() as conn:
        found = await compared(conn, sent=10, held_out=5, late=2)

    assert found.comparison
    sent, held_out = found.comparison.sent, found.comparison.held_out
    assert sent == Group(found.balance[DeliveryState.SENT], 10)
    assert held_out == Group(found.balance[DeliveryState.HELD_OUT], 5)
    assert sent.share > held_out.share


@pytest.mark.parametrize(("sent", "held_out"), [(4, 5), (5, 4), (9, 0)])
async def test_below_five_people_nothing_is_compared(database: Database, sent: int, held_out: int) -> None:
    async with database.begin() as conn:
        assert (await compared(conn, sent=sent, held_out=held_out)).comparison is None


async def test_without_a_held_out_share_there_is_nothing_to_compare_with(database: Database) -> None:
    async with database.begin() as conn:
        run = await reached(conn, 8, buttons=[QUIZ])
        for recipient in range(1, 9):
            await finish(conn, recipient, NOON + DAY)

        assert (await report(conn, run)).comparison is None


# --- as data


async def test_the_numbers_can_be_written_as_json_and_hold_no_recipient(database: Database) -> None:
    async with database.begin() as conn:
        run = await reached(conn, 2, buttons=[QUIZ])
        await results.press(conn, BOOKS, await person(conn), run.id, "0")

        data = json.loads(json.dumps(as_data(await report(conn, run))))

    assert data["audience"] == 2
    assert data["balance"]["sent"] == 2
    assert data["balances"] is True
    assert data["presses"][0] == {"button": "0", "label": "Quiz: Quiz czad (pl)", "count": 1}
    assert data["slot_at"] == "2026-12-01T11:00:00+00:00"
    assert "recipient" not in json.dumps(data)
