"""Whom a message reaches: the rules of consent as one SELECT, and how many residents each rule leaves out."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select

from bot.domain.areas import Area
from bot.domain.reminders import Occasion, Reminder, read_reminder
from bot.domain.residents import ONLY_ANSWERED
from bot.domain.workshops import BookingState
from bot.storage.database import Connection
from bot.storage.tables import bookings, residents, staff, workshops
from scheduler import ledger
from scheduler.calendar import ZONE
from scheduler.model import Campaign, Kind, Run
from scheduler.tables import deliveries, runs

WEEKLY_CAP = 5
WEEK = timedelta(days=7)
CAPPED = frozenset({Kind.TIP, Kind.NEWS, Kind.QUIZ, Kind.WORKSHOP})
"""Kinds that count towards the weekly cap and are held by it. Alerts and reminders are too important for it; the daily
tip comes exactly as often as each resident asked for."""
JUST_BOOKED = timedelta(hours=1)
"""Who booked so recently before a reminder needs none."""

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """Whom a campaign is for, among those who agreed to its kind; empty means no condition."""

    topics: tuple[Area, ...] = ()
    districts: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Filter":
        """From a campaign's audience, as the ledger keeps it (`catalogue.schema.AudienceFilter` as JSON)."""
        return cls(
            topics=tuple(map(Area, values.get("topics", ()))),
            districts=tuple(values.get("districts", ())),
            languages=tuple(values.get("languages", ())),
        )


class Standing(StrEnum):
    """Why a resident is in a campaign's audience or not: the first of these that holds."""

    BROWSER = "browser"
    """They talk to us on a page that may be closed: we cannot write first."""
    OFF = "off"
    """Their channel is not switched on."""
    ELSEWHERE = "elsewhere"
    """Another language, topic or district."""
    MUTED = "muted"
    """They did not agree to this kind of message."""
    BLOCKED = "blocked"
    CAPPED = "capped"
    """They have had as many messages as there may be in a week."""
    REACHED = "reached"


@dataclass(frozen=True, slots=True)
class Count:
    """How many residents a campaign would reach now, and how many not, by reason."""

    of: Mapping[Standing, int] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)
    """Account → how many of those reached are on it."""

    @property
    def reached(self) -> int:
        """How many would get it."""
        return self.of.get(Standing.REACHED, 0)


class ResidentsAudience:
    """The residents, as the scheduler asks for them; see `scheduler.ports.Audience`.

    Args:
        accounts: the channels that are switched on at the moment; None: all, for what may wait until theirs is.
        cap: how many messages of the CAPPED kinds a resident gets in seven days.
    """

    def __init__(self, accounts: Callable[[], Collection[str]] | None = None, *, cap: int = WEEKLY_CAP) -> None:
        self._accounts = accounts
        self._cap = cap

    def select(self, run: Run, campaign: Campaign | None) -> "Select[*tuple[Any, ...]]":
        """Recipient and account of everybody this run is for."""
        reached = and_(self._is_on(), residents.c.blocked_at.is_(None), *self._rules(run, campaign))
        return select(residents.c.id.label("recipient"), residents.c.channel.label("account")).where(reached)

    async def count(self, conn: Connection, kind: Kind, wanted: Filter, now: datetime) -> Count:
        """What a campaign's audience would be at this moment."""
        standing = case(
            (residents.c.channel.in_(ONLY_ANSWERED), Standing.BROWSER.value),
            (not_(self._is_on()), Standing.OFF.value),
            (not_(_fits(wanted)), Standing.ELSEWHERE.value),
            (not_(_agreed(kind)), Standing.MUTED.value),
            (residents.c.blocked_at.is_not(None), Standing.BLOCKED.value),
            (not_(self._below_cap(kind, now)), Standing.CAPPED.value),
            else_=Standing.REACHED.value,
        )
        everyone = select(standing.label("standing"), residents.c.channel).subquery()
        query = select(everyone.c.standing, everyone.c.channel, func.count()).group_by(*everyone.c)
        of: dict[Standing, int] = {}
        accounts: dict[str, int] = {}
        for name, channel, number in await conn.execute(query):
            of[Standing(name)] = of.get(Standing(name), 0) + number
            if name == Standing.REACHED:
                accounts[channel] = number
        return Count(of, accounts)

    def _is_on(self) -> Condition:
        if self._accounts is None:
            return residents.c.channel.not_in(ONLY_ANSWERED)
        return residents.c.channel.in_(set(self._accounts()) - ONLY_ANSWERED)

    def _below_cap(self, kind: Kind, now: datetime) -> Condition:
        if kind not in CAPPED:
            return residents.c.id.is_not(None)  # everybody
        return residents.c.id.not_in(ledger.over_cap(CAPPED, now - WEEK, self._cap))

    def _rules(self, run: Run, campaign: Campaign | None) -> tuple[Condition, ...]:
        match run.kind:
            case Kind.DAILY_TIP:
                return residents.c.tip_hour == run.slot_at.astimezone(ZONE).hour, _no_tip_yet(run)
            case Kind.NOTICE:
                return (_among_staff(),)
            case Kind.REMINDER:
                return (_booked(read_reminder(run.subject), run.started_at),)
            case Kind.ALERT | Kind.TIP | Kind.NEWS | Kind.QUIZ | Kind.WORKSHOP:
                wanted = Filter.read(campaign.audience if campaign else {})
                return _agreed(run.kind), _fits(wanted), self._below_cap(run.kind, run.started_at)
            case _:
                assert_never(run.kind)


