from bot.storage import staff
from bot.storage.database import Database
from bot.storage.staff import Member, Role
from tests.support import NOON


async def test_a_member_has_one_role_the_last_one_given(database: Database) -> None:
    async with database.begin() as conn:
        await staff.add(conn, Member("ola", Role.EDITOR), NOON)
        await staff.add(conn, Member("jan", Role.APPROVER), NOON)
        await staff.add(conn, Member("ola", Role.ADMIN), NOON)
        assert await staff.find(conn, "ola") == Member("ola", Role.ADMIN)
        assert await staff.find(conn, "nobody") is None
        assert await staff.everyone(conn) == [Member("jan", Role.APPROVER), Member("ola", Role.ADMIN)]
