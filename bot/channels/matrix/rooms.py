"""Whose room is whose: looked at when something changes, kept for the next time."""

from collections.abc import Sequence

from bot.channels.gathering import Gathering
from bot.channels.matrix.events import CHANNEL
from bot.channels.matrix.forgetting import Forgetting
from bot.channels.matrix.kit import Kit
from bot.domain.residents import Address
from bot.storage import matrix
from bot.storage.matrix import Room

PRIVATE = 2
"""The bot and one person."""


class Rooms:
    """The rooms of one account."""

    def __init__(self, kit: Kit, forgetting: Forgetting) -> None:
        self._kit = kit
        self._by_person = Gathering(self._of)
        self._forgetting = forgetting

    async def known(self, room: str) -> Room | None:
        """A room as it was when it was last looked at."""
        async with self._kit.database.read() as conn:
            return (await matrix.rooms(conn, [room])).get(room)

    async def of(self, person: str) -> Room | None:
        """The room in which somebody is alone with us."""
        return await self._by_person.ask(person)

    async def _of(self, people: Sequence[str]) -> list[Room | None]:
        async with self._kit.database.read() as conn:
            found = await matrix.rooms_by_person(conn, people)
        return [found.get(person) for person in people]

    async def look(self, room: str, *, new: bool = True) -> Room:
        """A room as it is now, kept for the next time; raises as the homeserver does.

        If it is not `new` and nothing is kept of it, then whose room it was has been erased, and nothing is to be.
        """
        members = await self._kit.homeserver.members(room)
        others = members - {self._kit.homeserver.user}
        person = next(iter(others)) if len(members) == PRIVATE and len(others) == 1 else None
        seen = Room(room, person, await self._kit.homeserver.is_encrypted(room), empty=not others)
        async with self._kit.database.begin() as conn:
            if new or await matrix.rooms(conn, [room]):
                await matrix.save_room(conn, seen, self._kit.clock())
        return seen

    async def gone(self, room: Room) -> None:
        """We are no longer in a room: whoever was alone with us there, and nowhere else, is not written to."""
        async with self._kit.database.begin() as conn:
            await matrix.forget_room(conn, room.id)
        await self._forgetting.room(room.id)
        if room.person and await self.of(room.person) is None:
            await self._kit.dialogue.left(Address(CHANNEL, room.person))
