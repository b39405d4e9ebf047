"""Staff's side of workshops: planning and changing them, handing them over, calling them off."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bot.catalogue import loader
from bot.catalogue.schema import Item, Reason, Title
from bot.domain.areas import DEFAULT_LANGUAGE, Area
from bot.domain.errors import BotError, UnknownItem, WorkshopClosed
from bot.domain.workshops import Workshop
from bot.services import broadcasts, enrolment, staff
from bot.storage import workshops as store
from bot.storage.database import Connection
from bot.storage.staff import Role
from bot.storage.vault import Vault
from scheduler.calendar import parse_local
from scheduler.errors import CalendarError

LONGEST = timedelta(days=3)


class WorkshopInPast(BotError):
    """This workshop would have begun already."""


class FewerThanTaken(BotError):
    """More places than that are taken already."""

    def __init__(self, taken: int) -> None:
        super().__init__(f"{taken} places are taken already; make it no smaller than that.")
        self.detail = taken


class WorkshopChanged(BotError):
    """Somebody else changed this workshop while you were writing; look at what it is now, then save again."""


class NoPartner(BotError):
    """Workshops can be handed over to partners only."""


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


async def create(conn: Connection, plan: Plan, now: datetime, *, owner: str | None = None) -> int:
    """A workshop that residents can book from now on; returns its number. Raises WorkshopInPast.

    With `owner` it is this partner's.
    """
    if plan.starts <= now:
        raise WorkshopInPast
    return await store.add(conn, now=now, owner=owner, **_columns(plan))


def _columns(plan: Plan) -> dict[str, object]:
    return {
        "area": plan.area.value,
        "title": plan.title,
        "about": plan.about,
        "place": plan.place,
        "district": plan.district,
        "starts_at": plan.starts,
        "ends_at": plan.ends,
        "capacity": plan.capacity,
    }


def plan_of(workshop: Workshop) -> Plan:
    """What a workshop would be written down as."""
    return Plan.model_construct(
        area=workshop.area,
        title=dict(workshop.title),
        about=dict(workshop.about),
        place=workshop.place,
        district=workshop.district,
        starts=workshop.starts_at,
        ends=workshop.ends_at,
        capacity=workshop.capacity,
    )


@dataclass(frozen=True, slots=True)
class Edited:
    """A workshop before and after an edit, and who was told of what."""

    before: Workshop
    after: Workshop
    moved_up: int
    """Bookings that a larger room took from the waiting list."""
    told: int | None
    """People who hear of the new time or place; None if there is nothing to tell, or nobody asked to."""


async def edit(
    conn: Connection, vault: Vault, workshop_id: int, plan: Plan, *, revision: int, tell: bool, now: datetime
) -> Edited:
    """Change a workshop as it was at `revision`; with more places, whoever waits moves up and is told.

    `tell`: those who booked hear of a new time or place.

    Raises UnknownItem, WorkshopClosed, WorkshopInPast, FewerThanTaken, WorkshopChanged.
    """
    before = await _open(conn, workshop_id, now)
    if plan.starts <= now:
        raise WorkshopInPast
    if before.revision != revision:
        raise WorkshopChanged
    if plan.capacity < before.taken:
        raise FewerThanTaken(before.taken)
    await store.change(conn, workshop_id, revision, **_columns(plan))
    moved = await enrolment.move_up(conn, vault, workshop_id, now=now)
    after = await _get(conn, workshop_id)
    await broadcasts.tell_moved_up(conn, after, moved, now)
    run = await broadcasts.tell_changed(conn, after, now) if tell and is_elsewhere(before, after) else None
    return Edited(before, after, len(moved), run.audience if run else None)


def is_elsewhere(before: Workshop, after: Workshop) -> bool:
    """Whether who booked the one would miss the other: another time, another place."""
    return (before.starts_at, before.ends_at, before.place) != (after.starts_at, after.ends_at, after.place)


async def _get(conn: Connection, workshop_id: int, *, lock: bool = False) -> Workshop:
    workshop = await store.get(conn, workshop_id, lock=lock)
    if workshop is None:
        raise UnknownItem
    return workshop


async def _open(conn: Connection, workshop_id: int, now: datetime) -> Workshop:
    """A workshop that can still be booked, held until the transaction ends."""
    workshop = await _get(conn, workshop_id, lock=True)
    if not workshop.is_open(now):
        raise WorkshopClosed
    return workshop


async def hand_over(conn: Connection, workshop_id: int, owner: str | None) -> Workshop:
    """Let a partner run a workshop, or take it back for the city (None); returns it as it was.

    Raises UnknownItem, UnknownMember, NoPartner.
    """
    workshop = await _get(conn, workshop_id, lock=True)
    if owner is not None and (await staff.find(conn, owner)).role is not Role.PARTNER:
        raise NoPartner
    await store.hand_over(conn, workshop_id, owner)
    return workshop


async def call_off(conn: Connection, workshop_id: int, now: datetime) -> tuple[Workshop, int]:
    """Call a workshop off and tell whoever booked; returns it and how many are told.

    Raises UnknownItem, and WorkshopClosed when it has begun or was called off before.
    """
    workshop = await _open(conn, workshop_id, now)
    await store.call_off(conn, workshop_id, now)
    run = await broadcasts.tell_called_off(conn, workshop, now)
    return workshop, run.audience
