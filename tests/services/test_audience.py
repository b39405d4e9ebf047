"""Whom a message reaches, held against the same rules in plain Python."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from bot.domain.areas import AgeBand, Area
from bot.domain.audiences import ANY_WORKSHOP, Count, Draw, Filter, Standing
from bot.domain.quizzes import Ref
from bot.domain.workshops import BookingState
from bot.storage import learning, residents
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from scheduler import ledger, lifecycle
from scheduler.model import Balance, Campaign, DeliveryState, Kind, Run, RunState, Sent
from scheduler.tables import deliveries, runs
from tests.support import NOON, add_resident, add_workshop, book, open_database

ON = frozenset({"telegram", "matrix"})
CAP = 2
BROADCASTS = (Kind.TIP, Kind.NEWS, Kind.ALERT, Kind.QUIZ, Kind.WORKSHOP)
CALLED_OFF = 2
"""The place of the workshop that does not take place, of three."""


@dataclass(frozen=True)
class Person:
    channel: str
    language: str
    topics: frozenset[Area]
    district: int | None
    age: AgeBand | None
    silent_for: int
    """Days since they last wrote."""
    finished: frozenset[str]
    begun: frozenset[str]
    """Quizzes."""
    bookings: Mapping[int, BookingState]
    """By the place of the workshop."""
    alerts: bool
    campaigns: bool
    blocked: bool
    received: int
    """How many campaigns they were sent this week."""


# Weighted so that most people pass most rules: then each rule alone decides about somebody.
quizzes = st.frozensets(st.sampled_from(["czad", "prad"]))
people = st.builds(
    Person,
    channel=st.sampled_from(["telegram"] * 6 + ["matrix", "other", "web", "terminal"]),
    language=st.sampled_from(["pl", "uk", "en"]),
    topics=st.frozensets(st.sampled_from(Area)),
    district=st.none() | st.integers(1, 4),
    age=st.none() | st.sampled_from(AgeBand),
    silent_for=st.integers(0, 4),
    finished=quizzes,
    begun=quizzes,
    bookings=st.dictionaries(st.integers(0, CALLED_OFF), st.sampled_from(BookingState), max_size=2),
    alerts=st.sampled_from([True, True, False]),
    campaigns=st.sampled_from([True, True, False]),
    blocked=st.sampled_from([False, False, False, True]),
    received=st.integers(0, CAP + 1),
)


def some_of(values: Iterable[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(list(values)), unique=True, min_size=1, max_size=2)


WISHES: Mapping[str, st.SearchStrategy[Any]] = {
    "topics": some_of(area.value for area in Area),
    "districts": some_of(range(1, 5)),
    "languages": some_of(["pl", "uk", "en"]),
    "ages": some_of(age.value for age in AgeBand),
    "channels": some_of(["telegram", "matrix"]),
    "active_days": st.integers(1, 4),
    "silent_days": st.integers(1, 4),
    "quiz_taken": st.sampled_from(["czad", "prad"]),
    "quiz_not_taken": st.sampled_from(["czad", "prad"]),
    "booked": st.sampled_from([0, CALLED_OFF, "any"]),
    "not_booked": st.sampled_from([0, CALLED_OFF, "any"]),
    "held_out": st.sampled_from([10, 50]),
}
questions = st.tuples(st.fixed_dictionaries(dict(WISHES)), st.sets(st.sampled_from(sorted(WISHES)), max_size=3)).map(
    lambda drawn: [*({name: wish} for name, wish in drawn[0].items()), {name: drawn[0][name] for name in drawn[1]}]
)
"""What campaigns ask of one crowd: each wish by itself, so that it alone decides, and a few together; workshops are
named by their place."""


def standing(person: Person, kind: Kind, wanted: Filter, *, drawn: bool) -> Standing:
    """The rules, as one would say them. `drawn`: the campaign's draw holds them out."""
    follows = not wanted.topics or not person.topics or bool(person.topics & set(wanted.topics))
    recent = wanted.active_days is None or person.silent_for <= wanted.active_days
    silent = wanted.silent_days is None or person.silent_for > wanted.silent_days
    took = wanted.quiz_taken is None or wanted.quiz_taken in person.finished
    took_not = wanted.quiz_not_taken not in person.finished
    goes = wanted.booked is None or bool(_in(person, wanted.booked, {BookingState.CONFIRMED}))
    goes_not = wanted.not_booked is None or not _in(
        person, wanted.not_booked, {BookingState.CONFIRMED, BookingState.WAITING}
    )
    reasons = {
        Standing.BROWSER: person.channel in {"web", "terminal"},
        Standing.OFF: person.channel not in ON,
        Standing.LANGUAGE: bool(wanted.languages) and person.language not in wanted.languages,
        Standing.TOPIC: not follows,
        Standing.DISTRICT: bool(wanted.districts) and person.district not in wanted.districts,
        Standing.AGE: bool(wanted.ages) and person.age not in wanted.ages,
        Standing.CHANNEL: bool(wanted.channels) and person.channel not in wanted.channels,
        Standing.ACTIVITY: not (recent and silent),
        Standing.QUIZ: not (took and took_not),
        Standing.WORKSHOP: not (goes and goes_not),
        Standing.MUTED: not (person.alerts if kind is Kind.ALERT else person.campaigns),
        Standing.BLOCKED: person.blocked,
        Standing.CAPPED: kind is not Kind.ALERT and person.received >= CAP,
        Standing.HELD_OUT: drawn,
    }
    return next((reason for reason, holds in reasons.items() if holds), Standing.REACHED)


