"""Staff's side of workshops: planning one from a file, who comes, calling one off."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bot.catalogue import loader
from bot.catalogue.schema import Item, Reason, Title
from bot.domain.areas import DEFAULT_LANGUAGE, Area
from bot.domain.errors import BotError, UnknownItem, WorkshopClosed
from bot.domain.workshops import Booking, BookingState, Workshop
from bot.services import broadcasts
from bot.storage import workshops as store
from bot.storage.database import Connection
from bot.storage.vault import Vault
from scheduler.calendar import parse_local
from scheduler.errors import CalendarError

LONGEST = timedelta(days=3)


class WorkshopInPast(BotError):
    """This workshop would have begun already."""


def _local_time(text: object) -> datetime:
    try:
        return parse_local(str(text))
    except CalendarError as error:
        raise ValueError(str(error)) from None


def _has_polish(texts: dict[str, str]) -> dict[str, str]:
    if DEFAULT_LANGUAGE not in texts:
        raise ValueError("the Polish text is missing; others fall back to it")
    return texts


LocalTime = Annotated[datetime, BeforeValidator(_local_time)]
"""`2026-12-05 17:00`, Kraków time."""


class Plan(Item):
    """A file that describes a workshop."""

    area: Area
    title: Annotated[Title, AfterValidator(_has_polish)]
    about: Annotated[Reason, AfterValidator(_has_polish)]
    place: str = Field(min_length=1, max_length=200)
    district: int | None = Field(default=None, ge=1, le=18)
    starts: LocalTime
    ends: LocalTime
    capacity: int = Field(ge=1, le=1000)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Plan":
        if not timedelta() < self.ends - self.starts <= LONGEST:
            raise ValueError(f"`ends` should be after `starts`, by at most {LONGEST.days} days")
        return self


def read_file(file: Path) -> Plan:
    """A workshop that staff wrote down. Raises ContentError, with file, line and column of everything wrong."""
    return loader.read_item(file, Plan).item


async def create(conn: Connection, plan: Plan, now: datetime) -> int:
    """A workshop that residents can book from now on; returns its number. Raises WorkshopInPast."""
    if plan.starts <= now:
        raise WorkshopInPast
    return await store.add(
        conn,
        now=now,
        area=plan.area.value,
        title=plan.title,
        about=plan.about,
        place=plan.place,
        district=plan.district,
        starts_at=plan.starts,
        ends_at=plan.ends,
        capacity=plan.capacity,
    )


async def roster(conn: Connection, vault: Vault, workshop_id: int) -> list[Booking]:
    """Who comes, then who waits, each in the order of their booking. Raises UnknownItem."""
    if await store.get(conn, workshop_id) is None:
        raise UnknownItem
    found = await store.roster(conn, vault, workshop_id, [BookingState.CONFIRMED, BookingState.WAITING])
    return sorted(found, key=lambda booking: booking.state is BookingState.WAITING)


async def call_off(conn: Connection, workshop_id: int, now: datetime) -> tuple[Workshop, int]:
    """Call a workshop off and tell whoever booked; returns it and how many are told.

    Raises UnknownItem, and WorkshopClosed when it has begun or was called off before.
    """
    workshop = await store.get(conn, workshop_id, lock=True)
    if workshop is None:
        raise UnknownItem
    if not workshop.is_open(now):
        raise WorkshopClosed
    await store.call_off(conn, workshop_id, now)
    run = await broadcasts.tell_called_off(conn, workshop, now)
    return workshop, run.audience
