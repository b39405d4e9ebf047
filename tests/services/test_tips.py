from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.areas import AgeBand, Area, Audience, Season
from bot.domain.errors import UnknownItem
from bot.domain.residents import Address, Resident
from bot.services import tips
from bot.storage import learning as store
from bot.storage.database import Database
from tests.support import NOON, add_resident, library, tip

RESIDENT = Resident(1, Address("telegram", "1"), "pl", frozenset(), None, None, None, False, False, None, None, NOON)
SEASONS = st.lists(st.sampled_from(Season), max_size=2, unique=True)
SOME = st.lists(st.tuples(SEASONS, st.none() | st.integers(0, 100)), max_size=8)
"""For each tip: its seasons, and how many days ago it was seen."""


@pytest.mark.parametrize(
    ("month", "season"),
    [
        (1, Season.WINTER),
        (2, Season.WINTER),
        (3, Season.SPRING),
        (5, Season.SPRING),
        (6, Season.SUMMER),
        (8, Season.SUMMER),
        (9, Season.AUTUMN),
        (11, Season.AUTUMN),
        (12, Season.WINTER),
    ],
)
def test_seasons_begin_with_march(month: int, season: Season) -> None:
    assert tips.season_of(datetime(2026, month, 1, tzinfo=UTC)) is season


@given(SOME, st.integers(1, 1000))
def test_the_next_tip_is_new_or_the_longest_ago_and_timely(
    made: list[tuple[list[Season], int | None]], resident: int
) -> None:
    all_tips = [tip(f"t{n}", season=season) for n, (season, _) in enumerate(made)]
    seen = {f"t{n}": NOON - timedelta(days=days) for n, (_, days) in enumerate(made) if days is not None}
    timely = [one for one in all_tips if not one.season or Season.WINTER in one.season]
    chosen = tips.choose_next(all_tips, seen, replace(RESIDENT, id=resident), NOON)
    if not timely:
        assert chosen is None
        return
    assert chosen in timely
    new = [one for one in timely if one.id not in seen]
    if new:
        assert chosen in new
        assert chosen.season or not any(one.season for one in new)
    else:
        assert seen[chosen.id] == min(seen[one.id] for one in timely)


def test_residents_get_different_tips() -> None:
    all_tips = [tip(f"t{n}") for n in range(10)]
    chosen = [tips.choose_next(all_tips, {}, replace(RESIDENT, id=number), NOON) for number in range(100)]
    assert len({one.id for one in chosen if one}) > 5


@pytest.mark.parametrize(("age", "chosen"), [(AgeBand.CHILD, None), (AgeBand.SENIOR, "t"), (None, "t")])
def test_a_tip_for_others_is_left_out_if_the_age_is_known(age: AgeBand | None, chosen: str | None) -> None:
    found = tips.choose_next([tip("t", audience=[Audience.DRIVERS])], {}, replace(RESIDENT, age=age), NOON)
    assert (found and found.id) == chosen


def test_tips_by_topic_and_area() -> None:
    shelf = library(tips=[tip("a", topic="fire"), tip("b", area=Area.CYBER, topic="money")])
    assert [one.id for one in tips.tips_of(shelf)] == ["a", "b"]
    assert [one.id for one in tips.tips_of(shelf, topic="money")] == ["b"]
    assert [one.id for one in tips.tips_of(shelf, area="everyday")] == ["a"]
    assert tips.tips_of(shelf, topic="nothing") == []
    with pytest.raises(UnknownItem):
        tips.get_tip(shelf, "nothing")


async def test_the_next_tip_follows_topic_and_areas_and_falls_back_to_any(database: Database) -> None:
    shelf = library(tips=[tip("a", topic="fire"), tip("b", area=Area.CYBER, topic="money")])
    async with database.begin() as conn:
        resident = await add_resident(conn, cyber=True)

        async def next_of(topic: str = "") -> str:
            return (await tips.next_tip(conn, shelf, resident, topic=topic, now=NOON)).id

        assert (await next_of(), await next_of("fire")) == ("b", "a")
        assert await next_of("nothing") in {"a", "b"}
        await store.mark_tip(conn, resident.id, "b", NOON)
        assert await next_of() == "b"
        for empty in (library(tips=[]), library(tips=[tip("c", season=["summer"])])):
            with pytest.raises(UnknownItem):
                await tips.next_tip(conn, empty, resident, topic="", now=NOON)


async def test_a_tip_is_seen_once_and_rated_as_last_said(database: Database) -> None:
    later = NOON + timedelta(days=1)
    async with database.begin() as conn:
        resident = await add_resident(conn)
        await store.mark_tip(conn, resident.id, "a", NOON)
        assert await store.tip_rating(conn, resident.id, "a") is None
        await store.mark_tip(conn, resident.id, "a", later, useful=True)
        assert await store.tips_of(conn, resident.id) == {"a": NOON}
        await store.mark_tip(conn, resident.id, "a", later)
        assert await store.tips_of(conn, resident.id) == {"a": later}
        assert await store.tip_rating(conn, resident.id, "a") is True
        await store.mark_tip(conn, resident.id, "b", NOON, useful=False)
        assert await store.tip_rating(conn, resident.id, "b") is False
