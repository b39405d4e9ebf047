"""What staff do with workshops, and what the person in a transcript hears of it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from bot.domain.messages import Reply
from bot.domain.reminders import Readers
from bot.services import rosters, workshop_messages
from bot.services import workshops as service
from bot.services.courier import Courier
from bot.storage import residents, workshops
from scheduler import ledger
from scheduler.model import Delivery, Kind
from tests.dialogue.world import Person, World
from tests.support import VAULT

WRITTEN = {
    "pl": "Spotykamy się przy **wejściu od podwórza**.",
    "uk": "Зустрічаємося біля **входу з двору**.",
    "en": "We meet at the **entrance from the yard**.",
}


async def _edit(world: World, person: Person, **changes: Any) -> None:
    async with world.database.begin() as conn:
        for workshop in await workshops.all_of(conn):
            plan = service.plan_of(workshop).model_copy(
                update={name: change(workshop) for name, change in changes.items()}
            )
            await service.edit(
                conn, VAULT, workshop.id, plan, revision=workshop.revision, tell=True, now=world.clock.now
            )
    await _word_arrives(world, person)


async def _moved(world: World, person: Person, days: str) -> None:
    later = timedelta(days=int(days))
    await _edit(
        world,
        person,
        starts=lambda workshop: workshop.starts_at + later,
        ends=lambda workshop: workshop.ends_at + later,
    )


async def _larger(world: World, person: Person, places: str) -> None:
    await _edit(world, person, capacity=lambda _: int(places))


async def _writes(world: World, person: Person) -> None:
    async with world.database.begin() as conn:
        await workshop_messages.send(conn, 1, WRITTEN, Readers.BOTH, who="Ada", now=world.clock.now)
    await _word_arrives(world, person)


async def _cancels(world: World, person: Person) -> None:
    async with world.database.begin() as conn:
        resident = await residents.find(conn, person.address)
        assert resident
        booking = await workshops.booking_of(conn, VAULT, 1, resident.id)
        assert booking
        await rosters.take_off(conn, VAULT, 1, booking.id, world.clock.now)
    await _word_arrives(world, person)


async def _word_arrives(world: World, person: Person) -> None:
    """The newest message about a workshop, as the courier would hand it over."""
    async with world.database.read() as conn:
        resident = await residents.find(conn, person.address)
        newest = max((run for run in await ledger.list_runs(conn) if run.kind is Kind.REMINDER), key=lambda run: run.id)
    assert resident
    courier = Courier(world.database, world.shelf, VAULT, {}, world.clock)
    delivery = Delivery(newest.id, resident.id, person.address.channel, newest.key, 1)
    (parcel,) = await courier.prepare([delivery], newest, None)
    person.replies.append(Reply(resident.language, parcel.letter.screen))  # type: ignore[union-attr] # it is for them


EVENTS: dict[str, Callable[..., Awaitable[None]]] = {
    r"the workshop is (\d+) days later": _moved,
    r"the workshop gets (\d+) places": _larger,
    r"the organiser writes to those who booked": _writes,
    r"the organiser cancels their booking": _cancels,
}
