"""Staff find the one resident who gave their code, and cannot look around."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.codes import code_of, read_code
from bot.services import privacy, support_code, verify
from bot.services.support_code import LOOKS, LOOKS_WITHIN, NoReason, Reason, TooManyLooks, UnknownSupportCode
from bot.storage.database import Database
from tests.support import NOON, VAULT, add_resident, add_workshop, book


async def test_a_code_finds_its_resident_however_it_is_typed(database: Database) -> None:
    async with database.begin() as conn:
        others = [await add_resident(conn, f"telegram:{number}") for number in range(3)]
        code = support_code.code_for(VAULT, others[1])
        for typed in (code, code.upper(), f"  kod: {code} ", code.replace("-", " - ")):
            assert await support_code.find(conn, VAULT, typed) == others[1]


@given(number=st.integers(1, 2**31 - 1), mark=st.text("abcdefghjkmnpqrstuvwxyz23456789", min_size=5, max_size=5))
def test_a_mark_fits_one_number_alone(number: int, mark: str) -> None:
    key = VAULT.token(support_code.PURPOSE).encode()
    right = code_of(key, number)
    guessed = read_code(f"{number}-{mark}")
    assert guessed
    assert (guessed == right) is (mark == right.mark)


@pytest.mark.parametrize("typed", ["", "hello", "1-aaaaa", "999999999999-aaaaa", "1"])
async def test_what_is_nobodys_code_finds_nobody(database: Database, typed: str) -> None:
    async with database.begin() as conn:
        await add_resident(conn)
        with pytest.raises(UnknownSupportCode):
            await support_code.find(conn, VAULT, typed)


async def test_the_code_of_a_message_is_no_code_of_a_resident(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn)
        with pytest.raises(UnknownSupportCode):
            await support_code.find(conn, VAULT, verify.message_code(VAULT, ada.id))


async def test_who_is_erased_cannot_be_found_any_more(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn)
        code = support_code.code_for(VAULT, ada)
        await privacy.erase(conn, ada)
        await add_resident(conn)
        with pytest.raises(UnknownSupportCode):
            await support_code.find(conn, VAULT, code)


async def test_each_member_may_look_so_often_and_no_more(database: Database) -> None:
    async with database.begin() as conn:
        for _ in range(LOOKS):
            await support_code.admit(conn, VAULT, "ada", NOON)
        with pytest.raises(TooManyLooks):
            await support_code.admit(conn, VAULT, "ada", NOON)
        await support_code.admit(conn, VAULT, "bob", NOON)
        await support_code.admit(conn, VAULT, "ada", NOON + LOOKS_WITHIN + timedelta(seconds=1))


async def test_the_outline_counts_and_tells_nothing_else(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn)
        await book(conn, await add_workshop(conn), ada.id)
        found = await support_code.outline(conn, VAULT, ada, NOON)
    assert (found.bookings, found.attempts, found.tips, found.messages) == (1, 0, 0, 0)
    assert found.seen_on == NOON.date()
    assert "Somebody" not in repr(found)


def test_a_reason_is_one_of_ours() -> None:
    assert support_code.reason_of("asked_by_phone") is Reason.ASKED_BY_PHONE
    for text in ("", "because Jan Kowalski said so"):
        with pytest.raises(NoReason):
            support_code.reason_of(text)
