"""What goes out by itself: the daily tip, word about workshops, and the waiting list's next in line.

Each opens runs in the ledger by a key that is unique for all time, so looking twice, or in two processes, or after a
crash, sends nothing twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from bot.domain.reminders import Occasion, Reminder
from bot.domain.residents import Resident
from bot.domain.workshops import Booking, Workshop
from bot.services import enrolment
from bot.storage import audience as people
from bot.storage import residents
from bot.storage import workshops as bookings
from bot.storage.database import Connection, Database
from bot.storage.vault import Vault
from scheduler import ledger
from scheduler.calendar import QUIET_FROM, QUIET_UNTIL, ZONE, end_of_quiet_hours, in_quiet_hours
from scheduler.model import Kind, Run
from scheduler.ports import Audience

TIP_WINDOW = timedelta(hours=4)
"""How late a tip of the day may still come."""
LAST_EVENING_HOUR = time(QUIET_FROM.hour - 1)
"""When a reminder is sent whose moment falls after the beginning of quiet hours."""
STILL_NEWS = timedelta(hours=1)
"""How long after its start word that a workshop is off still helps: the night may have held it back until then."""
MOVED_UP_ENDS = timedelta(minutes=15)
"""Nobody is told of a free place later than this before the start."""


@dataclass(frozen=True, slots=True)
class Notice:
    """How long before a workshop a reminder is sent, and how late it may come after downtime."""

    occasion: Occasion
    ahead: timedelta
    latest: timedelta
    """Closer to the start than this it makes no sense any more."""

    def moment(self, starts_at: datetime) -> datetime | None:
        """When to send it, outside quiet hours; None when that would be too close to the start."""
        at = _out_of_quiet_hours(starts_at - self.ahead)
        return at if at < self.expires_at(starts_at) else None

    def expires_at(self, starts_at: datetime) -> datetime:
        """When it is better not sent any more."""
        return starts_at - self.latest


NOTICES = (
    Notice(Occasion.DAY_BEFORE, timedelta(hours=24), latest=timedelta(hours=3)),
    Notice(Occasion.SOON, timedelta(hours=2), latest=timedelta(minutes=30)),
)
FURTHEST_AHEAD = timedelta(hours=28)
"""No notice is sent earlier: the day before, moved from just before midnight to the evening."""


def was_moved(occasion: Occasion, workshop: Workshop, run: Run) -> bool:
    """Whether a reminder was opened for another time than the workshop is at now: it would say a wrong day."""
    return any(notice.moment(workshop.starts_at) != run.slot_at for notice in NOTICES if notice.occasion is occasion)


def _out_of_quiet_hours(at: datetime) -> datetime:
    """The same, if it is no quiet hour; from late evening to the evening before 21:00, from the night to 8:00."""
    local = at.astimezone(ZONE)
    if in_quiet_hours(at) and local.time() >= QUIET_FROM:
        return datetime.combine(local.date(), LAST_EVENING_HOUR, tzinfo=ZONE)
    return end_of_quiet_hours(at)


@dataclass(frozen=True, slots=True)
class Due:
    """A run that should be open by now."""

    key: str
    kind: Kind
    slot_at: datetime
    expires_at: datetime
    subject: str = ""


async def open_due(database: Database, audience: Audience, now: datetime) -> list[Run]:
    """Open the runs of this hour's tips and of the reminders whose moment has come; returns those that are new.

    After downtime what was missed is caught up while it still makes sense.
    """
    async with database.read() as conn:
        due = [*_tips(now), *await _reminders(conn, now)]
        missing = [new for one in due if (new := await _not_opened(conn, one))]
    opened = []
    for one in missing:
        async with database.begin() as conn:
            opened.append(await _open(conn, audience, one, now))
    return opened


async def _not_opened(conn: Connection, due: Due) -> Due | None:
    """What is still to open, if it is. Of a workshop that was moved people are reminded anew, under another name."""
    found = await ledger.find_run(conn, due.key)
    if found is None:
        return due
    if found.slot_at == due.slot_at:
        return None
    anew = replace(due, key=f"{due.key}:{due.slot_at.astimezone(ZONE):%Y-%m-%dT%H:%M}")
    return anew if await ledger.find_run(conn, anew.key) is None else None


async def _open(conn: Connection, audience: Audience, due: Due, now: datetime) -> Run:
    return await ledger.open_run(
        conn,
        audience,
        key=due.key,
        kind=due.kind,
        slot_at=due.slot_at,
        expires_at=due.expires_at,
        now=now,
        subject=due.subject,
    )


def _tips(now: datetime) -> Iterator[Due]:
    """The hours of today that have come and are not too long gone; who chooses one after it came waits a day."""
    this_hour = now.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)
    for hour in range(QUIET_UNTIL.hour, QUIET_FROM.hour):
        slot_at = this_hour.replace(hour=hour)
        if slot_at <= now < slot_at + TIP_WINDOW:
            yield Due(f"daily-tip:{slot_at:%Y-%m-%dT%H}", Kind.DAILY_TIP, slot_at, slot_at + TIP_WINDOW)


async def _reminders(conn: Connection, now: datetime) -> list[Due]:
    due = []
    for workshop, starts_at in await people.starting_between(conn, now, now + FURTHEST_AHEAD):
        for notice in NOTICES:
            moment = notice.moment(starts_at)
            expires_at = notice.expires_at(starts_at)
            if moment and moment <= now < expires_at:
                subject = Reminder(notice.occasion, workshop).subject
                due.append(Due(f"reminder:{subject}", Kind.REMINDER, moment, expires_at, subject))
    return due


# --- word about a workshop to those it concerns, in the transaction that makes it true


async def cancel_booking(
    conn: Connection, vault: Vault, resident: Resident, workshop_id: int, *, now: datetime
) -> Workshop:
    """Give a booking's places back, and tell whoever moves up from the waiting list. Raises UnknownItem."""
    cancelled = await enrolment.cancel(conn, vault, resident, workshop_id, now=now)
    await tell_moved_up(conn, cancelled.workshop, cancelled.moved_up, now)
    return cancelled.workshop


