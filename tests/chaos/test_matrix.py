"""The short form of `make chaos` on Matrix: a message has a key, so everybody has it exactly once, whatever happens."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from scheduler.model import Kind
from tests.chaos import killer
from tests.chaos.broadcast import Plan, broadcast
from tests.chaos.city import City
from tests.chaos.messengers import OnMatrix
from tests.chaos.program import Clock
from tests.chaos.promises import Verdict, judge
from tests.chaos.test_chaos import FAULTS, SPEED

SEED, KILLS, RATE = 6, 3, 100
CITY = City(200)
KINDS = (Kind.ALERT, Kind.NEWS)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Kind, list[Verdict]]:
    """What became of each kind; they mostly wait, so they run at once."""

    async def killed(folder: Path, kind: Kind) -> list[Verdict]:
        moments = killer.choose(SEED + len(kind), KILLS, CITY.people)
        return judge(
            await broadcast(folder, Plan(kind, CITY, SEED, moments, FAULTS, RATE, Clock.at_noon(SPEED), OnMatrix))
        )

    async def both() -> list[list[Verdict]]:
        return await asyncio.gather(*(killed(tmp_path_factory.mktemp(kind), kind) for kind in KINDS))

    return dict(zip(KINDS, asyncio.run(both()), strict=True))


@pytest.mark.timeout(300)  # eight starts of the program; a busy machine takes its time over them
@pytest.mark.parametrize("kind", KINDS)
def test_everybody_has_the_message_exactly_once(kind: Kind, verdicts: Mapping[Kind, list[Verdict]]) -> None:
    assert "everybody has it once, and the ledger knows" in {verdict.promise for verdict in verdicts[kind]}
    assert [verdict for verdict in verdicts[kind] if not verdict.kept] == []
