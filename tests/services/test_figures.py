"""Numbers of people: right, and nobody in them."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.areas import Area
from bot.domain.suppression import FEWEST
from bot.services import figures
from bot.storage.database import Database
from tests.support import NOON, add_resident

DAY = timedelta(days=1)


async def fill(database: Database, *groups: tuple[int, dict[str, Any]]) -> None:
    """So many people of each kind."""
    async with database.begin() as conn:
        for group, (size, values) in enumerate(groups):
            channel, language = values.get("channel", "telegram"), values.get("language", "pl")
            own = {name: value for name, value in values.items() if name not in ("channel", "language")}
            for number in range(size):
                await add_resident(conn, f"{channel}:{group}-{number}", language, **own)


def line(people: figures.People, name: str) -> dict[str, int | None]:
    return {part.key: part.count for part in people.lines[name]}


async def test_people_are_counted_by_everything_they_said(database: Database) -> None:
    await fill(
        database,
        (10, {"district": 7, "age": "19-64", "alerts": True, "tip_hour": 8}),
        (6, {"channel": "web", "language": "uk", "road": True, "seen_on": (NOON - 20 * DAY).date()}),
        (5, {"language": "uk", "campaigns": True, "seen_on": (NOON - 400 * DAY).date(), "blocked_at": NOON}),
    )
    found = await figures.people(database, NOON)
    assert (found.total, found.made_at) == (21, NOON)
    assert line(found, "channel") == {"telegram": 15, "web": 6}
    assert line(found, "language") == {"uk": 11, "pl": 10}
    assert line(found, "consents") == {"alerts": 10, "campaigns": 5, "daily_tips": 10, "no_consent": 6}
    assert line(found, "topics") == {"every_topic": 15, "road": 6, "everyday": 0, "cyber": 0}
    assert line(found, "blocked") == {"blocked": 5}
    assert {key: count for key, count in line(found, "district").items() if count} == {"7": 10, "": 11}
    assert {key: count for key, count in line(found, "seen").items() if count} == {"7": 10, "30": 6, "": 5}


async def test_a_few_are_not_shown_nor_what_would_give_them_away(database: Database) -> None:
    await fill(database, (20, {}), (3, {"channel": "web", "alerts": True}))
    found = await figures.people(database, NOON)
    assert found.total == 23
    assert line(found, "channel") == {"telegram": None, "web": None}
    assert line(found, "consents")["alerts"] is None


@pytest.mark.parametrize("size", [1, FEWEST - 1])
async def test_of_a_handful_nothing_is_shown_at_all(database: Database, size: int) -> None:
    await fill(database, (size, {"alerts": True, "district": 3}))
    found = await figures.people(database, NOON)
    assert found.total is None
    assert {part.count for parts in found.lines.values() for part in parts} == {None}


async def test_what_is_kept_is_shown_until_it_is_counted_again(database: Database) -> None:
    await fill(database, (6, {}))
    await figures.people(database, NOON)
    await fill(database, (0, {}), (7, {"language": "en"}))
    assert (await figures.people(database, NOON + DAY / 200)).total == 6
    assert (await figures.count_again(database, NOON + DAY / 200)).total == 13


COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 30), min_size=1)


@given(counts=COUNTS)
def test_no_hidden_part_can_be_worked_out_from_the_total(counts: dict[str, int]) -> None:
    total = sum(counts.values())
    parts = list(figures._adding(counts, (), total))
    assert sorted(part.key for part in parts) == sorted(counts)
    shown = {part.key: part.count for part in parts if part.count is not None}
    assert all(count == counts[key] and (count >= FEWEST or count == 0) for key, count in shown.items())
    hidden = [key for key in counts if key not in shown]
    if any(counts[key] for key in hidden):
        # As far as a reader knows, each of them can be anything from nothing to the whole rest.
        assert len(hidden) > 1 or len(counts) == 1


@given(found=st.integers(0, 40), more=st.integers(0, 40))
def test_of_a_yes_or_no_neither_side_may_be_a_few(found: int, more: int) -> None:
    (part,) = figures._apart({"alerts": found}, ("alerts",), found + more)
    few = range(1, FEWEST)
    assert (part.count is None) is (found in few or more in few or found + more in range(FEWEST))
    assert part.count in (None, found)


async def test_nobody_is_nobody(database: Database) -> None:
    found = await figures.people(database, NOON)
    assert found.total == 0
    assert set(line(found, "topics")) == {"every_topic", *(area.value for area in Area)}
