import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.gathering import MOST, Gathering


@dataclass
class Looks:
    """Doubles numbers; remembers what it was asked together, and waits for `gate`."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[list[int]] = field(default_factory=list)
    fails: set[int] = field(default_factory=set)

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.asked.append(list(numbers))
        await self.gate.wait()
        if self.fails & set(numbers):
            raise ValueError("one of them")
        return [2 * number for number in numbers]


async def test_while_one_look_is_under_way_the_next_gathers() -> None:
    looks = Looks()
    gathering = Gathering(looks)
    first = asyncio.create_task(gathering.ask(1))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(gathering.ask(number)) for number in (2, 3, 3)]
    await asyncio.sleep(0.01)
    looks.gate.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 6]
    assert looks.asked == [[1], [2, 3, 3]]


async def test_no_look_is_at_more_than_the_most() -> None:
    looks = Looks()
    looks.gate.set()
    gathering = Gathering(looks)
    asked = range(2 * MOST + 1)
    assert await asyncio.gather(*map(gathering.ask, asked)) == [2 * number for number in asked]
    assert [len(one) for one in looks.asked] == [MOST, MOST, 1]


async def test_what_a_look_raises_is_raised_to_whom_it_concerns_and_to_nobody_else() -> None:
    looks = Looks(fails={2})
    gathering = Gathering(looks)
    together = [asyncio.create_task(gathering.ask(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0.01)
    later = asyncio.create_task(gathering.ask(4))
    looks.gate.set()
    one, failed, three = await asyncio.gather(*together, return_exceptions=True)
    assert (one, three, await later) == (2, 6, 8)
    assert isinstance(failed, ValueError)
    assert looks.asked == [[1, 2, 3], [1], [2], [3], [4]]


async def test_whoever_stops_waiting_disturbs_nobody() -> None:
    looks = Looks()
    gathering = Gathering(looks)
    first, second = (asyncio.create_task(gathering.ask(number)) for number in (1, 2))
    await asyncio.sleep(0.01)
    gone = asyncio.create_task(gathering.ask(3))
    await asyncio.sleep(0.01)
    first.cancel()
    gone.cancel()
    looks.gate.set()
    assert await second == 4
    assert await gathering.ask(4) == 8
    assert [3] not in looks.asked


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30))
def test_everybody_gets_their_own_answer(asking: list[tuple[int, bool]]) -> None:
    async def run() -> list[int]:
        looks = Looks()
        looks.gate.set()
        gathering, tasks = Gathering(looks), []
        for number, rests in asking:
            tasks.append(asyncio.create_task(gathering.ask(number)))
            if rests:
                await asyncio.sleep(0)
        return await asyncio.gather(*tasks)

    assert asyncio.run(run()) == [2 * number for number, _ in asking]
