"""Several processes on one timeline: what they send together is what one would."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from scheduler.model import Lane
from scheduler.pacing import Pacer
from scheduler.timeshare import SharedTime, shared_pacer
from tests.scheduler.world import Database


async def speak(pacer: Pacer, said: list[float]) -> None:
    """Bulk messages, each to somebody else, as fast as there are turns."""
    loop = asyncio.get_running_loop()

    async def one(recipient: int) -> None:
        await pacer.turn(Lane.CAMPAIGN, recipient)
        said.append(loop.time())

    recipient = 0
    while True:
        recipient += 10
        await asyncio.gather(*(one(recipient + place) for place in range(10)))


async def spoken(pacers: Sequence[Pacer], seconds: float) -> list[list[float]]:
    """When each of them spoke."""
    said: list[list[float]] = [[] for _ in pacers]
    tasks = [asyncio.create_task(speak(pacer, own)) for pacer, own in zip(pacers, said, strict=True)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return said


def busiest(instants: Sequence[float]) -> int:
    """The most in any second."""
    ordered = sorted(instants)
    return max(sum(start <= other < start + 1 for other in ordered[place:]) for place, start in enumerate(ordered))


@pytest.mark.parametrize("rate", [30, 300])
async def test_the_sum_of_several_never_passes_the_cap(postgres_db: Database, rate: int) -> None:
    pacers = [shared_pacer(rate, postgres_db.begin, "tg") for _ in range(3)]
    said = await spoken(pacers, 2.5)
    assert busiest([instant for own in said for instant in own]) <= rate
    assert all(said), "each gets turns"


async def test_one_that_goes_leaves_its_share_to_the_others(postgres_db: Database) -> None:
    first, second = (shared_pacer(100, postgres_db.begin, "tg") for _ in range(2))
    together = await spoken([first, second], 1.5)
    (alone,) = await spoken([second], 1.5)
    assert len(alone) > 1.4 * len(together[1])


async def test_a_silence_that_one_is_asked_for_is_kept_by_all(postgres_db: Database) -> None:
    first, second = (shared_pacer(100, postgres_db.begin, "tg") for _ in range(2))
    await spoken([first, second], 0.3)
    loop = asyncio.get_running_loop()
    first.hold_for(1.0)
    until = loop.time() + 1.0
    await asyncio.sleep(0.2)  # the others hear of it with their next stretch
    said = await spoken([first, second], 1.2)
    assert min(instant for own in said for instant in own) >= until - 0.05
    assert busiest([instant for own in said for instant in own]) <= 60, "and then they begin slower"


async def test_accounts_have_timelines_of_their_own(postgres_db: Database) -> None:
    first, second = (shared_pacer(50, postgres_db.begin, account) for account in ("tg", "mx"))
    first.hold_for(60)
    await asyncio.sleep(0.1)
    quiet, loud = await spoken([first, second], 0.5)
    assert not quiet
    assert loud


async def test_a_reply_goes_before_the_broadcast(postgres_db: Database) -> None:
    pacer = shared_pacer(20, postgres_db.begin, "tg")
    said: list[str] = []

    async def one(lane: Lane, recipient: int) -> None:
        await pacer.turn(lane, recipient)
        said.append(lane.name)

    async with asyncio.TaskGroup() as group:
        for recipient in range(10):
            group.create_task(one(Lane.CAMPAIGN, recipient))
        await asyncio.sleep(0.1)
        group.create_task(one(Lane.REPLY, 99))
    assert said.index("REPLY") < 5


async def test_a_database_that_is_away_for_a_while_only_delays(postgres_db: Database) -> None:
    class Away:
        times = 2

        def begin(self) -> object:
            if self.times:
                self.times -= 1
                raise ConnectionResetError
            return postgres_db.begin()

    pacer = shared_pacer(100, Away().begin, "tg")  # type: ignore[arg-type] # it is away, or the real one
    async with asyncio.timeout(10):
        await pacer.turn(Lane.REPLY, 1)


def test_a_rate_is_above_zero() -> None:
    with pytest.raises(ValueError, match="above zero"):
        SharedTime(0, None, "tg")  # type: ignore[arg-type] # it does not come to that
