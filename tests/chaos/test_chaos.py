"""The short form of `make chaos`: fewer people and fewer kills, everything side by side. See tests/chaos."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from scheduler.model import Kind
from tests.chaos import killer
from tests.chaos.broadcast import Plan, broadcast
from tests.chaos.city import City
from tests.chaos.program import Clock
from tests.chaos.promises import Verdict, judge
from tests.chaos.trouble import disk_full, locked
from tests.telegram_api import Dropped, Fault, Lost, ServerError, Slow, TooMany

SEED, KILLS, RATE = 26, 5, 100
SPEED = 6
"""Of the program's clock: whoever is refused waits for ten seconds and more."""
CITY = City(400)
FAULTS: Mapping[Fault, float] = {
    Dropped(): 0.05,
    Lost(): 0.05,
    ServerError(500): 0.01,
    ServerError(502): 0.01,
    Slow(0.4): 0.075,
    TooMany(1): 0.005,
}
LOCKED_S = 12
"""Longer than the program waits for the database before it takes it for away."""
PARTS = ("alert", "news", "disk", "lock")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Verdict]]:
    """What became of each part; they mostly wait, so they run at once."""
    folders = {name: tmp_path_factory.mktemp(name) for name in PARTS}

    async def killed(folder: Path, kind: Kind, seed: int) -> list[Verdict]:
        moments = killer.choose(seed, KILLS, CITY.people)
        return judge(await broadcast(folder, Plan(kind, CITY, seed, moments, FAULTS, RATE, Clock.at_noon(SPEED))))

    async def everything() -> tuple[list[Verdict], ...]:
        return await asyncio.gather(
            killed(folders["alert"], Kind.ALERT, SEED),
            killed(folders["news"], Kind.NEWS, SEED + 1),
            disk_full(folders["disk"], CITY),
            locked(folders["lock"], CITY, LOCKED_S),
        )

    return dict(zip(PARTS, asyncio.run(everything()), strict=True))


@pytest.mark.timeout(300)  # two dozen starts of the program; a busy machine takes its time over them
@pytest.mark.parametrize("part", PARTS)
def test_every_promise_is_kept(part: str, verdicts: Mapping[str, list[Verdict]]) -> None:
    assert verdicts[part]
    assert [verdict for verdict in verdicts[part] if not verdict.kept] == []


def test_moments_are_the_same_for_a_seed_and_of_every_kind() -> None:
    moments = killer.choose(1, 50, 10_000)
    assert moments == killer.choose(1, 50, 10_000)
    assert moments != killer.choose(2, 50, 10_000)
    assert killer.told(moments) == "10 at start-up, 5 in the opening, 35 while sending"
    sending = [moment.requests for moment in moments if isinstance(moment, killer.Sending)]
    assert sum(sending) <= 8_000, "the last falls before the end"
    for kills in range(3, 12):
        assert len(killer.choose(1, kills, 300)) == kills
