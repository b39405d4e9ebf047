"""Tokens: made by admins, never kept, never named twice, and worth nothing once they are over."""

from datetime import timedelta

import pytest

from bot.services import staff as team
from bot.services import tokens
from bot.services.staff import NotYourRole, ReservedName, UnknownMember
from bot.services.tokens import BadTokenName, ExpiryInPast, NoScope, Scope, TokenNameTaken, TokenRefused, UnknownToken
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from bot.storage.tokens import Token
from tests.support import NOON

SECRET = "q" * 43


@pytest.fixture(autouse=True)
async def some_staff(database: Database) -> None:
    async with database.begin() as conn:
        await team.enrol(conn, Member("Eve", Role.ADMIN), NOON)
        await team.enrol(conn, Member("Ada", Role.EDITOR), NOON)


async def make(conn: Connection, **changes: object) -> tuple[Token, str]:
    values = {
        "secret": SECRET,
        "name": "Weather desk",
        "scopes": frozenset({Scope.CAMPAIGNS_READ}),
        "expires_at": None,
        "who": "Eve",
        "now": NOON,
    }
    return await tokens.make(conn, **(values | changes))  # type: ignore[arg-type] # as each test wants them


async def test_a_token_is_known_again_by_its_hash_alone(database: Database) -> None:
    async with database.begin() as conn:
        token, shown = await make(conn)
        caller = await tokens.recognise(conn, shown, NOON)

    assert shown == f"bk_{SECRET}"
    assert SECRET not in repr(token)
    assert caller.name == "api:Weather desk"
    assert [scope for scope in Scope if caller.may(scope)] == [Scope.CAMPAIGNS_READ]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": ""}, BadTokenName),
        ({"name": "a" * 41}, BadTokenName),
        ({"name": "a\nb"}, BadTokenName),
        ({"name": "a:b"}, BadTokenName),
        ({"scopes": frozenset()}, NoScope),
        ({"expires_at": NOON}, ExpiryInPast),
        ({"who": "Ada"}, NotYourRole),
        ({"who": "Nobody"}, UnknownMember),
    ],
)
async def test_what_is_no_token_is_refused(database: Database, changes: dict[str, object], error: type) -> None:
    async with database.begin() as conn:
        with pytest.raises(error):
            await make(conn, **changes)
        assert await tokens.all_of(conn) == []


async def test_a_name_stands_for_one_token_for_all_time(database: Database) -> None:
    async with database.begin() as conn:
        await make(conn)
        await tokens.revoke(conn, 1, who="Eve", now=NOON)
        with pytest.raises(TokenNameTaken):
            await make(conn, secret="r" * 43)
        assert await tokens.maker_of(conn, "api:Weather desk") == "Eve"
        assert await tokens.maker_of(conn, "Weather desk") is None


@pytest.mark.parametrize("name", ["api:Weather desk", "API:x"])
async def test_nobody_of_the_staff_is_called_like_a_program(database: Database, name: str) -> None:
    async with database.begin() as conn:
        with pytest.raises(ReservedName):
            await team.enrol(conn, Member(name, Role.EDITOR), NOON)


async def test_what_is_over_opens_nothing(database: Database) -> None:
    async with database.begin() as conn:
        _, short = await make(conn, name="Short", secret="s" * 43, expires_at=NOON + timedelta(hours=1))
        _, long = await make(conn, name="Long", secret="l" * 43)
        await tokens.recognise(conn, short, NOON + timedelta(minutes=59))
        await tokens.revoke(conn, 2, who="Eve", now=NOON)

        for shown, at in ((short, NOON + timedelta(hours=1)), (long, NOON), ("bk_", NOON), (f"{long}x", NOON)):
            with pytest.raises(TokenRefused):
                await tokens.recognise(conn, shown, at)
        with pytest.raises(UnknownToken):
            await tokens.revoke(conn, 99, who="Eve", now=NOON)


async def test_revoking_twice_keeps_the_first_moment(database: Database) -> None:
    async with database.begin() as conn:
        await make(conn)
        for minutes in (1, 2):
            token = await tokens.revoke(conn, 1, who="Eve", now=NOON + timedelta(minutes=minutes))

    assert token.revoked_at == NOON + timedelta(minutes=1)
