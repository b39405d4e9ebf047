from dataclasses import replace
from datetime import timedelta

from bot.domain.areas import AgeBand, Area
from bot.domain.residents import Address
from bot.storage import residents
from bot.storage.database import Database
from bot.storage.residents import Conversation
from tests.support import NOON, add_resident

HERE = Conversation("ho", "booking-name:1", ("a", "b"))


def kept(conversation: Conversation) -> Conversation:
    """As it comes back, with the day on which its resident was last seen."""
    return replace(conversation, seen_on=NOON.date())


async def test_a_new_resident_is_known_by_address_and_nothing_else(database: Database) -> None:
    async with database.begin() as conn:
        added = await residents.add(conn, Address("telegram", "1"), "uk", NOON)
        assert await residents.find(conn, Address("telegram", "1")) == added
        assert await residents.get(conn, added.id) == added
        assert await residents.find(conn, Address("matrix", "1")) is None
        assert await residents.get(conn, 99) is None
    assert (added.language, added.topics, added.district, added.age) == ("uk", frozenset(), None, None)
    assert added.tip_hour is None
    assert (added.alerts, added.campaigns, added.consent_asked_at, added.blocked_at) == (False, False, None, None)
    assert added.created_at == NOON


async def test_what_is_changed_is_kept(database: Database) -> None:
    async with database.begin() as conn:
        added = await add_resident(conn)
        changed = await residents.change(conn, added.id, road=True, age="65-plus", district=7, consent_asked_at=NOON)
        assert await residents.get(conn, added.id) == changed
    assert (changed.topics, changed.age, changed.district) == (frozenset({Area.ROAD}), AgeBand.SENIOR, 7)
    assert changed.consent_asked_at == NOON


async def test_a_conversation_is_kept_and_replaced(database: Database) -> None:
    async with database.begin() as conn:
        added = await add_resident(conn)
        assert await residents.find_with_conversation(conn, added.address) == (added, None)
        await residents.save_conversation(conn, added.id, HERE, new=True)
        assert await residents.find_with_conversation(conn, added.address) == (added, kept(HERE))
        after = Conversation("he", None, ("c",))
        await residents.save_conversation(conn, added.id, after, new=False)
        assert await residents.find_with_conversation(conn, added.address) == (added, kept(after))
        assert await residents.find_with_conversation(conn, Address("web", "x")) == (None, None)


async def test_the_day_of_the_last_word_and_no_more(database: Database) -> None:
    async with database.begin() as conn:
        added = await add_resident(conn, blocked_at=NOON)
        later = NOON + timedelta(days=3, minutes=5)
        await residents.note_seen(conn, added, later)
        assert await residents.seen_on(conn, added.id) == later.date()
        back = await residents.get(conn, added.id)
        assert back
        assert back.blocked_at is None


async def test_an_address_is_blocked_and_unblocked(database: Database) -> None:
    async with database.begin() as conn:
        one, other = await add_resident(conn, "telegram:1"), await add_resident(conn, "telegram:2")
        await residents.set_blocked(conn, one.address, NOON)
        blocked = await residents.get(conn, one.id)
        assert blocked
        assert blocked.blocked_at == NOON
        assert await residents.get(conn, other.id) == other
        await residents.set_blocked(conn, one.address, None)
        assert await residents.get(conn, one.id) == one


async def test_a_move_keeps_everything_and_pushes_nobody_out(database: Database) -> None:
    async with database.begin() as conn:
        one, other = await add_resident(conn, "telegram:1"), await add_resident(conn, "telegram:2")
        await residents.save_conversation(conn, one.id, HERE, new=True)
        await residents.move(conn, one.address, other.address)
        assert await residents.get(conn, one.id) == one
        await residents.move(conn, one.address, Address("telegram", "3"))
        found, where = await residents.find_with_conversation(conn, Address("telegram", "3"))
        assert found
        assert (found.id, where) == (one.id, kept(HERE))
