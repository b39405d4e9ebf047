"""Whom a message reaches: the rules of consent as one SELECT, and how many residents each rule leaves out."""

from collections.abc import Callable, Collection
from datetime import datetime, time, timedelta
from typing import Any, assert_never

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
)

from bot.domain.areas import Area
from bot.domain.audiences import ANY_WORKSHOP, PRIME, Count, Draw, Filter, Standing
from bot.domain.reminders import CONCERNED, Occasion, Readers, Reminder, read_message, read_reminder
from bot.domain.residents import ONLY_ANSWERED
from bot.domain.workshops import HELD, BookingState
from bot.storage.caps import CAPPED, WEEK, WEEKLY_CAP, Marks, is_marked
from bot.storage.database import Connection
from bot.storage.staff import is_staff
from bot.storage.tables import attempts, bookings, residents, workshop_messages, workshops
from scheduler import ledger
from scheduler.calendar import ZONE
from scheduler.model import Campaign, CampaignState, DeliveryState, Kind, Run, RunState
from scheduler.tables import deliveries, runs

JUST_BOOKED = timedelta(hours=1)
"""Who booked so recently before a reminder needs none."""

Condition = ColumnElement[bool]
_NOT_REACHED = frozenset(reason.value for reason in Standing) - {Standing.REACHED}
"""No channel has such a name."""


class ResidentsAudience:
    """The residents, as the scheduler asks for them; see `scheduler.ports.Audience`.

    Args:
        accounts: the channels that are switched on at the moment; None: all, for what may wait until theirs is.
        cap: how many messages of the CAPPED kinds a resident gets in seven days.
        only: look at this one resident alone.
        marks: who has had as many, if that was found out before (`storage.caps`): for looks that must not take long.
    """

    def __init__(
        self,
        accounts: Callable[[], Collection[str]] | None = None,
        *,
        cap: int = WEEKLY_CAP,
        only: int | None = None,
        marks: Marks | None = None,
    ) -> None:
        self._accounts = accounts
        self._cap = cap
        self._only = only
        self._marks = marks

    def select(self, run: Run, campaign: Campaign | None) -> "Select[*tuple[Any, ...]]":
        """Recipient and account of everybody this run is for, and whether they are held out."""
        reached = and_(self._is_on(), residents.c.blocked_at.is_(None), *self._rules(run, campaign))
        if self._only is not None:
            reached = and_(residents.c.id == self._only, reached)
        return select(
            residents.c.id.label("recipient"),
            residents.c.channel.label("account"),
            (_held_out(campaign) if campaign else false()).label("held_out"),
        ).where(reached)

    async def count(self, conn: Connection, campaign: Campaign, now: datetime) -> Count:
        """What a campaign's audience would be at this moment; every resident stands in one of the counts."""
        left_out = {
            Standing.BROWSER: residents.c.channel.in_(ONLY_ANSWERED),
            Standing.OFF: not_(self._is_on()),
            **{reason: not_(rule) for reason, rule in self._broadcast(campaign.kind, campaign, now).items()},
            Standing.BLOCKED: residents.c.blocked_at.is_not(None),
            Standing.HELD_OUT: _held_out(campaign),
        }
        # One column to group by, for whoever is reached their channel: half as much to sort as with two.
        standing = case(
            *((left_out[reason], reason.value) for reason in Standing if reason in left_out),
            else_=residents.c.channel,
        )
        query = select(standing, func.count()).group_by(standing)
        of: dict[Standing, int] = {}
        accounts: dict[str, int] = {}
        for name, number in await conn.execute(query):
            if name in _NOT_REACHED:
                of[Standing(name)] = number
            else:
                accounts[name] = number
        if accounts:
            of[Standing.REACHED] = sum(accounts.values())
        return Count(of, accounts)

    async def reaches_anybody(self, conn: Connection, campaign: Campaign, now: datetime) -> bool:
        """Whether a campaign would reach one resident at least."""
        query = select(residents.c.id).where(self._reached(campaign, now)).limit(1)
        return (await conn.execute(query)).first() is not None

    async def count_shared(self, conn: Connection, one: Campaign, other: Campaign, now: datetime) -> int:
        """How many residents would get both campaigns; for one that runs, the ledger knows who is in it."""
        both = [
            _in_its_runs(campaign) if campaign.state is CampaignState.RUNNING else self._reached(campaign, now)
            for campaign in (one, other)
        ]
        query = select(func.count()).select_from(residents).where(*both)
        return int((await conn.execute(query)).scalar_one())

    def _reached(self, campaign: Campaign, now: datetime) -> Condition:
        rules = self._broadcast(campaign.kind, campaign, now)
        return and_(self._is_on(), residents.c.blocked_at.is_(None), *rules.values(), not_(_held_out(campaign)))

    def _is_on(self) -> Condition:
        if self._accounts is None:
            return residents.c.channel.not_in(ONLY_ANSWERED)
        return residents.c.channel.in_(set(self._accounts()) - ONLY_ANSWERED)

    def _broadcast(self, kind: Kind, campaign: Campaign | None, now: datetime) -> dict[Standing, Condition]:
        """What must hold of everybody in a broadcast's audience, by the reason of those of whom it does not."""
        rules = {
            **_wanted(Filter.read(campaign.audience if campaign else {}), now),
            Standing.MUTED: _agreed(kind),
        }
        if kind in CAPPED:
            rules[Standing.CAPPED] = self._has_room(now)
        return rules

    def _has_room(self, now: datetime) -> Condition:
        """Who may get one more message this week."""
        if self._marks is not None:
            return not_(is_marked(residents.c.id, self._marks))
        return residents.c.id.not_in(ledger.over_cap(CAPPED, now - WEEK, self._cap, self._only))

    def _rules(self, run: Run, campaign: Campaign | None) -> tuple[Condition, ...]:
        match run.kind:
            case Kind.DAILY_TIP:
                return residents.c.tip_hour == run.slot_at.astimezone(ZONE).hour, _no_tip_yet(run)
            case Kind.NOTICE:
                return (is_staff(residents.c.channel, residents.c.address),)
            case Kind.REMINDER:
                if (message := read_message(run.subject)) is not None:
                    return (_addressed(message),)
                return (_booked(read_reminder(run.subject), run.started_at),)
            case Kind.ALERT | Kind.TIP | Kind.NEWS | Kind.QUIZ | Kind.WORKSHOP:
                return tuple(self._broadcast(run.kind, campaign, run.started_at).values())
            case _:
                assert_never(run.kind)


