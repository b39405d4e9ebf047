"""A city to tell something: residents in the database, their chats at the messenger, a campaign that is due."""

from dataclasses import dataclass
from datetime import datetime

from bot.storage.bulk import Row, insert_all
from bot.storage.database import Connection
from scheduler import ledger
from scheduler.model import Campaign, CampaignState, Kind, OneOff
from tests.chaos.messengers import Messenger

UNWILLING = 20
"""One more for each so many who agreed: those who did not, and whom nothing may reach."""


@dataclass(frozen=True, slots=True)
class City:
    """So many `people` agreed to alerts and campaigns."""

    people: int

    @property
    def agreed(self) -> frozenset[int]:
        """Whom a campaign has to reach."""
        return frozenset(range(1, self.people + 1))

    @property
    def everybody(self) -> range:
        """All residents: those who agreed come first."""
        return range(1, self.people + 1 + self.people // UNWILLING)


async def settle(conn: Connection, messenger: Messenger, city: City, now: datetime) -> None:
    """Let the residents move in, each with an empty chat."""
    rows = messenger.settle(city.everybody, now)
    residents = [_resident(city, messenger, number, now) for number in city.everybody]
    await insert_all(conn, {"residents": residents, **rows})


def _resident(city: City, messenger: Messenger, number: int, now: datetime) -> Row:
    return {
        "id": number,
        "channel": messenger.channel,
        "address": messenger.address(number),
        "language": ("pl", "uk", "en")[number % 3],
        "alerts": number in city.agreed,
        "campaigns": number in city.agreed,
        "created_at": now,
        "seen_on": now.date(),
    }


async def announce(conn: Connection, kind: Kind, now: datetime) -> None:
    """Leave a campaign of this kind in the ledger, approved and due at once."""
    words = {"pl": "Zamknij okna.", "uk": "Зачиніть вікна.", "en": "Close the windows."}
    content = {"id": "chaos", "kind": kind.value, "title": words, "text": words}
    await ledger.create_campaign(
        conn,
        Campaign(
            id=0,
            kind=kind,
            title="Chaos",
            content=content,
            audience={},
            author="chaos",
            created_at=now,
            updated_at=now,
            state=CampaignState.SCHEDULED,
            schedule=OneOff(now),
            next_at=now,
        ),
    )


def arrived(messenger: Messenger, city: City) -> dict[int, int]:
    """How many messages each resident has in their chat; who has none is left out."""
    counts = {number: messenger.arrived(number) for number in city.everybody}
    return {number: count for number, count in counts.items() if count}
