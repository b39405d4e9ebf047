"""What is kept about a resident: shown whole, or erased whole."""

from datetime import datetime
from typing import Any

from bot.domain.residents import Resident, Writable
from bot.services import missed
from bot.storage import classroom, matrix, residents, staff
from bot.storage import missed as missed_words
from bot.storage import workshops as bookings
from bot.storage.database import Connection
from bot.storage.learning import everything_of
from bot.storage.vault import Vault
from scheduler import ledger


async def export(conn: Connection, vault: Vault, resident: Resident, now: datetime) -> dict[str, Any]:
    """Everything kept about a resident, in a form that a person and a program can read."""
    places = await bookings.bookings_of_resident(conn, vault, resident.id)
    return {
        "exported_at": now.isoformat(),
        "resident": {
            "channel": resident.address.channel,
            "address": resident.address.id,
            "language": resident.language,
            "topics": sorted(resident.topics),
            "district": resident.district,
            "age_band": resident.age,
            "daily_tip_hour": resident.tip_hour,
            "alerts": resident.alerts,
            "campaigns": resident.campaigns,
            "answering": resident.answering,
            "opt_in_offered_at": _iso(resident.consent_asked_at),
            "blocked_at": _iso(resident.blocked_at),
            "created_at": resident.created_at.isoformat(),
            "seen_on": (await residents.seen_on(conn, resident.id)).isoformat(),
        },
        "word_for_staff": await staff.names_at(conn, resident.address),
        **await everything_of(conn, resident.id),
        "rooms": await _rooms(conn, resident),
        "searched_in_vain": await missed_words.of_resident(conn, resident.id),
        "bookings": [
            {
                "workshop": booking.workshop_id,
                "places": booking.places,
                "state": booking.state.value,
                "name": booking.name,
                "contact": booking.contact,
                "attended": booking.attended,
                "created_at": booking.created_at.isoformat(),
            }
            for booking in places
        ],
        "messages": [
            {
                "kind": receipt.kind.value,
                "slot_at": receipt.slot_at.isoformat(),
                "state": receipt.state.value,
                "settled_at": _iso(receipt.settled_at),
            }
            for receipt in await ledger.receipts(conn, resident.id)
        ],
    }


async def _rooms(conn: Connection, resident: Resident) -> list[dict[str, Any]]:
    """The rooms on Matrix in which they are alone with us, and how much is kept of each."""
    if resident.address.channel != Writable.MATRIX:
        return []
    return [
        {
            "room": kept.room.id,
            "encrypted": kept.room.encrypted,
            "joined_at": kept.joined_at.isoformat(),
            "last_screens": kept.screens,
            "choices_on_them": kept.choices,
            "events_handled": kept.events,
        }
        for kept in await matrix.kept_of(conn, resident.address.id)
    ]


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


async def erase(conn: Connection, *people: Resident) -> None:
    """Forget residents: everything of theirs goes; what the ledger counted becomes a count of nobody.

    Places they held go to the waiting list when `broadcasts.fill_free_places` next looks.
    """
    await residents.hold(conn, *(one.address for one in people))
    await missed.forget(conn, *people)
    for one in people:
        if one.address.channel == Writable.MATRIX:
            await matrix.forget_person(conn, one.address.id)
        await classroom.drop_of(conn, one.id)
        await bookings.forget_attended(conn, one.id)
        await residents.erase(conn, one.id)
    # Last: what holds up the whole ledger is held no longer than it must be.
    for one in people:
        await ledger.forget(conn, one.id)
