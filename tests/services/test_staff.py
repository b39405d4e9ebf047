"""Who belongs to the staff, and that somebody always can say who does."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import BotError
from bot.services import campaigns, passkeys, signin, staff
from bot.services.staff import BadName, LastAdmin, NameTaken, NameUsed, OwnRole, ReservedName, UnknownMember
from bot.storage import staff as members
from bot.storage import workshops
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from tests.authenticator import Device
from tests.support import NOON, add_workshop, campaign, library

SITE = passkeys.Site("bk.example.org", "https://bk.example.org")


@pytest.fixture(autouse=True)
async def team(database: Database) -> None:
    async with database.begin() as conn:
        for name, role in (("Ada", Role.ADMIN), ("Ola", Role.ADMIN), ("Ed", Role.EDITOR)):
            await staff.enrol(conn, Member(name, role), NOON)


async def come_in(conn: Connection, name: str) -> None:
    """A session, a link that is not used yet, and a passkey."""
    await signin.begin(conn, name, session=f"{name}'s", device="Firefox, Linux", proof="link", now=NOON)
    await signin.invite(conn, name, f"{name}'s link", NOON)
    member = await staff.find(conn, name)
    options = await passkeys.offer(conn, SITE, member, name.encode().ljust(32), NOON)
    answer = await passkeys.redeem(conn, Device().create(options), name, NOON)
    await passkeys.add(conn, SITE, member, answer, name="Phone", now=NOON)


async def may_come_in(conn: Connection, name: str) -> tuple[bool, bool, int]:
    """By their session, by their link, and with how many keys."""
    session = await signin.who(conn, f"{name}'s", NOON)
    try:
        await signin.opened(conn, f"{name}'s link", "b", NOON)
    except signin.LinkUnknown:
        link = False
    else:
        link = True
    return session is not None, link, len(await passkeys.of(conn, name))


async def test_another_role_ends_every_session_and_keeps_the_keys(database: Database) -> None:
    async with database.begin() as conn:
        for name in ("Ed", "Ola"):
            await come_in(conn, name)
        assert await staff.give_role(conn, "Ed", Role.VIEWER, who="Ada", now=NOON) == Member("Ed", Role.VIEWER)

        assert await may_come_in(conn, "Ed") == (False, False, 1)
        assert await may_come_in(conn, "Ola") == (True, True, 1)


async def test_the_same_role_again_ends_nothing(database: Database) -> None:
    async with database.begin() as conn:
        await come_in(conn, "Ed")
        await staff.give_role(conn, "Ed", Role.EDITOR, who="Ada", now=NOON)
        assert await may_come_in(conn, "Ed") == (True, True, 1)


async def test_who_is_dismissed_has_no_way_in_and_can_be_taken_on_again(database: Database) -> None:
    async with database.begin() as conn:
        await come_in(conn, "Ed")
        await staff.dismiss(conn, "Ed", who="Ada")
        with pytest.raises(UnknownMember):
            await staff.find(conn, "Ed")
        assert await may_come_in(conn, "Ed") == (False, False, 0)

        await staff.take_on(conn, Member("Ed", Role.PARTNER), NOON)
        assert await may_come_in(conn, "Ed") == (False, False, 0)


async def test_there_is_always_an_admin_and_nobody_decides_about_themselves(database: Database) -> None:
    async with database.begin() as conn:
        for own in (
            staff.give_role(conn, "Ada", Role.VIEWER, who="Ada", now=NOON),
            staff.dismiss(conn, "Ada", who="Ada"),
        ):
            with pytest.raises(OwnRole):
                await own
        await staff.give_role(conn, "Ola", Role.EDITOR, who="Ada", now=NOON)
        for last in (
            staff.give_role(conn, "Ada", Role.EDITOR, who="Ola", now=NOON),
            staff.dismiss(conn, "Ada", who="Ola"),
            staff.enrol(conn, Member("Ada", Role.EDITOR), NOON),
        ):
            with pytest.raises(LastAdmin):
                await last
        assert await staff.find(conn, "Ada") == Member("Ada", Role.ADMIN)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps=st.lists(st.tuples(st.sampled_from(["Ada", "Ola", "Ed"]), st.sampled_from([*Role, None])), max_size=8))
async def test_whatever_is_done_among_them_an_admin_is_left(
    database: Database, steps: list[tuple[str, Role | None]]
) -> None:
    async with database.begin() as conn:
        for name, role in steps:
            try:
                if role is None:
                    await staff.dismiss(conn, name)
                else:
                    await staff.enrol(conn, Member(name, role), NOON)
            except (LastAdmin, UnknownMember):
                continue
        assert Role.ADMIN in {member.role for member in await members.everyone(conn)}
        await conn.rollback()


async def test_names_are_kept_as_they_are_read(database: Database) -> None:
    async with database.begin() as conn:
        for given_, kept in (("  Łucja   O'Neil ", "Łucja O'Neil"), ("<b>Ян</b> & synowie", "<b>Ян</b> & synowie")):
            assert (await staff.take_on(conn, Member(given_, Role.VIEWER), NOON)).name == kept
            assert await staff.find(conn, kept)
            with pytest.raises(NameTaken):
                await staff.take_on(conn, Member(kept, Role.VIEWER), NOON)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", BadName),
        ("   ", BadName),
        ("x" * 81, BadName),
        ("Eve\x00", BadName),
        ("Eve\u202e", BadName),
        ("Operator", ReservedName),
        ("api:anything", ReservedName),
    ],
)
async def test_names_that_cannot_be_are_refused(database: Database, name: str, error: type[BotError]) -> None:
    async with database.begin() as conn:
        with pytest.raises(error):
            await staff.take_on(conn, Member(name, Role.VIEWER), NOON)


async def test_what_somebody_owned_is_the_citys_when_they_go(database: Database) -> None:
    async with database.begin() as conn:
        await staff.enrol(conn, Member("Club", Role.PARTNER), NOON)
        theirs, others = await add_workshop(conn), await add_workshop(conn)
        await workshops.hand_over(conn, theirs, "Club")

        gone = await staff.dismiss(conn, "Club", who="Ada")
        await staff.enrol(conn, Member("Club", Role.PARTNER), NOON)

        assert gone == staff.Dismissed(Role.PARTNER, (theirs,))
        owners = {one.id: one.owner for one in await workshops.all_of(conn)}
        assert owners == {theirs: None, others: None}


async def test_a_new_partner_gets_no_name_under_which_campaigns_were_begun(database: Database) -> None:
    async with database.begin() as conn:
        await campaigns.create(conn, library(), campaign(), who="Ed", now=NOON)
        await staff.dismiss(conn, "Ed", who="Ada")
        with pytest.raises(NameUsed):
            await staff.take_on(conn, Member("Ed", Role.PARTNER), NOON)
        assert (await staff.take_on(conn, Member("Ed", Role.VIEWER), NOON)).role is Role.VIEWER