def _agreed(kind: Kind) -> Condition:
    return residents.c.alerts if kind is Kind.ALERT else residents.c.campaigns


def _held_out(campaign: Campaign) -> Condition:
    percent = Filter.read(campaign.audience).held_out
    if not percent:
        return false()
    draw = Draw.of(campaign.id, percent)
    number = cast(residents.c.id, BigInteger)
    a, b, c, prime = (literal(value, BigInteger) for value in (draw.a, draw.b, draw.c, PRIME))
    return ((a * number + b) % prime * number + c) % prime % 100 < draw.percent


def _in_its_runs(campaign: Campaign) -> Condition:
    """Everybody in a campaign's open runs, those who have it already too."""
    going = select(runs.c.id).where(runs.c.campaign_id == campaign.id, runs.c.state == RunState.RUNNING)
    return exists().where(
        deliveries.c.run_id.in_(going),
        deliveries.c.recipient == residents.c.id,
        deliveries.c.state != DeliveryState.HELD_OUT,
    )


# --- what a filter asks. A condition is never NULL, so that it can be denied; None asks nothing.


def _wanted(wanted: Filter, now: datetime) -> dict[Standing, Condition]:
    asked = {
        Standing.LANGUAGE: _one_of(residents.c.language, wanted.languages),
        Standing.TOPIC: _follows(wanted.topics),
        Standing.DISTRICT: _one_of(func.coalesce(residents.c.district, 0), wanted.districts),
        Standing.AGE: _one_of(func.coalesce(residents.c.age, ""), wanted.ages),
        Standing.CHANNEL: _one_of(residents.c.channel, wanted.channels),
        Standing.ACTIVITY: _wrote(wanted, now),
        Standing.QUIZ: _took(wanted),
        Standing.WORKSHOP: _goes(wanted),
    }
    return {reason: rule for reason, rule in asked.items() if rule is not None}