def _in(person: Person, workshop: int | str, states: set[BookingState]) -> set[int]:
    """The workshops asked about in which a person has a booking of these states."""
    asked = {0, 1} if workshop == ANY_WORKSHOP else {workshop}
    return {place for place, state in person.bookings.items() if place in asked and state in states}


@dataclass(frozen=True)
class Found:
    """What the database says of a crowd and one campaign."""

    drawn: list[bool]
    written: list[tuple[str, DeliveryState] | None]
    """Of each person in the crowd."""
    counted: Count
    balance: Balance
    anybody: bool
    shared: int
    """With a campaign that asks nothing."""


def test_audience_and_preview_follow_the_rules(tmp_path: Path, database_url: str | None) -> None:
    with asyncio.Runner() as runner, ExitStack() as closing:
        opening = open_database(tmp_path, database_url)
        database = runner.run(opening.__aenter__())
        closing.callback(lambda: runner.run(opening.__aexit__(None, None, None)))

        # Each example asks a database, so a failing one is shown as it was found rather than shrunk for minutes.
        @settings(max_examples=16, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
        @given(crowd=st.lists(people, min_size=6, max_size=14), asked=questions, kind=st.sampled_from(BROADCASTS))
        def check(crowd: list[Person], asked: list[dict[str, Any]], kind: Kind) -> None:
            for wishes, found in zip(asked, runner.run(_ask(database, crowd, asked, kind)), strict=True):
                _compare(crowd, wishes, kind, found)

        check()


def _compare(crowd: Sequence[Person], wishes: dict[str, Any], kind: Kind, found: Found) -> None:
    wanted = Filter.read(wishes)
    expected = [standing(person, kind, wanted, drawn=drawn) for person, drawn in zip(crowd, found.drawn, strict=True)]
    states = {Standing.REACHED: DeliveryState.WAITING, Standing.HELD_OUT: DeliveryState.HELD_OUT}
    assert found.written == [
        (person.channel, states[where]) if where in states else None
        for person, where in zip(crowd, expected, strict=True)
    ]
    assert found.counted.of == Counter(expected)
    assert sum(found.counted.accounts.values()) == found.counted.reached == found.shared
    assert found.anybody is (found.counted.reached > 0)
    assert found.balance.holds
    assert found.balance.counts == {
        state: expected.count(where) for where, state in states.items() if where in expected
    }


async def _ask(database: Database, crowd: Sequence[Person], asked: Sequence[dict[str, Any]], kind: Kind) -> list[Found]:
    """What the database says of a crowd and of each campaign; it is as empty as before afterwards."""
    async with database.begin() as conn:
        places = [await add_workshop(conn) for _ in range(CALLED_OFF)]
        places.append(await add_workshop(conn, cancelled_at=NOON))
        await _answer(conn, "czad", None, 0, finished=True)  # a pupil, who is nobody
        ids = [await _settle(conn, number, person, places) for number, person in enumerate(crowd)]
        await _send_earlier(conn, dict(zip(ids, (person.received for person in crowd), strict=True)))
        open_to_all = await _campaign(conn, kind, {})
        found = []
        for wishes in asked:
            named = {
                name: places[value] if name in {"booked", "not_booked"} and value != ANY_WORKSHOP else value
                for name, value in wishes.items()
            }
            found.append(await _look(conn, await _campaign(conn, kind, named), open_to_all, ids))
        await conn.rollback()
    return found


async def _look(conn: Connection, campaign: Campaign, open_to_all: Campaign, ids: Sequence[int]) -> Found:
    """What the preview says of a campaign, and what its run then holds."""
    audience = ResidentsAudience(lambda: ON, cap=CAP)
    counted = await audience.count(conn, campaign, NOON)
    anybody = await audience.reaches_anybody(conn, campaign, NOON)
    shared = await audience.count_shared(conn, campaign, open_to_all, NOON)
    run = await _open(conn, audience, campaign.kind, key=f"run {campaign.id}", campaign=campaign)
    columns = deliveries.c.recipient, deliveries.c.account, deliveries.c.state
    rows = await conn.execute(select(*columns).where(deliveries.c.run_id == run.id))
    written = {recipient: (account, state) for recipient, account, state in rows}
    draw = Draw.of(campaign.id, Filter.read(campaign.audience).held_out)
    found = Found(
        [draw.holds(number) for number in ids],
        [written.get(number) for number in ids],
        counted,
        await ledger.balance(conn, run.id),
        anybody,
        shared,
    )
    over = {"state": RunState.CANCELLED}  # what waits in an open run counts towards the cap of the next
    await conn.execute(update(runs).where(runs.c.id == run.id).values(over))
    return found


async def _settle(conn: Connection, number: int, person: Person, places: Sequence[int]) -> int:
    """Put a person into the database; returns their number."""
    resident = await add_resident(
        conn,
        f"{person.channel}:{number}",
        person.language,
        now=NOON,
        **{area.value: area in person.topics for area in Area},
        district=person.district,
        age=person.age,
        alerts=person.alerts,
        campaigns=person.campaigns,
        blocked_at=NOON - timedelta(days=1) if person.blocked else None,
        seen_on=(NOON - timedelta(days=person.silent_for)).date(),
    )
    for seed, quiz in enumerate(sorted(person.finished | person.begun)):
        await _answer(conn, quiz, resident.id, seed, finished=quiz in person.finished)
    for place, state in person.bookings.items():
        await book(conn, places[place], resident.id, state=state)
    return resident.id


async def _answer(conn: Connection, quiz: str, resident: int | None, seed: int, *, finished: bool) -> None:
    attempt = await learning.add_attempt(conn, [Ref(quiz, "one")], seed=seed, now=NOON, quiz=quiz, resident_id=resident)
    if finished:
        await learning.finish_attempt(conn, attempt.id, NOON)


async def _send_earlier(conn: Connection, received: Mapping[int, int]) -> None:
    """So many campaigns this week; a longer ago one, an alert, and one that failed, none of which counts."""
    noise = [(NOON - timedelta(days=8), Kind.NEWS, "sent"), (NOON, Kind.ALERT, "sent"), (NOON, Kind.NEWS, "failed")]
    this_week = [(NOON - timedelta(days=3), Kind.NEWS, "sent")] * (CAP + 1)
    for place, (at, kind, state) in enumerate([*noise, *this_week], start=-len(noise)):
        run = await _open(conn, _NOBODY, kind, key=f"earlier:{place}", at=at)
        rows = [
            {"run_id": run.id, "recipient": number, "account": "telegram", "state": state, "attempt": 1, "doubts": 0,
             "due_at": at}
            for number, count in received.items() if count > place
        ]  # fmt: skip
        if rows:
            await conn.execute(insert(deliveries), rows)


_NOBODY = ResidentsAudience(lambda: ())


async def _open(
    conn: Connection,
    audience: ResidentsAudience,
    kind: Kind,
    *,
    key: str = "run",
    at: datetime = NOON,
    subject: str = "",
    campaign: Campaign | None = None,
) -> Run:
    return await ledger.open_run(
        conn,
        audience,
        key=key,
        kind=kind,
        slot_at=at,
        expires_at=at + timedelta(hours=1),
        now=at,
        subject=subject,
        campaign=campaign,
    )


async def _campaign(conn: Connection, kind: Kind, audience: dict[str, Any]) -> Campaign:
    draft = lifecycle.draft(kind=kind, title="t", content={}, audience=audience, author="ada", now=NOON)
    return await ledger.create_campaign(conn, draft)


async def _recipients(conn: Connection, run: Run) -> set[int]:
    return set((await conn.execute(select(deliveries.c.recipient).filter_by(run_id=run.id))).scalars())


async def test_a_daily_tip_reaches_those_who_chose_this_hour_in_krakow(database: Database) -> None:
    async with database.begin() as conn:
        noon = await add_resident(conn, "telegram:1", tip_hour=12)
        await add_resident(conn, "telegram:2", tip_hour=11)  # the hour in UTC
        await add_resident(conn, "telegram:3", alerts=True, campaigns=True)
        await add_resident(conn, "telegram:4", tip_hour=12, blocked_at=NOON)
        await add_resident(conn, "web:5", tip_hour=12)

        run = await _open(conn, ResidentsAudience(lambda: ON), Kind.DAILY_TIP)

        assert await _recipients(conn, run) == {noon.id}


async def test_who_changes_the_hour_after_the_tip_gets_no_second_one_that_day(database: Database) -> None:
    audience = ResidentsAudience(lambda: ON)
    async with database.begin() as conn:
        ada = await add_resident(conn, tip_hour=12)
        await _open(conn, audience, Kind.DAILY_TIP, key="twelve")
        await residents.change(conn, ada.id, tip_hour=13)

        later = await _open(conn, audience, Kind.DAILY_TIP, key="thirteen", at=NOON + timedelta(hours=1))
        tomorrow = await _open(conn, audience, Kind.DAILY_TIP, key="next", at=NOON + timedelta(hours=25))

        assert await _recipients(conn, later) == set()
        assert await _recipients(conn, tomorrow) == {ada.id}


async def test_a_reminder_reaches_confirmed_bookings_of_its_workshop_made_over_an_hour_ago(database: Database) -> None:
    long_ago, just_now = NOON - timedelta(hours=2), NOON - timedelta(minutes=30)
    cases = [
        (BookingState.CONFIRMED, long_ago),
        (BookingState.CONFIRMED, just_now),
        (BookingState.WAITING, long_ago),
        (BookingState.CANCELLED, long_ago),
        (BookingState.DRAFT, long_ago),
    ]
    async with database.begin() as conn:
        workshop, other = await add_workshop(conn), await add_workshop(conn)
        for number, (state, at) in enumerate(cases, start=1):
            resident = await add_resident(conn, f"telegram:{number}")
            await book(conn, workshop, resident.id, state=state, now=at)
        elsewhere = await add_resident(conn, "telegram:9")
        await book(conn, other, elsewhere.id, now=long_ago)
        audience = ResidentsAudience(lambda: ON)

        reminded = await _open(conn, audience, Kind.REMINDER, key="a", subject=f"24h:{workshop}")
        moved = await _open(conn, audience, Kind.REMINDER, key="b", subject=f"moved:{workshop}:2")
        called_off = await _open(conn, audience, Kind.REMINDER, key="c", subject=f"off:{workshop}")

        assert await _recipients(conn, reminded) == {1}
        assert await _recipients(conn, moved) == {2}
        assert await _recipients(conn, called_off) == {1, 2, 3}


# --- held out for the comparison


async def _half_held_out(conn: Connection) -> tuple[Campaign, set[int], set[int]]:
    """A campaign to forty residents, whom it reaches, and whom it holds out."""
    ids = {(await add_resident(conn, f"telegram:{number}", campaigns=True)).id for number in range(40)}
    campaign = await _campaign(conn, Kind.NEWS, {"held_out": 50})
    draw = Draw.of(campaign.id, 50)
    return campaign, {one for one in ids if not draw.holds(one)}, {one for one in ids if draw.holds(one)}


async def _in_state(conn: Connection, run: Run, state: DeliveryState) -> set[int]:
    query = select(deliveries.c.recipient).filter_by(run_id=run.id, state=state)
    return set((await conn.execute(query)).scalars())


async def test_who_is_held_out_is_the_same_in_every_run_and_never_gets_it(database: Database) -> None:
    audience = ResidentsAudience(lambda: ON)
    async with database.begin() as conn:
        campaign, reached, held_out = await _half_held_out(conn)
        for week in range(3):
            at = NOON + timedelta(weeks=week)
            run = await _open(conn, audience, Kind.NEWS, key=f"week {week}", at=at, campaign=campaign)
            assert await _in_state(conn, run, DeliveryState.HELD_OUT) == held_out

            batch = await ledger.claim(conn, "telegram", 99, worker="w", now=at, lease_s=60)
            marked = await ledger.mark(conn, batch, worker="w", now=at, lease_s=60)
            assert {one.recipient for one in marked} == reached
            await ledger.record(conn, [(one, Sent("m")) for one in marked], at)

            assert [one.id for one in await ledger.finish_runs(conn, at)] == [run.id]
            assert await _in_state(conn, run, DeliveryState.SENT) == reached
            balance = await ledger.balance(conn, run.id)
            assert balance.holds
            assert balance.settled == balance.audience == 40


async def test_the_held_out_count_as_settled_but_not_as_speed(database: Database) -> None:
    async with database.begin() as conn:
        campaign, reached, held_out = await _half_held_out(conn)
        run = await _open(conn, ResidentsAudience(lambda: ON), Kind.NEWS, campaign=campaign)

        progress = await ledger.progress(conn, run.id, NOON + timedelta(seconds=0.5))

    assert (progress.balance.open, progress.balance.settled) == (len(reached), len(held_out))
    assert (progress.per_second, progress.eta_s) == (0, None)


async def test_being_held_out_is_no_message_of_the_week(database: Database) -> None:
    audience = ResidentsAudience(lambda: ON, cap=1)
    async with database.begin() as conn:
        campaign, _, held_out = await _half_held_out(conn)
        await _open(conn, audience, Kind.NEWS, key="first", campaign=campaign)
        everybody = await _campaign(conn, Kind.NEWS, {})

        run = await _open(conn, audience, Kind.NEWS, key="second", campaign=everybody)

        assert held_out <= await _recipients(conn, run)


async def test_who_was_held_out_can_see_it_and_is_forgotten_without_losing_count(database: Database) -> None:
    async with database.begin() as conn:
        campaign, reached, held_out = await _half_held_out(conn)
        run = await _open(conn, ResidentsAudience(lambda: ON), Kind.NEWS, campaign=campaign)
        somebody = min(held_out)

        (receipt,) = await ledger.receipts(conn, somebody)
        assert (receipt.state, receipt.settled_at) == (DeliveryState.HELD_OUT, NOON)

        assert await ledger.forget(conn, somebody) == 1
        await ledger.cancel_run(conn, run.id, "enough", NOON)
        assert await ledger.archive(conn, NOON + timedelta(seconds=1)) == 39
        balance = await ledger.balance(conn, run.id)

    assert balance.holds
    assert balance.counts == {DeliveryState.WAITING: len(reached), DeliveryState.HELD_OUT: len(held_out)}


async def test_only_a_campaigns_own_messages_are_held_out(database: Database) -> None:
    """Tips of the day and reminders have no campaign, and reach everybody they are for."""
    async with database.begin() as conn:
        people = {(await add_resident(conn, f"telegram:{number}", tip_hour=12)).id for number in range(9)}

        run = await _open(conn, ResidentsAudience(lambda: ON), Kind.DAILY_TIP)

        assert await _in_state(conn, run, DeliveryState.WAITING) == people
