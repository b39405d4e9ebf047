"""Getting in: what a link, a session and a try are good for, and for how long."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from bot.services import passkeys, retention, signin
from bot.services.signin import (
    ABSOLUTE,
    IDLE,
    LINK_LASTS,
    TRIES,
    TRIES_WITHIN,
    LinkElsewhere,
    LinkLate,
    LinkRefused,
    LinkUnknown,
    LinkUsed,
    TooManyTries,
    UnknownSession,
)
from bot.services.staff import UnknownMember
from bot.storage import forms, staff, tables
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from tests.support import NOON, VAULT

ADA = Member("Ada", Role.ADMIN)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
async def team(database: Database) -> None:
    async with database.begin() as conn:
        for name, role in (("Ada", Role.ADMIN), ("Ed", Role.EDITOR)):
            await staff.add(conn, Member(name, role), NOON)


async def enter(
    conn: Connection, link: str = "link", browser: str = "b", *, session: str = "s", now: datetime = NOON
) -> Member:
    return await signin.enter(conn, link, browser, session=session, device="Firefox, Linux", now=now)


async def begin(conn: Connection, name: str, session: str, now: datetime = NOON) -> None:
    await signin.begin(conn, name, session=session, device="Firefox, Linux", proof="link", now=now)


# --- links


async def test_a_link_lets_its_member_in_once_within_five_minutes(database: Database) -> None:
    async with database.begin() as conn:
        await signin.invite(conn, "Ada", "link", NOON)
        assert await signin.opened(conn, "link", "b", NOON) == ADA
        assert await enter(conn, now=NOON + LINK_LASTS - SECOND) == ADA

        session = await signin.who(conn, "s", NOON + LINK_LASTS)
        assert session
        assert (session.member, session.device, session.proof) == (ADA, "Firefox, Linux", "link")
        for again in (signin.opened(conn, "link", "b", NOON), enter(conn, session="s2")):
            with pytest.raises(LinkUsed):
                await again


async def test_a_link_is_late_after_five_minutes_whether_or_not_it_was_opened(database: Database) -> None:
    async with database.begin() as conn:
        await signin.invite(conn, "Ada", "link", NOON)
        await signin.opened(conn, "link", "b", NOON)
        for late in (signin.opened(conn, "link", "b", NOON + LINK_LASTS), enter(conn, now=NOON + LINK_LASTS)):
            with pytest.raises(LinkLate):
                await late


async def test_the_browser_that_opened_a_link_first_alone_may_use_it(database: Database) -> None:
    async with database.begin() as conn:
        await signin.invite(conn, "Ada", "link", NOON)
        await signin.opened(conn, "link", "first", NOON)
        for elsewhere in (signin.opened(conn, "link", "second", NOON), enter(conn, browser="second")):
            with pytest.raises(LinkElsewhere):
                await elsewhere

        assert await enter(conn, browser="first") == ADA


async def test_a_new_link_voids_the_older_one_of_that_member_alone(database: Database) -> None:
    async with database.begin() as conn:
        for name, token in (("Ada", "old"), ("Ed", "eds"), ("Ada", "new")):
            await signin.invite(conn, name, token, NOON)
        with pytest.raises(LinkUnknown):
            await enter(conn, "old")

        assert (await enter(conn, "new", session="1")).name == "Ada"
        assert (await enter(conn, "eds", session="2")).name == "Ed"


@pytest.mark.parametrize("garbage", ["", "nothing", "Ż" * 4000, "'; DROP TABLE staff; --", "\x00"])
async def test_what_is_no_link_of_ours_is_refused(database: Database, garbage: str) -> None:
    async with database.begin() as conn:
        for knock in (signin.opened(conn, garbage, "b", NOON), enter(conn, garbage)):
            with pytest.raises(LinkUnknown):
                await knock


async def test_nobody_is_invited_who_is_not_on_the_staff(database: Database) -> None:
    async with database.begin() as conn:
        with pytest.raises(UnknownMember):
            await signin.invite(conn, "Mallory", "link", NOON)


async def test_whoever_reads_the_database_finds_no_token_in_it(database: Database) -> None:
    async with database.begin() as conn:
        await signin.invite(conn, "Ada", "the link's token", NOON)
        await enter(conn, "the link's token", session="the session's token")
        rows = [
            row for table in (tables.sign_in_links, tables.staff_sessions) for row in await conn.execute(select(table))
        ]

    assert "token" not in str(rows)


def test_every_refusal_says_what_to_do_now() -> None:
    for refusal in LinkRefused.__subclasses__():
        assert "sk for a new one." in str(refusal())


async def test_of_many_browsers_at_once_one_gets_in(database: Database) -> None:
    async with database.begin() as conn:
        await signin.invite(conn, "Ada", "link", NOON)

    async def come(number: int) -> bool:
        async with database.begin() as conn:
            try:
                await enter(conn, browser=f"browser {number}", session=f"session {number}")
            except LinkRefused:
                return False
        return True

    assert sum(await asyncio.gather(*map(come, range(6)))) == 1
    async with database.read() as conn:
        assert len(await signin.sessions_of(conn, "Ada", NOON)) == 1


# --- sessions


@given(gaps=st.lists(st.integers(1, 180), max_size=12))
def test_a_session_lives_as_long_as_it_is_used_and_never_beyond_its_day(gaps: list[int]) -> None:
    """The rule, minute by minute, against the two limits told apart."""
    session = signin.Session("h", ADA, None, "d", "link", NOON, NOON)
    now, dead = NOON, False
    for gap in gaps:
        now += gap * MINUTE
        idle, old = gap * MINUTE >= IDLE, now - NOON >= ABSOLUTE
        dead = dead or idle or old
        assert signin.lives(session, now) is not (idle or old)
        if dead:
            break
        session = signin.Session("h", ADA, None, "d", "link", NOON, now)


async def test_using_a_session_keeps_it_and_leaving_ends_it(database: Database) -> None:
    async with database.begin() as conn:
        await begin(conn, "Ada", "s")
        session = await signin.who(conn, "s", NOON + IDLE - SECOND)
        assert session
        await signin.touch(conn, session.hash, NOON + IDLE - SECOND)
        assert await signin.who(conn, "s", NOON + IDLE + MINUTE)

        await signin.leave(conn, session.hash)
        assert await signin.who(conn, "s", NOON + IDLE + MINUTE) is None
        assert await signin.who(conn, "never", NOON) is None


async def test_a_session_knows_who_they_are_now(database: Database) -> None:
    async with database.begin() as conn:
        await begin(conn, "Ed", "s")
        await staff.add(conn, Member("Ed", Role.VIEWER), NOON)
        await conn.execute(update(tables.staff).where(tables.staff.c.name == "Ed").values(language="uk"))
        session = await signin.who(conn, "s", NOON)

    assert session
    assert (session.member.role, session.language) == (Role.VIEWER, "uk")


async def test_one_s_sessions_are_listed_and_ended_and_nobody_else_s(database: Database) -> None:
    async with database.begin() as conn:
        for name, token, at in (
            ("Ada", "phone", NOON - MINUTE),
            ("Ada", "desk", NOON),
            ("Ada", "stale", NOON - IDLE),
            ("Ed", "eds", NOON),
        ):
            await begin(conn, name, token, at)
        listed = [one.hash for one in await signin.sessions_of(conn, "Ada", NOON)]
        assert listed == [signin.hash_of("desk"), signin.hash_of("phone")]

        with pytest.raises(UnknownSession):
            await signin.revoke(conn, "Ada", signin.hash_of("eds"))
        await signin.revoke(conn, "Ada", signin.hash_of("phone"))
        assert await signin.who(conn, "phone", NOON) is None

        await begin(conn, "Ada", "phone again")
        await signin.revoke_all(conn, "Ada", keep=signin.hash_of("desk"))
        assert [bool(await signin.who(conn, one, NOON)) for one in ("desk", "phone again", "eds")] == [
            True,
            False,
            True,
        ]


# --- the brake


async def _admitted(conn: Connection, source: str, now: datetime, tries: int) -> int:
    """How many of so many tries are let through; a refused one leaves nothing, as its transaction is rolled back."""
    passed = 0
    for _ in range(tries):
        try:
            async with conn.begin_nested():
                await signin.admit(conn, source, now)
        except TooManyTries:
            continue
        passed += 1
    return passed


async def test_ten_tries_in_ten_minutes_and_the_next_ten_after_that(database: Database) -> None:
    async with database.begin() as conn:
        assert await _admitted(conn, "here", NOON, TRIES + 5) == TRIES
        assert await _admitted(conn, "there", NOON, 1) == 1
        with pytest.raises(TooManyTries) as refused:
            await signin.admit(conn, "here", NOON + MINUTE)
        assert refused.value.retry_at == NOON + TRIES_WITHIN
        assert await _admitted(conn, "here", refused.value.retry_at + SECOND, TRIES + 5) == TRIES


async def test_many_tries_at_once_are_counted_one_by_one(database: Database) -> None:
    async def knock(_: int) -> bool:
        try:
            async with database.begin() as conn:
                await signin.admit(conn, "here", NOON)
        except TooManyTries:
            return False
        return True

    assert sum(await asyncio.gather(*map(knock, range(2 * TRIES)))) == TRIES


async def test_who_gets_in_is_forgiven(database: Database) -> None:
    async with database.begin() as conn:
        await _admitted(conn, "here", NOON, TRIES)
        await signin.forgive(conn, "here")
        assert await _admitted(conn, "here", NOON, TRIES) == TRIES


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("a socket's name", "a socket's name", True),
    ],
)
def test_a_source_is_an_address_or_the_network_that_one_person_has(one: str, other: str, same: bool) -> None:
    assert (signin.source_of(VAULT, one) == signin.source_of(VAULT, other)) is same
    assert one not in signin.source_of(VAULT, one)


# --- what is over


async def test_what_is_over_is_swept_and_what_is_not_stays(database: Database) -> None:
    async with database.begin() as conn:
        for name, token, at in (("Ada", "old", NOON - 2 * signin.LINKS_REMEMBERED), ("Ed", "new", NOON)):
            await signin.invite(conn, name, token, at)
        for token, at in (("stale", NOON - IDLE), ("fresh", NOON - IDLE + SECOND)):
            await begin(conn, "Ada", token, at)
        for source, at in (("then", NOON - TRIES_WITHIN - SECOND), ("now", NOON)):
            await signin.admit(conn, source, at)
        for number, at in enumerate((NOON - passkeys.CHALLENGE_LASTS - SECOND, NOON)):
            await passkeys.ask(conn, passkeys.Site("bk.example.org", "https://bk.example.org"), bytes([number]), at)
        for key, at in (("a", NOON - signin.FORMS_REMEMBERED - SECOND), ("b", NOON)):
            await forms.claim(conn, key, at)

    await retention.sweep(database, NOON)

    async with database.begin() as conn:
        left = {
            table.name: (await conn.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (
                tables.sign_in_links,
                tables.staff_sessions,
                tables.sign_in_tries,
                tables.passkey_challenges,
                tables.forms_done,
            )
        }
        assert set(left.values()) == {1}, left
        assert await signin.who(conn, "fresh", NOON)
        assert await enter(conn, "new", session="eds")
