"""A chat is linked once, by whoever the link was made for, and by nobody who is out."""

import asyncio
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.residents import Address
from bot.services import chats, retention, signin, staff
from bot.services.chats import LINK_LASTS, START, ChatLinkLate, ChatLinkUnknown, ChatLinkUsed, NoPrivateChat
from bot.storage import audit
from bot.storage import staff as members
from bot.storage.audit import Filter
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from tests.support import NOON, VAULT, add_resident

HERS, OTHER = Address("telegram", "1"), Address("telegram", "2")
SESSION = signin.hash_of("ada's")


@pytest.fixture(autouse=True)
async def team(database: Database) -> None:
    """Ada and Ed; she is signed in, and has asked for a link."""
    async with database.begin() as conn:
        for name in ("Ada", "Ed"):
            await staff.enrol(conn, Member(name, Role.ADMIN), NOON)
        for address in (HERS, OTHER):
            await add_resident(conn, f"telegram:{address.id}")
        await signin.begin(conn, "Ada", session="ada's", device="", proof="link", now=NOON)
        await chats.offer(conn, "token", SESSION, NOON)


async def logged(conn: Connection) -> list[audit.Entry]:
    return [line.entry for line in await audit.page(conn, Filter()) if line.entry.what == "link_chat"]


async def test_a_link_links_one_chat_and_opened_there_again_changes_nothing(database: Database) -> None:
    async with database.begin() as conn:
        for _ in range(2):
            assert await chats.accept(conn, "token", HERS, NOON) == "Ada"
        with pytest.raises(ChatLinkUsed):
            await chats.accept(conn, "token", OTHER, NOON)
        assert await members.names_at(conn, HERS) == ["Ada"]
        assert await members.names_at(conn, OTHER) == []
        assert await logged(conn) == [
            audit.Entry(NOON, "Ada", "link_chat", "staff:Ada", None, {"channel": "telegram"}),
        ]


async def test_a_link_is_good_for_five_minutes(database: Database) -> None:
    async with database.begin() as conn:
        with pytest.raises(ChatLinkLate):
            await chats.accept(conn, "token", HERS, NOON + LINK_LASTS)
        assert await chats.accept(conn, "token", HERS, NOON + LINK_LASTS - timedelta(seconds=1)) == "Ada"


async def test_a_newer_link_voids_the_one_before(database: Database) -> None:
    async with database.begin() as conn:
        await chats.offer(conn, "newer", SESSION, NOON)
        with pytest.raises(ChatLinkUnknown):
            await chats.accept(conn, "token", HERS, NOON)
        assert await chats.accept(conn, "newer", HERS, NOON) == "Ada"


@pytest.mark.parametrize("out", ["signed out", "removed", "another role"])
async def test_a_link_of_somebody_who_is_out_links_nothing(database: Database, out: str) -> None:
    async with database.begin() as conn:
        match out:
            case "signed out":
                await signin.revoke_all(conn, "Ada")
            case "removed":
                await staff.dismiss(conn, "Ada", who="Ed")
            case _:
                await staff.give_role(conn, "Ada", Role.VIEWER, who="Ed", now=NOON)
        with pytest.raises(ChatLinkUnknown):
            await chats.accept(conn, "token", HERS, NOON)
        assert await members.names_at(conn, HERS) == []


@pytest.mark.parametrize(
    "address", [Address("telegram", "-100"), Address("web", "x"), Address("terminal", "x"), Address("matrix", "!a:b")]
)
async def test_what_is_no_private_chat_is_not_linked_and_uses_nothing_up(database: Database, address: Address) -> None:
    async with database.begin() as conn:
        with pytest.raises(NoPrivateChat):
            await chats.accept(conn, "token", address, NOON)
        assert await chats.accept(conn, "token", HERS, NOON) == "Ada"


async def test_another_chat_takes_the_place_of_the_first_and_the_log_says_so(database: Database) -> None:
    async with database.begin() as conn:
        await chats.accept(conn, "token", HERS, NOON)
        await chats.offer(conn, "second", SESSION, NOON)
        await chats.accept(conn, "second", OTHER, NOON)
        assert await members.chat_of(conn, "Ada") == OTHER
        newest = (await logged(conn))[0]
        assert (newest.before, newest.after) == ({"channel": "telegram"}, {"channel": "telegram", "replaced": True})


async def test_of_two_chats_that_open_it_at_once_one_is_linked(database: Database) -> None:
    async def opens(address: Address) -> bool:
        async with database.begin() as conn:
            try:
                await chats.accept(conn, "token", address, NOON)
            except ChatLinkUsed:
                return False
            return True

    done = await asyncio.gather(opens(HERS), opens(OTHER))
    assert sorted(done) == [False, True]
    async with database.read() as conn:
        assert await members.chat_of(conn, "Ada") == (HERS if done[0] else OTHER)
        assert len(await logged(conn)) == 1


async def test_the_database_knows_no_token_and_forgets_old_links(database: Database) -> None:
    async with database.read() as conn:
        assert await chats.look(conn, "token") is not None
        assert await chats.look(conn, signin.hash_of("token")) is None
    await retention.sweep(database, NOON + timedelta(days=2))
    async with database.read() as conn:
        assert await chats.look(conn, "token") is None


@given(st.text(), st.text())
def test_a_token_fits_behind_a_link_to_telegram_and_no_other_question_makes_it(session: str, mark: str) -> None:
    token = chats.link_token(VAULT, session, mark)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", START + token)
    assert token == chats.link_token(VAULT, session, mark)
    assert token != chats.link_token(VAULT, session, f"{mark}.")