def _one_of(column: ColumnElement[Any], values: Collection[Any]) -> Condition | None:
    """Who did not say (their district, their age) is in none."""
    return column.in_(values) if values else None


def _follows(topics: Collection[Area]) -> Condition | None:
    follows_all = and_(*(not_(residents.c[area.value]) for area in Area))
    return or_(follows_all, *(residents.c[area.value] for area in topics)) if topics else None


def _wrote(wanted: Filter, now: datetime) -> Condition | None:
    rules: list[Condition] = []
    if wanted.active_days:
        rules.append(residents.c.seen_on >= (now - timedelta(days=wanted.active_days)).date())
    if wanted.silent_days:
        rules.append(residents.c.seen_on < (now - timedelta(days=wanted.silent_days)).date())
    return and_(*rules) if rules else None


def _took(wanted: Filter) -> Condition | None:
    rules: list[Condition] = []
    if wanted.quiz_taken:
        rules.append(residents.c.id.in_(_finished(wanted.quiz_taken)))
    if wanted.quiz_not_taken:
        rules.append(residents.c.id.not_in(_finished(wanted.quiz_not_taken)))
    return and_(*rules) if rules else None


def _finished(quiz: str) -> "Select[int]":
    return select(attempts.c.resident_id).where(
        attempts.c.quiz == quiz,
        attempts.c.finished_at.is_not(None),
        attempts.c.resident_id.is_not(None),  # a pupil is nobody, and NOT IN with a NULL would be true for nobody
    )


def _goes(wanted: Filter) -> Condition | None:
    rules: list[Condition] = []
    if wanted.booked is not None:
        rules.append(residents.c.id.in_(_bookers(wanted.booked, BookingState.CONFIRMED)))
    if wanted.not_booked is not None:
        waiting_too = _bookers(wanted.not_booked, BookingState.CONFIRMED, BookingState.WAITING)
        rules.append(residents.c.id.not_in(waiting_too))
    return and_(*rules) if rules else None


def _bookers(workshop: int | str, *states: BookingState) -> "Select[int]":
    query = select(bookings.c.resident_id).where(bookings.c.state.in_([state.value for state in states]))
    if workshop == ANY_WORKSHOP:
        off = select(workshops.c.id).where(workshops.c.cancelled_at.is_not(None))
        return query.where(bookings.c.workshop_id.not_in(off))
    return query.where(bookings.c.workshop_id == workshop)


# --- what other runs ask


def _no_tip_yet(run: Run) -> Condition:
    """Who changes the hour after today's tip gets no second one today."""
    today = run.slot_at.astimezone(ZONE).date()
    midnight, next_midnight = (datetime.combine(day, time(), tzinfo=ZONE) for day in (today, today + timedelta(days=1)))
    others = select(runs.c.id).where(
        runs.c.kind == Kind.DAILY_TIP, runs.c.slot_at >= midnight, runs.c.slot_at < next_midnight, runs.c.id != run.id
    )
    return residents.c.id.not_in(select(deliveries.c.recipient).where(deliveries.c.run_id.in_(others)))


def _booked(reminder: Reminder, now: datetime) -> Condition:
    query = select(bookings.c.resident_id).where(
        bookings.c.workshop_id == reminder.workshop,
        bookings.c.state.in_([state.value for state in CONCERNED[reminder.occasion]]),
    )
    if reminder.resident is not None:
        query = query.where(bookings.c.resident_id == reminder.resident)
    if reminder.occasion in {Occasion.DAY_BEFORE, Occasion.SOON}:
        query = query.where(bookings.c.changed_at <= now - JUST_BOOKED)
    return residents.c.id.in_(query)


def _addressed(message: int) -> Condition:
    """Those of a workshop's bookers to whom staff wrote."""
    to = workshop_messages.c
    query = (
        select(bookings.c.resident_id)
        .join(workshop_messages, to.workshop_id == bookings.c.workshop_id)
        .where(
            to.id == message,
            bookings.c.state.in_([state.value for state in HELD]),
            or_(to.readers == Readers.BOTH.value, to.readers == bookings.c.state),
        )
    )
    return residents.c.id.in_(query)


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
