"""Sixty days over each change of the clock, in seconds: who was sent what and when, and that nothing piles up.

The program's parts are the real ones, on a database in a file; only time is not. It dies forty times on the way, is
stopped and started, and is off for hours. What it should have sent is worked out by `months.oracle`, which knows the
wall clock and the residents' wishes and nothing of the program.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from copy import copy
from dataclasses import replace
from datetime import time, timedelta
from multiprocessing import get_context

import pytest

from tests.acceptance.months.lived import TOWNS, lived_through
from tests.acceptance.months.notes import Notes, Received
from tests.acceptance.months.oracle import Oracle
from tests.acceptance.months.town import DAY, HOUR, MINUTE, Town, local, wall
from tests.acceptance.months.world import MEASURED_ON

pytestmark = pytest.mark.timeout(300)  # seconds of work, but on a busy machine they take their time

LEAST_DEATHS = 30
MORE_OBJECTS = 100
"""How many more objects of its own classes the program may hold on the last day than on the tenth."""
MORE_BYTES = 32 * 1024
"""How much more memory in six days: two hundred bytes for each message would be too much."""

Lived = tuple[Town, Notes]


@pytest.fixture(scope="module")
def towns() -> Iterator[dict[str, "Future[Notes]"]]:
    """All towns, each living in a process of its own."""
    with ProcessPoolExecutor(2, get_context("spawn"), max_tasks_per_child=1) as pool:
        yield {name: pool.submit(lived_through, name) for name in TOWNS}


def after(towns: dict[str, "Future[Notes]"], name: str) -> Lived:
    town = TOWNS[name]()
    print(f"{name}: seed {town.seed}, from {town.start} to {town.end}")  # noqa: T201 - shown with a failure
    return town, towns[name].result()


@pytest.fixture(params=["spring", "autumn"])
def lived(towns: dict[str, "Future[Notes]"], request: pytest.FixtureRequest) -> Lived:
    return after(towns, request.param)


def test_everybody_gets_each_message_that_is_theirs_once_and_in_time(lived: Lived) -> None:
    town, notes = lived
    assert Oracle(town, notes).faults() == []


def test_the_months_were_eventful(lived: Lived) -> None:
    """What the plan means to happen did: else the other tests would show less than they say."""
    town, notes = lived
    assert len(notes.deaths) >= LEAST_DEATHS
    of_workshops = {"24h over the change", "2h at nine", "24h by night", "off called off", "moved popular"}
    assert {one.mark for one in notes.received} >= {"tip", *(spec.mark for spec in town.specs), *of_workshops}
    times = {mark: {local(one.at) for one in notes.received if one.mark == mark} for mark in ("crossing", "weekly")}
    assert {at.hour for at in times["crossing"]} >= {20, 8}, "quiet hours part this run"
    assert {at.hour for at in times["weekly"]} == {9, 11}, "a pause parts one of these runs"
    assert {"uncertain", "blocked", "sent"} <= {row.state for row in notes.rows}
    assert any(row.doubts for row in notes.rows if row.state == "sent"), "an alert was sent again"


def test_every_run_ends_and_balances(lived: Lived) -> None:
    _, notes = lived
    assert notes.left_open == []
    assert notes.unbalanced == []


def test_nothing_piles_up(lived: Lived) -> None:
    _, notes = lived
    early, later, last = (notes.measures[day] for day in MEASURED_ON)
    assert {one.tasks for one in notes.measures.values()} == {early.tasks}
    assert {one.threads for one in notes.measures.values()} == {early.threads}
    assert last.objects.total() < early.objects.total() + MORE_OBJECTS, last.objects - early.objects
    assert later.traced > 0
    assert last.traced < later.traced + MORE_BYTES


def test_what_is_not_needed_any_more_is_gone(lived: Lived) -> None:
    town, notes = lived
    last_sweep = wall(local(town.end).date(), time(3, 30))
    named = {ends_at: names > 0 for ends_at, names in notes.named}
    assert named == {ends_at: ends_at > last_sweep - 30 * DAY for ends_at in named}
    assert set(named.values()) == {True, False}
    assert notes.traces == {"drafts": 0, "links": 0, "pages": 0}
    assert notes.traces_later == {"deliveries": 0, "names": 0}


@pytest.mark.parametrize("name", [name for name in TOWNS if name.startswith("off")])
def test_a_program_that_was_off_over_the_change_catches_up(towns: dict[str, "Future[Notes]"], name: str) -> None:
    town, notes = after(towns, name)
    assert Oracle(town, notes).faults() == []
    back_at = wall(local(town.end).date() - 3 * DAY, time(10, 15))
    late = {one.mark for one in notes.received if timedelta() <= one.at - back_at < HOUR / 10}
    assert late == {"tip", "odd hour", "odd sunday", "24h too early"}


# --- and the oracle can see

WORDS = ("missing", "times", "was not due", "in quiet hours", "unwanted")


def _first(notes: Notes, mark: str = "weekly") -> Received:
    return next(one for one in notes.received if one.mark == mark)


def _lost(notes: Notes) -> None:
    notes.received.remove(_first(notes))


def _doubled(notes: Notes) -> None:
    notes.received.append(replace(_first(notes), at=_first(notes).at + MINUTE))


def _late(notes: Notes) -> None:
    one = _first(notes)
    notes.received[notes.received.index(one)] = replace(one, at=one.at + 10 * MINUTE)


def _an_hour_off(notes: Notes) -> None:
    notes.received = [replace(one, at=one.at + HOUR) if one.mark == "24h at nine" else one for one in notes.received]


def _at_night(notes: Notes) -> None:
    notes.received = [replace(one, at=one.at + 12 * HOUR) if one.mark == "daily" else one for one in notes.received]


def _to_another(notes: Notes) -> None:
    notes.received = [replace(one, who=7) if one.mark == "weekdays" else one for one in notes.received]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_lost, {"missing"}),
        (_doubled, {"times"}),
        (_late, {"missing", "was not due"}),
        (_an_hour_off, {"missing", "was not due"}),
        (_at_night, {"missing", "was not due", "in quiet hours"}),
        (_to_another, {"missing", "was not due", "unwanted"}),
    ],
)
def test_the_oracle_sees_what_is_wrong(
    towns: dict[str, "Future[Notes]"], spoil: Callable[[Notes], None], said: set[str]
) -> None:
    town, notes = after(towns, "off over the spring of 2026")
    spoilt = copy(notes)
    spoilt.received = list(notes.received)
    spoil(spoilt)
    faults = Oracle(town, spoilt).faults()
    assert {word for word in WORDS if any(word in fault for fault in faults)} == said