def _agreed(kind: Kind) -> Condition:
    return residents.c.alerts if kind is Kind.ALERT else residents.c.campaigns


def _fits(wanted: Filter) -> Condition:
    """Never NULL, so that it can be denied: who did not name a district is in none."""
    conditions: list[Condition] = [residents.c.id.is_not(None)]
    if wanted.topics:
        follows_all = and_(*(not_(residents.c[area.value]) for area in Area))
        conditions.append(or_(follows_all, *(residents.c[area.value] for area in wanted.topics)))
    if wanted.districts:
        conditions.append(func.coalesce(residents.c.district, 0).in_(wanted.districts))
    if wanted.languages:
        conditions.append(residents.c.language.in_(wanted.languages))
    return and_(*conditions)


def _no_tip_yet(run: Run) -> Condition:
    """Who changes the hour after today's tip gets no second one today."""
    today = run.slot_at.astimezone(ZONE).date()
    midnight, next_midnight = (datetime.combine(day, time(), tzinfo=ZONE) for day in (today, today + timedelta(days=1)))
    others = select(runs.c.id).where(
        runs.c.kind == Kind.DAILY_TIP, runs.c.slot_at >= midnight, runs.c.slot_at < next_midnight, runs.c.id != run.id
    )
    return residents.c.id.not_in(select(deliveries.c.recipient).where(deliveries.c.run_id.in_(others)))


def _among_staff() -> Condition:
    """Staff whose chat is linked are residents too."""
    linked = select(staff.c.name).where(staff.c.channel == residents.c.channel, staff.c.address == residents.c.address)
    return linked.exists()


def _booked(reminder: Reminder, now: datetime) -> Condition:
    query = select(bookings.c.resident_id).where(
        bookings.c.workshop_id == reminder.workshop, bookings.c.state.in_(_states(reminder.occasion))
    )
    if reminder.resident is not None:
        query = query.where(bookings.c.resident_id == reminder.resident)
    if reminder.occasion in {Occasion.DAY_BEFORE, Occasion.SOON}:
        query = query.where(bookings.c.changed_at <= now - JUST_BOOKED)
    return residents.c.id.in_(query)


def _states(occasion: Occasion) -> tuple[str, ...]:
    told = (
        (BookingState.CONFIRMED, BookingState.WAITING) if occasion is Occasion.CALLED_OFF else (BookingState.CONFIRMED,)
    )
    return tuple(state.value for state in told)


# --- what is due by the clock


async def starting_between(conn: Connection, after: datetime, until: datetime) -> list[tuple[int, datetime]]:
    """Workshops that start in a span and were not called off: number and start."""
    query = select(workshops.c.id, workshops.c.starts_at).where(
        workshops.c.starts_at > after, workshops.c.starts_at <= until, workshops.c.cancelled_at.is_(None)
    )
    rows = await conn.execute(query.order_by(workshops.c.starts_at))
    return [(number, starts_at) for number, starts_at in rows]


async def with_waiting_list(conn: Connection, now: datetime) -> list[int]:
    """Workshops to come that somebody waits for."""
    query = (
        select(workshops.c.id)
        .join(bookings)
        .where(
            workshops.c.starts_at > now,
            workshops.c.cancelled_at.is_(None),
            bookings.c.state == BookingState.WAITING.value,
        )
        .distinct()
    )
    return list((await conn.execute(query)).scalars())
