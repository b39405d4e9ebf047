"""What is said of a code: only of what has left, only what anybody may know, and nothing that is not so any more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.services.campaign_texts import REVISED
from bot.services.verify import BEGINS, beginning, check, message_code, verdict
from bot.storage.database import Connection, Database
from bot.storage.vault import Vault
from scheduler import ledger
from scheduler.model import Kind, Run
from tests.sending import AUDIENCE, LASTS, open_run_of
from tests.support import NOON, VAULT, add_resident, campaign, texts

HOUR = timedelta(hours=1)


async def a_run(conn: Connection, kind: Kind, slot_at: datetime, key: str = "r", *, subject: str = "") -> Run:
    return await ledger.open_run(
        conn,
        AUDIENCE,
        key=key,
        kind=kind,
        slot_at=slot_at,
        expires_at=slot_at + LASTS,
        now=min(slot_at, NOON),
        subject=subject,
    )


async def test_a_campaign_is_told_by_its_title_its_time_and_how_it_begins(database: Database) -> None:
    async with database.begin() as conn:
        run = await open_run_of(conn, campaign(text=texts("**Press** the\n\n_button_")), NOON)

        found = await check(conn, VAULT, message_code(VAULT, run.id), NOON)

    assert found
    assert found.sent_at == NOON
    assert found.title["uk"] == "Campaign jesien (uk)"
    assert found.begins["en"] == "Press the button (en)"


async def test_each_run_of_a_campaign_has_a_code_of_its_own_the_same_for_all(database: Database) -> None:
    async with database.begin() as conn:
        first, second = [await open_run_of(conn, campaign(), NOON + days * timedelta(days=1)) for days in (0, 1)]

        codes = [message_code(VAULT, run.id) for run in (first, second)]
        early = await check(conn, VAULT, codes[1], NOON)
        later = await check(conn, VAULT, codes[1], NOON + timedelta(days=1))

    assert len(set(codes)) == 2
    assert early is None  # its time has not come: nobody can have it
    assert later
    assert later.sent_at == NOON + timedelta(days=1)


async def test_a_code_of_another_key_or_of_no_run_is_not_ours(database: Database) -> None:
    stranger = Vault(b"another secret of thirty-two chars")
    async with database.begin() as conn:
        run = await open_run_of(conn, campaign(), NOON)

        assert await check(conn, VAULT, message_code(stranger, run.id), NOON) is None
        assert await check(conn, VAULT, message_code(VAULT, run.id + 1), NOON) is None


async def test_what_waits_for_the_morning_is_confirmed_in_the_morning(database: Database) -> None:
    night, morning = datetime(2026, 12, 1, 22, tzinfo=UTC), datetime(2026, 12, 2, 7, tzinfo=UTC)
    async with database.begin() as conn:
        held = await a_run(conn, Kind.REMINDER, night, subject="off:1")
        alert = await open_run_of(conn, campaign(kind="alert"), night)

        assert await check(conn, VAULT, message_code(VAULT, held.id), night + HOUR) is None
        told = await check(conn, VAULT, message_code(VAULT, held.id), morning)
        at_once = await check(conn, VAULT, message_code(VAULT, alert.id), night)

    assert told
    assert told.sent_at == morning
    assert at_once


async def test_words_that_were_changed_since_are_not_shown_as_if_they_had_been_sent(database: Database) -> None:
    async with database.begin() as conn:
        run = await open_run_of(conn, campaign(), NOON)
        sent = await ledger.load_campaign(conn, run.campaign_id or 0)
        other = campaign(text=texts("Other words")).model_dump(mode="json")
        await ledger.save_campaign(conn, replace(sent, content=other), who="ed", what=REVISED, now=NOON + HOUR)

        found = await check(conn, VAULT, message_code(VAULT, run.id), NOON + HOUR)

    assert found
    assert (found.title, found.begins) == ({}, {})


@pytest.mark.parametrize(
    ("kind", "subject"),
    [(Kind.DAILY_TIP, ""), (Kind.REMINDER, "24h:7"), (Kind.REMINDER, "moved:7:1"), (Kind.NOTICE, "")],
)
async def test_of_what_is_for_one_person_only_the_kind_and_the_time_are_told(
    database: Database, kind: Kind, subject: str
) -> None:
    async with database.begin() as conn:
        await add_resident(conn, tip_hour=12)
        run = await a_run(conn, kind, NOON, subject=subject)

        found = await check(conn, VAULT, message_code(VAULT, run.id), NOON)

    assert found
    assert (found.kind, found.sent_at, found.title, found.begins) == (kind, NOON, {}, {})
    assert len(verdict(found)) == 3


def test_a_beginning_ends_at_a_word() -> None:
    long = "Zaczyna się sezon grzewczy, " * 20

    assert beginning("Krótko.\n\nI tyle.") == "Krótko. I tyle."
    assert len(beginning(long)) <= BEGINS + 1
    assert beginning(long).endswith("grzewczy, Zaczyna…")
    assert beginning("a" * 500) == "a" * BEGINS + "…"
