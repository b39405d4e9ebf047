"""Many questions at once are asked as one."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from bot.services.together import Together


class Books:
    def __init__(self) -> None:
        self.asked: list[set[int]] = []
        self.broken = False

    async def load(self, keys: Collection[int]) -> Mapping[int, str]:
        self.asked.append(set(keys))
        await asyncio.sleep(0)
        if self.broken:
            raise OSError("the shelf is down")
        return {key: f"book {key}" for key in keys if key < 10}


async def test_each_gets_its_own_answer_from_one_look_up() -> None:
    books = Books()
    together = Together(books.load)
    found = await asyncio.gather(*(together.get(key) for key in (1, 2, 2, 12)))
    assert found == ["book 1", "book 2", "book 2", None]
    assert books.asked == [{1, 2, 12}]


async def test_who_comes_during_a_look_up_is_in_the_next() -> None:
    books = Books()
    together = Together(books.load)
    first = asyncio.create_task(together.get(1))
    while not books.asked:  # noqa: ASYNC110 - the look-up begins when the loop comes to it
        await asyncio.sleep(0)
    assert list(await asyncio.gather(together.get(2), together.get(3))) == ["book 2", "book 3"]
    assert await first == "book 1"
    assert books.asked == [{1}, {2, 3}]


async def test_a_failure_is_told_to_all_and_does_not_last() -> None:
    books = Books()
    together = Together(books.load)
    books.broken = True
    outcomes = await asyncio.gather(together.get(1), together.get(2), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError, OSError]
    books.broken = False
    assert await together.get(1) == "book 1"


async def test_who_stops_waiting_disturbs_nobody() -> None:
    books = Books()
    together = Together(books.load)
    impatient = asyncio.create_task(together.get(1))
    patient = asyncio.create_task(together.get(1))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == "book 1"
    with pytest.raises(asyncio.CancelledError):
        await impatient