async def tell_moved_up(conn: Connection, workshop: Workshop, moved: tuple[Booking, ...], now: datetime) -> None:
    """Tell them that the places are theirs now."""
    for booking in moved:
        resident = await residents.get(conn, booking.resident_id)
        if resident and resident.can_be_written_to:
            reminder = Reminder(Occasion.MOVED_UP, workshop.id, booking.resident_id)
            await _tell(conn, reminder, workshop.starts_at - MOVED_UP_ENDS, now)


async def tell_called_off(conn: Connection, workshop: Workshop, now: datetime) -> Run:
    """Tell everybody with places, or on the waiting list, that it does not take place."""
    return await _tell(conn, Reminder(Occasion.CALLED_OFF, workshop.id), workshop.starts_at + STILL_NEWS, now)


async def tell_changed(conn: Connection, workshop: Workshop, now: datetime) -> Run:
    """Tell everybody with places, or on the waiting list, when and where it is now."""
    return await _tell(conn, Reminder(Occasion.CHANGED, workshop.id), workshop.starts_at, now)


async def tell_cancelled(conn: Connection, workshop: Workshop, resident: Resident, now: datetime) -> Run:
    """Tell somebody that staff cancelled their booking."""
    reminder = Reminder(Occasion.CANCELLED, workshop.id, resident.id)
    return await _tell(conn, reminder, workshop.starts_at + STILL_NEWS, now)


async def _tell(conn: Connection, reminder: Reminder, until: datetime, now: datetime) -> Run:
    # The same person can move up twice, after booking again: the moment tells the two apart.
    key = f"reminder:{reminder.subject}:{now:%Y-%m-%dT%H:%M:%S}"
    due = Due(key, Kind.REMINDER, now, until, reminder.subject)
    return await _open(conn, people.ResidentsAudience(), due, now)


async def fill_free_places(database: Database, vault: Vault, now: datetime) -> int:
    """Give places that became free in another way (a resident who was erased, say) to the waiting list.

    Returns how many bookings moved up.
    """
    async with database.read() as conn:
        waited_for = await people.with_waiting_list(conn, now)
    count = 0
    for workshop_id in waited_for:
        async with database.begin() as conn:
            count += await _fill(conn, vault, workshop_id, now)
    return count


async def _fill(conn: Connection, vault: Vault, workshop_id: int, now: datetime) -> int:
    workshop = await bookings.get(conn, workshop_id, lock=True)
    if workshop is None:
        return 0
    moved = await enrolment.move_up(conn, vault, workshop_id, now=now)
    await tell_moved_up(conn, workshop, moved, now)
    return len(moved)
